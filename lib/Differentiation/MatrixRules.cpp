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

LogicalResult ReverseSweep::reverseCholesky(CholeskyOp op, Scope &scope) {
  auto type = cast<RankedTensorType>(op.getType());
  if (type.getRank() != 2)
    return op.emitOpError("of rank ")
           << type.getRank() << " has no derivative rule";
  add(scope, op.getMatrix(),
      CholeskyAdjointOp::create(b, type, lookup(scope, op.getFactor()),
                                getAdjoint(scope, op.getFactor())));
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
