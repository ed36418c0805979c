//===- Pipelines.cpp - from models to functions on tensors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Pipelines/Pipelines.h"

#include "vi/Differentiation/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace vi;

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
  entryPoints.hessian = options.hessian;
  manager.addPass(createEntryPoints(entryPoints));
  manager.addPass(createExpandELBO());
  manager.addPass(createErasePrograms());
  addCleanUp(manager);
  manager.addPass(createFusePlates());
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
  manager.addPass(createDifferentiate());
  addCleanUp(manager);
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
