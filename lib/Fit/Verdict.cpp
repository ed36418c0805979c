//===- Verdict.cpp - how far a fit is to be trusted -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Verdict.h"
#include "vi/Fit/ImportanceSampling.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace vi::fit;

llvm::StringRef vi::fit::getName(Judgement judgement) {
  switch (judgement) {
  case Judgement::Good:
    return "good";
  case Judgement::Corrected:
    return "corrected";
  case Judgement::Suspect:
    return "suspect";
  case Judgement::NotJudged:
    return "not judged";
  }
  return "";
}

namespace {

/// The numbers that the judgement may read: about a second, as values take a
/// third of the time of gradients.
constexpr double judgementWork = 6e8;

class Judge {
public:
  Judge(CompiledModel &model, const StartsResult &fits,
        const Posterior &posterior, llvm::ArrayRef<ArraySummary> summaries,
        uint64_t seed)
      : model(model), fits(fits), fit(fits.best), posterior(posterior),
        summaries(summaries), seed(seed), latentCount(model.getLatentCount()) {}

  Verdict run();

private:
  /// How many draws of a proposal are affordable; 0 where too few are.
  int64_t chooseDraws();
  void addSample(const Proposal &proposal);
  void sampleProposals();
  void adapt();
  const ImportanceSample &getBest() const { return samples[verdict.best]; }
  /// The sample of the distribution that is reported.
  const ImportanceSample &getReported() const { return samples[reported]; }
  /// Means and deviations over the weights are good enough to judge by: they
  /// are reliable, or so even that heavy tails of them are no matter.
  static bool areMeasured(const ImportanceSample &sample) {
    return sample.weights.areReliable() ||
           sample.weights.effectiveSize >= 0.5 * double(sample.getCount());
  }
  void judgeMeans();
  void judgeSDs();
  void judgeTails();
  void judgeOptimum();
  void correct();
  std::string describeKhat() const;

  CompiledModel &model;
  const StartsResult &fits;
  const FitResult &fit;
  const Posterior &posterior;
  llvm::ArrayRef<ArraySummary> summaries;
  uint64_t seed;
  int64_t latentCount;

  std::vector<ImportanceSample> samples;
  std::vector<Proposal> proposals;
  size_t reported = 0;
  Verdict verdict;
};

} // namespace

int64_t Judge::chooseDraws() {
  // A latent costs its noise, its transformation and its moments; a draw of the
  // linear-response distribution reads its covariance's factor.
  auto latents = double(latentCount);
  double work = double(model.getWork()) + 10 * latents;
  if (posterior.hasLinearResponse())
    work += 0.5 * latents * latents;
  // Draws make no difference to an exact ELBO.
  double fitDraws =
      model.isExact() ? double(fit.counts.gradients) : fit.counts.draws;
  double affordable = std::max(
      judgementWork / work, 0.25 * fitDraws * double(model.getWork()) / work);
  for (int64_t draws : {4000, 2000, 1000, 500, 250})
    if (double(draws) <= affordable && double(draws) * latents < 4e7)
      return draws;
  return 0;
}

void Judge::addSample(const Proposal &proposal) {
  uint64_t key = getStreamKey(seed, Stream::Posterior, 100 + samples.size());
  samples.push_back(
      sample(model, fit.parameters, proposal, key, verdict.draws));
  proposals.push_back(proposal);
  const SmoothedWeights &weights = samples.back().weights;
  verdict.proposals.push_back({proposal.name, weights.shape, weights.shapeError,
                               weights.effectiveSize});
  // What can be judged by before what cannot; then the smaller k-hat, or, where
  // neither is by more than its error, the larger effective sample size.
  const ProposalVerdict &candidate = verdict.proposals.back();
  const ProposalVerdict &best = verdict.proposals[verdict.best];
  double difference = candidate.khat - best.khat;
  double error = std::hypot(candidate.khatError, best.khatError);
  bool isBetter =
      difference < -error ||
      (difference <= error && candidate.effectiveSize > best.effectiveSize);
  bool isMeasured = areMeasured(samples.back());
  if (isMeasured == areMeasured(getBest()) ? isBetter : isMeasured)
    verdict.best = samples.size() - 1;
}

void Judge::sampleProposals() {
  if (!fit.structure.isPoint)
    addSample(getGuideProposal(model, fit.parameters));
  if (posterior.hasLinearResponse()) {
    reported = samples.size();
    addSample(getPosteriorProposal(posterior));
    // What is reported corrects itself with the least noise.
    if (areMeasured(getReported()) && getReported().weights.effectiveSize >=
                                          0.5 * getBest().weights.effectiveSize)
      verdict.best = reported;
    return;
  }
  // Without a covariance, the curvature at the center.
  double evaluations = 2.0 * double(latentCount) * double(latentCount);
  if (samples.empty() || evaluations > 2.0 * double(verdict.draws))
    return;
  const ImportanceSample &guide = samples.front();
  if (llvm::any_of(guide.proposalSD, [](double sd) { return !(sd > 0); }))
    return;
  if (std::optional<Matrix> factor = getLaplaceFactor(
          model, fit.parameters, guide.proposalMean, guide.proposalSD))
    addSample(getGaussianProposal("curvature", guide.proposalMean,
                                  std::move(*factor)));
}

/// Proposals with the moments that weights give (T. Paananen, J. Piironen,
/// P.-C. Buerkner and A. Vehtari, 2021, "Implicitly adaptive importance
/// sampling", Statistics and Computing 31): the covariance where the weights
/// are worth many draws for each latent, else the variances.
void Judge::adapt() {
  for (int round = 0; round < 3; ++round) {
    const ImportanceSample &best = getBest();
    if (areMeasured(best) || best.weights.effectiveSize < 30)
      return;
    Matrix from(latentCount, latentCount), to(latentCount, latentCount);
    bool isWhole = best.weights.effectiveSize >= 10 * double(latentCount);
    if (isWhole) {
      from = best.getCovariance(/*weighted=*/false);
      to = best.getCovariance(/*weighted=*/true);
      isWhole = factorizeCholesky(from) && factorizeCholesky(to);
    }
    if (!isWhole) {
      from = to = Matrix(latentCount, latentCount);
      for (int64_t i = 0; i < latentCount; ++i) {
        from(i, i) = best.proposalSD[i];
        to(i, i) = best.sd[i];
        if (!(from(i, i) > 0 && to(i, i) > 0))
          return;
      }
    }
    size_t before = verdict.best;
    addSample(getAffineProposal("moments matched", proposals[before],
                                best.proposalMean, std::move(from), best.mean,
                                std::move(to)));
    if (verdict.best == before)
      return;
  }
}

std::string Judge::describeKhat() const {
  const ProposalVerdict &best = verdict.proposals[verdict.best];
  if (!std::isfinite(best.khat))
    return "hardly a draw has a density under the posterior";
  return llvm::formatv("k-hat {0:f2}, {1:f0} of {2} draws effective", best.khat,
                       best.effectiveSize, verdict.draws);
}

/// As `theta[1,2]`.
static std::string getElementName(const ReportedArray &array, int64_t element) {
  std::string index;
  for (size_t d = array.shape.size(); d-- > 0; element /= array.shape[d])
    index = std::to_string(element % array.shape[d] + 1) +
            (index.empty() ? "" : ",") + index;
  return index.empty() ? array.name : array.name + "[" + index + "]";
}

void Judge::judgeMeans() {
  MeanShift shift = getMeanShift(getBest());
  // From the reported means, which another proposal may have left.
  const ImportanceSample &best = getBest(), &own = getReported();
  int64_t worst = 0;
  double largest = 0;
  for (int64_t i = 0; i < latentCount; ++i) {
    double sd = best.sd[i];
    double moved =
        sd > 0 ? (best.proposalMean[i] - own.proposalMean[i]) / sd : 0;
    double size = std::fabs(shift.shift[i] + moved);
    if (!(size <= largest)) {
      largest = size;
      worst = i;
    }
  }
  bool isReliable = areMeasured(best);
  std::string name = model.getLatentName(worst);
  std::string scale = " on the unconstrained scale";
  // And what is computed of the latents, on its own scale: all that matters of
  // a mean may be in their correlations.
  int64_t array = 0;
  for (auto [summary, correction] : llvm::zip(summaries, verdict.corrections)) {
    for (size_t i = 0; i < summary.mean.size() && isReliable; ++i) {
      double size =
          std::fabs(summary.mean[i] - correction.mean[i]) / correction.sd[i];
      if (!(size > largest) || !std::isfinite(size))
        continue;
      largest = size;
      name = getElementName(model.getReportedArrays()[array], i);
      scale.clear();
    }
    ++array;
  }
  double effective = best.weights.effectiveSize;
  if (!isReliable && effective < Verdict::fewDraws * double(best.getCount()) &&
      !(largest > Verdict::meanTolerance)) {
    verdict.means = Judgement::Suspect;
    verdict.meansReason =
        "the posterior is too far from every proposal to tell (" +
        describeKhat() + ")";
    verdict.warnings.push_back("the means may not be the posterior's: " +
                               verdict.meansReason);
    return;
  }
  if (!(largest > Verdict::meanTolerance)) {
    double shown = std::max(1.0, std::ceil(100 * largest)) / 100;
    verdict.means = Judgement::Good;
    verdict.meansReason =
        isReliable
            ? llvm::formatv("none is off by more than {0:f2} sd", shown).str()
            : llvm::formatv("to first order, none is off by more than {0:f2} "
                            "sd; the weights are too uneven to say more ({1})",
                            shown, describeKhat())
                  .str();
    return;
  }
  verdict.means = isReliable ? Judgement::Corrected : Judgement::Suspect;
  std::string where = llvm::formatv(
      "that of {0} is off by about {1} sd on the unconstrained "
      "scale",
      name,
      std::isfinite(largest) ? llvm::formatv("{0:f1}", largest).str()
                             : std::string("many"));
  verdict.meansReason =
      isReliable ? where
                 : where + ", and the weights are too uneven to correct it (" +
                       describeKhat() + ")";
  verdict.warnings.push_back(
      "the means are not the posterior's: " + where +
      (isReliable
           ? "; importance sampling corrects them (mean_corrected)"
           : "; the weights are too uneven to correct them (" + describeKhat() +
                 "): try --guide=fullrank, or other coordinates"));
}

void Judge::judgeSDs() {
  const ImportanceSample &best = getBest(), &shown = getReported();
  if (!areMeasured(best)) {
    verdict.sds = Judgement::Suspect;
    verdict.sdsReason =
        "the weights are too uneven to judge them (" + describeKhat() + ")";
    return;
  }
  double worst = 0;
  int64_t where = 0;
  for (int64_t i = 0; i < latentCount; ++i) {
    double change = std::log(best.sd[i] / shown.proposalSD[i]);
    if (!(std::fabs(change) <= std::fabs(worst))) {
      worst = change;
      where = i;
    }
  }
  // Of a logarithm of a standard deviation, where the margins are normal.
  double error = std::sqrt(0.5 / best.weights.effectiveSize);
  bool isGood = std::fabs(worst) <= std::log(Verdict::sdTolerance) + 2 * error;
  verdict.sds = isGood ? Judgement::Good : Judgement::Corrected;
  int percent = static_cast<int>(std::ceil(100 * std::expm1(std::fabs(worst))));
  verdict.sdsReason =
      isGood ? llvm::formatv("none is off by more than {0} %", percent).str()
             : llvm::formatv("that of {0} is too {1} by {2} %",
                             model.getLatentName(where),
                             worst > 0 ? "narrow" : "wide", percent)
                   .str();
}

void Judge::judgeTails() {
  const ImportanceSample &best = getBest(), &shown = getReported();
  if (!best.weights.areReliable()) {
    verdict.tails = Judgement::Suspect;
    verdict.tailsReason =
        "those of the posterior are heavier than any proposal's (" +
        describeKhat() + ")";
    return;
  }
  int64_t count = shown.getCount();
  std::vector<double> column(count);
  // The probabilities beyond the 5% and 95% quantiles of what is reported.
  double least = 1, most = 0;
  std::string leastName, mostName;
  for (int64_t i = 0; i < latentCount; ++i)
    for (bool upper : {false, true}) {
      for (int64_t row = 0; row < count; ++row)
        column[row] = shown.latents(row, i);
      auto place = column.begin() + (upper ? 95 : 5) * count / 100;
      std::nth_element(column.begin(), place, column.end());
      double beyond = 0;
      for (int64_t row = 0; row < best.getCount(); ++row)
        if (upper ? best.latents(row, i) >= *place
                  : best.latents(row, i) < *place)
          beyond += best.weights.weights[row];
      if (beyond < least) {
        least = beyond;
        leastName = model.getLatentName(i) + (upper ? " above" : " below");
      }
      if (beyond > most) {
        most = beyond;
        mostName = model.getLatentName(i) + (upper ? " above" : " below");
      }
    }
  double error = std::sqrt(0.05 * 0.95 / best.weights.effectiveSize);
  bool isHeavy = most > 0.1 && most > 0.05 + 3 * error;
  bool isLight = least < 0.025 && least < 0.05 - 3 * error;
  verdict.tails = isHeavy || isLight ? Judgement::Corrected : Judgement::Good;
  verdict.tailsReason =
      llvm::formatv("beyond its 5 % quantiles a latent has {0:f1} to {1:f1} %",
                    100 * least, 100 * most);
  if (isHeavy)
    verdict.tailsReason += ", the most " + mostName;
  else if (isLight)
    verdict.tailsReason += ", the least " + leastName;
}

/// Moments under the weights. Where the draws are those of the distribution
/// that is reported, whose moments are known from more and better draws, the
/// weights decide the difference alone.
void Judge::correct() {
  const ImportanceSample &best = getBest();
  int64_t total = 0;
  for (const ReportedArray &array : model.getReportedArrays())
    total += array.getElementCount();
  if (total == 0)
    return;
  bool isDifference = verdict.best == reported;
  std::vector<double> values(total), origin(total), first(total), second(total),
      ownFirst(total), ownSecond(total);
  uint64_t reportSeed = getStreamKey(seed, Stream::Posterior, 99);
  double equal = 1 / double(best.getCount());
  for (int64_t row = 0; row < best.getCount(); ++row) {
    model.report(fit.parameters, best.latents.getRow(row), reportSeed, row,
                 values);
    if (row == 0)
      origin = values;
    double weight = best.weights.weights[row];
    for (int64_t i = 0; i < total; ++i) {
      double deviation = values[i] - origin[i];
      double square = deviation * deviation;
      // What no weight takes part in may be infinite.
      if (weight > 0) {
        first[i] += weight * deviation;
        second[i] += weight * square;
      }
      ownFirst[i] += equal * deviation;
      ownSecond[i] += equal * square;
    }
  }
  int64_t element = 0;
  for (auto [array, summary] :
       llvm::zip_equal(model.getReportedArrays(), summaries)) {
    ArrayCorrection &correction = verdict.corrections.emplace_back();
    for (int64_t i = 0, end = array.getElementCount(); i < end;
         ++i, ++element) {
      double mean = origin[element] + first[element];
      double variance = second[element] - first[element] * first[element];
      double ownVariance =
          ownSecond[element] - ownFirst[element] * ownFirst[element];
      if (isDifference && std::isfinite(ownVariance)) {
        mean = summary.mean[i] + first[element] - ownFirst[element];
        // In proportion, so that it stays positive.
        if (ownVariance > 0)
          variance *= summary.sd[i] * summary.sd[i] / ownVariance;
      }
      correction.mean.push_back(mean);
      correction.sd.push_back(std::sqrt(std::max(variance, 0.0)));
    }
  }
}

/// What the weights cannot know.
void Judge::judgeOptimum() {
  if (!fit.hasConverged()) {
    verdict.means = verdict.sds = verdict.tails = Judgement::Suspect;
    verdict.meansReason = verdict.sdsReason = verdict.tailsReason =
        "the fit has not converged";
    // That is a warning already.
    verdict.warnings.clear();
    return;
  }
  if (fits.starts == 1)
    return;
  int64_t found = fits.starts - fits.failures;
  verdict.starts = llvm::formatv("{0} starts", fits.starts);
  if (fits.failures)
    verdict.starts += llvm::formatv(", {0} without converging", fits.failures);
  if (fits.others.empty()) {
    verdict.starts += found > 1 ? ", one optimum" : "";
    return;
  }
  const OtherOptimum &next = fits.others.front();
  verdict.starts +=
      llvm::formatv(", {0} optima: ELBO lower by", fits.others.size() + 1);
  for (auto [i, other] : llvm::enumerate(fits.others))
    verdict.starts += llvm::formatv(i == 0 ? " {0:f2}" : ", {0:f2}",
                                    std::max(0.0, other.elboDifference));
  if (next.elboDifference > Verdict::closeOptimum)
    return;
  std::string text = llvm::formatv(
      "the ELBO has another optimum, {0:f2} nats lower, where the mean of {1} "
      "is {2} sd away",
      std::max(0.0, next.elboDifference), next.latent,
      next.distance < 10 ? llvm::formatv("{0:f1}", next.distance).str()
                         : llvm::formatv("{0:f0}", next.distance).str());
  verdict.means = verdict.sds = verdict.tails = Judgement::Suspect;
  verdict.meansReason = text;
  verdict.sdsReason = verdict.tailsReason = "for the same reason";
  verdict.isOneMode = true;
  verdict.warnings = {"the means are those of one mode: " + text};
}

Verdict Judge::run() {
  if (latentCount == 0) {
    verdict.meansReason = verdict.sdsReason = verdict.tailsReason =
        "there are no latents";
    return verdict;
  }
  bool isProper = fit.status != FitStatus::Unbounded;
  verdict.draws = isProper ? chooseDraws() : 0;
  if (isProper && verdict.draws == 0) {
    verdict.meansReason =
        llvm::formatv("importance sampling would take too long: a draw has {0} "
                      "latents and reads {1} numbers",
                      latentCount, model.getWork());
    verdict.sdsReason = verdict.tailsReason = "for the same reason";
  } else if (isProper) {
    sampleProposals();
    if (samples.empty()) {
      verdict.meansReason = verdict.sdsReason = verdict.tailsReason =
          "q is a point, and there is no covariance (" + posterior.getReason() +
          ")";
    } else {
      adapt();
      verdict.logEvidence = getBest().getLogEvidence();
      verdict.logEvidenceError = getBest().logEvidenceError;
      correct();
      judgeMeans();
      judgeSDs();
      judgeTails();
      if (int64_t bad = getBest().nonFinite)
        verdict.meansReason += llvm::formatv(
            "; the density of {0} of {1} draws is not finite, and counts as 0",
            bad, verdict.draws);
    }
  }
  judgeOptimum();
  return verdict;
}

Verdict vi::fit::judge(CompiledModel &model, const StartsResult &fits,
                       const Posterior &posterior,
                       llvm::ArrayRef<ArraySummary> summaries, uint64_t seed) {
  return Judge(model, fits, posterior, summaries, seed).run();
}
