//===- Verdict.h - how far a fit is to be trusted -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_VERDICT_H
#define VI_FIT_VERDICT_H

#include "vi/Fit/Fit.h"
#include "vi/Fit/Posterior.h"
#include "vi/Fit/Starts.h"

#include <optional>
#include <string>
#include <vector>

namespace vi {
namespace fit {

enum class Judgement {
  /// As good as the posterior's, as far as can be seen.
  Good,
  /// Off, but the weights are reliable, and so what they correct.
  Corrected,
  /// Off, or it may be, and nothing corrects it.
  Suspect,
  /// Nothing is known.
  NotJudged
};

/// "good", "corrected", "suspect" or "not judged".
llvm::StringRef getName(Judgement judgement);

/// What was found with one proposal.
struct ProposalVerdict {
  std::string name;
  double khat = 0, khatError = 0, effectiveSize = 0;
};

/// Posterior moments of a site or generated quantity by importance sampling, on
/// its constrained scale.
struct ArrayCorrection {
  std::vector<double> mean, sd;
};

/// Means, standard deviations and tails are judged apart, on the unconstrained
/// scale: a mean-field q that is much too narrow may have every mean right.
///
/// Means are judged by how far importance sampling with the best proposal moves
/// them (`getMeanShift`), and, by reliable weights, those of all that is
/// reported, on its own scale. Up to `meanTolerance` standard deviations they
/// are good; beyond that corrected, if the weights are reliable, or else
/// suspect; suspect, too, where next to no draw of any proposal has weight.
/// Other optima of the ELBO within three nats make them suspect always: no
/// weight sees a mode that no draw comes near.
///
/// Standard deviations, the reported ones, are good within a factor of
/// `sdTolerance`, and tails if no latent's 5% and 95% quantiles have less than
/// half or more than twice as much beyond them; each more by two standard
/// errors.
struct Verdict {
  static constexpr double meanTolerance = 0.25;
  static constexpr double sdTolerance = 1.15;
  static constexpr double closeOptimum = 3;
  /// The effective share of draws below which unreliable weights say nothing.
  static constexpr double fewDraws = 0.025;

  Judgement means = Judgement::NotJudged, sds = Judgement::NotJudged,
            tails = Judgement::NotJudged;
  /// Why, for each in a line, without a final stop.
  std::string meansReason, sdsReason, tailsReason;
  /// What several starts have found; empty for a single one.
  std::string starts;
  /// All about means; full sentences without a final stop.
  std::vector<std::string> warnings;

  /// The proposals tried, and the best; empty where nothing was sampled.
  std::vector<ProposalVerdict> proposals;
  size_t best = 0;
  int64_t draws = 0;
  double logEvidence = 0, logEvidenceError = 0;
  /// There is another optimum nearly as high, of which the evidence, like all
  /// else, knows nothing.
  bool isOneMode = false;
  /// In the order of the reported arrays.
  std::vector<ArrayCorrection> corrections;

  bool hasWeights() const { return !proposals.empty(); }
};

/// Judges a fit by draws of q, of the linear-response distribution where there
/// is one, of a normal distribution about q's means with the curvature of the
/// joint density where there is none, and, if none of them has a k-hat of at
/// most 0.7, of ones with the moments that their weights give. 4000 draws of
/// each, or down to 1000 where an evaluation reads much; nothing, and a reason,
/// where that would take more than some tenths of a second and a quarter of the
/// fit.
///
/// `summaries` are those of the same fit and posterior.
Verdict judge(CompiledModel &model, const StartsResult &fits,
              const Posterior &posterior,
              llvm::ArrayRef<ArraySummary> summaries, uint64_t seed);

} // namespace fit
} // namespace vi

#endif // VI_FIT_VERDICT_H
