//===- Bijectors.h - maps between reals and supports -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_BIJECTORS_H
#define VI_DIALECT_VI_IR_BIJECTORS_H

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// The bijector T from R^m onto a support; see `vi.constrain` for the maps.
/// One entry of the table for each continuous support.
struct Bijector {
  /// Emits z = T(u) for one event.
  Expression (*constrain)(Expression unconstrained, mlir::ValueRange bounds);
  /// Emits u = T^-1(z) for one event.
  Expression (*unconstrain)(Expression constrained, mlir::ValueRange bounds);
  /// Emits log |det dT/du|, a scalar, at u.
  Expression (*logDetJacobian)(Expression unconstrained,
                               mlir::ValueRange bounds);
  /// Rank of one event: 0 where the map is elementwise.
  unsigned eventRank;
  /// Number of bounds.
  unsigned bounds;
  /// How many fewer elements u has than z along the last dimension.
  unsigned lostDimensions;
};

/// The bijector of a support, or null where the support is discrete.
const Bijector *getBijector(SupportKind support);

/// Verifies the bounds that `op` gives a continuous support: as many as it has,
/// of type `element`, and, as far as they are constants, finite and in order.
llvm::LogicalResult verifyBounds(mlir::Operation *op, SupportKind support,
                                 mlir::ValueRange bounds, mlir::Type element);

/// The type of u where z has type `constrained`.
mlir::Type getUnconstrainedType(SupportKind support, mlir::Type constrained);

} // namespace vi

#endif // VI_DIALECT_VI_IR_BIJECTORS_H
