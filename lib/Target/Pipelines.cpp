//===- Pipelines.cpp - from functions on tensors to the LLVM dialect ------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "vi/Dialect/RNG/Transforms/Passes.h"
#include "vi/Dialect/Special/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Target/Passes.h"

using namespace mlir;

namespace {

/// Removes the scopes of `alloca` that the conversion to OpenMP puts around the
/// bodies of loops, before those become several blocks: no loop over chunks
/// takes anything from the stack.
struct InlineAllocaScopes
    : PassWrapper<InlineAllocaScopes, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(InlineAllocaScopes)

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](memref::AllocaScopeOp scope) {
      if (!scope->getParentOfType<omp::ParallelOp>())
        return;
      Operation *terminator = scope.getBody()->getTerminator();
      rewriter.inlineBlockBefore(scope.getBody(), scope);
      rewriter.eraseOp(terminator);
      rewriter.eraseOp(scope);
    });
  }
};

/// Plates, factorizations and named operations become loops and scalars.
void addScalarStage(OpPassManager &manager,
                    const vi::LoweringOptions &options) {
  manager.addPass(createInlinerPass());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(vi::createDecomposeAggregates());
  if (!options.plainLoops) {
    manager.addPass(vi::createInterchangePlates());
    manager.addPass(vi::createFusePlates());
    OpPassManager &functions = manager.nest<func::FuncOp>();
    // Two plates made one may compute the same, and what they stack.
    functions.addPass(createCSEPass());
    functions.addPass(createCanonicalizerPass());
    functions.addPass(createCSEPass());
    // Lanes are known for generic operations and scalars.
    functions.addPass(createConvertElementwiseToLinalgPass());
    functions.addPass(createLinalgGeneralizeNamedOpsPass());
    functions.addPass(vi::createFuseElementwise());
    functions.addPass(createCanonicalizerPass());
    functions.addPass(createCSEPass());
    manager.addPass(vi::createFlattenPlates());
    OpPassManager &flat = manager.nest<func::FuncOp>();
    flat.addPass(vi::createFuseElementwise());
    flat.addPass(createCanonicalizerPass());
    flat.addPass(createCSEPass());
    // What does not depend on a draw is an operation of its own now.
    manager.addPass(vi::createFusePlates());
    manager.nest<func::FuncOp>().addPass(createCSEPass());
    manager.addPass(vi::createChunkPlates());
  }
  vi::TilePlatesOptions tiles;
  tiles.vectorBits = options.plainLoops ? 0 : options.vectorBits;
  manager.addPass(vi::createTilePlates(tiles));
  vi::LowerMatrixOptions matrix;
  matrix.blocked = !options.plainLoops;
  manager.addPass(vi::createLowerMatrix(matrix));
  manager.addPass(vi::createSplatToFill());
  OpPassManager &functions = manager.nest<func::FuncOp>();
  functions.addPass(createConvertElementwiseToLinalgPass());
  functions.addPass(createLinalgGeneralizeNamedOpsPass());
  functions.addPass(vi::createFuseElementwise());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(vi::createCollectInsertions());
  functions.addPass(createCSEPass());
  manager.addPass(vi::createHoistLoopInvariants());
  manager.addPass(vi::createReuseAccumulators());
  if (options.contract)
    manager.addPass(vi::createAllowContraction());
  // Random numbers need special functions.
  manager.addPass(vi::rng::createLowerRNGPass());
  // Straight code where there is some; what the other functions are made of is
  // expanded in turn.
  vi::special::ExpandSpecialPassOptions expand;
  expand.fma = options.fma;
  manager.addPass(vi::special::createExpandSpecialPass(expand));
  manager.addPass(vi::special::createLowerSpecialPass());
  manager.addPass(vi::special::createExpandSpecialPass(expand));
}

/// Tensors become buffers: the caller's, then few of our own.
void addBufferStage(OpPassManager &manager) {
  manager.addPass(vi::createExportCInterface());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  // A loop that cannot update what it carries in place gets a copy.
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  manager.addPass(bufferization::createOneShotBufferizePass(bufferize));
  OpPassManager &functions = manager.nest<func::FuncOp>();
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
  functions.addPass(bufferization::createBufferHoistingPass());
  functions.addPass(bufferization::createBufferLoopHoistingPass());
  manager.addPass(vi::createPlaceBuffers());
  bufferization::buildBufferDeallocationPipeline(manager);
  manager.addPass(createConvertBufferizationToMemRefPass());
  manager.addPass(vi::createPoolBuffers());
}

/// Buffers and loops become the LLVM dialect.
void addLLVMStage(OpPassManager &manager, const vi::LoweringOptions &options) {
  vi::LowerChunksOptions chunks;
  chunks.parallel = options.threads != 0;
  manager.addPass(vi::createLowerChunks(chunks));
  if (options.threads != 0) {
    ConvertSCFToOpenMPPassOptions threads;
    // 0 is the library's default.
    threads.numThreads = std::max<int>(0, options.threads);
    manager.addPass(createConvertSCFToOpenMPPass(threads));
    manager.addPass(std::make_unique<InlineAllocaScopes>());
  }
  if (options.freestanding)
    manager.addPass(vi::createStackBuffers());
  manager.addPass(vi::createLowerBooleanVectors());
  manager.addPass(vi::createLowerCopies());
  manager.addPass(vi::createLowerReshapes());
  manager.addPass(vi::createExpandMath());
  if (!options.plainLoops) {
    vi::VectorizeOptions vectorize;
    vectorize.vectorBits = options.vectorBits;
    vectorize.vectorRegisters = options.vectorRegisters;
    vectorize.l2Bytes = options.l2Bytes;
    manager.addPass(vi::createVectorize(vectorize));
  }
  OpPassManager &functions = manager.nest<func::FuncOp>();
  // What is left over.
  functions.addPass(createConvertLinalgToLoopsPass());
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createLoopInvariantCodeMotionPass());
  functions.addPass(createCSEPass());
  functions.addPass(arith::createArithExpandOpsPass());
  functions.addPass(createConvertVectorToSCFPass());
  functions.addPass(createSCFToControlFlowPass());
  if (options.freestanding)
    manager.addPass(vi::createVerifyFreestanding());
  manager.addPass(vi::createCallAccurateMath());
  ConvertMathToLLVMPassOptions math;
  // log1p(x) as log(1 + x) is 0 for small x.
  math.approximateLog1p = false;
  manager.nest<func::FuncOp>().addPass(createConvertMathToLLVMPass(math));
  manager.addPass(createConvertMathToLibmPass());
  // Leaves constants of `arith`.
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  if (options.threads != 0)
    manager.addPass(createConvertOpenMPToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

} // namespace

vi::MachineModel vi::LoweringOptions::getMachineModel() const {
  MachineModel model;
  model.vectorBits = vectorBits;
  model.vectorRegisters = vectorRegisters;
  model.fma = fma;
  model.minMaskedBits = minMaskedBits;
  model.l1Bytes = l1Bytes;
  model.l2Bytes = l2Bytes;
  return model;
}

void vi::LoweringOptions::setMachineModel(const MachineModel &model) {
  vectorBits = model.vectorBits;
  vectorRegisters = model.vectorRegisters;
  fma = model.fma;
  minMaskedBits = model.minMaskedBits;
  l1Bytes = model.l1Bytes;
  l2Bytes = model.l2Bytes;
}

void vi::buildLoweringPipeline(OpPassManager &manager,
                               const LoweringOptions &options) {
  addScalarStage(manager, options);
  addBufferStage(manager);
  addLLVMStage(manager, options);
}

void vi::registerTargetPipelines() {
  PassPipelineRegistration<LoweringOptions>(
      "vi-to-llvm",
      "Lower functions on tensors, with plates, to the LLVM dialect",
      buildLoweringPipeline);
}
