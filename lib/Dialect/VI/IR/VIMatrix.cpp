//===- VIMatrix.cpp - verification of factorizations -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;
using namespace vi;

static LogicalResult verifySquare(Operation *op, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  if (type.getRank() == 2 &&
      succeeded(verifyCompatibleShape(type.getShape().take_front(),
                                      type.getShape().take_back())))
    return success();
  return op->emitOpError("is of a square matrix, not of ") << type;
}

LogicalResult CholeskyOp::verify() { return verifySquare(*this, getMatrix()); }

LogicalResult CholeskyAdjointOp::verify() {
  return verifySquare(*this, getFactor());
}

LogicalResult TriangularSolveOp::verify() {
  if (failed(verifySquare(*this, getFactor())))
    return failure();
  auto factor = cast<RankedTensorType>(getFactor().getType());
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  if (rhs.getRank() != 1 && rhs.getRank() != 2)
    return emitOpError("has a vector or a matrix on its right-hand side, not ")
           << rhs;
  if (rhs.getElementType() != factor.getElementType())
    return emitOpError("has a factor of ")
           << factor.getElementType() << " and a right-hand side of "
           << rhs.getElementType();
  if (failed(verifyCompatibleShape(factor.getShape().take_back(),
                                   rhs.getShape().take_front())))
    return emitOpError("has a factor ")
           << factor << " that does not fit the right-hand side " << rhs;
  return success();
}
