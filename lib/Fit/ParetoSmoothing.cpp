//===- ParetoSmoothing.cpp - tails of importance weights -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/ParetoSmoothing.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

double GeneralizedPareto::getQuantile(double probability) const {
  double exponent = -std::log1p(-probability);
  if (std::fabs(shape) < 1e-12)
    return scale * exponent;
  return scale * std::expm1(shape * exponent) / shape;
}

/// The mean of log(1 - theta x): minus the shape that is most likely for a
/// given theta, -shape / scale.
static double getMeanLog(llvm::ArrayRef<double> values, double theta) {
  double sum = 0;
  for (double value : values)
    sum += std::log1p(-theta * value);
  return sum / double(values.size());
}

GeneralizedPareto
vi::fit::fitGeneralizedPareto(llvm::ArrayRef<double> excesses) {
  // In units of the largest: the fit is equivariant, and nothing overflows.
  double unit = excesses.back();
  std::vector<double> values(excesses.begin(), excesses.end());
  for (double &value : values)
    value /= unit;
  auto count = double(values.size());
  // The posterior mean of theta over points where its prior, a generalized
  // Pareto distribution about the first quartile, has equal probabilities.
  auto points = 30 + static_cast<int64_t>(std::sqrt(count));
  auto quartileIndex = static_cast<int64_t>(count / 4 + 0.5) - 1;
  double quartile =
      std::max(values[std::max<int64_t>(quartileIndex, 0)], 1e-300);
  std::vector<double> theta(points), logLikelihood(points);
  for (int64_t j = 0; j < points; ++j) {
    theta[j] = 1 + (1 - std::sqrt(double(points) / (double(j) + 0.5))) /
                       (3 * quartile);
    double meanLog = getMeanLog(values, theta[j]);
    logLikelihood[j] = count * (std::log(-theta[j] / meanLog) - meanLog - 1);
  }
  double largest = -std::numeric_limits<double>::infinity();
  for (double value : logLikelihood)
    if (value > largest)
      largest = value;
  double sum = 0, estimate = 0;
  for (int64_t j = 0; j < points; ++j) {
    // Not a number where theta is 0, a point of measure zero.
    double weight = std::exp(logLikelihood[j] - largest);
    if (!std::isfinite(weight))
      continue;
    sum += weight;
    estimate += weight * theta[j];
  }
  estimate /= sum;
  double shape = getMeanLog(values, estimate);
  double scale = -shape / estimate * unit;
  return {(shape * count + 0.5 * 10) / (count + 10), scale};
}

bool SmoothedWeights::areReliable() const {
  if (shape <= std::min(0.7, 1 - 1 / std::log10(std::max(effectiveSize, 1.01))))
    return true;
  return shape < 1 && unseenShare < 0.01;
}

SmoothedWeights vi::fit::smoothWeights(llvm::ArrayRef<double> logRatios,
                                       int64_t groupSize) {
  int64_t count = logRatios.size();
  SmoothedWeights result;
  double largest = -std::numeric_limits<double>::infinity();
  int64_t present = 0;
  for (double value : logRatios) {
    largest = std::max(largest, value);
    present += value > -std::numeric_limits<double>::infinity();
  }
  result.weights.resize(count);
  if (present == 0) {
    result.logMean = -std::numeric_limits<double>::infinity();
    result.shape = std::numeric_limits<double>::infinity();
    result.unseenShare = 1;
    return result;
  }
  for (int64_t i = 0; i < count; ++i)
    result.weights[i] = std::exp(logRatios[i] - largest);

  std::vector<int64_t> order(count);
  for (int64_t i = 0; i < count; ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](int64_t left, int64_t right) {
    return logRatios[left] < logRatios[right];
  });
  auto tail = static_cast<int64_t>(
      std::ceil(std::min(0.2 * double(count), 3 * std::sqrt(double(count)))));
  double logCutoff = tail < count ? logRatios[order[count - tail - 1]] : -1e300;
  double tailSum = 0, beyond = 0;
  if (largest - logCutoff < 1e-6) {
    // They differ by rounding, or by how far an optimizer goes, and move no
    // mean by more than as many standard deviations: what would be fitted is
    // noise.
    result.shape = 0;
  } else if (tail < 5 ||
             logCutoff == -std::numeric_limits<double>::infinity()) {
    result.shape = std::numeric_limits<double>::infinity();
  } else {
    double cutoff = std::exp(logCutoff - largest);
    std::vector<double> excesses(tail);
    for (int64_t i = 0; i < tail; ++i)
      excesses[i] = result.weights[order[count - tail + i]] - cutoff;
    GeneralizedPareto pareto = fitGeneralizedPareto(excesses);
    result.shape = pareto.shape;
    for (int64_t i = 0; i < tail; ++i) {
      double probability = (double(i) + 0.5) / double(tail);
      // No weight beyond the largest that was seen.
      result.weights[order[count - tail + i]] =
          std::min(cutoff + pareto.getQuantile(probability), 1.0);
    }
    // Groups that have a draw in the tail are the independent observations.
    std::vector<int64_t> groups;
    for (int64_t i = count - tail; i < count; ++i)
      groups.push_back(order[i] / std::max<int64_t>(groupSize, 1));
    std::sort(groups.begin(), groups.end());
    auto independent = double(llvm::unique(groups) - groups.begin());
    result.shapeError = (1 + std::fabs(result.shape)) / std::sqrt(independent) *
                        double(tail) / double(tail + 10);
    // The integral of the quantile function over its last 1 / tail.
    double share = 1 / double(tail);
    tailSum = cutoff * share;
    if (pareto.shape < 1) {
      double excess =
          std::fabs(pareto.shape) < 1e-12
              ? pareto.scale * share * (1 - std::log(share))
              : pareto.scale / pareto.shape *
                    (std::pow(share, 1 - pareto.shape) / (1 - pareto.shape) -
                     share);
      beyond = (tailSum + excess) * double(tail);
    } else {
      beyond = std::numeric_limits<double>::infinity();
    }
  }
  double sum = 0;
  for (double weight : result.weights)
    sum += weight;
  double squares = 0;
  for (double &weight : result.weights) {
    weight /= sum;
    squares += weight * weight;
  }
  result.effectiveSize = 1 / squares;
  result.logMean = largest + std::log(sum / double(count));
  if (result.shape >= 1)
    result.unseenShare = 1;
  else if (result.shape > 0)
    result.unseenShare = std::min(1.0, beyond / sum);
  return result;
}
