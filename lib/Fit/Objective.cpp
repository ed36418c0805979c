//===- Objective.cpp - the ELBO with its draws held fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Objective.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace vi::fit;

Objective::Objective(CompiledModel &model, NoiseView noise,
                     std::vector<PlateBatch> batches, EvaluationCounts &counts)
    : model(model), noise(noise), counts(counts), batches(std::move(batches)) {}

NonFinitePoint Objective::findNonFinite(llvm::ArrayRef<double> parameters) {
  int64_t bad = 0;
  for (int64_t row = 0; row < noise.rows && !model.isExact(); ++row)
    if (!std::isfinite(
            model.evaluate(parameters, noise.slice(row, 1), batches))) {
      bad = row;
      break;
    }
  NonFinitePoint point{parameters.vec(),
                       std::vector<double>(model.getLatentCount())};
  if (noise.rows > 0)
    model.getLatents(parameters, noise.getRow(bad), point.latents);
  return point;
}

double Objective::operator()(llvm::ArrayRef<double> parameters,
                             llvm::MutableArrayRef<double> gradient) {
  ++counts.gradients;
  counts.draws += double(noise.rows);
  double value = -model.evaluateGradient(parameters, noise, batches, gradient);
  bool finite = std::isfinite(value);
  for (double &element : gradient) {
    finite &= std::isfinite(element);
    element = -element;
  }
  if (finite)
    return value;
  ++counts.nonFinite;
  if (!counts.firstNonFinite)
    counts.firstNonFinite = findNonFinite(parameters);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  return std::numeric_limits<double>::infinity();
}

std::optional<Matrix>
Objective::getHessian(llvm::ArrayRef<double> parameters,
                      llvm::ArrayRef<double> scales,
                      llvm::function_ref<bool()> interrupted) {
  int64_t size = parameters.size();
  Matrix hessian(size, size);
  std::vector<double> point(parameters.begin(), parameters.end());
  std::vector<double> above(size), below(size);
  for (int64_t column = 0; column < size; ++column) {
    if (interrupted())
      return std::nullopt;
    // Errors: the square of the step from truncation, and the gradient's
    // rounding divided by it.
    double step = 1e-4 * scales[column];
    double center = parameters[column];
    double high = center + step, low = center - step;
    point[column] = high;
    bool finite = std::isfinite((*this)(point, above));
    point[column] = low;
    finite &= std::isfinite((*this)(point, below));
    point[column] = center;
    if (!finite || !(high > low))
      return std::nullopt;
    for (int64_t row = 0; row < size; ++row)
      hessian(row, column) = (above[row] - below[row]) / (high - low);
  }
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < row; ++column) {
      double mean = 0.5 * (hessian(row, column) + hessian(column, row));
      hessian(row, column) = hessian(column, row) = mean;
    }
  return hessian;
}
