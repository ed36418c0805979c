//===- Guide.h - how phi and the noise decide a draw of q -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_GUIDE_H
#define VI_FIT_GUIDE_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/LinearAlgebra.h"

#include <vector>

namespace vi {
namespace fit {

/// What is found out about a guide by drawing from it.
struct GuideStructure {
  /// q is a point: its draws do not depend on the noise.
  bool isPoint = false;
  /// Draws are affine in the noise: q is Gaussian on the unconstrained scale.
  bool isGaussian = false;
  /// For each latent, the parameter that is its location and no other's, or
  /// -1.
  std::vector<int64_t> locations;
  /// For each latent, the parameter that multiplies its deviation from its
  /// center and nothing else, or -1.
  std::vector<int64_t> scales;
  /// The derivative of the logarithm of that deviation by that parameter: 1
  /// for log-scales.
  std::vector<double> scaleRates;

  /// Every latent has a location and a scale of its own.
  bool isMeanField() const;
};

/// Looks at the guide at `parameters`: two draws for each of its parameters.
/// For guides of more than `maxParameters` parameters only `isPoint` and
/// `isGaussian` are found out.
GuideStructure analyzeGuide(CompiledModel &model,
                            llvm::ArrayRef<double> parameters,
                            int64_t maxParameters = 5000);

/// Mean and standard deviation of each latent over the draws of `noise`.
struct GuideMoments {
  std::vector<double> mean;
  std::vector<double> sd;
};
GuideMoments getGuideMoments(CompiledModel &model,
                             llvm::ArrayRef<double> parameters,
                             NoiseView noise);

/// The same for q itself, where that is Gaussian: exact, from a draw for each
/// number of the noise.
GuideMoments getGaussianMoments(CompiledModel &model,
                                llvm::ArrayRef<double> parameters);

/// How far each parameter may move for a change of q of order one: one over the
/// root of the diagonal of the Fisher information of q, which for locations is
/// the standard deviation and for log-scales the root of 1/2. 1 for the model's
/// own parameters and where the information is zero or not to be had.
std::vector<double> getParameterScales(CompiledModel &model,
                                       llvm::ArrayRef<double> parameters,
                                       const GuideStructure &structure,
                                       NoiseView noise);

} // namespace fit
} // namespace vi

#endif // VI_FIT_GUIDE_H
