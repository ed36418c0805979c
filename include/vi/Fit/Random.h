//===- Random.h - counter-based random numbers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The numbers of the `rng` dialect for the host: each is a pure function of a
// key and an index, the same on every machine.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_RANDOM_H
#define VI_FIT_RANDOM_H

#include <array>
#include <cstdint>
#include <vector>

namespace vi {
namespace fit {

/// Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw (2011),
/// "Parallel random numbers: as easy as 1, 2, 3", SC '11.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                               std::array<uint32_t, 2> key);

/// A new key from a key and a number, as `rng.fold_in`.
uint64_t foldIn(uint64_t key, uint64_t data);

/// 64 random bits.
uint64_t getRandomBits(uint64_t key, uint64_t index);

/// Uniform on (0, 1), as `rng.uniform`.
double getUniform(uint64_t key, uint64_t index);

/// Standard normal, as `rng.normal`.
double getNormal(uint64_t key, uint64_t index);

/// The quantile function of the standard normal distribution, to about 1e-16:
/// M. J. Wichura (1988), "Algorithm AS 241: The percentage points of the normal
/// distribution", Applied Statistics 37, 477-484.
double getNormalQuantile(double probability);

/// A random order of 0 .. count - 1 (Fisher and Yates).
std::vector<int64_t> getPermutation(uint64_t key, int64_t count);

} // namespace fit
} // namespace vi

#endif // VI_FIT_RANDOM_H
