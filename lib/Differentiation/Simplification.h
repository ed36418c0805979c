//===- Simplification.h - clean-up of generated derivatives -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_SIMPLIFICATION_H
#define VI_LIB_DIFFERENTIATION_SIMPLIFICATION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "vi/Differentiation/ActivityAnalysis.h"

namespace vi {

/// Inlines the active calls of `primal`, a copy of `function`.
mlir::LogicalResult inlineCalls(mlir::func::FuncOp function,
                                mlir::func::FuncOp primal,
                                llvm::function_ref<ActivityAnalysis()> analyze);

/// Brings the active operations on tensors of a function into one form:
/// linalg.generic. `analyze` analyzes the function as it is.
mlir::LogicalResult generalize(mlir::func::FuncOp function,
                               llvm::function_ref<ActivityAnalysis()> analyze);

/// And into the form that the reverse sweep has rules for: active scalars are
/// operands of generics, and reductions of other kinds than sums, greatest and
/// least are loops.
mlir::LogicalResult normalize(mlir::func::FuncOp function,
                              llvm::function_ref<ActivityAnalysis()> analyze);

/// Turns active reductions that the adjoint of a generic has no form for (a
/// product, say) into loops that carry a scalar for each element of the result,
/// whose states the reverse sweep can go back through.
void reductionsToLoops(mlir::func::FuncOp function,
                       const ActivityAnalysis &activity);

/// Removes what is computed twice or for nothing.
mlir::LogicalResult simplify(mlir::func::FuncOp function);

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_SIMPLIFICATION_H
