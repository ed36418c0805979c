//===- HeldDraws.h - noise that a fit holds fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_HELDDRAWS_H
#define VI_FIT_HELDDRAWS_H

#include "vi/Fit/CompiledModel.h"

#include <cstdint>
#include <vector>

namespace vi {
namespace fit {

/// A matrix of standard normals that owns its memory.
struct NoiseMatrix {
  std::vector<double> values;
  int64_t rows = 0;
  int64_t columns = 0;

  operator NoiseView() const { return {values.data(), rows, columns}; }
};

/// `rows` independent draws of `columns` standard normals, functions of
/// (`key`, row, column) only.
NoiseMatrix getIndependentDraws(uint64_t key, int64_t rows, int64_t columns);

/// Draws in antithetic pairs: row 2i + 1 is minus row 2i. All odd moments are
/// then exactly zero. `rows` is rounded up to a pair.
NoiseMatrix getAntitheticDraws(uint64_t key, int64_t rows, int64_t columns);

/// A block of draws that are each exactly standard normal, in antithetic pairs
/// along orthogonal directions: in each group of up to `groupSize` consecutive
/// columns the directions are orthonormal, uniformly random, and share one
/// random radius. Means over blocks are unbiased, and for quadratic functions
/// they vary with the trace of each group alone. At least `minRows` rows, and a
/// multiple of twice the size of a group.
NoiseMatrix getOrthogonalDraws(uint64_t key, int64_t minRows, int64_t columns,
                               int64_t groupSize = 128);

/// Antithetic draws whose second moments are whitened: their sample covariance
/// (about 0, divided by the number of rows) is the identity, so that the
/// expectation of every quadratic function is exact.
///
/// With m = rows / 2 pairs that can hold for m columns at most. For more
/// columns, each has variance 1; the first m / 4 columns (the sites that a
/// model declares first, on which the others depend) are uncorrelated with all
/// others; and the rest are uncorrelated within consecutive blocks of the
/// remaining dimensions.
NoiseMatrix getHeldDraws(uint64_t key, int64_t rows, int64_t columns);

} // namespace fit
} // namespace vi

#endif // VI_FIT_HELDDRAWS_H
