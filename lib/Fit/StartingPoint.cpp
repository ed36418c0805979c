//===- StartingPoint.cpp - where a fit begins -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/StartingPoint.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/HeldDraws.h"
#include "vi/Fit/LBFGS.h"
#include "vi/Fit/Random.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

namespace {

/// Draws that tell one point from another.
constexpr int64_t searchRows = 8;

/// The most turns of each point and then of the best, and the gain of a turn,
/// in nats, that ends them.
constexpr int candidateTurns = 4, maxTurns = 20;
constexpr double enoughGain = 1;

/// Evaluations for the scales, and iterations for the locations, of a turn.
constexpr int scaleRounds = 6;
constexpr int64_t locationIterations = 15;

/// The numbers that the search may read: about a second's.
constexpr double searchWork = 2e8;

struct Candidate {
  std::vector<double> parameters;
  /// Over the few draws; -inf where it is not finite.
  double elbo = -std::numeric_limits<double>::infinity();
};

class StartSearch {
public:
  StartSearch(const GuideStructure &structure, Objective &objective,
              const StartOptions &options)
      : structure(structure), options(options), objective(objective) {}

  void fitScales(Candidate &candidate);
  /// To a twentieth.
  void narrow(Candidate &candidate) const {
    std::vector<double> unused(candidate.parameters.size());
    changeScales(candidate.parameters, unused, [](double) { return -3.0; });
  }
  /// Scales, then locations.
  void takeTurn(Candidate &candidate);

private:
  double
  changeScales(std::vector<double> &parameters, llvm::ArrayRef<double> gradient,
               llvm::function_ref<double(double derivative)> getChange) const;
  void moveLocations(Candidate &candidate);

  const GuideStructure &structure;
  const StartOptions &options;
  Objective &objective;
};

} // namespace

/// Adds to the logarithm of each scale what `getChange` says of the ELBO's
/// derivative by it; returns the largest change.
double StartSearch::changeScales(
    std::vector<double> &parameters, llvm::ArrayRef<double> gradient,
    llvm::function_ref<double(double derivative)> getChange) const {
  double largest = 0;
  for (auto [scale, rate] : llvm::zip(structure.scales, structure.scaleRates)) {
    if (scale < 0 || rate == 0)
      continue;
    double change = getChange(-gradient[scale] / rate);
    parameters[scale] += change / rate;
    largest = std::max(largest, std::fabs(change));
  }
  return largest;
}

/// Sets the ELBO of the candidate, where it is finite.
void StartSearch::fitScales(Candidate &candidate) {
  std::vector<double> gradient(candidate.parameters.size());
  double value = objective(candidate.parameters, gradient);
  // A narrower guide reaches less far into where densities overflow.
  for (int round = 0; !std::isfinite(value) && round < 10; ++round) {
    changeScales(candidate.parameters, gradient, [](double) { return -1.5; });
    value = objective(candidate.parameters, gradient);
  }
  if (!std::isfinite(value))
    return;
  candidate.elbo = -value;
  double mostGrowth = 3;
  for (int round = 0; round < scaleRounds; ++round) {
    std::vector<double> point = candidate.parameters;
    double largest = changeScales(point, gradient, [&](double derivative) {
      double curvature = 1 - derivative;
      double change = curvature > 0 ? -0.5 * std::log(curvature) : 0.5;
      return std::min(std::max(change, -3.0), mostGrowth);
    });
    if (largest < 0.25)
      break;
    std::vector<double> newGradient(gradient.size());
    value = objective(point, newGradient);
    if (-value > candidate.elbo) {
      candidate.parameters = std::move(point);
      candidate.elbo = -value;
      gradient = std::move(newGradient);
      continue;
    }
    // The curvature is larger further out.
    if (mostGrowth < 0.5)
      break;
    mostGrowth /= 4;
  }
}

void StartSearch::moveLocations(Candidate &candidate) {
  CompiledModel &model = objective.getModel();
  std::vector<double> scales = getParameterScales(
      model, candidate.parameters, structure, objective.getNoise());
  llvm::SmallVector<int64_t> moving(structure.locations.begin(),
                                    structure.locations.end());
  for (int64_t i = model.getGuideParameterCount(),
               end = candidate.parameters.size();
       i < end; ++i)
    moving.push_back(i);
  std::vector<double> point = candidate.parameters, gradient(point.size());
  auto function = [&](llvm::ArrayRef<double> y,
                      llvm::MutableArrayRef<double> slope) {
    for (auto [i, parameter] : llvm::enumerate(moving))
      point[parameter] =
          candidate.parameters[parameter] + scales[parameter] * y[i];
    double value = objective(point, gradient);
    for (auto [i, parameter] : llvm::enumerate(moving))
      slope[i] = scales[parameter] * gradient[parameter];
    return value;
  };
  LBFGSOptions solver;
  solver.maxIterations = locationIterations;
  solver.gradientTolerance = 0.1;
  std::vector<double> y(moving.size());
  LBFGSResult run =
      minimizeLBFGS(function, y, solver,
                    [&](int64_t, double, double, llvm::ArrayRef<double>) {
                      return !options.isInterrupted();
                    });
  if (!std::isfinite(run.value) || !(-run.value > candidate.elbo))
    return;
  for (auto [i, parameter] : llvm::enumerate(moving))
    candidate.parameters[parameter] += scales[parameter] * y[i];
  candidate.elbo = -run.value;
}

void StartSearch::takeTurn(Candidate &candidate) {
  fitScales(candidate);
  if (std::isfinite(candidate.elbo))
    moveLocations(candidate);
}

std::vector<double>
vi::fit::findStart(CompiledModel &model, llvm::ArrayRef<double> parameters,
                   const GuideStructure &structure,
                   llvm::ArrayRef<PlateBatch> batches, int64_t rows,
                   const StartOptions &options, EvaluationCounts &counts) {
  std::vector<double> start = parameters.vec();
  bool isSampled = !model.isExact() && model.getNoiseCount() > 0;
  if (!structure.isGaussian || structure.isPoint || !structure.isMeanField())
    return start;
  NoiseMatrix noise{{}, 1, model.getNoiseCount()};
  noise.values.assign(model.getNoiseCount(), 0.0);
  if (isSampled)
    noise = getHeldDraws(getStreamKey(options.seed, Stream::Start),
                         std::min(rows, searchRows), model.getNoiseCount());
  EvaluationCounts searchCounts;
  Objective objective(model, noise, batches.vec(), searchCounts);
  StartSearch search(structure, objective, options);

  // A point takes some eighty evaluations.
  double affordable =
      searchWork / (80 * double(noise.rows) * double(model.getWork()));
  int64_t count = 1;
  if (isSampled)
    count = static_cast<int64_t>(std::max(
        1.0, std::min<double>(double(options.candidates), affordable)));
  std::vector<Candidate> candidates;
  for (int64_t number = 0; number < count; ++number) {
    Candidate candidate{start};
    uint64_t key = getStreamKey(options.seed, Stream::Start, number);
    for (int64_t location : structure.locations)
      if (number > 0)
        candidate.parameters[location] += 4 * getUniform(key, location) - 2;
    // Curvature is local at first.
    search.narrow(candidate);
    candidates.push_back(std::move(candidate));
  }
  // Each for itself at first: who is ahead early says little.
  auto takeTurns = [&](Candidate &candidate, int turns) {
    for (int turn = 0; turn < turns && !options.isInterrupted(); ++turn) {
      double before = candidate.elbo;
      search.takeTurn(candidate);
      if (!(candidate.elbo > before + enoughGain))
        return;
    }
  };
  Candidate best;
  for (Candidate &candidate : candidates) {
    takeTurns(candidate, candidateTurns);
    if (candidate.elbo > best.elbo)
      best = std::move(candidate);
  }
  if (best.parameters.empty())
    return start;
  takeTurns(best, maxTurns);
  search.fitScales(best);
  counts.draws += searchCounts.draws;
  counts.gradients += static_cast<int64_t>(
      std::ceil(searchCounts.draws / double(std::max<int64_t>(rows, 1))));
  return best.parameters;
}
