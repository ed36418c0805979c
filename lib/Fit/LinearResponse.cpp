//===- LinearResponse.cpp - covariances from curvature -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/LinearResponse.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace vi::fit;

/// The mean of the latents over the draws.
static std::vector<double> getMean(CompiledModel &model,
                                   llvm::ArrayRef<double> parameters,
                                   NoiseView noise) {
  std::vector<double> latents(model.getLatentCount());
  std::vector<double> mean(latents.size());
  for (int64_t row = 0; row < noise.rows; ++row) {
    model.getLatents(parameters, noise.getRow(row), latents);
    for (size_t i = 0; i < mean.size(); ++i)
      mean[i] += latents[i] / double(noise.rows);
  }
  return mean;
}

Matrix vi::fit::getMeanJacobian(CompiledModel &model,
                                llvm::ArrayRef<double> parameters,
                                const GuideStructure &structure,
                                NoiseView noise) {
  int64_t count = model.getGuideParameterCount();
  Matrix jacobian(model.getLatentCount(), count);
  // Of a normal q the mean is the center.
  std::vector<double> zero(model.getNoiseCount());
  if (structure.isGaussian)
    noise = {zero.data(), 1, model.getNoiseCount()};
  std::vector<double> point(parameters.begin(), parameters.end());
  for (int64_t j = 0; j < count; ++j) {
    auto location = llvm::find(structure.locations, j);
    if (location != structure.locations.end()) {
      jacobian(location - structure.locations.begin(), j) = 1;
      continue;
    }
    // The draws of a scale are symmetric about its center.
    if (structure.isGaussian && llvm::is_contained(structure.scales, j))
      continue;
    const double step = 1e-4;
    point[j] = parameters[j] + step;
    std::vector<double> above = getMean(model, point, noise);
    point[j] = parameters[j] - step;
    std::vector<double> below = getMean(model, point, noise);
    point[j] = parameters[j];
    for (int64_t i = 0; i < jacobian.rows; ++i)
      jacobian(i, j) = (above[i] - below[i]) / (2 * step);
  }
  return jacobian;
}

std::optional<Matrix> vi::fit::getLinearResponse(const Matrix &hessian,
                                                 const Matrix &jacobian) {
  // Scaled to a unit diagonal: the parameters' units may be far apart.
  int64_t size = hessian.rows;
  Matrix factor = hessian;
  std::vector<double> scales(size);
  for (int64_t i = 0; i < size; ++i) {
    if (!(hessian(i, i) > 0))
      return std::nullopt;
    scales[i] = 1 / std::sqrt(hessian(i, i));
  }
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      factor(i, j) *= scales[i] * scales[j];
  if (!factorizeCholesky(factor, 1e-12))
    return std::nullopt;
  // Rows of J S L^-T.
  Matrix half = jacobian;
  for (int64_t row = 0; row < half.rows; ++row) {
    llvm::MutableArrayRef<double> values(half.values.data() + row * size, size);
    for (int64_t j = 0; j < size; ++j)
      values[j] *= scales[j];
    solveLower(factor, values);
  }
  Matrix covariance(half.rows, half.rows);
  for (int64_t i = 0; i < half.rows; ++i)
    for (int64_t j = 0; j <= i; ++j)
      covariance(i, j) = covariance(j, i) = dot(half.getRow(i), half.getRow(j));
  return covariance;
}
