//===- NewtonTest.cpp - tests of the trust-region Newton method -----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Newton.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace vi::fit;

namespace {

using Input = llvm::ArrayRef<double>;
using Output = llvm::MutableArrayRef<double>;

bool goOn(int64_t, double, double, Input) { return true; }

/// Rosenbrock's function, whose minimum is at (1, 1).
NewtonProblem getRosenbrock() {
  NewtonProblem problem;
  problem.evaluate = [](Input x, Output gradient) {
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  problem.multiply = [](Input x, Input v, Output product) {
    double xx = 2 - 400 * (x[1] - 3 * x[0] * x[0]);
    product[0] = xx * v[0] - 400 * x[0] * v[1];
    product[1] = -400 * x[0] * v[0] + 200 * v[1];
    return true;
  };
  problem.getScales = [](Input) { return std::vector<double>{1, 1}; };
  return problem;
}

/// sum of weights[i] x[i]^2 / 2 - x[i].
NewtonProblem getQuadratic(std::vector<double> weights) {
  NewtonProblem problem;
  problem.evaluate = [=](Input x, Output gradient) {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      value += 0.5 * weights[i] * x[i] * x[i] - x[i];
      gradient[i] = weights[i] * x[i] - 1;
    }
    return value;
  };
  problem.multiply = [=](Input, Input v, Output product) {
    for (size_t i = 0; i < v.size(); ++i)
      product[i] = weights[i] * v[i];
    return true;
  };
  problem.getScales = [=](Input) {
    return std::vector<double>(weights.size(), 1.0);
  };
  return problem;
}

TEST(NewtonTest, Rosenbrock) {
  std::vector<double> point{-1.2, 1};
  NewtonOptions options;
  options.decrementTolerance = 1e-10;
  NewtonResult result = minimizeNewton(getRosenbrock(), point, options, goOn);
  EXPECT_EQ(result.status, NewtonStatus::Converged);
  // The decrement bounds the distance in units of the Hessian's roots, the
  // least of which is 0.63.
  EXPECT_NEAR(point[0], 1, 2e-10);
  EXPECT_NEAR(point[1], 1, 4e-10);
  ASSERT_TRUE(result.decrement.has_value());
  EXPECT_LE(*result.decrement, 1e-10);
  EXPECT_LE(result.iterations, 60);
}

TEST(NewtonTest, DecrementIsThatOfTheHessian) {
  // sqrt(sum of (w x - 1)^2 / w), a distance in the metric of H. Near the
  // minimum the systems are solved to a hundredth of the gradient.
  NewtonProblem problem = getQuadratic({4, 9});
  std::vector<double> point{0.2501, 0.1112};
  NewtonOptions options;
  options.decrementTolerance = 1;
  NewtonResult result = minimizeNewton(problem, point, options, goOn);
  EXPECT_EQ(result.status, NewtonStatus::Converged);
  EXPECT_EQ(result.iterations, 0);
  double a = 4 * point[0] - 1, b = 9 * point[1] - 1;
  double expected = std::sqrt(a * a / 4 + b * b / 9);
  EXPECT_NEAR(*result.decrement, expected, 1e-2 * expected);
}

TEST(NewtonTest, IllConditionedQuadratic) {
  std::vector<double> weights;
  for (int i = 0; i < 20; ++i)
    weights.push_back(std::pow(10, -4 + 0.4 * i));
  std::vector<double> point(20);
  NewtonResult result = minimizeNewton(getQuadratic(weights), point, {}, goOn);
  EXPECT_EQ(result.status, NewtonStatus::Converged);
  for (int i = 0; i < 20; ++i)
    EXPECT_NEAR(point[i] * std::sqrt(weights[i]), 1 / std::sqrt(weights[i]),
                2e-4);
}

// At a saddle the curvature, not the gradient, shows the way out.
TEST(NewtonTest, LeavesASaddle) {
  NewtonProblem problem;
  problem.evaluate = [](Input x, Output gradient) {
    gradient[0] = x[0];
    gradient[1] = 4 * x[1] * (x[1] * x[1] - 1);
    return 0.5 * x[0] * x[0] + (x[1] * x[1] - 1) * (x[1] * x[1] - 1);
  };
  problem.multiply = [](Input x, Input v, Output product) {
    product[0] = v[0];
    product[1] = (12 * x[1] * x[1] - 4) * v[1];
    return true;
  };
  problem.getScales = [](Input) { return std::vector<double>{1, 1}; };
  std::vector<double> point{3, 1e-3};
  NewtonResult result = minimizeNewton(problem, point, {}, goOn);
  EXPECT_EQ(result.status, NewtonStatus::Converged);
  EXPECT_NEAR(point[0], 0, 1e-4);
  EXPECT_NEAR(point[1], 1, 1e-4);
}

TEST(NewtonTest, StepsBackFromValuesThatAreNotFinite) {
  // -log x + x, no number beyond the barrier at 0.
  NewtonProblem problem;
  int outside = 0;
  problem.evaluate = [&](Input x, Output gradient) {
    if (x[0] <= 0) {
      ++outside;
      gradient[0] = 0;
      return std::numeric_limits<double>::infinity();
    }
    gradient[0] = 1 - 1 / x[0];
    return x[0] - std::log(x[0]);
  };
  problem.multiply = [](Input x, Input v, Output product) {
    product[0] = v[0] / (x[0] * x[0]);
    return true;
  };
  problem.getScales = [](Input) { return std::vector<double>{10}; };
  std::vector<double> point{50};
  NewtonResult result = minimizeNewton(problem, point, {}, goOn);
  EXPECT_EQ(result.status, NewtonStatus::Converged);
  EXPECT_GT(outside, 0);
  EXPECT_NEAR(point[0], 1, 1e-4);
}

TEST(NewtonTest, Ends) {
  std::vector<double> point{-1.2, 1};
  NewtonOptions options;
  options.maxIterations = 3;
  NewtonResult result = minimizeNewton(getRosenbrock(), point, options, goOn);
  EXPECT_EQ(result.status, NewtonStatus::IterationLimit);
  EXPECT_EQ(result.iterations, 3);

  result = minimizeNewton(
      getRosenbrock(), point, {},
      [](int64_t iteration, double, double, Input) { return iteration < 2; });
  EXPECT_EQ(result.status, NewtonStatus::Stopped);
  EXPECT_EQ(result.iterations, 2);

  NewtonProblem problem = getRosenbrock();
  problem.evaluate = [](Input, Output) {
    return std::numeric_limits<double>::quiet_NaN();
  };
  result = minimizeNewton(problem, point, {}, goOn);
  EXPECT_EQ(result.status, NewtonStatus::InvalidStart);
}

TEST(NewtonTest, ConjugateGradients) {
  // [[4, 1], [1, 3]] x = (1, 2): x = (1, 7) / 11.
  auto multiply = [](Input v, Output product) {
    product[0] = 4 * v[0] + v[1];
    product[1] = v[0] + 3 * v[1];
    return true;
  };
  std::vector<double> rhs{1, 2}, x(2), scales{0.5, 0.6};
  EXPECT_EQ(solveConjugateGradients(multiply, scales, rhs, x, 1e-12, 10),
            SolveStatus::Converged);
  EXPECT_NEAR(x[0], 1 / 11.0, 1e-14);
  EXPECT_NEAR(x[1], 7 / 11.0, 1e-14);
  EXPECT_EQ(solveConjugateGradients(multiply, scales, rhs, x, 1e-12, 1),
            SolveStatus::Inexact);
  auto indefinite = [](Input v, Output product) {
    product[0] = v[1];
    product[1] = v[0];
    return true;
  };
  EXPECT_EQ(solveConjugateGradients(indefinite, scales, {1, -2}, x, 1e-12, 10),
            SolveStatus::Indefinite);
  auto broken = [](Input, Output) { return false; };
  EXPECT_EQ(solveConjugateGradients(broken, scales, rhs, x, 1e-12, 10),
            SolveStatus::NonFinite);
}

} // namespace
