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
#include "mlir/Dialect/Linalg/IR/Linalg.h"
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
  LogicalResult buildLowRank(double scale, int64_t rank);

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
  /// All sites as parts of one multivariate normal; `buildFactor` makes the
  /// Cholesky factor of its covariance from the number of latents and the
  /// scales.
  LogicalResult
  buildJoint(double scale,
             function_ref<Value(Value total, Value scales)> buildFactor);
  /// Declares a vector of parameters of the joint normal.
  Value declareVector(StringRef name, SupportKind support, double initial,
                      Value size, Type element);
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
  auto sample = SampleOp::create(builder, loc, type, site.op.getNameAttr(),
                                 UnitAttr(), distribution, sizes);
  if (Attribute estimator = site.op->getAttr("vi.estimator"))
    sample->setAttr("vi.estimator", estimator);
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

Value GuideBuilder::declareVector(StringRef name, SupportKind support,
                                  double initial, Value size, Type element) {
  return ParamOp::create(builder, model.getLoc(), getTensorType(size, element),
                         builder.getStringAttr(name), support, ValueRange(),
                         getDynamicSizes(size),
                         builder.getFloatAttr(element, initial));
}

LogicalResult GuideBuilder::buildJoint(
    double scale, function_ref<Value(Value total, Value scales)> buildFactor) {
  Location loc = model.getLoc();
  if (sites.empty())
    return success();
  Type element = getElementTypeOrSelf(sites.front().op.getValue().getType());
  SmallVector<Value> offsets;
  FlatLayout layout(builder, loc);
  for (Site &site : sites) {
    if (getElementTypeOrSelf(site.op.getValue().getType()) != element)
      return site.op.emitOpError("has elements of another type than the first "
                                 "site; a guide with correlations needs one "
                                 "type");
    offsets.push_back(layout.add(site.shape));
  }
  Value total = layout.getCount();
  Value mean =
      declareVector("joint.loc", SupportKind::Real, 0.0, total, element);
  Value scales = declareVector("joint.scale", SupportKind::Positive, scale,
                               total, element);
  Value factor = buildFactor(total, scales);
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

/// A square matrix of the size of `vector`, which is `total`, from its row and
/// column.
static Value
buildSquare(ImplicitLocOpBuilder &b, Value total, Value vector,
            function_ref<Value(ImplicitLocOpBuilder &, Value row, Value column)>
                build) {
  auto type = cast<RankedTensorType>(vector.getType());
  int64_t size = type.getDimSize(0);
  SmallVector<Value> dynamic;
  if (type.isDynamicDim(0))
    dynamic.assign(2, total);
  return tensor::GenerateOp::create(
      b, RankedTensorType::get({size, size}, type.getElementType()), dynamic,
      [&](OpBuilder &nested, Location at, ValueRange index) {
        ImplicitLocOpBuilder inner(at, nested);
        tensor::YieldOp::create(inner, build(inner, index[0], index[1]));
      });
}

LogicalResult GuideBuilder::buildFullRank(double scale) {
  // L has the scales on its diagonal and free numbers below it, row by row.
  return buildJoint(scale, [&](Value total, Value scales) -> Value {
    ImplicitLocOpBuilder b(model.getLoc(), builder);
    Type element = getElementTypeOrSelf(scales.getType());
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value two = arith::ConstantIndexOp::create(b, 2);
    Value below = b.createOrFold<arith::DivUIOp>(
        b.createOrFold<arith::MulIOp>(
            total, b.createOrFold<arith::SubIOp>(total, one)),
        two);
    Value lower =
        declareVector("joint.lower", SupportKind::Real, 0.0, below, element);
    return buildSquare(
        b, total, scales,
        [&](ImplicitLocOpBuilder &in, Value row, Value column) {
          Value zero =
              arith::ConstantOp::create(in, in.getFloatAttr(element, 0.0));
          Value isDiagonal =
              arith::CmpIOp::create(in, arith::CmpIPredicate::eq, row, column);
          Value isBelow =
              arith::CmpIOp::create(in, arith::CmpIPredicate::ult, column, row);
          // The place of (row, column) below the diagonal; 0, where it is not
          // below.
          Value start = arith::DivUIOp::create(
              in,
              arith::MulIOp::create(
                  in, row,
                  arith::SubIOp::create(
                      in, arith::MaxUIOp::create(in, row, one), one)),
              two);
          Value place = arith::AddIOp::create(in, start, column);
          Value none = arith::ConstantIndexOp::create(in, 0);
          Value safe = arith::SelectOp::create(in, isBelow, place, none);
          Value offDiagonal = tensor::ExtractOp::create(in, lower, safe);
          Value onDiagonal = tensor::ExtractOp::create(in, scales, row);
          Value outside =
              arith::SelectOp::create(in, isBelow, offDiagonal, zero);
          return arith::SelectOp::create(in, isDiagonal, onDiagonal, outside)
              .getResult();
        });
  });
}

LogicalResult GuideBuilder::buildLowRank(double scale, int64_t rank) {
  return buildJoint(scale, [&](Value total, Value scales) -> Value {
    ImplicitLocOpBuilder b(model.getLoc(), builder);
    Type element = getElementTypeOrSelf(scales.getType());
    Value columns = b.createOrFold<arith::MinUIOp>(
        total, arith::ConstantIndexOp::create(b, rank));
    Value one = arith::ConstantIndexOp::create(b, 1);
    Value two = arith::ConstantIndexOp::create(b, 2);
    // The numbers of B in the rows above `row`, of which row i has min(i + 1,
    // columns).
    auto getStart = [&](ImplicitLocOpBuilder &in, Value row) {
      Value corner = in.createOrFold<arith::MinUIOp>(row, columns);
      Value triangle = in.createOrFold<arith::DivUIOp>(
          in.createOrFold<arith::MulIOp>(
              corner, in.createOrFold<arith::AddIOp>(corner, one)),
          two);
      Value rest = in.createOrFold<arith::MulIOp>(
          in.createOrFold<arith::SubIOp>(row, corner), columns);
      return in.createOrFold<arith::AddIOp>(triangle, rest);
    };
    // At zero B would stand at a saddle.
    Value numbers = declareVector("joint.factor", SupportKind::Real,
                                  0.1 * scale, getStart(b, total), element);
    SmallVector<Value> shape{total, columns};
    Value factor = tensor::GenerateOp::create(
        b, cast<RankedTensorType>(getTensorType(shape, element)),
        getDynamicSizes(shape),
        [&](OpBuilder &nested, Location at, ValueRange index) {
          ImplicitLocOpBuilder in(at, nested);
          Value row = index[0], column = index[1];
          Value zero =
              arith::ConstantOp::create(in, in.getFloatAttr(element, 0.0));
          Value isInside =
              arith::CmpIOp::create(in, arith::CmpIPredicate::ule, column, row);
          Value place = arith::AddIOp::create(in, getStart(in, row), column);
          Value none = arith::ConstantIndexOp::create(in, 0);
          Value safe = arith::SelectOp::create(in, isInside, place, none);
          Value number = tensor::ExtractOp::create(in, numbers, safe);
          tensor::YieldOp::create(
              in, arith::SelectOp::create(in, isInside, number, zero));
        });
    Value diagonal = buildSquare(
        b, total, scales,
        [&](ImplicitLocOpBuilder &in, Value row, Value column) -> Value {
          Value zero =
              arith::ConstantOp::create(in, in.getFloatAttr(element, 0.0));
          Value isDiagonal =
              arith::CmpIOp::create(in, arith::CmpIPredicate::eq, row, column);
          Value onDiagonal = tensor::ExtractOp::create(in, scales, row);
          Value variance = arith::MulFOp::create(in, onDiagonal, onDiagonal);
          return arith::SelectOp::create(in, isDiagonal, variance, zero);
        });
    AffineExpr i, j, k;
    bindDims(b.getContext(), i, j, k);
    auto map = [&](AffineExpr first, AffineExpr second) {
      return AffineMap::get(3, 0, {first, second}, b.getContext());
    };
    Value covariance =
        linalg::GenericOp::create(
            b, TypeRange(diagonal.getType()), ValueRange{factor, factor},
            ValueRange(diagonal),
            ArrayRef<AffineMap>{map(i, k), map(j, k), map(i, j)},
            ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                          utils::IteratorType::parallel,
                                          utils::IteratorType::reduction},
            [](OpBuilder &nested, Location at, ValueRange elements) {
              Value product =
                  arith::MulFOp::create(nested, at, elements[0], elements[1]);
              Value sum =
                  arith::AddFOp::create(nested, at, elements[2], product);
              linalg::YieldOp::create(nested, at, sum);
            })
            .getResult(0);
    return CholeskyOp::create(b, covariance.getType(), covariance);
  });
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
    case GuideFamily::LowRank:
      if (rank < 1) {
        model.emitError("the rank of a guide must be at least 1, not ") << rank;
        return signalPassFailure();
      }
      if (failed(guideBuilder.buildLowRank(scale, rank)))
        return signalPassFailure();
      break;
    case GuideFamily::Delta:
      guideBuilder.buildDelta();
      break;
    }
  }
}
