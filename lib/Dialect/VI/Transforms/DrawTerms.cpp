//===- DrawTerms.cpp - the terms of an integrand that a draw enters -------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawTerms.h"

#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi;

StringRef vi::getEstimatorName(DrawOp draw) {
  auto name = draw->getAttrOfType<StringAttr>("vi.estimator");
  return name ? name.getValue() : StringRef();
}

DrawTerms::DrawTerms(ExpectOp expect, DrawOp draw)
    : draw(draw), dependence(*draw->getBlock(), draw.getValue()) {
  find(expect);
}

bool DrawTerms::isOwnDensity(const LinearTerm &term) {
  auto density = term.value.getDefiningOp<LogProbOp>();
  return density && density.getValue() == draw.getValue() &&
         density.getDistribution() == draw.getDistribution() &&
         !density.getMask();
}

void DrawTerms::find(ExpectOp expect) {
  Block *block = draw->getBlock();
  if (!isa<PlateOp, ExpectOp>(block->getParentOp())) {
    reason = "it stands in a loop or branch";
    return;
  }
  for (Operation &op : *block) {
    if (&op == draw || op.hasTrait<OpTrait::IsTerminator>() ||
        !dependence.reaches(&op))
      continue;
    touched.push_back(&op);
    op.walk([&](DrawOp other) {
      reason = "the draw of '" + other.getSite().str() +
               (dependence.depends(other.getOperation())
                    ? "' depends on it"
                    : "' stands in a plate with what depends on it");
    });
    if (!reason.empty())
      return;
  }
  auto yield = cast<YieldOp>(block->getTerminator());
  for (Value value : yield.getOperands().drop_front(yield.getSums().size()))
    if (isa<PlateOp>(block->getParentOp()) && dependence.depends(value)) {
      reason = "its values leave the plate";
      return;
    }
  DrawDependence draws(expect);
  auto isFactor = [&](Value value) { return !dependence.depends(value); };
  for (OpOperand &operand : yield->getOpOperands()) {
    if (!dependence.depends(operand.get()))
      continue;
    Sum sum{operand.getOperandNumber(), {}, {}};
    SmallVector<LinearTerm> terms;
    collectLinearTerms(operand.get(), isFactor, terms);
    for (LinearTerm &term : terms)
      (dependence.depends(term.value) ? sum.dependent : sum.independent)
          .push_back(term);
    if (!isa<FloatType>(operand.get().getType())) {
      reason = "it enters a sum of tensors";
      return;
    }
    for (LinearTerm &term : sum.dependent)
      if (!draws.getCoefficient(term.value)) {
        reason = "a function of it does not enter the expectation as a summand";
        return;
      }
    sums.push_back(std::move(sum));
  }
}

ImplicitLocOpBuilder DrawTerms::getBuilder() {
  ImplicitLocOpBuilder builder(draw.getLoc(), draw);
  builder.setInsertionPoint(draw->getBlock()->getTerminator());
  return builder;
}

FloatType DrawTerms::getType() {
  for (Sum &sum : sums)
    return cast<FloatType>(
        draw->getBlock()->getTerminator()->getOperand(sum.operand).getType());
  return Float64Type::get(draw.getContext());
}

SmallVector<Value> DrawTerms::buildAt(ImplicitLocOpBuilder &b, Value value,
                                      bool withoutDensity) {
  IRMapping mapping;
  mapping.map(draw.getValue(), value);
  for (Operation *op : touched)
    b.clone(*op, mapping);
  SmallVector<Value> totals;
  for (Sum &sum : sums) {
    SmallVector<LinearTerm> terms;
    for (LinearTerm term : sum.dependent) {
      if (withoutDensity && isOwnDensity(term))
        continue;
      term.value = mapping.lookupOrDefault(term.value);
      terms.push_back(term);
    }
    Value total = buildLinearSum(b, b.getLoc(), terms);
    totals.push_back(total ? total : floatConstant(b, getType(), 0.0));
  }
  return totals;
}

SmallVector<Value> DrawTerms::buildDensityWeights(ImplicitLocOpBuilder &b) {
  SmallVector<Value> weights;
  for (Sum &sum : sums) {
    SmallVector<LinearTerm> own;
    for (LinearTerm term : sum.dependent)
      if (isOwnDensity(term)) {
        term.value = floatConstant(b, getType(), 1.0);
        own.push_back(term);
      }
    weights.push_back(buildLinearSum(b, b.getLoc(), own));
  }
  return weights;
}

void DrawTerms::replace(ArrayRef<Value> totals) {
  ImplicitLocOpBuilder b = getBuilder();
  Operation *yield = draw->getBlock()->getTerminator();
  for (auto [sum, total] : llvm::zip(sums, totals))
    yield->setOperand(sum.operand,
                      buildLinearSum(b, b.getLoc(), sum.independent, total));
}
