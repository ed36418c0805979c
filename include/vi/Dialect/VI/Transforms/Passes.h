//===- Passes.h - passes on the vi dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_PASSES_H
#define VI_DIALECT_VI_TRANSFORMS_PASSES_H

#include "vi/Dialect/VI/Transforms/Noise.h"

#include "mlir/Pass/Pass.h"

namespace vi {

/// The families that vi-auto-guide makes.
enum class GuideFamily { MeanField, FullRank, LowRank, Delta };

#define GEN_PASS_DECL
#include "vi/Dialect/VI/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "vi/Dialect/VI/Transforms/Passes.h.inc"

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_PASSES_H
