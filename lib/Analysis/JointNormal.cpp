//===- JointNormal.cpp - moments of correlated normal variables -----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/JointNormal.h"

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

bool vi::isJointNormal(Value distribution) {
  return distribution.getDefiningOp<MultivariateNormalOp>() &&
         getBatchRank(distribution) == 0;
}

/// L L' of the lower triangle of a square tensor.
static Value buildProductWithTranspose(ImplicitLocOpBuilder &builder,
                                       Value factor) {
  auto type = cast<RankedTensorType>(factor.getType());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < 2; ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(dimension(builder, factor, d));
  Value empty = tensor::EmptyOp::create(builder, type, sizes);
  AffineMap identity = builder.getMultiDimIdentityMap(2);
  using Iterator = utils::IteratorType;
  auto lower = linalg::GenericOp::create(
      builder, type, factor, empty, ArrayRef<AffineMap>{identity, identity},
      ArrayRef<Iterator>{Iterator::parallel, Iterator::parallel},
      [](OpBuilder &b, Location l, ValueRange args) {
        ImplicitLocOpBuilder inner(l, b);
        Value below = arith::CmpIOp::create(inner, arith::CmpIPredicate::ule,
                                            linalg::IndexOp::create(inner, 1),
                                            linalg::IndexOp::create(inner, 0));
        Expression x(inner, args[0]);
        linalg::YieldOp::create(inner,
                                select(below, x, x.constant(0)).getValue());
      });
  Value zero = floatConstant(builder, type.getElementType(), 0.0);
  Value zeros = linalg::FillOp::create(builder, zero, empty).getResult(0);
  AffineExpr i, j, k;
  bindDims(builder.getContext(), i, j, k);
  auto getMap = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(3, 0, results, builder.getContext());
  };
  auto product = linalg::GenericOp::create(
      builder, type, ValueRange{lower.getResult(0), lower.getResult(0)}, zeros,
      ArrayRef<AffineMap>{getMap({i, k}), getMap({j, k}), getMap({i, j})},
      ArrayRef<Iterator>{Iterator::parallel, Iterator::parallel,
                         Iterator::reduction},
      [](OpBuilder &b, Location l, ValueRange args) {
        Value part = arith::MulFOp::create(b, l, args[0], args[1]);
        Value next = arith::AddFOp::create(b, l, args[2], part);
        linalg::YieldOp::create(b, l, next);
      });
  return product.getResult(0);
}

JointNormal vi::buildJointNormal(ImplicitLocOpBuilder &builder,
                                 Value distribution) {
  auto normal = distribution.getDefiningOp<MultivariateNormalOp>();
  return {normal->getOperand(0),
          buildProductWithTranspose(builder, normal->getOperand(1))};
}
