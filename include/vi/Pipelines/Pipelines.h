//===- Pipelines.h - from models to functions on tensors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_PIPELINES_PIPELINES_H
#define VI_PIPELINES_PIPELINES_H

#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace vi {

/// What can be chosen about a model's way to functions.
struct ModelPipelineOptions : mlir::PassPipelineOptions<ModelPipelineOptions> {
  Option<GuideFamily> family{
      *this, "family",
      llvm::cl::desc("family of the guide of a model that has none"),
      llvm::cl::values(clEnumValN(GuideFamily::MeanField, "meanfield",
                                  "independent normals"),
                       clEnumValN(GuideFamily::FullRank, "fullrank",
                                  "one multivariate normal"),
                       clEnumValN(GuideFamily::LowRank, "lowrank",
                                  "one of low rank plus diagonal"),
                       clEnumValN(GuideFamily::Delta, "delta", "a point")),
      llvm::cl::init(GuideFamily::MeanField)};
  Option<int64_t> rank{*this, "rank",
                       llvm::cl::desc("rank of the family lowrank"),
                       llvm::cl::init(4)};
  Option<bool> replaceGuides{
      *this, "replace-guides",
      llvm::cl::desc("let the family take the place of guides written by hand"),
      llvm::cl::init(false)};
  Option<std::string> guide{
      *this, "guide",
      llvm::cl::desc("the guide to use where a model has several")};
  Option<Estimator> estimator{
      *this, "estimator", llvm::cl::desc("gradient estimator"),
      llvm::cl::values(
          clEnumValN(Estimator::Pathwise, "pathwise",
                     "derivative along the draws"),
          clEnumValN(Estimator::StickingTheLanding, "sticking-the-landing",
                     "without the score of q"),
          clEnumValN(Estimator::DoublyReparameterized, "doubly-reparameterized",
                     "the importance-weighted bound's")),
      llvm::cl::init(Estimator::Pathwise)};
  Option<bool> divergencesOnly{
      *this, "divergences-only",
      llvm::cl::desc("closed forms for divergences and entropies alone; "
                     "log-densities of data are sampled"),
      llvm::cl::init(false)};
  Option<bool> counter{
      *this, "counter",
      llvm::cl::desc("take noise from a counter (seed), not from an array"),
      llvm::cl::init(false)};
  Option<bool> generative{
      *this, "generative",
      llvm::cl::desc("also the functions that use a learned model: encode, "
                     "decode, reconstruct, sample, log_weights"),
      llvm::cl::init(false)};
  Option<bool> klWeight{
      *this, "kl-weight",
      llvm::cl::desc("give the ELBO a weight of the divergences as an argument "
                     "(KL warm-up)"),
      llvm::cl::init(false)};
  Option<bool> hessian{*this, "hessian",
                       llvm::cl::desc("the ELBO's Hessian-vector product, too"),
                       llvm::cl::init(false)};
  Option<bool> errorBounds{
      *this, "error-bounds",
      llvm::cl::desc("a function for the error of the ELBO's certified and "
                     "quadrature forms, too"),
      llvm::cl::init(false)};
  Option<int64_t> quadratureNodes{
      *this, "quadrature-nodes",
      llvm::cl::desc("nodes of one-dimensional quadrature"),
      llvm::cl::init(64)};
  Option<int64_t> samples{
      *this, "samples",
      llvm::cl::desc("draws of expectations in functions without an argument "
                     "for their number"),
      llvm::cl::init(32)};
};

/// Notes at the sites of models and guides how their gradients are estimated
/// (`vi.estimator`): each of `choices` is SITE=NAME. False, with the choice at
/// fault, where there is no such site.
bool setSiteEstimators(mlir::ModuleOp module,
                       llvm::ArrayRef<std::string> choices, std::string &wrong);

/// The name of an estimator on command lines.
llvm::StringRef getEstimatorName(Estimator estimator);

/// Takes the general choice, one without a site, out of `choices` of
/// estimators. False, with the choice at fault, where it is unknown.
bool takeEstimator(std::vector<std::string> &choices, Estimator &estimator,
                   std::string &wrong);

/// Appends the passes that turn models and their guides into exported
/// functions on tensors, with plates: everything before differentiation.
void buildObjectivePipeline(mlir::OpPassManager &manager,
                            const ModelPipelineOptions &options);

/// Appends the whole way from models to functions on tensors, gradients
/// included; `buildLoweringPipeline` takes it from there.
void buildModelPipeline(mlir::OpPassManager &manager,
                        const ModelPipelineOptions &options);

/// Registers `vi-objective` and `vi-compile-model` with the pass registry.
void registerModelPipelines();

} // namespace vi

#endif // VI_PIPELINES_PIPELINES_H
