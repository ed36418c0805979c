//===- Training.cpp - the training of vi-fit ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Training.h"

#include "LearningCurves.h"
#include "vi/Data/MappedFiles.h"
#include "vi/Data/OutputFile.h"
#include "vi/Data/Progress.h"
#include "vi/Data/Tensors.h"
#include "vi/Fit/Training.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cmath>

using namespace vi;
namespace cl = llvm::cl;

static cl::OptionCategory category("vi-fit options of training (--epochs)");

static cl::opt<long long>
    epochs("epochs",
           cl::desc("train: take that many passes over minibatches of the data "
                    "(--batch-size), instead of fitting until convergence"),
           cl::value_desc("n"), cl::init(0), cl::cat(category));
static cl::opt<double>
    learningRate("learning-rate",
                 cl::desc("of the bound per datum (default: 0.001; 0.01 of "
                          "SGD)"),
                 cl::value_desc("x"), cl::init(0), cl::cat(category));
static cl::opt<double> momentum("momentum", cl::desc("of SGD (default: 0.9)"),
                                cl::value_desc("x"), cl::init(0.9),
                                cl::cat(category));
static cl::opt<double>
    weightDecay("weight-decay",
                cl::desc("shrinks parameters of rank two and more: beside the "
                         "steps of AdamW (default: 0.01), in the gradient of "
                         "SGD (default: 0)"),
                cl::value_desc("x"), cl::init(-1), cl::cat(category));
static cl::opt<fit::RateSchedule> schedule(
    "schedule", cl::desc("how the learning rate goes on"),
    cl::values(clEnumValN(fit::RateSchedule::Constant, "constant",
                          "as it is (default)"),
               clEnumValN(fit::RateSchedule::Cosine, "cosine",
                          "half a cosine down to 0 at the last step"),
               clEnumValN(fit::RateSchedule::Step, "step",
                          "times --decay-factor after each --decay-epochs")),
    cl::init(fit::RateSchedule::Constant), cl::cat(category));
static cl::opt<double>
    warmup("warmup",
           cl::desc("epochs over which the learning rate first grows"),
           cl::value_desc("epochs"), cl::init(0), cl::cat(category));
static cl::opt<double> decayEpochs("decay-epochs",
                                   cl::desc("of --schedule=step (default: 30)"),
                                   cl::value_desc("epochs"), cl::init(30),
                                   cl::cat(category));
static cl::opt<double>
    decayFactor("decay-factor", cl::desc("of --schedule=step (default: 0.1)"),
                cl::value_desc("x"), cl::init(0.1), cl::cat(category));
static cl::opt<double> clipNorm(
    "clip-norm",
    cl::desc("the longest gradient of the bound per datum; longer ones "
             "are shortened (default: none are)"),
    cl::value_desc("x"), cl::init(0), cl::cat(category));
static cl::opt<double>
    klWarmup("kl-warmup",
             cl::desc("epochs over which the divergence of the guide from the "
                      "prior gets its weight, from 0 to 1; what is maximized "
                      "meanwhile is not the bound"),
             cl::value_desc("epochs"), cl::init(0), cl::cat(category));
static cl::opt<long long> importanceSamples(
    "importance-samples",
    cl::desc(
        "maximize the importance-weighted bound of that many draws for each "
        "datum (IWAE) instead of the ELBO"),
    cl::value_desc("k"), cl::init(0), cl::cat(category));
static cl::opt<double> validation(
    "validation",
    cl::desc("the share of the data that is held out; parameters are "
             "those of the epoch with the best held-out bound"),
    cl::value_desc("fraction"), cl::init(0), cl::cat(category));
static cl::opt<long long>
    patience("patience",
             cl::desc("epochs without a better held-out bound after which "
                      "training ends (default: never)"),
             cl::value_desc("epochs"), cl::init(0), cl::cat(category));
static cl::opt<long long>
    checkpoint("checkpoint",
               cl::desc("write checkpoint.safetensors after every n epochs"),
               cl::value_desc("n"), cl::init(0), cl::cat(category));
static cl::opt<bool>
    resume("resume",
           cl::desc("go on from checkpoint.safetensors in --output, if it is "
                    "there"),
           cl::cat(category));

cl::OptionCategory &vi::getTrainingCategory() { return category; }

bool vi::isTrainingWanted() { return epochs.getNumOccurrences() > 0; }

bool vi::isImportanceWeightingWanted() { return importanceSamples > 0; }

bool vi::isKLWarmupWanted() { return klWarmup > 0; }

std::optional<std::string> vi::checkTrainingOptions(bool hasOutput) {
  const cl::Option *others[] = {
      &learningRate, &momentum,    &weightDecay, &schedule,         &warmup,
      &decayEpochs,  &decayFactor, &clipNorm,    &klWarmup,         &validation,
      &patience,     &checkpoint,  &resume,      &importanceSamples};
  if (!isTrainingWanted()) {
    for (const cl::Option *option : others)
      if (option->getNumOccurrences() > 0)
        return ("--" + option->ArgStr + " is of training, and needs --epochs")
            .str();
    return std::nullopt;
  }
  auto isFinite = [](double value) { return std::isfinite(value); };
  if (epochs < 1)
    return "--epochs must be positive";
  if (!isFinite(learningRate) || learningRate < 0 || !isFinite(clipNorm) ||
      clipNorm < 0)
    return "--learning-rate and --clip-norm must be positive numbers";
  if (!(momentum >= 0 && momentum < 1))
    return "--momentum must be at least 0 and below 1";
  if (weightDecay.getNumOccurrences() > 0 &&
      (!isFinite(weightDecay) || weightDecay < 0))
    return "--weight-decay must not be negative";
  for (const cl::opt<double> *option : {&warmup, &klWarmup})
    if (!isFinite(*option) || *option < 0)
      return ("--" + option->ArgStr + " must not be negative").str();
  if (!isFinite(decayEpochs) || !(decayEpochs > 0) ||
      !(decayFactor > 0 && decayFactor <= 1))
    return "--decay-epochs must be positive, --decay-factor above 0 and at "
           "most 1";
  if (!(validation >= 0 && validation < 1))
    return "--validation must be at least 0 and below 1";
  if (patience < 0 || checkpoint < 0)
    return "--patience and --checkpoint must not be negative";
  if (importanceSamples < 0)
    return "--importance-samples must not be negative";
  if (importanceSamples > 0 && klWarmup > 0)
    return "--importance-samples does not go with --kl-warmup: its bound has "
           "no "
           "divergence to weigh";
  if (patience > 0 && validation == 0)
    return "--patience looks at the held-out bound, and needs --validation";
  if ((checkpoint > 0 || resume) && !hasOutput)
    return "--checkpoint and --resume need --output, the directory of the "
           "checkpoint";
  return std::nullopt;
}

static double getSecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {

/// A training, from its options to its files.
class TrainingRun {
public:
  TrainingRun(JITModel &model, const TrainingSetup &setup)
      : model(model), setup(setup), options(makeOptions(model, setup)),
        trainer(model, options) {}

  llvm::Expected<TrainingOutcome> run(llvm::ArrayRef<double> start);

private:
  static fit::TrainingOptions makeOptions(JITModel &model,
                                          const TrainingSetup &setup);
  std::string getPath(llvm::StringRef file) const {
    llvm::SmallString<128> path(setup.outputDirectory);
    llvm::sys::path::append(path, file);
    return path.str().str();
  }
  /// The options on which the course depends, as text by name.
  std::map<std::string, std::string> describeOptions() const;
  /// Of the data, which does not change: computed once, as it reads them all.
  const std::string &getDataHash();
  llvm::Error writeCheckpoint(const fit::TrainingState &state);
  llvm::Expected<fit::TrainingState> readCheckpoint();
  llvm::Error begin(llvm::ArrayRef<double> start);
  llvm::Error reportEpoch(const fit::TrainingState &state);
  void showProgress(const fit::TrainingState &state, bool isLast);
  llvm::Error writeFiles(fit::TrainingStatus status);
  void print(fit::TrainingStatus status);
  bool isExact() const { return model.isExact() && importanceSamples == 0; }
  std::string describeStatus(fit::TrainingStatus status) const;
  std::vector<data::NamedArray> split(llvm::ArrayRef<double> flat) const;

  JITModel &model;
  const TrainingSetup &setup;
  fit::TrainingOptions options;
  fit::Trainer trainer;

  data::Progress::Style style = data::Progress::Style::Quiet;
  std::chrono::steady_clock::time_point started, shown;
  double interval = 0.5;
  bool hasShown = false;
  int64_t startEpoch = 0;
  std::string dataHash;
  double seconds = 0;
  std::vector<std::string> warnings;
  fit::BoundEstimate bound, heldOutBound;
};

} // namespace

static constexpr llvm::StringLiteral checkpointFile = "checkpoint.safetensors";

fit::TrainingOptions TrainingRun::makeOptions(JITModel &model,
                                              const TrainingSetup &setup) {
  fit::TrainingOptions options;
  options.seed = setup.seed;
  options.epochs = epochs;
  options.batchSize = setup.batchSize;
  options.samples = setup.samples > 0 ? setup.samples : 1;
  if (importanceSamples > 0)
    options.samples = options.boundSamples = importanceSamples;
  options.isImportanceWeighted = importanceSamples > 0;
  switch (setup.optimizer) {
  case fit::OptimizerKind::AdamW:
    options.rule = fit::StepRule::AdamW;
    break;
  case fit::OptimizerKind::SGD:
    options.rule = fit::StepRule::SGD;
    break;
  default:
    break;
  }
  bool isSGD = options.rule == fit::StepRule::SGD;
  options.learningRate =
      learningRate > 0 ? double(learningRate) : (isSGD ? 1e-2 : 1e-3);
  options.momentum = momentum;
  options.weightDecay = weightDecay >= 0
                            ? double(weightDecay)
                            : (options.rule == fit::StepRule::AdamW ? 0.01 : 0);
  options.schedule = schedule;
  options.warmupEpochs = warmup;
  options.decayEpochs = decayEpochs;
  options.decayFactor = decayFactor;
  if (clipNorm > 0)
    options.clipNorm = clipNorm;
  options.klWarmupEpochs = klWarmup;
  options.validation = validation;
  options.patience = patience;
  int64_t offset = 0;
  for (const data::NamedArray &array : model.getParameters()) {
    int64_t count = array.values.size();
    if (array.shape.size() >= 2)
      options.decayed.push_back({offset, offset + count});
    offset += count;
  }
  return options;
}

std::map<std::string, std::string> TrainingRun::describeOptions() const {
  auto text = [](double value) { return data::formatCSVNumber(value); };
  static const char *const rules[] = {"adam", "adamw", "sgd"};
  static const char *const schedules[] = {"constant", "cosine", "step"};
  std::map<std::string, std::string> result = {
      {"model", model.getTitle()},
      {"data", std::to_string(trainer.getTrainingCount())},
      {"seed", std::to_string(options.seed)},
      {"batch-size", std::to_string(options.batchSize)},
      {"samples", std::to_string(options.samples)},
      {"importance-samples", std::to_string(importanceSamples)},
      {"optimizer", rules[int(options.rule)]},
      {"estimator", setup.estimator},
      {"learning-rate", text(options.learningRate)},
      {"momentum", text(options.momentum)},
      {"weight-decay", text(options.weightDecay)},
      {"schedule", schedules[int(options.schedule)]},
      {"warmup", text(options.warmupEpochs)},
      {"decay-epochs", text(options.decayEpochs)},
      {"decay-factor", text(options.decayFactor)},
      {"clip-norm", text(options.clipNorm)},
      {"kl-warmup", text(options.klWarmupEpochs)},
      {"validation", text(options.validation)}};
  // Other schedules do not see the end, so that a training can be made longer.
  if (options.schedule == fit::RateSchedule::Cosine)
    result["epochs"] = std::to_string(options.epochs);
  return result;
}

std::vector<data::NamedArray>
TrainingRun::split(llvm::ArrayRef<double> flat) const {
  std::vector<data::NamedArray> arrays = model.getParameters();
  for (data::NamedArray &array : arrays) {
    size_t count = array.values.size();
    array.values = flat.take_front(count).vec();
    flat = flat.drop_front(count);
  }
  return arrays;
}

const std::string &TrainingRun::getDataHash() {
  if (dataHash.empty())
    dataHash = llvm::utohexstr(model.hashData());
  return dataHash;
}

llvm::Error TrainingRun::writeCheckpoint(const fit::TrainingState &state) {
  data::TensorFile file;
  file.metadata = {{"format", "vi-fit checkpoint 1"}};
  for (const auto &[key, value] : describeOptions())
    file.metadata["option." + key] = value;
  file.metadata["hash.data"] = getDataHash();
  file.metadata["hash.model"] = llvm::utohexstr(model.getModelHash());
  auto add = [&](llvm::StringRef name, const std::vector<double> &values) {
    data::NamedArray array;
    array.name = name.str();
    array.shape = {int64_t(values.size())};
    array.values = values;
    file.arrays.push_back(std::move(array));
  };
  for (data::NamedArray &array : split(state.parameters)) {
    array.name = "parameters." + array.name;
    file.arrays.push_back(std::move(array));
  }
  add("first_moments", state.first);
  add("second_moments", state.second);
  add("best_parameters", state.bestParameters);
  add("state",
      {double(state.steps), double(state.epoch), double(state.nonFinite),
       state.bestHeldOut, double(state.bestEpoch)});
  std::vector<double> records;
  for (const fit::EpochRecord &record : state.records)
    records.insert(records.end(),
                   {double(record.epoch), double(record.steps),
                    record.learningRate, record.klWeight, record.objective,
                    record.heldOut, record.gradientNorm});
  add("epochs", records);
  return data::writeTensors(getPath(checkpointFile), file);
}

llvm::Expected<fit::TrainingState> TrainingRun::readCheckpoint() {
  std::string path = getPath(checkpointFile);
  llvm::Expected<data::TensorFile> file = data::readTensors(path);
  if (!file)
    return file.takeError();
  auto fail = [&](const llvm::Twine &message) {
    return makeError(path + ": " + message);
  };
  if (file->metadata["format"] != "vi-fit checkpoint 1")
    return fail("is no checkpoint of vi-fit");
  for (const auto &[key, value] : describeOptions()) {
    std::string before = file->metadata["option." + key];
    if (before != value)
      return fail("is of a training with " + key + " " +
                  (before.empty() ? "not given" : before) + ", not " + value);
  }
  if (file->metadata["hash.model"] != llvm::utohexstr(model.getModelHash()))
    return fail("is of a training of another model @" + model.getName() +
                ": the model or its guide has been changed since");
  if (file->metadata["hash.data"] != getDataHash())
    return fail("is of a training on other data: values, their type or their "
                "order have changed since");
  fit::TrainingState state;
  for (const data::NamedArray &expected : model.getParameters()) {
    const data::NamedArray *array = file->find("parameters." + expected.name);
    if (!array || array->shape != expected.shape)
      return fail("has no parameter `" + expected.name +
                  "` of the model's size");
    state.parameters.insert(state.parameters.end(), array->values.begin(),
                            array->values.end());
  }
  auto get = [&](llvm::StringRef name,
                 std::vector<double> &into) -> llvm::Error {
    const data::NamedArray *array = file->find(name);
    if (!array)
      return fail("has no array `" + name + "`");
    into = array->values;
    return llvm::Error::success();
  };
  std::vector<double> numbers, records;
  for (auto [name, into] : {std::pair<const char *, std::vector<double> *>{
                                "first_moments", &state.first},
                            {"second_moments", &state.second},
                            {"best_parameters", &state.bestParameters},
                            {"state", &numbers},
                            {"epochs", &records}})
    if (llvm::Error error = get(name, *into))
      return std::move(error);
  size_t size = state.parameters.size();
  auto isOfSize = [&](const std::vector<double> &values, bool mayBeEmpty) {
    return values.size() == size || (mayBeEmpty && values.empty());
  };
  if (!isOfSize(state.first, false) || !isOfSize(state.second, true) ||
      !isOfSize(state.bestParameters, true) || numbers.size() != 5 ||
      records.size() % 7 != 0)
    return fail("has arrays of other sizes than a checkpoint's");
  state.steps = int64_t(numbers[0]);
  state.epoch = int64_t(numbers[1]);
  state.nonFinite = int64_t(numbers[2]);
  state.bestHeldOut = numbers[3];
  state.bestEpoch = int64_t(numbers[4]);
  for (size_t i = 0; i < records.size(); i += 7) {
    const double *at = records.data() + i;
    state.records.push_back(
        {int64_t(at[0]), int64_t(at[1]), at[2], at[3], at[4], at[5], at[6]});
  }
  return state;
}

llvm::Error TrainingRun::begin(llvm::ArrayRef<double> start) {
  if (llvm::Error error = trainer.check())
    return error;
  if (importanceSamples > 0 && trainer.usesBlocks() &&
      trainer.getStepsPerEpoch() > 1)
    return makeError("--importance-samples: members of plate '" +
                     trainer.getPlateName() +
                     "' cannot be taken for the data, and so not be in "
                     "minibatches");
  if (trainer.usesBlocks() && trainer.getStepsPerEpoch() > 1)
    warnings.push_back(
        "minibatches are blocks of members of plate '" +
        trainer.getPlateName() +
        "' that stay together, in a new order each epoch: the model does not "
        "allow others");
  if (resume) {
    std::string path = getPath(checkpointFile);
    if (llvm::sys::fs::exists(path)) {
      llvm::Expected<fit::TrainingState> state = readCheckpoint();
      if (!state)
        return state.takeError();
      startEpoch = state->epoch;
      trainer.resume(std::move(*state));
      return llvm::Error::success();
    }
    if (!setup.quiet)
      llvm::errs() << "vi-fit: " << path
                   << " is not there: training begins anew\n";
  }
  trainer.begin(start);
  return llvm::Error::success();
}

void TrainingRun::showProgress(const fit::TrainingState &state, bool isLast) {
  if (style == data::Progress::Style::Quiet || state.records.empty())
    return;
  double now = getSecondsSince(started);
  double since =
      hasShown ? getSecondsSince(shown) : std::numeric_limits<double>::max();
  if (!isLast && since < (style == data::Progress::Style::Bar ? 0.1 : interval))
    return;
  if (style == data::Progress::Style::Plain)
    interval = std::min(interval * 1.2, 30.0);
  shown = std::chrono::steady_clock::now();
  const fit::EpochRecord &record = state.records.back();
  std::string line =
      llvm::formatv("epoch {0}/{1}  {2} {3:f4}", record.epoch, options.epochs,
                    record.klWeight < 1 ? "objective of KL warm-up, a datum"
                                        : "bound a datum",
                    record.objective);
  if (std::isfinite(record.heldOut))
    line += llvm::formatv("  held out {0:f4}", record.heldOut);
  double data =
      double(state.epoch - startEpoch) * double(trainer.getTrainingCount());
  line += llvm::formatv("  {0} data/s", int64_t(data / std::max(now, 1e-9)));
  if (style == data::Progress::Style::Bar)
    llvm::errs() << "\r\x1b[K" << line << (isLast ? "\n" : "");
  else
    llvm::errs() << line << "\n";
  llvm::errs().flush();
  hasShown = true;
}

llvm::Error TrainingRun::reportEpoch(const fit::TrainingState &state) {
  // What was learned from zeros is not kept.
  if (llvm::Error error = data::checkMappedFiles())
    return error;
  showProgress(state, state.epoch == options.epochs);
  if (checkpoint > 0 &&
      (state.epoch % checkpoint == 0 || state.epoch == options.epochs))
    return writeCheckpoint(state);
  return llvm::Error::success();
}

std::string TrainingRun::describeStatus(fit::TrainingStatus status) const {
  const fit::TrainingState &state = trainer.getState();
  switch (status) {
  case fit::TrainingStatus::Completed:
    return llvm::formatv("trained for {0} epochs of {1} steps", state.epoch,
                         trainer.getStepsPerEpoch());
  case fit::TrainingStatus::Stopped:
    return llvm::formatv("stopped after {0} epochs of {1} steps: none of the "
                         "last {2} has a better held-out bound",
                         state.epoch, trainer.getStepsPerEpoch(),
                         options.patience);
  case fit::TrainingStatus::NonFinite:
    return llvm::formatv("ended in epoch {0}: value or gradient of the bound "
                         "were not finite, step after step",
                         state.epoch + 1);
  case fit::TrainingStatus::Interrupted:
    return llvm::formatv("interrupted after {0} epochs of {1} steps",
                         state.epoch, trainer.getStepsPerEpoch());
  }
  return "";
}

llvm::Error TrainingRun::writeFiles(fit::TrainingStatus status) {
  const fit::TrainingState &state = trainer.getState();
  if (llvm::Error error = data::writeParameters(getPath("parameters.json"),
                                                split(trainer.getParameters())))
    return error;
  if (llvm::Error error =
          writeTrainingTable(getPath("training.csv"), state.records))
    return error;
  if (llvm::Error error = writeLearningCurves(getPath("training.svg"),
                                              model.getTitle(), state.records))
    return error;
  auto file = data::OutputFile::create(getPath("summary.json"));
  if (!file)
    return file.takeError();
  llvm::raw_ostream &os = (*file)->os();
  auto number = [](double value) { return data::formatJSONNumber(value); };
  double count = double(trainer.getTrainingCount());
  os << "{\n  \"elbo\": " << number(bound.value * count)
     << ",\n  \"elbo_mcse\": " << number(bound.error * count)
     << ",\n  \"bound_per_datum\": " << number(bound.value)
     << ",\n  \"bound_per_datum_mcse\": " << number(bound.error)
     << ",\n  \"data\": " << trainer.getTrainingCount();
  if (trainer.getHeldOutCount() > 0)
    os << ",\n  \"held_out_bound_per_datum\": " << number(heldOutBound.value)
       << ",\n  \"held_out_bound_per_datum_mcse\": "
       << number(heldOutBound.error)
       << ",\n  \"held_out_data\": " << trainer.getHeldOutCount()
       << ",\n  \"best_epoch\": " << state.bestEpoch;
  os << ",\n  \"seconds\": {\"compile\": " << number(setup.compileSeconds)
     << ", \"train\": " << number(seconds) << "}"
     << ",\n  \"epochs\": " << state.epoch << ",\n  \"steps\": " << state.steps
     << ",\n  \"non_finite_steps\": " << state.nonFinite
     << ",\n  \"completed\": "
     << (status == fit::TrainingStatus::Completed ||
                 status == fit::TrainingStatus::Stopped
             ? "true"
             : "false")
     << ",\n  \"status\": " << llvm::json::Value(describeStatus(status))
     << ",\n  \"warnings\": " << llvm::json::Value(llvm::json::Array(warnings))
     << "\n}\n";
  return (*file)->commit();
}

void TrainingRun::print(fit::TrainingStatus status) {
  llvm::raw_ostream &os = llvm::outs();
  for (const std::string &warning : warnings)
    os << "warning: " << warning << "\n";
  if (!warnings.empty())
    os << "\n";
  const fit::TrainingState &state = trainer.getState();
  os << model.getTitle() << ": " << model.getParameterCount()
     << " parameters learned from " << trainer.getTrainingCount()
     << " data\n\n";
  auto printBound = [&](const char *name, const fit::BoundEstimate &estimate) {
    os << llvm::formatv(
        "{0,-9} {1:f4} nats a datum ({2})", name, estimate.value,
        isExact()
            ? std::string("no term is sampled")
            : llvm::formatv("Monte Carlo error {0:e1}", estimate.error).str());
  };
  if (importanceSamples > 0)
    os << "importance-weighted bounds of " << importanceSamples
       << " draws for each datum\n";
  printBound("bound", bound);
  os << "\n";
  if (trainer.getHeldOutCount() > 0) {
    printBound("held out", heldOutBound);
    os << ", " << trainer.getHeldOutCount() << " data; best in epoch "
       << state.bestEpoch << "\n";
  }
  double trained =
      double(state.epoch - startEpoch) * double(trainer.getTrainingCount());
  os << describeStatus(status)
     << llvm::formatv("; {0:f2} s to compile, {1:f2} s to train, {2} data a "
                      "second\n",
                      setup.compileSeconds, seconds,
                      int64_t(trained / std::max(seconds, 1e-9)));
}

llvm::Expected<TrainingOutcome> TrainingRun::run(llvm::ArrayRef<double> start) {
  if (llvm::Error error = begin(start))
    return std::move(error);
  style = data::Progress::chooseStyle(llvm::errs(), setup.quiet);
  started = shown = std::chrono::steady_clock::now();
  llvm::Expected<fit::TrainingStatus> status = trainer.run(
      [&](const fit::TrainingState &state) { return reportEpoch(state); },
      setup.isInterrupted);
  if (!status)
    return status.takeError();
  seconds = getSecondsSince(started);
  const fit::TrainingState &state = trainer.getState();
  if (*status != fit::TrainingStatus::Completed) {
    showProgress(state, true);
    if (checkpoint > 0)
      if (llvm::Error error = writeCheckpoint(state))
        return std::move(error);
  }
  if (state.nonFinite > 0)
    warnings.push_back(llvm::formatv(
        "{0} of {1} steps were left out, as value or gradient of the bound "
        "were not finite",
        state.nonFinite, state.steps));
  if (options.klWarmupEpochs > double(state.epoch))
    warnings.push_back("training ended within KL warm-up: the divergence of "
                       "the guide from the prior has not yet had its weight");
  if (model.isUpToConstant())
    warnings.push_back("a prior is improper or a factor not normalized: the "
                       "bound is known up to a constant");
  bound = trainer.estimateBound(trainer.getParameters(), /*ofHeldOut=*/false);
  if (trainer.getHeldOutCount() > 0)
    heldOutBound =
        trainer.estimateBound(trainer.getParameters(), /*ofHeldOut=*/true);
  if (!setup.quiet)
    print(*status);
  if (!setup.outputDirectory.empty())
    if (llvm::Error error = writeFiles(*status))
      return std::move(error);
  switch (*status) {
  case fit::TrainingStatus::Completed:
  case fit::TrainingStatus::Stopped:
    return TrainingOutcome::Completed;
  default:
    return TrainingOutcome::NotCompleted;
  }
}

llvm::Expected<TrainingOutcome> vi::runTraining(JITModel &model,
                                                llvm::ArrayRef<double> start,
                                                const TrainingSetup &setup) {
  return TrainingRun(model, setup).run(start);
}
