//===- TangentSweep.h - emission of the tangents -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of a forward sweep, which its parts (scalar rules, tensors, linalg,
// regions, matrices) share. Terms: the *tangent* of a value is its derivative
// along the direction in which the independent variables move. It is computed
// right behind the value, in the same region: nothing is kept for later.
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_TANGENTSWEEP_H
#define VI_LIB_DIFFERENTIATION_TANGENTSWEEP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/ActivityAnalysis.h"

namespace vi {

/// What has been emitted: for values of the primal function, their copies and
/// the tangents of these. No tangent is a tangent of zero.
struct TangentScope {
  mlir::IRMapping forward;
  llvm::DenseMap<mlir::Value, mlir::Value> tangents;
  /// Values that are read rather than computed once more.
  llvm::DenseMap<mlir::Value, mlir::Value> known;
};

class TangentSweep {
public:
  /// `activity` is one of `Direction::Forward`.
  TangentSweep(const ActivityAnalysis &activity,
               mlir::ImplicitLocOpBuilder &builder)
      : activity(activity), b(builder) {}

  /// Emits the block's operations (without terminator), each with the tangents
  /// of its active results behind it.
  mlir::LogicalResult emit(mlir::Block &block, TangentScope &scope);

  /// The tangent of a primal value, or zeros.
  mlir::Value getTangentOrZero(TangentScope &scope, mlir::Value primal);

private:
  mlir::LogicalResult emit(mlir::Operation *op, TangentScope &scope);
  void emitCopy(mlir::Operation *op, TangentScope &scope);
  mlir::LogicalResult emitElementwise(mlir::Operation *op, TangentScope &scope);

  // Regions: TangentRegions.cpp.
  mlir::LogicalResult emitPlate(PlateOp op, TangentScope &scope);
  mlir::LogicalResult emitIf(mlir::scf::IfOp op, TangentScope &scope);
  mlir::LogicalResult emitFor(mlir::scf::ForOp op, TangentScope &scope);

  // Tensors: TangentTensors.cpp.
  mlir::LogicalResult emitTensor(mlir::Operation *op, TangentScope &scope);
  mlir::LogicalResult emitGeneric(mlir::linalg::GenericOp op,
                                  TangentScope &scope);

  // Factorizations: TangentMatrices.cpp.
  mlir::LogicalResult emitCholesky(CholeskyOp op, TangentScope &scope);
  mlir::LogicalResult emitTriangularSolve(TriangularSolveOp op,
                                          TangentScope &scope);

  // Helpers.
  /// Null for zero.
  mlir::Value getTangent(TangentScope &scope, mlir::Value primal) {
    return scope.tangents.lookup(primal);
  }
  /// Where an adjoint may not be zero although the number that says so is: the
  /// condition of a guard, or its tangent's.
  mlir::Value getWidenedCondition(TangentScope &scope, mlir::Value primal);
  /// Zeros of the type and shape of an emitted value.
  mlir::Value getZeros(mlir::Value value);
  mlir::Value getEmpty(mlir::Value value);
  mlir::Value lookup(TangentScope &scope, mlir::Value primal) {
    return scope.forward.lookupOrDefault(primal);
  }
  llvm::SmallVector<mlir::Value> lookup(TangentScope &scope,
                                        mlir::ValueRange primals) {
    return llvm::map_to_vector(primals,
                               [&](mlir::Value v) { return lookup(scope, v); });
  }

  const ActivityAnalysis &activity;
  mlir::ImplicitLocOpBuilder &b;
};

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_TANGENTSWEEP_H
