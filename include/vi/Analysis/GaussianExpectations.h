//===- GaussianExpectations.h - functions of a normal variable -*- C++ -*--===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_GAUSSIANEXPECTATIONS_H
#define VI_ANALYSIS_GAUSSIANEXPECTATIONS_H

#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/IR/OperationSupport.h"

#include <optional>

namespace vi {

/// An expectation, and a bound of its absolute error: null where it is a
/// closed form.
struct GaussianExpectation {
  Expression value;
  std::optional<Expression> bound;
};

/// Emits E[f(x)], x ~ N(mean, variance), for the operation `function` of one
/// operand; nothing where none is known.
///
/// The softplus and what follows from it (`special.log_sigmoid`,
/// `special.sigmoid`) are taken by `special.gaussian_softplus`, whose error
/// bound holds for every mean and variance. `special.normal_cdf` and
/// `math.absf` have closed forms.
std::optional<GaussianExpectation>
buildGaussianExpectation(mlir::OperationName function, Expression mean,
                         Expression variance);

/// The certified error of `special.gaussian_softplus` for softplus
/// (`derivative` 0) or sigmoid (1), without rounding.
Expression buildSoftplusError(Expression variance, unsigned derivative);

} // namespace vi

#endif // VI_ANALYSIS_GAUSSIANEXPECTATIONS_H
