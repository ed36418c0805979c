//===- Training.h - the training of vi-fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_TRAINING_H
#define VI_TOOLS_VI_FIT_TRAINING_H

#include "JITModel.h"

#include "vi/Fit/Fit.h"
#include "llvm/Support/CommandLine.h"

#include <functional>
#include <optional>
#include <string>

namespace vi {

/// The options of training (`--epochs` and those that need it).
llvm::cl::OptionCategory &getTrainingCategory();

/// Whether training is asked for: `--epochs` is given.
bool isTrainingWanted();

/// Whether the importance-weighted bound is the objective
/// (`--importance-samples`).
bool isImportanceWeightingWanted();

/// Whether the ELBO needs a weight of its divergences: `--kl-warmup`.
bool isKLWarmupWanted();

/// What is wrong with the options of training, if anything is.
std::optional<std::string> checkTrainingOptions(bool hasOutput);

/// What training takes of the other options.
struct TrainingSetup {
  uint64_t seed = 1;
  int64_t batchSize = 0;
  int64_t samples = 0;
  fit::OptimizerKind optimizer = fit::OptimizerKind::Automatic;
  /// The name of the estimator of gradients, of which a checkpoint makes a
  /// note.
  std::string estimator;
  std::string outputDirectory;
  bool quiet = false;
  double compileSeconds = 0;
  std::function<bool()> isInterrupted;
};

/// How a training ended.
enum class TrainingOutcome { Completed, NotCompleted, Failed };

/// Trains a model from `start`, or from its checkpoint, prints what has come of
/// it and writes the files.
llvm::Expected<TrainingOutcome> runTraining(JITModel &model,
                                            llvm::ArrayRef<double> start,
                                            const TrainingSetup &setup);

} // namespace vi

#endif // VI_TOOLS_VI_FIT_TRAINING_H
