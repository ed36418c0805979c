//===- ParetoSmoothing.h - tails of importance weights -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_PARETOSMOOTHING_H
#define VI_FIT_PARETOSMOOTHING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace vi {
namespace fit {

/// The generalized Pareto distribution with location 0, whose distribution
/// function is 1 - (1 + shape x / scale)^(-1 / shape).
struct GeneralizedPareto {
  double shape = 0, scale = 0;

  double getQuantile(double probability) const;
};

/// Fits it to excesses over a threshold, in increasing order and not all zero:
/// J. Zhang and M. A. Stephens (2009), "A new and efficient estimation method
/// for the generalized Pareto distribution", Technometrics 51, 316-325. The
/// shape is drawn towards 1/2 by as much as ten observations would (A. Vehtari,
/// D. Simpson, A. Gelman, Y. Yao and J. Gabry, 2024, "Pareto smoothed
/// importance sampling", Journal of Machine Learning Research 25(72)).
GeneralizedPareto fitGeneralizedPareto(llvm::ArrayRef<double> excesses);

/// Importance weights whose largest ones have been replaced by quantiles of the
/// generalized Pareto distribution that fits them.
struct SmoothedWeights {
  /// They sum to one.
  std::vector<double> weights;
  /// The logarithm of the mean of the smoothed ratios.
  double logMean = 0;
  /// Pareto k-hat, the shape of the upper tail. The weights have 1 / k finite
  /// moments; for k above 0.7 means over them cannot be trusted. 0 where the
  /// ratios do not vary; infinity where there is no tail to fit, as too few
  /// ratios are not zero.
  double shape = 0;
  /// Its standard error, (1 + k) over the root of the number of independent
  /// draws in the tail.
  double shapeError = 0;
  /// 1 / sum of the squared weights.
  double effectiveSize = 0;
  /// The share of all weight that the fitted tail has beyond the largest weight
  /// at hand: what as many draws have not seen, as far as the tail tells. 1
  /// where the tail has no mean.
  double unseenShare = 0;

  /// Whether means over the weights can be trusted: the shape is at most 0.7
  /// and 1 - 1 / log10(effectiveSize), for which the paper below asks the
  /// number of draws, or next to nothing of the weight is in the tail.
  bool areReliable() const;
};

/// Smooths the weights exp(logRatios), as the paper above has it: the tail is
/// the ceil(min(0.2 S, 3 sqrt(S))) largest of S. Consecutive `groupSize` ratios
/// depend on each other; only their standard errors know.
SmoothedWeights smoothWeights(llvm::ArrayRef<double> logRatios,
                              int64_t groupSize = 1);

} // namespace fit
} // namespace vi

#endif // VI_FIT_PARETOSMOOTHING_H
