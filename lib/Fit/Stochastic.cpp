//===- Stochastic.cpp - Adam over minibatches -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adam with a step size that falls from phase to phase.
//
// A phase keeps its step size until the iterates are stationary: the means of
// two consecutive stretches of them differ by no more than their own scatter
// explains. Its result is the average of the last stretch, from which the next
// phase starts with a quarter of the step size. The fit has converged when a
// whole phase gains less than a thousandth of a nat, as measured on the same
// minibatches and draws before and after, with two standard errors to spare.
// The rule sees differences only, so that constants added to the ELBO, and the
// units of the parameters, are nothing to it.
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Fit.h"
#include "vi/Fit/Random.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace vi::fit;

namespace {

constexpr double elboTolerance = 1e-3;

/// The sums of iterates over stretches of steps of equal length. When there
/// are too many they are joined in pairs, so that the stretches grow with the
/// phase.
class IterateWindows {
public:
  IterateWindows(size_t size, int64_t length) : length(length), sum(size) {}

  void add(llvm::ArrayRef<double> iterate) {
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += iterate[i];
    if (++steps < length)
      return;
    for (double &element : sum)
      element /= double(length);
    means.push_back(sum);
    llvm::fill(sum, 0.0);
    steps = 0;
    fresh = true;
    if (means.size() < 32)
      return;
    for (size_t i = 0; i < 16; ++i)
      for (size_t j = 0; j < sum.size(); ++j)
        means[i][j] = 0.5 * (means[2 * i][j] + means[2 * i + 1][j]);
    means.resize(16);
    length *= 2;
  }

  /// Whether the last half of the iterates stays where it is: as far as their
  /// scatter shows, or as it makes a difference to the ELBO, to which `scales`
  /// are the units. Asked after each multiple of eight windows only, as each
  /// question may be answered yes by chance.
  bool isStationary(llvm::ArrayRef<double> scales) {
    if (!fresh || means.size() < 16 || means.size() % 8 != 0)
      return false;
    fresh = false;
    size_t group = means.size() / 4, begin = means.size() - 2 * group;
    double sum = 0, gain = 0;
    int64_t count = 0;
    for (size_t j = 0; j < this->sum.size(); ++j) {
      double mean[2] = {0, 0}, squares = 0;
      for (int half = 0; half < 2; ++half)
        for (size_t i = 0; i < group; ++i)
          mean[half] += means[begin + half * group + i][j] / double(group);
      for (int half = 0; half < 2; ++half)
        for (size_t i = 0; i < group; ++i) {
          double deviation = means[begin + half * group + i][j] - mean[half];
          squares += deviation * deviation;
        }
      double variance = squares / (2 * double(group) - 2) * 2 / double(group);
      double change = mean[1] - mean[0];
      gain += 0.5 * (change / scales[j]) * (change / scales[j]);
      if (variance == 0)
        continue;
      sum += std::min(change * change / variance, 100.0);
      ++count;
    }
    return count == 0 || sum <= 2.0 * double(count) ||
           gain <= 0.1 * elboTolerance;
  }

  /// The average over the last half of the phase.
  std::vector<double> getAverage(llvm::ArrayRef<double> fallback) const {
    if (means.empty())
      return {fallback.begin(), fallback.end()};
    size_t begin = means.size() / 2;
    std::vector<double> average(sum.size());
    for (size_t i = begin; i < means.size(); ++i)
      for (size_t j = 0; j < average.size(); ++j)
        average[j] += means[i][j] / double(means.size() - begin);
    return average;
  }

private:
  int64_t length;
  int64_t steps = 0;
  bool fresh = false;
  std::vector<double> sum;
  std::vector<std::vector<double>> means;
};

class StochasticFit {
public:
  StochasticFit(CompiledModel &model, const FitOptions &options,
                const FitMonitor &monitor, FitResult &result)
      : model(model), options(options), monitor(monitor), result(result) {}

  void run();

private:
  void chooseBatches();
  void chooseDraws();
  void findStart();
  /// The batches of one step, in the order of its epoch.
  llvm::ArrayRef<PlateBatch> getBatch(int64_t step);
  double evaluate(llvm::ArrayRef<double> parameters, int64_t step,
                  llvm::MutableArrayRef<double> gradient);
  void maximize();
  /// One phase; the iterates' average. Nothing where the fit is to end.
  std::optional<std::vector<double>> runPhase(double stepSize);
  /// What the ELBO gains from one point to another, and its standard error.
  ELBOEstimate compare(llvm::ArrayRef<double> before,
                       llvm::ArrayRef<double> after);

  CompiledModel &model;
  const FitOptions &options;
  const FitMonitor &monitor;
  FitResult &result;

  std::vector<PlateBatch> batches;
  size_t batchedPlate = 0;
  int64_t blockCount = 1;
  std::vector<int64_t> blockOrder;
  int64_t epoch = -1;

  int64_t samples = 0;
  bool useCounter = false;
  std::vector<NoiseMatrix> pool;

  std::vector<double> scales;
  int64_t maxIterations = 0;
  std::optional<double> smoothedELBO;
};

} // namespace

void StochasticFit::chooseBatches() {
  batches = getWholePlates(model);
  llvm::ArrayRef<DataPlate> plates = model.getDataPlates();
  if (options.batchSize <= 0 || plates.empty())
    return;
  // The plate with the most members.
  for (size_t i = 0; i < plates.size(); ++i)
    if (plates[i].count > plates[batchedPlate].count)
      batchedPlate = i;
  int64_t count = plates[batchedPlate].count;
  if (count <= options.batchSize)
    return;
  blockCount = (count + options.batchSize - 1) / options.batchSize;
  model.permuteMembers(
      batchedPlate,
      getPermutation(getStreamKey(options.seed, Stream::Batches), count));
}

llvm::ArrayRef<PlateBatch> StochasticFit::getBatch(int64_t step) {
  if (blockCount == 1)
    return batches;
  if (step / blockCount != epoch) {
    epoch = step / blockCount;
    blockOrder = getPermutation(
        getStreamKey(options.seed, Stream::Batches, 1 + epoch), blockCount);
  }
  int64_t block = blockOrder[step % blockCount];
  int64_t count = model.getDataPlates()[batchedPlate].count;
  // Blocks of sizes that differ by one at most. Each is visited once an epoch
  // and stands for as many as there are, so that the mean over an epoch is the
  // whole data's gradient whatever the sizes.
  int64_t size = count / blockCount, larger = count % blockCount;
  int64_t begin = block * size + std::min(block, larger);
  batches[batchedPlate] = {begin, begin + size + (block < larger),
                           double(blockCount)};
  return batches;
}

void StochasticFit::chooseDraws() {
  int64_t columns = model.getNoiseCount();
  useCounter = model.hasCounterNoise() && columns > maxHeldNoise;
  samples = options.samples;
  if (samples <= 0) {
    samples = std::min<int64_t>(std::max<int64_t>(2 * columns, 8), 32);
    if (columns > maxHeldNoise)
      samples = 2;
  }
  if (columns == 0 || useCounter) {
    samples = columns == 0 ? 1 : samples;
    pool.assign(1, NoiseMatrix{{}, columns == 0 ? 1 : 0, columns});
    return;
  }
  int64_t sets = std::min<int64_t>(
      256, std::max<int64_t>(1, (int64_t(1) << 22) / (samples * columns)));
  for (int64_t set = 0; set < sets; ++set)
    pool.push_back(getHeldDraws(
        getStreamKey(options.seed, Stream::HeldDraws, set), samples, columns));
  samples = pool.front().rows;
}

double StochasticFit::evaluate(llvm::ArrayRef<double> parameters, int64_t step,
                               llvm::MutableArrayRef<double> gradient) {
  llvm::ArrayRef<PlateBatch> batch = getBatch(step);
  if (useCounter)
    return model.evaluateGradientWithSeed(
        parameters, samples,
        getStreamKey(options.seed, Stream::HeldDraws, step), batch, gradient);
  // A random member of the pool: in its order, sets and blocks would meet in
  // the same pairs over and over.
  uint64_t bits =
      getRandomBits(getStreamKey(options.seed, Stream::HeldDraws, -1), step);
  return model.evaluateGradient(parameters, pool[bits % pool.size()], batch,
                                gradient);
}

void StochasticFit::findStart() {
  // L-BFGS over some of the members: near enough for steps in units of the
  // guide's standard deviations. Its cost does not depend on the data's size.
  int64_t parameterCount = model.getParameterCount();
  if (options.keepStart || blockCount == 1 || parameterCount > 200)
    return;
  std::vector<PlateBatch> some = getWholePlates(model);
  int64_t count = model.getDataPlates()[batchedPlate].count;
  int64_t members =
      std::min(count, std::max<int64_t>(4 * options.batchSize, 1000));
  some[batchedPlate] = {0, members, double(count) / double(members)};
  FitOptions rough = options;
  rough.samples = std::min<int64_t>(chooseSamples(model, options), 64);
  rough.maxIterations = 300;
  rough.optimizer = OptimizerKind::LBFGS;
  rough.covariance = CovarianceKind::Guide;
  rough.maxHessianParameters = 0;
  FitResult start =
      fitDeterministic(model, result.parameters, rough, monitor, some);
  result.counts.gradients += start.counts.gradients;
  result.counts.draws += start.counts.draws;
  result.iterations += start.iterations;
  if (start.status == FitStatus::Interrupted)
    result.status = FitStatus::Interrupted;
  if (start.status != FitStatus::Unbounded &&
      start.status != FitStatus::NonFiniteStart)
    result.parameters = start.parameters;
}

std::optional<std::vector<double>> StochasticFit::runPhase(double stepSize) {
  const double decayFirst = 0.9, decaySecond = 0.999, floor = 1e-12;
  size_t size = result.parameters.size();
  std::vector<double> gradient(size), first(size), second(size);
  std::vector<double> point = result.parameters;
  // Windows hold whole epochs where epochs are short.
  int64_t window = 32;
  if (blockCount <= 512)
    window = (window + blockCount - 1) / blockCount * blockCount;
  IterateWindows windows(size, window);
  double powerFirst = 1, powerSecond = 1;
  int64_t failures = 0;
  for (int64_t step = 0;; ++step) {
    double elbo = evaluate(point, result.iterations, gradient);
    ++result.iterations;
    ++result.counts.gradients;
    result.counts.draws += double(samples) / double(blockCount);
    bool finite = std::isfinite(elbo);
    for (double element : gradient)
      finite &= std::isfinite(element);
    if (!finite) {
      // The step is not taken; where that does not help, go back.
      ++result.counts.nonFinite;
      if (++failures > 20) {
        point = windows.getAverage(result.parameters);
        llvm::fill(first, 0.0);
        stepSize *= 0.5;
      }
      if (failures > 200) {
        result.parameters = point;
        result.status = FitStatus::Stalled;
        return std::nullopt;
      }
    } else {
      failures = 0;
      powerFirst *= decayFirst;
      powerSecond *= decaySecond;
      double gradientNorm = 0;
      for (size_t i = 0; i < size; ++i) {
        double slope = gradient[i] * scales[i];
        gradientNorm += slope * slope;
        first[i] = decayFirst * first[i] + (1 - decayFirst) * slope;
        second[i] = decaySecond * second[i] + (1 - decaySecond) * slope * slope;
        double mean = first[i] / (1 - powerFirst);
        double scatter = std::sqrt(second[i] / (1 - powerSecond)) + floor;
        point[i] += stepSize * scales[i] * mean / scatter;
      }
      if (!smoothedELBO)
        smoothedELBO = elbo;
      *smoothedELBO += 0.02 * (elbo - *smoothedELBO);
      result.gradientNorm = std::sqrt(gradientNorm);
      result.heldELBO = *smoothedELBO;
      monitor.report({result.iterations, result.counts.gradients, *smoothedELBO,
                      result.gradientNorm});
      windows.add(point);
    }
    if (monitor.isInterrupted()) {
      result.parameters = windows.getAverage(point);
      result.status = FitStatus::Interrupted;
      return std::nullopt;
    }
    if (windows.isStationary(scales))
      return windows.getAverage(point);
    if (result.iterations >= maxIterations) {
      result.parameters = windows.getAverage(point);
      result.status = FitStatus::IterationLimit;
      return std::nullopt;
    }
    if (step % 1024 == 1023 && !useCounter)
      if (auto description =
              describeRunaway(model, point, result.structure, pool.front())) {
        result.parameters = point;
        result.status = FitStatus::Unbounded;
        result.warnings.push_back(*description);
        return std::nullopt;
      }
  }
}

ELBOEstimate StochasticFit::compare(llvm::ArrayRef<double> before,
                                    llvm::ArrayRef<double> after) {
  // Steps that no phase has taken; whole epochs where those are short.
  int64_t begin = (int64_t(1) << 40) / blockCount * blockCount;
  int64_t count = 64;
  if (blockCount <= 512)
    count = (count + blockCount - 1) / blockCount * blockCount;
  std::vector<double> gradient(before.size());
  ELBOEstimate gain;
  double squares = 0;
  int64_t used = 0;
  for (int64_t step = begin; step < begin + count; ++step) {
    double difference =
        evaluate(after, step, gradient) - evaluate(before, step, gradient);
    result.counts.gradients += 2;
    if (!std::isfinite(difference))
      continue;
    ++used;
    double change = difference - gain.value;
    gain.value += change / double(used);
    squares += change * (difference - gain.value);
  }
  gain.error = used > 1 ? std::sqrt(squares / double(used - 1) / double(used))
                        : std::numeric_limits<double>::infinity();
  return gain;
}

void StochasticFit::run() {
  result.structure = analyzeGuide(model, result.parameters);
  chooseBatches();
  maximize();
  if (blockCount > 1)
    model.permuteMembers(batchedPlate, {});
}

void StochasticFit::maximize() {
  findStart();
  if (result.status == FitStatus::Interrupted)
    return;
  chooseDraws();
  result.samples = model.getNoiseCount() ? samples : 0;
  maxIterations = result.iterations +
                  (options.maxIterations > 0 ? options.maxIterations : 200000);
  NoiseMatrix scaleDraws =
      getHeldDraws(getStreamKey(options.seed, Stream::HeldDraws, uint64_t(-2)),
                   model.getNoiseCount() > 512 ? 8 : 64, model.getNoiseCount());
  double stepSize = options.stepSize;
  if (stepSize <= 0)
    stepSize = result.parameters.size() <= 500 ? 0.1 : 0.01;
  for (int phase = 0; phase < 16; ++phase, stepSize *= 0.25) {
    scales = getParameterScales(model, result.parameters, result.structure,
                                scaleDraws);
    std::optional<std::vector<double>> average = runPhase(stepSize);
    if (!average)
      return;
    ELBOEstimate gain = compare(result.parameters, *average);
    result.parameters = std::move(*average);
    if (phase > 0 && gain.value + 2 * gain.error <= elboTolerance) {
      result.status = FitStatus::Converged;
      return;
    }
  }
  result.status = FitStatus::Stalled;
}

FitResult vi::fit::fitStochastic(CompiledModel &model,
                                 llvm::ArrayRef<double> start,
                                 const FitOptions &options,
                                 const FitMonitor &monitor) {
  FitResult result;
  result.parameters.assign(start.begin(), start.end());
  result.status = FitStatus::IterationLimit;
  StochasticFit(model, options, monitor, result).run();
  return result;
}
