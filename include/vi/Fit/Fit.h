//===- Fit.h - maximizing the ELBO -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_FIT_H
#define VI_FIT_FIT_H

#include "vi/Fit/CompiledModel.h"
#include "vi/Fit/Guide.h"
#include "vi/Fit/HeldDraws.h"
#include "vi/Fit/LinearAlgebra.h"
#include "vi/Fit/Objective.h"
#include "llvm/ADT/StringRef.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vi {
namespace fit {

enum class OptimizerKind {
  /// Newton for deterministic objectives, Adam for minibatches.
  Automatic,
  /// Trust-region Newton with conjugate gradients, L-BFGS where that ends
  /// early.
  Newton,
  LBFGS,
  Adam,
  /// For training (`Trainer`) alone.
  AdamW,
  SGD
};

/// The gradient norm in the metric of q (`FitResult::gradientNorm`) at which a
/// fit over held draws has converged.
constexpr double gradientTolerance = 1e-5;

/// The standard normals of a draw up to which fits to minibatches take sets of
/// held draws in turn. With more, the noise of a batch is computed where it is
/// used, if the model can (`CompiledModel::hasCounterNoise`).
constexpr int64_t maxHeldNoise = 512;

/// Which covariance of the latents is reported.
enum class CovarianceKind {
  /// The linear-response one, where there is one.
  LinearResponse,
  /// The guide's own.
  Guide
};

struct FitOptions {
  uint64_t seed = 1;
  /// Draws for an evaluation; 0 chooses.
  int64_t samples = 0;
  /// Members of the first data plate in a minibatch; 0 takes all.
  int64_t batchSize = 0;
  /// The most iterations; 0 chooses.
  int64_t maxIterations = 0;
  OptimizerKind optimizer = OptimizerKind::Automatic;
  /// Adam's first step size; 0 chooses.
  double stepSize = 0;
  CovarianceKind covariance = CovarianceKind::LinearResponse;
  /// Parameters up to which Hessians are formed.
  int64_t maxHessianParameters = 200;
  /// Whether a start that the caller gives is to be taken as it is. Otherwise
  /// a better one is looked for (`findStart`).
  bool keepStart = false;
  /// The points that `findStart` tries.
  int64_t startCandidates = 8;
};

enum class FitStatus {
  Converged,
  /// Out of iterations.
  IterationLimit,
  /// The optimizer finds no better point, but the gradient is not small.
  Stalled,
  /// The ELBO grows without bound.
  Unbounded,
  /// The ELBO is not finite at the start, nor anywhere near it.
  NonFiniteStart,
  /// The options ask for what has no answer: `FitResult::refusal` says what.
  Refused,
  Interrupted
};

/// A line of the trace.
struct FitProgress {
  int64_t iteration = 0;
  int64_t gradientEvaluations = 0;
  double elbo = 0;
  /// In the metric of q (see `FitResult::gradientNorm`).
  double gradientNorm = 0;
};

/// What a fit calls as it goes.
struct FitMonitor {
  /// After each iteration.
  std::function<void(const FitProgress &)> report = [](const FitProgress &) {};
  /// Forgets what was reported: another start is better.
  std::function<void()> restart = [] {};
  /// Asked often; true ends the fit with what it has.
  std::function<bool()> isInterrupted = [] { return false; };
};

struct FitResult {
  FitStatus status = FitStatus::NonFiniteStart;
  std::vector<double> parameters;
  /// The ELBO over fresh draws and its Monte Carlo standard error.
  double elbo = 0, elboError = 0;
  /// The ELBO over the held draws, at the last point.
  double heldELBO = 0;
  /// The norm of the gradient in the metric of q: each component times how far
  /// its parameter moves for a change of q of order one.
  double gradientNorm = 0;
  /// Newton, L-BFGS or Adam, and why.
  OptimizerKind method = OptimizerKind::Automatic;
  std::string methodReason;
  std::string refusal;
  /// The Newton decrement, where the Hessian is definite: each mean is within
  /// this many linear-response standard deviations of the optimum of the held
  /// draws, and the ELBO within half of its square.
  std::optional<double> decrement;
  /// Held draws at the end.
  int64_t samples = 0;
  /// How far they move a parameter from the optimum over all draws, at most and
  /// in standard deviations: what an independent, larger set says.
  std::optional<double> heldShift;
  int64_t iterations = 0;
  EvaluationCounts counts;
  /// The Hessian of the negative ELBO over the guide's own parameters, where it
  /// is formed.
  std::optional<Matrix> hessian;
  /// The linear-response covariance of the latents, where it was found without
  /// forming the Hessian.
  std::optional<Matrix> response;
  /// Why there is neither; may be empty.
  std::string noResponseReason;
  GuideStructure structure;
  /// Full sentences without a final stop, in lower case.
  std::vector<std::string> warnings;

  bool hasConverged() const { return status == FitStatus::Converged; }
};

/// How a method is called in options and files.
llvm::StringRef getMethodName(OptimizerKind kind);

/// Maximizes the ELBO from `start`.
FitResult fit(CompiledModel &model, llvm::ArrayRef<double> start,
              const FitOptions &options, const FitMonitor &monitor);

/// The ELBO at `parameters` over fresh draws (`getOrthogonalDraws`), and its
/// Monte Carlo standard error: draws are added until that is below
/// `targetError`, or about `maxWork` numbers have been read by 64 draws or
/// more.
struct ELBOEstimate {
  double value = 0, error = 0;
  int64_t draws = 0;
  int64_t nonFinite = 0;
};
ELBOEstimate estimateELBO(CompiledModel &model,
                          llvm::ArrayRef<double> parameters, uint64_t key,
                          double targetError, double maxWork);

/// The numbers of a held set: as the options say, or enough for the guide.
int64_t chooseSamples(CompiledModel &model, const FitOptions &options);

/// Maximizes over held draws by L-BFGS (`fit` decides). `batches` has an entry
/// for each data plate, or is empty for whole plates.
FitResult fitDeterministic(CompiledModel &model, llvm::ArrayRef<double> start,
                           const FitOptions &options, const FitMonitor &monitor,
                           llvm::ArrayRef<PlateBatch> batches = {});

/// Maximizes over fresh draws and minibatches by Adam (`fit` decides).
FitResult fitStochastic(CompiledModel &model, llvm::ArrayRef<double> start,
                        const FitOptions &options, const FitMonitor &monitor);

/// Says which latent or parameter has left every sensible scale, if one has:
/// the objective is then not bounded.
std::optional<std::string> describeRunaway(CompiledModel &model,
                                           llvm::ArrayRef<double> parameters,
                                           const GuideStructure &structure,
                                           NoiseView noise);

/// Keys of a fit's random numbers, folded into the seed.
enum class Stream : uint64_t {
  HeldDraws,
  FreshELBO,
  Batches,
  Posterior,
  Starts,
  Start
};
uint64_t getStreamKey(uint64_t seed, Stream stream, uint64_t number = 0);

} // namespace fit
} // namespace vi

#endif // VI_FIT_FIT_H
