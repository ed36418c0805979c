//===- ImportanceSampling.h - the posterior by weighted draws -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A draw u of a proposal r stands for the posterior with the weight
// p(x, u) / r(u): the mean of the weights estimates p(x), weighted means those
// of the posterior, whatever r is, if only its tails are heavy enough. Where
// they are not, Pareto k-hat says so.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_IMPORTANCESAMPLING_H
#define VI_FIT_IMPORTANCESAMPLING_H

#include "vi/Fit/LinearAlgebra.h"
#include "vi/Fit/ParetoSmoothing.h"
#include "vi/Fit/Posterior.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vi {
namespace fit {

/// A distribution of the latents on the unconstrained scale whose log density
/// is known exactly.
struct Proposal {
  /// As users read it, e.g. "linear response".
  std::string name;
  /// The standard normals that a draw takes.
  int64_t noiseCount = 0;
  /// Writes a draw, and returns its log density.
  std::function<double(llvm::ArrayRef<double> noise,
                       llvm::MutableArrayRef<double> latents)>
      draw;
};

/// q itself.
Proposal getGuideProposal(CompiledModel &model,
                          llvm::ArrayRef<double> parameters);

/// The distribution whose deviations are reported, where that is not q.
Proposal getPosteriorProposal(const Posterior &posterior);

/// N(mean, L L').
Proposal getGaussianProposal(std::string name, std::vector<double> mean,
                             Matrix factor);

/// Another proposal, moved and stretched: u -> to + L (K^-1 (u - from)), with
/// lower triangular L (`toFactor`) and K (`fromFactor`).
Proposal getAffineProposal(std::string name, Proposal base,
                           std::vector<double> from, Matrix fromFactor,
                           std::vector<double> to, Matrix toFactor);

/// Draws of a proposal and their weights.
struct ImportanceSample {
  std::string proposal;
  /// A row for each draw; two consecutive ones have opposite noise.
  Matrix latents;
  /// log p(x, u) - log r(u); minus infinity where the joint density is zero or
  /// not a number.
  std::vector<double> logRatios;
  SmoothedWeights weights;
  /// Moments of the latents under the proposal and under the weights.
  std::vector<double> proposalMean, proposalSD, mean, sd;
  /// Draws whose joint density is not a number, or infinite.
  int64_t nonFinite = 0;
  /// The standard error of the log of the mean weight.
  double logEvidenceError = 0;

  int64_t getCount() const { return latents.rows; }
  double getLogEvidence() const { return weights.logMean; }
  /// The covariance under the weights, or that of the draws.
  Matrix getCovariance(bool weighted) const;
};

/// Draws `count` (even) times, in antithetic pairs: means of what is linear in
/// the noise are exact where the weights are equal.
ImportanceSample sample(CompiledModel &model, llvm::ArrayRef<double> parameters,
                        const Proposal &proposal, uint64_t key, int64_t count);

/// How far each latent's posterior mean is from the proposal's, in standard
/// deviations of the posterior. Where the weights w are not reliable, or worth
/// fewer than a tenth of the draws (and, whatever k-hat is, less than half),
/// those of the powers w^t are taken, at the largest t <= 1 for which they are,
/// and the rest of the way by the slope of the mean in t, which is the
/// covariance of latent and log weight: a first order estimate on the path from
/// proposal to posterior, small rather than large. `power` is t.
struct MeanShift {
  std::vector<double> shift;
  double power = 1;
  /// About the standard error of a shift.
  double error = 0;
};
MeanShift getMeanShift(const ImportanceSample &sample);

/// The Cholesky factor of minus the inverse Hessian of log p(x, u), by
/// differences with steps in units of `scales`; nothing where that is not
/// definite.
std::optional<Matrix> getLaplaceFactor(CompiledModel &model,
                                       llvm::ArrayRef<double> parameters,
                                       llvm::ArrayRef<double> mode,
                                       llvm::ArrayRef<double> scales);

} // namespace fit
} // namespace vi

#endif // VI_FIT_IMPORTANCESAMPLING_H
