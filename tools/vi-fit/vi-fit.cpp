//===- vi-fit.cpp - fit a model to data -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnosis.h"
#include "Explanation.h"
#include "JITModel.h"
#include "LearnedModel.h"
#include "ModelSource.h"
#include "Training.h"

#include "mlir/Pass/PassManager.h"
#include "vi/Data/DataSet.h"
#include "vi/Data/MappedFiles.h"
#include "vi/Data/OutputFile.h"
#include "vi/Data/Progress.h"
#include "vi/Data/Results.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/Posterior.h"
#include "vi/Fit/Random.h"
#include "vi/Fit/Verdict.h"
#include "vi/InitAll.h"
#include "vi/Target/ReleasedOption.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"

#include <chrono>
#include <cmath>
#include <csignal>
#include <new>
#include <unistd.h>

using namespace mlir;
namespace cl = llvm::cl;

namespace {

/// Above this error of the ELBO, quadrature takes more nodes, or there is a
/// warning.
constexpr double largestQuadratureError = 1e-8;

/// The exit status, as users and scripts see it.
enum ExitStatus { Converged = 0, Failure = 1, Usage = 2, NotConverged = 3 };

cl::OptionCategory category("vi-fit options");

cl::opt<std::string> modelFile(cl::Positional, cl::Required,
                               cl::desc("MODEL.mlir"), cl::cat(category));
cl::list<std::string>
    includes("include",
             cl::desc("files with functions that the model calls (vi.call)"),
             cl::value_desc("file"), cl::cat(category));
cl::list<std::string>
    dataFiles("data",
              cl::desc("data: .json, .csv, or NAME=FILE.npy; several "
                       "combine"),
              cl::value_desc("file"), cl::cat(category));
cl::opt<std::string> modelName("model",
                               cl::desc("the model to fit, where the file has "
                                        "several"),
                               cl::value_desc("name"), cl::cat(category));
cl::opt<std::string>
    guideName("guide",
              cl::desc("meanfield (default), fullrank, lowrank, delta, or a "
                       "vi.guide of the file"),
              cl::value_desc("family"), cl::cat(category));
cl::opt<long long> guideRank("rank", cl::desc("rank of --guide=lowrank"),
                             cl::value_desc("n"), cl::init(4),
                             cl::cat(category));
cl::list<std::string> estimators(
    "estimator",
    cl::desc("how gradients are estimated from draws: pathwise (default: the "
             "derivative along the draws), sticking-the-landing (without the "
             "score of the guide: no noise where the guide is exact), or, with "
             "--importance-samples, doubly-reparameterized; of one site: "
             "SITE=pathwise, sticking-the-landing, enumeration or "
             "score-function"),
    cl::value_desc("name"), cl::CommaSeparated, cl::cat(category));
cl::opt<unsigned long long> seed("seed", cl::desc("seed of all random numbers"),
                                 cl::value_desc("n"), cl::init(1),
                                 cl::cat(category));
cl::opt<long long> samples("samples",
                           cl::desc("draws for an evaluation of the ELBO "
                                    "(default: as many as it takes)"),
                           cl::value_desc("n"), cl::init(0), cl::cat(category));
cl::opt<long long> batchSize("batch-size",
                             cl::desc("members of the data plate in a "
                                      "minibatch (default: all)"),
                             cl::value_desc("n"), cl::init(0),
                             cl::cat(category));
// That of ThinLTO, which does not run here.
vi::ReleasedOption releasedThreads("threads");
cl::opt<unsigned> threads("threads",
                          cl::desc("threads that share the members of large "
                                   "plates; results do not depend on it "
                                   "(default: 1)"),
                          cl::value_desc("n"), cl::init(1), cl::cat(category));
cl::opt<long long> iterations("iterations",
                              cl::desc("the most iterations (default: 10000, "
                                       "200000 of Adam)"),
                              cl::value_desc("n"), cl::init(0),
                              cl::cat(category));
cl::opt<vi::fit::OptimizerKind> optimizer(
    "method", cl::desc("how to maximize the ELBO"),
    cl::values(clEnumValN(vi::fit::OptimizerKind::Automatic, "auto",
                          "Newton, or Adam with minibatches (default)"),
               clEnumValN(vi::fit::OptimizerKind::Newton, "newton",
                          "trust-region Newton over draws held fixed"),
               clEnumValN(vi::fit::OptimizerKind::LBFGS, "lbfgs",
                          "L-BFGS over draws held fixed"),
               clEnumValN(vi::fit::OptimizerKind::Adam, "adam",
                          "Adam over fresh draws"),
               clEnumValN(vi::fit::OptimizerKind::AdamW, "adamw",
                          "with --epochs: Adam, and weights decay"),
               clEnumValN(vi::fit::OptimizerKind::SGD, "sgd",
                          "with --epochs: stochastic gradients with "
                          "momentum")),
    cl::init(vi::fit::OptimizerKind::Automatic), cl::cat(category));
cl::alias optimizerAlias("optimizer", cl::desc("the same as --method"),
                         cl::aliasopt(optimizer), cl::cat(category));
cl::opt<vi::fit::CovarianceKind> covariance(
    "covariance", cl::desc("the covariance that is reported and drawn from"),
    cl::values(
        clEnumValN(vi::fit::CovarianceKind::LinearResponse, "linear-response",
                   "corrected by the Hessian of the ELBO (default)"),
        clEnumValN(vi::fit::CovarianceKind::Guide, "guide", "the guide's own")),
    cl::init(vi::fit::CovarianceKind::LinearResponse), cl::cat(category));
cl::opt<double> stepSize("step-size",
                         cl::desc("first step size of Adam, in standard "
                                  "deviations of the guide"),
                         cl::value_desc("x"), cl::init(0), cl::cat(category));
cl::opt<std::string>
    init("init",
         cl::desc("start: a parameters.json, a number x for locations uniform "
                  "in (-x, x), or random for x = 2 (default: 0)"),
         cl::value_desc("start"), cl::cat(category));
cl::list<std::string> initParameters(
    "init-parameter",
    cl::desc("start of one parameter, on the unconstrained scale: an array of "
             "its shape; others start as without"),
    cl::value_desc("NAME=FILE.npy"), cl::cat(category));
cl::opt<long long> startCount(
    "starts",
    cl::desc("fits from so many starts, of which the best is kept (default: 4 "
             "where a fit is cheap, else 1)"),
    cl::value_desc("n"), cl::init(0), cl::cat(category));
cl::opt<long long> drawCount("draws", cl::desc("rows of draws.csv"),
                             cl::value_desc("n"), cl::init(1000),
                             cl::cat(category));
cl::opt<std::string> outputDirectory(
    "output",
    cl::desc("write summary.json, draws.csv, elbo.csv and parameters.json"),
    cl::value_desc("directory"), cl::cat(category));
cl::opt<bool> logLik("log-lik",
                     cl::desc("write log_lik.csv, too: the log-density of each "
                              "observation for each row of draws.csv"),
                     cl::cat(category));
cl::opt<bool> explain("explain",
                      cl::desc("print how each term of the ELBO is taken "
                               "(exactly, with which error, or sampled and "
                               "why), line by line of the model"),
                      cl::cat(category));
cl::opt<bool> quiet("quiet", cl::desc("print nothing but errors"),
                    cl::cat(category));
cl::opt<std::string>
    evaluateFile("evaluate",
                 cl::desc("print ELBO and gradient at the parameters of a "
                          "parameters.json, and fit nothing"),
                 cl::value_desc("file"), cl::cat(category));
cl::opt<bool> timing("timing", cl::desc("print the seconds of each phase"),
                     cl::cat(category));
cl::opt<long long> maxRows("max-rows",
                           cl::desc("rows of the table for each site; 0: all"),
                           cl::value_desc("n"), cl::init(20),
                           cl::cat(category));

/// Set by Ctrl-C. A second one ends the program as usual.
volatile std::sig_atomic_t interrupted = 0;

extern "C" void handleInterrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

int reportError(llvm::Error error) {
  llvm::handleAllErrors(std::move(error), [](const llvm::ErrorInfoBase &info) {
    std::string message = info.message();
    if (!message.empty())
      llvm::errs() << "vi-fit: error: " << message << "\n";
  });
  return Failure;
}

int reportUsage(const llvm::Twine &message) {
  llvm::errs() << "vi-fit: " << message << "\n";
  return Usage;
}

double getSecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

/// The flat vector in the form of `parameters.json`.
std::vector<vi::data::NamedArray> split(const vi::JITModel &model,
                                        llvm::ArrayRef<double> flat) {
  std::vector<vi::data::NamedArray> arrays = model.getParameters();
  for (vi::data::NamedArray &array : arrays) {
    size_t count = array.values.size();
    array.values = flat.take_front(count).vec();
    flat = flat.drop_front(count);
  }
  return arrays;
}

std::vector<double> join(llvm::ArrayRef<vi::data::NamedArray> arrays) {
  std::vector<double> flat;
  for (const vi::data::NamedArray &array : arrays)
    flat.insert(flat.end(), array.values.begin(), array.values.end());
  return flat;
}

llvm::Expected<std::vector<double>> readFlat(const vi::JITModel &model,
                                             llvm::StringRef path) {
  std::vector<vi::data::NamedArray> arrays = model.getParameters();
  if (llvm::Error error = vi::data::readParameters(path, arrays))
    return std::move(error);
  return join(arrays);
}

/// Where the fit starts. `isGiven` where that is from a file.
llvm::Expected<std::vector<double>> chooseStart(vi::JITModel &model,
                                                bool &isGiven) {
  isGiven = false;
  std::vector<double> start = model.getInitial();
  // Weights of a network that are all zero are a point of symmetry that no
  // gradient leaves: normals whose variance is one over the inputs instead.
  for (auto [offset, array] : model.getZeroMatrices()) {
    double scale = 1 / std::sqrt(double(array->shape.back()));
    for (size_t i = 0; i < array->values.size(); ++i)
      start[offset + i] =
          scale * vi::fit::getNormal(vi::fit::foldIn(seed, 101), offset + i);
  }
  if (!initParameters.empty()) {
    std::vector<vi::data::NamedArray> arrays = split(model, start);
    if (llvm::Error error =
            vi::data::readParameterArrays(initParameters, arrays))
      return std::move(error);
    start = join(arrays);
  }
  if (init.empty())
    return start;
  double range = 2;
  if (init != "random" && llvm::StringRef(init).getAsDouble(range)) {
    isGiven = true;
    return readFlat(model, init);
  }
  vi::fit::GuideStructure structure = vi::fit::analyzeGuide(model, start);
  for (int64_t location : structure.locations)
    if (location >= 0)
      start[location] +=
          range *
          (2 * vi::fit::getUniform(vi::fit::foldIn(seed, 102), location) - 1);
  return start;
}

int evaluate(vi::JITModel &model) {
  llvm::Expected<std::vector<double>> parameters =
      readFlat(model, evaluateFile);
  if (!parameters)
    return reportError(parameters.takeError());
  vi::fit::FitOptions options;
  options.seed = seed;
  options.samples = samples;
  int64_t noiseCount = model.getNoiseCount();
  vi::fit::NoiseMatrix noise = vi::fit::getHeldDraws(
      vi::fit::getStreamKey(seed, vi::fit::Stream::HeldDraws),
      vi::fit::chooseSamples(model, options), noiseCount);
  if (noiseCount == 0)
    noise.rows = 1;
  std::vector<double> gradient(parameters->size());
  double elbo = model.evaluateGradient(
      *parameters, noise, vi::fit::getWholePlates(model), gradient);
  vi::data::printEvaluation(llvm::outs(), elbo, split(model, gradient));
  return Converged;
}

std::string describeStatus(const vi::fit::FitResult &result) {
  switch (result.status) {
  case vi::fit::FitStatus::Converged:
  case vi::fit::FitStatus::Unbounded:
  case vi::fit::FitStatus::NonFiniteStart:
  case vi::fit::FitStatus::Refused:
    return "";
  case vi::fit::FitStatus::IterationLimit:
    return llvm::formatv("not converged after {0} iterations",
                         result.iterations);
  case vi::fit::FitStatus::Stalled:
    return llvm::formatv("not converged: no better point was found, but the "
                         "gradient is not small (norm {0:e2} in standard "
                         "deviations of the guide)",
                         result.gradientNorm);
  case vi::fit::FitStatus::Interrupted:
    return llvm::formatv("interrupted after {0} iterations", result.iterations);
  }
  return "";
}

/// What convergence was measured by.
std::string describeMeasure(const vi::fit::FitResult &result) {
  if (result.method == vi::fit::OptimizerKind::Adam)
    return result.hasConverged() ? "the last phase gained less than 0.001 nats"
                                 : "";
  if (result.decrement)
    return llvm::formatv("Newton decrement {0:e0}", *result.decrement);
  if (result.structure.isPoint || result.gradientNorm == 0)
    return "";
  return llvm::formatv("gradient norm {0:e0} in the guide's metric",
                       result.gradientNorm);
}

/// How many evaluations were not finite, and where the first one was not.
std::string describeNonFiniteCount(ModuleOp source,
                                   const vi::data::DataSet &data,
                                   const vi::JITModelOptions &options,
                                   const vi::fit::EvaluationCounts &counts) {
  std::string text = llvm::formatv("{0} of {1} evaluations of the ELBO and its "
                                   "gradient were not finite; the "
                                   "optimizer stepped back from them",
                                   counts.nonFinite, counts.gradients);
  if (!counts.firstNonFinite)
    return text;
  std::string reason =
      vi::describeNonFinite(source, data, options, *counts.firstNonFinite);
  return reason.empty() ? text : text + "; at the first, " + reason;
}

/// As the files and the table show it.
vi::data::VerdictSummary getVerdictSummary(const vi::fit::Verdict &verdict) {
  vi::data::VerdictSummary summary;
  summary.means = {vi::fit::getName(verdict.means).str(), verdict.meansReason};
  summary.sds = {vi::fit::getName(verdict.sds).str(), verdict.sdsReason};
  summary.tails = {vi::fit::getName(verdict.tails).str(), verdict.tailsReason};
  for (const vi::fit::ProposalVerdict &proposal : verdict.proposals)
    summary.proposals.push_back({proposal.name, proposal.khat,
                                 proposal.khatError, proposal.effectiveSize});
  summary.best = verdict.best;
  summary.draws = verdict.draws;
  summary.logEvidence = verdict.logEvidence;
  summary.logEvidenceError = verdict.logEvidenceError;
  summary.isOneMode = verdict.isOneMode;
  summary.starts = verdict.starts;
  return summary;
}

std::string getPath(llvm::StringRef file) {
  llvm::SmallString<128> path(outputDirectory);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

/// A file of draws whose rows hold `arrays`, one after the other.
class DrawsFile {
public:
  llvm::Error open(llvm::StringRef path,
                   const vi::data::DrawsDescription &description,
                   llvm::ArrayRef<vi::fit::ReportedArray> arrays) {
    std::vector<vi::data::DrawsWriter::Column> columns;
    for (const vi::fit::ReportedArray &array : arrays) {
      columns.push_back({array.name, array.shape});
      counts.push_back(array.getElementCount());
      values.resize(values.size() + counts.back());
    }
    auto created = vi::data::DrawsWriter::create(path, description, columns);
    if (!created)
      return created.takeError();
    writer = std::move(*created);
    return llvm::Error::success();
  }
  /// Where the elements of the next row go.
  llvm::MutableArrayRef<double> getValues() { return values; }
  llvm::Error write(double logJoint, double logGuide) {
    std::vector<llvm::ArrayRef<double>> parts;
    llvm::ArrayRef<double> rest = values;
    for (int64_t count : counts) {
      parts.push_back(rest.take_front(count));
      rest = rest.drop_front(count);
    }
    return writer->write(logJoint, logGuide, parts);
  }
  llvm::Error commit() { return writer->commit(); }

private:
  std::unique_ptr<vi::data::DrawsWriter> writer;
  std::vector<int64_t> counts;
  std::vector<double> values;
};

/// The observations under the names that Stan's users give their log-densities:
/// `log_lik`, or `log_lik_NAME` where the model has several sites of them.
std::vector<vi::fit::ReportedArray>
getLogLikColumns(const vi::JITModel &model) {
  llvm::ArrayRef<vi::fit::ReportedArray> observations = model.getObservations();
  std::vector<vi::fit::ReportedArray> columns = observations.vec();
  for (vi::fit::ReportedArray &column : columns)
    column.name =
        observations.size() == 1 ? "log_lik" : "log_lik_" + column.name;
  return columns;
}

llvm::Error writeDraws(vi::JITModel &model, const vi::fit::FitResult &result,
                       const vi::fit::Posterior &posterior) {
  vi::data::DrawsDescription description;
  description.model = model.getName();
  description.draws = drawCount;
  description.seed = seed;
  description.comments = {"draws of the variational posterior: " +
                              model.getTitle(),
                          posterior.hasLinearResponse()
                              ? "their covariance is the linear-response one"
                              : "their covariance is the guide's own"};
  DrawsFile drawsFile, logLikFile;
  if (llvm::Error error = drawsFile.open(getPath("draws.csv"), description,
                                         model.getReportedArrays()))
    return error;
  if (logLik) {
    description.comments.push_back(
        "the log-density of each observation, for the draws of draws.csv");
    if (llvm::Error error = logLikFile.open(getPath("log_lik.csv"), description,
                                            getLogLikColumns(model)))
      return error;
  }
  uint64_t key = vi::fit::getStreamKey(seed, vi::fit::Stream::Posterior, 3);
  uint64_t reportSeed =
      vi::fit::getStreamKey(seed, vi::fit::Stream::Posterior, 4);
  std::vector<vi::fit::PosteriorDraw> draws = posterior.draw(key, drawCount);
  for (auto [row, draw] : llvm::enumerate(draws)) {
    double logJoint = model.getLogJoint(result.parameters, draw.latents);
    model.report(result.parameters, draw.latents, reportSeed, row,
                 drawsFile.getValues());
    if (llvm::Error error = drawsFile.write(logJoint, draw.logDensity))
      return error;
    if (!logLik)
      continue;
    model.getLogLik(result.parameters, draw.latents, logLikFile.getValues());
    if (llvm::Error error = logLikFile.write(logJoint, draw.logDensity))
      return error;
  }
  if (llvm::Error error = drawsFile.commit())
    return error;
  return logLik ? logLikFile.commit() : llvm::Error::success();
}

/// Refuses more draws than fit into memory.
llvm::Error checkDrawCounts(const vi::JITModel &model) {
  auto check = [](llvm::StringRef option, int64_t draws,
                  int64_t size) -> llvm::Error {
    if (draws <= vi::getNumbersInMemory() / std::max<int64_t>(size, 1))
      return llvm::Error::success();
    return llvm::createStringError(
        llvm::formatv("{0}={1}: more numbers than the memory of this machine "
                      "holds, {2} for each draw",
                      option, draws, size)
            .str());
  };
  if (!outputDirectory.empty())
    if (llvm::Error error = check("--draws", drawCount, model.getLatentCount()))
      return error;
  return check("--samples", samples, model.getNoiseCount());
}

/// As the option has it.
std::string getEstimatorName() {
  return estimators.empty() ? "pathwise" : llvm::join(estimators, ",");
}

int train(vi::JITModel &model, llvm::ArrayRef<double> start,
          double compileSeconds) {
  vi::TrainingSetup setup;
  setup.seed = seed;
  setup.batchSize = batchSize;
  setup.samples = samples;
  setup.optimizer = optimizer;
  setup.estimator = getEstimatorName();
  setup.outputDirectory = outputDirectory;
  setup.quiet = quiet;
  setup.compileSeconds = compileSeconds;
  setup.isInterrupted = [] { return interrupted != 0; };
  std::signal(SIGINT, handleInterrupt);
  llvm::Expected<vi::TrainingOutcome> outcome =
      vi::runTraining(model, start, setup);
  if (!outcome)
    return reportError(outcome.takeError());
  return *outcome == vi::TrainingOutcome::Completed ? Converged : NotConverged;
}

int run() {
  auto begin = std::chrono::steady_clock::now();
  if (!outputDirectory.empty())
    if (llvm::Error error = vi::data::createOutputDirectory(outputDirectory))
      return reportError(std::move(error));

  vi::Explanation explanation;
  auto setUp = [&](MLIRContext &context) {
    return explain ? explanation.attach(context) : success();
  };
  llvm::Expected<std::unique_ptr<vi::ModelSource>> source =
      vi::ModelSource::open(
          modelFile, std::vector<std::string>(includes.begin(), includes.end()),
          setUp);
  if (!source)
    return reportError(source.takeError());
  double parseSeconds = getSecondsSince(begin);

  auto dataBegin = std::chrono::steady_clock::now();
  vi::data::DataSet data;
  for (const std::string &file : dataFiles)
    if (llvm::Error error = vi::data::readDataFile(file, data))
      return reportError(std::move(error));
  double dataSeconds = getSecondsSince(dataBegin);

  auto compileBegin = std::chrono::steady_clock::now();
  vi::JITModelOptions compileOptions;
  compileOptions.model = modelName;
  compileOptions.guide = guideName;
  compileOptions.rank = guideRank;
  std::vector<std::string> siteEstimators(estimators.begin(), estimators.end());
  std::string wrong;
  if (!vi::takeEstimator(siteEstimators, compileOptions.estimator, wrong))
    return reportUsage("unknown estimator '" + wrong +
                       "' (known: pathwise, sticking-the-landing, "
                       "doubly-reparameterized)");
  if (!vi::setSiteEstimators((*source)->getModule(), siteEstimators, wrong))
    return reportUsage("--estimator=" + wrong + ": there is no such site");
  if (compileOptions.estimator == vi::Estimator::DoublyReparameterized &&
      !vi::isImportanceWeightingWanted())
    return reportUsage("--estimator=doubly-reparameterized is for "
                       "--importance-samples");
  compileOptions.seed = vi::fit::foldIn(seed, 103);
  compileOptions.withLogLik = logLik;
  compileOptions.threads = threads;
  compileOptions.withLogJoint = evaluateFile.empty() && !vi::isTrainingWanted();
  compileOptions.withCounter =
      batchSize > 0 || optimizer == vi::fit::OptimizerKind::Adam;
  // To be asked where something is not finite.
  OwningOpRef<ModuleOp> pristine = (*source)->getModule().clone();
  compileOptions.forTraining = vi::isTrainingWanted();
  compileOptions.importanceWeighted = vi::isImportanceWeightingWanted();
  compileOptions.withKLWeight = vi::isKLWarmupWanted();
  llvm::Expected<std::unique_ptr<vi::JITModel>> created =
      vi::JITModel::create((*source)->getModule(), data, compileOptions);
  if (!created)
    return reportError(created.takeError());
  vi::JITModel &model = **created;
  if (explain)
    explanation.print(llvm::outs(), (*source)->getText());
  double compileSeconds = getSecondsSince(compileBegin) + parseSeconds;

  if (!model.getScoreSites().empty() &&
      (optimizer == vi::fit::OptimizerKind::Newton ||
       optimizer == vi::fit::OptimizerKind::LBFGS))
    return reportUsage("the gradient of site '" +
                       model.getScoreSites().front() +
                       "' is the score function's, over fresh draws: "
                       "--optimizer must be adam");
  if (!vi::isTrainingWanted())
    if (llvm::Error error = checkDrawCounts(model))
      return reportError(std::move(error));

  if (!evaluateFile.empty())
    return evaluate(model);

  bool isGiven = false;
  llvm::Expected<std::vector<double>> start = chooseStart(model, isGiven);
  if (!start)
    return reportError(start.takeError());

  if (vi::isTrainingWanted())
    return train(model, *start, compileSeconds);

  vi::fit::FitOptions options;
  options.seed = seed;
  options.samples = samples;
  options.batchSize = batchSize;
  options.maxIterations = iterations;
  options.optimizer = optimizer;
  options.stepSize = stepSize;
  options.covariance = covariance;
  options.keepStart = isGiven;
  std::signal(SIGINT, handleInterrupt);
  auto fitBegin = std::chrono::steady_clock::now();
  std::vector<vi::data::TraceEntry> trace;
  bool isStochastic = batchSize > 0 ||
                      optimizer == vi::fit::OptimizerKind::Adam ||
                      !model.getScoreSites().empty();
  vi::data::Progress progress(
      llvm::errs(), vi::data::Progress::chooseStyle(llvm::errs(), quiet),
      iterations, isStochastic ? 0 : vi::fit::gradientTolerance);
  // Of long traces every second, fourth, ... line is kept.
  int64_t stride = 1;
  vi::fit::FitMonitor monitor;
  monitor.report = [&](const vi::fit::FitProgress &step) {
    progress.update(step.iteration, step.elbo, step.gradientNorm);
    if (step.iteration % stride != 0)
      return;
    trace.push_back({step.iteration, step.gradientEvaluations, step.elbo,
                     step.gradientNorm, getSecondsSince(fitBegin)});
    if (trace.size() < 20000)
      return;
    stride *= 2;
    llvm::erase_if(trace, [&](const vi::data::TraceEntry &entry) {
      return entry.iteration % stride != 0;
    });
  };
  monitor.isInterrupted = [] { return interrupted != 0; };
  monitor.restart = [&] {
    trace.clear();
    stride = 1;
  };
  vi::fit::StartsResult fits =
      vi::fit::fitFromStarts(model, *start, options, monitor, startCount);
  const vi::fit::FitResult &result = fits.best;
  // More nodes of quadrature where those at hand leave an error.
  vi::ELBOError elboError;
  while (!result.parameters.empty() &&
         result.status != vi::fit::FitStatus::NonFiniteStart &&
         result.status != vi::fit::FitStatus::Refused) {
    llvm::Expected<vi::ELBOError> error = model.getELBOError(result.parameters);
    if (!error)
      return reportError(error.takeError());
    elboError = *error;
    if (elboError.estimated <= largestQuadratureError)
      break;
    llvm::Expected<bool> refined = model.refineQuadrature();
    if (!refined)
      return reportError(refined.takeError());
    if (!*refined)
      break;
    std::vector<double> from = result.parameters;
    options.keepStart = true;
    trace.clear();
    fits = vi::fit::fitFromStarts(model, from, options, monitor,
                                  std::max<int64_t>(startCount, fits.starts));
  }
  progress.finish();
  double fitSeconds = getSecondsSince(fitBegin);
  if (llvm::Error error = vi::data::checkMappedFiles())
    return reportError(std::move(error));
  if (result.status == vi::fit::FitStatus::NonFiniteStart) {
    vi::fit::NonFinitePoint point;
    point.parameters = result.parameters;
    point.latents.resize(model.getLatentCount());
    std::vector<double> center(model.getNoiseCount());
    model.getLatents(point.parameters, center, point.latents);
    std::string reason =
        vi::describeNonFinite(*pristine, data, compileOptions, point);
    llvm::errs() << "vi-fit: error: the ELBO is not finite at the start, nor "
                    "with a narrower guide; give another start with --init\n";
    if (!reason.empty())
      llvm::errs() << "vi-fit: note: at the start, " << reason << "\n";
    return Failure;
  }

  if (result.status == vi::fit::FitStatus::Refused) {
    llvm::errs() << "vi-fit: error: " << result.refusal << "\n";
    return Failure;
  }

  auto reportBegin = std::chrono::steady_clock::now();
  vi::fit::Posterior posterior(
      model, result,
      vi::fit::getStreamKey(seed, vi::fit::Stream::Posterior, 0));
  vi::data::FitSummary summary;
  summary.title = model.getTitle();
  summary.elbo = result.elbo;
  summary.elboMCSE = result.elboError;
  summary.elboIsExact = model.isExact();
  summary.elboErrorBound = elboError.certified + elboError.estimated;
  // A thousandth of a bound does not make it an estimate.
  summary.elboErrorIsEstimated =
      elboError.estimated > 1e-3 * elboError.certified;
  summary.elboUpToConstant = model.isUpToConstant();
  summary.converged = result.hasConverged();
  summary.iterations = result.iterations;
  summary.gradientEvaluations = result.counts.gradients;
  summary.hessianVectorProducts = result.counts.products;
  summary.method = vi::fit::getMethodName(result.method).str();
  summary.methodReason = result.methodReason;
  if (result.decrement)
    summary.newtonDecrement = *result.decrement;
  summary.naturalGradientNorm = result.gradientNorm;
  summary.compileSeconds = compileSeconds;
  summary.fitSeconds = fitSeconds;
  std::string status = describeStatus(result);
  if (!status.empty())
    summary.warnings.push_back(status);
  llvm::append_range(summary.warnings, result.warnings);
  if (!(elboError.estimated <= largestQuadratureError))
    summary.warnings.push_back(
        llvm::formatv("quadrature with {0} nodes errs by about {1} in the ELBO",
                      model.getQuadratureNodes(),
                      llvm::format("%.1e", elboError.estimated))
            .str());
  if (result.counts.nonFinite)
    summary.warnings.push_back(
        describeNonFiniteCount(*pristine, data, compileOptions, result.counts));
  if (!posterior.hasLinearResponse() && model.getLatentCount() > 0 &&
      result.hasConverged() &&
      covariance == vi::fit::CovarianceKind::LinearResponse)
    summary.warnings.push_back(
        "sd is the guide's own, not the linear-response one: " +
        posterior.getReason());
  if (model.isUpToConstant())
    summary.warnings.push_back(
        "a prior is improper or a factor not normalized: the ELBO is known up "
        "to a constant");
  for (const std::string &site : model.getOmittedObservations())
    summary.warnings.push_back(
        "log_lik.csv is without '" + site +
        "': how often it is observed is not a function of the data alone");
  summary.levels = model.getLevels();
  summary.measure = describeMeasure(result);
  summary.heldDraws = model.isExact() ? 0 : result.samples;
  summary.heldShift = result.heldShift;
  std::vector<vi::fit::ArraySummary> arrays =
      vi::fit::summarize(model, result, posterior, seed);
  vi::fit::Verdict verdict =
      vi::fit::judge(model, fits, posterior, arrays, seed);
  summary.verdict = getVerdictSummary(verdict);
  summary.warnings.insert(summary.warnings.begin(), verdict.warnings.begin(),
                          verdict.warnings.end());
  for (auto [i, array] : llvm::enumerate(arrays)) {
    vi::data::SiteSummary site;
    site.name = array.name;
    site.shape = array.shape;
    site.mean = std::move(array.mean);
    site.sd = std::move(array.sd);
    site.guideSD = std::move(array.guideSD);
    site.q05 = std::move(array.q05);
    site.q50 = std::move(array.q50);
    site.q95 = std::move(array.q95);
    if (verdict.hasWeights()) {
      site.correctedMean = std::move(verdict.corrections[i].mean);
      site.correctedSD = std::move(verdict.corrections[i].sd);
    }
    site.levelsOf = model.getLevelsOf(site.name);
    summary.sites.push_back(std::move(site));
  }
  if (!quiet)
    vi::data::printSummary(llvm::outs(), summary, maxRows);
  if (!outputDirectory.empty()) {
    if (llvm::Error error =
            vi::data::writeSummary(getPath("summary.json"), summary))
      return reportError(std::move(error));
    if (llvm::Error error = vi::data::writeTrace(getPath("elbo.csv"), trace))
      return reportError(std::move(error));
    if (llvm::Error error = vi::data::writeParameters(
            getPath("parameters.json"), split(model, result.parameters)))
      return reportError(std::move(error));
    if (llvm::Error error = writeDraws(model, result, posterior))
      return reportError(std::move(error));
  }
  double reportSeconds = getSecondsSince(reportBegin);

  if (timing) {
    const vi::JIT::Timing &jit = model.getTiming();
    const std::pair<const char *, double> phases[] = {
        {"parse", parseSeconds},
        {"data", dataSeconds},
        {"model passes", model.getPassSeconds()},
        {"lowering", jit.lowering},
        {"translation", jit.translation},
        {"optimization", jit.optimization},
        {"code generation", jit.generation},
        {"fit", fitSeconds},
        {"report", reportSeconds},
        {"total", getSecondsSince(begin)}};
    for (auto [name, seconds] : phases)
      llvm::errs() << llvm::formatv("{0,-16} {1:f4} s\n", name, seconds);
  }
  return result.hasConverged() ? Converged : NotConverged;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM initializer(argc, argv);
  // A file that grows beyond the limit is an error of the write, not a crash.
  std::signal(SIGXFSZ, SIG_IGN);
  // Nor is a file of data that is cut short while it is read.
  vi::data::endOnTruncatedFile("vi-fit", Failure);
  std::set_new_handler([] {
    // Nothing may be allocated any more.
    constexpr llvm::StringLiteral message = "vi-fit: error: out of memory\n";
    (void)!write(STDERR_FILENO, message.data(), message.size());
    _exit(Failure);
  });
  vi::registerAllPasses();
  registerPassManagerCLOptions();
  cl::HideUnrelatedOptions({&category, &vi::getTrainingCategory()});
  vi::hideUnrelatedOptionsOfCommands();
  if (!cl::ParseCommandLineOptions(
          argc, argv, "fit a model of the vi dialect to data\n", &llvm::errs()))
    return Usage;
  if (vi::isLearnedModelCommand()) {
    if (std::optional<std::string> message = vi::checkCommandOptions())
      return reportUsage(*message);
    if (llvm::Error error = vi::runLearnedModelCommand())
      return reportError(std::move(error));
    return Converged;
  }
  if (samples < 0 || batchSize < 0 || iterations < 0 || maxRows < 0 ||
      startCount < 0)
    return reportUsage("--samples, --batch-size, --iterations, --max-rows and "
                       "--starts must not be negative");
  if (logLik && outputDirectory.empty())
    return reportUsage("--log-lik needs --output, the directory of its file");
  if (threads < 1)
    return reportUsage("--threads must be positive");
  if (drawCount < 1)
    return reportUsage("--draws must be positive");
  if (guideRank < 1)
    return reportUsage("--rank must be positive");
  if (guideRank.getNumOccurrences() && guideName != "lowrank")
    return reportUsage("--rank is for --guide=lowrank");
  if (!(stepSize >= 0) || !std::isfinite(stepSize))
    return reportUsage("--step-size must be a positive number");
  double range = 1;
  bool isRange = !llvm::StringRef(init).getAsDouble(range);
  if (isRange && !(range >= 0 && std::isfinite(range)))
    return reportUsage("--init=" + init +
                       ": the range of a random start must be a number that is "
                       "not negative");
  if (batchSize > 0 && (optimizer == vi::fit::OptimizerKind::LBFGS ||
                        optimizer == vi::fit::OptimizerKind::Newton))
    return reportUsage("--batch-size needs a method for noisy gradients: not "
                       "--method=" +
                       vi::fit::getMethodName(optimizer));
  if (std::optional<std::string> message =
          vi::checkTrainingOptions(!outputDirectory.empty()))
    return reportUsage(*message);
  bool isForTraining = optimizer == vi::fit::OptimizerKind::AdamW ||
                       optimizer == vi::fit::OptimizerKind::SGD;
  if (isForTraining && !vi::isTrainingWanted())
    return reportUsage("--optimizer=adamw and --optimizer=sgd need --epochs");
  if (vi::isTrainingWanted() &&
      (optimizer == vi::fit::OptimizerKind::LBFGS ||
       optimizer == vi::fit::OptimizerKind::Newton || iterations > 0 ||
       stepSize > 0 || (vi::isImportanceWeightingWanted() && samples > 0) ||
       logLik || !evaluateFile.empty()))
    return reportUsage(
        "--epochs does not go with --method=lbfgs or newton, "
        "--iterations, --step-size, --log-lik or --evaluate, nor "
        "--importance-samples with --samples");
  for (llvm::StringRef argument : initParameters)
    if (argument.find('=') == llvm::StringRef::npos)
      return reportUsage("--init-parameter=" + argument +
                         ": expected NAME=FILE.npy");
  if (!initParameters.empty() && !init.empty() && init != "random" && !isRange)
    return reportUsage("--init-parameter does not go with the --init of a "
                       "file, which has all parameters");
  if (vi::isTrainingWanted() && (init == "random" || isRange))
    return reportUsage("--init takes a parameters.json with --epochs");
  int status = run();
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    llvm::outs().clear_error();
    llvm::errs() << "vi-fit: error: cannot write to standard output\n";
    return Failure;
  }
  return status;
}
