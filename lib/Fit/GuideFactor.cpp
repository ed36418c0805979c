//===- GuideFactor.cpp - normal guides with all correlations -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/GuideFactor.h"
#include "vi/Fit/HeldDraws.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace vi::fit;

/// The numbers that looking for the parameters may read.
static constexpr double maxSearchWork = 4e9;

std::optional<GuideFactor> GuideFactor::find(CompiledModel &model,
                                             llvm::ArrayRef<double> parameters,
                                             const GuideStructure &structure) {
  GuideFactor guide;
  int64_t size = guide.size = model.getLatentCount();
  int64_t noiseCount = model.getNoiseCount();
  int64_t parameterCount = model.getGuideParameterCount();
  if (size == 0 || structure.isPoint || !structure.isGaussian ||
      parameterCount != size + size * (size + 1) / 2 ||
      double(parameterCount) * double(size) * double(size) > maxSearchWork ||
      llvm::is_contained(structure.locations, -1))
    return std::nullopt;
  guide.locations = structure.locations;

  // The normal of each latent, which no latent before it has; there may be
  // others, which no latent depends on.
  std::vector<double> normals(noiseCount), center(size), before(size),
      after(size);
  model.getLatents(parameters, normals, center);
  std::vector<int64_t> columns(size, -1);
  std::vector<double> diagonal(size);
  for (int64_t j = 0; j < noiseCount; ++j) {
    normals[j] = 1;
    model.getLatents(parameters, normals, after);
    normals[j] = 0;
    for (int64_t i = 0; i < size; ++i) {
      if (after[i] == center[i])
        continue;
      if (columns[i] >= 0)
        return std::nullopt;
      columns[i] = j;
      diagonal[i] = after[i] - center[i];
      break;
    }
  }
  if (llvm::is_contained(columns, -1))
    return std::nullopt;

  NoiseMatrix noise = getIndependentDraws(/*key=*/1, 2, noiseCount);
  auto getNormal = [&](int64_t draw, int64_t column) {
    return noise.values[draw * noiseCount + columns[column]];
  };
  std::vector<double> point = parameters.vec();
  std::vector<double> drawn[2];
  for (int draw = 0; draw < 2; ++draw) {
    drawn[draw].resize(size);
    model.getLatents(parameters, NoiseView(noise).getRow(draw), drawn[draw]);
  }
  const double step = 0x1p-10;
  std::vector<bool> isLocation(parameterCount);
  for (int64_t location : guide.locations)
    isLocation[location] = true;
  for (int64_t parameter = 0; parameter < parameterCount; ++parameter) {
    if (isLocation[parameter])
      continue;
    int64_t row = -1;
    double change[2] = {0, 0};
    point[parameter] = parameters[parameter] + step;
    double moved = point[parameter] - parameters[parameter];
    for (int draw = 0; draw < 2; ++draw) {
      model.getLatents(point, NoiseView(noise).getRow(draw), after);
      for (int64_t i = 0; i < size; ++i) {
        if (after[i] == drawn[draw][i])
          continue;
        if (row >= 0 && row != i)
          return std::nullopt;
        row = i;
        change[draw] = after[i] - drawn[draw][i];
      }
    }
    point[parameter] = parameters[parameter];
    if (row < 0)
      return std::nullopt;
    // The one that both draws agree on.
    int64_t column = -1;
    double least = 1e-6;
    for (int64_t j = 0; j <= row; ++j) {
      double left = change[0] * getNormal(1, j);
      double right = change[1] * getNormal(0, j);
      double difference =
          std::fabs(left - right) / (std::fabs(left) + std::fabs(right));
      if (difference < least) {
        least = difference;
        column = j;
      }
    }
    if (column < 0)
      return std::nullopt;
    double weight = change[0] / getNormal(0, column);
    double rate = column == row ? std::log1p(weight / diagonal[row]) / moved
                                : weight / moved;
    if (!(std::fabs(rate) > 0) || !std::isfinite(rate))
      return std::nullopt;
    guide.elements.push_back({row, column, parameter, rate});
  }
  // Each element once.
  std::vector<bool> seen(size * size);
  for (const Element &element : guide.elements) {
    if (seen[element.row * size + element.column])
      return std::nullopt;
    seen[element.row * size + element.column] = true;
  }
  guide.columns = std::move(columns);
  guide.model = &model;
  return guide;
}

Matrix GuideFactor::getFactor(llvm::ArrayRef<double> parameters) const {
  std::vector<double> normals(model->getNoiseCount()), center(size),
      latents(size);
  model->getLatents(parameters, normals, center);
  Matrix factor(size, size);
  for (int64_t j = 0; j < size; ++j) {
    normals[columns[j]] = 1;
    model->getLatents(parameters, normals, latents);
    normals[columns[j]] = 0;
    for (int64_t i = j; i < size; ++i)
      factor(i, j) = latents[i] - center[i];
  }
  return factor;
}

std::vector<double> GuideFactor::setFactor(llvm::ArrayRef<double> parameters,
                                           const Matrix &factor) const {
  Matrix old = getFactor(parameters);
  std::vector<double> result = parameters.vec();
  for (const Element &element : elements) {
    double from = old(element.row, element.column);
    double to = factor(element.row, element.column);
    double change =
        element.row == element.column ? std::log(to / from) : to - from;
    result[element.parameter] += change / element.rate;
  }
  return result;
}

std::vector<double>
GuideFactor::getScales(llvm::ArrayRef<double> parameters) const {
  Matrix factor = getFactor(parameters);
  // The diagonals of the covariance and of its inverse.
  std::vector<double> precision(size), unit(size);
  std::vector<double> scales(parameters.size(), 1.0);
  for (int64_t i = 0; i < size; ++i) {
    llvm::fill(unit, 0.0);
    unit[i] = 1;
    solveLower(factor, unit);
    precision[i] = dot(unit, unit);
    scales[locations[i]] = norm(factor.getRow(i));
  }
  for (const Element &element : elements) {
    double information = precision[element.row];
    if (element.row == element.column) {
      double sd = factor(element.row, element.row);
      information = 1 + sd * sd * information;
    }
    scales[element.parameter] =
        1 / (std::sqrt(information) * std::fabs(element.rate));
  }
  return scales;
}

/// L M for lower triangular matrices.
static Matrix multiplyFactors(const Matrix &left, const Matrix &right) {
  int64_t size = left.rows;
  Matrix product(size, size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t k = 0; k <= i; ++k) {
      double weight = left(i, k);
      for (int64_t j = 0; j <= k; ++j)
        product(i, j) += weight * right(k, j);
    }
  return product;
}

/// The lower triangle of L^T M.
static Matrix multiplyTransposed(const Matrix &factor, const Matrix &right) {
  int64_t size = factor.rows;
  Matrix product(size, size);
  for (int64_t k = 0; k < size; ++k)
    for (int64_t i = 0; i <= k; ++i) {
      double weight = factor(k, i);
      for (int64_t j = 0; j <= i; ++j)
        product(i, j) += weight * right(k, j);
    }
  return product;
}

std::vector<double>
GuideFactor::toParameters(const Matrix &factor, llvm::ArrayRef<double> scales,
                          llvm::ArrayRef<double> change) const {
  std::vector<double> result(change.size());
  for (size_t i = 0; i < change.size(); ++i)
    result[i] = scales[i] * change[i];
  std::vector<double> mean(size);
  for (int64_t i = 0; i < size; ++i)
    mean[i] = change[locations[i]];
  mean = multiplyLower(factor, mean);
  for (int64_t i = 0; i < size; ++i)
    result[locations[i]] = mean[i];
  Matrix relative(size, size);
  for (const Element &element : elements) {
    bool isDiagonal = element.row == element.column;
    relative(element.row, element.column) =
        change[element.parameter] * (isDiagonal ? std::sqrt(0.5) : 1);
  }
  Matrix moved = multiplyFactors(factor, relative);
  for (const Element &element : elements) {
    double to = moved(element.row, element.column);
    if (element.row == element.column)
      to = relative(element.row, element.row);
    result[element.parameter] = to / element.rate;
  }
  return result;
}

std::vector<double>
GuideFactor::transposed(const Matrix &factor, llvm::ArrayRef<double> scales,
                        llvm::ArrayRef<double> gradient) const {
  std::vector<double> result(gradient.size());
  for (size_t i = 0; i < gradient.size(); ++i)
    result[i] = scales[i] * gradient[i];
  for (int64_t j = 0; j < size; ++j) {
    double sum = 0;
    for (int64_t i = j; i < size; ++i)
      sum += factor(i, j) * gradient[locations[i]];
    result[locations[j]] = sum;
  }
  // The diagonal's own elements are logarithms.
  Matrix below(size, size);
  std::vector<double> diagonal(size);
  for (const Element &element : elements) {
    double slope = gradient[element.parameter] / element.rate;
    if (element.row == element.column)
      diagonal[element.row] = slope;
    else
      below(element.row, element.column) = slope;
  }
  Matrix moved = multiplyTransposed(factor, below);
  for (const Element &element : elements)
    result[element.parameter] =
        element.row == element.column
            ? std::sqrt(0.5) *
                  (moved(element.row, element.row) + diagonal[element.row])
            : moved(element.row, element.column);
  return result;
}

Matrix GuideFactor::getCurvature(const Matrix &factor,
                                 llvm::ArrayRef<double> gradient) const {
  // The gradient by L; that of the entropy is the inverse of its diagonal.
  Matrix slopes(size, size);
  for (const Element &element : elements) {
    double slope = gradient[element.parameter] / element.rate;
    if (element.row == element.column)
      slope = (slope + 1) / factor(element.row, element.row);
    slopes(element.row, element.column) = slope;
  }
  Matrix curvature = multiplyTransposed(factor, slopes);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < i; ++j)
      curvature(j, i) = curvature(i, j);
  return curvature;
}

namespace {
/// A point of natural-gradient steps, with the geometry there.
struct NaturalPoint {
  std::vector<double> parameters;
  double value = 0;
  Matrix factor, curvature;
  /// The gradient by the means in the coordinates of q.
  std::vector<double> slope;
  /// In the Fisher metric, of means and factor.
  double gradientNorm = 0;
};
} // namespace

static bool evaluatePoint(const GuideFactor &guide, Objective &objective,
                          NaturalPoint &at) {
  std::vector<double> gradient(at.parameters.size());
  at.value = objective(at.parameters, gradient);
  if (!std::isfinite(at.value))
    return false;
  int64_t size = guide.getSize();
  at.factor = guide.getFactor(at.parameters);
  at.curvature = guide.getCurvature(at.factor, gradient);
  at.slope.assign(size, 0.0);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j <= i; ++j)
      at.slope[j] += at.factor(i, j) * gradient[guide.getLocations()[i]];
  double square = dot(at.slope, at.slope);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      double excess = at.curvature(i, j) - (i == j ? 1 : 0);
      square += 0.5 * excess * excess;
    }
  at.gradientNorm = std::sqrt(square);
  return std::isfinite(at.gradientNorm);
}

/// The parameters after a step of that length; nothing where the precision
/// that it leads to is not definite.
static std::optional<std::vector<double>>
takeNaturalStep(const GuideFactor &guide, const NaturalPoint &from,
                double length) {
  int64_t size = guide.getSize();
  // In the coordinates of q.
  Matrix precision(size, size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      precision(i, j) =
          length * from.curvature(i, j) + (i == j ? 1 - length : 0);
  if (!factorizeCholesky(precision, 1e-10))
    return std::nullopt;
  Matrix covariance(size, size);
  std::vector<double> column(size), move(size);
  for (int64_t i = 0; i < size; ++i) {
    llvm::fill(column, 0.0);
    column[i] = 1;
    solveLower(precision, column);
    solveLowerTransposed(precision, column);
    for (int64_t j = 0; j < size; ++j) {
      covariance(j, i) = column[j];
      move[j] -= length * column[j] * from.slope[i];
    }
  }
  if (!factorizeCholesky(covariance))
    return std::nullopt;
  std::vector<double> parameters = guide.setFactor(
      from.parameters, multiplyFactors(from.factor, covariance));
  move = multiplyLower(from.factor, move);
  for (int64_t i = 0; i < size; ++i)
    parameters[guide.getLocations()[i]] += move[i];
  return parameters;
}

std::optional<NaturalGradientResult> vi::fit::minimizeByNaturalGradient(
    const GuideFactor &guide, Objective &objective, std::vector<double> &point,
    const NaturalGradientOptions &options,
    const NaturalGradientMonitor &monitor) {
  constexpr int maxShortenings = 8;
  NaturalPoint at;
  at.parameters = point;
  if (!evaluatePoint(guide, objective, at))
    return std::nullopt;
  NaturalGradientResult result;
  double length = 1;
  for (;;) {
    result.value = at.value;
    result.gradientNorm = at.gradientNorm;
    result.hasConverged = at.gradientNorm <= options.tolerance;
    if (result.hasConverged || result.iterations >= options.maxIterations)
      break;
    bool isBetter = false;
    double gain = 0;
    for (int attempt = 0; attempt < maxShortenings; ++attempt) {
      std::optional<std::vector<double>> parameters =
          takeNaturalStep(guide, at, length);
      if (parameters) {
        NaturalPoint next;
        next.parameters = std::move(*parameters);
        // What rounding hides of the value, the gradient shows.
        double rounding = 1e-13 * std::max(1.0, std::fabs(at.value));
        if (evaluatePoint(guide, objective, next) &&
            (next.value < at.value ||
             (next.value <= at.value + 10 * rounding &&
              next.gradientNorm < 0.7 * at.gradientNorm))) {
          isBetter = true;
          gain = at.value - next.value;
          at = std::move(next);
          break;
        }
      }
      length *= 0.4;
    }
    if (!isBetter)
      break;
    length = std::min(1.0, 2.5 * length);
    point = at.parameters;
    ++result.iterations;
    if (!monitor(result.iterations, at.value, at.gradientNorm, point) ||
        gain < options.leastGain)
      break;
  }
  result.value = at.value;
  result.gradientNorm = at.gradientNorm;
  result.hasConverged = at.gradientNorm <= options.tolerance;
  point = std::move(at.parameters);
  return result;
}
