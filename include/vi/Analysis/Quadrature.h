//===- Quadrature.h - expectations as sums over nodes -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_QUADRATURE_H
#define VI_ANALYSIS_QUADRATURE_H

#include "vi/Dialect/VI/IR/Expression.h"

namespace vi {

/// Emits E[f(x)], x ~ N(mean, variance), as a sum over the nodes of the
/// trapezoidal rule in z = (x - mean) / sqrt(variance): a plate whose members
/// are nodes, so that its derivatives, of any order, are those of the sum.
/// `integrand` emits f at a node.
///
/// The nodes are at distances of h = 17/(nodes - 1) on |z| <= 8.5. For f that
/// is analytic on the strip |Im x| < d, the error is at most 2 M exp(a^2/2 - 2
/// pi a / h) for every a < d / sqrt(variance), where M bounds |f| on that
/// strip, plus what lies beyond the last node, of weight 2e-17. For an f
/// without singularities near the real line that is below rounding; with 64
/// nodes, for d = pi (functions of the logistic function) below 1e-10 M up to
/// sqrt(variance) = 3, for d = 1 (logarithms of 1 + x^2) up to 1; and with n
/// times as many nodes for n times the standard deviation. N. Trefethen and J.
/// Weideman (2014), "The exponentially convergent trapezoidal rule", SIAM
/// Review 56, 385-458.
mlir::Value
buildGaussianQuadrature(mlir::ImplicitLocOpBuilder &builder, mlir::Value mean,
                        mlir::Value variance, int64_t nodes,
                        llvm::function_ref<Expression(Expression x)> integrand);

} // namespace vi

#endif // VI_ANALYSIS_QUADRATURE_H
