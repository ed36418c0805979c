//===- Newton.h - trust-region Newton minimization -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Newton's method with products of the Hessian only: the linear systems are
// solved by preconditioned conjugate gradients, within a region in which the
// quadratic model is trusted (Steihaug 1983, "The conjugate gradient method and
// trust regions in large scale optimization", SIAM J. Numer. Anal. 20(3);
// Nocedal and Wright, "Numerical Optimization", section 7.1).
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_NEWTON_H
#define VI_FIT_NEWTON_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace vi {
namespace fit {

/// A twice differentiable function, to be minimized.
struct NewtonProblem {
  /// The value at a point, infinite where it is none; writes the gradient.
  std::function<double(llvm::ArrayRef<double> point,
                       llvm::MutableArrayRef<double> gradient)>
      evaluate;
  /// Writes the Hessian at a point times a direction. False where that is not
  /// finite.
  std::function<bool(llvm::ArrayRef<double> point,
                     llvm::ArrayRef<double> direction,
                     llvm::MutableArrayRef<double> product)>
      multiply;
  /// How far each variable moves for a change of order one: the roots of a
  /// diagonal preconditioner, and the units of the trust region.
  std::function<std::vector<double>(llvm::ArrayRef<double> point)> getScales;
  /// The longest step along a direction that is worth a try.
  std::function<double(llvm::ArrayRef<double> direction)> limitStep;
};

struct NewtonOptions {
  int64_t maxIterations = 1000;
  /// Where to stop: the Newton decrement.
  double decrementTolerance = 1e-4;
  /// The radius of the first trust region, in the units of the scales.
  double radius = 10;
  /// The relative error of a function value: differences below it say nothing,
  /// and steps are judged by gradients there.
  double valuePrecision = 1e-12;
};

enum class NewtonStatus {
  /// The Newton decrement is within the tolerance, and no direction of negative
  /// curvature was met.
  Converged,
  IterationLimit,
  /// No better point within the smallest trust region: rounding, or a wrong
  /// derivative.
  Stalled,
  /// The monitor asked for it.
  Stopped,
  /// The value at the start, or the Hessian there, is not finite.
  InvalidStart
};

struct NewtonResult {
  NewtonStatus status = NewtonStatus::InvalidStart;
  double value = 0;
  /// The norm of the gradient in the units of the scales.
  double gradientNorm = 0;
  /// sqrt(g'H^-1 g) at the last point, as far as conjugate gradients have come;
  /// nothing where the Hessian is not positive definite.
  std::optional<double> decrement;
  int64_t iterations = 0;
};

/// Told of every accepted point; false stops the minimization there.
using NewtonMonitor =
    llvm::function_ref<bool(int64_t iteration, double value,
                            double gradientNorm, llvm::ArrayRef<double> point)>;

/// Minimizes from `point`, which is replaced by the last accepted point.
NewtonResult minimizeNewton(const NewtonProblem &problem,
                            std::vector<double> &point,
                            const NewtonOptions &options,
                            NewtonMonitor monitor);

enum class SolveStatus {
  Converged,
  /// Out of products, or rounding ends what can be gained.
  Inexact,
  /// A direction of curvature that is not positive was met.
  Indefinite,
  /// A product was not finite.
  NonFinite
};

/// Solves H x = b by preconditioned conjugate gradients, to a residual of
/// `tolerance` times b in the metric of the preconditioner (`scales`, as in
/// NewtonProblem).
SolveStatus solveConjugateGradients(
    llvm::function_ref<bool(llvm::ArrayRef<double> direction,
                            llvm::MutableArrayRef<double> product)>
        multiply,
    llvm::ArrayRef<double> scales, llvm::ArrayRef<double> rhs,
    llvm::MutableArrayRef<double> solution, double tolerance,
    int64_t maxProducts);

} // namespace fit
} // namespace vi

#endif // VI_FIT_NEWTON_H
