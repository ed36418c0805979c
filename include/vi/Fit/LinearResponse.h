//===- LinearResponse.h - covariances from the ELBO's curvature -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_LINEARRESPONSE_H
#define VI_FIT_LINEARRESPONSE_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/Guide.h"
#include "vi/Fit/LinearAlgebra.h"

#include <optional>

namespace vi {
namespace fit {

/// The derivative of E_q[u] by the guide's own parameters, a row for each
/// latent: exact for locations, else by central differences of the mean over
/// the draws of `noise`.
Matrix getMeanJacobian(CompiledModel &model, llvm::ArrayRef<double> parameters,
                       const GuideStructure &structure, NoiseView noise);

/// The linear-response covariance of the latents: J H^-1 J', where H is the
/// Hessian of the negative ELBO over the guide's own parameters at its optimum
/// and J the derivative of E_q[u]. It is how E_q[u] would answer to a linear
/// term added to the log joint density, which for the exact posterior is its
/// covariance. The model's learned parameters are held where they are. Nothing
/// where H is not positive definite.
std::optional<Matrix> getLinearResponse(const Matrix &hessian,
                                        const Matrix &jacobian);

} // namespace fit
} // namespace vi

#endif // VI_FIT_LINEARRESPONSE_H
