//===- RandomTest.cpp - counter-based random numbers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Random.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>

using namespace vi::fit;

// Known answers of the Random123 library (kat_vectors, philox4x32 10).
TEST(RandomTest, PhiloxKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                     0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                   {0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6,
                                     0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420,
                                     0x24126ea1}));
}

TEST(RandomTest, NormalQuantileInvertsTheErrorFunction) {
  // The relative change of the quantile is bounded by that of the tail.
  for (double z = -37; z <= 8; z += 0.37) {
    double probability = 0.5 * std::erfc(-z / std::sqrt(2.0));
    double tolerance =
        z < 0 ? 1e-14 * (1 + std::fabs(z)) : 1e-14 + 2e-16 / (1 - probability);
    EXPECT_NEAR(getNormalQuantile(probability), z, tolerance) << z;
  }
  EXPECT_EQ(getNormalQuantile(0.5), 0.0);
  EXPECT_TRUE(std::isinf(getNormalQuantile(0)));
  EXPECT_TRUE(std::isnan(getNormalQuantile(-0.1)));
}

TEST(RandomTest, NormalsHaveTheRightMoments) {
  const int64_t count = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (int64_t i = 0; i < count; ++i) {
    double z = getNormal(7, i);
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  EXPECT_NEAR(sum / count, 0, 4 / std::sqrt(double(count)));
  EXPECT_NEAR(squares / count, 1, 4 * std::sqrt(2.0 / count));
  EXPECT_NEAR(fourth / count, 3, 4 * std::sqrt(96.0 / count));
}

TEST(RandomTest, PermutationHasEachMemberOnce) {
  std::vector<int64_t> order = getPermutation(3, 101);
  EXPECT_NE(order[0] + order[1] + order[2], 3);
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 101; ++i)
    EXPECT_EQ(order[i], i);
  EXPECT_TRUE(getPermutation(3, 0).empty());
}
