//===- ParetoSmoothingTest.cpp - tails of importance weights -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/ParetoSmoothing.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace vi::fit;

/// As `example` of utils/truth/psis.py.
static std::vector<double> getRatios(int64_t count, double shape) {
  std::vector<double> ratios(count);
  for (int64_t i = 0; i < count; ++i) {
    double u = (double((i * 7919 + 13) % count) + 0.5) / double(count);
    ratios[i] = -shape * std::log1p(-u) + 0.3 * std::sin(double(i));
  }
  return ratios;
}

// What utils/truth/psis.py prints, a second implementation.
TEST(ParetoSmoothingTest, AgreesWithNumPy) {
  const struct {
    int64_t count;
    double shape, khat, effectiveSize, logMean;
  } expected[] = {{1000, 0.2, 0.069286613754, 910.6876502, 0.242874913031},
                  {1000, 0.8, 0.717210819357, 85.14936261, 1.385455615361},
                  {4000, 0.5, 0.468757828230, 1628.812301, 0.708014686318},
                  {40, 0.4, 0.745851959430, 30.69235634, 0.484195280594}};
  for (const auto &row : expected) {
    SmoothedWeights weights = smoothWeights(getRatios(row.count, row.shape));
    EXPECT_NEAR(weights.shape, row.khat, 1e-10);
    EXPECT_NEAR(weights.effectiveSize, row.effectiveSize,
                1e-8 * row.effectiveSize);
    EXPECT_NEAR(weights.logMean, row.logMean, 1e-10);
    EXPECT_NEAR(
        std::accumulate(weights.weights.begin(), weights.weights.end(), 0.0), 1,
        1e-12);
  }
}

// Of exact quantiles of a generalized Pareto distribution, whose shape the
// prior draws towards 1/2 by ten observations.
TEST(ParetoSmoothingTest, FindsTheShape) {
  for (double shape : {-0.5, 0.0, 0.3, 0.7, 1.5}) {
    GeneralizedPareto truth{shape, 3};
    std::vector<double> excesses(2000);
    for (size_t i = 0; i < excesses.size(); ++i)
      excesses[i] =
          truth.getQuantile((double(i) + 0.5) / double(excesses.size()));
    GeneralizedPareto fit = fitGeneralizedPareto(excesses);
    EXPECT_NEAR(fit.shape, shape + (0.5 - shape) * 10 / 2010, 0.02);
    EXPECT_NEAR(fit.scale, 3, 0.1);
  }
}

// Neither an added constant nor huge numbers change anything but the mean.
TEST(ParetoSmoothingTest, ConstantsDoNotCount) {
  std::vector<double> ratios = getRatios(2000, 0.6), shifted = ratios;
  for (double &ratio : shifted)
    ratio -= 1e5;
  SmoothedWeights one = smoothWeights(ratios), other = smoothWeights(shifted);
  EXPECT_NEAR(one.shape, other.shape, 1e-7);
  EXPECT_NEAR(one.logMean - 1e5, other.logMean, 1e-7);
}

TEST(ParetoSmoothingTest, EqualWeights) {
  SmoothedWeights weights = smoothWeights(std::vector<double>(1000, -7.0));
  EXPECT_EQ(weights.shape, 0);
  EXPECT_NEAR(weights.effectiveSize, 1000, 1e-9);
  EXPECT_NEAR(weights.logMean, -7, 1e-12);
  EXPECT_TRUE(weights.areReliable());
}

TEST(ParetoSmoothingTest, NoDrawHasWeight) {
  double infinity = std::numeric_limits<double>::infinity();
  SmoothedWeights weights = smoothWeights(std::vector<double>(1000, -infinity));
  EXPECT_EQ(weights.shape, infinity);
  EXPECT_EQ(weights.logMean, -infinity);
  EXPECT_FALSE(weights.areReliable());
  // Nor can a tail be fitted to a few.
  std::vector<double> few(1000, -infinity);
  few[3] = few[500] = 0;
  weights = smoothWeights(few);
  EXPECT_EQ(weights.shape, infinity);
  EXPECT_NEAR(weights.logMean, std::log(2e-3), 1e-12);
  EXPECT_NEAR(weights.effectiveSize, 2, 1e-12);
}

// A tail without a mean, and one whose mean is all but seen.
TEST(ParetoSmoothingTest, UnseenShare) {
  EXPECT_EQ(smoothWeights(getRatios(4000, 1.5)).unseenShare, 1);
  EXPECT_LT(smoothWeights(getRatios(4000, 0.3)).unseenShare, 0.01);
  // Heavy, but next to nothing of the whole.
  std::vector<double> ratios = getRatios(4000, 0.85);
  for (double &ratio : ratios)
    ratio = std::log1p(1e-3 * std::exp(ratio));
  SmoothedWeights weights = smoothWeights(ratios);
  EXPECT_GT(weights.shape, 0.7);
  EXPECT_LT(weights.unseenShare, 0.01);
  EXPECT_TRUE(weights.areReliable());
}
