//===- VerdictTest.cpp - how far a fit is to be trusted -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Verdict.h"
#include "MockModels.h"
#include "vi/Fit/ImportanceSampling.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace vi::fit;

namespace {

/// Independent latents whose exponentials are gamma distributed with scale 1.
struct LogGammaModel : MeanFieldModel {
  explicit LogGammaModel(std::vector<double> shapes)
      : MeanFieldModel(shapes.size()), shapes(std::move(shapes)) {}
  double getLogDensity(llvm::ArrayRef<double> u, llvm::ArrayRef<PlateBatch>,
                       llvm::MutableArrayRef<double> gradient) override {
    double value = 0;
    for (int64_t i = 0; i < latentCount; ++i) {
      value += shapes[i] * u[i] - std::exp(u[i]) - std::lgamma(shapes[i]);
      gradient[i] += shapes[i] - std::exp(u[i]);
    }
    return value;
  }
  std::vector<double> shapes;
};

/// Two normals of width 1 at -distance and distance, of which the second has
/// `odds` times the mass of the first.
struct TwoModes : MeanFieldModel {
  TwoModes(double distance, double odds)
      : MeanFieldModel(1), distance(distance), odds(odds) {}
  double getLogDensity(llvm::ArrayRef<double> u, llvm::ArrayRef<PlateBatch>,
                       llvm::MutableArrayRef<double> gradient) override {
    double a = -0.5 * (u[0] + distance) * (u[0] + distance);
    double b = std::log(odds) - 0.5 * (u[0] - distance) * (u[0] - distance);
    double top = std::max(a, b);
    double sum = std::exp(a - top) + std::exp(b - top);
    gradient[0] -= ((u[0] + distance) * std::exp(a - top) +
                    (u[0] - distance) * std::exp(b - top)) /
                   sum;
    return top + std::log(sum) - 0.5 * std::log(2 * M_PI) - std::log1p(odds);
  }
  double distance, odds;
};

struct Judged {
  Judged(CompiledModel &model, llvm::ArrayRef<double> start,
         const FitOptions &options = {}, int64_t starts = 0)
      : fits(fitFromStarts(model, start, options, {}, starts)),
        posterior(model, fits.best, 1),
        summaries(summarize(model, fits.best, posterior, 1)),
        verdict(judge(model, fits, posterior, summaries, 1)) {}
  StartsResult fits;
  Posterior posterior;
  std::vector<ArraySummary> summaries;
  Verdict verdict;
};

} // namespace

/// Standard deviations 1 and 1, correlation 0.995.
static Matrix getPrecision() {
  Matrix precision(2, 2);
  double determinant = 1 - 0.995 * 0.995;
  precision.values = {1 / determinant, -0.995 / determinant,
                      -0.995 / determinant, 1 / determinant};
  return precision;
}

// q is ten times too narrow, and its weights are useless; but its means are
// exact, and the linear-response distribution is the posterior.
TEST(VerdictTest, CorrelatedGaussian) {
  GaussianModel model({3, -20}, getPrecision(), -12.5);
  Judged judged(model, model.getStart());
  const Verdict &verdict = judged.verdict;
  ASSERT_EQ(verdict.proposals.size(), 2u);
  EXPECT_GT(verdict.proposals[0].khat, 0.7);
  EXPECT_EQ(verdict.best, 1u);
  EXPECT_EQ(verdict.means, Judgement::Good) << verdict.meansReason;
  EXPECT_EQ(verdict.sds, Judgement::Good) << verdict.sdsReason;
  EXPECT_EQ(verdict.tails, Judgement::Good) << verdict.tailsReason;
  EXPECT_TRUE(verdict.warnings.empty());
  EXPECT_NEAR(verdict.logEvidence, -12.5, 1e-3);
  EXPECT_NEAR(verdict.corrections[0].mean[1], -20, 1e-3);
  EXPECT_NEAR(verdict.corrections[0].sd[1], 1, 1e-3);
}

// Without a Hessian, the curvature of the density stands in.
TEST(VerdictTest, CurvatureWithoutHessian) {
  GaussianModel model({3, -20}, getPrecision(), -12.5);
  FitOptions options;
  options.maxHessianParameters = 0;
  options.covariance = CovarianceKind::Guide;
  Judged judged(model, model.getStart(), options);
  const Verdict &verdict = judged.verdict;
  ASSERT_EQ(verdict.proposals.size(), 2u);
  EXPECT_EQ(verdict.proposals[1].name, "curvature");
  EXPECT_EQ(verdict.means, Judgement::Good) << verdict.meansReason;
  // q's own are reported.
  EXPECT_EQ(verdict.sds, Judgement::Corrected) << verdict.sdsReason;
  EXPECT_NEAR(verdict.logEvidence, -12.5, 1e-3);
  EXPECT_NEAR(verdict.corrections[0].sd[0], 1, 0.05);
}

namespace {
/// Reports the product of its latents.
struct ProductModel : GaussianModel {
  ProductModel() : GaussianModel({0, 0}, getPrecision()) {
    reported = {{"product", {1}, false}};
  }
  void report(llvm::ArrayRef<double>, llvm::ArrayRef<double> u, uint64_t,
              int64_t, llvm::MutableArrayRef<double> values) override {
    values[0] = u[0] * u[1];
  }
};
} // namespace

// The mean of a product is the covariance, of which q knows nothing, though it
// has the means of both factors: it is 0 instead of 0.995.
TEST(VerdictTest, MeansOfWhatIsComputed) {
  ProductModel model;
  FitOptions options;
  options.maxHessianParameters = 0;
  options.covariance = CovarianceKind::Guide;
  Judged judged(model, model.getStart(), options);
  EXPECT_EQ(judged.verdict.means, Judgement::Corrected);
  EXPECT_NE(judged.verdict.meansReason.find("product[1]"), std::string::npos);
  EXPECT_NEAR(judged.verdict.corrections[0].mean[0], 0.995, 0.1);
}

// Moments of the logarithm of a gamma variable: digamma(a), trigamma(a). The
// best normal has the mean log(a) - 1 / (2 a).
TEST(VerdictTest, CorrectsSkewedPosteriors) {
  LogGammaModel model({1, 20});
  Judged judged(model, model.getStart());
  const Verdict &verdict = judged.verdict;
  // Held draws may move a mean by a hundredth of its deviation.
  EXPECT_NEAR(judged.summaries[0].mean[0], -0.5, 0.01);
  double error = 4 / std::sqrt(verdict.proposals[verdict.best].effectiveSize);
  EXPECT_NEAR(verdict.corrections[0].mean[0], -0.5772156649, 1.2825498 * error);
  EXPECT_NEAR(verdict.corrections[0].sd[0], 1.2825498, 1.2825498 * error);
  EXPECT_NEAR(verdict.corrections[0].mean[1], 2.9705239922, 0.2267731 * error);
  EXPECT_NEAR(verdict.logEvidence, 0, 4 * verdict.logEvidenceError);
  EXPECT_EQ(verdict.means, Judgement::Good) << verdict.meansReason;
}

TEST(VerdictTest, WarnsOfAnotherMode) {
  TwoModes model(6, 1);
  Judged judged(model, model.getStart());
  EXPECT_EQ(judged.fits.starts, 4);
  // And, from zero, of a wide q over both.
  ASSERT_GE(judged.fits.others.size(), 1u);
  EXPECT_NEAR(judged.fits.others[0].elboDifference, 0, 0.05);
  EXPECT_NEAR(judged.fits.others[0].distance, 12, 0.1);
  EXPECT_EQ(judged.verdict.means, Judgement::Suspect);
  ASSERT_EQ(judged.verdict.warnings.size(), 1u);
  EXPECT_NE(judged.verdict.warnings[0].find("another optimum"),
            std::string::npos);
}

// One of e^-8 of the mass is mentioned, and no reason for a warning.
TEST(VerdictTest, KeepsTheBestMode) {
  TwoModes model(6, std::exp(-8.0));
  Judged judged(model, {5.0, 0.0});
  EXPECT_NEAR(judged.fits.best.parameters[0], -6, 0.01);
  ASSERT_EQ(judged.fits.others.size(), 1u);
  EXPECT_NEAR(judged.fits.others[0].elboDifference, 8, 0.05);
  EXPECT_EQ(judged.verdict.means, Judgement::Good);
  EXPECT_TRUE(judged.verdict.warnings.empty());
}

TEST(VerdictTest, OneStartLooksNoFurther) {
  TwoModes model(6, std::exp(-8.0));
  Judged judged(model, {5.0, 0.0}, {}, /*starts=*/1);
  EXPECT_NEAR(judged.fits.best.parameters[0], 6, 0.01);
  EXPECT_EQ(judged.fits.starts, 1);
  EXPECT_TRUE(judged.fits.others.empty());
}

// Where weights say little, the shift of the means is one of first order. Here
// it is known: the target is N(delta, 1) in each of many dimensions.
TEST(VerdictTest, MeanShiftInManyDimensions) {
  const int64_t size = 60;
  Matrix precision(size, size), factor(size, size);
  for (int64_t i = 0; i < size; ++i)
    precision(i, i) = factor(i, i) = 1;
  std::vector<double> mean(size);
  mean[7] = 1.5;
  mean[30] = -4;
  GaussianModel model(mean, precision);
  Proposal proposal =
      getGaussianProposal("origin", std::vector<double>(size), factor);
  ImportanceSample drawn = sample(model, model.getStart(), proposal, 5, 4000);
  MeanShift shift = getMeanShift(drawn);
  EXPECT_LT(shift.power, 1);
  EXPECT_NEAR(shift.shift[7], 1.5, 6 * shift.error);
  EXPECT_NEAR(shift.shift[30], -4, 6 * shift.error);
  for (int64_t i : {0, 8, 59})
    EXPECT_NEAR(shift.shift[i], 0, 6 * shift.error);
}

// Another Gaussian in place of a Gaussian.
TEST(VerdictTest, AffineProposalDensity) {
  GaussianModel model({0.5, 1}, getPrecision());
  Matrix covariance(2, 2), unit(2, 2);
  covariance.values = {1, 0.995, 0.995, 1};
  factorizeCholesky(covariance);
  unit(0, 0) = unit(1, 1) = 2;
  Proposal base = getGaussianProposal("base", {-3, 4}, unit);
  Proposal proposal =
      getAffineProposal("moved", base, {-3, 4}, unit, {0.5, 1}, covariance);
  ImportanceSample drawn = sample(model, model.getStart(), proposal, 5, 100);
  for (double ratio : drawn.logRatios)
    EXPECT_NEAR(ratio, 0, 1e-10);
}
