//===- ExpandSpecial.cpp - functions to straight arithmetic -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/Passes.h"

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"
#include "vi/Dialect/Special/IR/GaussianSoftplus.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/Transforms/StraightCode.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

namespace vi::special {
#define GEN_PASS_DEF_EXPANDSPECIALPASS
#include "vi/Dialect/Special/Transforms/Passes.h.inc"
} // namespace vi::special

using namespace mlir;
using namespace vi::special;

namespace {

using Real = StraightCode::Real;
/// Emits an op's function of its operands.
using Expansion = Value (*)(StraightCode &, Operation *);

template <Real (*function)(StraightCode &, Real)>
Value unary(StraightCode &code, Operation *op) {
  return function(code, code.real(op->getOperand(0))).value;
}

/// The sum of all lanes, as a tree of halves.
Value sumLanes(ImplicitLocOpBuilder &builder, Value lanes) {
  auto type = cast<VectorType>(lanes.getType());
  for (int64_t half = type.getNumElements() / 2; half > 0; half /= 2) {
    auto slice = [&](int64_t offset) -> Value {
      return vector::ExtractStridedSliceOp::create(
          builder, lanes, ArrayRef<int64_t>(offset), ArrayRef<int64_t>(half),
          ArrayRef<int64_t>(1));
    };
    Value low = slice(0);
    lanes = arith::AddFOp::create(builder, low, slice(half));
  }
  return vector::ExtractOp::create(builder, lanes, 0);
}

/// A single number's components are lanes, which is a fraction of the code, and
/// of the time, of one after the other.
Value expandGaussianSoftplus(StraightCode &code, Operation *op) {
  auto softplus = cast<GaussianSoftplusOp>(op);
  Real mean = code.real(softplus.getMean());
  Real variance = code.real(softplus.getVariance());
  unsigned derivative = softplus.getDerivative();
  if (isa<VectorType>(mean.value.getType()))
    return functions::gaussianSoftplus(code, mean, variance, derivative).value;

  coefficients::LogisticMixture mixture =
      coefficients::logisticMixture(code.isF32(mean));
  // Lanes that are left over take half of a component's weight: with a weight
  // of zero they would be NaN where another lane is infinite.
  SmallVector<double> squaredScales, weights;
  for (auto [scale, weight] :
       llvm::zip_equal(mixture.scales, mixture.weights)) {
    squaredScales.push_back(scale * scale);
    weights.push_back(weight * functions::rsqrt2Pi);
  }
  for (size_t i = 0, e = llvm::PowerOf2Ceil(weights.size()) - weights.size();
       i != e; ++i) {
    squaredScales.push_back(squaredScales[i]);
    weights[i] *= 0.5;
    weights.push_back(weights[i]);
  }

  ImplicitLocOpBuilder &builder = *mean.builder;
  Type element = mean.value.getType();
  auto type = VectorType::get({static_cast<int64_t>(weights.size())}, element);
  auto constant = [&](ArrayRef<double> values) {
    SmallVector<Attribute> attributes;
    for (double value : values)
      attributes.push_back(FloatAttr::get(element, value));
    return code.real(arith::ConstantOp::create(
        builder, DenseElementsAttr::get(type, attributes)));
  };
  auto splat = [&](Real number) {
    return code.real(vector::BroadcastOp::create(builder, type, number.value));
  };
  Real means = splat(mean);
  functions::GaussianSoftplus<StraightCode> components(
      code, means, splat(variance), derivative);
  Real terms =
      components.add(code.constant(0.0, means), constant(squaredScales),
                     constant(weights), mixture);
  Real sum = code.real(sumLanes(builder, terms.value));
  return functions::GaussianSoftplus<StraightCode>::finish(code, mean, sum,
                                                           derivative)
      .value;
}

/// The ops that have an expansion.
class Expansions {
public:
  Expansions() {
    using namespace elementary;
    add<math::ExpOp>(unary<exp>);
    add<math::Exp2Op>(unary<exp2>);
    add<math::ExpM1Op>(unary<expm1>);
    add<math::LogOp>(unary<log>);
    add<math::Log1pOp>(unary<log1p>);
    add<math::TanhOp>(unary<tanh>);
    add<SigmoidOp>(unary<sigmoid>);
    add<SoftplusOp>(unary<softplus>);
    add<LogSigmoidOp>(unary<logSigmoid>);
    add<math::ErfOp>(unary<erf>);
    add<math::ErfcOp>(unary<erfc>);
    add<NormalCDFOp>(unary<normalCDF>);
    add<NormalLogCDFOp>(unary<normalLogCDF>);
    add<NormalQuantileOp>(unary<normalQuantile>);
    add<LgammaOp>(unary<lgamma>);
    add<DigammaOp>(unary<digamma>);
    add<GaussianSoftplusOp>(expandGaussianSoftplus);
  }

  /// The op's expansion, or null where it has none, or not of its type.
  Expansion lookup(Operation *op) const {
    auto it = table.find(op->getName().getTypeID());
    if (it == table.end())
      return nullptr;
    Type type = op->getResult(0).getType();
    if (auto vector = dyn_cast<VectorType>(type))
      type = vector.getElementType();
    return type.isF32() || type.isF64() ? it->second : nullptr;
  }

private:
  template <class Op> void add(Expansion expansion) {
    table[TypeID::get<Op>()] = expansion;
  }

  llvm::DenseMap<TypeID, Expansion> table;
};

struct ExpandSpecial
    : public vi::special::impl::ExpandSpecialPassBase<ExpandSpecial> {
  using ExpandSpecialPassBase::ExpandSpecialPassBase;

  void runOnOperation() override {
    bool changed = false;
    getOperation()->walk([&](Operation *op) {
      Expansion expansion = expansions.lookup(op);
      if (!expansion)
        return;
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      StraightCode code(builder, fma);
      Value value = expansion(code, op);
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
      changed = true;
    });
    if (!changed)
      markAllAnalysesPreserved();
  }

private:
  const Expansions expansions;
};

} // namespace
