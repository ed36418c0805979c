//===- BoundErrors.cpp - errors of approximate values ---------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/Gradient.h"
#include "vi/Differentiation/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"

namespace vi {
#define GEN_PASS_DEF_BOUNDERRORS
#include "vi/Differentiation/Passes.h.inc"
} // namespace vi

using namespace mlir;

/// Values alone, without what is known of their errors.
static void eraseBounds(Operation *root) {
  root->walk([](vi::ApproximateOp op) {
    op.replaceAllUsesWith(op.getValue());
    op.erase();
  });
}

/// A copy of the function, behind it, in which what is to be sampled is zero.
/// All bounds have a factor: the last argument but one, or, where they are
/// estimates, the last.
static func::FuncOp createScaled(func::FuncOp function) {
  OpBuilder builder(function->getContext());
  builder.setInsertionPointAfter(function);
  auto copy = cast<func::FuncOp>(builder.clone(*function));
  copy.setName((function.getSymName() + "_with_bounds").str());
  copy.walk([&](vi::ExpectOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    for (Value result : op.getResults())
      result.replaceAllUsesWith(
          vi::floatConstant(b, result.getType(), /*number=*/0.0));
    op.erase();
  });
  unsigned number = copy.getNumArguments();
  for (int i = 0; i < 2; ++i)
    (void)copy.insertArgument(number + i, function.getResultTypes()[0],
                              builder.getDictionaryAttr({}), function.getLoc());
  copy.walk([&](vi::ApproximateOp op) {
    builder.setInsertionPoint(op);
    Value factor = copy.getArgument(number + op.getEstimated());
    op.getBoundMutable().assign(
        arith::MulFOp::create(builder, op.getLoc(), op.getBound(), factor));
  });
  return copy;
}

/// Adds the function that returns the errors of `function`.
static LogicalResult createBound(func::FuncOp function) {
  func::FuncOp scaled = createScaled(function);
  unsigned number = scaled.getNumArguments() - 2;
  std::string name = (function.getSymName() + "_error").str();
  FailureOr<func::FuncOp> derivative =
      vi::createGradient(scaled, name, {number, number + 1});
  scaled.erase();
  if (failed(derivative))
    return failure();
  func::FuncOp bound = *derivative;
  // The derivatives alone, which are the same whatever the factors.
  auto terminator =
      cast<func::ReturnOp>(bound.getBody().front().getTerminator());
  terminator->eraseOperand(0);
  (void)bound.eraseResult(0);
  ImplicitLocOpBuilder builder(bound.getLoc(), bound.getContext());
  builder.setInsertionPointToStart(&bound.getBody().front());
  for (int i = 0; i < 2; ++i) {
    Value factor = bound.getArgument(number);
    factor.replaceAllUsesWith(
        vi::floatConstant(builder, factor.getType(), 1.0));
    (void)bound.eraseArgument(number);
  }
  bound.setResultAttr(0, "vi.name", builder.getStringAttr("certified"));
  bound.setResultAttr(1, "vi.name", builder.getStringAttr("estimated"));
  bound->setAttr("vi.doc",
                 builder.getStringAttr(
                     "How far '" + function.getSymName() +
                     "' may be off where it is neither in closed form nor "
                     "sampled: the sum of certified errors, and that of "
                     "estimated ones, of quadrature."));
  return success();
}

namespace {
struct BoundErrors : vi::impl::BoundErrorsBase<BoundErrors> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation()->walk([&](func::FuncOp function) {
      bool isApproximate =
          function
              .walk([](vi::ApproximateOp) { return WalkResult::interrupt(); })
              .wasInterrupted();
      if (isApproximate && function->hasAttr("vi.differentiate") &&
          function->hasAttr("vi.model"))
        functions.push_back(function);
    });
    for (func::FuncOp function : functions)
      if (failed(createBound(function)))
        return signalPassFailure();
    eraseBounds(getOperation());
  }
};
} // namespace
