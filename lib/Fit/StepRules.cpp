//===- StepRules.cpp - arithmetic of gradient steps -----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/StepRules.h"

#include <cassert>
#include <cmath>

// The loader takes the widest vectors that the processor has. Sanitizers are
// not ready when it asks.
#if defined(__x86_64__) && defined(__ELF__) && !defined(VI_SANITIZED)
#define VI_VECTOR_CLONES                                                       \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VI_VECTOR_CLONES
#endif

VI_VECTOR_CLONES
static double sumSquaresOf(const double *values, size_t count) {
  constexpr size_t lanes = 8;
  double partial[lanes] = {};
  size_t whole = count - count % lanes;
  for (size_t i = 0; i < whole; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      partial[lane] += values[i + lane] * values[i + lane];
  for (size_t i = whole; i < count; ++i)
    partial[i - whole] += values[i] * values[i];
  for (size_t width = lanes / 2; width > 0; width /= 2)
    for (size_t lane = 0; lane < width; ++lane)
      partial[lane] += partial[lane + width];
  return partial[0];
}

double vi::fit::sumSquares(llvm::ArrayRef<double> values) {
  return sumSquaresOf(values.data(), values.size());
}

static constexpr double decayFirst = 0.9, decaySecond = 0.999,
                        floorOfRoot = 1e-8;

VI_VECTOR_CLONES
static void addAdamStep(double rate, double scale, double correctSecond,
                        const double *__restrict gradient,
                        double *__restrict parameters, double *__restrict first,
                        double *__restrict second, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    double slope = scale * gradient[i];
    double mean = decayFirst * first[i] + (1 - decayFirst) * slope;
    double square =
        decaySecond * second[i] + (1 - decaySecond) * (slope * slope);
    first[i] = mean;
    second[i] = square;
    parameters[i] +=
        rate * mean / (std::sqrt(correctSecond * square) + floorOfRoot);
  }
}

void vi::fit::takeAdamStep(const AdamStep &step,
                           llvm::ArrayRef<double> gradient,
                           llvm::MutableArrayRef<double> parameters,
                           llvm::MutableArrayRef<double> first,
                           llvm::MutableArrayRef<double> second) {
  assert(gradient.size() == parameters.size() &&
         gradient.size() == first.size() && gradient.size() == second.size());
  // Averages that began at zero are too small by these factors.
  double correctFirst = 1 - std::pow(decayFirst, step.number);
  double correctSecond = 1 - std::pow(decaySecond, step.number);
  addAdamStep(step.rate / correctFirst, step.scale, 1 / correctSecond,
              gradient.data(), parameters.data(), first.data(), second.data(),
              gradient.size());
}
