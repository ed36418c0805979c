//===- TangentMatrices.cpp - tangents of factorizations and solves -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Giles, "Collected matrix derivative results for forward and reverse mode
// algorithmic differentiation" (2008).
//
//===----------------------------------------------------------------------===//

#include "MatrixBuilders.h"
#include "TangentSweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "vi/Dialect/VI/IR/Expression.h"

using namespace mlir;
using namespace vi;

/// The matrix is symmetric: what stands below its diagonal counts.
/// dL = L Phi(L^-1 dA L^-T), Phi the lower triangle with the diagonal halved.
LogicalResult TangentSweep::emitCholesky(CholeskyOp op, TangentScope &scope) {
  auto type = cast<RankedTensorType>(op.getType());
  if (type.getRank() != 2)
    return op.emitOpError("of rank ")
           << type.getRank() << " has no derivative rule";
  b.clone(*op.getOperation(), scope.forward);
  Value moved = getTangent(scope, op.getMatrix());
  if (!moved)
    return success();
  Value factor = lookup(scope, op.getFactor());
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  AffineMap identity = b.getMultiDimIdentityMap(2);
  AffineMap transposed = AffineMap::get(2, 0, {j, i}, b.getContext());
  auto map3 = [&](AffineExpr r, AffineExpr c) {
    return AffineMap::get(3, 0, {r, c}, b.getContext());
  };
  auto isLower = [&](Value row, Value column) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, row, column);
  };
  Value symmetric =
      mapMatrix(b, factor, {moved, moved}, {identity, transposed},
                [&](Value row, Value column, ValueRange elements) -> Value {
                  return arith::SelectOp::create(b, isLower(row, column),
                                                 elements[0], elements[1]);
                });
  Value half = TriangularSolveOp::create(b, type, factor, symmetric,
                                         /*transpose=*/false);
  Value turned =
      mapMatrix(b, factor, {half}, {transposed},
                [](Value, Value, ValueRange elements) { return elements[0]; });
  Value inner = TriangularSolveOp::create(b, type, factor, turned,
                                          /*transpose=*/false);
  Value lower = mapMatrix(
      b, factor, {inner}, {identity},
      [&](Value row, Value column, ValueRange elements) -> Value {
        Type element = type.getElementType();
        Value isDiagonal =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, row, column);
        Value weight = arith::SelectOp::create(b, isDiagonal,
                                               floatConstant(b, element, 0.5),
                                               floatConstant(b, element, 1.0));
        return arith::SelectOp::create(
            b, isLower(row, column),
            arith::MulFOp::create(b, elements[0], weight),
            floatConstant(b, element, 0.0));
      });
  scope.tangents[op.getFactor()] =
      buildContraction(b, getZeros(factor), factor, lower,
                       {map3(i, k), map3(k, j), map3(i, j)}, /*sign=*/1);
  return success();
}

/// L X = B: dX = L^-1 (dB - dL X); transposed, L^-T (dB - dL^T X).
LogicalResult TangentSweep::emitTriangularSolve(TriangularSolveOp op,
                                                TangentScope &scope) {
  b.clone(*op.getOperation(), scope.forward);
  Value factor = lookup(scope, op.getFactor());
  Value solution = lookup(scope, op.getSolution());
  Value movedFactor = getTangent(scope, op.getFactor());
  Value movedRhs = getTangent(scope, op.getRhs());
  if (!movedFactor && !movedRhs)
    return success();
  if (!movedRhs)
    movedRhs = getZeros(solution);
  auto type = cast<RankedTensorType>(op.getSolution().getType());
  if (movedFactor) {
    // What stands above the diagonal is not read.
    auto factorType = cast<RankedTensorType>(movedFactor.getType());
    Value lower =
        mapMatrix(b, factor, {movedFactor}, {b.getMultiDimIdentityMap(2)},
                  [&](Value row, Value column, ValueRange elements) -> Value {
                    Value isLower = arith::CmpIOp::create(
                        b, arith::CmpIPredicate::sge, row, column);
                    return arith::SelectOp::create(
                        b, isLower, elements[0],
                        floatConstant(b, factorType.getElementType(), 0.0));
                  });
    // Dimensions: row, summed, and column of the right-hand side.
    AffineExpr row, summed, column;
    bindDims(b.getContext(), row, summed, column);
    bool isMatrix = type.getRank() == 2;
    auto map = [&](AffineExpr first, AffineExpr second) {
      SmallVector<AffineExpr> results{first};
      if (second)
        results.push_back(second);
      return AffineMap::get(isMatrix ? 3 : 2, 0, results, b.getContext());
    };
    AffineExpr rest = isMatrix ? column : AffineExpr();
    movedRhs = buildContraction(
        b, movedRhs, lower, solution,
        {op.getTranspose() ? map(summed, row) : map(row, summed),
         map(summed, rest), map(row, rest)},
        /*sign=*/-1);
  }
  scope.tangents[op.getSolution()] =
      TriangularSolveOp::create(b, type, factor, movedRhs, op.getTranspose());
  return success();
}
