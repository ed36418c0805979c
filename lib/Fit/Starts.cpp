//===- Starts.cpp - several starts of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Starts.h"
#include "vi/Fit/Random.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace vi::fit;

/// The numbers that the gradients of a cheap fit read: some hundredths of a
/// second.
static constexpr double cheapWork = 1e7;

/// How far the means of two fits are apart.
static OtherOptimum compare(CompiledModel &model, const GuideMoments &kept,
                            const GuideMoments &other) {
  OtherOptimum result;
  for (size_t i = 0; i < kept.mean.size(); ++i) {
    double sd = std::max(kept.sd[i], other.sd[i]);
    double change = std::fabs(kept.mean[i] - other.mean[i]);
    // Points have no width: in units of their own.
    double unit = sd > 0 ? sd : 1e-2 * std::max(1.0, std::fabs(kept.mean[i]));
    if (change / unit > result.distance) {
      result.distance = change / unit;
      result.latent = model.getLatentName(i);
    }
  }
  return result;
}

namespace {

/// An optimum that a fit has found.
struct Optimum {
  double elbo;
  GuideMoments moments;
};

class SeveralStarts {
public:
  SeveralStarts(CompiledModel &model, llvm::ArrayRef<double> start,
                const FitOptions &options, const FitMonitor &monitor)
      : model(model), start(start), options(options), monitor(monitor),
        isStochastic(options.batchSize > 0 ||
                     options.optimizer == OptimizerKind::Adam),
        goesOn(!isStochastic && !model.isExact() && options.samples == 0 &&
               model.getNoiseCount() > 0),
        noise(getHeldDraws(getStreamKey(options.seed, Stream::HeldDraws), 64,
                           model.getNoiseCount())) {}

  StartsResult run(int64_t starts);

private:
  int64_t chooseScoutSamples() const;
  /// The numbers that the gradients of a fit have read.
  double getWork(const FitResult &fit) const;
  std::vector<double> choosePoint(int64_t number);
  void note(const FitResult &fit);
  void tryOther(int64_t number);
  void goOn();
  void listOthers();

  CompiledModel &model;
  llvm::ArrayRef<double> start;
  const FitOptions &options;
  const FitMonitor &monitor;
  bool isStochastic;
  /// The best fit is to go on with more draws.
  bool goesOn;
  NoiseMatrix noise;
  FitOptions scoutOptions;
  /// Parameters that locate one latent each, and their size in the first fit.
  std::vector<int64_t> locations;
  std::vector<double> centers;
  bool firstHasConverged = false;
  std::vector<Optimum> optima;
  StartsResult result;
};

} // namespace

int64_t SeveralStarts::chooseScoutSamples() const {
  int64_t samples = chooseSamples(model, options);
  bool isRich = model.getGuideParameterCount() > 3 * model.getLatentCount();
  return isRich ? samples
                : std::min(samples,
                           std::max<int64_t>(16, 2 * model.getNoiseCount()));
}

double SeveralStarts::getWork(const FitResult &fit) const {
  // Draws make no difference to an exact ELBO, and take no time.
  double draws =
      model.isExact() ? double(fit.counts.gradients) : fit.counts.draws;
  return double(model.getWork()) * draws;
}

std::vector<double> SeveralStarts::choosePoint(int64_t number) {
  NoiseMatrix draws =
      getHeldDraws(getStreamKey(options.seed, Stream::HeldDraws, 1), 16,
                   model.getNoiseCount());
  if (model.getNoiseCount() == 0)
    draws.rows = 1;
  std::vector<PlateBatch> batches = getWholePlates(model);
  std::vector<double> chosen(start.begin(), start.end());
  double best = -std::numeric_limits<double>::infinity();
  for (int64_t candidate = 0; candidate < 8; ++candidate) {
    std::vector<double> point(start.begin(), start.end());
    uint64_t key =
        foldIn(getStreamKey(options.seed, Stream::Starts, number), candidate);
    double range = !firstHasConverged && candidate % 2 == 1 ? 10 : 2;
    for (int64_t location : locations)
      point[location] = range * std::max(1.0, std::fabs(centers[location])) *
                        (2 * getUniform(key, location) - 1);
    double elbo = model.evaluate(point, draws, batches);
    if (elbo > best) {
      best = elbo;
      chosen = std::move(point);
    }
  }
  return chosen;
}

void SeveralStarts::note(const FitResult &fit) {
  if (!fit.hasConverged()) {
    ++result.failures;
    return;
  }
  optima.push_back({fit.elbo, getGuideMoments(model, fit.parameters, noise)});
}

void SeveralStarts::tryOther(int64_t number) {
  // Told only if it is kept.
  std::vector<FitProgress> steps;
  FitMonitor quiet;
  quiet.report = [&](const FitProgress &step) { steps.push_back(step); };
  quiet.isInterrupted = monitor.isInterrupted;
  FitResult other = fit(model, choosePoint(number), scoutOptions, quiet);
  if (other.status == FitStatus::Interrupted)
    return;
  ++result.starts;
  note(other);
  if (!other.hasConverged())
    return;
  // Not for what noise and rounding decide.
  double margin = 1e-3 + 3 * std::hypot(other.elboError, result.best.elboError);
  if (result.best.hasConverged() && !(other.elbo > result.best.elbo + margin))
    return;
  result.best = std::move(other);
  monitor.restart();
  for (const FitProgress &step : steps)
    monitor.report(step);
}

/// With as many held draws as it takes.
void SeveralStarts::goOn() {
  const FitResult before = std::move(result.best);
  FitMonitor following = monitor;
  following.report = [&](FitProgress step) {
    step.iteration += before.iterations;
    step.gradientEvaluations += before.counts.gradients;
    monitor.report(step);
  };
  FitOptions finalOptions = options;
  finalOptions.keepStart = true;
  result.best = fit(model, before.parameters, finalOptions, following);
  result.best.iterations += before.iterations;
  EvaluationCounts &counts = result.best.counts;
  counts.values += before.counts.values;
  counts.gradients += before.counts.gradients;
  counts.draws += before.counts.draws;
  counts.nonFinite += before.counts.nonFinite;
  if (before.counts.firstNonFinite)
    counts.firstNonFinite = before.counts.firstNonFinite;
}

void SeveralStarts::listOthers() {
  GuideMoments kept = getGuideMoments(model, result.best.parameters, noise);
  llvm::sort(optima, [](const Optimum &left, const Optimum &right) {
    return left.elbo > right.elbo;
  });
  double best = optima.empty() ? 0 : optima.front().elbo;
  std::vector<const Optimum *> distinct;
  for (const Optimum &optimum : optima) {
    OtherOptimum other = compare(model, kept, optimum.moments);
    bool isKnown = llvm::any_of(distinct, [&](const Optimum *known) {
      return compare(model, known->moments, optimum.moments).distance <= 0.5;
    });
    if (other.distance <= 0.5 || isKnown)
      continue;
    distinct.push_back(&optimum);
    other.elboDifference = best - optimum.elbo;
    result.others.push_back(std::move(other));
  }
}

StartsResult SeveralStarts::run(int64_t starts) {
  bool isAutomatic = starts == 0;
  if (starts == 1 || (isAutomatic && (isStochastic || options.keepStart))) {
    result.best = fit(model, start, options, monitor);
    return std::move(result);
  }
  scoutOptions = options;
  if (goesOn)
    scoutOptions.samples = chooseScoutSamples();
  result.best = fit(model, start, scoutOptions, monitor);
  const FitResult &first = result.best;
  if (first.status == FitStatus::Interrupted)
    return std::move(result);
  firstHasConverged = first.hasConverged();
  bool isShort =
      first.status == FitStatus::IterationLimit && options.maxIterations > 0;
  GuideStructure structure = first.structure;
  if (first.status == FitStatus::NonFiniteStart)
    structure = analyzeGuide(model, start);
  locations = structure.locations;
  llvm::erase_if(locations, [](int64_t location) { return location < 0; });
  centers.assign(start.size(), 0.0);
  for (int64_t location : locations)
    if (firstHasConverged)
      centers[location] = first.parameters[location];
  double work = getWork(first);
  if (isAutomatic)
    starts = work <= cheapWork && !isShort ? 4 : 1;
  if (!locations.empty() && starts > 1) {
    note(first);
    // Points have been compared already.
    scoutOptions.startCandidates = 1;
    // A start that leads nowhere must not take long.
    int64_t limit =
        firstHasConverged ? std::max<int64_t>(100, 3 * first.iterations) : 1000;
    if (!isStochastic &&
        (options.maxIterations == 0 || options.maxIterations > limit))
      scoutOptions.maxIterations = limit;
    for (int64_t number = 1; number < starts && !monitor.isInterrupted();
         ++number)
      tryOther(number);
  }
  if (goesOn && result.best.status != FitStatus::NonFiniteStart &&
      result.best.status != FitStatus::Unbounded && !monitor.isInterrupted())
    goOn();
  if (result.best.hasConverged() && result.starts > 1)
    listOthers();
  return std::move(result);
}

StartsResult vi::fit::fitFromStarts(CompiledModel &model,
                                    llvm::ArrayRef<double> start,
                                    const FitOptions &options,
                                    const FitMonitor &monitor, int64_t starts) {
  return SeveralStarts(model, start, options, monitor).run(starts);
}
