//===- Passes.h - passes over the special dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_PASSES_H
#define VI_DIALECT_SPECIAL_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace vi::special {

#define GEN_PASS_DECL
#include "vi/Dialect/Special/Transforms/Passes.h.inc"

/// Registers the passes of this directory.
#define GEN_PASS_REGISTRATION
#include "vi/Dialect/Special/Transforms/Passes.h.inc"

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_PASSES_H
