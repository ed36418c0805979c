//===- EstimateExpectations.cpp - Monte Carlo for what has no closed form -*-
// C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawTerms.h"

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/Transforms/Noise.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace vi {
#define GEN_PASS_DEF_ESTIMATEEXPECTATIONS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct EstimateExpectations
    : vi::impl::EstimateExpectationsBase<EstimateExpectations> {
  using EstimateExpectationsBase::EstimateExpectationsBase;
  void runOnOperation() override;

private:
  LogicalResult estimate(ExpectOp op);
  void holdGuideParameters(ExpectOp op);

  /// The argument with an attribute, if any.
  Value findArgument(StringRef attribute);
};
} // namespace

Value EstimateExpectations::findArgument(StringRef attribute) {
  func::FuncOp func = getOperation();
  for (BlockArgument argument : func.getArguments())
    if (func.getArgAttr(argument.getArgNumber(), attribute))
      return argument;
  return Value();
}

/// Puts vi.stop_gradient around the parameters of the distribution of a draw
/// where its log-density at that draw is taken.
void EstimateExpectations::holdGuideParameters(ExpectOp op) {
  SmallVector<LogProbOp> terms;
  op.walk([&](LogProbOp term) { terms.push_back(term); });
  for (LogProbOp term : terms) {
    auto draw = term.getValue().getDefiningOp<DrawOp>();
    if (!draw || draw.getDistribution() != term.getDistribution())
      continue;
    StringRef own = getEstimatorName(draw);
    if (own.empty() ? estimator != Estimator::StickingTheLanding
                    : own != "sticking-the-landing")
      continue;
    // The family's op, and the ones that it is made from, with held operands.
    OpBuilder builder(term);
    std::function<Value(Value)> hold = [&](Value value) -> Value {
      if (!isa<DistType>(value.getType()))
        return isa<FloatType>(getElementTypeOrSelf(value.getType()))
                   ? StopGradientOp::create(builder, value.getLoc(), value)
                         .getResult()
                   : value;
      Operation *family = value.getDefiningOp();
      if (!family)
        return value;
      IRMapping mapping;
      for (Value operand : family->getOperands())
        mapping.map(operand, hold(operand));
      return builder.clone(*family, mapping)->getResult(0);
    };
    term.getDistributionMutable().assign(hold(term.getDistribution()));
  }
}

LogicalResult EstimateExpectations::estimate(ExpectOp op) {
  Location loc = op.getLoc();
  ImplicitLocOpBuilder builder(loc, op);
  SmallVector<DrawOp> draws;
  op.walk([&](DrawOp draw) { draws.push_back(draw); });

  // Nothing random: the integrand is its own expectation.
  if (draws.empty()) {
    YieldOp yield = op.getYield();
    SmallVector<Value> values(yield.getValues());
    yield.erase();
    op->getBlock()->getOperations().splice(Block::iterator(op),
                                           op.getBlock()->getOperations());
    op.replaceAllUsesWith(values);
    op.erase();
    return success();
  }
  holdGuideParameters(op);

  // The number of draws, and where a draw's noise comes from.
  Value normals = findArgument("vi.noise");
  Value count, key;
  Type i64 = builder.getI64Type();
  if (normals) {
    count = tensor::DimOp::create(builder, normals, 0);
  } else {
    count = findArgument("vi.samples");
    if (!count)
      count = arith::ConstantIndexOp::create(builder, samples);
    key = findArgument("vi.seed");
    if (!key)
      key = arith::ConstantOp::create(builder, builder.getI64IntegerAttr(seed));
  }

  // Where each site's noise starts in a row.
  SmallVector<Value> starts;
  if (normals) {
    IRMapping known;
    for (BlockArgument argument : getOperation().getArguments())
      known.map(argument, argument);
    Value start = arith::ConstantIndexOp::create(builder, 0);
    for (DrawOp draw : draws) {
      starts.push_back(start);
      SmallVector<Value> shape;
      // The draws of a score function all come from the site's own noise.
      Operation *site = draw->hasAttr("vi.score") ? draw->getParentOp() : draw;
      if (failed(buildSiteShape(builder, site, draw.getValue(), known, shape)))
        return failure();
      start = builder.createOrFold<arith::AddIOp>(
          start, buildProduct(builder, loc, shape));
    }
  }

  SmallVector<Value> zeros;
  for (Type type : op.getResultTypes())
    zeros.push_back(floatConstant(builder, type, 0.0));
  auto plate = PlateOp::create(builder, loc, "draws", count, Value(), Value(),
                               ValueRange(), zeros, TypeRange());
  Block *block = plate.getBlock();
  builder.setInsertionPointToStart(block);
  Value row;
  if (normals) {
    auto type = cast<RankedTensorType>(normals.getType());
    Value width = tensor::DimOp::create(builder, normals, 1);
    row = tensor::ExtractSliceOp::create(
        builder,
        RankedTensorType::get({ShapedType::kDynamic}, type.getElementType()),
        normals,
        ArrayRef<OpFoldResult>{plate.getIndex(), builder.getIndexAttr(0)},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1), width},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1),
                               builder.getIndexAttr(1)});
  } else {
    Value number = arith::IndexCastOp::create(builder, i64, plate.getIndex());
    key = rng::FoldInOp::create(builder, key, number);
  }
  block->getOperations().splice(block->end(), op.getBlock()->getOperations());

  for (auto [index, draw] : llvm::enumerate(draws)) {
    builder.setInsertionPoint(draw);
    builder.setLoc(draw.getLoc());
    auto family =
        draw.getDistribution().getDefiningOp<DistributionOpInterface>();
    // Without a derivative to take, any draw will do.
    bool differentiated =
        normals || getOperation()->hasAttr("vi.differentiate");
    bool isScore = draw->hasAttr("vi.score");
    if (!family || (differentiated && !isScore && !family.isReparameterized()))
      return draw.emitOpError("of site '")
             << draw.getSite()
             << "' has no pathwise derivative, and its terms have no closed "
                "form; a discrete latent must be summed out";
    Value member = buildMemberIndex(
        builder, isScore ? draw->getParentOp()->getBlock() : draw->getBlock(),
        plate);
    std::unique_ptr<NoiseSource> noise;
    if (normals) {
      Value position = starts[index];
      if (auto tensor = dyn_cast<RankedTensorType>(draw.getValue().getType());
          tensor && member) {
        IRMapping known;
        for (BlockArgument argument : getOperation().getArguments())
          known.map(argument, argument);
        Value width = buildNoiseCount(builder, draw.getValue(), known);
        if (!width)
          return draw.emitOpError("has a size that depends on more than data");
        member = arith::MulIOp::create(builder, member, width);
      }
      if (member)
        position = arith::AddIOp::create(builder, position, member);
      noise = std::make_unique<HeldNoise>(row, position);
    } else {
      Value site =
          arith::ConstantOp::create(builder, builder.getI64IntegerAttr(index));
      Value stream = rng::FoldInOp::create(builder, key, site);
      Value number =
          member
              ? arith::IndexCastOp::create(builder, i64, member).getResult()
              : arith::ConstantOp::create(builder, builder.getI64IntegerAttr(0))
                    .getResult();
      noise = std::make_unique<CounterNoise>(stream, number);
    }
    if (isScore) {
      Value copy = arith::IndexCastOp::create(
          builder, i64, cast<PlateOp>(draw->getParentOp()).getIndex());
      Value own = rng::FoldInOp::create(builder, noise->stream(builder), copy);
      Value first =
          arith::ConstantOp::create(builder, builder.getI64IntegerAttr(0));
      noise = std::make_unique<CounterNoise>(own, first);
    }
    Value value = buildDraw(builder, draw.getDistribution(),
                            draw.getValue().getType(), draw.getSizes(), *noise);
    if (!value)
      return failure();
    draw.getValue().replaceAllUsesWith(value);
    draw.erase();
  }

  auto yield = cast<YieldOp>(block->getTerminator());
  builder.setInsertionPoint(yield);
  builder.setLoc(loc);
  SmallVector<Value> sums;
  for (auto [sum, value] :
       llvm::zip(plate.getSumArguments(), yield.getValues()))
    sums.push_back(arith::AddFOp::create(builder, sum, value));
  YieldOp::create(builder, sums, ValueRange());
  yield.erase();

  builder.setInsertionPointAfter(plate);
  Value number = arith::IndexCastOp::create(builder, i64, count);
  SmallVector<Value> means;
  for (Value sum : plate.getSums()) {
    Value total =
        arith::SIToFPOp::create(builder, sum.getType(), number).getResult();
    means.push_back(arith::DivFOp::create(builder, sum, total));
  }
  op.replaceAllUsesWith(means);
  op.erase();
  return success();
}

void EstimateExpectations::runOnOperation() {
  SmallVector<ExpectOp> expectations;
  getOperation().walk([&](ExpectOp op) { expectations.push_back(op); });
  for (ExpectOp op : expectations)
    if (failed(estimate(op)))
      return signalPassFailure();
}
