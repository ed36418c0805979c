//===- MachineModel.h - what loops are shaped for ---------------*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The properties of a processor that decide how long vectors are, how many
// values stay in registers and how large a tile may be. They are the input of
// the cost models of the passes that shape loops; nothing else of the target
// reaches them, so that each can be tested for any processor on any other.
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_MACHINEMODEL_H
#define VI_TARGET_MACHINEMODEL_H

#include <algorithm>
#include <cstdint>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace vi {

/// The vector unit and the caches of one core. The defaults describe SSE2, the
/// vectors that every x86-64 processor has.
struct MachineModel {
  /// Bits of a vector register.
  unsigned vectorBits = 128;
  /// Vector registers that code can name.
  unsigned vectorRegisters = 16;
  /// Whether a product and a sum can be one operation.
  bool fma = false;
  /// The narrowest elements, in bits, whose vectors can be loaded and stored
  /// under a mask; 0 if there are no such instructions. Wider elements can be,
  /// too.
  unsigned minMaskedBits = 0;
  /// Multiplications, additions or fused operations on vectors that can start
  /// in each cycle, and the cycles until the result of one can be used.
  unsigned fmaPorts = 2;
  unsigned fmaLatency = 4;
  /// Vectors that can be loaded in each cycle.
  unsigned loadPorts = 2;
  /// Bytes of the data caches that a core has for itself. The defaults are
  /// what nearly every server and desktop processor has at least.
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 512 * 1024;

  /// Lanes of a vector of elements of `elementBits`, at least 1.
  unsigned getLanes(unsigned elementBits) const {
    return std::max(1u, vectorBits / elementBits);
  }

  /// Whether vectors of elements of `elementBits` can be accessed under a mask.
  bool hasMasks(unsigned elementBits) const {
    return minMaskedBits != 0 && elementBits >= minMaskedBits;
  }
};

/// The model of what `machine` generates code for:
///
/// | target | vectors | registers | masked elements |
/// |---|---|---|---|
/// | x86, AVX-512 | 512 bits | 32 | 8 bits with BW, else 32 |
/// | x86, AVX | 256 bits | 16 | 32 bits |
/// | x86, otherwise | 128 bits | 16 | none |
/// | AArch64 | 128 bits | 32 | none |
/// | others | 128 bits | 16 | none |
///
/// With `isHost`, code runs on this machine, and the sizes of the caches are
/// those that the operating system reports, where it does.
MachineModel getMachineModel(const llvm::TargetMachine &machine,
                             bool isHost = false);

} // namespace vi

#endif // VI_TARGET_MACHINEMODEL_H
