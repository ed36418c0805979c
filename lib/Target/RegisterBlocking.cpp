//===- RegisterBlocking.cpp - the cost model of vectorized nests ----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/RegisterBlocking.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace vi;

/// What the size of a dimension is taken for where it is not known.
static constexpr int64_t typicalSize = 64;

/// Numbers of iterations done at once that are tried.
static constexpr int64_t unrollCandidates[] = {1, 2, 3, 4, 6, 8, 16};

SmallVector<LoopSegment> vi::getSegments(int64_t size, int64_t unroll,
                                         bool isLane) {
  SmallVector<LoopSegment> segments;
  if (int64_t trips = size / unroll)
    segments.push_back({trips, unroll});
  if (int64_t rest = size % unroll)
    segments.push_back(isLane ? LoopSegment{1, rest} : LoopSegment{rest, 1});
  return segments;
}

bool vi::canBeLanes(const LoopNest &nest, unsigned dimension) {
  return all_of(nest.accesses, [&](const LoopNest::Access &access) {
    switch (access.strides[dimension]) {
    case LoopNest::Stride::One:
      return true;
    case LoopNest::Stride::Zero:
      return !access.output || access.reassociable;
    case LoopNest::Stride::Other:
      return false;
    }
    return false;
  });
}

SmallVector<unsigned> vi::getLoopOrder(const LoopNest &nest,
                                       unsigned laneDimension) {
  SmallVector<unsigned> order;
  for (bool reduction : {false, true}) {
    for (unsigned d = 0, end = nest.dimensions.size(); d < end; ++d)
      if (d != laneDimension && nest.dimensions[d].reduction == reduction)
        order.push_back(d);
    if (nest.dimensions[laneDimension].reduction == reduction)
      order.push_back(laneDimension);
  }
  return order;
}

/// The elements (vectors) of an access in one block.
static int64_t countElements(const LoopNest::Access &access,
                             ArrayRef<int64_t> unroll) {
  int64_t count = 1;
  for (unsigned d = 0, end = unroll.size(); d < end; ++d)
    if (access.dependsOn(d))
      count *= unroll[d];
  return count;
}

/// The accumulators of an output in one block: partial sums of the lanes each
/// have their own.
static int64_t countAccumulators(const LoopNest::Access &access,
                                 const RegisterBlocking &blocking,
                                 ArrayRef<int64_t> unroll) {
  int64_t count = countElements(access, unroll);
  if (!access.dependsOn(blocking.laneDimension))
    count *= unroll[blocking.laneDimension];
  return count;
}

/// The dimension of the innermost loop.
static unsigned getInnermost(const LoopNest &nest,
                             const RegisterBlocking &blocking) {
  return getLoopOrder(nest, blocking.laneDimension).back();
}

int64_t vi::countRegisters(const LoopNest &nest,
                           const RegisterBlocking &blocking,
                           ArrayRef<int64_t> unroll) {
  unsigned innermost = getInnermost(nest, blocking);
  int64_t held = 0, loaded = 0, largest = 0;
  for (const LoopNest::Access &access : nest.accesses) {
    if (access.output) {
      held += countAccumulators(access, blocking, unroll);
      continue;
    }
    int64_t count = countElements(access, unroll);
    if (!access.dependsOn(innermost)) {
      held += count;
      continue;
    }
    loaded += count;
    largest = std::max(largest, count);
  }
  // One operand at a time of those that are most needs a register. A longer
  // computation has intermediate values.
  if (largest)
    loaded += 1 - largest;
  int64_t intermediate = std::min<int64_t>(nest.operations / 2, 4);
  return held + loaded + intermediate;
}

/// Cycles of one run of the innermost loop on a block, with what is before and
/// after it.
static double estimateBlock(const LoopNest &nest,
                            const RegisterBlocking &blocking,
                            const MachineModel &model, ArrayRef<int64_t> unroll,
                            int64_t trips) {
  unsigned innermost = getInnermost(nest, blocking);
  double points = 1;
  for (int64_t count : unroll)
    points *= count;
  double loads = 0, setup = 0, chains = 0, sums = 0;
  for (const LoopNest::Access &access : nest.accesses) {
    double count = countElements(access, unroll);
    bool changes = access.dependsOn(innermost);
    if (!access.output) {
      (changes ? loads : setup) += count / model.loadPorts;
      continue;
    }
    // Loaded, and stored one at a time.
    double cost = count * (access.accumulates ? 1.5 : 1);
    (changes ? loads : setup) += cost;
    if (!changes) {
      chains = std::max(chains,
                        points / countAccumulators(access, blocking, unroll));
    }
    if (access.dependsOn(blocking.laneDimension))
      continue;
    // The tree: vectors of different sums are merged while there are some.
    double merged = 1;
    for (unsigned d = 0, end = unroll.size(); d < end; ++d)
      if (access.strides[d] == LoopNest::Stride::One)
        merged = std::min<double>(unroll[d], blocking.lanes);
    double steps = (merged - 1) + Log2_64_Ceil(blocking.lanes) -
                   Log2_64_Ceil(static_cast<uint64_t>(merged));
    sums += 3 * steps * count / merged;
  }
  double step = std::max({loads, points * nest.operations / model.fmaPorts,
                          chains * model.fmaLatency});
  // Of blockings that are equally fast the one that loads least.
  return trips * (step + loads / 16) + setup + sums;
}

/// Sums `estimateBlock` over the segments of the dimensions from the loop
/// `level` on.
static double estimateSegments(const LoopNest &nest,
                               const RegisterBlocking &blocking,
                               const MachineModel &model,
                               ArrayRef<unsigned> order, unsigned level,
                               SmallVectorImpl<int64_t> &unroll) {
  unsigned dimension = order[level];
  bool isLane = dimension == blocking.laneDimension;
  int64_t size = nest.dimensions[dimension].size;
  if (size == LoopNest::dynamic)
    size = typicalSize;
  if (isLane)
    size = divideCeil(size, blocking.lanes);
  double cycles = 0;
  for (LoopSegment segment :
       getSegments(size, blocking.unroll[dimension], isLane)) {
    unroll[dimension] = segment.unroll;
    if (level + 1 == order.size())
      cycles += estimateBlock(nest, blocking, model, unroll, segment.trips);
    else
      cycles += segment.trips * estimateSegments(nest, blocking, model, order,
                                                 level + 1, unroll);
  }
  return cycles;
}

double vi::estimateCycles(const LoopNest &nest,
                          const RegisterBlocking &blocking,
                          const MachineModel &model) {
  SmallVector<unsigned> order = getLoopOrder(nest, blocking.laneDimension);
  SmallVector<int64_t> unroll(blocking.unroll);
  return estimateSegments(nest, blocking, model, order, 0, unroll);
}

/// The lanes of vectors along a dimension: those of a register, or fewer if
/// the dimension is shorter.
static unsigned getLanes(const LoopNest &nest, unsigned dimension,
                         const MachineModel &model) {
  unsigned lanes = model.getLanes(nest.elementBits);
  int64_t size = nest.dimensions[dimension].size;
  if (size == LoopNest::dynamic)
    return lanes;
  return std::min<int64_t>(
      lanes, PowerOf2Ceil(static_cast<uint64_t>(std::max<int64_t>(size, 1))));
}

std::optional<RegisterBlocking> vi::chooseBlocking(const LoopNest &nest,
                                                   const MachineModel &model) {
  std::optional<RegisterBlocking> best;
  double bestCycles = 0;
  unsigned rank = nest.dimensions.size();
  auto consider = [&](const RegisterBlocking &blocking) {
    bool isBlocked =
        any_of(blocking.unroll, [](int64_t count) { return count > 1; });
    if (isBlocked && countRegisters(nest, blocking, blocking.unroll) >
                         static_cast<int64_t>(model.vectorRegisters))
      return;
    double cycles = estimateCycles(nest, blocking, model);
    // A blocking must be worth its code.
    if (best && cycles > 0.98 * bestCycles)
      return;
    best = blocking;
    bestCycles = cycles;
  };
  for (unsigned lane = rank; lane-- > 0;) {
    if (!canBeLanes(nest, lane))
      continue;
    RegisterBlocking blocking;
    blocking.laneDimension = lane;
    blocking.lanes = getLanes(nest, lane, model);
    if (blocking.lanes == 1)
      continue;
    SmallVector<unsigned> others;
    for (unsigned d = 0; d < rank; ++d)
      if (d != lane && !nest.dimensions[d].reduction)
        others.push_back(d);
    auto getLimit = [&](unsigned d) -> int64_t {
      int64_t size = nest.dimensions[d].size;
      if (size == LoopNest::dynamic)
        return unrollCandidates[std::size(unrollCandidates) - 1];
      return d == lane ? divideCeil(size, blocking.lanes) : size;
    };
    bool anyReduction = any_of(nest.dimensions, [](const auto &dimension) {
      return dimension.reduction;
    });
    for (int64_t vectors : unrollCandidates) {
      if (vectors > 1 && (vectors > getLimit(lane) || !anyReduction))
        break;
      // Partial sums over lanes, and blocks of others, are two ways to the
      // same end; the sum of a row must not depend on the rows beside it.
      if (vectors > 1 && nest.dimensions[lane].reduction && !others.empty())
        break;
      blocking.unroll.assign(rank, 1);
      blocking.unroll[lane] = vectors;
      consider(blocking);
      // Without accumulators nothing waits and little is shared.
      if (!anyReduction)
        break;
      for (unsigned i = 0, end = others.size(); i < end; ++i) {
        for (int64_t first : unrollCandidates) {
          if (first == 1)
            continue;
          if (first > getLimit(others[i]))
            break;
          blocking.unroll[others[i]] = first;
          consider(blocking);
          for (unsigned j = i + 1; j < end; ++j) {
            for (int64_t second : unrollCandidates) {
              if (second == 1)
                continue;
              if (second > getLimit(others[j]))
                break;
              blocking.unroll[others[j]] = second;
              consider(blocking);
            }
            blocking.unroll[others[j]] = 1;
          }
        }
        blocking.unroll[others[i]] = 1;
      }
    }
  }
  return best;
}

SmallVector<int64_t> vi::chooseTiles(const LoopNest &nest,
                                     const RegisterBlocking &blocking,
                                     const MachineModel &model) {
  /// Iterations of a reduction that amortize loading and storing accumulators.
  constexpr int64_t reductionTile = 256;
  /// What a long dimension of unknown size is taken for.
  constexpr int64_t longSize = 1024;
  unsigned rank = nest.dimensions.size();
  SmallVector<int64_t> tiles(rank, 0);
  unsigned lane = blocking.laneDimension;
  unsigned stream = getLoopOrder(nest, lane).front();
  if (nest.dimensions[stream].reduction || stream == lane)
    return tiles;
  auto getSize = [&](unsigned d) {
    int64_t size = nest.dimensions[d].size;
    return size == LoopNest::dynamic ? longSize : size;
  };
  if (getSize(stream) <= blocking.unroll[stream])
    return tiles;

  auto isReused = [&](const LoopNest::Access &access) {
    unsigned dependencies = 0;
    for (unsigned d = 0; d < rank; ++d)
      dependencies += access.dependsOn(d);
    return !access.output && !access.dependsOn(stream) && dependencies > 1;
  };
  auto getBytes = [&] {
    int64_t bytes = 0;
    for (const LoopNest::Access &access : nest.accesses) {
      if (!isReused(access))
        continue;
      int64_t elements = nest.elementBits / 8;
      for (unsigned d = 0; d < rank; ++d)
        if (access.dependsOn(d))
          elements *= tiles[d] ? tiles[d] : getSize(d);
      bytes += elements;
    }
    return bytes;
  };
  int64_t budget = model.l2Bytes / 2;
  for (bool reduction : {true, false}) {
    for (unsigned d = 0; d < rank && getBytes() > budget; ++d) {
      const LoopNest::Dimension &dimension = nest.dimensions[d];
      if (d == stream || dimension.reduction != reduction)
        continue;
      if (reduction) {
        if (d != lane && getSize(d) > reductionTile)
          tiles[d] = reductionTile;
        continue;
      }
      // As many whole blocks as fit.
      int64_t step = blocking.unroll[d] * (d == lane ? blocking.lanes : 1);
      int64_t size = getSize(d);
      int64_t fitting =
          static_cast<int64_t>(static_cast<double>(size) * budget / getBytes());
      int64_t tile = std::max(step, fitting / step * step);
      if (tile < size)
        tiles[d] = tile;
    }
  }
  return tiles;
}
