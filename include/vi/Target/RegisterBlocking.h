//===- RegisterBlocking.h - the cost model of vectorized nests --*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which dimension of a nest of loops becomes the lanes of vectors, and how many
// iterations of the others are done at once so that what they share is loaded
// once and no result waits for the one before.
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_REGISTERBLOCKING_H
#define VI_TARGET_REGISTERBLOCKING_H

#include "vi/Target/MachineModel.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace vi {

/// A perfect nest of loops around one computation on elements of arrays, as far
/// as its cost depends on it.
struct LoopNest {
  /// The size of a dimension that is known at run time only.
  static constexpr int64_t dynamic = -1;

  struct Dimension {
    int64_t size = dynamic;
    /// Whether an output is summed (or the like) over it.
    bool reduction = false;
  };

  /// How far apart the elements are that neighboring iterations access.
  enum class Stride { Zero, One, Other };

  struct Access {
    /// For each dimension.
    llvm::SmallVector<Stride> strides;
    bool output = false;
    /// An output whose computation starts from its value in memory.
    bool accumulates = false;
    /// An output that may be summed in another order.
    bool reassociable = false;
    bool dependsOn(unsigned dimension) const {
      return strides[dimension] != Stride::Zero;
    }
  };

  llvm::SmallVector<Dimension> dimensions;
  llvm::SmallVector<Access> accesses;
  /// Bits of the widest element.
  unsigned elementBits = 64;
  /// Operations on each element.
  unsigned operations = 1;
};

/// The shape of the vectorized nest.
struct RegisterBlocking {
  /// The dimension that becomes lanes, and the lanes of a vector: a power of
  /// two.
  unsigned laneDimension = 0;
  unsigned lanes = 1;
  /// Iterations of each dimension that are done at once; vectors, for the lane
  /// dimension. An output that is reduced over the lane dimension has that
  /// many partial sums, each of `lanes` lanes.
  llvm::SmallVector<int64_t> unroll;

  bool isBlocked(unsigned dimension) const { return unroll[dimension] > 1; }
};

/// A part of a dimension: `trips` steps of `unroll` iterations (vectors).
struct LoopSegment {
  int64_t trips;
  int64_t unroll;
};

/// The segments of a dimension of `size` iterations (vectors) done `unroll` at
/// once: whole blocks, then the rest; for the lane dimension at once, for
/// others one by one. The sizes of dynamic dimensions are taken as 64 elements.
llvm::SmallVector<LoopSegment> getSegments(int64_t size, int64_t unroll,
                                           bool isLane);

/// Whether the lanes of vectors may run along a dimension: each access must
/// step by one element along it or not at all, and outputs that are reduced
/// over it must be reassociable.
bool canBeLanes(const LoopNest &nest, unsigned dimension);

/// The order of the nest's loops, outermost first: parallel dimensions, lanes
/// last; then reductions, in their order, lanes last.
llvm::SmallVector<unsigned> getLoopOrder(const LoopNest &nest,
                                         unsigned laneDimension);

/// Vector registers that the innermost loop of the blocked nest holds:
/// accumulators, operands that do not change in it, and all operands of one
/// iteration but those that are used as soon as they are loaded.
int64_t countRegisters(const LoopNest &nest, const RegisterBlocking &blocking,
                       llvm::ArrayRef<int64_t> unroll);

/// Cycles that the nest takes, were all data in the first-level cache. A step
/// of the innermost loop takes the longest of
///
///  - its loads, `loadPorts` at a time,
///  - its operations, `fmaPorts` at a time,
///  - `fmaLatency`, if it adds to accumulators: one sum waits for the other;
///
/// and when the loop ends, accumulators are reduced over lanes (two shuffles
/// and a sum for each step of the tree) and stored.
double estimateCycles(const LoopNest &nest, const RegisterBlocking &blocking,
                      const MachineModel &model);

/// The blocking of the fewest estimated cycles among those whose registers the
/// machine has; none if no dimension can be lanes. It depends on the nest and
/// the vector unit alone.
std::optional<RegisterBlocking> chooseBlocking(const LoopNest &nest,
                                               const MachineModel &model);

/// For each dimension the iterations of a cache tile, or 0 for all of it, which
/// run outside of all other loops. The loop over the outermost parallel
/// dimension streams: what does not depend on it is read again in each of its
/// steps. Where that is two-dimensional or more, the other dimensions are tiled
/// such that it fits in half of the second-level cache. A reduction over lanes
/// is not tiled, and a tiled sum grows in memory from tile to tile, so that
/// tiles change no result.
llvm::SmallVector<int64_t> chooseTiles(const LoopNest &nest,
                                       const RegisterBlocking &blocking,
                                       const MachineModel &model);

} // namespace vi

#endif // VI_TARGET_REGISTERBLOCKING_H
