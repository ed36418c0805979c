//===- ActivityAnalysis.h - which values a derivative passes through -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_ACTIVITYANALYSIS_H
#define VI_DIFFERENTIATION_ACTIVITYANALYSIS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"

namespace vi {

/// A value is *active* if it varies with an independent variable and the
/// dependent values vary with it. Only floating-point numbers, and tensors of
/// them, are ever active.
///
/// The region argument of a plate that holds a running sum is, for a reverse
/// sweep, not active although the sum may be: a member adds to it, so that the
/// derivative passes around the region. A forward sweep adds to its tangent.
class ActivityAnalysis {
public:
  /// The sweep that the analysis is for.
  enum class Direction { Reverse, Forward };

  /// Analyzes everything that `independents` reach and that reaches
  /// `dependents`.
  ActivityAnalysis(mlir::ValueRange independents, mlir::ValueRange dependents,
                   Direction direction = Direction::Reverse);

  bool isActive(mlir::Value value) const {
    return varied.contains(value) && useful.contains(value);
  }
  /// Whether the value varies with an independent variable.
  bool isVaried(mlir::Value value) const { return varied.contains(value); }

  /// The active values that are defined outside the region and used in it
  /// where a derivative passes, in the order of their first use.
  llvm::SmallVector<mlir::Value> getActiveCaptures(mlir::Region &region) const;

private:
  void propagateForward();
  void propagateBackward();
  void markVaried(mlir::Value value);
  void markUseful(mlir::Value value);

  Direction direction;
  llvm::DenseSet<mlir::Value> varied, useful;
  llvm::SmallVector<mlir::Value> worklist;
};

/// Whether values of the type can be active: floats and tensors of floats.
bool isDifferentiableType(mlir::Type type);

} // namespace vi

#endif // VI_DIFFERENTIATION_ACTIVITYANALYSIS_H
