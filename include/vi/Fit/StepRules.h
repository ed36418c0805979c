//===- StepRules.h - arithmetic of gradient steps ---------------*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes over all parameters of a network, which take as long as memory does.
// They are compiled for several kinds of vectors, with the same results on all:
// sums have one order, and no product and sum become one operation.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_STEPRULES_H
#define VI_FIT_STEPRULES_H

#include "llvm/ADT/ArrayRef.h"

namespace vi {
namespace fit {

/// The sum of the squares of `values`: eight partial sums of every eighth one,
/// and then a tree over them.
double sumSquares(llvm::ArrayRef<double> values);

/// What a step of Adam depends on beside the gradient (Kingma and Ba, 2015,
/// algorithm 1).
struct AdamStep {
  /// The learning rate.
  double rate = 1e-3;
  /// What the gradient is multiplied by before it is used.
  double scale = 1;
  /// The number of this step, from 1.
  double number = 1;
};

/// Adds a step uphill along `gradient` to `parameters`, and `gradient` to the
/// moving averages of gradients (`first`) and their squares (`second`), which
/// keep 0.9 and 0.999 of what they were. All four have the same length.
void takeAdamStep(const AdamStep &step, llvm::ArrayRef<double> gradient,
                  llvm::MutableArrayRef<double> parameters,
                  llvm::MutableArrayRef<double> first,
                  llvm::MutableArrayRef<double> second);

} // namespace fit
} // namespace vi

#endif // VI_FIT_STEPRULES_H
