//===- GenerativeEntryPoints.cpp - the use of a learned model -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model is for once it is learned: encode, decode, reconstruct, sample,
// and the log-weights of which bounds and importance-sampled evidences of
// single data are made.
//
//===----------------------------------------------------------------------===//

#include "EntryPointBuilder.h"

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/Transforms/Observations.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace vi;

namespace {

/// The model with its latents and observations drawn from it.
class PriorInliner : public ProgramInliner {
public:
  PriorInliner(OpBuilder &builder, FloatType type, ParameterReader &reader,
               Value key)
      : ProgramInliner(builder, type, reader), key(key) {}

protected:
  FailureOr<Value> emitSample(SampleOp op, Value distribution,
                              ValueRange sizes) override {
    return draw(op.getLoc(), distribution, op.getValue().getType(), sizes);
  }
  LogicalResult emitObserve(ObserveOp op, Value distribution, Value value,
                            Value) override {
    // A tensor of data from a distribution over its element has its sizes.
    FailureOr<Value> drawn =
        draw(op.getLoc(), distribution, value.getType(), {});
    if (failed(drawn))
      return failure();
    outputs[op.getName()] = *drawn;
    return success();
  }
  LogicalResult emitFactor(FactorOp, Value) override { return success(); }

private:
  FailureOr<Value> draw(Location loc, Value distribution, Type type,
                        ValueRange sizes) {
    ImplicitLocOpBuilder b(loc, builder);
    Type i64 = b.getI64Type();
    Value site = arith::ConstantOp::create(b, b.getI64IntegerAttr(sites++));
    Value stream = rng::FoldInOp::create(b, key, site);
    Value member = buildMemberIndex(b, b.getInsertionBlock());
    Value number =
        member
            ? arith::IndexCastOp::create(b, i64, member).getResult()
            : arith::ConstantOp::create(b, b.getI64IntegerAttr(0)).getResult();
    CounterNoise noise(stream, number);
    Value value = buildDraw(b, distribution, type, sizes, noise);
    if (!value)
      return failure();
    return value;
  }

  Value key;
  int64_t sites = 0;
};

/// The model at given latents, with the means of what it observes.
class MeanInliner : public GivenLatentsInliner {
public:
  using GivenLatentsInliner::GivenLatentsInliner;

protected:
  LogicalResult emitObserve(ObserveOp op, Value distribution, Value,
                            Value) override {
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    auto family = distribution.getDefiningOp<DistributionOpInterface>();
    Value mean = family
                     ? family.buildExpectedStatistic(b, Statistic::getPower(1))
                     : Value();
    if (!mean)
      return op.emitError("the mean of site '")
             << op.getName() << "' is not known";
    outputs[op.getName()] = mean;
    return success();
  }
};

} // namespace

/// The observed sites of a model.
static SmallVector<ObserveOp> getObserved(ModelOp model) {
  SmallVector<ObserveOp> sites;
  model.getBody().walk([&](ObserveOp op) { sites.push_back(op); });
  return sites;
}

/// Calls `visit` for each parameter of a distribution and of those that it is
/// made of, with its name.
static void visitParameters(Value distribution,
                            function_ref<void(StringRef, Value)> visit) {
  Operation *op = distribution.getDefiningOp();
  auto family = dyn_cast_if_present<DistributionOpInterface>(op);
  if (!family)
    return;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    if (isa<DistType>(operand.getType()))
      visitParameters(operand, visit);
    else if (StringRef name = family.getParameterName(i); !name.empty())
      visit(name, operand);
  }
}

void EntryPointBuilder::addDistribution(ProgramInliner &inliner, StringRef site,
                                        Value distribution) {
  visitParameters(distribution, [&](StringRef name, Value value) {
    StringRef key =
        builder.getStringAttr(getSiteName(site) + "." + name).getValue();
    inliner.outputs[key] = value;
  });
}

PlateOp EntryPointBuilder::getLatentPlate() {
  PlateOp found;
  bool isUnique = true;
  auto visit = [&](Operation *op) {
    PlateOp top;
    for (auto plate = op->getParentOfType<PlateOp>(); plate;
         plate = plate->getParentOfType<PlateOp>())
      top = plate;
    if (!top || (found && found != top))
      isUnique = false;
    found = top;
  };
  model.getBody().walk([&](Operation *op) {
    if (isa<SampleOp, ObserveOp, FactorOp>(op))
      visit(op);
  });
  if (!found || !isUnique || found.getBegin())
    return {};
  WalkResult outside = guide.getBody().walk([&](SampleOp op) {
    PlateOp top;
    for (auto plate = op->getParentOfType<PlateOp>(); plate;
         plate = plate->getParentOfType<PlateOp>())
      top = plate;
    return top && top.getName() == found.getName() ? WalkResult::advance()
                                                   : WalkResult::interrupt();
  });
  return outside.wasInterrupted() ? PlateOp() : found;
}

bool EntryPointBuilder::canSample() {
  auto isProper = [](Value distribution) {
    auto family = distribution.getDefiningOp<DistributionOpInterface>();
    return family && family.isNormalized();
  };
  WalkResult walked = model.getBody().walk([&](Operation *op) {
    if (isa<FactorOp>(op))
      return WalkResult::interrupt();
    if (auto sample = dyn_cast<SampleOp>(op))
      if (!isProper(sample.getDistribution()))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return !walked.wasInterrupted() && !getObserved(model).empty();
}

/// Whether the means of all observed sites are known: tried on the side.
static bool haveMeans(ModelOp model) {
  for (ObserveOp op : getObserved(model)) {
    auto family = op.getDistribution().getDefiningOp<DistributionOpInterface>();
    if (!family)
      return false;
    OpBuilder builder(op);
    Block scratch;
    builder.setInsertionPointToStart(&scratch);
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    bool isKnown(family.buildExpectedStatistic(b, Statistic::getPower(1)));
    while (!scratch.empty())
      scratch.back().erase();
    if (!isKnown)
      return false;
  }
  return true;
}

/// Whether an observation has no shape, as its groups differ in size.
static bool isRagged(OpBuilder &builder, ModelOp model, IRMapping &mapping) {
  SmallVector<Observation> observations =
      getObservations(builder, model, mapping);
  size_t sites = 0;
  model.getBody().walk([&](Operation *op) {
    auto factor = dyn_cast<FactorOp>(op);
    sites += isa<ObserveOp>(op) || (factor && factor.getNormalized());
  });
  return observations.size() != sites ||
         llvm::any_of(observations, [](const Observation &observation) {
           return observation.isRagged;
         });
}

LogicalResult EntryPointBuilder::addGenerativeShapes(
    IRMapping &modelMapping, IRMapping &guideMapping,
    function_ref<void(StringRef, ValueRange)> addShape) {
  if (isRagged(builder, model, modelMapping))
    return success();
  auto add = [&](const Twine &name, Operation *site, Value value,
                 IRMapping &mapping) {
    SmallVector<Value> shape;
    if (failed(buildSiteShape(builder, site, value, mapping, shape)))
      return failure();
    addShape(name.str(), shape);
    return success();
  };
  LogicalResult result = success();
  guide.getBody().walk([&](SampleOp op) {
    if (!op.getAuxiliary())
      visitParameters(op.getDistribution(), [&](StringRef name, Value value) {
        if (failed(add("encode." + getSiteName(op.getName()) + "." + name, op,
                       value, guideMapping)))
          result = failure();
      });
  });
  for (ObserveOp op : getObserved(model)) {
    visitParameters(op.getDistribution(), [&](StringRef name, Value value) {
      if (failed(add("decode." + op.getName() + "." + name, op, value,
                     modelMapping)))
        result = failure();
    });
    if (failed(
            add("observed." + op.getName(), op, op.getValue(), modelMapping)))
      result = failure();
  }
  return result;
}

LogicalResult EntryPointBuilder::buildEncode() {
  auto func = start("encode",
                    {{"parameters", flat, "unconstrained parameters"},
                     {"noise", flat, "noise_count standard normals"}},
                    {},
                    "The parameters of the guide's distributions, q(z; data), "
                    "given the draws of the sites before.");
  ParameterReader reader(func.getArgument(model.getNumArguments()));
  DrawingInliner inliner(builder, type, reader,
                         func.getArgument(model.getNumArguments() + 1));
  inliner.watch = [&](SampleOp op, Value distribution) {
    if (!op.getAuxiliary())
      addDistribution(inliner, op.getName(), distribution);
  };
  if (failed(emitDraw(func, inliner)))
    return failure();
  // The draws themselves are not asked for.
  guide.getBody().walk(
      [&](SampleOp op) { inliner.outputs.erase(op.getName()); });
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::buildDecode() {
  auto func = startAtLatents(
      "decode", {}, {},
      "The parameters of the observed sites' distributions given the latents.");
  ParameterReader reader(func.getArgument(model.getNumArguments()));
  GivenLatentsInliner inliner(builder, type, reader);
  inliner.densities = false;
  inliner.watch = [&](ObserveOp op, Value distribution) {
    addDistribution(inliner, op.getName(), distribution);
  };
  if (failed(inlineAtLatents(func, model, reader, inliner)))
    return failure();
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::buildReconstruct() {
  auto func =
      start("reconstruct",
            {{"parameters", flat, "unconstrained parameters"},
             {"noise", flat,
              "noise_count standard normals: 0 for the guide's center"}},
            {},
            "The means of the observed sites given a draw of the "
            "guide's.");
  Value parameters = func.getArgument(model.getNumArguments());
  ParameterReader guideReader(parameters);
  DrawingInliner drawing(builder, type, guideReader,
                         func.getArgument(model.getNumArguments() + 1));
  FailureOr<Value> latents = emitDraw(func, drawing);
  if (failed(latents))
    return failure();
  ParameterReader reader(parameters);
  reader.skip(guideReader.getOffset(builder, model.getLoc()));
  MeanInliner inliner(builder, type, reader);
  inliner.densities = false;
  if (failed(giveLatents(inliner, func, *latents)) ||
      failed(inliner.inlineProgram(model, getData(func))))
    return failure();
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::buildSample() {
  Type i64 = builder.getI64Type();
  auto func = start("sample",
                    {{"parameters", flat, "unconstrained parameters"},
                     {"seed", i64, "seed of the draws"},
                     {"draw", i64, "number of the draw"}},
                    {},
                    "The observed sites, drawn from the model together with "
                    "its latents.");
  unsigned first = model.getNumArguments();
  Location loc = model.getLoc();
  IRMapping mapping = mapData(guide, func);
  FlatLayout layout(builder, loc);
  if (failed(addParameters(guide, mapping, layout)))
    return failure();
  ParameterReader reader(func.getArgument(first));
  reader.skip(layout.getCount());
  PriorInliner inliner(builder, type, reader,
                       rng::FoldInOp::create(builder, loc,
                                             func.getArgument(first + 1),
                                             func.getArgument(first + 2)));
  if (failed(inliner.inlineProgram(model, getData(func))))
    return failure();
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::buildLogWeights() {
  StringRef plate = getLatentPlate().getName();
  auto func = start(
      "log_weights",
      {{"parameters", flat, "unconstrained parameters"},
       {"noise", flat, "noise_count standard normals"}},
      {},
      ("log p(x, z) - log q(z) of each member of plate " + plate +
       " at a draw of the guide's: a bound is its mean, log p(x) about the "
       "logarithm of the mean of its exponentials.")
          .str());
  FailureOr<Value> weights =
      emitLogWeights(func, {func.getArgument(model.getNumArguments() + 1)});
  if (failed(weights))
    return failure();
  func->setAttr("vi.plate", builder.getStringAttr(plate));
  finish(func, *weights, {"log_weights"}, {"nats, a number for each member"});
  return success();
}

bool EntryPointBuilder::isReparameterized() {
  return !guide.getBody()
              .walk([](SampleOp op) {
                auto family = op.getDistribution()
                                  .getDefiningOp<DistributionOpInterface>();
                return family && family.isReparameterized()
                           ? WalkResult::advance()
                           : WalkResult::interrupt();
              })
              .wasInterrupted();
}

namespace {
/// The sums over the columns of exponentials of a table, each from its largest.
struct ColumnSums {
  ColumnSums(ImplicitLocOpBuilder &b, Value table);
  Value largest, sums;
};
} // namespace

ColumnSums::ColumnSums(ImplicitLocOpBuilder &b, Value table) {
  auto type = cast<RankedTensorType>(table.getType());
  auto element = cast<FloatType>(type.getElementType());
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, b.getFloatAttr(element, value));
  };
  Value columns = tensor::DimOp::create(b, table, 1);
  auto rowType = RankedTensorType::get({type.getDimSize(1)}, element);
  SmallVector<Value> sizes;
  if (rowType.isDynamicDim(0))
    sizes.push_back(columns);
  auto splat = [&](double value) -> Value {
    return tensor::SplatOp::create(b, constant(value), rowType.getShape(),
                                   sizes);
  };
  AffineExpr row = b.getAffineDimExpr(0), column = b.getAffineDimExpr(1);
  AffineMap whole = AffineMap::get(2, 0, {row, column}, b.getContext());
  AffineMap below = AffineMap::get(2, 0, {column}, b.getContext());
  utils::IteratorType iterators[] = {utils::IteratorType::reduction,
                                     utils::IteratorType::parallel};
  // What the largest is does not matter to the value, nor to the derivative.
  largest = linalg::GenericOp::create(
                b, rowType, ValueRange(table),
                ValueRange(splat(-std::numeric_limits<double>::infinity())),
                ArrayRef<AffineMap>{whole, below}, iterators,
                [](OpBuilder &nested, Location loc, ValueRange in) {
                  Value max =
                      arith::MaximumFOp::create(nested, loc, in[1], in[0]);
                  linalg::YieldOp::create(nested, loc, max);
                })
                .getResult(0);
  largest = StopGradientOp::create(b, largest);
  sums = linalg::GenericOp::create(
             b, rowType, ValueRange{table, largest}, ValueRange(splat(0)),
             ArrayRef<AffineMap>{whole, below, below}, iterators,
             [](OpBuilder &nested, Location loc, ValueRange in) {
               Value share = arith::SubFOp::create(nested, loc, in[0], in[1]);
               share = math::ExpOp::create(nested, loc, share);
               Value sum = arith::AddFOp::create(nested, loc, in[2], share);
               linalg::YieldOp::create(nested, loc, sum);
             })
             .getResult(0);
}

/// The exponentials of a table, divided by the sums of their columns.
static Value buildShares(ImplicitLocOpBuilder &b, Value table) {
  auto type = cast<RankedTensorType>(table.getType());
  ColumnSums columns(b, table);
  AffineMap whole = b.getMultiDimIdentityMap(2);
  AffineMap below = AffineMap::get(2, 0, b.getAffineDimExpr(1));
  return linalg::GenericOp::create(
             b, TypeRange(type),
             ValueRange{table, columns.largest, columns.sums},
             ValueRange(table), ArrayRef<AffineMap>{whole, below, below, whole},
             ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                           utils::IteratorType::parallel},
             [](OpBuilder &nested, Location loc, ValueRange in) {
               Value share = arith::SubFOp::create(nested, loc, in[0], in[1]);
               share = math::ExpOp::create(nested, loc, share);
               share = arith::DivFOp::create(nested, loc, share, in[2]);
               linalg::YieldOp::create(nested, loc, share);
             })
      .getResult(0);
}

/// The sum over the columns of the logarithm of the mean of their exponentials.
static Value buildLogMeanExp(ImplicitLocOpBuilder &b, Value table) {
  auto type = cast<RankedTensorType>(table.getType());
  auto element = cast<FloatType>(type.getElementType());
  ColumnSums columnSums(b, table);
  Value largest = columnSums.largest, sums = columnSums.sums;
  Value rows = tensor::DimOp::create(b, table, 0);
  Value columns = tensor::DimOp::create(b, table, 1);
  auto numberType = RankedTensorType::get({}, element);
  Value zero = arith::ConstantOp::create(
      b, DenseElementsAttr::get(numberType, b.getFloatAttr(element, 0)));
  AffineMap vector = AffineMap::getMultiDimIdentityMap(1, b.getContext());
  AffineMap scalar = AffineMap::get(1, 0, b.getContext());
  Value total =
      linalg::GenericOp::create(
          b, numberType, ValueRange{sums, largest}, ValueRange(zero),
          ArrayRef<AffineMap>{vector, vector, scalar},
          ArrayRef<utils::IteratorType>{utils::IteratorType::reduction},
          [](OpBuilder &nested, Location loc, ValueRange in) {
            Value log = math::LogOp::create(nested, loc, in[0]);
            log = arith::AddFOp::create(nested, loc, log, in[1]);
            Value sum = arith::AddFOp::create(nested, loc, in[2], log);
            linalg::YieldOp::create(nested, loc, sum);
          })
          .getResult(0);
  total = tensor::ExtractOp::create(b, total, ValueRange());
  auto toFloat = [&](Value index) -> Value {
    Value number = arith::IndexCastOp::create(b, b.getI64Type(), index);
    return arith::SIToFPOp::create(b, element, number);
  };
  Value logRows = math::LogOp::create(b, toFloat(rows));
  return arith::SubFOp::create(
      b, total, arith::MulFOp::create(b, toFloat(columns), logRows));
}

FailureOr<Value> EntryPointBuilder::emitLogWeights(func::FuncOp func,
                                                   const GuideNoise &noise,
                                                   Value pathWeights) {
  StringRef plate = getLatentPlate().getName();
  Location loc = model.getLoc();
  Value parameters = func.getArgument(model.getNumArguments());
  ParameterReader guideReader(parameters);
  DrawingInliner drawing(builder, type, guideReader, noise.normals);
  drawing.key = noise.key;
  drawing.root = noise.root;
  if (!pathWeights) {
    drawing.densities = true;
    drawing.memberTotals = plate;
  }
  FailureOr<Value> latents = emitDraw(func, drawing);
  if (failed(latents))
    return failure();
  ParameterReader reader(parameters);
  reader.skip(guideReader.getOffset(builder, loc));
  GivenLatentsInliner inliner(builder, type, reader);
  inliner.memberTotals = plate;
  if (failed(giveLatents(inliner, func, *latents, pathWeights)) ||
      failed(inliner.inlineProgram(model, getData(func))))
    return failure();
  Value weights = inliner.outputs.lookup(plate);
  Value guideTotals = drawing.outputs.lookup(plate);
  if (pathWeights) {
    // log q at the draw, with parameters that are held.
    ParameterReader held(
        StopGradientOp::create(builder, loc, parameters.getType(), parameters));
    GivenLatentsInliner densities(builder, type, held);
    densities.memberTotals = plate;
    if (failed(giveLatents(densities, func, *latents, pathWeights)) ||
        failed(densities.inlineProgram(guide, getData(func))))
      return failure();
    guideTotals = densities.outputs.lookup(plate);
  }
  // A model without latents has no plate in its guide.
  if (guideTotals) {
    if (guideTotals.getType() != weights.getType())
      guideTotals =
          tensor::CastOp::create(builder, loc, weights.getType(), guideTotals);
    weights = arith::SubFOp::create(builder, loc, weights, guideTotals);
  }
  return weights;
}

LogicalResult EntryPointBuilder::buildImportanceWeighted() {
  Type i64 = builder.getI64Type();
  auto func =
      start("iwae",
            {{"parameters", flat, "unconstrained parameters"},
             {"samples", builder.getIndexType(), "draws for each member"},
             {"seed", i64, "seed of the draws"}},
            {type},
            "The importance-weighted bound, in nats: for each member the "
            "logarithm of "
            "the mean of p(x, z) / q(z) over draws, and their sum.");
  unsigned first = model.getNumArguments();
  func->setAttr("vi.differentiate",
                builder.getStringAttr(model.getSymName() + "_iwae_gradient"));
  func->setAttr("vi.wrt", builder.getI64ArrayAttr({first}));
  Location loc = model.getLoc();
  Value samples = func.getArgument(first + 1),
        seed = func.getArgument(first + 2);
  auto getKey = [&](PlateOp draws) -> Value {
    Value number =
        arith::IndexCastOp::create(builder, loc, i64, draws.getIndex());
    return rng::FoldInOp::create(builder, loc, seed, number);
  };
  auto open = PlateOp::create(builder, loc, "draws", samples, Value(), Value(),
                              ValueRange(), ValueRange(), TypeRange());
  Value weights;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(open.getBlock());
    FailureOr<Value> found =
        emitLogWeights(func, {Value(), getKey(open), open});
    if (failed(found))
      return failure();
    weights = *found;
    YieldOp::create(builder, loc, ValueRange(), ValueRange(weights));
  }
  auto draws = PlateOp::create(builder, loc, "draws", samples, Value(), Value(),
                               ValueRange(), ValueRange(),
                               TypeRange(PlateOp::getStackType(
                                   weights.getType(), open.getStaticCount())));
  draws.getBody().takeBody(open.getBody());
  open.erase();
  ImplicitLocOpBuilder b(loc, builder);
  Value table = draws.getStacks()[0];
  if (!options.doublyReparameterized) {
    finish(func, buildLogMeanExp(b, table), {"iwae"}, {"nats"});
    return success();
  }
  // The value and the weights, then the same draws once more for a gradient
  //   sum_k w_k d log p_k / d theta + w_k^2 d log w_k / d z dz / d phi
  // (Tucker, Lawson, Gu and Maddison 2019, "Doubly reparameterized gradient
  // estimators for Monte Carlo objectives").
  table = StopGradientOp::create(b, table.getType(), table);
  Value shares = buildShares(b, table);
  Value zero = arith::ConstantOp::create(b, b.getFloatAttr(type, 0.0));
  auto again = PlateOp::create(builder, loc, "draws", samples, Value(), Value(),
                               shares, zero, TypeRange());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(again.getBlock());
    Value share = again.getMemberArguments().front();
    FailureOr<Value> found =
        emitLogWeights(func, {Value(), getKey(again), again}, share);
    if (failed(found))
      return failure();
    ImplicitLocOpBuilder in(loc, builder);
    Value held = StopGradientOp::create(in, found->getType(), *found);
    Value change = arith::SubFOp::create(in, *found, held);
    if (share.getType() != change.getType())
      change = tensor::CastOp::create(in, share.getType(), change);
    Value term = dot(Expression(in, share), Expression(in, change));
    Value next =
        arith::AddFOp::create(in, again.getSumArguments().front(), term);
    YieldOp::create(builder, loc, ValueRange(next), ValueRange());
  }
  Value bound = arith::AddFOp::create(b, buildLogMeanExp(b, table),
                                      again.getSums().front());
  finish(func, bound, {"iwae"}, {"nats"});
  return success();
}

LogicalResult EntryPointBuilder::buildGenerative() {
  // Sizes are tried in a function that goes again.
  bool hasShapes;
  {
    auto func = start("scratch", {}, {}, "");
    IRMapping mapping = mapData(model, func);
    hasShapes = !isRagged(builder, model, mapping);
    builder.setInsertionPointAfter(func);
    func.erase();
  }
  if (!hasShapes)
    return success();
  SmallVector<ObserveOp> observed = getObserved(model);
  bool hasLatents = false;
  model.getBody().walk([&](SampleOp) { hasLatents = true; });
  if (hasLatents && failed(buildEncode()))
    return failure();
  if (!observed.empty() && failed(buildDecode()))
    return failure();
  if (!observed.empty() && haveMeans(model) && failed(buildReconstruct()))
    return failure();
  if (canSample() && failed(buildSample()))
    return failure();
  if (!getLatentPlate())
    return success();
  if (failed(buildLogWeights()))
    return failure();
  return hasLatents && isReparameterized() ? buildImportanceWeighted()
                                           : success();
}
