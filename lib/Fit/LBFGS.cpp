//===- LBFGS.cpp - limited-memory quasi-Newton minimization -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only file of the library that is compiled with exceptions: LBFGSpp
// reports failures by them. Its own line searches either take a value that is
// not a number for an acceptable one, or give up where differences of values
// drown in rounding; the one here does neither.
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/LBFGS.h"

#include <Eigen/Core>
#include <LBFGS.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

namespace {

using Vector = Eigen::VectorXd;

/// Thrown by the line search where no step is acceptable.
struct LineSearchFailure {};
/// Thrown to leave the solver where the monitor asks for it.
struct StopRequest {};
/// Thrown to leave the solver where its steps promise no gain.
struct NoGain {};

/// The function that the solver sees, with what it has accepted.
struct Problem {
  GradientFunction function;
  LBFGSMonitor monitor;
  StepLimit limit;
  double valuePrecision;
  double gainTolerance;
  int64_t gainIterations;

  Vector accepted;
  double acceptedValue = 0;
  double acceptedGradientNorm = 0;
  int64_t iterations = 0;
  /// The last steps one after the other that promised less than the tolerance.
  int64_t idle = 0;

  /// The gradient at the start, until the solver asks for it.
  Vector startGradient;

  double operator()(const Vector &point, Vector &gradient) {
    if (startGradient.size() != 0) {
      gradient = startGradient;
      startGradient.resize(0);
      return acceptedValue;
    }
    return function({point.data(), static_cast<size_t>(point.size())},
                    {gradient.data(), static_cast<size_t>(gradient.size())});
  }

  /// A step along a direction whose slope at its origin is `slope`: half of
  /// its negative is what the quadratic model gains.
  void accept(const Vector &point, double value, const Vector &gradient,
              double slope) {
    ++iterations;
    accepted = point;
    acceptedValue = value;
    acceptedGradientNorm = gradient.norm();
    if (!monitor(iterations, value, acceptedGradientNorm,
                 {point.data(), static_cast<size_t>(point.size())}))
      throw StopRequest();
    idle = -0.5 * slope < gainTolerance ? idle + 1 : 0;
    if (idle >= gainIterations)
      throw NoGain();
  }
};

/// A step length with the value and the slope there.
struct Trial {
  double step;
  double value;
  double slope;
};

/// Where the cubic through two trials has its minimum; NaN if nowhere.
double getCubicMinimum(const Trial &a, const Trial &b) {
  double theta =
      3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
  double square = theta * theta - a.slope * b.slope;
  if (!(square >= 0))
    return std::numeric_limits<double>::quiet_NaN();
  double root = std::copysign(std::sqrt(square), b.step - a.step);
  return b.step - (b.step - a.step) * (b.slope + root - theta) /
                      (b.slope - a.slope + 2 * root);
}

/// A bracketing line search for the strong Wolfe conditions. Where the change
/// of the value is below its rounding error, the condition on values is
/// replaced by one on slopes: W. W. Hager and H. Zhang (2005), "A new conjugate
/// gradient method with guaranteed descent and an efficient line search", SIAM
/// Journal on Optimization 16, 170-192.
template <typename Scalar> struct LineSearchBySlopes {
  // NOLINTNEXTLINE(readability-identifier-naming): the library's name.
  static void LineSearch(Problem &problem, Scalar &value, Vector &point,
                         Vector &gradient, Scalar &step,
                         const Vector &direction, const Vector &origin,
                         const LBFGSpp::LBFGSParam<Scalar> &parameters) {
    const double decrease = 1e-4, curvature = 0.9;
    const Trial start{0, value, gradient.dot(direction)};
    if (!(start.slope < 0) || !std::isfinite(step))
      throw LineSearchFailure();
    const double rounding =
        problem.valuePrecision * std::max(1.0, std::fabs(value));

    const double longest = problem.limit(
        {direction.data(), static_cast<size_t>(direction.size())});
    step = std::min<double>(step, longest);

    Trial low = start, high{0, 0, 0};
    Vector lowPoint, lowGradient;
    bool bracketed = false;
    double lastWidth = std::numeric_limits<double>::infinity();
    for (int trials = 0; trials < 60; ++trials) {
      point.noalias() = origin + step * direction;
      double trialValue = problem(point, gradient);
      Trial trial{step, trialValue, gradient.dot(direction)};
      bool finite = std::isfinite(trial.value) && std::isfinite(trial.slope);
      bool sufficient =
          finite &&
          (trial.value <= start.value + decrease * step * start.slope ||
           (trial.value <= start.value + rounding &&
            trial.slope <= (2 * decrease - 1) * start.slope));
      if (sufficient && std::fabs(trial.slope) <= curvature * -start.slope) {
        value = trial.value;
        problem.accept(point, value, gradient, start.slope);
        return;
      }
      if (!sufficient || trial.slope >= 0) {
        high = trial;
        bracketed = true;
      } else {
        low = trial;
        lowPoint = point;
        lowGradient = gradient;
        // As far as the search may go, and still downhill.
        if (step >= longest) {
          if (!(trial.slope > start.slope * (1 - 1e-6)))
            break;
          value = trial.value;
          problem.accept(point, value, gradient, start.slope);
          return;
        }
      }

      if (!bracketed) {
        double cubic = trials ? getCubicMinimum(start, low)
                              : std::numeric_limits<double>::quiet_NaN();
        step = std::isfinite(cubic)
                   ? std::min(std::max(cubic, 2 * low.step), 10 * low.step)
                   : 4 * low.step;
        step = std::min<double>(step, longest);
        continue;
      }
      double width = high.step - low.step;
      if (width <= 1e-14 * high.step || high.step < 1e-300)
        break;
      bool highFinite = std::isfinite(high.value) && std::isfinite(high.slope);
      double cubic = highFinite ? getCubicMinimum(low, high)
                                : std::numeric_limits<double>::quiet_NaN();
      if (!highFinite)
        step = low.step + 0.1 * width;
      else if (!std::isfinite(cubic) || width > 0.66 * lastWidth)
        step = low.step + 0.5 * width;
      else
        step = std::min(std::max(cubic, low.step + 0.05 * width),
                        high.step - 0.05 * width);
      lastWidth = width;
    }
    // The solver cannot go on from a step without curvature, but its caller
    // can.
    if (low.step > 0)
      problem.accept(lowPoint, low.value, lowGradient, start.slope);
    throw LineSearchFailure();
  }
};

} // namespace

LBFGSResult vi::fit::minimizeLBFGS(GradientFunction function,
                                   std::vector<double> &point,
                                   const LBFGSOptions &options,
                                   LBFGSMonitor monitor, StepLimit limit) {
  LBFGSResult result;
  Vector current = Eigen::Map<const Vector>(point.data(),
                                            static_cast<int64_t>(point.size()));
  Problem problem{function,
                  monitor,
                  limit,
                  options.valuePrecision,
                  options.gainTolerance,
                  options.gainIterations,
                  current,
                  0,
                  0,
                  0,
                  0,
                  {}};

  // The solver takes the value at the start on trust.
  Vector gradient(current.size());
  problem.acceptedValue = problem(current, gradient);
  problem.acceptedGradientNorm = gradient.norm();
  result.value = problem.acceptedValue;
  result.gradientNorm = problem.acceptedGradientNorm;
  if (!std::isfinite(result.value) || !std::isfinite(result.gradientNorm))
    return result;
  if (result.gradientNorm <= options.gradientTolerance) {
    result.status = LBFGSStatus::Converged;
    return result;
  }
  if (options.maxIterations <= 0) {
    result.status = LBFGSStatus::IterationLimit;
    return result;
  }

  problem.startGradient = gradient;
  LBFGSpp::LBFGSParam<double> parameters;
  parameters.m = options.history;
  parameters.epsilon = options.gradientTolerance;
  parameters.epsilon_rel = 0;
  parameters.max_iterations =
      static_cast<int>(std::min<int64_t>(options.maxIterations, 1000000000));
  parameters.linesearch = LBFGSpp::LBFGS_LINESEARCH_BACKTRACKING_STRONG_WOLFE;
  try {
    LBFGSpp::LBFGSSolver<double, LineSearchBySlopes> solver(parameters);
    double value = 0;
    solver.minimize(problem, current, value);
    result.status = problem.acceptedGradientNorm <= options.gradientTolerance
                        ? LBFGSStatus::Converged
                        : LBFGSStatus::IterationLimit;
  } catch (const StopRequest &) {
    result.status = LBFGSStatus::Stopped;
  } catch (const NoGain &) {
    result.status = LBFGSStatus::NoGain;
  } catch (const LineSearchFailure &) {
    result.status = LBFGSStatus::LineSearchFailed;
  } catch (const std::exception &) {
    result.status = LBFGSStatus::LineSearchFailed;
  }
  point.assign(problem.accepted.data(),
               problem.accepted.data() + problem.accepted.size());
  result.value = problem.acceptedValue;
  result.gradientNorm = problem.acceptedGradientNorm;
  result.iterations = problem.iterations;
  return result;
}
