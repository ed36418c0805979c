//===- Native.h - from the LLVM dialect to native code -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_NATIVE_H
#define VI_TARGET_NATIVE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
class raw_pwrite_stream;
} // namespace llvm

namespace vi {

/// What code is generated for.
struct TargetDescription {
  /// The target triple; empty for the host's.
  std::string triple;
  /// The CPU, as `llc -mcpu` names it: `native` is the host's, with all its
  /// features; empty is the triple's generic one.
  std::string cpu;
  /// Features in addition, as in `llc -mattr`: "+avx2,-fma".
  std::string features;

  /// Whether the code is for the very machine that compiles it.
  bool isHost() const { return cpu == "native"; }
};

/// Makes the targets of the linked LLVM known; cheap when called again.
void initializeTargets();

/// The machine of a target, position independent. An unknown triple or CPU is
/// an error.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetDescription &target);

/// Translates a module in the LLVM dialect.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context,
                llvm::TargetMachine &machine);

/// Runs LLVM's O2 pipeline for the machine. No fast-math flag is added:
/// floating-point results are those of the operations as written, up to the
/// fused multiply-adds that `vi-allow-contraction` marked.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Makes an optimized module need nothing: it gets `memcpy`, `memmove` and
/// `memset` of its own, hidden and weak, if it may call them, and its functions
/// touch the pages of the stack in order, so that a stack that is too small is
/// found where the system guards it.
void makeFreestanding(llvm::Module &module, llvm::TargetMachine &machine);

/// An error that names what an object needs from elsewhere, if anything.
llvm::Error verifyFreestanding(llvm::StringRef object);

/// Writes assembly or an object file.
llvm::Error emitAssembly(llvm::Module &module, llvm::TargetMachine &machine,
                         llvm::raw_pwrite_stream &os);
llvm::Error emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                       llvm::raw_pwrite_stream &os);

/// Links an object file into a shared library with the C compiler driver or
/// linker that is found: one for the triple (`TRIPLE-gcc`), clang or gcc. The
/// library needs libm, and LLVM's OpenMP library with `threads`.
llvm::Error linkShared(llvm::StringRef objectPath, llvm::StringRef outputPath,
                       const llvm::TargetMachine &machine, bool threads);

/// Loads LLVM's OpenMP library into this process, to stay.
llvm::Error loadOpenMP();

} // namespace vi

#endif // VI_TARGET_NATIVE_H
