//===- DrawTerms.h - the terms of an integrand that a draw enters -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_DRAWTERMS_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_DRAWTERMS_H

#include "SiteDependence.h"

#include "vi/Analysis/LinearTerms.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/IR/IRMapping.h"

namespace vi {

/// The terms of an integrand that depend on one draw, its Markov blanket:
/// summands of what the block of the draw yields, which enter the results of
/// the expectation linearly. Their expectation over the draw, given all other
/// draws, may be put in their place (Rao-Blackwellization).
class DrawTerms {
public:
  /// Finds the terms. Where there is no such form, `reason` says why.
  DrawTerms(ExpectOp expect, DrawOp draw);

  bool isValid() const { return reason.empty(); }
  llvm::StringRef getReason() const { return reason; }

  /// Emits, for each sum with such terms, their sum at `value` of the draw,
  /// without the density of the draw itself where `withoutDensity`.
  llvm::SmallVector<mlir::Value> buildAt(mlir::ImplicitLocOpBuilder &builder,
                                         mlir::Value value,
                                         bool withoutDensity);
  /// The weights with which the draw's own log-density enters each sum, as far
  /// as it does; null where it does not.
  llvm::SmallVector<mlir::Value>
  buildDensityWeights(mlir::ImplicitLocOpBuilder &builder);
  /// Puts `totals` in the place of the terms. The draw is not used any more.
  void replace(llvm::ArrayRef<mlir::Value> totals);
  /// A builder at the end of the draw's block.
  mlir::ImplicitLocOpBuilder getBuilder();
  mlir::FloatType getType();

private:
  struct Sum {
    unsigned operand;
    llvm::SmallVector<LinearTerm> dependent, independent;
  };
  void find(ExpectOp expect);
  bool isOwnDensity(const LinearTerm &term);

  DrawOp draw;
  SiteDependence dependence;
  llvm::SmallVector<mlir::Operation *> touched;
  llvm::SmallVector<Sum> sums;
  std::string reason;
};

/// What a site's attribute `vi.estimator` says of how its expectation is taken,
/// empty where nothing.
llvm::StringRef getEstimatorName(DrawOp draw);

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_DRAWTERMS_H
