//===- ScoreFunction.cpp - gradients of draws without a path --------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawTerms.h"

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace vi {
#define GEN_PASS_DEF_SCOREFUNCTION
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct ScoreFunction : vi::impl::ScoreFunctionBase<ScoreFunction> {
  using ScoreFunctionBase::ScoreFunctionBase;
  void runOnOperation() override;

private:
  void estimate(DrawOp draw, DistributionOpInterface family, DrawTerms &terms);
};
} // namespace

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("vi-expectations");
}

/// Puts the mean of the terms f(z) over draws, and what has the derivative of
/// their score function, in the place of the terms.
void ScoreFunction::estimate(DrawOp draw, DistributionOpInterface family,
                             DrawTerms &terms) {
  ImplicitLocOpBuilder b = terms.getBuilder();
  FloatType type = terms.getType();
  Value count = arith::ConstantIndexOp::create(b, draws);
  size_t sums = terms.buildDensityWeights(b).size();

  // The values of the terms, and log q, of each draw.
  SmallVector<Type> stacks(sums + 1, RankedTensorType::get({draws}, type));
  auto plate =
      PlateOp::create(b, (draw.getSite() + ".draws").str(), count, Value(),
                      Value(), ValueRange(), ValueRange(), stacks);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(plate.getBlock());
    auto inner = cast<DrawOp>(b.clone(*draw));
    inner->setAttr("vi.score", b.getUnitAttr());
    Value value = inner.getValue();
    // No path through the draw.
    if (isa<FloatType>(getElementTypeOrSelf(value.getType())))
      value = StopGradientOp::create(b, value.getType(), value);
    SmallVector<Value> values =
        terms.buildAt(b, value, /*withoutDensity=*/false);
    Value logProb = LogProbOp::create(b, family.getFloatType(),
                                      draw.getDistribution(), value, Value());
    values.push_back(toFloat(b, logProb, type));
    YieldOp::create(b, ValueRange(), values);
  }
  auto hold = [&](Expression x) {
    return x.with(StopGradientOp::create(b, x.getType(), x.getValue()));
  };
  Expression logs(b, plate.getStacks().back()), logSum = sum(logs);
  SmallVector<Value> totals;
  for (Value stack : plate.getStacks().drop_back()) {
    Expression values(b, stack), total = sum(values);
    // sum_m (f_m - mean of the others) log q(z_m) / M, without its value.
    double n = double(draws);
    Expression score =
        (n * dot(hold(values), logs) - hold(total) * logSum) / (n * (n - 1));
    totals.push_back(total / n + (score - hold(score)));
  }
  terms.replace(totals);
  remark::analysis(draw.getLoc(), remarkOptions("score-function"))
      << remark::add(
             "'{0}' is sampled: score function over its Markov blanket, "
             "{1} draws with a leave-one-out baseline",
             draw.getSite(), draws.getValue());
}

void ScoreFunction::runOnOperation() {
  SmallVector<Attribute> sites;
  SmallVector<ExpectOp> expectations;
  getOperation().walk([&](ExpectOp op) { expectations.push_back(op); });
  for (ExpectOp expect : expectations) {
    SmallVector<DrawOp> all;
    expect.walk([&](DrawOp draw) { all.push_back(draw); });
    for (DrawOp draw : llvm::reverse(all)) {
      auto family =
          draw.getDistribution().getDefiningOp<DistributionOpInterface>();
      if (!family || draw.getValue().use_empty())
        continue;
      StringRef estimator = getEstimatorName(draw);
      bool isDifferentiated = getOperation()->hasAttr("vi.differentiate");
      if (estimator != "score-function" &&
          (!estimator.empty() || family.isReparameterized() ||
           !isDifferentiated))
        continue;
      if (draws < 2) {
        draw.emitError("the leave-one-out baseline of '")
            << draw.getSite() << "' needs two draws at least, not " << draws;
        return signalPassFailure();
      }
      DrawTerms terms(expect, draw);
      if (!terms.isValid()) {
        draw.emitError("the gradient of terms of '")
            << draw.getSite()
            << "' cannot be taken by the score function of its Markov blanket: "
            << terms.getReason();
        return signalPassFailure();
      }
      estimate(draw, family, terms);
      sites.push_back(StringAttr::get(&getContext(), draw.getSite()));
    }
  }
  // Held draws are no valid objective.
  if (!sites.empty())
    getOperation()->setAttr("vi.score", ArrayAttr::get(&getContext(), sites));
}
