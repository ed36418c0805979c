//===- Emit.h - compile a module to a file --------------------*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VIOPT_EMIT_H
#define VI_TOOLS_VIOPT_EMIT_H

#include "vi/Target/Native.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir {
class DialectRegistry;
class MlirOptMainConfig;
} // namespace mlir

namespace vi {

/// The kinds of output of `--emit`.
enum class EmitKind { None, MLIR, LLVM, Assembly, Object, Shared, Header };

/// What `--emit` and the options beside it ask for.
struct EmitOptions {
  EmitKind kind = EmitKind::None;
  /// Files with functions that models call.
  std::vector<std::string> includes;
  /// How gradients of sites are estimated: SITE=NAME.
  std::vector<std::string> siteEstimators;
  /// Options of the pipeline from model to exported functions, as text.
  std::string pipelineOptions;
  TargetDescription target;
  bool contract = true;
  /// Whether members of plates run one at a time.
  bool plainLoops = false;
  /// `LoweringOptions::threads`.
  int threads = 0;
  /// Whether the code must need no library.
  bool freestanding = false;
};

/// Compiles the file `input` and writes the result to `output`, whole or not at
/// all. Diagnostics of the compiler are printed; an error is what else went
/// wrong.
llvm::Error emitFile(llvm::StringRef input, llvm::StringRef output,
                     const EmitOptions &options,
                     mlir::DialectRegistry &registry,
                     const mlir::MlirOptMainConfig &config);

} // namespace vi

#endif // VI_TOOLS_VIOPT_EMIT_H
