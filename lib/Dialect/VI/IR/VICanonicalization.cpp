//===- VICanonicalization.cpp - rewrites that always simplify -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace vi;

namespace {

/// KL(q || q) = 0.
struct DivergenceFromItself : OpRewritePattern<KLOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(KLOp op,
                                PatternRewriter &rewriter) const override {
    if (!isSameDistribution(op.getQ(), op.getP()))
      return failure();
    auto type = cast<FloatType>(op.getResult().getType());
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, rewriter.getFloatAttr(type, 0.0));
    return success();
  }
};

/// H(q, q) = H(q).
struct CrossEntropyWithItself : OpRewritePattern<CrossEntropyOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CrossEntropyOp op,
                                PatternRewriter &rewriter) const override {
    if (!isSameDistribution(op.getQ(), op.getP()))
      return failure();
    rewriter.replaceOpWithNewOp<EntropyOp>(op, op.getResult().getType(),
                                           op.getQ());
    return success();
  }
};

/// Removes slices that no member uses, sums to which no member adds, and sums
/// and stacks that nothing uses.
struct SimplifyPlate : OpRewritePattern<PlateOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PlateOp op,
                                PatternRewriter &rewriter) const override {
    YieldOp yield = op.getYield();
    SmallVector<bool> keepSlice, keepSum, keepStack;
    bool changed = false;
    auto note = [&](SmallVector<bool> &kept, bool keep) {
      kept.push_back(keep);
      changed |= !keep;
    };
    for (BlockArgument argument : op.getMemberArguments())
      note(keepSlice, !argument.use_empty());
    for (auto [argument, result, value] :
         llvm::zip(op.getSumArguments(), op.getSums(), yield.getSums()))
      note(keepSum, !result.use_empty() && value != argument);
    for (Value stack : op.getStacks())
      note(keepStack, !stack.use_empty());
    if (!changed)
      return failure();

    auto select = [](auto range, ArrayRef<bool> keep) {
      SmallVector<Value> kept;
      for (auto [value, take] : llvm::zip(range, keep))
        if (take)
          kept.push_back(value);
      return kept;
    };
    SmallVector<Value> stacks = select(op.getStacks(), keepStack);
    auto plate = PlateOp::create(
        rewriter, op.getLoc(), op.getName(), op.getCount(), op.getBegin(),
        op.getEnd(), select(op.getSlices(), keepSlice),
        select(op.getInits(), keepSum), ValueRange(stacks).getTypes());
    plate->setDiscardableAttrs(op->getDiscardableAttrDictionary());

    // A removed argument is either unused or a sum that is not looked at: its
    // initial value stands in for it in code that is dead.
    SmallVector<Value> replacements{plate.getIndex()};
    auto members = plate.getMemberArguments();
    auto sums = plate.getSumArguments();
    unsigned next = 0;
    for (auto [argument, keep] : llvm::zip(op.getMemberArguments(), keepSlice))
      replacements.push_back(keep ? Value(members[next++]) : Value());
    next = 0;
    for (auto [init, keep] : llvm::zip(op.getInits(), keepSum))
      replacements.push_back(keep ? Value(sums[next++]) : init);
    rewriter.modifyOpInPlace(yield, [&] {
      yield.getSumsMutable().assign(select(yield.getSums(), keepSum));
      yield.getValuesMutable().assign(select(yield.getValues(), keepStack));
    });
    Block *block = op.getBlock();
    for (auto [argument, replacement] :
         llvm::zip(block->getArguments(), replacements))
      if (replacement)
        rewriter.replaceAllUsesWith(argument, replacement);
    // Arguments without replacement are unused.
    rewriter.inlineBlockBefore(
        block, plate.getBlock(), plate.getBlock()->end(),
        llvm::map_to_vector(
            llvm::zip(block->getArguments(), replacements), [&](auto pair) {
              auto [argument, replacement] = pair;
              return replacement ? replacement : Value(argument);
            }));

    SmallVector<Value> results;
    next = 0;
    for (auto [init, keep] : llvm::zip(op.getInits(), keepSum))
      results.push_back(keep ? Value(plate.getSums()[next++]) : init);
    next = 0;
    for (auto [stack, keep] : llvm::zip(op.getStacks(), keepStack))
      results.push_back(keep ? Value(plate.getStacks()[next++]) : Value());
    for (auto [result, replacement] : llvm::zip(op.getResults(), results))
      if (replacement)
        rewriter.replaceAllUsesWith(result, replacement);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Two stacks of the same values are one.
struct MergeStacks : OpRewritePattern<PlateOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PlateOp op,
                                PatternRewriter &rewriter) const override {
    llvm::SmallDenseMap<std::pair<Value, Type>, Value> first;
    bool changed = false;
    for (auto [stack, value] :
         llvm::zip(op.getStacks(), op.getYield().getValues())) {
      auto [known, isNew] =
          first.try_emplace({value, stack.getType()}, Value(stack));
      if (isNew || stack.use_empty())
        continue;
      rewriter.replaceAllUsesWith(stack, known->second);
      changed = true;
    }
    return success(changed);
  }
};

/// A number that is the same for all members is no stack, and no slice: others
/// need not wait for the plate to know it.
struct UnstackInvariants : OpRewritePattern<PlateOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PlateOp op,
                                PatternRewriter &rewriter) const override {
    bool changed = false;
    for (auto [argument, slice] :
         llvm::zip(op.getMemberArguments(), op.getSlices())) {
      auto splat = slice.getDefiningOp<tensor::SplatOp>();
      if (!splat || splat.getType().getRank() != 1 || argument.use_empty())
        continue;
      rewriter.replaceAllUsesWith(argument, splat.getInput());
      changed = true;
    }
    // Members that do not run leave zeros.
    if (op.getBegin())
      return success(changed);
    for (auto [stack, value] :
         llvm::zip(op.getStacks(), op.getYield().getValues())) {
      if (stack.use_empty() || isa<RankedTensorType>(value.getType()) ||
          op.getBody().isAncestor(value.getParentRegion()))
        continue;
      auto type = cast<RankedTensorType>(stack.getType());
      SmallVector<Value> sizes;
      if (type.isDynamicDim(0))
        sizes.push_back(op.getCount());
      rewriter.setInsertionPoint(op);
      Value splat = tensor::SplatOp::create(rewriter, op.getLoc(), value,
                                            type.getShape(), sizes);
      rewriter.replaceAllUsesWith(stack, splat);
      changed = true;
    }
    return success(changed);
  }
};

/// Removes results of an expectation that nothing uses.
struct DropUnusedExpectations : OpRewritePattern<ExpectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ExpectOp op,
                                PatternRewriter &rewriter) const override {
    if (llvm::none_of(op.getResults(),
                      [](Value result) { return result.use_empty(); }))
      return failure();
    YieldOp yield = op.getYield();
    SmallVector<Value> results, values;
    for (auto [result, value] : llvm::zip(op.getResults(), yield.getValues())) {
      if (result.use_empty())
        continue;
      results.push_back(result);
      values.push_back(value);
    }
    auto expect =
        ExpectOp::create(rewriter, op.getLoc(), ValueRange(results).getTypes());
    rewriter.modifyOpInPlace(yield,
                             [&] { yield.getValuesMutable().assign(values); });
    rewriter.inlineRegionBefore(op.getBody(), expect.getBody(),
                                expect.getBody().end());
    for (auto [result, replacement] : llvm::zip(results, expect.getResults()))
      rewriter.replaceAllUsesWith(result, replacement);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void KLOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                       MLIRContext *context) {
  patterns.add<DivergenceFromItself>(context);
}

void CrossEntropyOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                 MLIRContext *context) {
  patterns.add<CrossEntropyWithItself>(context);
}

void PlateOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<SimplifyPlate, MergeStacks, UnstackInvariants>(context);
}

void ExpectOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<DropUnusedExpectations>(context);
}
