//===- Pipelines.cpp - from models to functions on tensors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Pipelines/Pipelines.h"

#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace vi;

StringRef vi::getEstimatorName(Estimator estimator) {
  switch (estimator) {
  case Estimator::Pathwise:
    return "pathwise";
  case Estimator::StickingTheLanding:
    return "sticking-the-landing";
  case Estimator::DoublyReparameterized:
    return "doubly-reparameterized";
  }
  return "";
}

bool vi::takeEstimator(std::vector<std::string> &choices, Estimator &estimator,
                       std::string &wrong) {
  std::vector<std::string> sites;
  for (const std::string &choice : choices) {
    if (StringRef(choice).contains('=')) {
      sites.push_back(choice);
      continue;
    }
    auto found =
        llvm::StringSwitch<std::optional<Estimator>>(choice)
            .Case("pathwise", Estimator::Pathwise)
            .Case("sticking-the-landing", Estimator::StickingTheLanding)
            .Case("doubly-reparameterized", Estimator::DoublyReparameterized)
            .Default(std::nullopt);
    if (!found) {
      wrong = choice;
      return false;
    }
    estimator = *found;
  }
  choices = std::move(sites);
  return true;
}

bool vi::setSiteEstimators(ModuleOp module, ArrayRef<std::string> choices,
                           std::string &wrong) {
  for (const std::string &choice : choices) {
    std::pair<StringRef, StringRef> parts = StringRef(choice).split('=');
    StringRef name = parts.first, estimator = parts.second;
    bool isFound = false;
    module.walk([&](SampleOp site) {
      if (site.getName() != name)
        return;
      isFound = true;
      site->setAttr("vi.estimator",
                    StringAttr::get(module.getContext(), estimator));
    });
    if (!isFound) {
      wrong = choice;
      return false;
    }
  }
  return true;
}

/// Folds, merges and erases what the pass before left behind.
static void addCleanUp(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void vi::buildObjectivePipeline(OpPassManager &manager,
                                const ModelPipelineOptions &options) {
  manager.addPass(createInlineCalls());
  manager.addPass(createDecomposeAggregates());
  manager.addPass(createRaiseToPlates());
  addCleanUp(manager);
  MarginalizeOptions marginalize;
  marginalize.guide = options.guide;
  marginalize.replaceGuides = options.replaceGuides;
  manager.addPass(createMarginalize(marginalize));
  addCleanUp(manager);
  manager.addPass(createUnconstrain());
  AutoGuideOptions guide;
  guide.family = options.family;
  guide.rank = options.rank;
  guide.replace = options.replaceGuides;
  manager.addPass(createAutoGuide(guide));
  // Guides made for joint events (a simplex) have members too.
  manager.addPass(createRaiseToPlates());
  EntryPointsOptions entryPoints;
  entryPoints.guide = options.guide;
  entryPoints.counter = options.counter;
  entryPoints.generative = options.generative;
  entryPoints.klWeight = options.klWeight;
  entryPoints.doublyReparameterized =
      options.estimator == Estimator::DoublyReparameterized;
  entryPoints.hessian = options.hessian;
  manager.addPass(createEntryPoints(entryPoints));
  manager.addPass(createExpandELBO());
  manager.addPass(createErasePrograms());
  addCleanUp(manager);
  manager.addPass(createFusePlates());
  addCleanUp(manager);
  manager.nest<func::FuncOp>().addPass(createEnumerateDraws());
  manager.nest<func::FuncOp>().addPass(createScoreFunction());
  addCleanUp(manager);
  SimplifyExpectationsOptions simplify;
  simplify.keepGuideDensity =
      options.estimator == Estimator::StickingTheLanding;
  simplify.divergencesOnly = options.divergencesOnly;
  simplify.errorBounds = options.errorBounds;
  simplify.quadratureNodes = options.quadratureNodes;
  manager.nest<func::FuncOp>().addPass(createSimplifyExpectations(simplify));
  addCleanUp(manager);
  if (options.errorBounds) {
    manager.addPass(createBoundErrors());
    addCleanUp(manager);
  }
  EstimateExpectationsOptions estimate;
  estimate.estimator = options.estimator;
  estimate.samples = options.samples;
  manager.nest<func::FuncOp>().addPass(createEstimateExpectations(estimate));
  manager.addPass(createLowerDistributions());
  addCleanUp(manager);
  manager.addPass(createFusePlates());
  addCleanUp(manager);
  manager.addPass(createPrepareData());
  addCleanUp(manager);
}

void vi::buildModelPipeline(OpPassManager &manager,
                            const ModelPipelineOptions &options) {
  buildObjectivePipeline(manager, options);
  // A member's terms, those of all draws included, in one place: one reverse
  // sweep then goes through what they share, the network of a guide.
  InterchangePlatesOptions interchange;
  interchange.onlyShared = true;
  manager.addPass(createInterchangePlates(interchange));
  addCleanUp(manager);
  manager.addPass(createFusePlates());
  addCleanUp(manager);
  manager.addPass(createDifferentiate());
  addCleanUp(manager);
  // The weights of draws are the same for all of them: once they are outside of
  // the draws, the gradient does not wait for the value, and is fused with it.
  for (int round = 0; round < 2; ++round) {
    manager.addPass(createFusePlates());
    addCleanUp(manager);
  }
}

void vi::registerModelPipelines() {
  PassPipelineRegistration<ModelPipelineOptions>(
      "vi-objective",
      "Turn models into functions on tensors, with plates, before "
      "differentiation",
      buildObjectivePipeline);
  PassPipelineRegistration<ModelPipelineOptions>(
      "vi-compile-model",
      "Turn models into functions on tensors, with plates, gradients included",
      buildModelPipeline);
}
