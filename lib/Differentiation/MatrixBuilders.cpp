//===- MatrixBuilders.cpp - matrices element by element -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;
using namespace vi;

Value vi::mapMatrix(ImplicitLocOpBuilder &b, Value like, ValueRange inputs,
                    ArrayRef<AffineMap> maps,
                    function_ref<Value(Value, Value, ValueRange)> function) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<Value> dynamic;
  for (int64_t dim = 0; dim < 2; ++dim)
    if (type.isDynamicDim(dim))
      dynamic.push_back(b.createOrFold<tensor::DimOp>(like, dim));
  Value empty = tensor::EmptyOp::create(b, type, dynamic);
  SmallVector<AffineMap> all(maps);
  all.push_back(b.getMultiDimIdentityMap(2));
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, TypeRange(type), inputs, ValueRange(empty), all, iterators,
             [&](OpBuilder &nested, Location loc, ValueRange elements) {
               OpBuilder::InsertionGuard guard(b);
               b.setInsertionPoint(nested.getInsertionBlock(),
                                   nested.getInsertionPoint());
               Value row = linalg::IndexOp::create(b, 0);
               Value column = linalg::IndexOp::create(b, 1);
               Value element = function(row, column, elements.drop_back());
               linalg::YieldOp::create(b, element);
             })
      .getResult(0);
}

Value vi::buildContraction(ImplicitLocOpBuilder &b, Value accumulator,
                           Value left, Value right, ArrayRef<AffineMap> maps,
                           double sign) {
  SmallVector<utils::IteratorType> iterators(maps[2].getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr result : maps[2].getResults())
    iterators[cast<AffineDimExpr>(result).getPosition()] =
        utils::IteratorType::parallel;
  return linalg::GenericOp::create(
             b, TypeRange(accumulator.getType()), ValueRange{left, right},
             ValueRange(accumulator), maps, iterators,
             [&](OpBuilder &nested, Location loc, ValueRange elements) {
               Value term =
                   arith::MulFOp::create(nested, loc, elements[0], elements[1]);
               Value sum =
                   sign > 0
                       ? arith::AddFOp::create(nested, loc, elements[2], term)
                             .getResult()
                       : arith::SubFOp::create(nested, loc, elements[2], term)
                             .getResult();
               linalg::YieldOp::create(nested, loc, sum);
             })
      .getResult(0);
}

Value vi::buildCholeskyAdjoint(ImplicitLocOpBuilder &b, Value factor,
                               Value adjoint) {
  Type type = factor.getType();
  Type element = getElementTypeOrSelf(type);
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  auto map3 = [&](AffineExpr r, AffineExpr c) {
    return AffineMap::get(3, 0, {r, c}, b.getContext());
  };
  AffineMap identity = b.getMultiDimIdentityMap(2);
  AffineMap transposed = AffineMap::get(2, 0, {j, i}, b.getContext());
  Value zero = floatConstant(b, element, 0.0);
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value c) {
    return arith::CmpIOp::create(b, predicate, a, c);
  };
  auto lower = [&](Value matrix) {
    return mapMatrix(
        b, factor, {matrix}, {identity},
        [&](Value row, Value column, ValueRange elements) {
          return arith::SelectOp::create(
                     b, compare(arith::CmpIPredicate::sge, row, column),
                     elements[0], zero)
              .getResult();
        });
  };

  // P[i, j] = sum over k of L[k, i] Lbar[k, j]
  Value zeros = mapMatrix(b, factor, {}, {},
                          [&](Value, Value, ValueRange) { return zero; });
  Value product =
      buildContraction(b, zeros, lower(factor), lower(adjoint),
                       {map3(k, i), map3(k, j), map3(i, j)}, /*sign=*/1);
  Value symmetric =
      mapMatrix(b, factor, {product, product}, {identity, transposed},
                [&](Value row, Value column, ValueRange elements) {
                  return arith::SelectOp::create(
                             b, compare(arith::CmpIPredicate::sge, row, column),
                             elements[0], elements[1])
                      .getResult();
                });
  Value half = TriangularSolveOp::create(b, type, factor, symmetric,
                                         /*transpose=*/true);
  Value turned =
      mapMatrix(b, factor, {half}, {transposed},
                [](Value, Value, ValueRange elements) { return elements[0]; });
  Value solved = TriangularSolveOp::create(b, type, factor, turned,
                                           /*transpose=*/true);
  return mapMatrix(b, factor, {solved}, {identity},
                   [&](Value row, Value column, ValueRange elements) {
                     Value half = arith::MulFOp::create(
                         b, elements[0], floatConstant(b, element, 0.5));
                     Value weighted = arith::SelectOp::create(
                         b, compare(arith::CmpIPredicate::eq, row, column),
                         half, elements[0]);
                     return arith::SelectOp::create(
                                b,
                                compare(arith::CmpIPredicate::sge, row, column),
                                weighted, zero)
                         .getResult();
                   });
}
