//===- Simplification.cpp - clean-up of generated derivatives -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simplification.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace vi;

namespace {

/// A value that a loop carries for nothing but its next value.
struct DropUnusedCarried : OpRewritePattern<scf::ForOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(scf::ForOp loop,
                                PatternRewriter &rewriter) const override {
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    for (BlockArgument argument : loop.getRegionIterArgs()) {
      unsigned number = argument.getArgNumber() - 1;
      if (!loop.getResult(number).use_empty() ||
          yield.getOperand(number) == argument ||
          !isCarriedOnly(argument, yield, number))
        continue;
      rewriter.modifyOpInPlace(yield,
                               [&] { yield->setOperand(number, argument); });
      return success();
    }
    return failure();
  }

  static bool isCarriedOnly(Value argument, Operation *yield, unsigned number) {
    llvm::SetVector<Operation *> slice;
    auto follow = [&](Value value) {
      for (OpOperand &use : value.getUses()) {
        Operation *user =
            yield->getBlock()->findAncestorOpInBlock(*use.getOwner());
        if (user == yield) {
          if (use.getOperandNumber() != number)
            return false;
          continue;
        }
        if (!user || !isMemoryEffectFree(user))
          return false;
        slice.insert(user);
      }
      return true;
    };
    if (!follow(argument))
      return false;
    for (unsigned i = 0; i < slice.size(); ++i)
      for (Value result : slice[i]->getResults())
        if (!follow(result))
          return false;
    return true;
  }
};

} // namespace

LogicalResult vi::simplify(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  RewritePatternSet patterns(context);
  for (Dialect *dialect : context->getLoadedDialects())
    dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName name : context->getRegisteredOperations())
    name.getCanonicalizationPatterns(patterns, context);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  patterns.add<DropUnusedCarried>(context);
  FrozenRewritePatternSet frozen(std::move(patterns));

  IRRewriter rewriter(context);
  for (unsigned round = 0; round < 8; ++round) {
    bool rewritten = false, merged = false;
    // Not reaching a fixpoint is no error.
    (void)applyPatternsGreedily(function, frozen, GreedyRewriteConfig(),
                                &rewritten);
    DominanceInfo dominance;
    eliminateCommonSubExpressions(rewriter, dominance, function, &merged);
    if (!merged)
      break;
  }
  return success();
}
