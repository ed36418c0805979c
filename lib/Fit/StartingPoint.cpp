//===- StartingPoint.cpp - where a fit begins -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/StartingPoint.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/GuideFactor.h"
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

/// The most steps of each point and then of the best, and what a step must
/// promise, in nats.
constexpr int candidateSteps = 60, maxSteps = 200;
constexpr double candidateGain = 0.1, enoughGain = 3e-3;

/// How much a scale may grow in a step, by its logarithm, and how far locations
/// may move, in standard deviations, to begin with: less for one of several
/// points. A guide that is still narrow tells basins apart that a wide one does
/// not, and far steps leave them.
struct Pace {
  double growth, radius;
};
constexpr Pace candidatePace = {0.5, 3}, fullPace = {3, 30};

/// The steps that curvature is learned from, and how often a step that loses is
/// shortened.
constexpr size_t history = 20;
constexpr int maxShortenings = 6;

/// Natural-gradient steps for correlations.
constexpr int correlationSteps = 8;

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

  /// To a twentieth.
  void narrow(Candidate &candidate) const;
  /// Uphill, in so many steps at most, until one promises less than `gain`;
  /// sets the ELBO of the candidate, where it is finite.
  void climb(Candidate &candidate, int steps, double gain, Pace pace);

private:
  const GuideStructure &structure;
  const StartOptions &options;
  Objective &objective;
};

} // namespace

void StartSearch::narrow(Candidate &candidate) const {
  for (auto [scale, rate] : llvm::zip(structure.scales, structure.scaleRates))
    if (scale >= 0 && rate != 0)
      candidate.parameters[scale] -= 3 / rate;
}

namespace {

/// A step and the change of the gradient along it.
struct Pair {
  std::vector<double> step, change;
  double product;
};

/// A parameter that moves, in units of its own.
struct Variable {
  int64_t parameter;
  /// The change of the parameter for a change by one: that of a scale makes
  /// its logarithm grow by one.
  double unit = 1;
};

} // namespace

/// The product of the inverse Hessian with a gradient (J. Nocedal, 1980,
/// "Updating quasi-Newton matrices with limited storage", Mathematics of
/// Computation 35).
static std::vector<double> multiplyInverse(llvm::ArrayRef<Pair> pairs,
                                           llvm::ArrayRef<double> diagonal,
                                           llvm::ArrayRef<double> gradient) {
  std::vector<double> result = gradient.vec();
  std::vector<double> weights(pairs.size());
  for (size_t k = pairs.size(); k-- > 0;) {
    weights[k] = dot(pairs[k].step, result) / pairs[k].product;
    for (size_t i = 0; i < result.size(); ++i)
      result[i] -= weights[k] * pairs[k].change[i];
  }
  for (size_t i = 0; i < result.size(); ++i)
    result[i] *= diagonal[i];
  for (size_t k = 0; k < pairs.size(); ++k) {
    double weight =
        weights[k] - dot(pairs[k].change, result) / pairs[k].product;
    for (size_t i = 0; i < result.size(); ++i)
      result[i] += weight * pairs[k].step[i];
  }
  return result;
}

/// A gradient tells the expected curvature along each latent, too: the
/// derivative of the ELBO by the logarithm of a scale s is 1 - c, where c is
/// s^2 times it. So the diagonal of a quasi-Newton method over locations and
/// log-scales is known at each point: s^2 / c for a location, and for a scale
/// what moves it to where it belongs at that curvature, by -log(c) / 2. One
/// evaluation a step; what diagonals do not see is learned from the steps.
void StartSearch::climb(Candidate &candidate, int steps, double gain,
                        Pace pace) {
  if (options.isInterrupted())
    return;
  CompiledModel &model = objective.getModel();
  std::vector<double> gradient(candidate.parameters.size());
  double value = objective(candidate.parameters, gradient);
  // A narrower guide reaches less far into where densities overflow.
  for (int round = 0; !std::isfinite(value) && round < 10; ++round) {
    for (auto [scale, rate] : llvm::zip(structure.scales, structure.scaleRates))
      if (scale >= 0 && rate != 0)
        candidate.parameters[scale] -= 1.5 / rate;
    value = objective(candidate.parameters, gradient);
  }
  if (!std::isfinite(value))
    return;
  candidate.elbo = -value;

  // Locations, scales, the model's own parameters.
  const size_t latents = structure.locations.size();
  std::vector<Variable> variables;
  for (int64_t location : structure.locations)
    variables.push_back({location});
  for (auto [scale, rate] : llvm::zip(structure.scales, structure.scaleRates))
    variables.push_back({scale, 1 / rate});
  for (int64_t i = model.getGuideParameterCount(),
               end = candidate.parameters.size();
       i < end; ++i)
    variables.push_back({i});
  auto getSlope = [&](llvm::ArrayRef<double> of) {
    std::vector<double> slope;
    for (const Variable &variable : variables)
      slope.push_back(of[variable.parameter] * variable.unit);
    return slope;
  };
  std::vector<double> sd = getGaussianMoments(model, candidate.parameters).sd;
  std::vector<double> slope = getSlope(gradient);
  // The model's own parameters have no scale to begin with.
  double ownUnit = 1;
  for (size_t i = 2 * latents; i < slope.size(); ++i)
    ownUnit = std::max(ownUnit, std::fabs(slope[i]));
  ownUnit = 1 / ownUnit;

  double mostGrowth = pace.growth, radius = pace.radius;
  std::vector<double> diagonal(variables.size());
  auto setDiagonal = [&] {
    std::fill(diagonal.begin() + 2 * latents, diagonal.end(), ownUnit);
    for (size_t i = 0; i < latents; ++i) {
      double curvature = 1 + slope[latents + i];
      double change = curvature > 0 ? -0.5 * std::log(curvature) : 0.5;
      change = std::min(std::max(change, -3.0), mostGrowth);
      double variance = sd[i] > 0 ? sd[i] * sd[i] : 1;
      diagonal[i] = variance * std::exp(2 * change);
      diagonal[latents + i] =
          std::fabs(curvature - 1) > 1e-3 ? change / (1 - curvature) : 0.5;
    }
  };

  std::vector<Pair> pairs;
  for (int step = 0; step < steps && !options.isInterrupted(); ++step) {
    setDiagonal();
    std::vector<double> direction = multiplyInverse(pairs, diagonal, slope);
    double rise = dot(direction, slope);
    if (!(rise >= 0)) {
      if (pairs.empty())
        return;
      pairs.clear();
      continue;
    }
    if (0.5 * rise < gain)
      return;
    // Where the quadratic model has not held so far, not far.
    double size = 0, largest = 0;
    for (size_t i = 0; i < latents; ++i) {
      size = std::max(size, std::fabs(direction[i]) / std::sqrt(diagonal[i]));
      double change = -direction[latents + i];
      largest = std::max(largest, std::max(change / mostGrowth, -change / 3));
    }
    double share = 1 / std::max({1.0, size / radius, largest});
    double length = share;
    bool isBetter = false;
    for (int attempt = 0; attempt < maxShortenings; ++attempt) {
      std::vector<double> point = candidate.parameters;
      for (auto [variable, change] : llvm::zip(variables, direction))
        point[variable.parameter] -= length * change * variable.unit;
      std::vector<double> newGradient(gradient.size());
      double newValue = objective(point, newGradient);
      if (!(newValue < value)) {
        // Too wide, or too far: the curvature is larger further out.
        length *= 0.3;
        mostGrowth = std::max(0.5, mostGrowth / 2);
        radius = std::max(1.0, std::min(radius, length * size));
        continue;
      }
      if (length == share && share < 1) {
        double ratio = (value - newValue) / (share * (1 - 0.5 * share) * rise);
        if (ratio > 0.5 && ratio < 2)
          radius *= 5;
      }
      std::vector<double> newSlope = getSlope(newGradient);
      Pair pair;
      double growth = 0;
      for (size_t i = 0; i < variables.size(); ++i) {
        pair.step.push_back(-length * direction[i]);
        pair.change.push_back(newSlope[i] - slope[i]);
      }
      for (size_t i = 0; i < latents; ++i) {
        double change = pair.step[latents + i];
        growth = std::max(growth, std::fabs(change));
        sd[i] *= std::exp(change);
      }
      pair.product = dot(pair.step, pair.change);
      // Where scales have changed much, so has the curvature.
      if (growth > 1)
        pairs.clear();
      else if (pair.product > 1e-10 * norm(pair.step) * norm(pair.change)) {
        double ownSteps = 0, ownChanges = 0;
        for (size_t i = 2 * latents; i < variables.size(); ++i) {
          ownSteps += pair.step[i] * pair.change[i];
          ownChanges += pair.change[i] * pair.change[i];
        }
        if (ownSteps > 0)
          ownUnit = ownSteps / ownChanges;
        pairs.push_back(std::move(pair));
        if (pairs.size() > history)
          pairs.erase(pairs.begin());
      }
      candidate.parameters = std::move(point);
      candidate.elbo = -newValue;
      value = newValue;
      gradient = std::move(newGradient);
      slope = std::move(newSlope);
      isBetter = true;
      break;
    }
    if (isBetter)
      continue;
    // Along the diagonal alone, or not at all.
    if (pairs.empty())
      return;
    pairs.clear();
  }
}

/// The parameters of `candidate` with correlations, where the guide has any and
/// the search is not too dear.
static void addCorrelations(CompiledModel &model,
                            const GuideStructure &structure,
                            llvm::ArrayRef<PlateBatch> batches, int64_t rows,
                            const StartOptions &start, Candidate &candidate,
                            EvaluationCounts &counts) {
  int64_t size = model.getLatentCount();
  if (model.getGuideParameterCount() <= 2 * size)
    return;
  // Fewer draws leave directions out.
  double affordable =
      searchWork / (2 * correlationSteps * double(model.getWork()));
  int64_t count = std::min<int64_t>(
      rows, std::max<int64_t>(4 * size,
                              static_cast<int64_t>(std::min(affordable, 1e6))));
  if (affordable < double(std::min(count, 4 * size)))
    return;
  NoiseMatrix noise = getHeldDraws(getStreamKey(start.seed, Stream::HeldDraws),
                                   count, model.getNoiseCount());
  std::optional<GuideFactor> found;
  if (!start.guide) {
    found = GuideFactor::find(model, candidate.parameters, structure);
    if (!found)
      return;
  }
  const GuideFactor &guide = start.guide ? *start.guide : *found;
  Objective objective(model, noise, batches.vec(), counts);
  NaturalGradientOptions options;
  options.maxIterations = correlationSteps;
  options.leastGain = 0.01;
  minimizeByNaturalGradient(
      guide, objective, candidate.parameters, options,
      [](int64_t, double, double, llvm::ArrayRef<double>) { return true; });
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

  // Where nothing is sampled, natural-gradient steps know all correlations from
  // the beginning. Where they end far from an optimum, the search is on.
  if (options.guide && !isSampled) {
    Candidate direct{start};
    search.narrow(direct);
    NaturalGradientOptions steps;
    steps.leastGain = 0.01;
    std::optional<NaturalGradientResult> run = minimizeByNaturalGradient(
        *options.guide, objective, direct.parameters, steps,
        [&](int64_t, double, double, llvm::ArrayRef<double>) {
          return !options.isInterrupted();
        });
    if (run && run->gradientNorm < 1) {
      counts.draws += searchCounts.draws;
      counts.gradients += searchCounts.gradients;
      return direct.parameters;
    }
  }

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
  Candidate best;
  for (Candidate &candidate : candidates) {
    if (candidates.size() > 1)
      search.climb(candidate, candidateSteps, candidateGain, candidatePace);
    if (candidate.elbo > best.elbo || candidates.size() == 1)
      best = std::move(candidate);
  }
  if (best.parameters.empty())
    return start;
  search.climb(best, maxSteps, enoughGain, fullPace);
  if (!std::isfinite(best.elbo))
    return start;
  addCorrelations(model, structure, batches, rows, options, best, searchCounts);
  counts.draws += searchCounts.draws;
  counts.gradients += static_cast<int64_t>(
      std::ceil(searchCounts.draws / double(std::max<int64_t>(rows, 1))));
  return best.parameters;
}
