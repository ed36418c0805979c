//===- Passes.h - passes towards native code -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_PASSES_H
#define VI_TARGET_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace vi {

#define GEN_PASS_DECL
#include "vi/Target/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "vi/Target/Passes.h.inc"

/// Options of the lowering from functions on tensors to the LLVM dialect.
struct LoweringOptions : mlir::PassPipelineOptions<LoweringOptions> {
  Option<bool> contract{*this, "contract",
                        llvm::cl::desc("allow fused multiply-add"),
                        llvm::cl::init(true)};
};

/// Adds the lowering of `func`, `arith`, `math`, `special`, `rng`, `tensor`,
/// `linalg`, `scf` and `vi.plate` to the LLVM dialect, for a module. Functions
/// with the attribute `vi.export` get their C signature.
void buildLoweringPipeline(mlir::OpPassManager &manager,
                           const LoweringOptions &options);

/// Registers the pipeline above as `vi-to-llvm`.
void registerTargetPipelines();

} // namespace vi

#endif // VI_TARGET_PASSES_H
