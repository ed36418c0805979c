//===- LinearAlgebra.h - small dense matrices -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_LINEARALGEBRA_H
#define VI_FIT_LINEARALGEBRA_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace vi {
namespace fit {

/// A dense matrix, row-major. Sums run in one fixed order, so that results do
/// not depend on how the library was compiled.
struct Matrix {
  Matrix() = default;
  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(rows * columns) {}

  double &operator()(int64_t row, int64_t column) {
    return values[row * columns + column];
  }
  double operator()(int64_t row, int64_t column) const {
    return values[row * columns + column];
  }

  llvm::ArrayRef<double> getRow(int64_t row) const {
    return {values.data() + row * columns, static_cast<size_t>(columns)};
  }

  int64_t rows = 0, columns = 0;
  std::vector<double> values;
};

/// Of vectors of the same length.
double dot(llvm::ArrayRef<double> x, llvm::ArrayRef<double> y);
double norm(llvm::ArrayRef<double> x);

/// Replaces the lower triangle of a symmetric matrix by its Cholesky factor,
/// and the rest by zeros. False, with the matrix destroyed, where the matrix
/// is not positive definite to working precision: a pivot is at most
/// `tolerance` times its diagonal element.
bool factorizeCholesky(Matrix &matrix, double tolerance = 1e-13);

/// x := L^-1 x.
void solveLower(const Matrix &factor, llvm::MutableArrayRef<double> x);
/// x := L^-T x.
void solveLowerTransposed(const Matrix &factor,
                          llvm::MutableArrayRef<double> x);
/// y := L x.
std::vector<double> multiplyLower(const Matrix &factor,
                                  llvm::ArrayRef<double> x);

} // namespace fit
} // namespace vi

#endif // VI_FIT_LINEARALGEBRA_H
