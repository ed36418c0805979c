//===- Posterior.h - draws and summaries of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_POSTERIOR_H
#define VI_FIT_POSTERIOR_H

#include "vi/Fit/Fit.h"

#include <optional>
#include <string>
#include <vector>

namespace vi {
namespace fit {

/// A draw of the latents, on the unconstrained scale.
struct PosteriorDraw {
  /// Of the distribution whose deviations are reported.
  std::vector<double> latents;
  /// Its log density there.
  double logDensity = 0;
  /// Of q itself, for the same noise.
  std::vector<double> guideLatents;
};

/// The approximate posterior of a fit. With a linear-response covariance C it
/// is the Gaussian N(E_q[u], C) on the unconstrained scale; for a guide that is
/// not Gaussian, q stretched about its mean to the covariance C. Without, it is
/// q.
class Posterior {
public:
  /// `key` decides the draws that estimate moments of q.
  Posterior(CompiledModel &model, const FitResult &fit, uint64_t key);

  /// Whether q is Gaussian on the unconstrained scale.
  bool hasNormalMargins() const { return isGaussian; }
  bool hasLinearResponse() const { return factor.has_value(); }
  /// Why it has not; empty if it has.
  const std::string &getReason() const { return reason; }
  /// The linear-response covariance.
  const std::optional<Matrix> &getCovariance() const { return covariance; }

  /// The standard normals that `transform` takes.
  int64_t getNoiseCount() const;

  /// The draw for these standard normals.
  PosteriorDraw transform(llvm::ArrayRef<double> noise,
                          bool withDensity = true) const;

  /// `count` draws in antithetic pairs, with whitened second moments for up to
  /// 128 latents.
  std::vector<PosteriorDraw> draw(uint64_t key, int64_t count) const;

  /// Draws without log densities whose margins are, in addition, as good as
  /// exact where they are normal: each latent's values are replaced by the
  /// quantiles, at their ranks, of the normal distribution that is its margin.
  /// For moments and quantiles of what depends on one latent.
  std::vector<PosteriorDraw> drawWithExactMargins(uint64_t key,
                                                  int64_t count) const;

private:
  std::vector<PosteriorDraw> draw(uint64_t key, int64_t count,
                                  bool withDensity) const;

  CompiledModel &model;
  std::vector<double> parameters;
  /// Those of a Gaussian q, unless that has very many latents.
  std::optional<GuideMoments> guideMoments;
  /// E_q[u], where there is a linear-response covariance.
  std::vector<double> mean;
  std::optional<Matrix> covariance;
  /// The Cholesky factors of the covariance and, where it is needed, of q's.
  std::optional<Matrix> factor, guideFactor;
  double logDeterminant = 0;
  bool isGaussian = false;
  std::string reason;
};

/// The marginals of a site or generated quantity, on its constrained scale.
struct ArraySummary {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> mean, sd, q05, q50, q95;
  /// Of q itself; empty for what is not a latent.
  std::vector<double> guideSD;
};

/// Moments and quantiles over at most `maxDraws` draws, eight times as many
/// where margins are not normal; over fewer, but not below 64, where a draw has
/// many numbers.
std::vector<ArraySummary> summarize(CompiledModel &model, const FitResult &fit,
                                    const Posterior &posterior, uint64_t seed,
                                    int64_t maxDraws = 8192);

} // namespace fit
} // namespace vi

#endif // VI_FIT_POSTERIOR_H
