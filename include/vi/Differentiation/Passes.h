//===- Passes.h - differentiation passes -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_PASSES_H
#define VI_DIFFERENTIATION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace vi {

#define GEN_PASS_DECL
#include "vi/Differentiation/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "vi/Differentiation/Passes.h.inc"

} // namespace vi

#endif // VI_DIFFERENTIATION_PASSES_H
