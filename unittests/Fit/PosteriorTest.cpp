//===- PosteriorTest.cpp - draws and summaries of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Posterior.h"
#include "MockModels.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace vi::fit;

namespace {
/// A correlated Gaussian whose first coordinate is reported as its exponential.
struct LogScaleModel : GaussianModel {
  using GaussianModel::GaussianModel;
  void report(llvm::ArrayRef<double> phi, llvm::ArrayRef<double> u,
              uint64_t seed, int64_t draw,
              llvm::MutableArrayRef<double> values) override {
    values[0] = std::exp(u[0]);
    values[1] = u[1];
  }
};
} // namespace

static Matrix getPrecision() {
  // Standard deviations 0.5 and 2, correlation 0.9.
  double determinant = 0.25 * 4 * (1 - 0.81);
  Matrix precision(2, 2);
  precision.values = {4 / determinant, -0.9 / determinant, -0.9 / determinant,
                      0.25 / determinant};
  return precision;
}

TEST(PosteriorTest, SummariesOfTheLinearResponseGaussian) {
  LogScaleModel model({0.3, -1}, getPrecision());
  FitResult result = fit(model, model.getStart(), {}, {});
  Posterior posterior(model, result, 1);
  ASSERT_TRUE(posterior.hasLinearResponse()) << posterior.getReason();
  auto summary = summarize(model, result, posterior, 1);
  ASSERT_EQ(summary.size(), 1u);
  // Log-normal moments and quantiles with the full standard deviation.
  double mean = std::exp(0.3 + 0.125);
  EXPECT_NEAR(summary[0].mean[0], mean, 1e-3 * mean);
  EXPECT_NEAR(summary[0].sd[0], mean * std::sqrt(std::exp(0.25) - 1), 5e-3);
  EXPECT_NEAR(summary[0].q05[0], std::exp(0.3 - 1.6449 * 0.5), 2e-3);
  EXPECT_NEAR(summary[0].q50[0], std::exp(0.3), 2e-3);
  EXPECT_NEAR(summary[0].q95[0], std::exp(0.3 + 1.6449 * 0.5), 5e-3);
  // What is linear in the draws is exact.
  EXPECT_NEAR(summary[0].mean[1], -1, 1e-4);
  EXPECT_NEAR(summary[0].sd[1], 2, 2e-3);
  // The guide's own are narrower.
  double narrow = std::sqrt(1 - 0.81);
  EXPECT_NEAR(summary[0].guideSD[1], 2 * narrow, 2e-3);
}

TEST(PosteriorTest, DensityOfDraws) {
  LogScaleModel model({0.3, -1}, getPrecision());
  FitResult result = fit(model, model.getStart(), {}, {});
  Posterior posterior(model, result, 1);
  for (const PosteriorDraw &draw : posterior.draw(9, 10))
    EXPECT_NEAR(draw.logDensity,
                model.getLogJoint(result.parameters, draw.latents), 1e-2);
}

TEST(PosteriorTest, WithoutHessianTheGuideStands) {
  LogScaleModel model({0.3, -1}, getPrecision());
  FitOptions options;
  options.covariance = CovarianceKind::Guide;
  FitResult result = fit(model, model.getStart(), options, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  Posterior posterior(model, result, 1);
  EXPECT_FALSE(posterior.hasLinearResponse());
  EXPECT_FALSE(posterior.getReason().empty());
  auto summary = summarize(model, result, posterior, 1);
  EXPECT_EQ(summary[0].sd, summary[0].guideSD);
  for (const PosteriorDraw &draw : posterior.draw(9, 4))
    EXPECT_EQ(draw.logDensity,
              model.getLogGuide(result.parameters, draw.latents));
}
