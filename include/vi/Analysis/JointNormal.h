//===- JointNormal.h - moments of correlated normal variables -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_JOINTNORMAL_H
#define VI_ANALYSIS_JOINTNORMAL_H

#include "vi/Dialect/VI/IR/Expression.h"

namespace vi {

/// The moments of a vector of normal variables.
struct JointNormal {
  /// A tensor of rank one.
  mlir::Value mean;
  /// A tensor of rank two.
  mlir::Value covariance;
};

/// Whether a distribution is one of several jointly normal variables.
bool isJointNormal(mlir::Value distribution);

/// Emits the moments of a distribution for which `isJointNormal` holds. Of a
/// `vi.multivariate_normal` with factor L the covariance is L L'.
JointNormal buildJointNormal(mlir::ImplicitLocOpBuilder &builder,
                             mlir::Value distribution);

} // namespace vi

#endif // VI_ANALYSIS_JOINTNORMAL_H
