//===- StepRulesTest.cpp - tests of gradient steps ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/StepRules.h"
#include "gtest/gtest.h"

#include <cmath>
#include <vector>

using namespace vi::fit;

namespace {

/// Numbers of different size, reproducible.
std::vector<double> makeValues(size_t count, double phase) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = std::sin(phase + 1.7 * double(i)) * std::exp2(double(i % 7));
  return values;
}

TEST(StepRulesTest, SumsSquaresOfAnyNumber) {
  for (size_t count : {0, 1, 7, 8, 9, 37, 64}) {
    std::vector<double> values = makeValues(count, 0.3);
    long double expected = 0;
    for (double value : values)
      expected += static_cast<long double>(value) * value;
    // Positive terms: an error of a unit in the last place for each addition
    // on the way, 37 / 8 + 3 at most.
    EXPECT_NEAR(sumSquares(values), double(expected), 1e-15 * double(expected));
  }
}

TEST(StepRulesTest, SumOfSquaresSeesWhatIsNotFinite) {
  std::vector<double> values = makeValues(21, 0.3);
  values[20] = std::nan("");
  EXPECT_TRUE(std::isnan(sumSquares(values)));
}

// Against the algorithm as Kingma and Ba print it, for several steps.
TEST(StepRulesTest, AdamIsAdam) {
  constexpr size_t count = 37;
  std::vector<double> parameters = makeValues(count, 1), first(count),
                      second(count);
  std::vector<long double> theta(parameters.begin(), parameters.end()),
      m(count), v(count);
  for (int t = 1; t <= 5; ++t) {
    std::vector<double> gradient = makeValues(count, 10 + t);
    AdamStep step;
    step.rate = 0.01 * t;
    step.scale = 0.25;
    step.number = t;
    takeAdamStep(step, gradient, parameters, first, second);
    for (size_t i = 0; i < count; ++i) {
      long double g = 0.25L * gradient[i];
      m[i] = 0.9L * m[i] + 0.1L * g;
      v[i] = 0.999L * v[i] + 0.001L * g * g;
      long double mean = m[i] / (1 - std::pow(0.9L, t));
      long double square = v[i] / (1 - std::pow(0.999L, t));
      theta[i] += 0.01L * t * mean / (std::sqrt(square) + 1e-8L);
      // The rounding of the decays, as numbers of 64 bits: 1 - 0.999 is known
      // to 1e-13 relative only.
      EXPECT_NEAR(parameters[i], double(theta[i]), 1e-13 * t * 64) << i;
      EXPECT_NEAR(first[i], double(m[i]), 1e-14 * 64);
      EXPECT_NEAR(second[i], double(v[i]), 1e-12 * 64);
    }
  }
}

} // namespace
