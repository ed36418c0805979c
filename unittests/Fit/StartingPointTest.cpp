//===- StartingPointTest.cpp - where a fit begins -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/StartingPoint.h"
#include "MockModels.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/LinearAlgebra.h"

#include "llvm/ADT/STLExtras.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>

using namespace vi::fit;

namespace {

/// Linear regression on one covariate whose units are far from one, with a
/// flat prior; latents are intercept, slope, and the logarithm of the
/// residuals' standard deviation. The covariate is 60, 61, ..., and the
/// outcomes are line(x) +- deviation.
struct RegressionModel : MeanFieldModel {
  RegressionModel() : MeanFieldModel(3) {}
  static constexpr int count = 20;
  static constexpr double intercept = -6e4, slope = 1.3e3, deviation = 2e4;

  double getLogDensity(llvm::ArrayRef<double> u,
                       llvm::ArrayRef<PlateBatch> batches,
                       llvm::MutableArrayRef<double> gradient) override {
    double precision = std::exp(-2 * u[2]), value = 0;
    for (int i = 0; i < count; ++i) {
      double x = 60 + i;
      double y = intercept + slope * x + (i % 4 < 2 ? deviation : -deviation);
      double residual = y - u[0] - u[1] * x;
      value += -0.5 * residual * residual * precision - u[2] -
               0.5 * std::log(2 * M_PI);
      gradient[0] += residual * precision;
      gradient[1] += residual * precision * x;
      gradient[2] += residual * residual * precision - 1;
    }
    return value;
  }
};

// From zero, where the residuals are 1e5 times too large for their scale.
TEST(StartingPointTest, TakesTheDataScale) {
  RegressionModel model;
  std::vector<double> zero = model.getStart();
  GuideStructure structure = analyzeGuide(model, zero);
  EvaluationCounts counts;
  std::vector<double> start =
      findStart(model, zero, structure, {}, 64, {}, counts);
  EXPECT_NEAR(start[2], std::log(model.deviation), 0.3);
  EXPECT_GT(counts.gradients, 0);
  // As evaluations with 64 draws.
  EXPECT_LE(counts.gradients, counts.draws / 64 + 1);

  // The optimum is a few nats above it. The closed form: least squares, and
  // E exp(-2 w) = exp(-2 m + 2 s^2).
  FitResult result = fit(model, zero, {}, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  NoiseMatrix noise = getHeldDraws(7, 256, 3);
  double atStart = model.evaluate(start, noise, {});
  EXPECT_GT(atStart, result.elbo - 5);
  EXPECT_LT(atStart, result.elbo + 5 * result.elboError);
}

/// A mixture of 1 % normal(0.5, 0.1) and 99 % normal(-1, 0.1) for each of two
/// independent latents: from zero the way goes up to the smaller mode.
struct BimodalModel : MeanFieldModel {
  BimodalModel() : MeanFieldModel(2) {}
  double getLogDensity(llvm::ArrayRef<double> u,
                       llvm::ArrayRef<PlateBatch> batches,
                       llvm::MutableArrayRef<double> gradient) override {
    double value = 0;
    for (int i = 0; i < 2; ++i) {
      double a = (u[i] - 0.5) / 0.1, b = (u[i] + 1) / 0.1;
      double logA = std::log(0.01) - 0.5 * a * a;
      double logB = std::log(0.99) - 0.5 * b * b;
      double top = std::max(logA, logB);
      double sum = std::exp(logA - top) + std::exp(logB - top);
      value += top + std::log(sum) - std::log(0.1) - 0.5 * std::log(2 * M_PI);
      gradient[i] -=
          (std::exp(logA - top) * a + std::exp(logB - top) * b) / (0.1 * sum);
    }
    return value;
  }
};

TEST(StartingPointTest, TriesSeveralPoints) {
  BimodalModel model;
  std::vector<double> zero = model.getStart();
  GuideStructure structure = analyzeGuide(model, zero);
  EvaluationCounts counts;
  StartOptions options;
  options.candidates = 1;
  std::vector<double> start =
      findStart(model, zero, structure, {}, 64, options, counts);
  EXPECT_NEAR(start[0], 0.5, 0.1);
  options.candidates = 64;
  start = findStart(model, zero, structure, {}, 64, options, counts);
  EXPECT_NEAR(start[0], -1, 0.1);
  EXPECT_NEAR(start[1], -1, 0.1);
  for (int i = 2; i < 4; ++i)
    EXPECT_NEAR(start[i], std::log(0.1), 0.2);
}

// The posterior of a Gaussian target, whatever its units and correlations.
TEST(StartingPointTest, FindsCorrelations) {
  const int64_t size = 4;
  Matrix precision(size, size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      precision(i, j) = std::pow(10.0, double(i + j)) *
                        std::pow(0.9, std::abs(double(i - j)));
  std::vector<double> mean = {300, -2, 0.5, 0};
  FullRankModel model(mean, precision);
  std::vector<double> zero = model.getStart();
  GuideStructure structure = analyzeGuide(model, zero);
  // The weights below the diagonal are no scales.
  for (int64_t i = 0; i < size; ++i)
    EXPECT_EQ(structure.scales[i], size + i);
  EvaluationCounts counts;
  std::vector<double> start =
      findStart(model, zero, structure, {}, 64, {}, counts);
  Matrix factor(size, size), covariance(size, size);
  for (int64_t i = 0; i < size; ++i) {
    factor(i, i) = std::exp(start[size + i]);
    for (int64_t j = 0; j < i; ++j)
      factor(i, j) = start[model.getLowerIndex(i, j)];
  }
  ASSERT_TRUE(factorizeCholesky(precision));
  for (int64_t i = 0; i < size; ++i) {
    std::vector<double> column(size);
    column[i] = 1;
    solveLower(precision, column);
    solveLowerTransposed(precision, column);
    for (int64_t j = 0; j < size; ++j)
      covariance(j, i) = column[j];
  }
  for (int64_t i = 0; i < size; ++i) {
    double sd = std::sqrt(covariance(i, i));
    EXPECT_NEAR(start[i], mean[i], 1e-3 * sd);
    for (int64_t j = 0; j <= i; ++j)
      EXPECT_NEAR(dot(factor.getRow(i), factor.getRow(j)), covariance(i, j),
                  1e-4 * sd * std::sqrt(covariance(j, j)));
  }
}

// A guide without scales of its own is left as it is.
TEST(StartingPointTest, LeavesOtherGuides) {
  RegressionModel model;
  std::vector<double> zero = model.getStart();
  GuideStructure structure = analyzeGuide(model, zero);
  structure.scales[1] = -1;
  EvaluationCounts counts;
  EXPECT_EQ(findStart(model, zero, structure, {}, 64, {}, counts), zero);
  EXPECT_EQ(counts.gradients, 0);
}

TEST(StartingPointTest, EndsWhenInterrupted) {
  RegressionModel model;
  std::vector<double> zero = model.getStart();
  GuideStructure structure = analyzeGuide(model, zero);
  EvaluationCounts counts;
  StartOptions options;
  options.isInterrupted = [] { return true; };
  std::vector<double> start =
      findStart(model, zero, structure, {}, 64, options, counts);
  EXPECT_EQ(start, zero);
}

} // namespace
