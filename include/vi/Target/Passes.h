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
#include "vi/Target/MachineModel.h"

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
  /// One member of a plate at a time, for comparison.
  Option<bool> plainLoops{*this, "plain-loops",
                          llvm::cl::desc("no vectors of members of plates"),
                          llvm::cl::init(false)};
  /// Chunks of plates run at the same time where this is not 0.
  Option<int> threads{
      *this, "threads",
      llvm::cl::desc(
          "threads that run chunks of plates: at most so many; 0: no "
          "OpenMP; -1: as many as OpenMP's library takes"),
      llvm::cl::init(0)};
  /// No call of a library: temporary arrays are on the stack.
  Option<bool> freestanding{*this, "freestanding",
                            llvm::cl::desc("code that calls no library"),
                            llvm::cl::init(false)};
  /// The fields of `MachineModel`; by default, its defaults.
  Option<unsigned> vectorBits{*this, "vector-bits",
                              llvm::cl::desc("bits of a vector register"),
                              llvm::cl::init(MachineModel().vectorBits)};
  Option<unsigned> vectorRegisters{
      *this, "vector-registers", llvm::cl::desc("number of vector registers"),
      llvm::cl::init(MachineModel().vectorRegisters)};
  Option<bool> fma{*this, "fma",
                   llvm::cl::desc("the target has fused multiply-add"),
                   llvm::cl::init(MachineModel().fma)};
  Option<unsigned> minMaskedBits{
      *this, "min-masked-bits",
      llvm::cl::desc("narrowest elements of vectors that can be accessed under "
                     "a mask (0: none can)"),
      llvm::cl::init(MachineModel().minMaskedBits)};
  Option<int64_t> l1Bytes{*this, "l1-bytes",
                          llvm::cl::desc("size of the first-level data cache"),
                          llvm::cl::init(MachineModel().l1Bytes)};
  Option<int64_t> l2Bytes{*this, "l2-bytes",
                          llvm::cl::desc("size of the second-level cache"),
                          llvm::cl::init(MachineModel().l2Bytes)};

  /// The processor that loops are shaped for.
  MachineModel getMachineModel() const;
  void setMachineModel(const MachineModel &model);
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
