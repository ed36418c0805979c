//===- HeldDraws.cpp - noise that a fit holds fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/HeldDraws.h"
#include "vi/Fit/LinearAlgebra.h"
#include "vi/Fit/Random.h"

#include <algorithm>
#include <cmath>

using namespace vi::fit;

NoiseMatrix vi::fit::getIndependentDraws(uint64_t key, int64_t rows,
                                         int64_t columns) {
  NoiseMatrix noise{{}, rows, columns};
  noise.values.resize(rows * columns);
  for (int64_t row = 0; row < rows; ++row) {
    uint64_t rowKey = foldIn(key, row);
    for (int64_t column = 0; column < columns; ++column)
      noise.values[row * columns + column] = getNormal(rowKey, column);
  }
  return noise;
}

/// The rows and their negatives, interleaved.
static NoiseMatrix mirrorRows(const NoiseMatrix &half) {
  NoiseMatrix noise{{}, 2 * half.rows, half.columns};
  noise.values.resize(noise.rows * noise.columns);
  for (int64_t row = 0; row < half.rows; ++row)
    for (int64_t column = 0; column < half.columns; ++column) {
      double value = half.values[row * half.columns + column];
      noise.values[2 * row * half.columns + column] = value;
      noise.values[(2 * row + 1) * half.columns + column] = -value;
    }
  return noise;
}

NoiseMatrix vi::fit::getAntitheticDraws(uint64_t key, int64_t rows,
                                        int64_t columns) {
  return mirrorRows(getIndependentDraws(key, (rows + 1) / 2, columns));
}

NoiseMatrix vi::fit::getOrthogonalDraws(uint64_t key, int64_t minRows,
                                        int64_t columns, int64_t groupSize) {
  groupSize = std::max<int64_t>(1, std::min(columns, groupSize));
  int64_t sets =
      std::max<int64_t>(1, (minRows + 2 * groupSize - 1) / (2 * groupSize));
  NoiseMatrix half{{}, sets * groupSize, columns};
  half.values.resize(half.rows * columns);
  uint64_t number = 0;
  for (int64_t begin = 0; begin < columns; begin += groupSize) {
    int64_t size = std::min(groupSize, columns - begin);
    // Sets of `size` directions, until there is one for each row.
    for (int64_t row = 0; row < half.rows; row += size) {
      NoiseMatrix normals =
          getIndependentDraws(foldIn(key, number++), size + 1, size);
      std::vector<std::vector<double>> directions;
      double radius = 0;
      for (int64_t i = 0; i <= size; ++i) {
        std::vector<double> direction = NoiseView(normals).getRow(i).vec();
        if (i == size) {
          radius = std::sqrt(dot(direction, direction));
          break;
        }
        for (int pass = 0; pass < 2; ++pass)
          for (const std::vector<double> &other : directions) {
            double weight = dot(other, direction);
            for (int64_t j = 0; j < size; ++j)
              direction[j] -= weight * other[j];
          }
        double length = std::sqrt(dot(direction, direction));
        for (double &element : direction)
          element /= length;
        directions.push_back(std::move(direction));
      }
      for (int64_t i = 0; i < size && row + i < half.rows; ++i)
        for (int64_t j = 0; j < size; ++j)
          half.values[(row + i) * columns + begin + j] =
              radius * directions[i][j];
    }
  }
  return mirrorRows(half);
}

NoiseMatrix vi::fit::getHeldDraws(uint64_t key, int64_t rows, int64_t columns) {
  NoiseMatrix half = getIndependentDraws(key, (rows + 1) / 2, columns);
  int64_t pairs = half.rows;
  std::vector<std::vector<double>> draws(columns, std::vector<double>(pairs));
  for (int64_t row = 0; row < pairs; ++row)
    for (int64_t column = 0; column < columns; ++column)
      draws[column][row] = half.values[row * columns + column];

  // The columns are orthogonal to `shared` first ones and to those of their
  // own block.
  int64_t shared = columns <= pairs ? 0 : pairs / 4;
  int64_t blockSize =
      columns <= pairs ? columns : std::max<int64_t>(1, (pairs - shared) / 2);
  for (int64_t column = 0; column < columns; ++column) {
    int64_t blockBegin =
        column < shared ? 0
                        : shared + (column - shared) / blockSize * blockSize;
    // Gram-Schmidt, twice: once is not orthogonal to machine precision.
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t other = 0; other < column; ++other) {
        if (other >= shared && other < blockBegin)
          continue;
        double weight = dot(draws[other], draws[column]) / double(pairs);
        for (int64_t row = 0; row < pairs; ++row)
          draws[column][row] -= weight * draws[other][row];
      }
    double variance = dot(draws[column], draws[column]) / double(pairs);
    double scale = variance > 0 ? 1 / std::sqrt(variance) : 0;
    for (double &value : draws[column])
      value *= scale;
  }
  for (int64_t row = 0; row < pairs; ++row)
    for (int64_t column = 0; column < columns; ++column)
      half.values[row * columns + column] = draws[column][row];
  return mirrorRows(half);
}
