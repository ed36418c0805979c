//===- Guards.h - conditions of adjoints -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A guard is a comparison of an adjoint with zero that the reverse sweep put
// in: where it does not hold, nothing is multiplied with the adjoint, for a
// derivative there may be singular. It marks these comparisons, as their
// meaning under a second differentiation is another than that of the user's:
// an adjoint that happens to be zero, but moves, counts.
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_GUARDS_H
#define VI_LIB_DIFFERENTIATION_GUARDS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace vi {

constexpr llvm::StringLiteral guardAttribute = "vi.guard";

inline void markGuard(mlir::arith::CmpFOp comparison) {
  comparison->setAttr(guardAttribute,
                      mlir::UnitAttr::get(comparison->getContext()));
}

inline bool isGuard(mlir::Operation *op) {
  return mlir::isa_and_nonnull<mlir::arith::CmpFOp>(op) &&
         op->hasAttr(guardAttribute);
}

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_GUARDS_H
