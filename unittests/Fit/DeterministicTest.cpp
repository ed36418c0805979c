//===- DeterministicTest.cpp - maximizing over held draws -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MockModels.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/LinearResponse.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace vi::fit;

/// A precision matrix with strong correlations and scales far apart.
static Matrix getPrecision(int64_t size, double spread) {
  Matrix precision(size, size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      double scaleI = std::pow(spread, double(i) / double(size));
      double scaleJ = std::pow(spread, double(j) / double(size));
      precision(i, j) =
          scaleI * scaleJ * std::pow(0.8, std::fabs(double(i - j)));
    }
  return precision;
}

/// That `covariance` is the inverse of `precision`.
static void expectInverse(const Matrix &covariance, const Matrix &precision) {
  Matrix factor = precision;
  ASSERT_TRUE(factorizeCholesky(factor));
  const int64_t size = factor.rows;
  for (int64_t i = 0; i < size; ++i) {
    std::vector<double> column(size);
    column[i] = 1;
    solveLower(factor, column);
    solveLowerTransposed(factor, column);
    for (int64_t j = 0; j < size; ++j)
      EXPECT_NEAR(covariance(i, j), column[j],
                  1e-4 * std::sqrt(1 / precision(i, i) / precision(j, j)));
  }
}

// For a Gaussian target: exact means, variances 1 / precision_ii, the gap
// (sum log precision_ii - log |precision|) / 2, and linear response recovers
// the covariance.
TEST(DeterministicTest, MeanFieldOnCorrelatedGaussian) {
  const int64_t size = 6;
  std::vector<double> mean = {50, -3, 0.2, 1e3, 0, -7};
  GaussianModel model(mean, getPrecision(size, 1e4), -12.5);
  FitResult result = fit(model, model.getStart(), {}, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  ASSERT_TRUE(result.decrement);
  EXPECT_LE(*result.decrement, 1e-3);
  EXPECT_TRUE(result.structure.isMeanField());
  EXPECT_TRUE(result.structure.isGaussian);
  double gap = -0.5 * model.logDeterminant;
  for (int64_t i = 0; i < size; ++i) {
    double sd = 1 / std::sqrt(model.precision(i, i));
    EXPECT_NEAR(result.parameters[i], mean[i], 1e-4 * sd);
    EXPECT_NEAR(result.parameters[size + i], std::log(sd), 1e-4);
    gap += 0.5 * std::log(model.precision(i, i));
  }
  EXPECT_NEAR(result.heldELBO, -12.5 - gap, 1e-6);
  // Fresh draws see the curvature's noise, within their error; or none, and
  // rounding.
  EXPECT_NEAR(result.elbo, -12.5 - gap, 5 * result.elboError + 1e-9);

  ASSERT_TRUE(result.hessian);
  auto covariance = getLinearResponse(
      *result.hessian,
      getMeanJacobian(model, result.parameters, result.structure,
                      getHeldDraws(1, 64, size)));
  ASSERT_TRUE(covariance);
  expectInverse(*covariance, model.precision);
}

// The same where no Hessian is formed: the decrement and the covariance come
// from products with it.
TEST(DeterministicTest, ResponseByConjugateGradients) {
  const int64_t size = 6;
  GaussianModel model({50, -3, 0.2, 1e3, 0, -7}, getPrecision(size, 1e4));
  FitOptions options;
  options.maxHessianParameters = 0;
  FitResult result = fit(model, model.getStart(), options, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  EXPECT_EQ(result.method, OptimizerKind::Newton);
  ASSERT_TRUE(result.decrement);
  EXPECT_LE(*result.decrement, 1e-3);
  EXPECT_FALSE(result.hessian);
  EXPECT_GT(result.counts.products, 0);
  EXPECT_GE(result.counts.gradients, 2 * result.counts.products);
  ASSERT_TRUE(result.response);
  expectInverse(*result.response, model.precision);

  options.covariance = CovarianceKind::Guide;
  result = fit(model, model.getStart(), options, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  EXPECT_FALSE(result.response);
}

/// A model whose Hessian's products do not compile.
struct WithoutProducts : GaussianModel {
  using GaussianModel::GaussianModel;
  int64_t getWork() const override { return 1000000000; }
  std::string getHessianProductFailure() const override { return "no rule"; }
};

// The fit goes on without, and says why.
TEST(DeterministicTest, TellsWhyProductsDoNotCompile) {
  WithoutProducts model({5, -3}, getPrecision(2, 10));
  FitResult result = fit(model, model.getStart(), {}, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(result.warnings.front(),
            "the Hessian's products do not compile, and are differences of "
            "gradients: no rule");
}

TEST(DeterministicTest, LogisticRegressionAgainstQuadrature) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  for (uint64_t seed : {1, 2, 3}) {
    FitOptions options;
    options.seed = seed;
    FitResult result = fit(model, model.getStart(), options, {});
    ASSERT_EQ(result.status, FitStatus::Converged);
    EXPECT_NEAR(result.elbo, example.elbo, 0.01);
    auto covariance = getLinearResponse(
        *result.hessian, getMeanJacobian(model, result.parameters,
                                         result.structure, {nullptr, 0, 3}));
    ASSERT_TRUE(covariance);
    for (int64_t i = 0; i < 3; ++i) {
      double sd = std::exp(example.logScale[i]);
      EXPECT_NEAR(result.parameters[i], example.location[i], 0.02 * sd);
      EXPECT_NEAR(result.parameters[3 + i], example.logScale[i], 0.02);
      EXPECT_NEAR(std::sqrt((*covariance)(i, i)), example.linearResponseSD[i],
                  0.02 * sd);
    }
  }
}

// Thirty-two draws: whitening is what makes so few enough.
TEST(DeterministicTest, FewDrawsAreEnoughWhereTheyAreWhitened) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  FitOptions options;
  options.samples = 32;
  FitResult result = fit(model, model.getStart(), options, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  EXPECT_EQ(result.samples, 32);
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_NEAR(result.parameters[i], example.location[i],
                0.05 * std::exp(example.logScale[i]));
}

TEST(DeterministicTest, TheSameSeedGivesTheSameBits) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  FitResult first = fit(model, model.getStart(), {}, {});
  FitResult second = fit(model, model.getStart(), {}, {});
  EXPECT_EQ(first.parameters, second.parameters);
  EXPECT_EQ(first.elbo, second.elbo);
}

TEST(DeterministicTest, ScaleOfTheDataDoesNotMatter) {
  LogisticExample example;
  std::vector<double> x = example.x;
  const double units[3] = {1, 1e4, 1e-3};
  for (size_t n = 0; n < x.size(); ++n)
    x[n] *= units[n % 3];
  LogisticModel model(3, x, example.y, std::numeric_limits<double>::infinity());
  LogisticModel plain(3, example.x, example.y,
                      std::numeric_limits<double>::infinity());
  FitResult result = fit(model, model.getStart(), {}, {});
  FitResult expected = fit(plain, plain.getStart(), {}, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  ASSERT_EQ(expected.status, FitStatus::Converged);
  for (int64_t i = 0; i < 3; ++i) {
    double sd = std::exp(expected.parameters[3 + i]);
    EXPECT_NEAR(result.parameters[i] * units[i], expected.parameters[i],
                0.02 * sd);
  }
}

TEST(DeterministicTest, SeparableDataUnderFlatPriorRunAway) {
  std::vector<double> x, y;
  for (int n = 0; n < 20; ++n) {
    x.insert(x.end(), {1.0, n - 9.5});
    y.push_back(n >= 10);
  }
  LogisticModel model(2, x, y, std::numeric_limits<double>::infinity());
  FitResult result = fit(model, model.getStart(), {}, {});
  EXPECT_EQ(result.status, FitStatus::Unbounded);
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_NE(result.warnings.front().find("u["), std::string::npos);
  EXPECT_NE(result.warnings.front().find("runs away"), std::string::npos);
}

TEST(DeterministicTest, FlatDirectionRunsAway) {
  Matrix precision(2, 2);
  precision.values = {1, 0, 0, 1};
  struct FlatModel : GaussianModel {
    using GaussianModel::GaussianModel;
    double getLogDensity(llvm::ArrayRef<double> u,
                         llvm::ArrayRef<PlateBatch> batches,
                         llvm::MutableArrayRef<double> gradient) override {
      gradient[0] -= u[0];
      return -0.5 * u[0] * u[0];
    }
  } model({0, 0}, precision);
  FitResult result = fit(model, model.getStart(), {}, {});
  EXPECT_EQ(result.status, FitStatus::Unbounded);
  EXPECT_NE(result.warnings.front().find("u[2]"), std::string::npos);
}

// Densities that overflow at the start: the guide becomes narrower.
TEST(DeterministicTest, BacksOffFromOverflowAtTheStart) {
  struct ExponentialModel : MeanFieldModel {
    ExponentialModel() : MeanFieldModel(1) {}
    double getLogDensity(llvm::ArrayRef<double> u,
                         llvm::ArrayRef<PlateBatch> batches,
                         llvm::MutableArrayRef<double> gradient) override {
      // A Poisson count of 100 with the rate exp(1000 u).
      gradient[0] += 1000 * (100 - std::exp(1000 * u[0]));
      return 100 * 1000 * u[0] - std::exp(1000 * u[0]) + std::log(1000.0) -
             std::lgamma(100.0);
    }
  } model;
  FitOptions options;
  options.keepStart = true;
  FitResult kept = fit(model, model.getStart(), options, {});
  EXPECT_NE(kept.status, FitStatus::NonFiniteStart);
  EXPECT_GT(kept.counts.nonFinite, 0);
  // So does the search for a better start.
  FitResult result = fit(model, model.getStart(), {}, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  // 1000 u is the logarithm of a gamma(100) variable, nearly normal.
  EXPECT_NEAR(1000 * result.parameters[0], std::log(100.0) - 0.005, 5e-4);
  EXPECT_NEAR(1000 * std::exp(result.parameters[1]), 0.1, 1e-3);
}

TEST(DeterministicTest, InterruptKeepsWhatThereIs) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  FitMonitor monitor;
  int questions = 0;
  monitor.isInterrupted = [&] { return ++questions >= 3; };
  FitOptions options;
  options.keepStart = true;
  FitResult result = fit(model, model.getStart(), options, monitor);
  EXPECT_EQ(result.status, FitStatus::Interrupted);
  EXPECT_EQ(result.iterations, 3);
  EXPECT_TRUE(std::isfinite(result.elbo));
}

TEST(DeterministicTest, IterationLimit) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  FitOptions options;
  options.maxIterations = 2;
  FitResult result = fit(model, model.getStart(), options, {});
  EXPECT_EQ(result.status, FitStatus::IterationLimit);
  EXPECT_EQ(result.iterations, 2);
}
