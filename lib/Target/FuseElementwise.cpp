//===- FuseElementwise.cpp - fuse without computing twice -----------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

/// Whether elements are read in the order in which they are written.
static bool readsInOrder(linalg::LinalgOp producer) {
  if (producer.getNumDpsInits() != 1)
    return false;
  AffineMap out =
      producer.getMatchingIndexingMap(producer.getDpsInitOperand(0));
  if (out.getNumResults() == 0)
    return true;
  auto last = dyn_cast<AffineDimExpr>(out.getResults().back());
  return last && llvm::all_of(producer.getDpsInputOperands(), [&](auto *input) {
           AffineMap map = producer.getMatchingIndexingMap(input);
           return !map.isFunctionOfDim(last.getPosition()) ||
                  map.getResults().back() == last;
         });
}

/// Whether an element costs about what its load does: arithmetic but
/// divisions, on numbers of one type, without another order of elements.
static bool isCheap(linalg::LinalgOp producer) {
  return readsInOrder(producer) &&
         llvm::all_of(
             producer.getBlock()->without_terminator(), [](Operation &op) {
               return isa_and_nonnull<arith::ArithDialect>(op.getDialect()) &&
                      !isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp,
                           arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
                           arith::ExtFOp, arith::TruncFOp, arith::UIToFPOp,
                           arith::SIToFPOp>(op);
             });
}

/// Whether the op that reads the operand, which stands in the block of the op
/// that computes it, does so once for each element.
static bool readsOnce(OpOperand &operand) {
  auto consumer = dyn_cast<linalg::LinalgOp>(operand.getOwner());
  if (!consumer)
    return false;
  AffineMap map = consumer.getMatchingIndexingMap(&operand);
  SmallVector<int64_t> ranges = consumer.getStaticLoopRanges();
  for (auto [dimension, range] : llvm::enumerate(ranges))
    if (range != 1 && !map.isFunctionOfDim(dimension))
      return false;
  return operand.get().getDefiningOp()->getBlock() == consumer->getBlock();
}

/// Whether the op adds to what its destinations hold. Where each element is
/// computed more than once, it would be added more than once.
static bool accumulates(linalg::LinalgOp op) {
  return llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return op.payloadUsesValueFromOperand(&init);
  });
}

static bool isWorthFusing(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  if (!producer || !producer->hasOneUse())
    return false;
  auto computation = dyn_cast<linalg::LinalgOp>(producer);
  return !computation || readsOnce(*operand) ||
         (isCheap(computation) && !accumulates(computation));
}

namespace {

struct FuseElementwise : vi::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    linalg::populateFoldReshapeOpsByExpansionPatterns(
        patterns, [](OpOperand *operand) {
          Operation *producer = operand->get().getDefiningOp();
          return producer && producer->hasOneUse();
        });
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<linalg::LinalgDialect>()
        ->getCanonicalizationPatterns(patterns);
    linalg::populateConstantFoldLinalgOperations(patterns, isWorthFusing);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    // A pattern set that does not come to an end leaves valid code.
    (void)applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }
};

} // namespace
