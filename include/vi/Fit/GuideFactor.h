//===- GuideFactor.h - normal guides with all correlations -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A guide q = N(m, L L^T) whose parameters are the means, the logarithms of the
// diagonal of the lower triangular L, and the elements below it. Its geometry
// is simple in the coordinates of q itself, m = m0 + L0 y and L = L0 (I + D):
// there the Fisher information is the identity, but 2 for the diagonal of D.
//
// The gradient by L knows the whole expected Hessian of the log density: by
// Price's theorem the ELBO's is E[H] L + L^-T, of which the lower triangle is
// seen, and S = -L^T E[H] L is symmetric, so that the lower triangle is all of
// it. So a natural-gradient step, L L^T <- L S^-1 L^T and m <- m + L S^-1 L^T g
// (M. Opper and C. Archambeau, 2009, "The variational Gaussian approximation
// revisited", Neural Computation 21; M. E. Khan and H. Rue, 2023, "The Bayesian
// learning rule", JMLR 24), takes one gradient.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_GUIDEFACTOR_H
#define VI_FIT_GUIDEFACTOR_H

#include "vi/Fit/Guide.h"
#include "vi/Fit/LinearAlgebra.h"
#include "vi/Fit/Objective.h"

#include <functional>
#include <optional>
#include <vector>

namespace vi {
namespace fit {

/// The parameters of such a guide.
class GuideFactor {
public:
  /// Looks for them, by draws; nothing where the guide is another one, or that
  /// would take long.
  static std::optional<GuideFactor> find(CompiledModel &model,
                                         llvm::ArrayRef<double> parameters,
                                         const GuideStructure &structure);

  int64_t getSize() const { return size; }
  /// The parameters of the means.
  llvm::ArrayRef<int64_t> getLocations() const { return locations; }

  /// L.
  Matrix getFactor(llvm::ArrayRef<double> parameters) const;
  /// The same parameters with another L.
  std::vector<double> setFactor(llvm::ArrayRef<double> parameters,
                                const Matrix &factor) const;

  /// How far each parameter moves for a change of q of order one, with the
  /// others fixed: the inverse roots of the Fisher information's diagonal; 1
  /// for parameters that are not of the guide.
  std::vector<double> getScales(llvm::ArrayRef<double> parameters) const;

  /// The change of the parameters for a change in the coordinates of q (one
  /// number for each parameter, at its place), in which the Fisher information
  /// is the identity. Parameters that are not the factor's or a mean move by
  /// `scales`.
  std::vector<double> toParameters(const Matrix &factor,
                                   llvm::ArrayRef<double> scales,
                                   llvm::ArrayRef<double> change) const;
  /// The transpose of that: what becomes of a gradient.
  std::vector<double> transposed(const Matrix &factor,
                                 llvm::ArrayRef<double> scales,
                                 llvm::ArrayRef<double> gradient) const;

  /// S, from the gradient of the negative ELBO.
  Matrix getCurvature(const Matrix &factor,
                      llvm::ArrayRef<double> gradient) const;

private:
  /// The weight of a normal in a latent: an element of L, or its logarithm on
  /// the diagonal, whose derivative by the parameter is `rate`.
  struct Element {
    int64_t row, column, parameter;
    double rate;
  };

  CompiledModel *model = nullptr;
  int64_t size = 0;
  std::vector<int64_t> locations;
  /// The noise of each latent's own normal.
  std::vector<int64_t> columns;
  std::vector<Element> elements;
};

/// What ends natural-gradient steps.
struct NaturalGradientOptions {
  int64_t maxIterations = 50;
  /// The norm of the gradient in the Fisher metric of q.
  double tolerance = 1e-5;
  /// Steps that gain less than this, in nats, end them.
  double leastGain = 0;
};

/// Told of every point; false stops.
using NaturalGradientMonitor =
    std::function<bool(int64_t iteration, double value, double gradientNorm,
                       llvm::ArrayRef<double> point)>;

struct NaturalGradientResult {
  /// The negative ELBO, and the norm of its gradient in the metric of q, at the
  /// last point.
  double value = 0, gradientNorm = 0;
  int64_t iterations = 0;
  bool hasConverged = false;
};

/// Minimizes the negative ELBO by natural-gradient steps from `point`, which is
/// replaced by the best one. Steps that lose are shortened. Nothing where the
/// value there is not finite.
std::optional<NaturalGradientResult>
minimizeByNaturalGradient(const GuideFactor &guide, Objective &objective,
                          std::vector<double> &point,
                          const NaturalGradientOptions &options,
                          const NaturalGradientMonitor &monitor);

} // namespace fit
} // namespace vi

#endif // VI_FIT_GUIDEFACTOR_H
