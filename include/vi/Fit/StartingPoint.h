//===- StartingPoint.h - where a fit begins -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_STARTINGPOINT_H
#define VI_FIT_STARTINGPOINT_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/Guide.h"
#include "vi/Fit/GuideFactor.h"
#include "vi/Fit/Objective.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace vi {
namespace fit {

struct StartOptions {
  uint64_t seed = 1;
  /// Points that are tried, where draws are sampled: `parameters` itself, and
  /// others with locations uniform within 2 of it. An objective without
  /// sampled terms has no cheap approximation, and one point.
  int64_t candidates = 8;
  /// The guide's factor, if that has been looked for and found.
  const GuideFactor *guide = nullptr;
  /// Asked often; true ends the search with what it has.
  std::function<bool()> isInterrupted = [] { return false; };
};

/// A better start than `parameters` for a normal guide with a location and a
/// scale for each latent, or `parameters` as they are for another one.
///
/// Two steps take turns. Each scale is set to where its derivative would be
/// zero if the curvature stayed as it is: by Stein's identity the derivative of
/// the ELBO by a log-scale is 1 + s^2 E[d^2 log p / du^2], so one gradient says
/// that. And the locations go uphill by L-BFGS in units of these scales, which
/// stay as they are. So the start comes from the data's scale and the prior,
/// whatever the units of either, and correlated latents do not hold each
/// other's widths down on the way; as every point has a width, it does not
/// fall into a narrow peak of the density.
///
/// A guide with all correlations gets, in addition, the expected curvature for
/// its precision, and a Newton step for its mean: at an optimal normal q,
/// Sigma^-1 = -E[d^2 log p / du^2] and E[d log p / du] = 0.
///
/// Each point takes a few turns, over a few draws, and the best goes on until
/// they gain little. `counts` receives the draws and, as if they had been those
/// of evaluations with `rows` draws, the gradients; not the evaluations that
/// are not finite, which no optimizer has seen.
std::vector<double>
findStart(CompiledModel &model, llvm::ArrayRef<double> parameters,
          const GuideStructure &structure, llvm::ArrayRef<PlateBatch> batches,
          int64_t rows, const StartOptions &options, EvaluationCounts &counts);

} // namespace fit
} // namespace vi

#endif // VI_FIT_STARTINGPOINT_H
