//===- StochasticTest.cpp - Adam over minibatches -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MockModels.h"
#include "vi/Fit/Fit.h"

#include "llvm/ADT/STLExtras.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace vi::fit;

namespace {

/// The linear variational autoencoder of one dimension: z ~ N(0, 1),
/// x ~ N(a z + b, sigma^2); q(z | x) = N(w x + c, s^2). phi = (w, c, log s,
/// a, b, log sigma), of which the last three are the model's. Four data, one
/// noise each.
class LinearAutoencoder : public CompiledModel {
public:
  explicit LinearAutoencoder(std::vector<double> x) : x(std::move(x)) {
    plates.push_back({"data", static_cast<int64_t>(this->x.size())});
  }
  int64_t getParameterCount() const override { return 6; }
  int64_t getGuideParameterCount() const override { return 3; }
  int64_t getLatentCount() const override { return x.size(); }
  int64_t getNoiseCount() const override { return x.size(); }
  llvm::ArrayRef<DataPlate> getDataPlates() const override { return plates; }
  double evaluate(llvm::ArrayRef<double> phi, NoiseView noise,
                  llvm::ArrayRef<PlateBatch> batches) override {
    std::vector<double> gradient(6);
    return evaluateGradient(phi, noise, batches, gradient);
  }
  double evaluateGradient(llvm::ArrayRef<double> phi, NoiseView noise,
                          llvm::ArrayRef<PlateBatch> batches,
                          llvm::MutableArrayRef<double> gradient) override {
    llvm::fill(gradient, 0.0);
    double value = 0, precision = std::exp(-2 * phi[5]), s = std::exp(phi[2]);
    for (int64_t row = 0; row < noise.rows; ++row)
      for (int64_t n = batches[0].begin; n < batches[0].end; ++n) {
        double weight = batches[0].scale * scaleFactor / double(noise.rows);
        double z = phi[0] * x[n] + phi[1] + s * noise.getRow(row)[n];
        double r = x[n] - phi[3] * z - phi[4];
        value += weight * (-0.5 * r * r * precision - phi[5] - 0.5 * z * z +
                           phi[2] + 0.5 - 0.5 * std::log(2 * M_PI));
        double slope = r * phi[3] * precision - z;
        gradient[3] += weight * r * z * precision;
        gradient[4] += weight * r * precision;
        gradient[5] += weight * (r * r * precision - 1);
        gradient[0] += weight * slope * x[n];
        gradient[1] += weight * slope;
        gradient[2] += weight * (slope * s * noise.getRow(row)[n] + 1);
      }
    return value;
  }
  void getLatents(llvm::ArrayRef<double> phi, llvm::ArrayRef<double> noise,
                  llvm::MutableArrayRef<double> z) override {
    for (size_t n = 0; n < x.size(); ++n)
      z[n] = phi[0] * x[n] + phi[1] + std::exp(phi[2]) * noise[n];
  }
  double getLogGuide(llvm::ArrayRef<double> phi,
                     llvm::ArrayRef<double> z) override {
    double value = 0;
    for (size_t n = 0; n < x.size(); ++n) {
      double e = (z[n] - phi[0] * x[n] - phi[1]) / std::exp(phi[2]);
      value -= 0.5 * e * e + phi[2] + 0.5 * std::log(2 * M_PI);
    }
    return value;
  }
  double getLogJoint(llvm::ArrayRef<double> phi,
                     llvm::ArrayRef<double> z) override {
    return 0;
  }
  llvm::ArrayRef<ReportedArray> getReportedArrays() const override {
    return {};
  }
  void report(llvm::ArrayRef<double>, llvm::ArrayRef<double>, uint64_t, int64_t,
              llvm::MutableArrayRef<double>) override {}

  /// The log likelihood of normal data at its maximum: the marginal is
  /// N(b, a^2 + sigma^2).
  double getMaximum() const {
    double mean = 0, variance = 0;
    for (double value : x)
      mean += value / double(x.size());
    for (double value : x)
      variance += (value - mean) * (value - mean) / double(x.size());
    return -0.5 * double(x.size()) * (std::log(2 * M_PI * variance) + 1);
  }
  /// The log likelihood at the parameters.
  double getLogLikelihood(llvm::ArrayRef<double> phi) const {
    double variance = phi[3] * phi[3] + std::exp(2 * phi[5]), value = 0;
    for (double element : x)
      value -= 0.5 * std::log(2 * M_PI * variance) +
               0.5 * (element - phi[4]) * (element - phi[4]) / variance;
    return value;
  }

  /// For the test that a wrong scale is noticed.
  double scaleFactor = 1;

private:
  std::vector<double> x;
  std::vector<DataPlate> plates;
};

} // namespace

static const std::vector<double> linearStart = {0.3, 0.1, -0.1, 0.5, 0.1, 0.2};

TEST(StochasticTest, LinearAutoencoderOnTheWholeData) {
  LinearAutoencoder model({1.3, -0.4, 2.2, 0.7});
  FitResult result = fit(model, linearStart, {}, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  EXPECT_NEAR(result.heldELBO, model.getMaximum(), 1e-6);
  EXPECT_NEAR(model.getLogLikelihood(result.parameters), model.getMaximum(),
              1e-6);
}

TEST(StochasticTest, LinearAutoencoderInUnevenBatches) {
  LinearAutoencoder model({1.3, -0.4, 2.2, 0.7});
  FitOptions options;
  options.batchSize = 3;
  options.optimizer = OptimizerKind::Adam;
  FitResult result = fit(model, linearStart, options, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  EXPECT_NEAR(model.getLogLikelihood(result.parameters), model.getMaximum(),
              1e-6);
}

TEST(StochasticTest, LogisticRegressionInMinibatches) {
  LogisticExample example;
  LogisticModel model(3, example.x, example.y, 2.5);
  FitOptions options;
  options.batchSize = 7;
  FitResult result = fit(model, model.getStart(), options, {});
  EXPECT_EQ(result.status, FitStatus::Converged);
  EXPECT_NEAR(result.elbo, example.elbo, 0.01);
  for (int64_t i = 0; i < 3; ++i) {
    double sd = std::exp(example.logScale[i]);
    EXPECT_NEAR(result.parameters[i], example.location[i], 0.05 * sd);
    EXPECT_NEAR(result.parameters[3 + i], example.logScale[i], 0.03);
  }
}

TEST(StochasticTest, ConstantsAddedToTheELBOChangeNothing) {
  LogisticExample example;
  struct Shifted : LogisticModel {
    using LogisticModel::LogisticModel;
    double getLogDensity(llvm::ArrayRef<double> u,
                         llvm::ArrayRef<PlateBatch> batches,
                         llvm::MutableArrayRef<double> gradient) override {
      return shift + LogisticModel::getLogDensity(u, batches, gradient);
    }
    double shift = 0;
  };
  FitOptions options;
  options.batchSize = 20;
  Shifted plain(3, example.x, example.y, 2.5);
  Shifted shifted(3, example.x, example.y, 2.5);
  shifted.shift = 4096;
  FitResult first = fit(plain, plain.getStart(), options, {});
  FitResult second = fit(shifted, shifted.getStart(), options, {});
  EXPECT_EQ(first.status, FitStatus::Converged);
  EXPECT_EQ(first.iterations, second.iterations);
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_NEAR(first.parameters[i], second.parameters[i], 1e-3);
}
