//===- Objective.cpp - the ELBO with its draws held fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Objective.h"
#include "llvm/ADT/STLExtras.h"

#include "llvm/ADT/STLExtras.h"

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
  // One phase of a fit ends where the next begins.
  if (parameters == llvm::ArrayRef(lastParameters)) {
    llvm::copy(lastGradient, gradient.begin());
    return lastValue;
  }
  ++counts.gradients;
  counts.draws += double(noise.rows);
  double value = -model.evaluateGradient(parameters, noise, batches, gradient);
  bool finite = std::isfinite(value);
  for (double &element : gradient) {
    finite &= std::isfinite(element);
    element = -element;
  }
  if (finite) {
    lastParameters.assign(parameters.begin(), parameters.end());
    lastGradient.assign(gradient.begin(), gradient.end());
    return lastValue = value;
  }
  ++counts.nonFinite;
  if (!counts.firstNonFinite)
    counts.firstNonFinite = findNonFinite(parameters);
  llvm::fill(gradient, 0.0);
  return std::numeric_limits<double>::infinity();
}

bool Objective::useCompiledProducts() {
  hasCompiledProducts = model.hasHessianProduct();
  return hasCompiledProducts;
}

bool Objective::multiply(llvm::ArrayRef<double> parameters,
                         llvm::ArrayRef<double> direction,
                         llvm::ArrayRef<double> scales,
                         llvm::MutableArrayRef<double> product) {
  ++counts.products;
  if (hasCompiledProducts) {
    counts.gradients += 2;
    counts.draws += 2 * double(noise.rows);
    model.evaluateHessianProduct(parameters, noise, batches, direction,
                                 product);
    bool finite = true;
    for (double &element : product) {
      finite &= std::isfinite(element);
      element = -element;
    }
    counts.nonFinite += finite ? 0 : 1;
    return finite;
  }
  // Errors: the square of the step from truncation, and the gradient's rounding
  // divided by it.
  double length = 0, largest = 0;
  size_t mover = 0;
  for (size_t i = 0; i < direction.size(); ++i) {
    double element = std::fabs(direction[i] / scales[i]);
    length += element * element;
    if (element > largest) {
      largest = element;
      mover = i;
    }
  }
  if (largest == 0) {
    llvm::fill(product, 0.0);
    return true;
  }
  const double step = 1e-4 / std::sqrt(length);
  std::vector<double> high(parameters.begin(), parameters.end()), low = high;
  for (size_t i = 0; i < high.size(); ++i) {
    high[i] += step * direction[i];
    low[i] -= step * direction[i];
  }
  // How far apart the points are as numbers.
  double distance = (high[mover] - low[mover]) / direction[mover];
  std::vector<double> below(low.size());
  bool finite = std::isfinite((*this)(high, product));
  finite &= std::isfinite((*this)(low, below));
  if (!finite || !(distance > 0))
    return false;
  for (size_t i = 0; i < below.size(); ++i)
    product[i] = (product[i] - below[i]) / distance;
  return true;
}

std::optional<Matrix>
Objective::getHessian(llvm::ArrayRef<double> parameters,
                      llvm::ArrayRef<double> scales,
                      llvm::function_ref<bool()> interrupted) {
  int64_t size = parameters.size();
  Matrix hessian(size, size);
  std::vector<double> direction(size), product(size);
  for (int64_t column = 0; column < size; ++column) {
    if (interrupted())
      return std::nullopt;
    direction[column] = 1;
    if (!multiply(parameters, direction, scales, product))
      return std::nullopt;
    direction[column] = 0;
    for (int64_t row = 0; row < size; ++row)
      hessian(row, column) = product[row];
  }
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < row; ++column) {
      double mean = 0.5 * (hessian(row, column) + hessian(column, row));
      hessian(row, column) = hessian(column, row) = mean;
    }
  return hessian;
}
