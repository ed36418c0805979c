//===- LearnedModel.h - vi-fit sample, reconstruct, loglik -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_LEARNEDMODEL_H
#define VI_TOOLS_VI_FIT_LEARNEDMODEL_H

#include "llvm/Support/Error.h"

#include <optional>

namespace vi {

/// Whether the command line names one of the commands that use a learned model.
bool isLearnedModelCommand();

/// Hides the options of LLVM that those commands do not have.
void hideUnrelatedOptionsOfCommands();

/// What is wrong with their options, if anything is.
std::optional<std::string> checkCommandOptions();

/// Runs the command. Errors of the compiler have been printed, and are then
/// empty.
llvm::Error runLearnedModelCommand();

} // namespace vi

#endif // VI_TOOLS_VI_FIT_LEARNEDMODEL_H
