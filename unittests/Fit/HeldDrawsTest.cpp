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

TEST(HeldDrawsTest, OrthogonalDrawsAreNormalAndOrthogonal) {
  // Within a block: one radius, right angles.
  NoiseMatrix block = getOrthogonalDraws(1, 1, 4);
  ASSERT_EQ(block.rows, 8);
  for (int64_t i = 0; i < 8; i += 2)
    for (int64_t j = 0; j <= i; j += 2) {
      double product = 0, length = 0;
      for (int64_t k = 0; k < 4; ++k) {
        product +=
            NoiseView(block).getRow(i)[k] * NoiseView(block).getRow(j)[k];
        length += NoiseView(block).getRow(0)[k] * NoiseView(block).getRow(0)[k];
      }
      EXPECT_NEAR(product, i == j ? length : 0, 1e-12);
    }
  // Over blocks: second and fourth moments of normals.
  double second = 0, fourth = 0;
  const int64_t blocks = 20000;
  for (int64_t key = 0; key < blocks; ++key) {
    double z = getOrthogonalDraws(key, 1, 3).values[0];
    second += z * z / double(blocks);
    fourth += z * z * z * z / double(blocks);
  }
  EXPECT_NEAR(second, 1, 4 * std::sqrt(2.0 / blocks));
  EXPECT_NEAR(fourth, 3, 4 * std::sqrt(96.0 / blocks));
  // More columns than a group has.
  EXPECT_EQ(getOrthogonalDraws(1, 16, 200).rows, 256);
}

TEST(HeldDrawsTest, NothingToDraw) {
  EXPECT_TRUE(getHeldDraws(5, 16, 0).values.empty());
}
