//===- Quadrature.cpp - expectations as sums over nodes -------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Quadrature.h"

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace vi;

/// Nodes lie at |z| up to this.
static constexpr double farthestNode = 8.5;

/// Nodes and weights of the rule, whose weights sum to one.
static std::pair<SmallVector<double>, SmallVector<double>>
getRule(int64_t count) {
  SmallVector<double> nodes, weights;
  double total = 0;
  for (int64_t k = 0; k < count; ++k) {
    double z = farthestNode * (2.0 * k / (count - 1) - 1);
    nodes.push_back(z);
    weights.push_back(std::exp(-0.5 * z * z));
    total += weights.back();
  }
  for (double &weight : weights)
    weight /= total;
  return {nodes, weights};
}

Value vi::buildGaussianQuadrature(
    ImplicitLocOpBuilder &builder, Value mean, Value variance, int64_t count,
    function_ref<Expression(Expression x)> integrand) {
  Type type = mean.getType();
  auto getTensor = [&](ArrayRef<double> numbers) -> Value {
    SmallVector<Attribute> elements;
    for (double number : numbers)
      elements.push_back(builder.getFloatAttr(type, number));
    auto tensor = RankedTensorType::get({count}, type);
    return arith::ConstantOp::create(builder,
                                     DenseElementsAttr::get(tensor, elements));
  };
  auto [nodes, weights] = getRule(count);
  Value zero = floatConstant(builder, type, 0.0);
  // The derivative of the root is not finite at 0.
  Expression v(builder, variance);
  Expression scale =
      sqrt(maximum(v, v.constant(type.isF32() ? 1e-30 : 1e-290)));
  Value size = arith::ConstantIndexOp::create(builder, count);
  // No plate is inside one of its name.
  std::string name = "nodes." + std::to_string(count);
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  for (; parent; parent = parent->getParentOp())
    if (auto outer = dyn_cast<PlateOp>(parent);
        outer && outer.getName() == name)
      name += ".given";
  auto plate = PlateOp::create(builder, name, size, Value(), Value(),
                               ValueRange{getTensor(nodes), getTensor(weights)},
                               zero, TypeRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(plate.getBlock());
  Expression z(builder, plate.getMemberArguments()[0]);
  Expression weight = z.with(plate.getMemberArguments()[1]);
  Expression value = integrand(z.with(mean) + scale * z);
  Value next = z.with(plate.getSumArguments()[0]) + weight * value;
  YieldOp::create(builder, next, ValueRange());
  return plate.getSums()[0];
}
