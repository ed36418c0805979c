//===- AutoGuide.cpp - variational families for models without a guide -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace vi {
#define GEN_PASS_DEF_AUTOGUIDE
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Builds the guide of one model.
class GuideBuilder {
public:
  GuideBuilder(ModelOp model, GuideOp guide)
      : model(model), guide(guide),
        builder(OpBuilder::atBlockEnd(&guide.getBody().front())) {
    mapping.map(model.getBody().getArguments(), guide.getBody().getArguments());
  }

  LogicalResult collectSites();
  void buildMeanField(double scale);
  void buildDelta();
  LogicalResult buildFullRank(double scale);

private:
  struct Site {
    SampleOp op;
    SmallVector<Value> shape;
    /// The names of the guide's plates: those of the model's plates, and for a
    /// sequence, whose members a guide takes as independent, one of its own.
    SmallVector<std::string> plates;
  };

  /// Declares a parameter of a whole site.
  Value declare(Site &site, StringRef suffix, SupportKind support,
                std::optional<double> initial);
  /// Emits a site in its plates; `build` emits the distribution from the parts
  /// of `tensors`.
  void emitSite(Site &site, ValueRange tensors,
                function_ref<Value(ValueRange)> build);
  SmallVector<Value> getDynamicSizes(ValueRange shape) {
    SmallVector<Value> sizes;
    for (Value size : shape)
      if (!getConstantIntValue(size))
        sizes.push_back(size);
    return sizes;
  }

  ModelOp model;
  GuideOp guide;
  OpBuilder builder;
  IRMapping mapping;
  SmallVector<Site> sites;
};

struct AutoGuide : vi::impl::AutoGuideBase<AutoGuide> {
  using AutoGuideBase<AutoGuide>::AutoGuideBase;
  void runOnOperation() override;
};

} // namespace

LogicalResult GuideBuilder::collectSites() {
  WalkResult result = model.getBody().walk([&](SampleOp op) {
    auto prior = op.getDistribution().getDefiningOp<DistributionOpInterface>();
    if (!prior || prior.getSupport().kind != SupportKind::Real ||
        !isa<FloatType>(getElementTypeOrSelf(op.getValue().getType()))) {
      op.emitOpError("'")
          << op.getName()
          << "' is not on the real line: no guide can be made for it (a "
             "discrete latent needs a guide written by hand; any other is "
             "moved there by vi-unconstrain)";
      return WalkResult::interrupt();
    }
    Site site{op, {}, {}};
    for (Operation *repetition : getRepetitions(op)) {
      auto plate = dyn_cast<PlateOp>(repetition);
      site.plates.push_back(plate ? plate.getName().str()
                                  : (getSiteName(op.getName()) + ".t").str());
    }
    if (failed(buildSiteShape(builder, op, op.getValue(), mapping, site.shape)))
      return WalkResult::interrupt();
    sites.push_back(std::move(site));
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

Value GuideBuilder::declare(Site &site, StringRef suffix, SupportKind support,
                            std::optional<double> initial) {
  Type element = getElementTypeOrSelf(site.op.getValue().getType());
  Attribute start;
  if (initial)
    start = builder.getFloatAttr(element, *initial);
  SmallString<32> name(getSiteName(site.op.getName()));
  name += suffix;
  return ParamOp::create(
      builder, site.op.getLoc(),
      site.shape.empty() ? element : getTensorType(site.shape, element),
      builder.getStringAttr(name), support, ValueRange(),
      getDynamicSizes(site.shape), start);
}

void GuideBuilder::emitSite(Site &site, ValueRange tensors,
                            function_ref<Value(ValueRange)> build) {
  SmallVector<PlateOp> plates;
  SmallVector<Value> parts(tensors);
  Location loc = site.op.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  for (auto [name, count] : llvm::zip(site.plates, site.shape)) {
    auto copy = PlateOp::create(builder, loc, name, count, Value(), Value(),
                                parts, ValueRange(), TypeRange());
    builder.setInsertionPointToEnd(copy.getBlock());
    parts.assign(copy.getMemberArguments().begin(),
                 copy.getMemberArguments().end());
    plates.push_back(copy);
  }
  Value distribution = build(parts);
  Type type = site.op.getValue().getType();
  Type over = cast<DistType>(distribution.getType()).getValueType();
  SmallVector<Value> sizes;
  if (auto tensor = dyn_cast<RankedTensorType>(type);
      tensor && !isa<RankedTensorType>(over))
    sizes = getDynamicSizes(ValueRange(site.shape).take_back(tensor.getRank()));
  SampleOp::create(builder, loc, type, site.op.getNameAttr(), UnitAttr(),
                   distribution, sizes);
  for (PlateOp plate : llvm::reverse(plates)) {
    builder.setInsertionPointToEnd(plate.getBlock());
    YieldOp::create(builder, loc);
  }
}

/// A part of a parameter as the site's value type has it.
static Value castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

void GuideBuilder::buildMeanField(double scale) {
  for (Site &site : sites) {
    Value loc = declare(site, ".loc", SupportKind::Real, 0.0);
    Value spread = declare(site, ".scale", SupportKind::Positive, scale);
    emitSite(site, {loc, spread}, [&](ValueRange parts) -> Value {
      Location at = site.op.getLoc();
      Type type = site.op.getValue().getType();
      return NormalOp::create(builder, at, castTo(builder, at, parts[0], type),
                              castTo(builder, at, parts[1], type));
    });
  }
}

void GuideBuilder::buildDelta() {
  for (Site &site : sites) {
    Value loc = declare(site, ".loc", SupportKind::Real, 0.0);
    emitSite(site, loc, [&](ValueRange parts) -> Value {
      Location at = site.op.getLoc();
      return DeltaOp::create(
          builder, at,
          castTo(builder, at, parts[0], site.op.getValue().getType()));
    });
  }
}

LogicalResult GuideBuilder::buildFullRank(double scale) {
  Location loc = model.getLoc();
  if (sites.empty())
    return success();
  Type element = getElementTypeOrSelf(sites.front().op.getValue().getType());
  SmallVector<Value> offsets;
  FlatLayout layout(builder, loc);
  for (Site &site : sites) {
    if (getElementTypeOrSelf(site.op.getValue().getType()) != element)
      return site.op.emitOpError("has elements of another type than the first "
                                 "site; a full-rank guide needs one type");
    offsets.push_back(layout.add(site.shape));
  }
  Value total = layout.getCount();
  // L has the scales on its diagonal and free numbers below it, row by row.
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value two = arith::ConstantIndexOp::create(builder, loc, 2);
  Value less = builder.createOrFold<arith::SubIOp>(loc, total, one);
  Value below = builder.createOrFold<arith::DivUIOp>(
      loc, builder.createOrFold<arith::MulIOp>(loc, total, less), two);
  auto declareVector = [&](StringRef name, SupportKind support, double initial,
                           Value size) -> Value {
    return ParamOp::create(builder, loc, getTensorType(size, element),
                           builder.getStringAttr(name), support, ValueRange(),
                           getDynamicSizes(size),
                           builder.getFloatAttr(element, initial));
  };
  Value mean = declareVector("joint.loc", SupportKind::Real, 0.0, total);
  Value diagonal =
      declareVector("joint.scale", SupportKind::Positive, scale, total);
  Value lower = declareVector("joint.lower", SupportKind::Real, 0.0, below);
  SmallVector<Value> square{total, total};
  Value factor = tensor::GenerateOp::create(
      builder, loc, getTensorType(square, element), getDynamicSizes(square),
      [&](OpBuilder &b, Location at, ValueRange index) {
        Value row = index[0], column = index[1];
        Value zero =
            arith::ConstantOp::create(b, at, b.getFloatAttr(element, 0.0));
        Value isDiagonal =
            arith::CmpIOp::create(b, at, arith::CmpIPredicate::eq, row, column);
        Value isBelow = arith::CmpIOp::create(b, at, arith::CmpIPredicate::ult,
                                              column, row);
        // The place of (row, column) below the diagonal; 0, where it is not
        // below.
        Value start = arith::DivUIOp::create(
            b, at,
            arith::MulIOp::create(
                b, at, row,
                arith::SubIOp::create(
                    b, at, arith::MaxUIOp::create(b, at, row, one), one)),
            two);
        Value place = arith::AddIOp::create(b, at, start, column);
        Value none = arith::ConstantIndexOp::create(b, at, 0);
        Value safe = arith::SelectOp::create(b, at, isBelow, place, none);
        Value offDiagonal = tensor::ExtractOp::create(b, at, lower, safe);
        Value onDiagonal = tensor::ExtractOp::create(b, at, diagonal, row);
        Value outside =
            arith::SelectOp::create(b, at, isBelow, offDiagonal, zero);
        tensor::YieldOp::create(
            b, at,
            arith::SelectOp::create(b, at, isDiagonal, onDiagonal, outside));
      });
  Value distribution = MultivariateNormalOp::create(builder, loc, mean, factor);
  Value joint = SampleOp::create(
      builder, loc, mean.getType(), builder.getStringAttr("joint"),
      builder.getUnitAttr(), distribution, ValueRange());
  for (auto [site, offset] : llvm::zip(sites, offsets)) {
    Value part = buildUnflatten(builder, site.op.getLoc(), joint, offset,
                                site.shape, getTensorType(site.shape, element));
    Site &current = site;
    emitSite(current, part, [&](ValueRange parts) -> Value {
      Location at = current.op.getLoc();
      return DeltaOp::create(
          builder, at,
          castTo(builder, at, parts[0], current.op.getValue().getType()));
    });
  }
  return success();
}

void AutoGuide::runOnOperation() {
  ModuleOp module = getOperation();
  if (replace)
    for (auto guide : llvm::make_early_inc_range(module.getOps<GuideOp>()))
      guide.erase();
  llvm::DenseSet<StringAttr> guided;
  for (auto guide : module.getOps<GuideOp>())
    guided.insert(guide.getModelAttr().getAttr());

  SymbolTable symbols(module);
  for (auto model : llvm::make_early_inc_range(module.getOps<ModelOp>())) {
    if (guided.contains(model.getSymNameAttr()))
      continue;
    OpBuilder builder(model.getContext());
    builder.setInsertionPointAfter(model);
    OperationState state(model.getLoc(), GuideOp::getOperationName());
    auto name = builder.getStringAttr(model.getSymName() + "_guide");
    GuideOp::build(builder, state, name,
                   FlatSymbolRefAttr::get(model.getSymNameAttr()),
                   TypeAttr::get(model.getFunctionType()),
                   model.getArgNamesAttr(), model.getArgAttrsAttr(),
                   /*res_attrs=*/nullptr);
    auto guide = cast<GuideOp>(builder.create(state));
    symbols.insert(guide, std::next(Block::iterator(model)));
    Block &block = guide.getBody().emplaceBlock();
    for (BlockArgument argument : model.getBody().getArguments())
      block.addArgument(argument.getType(), argument.getLoc());

    GuideBuilder guideBuilder(model, guide);
    if (failed(guideBuilder.collectSites()))
      return signalPassFailure();
    switch (family) {
    case GuideFamily::MeanField:
      guideBuilder.buildMeanField(scale);
      break;
    case GuideFamily::FullRank:
      if (failed(guideBuilder.buildFullRank(scale)))
        return signalPassFailure();
      break;
    case GuideFamily::Delta:
      guideBuilder.buildDelta();
      break;
    }
  }
}
