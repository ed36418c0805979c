//===- Posterior.cpp - draws and summaries of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Posterior.h"
#include "vi/Fit/LinearResponse.h"
#include "vi/Fit/Random.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

using namespace vi::fit;

static const double logTwoPi = 1.8378770664093454836;

Posterior::Posterior(CompiledModel &model, const FitResult &fit, uint64_t key)
    : model(model), parameters(fit.parameters),
      isGaussian(fit.structure.isGaussian) {
  int64_t count = model.getLatentCount();
  if (count == 0) {
    reason = "there are no latents";
    return;
  }
  // The moments of a draw that is affine in the noise are known.
  int64_t noiseCount = model.getNoiseCount();
  if (isGaussian && double(noiseCount) * double(count) <= 4e6)
    guideMoments = getGaussianMoments(model, parameters);
  if (!fit.hessian && !fit.response) {
    reason = !fit.noResponseReason.empty()
                 ? fit.noResponseReason
                 : "the Hessian of the ELBO is not at hand";
    return;
  }
  // Of a Gaussian the mean is the draw without noise.
  NoiseMatrix noise{std::vector<double>(noiseCount), 1, noiseCount};
  if (!isGaussian)
    noise = getHeldDraws(
        key,
        std::max<int64_t>(
            64, std::min<int64_t>(4096, (1 << 22) / (noiseCount + count))),
        noiseCount);
  if (noiseCount == 0)
    noise.rows = 1;
  mean = getGuideMoments(model, parameters, noise).mean;
  covariance = fit.response
                   ? fit.response
                   : getLinearResponse(*fit.hessian,
                                       getMeanJacobian(model, parameters,
                                                       fit.structure, noise));
  if (!covariance) {
    reason = "the Hessian of the ELBO is not definite";
    return;
  }
  Matrix attempt = *covariance;
  if (!factorizeCholesky(attempt)) {
    reason = "the linear-response covariance is not definite";
    covariance.reset();
    return;
  }
  if (!isGaussian) {
    // The covariance of q over the draws.
    Matrix guide(count, count);
    std::vector<double> latents(count);
    for (int64_t row = 0; row < noise.rows; ++row) {
      model.getLatents(parameters, NoiseView(noise).getRow(row), latents);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < count; ++j)
          guide(i, j) += (latents[i] - mean[i]) * (latents[j] - mean[j]) /
                         double(noise.rows);
    }
    if (!factorizeCholesky(guide)) {
      reason = "the guide's covariance is not definite";
      covariance.reset();
      return;
    }
    for (int64_t i = 0; i < count; ++i)
      logDeterminant -= std::log(guide(i, i));
    guideFactor = std::move(guide);
  }
  for (int64_t i = 0; i < count; ++i)
    logDeterminant += std::log(attempt(i, i));
  factor = std::move(attempt);
}

std::vector<PosteriorDraw> Posterior::draw(uint64_t key, int64_t count) const {
  return draw(key, count, /*withDensity=*/true);
}

int64_t Posterior::getNoiseCount() const {
  int64_t columns = model.getNoiseCount();
  return factor && isGaussian ? std::max(columns, model.getLatentCount())
                              : columns;
}

PosteriorDraw Posterior::transform(llvm::ArrayRef<double> noise,
                                   bool withDensity) const {
  int64_t latentCount = model.getLatentCount();
  PosteriorDraw draw;
  draw.guideLatents.resize(latentCount);
  model.getLatents(parameters, noise.take_front(model.getNoiseCount()),
                   draw.guideLatents);
  if (!factor) {
    draw.latents = draw.guideLatents;
    if (withDensity)
      draw.logDensity = model.getLogGuide(parameters, draw.latents);
    return draw;
  }
  std::vector<double> standard;
  if (isGaussian) {
    standard = noise.take_front(latentCount).vec();
    draw.logDensity = -0.5 * dot(standard, standard) -
                      0.5 * double(latentCount) * logTwoPi - logDeterminant;
  } else {
    standard = draw.guideLatents;
    for (int64_t i = 0; i < latentCount; ++i)
      standard[i] -= mean[i];
    solveLower(*guideFactor, standard);
    if (withDensity)
      draw.logDensity =
          model.getLogGuide(parameters, draw.guideLatents) - logDeterminant;
  }
  draw.latents = multiplyLower(*factor, standard);
  for (int64_t i = 0; i < latentCount; ++i)
    draw.latents[i] += mean[i];
  return draw;
}

std::vector<PosteriorDraw> Posterior::draw(uint64_t key, int64_t count,
                                           bool withDensity) const {
  int64_t columns = getNoiseCount();
  NoiseMatrix noise = columns <= 128 ? getHeldDraws(key, count, columns)
                                     : getAntitheticDraws(key, count, columns);
  if (columns == 0)
    noise.rows = count;
  std::vector<PosteriorDraw> draws;
  draws.reserve(count);
  for (int64_t row = 0; row < count; ++row)
    draws.push_back(transform(NoiseView(noise).getRow(row), withDensity));
  return draws;
}

/// Mean and standard deviation of a row of draws.
static void getMoments(llvm::ArrayRef<double> values, double &mean,
                       double &sd) {
  mean = sd = 0;
  if (values.empty())
    return;
  // Relative to the first value: what does not vary has a deviation of 0.
  double first = values.front(), shift = 0;
  for (double value : values)
    shift += (value - first) / double(values.size());
  mean = first + shift;
  for (double value : values)
    sd += (value - first - shift) * (value - first - shift);
  sd = std::sqrt(sd / double(values.size()));
}

/// Replaces values by the normal quantiles of their ranks.
static void normalizeMargin(llvm::MutableArrayRef<double> values,
                            llvm::ArrayRef<double> scores, double mean,
                            double sd) {
  // The numbers beside their places: looking them up would cost more than the
  // comparisons.
  std::vector<std::pair<double, size_t>> order(values.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = {values[i], i};
  std::sort(order.begin(), order.end());
  for (size_t rank = 0; rank < order.size(); ++rank)
    values[order[rank].second] = mean + sd * scores[rank];
}

std::vector<PosteriorDraw>
Posterior::drawWithExactMargins(uint64_t key, int64_t count) const {
  std::vector<PosteriorDraw> draws = draw(key, count, /*withDensity=*/false);
  if (!isGaussian)
    return draws;
  std::vector<double> scores(draws.size());
  double variance = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i] = getNormalQuantile((double(i) + 0.5) / double(scores.size()));
    variance += scores[i] * scores[i] / double(scores.size());
  }
  for (double &score : scores)
    score /= std::sqrt(variance);
  std::vector<double> column(draws.size());
  // With the margins' own moments where these are known, else with those of the
  // draws.
  auto normalize = [&](std::vector<double> PosteriorDraw::*latents,
                       auto getKnown) {
    for (int64_t i = 0, end = model.getLatentCount(); i < end; ++i) {
      for (size_t row = 0; row < draws.size(); ++row)
        column[row] = (draws[row].*latents)[i];
      double marginMean, marginSD;
      if (!getKnown(i, marginMean, marginSD))
        getMoments(column, marginMean, marginSD);
      normalizeMargin(column, scores, marginMean, marginSD);
      for (size_t row = 0; row < draws.size(); ++row)
        (draws[row].*latents)[i] = column[row];
    }
  };
  auto getGuide = [&](int64_t i, double &guideMean, double &guideSD) {
    if (!guideMoments)
      return false;
    guideMean = guideMoments->mean[i];
    guideSD = guideMoments->sd[i];
    return true;
  };
  if (!factor) {
    normalize(&PosteriorDraw::latents, getGuide);
    return draws;
  }
  normalize(&PosteriorDraw::latents,
            [&](int64_t i, double &latentMean, double &latentSD) {
              latentMean = mean[i];
              latentSD = std::sqrt((*covariance)(i, i));
              return true;
            });
  normalize(&PosteriorDraw::guideLatents, getGuide);
  return draws;
}

/// A quantile of sorted values, interpolated (R's type 7).
static double getQuantile(llvm::ArrayRef<double> sorted, double probability) {
  double position = probability * double(sorted.size() - 1);
  size_t below = static_cast<size_t>(position);
  size_t above = std::min(below + 1, sorted.size() - 1);
  double weight = position - double(below);
  return sorted[below] + weight * (sorted[above] - sorted[below]);
}

std::vector<ArraySummary> vi::fit::summarize(CompiledModel &model,
                                             const FitResult &fit,
                                             const Posterior &posterior,
                                             uint64_t seed, int64_t maxDraws) {
  std::vector<ArraySummary> summaries;
  int64_t total = 0;
  for (const ReportedArray &array : model.getReportedArrays()) {
    summaries.push_back({array.name, array.shape, {}, {}, {}, {}, {}, {}});
    total += array.getElementCount();
  }
  if (total == 0)
    return summaries;
  // Margins that are not normal are as good as their draws.
  if (!posterior.hasNormalMargins())
    maxDraws *= 8;
  int64_t count = std::max<int64_t>(
      64, std::min<int64_t>(maxDraws, (int64_t(1) << 22) / total));
  std::vector<double> reported(total);
  // A row for each element.
  bool hasOwn = posterior.hasLinearResponse();
  std::vector<double> values(total * count);
  std::vector<double> guideValues(hasOwn ? total * count : 0);
  std::vector<PosteriorDraw> draws = posterior.drawWithExactMargins(
      getStreamKey(seed, Stream::Posterior, 1), count);
  uint64_t reportSeed = getStreamKey(seed, Stream::Posterior, 2);
  for (int64_t row = 0; row < count; ++row) {
    model.report(fit.parameters, draws[row].latents, reportSeed, row, reported);
    for (int64_t i = 0; i < total; ++i)
      values[i * count + row] = reported[i];
    if (!hasOwn)
      continue;
    model.report(fit.parameters, draws[row].guideLatents, reportSeed, row,
                 reported);
    for (int64_t i = 0; i < total; ++i)
      guideValues[i * count + row] = reported[i];
  }
  draws.clear();

  int64_t element = 0;
  for (auto [array, summary] :
       llvm::zip(model.getReportedArrays(), summaries)) {
    for (int64_t i = 0, end = array.getElementCount(); i < end;
         ++i, ++element) {
      llvm::MutableArrayRef<double> row(values.data() + element * count, count);
      double mean, sd;
      getMoments(row, mean, sd);
      summary.mean.push_back(mean);
      summary.sd.push_back(sd);
      bool isNumber =
          llvm::none_of(row, [](double value) { return std::isnan(value); });
      std::sort(row.begin(), isNumber ? row.end() : row.begin());
      double unknown = std::numeric_limits<double>::quiet_NaN();
      summary.q05.push_back(isNumber ? getQuantile(row, 0.05) : unknown);
      summary.q50.push_back(isNumber ? getQuantile(row, 0.50) : unknown);
      summary.q95.push_back(isNumber ? getQuantile(row, 0.95) : unknown);
      if (!array.isLatent)
        continue;
      if (hasOwn)
        getMoments(
            {guideValues.data() + element * count, static_cast<size_t>(count)},
            mean, sd);
      summary.guideSD.push_back(sd);
    }
  }
  return summaries;
}
