//===- Guide.cpp - how phi and the noise decide a draw of q -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Guide.h"
#include "vi/Fit/HeldDraws.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace vi::fit;

bool GuideStructure::isMeanField() const {
  auto isFound = [](int64_t parameter) { return parameter >= 0; };
  return llvm::all_of(locations, isFound) && llvm::all_of(scales, isFound);
}

static std::vector<double> draw(CompiledModel &model,
                                llvm::ArrayRef<double> parameters,
                                llvm::ArrayRef<double> noise) {
  std::vector<double> latents(model.getLatentCount());
  model.getLatents(parameters, noise, latents);
  return latents;
}

static bool isClose(double x, double y, double scale) {
  return std::fabs(x - y) <= 1e-7 * scale;
}

GuideStructure vi::fit::analyzeGuide(CompiledModel &model,
                                     llvm::ArrayRef<double> parameters,
                                     int64_t maxParameters) {
  int64_t latentCount = model.getLatentCount();
  GuideStructure structure;
  structure.locations.assign(latentCount, -1);
  structure.scales.assign(latentCount, -1);
  structure.scaleRates.assign(latentCount, 1.0);

  // A fixed key: the structure does not depend on the seed of the fit.
  std::vector<double> noise =
      getIndependentDraws(/*key=*/1, 1, model.getNoiseCount()).values;
  std::vector<double> otherNoise =
      getIndependentDraws(/*key=*/2, 1, model.getNoiseCount()).values;
  std::vector<double> zero(noise.size()), twice(noise);
  for (double &value : twice)
    value *= 2;
  std::vector<double> point(parameters.begin(), parameters.end());
  std::vector<double> center = draw(model, point, zero);
  std::vector<double> drawn = draw(model, point, noise);
  std::vector<double> further = draw(model, point, twice);
  std::vector<double> other = draw(model, point, otherNoise);
  structure.isPoint = structure.isGaussian = true;
  for (int64_t i = 0; i < latentCount; ++i) {
    double deviation = drawn[i] - center[i];
    structure.isPoint &= deviation == 0;
    structure.isGaussian &=
        isClose(further[i] - center[i], 2 * deviation,
                std::fabs(deviation) + 1e-6 * std::fabs(center[i]));
  }

  int64_t parameterCount = model.getGuideParameterCount();
  // A guide with all correlations has many parameters, but cheap draws.
  bool isFactor =
      parameterCount == latentCount + latentCount * (latentCount + 1) / 2;
  if (parameterCount > (isFactor ? 8 * maxParameters : maxParameters) ||
      double(parameterCount) * double(latentCount) > (isFactor ? 1e7 : 4e6))
    return structure;
  const double step = 0x1p-10;
  for (int64_t parameter = 0; parameter < parameterCount; ++parameter) {
    point[parameter] = parameters[parameter] + step;
    double moved = point[parameter] - parameters[parameter];
    std::vector<double> newCenter = draw(model, point, zero);
    std::vector<double> newDrawn = draw(model, point, noise);
    point[parameter] = parameters[parameter];
    int64_t affected = -1;
    for (int64_t i = 0; i < latentCount; ++i) {
      if (newCenter[i] == center[i] && newDrawn[i] == drawn[i])
        continue;
      if (affected >= 0) {
        affected = -1;
        break;
      }
      affected = i;
    }
    if (affected < 0)
      continue;
    double deviation = drawn[affected] - center[affected];
    double centerChange = newCenter[affected] - center[affected];
    double change = newDrawn[affected] - drawn[affected];
    double rounding =
        1e-6 * (std::fabs(center[affected]) + std::fabs(drawn[affected]));
    if (isClose(centerChange, moved, moved + rounding) &&
        isClose(change, moved, moved + rounding)) {
      structure.locations[affected] = parameter;
    } else if (centerChange == 0 && deviation != 0 && change / deviation > -1) {
      // The same whatever the noise: not the weight of one of several normals.
      point[parameter] = parameters[parameter] + step;
      double otherChange = draw(model, point, otherNoise)[affected];
      otherChange -= other[affected];
      point[parameter] = parameters[parameter];
      double otherDeviation = other[affected] - center[affected];
      if (!isClose(otherChange * deviation, change * otherDeviation,
                   1e3 * (std::fabs(change * otherDeviation) +
                          rounding * std::fabs(otherDeviation))))
        continue;
      structure.scales[affected] = parameter;
      structure.scaleRates[affected] = std::log1p(change / deviation) / moved;
    }
  }
  return structure;
}

GuideMoments vi::fit::getGuideMoments(CompiledModel &model,
                                      llvm::ArrayRef<double> parameters,
                                      NoiseView noise) {
  int64_t count = model.getLatentCount();
  GuideMoments moments;
  moments.mean.assign(count, 0.0);
  moments.sd.assign(count, 0.0);
  std::vector<double> draws(noise.rows * count);
  for (int64_t row = 0; row < noise.rows; ++row) {
    llvm::MutableArrayRef<double> latents(draws.data() + row * count, count);
    model.getLatents(parameters, noise.getRow(row), latents);
    for (int64_t i = 0; i < count; ++i)
      moments.mean[i] += latents[i] / double(noise.rows);
  }
  for (int64_t row = 0; row < noise.rows; ++row)
    for (int64_t i = 0; i < count; ++i) {
      double deviation = draws[row * count + i] - moments.mean[i];
      moments.sd[i] += deviation * deviation;
    }
  for (double &sd : moments.sd)
    sd = std::sqrt(sd / double(noise.rows));
  return moments;
}

GuideMoments vi::fit::getGaussianMoments(CompiledModel &model,
                                         llvm::ArrayRef<double> parameters) {
  std::vector<double> noise(model.getNoiseCount());
  GuideMoments moments;
  moments.mean = draw(model, parameters, noise);
  moments.sd.assign(moments.mean.size(), 0.0);
  for (double &number : noise) {
    number = 1;
    std::vector<double> moved = draw(model, parameters, noise);
    number = 0;
    for (size_t i = 0; i < moved.size(); ++i) {
      double deviation = moved[i] - moments.mean[i];
      moments.sd[i] += deviation * deviation;
    }
  }
  for (double &sd : moments.sd)
    sd = std::sqrt(sd);
  return moments;
}

std::vector<double>
vi::fit::getParameterScales(CompiledModel &model,
                            llvm::ArrayRef<double> parameters,
                            const GuideStructure &structure, NoiseView noise) {
  std::vector<double> scales(parameters.size(), 1.0);
  if (structure.isPoint)
    return scales;
  std::vector<bool> known(parameters.size());
  GuideMoments moments = getGuideMoments(model, parameters, noise);
  for (int64_t i = 0, end = model.getLatentCount(); i < end; ++i) {
    if (structure.locations[i] >= 0 && moments.sd[i] > 0) {
      scales[structure.locations[i]] = moments.sd[i];
      known[structure.locations[i]] = true;
    }
    if (structure.scales[i] >= 0 && structure.scaleRates[i] != 0) {
      scales[structure.scales[i]] =
          std::sqrt(0.5) / std::fabs(structure.scaleRates[i]);
      known[structure.scales[i]] = true;
    }
  }

  // The score of the others over some draws.
  int64_t latentCount = model.getLatentCount();
  int64_t rows = std::min<int64_t>(noise.rows, 32);
  if (double(parameters.size()) * double(rows) * double(latentCount) > 1e8)
    return scales;
  std::vector<double> point(parameters.begin(), parameters.end());
  std::vector<double> latents(rows * latentCount);
  for (int64_t row = 0; row < rows; ++row)
    model.getLatents(
        parameters, noise.getRow(row),
        {latents.data() + row * latentCount, static_cast<size_t>(latentCount)});
  for (int64_t j = 0, end = model.getGuideParameterCount(); j < end; ++j) {
    if (known[j])
      continue;
    double information = 0;
    const double step = 1e-5;
    for (int64_t row = 0; row < rows; ++row) {
      llvm::ArrayRef<double> drawn(latents.data() + row * latentCount,
                                   latentCount);
      point[j] = parameters[j] + step;
      double above = model.getLogGuide(point, drawn);
      point[j] = parameters[j] - step;
      double below = model.getLogGuide(point, drawn);
      point[j] = parameters[j];
      double score = (above - below) / (2 * step);
      information += score * score / double(rows);
    }
    if (std::isfinite(information) && information > 1e-12)
      scales[j] = 1 / std::sqrt(information);
  }
  return scales;
}
