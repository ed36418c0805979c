//===- MockModels.h - models with known answers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_UNITTESTS_FIT_MOCKMODELS_H
#define VI_UNITTESTS_FIT_MOCKMODELS_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/LinearAlgebra.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vi {
namespace fit {

/// A density of latents on the unconstrained scale under a mean-field normal
/// guide: phi = (locations, log-scales), pathwise gradients, exact entropy.
class MeanFieldModel : public CompiledModel {
public:
  explicit MeanFieldModel(int64_t latentCount) : latentCount(latentCount) {
    reported.push_back({"u", {latentCount}, true});
  }

  /// log p(x, u), whose gradient is added to `gradient`.
  virtual double getLogDensity(llvm::ArrayRef<double> u,
                               llvm::ArrayRef<PlateBatch> batches,
                               llvm::MutableArrayRef<double> gradient) = 0;

  int64_t getParameterCount() const override { return 2 * latentCount; }
  int64_t getLatentCount() const override { return latentCount; }
  int64_t getNoiseCount() const override { return latentCount; }
  std::string getLatentName(int64_t index) const override {
    return "u[" + std::to_string(index + 1) + "]";
  }

  double evaluate(llvm::ArrayRef<double> phi, NoiseView noise,
                  llvm::ArrayRef<PlateBatch> batches) override {
    std::vector<double> gradient(phi.size());
    return evaluateGradient(phi, noise, batches, gradient);
  }
  double evaluateGradient(llvm::ArrayRef<double> phi, NoiseView noise,
                          llvm::ArrayRef<PlateBatch> batches,
                          llvm::MutableArrayRef<double> gradient) override {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    double value = 0;
    std::vector<double> u(latentCount), slope(latentCount);
    for (int64_t row = 0; row < noise.rows; ++row) {
      getLatents(phi, noise.getRow(row), u);
      std::fill(slope.begin(), slope.end(), 0.0);
      value += getLogDensity(u, batches, slope) / double(noise.rows);
      for (int64_t i = 0; i < latentCount; ++i) {
        gradient[i] += slope[i] / double(noise.rows);
        gradient[latentCount + i] +=
            slope[i] * (u[i] - phi[i]) / double(noise.rows);
      }
    }
    for (int64_t i = 0; i < latentCount; ++i) {
      value += phi[latentCount + i] + 0.5 * std::log(2 * M_PI * M_E);
      gradient[latentCount + i] += 1;
    }
    return value;
  }
  void getLatents(llvm::ArrayRef<double> phi, llvm::ArrayRef<double> noise,
                  llvm::MutableArrayRef<double> u) override {
    for (int64_t i = 0; i < latentCount; ++i)
      u[i] = phi[i] + std::exp(phi[latentCount + i]) * noise[i];
  }
  double getLogGuide(llvm::ArrayRef<double> phi,
                     llvm::ArrayRef<double> u) override {
    double value = 0;
    for (int64_t i = 0; i < latentCount; ++i) {
      double z = (u[i] - phi[i]) / std::exp(phi[latentCount + i]);
      value -= 0.5 * z * z + phi[latentCount + i] + 0.5 * std::log(2 * M_PI);
    }
    return value;
  }
  double getLogJoint(llvm::ArrayRef<double> phi,
                     llvm::ArrayRef<double> u) override {
    std::vector<double> gradient(latentCount);
    return getLogDensity(u, getWholePlates(*this), gradient);
  }
  llvm::ArrayRef<ReportedArray> getReportedArrays() const override {
    return reported;
  }
  void report(llvm::ArrayRef<double> phi, llvm::ArrayRef<double> u,
              uint64_t seed, int64_t draw,
              llvm::MutableArrayRef<double> values) override {
    std::copy(u.begin(), u.end(), values.begin());
  }

  std::vector<double> getStart() const {
    return std::vector<double>(getParameterCount());
  }

protected:
  int64_t latentCount;
  std::vector<ReportedArray> reported;
};

/// N(mean, precision^-1), normalized, times `evidence`.
class GaussianModel : public MeanFieldModel {
public:
  GaussianModel(std::vector<double> mean, Matrix precision,
                double logEvidence = 0)
      : MeanFieldModel(mean.size()), mean(std::move(mean)),
        precision(std::move(precision)), logEvidence(logEvidence) {
    Matrix factor = this->precision;
    factorizeCholesky(factor);
    for (int64_t i = 0; i < latentCount; ++i)
      logDeterminant += 2 * std::log(factor(i, i));
  }

  double getLogDensity(llvm::ArrayRef<double> u,
                       llvm::ArrayRef<PlateBatch> batches,
                       llvm::MutableArrayRef<double> gradient) override {
    double value = logEvidence + 0.5 * logDeterminant -
                   0.5 * double(latentCount) * std::log(2 * M_PI);
    for (int64_t i = 0; i < latentCount; ++i) {
      double product = 0;
      for (int64_t j = 0; j < latentCount; ++j)
        product += precision(i, j) * (u[j] - mean[j]);
      value -= 0.5 * (u[i] - mean[i]) * product;
      gradient[i] -= product;
    }
    return value;
  }

  std::vector<double> mean;
  Matrix precision;
  double logEvidence, logDeterminant = 0;
};

/// A Gaussian target under a normal guide with all correlations: phi =
/// (locations, logarithms of the factor's diagonal, rows below it).
struct FullRankModel : GaussianModel {
  using GaussianModel::GaussianModel;

  int64_t getParameterCount() const override {
    return 2 * latentCount + latentCount * (latentCount - 1) / 2;
  }
  std::vector<double> getStart() const {
    return std::vector<double>(getParameterCount());
  }
  int64_t getLowerIndex(int64_t row, int64_t column) const {
    return 2 * latentCount + row * (row - 1) / 2 + column;
  }
  void getLatents(llvm::ArrayRef<double> phi, llvm::ArrayRef<double> noise,
                  llvm::MutableArrayRef<double> u) override {
    for (int64_t i = 0; i < latentCount; ++i) {
      u[i] = phi[i] + std::exp(phi[latentCount + i]) * noise[i];
      for (int64_t j = 0; j < i; ++j)
        u[i] += phi[getLowerIndex(i, j)] * noise[j];
    }
  }
  double evaluateGradient(llvm::ArrayRef<double> phi, NoiseView noise,
                          llvm::ArrayRef<PlateBatch> batches,
                          llvm::MutableArrayRef<double> gradient) override {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    double value = 0, weight = 1 / double(noise.rows);
    std::vector<double> u(latentCount), slope(latentCount);
    for (int64_t row = 0; row < noise.rows; ++row) {
      getLatents(phi, noise.getRow(row), u);
      std::fill(slope.begin(), slope.end(), 0.0);
      value += weight * getLogDensity(u, batches, slope);
      for (int64_t i = 0; i < latentCount; ++i) {
        gradient[i] += weight * slope[i];
        gradient[latentCount + i] += weight * slope[i] *
                                     std::exp(phi[latentCount + i]) *
                                     noise.getRow(row)[i];
        for (int64_t j = 0; j < i; ++j)
          gradient[getLowerIndex(i, j)] +=
              weight * slope[i] * noise.getRow(row)[j];
      }
    }
    for (int64_t i = 0; i < latentCount; ++i) {
      value += phi[latentCount + i] + 0.5 * std::log(2 * M_PI * M_E);
      gradient[latentCount + i] += 1;
    }
    return value;
  }
};

/// Logistic regression with independent normal priors; a flat prior where
/// `priorScale` is infinite. One data plate.
class LogisticModel : public MeanFieldModel {
public:
  LogisticModel(int64_t columns, std::vector<double> x, std::vector<double> y,
                double priorScale)
      : MeanFieldModel(columns), x(std::move(x)), y(std::move(y)),
        priorScale(priorScale) {
    plates.push_back({"obs", static_cast<int64_t>(this->y.size())});
  }

  llvm::ArrayRef<DataPlate> getDataPlates() const override { return plates; }
  int64_t getWork() const override { return x.size(); }

  double getLogDensity(llvm::ArrayRef<double> u,
                       llvm::ArrayRef<PlateBatch> batches,
                       llvm::MutableArrayRef<double> gradient) override {
    double value = 0;
    for (int64_t i = 0; i < latentCount && std::isfinite(priorScale); ++i) {
      double z = u[i] / priorScale;
      value -= 0.5 * z * z + std::log(priorScale) + 0.5 * std::log(2 * M_PI);
      gradient[i] -= z / priorScale;
    }
    for (int64_t n = batches[0].begin; n < batches[0].end; ++n) {
      double eta = 0;
      for (int64_t i = 0; i < latentCount; ++i)
        eta += x[n * latentCount + i] * u[i];
      double signedEta = y[n] > 0 ? eta : -eta;
      double loss = signedEta > 0
                        ? std::log1p(std::exp(-signedEta))
                        : -signedEta + std::log1p(std::exp(signedEta));
      double weight = batches[0].scale / (1 + std::exp(signedEta));
      value -= batches[0].scale * loss;
      for (int64_t i = 0; i < latentCount; ++i)
        gradient[i] += (y[n] > 0 ? weight : -weight) * x[n * latentCount + i];
    }
    return value;
  }

  bool permuteMembers(size_t plate, llvm::ArrayRef<int64_t> order) override {
    if (order.empty())
      return true;
    std::vector<double> newX(x.size()), newY(y.size());
    for (size_t n = 0; n < y.size(); ++n) {
      newY[n] = y[order[n]];
      std::copy_n(x.begin() + order[n] * latentCount, latentCount,
                  newX.begin() + n * latentCount);
    }
    x = newX;
    y = newY;
    return true;
  }

private:
  std::vector<double> x, y;
  double priorScale;
  std::vector<DataPlate> plates;
};

/// Sixty observations whose mean-field optimum under N(0, 2.5^2) priors is
/// known: found by SciPy's BFGS on the ELBO with 80-node Gauss-Hermite
/// quadrature over each linear predictor.
struct LogisticExample {
  LogisticExample() {
    const char *outcomes =
        "101111011100100101010001111110011110001000110110111101101111";
    for (int n = 0; n < 60; ++n) {
      double wave = std::sin(1.7 * n);
      x.insert(x.end(), {1.0, wave, std::cos(0.9 * n) + 0.5 * wave});
      y.push_back(outcomes[n] == '1');
    }
  }
  std::vector<double> x, y;
  double elbo = -43.01199721;
  std::vector<double> location = {0.54924105, 1.13058079, -0.43178059};
  std::vector<double> logScale = {-1.26037885, -0.89243403, -1.06069231};
  std::vector<double> linearResponseSD = {0.28746022, 0.47817922, 0.39927221};
};

} // namespace fit
} // namespace vi

#endif // VI_UNITTESTS_FIT_MOCKMODELS_H
