//===- ImportanceSampling.cpp - the posterior by weighted draws -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/ImportanceSampling.h"
#include "vi/Fit/HeldDraws.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

using namespace vi::fit;

static const double logTwoPi = 1.8378770664093454836;

//===----------------------------------------------------------------------===//
// Proposals
//===----------------------------------------------------------------------===//

Proposal vi::fit::getGuideProposal(CompiledModel &model,
                                   llvm::ArrayRef<double> parameters) {
  return {
      "guide", model.getNoiseCount(),
      [&model, parameters = parameters.vec()](
          llvm::ArrayRef<double> noise, llvm::MutableArrayRef<double> latents) {
        model.getLatents(parameters, noise, latents);
        return model.getLogGuide(parameters, latents);
      }};
}

Proposal vi::fit::getPosteriorProposal(const Posterior &posterior) {
  return {"linear response", posterior.getNoiseCount(),
          [&posterior](llvm::ArrayRef<double> noise,
                       llvm::MutableArrayRef<double> latents) {
            PosteriorDraw draw = posterior.transform(noise);
            llvm::copy(draw.latents, latents.begin());
            return draw.logDensity;
          }};
}

static double getLogDeterminant(const Matrix &factor) {
  double sum = 0;
  for (int64_t i = 0; i < factor.rows; ++i)
    sum += std::log(factor(i, i));
  return sum;
}

Proposal vi::fit::getGaussianProposal(std::string name,
                                      std::vector<double> mean, Matrix factor) {
  auto count = static_cast<int64_t>(mean.size());
  double logDeterminant = getLogDeterminant(factor);
  return {
      std::move(name), count,
      [=](llvm::ArrayRef<double> noise, llvm::MutableArrayRef<double> latents) {
        std::vector<double> deviation = multiplyLower(factor, noise);
        for (int64_t i = 0; i < count; ++i)
          latents[i] = mean[i] + deviation[i];
        return -0.5 * dot(noise, noise) - 0.5 * double(count) * logTwoPi -
               logDeterminant;
      }};
}

Proposal vi::fit::getAffineProposal(std::string name, Proposal base,
                                    std::vector<double> from, Matrix fromFactor,
                                    std::vector<double> to, Matrix toFactor) {
  int64_t noiseCount = base.noiseCount;
  double logDeterminant =
      getLogDeterminant(toFactor) - getLogDeterminant(fromFactor);
  return {
      std::move(name), noiseCount,
      [=](llvm::ArrayRef<double> noise, llvm::MutableArrayRef<double> latents) {
        std::vector<double> drawn(latents.size());
        double logDensity = base.draw(noise, drawn);
        for (size_t i = 0; i < drawn.size(); ++i)
          drawn[i] -= from[i];
        solveLower(fromFactor, drawn);
        std::vector<double> deviation = multiplyLower(toFactor, drawn);
        for (size_t i = 0; i < drawn.size(); ++i)
          latents[i] = to[i] + deviation[i];
        return logDensity - logDeterminant;
      }};
}

//===----------------------------------------------------------------------===//
// Weighted draws
//===----------------------------------------------------------------------===//

/// Weighted means and standard deviations of the columns.
static void getMoments(const Matrix &draws, llvm::ArrayRef<double> weights,
                       std::vector<double> &mean, std::vector<double> &sd) {
  mean.assign(draws.columns, 0.0);
  sd.assign(draws.columns, 0.0);
  for (int64_t row = 0; row < draws.rows; ++row)
    for (int64_t i = 0; i < draws.columns; ++i)
      mean[i] += weights[row] * draws(row, i);
  for (int64_t row = 0; row < draws.rows; ++row)
    for (int64_t i = 0; i < draws.columns; ++i) {
      double deviation = draws(row, i) - mean[i];
      sd[i] += weights[row] * deviation * deviation;
    }
  for (double &value : sd)
    value = std::sqrt(value);
}

Matrix ImportanceSample::getCovariance(bool weighted) const {
  int64_t count = latents.columns;
  Matrix covariance(count, count);
  std::vector<double> deviation(count);
  const std::vector<double> &center = weighted ? mean : proposalMean;
  for (int64_t row = 0; row < latents.rows; ++row) {
    for (int64_t i = 0; i < count; ++i)
      deviation[i] = latents(row, i) - center[i];
    double weight = weighted ? weights.weights[row] : 1 / double(latents.rows);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j <= i; ++j)
        covariance(i, j) += weight * deviation[i] * deviation[j];
  }
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < i; ++j)
      covariance(j, i) = covariance(i, j);
  return covariance;
}

ImportanceSample vi::fit::sample(CompiledModel &model,
                                 llvm::ArrayRef<double> parameters,
                                 const Proposal &proposal, uint64_t key,
                                 int64_t count) {
  ImportanceSample result;
  result.proposal = proposal.name;
  int64_t latentCount = model.getLatentCount();
  result.latents = Matrix(count, latentCount);
  result.logRatios.resize(count);
  NoiseMatrix noise = getAntitheticDraws(key, count, proposal.noiseCount);
  NoiseView rows = noise;
  for (int64_t row = 0; row < count; ++row) {
    llvm::MutableArrayRef<double> latents(result.latents.values.data() +
                                              row * latentCount,
                                          static_cast<size_t>(latentCount));
    double logDensity = proposal.draw(rows.getRow(row), latents);
    double logJoint = model.getLogJoint(parameters, latents);
    double ratio = logJoint - logDensity;
    bool isZero = logJoint == -std::numeric_limits<double>::infinity();
    if (!std::isfinite(ratio)) {
      result.nonFinite += !isZero;
      ratio = -std::numeric_limits<double>::infinity();
    }
    result.logRatios[row] = ratio;
  }
  result.weights = smoothWeights(result.logRatios, /*groupSize=*/2);
  std::vector<double> equal(count, 1 / double(count));
  getMoments(result.latents, equal, result.proposalMean, result.proposalSD);
  getMoments(result.latents, result.weights.weights, result.mean, result.sd);
  // By the delta method, over pairs.
  double squares = 0;
  for (int64_t row = 0; row + 1 < count; row += 2) {
    double pair =
        0.5 * double(count) *
        (result.weights.weights[row] + result.weights.weights[row + 1]);
    squares += (pair - 1) * (pair - 1);
  }
  double pairs = double(count) / 2;
  result.logEvidenceError =
      std::sqrt(squares / std::max(1.0, pairs - 1) / pairs);
  return result;
}

MeanShift vi::fit::getMeanShift(const ImportanceSample &sample) {
  int64_t count = sample.getCount();
  MeanShift result;
  std::vector<double> tempered(count);
  for (double power : {1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05}) {
    for (int64_t i = 0; i < count; ++i)
      tempered[i] = power * sample.logRatios[i];
    SmoothedWeights weights = smoothWeights(tempered);
    result.power = power;
    double share = weights.effectiveSize / double(count);
    bool suffices = (weights.areReliable() && share >= 0.1) || share >= 0.5;
    if (!suffices && power > 0.05)
      continue;
    std::vector<double> mean, sd;
    getMoments(sample.latents, weights.weights, mean, sd);
    double meanLog = 0, varianceLog = 0;
    if (power < 1) {
      for (int64_t i = 0; i < count; ++i)
        if (weights.weights[i] > 0)
          meanLog += weights.weights[i] * sample.logRatios[i];
      for (int64_t i = 0; i < count; ++i)
        if (weights.weights[i] > 0) {
          double deviation = sample.logRatios[i] - meanLog;
          varianceLog += weights.weights[i] * deviation * deviation;
        }
    }
    result.shift.assign(mean.size(), 0.0);
    for (size_t j = 0; j < mean.size(); ++j) {
      double slope = 0;
      for (int64_t i = 0; power < 1 && i < count; ++i)
        if (weights.weights[i] > 0)
          slope += weights.weights[i] * (sample.logRatios[i] - meanLog) *
                   (sample.latents(i, j) - mean[j]);
      double shift = mean[j] - sample.proposalMean[j] + (1 - power) * slope;
      result.shift[j] = sd[j] > 0 ? shift / sd[j] : 0;
    }
    double sizes = std::sqrt(weights.effectiveSize);
    result.error = (1 + (1 - power) * std::sqrt(varianceLog)) / sizes;
    break;
  }
  return result;
}

std::optional<Matrix> vi::fit::getLaplaceFactor(
    CompiledModel &model, llvm::ArrayRef<double> parameters,
    llvm::ArrayRef<double> mode, llvm::ArrayRef<double> scales) {
  auto count = static_cast<int64_t>(mode.size());
  // In units of the scales, so that the entries are of order one.
  const double step = 1e-3;
  std::vector<double> point(mode.begin(), mode.end());
  double center = model.getLogJoint(parameters, point);
  auto evaluate = [&](int64_t i, double a, int64_t j, double b) {
    point[i] += a * step * scales[i];
    point[j] += b * step * scales[j];
    double value = model.getLogJoint(parameters, point);
    point[i] = mode[i];
    point[j] = mode[j];
    return value;
  };
  Matrix precision(count, count);
  std::vector<double> above(count), below(count);
  for (int64_t i = 0; i < count; ++i) {
    above[i] = evaluate(i, 1, i, 0);
    below[i] = evaluate(i, -1, i, 0);
    precision(i, i) = -(above[i] - 2 * center + below[i]) / (step * step);
  }
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < i; ++j) {
      double mixed = evaluate(i, 1, j, 1) + evaluate(i, -1, j, -1) - above[i] -
                     below[i] - above[j] - below[j] + 2 * center;
      precision(i, j) = precision(j, i) = -mixed / (2 * step * step);
    }
  for (double value : precision.values)
    if (!std::isfinite(value))
      return std::nullopt;
  if (!factorizeCholesky(precision, 1e-10))
    return std::nullopt;
  // The rows of S L^-T; their products are the covariance.
  Matrix half(count, count);
  for (int64_t i = 0; i < count; ++i) {
    llvm::MutableArrayRef<double> row(half.values.data() + i * count,
                                      static_cast<size_t>(count));
    row[i] = scales[i];
    solveLower(precision, row);
  }
  Matrix covariance(count, count);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j <= i; ++j)
      covariance(i, j) = covariance(j, i) = dot(half.getRow(i), half.getRow(j));
  if (!factorizeCholesky(covariance))
    return std::nullopt;
  return covariance;
}
