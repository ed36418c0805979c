//===- LBFGS.h - limited-memory quasi-Newton minimization -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LBFGSpp behind an interface that does not throw, with a line search that
// steps back from values that are not finite.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_LBFGS_H
#define VI_FIT_LBFGS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace vi {
namespace fit {

struct LBFGSOptions {
  /// Pairs of steps and gradient differences kept.
  int history = 20;
  int64_t maxIterations = 1000;
  /// Where to stop: the Euclidean norm of the gradient.
  double gradientTolerance = 1e-6;
  /// The relative error of a function value: differences below it say nothing,
  /// and the line search goes by slopes there.
  double valuePrecision = 1e-12;
  /// Where else to stop: the quadratic model predicts less than this of every
  /// step, for `gainIterations` steps one after the other. 0 never does. For
  /// functions whose variables have no common scale, so that the norm of the
  /// gradient says little.
  double gainTolerance = 0;
  int64_t gainIterations = 20;
};

enum class LBFGSStatus {
  /// The gradient norm is within the tolerance.
  Converged,
  /// The steps promise no gain.
  NoGain,
  IterationLimit,
  /// No better point along the direction: rounding, or a wrong gradient.
  LineSearchFailed,
  /// The monitor asked for it.
  Stopped,
  /// The value at the start is not finite.
  InvalidStart
};

struct LBFGSResult {
  LBFGSStatus status = LBFGSStatus::InvalidStart;
  double value = 0;
  double gradientNorm = 0;
  int64_t iterations = 0;
};

/// The value at a point; writes the gradient.
using GradientFunction = llvm::function_ref<double(
    llvm::ArrayRef<double> point, llvm::MutableArrayRef<double> gradient)>;

/// Told of every accepted point; false stops the minimization there.
using LBFGSMonitor =
    llvm::function_ref<bool(int64_t iteration, double value,
                            double gradientNorm, llvm::ArrayRef<double> point)>;

/// The longest step along a direction that is worth a try.
using StepLimit = llvm::function_ref<double(llvm::ArrayRef<double> direction)>;

/// Minimizes from `point`, which is replaced by the last accepted point: the
/// best one, up to rounding of the values.
LBFGSResult minimizeLBFGS(
    GradientFunction function, std::vector<double> &point,
    const LBFGSOptions &options, LBFGSMonitor monitor,
    StepLimit limit = [](llvm::ArrayRef<double>) {
      return std::numeric_limits<double>::infinity();
    });

} // namespace fit
} // namespace vi

#endif // VI_FIT_LBFGS_H
