//===- JIT.h - compile and call in process -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_JIT_H
#define VI_TARGET_JIT_H

#include "mlir/IR/BuiltinOps.h"
#include "vi/Target/Native.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class Module;
namespace orc {
class LLJIT;
} // namespace orc
} // namespace llvm

namespace vi {

/// The exported functions of a module, compiled in process.
class JIT {
public:
  struct Options {
    Options() { target.cpu = "native"; }
    TargetDescription target;
    /// Whether fused multiply-add may be used (`vi-allow-contraction`).
    bool contract = true;
    /// The most threads that run chunks of plates; with one, OpenMP's library
    /// is not needed.
    unsigned threads = 1;
    /// Whether the module is verified after each pass, so that a pass gone
    /// wrong is an error.
    bool verify = false;
  };

  /// Seconds spent in each phase of the compilation.
  struct Timing {
    double lowering = 0, translation = 0, optimization = 0, generation = 0;
    double total() const {
      return lowering + translation + optimization + generation;
    }
  };

  /// A compiled function. The array has, in order, a pointer to each argument
  /// of the C signature (to the number; for a tensor to the address of its
  /// first element, then to the `int64_t` of each size; for an out pointer to
  /// the address), and last, if the function returns a scalar, a pointer to
  /// where it is stored.
  using Function = void (*)(void **arguments);

  /// Compiles `module`: functions on tensors, exported by `vi.export` (what
  /// `buildLoweringPipeline` takes). The module is lowered in place: it becomes
  /// one of a few modules, whose functions are compiled together.
  static llvm::Expected<std::unique_ptr<JIT>>
  compile(mlir::ModuleOp module, const Options &options = Options());

  ~JIT();

  /// The function of that name, to be called with packed arguments.
  llvm::Expected<Function> lookup(llvm::StringRef name) const;

  /// The address of the C function of that name.
  llvm::Expected<void *> lookupSymbol(llvm::StringRef name) const;

  const Timing &getTiming() const { return timing; }

private:
  JIT() = default;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  Timing timing;
};

} // namespace vi

#endif // VI_TARGET_JIT_H
