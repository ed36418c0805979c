//===- MatrixRules.cpp - derivatives of factorizations and solves -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixBuilders.h"
#include "ReverseSweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi;

/// I. Murray (2016), "Differentiation of the Cholesky decomposition",
/// arXiv:1602.07527, equation 10. With P = L^T Lbar, of which the strict upper
/// part is dropped and the diagonal halved, S = L^-T (P + P^T) L^-1 / 2 is the
/// adjoint of the symmetric matrix; as only the lower triangle is read, an
/// element below the diagonal takes that of its mirror image too.
LogicalResult ReverseSweep::reverseCholesky(CholeskyOp op, Scope &scope) {
  auto type = cast<RankedTensorType>(op.getType());
  if (type.getRank() != 2)
    return op.emitOpError("of rank ")
           << type.getRank() << " has no derivative rule";
  Value factor = lookup(scope, op.getFactor());
  Value adjoint = getAdjoint(scope, op.getFactor());
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  auto map3 = [&](AffineExpr r, AffineExpr c) {
    return AffineMap::get(3, 0, {r, c}, b.getContext());
  };
  AffineMap identity = b.getMultiDimIdentityMap(2);
  AffineMap transposed = AffineMap::get(2, 0, {j, i}, b.getContext());
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value c) {
    return arith::CmpIOp::create(b, predicate, a, c);
  };
  Type element = type.getElementType();

  // P = L^T Lbar: P[i, j] = sum over k of L[k, i] Lbar[k, j]; Lbar's upper
  // triangle does not count, for the factor is zero there by definition.
  Value zeros = getZero(scope, op.getFactor());
  Value product =
      buildContraction(b, zeros, factor, adjoint,
                       {map3(k, i), map3(k, j), map3(i, j)}, /*sign=*/1);
  // (P + P^T) / 2 with the strict upper part dropped and the diagonal halved:
  // the element of P at or below the diagonal, halved.
  Value symmetric = mapMatrix(
      b, factor, {product, product}, {identity, transposed},
      [&](Value row, Value column, ValueRange elements) -> Value {
        Value isLower = compare(arith::CmpIPredicate::sge, row, column);
        Value lower =
            arith::SelectOp::create(b, isLower, elements[0], elements[1]);
        return arith::MulFOp::create(b, lower, floatConstant(b, element, 0.5));
      });
  Value half = TriangularSolveOp::create(b, type, factor, symmetric,
                                         /*transpose=*/true);
  Value turned =
      mapMatrix(b, factor, {half}, {transposed},
                [](Value, Value, ValueRange elements) { return elements[0]; });
  Value solved = TriangularSolveOp::create(b, type, factor, turned,
                                           /*transpose=*/true);
  Value result = mapMatrix(
      b, factor, {solved}, {identity},
      [&](Value row, Value column, ValueRange elements) -> Value {
        Value isLower = compare(arith::CmpIPredicate::sge, row, column);
        Value isDiagonal = compare(arith::CmpIPredicate::eq, row, column);
        Value weight = arith::SelectOp::create(b, isDiagonal,
                                               floatConstant(b, element, 1.0),
                                               floatConstant(b, element, 2.0));
        Value weighted = arith::MulFOp::create(b, elements[0], weight);
        return arith::SelectOp::create(b, isLower, weighted,
                                       floatConstant(b, element, 0.0));
      });
  add(scope, op.getMatrix(), result);
  return success();
}

/// x = L^-1 b: bbar = L^-T xbar, Lbar = -tril(bbar x^T); transposed,
/// bbar = L^-1 xbar, Lbar = -tril(x bbar^T).
LogicalResult ReverseSweep::reverseTriangularSolve(TriangularSolveOp op,
                                                   Scope &scope) {
  Value factor = lookup(scope, op.getFactor());
  Value solution = lookup(scope, op.getSolution());
  Value adjoint = getAdjoint(scope, op.getSolution());
  auto type = cast<RankedTensorType>(op.getSolution().getType());
  Value rhsAdjoint =
      TriangularSolveOp::create(b, type, factor, adjoint,
                                /*transpose=*/!op.getTranspose());
  if (activity.isActive(op.getFactor())) {
    Value left = op.getTranspose() ? solution : rhsAdjoint;
    Value right = op.getTranspose() ? rhsAdjoint : solution;
    Value total = getAdjointOrZero(scope, op.getFactor());
    bool isMatrix = type.getRank() == 2;
    AffineExpr i, j, k;
    bindDims(b.getContext(), i, j, k);
    unsigned dims = isMatrix ? 3 : 2;
    auto map = [&](AffineExpr row) {
      SmallVector<AffineExpr> results{row};
      if (isMatrix)
        results.push_back(k);
      return AffineMap::get(dims, 0, results, b.getContext());
    };
    SmallVector<utils::IteratorType> iterators(2,
                                               utils::IteratorType::parallel);
    if (isMatrix)
      iterators.push_back(utils::IteratorType::reduction);
    Value updated =
        linalg::GenericOp::create(
            b, TypeRange(total.getType()), ValueRange{left, right},
            ValueRange(total),
            ArrayRef<AffineMap>{
                map(i), map(j),
                AffineMap::get(dims, 0, {i, j}, b.getContext())},
            iterators,
            [&](OpBuilder &nested, Location loc, ValueRange elements) {
              Value row = linalg::IndexOp::create(nested, loc, 0);
              Value column = linalg::IndexOp::create(nested, loc, 1);
              Value isLower = arith::CmpIOp::create(
                  nested, loc, arith::CmpIPredicate::sge, row, column);
              Value term =
                  arith::MulFOp::create(nested, loc, elements[0], elements[1]);
              Value reduced =
                  arith::SubFOp::create(nested, loc, elements[2], term);
              linalg::YieldOp::create(nested, loc,
                                      arith::SelectOp::create(nested, loc,
                                                              isLower, reduced,
                                                              elements[2])
                                          .getResult());
            })
            .getResult(0);
    set(scope, op.getFactor(), updated);
  }
  add(scope, op.getRhs(), rhsAdjoint);
  return success();
}
