//===- LBFGSTest.cpp - limited-memory quasi-Newton minimization -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/LBFGS.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace vi::fit;

static bool always(int64_t, double, double, llvm::ArrayRef<double>) {
  return true;
}

static double rosenbrock(llvm::ArrayRef<double> x,
                         llvm::MutableArrayRef<double> gradient) {
  double value = 0;
  for (double &element : gradient)
    element = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    value += 100 * a * a + b * b;
    gradient[i] += -400 * a * x[i] - 2 * b;
    gradient[i + 1] += 200 * a;
  }
  return value;
}

TEST(LBFGSTest, Rosenbrock) {
  std::vector<double> x(10, -1.2);
  LBFGSOptions options;
  options.gradientTolerance = 1e-9;
  LBFGSResult result = minimizeLBFGS(rosenbrock, x, options, always);
  EXPECT_EQ(result.status, LBFGSStatus::Converged);
  EXPECT_LE(result.gradientNorm, 1e-9);
  EXPECT_LT(result.iterations, 200);
  for (double element : x)
    EXPECT_NEAR(element, 1, 1e-8);
}

// Near the minimum the values agree to the last bit: slopes must lead on.
TEST(LBFGSTest, LargeConstant) {
  auto function = [](llvm::ArrayRef<double> x,
                     llvm::MutableArrayRef<double> gradient) {
    double value = 1e6;
    for (size_t i = 0; i < x.size(); ++i) {
      double scale = std::pow(10.0, double(i));
      value += scale * (std::cosh(x[i] - 1) - 1);
      gradient[i] = scale * std::sinh(x[i] - 1);
    }
    return value;
  };
  std::vector<double> x(4, 0.0);
  LBFGSOptions options;
  options.gradientTolerance = 1e-8;
  LBFGSResult result = minimizeLBFGS(function, x, options, always);
  EXPECT_EQ(result.status, LBFGSStatus::Converged);
  for (double element : x)
    EXPECT_NEAR(element, 1, 1e-8);
}

TEST(LBFGSTest, StepsBackFromWhatIsNotFinite) {
  // -log x + x, undefined for x <= 0, from far on the other side.
  auto function = [](llvm::ArrayRef<double> x,
                     llvm::MutableArrayRef<double> gradient) {
    gradient[0] = 1 - 1 / x[0];
    if (x[0] > 0)
      return x[0] - std::log(x[0]);
    gradient[0] = 0;
    return std::numeric_limits<double>::infinity();
  };
  std::vector<double> x = {1e-4};
  LBFGSOptions options;
  LBFGSResult result = minimizeLBFGS(function, x, options, always);
  EXPECT_EQ(result.status, LBFGSStatus::Converged);
  EXPECT_NEAR(x[0], 1, 1e-6);
}

TEST(LBFGSTest, InvalidStart) {
  auto function = [](llvm::ArrayRef<double> x,
                     llvm::MutableArrayRef<double> gradient) {
    gradient[0] = 0;
    return std::numeric_limits<double>::quiet_NaN();
  };
  std::vector<double> x = {1};
  EXPECT_EQ(minimizeLBFGS(function, x, {}, always).status,
            LBFGSStatus::InvalidStart);
  EXPECT_EQ(x[0], 1);
}

TEST(LBFGSTest, MonitorStops) {
  std::vector<double> x(2, -1.2);
  LBFGSResult result =
      minimizeLBFGS(rosenbrock, x, {},
                    [](int64_t iteration, double, double,
                       llvm::ArrayRef<double>) { return iteration < 3; });
  EXPECT_EQ(result.status, LBFGSStatus::Stopped);
  EXPECT_EQ(result.iterations, 3);
  EXPECT_NE(x[0], -1.2);
}

TEST(LBFGSTest, WrongGradientIsFoundOut) {
  auto function = [](llvm::ArrayRef<double> x,
                     llvm::MutableArrayRef<double> gradient) {
    gradient[0] = -2 * x[0];
    return x[0] * x[0];
  };
  std::vector<double> x = {1};
  EXPECT_EQ(minimizeLBFGS(function, x, {}, always).status,
            LBFGSStatus::LineSearchFailed);
}
