//===- LinearAlgebra.cpp - small dense matrices -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/LinearAlgebra.h"

#include <cmath>

using namespace vi::fit;

double vi::fit::dot(llvm::ArrayRef<double> x, llvm::ArrayRef<double> y) {
  // Four sums that do not wait for each other, always the same four.
  double sums[4] = {0, 0, 0, 0};
  size_t size = x.size(), whole = size / 4 * 4;
  for (size_t i = 0; i < whole; i += 4)
    for (size_t lane = 0; lane < 4; ++lane)
      sums[lane] += x[i + lane] * y[i + lane];
  for (size_t i = whole; i < size; ++i)
    sums[i - whole] += x[i] * y[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

double vi::fit::norm(llvm::ArrayRef<double> x) { return std::sqrt(dot(x, x)); }

bool vi::fit::factorizeCholesky(Matrix &matrix, double tolerance) {
  int64_t size = matrix.rows;
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double sum = matrix(i, j) - dot(matrix.getRow(i).take_front(j),
                                      matrix.getRow(j).take_front(j));
      if (i != j) {
        matrix(i, j) = sum / matrix(j, j);
        continue;
      }
      if (!(sum > tolerance * std::fabs(matrix(i, i))) || !std::isfinite(sum))
        return false;
      matrix(i, i) = std::sqrt(sum);
    }
  }
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = i + 1; j < size; ++j)
      matrix(i, j) = 0;
  return true;
}

void vi::fit::solveLower(const Matrix &factor,
                         llvm::MutableArrayRef<double> x) {
  for (int64_t i = 0; i < factor.rows; ++i) {
    x[i] -= dot(factor.getRow(i).take_front(i), x.take_front(i));
    x[i] /= factor(i, i);
  }
}

void vi::fit::solveLowerTransposed(const Matrix &factor,
                                   llvm::MutableArrayRef<double> x) {
  for (int64_t i = factor.rows - 1; i >= 0; --i) {
    x[i] /= factor(i, i);
    for (int64_t j = 0; j < i; ++j)
      x[j] -= factor(i, j) * x[i];
  }
}

std::vector<double> vi::fit::multiplyLower(const Matrix &factor,
                                           llvm::ArrayRef<double> x) {
  std::vector<double> y(factor.rows);
  for (int64_t i = 0; i < factor.rows; ++i)
    y[i] = dot(factor.getRow(i).take_front(i + 1), x.take_front(i + 1));
  return y;
}
