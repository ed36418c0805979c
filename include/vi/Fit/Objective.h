//===- Objective.h - the ELBO with its draws held fixed -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_OBJECTIVE_H
#define VI_FIT_OBJECTIVE_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/LinearAlgebra.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>

namespace vi {
namespace fit {

/// Where an evaluation was not finite: the parameters, and the first draw,
/// among those it was over, for which it is not.
struct NonFinitePoint {
  std::vector<double> parameters, latents;
};

/// What a fit counts, over all of its objectives.
struct EvaluationCounts {
  int64_t values = 0;
  int64_t gradients = 0;
  /// Products of the Hessian with a vector, each of which is two of
  /// `gradients`, too.
  int64_t products = 0;
  /// The draws of all gradients, each times the share of the data that it
  /// went over.
  double draws = 0;
  /// Evaluations whose value or gradient had an element that is not finite, and
  /// the first.
  int64_t nonFinite = 0;
  std::optional<NonFinitePoint> firstNonFinite;
};

/// The negative ELBO as a deterministic function of phi.
class Objective {
public:
  /// `batches` has an entry for each data plate.
  Objective(CompiledModel &model, NoiseView noise,
            std::vector<PlateBatch> batches, EvaluationCounts &counts);

  /// The negative ELBO and its gradient. Where either is not finite, the value
  /// is infinity and the gradient zero, so that a line search steps back. At
  /// the point of the last call, that is not evaluated (nor counted) again.
  double operator()(llvm::ArrayRef<double> parameters,
                    llvm::MutableArrayRef<double> gradient);

  /// Whether products with the Hessian come from the model's compiled function,
  /// which is exact, or, as at first, from central differences of the gradient.
  /// False where the model has no such function.
  bool useCompiledProducts();

  /// The Hessian of the negative ELBO times a direction. `scales` says how far
  /// each parameter moves for a change of order one. False where that is not
  /// finite.
  bool multiply(llvm::ArrayRef<double> parameters,
                llvm::ArrayRef<double> direction, llvm::ArrayRef<double> scales,
                llvm::MutableArrayRef<double> product);

  /// The Hessian of the negative ELBO, column by column, symmetrized; `scales`
  /// as in `multiply`. Nothing where an evaluation is not finite, or if
  /// `interrupted` (asked before each column) says so.
  std::optional<Matrix> getHessian(llvm::ArrayRef<double> parameters,
                                   llvm::ArrayRef<double> scales,
                                   llvm::function_ref<bool()> interrupted);

  CompiledModel &getModel() { return model; }
  NoiseView getNoise() const { return noise; }

private:
  NonFinitePoint findNonFinite(llvm::ArrayRef<double> parameters);

  CompiledModel &model;
  NoiseView noise;
  EvaluationCounts &counts;
  std::vector<PlateBatch> batches;
  bool hasCompiledProducts = false;
  std::vector<double> lastParameters, lastGradient;
  double lastValue = 0;
};

} // namespace fit
} // namespace vi

#endif // VI_FIT_OBJECTIVE_H
