//===- Sweep.h - what the sweeps of both modes share -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_SWEEP_H
#define VI_LIB_DIFFERENTIATION_SWEEP_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/DerivativeRules.h"

namespace vi {

/// That `function` has a body of one block, and arguments of those numbers that
/// it can be differentiated in.
llvm::LogicalResult verifyDifferentiable(mlir::func::FuncOp function,
                                         llvm::ArrayRef<unsigned> independents);

/// Clones `op` of the primal. A clone of the same operation further out may
/// have left its region's arguments in `mapping`; they are forgotten.
void cloneForward(mlir::OpBuilder &builder, mlir::Operation *op,
                  mlir::IRMapping &mapping);

/// What a plate gets besides what the primal's has, and after that.
struct PlateExtension {
  llvm::SmallVector<mlir::Value> slices, inits;
  llvm::SmallVector<mlir::Type> stacks;
};

/// Creates a plate with the members of `plate`, a plate of the primal, and an
/// empty block. `mapping`, which has the clones of the operands of `plate`,
/// gets those of its index and arguments.
PlateOp createExtendedPlate(mlir::OpBuilder &builder, PlateOp plate,
                            const PlateExtension &extension,
                            mlir::IRMapping &mapping);

/// The rule of an active operation on scalars, or an error that there is none.
llvm::FailureOr<const DerivativeRule *> getElementwiseRule(mlir::Operation *op);

/// How `op` depends on an active operand: null where the derivative is zero,
/// an error where it is not known.
llvm::FailureOr<const OperandRule *> getOperandRule(const DerivativeRule &rule,
                                                    mlir::OpOperand &operand);

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_SWEEP_H
