//===- Training.cpp - learning over epochs of minibatches -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An epoch is a random order of the members, cut into minibatches whose sizes
// differ by one at most. Each stands for as many as there are, so that the mean
// over an epoch is the gradient of all data whatever the sizes. All random
// numbers are functions of the seed and of the numbers of epoch and step: a
// training that goes on from a state ends where it would have ended.
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Training.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/LinearAlgebra.h"
#include "vi/Fit/Random.h"
#include "vi/Fit/StepRules.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace vi::fit;

/// Members that are judged at a time.
static constexpr int64_t chunkSize = 1024;
/// Steps that are not finite, one after the other, after which training ends.
static constexpr int64_t maxFailures = 100;

Trainer::Trainer(CompiledModel &model, const TrainingOptions &options)
    : model(model), options(options) {
  llvm::ArrayRef<DataPlate> plates = model.getDataPlates();
  for (size_t i = 0; i < plates.size(); ++i)
    if (plate < 0 || plates[i].count > plates[plate].count)
      plate = i;
  int64_t count = plate < 0 ? 1 : plates[plate].count;
  canSelect = plate >= 0 && model.canSelectMembers(plate);
  auto heldOutCount = static_cast<int64_t>(
      std::floor(options.validation * double(count) + 0.5));
  if (options.validation > 0)
    heldOutCount = std::clamp<int64_t>(heldOutCount, 1, count - 1);
  if (canSelect) {
    std::vector<int64_t> order =
        getPermutation(getStreamKey(options.seed, Stream::Batches, 0), count);
    heldOut.assign(order.begin(), order.begin() + heldOutCount);
    training.assign(order.begin() + heldOutCount, order.end());
    std::sort(heldOut.begin(), heldOut.end());
    std::sort(training.begin(), training.end());
  }
  trainingCount = count - (canSelect ? heldOutCount : 0);
  if (options.batchSize > 0 && plate >= 0)
    stepsPerEpoch = std::max<int64_t>(
        1, (trainingCount + options.batchSize - 1) / options.batchSize);
}

std::string Trainer::getPlateName() const {
  return plate < 0 ? std::string() : model.getDataPlates()[plate].name;
}

llvm::Error Trainer::check() {
  auto makeError = [](const llvm::Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
  };
  if (plate < 0 && (options.batchSize > 0 || options.validation > 0))
    return makeError("the model has no data plate, so that there are no "
                     "minibatches and nothing to hold out");
  if (plate >= 0 && trainingCount < 1)
    return makeError("plate '" + getPlateName() + "' has no members");
  if (options.validation > 0 && !canSelect)
    return makeError(
        "members of plate '" + getPlateName() +
        "' cannot be held out: the model or its guide has parameters for each "
        "of them, finds them by number, or uses their data outside the plate");
  if (options.validation > 0 && model.getDataPlates()[plate].count < 2)
    return makeError("plate '" + getPlateName() +
                     "' has too few members to hold some out");
  return llvm::Error::success();
}

void Trainer::begin(llvm::ArrayRef<double> start) {
  state = TrainingState();
  state.parameters.assign(start.begin(), start.end());
  state.first.assign(start.size(), 0.0);
  if (options.rule != StepRule::SGD)
    state.second.assign(start.size(), 0.0);
}

llvm::ArrayRef<double> Trainer::getParameters() const {
  return state.bestParameters.empty() ? state.parameters : state.bestParameters;
}

double Trainer::getLearningRate(int64_t step) const {
  double perEpoch = double(stepsPerEpoch);
  double warmup = options.warmupEpochs * perEpoch;
  double rate = options.learningRate;
  if (double(step) < warmup)
    return rate * (double(step) + 1) / (warmup + 1);
  switch (options.schedule) {
  case RateSchedule::Constant:
    return rate;
  case RateSchedule::Cosine: {
    double total = double(options.epochs) * perEpoch - warmup;
    double done = std::min(1.0, (double(step) - warmup) / std::max(1.0, total));
    return rate * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
  }
  case RateSchedule::Step: {
    double epochs = std::floor(double(step) / perEpoch);
    return rate * std::pow(options.decayFactor,
                           std::floor(epochs / options.decayEpochs));
  }
  }
  return rate;
}

double Trainer::getKLWeight(int64_t step) const {
  double warmup = options.klWarmupEpochs * double(stepsPerEpoch);
  return warmup > 0 ? std::min(1.0, double(step) / warmup) : 1.0;
}

std::vector<PlateBatch> Trainer::selectBatch(llvm::ArrayRef<int64_t> members) {
  std::vector<PlateBatch> batches = getWholePlates(model);
  if (plate < 0)
    return batches;
  model.selectMembers(plate, members);
  auto size = static_cast<int64_t>(members.size());
  batches[plate] = {0, size, double(trainingCount) / double(size)};
  return batches;
}

double Trainer::evaluateBound(llvm::ArrayRef<double> parameters,
                              llvm::ArrayRef<int64_t> members, int64_t samples,
                              uint64_t key) {
  double count = double(trainingCount);
  if (!canSelect)
    return model.evaluateWithSeed(parameters, samples, key,
                                  getWholePlates(model)) /
           count;
  double sum = 0;
  auto size = static_cast<int64_t>(members.size());
  for (int64_t begin = 0; begin < size; begin += chunkSize) {
    llvm::ArrayRef<int64_t> chunk =
        members.slice(begin, std::min(chunkSize, size - begin));
    std::vector<PlateBatch> batches = selectBatch(chunk);
    double bound = model.evaluateWithSeed(parameters, samples,
                                          foldIn(key, begin), batches);
    sum += double(chunk.size()) / double(size) * bound;
  }
  return sum / count;
}

BoundEstimate Trainer::estimateBound(llvm::ArrayRef<double> parameters,
                                     bool ofHeldOut) {
  BoundEstimate estimate;
  llvm::ArrayRef<int64_t> members = ofHeldOut ? heldOut : training;
  estimate.members = canSelect ? members.size() : trainingCount;
  // Of many data the mean has little error after few draws, which would take
  // longer than epochs.
  constexpr int64_t mostDraws = 1 << 17;
  int64_t affordable =
      std::max<int64_t>(1, mostDraws / std::max<int64_t>(estimate.members, 1));
  int64_t samples = options.boundSamples, replicates = 8;
  // The draws of an importance-weighted bound are part of what it is.
  if (!options.isImportanceWeighted)
    samples = std::clamp<int64_t>(affordable / replicates, 1, samples);
  replicates = std::clamp<int64_t>(affordable / samples, 2, replicates);
  double squares = 0;
  for (int64_t replicate = 0; replicate < replicates; ++replicate) {
    double value = evaluateBound(
        parameters, members, samples,
        getStreamKey(options.seed, Stream::FreshELBO, 1 + replicate));
    double change = value - estimate.value;
    estimate.value += change / double(replicate + 1);
    squares += change * (value - estimate.value);
  }
  if (replicates > 1)
    estimate.error =
        std::sqrt(squares / double(replicates - 1) / double(replicates));
  if (plate >= 0 && canSelect)
    model.selectMembers(plate, {});
  return estimate;
}

bool Trainer::takeStep(double rate, llvm::MutableArrayRef<double> gradient) {
  // Of the bound per datum: rates mean the same for any number of data.
  double scale = 1 / double(trainingCount);
  double length = scale * std::sqrt(sumSquares(gradient));
  if (!std::isfinite(length))
    return false;
  lastGradientNorm = length;
  if (length > options.clipNorm)
    scale *= options.clipNorm / length;
  if (options.rule == StepRule::AdamW)
    for (auto [begin, end] : options.decayed)
      for (int64_t i = begin; i < end; ++i)
        state.parameters[i] *= 1 - rate * options.weightDecay;
  if (options.rule == StepRule::SGD) {
    for (double &element : gradient)
      element *= scale;
    if (options.weightDecay > 0)
      for (auto [begin, end] : options.decayed)
        for (int64_t i = begin; i < end; ++i)
          gradient[i] -= options.weightDecay * state.parameters[i];
    for (size_t i = 0; i < gradient.size(); ++i) {
      state.first[i] = options.momentum * state.first[i] + gradient[i];
      state.parameters[i] += rate * state.first[i];
    }
    return true;
  }
  AdamStep step;
  step.rate = rate;
  step.scale = scale;
  step.number = double(state.steps - state.nonFinite + 1);
  takeAdamStep(step, gradient, state.parameters, state.first, state.second);
  return true;
}

llvm::Expected<TrainingStatus>
Trainer::run(llvm::function_ref<llvm::Error(const TrainingState &)> report,
             llvm::function_ref<bool()> isInterrupted) {
  std::vector<double> gradient(state.parameters.size());
  std::vector<PlateBatch> whole = getWholePlates(model);
  auto finish = [&](TrainingStatus status) {
    if (plate >= 0 && canSelect)
      model.selectMembers(plate, {});
    return status;
  };
  if (usesBlocks() && stepsPerEpoch > 1)
    model.permuteMembers(
        plate, getPermutation(getStreamKey(options.seed, Stream::Batches, 0),
                              trainingCount));
  int64_t failures = 0;
  while (state.epoch < options.epochs) {
    if (options.patience > 0 && state.epoch > 0 && !heldOut.empty() &&
        state.epoch - state.bestEpoch >= options.patience)
      return finish(TrainingStatus::Stopped);
    // Given back if the epoch does not come to its end.
    TrainingState before = state;
    EpochRecord record;
    record.epoch = state.epoch + 1;
    uint64_t key = getStreamKey(options.seed, Stream::Batches, 1 + state.epoch);
    std::vector<int64_t> order, members;
    if (canSelect)
      order = getPermutation(key, trainingCount);
    else
      order = getPermutation(key, stepsPerEpoch);
    int64_t size = trainingCount / stepsPerEpoch,
            larger = trainingCount % stepsPerEpoch;
    int64_t finite = 0;
    for (int64_t step = 0; step < stepsPerEpoch; ++step) {
      if (isInterrupted()) {
        state = std::move(before);
        return finish(TrainingStatus::Interrupted);
      }
      int64_t block = canSelect ? step : order[step];
      int64_t begin = block * size + std::min(block, larger);
      int64_t end = begin + size + (block < larger);
      std::vector<PlateBatch> batches = whole;
      if (canSelect) {
        auto getMembers = [&](int64_t first, int64_t last) {
          members.assign(order.begin() + first, order.begin() + last);
          for (int64_t &member : members)
            member = training[member];
        };
        if (step + 1 < stepsPerEpoch) {
          getMembers(end, end + size + (block + 1 < larger));
          model.prefetchMembers(plate, members);
        }
        getMembers(begin, end);
        batches = selectBatch(members);
      } else if (plate >= 0) {
        batches[plate].begin = begin;
        batches[plate].end = end;
      }
      if (plate >= 0)
        batches[plate].scale = double(stepsPerEpoch);
      double rate = getLearningRate(state.steps);
      double weight = getKLWeight(state.steps);
      if (options.klWarmupEpochs > 0)
        model.setKLWeight(weight);
      double value = model.evaluateGradientWithSeed(
          state.parameters, options.samples,
          getStreamKey(options.seed, Stream::HeldDraws, state.steps), batches,
          gradient);
      bool isFinite = std::isfinite(value) && takeStep(rate, gradient);
      ++state.steps;
      if (!isFinite) {
        ++state.nonFinite;
        if (++failures >= maxFailures)
          return finish(TrainingStatus::NonFinite);
        continue;
      }
      failures = 0;
      ++finite;
      record.objective += value / double(trainingCount);
      record.gradientNorm += lastGradientNorm;
      record.learningRate = rate;
      record.klWeight = weight;
    }
    record.objective /= double(finite);
    record.gradientNorm /= double(finite);
    record.steps = state.steps;
    if (options.klWarmupEpochs > 0)
      model.setKLWeight(1);
    ++state.epoch;
    if (!heldOut.empty()) {
      // Over the same draws in each epoch, so that differences are those of the
      // parameters.
      record.heldOut =
          evaluateBound(state.parameters, heldOut, options.boundSamples,
                        getStreamKey(options.seed, Stream::FreshELBO, 0));
      // Before the divergence counts in full, the guide is not what it will be.
      bool wasBound = getKLWeight(state.steps - stepsPerEpoch) == 1;
      if (!wasBound || record.heldOut > state.bestHeldOut) {
        state.bestHeldOut = record.heldOut;
        state.bestEpoch = state.epoch;
        state.bestParameters = state.parameters;
      }
    }
    state.records.push_back(record);
    if (llvm::Error error = report(state))
      return std::move(error);
  }
  return finish(TrainingStatus::Completed);
}
