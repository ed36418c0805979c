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

/// Iterations for correlations, each of as many pairs of evaluations as there
/// are latents, and the most latents.
constexpr int correlationRounds = 4;
constexpr int64_t maxCorrelatedLatents = 200;

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

namespace {

/// A parameter of a guide that is the weight of one standard normal in one
/// latent: an element of a lower triangular factor of q's covariance, or its
/// logarithm on the diagonal.
struct FactorElement {
  int64_t row, column, parameter;
  /// The derivative by the parameter, of the logarithm on the diagonal.
  double rate;
};

/// Gives q correlations.
class CorrelationSearch {
public:
  CorrelationSearch(const GuideStructure &structure, Objective &objective)
      : structure(structure), objective(objective), model(objective.getModel()),
        size(model.getLatentCount()) {}

  /// Whether the guide has a whole lower triangle of such parameters;
  /// `parameters` must have zeros below its diagonal.
  bool findFactor(llvm::ArrayRef<double> parameters);

  /// The precision of q becomes the expected curvature, the mean moves by that
  /// Newton step: the equations of an optimal normal q, solved by iteration.
  void correlate(Candidate &candidate);

private:
  Matrix getFactor(llvm::ArrayRef<double> parameters) const;
  std::optional<Matrix> getHessian(const Candidate &candidate,
                                   llvm::ArrayRef<double> units);
  std::vector<double> setFactor(llvm::ArrayRef<double> parameters,
                                const Matrix &factor) const;

  const GuideStructure &structure;
  Objective &objective;
  CompiledModel &model;
  int64_t size;
  /// The noise of each latent's own normal.
  std::vector<int64_t> columns;
  std::vector<FactorElement> elements;
};

} // namespace

bool CorrelationSearch::findFactor(llvm::ArrayRef<double> parameters) {
  int64_t noiseCount = model.getNoiseCount();
  std::vector<double> normals(noiseCount), center(size), before(size),
      after(size);
  model.getLatents(parameters, normals, center);
  // The normal of each latent; there may be others, which no latent depends on.
  columns.assign(size, -1);
  for (int64_t j = 0; j < noiseCount; ++j) {
    normals[j] = 1;
    model.getLatents(parameters, normals, after);
    normals[j] = 0;
    for (int64_t i = 0; i < size; ++i) {
      if (after[i] == center[i])
        continue;
      if (columns[i] >= 0)
        return false;
      columns[i] = j;
    }
  }
  if (llvm::is_contained(columns, -1))
    return false;
  NoiseMatrix noise = getIndependentDraws(/*key=*/1, 2, noiseCount);
  std::vector<double> point = parameters.vec();
  const double step = 0x1p-10;
  auto isClose = [](double x, double y) {
    return std::fabs(x - y) <= 1e-6 * (std::fabs(x) + std::fabs(y));
  };
  for (int64_t parameter = 0, end = model.getGuideParameterCount();
       parameter < end; ++parameter) {
    if (llvm::is_contained(structure.locations, parameter))
      continue;
    int64_t row = -1;
    double change[2];
    point[parameter] = parameters[parameter] + step;
    double moved = point[parameter] - parameters[parameter];
    for (int draw = 0; draw < 2; ++draw) {
      llvm::ArrayRef<double> drawn = NoiseView(noise).getRow(draw);
      model.getLatents(parameters, drawn, before);
      model.getLatents(point, drawn, after);
      for (int64_t i = 0; i < size; ++i) {
        if (after[i] == before[i])
          continue;
        if (row >= 0 && row != i)
          return false;
        row = i;
        change[draw] = after[i] - before[i];
      }
      if (row < 0)
        return false;
    }
    point[parameter] = parameters[parameter];
    if (structure.scales[row] == parameter) {
      elements.push_back({row, row, parameter, structure.scaleRates[row]});
      continue;
    }
    int64_t column = -1;
    for (int64_t j = 0; j < row; ++j)
      if (isClose(change[0] * noise.values[noiseCount + columns[j]],
                  change[1] * noise.values[columns[j]]))
        column = j;
    if (column < 0)
      return false;
    elements.push_back({row, column, parameter,
                        change[0] / (moved * noise.values[columns[column]])});
  }
  return int64_t(elements.size()) == size * (size + 1) / 2;
}

Matrix CorrelationSearch::getFactor(llvm::ArrayRef<double> parameters) const {
  std::vector<double> normals(model.getNoiseCount()), center(size),
      latents(size);
  model.getLatents(parameters, normals, center);
  Matrix factor(size, size);
  for (int64_t j = 0; j < size; ++j) {
    normals[columns[j]] = 1;
    model.getLatents(parameters, normals, latents);
    normals[columns[j]] = 0;
    for (int64_t i = 0; i < size; ++i)
      factor(i, j) = latents[i] - center[i];
  }
  return factor;
}

std::vector<double>
CorrelationSearch::setFactor(llvm::ArrayRef<double> parameters,
                             const Matrix &factor) const {
  Matrix old = getFactor(parameters);
  std::vector<double> result = parameters.vec();
  for (const FactorElement &element : elements) {
    double from = old(element.row, element.column);
    double to = factor(element.row, element.column);
    double change =
        element.row == element.column ? std::log(to / from) : to - from;
    result[element.parameter] += change / element.rate;
  }
  return result;
}

/// By central differences of the gradient, in `units`.
std::optional<Matrix>
CorrelationSearch::getHessian(const Candidate &candidate,
                              llvm::ArrayRef<double> units) {
  std::vector<double> point = candidate.parameters;
  std::vector<double> above(point.size()), below(point.size());
  Matrix hessian(size, size);
  const double step = 1e-3;
  for (int64_t column = 0; column < size; ++column) {
    int64_t location = structure.locations[column];
    double center = point[location];
    point[location] = center + step * units[column];
    bool isFinite = std::isfinite(objective(point, above));
    point[location] = center - step * units[column];
    isFinite &= std::isfinite(objective(point, below));
    point[location] = center;
    if (!isFinite)
      return std::nullopt;
    for (int64_t row = 0; row < size; ++row)
      hessian(row, column) =
          units[row] / (2 * step) *
          (above[structure.locations[row]] - below[structure.locations[row]]);
  }
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < row; ++column)
      hessian(row, column) = hessian(column, row) =
          0.5 * (hessian(row, column) + hessian(column, row));
  return hessian;
}

void CorrelationSearch::correlate(Candidate &candidate) {
  std::vector<double> gradient(candidate.parameters.size());
  double value = objective(candidate.parameters, gradient);
  if (!std::isfinite(value))
    return;
  candidate.elbo = -value;
  for (int round = 0; round < correlationRounds; ++round) {
    Matrix factor = getFactor(candidate.parameters);
    std::vector<double> units(size);
    for (int64_t i = 0; i < size; ++i)
      units[i] = norm(factor.getRow(i));
    std::optional<Matrix> precision = getHessian(candidate, units);
    if (!precision || !factorizeCholesky(*precision, 1e-10))
      return;
    // The covariance and the Newton step, in units.
    Matrix covariance(size, size);
    std::vector<double> move(size);
    for (int64_t i = 0; i < size; ++i) {
      std::vector<double> column(size);
      column[i] = 1;
      solveLower(*precision, column);
      solveLowerTransposed(*precision, column);
      for (int64_t j = 0; j < size; ++j) {
        covariance(j, i) = column[j];
        move[j] -= column[j] * units[i] * gradient[structure.locations[i]];
      }
    }
    if (!factorizeCholesky(covariance))
      return;
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j <= i; ++j)
        covariance(i, j) *= units[i];
    std::vector<double> wider = setFactor(candidate.parameters, covariance);
    bool isBetter = false;
    for (double length : {1.0, 0.0}) {
      Candidate trial{wider};
      for (int64_t i = 0; i < size; ++i)
        trial.parameters[structure.locations[i]] += length * units[i] * move[i];
      std::vector<double> newGradient(gradient.size());
      trial.elbo = -objective(trial.parameters, newGradient);
      if (!(trial.elbo > candidate.elbo))
        continue;
      isBetter = trial.elbo > candidate.elbo + 0.01;
      candidate = std::move(trial);
      gradient = std::move(newGradient);
      break;
    }
    if (!isBetter)
      return;
  }
}

/// The parameters of `candidate` with correlations, where the guide has any and
/// the search is not too dear.
static void addCorrelations(CompiledModel &model,
                            const GuideStructure &structure,
                            llvm::ArrayRef<PlateBatch> batches, int64_t rows,
                            uint64_t seed, Candidate &candidate,
                            EvaluationCounts &counts) {
  int64_t size = model.getLatentCount();
  if (model.getGuideParameterCount() <= 2 * size || size > maxCorrelatedLatents)
    return;
  // Fewer draws leave directions out.
  double affordable = searchWork / (2 * double(correlationRounds * size) *
                                    double(model.getWork()));
  int64_t count = std::min<int64_t>(
      rows, std::max<int64_t>(4 * size,
                              static_cast<int64_t>(std::min(affordable, 1e6))));
  if (affordable < double(std::min(count, 4 * size)))
    return;
  NoiseMatrix noise = getHeldDraws(getStreamKey(seed, Stream::HeldDraws), count,
                                   model.getNoiseCount());
  Objective objective(model, noise, batches.vec(), counts);
  CorrelationSearch search(structure, objective);
  if (search.findFactor(candidate.parameters))
    search.correlate(candidate);
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
  addCorrelations(model, structure, batches, rows, options.seed, best,
                  searchCounts);
  counts.draws += searchCounts.draws;
  counts.gradients += static_cast<int64_t>(
      std::ceil(searchCounts.draws / double(std::max<int64_t>(rows, 1))));
  return best.parameters;
}
