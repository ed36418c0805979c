//===- Newton.cpp - trust-region Newton minimization -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Newton.h"
#include "vi/Fit/LinearAlgebra.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

namespace {

/// The quadratic model at a point, in the coordinates y with x = S y: the
/// gradient there, and the Hessian as a function.
class Model {
public:
  Model(const NewtonProblem &problem, llvm::ArrayRef<double> point,
        llvm::ArrayRef<double> scales)
      : problem(problem), point(point), scales(scales) {}

  bool multiply(llvm::ArrayRef<double> direction,
                llvm::MutableArrayRef<double> product) const {
    std::vector<double> moved(direction.begin(), direction.end());
    for (size_t i = 0; i < moved.size(); ++i)
      moved[i] *= scales[i];
    if (!problem.multiply(point, moved, product))
      return false;
    for (size_t i = 0; i < moved.size(); ++i)
      product[i] *= scales[i];
    return true;
  }

private:
  const NewtonProblem &problem;
  llvm::ArrayRef<double> point, scales;
};

void addScaled(std::vector<double> &x, double factor,
               llvm::ArrayRef<double> y) {
  for (size_t i = 0; i < x.size(); ++i)
    x[i] += factor * y[i];
}

/// A step of the quadratic model.
struct Step {
  std::vector<double> step;
  /// What the model says that it gains.
  double gain = 0;
  bool isAtBoundary = false;
  /// No curvature that is not positive was met.
  bool isConvex = true;
};

/// The way of conjugate gradients from zero, as far as it has been gone: steps
/// for smaller trust regions lie on it.
class Path {
public:
  Path(const Model &model, llvm::ArrayRef<double> gradient)
      : model(model), residual(gradient.begin(), gradient.end()),
        end(gradient.size()), square(dot(gradient, gradient)),
        start(std::sqrt(square)) {
    direction = residual;
    for (double &element : direction)
      element = -element;
  }

  /// Goes on until the residual is small, the way leaves the region, or it
  /// meets curvature that is not positive. False where a product is not finite.
  bool extend(double radius, double tolerance, int64_t maxProducts) {
    std::vector<double> product(direction.size());
    while (isConvex && norm(end) < radius && getResidual() > tolerance &&
           int64_t(segments.size()) < maxProducts) {
      if (!model.multiply(direction, product))
        return false;
      double curvature = dot(direction, product);
      double slope = dot(residual, direction);
      // As far as rounding lets one see.
      isConvex = curvature > 1e-14 * norm(direction) * norm(product);
      double length = isConvex ? square / curvature
                               : std::numeric_limits<double>::infinity();
      segments.push_back({direction, length, slope, curvature});
      if (!isConvex)
        return true;
      addScaled(end, length, direction);
      addScaled(residual, length, product);
      double newSquare = dot(residual, residual);
      for (size_t i = 0; i < direction.size(); ++i)
        direction[i] = newSquare / square * direction[i] - residual[i];
      square = newSquare;
    }
    return true;
  }

  /// The step to the end, or to where the way leaves the region.
  Step getStep(double radius) const {
    Step result;
    result.step.assign(direction.size(), 0.0);
    for (const Segment &segment : segments) {
      double length = segment.length;
      std::vector<double> next = result.step;
      if (std::isfinite(length))
        addScaled(next, length, segment.direction);
      if (!std::isfinite(length) || norm(next) >= radius) {
        result.isConvex = std::isfinite(length);
        result.isAtBoundary = true;
        length = getBoundary(result.step, segment.direction, radius);
      }
      addScaled(result.step, length, segment.direction);
      result.gain -=
          length * segment.slope + 0.5 * length * length * segment.curvature;
      if (result.isAtBoundary)
        break;
    }
    return result;
  }

  /// The norm of what is left of the gradient at the end, as a share of it.
  double getResidual() const { return std::sqrt(square) / start; }

private:
  struct Segment {
    std::vector<double> direction;
    double length, slope, curvature;
  };

  /// The root t of |p + t d| = radius.
  static double getBoundary(llvm::ArrayRef<double> p, llvm::ArrayRef<double> d,
                            double radius) {
    double dd = dot(d, d), pd = dot(p, d), pp = dot(p, p);
    double root = pd * pd + dd * (radius * radius - pp);
    return (std::sqrt(std::max(0.0, root)) - pd) / dd;
  }

  const Model &model;
  std::vector<double> residual, direction, end;
  std::vector<Segment> segments;
  double square, start;
  bool isConvex = true;
};

} // namespace

NewtonResult vi::fit::minimizeNewton(const NewtonProblem &problem,
                                     std::vector<double> &point,
                                     const NewtonOptions &options,
                                     NewtonMonitor monitor) {
  NewtonResult result;
  size_t size = point.size();
  std::vector<double> gradient(size);
  double value = problem.evaluate(point, gradient);
  if (!std::isfinite(value))
    return result;
  result.value = value;
  double radius = options.radius;
  bool isFirst = true;
  while (true) {
    std::vector<double> scales = problem.getScales(point);
    std::vector<double> scaled = gradient;
    for (size_t i = 0; i < size; ++i)
      scaled[i] *= scales[i];
    result.gradientNorm = norm(scaled);
    result.decrement.reset();
    if (result.gradientNorm == 0) {
      result.decrement = 0;
      result.status = NewtonStatus::Converged;
      return result;
    }
    Model model(problem, point, scales);
    // Exactly only near the end, for the convergence to be superlinear.
    double tolerance = std::min(0.5, std::max(1e-3, result.gradientNorm));
    int64_t maxProducts = std::max<int64_t>(20, 2 * int64_t(size));
    Path path(model, scaled);

    // Smaller regions until one holds a better point. The model stays.
    while (true) {
      if (!path.extend(radius, tolerance, maxProducts)) {
        result.status =
            isFirst ? NewtonStatus::InvalidStart : NewtonStatus::Stalled;
        return result;
      }
      Step step = path.getStep(radius);
      // Twice the gain is g'H^-1 g, up to what is left of the gradient.
      if (step.isConvex && !step.isAtBoundary) {
        result.decrement = std::sqrt(std::max(0.0, 2 * step.gain));
        if (*result.decrement <= options.decrementTolerance &&
            path.getResidual() <= 0.1) {
          result.status = NewtonStatus::Converged;
          return result;
        }
      }
      if (result.iterations >= options.maxIterations) {
        result.status = NewtonStatus::IterationLimit;
        return result;
      }
      std::vector<double> direction = step.step;
      for (size_t i = 0; i < size; ++i)
        direction[i] *= scales[i];
      double limit =
          problem.limitStep ? std::min(1.0, problem.limitStep(direction)) : 1;
      std::vector<double> next = point, nextGradient(size);
      addScaled(next, limit, direction);
      double nextValue = problem.evaluate(next, nextGradient);
      bool isFinite = std::isfinite(nextValue);
      double rounding =
          options.valuePrecision * std::max(1.0, std::fabs(value));
      // The model along the step is a parabola.
      double slope = dot(gradient, direction);
      double expected = limit * (limit * (step.gain + slope) - slope);
      double ratio = isFinite ? (value - nextValue) / expected : -1;
      // The values say nothing: the slope along the step has become small.
      if (isFinite && expected <= 10 * rounding &&
          nextValue <= value + 10 * rounding)
        ratio =
            std::fabs(dot(nextGradient, direction)) <= 0.5 * std::fabs(slope)
                ? 1
                : 0;
      double length = limit * norm(step.step);
      if (!isFinite)
        radius = 0.1 * length;
      else if (ratio < 0.25)
        radius = 0.25 * length;
      else if (ratio > 0.75 && step.isAtBoundary && limit == 1)
        radius = std::min(4 * radius, 1e6);
      if (ratio > 1e-3) {
        point = std::move(next);
        gradient = std::move(nextGradient);
        result.value = value = nextValue;
        ++result.iterations;
        isFirst = false;
        for (size_t i = 0; i < size; ++i)
          scaled[i] = gradient[i] * scales[i];
        result.gradientNorm = norm(scaled);
        if (!monitor(result.iterations, value, result.gradientNorm, point)) {
          result.decrement.reset();
          result.status = NewtonStatus::Stopped;
          return result;
        }
        break;
      }
      if (radius < 1e-12) {
        result.status = NewtonStatus::Stalled;
        return result;
      }
    }
  }
}

SolveStatus vi::fit::solveConjugateGradients(
    llvm::function_ref<bool(llvm::ArrayRef<double> direction,
                            llvm::MutableArrayRef<double> product)>
        multiply,
    llvm::ArrayRef<double> scales, llvm::ArrayRef<double> rhs,
    llvm::MutableArrayRef<double> solution, double tolerance,
    int64_t maxProducts) {
  size_t size = rhs.size();
  llvm::fill(solution, 0.0);
  std::vector<double> residual(size), direction(size), moved(size),
      product(size);
  for (size_t i = 0; i < size; ++i)
    direction[i] = residual[i] = scales[i] * rhs[i];
  double square = dot(residual, residual);
  const double start = std::sqrt(square);
  if (start == 0)
    return SolveStatus::Converged;
  for (int64_t count = 0; count < maxProducts; ++count) {
    for (size_t i = 0; i < size; ++i)
      moved[i] = scales[i] * direction[i];
    if (!multiply(moved, product))
      return SolveStatus::NonFinite;
    for (size_t i = 0; i < size; ++i)
      product[i] *= scales[i];
    double curvature = dot(direction, product);
    if (!(curvature > 1e-14 * norm(direction) * norm(product)))
      return SolveStatus::Indefinite;
    double length = square / curvature;
    for (size_t i = 0; i < size; ++i) {
      solution[i] += length * moved[i];
      residual[i] -= length * product[i];
    }
    double newSquare = dot(residual, residual);
    if (std::sqrt(newSquare) <= tolerance * start)
      return SolveStatus::Converged;
    double weight = newSquare / square;
    for (size_t i = 0; i < size; ++i)
      direction[i] = residual[i] + weight * direction[i];
    square = newSquare;
  }
  return SolveStatus::Inexact;
}
