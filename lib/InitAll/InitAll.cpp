//===- InitAll.cpp - registration of everything ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/InitAll.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/RNG/Transforms/Passes.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/Transforms/Passes.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/BufferizableOpInterfaceImpl.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Differentiation/Passes.h"
#include "vi/Pipelines/Pipelines.h"
#include "vi/Target/Passes.h"

void vi::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<rng::RNGDialect, special::SpecialDialect, VIDialect>();
}

void vi::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  registerDialects(registry);
}

void vi::registerAllExtensions(mlir::DialectRegistry &registry) {
  mlir::registerAllExtensions(registry);
  mlir::registerAllToLLVMIRTranslations(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
}

void vi::registerPasses() {
  rng::registerViRNGPasses();
  special::registerViSpecialPasses();
  registerVIPasses();
  registerDifferentiationPasses();
  registerTargetPasses();
  registerTargetPipelines();
  registerModelPipelines();
}

void vi::registerAllPasses() {
  mlir::registerAllPasses();
  registerPasses();
}
