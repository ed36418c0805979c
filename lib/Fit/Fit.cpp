//===- Fit.cpp - maximizing the ELBO -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Fit.h"
#include "vi/Fit/Random.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

uint64_t vi::fit::getStreamKey(uint64_t seed, Stream stream, uint64_t number) {
  return foldIn(foldIn(seed, static_cast<uint64_t>(stream)), number);
}

int64_t vi::fit::chooseSamples(CompiledModel &model,
                               const FitOptions &options) {
  int64_t noiseCount = model.getNoiseCount();
  if (noiseCount == 0)
    return 1;
  if (options.samples > 0)
    return options.samples;
  int64_t guideParameters = model.getGuideParameterCount();
  // A family with correlations fits itself to the draws where their pairs are
  // not many more than the latents.
  bool isRich = guideParameters > 3 * model.getLatentCount();
  int64_t wanted = std::max<int64_t>(64, (isRich ? 8 : 3) * noiseCount);
  int64_t cap = isRich ? 4096 : 512;
  wanted = std::min(wanted, cap);
  // Where a draw is dear, fewer: about ten seconds for fifty gradients.
  double affordable = 2e9 / (50 * std::max<double>(1, model.getWork()));
  if (double(wanted) > affordable)
    wanted =
        std::min(wanted, std::max<int64_t>({16, (isRich ? 4 : 2) * noiseCount,
                                            static_cast<int64_t>(affordable)}));
  return std::max<int64_t>(2, wanted / 2 * 2);
}

ELBOEstimate vi::fit::estimateELBO(CompiledModel &model,
                                   llvm::ArrayRef<double> parameters,
                                   uint64_t key, double targetError,
                                   double maxWork) {
  std::vector<PlateBatch> batches = getWholePlates(model);
  ELBOEstimate estimate;
  int64_t columns = model.getNoiseCount();
  if (columns == 0 || model.isExact()) {
    std::vector<double> unused(columns);
    estimate.value =
        model.evaluate(parameters, {unused.data(), 1, columns}, batches);
    estimate.draws = 1;
    return estimate;
  }
  // Blocks of draws, whose means are independent: sixteen of them at least, so
  // large ones only where many draws are affordable.
  double work = std::max<double>(1, model.getWork());
  double affordable = std::max(64.0, maxWork / work);
  auto groupSize = static_cast<int64_t>(std::min(affordable / 32, 128.0));
  int64_t minRows = std::min<int64_t>(16, 2 * groupSize);
  int64_t rows = getOrthogonalDraws(key, minRows, columns, groupSize).rows;
  int64_t maxBlocks = static_cast<int64_t>(affordable / double(rows));
  maxBlocks = std::max<int64_t>(8, std::min<int64_t>(maxBlocks, 1 << 14));
  // The mean square of a block's noise, whose expectation is known, is a
  // control: the part of the ELBO that is quadratic in the noise falls on it.
  int64_t count = 0;
  double meanValue = 0, meanControl = 0;
  double valueSquares = 0, controlSquares = 0, products = 0;
  for (int64_t block = 0; block < maxBlocks; ++block) {
    NoiseMatrix noise =
        getOrthogonalDraws(foldIn(key, block), minRows, columns, groupSize);
    double value = model.evaluate(parameters, noise, batches);
    estimate.draws += rows;
    if (!std::isfinite(value)) {
      ++estimate.nonFinite;
      continue;
    }
    double control =
        dot(noise.values, noise.values) / double(noise.rows * noise.columns) -
        1;
    ++count;
    double valueChange = value - meanValue;
    double controlChange = control - meanControl;
    meanValue += valueChange / double(count);
    meanControl += controlChange / double(count);
    valueSquares += valueChange * (value - meanValue);
    controlSquares += controlChange * (control - meanControl);
    products += valueChange * (control - meanControl);
    if (count < 8)
      continue;
    double slope = products / controlSquares;
    double residual = std::max(0.0, valueSquares - slope * products);
    estimate.value = meanValue - slope * meanControl;
    estimate.error = std::sqrt(residual / double(count - 2) / double(count));
    // Asked seldom: an error that is small by chance must not end the search.
    if (count >= 128 && (count & (count - 1)) == 0 &&
        estimate.error <= targetError)
      break;
  }
  if (count < 8) {
    // Too few finite blocks to say more.
    estimate.value =
        count ? meanValue : -std::numeric_limits<double>::infinity();
    estimate.error =
        count > 1 ? std::sqrt(valueSquares / double(count - 1) / double(count))
                  : std::numeric_limits<double>::infinity();
  }
  return estimate;
}

/// A mean or a standard deviation of q beyond this has run away; and a
/// parameter of the model's.
static constexpr double runawayLatent = 1e10, runawayParameter = 1e8;

std::optional<std::string>
vi::fit::describeRunaway(CompiledModel &model,
                         llvm::ArrayRef<double> parameters,
                         const GuideStructure &structure, NoiseView noise) {
  GuideMoments moments = getGuideMoments(
      model, parameters, noise.slice(0, std::min<int64_t>(noise.rows, 64)));
  std::string prefix = "the ELBO grows without bound: ";
  int64_t worst = -1;
  double worstSize = runawayLatent;
  for (size_t i = 0; i < moments.mean.size(); ++i) {
    double size = std::max(std::fabs(moments.mean[i]), moments.sd[i]);
    if (!(size <= worstSize)) {
      worst = i;
      worstSize = size;
    }
  }
  if (worst >= 0) {
    bool hasDirection =
        std::isfinite(moments.mean[worst]) &&
        std::fabs(moments.mean[worst]) > 0.1 * moments.sd[worst];
    return prefix + model.getLatentName(worst) + " runs away " +
           (!hasDirection             ? "in both directions"
            : moments.mean[worst] > 0 ? "to plus infinity"
                                      : "to minus infinity") +
           " (on the unconstrained scale); its posterior is improper, and "
           "wants a proper prior";
  }
  for (size_t i = 0; i < moments.mean.size(); ++i)
    if (!structure.isPoint && structure.scales[i] >= 0 &&
        moments.sd[i] < 1e-13 * (1 + std::fabs(moments.mean[i])))
      return prefix + "the standard deviation of " + model.getLatentName(i) +
             " goes to zero, as the joint density is not bounded";
  for (size_t i = model.getGuideParameterCount(); i < parameters.size(); ++i)
    if (!(std::fabs(parameters[i]) <= runawayParameter))
      return prefix + model.getParameterName(i) + " runs away to " +
             (parameters[i] > 0 ? "plus" : "minus") +
             " infinity (on the unconstrained scale)";
  return std::nullopt;
}

llvm::StringRef vi::fit::getMethodName(OptimizerKind kind) {
  switch (kind) {
  case OptimizerKind::Automatic:
    return "auto";
  case OptimizerKind::Newton:
    return "newton";
  case OptimizerKind::LBFGS:
    return "lbfgs";
  case OptimizerKind::Adam:
    return "adam";
  case OptimizerKind::AdamW:
    return "adamw";
  case OptimizerKind::SGD:
    return "sgd";
  }
  return "";
}

FitResult vi::fit::fit(CompiledModel &model, llvm::ArrayRef<double> start,
                       const FitOptions &options, const FitMonitor &monitor) {
  FitOptions chosen = options;
  std::string reason = "it is asked for";
  if (options.optimizer == OptimizerKind::Automatic) {
    llvm::ArrayRef<std::string> scoreSites = model.getScoreSites();
    bool isScore = !scoreSites.empty();
    chosen.optimizer = options.batchSize > 0 || isScore ? OptimizerKind::Adam
                                                        : OptimizerKind::Newton;
    reason = options.batchSize > 0 ? "minibatches make the gradient noisy"
             : isScore ? "the score function, which '" + scoreSites.front() +
                             "' has, needs fresh draws"
             : model.isExact() ? "no term of the ELBO is sampled"
                               : "the draws are held fixed";
  }
  FitResult result = chosen.optimizer == OptimizerKind::Adam
                         ? fitStochastic(model, start, chosen, monitor)
                         : fitDeterministic(model, start, chosen, monitor);
  result.method = chosen.optimizer;
  result.methodReason = reason + result.methodReason;
  if (result.status == FitStatus::NonFiniteStart ||
      result.status == FitStatus::Refused)
    return result;
  // At most half of the draws of the fit, whose gradients cost some three
  // values each, where those are not few: the judgement takes less time than
  // the fit.
  double fitWork = double(model.getWork()) * result.counts.draws;
  double maxWork = std::min(6e7, std::max(3e6, 0.5 * fitWork));
  ELBOEstimate estimate = estimateELBO(
      model, result.parameters, getStreamKey(options.seed, Stream::FreshELBO),
      /*targetError=*/2e-3, maxWork);
  result.elbo = estimate.value;
  result.elboError = estimate.error;
  result.counts.values += estimate.draws;
  if (estimate.nonFinite)
    result.warnings.push_back(
        "the ELBO is not finite on " + std::to_string(estimate.nonFinite) +
        " of the blocks of fresh draws that judge it; they are left out");
  return result;
}
