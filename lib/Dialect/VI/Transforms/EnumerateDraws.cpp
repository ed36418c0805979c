//===- EnumerateDraws.cpp - expectations over finite draws ----------------===//
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
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"

namespace vi {
#define GEN_PASS_DEF_ENUMERATEDRAWS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct EnumerateDraws : vi::impl::EnumerateDrawsBase<EnumerateDraws> {
  void runOnOperation() override;
};
} // namespace

/// States up to this number are written out one by one.
static constexpr int64_t maximalWrittenStates = 4;

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("vi-expectations");
}

/// Puts sum_k q(k) f(k) in the place of the terms f(z) of a draw.
static void enumerate(DrawOp draw, DistributionOpInterface family,
                      DrawTerms &terms) {
  ImplicitLocOpBuilder b = terms.getBuilder();
  FloatType type = terms.getType();
  Value size = family.buildSupportSize(b);
  std::optional<int64_t> number = getConstantIntValue(size);

  // -log q is the entropy, where that has a closed form: 0 log 0 is 0.
  Value entropy = family.buildEntropy(b);
  SmallVector<Value> fixed = terms.buildDensityWeights(b);
  for (Value &weight : fixed)
    if (weight) {
      if (!entropy) {
        weight = Value();
        continue;
      }
      Value same = toFloat(b, entropy, type);
      weight = arith::NegFOp::create(
          b, arith::MulFOp::create(b, weight, same).getResult());
    }

  auto buildTerms = [&](ImplicitLocOpBuilder &at, Value index) {
    Value value = buildSupportValue(at, family.getSupport(),
                                    draw.getValue().getType(), index);
    FloatType precision = family.getFloatType();
    Value logProb = LogProbOp::create(at, precision, draw.getDistribution(),
                                      value, Value());
    Expression probability =
        toFloat(at, exp(Expression(at, logProb)).getValue(), type);
    SmallVector<Value> totals =
        terms.buildAt(at, value, /*withoutDensity=*/bool(entropy));
    for (Value &total : totals)
      total = arith::MulFOp::create(at, probability, total);
    return totals;
  };
  SmallVector<Value> totals;
  if (number && *number >= 1 && *number <= maximalWrittenStates) {
    for (int64_t i = 0; i < *number; ++i) {
      SmallVector<Value> here =
          buildTerms(b, arith::ConstantIndexOp::create(b, i));
      if (totals.empty()) {
        totals = here;
        continue;
      }
      for (auto [total, value] : llvm::zip(totals, here))
        total = arith::AddFOp::create(b, total, value);
    }
  } else {
    SmallVector<Value> zeros(fixed.size(), floatConstant(b, type, 0.0));
    auto plate =
        PlateOp::create(b, (draw.getSite() + ".states").str(), size, Value(),
                        Value(), ValueRange(), zeros, TypeRange());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(plate.getBlock());
    SmallVector<Value> sums = buildTerms(b, plate.getIndex());
    for (auto [sum, argument] : llvm::zip(sums, plate.getSumArguments()))
      sum = arith::AddFOp::create(b, argument, sum);
    YieldOp::create(b, sums, ValueRange());
    llvm::append_range(totals, plate.getSums());
  }
  for (auto [total, value] : llvm::zip(totals, fixed))
    if (value)
      total = arith::AddFOp::create(b, total, value);
  terms.replace(totals);
  remark::passed(draw.getLoc(), remarkOptions("enumerated"))
      << remark::add("E_q over '{0}' enumerated ({1})", draw.getSite(),
                     number ? std::to_string(*number) + " states"
                            : std::string("as many states as data say"));
}

void EnumerateDraws::runOnOperation() {
  SmallVector<ExpectOp> expectations;
  getOperation().walk([&](ExpectOp op) { expectations.push_back(op); });
  for (ExpectOp expect : expectations) {
    SmallVector<DrawOp> draws;
    expect.walk([&](DrawOp draw) { draws.push_back(draw); });
    // What depends on others first.
    for (DrawOp draw : llvm::reverse(draws)) {
      auto family =
          draw.getDistribution().getDefiningOp<DistributionOpInterface>();
      StringRef estimator = getEstimatorName(draw);
      bool isWanted = estimator == "enumeration";
      auto refuse = [&](const Twine &reason) {
        draw.emitError("'")
            << draw.getSite() << "' cannot be enumerated: " << reason;
        signalPassFailure();
      };
      if (!family || !isFinite(family.getSupport()) ||
          isa<RankedTensorType>(draw.getValue().getType())) {
        if (isWanted)
          return refuse("its values are not finitely many numbers");
        continue;
      }
      if (!estimator.empty() && !isWanted)
        continue;
      DrawTerms terms(expect, draw);
      if (!terms.isValid() && isWanted)
        return refuse(terms.getReason());
      if (!terms.isValid()) {
        remark::missed(draw.getLoc(), remarkOptions("enumerated"))
            << remark::reason("'{0}' is not enumerated: {1}", draw.getSite(),
                              terms.getReason());
        continue;
      }
      enumerate(draw, family, terms);
    }
  }
}
