//===- Deterministic.cpp - maximizing over held draws -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few natural-gradient steps of the scales, then trust-region Newton by
// products with the Hessian, whose preconditioner and units are the geometry of
// q. Where the Hessian is affordable it is formed at the end: its Cholesky
// factor tells the Newton decrement, and the covariance.
//
// As an option, and where Newton ends early: L-BFGS on the scaled parameters,
// first scaled by the geometry of q, again where that has changed, and at last
// by the Hessian's factor. In the coordinates y with phi = phi0 + S y the
// gradient norm is that of the metric S S'; with S S' = H^-1 it is the Newton
// decrement.
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Fit.h"
#include "vi/Fit/GuideFactor.h"
#include "vi/Fit/LBFGS.h"
#include "vi/Fit/LinearResponse.h"
#include "vi/Fit/Newton.h"
#include "vi/Fit/StartingPoint.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

using namespace vi::fit;

namespace {

/// The largest Newton decrement of a fit that has converged.
constexpr double decrementTolerance = 1e-4;
constexpr double acceptableDecrement = 1e-3;

/// Parameters of a model have no scale that the geometry of q would give. A run
/// over many of them has converged when its steps promise less than this, and
/// it has gained less than `runTolerance` since it began anew.
constexpr double gainTolerance = 1e-6, runTolerance = 1e-3;

/// The pairs that it keeps: as gradients are dear, and their geometry is not
/// known beforehand, more than otherwise.
constexpr int learningHistory = 100;

/// The norm of the gradient in the metric of q from which on Newton takes over.
constexpr double closeGradient = 3e-3;

/// A point so near to the optimum that the Hessian there is the one there, to
/// as many digits as anybody reads.
constexpr double closeDecrement = 1e-2;

/// The numbers that may be read to form a Hessian anew: about a second's.
constexpr double hessianWork = 2e8;

/// Products with the Hessian are compiled where forming one Hessian by
/// differences would read more numbers than these: below, differences take less
/// time than the compiler.
constexpr double compilationWork = 1e9;

/// The numbers that may be read for the covariance of a guide that has all
/// correlations itself: about ten seconds'.
constexpr double responseWork = 2e9;

/// For the covariance, once, the Hessian of so many times more parameters is
/// formed than for the fit.
constexpr int64_t responseFactor = 5;

/// The most latents with a covariance.
constexpr int64_t maxResponseLatents = 2000;

/// phi = origin + scales * (L^-T y), L the identity where there is no factor.
struct Coordinates {
  std::vector<double> origin;
  std::vector<double> scales;
  std::optional<Matrix> factor;

  std::vector<double> getParameters(llvm::ArrayRef<double> y) const {
    std::vector<double> step(y.begin(), y.end());
    if (factor)
      solveLowerTransposed(*factor, step);
    for (size_t i = 0; i < step.size(); ++i)
      step[i] = origin[i] + scales[i] * step[i];
    return step;
  }
  void transformGradient(llvm::MutableArrayRef<double> gradient) const {
    for (size_t i = 0; i < gradient.size(); ++i)
      gradient[i] *= scales[i];
    if (factor)
      solveLower(*factor, gradient);
  }
};

/// The coordinates of a normal guide with all correlations (GuideFactor.h)
/// around a point.
class GuideCoordinates {
public:
  GuideCoordinates(const GuideFactor &guide, std::vector<double> origin,
                   std::vector<double> scales)
      : guide(guide), origin(std::move(origin)), scales(std::move(scales)),
        factor(guide.getFactor(this->origin)) {}

  std::vector<double> getStep(llvm::ArrayRef<double> y) const {
    return guide.toParameters(factor, scales, y);
  }
  std::vector<double> getParameters(llvm::ArrayRef<double> y) const {
    std::vector<double> point = getStep(y);
    for (size_t i = 0; i < point.size(); ++i)
      point[i] += origin[i];
    return point;
  }
  std::vector<double> getGradient(llvm::ArrayRef<double> gradient) const {
    return guide.transposed(factor, scales, gradient);
  }
  /// The problem in these coordinates; this object must outlive it.
  NewtonProblem transform(NewtonProblem problem) const {
    NewtonProblem result;
    auto inner = std::make_shared<NewtonProblem>(std::move(problem));
    result.evaluate = [this, inner](llvm::ArrayRef<double> y,
                                    llvm::MutableArrayRef<double> gradient) {
      double value = inner->evaluate(getParameters(y), gradient);
      llvm::copy(getGradient(gradient), gradient.begin());
      return value;
    };
    result.multiply = [this, inner](llvm::ArrayRef<double> y,
                                    llvm::ArrayRef<double> direction,
                                    llvm::MutableArrayRef<double> product) {
      bool isFinite =
          inner->multiply(getParameters(y), getStep(direction), product);
      llvm::copy(getGradient(product), product.begin());
      return isFinite;
    };
    result.getScales = [](llvm::ArrayRef<double> y) {
      return std::vector<double>(y.size(), 1.0);
    };
    result.limitStep = [this, inner](llvm::ArrayRef<double> direction) {
      return inner->limitStep(getStep(direction));
    };
    return result;
  }

private:
  const GuideFactor &guide;
  std::vector<double> origin, scales;
  Matrix factor;
};

/// A fit over held draws.
class DeterministicFit {
public:
  DeterministicFit(CompiledModel &model, const FitOptions &options,
                   const FitMonitor &monitor, std::vector<PlateBatch> batches,
                   FitResult &result)
      : model(model), options(options), monitor(monitor),
        batches(std::move(batches)), result(result),
        isNewton(options.optimizer != OptimizerKind::LBFGS),
        maxIterations(options.maxIterations > 0 ? options.maxIterations
                                                : 10000) {}

  void run();

private:
  void setNoise(int64_t rows, uint64_t number);
  bool findFiniteStart();
  /// One run of L-BFGS. False where the fit is to end.
  LBFGSResult minimize(const Coordinates &coordinates, double tolerance,
                       int64_t iterationLimit, bool watchScales);
  /// Refuses a fit that has no answer.
  bool checkDraws();
  /// By the method asked for, to its tolerance.
  void minimize();
  /// Newton's method. True where it has converged or the fit is to end.
  bool minimizeByNewton();
  /// Natural-gradient steps, where the guide is a normal with all correlations.
  void takeNaturalSteps();
  /// L-BFGS in the metric of q, to a gradient norm, in so many runs.
  void minimizeInGuideMetric(double tolerance = gradientTolerance,
                             int maxRounds = 400);
  /// L-BFGS in the metric of the Hessian, and the Newton decrement.
  bool minimizeInHessianMetric();
  bool formHessian();
  /// Whether the geometry of q gives every parameter a scale, or the Hessian
  /// does.
  bool hasScales() const {
    return int64_t(result.parameters.size()) <= options.maxHessianParameters ||
           model.getGuideParameterCount() == model.getParameterCount();
  }
  double getDecrement(llvm::ArrayRef<double> gradient) const;
  bool findRunaway();
  bool findUnboundedRay(llvm::ArrayRef<double> before);
  /// The most that a step may be long, for no scale to change by more than a
  /// factor of fifty.
  double limitStep(llvm::ArrayRef<double> step) const;
  /// The scales of the parameters in the geometry of q.
  void findScales() {
    scales = guide ? guide->getScales(result.parameters)
                   : getParameterScales(model, result.parameters,
                                        result.structure, noise);
  }
  /// The scales at a point, as far as they follow from those at `origin`.
  std::vector<double> followScales(llvm::ArrayRef<double> origin,
                                   llvm::ArrayRef<double> point) const;
  void findResponse();
  /// The numbers that an evaluation reads: for each draw, or, where none is
  /// drawn, once; an expectation under a guide with all correlations multiplies
  /// each row of the data by the factor then, so many numbers at the speed of
  /// one.
  double getEvaluationWork() const {
    constexpr double multiplicationsPerNumber = 25;
    double work = std::max<double>(1, double(model.getWork()));
    if (!model.isExact())
      return work * double(noise.rows);
    return guide ? work *
                       (1 + double(guide->getSize()) / multiplicationsPerNumber)
                 : work;
  }
  bool growDraws();
  void finish();

  CompiledModel &model;
  const FitOptions &options;
  const FitMonitor &monitor;
  std::vector<PlateBatch> batches;
  FitResult &result;
  bool isNewton;
  int64_t maxIterations;

  NoiseMatrix noise;
  std::optional<Objective> objective;
  std::vector<double> scales;
  std::optional<Matrix> hessian, factor;
  /// The guide's own factor, where it has all correlations.
  std::optional<GuideFactor> guide;
  bool isDone = false, hasWarnedOfProducts = false;
};

} // namespace

void DeterministicFit::setNoise(int64_t rows, uint64_t number) {
  noise = getHeldDraws(getStreamKey(options.seed, Stream::HeldDraws, number),
                       model.getNoiseCount() ? rows : 1, model.getNoiseCount());
  if (model.getNoiseCount() == 0)
    noise = NoiseMatrix{{}, 1, 0};
  objective.emplace(model, noise, batches, result.counts);
  double work = double(result.parameters.size()) * getEvaluationWork();
  if (work > compilationWork && !objective->useCompiledProducts())
    if (std::string reason = model.getHessianProductFailure();
        !reason.empty() && !hasWarnedOfProducts) {
      hasWarnedOfProducts = true;
      result.warnings.push_back("the Hessian's products do not compile, and "
                                "are differences of gradients: " +
                                reason);
    }
  result.samples = model.getNoiseCount() ? noise.rows : 0;
}

bool DeterministicFit::findFiniteStart() {
  std::vector<double> gradient(result.parameters.size());
  for (int attempt = 0; attempt < 20; ++attempt) {
    double value = (*objective)(result.parameters, gradient);
    if (std::isfinite(value)) {
      result.heldELBO = -value;
      return true;
    }
    // A narrower guide reaches less far into where the densities overflow.
    bool changed = false;
    for (size_t i = 0; i < result.structure.scales.size(); ++i) {
      int64_t parameter = result.structure.scales[i];
      if (parameter < 0 || result.structure.scaleRates[i] == 0)
        continue;
      result.parameters[parameter] -= 1.5 / result.structure.scaleRates[i];
      changed = true;
    }
    if (!changed)
      return false;
  }
  return false;
}

bool DeterministicFit::findRunaway() {
  std::optional<std::string> description =
      describeRunaway(model, result.parameters, result.structure, noise);
  if (description)
    result.warnings.push_back(*description);
  return description.has_value();
}

/// Whether the ELBO grows along the way that the latents have taken since
/// `before`, for ten orders of magnitude: those that have moved out or widened
/// have their means multiplied, and their scales by the root of that.
bool DeterministicFit::findUnboundedRay(llvm::ArrayRef<double> before) {
  const GuideStructure &structure = result.structure;
  std::vector<size_t> moving;
  for (size_t i = 0; i < structure.scales.size(); ++i) {
    int64_t location = structure.locations[i], scale = structure.scales[i];
    if (location < 0 || scale < 0 || structure.scaleRates[i] == 0)
      continue;
    double widening =
        structure.scaleRates[i] * (result.parameters[scale] - before[scale]);
    double from = before[location], to = result.parameters[location];
    bool movesOut = std::fabs(to) > 1.1 * std::fabs(from) &&
                    std::fabs(to) > scales[location];
    if (!movesOut && !(widening > 0.1))
      continue;
    moving.push_back(i);
  }
  if (moving.empty())
    return false;
  std::vector<double> gradient(result.parameters.size());
  double last = result.heldELBO;
  for (double factor : {1e2, 1e4, 1e6, 1e8, 1e10}) {
    std::vector<double> point = result.parameters;
    for (size_t i : moving) {
      point[structure.locations[i]] *= factor;
      point[structure.scales[i]] +=
          0.5 * std::log(factor) / structure.scaleRates[i];
    }
    double elbo = -(*objective)(point, gradient);
    if (!(elbo > last))
      return false;
    last = elbo;
  }
  size_t furthest = moving.front();
  for (size_t i : moving)
    if (std::fabs(result.parameters[structure.locations[i]]) >
        std::fabs(result.parameters[structure.locations[furthest]]))
      furthest = i;
  double mean = result.parameters[structure.locations[furthest]];
  bool hasDirection =
      std::fabs(mean) > 0.1 * scales[structure.locations[furthest]];
  std::string others;
  for (size_t i : moving)
    if (i != furthest && others.size() < 60)
      others += (others.empty() ? "" : ", ") + model.getLatentName(i);
  result.warnings.push_back(
      "the ELBO grows without bound: " + model.getLatentName(furthest) +
      " runs away " +
      (!hasDirection ? "in both directions"
       : mean > 0    ? "to plus infinity"
                     : "to minus infinity") +
      (others.empty() ? "" : " (with " + others + ")") +
      " on the unconstrained scale; the posterior is improper, and wants a "
      "proper prior");
  return true;
}

double DeterministicFit::limitStep(llvm::ArrayRef<double> step) const {
  const GuideStructure &structure = result.structure;
  double largest = 0;
  for (size_t i = 0; i < structure.scales.size(); ++i) {
    int64_t parameter = structure.scales[i];
    if (parameter >= 0)
      largest = std::max(largest,
                         std::fabs(step[parameter] * structure.scaleRates[i]));
  }
  return largest > 0 ? 4 / largest : std::numeric_limits<double>::infinity();
}

LBFGSResult DeterministicFit::minimize(const Coordinates &coordinates,
                                       double tolerance, int64_t iterationLimit,
                                       bool watchScales) {
  auto function = [&](llvm::ArrayRef<double> y,
                      llvm::MutableArrayRef<double> gradient) {
    double value = (*objective)(coordinates.getParameters(y), gradient);
    coordinates.transformGradient(gradient);
    return value;
  };
  const GuideStructure &structure = result.structure;
  int64_t begin = result.iterations;
  auto watch = [&](int64_t iteration, double value, double gradientNorm,
                   llvm::ArrayRef<double> y) {
    result.iterations = begin + iteration;
    result.heldELBO = -value;
    monitor.report(
        {result.iterations, result.counts.gradients, -value, gradientNorm});
    if (monitor.isInterrupted()) {
      result.status = FitStatus::Interrupted;
      isDone = true;
      return false;
    }
    if (!watchScales || iteration < 10)
      return true;
    // Stop to scale anew where the guide has become wider or narrower.
    std::vector<double> point = coordinates.getParameters(y);
    for (size_t i = 0; i < structure.scales.size(); ++i) {
      int64_t parameter = structure.scales[i];
      if (parameter >= 0 &&
          std::fabs(point[parameter] - coordinates.origin[parameter]) *
                  std::fabs(structure.scaleRates[i]) >
              1.4)
        return false;
    }
    return true;
  };
  auto limitLength = [&](llvm::ArrayRef<double> direction) {
    std::vector<double> step(direction.begin(), direction.end());
    if (coordinates.factor)
      solveLowerTransposed(*coordinates.factor, step);
    for (size_t i = 0; i < step.size(); ++i)
      step[i] *= coordinates.scales[i];
    return limitStep(step);
  };
  LBFGSOptions solver;
  solver.gradientTolerance = tolerance;
  solver.maxIterations =
      std::min(iterationLimit, maxIterations - result.iterations);
  if (!coordinates.factor && !hasScales()) {
    solver.gainTolerance = gainTolerance;
    solver.history = learningHistory;
  }
  std::vector<double> y(result.parameters.size());
  LBFGSResult run = minimizeLBFGS(function, y, solver, watch, limitLength);
  result.parameters = coordinates.getParameters(y);
  result.heldELBO = -run.value;
  return run;
}

void DeterministicFit::minimize() {
  if (isNewton && !hasScales()) {
    result.methodReason += "; L-BFGS alone, as the geometry of the guide gives "
                           "no scale to the model's own parameters";
    isNewton = false;
  }
  if (!isNewton)
    return minimizeInGuideMetric();
  // From afar a step of L-BFGS, which takes one gradient, gains about as much
  // as one of Newton, which takes several products.
  bool formsHessian =
      int64_t(result.parameters.size()) <= options.maxHessianParameters;
  takeNaturalSteps();
  if (isDone)
    return;
  if ((formsHessian || !guide))
    minimizeInGuideMetric(formsHessian ? closeGradient : 10 * closeGradient,
                          /*maxRounds=*/6);
  bool isClose = result.status == FitStatus::Converged;
  if (isDone || (isClose && formsHessian) || minimizeByNewton())
    return;
  result.methodReason += "; L-BFGS went on where Newton found no better point";
  isNewton = false;
  minimizeInGuideMetric();
}

void DeterministicFit::takeNaturalSteps() {
  if (!guide)
    return;
  NaturalGradientOptions steps;
  steps.tolerance = 0.1 * decrementTolerance;
  steps.maxIterations = std::min<int64_t>(100, maxIterations);
  int64_t begin = result.iterations;
  auto watch = [&](int64_t iteration, double value, double gradientNorm,
                   llvm::ArrayRef<double> point) {
    result.iterations = begin + iteration;
    result.heldELBO = -value;
    result.gradientNorm = gradientNorm;
    monitor.report(
        {result.iterations, result.counts.gradients, -value, gradientNorm});
    return !monitor.isInterrupted();
  };
  minimizeByNaturalGradient(*guide, *objective, result.parameters, steps,
                            watch);
  if (monitor.isInterrupted()) {
    result.status = FitStatus::Interrupted;
    isDone = true;
  } else if (findRunaway()) {
    result.status = FitStatus::Unbounded;
    isDone = true;
  }
}

std::vector<double>
DeterministicFit::followScales(llvm::ArrayRef<double> origin,
                               llvm::ArrayRef<double> point) const {
  std::vector<double> followed = scales;
  const GuideStructure &structure = result.structure;
  for (size_t i = 0; i < structure.scales.size(); ++i) {
    int64_t location = structure.locations[i], scale = structure.scales[i];
    if (location >= 0 && scale >= 0)
      followed[location] *=
          std::exp(structure.scaleRates[i] * (point[scale] - origin[scale]));
  }
  return followed;
}

bool DeterministicFit::minimizeByNewton() {
  std::vector<double> earlier = result.parameters;
  // Short runs first: the geometry of q changes most at the beginning.
  for (int round = 0; round < 12; ++round) {
    findScales();
    const std::vector<double> origin = result.parameters;
    NewtonProblem problem;
    std::vector<double> unit = scales;
    problem.evaluate = [&](llvm::ArrayRef<double> point,
                           llvm::MutableArrayRef<double> gradient) {
      return (*objective)(point, gradient);
    };
    problem.getScales = [&](llvm::ArrayRef<double> point) {
      return unit = followScales(origin, point);
    };
    problem.multiply = [&](llvm::ArrayRef<double> point,
                           llvm::ArrayRef<double> direction,
                           llvm::MutableArrayRef<double> product) {
      return !monitor.isInterrupted() &&
             objective->multiply(point, direction, unit, product);
    };
    problem.limitStep = [&](llvm::ArrayRef<double> direction) {
      return limitStep(direction);
    };
    // With all correlations, in the coordinates of q.
    std::optional<GuideCoordinates> own;
    std::vector<double> variables = result.parameters;
    if (guide) {
      own.emplace(*guide, origin, scales);
      problem = own->transform(std::move(problem));
      llvm::fill(variables, 0.0);
    }
    int64_t begin = result.iterations;
    auto watch = [&](int64_t iteration, double value, double gradientNorm,
                     llvm::ArrayRef<double>) {
      result.iterations = begin + iteration;
      result.heldELBO = -value;
      monitor.report(
          {result.iterations, result.counts.gradients, -value, gradientNorm});
      return !monitor.isInterrupted();
    };
    NewtonOptions solver;
    // Where the Hessian is formed, that does the rest.
    solver.decrementTolerance =
        int64_t(result.parameters.size()) <= options.maxHessianParameters
            ? closeDecrement
            : decrementTolerance;
    solver.maxIterations = std::min<int64_t>(round < 2 ? 10 : 30,
                                             maxIterations - result.iterations);
    NewtonResult run = minimizeNewton(problem, variables, solver, watch);
    result.parameters = own ? own->getParameters(variables) : variables;
    result.heldELBO = -run.value;
    result.gradientNorm = run.gradientNorm;
    result.decrement = run.decrement;
    if (monitor.isInterrupted()) {
      result.status = FitStatus::Interrupted;
      isDone = true;
      return true;
    }
    if (findRunaway() ||
        (round % 3 == 2 && run.status != NewtonStatus::Converged &&
         findUnboundedRay(earlier))) {
      result.status = FitStatus::Unbounded;
      isDone = true;
      return true;
    }
    if (round % 3 == 2)
      earlier = result.parameters;
    if (run.status == NewtonStatus::Converged) {
      result.status = FitStatus::Converged;
      return true;
    }
    if (run.status != NewtonStatus::IterationLimit) {
      // Where rounding ends what can be gained, it may be enough.
      bool isClose = run.status == NewtonStatus::Stalled && run.decrement &&
                     *run.decrement <= acceptableDecrement;
      result.status = isClose ? FitStatus::Converged : FitStatus::Stalled;
      return isClose;
    }
    if (result.iterations >= maxIterations) {
      result.status = FitStatus::IterationLimit;
      isDone = true;
      return true;
    }
  }
  result.status = FitStatus::Stalled;
  return false;
}

void DeterministicFit::minimizeInGuideMetric(double tolerance, int maxRounds) {
  int failures = 0;
  std::vector<double> earlier = result.parameters;
  for (int round = 0; round < maxRounds && !isDone; ++round) {
    findScales();
    // Short runs first: the geometry of q changes most at the beginning.
    int64_t limit = round < 3 ? 30 : round < 10 ? 100 : 1000;
    double before = result.heldELBO;
    LBFGSResult run = minimize({result.parameters, scales, std::nullopt},
                               tolerance, limit, true);
    if (isDone)
      return;
    result.gradientNorm = run.gradientNorm;
    if (findRunaway() ||
        (round % 4 == 3 && run.status != LBFGSStatus::Converged &&
         findUnboundedRay(earlier))) {
      result.status = FitStatus::Unbounded;
      isDone = true;
      return;
    }
    if (round % 4 == 3)
      earlier = result.parameters;
    // From a fresh memory, the first steps go along the gradient again.
    if (run.status == LBFGSStatus::NoGain &&
        result.heldELBO - before < runTolerance) {
      result.status = FitStatus::Converged;
      return;
    }
    if (run.status == LBFGSStatus::Converged) {
      result.status = FitStatus::Converged;
      // The scales that measured the gradient may be out of date.
      if (run.iterations == 0 || round > 100)
        return;
      continue;
    }
    if (result.iterations >= maxIterations) {
      result.status = FitStatus::IterationLimit;
      isDone = true;
      return;
    }
    if (run.status == LBFGSStatus::InvalidStart) {
      result.status = FitStatus::Stalled;
      return;
    }
    if (run.status == LBFGSStatus::LineSearchFailed) {
      // From the last point along the gradient again, in new scales.
      if (!(result.heldELBO > before) && ++failures >= 3) {
        result.status = FitStatus::Stalled;
        return;
      }
    }
    // Many rounds without an end: leave the rest to the Hessian's metric.
    if (round >= 60 &&
        int64_t(result.parameters.size()) <= options.maxHessianParameters) {
      result.status = FitStatus::Stalled;
      return;
    }
  }
}

bool DeterministicFit::formHessian() {
  hessian =
      objective->getHessian(result.parameters, scales, monitor.isInterrupted);
  factor.reset();
  if (!hessian)
    return false;
  int64_t size = hessian->rows;
  Matrix scaled = *hessian;
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      scaled(i, j) *= scales[i] * scales[j];
  Matrix attempt = scaled;
  bool isDefinite = factorizeCholesky(attempt, 1e-11);
  // Not definite: away from a maximum. A multiple of the identity makes it a
  // metric still.
  double shift = 1e-3;
  for (int round = 0; !factor && !isDefinite && round < 40; ++round) {
    attempt = scaled;
    for (int64_t i = 0; i < size; ++i)
      attempt(i, i) += shift;
    shift *= 4;
    if (factorizeCholesky(attempt, 1e-11))
      break;
  }
  factor = std::move(attempt);
  return isDefinite;
}

double DeterministicFit::getDecrement(llvm::ArrayRef<double> gradient) const {
  std::vector<double> scaled(gradient.begin(), gradient.end());
  for (size_t i = 0; i < scaled.size(); ++i)
    scaled[i] *= scales[i];
  solveLower(*factor, scaled);
  return norm(scaled);
}

bool DeterministicFit::minimizeInHessianMetric() {
  double last = std::numeric_limits<double>::infinity();
  for (int round = 0; round < 12; ++round) {
    findScales();
    bool isDefinite = formHessian();
    if (!factor)
      return false;
    std::vector<double> gradient(result.parameters.size());
    double value = (*objective)(result.parameters, gradient);
    if (!std::isfinite(value))
      return false;
    result.heldELBO = -value;
    double decrement = getDecrement(gradient);
    std::vector<double> scaled = gradient;
    for (size_t i = 0; i < scaled.size(); ++i)
      scaled[i] *= scales[i];
    result.gradientNorm = norm(scaled);
    result.decrement.reset();
    if (isDefinite)
      result.decrement = decrement;
    if (isDefinite && decrement <= decrementTolerance) {
      result.status = FitStatus::Converged;
      return true;
    }
    // Rounding ends what can be gained.
    if (round >= 3 && isDefinite && decrement <= acceptableDecrement &&
        decrement > 0.3 * last) {
      result.status = FitStatus::Converged;
      return true;
    }
    if (result.iterations >= maxIterations) {
      result.status = FitStatus::IterationLimit;
      isDone = true;
      return false;
    }
    last = decrement;
    LBFGSResult run = minimize({result.parameters, scales, factor},
                               0.1 * decrementTolerance, 200, false);
    if (isDone)
      return false;
    if (findRunaway()) {
      result.status = FitStatus::Unbounded;
      isDone = true;
      return false;
    }
    // In this metric the gradient's norm is the decrement.
    if (isDefinite && decrement <= closeDecrement &&
        run.status == LBFGSStatus::Converged) {
      result.decrement = run.gradientNorm;
      result.status = FitStatus::Converged;
      return true;
    }
    if (run.iterations == 0 && run.status != LBFGSStatus::Converged) {
      result.status = isDefinite && decrement <= acceptableDecrement
                          ? FitStatus::Converged
                          : FitStatus::Stalled;
      return isDefinite;
    }
  }
  result.status = FitStatus::Stalled;
  return result.decrement.has_value();
}

/// How far the optimum over these draws may be from the optimum over all: what
/// an independent set of four times as many moves it by (more, as what
/// whitening distorts becomes less with their number). True where that is too
/// far, more draws are affordable, and they have been set up.
bool DeterministicFit::growDraws() {
  if (options.samples > 0 || model.getNoiseCount() == 0 || isDone)
    return false;
  int64_t rows = noise.rows;
  // An evaluation reads `work` numbers a draw. With the Hessian of fewer draws
  // for a metric it takes some ten of them.
  int64_t parameterCount = result.parameters.size();
  double affordable = hessianWork / (20 * std::max<double>(1, model.getWork()));
  int64_t maxRows = static_cast<int64_t>(std::min(affordable, 16384.0));
  // It is told, even where no more are affordable.
  bool canGrow = maxRows >= 2 * rows;
  int64_t otherRows = canGrow ? std::min(4 * rows, maxRows) / 2 * 2 : rows;
  NoiseMatrix other =
      getHeldDraws(getStreamKey(options.seed, Stream::HeldDraws, 1000 + rows),
                   otherRows, model.getNoiseCount());
  Objective independent(model, other, batches, result.counts);
  std::vector<double> gradient(parameterCount), held(parameterCount);
  if (!std::isfinite(independent(result.parameters, gradient)) ||
      !std::isfinite((*objective)(result.parameters, held)))
    return false;
  std::vector<double> shift(parameterCount);
  for (int64_t i = 0; i < parameterCount; ++i)
    shift[i] = (gradient[i] - held[i]) * scales[i];
  double decrement = 0, largest = 0;
  if (factor) {
    solveLower(*factor, shift);
    decrement = norm(shift);
    solveLowerTransposed(*factor, shift);
    // In linear-response standard deviations, but not in more than those of q
    // for the parameters that are its scales.
    for (int64_t i = 0; i < parameterCount; ++i) {
      std::vector<double> unit(parameterCount);
      unit[i] = 1;
      solveLower(*factor, unit);
      double sd = std::max(1.0, norm(unit));
      if (llvm::is_contained(result.structure.scales, i))
        sd = 1;
      largest = std::max(largest, std::fabs(shift[i]) / sd);
    }
  } else {
    decrement = norm(shift);
    for (double element : shift)
      largest = std::max(largest, std::fabs(element));
  }
  // The other set errs, too.
  double share = std::sqrt(double(otherRows) / double(otherRows + rows));
  largest *= share;
  result.heldShift = largest;
  // Half of the square of the decrement is the loss of ELBO; a parameter may
  // be off by a hundredth of its unit.
  double excess = std::max(largest / 0.006, decrement * share / 0.06);
  if (!canGrow || !(excess > 1))
    return false;
  double wanted = double(rows) * std::min(excess * excess, 16.0);
  int64_t newRows = static_cast<int64_t>(
      std::min<double>(maxRows, std::max<double>(2.0 * double(rows), wanted)));
  setNoise(newRows / 2 * 2, newRows);
  return true;
}

/// The covariance by solves with the Hessian, where that is not formed: for
/// each latent the answer of phi to a change of its mean.
void DeterministicFit::findResponse() {
  int64_t latents = model.getLatentCount();
  int64_t size = model.getGuideParameterCount();
  if (latents == 0)
    return;
  if (latents > maxResponseLatents) {
    result.noResponseReason = "there are more than " +
                              std::to_string(maxResponseLatents) + " latents";
    return;
  }
  // Each takes a few products.
  double reads = 10.0 * double(latents) * getEvaluationWork();
  if (guide && reads > responseWork) {
    result.noResponseReason =
        "that would take " + std::to_string(latents) +
        " solves with the Hessian, too many for a model of this size";
    return;
  }
  findScales();
  // A product for each parameter is fewer than some for each latent.
  if (size <= responseFactor * options.maxHessianParameters &&
      int64_t(result.parameters.size()) == size) {
    result.hessian =
        objective->getHessian(result.parameters, scales, monitor.isInterrupted);
    if (!result.hessian)
      result.noResponseReason = "products with the Hessian are not finite";
    return;
  }
  Matrix jacobian =
      getMeanJacobian(model, result.parameters, result.structure, noise);
  std::vector<double> whole(result.parameters.size()), moved(whole.size());
  // The model's own parameters stay where they are.
  auto multiply = [&](llvm::ArrayRef<double> direction,
                      llvm::MutableArrayRef<double> product) {
    llvm::copy(direction, whole.begin());
    if (monitor.isInterrupted() ||
        !objective->multiply(result.parameters, whole, scales, moved))
      return false;
    std::copy(moved.begin(), moved.begin() + size, product.begin());
    return true;
  };
  Matrix answers(latents, size);
  for (int64_t i = 0; i < latents; ++i) {
    llvm::MutableArrayRef<double> answer(answers.values.data() + i * size,
                                         size);
    SolveStatus status = solveConjugateGradients(
        multiply, llvm::ArrayRef(scales).take_front(size), jacobian.getRow(i),
        answer, /*tolerance=*/1e-5, std::max<int64_t>(50, 2 * size));
    switch (status) {
    case SolveStatus::Converged:
      continue;
    case SolveStatus::Inexact:
      result.noResponseReason = "solves with the Hessian do not converge";
      return;
    case SolveStatus::Indefinite:
      result.noResponseReason = "the Hessian of the ELBO is not definite";
      return;
    case SolveStatus::NonFinite:
      result.noResponseReason = "products with the Hessian are not finite";
      return;
    }
  }
  Matrix covariance(latents, latents);
  for (int64_t i = 0; i < latents; ++i)
    for (int64_t j = 0; j <= i; ++j)
      covariance(i, j) = covariance(j, i) =
          0.5 * (dot(jacobian.getRow(i), answers.getRow(j)) +
                 dot(jacobian.getRow(j), answers.getRow(i)));
  result.response = std::move(covariance);
}

void DeterministicFit::finish() {
  if (!result.decrement && result.status == FitStatus::Stalled &&
      result.gradientNorm <= 100 * gradientTolerance)
    result.status = FitStatus::Converged;
  if (options.covariance == CovarianceKind::Guide) {
    result.noResponseReason = "the guide's own is asked for";
    return;
  }
  if (hessian && result.decrement) {
    int64_t size = model.getGuideParameterCount();
    Matrix guide(size, size);
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        guide(i, j) = (*hessian)(i, j);
    result.hessian = std::move(guide);
  } else if (!hessian && result.hasConverged() && hasScales() &&
             int64_t(result.parameters.size()) > options.maxHessianParameters) {
    findResponse();
  }
}

/// A normal with all correlations fits itself to held draws where their pairs
/// are no more than the latents: the ELBO over them has no bound.
bool DeterministicFit::checkDraws() {
  int64_t latents = model.getLatentCount();
  bool isRich = model.getGuideParameterCount() > 3 * latents;
  if (!isRich || options.samples == 0 || model.getNoiseCount() == 0 ||
      model.isExact() || options.samples >= 2 * latents)
    return true;
  result.status = FitStatus::Refused;
  result.refusal =
      "a guide with correlations of " + std::to_string(latents) +
      " latents needs at least " + std::to_string(2 * latents) +
      " held draws, twice as many as latents: with " +
      std::to_string(options.samples) +
      " the ELBO over them grows without bound; raise --samples, leave it out, "
      "or take --method=adam";
  return false;
}

void DeterministicFit::run() {
  if (!checkDraws())
    return;
  result.structure = analyzeGuide(model, result.parameters);
  guide = GuideFactor::find(model, result.parameters, result.structure);
  setNoise(chooseSamples(model, options), 0);
  if (!options.keepStart) {
    StartOptions start;
    start.seed = options.seed;
    start.candidates = options.startCandidates;
    start.isInterrupted = monitor.isInterrupted;
    start.guide = guide ? &*guide : nullptr;
    result.parameters =
        findStart(model, result.parameters, result.structure, batches,
                  model.isExact() ? 1 : noise.rows, start, result.counts);
  }
  if (!findFiniteStart()) {
    result.status = FitStatus::NonFiniteStart;
    return;
  }
  result.status = FitStatus::Stalled;
  bool useHessian =
      int64_t(result.parameters.size()) <= options.maxHessianParameters;
  minimize();
  if (useHessian && !isDone)
    minimizeInHessianMetric();
  bool hasGrown = false;
  while (growDraws()) {
    hasGrown = true;
    // The metric of fewer draws serves for more.
    if (!factor) {
      minimize();
      continue;
    }
    LBFGSResult run = minimize({result.parameters, scales, factor},
                               0.1 * decrementTolerance, 200, false);
    if (!isDone && result.decrement)
      result.decrement = run.gradientNorm;
  }
  // Formed anew where that does not take too long; else the Hessian of fewer
  // draws stands.
  double work = 2.0 * double(result.parameters.size()) * getEvaluationWork();
  bool isClose = result.decrement && *result.decrement <= acceptableDecrement;
  if (hasGrown && useHessian && !isDone && (work <= hessianWork || !isClose))
    minimizeInHessianMetric();
  finish();
}

FitResult vi::fit::fitDeterministic(CompiledModel &model,
                                    llvm::ArrayRef<double> start,
                                    const FitOptions &options,
                                    const FitMonitor &monitor,
                                    llvm::ArrayRef<PlateBatch> batches) {
  FitResult result;
  result.parameters.assign(start.begin(), start.end());
  if (start.empty()) {
    // Nothing to fit: the ELBO is the log density of the data.
    result.status = FitStatus::Converged;
    result.structure = analyzeGuide(model, start);
    return result;
  }
  DeterministicFit(model, options, monitor,
                   batches.empty() ? getWholePlates(model)
                                   : std::vector<PlateBatch>(batches),
                   result)
      .run();
  return result;
}
