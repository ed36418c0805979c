//===- GaussianExpectations.h - functions of a normal variable -*- C++ -*--===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_GAUSSIANEXPECTATIONS_H
#define VI_ANALYSIS_GAUSSIANEXPECTATIONS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace vi {

/// Whether `buildGaussianExpectation` gives a closed form for the operation
/// `function`, and not an operation with a certified error.
bool isExactGaussianExpectation(mlir::OperationName function);

/// Emits E[f(x)], x ~ N(mean, variance), for the operation `function` of one
/// operand; null where none is known.
///
/// The softplus and what follows from it (`special.log_sigmoid`,
/// `special.sigmoid`) are taken by `special.gaussian_softplus`, whose error
/// bound holds for every mean and variance. `special.normal_cdf` and
/// `math.absf` have closed forms.
mlir::Value buildGaussianExpectation(mlir::ImplicitLocOpBuilder &builder,
                                     mlir::OperationName function,
                                     mlir::Value mean, mlir::Value variance);

} // namespace vi

#endif // VI_ANALYSIS_GAUSSIANEXPECTATIONS_H
