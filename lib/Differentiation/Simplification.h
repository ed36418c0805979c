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

/// Brings the active operations on tensors of a function into the one form that
/// has rules: linalg.generic whose active scalars are operands, and loops for
/// reductions of other kinds than sums, greatest and least. `analyze` analyzes
/// the function as it is.
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
