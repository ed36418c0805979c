//===- LinearAlgebraTest.cpp - small dense matrices -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/LinearAlgebra.h"

#include "gtest/gtest.h"

using namespace vi::fit;

TEST(LinearAlgebraTest, CholeskySolves) {
  Matrix matrix(3, 3);
  matrix.values = {4, 2, 1, 2, 5, 3, 1, 3, 6};
  Matrix factor = matrix;
  ASSERT_TRUE(factorizeCholesky(factor));
  std::vector<double> x = {1, -2, 3};
  // A x by the factor, and back.
  std::vector<double> product = {3, 1, 13};
  solveLower(factor, product);
  solveLowerTransposed(factor, product);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(product[i], x[i], 1e-14);
  EXPECT_EQ(factor(0, 1), 0);
  std::vector<double> y = multiplyLower(factor, {1, 0, 0});
  EXPECT_NEAR(y[0], 2, 1e-15);
  EXPECT_NEAR(y[1], 1, 1e-15);
  EXPECT_NEAR(y[2], 0.5, 1e-15);
}

TEST(LinearAlgebraTest, CholeskyRefusesIndefinite) {
  Matrix matrix(2, 2);
  matrix.values = {1, 2, 2, 1};
  EXPECT_FALSE(factorizeCholesky(matrix));
  Matrix singular(2, 2);
  singular.values = {1, 1, 1, 1};
  EXPECT_FALSE(factorizeCholesky(singular));
}
