//===- Calls.h - functions of f64 that serve f32 -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_CALLS_H
#define VI_DIALECT_VI_IR_CALLS_H

#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// The type with f32 for f64; other types as they are.
mlir::Type getSinglePrecision(mlir::Type type);

/// Whether the call has f32 for all the f64 of the function, which is written
/// in f64 alone.
bool takesSinglePrecision(CallOp call, mlir::FunctionOpInterface callee);

} // namespace vi

#endif // VI_DIALECT_VI_IR_CALLS_H
