//===- HeldDrawsTest.cpp - noise that a fit holds fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/HeldDraws.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace vi::fit;

static double getSecondMoment(const NoiseMatrix &noise, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t row = 0; row < noise.rows; ++row)
    sum += NoiseView(noise).getRow(row)[i] * NoiseView(noise).getRow(row)[j];
  return sum / double(noise.rows);
}

TEST(HeldDrawsTest, PairsAreAntithetic) {
  NoiseMatrix noise = getHeldDraws(1, 31, 5);
  EXPECT_EQ(noise.rows, 32);
  for (int64_t row = 0; row < noise.rows; row += 2)
    for (int64_t i = 0; i < 5; ++i)
      EXPECT_EQ(NoiseView(noise).getRow(row)[i],
                -NoiseView(noise).getRow(row + 1)[i]);
}

TEST(HeldDrawsTest, SecondMomentsAreTheIdentity) {
  for (int64_t columns : {1, 7, 16}) {
    NoiseMatrix noise = getHeldDraws(1, 32, columns);
    for (int64_t i = 0; i < columns; ++i)
      for (int64_t j = 0; j <= i; ++j)
        EXPECT_NEAR(getSecondMoment(noise, i, j), i == j, 1e-13);
  }
}

TEST(HeldDrawsTest, WhitenedAsFarAsPossibleForManyColumns) {
  NoiseMatrix noise = getHeldDraws(1, 64, 100);
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_NEAR(getSecondMoment(noise, i, i), 1, 1e-13);
    for (int64_t j = 0; j < std::min<int64_t>(i, 8); ++j)
      EXPECT_NEAR(getSecondMoment(noise, i, j), 0, 1e-13) << i << " " << j;
  }
  // Within the first block of the remaining columns.
  for (int64_t i = 8; i < 20; ++i)
    for (int64_t j = 8; j < i; ++j)
      EXPECT_NEAR(getSecondMoment(noise, i, j), 0, 1e-13) << i << " " << j;
}

TEST(HeldDrawsTest, DrawsAreFunctionsOfTheKey) {
  EXPECT_EQ(getHeldDraws(5, 16, 3).values, getHeldDraws(5, 16, 3).values);
  EXPECT_NE(getHeldDraws(5, 16, 3).values, getHeldDraws(6, 16, 3).values);
}

TEST(HeldDrawsTest, NothingToDraw) {
  EXPECT_TRUE(getHeldDraws(5, 16, 0).values.empty());
}
