//===- LearningCurves.h - the course of a training -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_LEARNINGCURVES_H
#define VI_TOOLS_VI_FIT_LEARNINGCURVES_H

#include "vi/Fit/Training.h"
#include "llvm/Support/Error.h"

namespace vi {

/// Writes a table with a line for each epoch: `epoch,steps,learning_rate,
/// kl_weight,objective,held_out,gradient_norm`.
llvm::Error writeTrainingTable(llvm::StringRef path,
                               llvm::ArrayRef<fit::EpochRecord> records);

/// Draws objective and held-out bound over the epochs, as SVG.
llvm::Error writeLearningCurves(llvm::StringRef path, llvm::StringRef title,
                                llvm::ArrayRef<fit::EpochRecord> records);

} // namespace vi

#endif // VI_TOOLS_VI_FIT_LEARNINGCURVES_H
