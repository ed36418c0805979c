//===- Training.h - learning over epochs of minibatches -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Training of generative models: an optimizer of stochastic gradients, a
// schedule of its steps, and a judgement by data that it has not seen. In
// contrast to `fit`, the length is what the user says.
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_TRAINING_H
#define VI_FIT_TRAINING_H

#include "vi/Fit/CompiledModel.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace vi {
namespace fit {

/// How a gradient g becomes a step. All maximize; r is the learning rate.
enum class StepRule {
  /// D. P. Kingma and J. L. Ba (2015), "Adam: a method for stochastic
  /// optimization", ICLR: decay rates .9 and .999, floor 1e-8.
  Adam,
  /// Adam, and weights shrink by r * weightDecay beside its steps: I.
  /// Loshchilov
  /// and F. Hutter (2019), "Decoupled weight decay regularization", ICLR.
  AdamW,
  /// v := momentum * v + g, and a step of r * v.
  SGD
};

/// What multiplies the learning rate as training goes on.
enum class RateSchedule {
  Constant,
  /// Half a cosine from 1 to 0 over all steps after the warm-up.
  Cosine,
  /// `decayFactor` to the number of `decayEpochs` that are over.
  Step
};

struct TrainingOptions {
  uint64_t seed = 1;
  int64_t epochs = 1;
  /// Members of a minibatch; 0 takes all at once.
  int64_t batchSize = 0;
  /// Draws for each gradient.
  int64_t samples = 1;
  /// Draws for each bound that is reported.
  int64_t boundSamples = 8;
  /// Whether the bound is that of the mean weight of those draws.
  bool isImportanceWeighted = false;
  StepRule rule = StepRule::Adam;
  double learningRate = 1e-3;
  double momentum = 0.9;
  double weightDecay = 0;
  RateSchedule schedule = RateSchedule::Constant;
  /// Epochs over which the learning rate first grows linearly.
  double warmupEpochs = 0;
  double decayEpochs = 30;
  double decayFactor = 0.1;
  /// The largest norm of a gradient of the bound per datum; longer ones are
  /// shortened to it.
  double clipNorm = std::numeric_limits<double>::infinity();
  /// Epochs over which the divergence of the guide from the prior gets its
  /// weight, from 0 to 1, linearly. What is maximized meanwhile is not the
  /// bound.
  double klWarmupEpochs = 0;
  /// The share of the members that are held out.
  double validation = 0;
  /// Epochs without a better held-out bound after which training ends; 0 never.
  int64_t patience = 0;
  /// Indices of parameters that weight decay applies to: ranges, begin and end.
  std::vector<std::pair<int64_t, int64_t>> decayed;
};

/// What an epoch has come to. Bounds are in nats per datum.
struct EpochRecord {
  int64_t epoch = 0;
  int64_t steps = 0;
  double learningRate = 0;
  double klWeight = 1;
  /// The mean objective of the epoch's minibatches, as the parameters changed:
  /// the bound where `klWeight` is 1.
  double objective = 0;
  /// The held-out bound at the end of the epoch; NaN where nothing is held
  /// out.
  double heldOut = std::numeric_limits<double>::quiet_NaN();
  double gradientNorm = 0;
};

/// Everything that the rest of a training depends on, beside its options and
/// data.
struct TrainingState {
  std::vector<double> parameters;
  /// Moments of the gradients (Adam), or the velocity alone (SGD).
  std::vector<double> first, second;
  /// Steps that were taken; epochs that are over.
  int64_t steps = 0;
  int64_t epoch = 0;
  /// Steps that were left out, as value or gradient was not finite.
  int64_t nonFinite = 0;
  /// The best of the held-out bounds, where it was, and the parameters there.
  double bestHeldOut = -std::numeric_limits<double>::infinity();
  int64_t bestEpoch = 0;
  std::vector<double> bestParameters;
  std::vector<EpochRecord> records;
};

enum class TrainingStatus {
  /// All epochs are over.
  Completed,
  /// The held-out bound has not risen for `patience` epochs.
  Stopped,
  /// The objective or its gradient was not finite, again and again.
  NonFinite,
  Interrupted
};

/// A bound in nats per datum with its Monte Carlo standard error.
struct BoundEstimate {
  double value = 0, error = 0;
  int64_t members = 0;
};

/// Trains a model.
class Trainer {
public:
  Trainer(CompiledModel &model, const TrainingOptions &options);

  /// Why the model cannot be trained like that, if so: call it first.
  llvm::Error check();
  /// Begins at `start`.
  void begin(llvm::ArrayRef<double> start);
  /// Goes on from a state that an earlier training with these options was in.
  void resume(TrainingState state) { this->state = std::move(state); }

  /// Runs to the end. `report` is told of every epoch; an error ends the
  /// training. `isInterrupted` is asked before each step: true ends the
  /// training, and the steps of the epoch that had begun are void.
  llvm::Expected<TrainingStatus>
  run(llvm::function_ref<llvm::Error(const TrainingState &)> report,
      llvm::function_ref<bool()> isInterrupted);

  const TrainingState &getState() const { return state; }
  /// Where the held-out bound was best, or the last ones where nothing is held
  /// out.
  llvm::ArrayRef<double> getParameters() const;

  int64_t getTrainingCount() const { return trainingCount; }
  int64_t getHeldOutCount() const { return heldOut.size(); }
  int64_t getStepsPerEpoch() const { return stepsPerEpoch; }
  /// Whether members are taken in blocks of consecutive ones, in the order of
  /// the data, as the model does not allow others.
  bool usesBlocks() const { return plate >= 0 && !canSelect; }
  /// The plate whose members are data; empty if there is none.
  std::string getPlateName() const;

  /// The bound of the data that was trained on, or of what was held out, at
  /// `parameters` over fresh draws.
  BoundEstimate estimateBound(llvm::ArrayRef<double> parameters,
                              bool ofHeldOut);

  /// The learning rate of a step, by the schedule.
  double getLearningRate(int64_t step) const;
  double getKLWeight(int64_t step) const;

private:
  /// The bound of `members` with the draws of `key`, in chunks.
  double evaluateBound(llvm::ArrayRef<double> parameters,
                       llvm::ArrayRef<int64_t> members, int64_t samples,
                       uint64_t key);
  /// Makes the model see a minibatch; its batches.
  std::vector<PlateBatch> selectBatch(llvm::ArrayRef<int64_t> members);
  bool takeStep(double rate, llvm::MutableArrayRef<double> gradient);

  CompiledModel &model;
  TrainingOptions options;
  TrainingState state;
  /// The data plate with the most members, or -1.
  int64_t plate = -1;
  bool canSelect = false;
  int64_t trainingCount = 1;
  int64_t stepsPerEpoch = 1;
  /// Members that are trained on and held out, ascending.
  std::vector<int64_t> training, heldOut;
  double lastGradientNorm = 0;
};

} // namespace fit
} // namespace vi

#endif // VI_FIT_TRAINING_H
