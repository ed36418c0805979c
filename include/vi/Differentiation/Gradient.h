//===- Gradient.h - gradients of functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_GRADIENT_H
#define VI_DIFFERENTIATION_GRADIENT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/LLVM.h"

namespace vi {

/// Adds, behind `function`, a function `name` of the same arguments that
/// returns the function's one floating-point result and its derivative in each
/// of the arguments `independents`, by one forward and one reverse sweep.
/// The names and documentation of arguments (`vi.name`, `vi.doc`) and
/// `vi.export` are carried over.
///
/// Fails, with an error at the operation at fault, where the result depends on
/// an argument through an operation that has no derivative rule.
mlir::FailureOr<mlir::func::FuncOp>
createGradient(mlir::func::FuncOp function, llvm::StringRef name,
               llvm::ArrayRef<unsigned> independents);

} // namespace vi

#endif // VI_DIFFERENTIATION_GRADIENT_H
