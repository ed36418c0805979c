//===- GuideFactorTest.cpp - normal guides with all correlations -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/GuideFactor.h"
#include "MockModels.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/Random.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace vi::fit;

namespace {

constexpr int64_t size = 5;

FullRankModel getModel() {
  Matrix precision(size, size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      precision(i, j) = std::pow(10.0, double(i + j) / 2) *
                        std::pow(0.8, std::abs(double(i - j)));
  return FullRankModel({30, -2, 0.5, 0, 0.1}, precision);
}

/// Parameters with correlations.
std::vector<double> getPoint(const FullRankModel &model, uint64_t key) {
  std::vector<double> point(model.getParameterCount());
  for (size_t i = 0; i < point.size(); ++i)
    point[i] = 0.5 * getNormal(key, i);
  return point;
}

/// A guide with correlations, found at a point.
class GuideFactorAtPointTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(guide); }

  FullRankModel model = getModel();
  std::vector<double> point = getPoint(model, 1);
  std::optional<GuideFactor> guide =
      GuideFactor::find(model, point, analyzeGuide(model, point));
};

} // namespace

TEST(GuideFactorTest, IsFoundAnywhere) {
  FullRankModel model = getModel();
  std::vector<double> point = getPoint(model, 1);
  GuideStructure structure = analyzeGuide(model, point);
  std::optional<GuideFactor> guide = GuideFactor::find(model, point, structure);
  ASSERT_TRUE(guide);
  Matrix factor = guide->getFactor(point);
  for (int64_t i = 0; i < size; ++i) {
    EXPECT_NEAR(factor(i, i), std::exp(point[size + i]), 1e-12);
    for (int64_t j = 0; j < i; ++j)
      EXPECT_NEAR(factor(i, j), point[model.getLowerIndex(i, j)], 1e-12);
  }
  // Another factor, and back.
  std::vector<double> other = getPoint(model, 2);
  std::vector<double> moved = guide->setFactor(point, guide->getFactor(other));
  for (int64_t i = size, end = point.size(); i < end; ++i)
    EXPECT_NEAR(moved[i], other[i], 1e-9);
}

TEST(GuideFactorTest, IsNotFoundInOtherGuides) {
  Matrix precision(2, 2);
  precision(0, 0) = precision(1, 1) = 1;
  GaussianModel model({0, 0}, precision);
  std::vector<double> zero = model.getStart();
  EXPECT_FALSE(GuideFactor::find(model, zero, analyzeGuide(model, zero)));
}

// <S y, g> = <y, S'g>, and S y is the derivative of m0 + L0 y, L0 (I + D).
TEST_F(GuideFactorAtPointTest, CoordinatesHaveATranspose) {
  Matrix factor = guide->getFactor(point);
  std::vector<double> scales = guide->getScales(point);
  std::vector<double> y = getPoint(model, 3), g = getPoint(model, 4);
  std::vector<double> step = guide->toParameters(factor, scales, y);
  EXPECT_NEAR(dot(step, g), dot(y, guide->transposed(factor, scales, g)),
              1e-12);

  const double small = 1e-6;
  std::vector<double> after = point;
  for (size_t i = 0; i < after.size(); ++i)
    after[i] += small * step[i];
  Matrix changed = guide->getFactor(after);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      double expected = 0;
      for (int64_t k = j; k <= i; ++k)
        expected += factor(i, k) * (k == j ? std::sqrt(0.5) * y[size + j]
                                           : y[model.getLowerIndex(k, j)]);
      EXPECT_NEAR((changed(i, j) - factor(i, j)) / small, expected, 1e-5);
    }
}

// The Fisher information of q, by its scores over many draws.
TEST_F(GuideFactorAtPointTest, ScalesAreThoseOfTheFisherInformation) {
  Matrix factor = guide->getFactor(point);
  std::vector<double> scales = guide->getScales(point);
  const int64_t rows = 40000;
  NoiseMatrix noise = getIndependentDraws(5, rows, size);
  // By L the score is L^-T (e e' - I), and by its logarithm that times L.
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j <= i; ++j) {
      double information = 0;
      for (int64_t row = 0; row < rows; ++row) {
        llvm::ArrayRef<double> e = NoiseView(noise).getRow(row);
        std::vector<double> x = e.vec();
        solveLowerTransposed(factor, x);
        double score = x[i] * e[j] - (i == j ? 1 / factor(i, i) : 0);
        information += score * score / double(rows);
      }
      int64_t parameter = i == j ? size + i : model.getLowerIndex(i, j);
      double unit = i == j ? factor(i, i) : 1;
      // Within four standard errors of a mean of squares of squares.
      EXPECT_NEAR(scales[parameter] * unit * std::sqrt(information), 1, 0.06);
    }
}

// L' P L of a Gaussian target, over draws whose covariance is exact.
TEST_F(GuideFactorAtPointTest, CurvatureComesFromOneGradient) {
  NoiseMatrix noise = getHeldDraws(1, 64, size);
  std::vector<double> gradient(point.size());
  EvaluationCounts counts;
  Objective objective(model, noise, {}, counts);
  objective(point, gradient);
  Matrix factor = guide->getFactor(point);
  Matrix curvature = guide->getCurvature(factor, gradient);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      double expected = 0;
      for (int64_t k = 0; k < size; ++k)
        for (int64_t l = 0; l < size; ++l)
          expected += factor(k, i) * model.precision(k, l) * factor(l, j);
      EXPECT_NEAR(curvature(i, j), expected, 1e-8 * (1 + std::fabs(expected)));
    }
}

// The optimum of a Gaussian target is one step away, from anywhere.
TEST_F(GuideFactorAtPointTest, OneNaturalStepIsEnoughForAGaussian) {
  NoiseMatrix noise = getHeldDraws(1, 64, size);
  EvaluationCounts counts;
  Objective objective(model, noise, {}, counts);
  NaturalGradientOptions options;
  auto result = minimizeByNaturalGradient(
      *guide, objective, point, options,
      [](int64_t, double, double, llvm::ArrayRef<double>) { return true; });
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->hasConverged);
  EXPECT_LE(result->iterations, 2);
  EXPECT_LE(counts.gradients, 3);
  for (int64_t i = 0; i < size; ++i)
    EXPECT_NEAR(point[i], model.mean[i], 1e-4);
  EXPECT_NEAR(-result->value, 0, 1e-8);
}

// A fit of many parameters: the Hessian is not formed.
TEST(GuideFactorTest, FitsInTheCoordinatesOfTheGuide) {
  FullRankModel model = getModel();
  FitOptions options;
  options.maxHessianParameters = 0;
  FitResult result = fit(model, model.getStart(), options, {});
  ASSERT_EQ(result.status, FitStatus::Converged);
  EXPECT_EQ(result.method, OptimizerKind::Newton);
  ASSERT_TRUE(result.decrement);
  EXPECT_LE(*result.decrement, 1e-4);
  EXPECT_NEAR(result.elbo, 0, 1e-6);
  for (int64_t i = 0; i < size; ++i)
    EXPECT_NEAR(result.parameters[i], model.mean[i], 1e-3);
}
