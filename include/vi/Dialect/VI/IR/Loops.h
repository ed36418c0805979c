//===- Loops.h - loops as repetitions of sites -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_LOOPS_H
#define VI_DIALECT_VI_IR_LOOPS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace vi {

/// The plates (`vi.plate`) and loops (`scf.for`) around an operation, outermost
/// first. Each is a dimension of the whole value of a site in it: the members
/// of a plate are conditionally independent, the iterations of a loop a
/// sequence.
llvm::SmallVector<mlir::Operation *> getRepetitions(mlir::Operation *op);

/// Emits the number of iterations of a loop from `lower` below `upper`, which
/// may be numbers of any integer type, as an index; 0 where there is none.
mlir::Value buildTripCount(mlir::ImplicitLocOpBuilder &builder,
                           mlir::Value lower, mlir::Value upper,
                           mlir::Value step);

/// Emits, in the loop, the number of its present iteration, from 0.
mlir::Value buildIterationNumber(mlir::ImplicitLocOpBuilder &builder,
                                 mlir::scf::ForOp loop);

} // namespace vi

#endif // VI_DIALECT_VI_IR_LOOPS_H
