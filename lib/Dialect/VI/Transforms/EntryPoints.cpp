//===- EntryPoints.cpp - the functions that a compiled model consists of -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EntryPointBuilder.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/Transforms/DataChecks.h"
#include "vi/Dialect/VI/Transforms/Observations.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

namespace vi {
#define GEN_PASS_DEF_ENTRYPOINTS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

struct EntryPoints : vi::impl::EntryPointsBase<EntryPoints> {
  using EntryPointsBase::EntryPointsBase;
  void runOnOperation() override {
    for (auto model :
         llvm::make_early_inc_range(getOperation().getOps<ModelOp>())) {
      FailureOr<GuideOp> found = getGuide(model, guide);
      EntryPointsOptions options;
      options.guide = guide;
      options.counter = counter;
      options.generative = generative;
      options.klWeight = klWeight;
      options.doublyReparameterized = doublyReparameterized;
      options.hessian = hessian;
      if (failed(found) ||
          failed(EntryPointBuilder(model, *found, options).build()))
        return signalPassFailure();
    }
  }
};

} // namespace

func::FuncOp EntryPointBuilder::start(StringRef suffix,
                                      ArrayRef<Argument> arguments,
                                      TypeRange results, StringRef doc) {
  SmallVector<Type> types(model.getArgumentTypes());
  for (const Argument &argument : arguments)
    types.push_back(argument.type);
  auto name = (model.getSymName() + "_" + suffix).str();
  auto func = func::FuncOp::create(builder, model.getLoc(), name,
                                   builder.getFunctionType(types, results));
  func->setAttr("vi.export", builder.getUnitAttr());
  func->setAttr("vi.doc", builder.getStringAttr(doc));
  func->setAttr("vi.model", model.getSymNameAttr());
  for (unsigned i = 0, e = model.getNumArguments(); i < e; ++i) {
    func.setArgAttr(i, "vi.name",
                    builder.getStringAttr(model.getArgumentName(i)));
    auto index = model.getArgAttrOfType<IndexAttr>(i, "vi.index");
    std::string text = "data";
    if (index)
      text += ": indices counted from " + std::to_string(index.getBase());
    func.setArgAttr(i, "vi.doc", builder.getStringAttr(text));
  }
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    unsigned number = model.getNumArguments() + i;
    func.setArgAttr(number, "vi.name", builder.getStringAttr(argument.name));
    func.setArgAttr(number, "vi.doc", builder.getStringAttr(argument.doc));
    if (!argument.marker.empty())
      func.setArgAttr(number, argument.marker, builder.getUnitAttr());
  }
  Block *block = func.addEntryBlock();
  builder.setInsertionPointToStart(block);
  return func;
}

void EntryPointBuilder::finish(func::FuncOp func, ValueRange results,
                               ArrayRef<std::string> names,
                               ArrayRef<std::string> docs) {
  func::ReturnOp::create(builder, func.getLoc(), results);
  func.setType(
      builder.getFunctionType(func.getArgumentTypes(), results.getTypes()));
  for (auto [i, name] : llvm::enumerate(names)) {
    func.setResultAttr(i, "vi.name", builder.getStringAttr(name));
    if (i < docs.size())
      func.setResultAttr(i, "vi.doc", builder.getStringAttr(docs[i]));
  }
  builder.setInsertionPointAfter(func);
}

FailureOr<SmallVector<LatentSite>>
EntryPointBuilder::getLatents(IRMapping &mapping) {
  SmallVector<LatentSite> sites;
  WalkResult result = model.getBody().walk([&](SampleOp op) {
    LatentSite site{op, {}};
    if (failed(buildSiteShape(builder, op, op.getValue(), mapping, site.shape)))
      return WalkResult::interrupt();
    sites.push_back(std::move(site));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return sites;
}

Value EntryPointBuilder::getLatentCount(ArrayRef<LatentSite> sites) {
  FlatLayout layout(builder, model.getLoc());
  for (const LatentSite &site : sites)
    layout.add(site.shape);
  return layout.getCount();
}

FailureOr<SmallVector<Value>>
EntryPointBuilder::getParameterShape(ParamOp op, IRMapping &mapping,
                                     bool unconstrained) {
  auto type = dyn_cast<RankedTensorType>(op.getValue().getType());
  SmallVector<Value> shape;
  for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i) {
    Value size = buildDimension(builder, op.getValue(), i, mapping);
    if (!size)
      return op.emitError("dimension ")
             << i << " of parameter '" << op.getName()
             << "' must be a function of the data alone";
    shape.push_back(size);
  }
  const Bijector *bijector = getBijector(op.getSupport());
  if (unconstrained && bijector && bijector->lostDimensions)
    shape.back() = builder.createOrFold<arith::SubIOp>(
        op.getLoc(), shape.back(),
        arith::ConstantIndexOp::create(builder, op.getLoc(),
                                       bijector->lostDimensions));
  return shape;
}

LogicalResult EntryPointBuilder::addParameters(FunctionOpInterface program,
                                               IRMapping &mapping,
                                               FlatLayout &layout) {
  auto result = program.getFunctionBody().walk([&](ParamOp op) {
    FailureOr<SmallVector<Value>> shape =
        getParameterShape(op, mapping, /*unconstrained=*/true);
    if (failed(shape))
      return WalkResult::interrupt();
    layout.add(*shape);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// A dictionary that describes a site or parameter.
static Attribute describe(OpBuilder &builder, StringRef name, StringRef kind,
                          SupportKind support, Type type) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("name", builder.getStringAttr(name)),
       builder.getNamedAttr("kind", builder.getStringAttr(kind)),
       builder.getNamedAttr(
           "support", builder.getStringAttr(stringifySupportKind(support))),
       builder.getNamedAttr("type", TypeAttr::get(type))});
}

/// The support of what the report has of `op`: that of a parameter, of a site's
/// distribution, or of the bijector which moves a latent back to its own scale.
/// A generated quantity can be any number.
static SupportKind getReportedSupport(Operation *op) {
  auto ofDistribution = [](Value distribution) {
    auto family = distribution.getDefiningOp<DistributionOpInterface>();
    return family ? family.getSupport().kind : SupportKind::Real;
  };
  return llvm::TypeSwitch<Operation *, SupportKind>(op)
      .Case([](ParamOp param) { return param.getSupport(); })
      .Case<SampleOp, PredictOp>(
          [&](auto site) { return ofDistribution(site.getDistribution()); })
      .Case([](DeterministicOp quantity) {
        if (auto constrain = quantity.getValue().getDefiningOp<ConstrainOp>())
          return constrain.getSupport();
        bool boolean =
            getElementTypeOrSelf(quantity.getValue().getType()).isInteger(1);
        return boolean ? SupportKind::Boolean : SupportKind::Real;
      })
      .Default([](Operation *) { return SupportKind::Real; });
}

LogicalResult EntryPointBuilder::buildShapes() {
  auto func = start("shapes", {}, {}, "Sizes, as functions of the data.");
  Location loc = model.getLoc();
  SmallVector<Value> results;
  SmallVector<std::string> names, docs;
  auto add = [&](std::string name, Value value, std::string doc) {
    results.push_back(value);
    names.push_back(std::move(name));
    docs.push_back(std::move(doc));
  };
  auto addShape = [&](StringRef name, ValueRange shape) {
    for (auto [i, size] : llvm::enumerate(shape))
      add((name + "_size" + Twine(i)).str(), size,
          ("dimension " + Twine(i) + " of " + name).str());
  };

  IRMapping modelMapping = mapData(model, func);
  IRMapping guideMapping = mapData(guide, func);
  FlatLayout parameters(builder, loc), noise(builder, loc);
  if (failed(addParameters(guide, guideMapping, parameters)) ||
      failed(addParameters(model, modelMapping, parameters)))
    return failure();
  FailureOr<SmallVector<LatentSite>> latents = getLatents(modelMapping);
  if (failed(latents))
    return failure();
  WalkResult walked = guide.getBody().walk([&](SampleOp op) {
    SmallVector<Value> shape;
    if (failed(buildSiteShape(builder, op, op.getValue(), guideMapping, shape)))
      return WalkResult::interrupt();
    noise.add(shape);
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  add("parameter_count", parameters.getCount(),
      "length of the parameter vector");
  add("latent_count", getLatentCount(*latents),
      "length of the unconstrained latent vector");
  add("noise_count", noise.getCount(), "standard normals that a draw takes");

  SmallVector<Attribute> plates, parameterAttrs, siteAttrs, latentAttrs;
  for (PlateOp plate : getDataPlates(model)) {
    Value count = buildSize(builder, plate.getCount(), modelMapping);
    if (!count)
      return plate.emitError("the number of members of plate '")
             << plate.getName() << "' must be a function of the data alone";
    add((plate.getName() + "_count").str(), count,
        ("members of plate " + plate.getName()).str());
    plates.push_back(builder.getStringAttr(plate.getName()));
  }
  auto describeParameters = [&](FunctionOpInterface program, IRMapping &mapping,
                                StringRef kind) {
    return program.getFunctionBody().walk([&](ParamOp op) {
      FailureOr<SmallVector<Value>> shape =
          getParameterShape(op, mapping, /*unconstrained=*/true);
      if (failed(shape))
        return WalkResult::interrupt();
      addShape((kind + "." + op.getName()).str(), *shape);
      Attribute description =
          describe(builder, op.getName(), kind, op.getSupport(),
                   op.getValue().getType());
      if (op.getInitial()) {
        NamedAttrList entries(cast<DictionaryAttr>(description));
        entries.set("initial", builder.getUnitAttr());
        description = entries.getDictionary(builder.getContext());
      }
      parameterAttrs.push_back(description);
      return WalkResult::advance();
    });
  };
  if (describeParameters(guide, guideMapping, "guide").wasInterrupted() ||
      describeParameters(model, modelMapping, "model").wasInterrupted())
    return failure();
  for (LatentSite &site : *latents) {
    addShape(site.op.getName(), site.shape);
    auto prior =
        site.op.getDistribution().getDefiningOp<DistributionOpInterface>();
    bool isImproper = prior && !prior.isNormalized() && !isProperPrior(site.op);
    latentAttrs.push_back(
        describe(builder, site.op.getName(), isImproper ? "improper" : "latent",
                 prior ? prior.getSupport().kind : SupportKind::Real,
                 site.op.getValue().getType()));
  }
  // What the report has, in its order: sites as the text has them.
  SmallVector<Operation *> reported;
  model.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto sample = dyn_cast<SampleOp>(op))
      if (sample.getName().ends_with(getUnconstrainedSuffix()))
        return;
    if (isa<SampleOp, ParamOp, DeterministicOp, PredictOp>(op))
      reported.push_back(op);
  });
  for (Operation *op : reported) {
    StringRef name = op->getAttrOfType<StringAttr>("name").getValue();
    StringRef kind = "latent";
    Value value = op->getNumResults() ? op->getResult(0) : op->getOperand(0);
    if (isa<ParamOp>(op))
      kind = "parameter";
    else if (isa<PredictOp>(op))
      kind = "prediction";
    else if (auto deterministic = dyn_cast<DeterministicOp>(op);
             deterministic && !deterministic.getLatent())
      kind = "generated";
    SmallVector<Value> shape;
    if (failed(buildSiteShape(builder, op, value, modelMapping, shape)))
      return failure();
    addShape(("report." + name).str(), shape);
    siteAttrs.push_back(
        describe(builder, name, kind, getReportedSupport(op), value.getType()));
  }
  SmallVector<Attribute> observations, omissions;
  SmallVector<Operation *> omitted;
  for (const Observation &observation :
       getObservations(builder, model, modelMapping, &omitted)) {
    addShape(("log_lik." + observation.name).str(),
             buildObservationShape(builder, observation, modelMapping));
    observations.push_back(builder.getStringAttr(observation.name));
  }
  if (options.generative &&
      failed(addGenerativeShapes(
          modelMapping, guideMapping,
          [&](StringRef name, ValueRange shape) { addShape(name, shape); })))
    return failure();
  func->setAttr("vi.log_lik", builder.getArrayAttr(observations));
  for (Operation *op : omitted) {
    auto site = op->getAttrOfType<StringAttr>("name");
    omissions.push_back(site);
    remark::missed(op->getLoc(),
                   remark::RemarkOpts::name("log-lik").category("vi-log-lik"))
        << remark::reason("'{0}' is left out of log_lik: how often it is "
                          "observed is not a function of the data alone",
                          site.getValue());
  }
  if (!omissions.empty())
    func->setAttr("vi.no_log_lik", builder.getArrayAttr(omissions));
  bool unnormalized = false;
  model.getBody().walk([&](FactorOp op) {
    unnormalized |= !op.getNormalized() && !isProperPrior(op);
  });
  if (unnormalized)
    func->setAttr("vi.unnormalized", builder.getUnitAttr());
  func->setAttr("vi.observed", getObservedArguments(model));
  func->setAttr("vi.plates", builder.getArrayAttr(plates));
  func->setAttr("vi.parameters", builder.getArrayAttr(parameterAttrs));
  func->setAttr("vi.sites", builder.getArrayAttr(siteAttrs));
  func->setAttr("vi.latents", builder.getArrayAttr(latentAttrs));
  finish(func, results, names, docs);
  return success();
}

LogicalResult EntryPointBuilder::buildCheck() {
  auto func = start("check", {}, {},
                    "Whether the data fit together and to what they index: the "
                    "number of the first check that fails, from 1, and the two "
                    "numbers that do not fit; 0 where all hold.");
  Location loc = model.getLoc();
  IRMapping modelMapping = mapData(model, func);
  IRMapping guideMapping = mapData(guide, func);
  SmallVector<DataCheck> checks;
  if (mlir::failed(collectDataChecks(builder, model, modelMapping, checks)) ||
      mlir::failed(collectDataChecks(builder, guide, guideMapping, checks)))
    return failure();
  collectPlateChecks(builder, model, modelMapping, guide, guideMapping, checks);
  Value failed = arith::ConstantIndexOp::create(builder, loc, 0);
  Value left = failed, right = failed;
  SmallVector<Attribute> messages;
  size_t depth = 0;
  for (DataCheck &check : checks) {
    messages.push_back(builder.getStringAttr(check.message));
    depth = std::max(depth, check.members.size());
  }
  SmallVector<Value> members(depth, failed);
  // From the last to the first, so that the first failure stays.
  for (size_t number = checks.size(); number > 0; --number) {
    DataCheck &check = checks[number - 1];
    Value violated = arith::CmpIOp::create(builder, loc, check.violation,
                                           check.left, check.right);
    auto choose = [&](Value here, Value before) -> Value {
      return arith::SelectOp::create(builder, loc, violated, here, before);
    };
    failed =
        choose(arith::ConstantIndexOp::create(builder, loc, number), failed);
    left = choose(check.left, left);
    right = choose(check.right, right);
    for (auto [member, here] : llvm::zip(members, check.members))
      member = choose(here, member);
  }
  func->setAttr("vi.checks", builder.getArrayAttr(messages));
  SmallVector<Value> results{failed, left, right};
  SmallVector<std::string> names{"failed", "left", "right"};
  SmallVector<std::string> docs{"number of the check, or 0", "the one number",
                                "the other"};
  for (auto [number, member] : llvm::enumerate(members)) {
    results.push_back(member);
    names.push_back("member" + std::to_string(number));
    docs.push_back("number of the member, from 1, of a check of members");
  }
  finish(func, results, names, docs);
  return success();
}

/// Independent random elements of a parameter (`#vi.init`).
static Value buildInitialWeights(ImplicitLocOpBuilder &b,
                                 InitializerAttr initializer, Value key,
                                 ArrayRef<Value> shape, RankedTensorType type) {
  FloatType element = cast<FloatType>(type.getElementType());
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, b.getFloatAttr(element, value));
  };
  // What goes in and out of a unit, each times the size of the field.
  SmallVector<Value> in{shape[1]}, out{shape[0]};
  for (Value size : shape.drop_front(2)) {
    in.push_back(size);
    out.push_back(size);
  }
  auto count = [&](ArrayRef<Value> sizes) -> Value {
    Value number = arith::IndexCastOp::create(
        b, b.getI64Type(), buildProduct(b, b.getLoc(), sizes));
    return arith::SIToFPOp::create(b, element, number);
  };
  Value deviation = constant(initializer.getFactor());
  bool isUniform = false;
  Value divisor;
  switch (initializer.getKind()) {
  case InitializerKind::Uniform:
    isUniform = true;
    break;
  case InitializerKind::Normal:
    break;
  case InitializerKind::GlorotUniform:
    isUniform = true;
    [[fallthrough]];
  case InitializerKind::GlorotNormal:
    divisor = arith::AddFOp::create(b, count(in), count(out));
    break;
  case InitializerKind::HeUniform:
    isUniform = true;
    [[fallthrough]];
  case InitializerKind::HeNormal:
    divisor = count(in);
    break;
  }
  if (divisor) {
    // The variance of a uniform distribution is a third of its end's square.
    Value variance =
        arith::DivFOp::create(b, constant(isUniform ? 6.0 : 2.0), divisor);
    deviation =
        arith::MulFOp::create(b, deviation, math::SqrtOp::create(b, variance));
  }
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(shape))
    if (type.isDynamicDim(i))
      dynamic.push_back(size);
  return tensor::GenerateOp::create(
      b, type, dynamic, [&](OpBuilder &inner, Location loc, ValueRange place) {
        ImplicitLocOpBuilder nested(loc, inner);
        Value linear = place.front();
        for (auto [size, position] :
             llvm::zip(shape.drop_front(), place.drop_front()))
          linear = arith::AddIOp::create(
              nested, arith::MulIOp::create(nested, linear, size), position);
        Value index =
            arith::IndexCastOp::create(nested, nested.getI64Type(), linear);
        Value value;
        if (isUniform) {
          Value unit = rng::UniformOp::create(nested, element, key, index);
          value = arith::SubFOp::create(
              nested, arith::AddFOp::create(nested, unit, unit), constant(1));
        } else {
          value = rng::NormalOp::create(nested, element, key, index);
        }
        tensor::YieldOp::create(
            nested,
            arith::MulFOp::create(nested, value, deviation).getResult());
      });
}

LogicalResult EntryPointBuilder::buildInitial() {
  bool isRandom = false;
  for (FunctionOpInterface program :
       {FunctionOpInterface(guide), FunctionOpInterface(model)})
    program.getFunctionBody().walk([&](ParamOp op) {
      isRandom |= isa_and_nonnull<InitializerAttr>(
          op.getInitial().value_or(Attribute()));
    });
  SmallVector<Argument> arguments;
  if (isRandom)
    arguments.push_back({"seed", builder.getI64Type(),
                         "seed of the parameters that start at random",
                         "vi.seed"});
  auto func = start("initial", arguments, {flat},
                    "The unconstrained parameters where a fit starts.");
  int64_t randomParameters = 0;
  Location loc = model.getLoc();
  IRMapping guideMapping = mapData(guide, func);
  IRMapping modelMapping = mapData(model, func);
  FlatLayout all(builder, loc), layout(builder, loc);
  if (failed(addParameters(guide, guideMapping, all)) ||
      failed(addParameters(model, modelMapping, all)))
    return failure();
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, 0.0));
  Value result = tensor::SplatOp::create(
      builder, loc, zero, ArrayRef<int64_t>{ShapedType::kDynamic},
      ValueRange(all.getCount()));
  auto append = [&](FunctionOpInterface program, IRMapping &mapping) {
    return program.getFunctionBody().walk([&](ParamOp op) {
      FailureOr<SmallVector<Value>> shape =
          getParameterShape(op, mapping, /*unconstrained=*/true);
      if (failed(shape))
        return WalkResult::interrupt();
      Value offset = layout.add(*shape);
      if (std::optional<Attribute> initial = op.getInitial()) {
        SmallVector<Value> bounds;
        for (Value bound : op.getBounds()) {
          bounds.push_back(buildSize(builder, bound, mapping));
          if (!bounds.back()) {
            op.emitError("the bounds of a parameter must be functions of the "
                         "data alone");
            return WalkResult::interrupt();
          }
        }
        Value value;
        Type unconstrained =
            getUnconstrainedType(op.getSupport(), op.getValue().getType());
        if (auto initializer = dyn_cast<InitializerAttr>(*initial)) {
          ImplicitLocOpBuilder b(op.getLoc(), builder);
          Value number = arith::ConstantOp::create(
              b, b.getI64IntegerAttr(randomParameters++));
          Value key =
              rng::FoldInOp::create(b, func.getArguments().back(), number);
          value = buildInitialWeights(b, initializer, key, *shape,
                                      cast<RankedTensorType>(unconstrained));
        } else if (auto number = dyn_cast<FloatAttr>(*initial)) {
          // One number for all elements of an elementwise support.
          Value scalar = arith::ConstantOp::create(
              builder, op.getLoc(),
              builder.getFloatAttr(getElementTypeOrSelf(unconstrained),
                                   number.getValueAsDouble()));
          if (op.getSupport() != SupportKind::Real)
            scalar =
                UnconstrainOp::create(builder, op.getLoc(), scalar.getType(),
                                      op.getSupport(), scalar, bounds);
          value = scalar;
          if (auto tensor = dyn_cast<RankedTensorType>(unconstrained)) {
            SmallVector<Value> sizes;
            for (auto [i, size] : llvm::enumerate(*shape))
              if (tensor.isDynamicDim(i))
                sizes.push_back(size);
            value = tensor::SplatOp::create(builder, op.getLoc(), scalar,
                                            tensor.getShape(), sizes);
          }
        } else {
          value = arith::ConstantOp::create(builder, op.getLoc(),
                                            cast<TypedAttr>(*initial));
          if (op.getSupport() != SupportKind::Real)
            value = UnconstrainOp::create(builder, op.getLoc(), unconstrained,
                                          op.getSupport(), value, bounds);
        }
        result =
            buildFlatten(builder, op.getLoc(), value, *shape, result, offset);
      }
      return WalkResult::advance();
    });
  };
  if (append(guide, guideMapping).wasInterrupted() ||
      append(model, modelMapping).wasInterrupted())
    return failure();
  finish(func, result, {"parameters"}, {"length parameter_count"});
  return success();
}

LogicalResult EntryPointBuilder::buildELBO() {
  Type index = builder.getIndexType();
  SmallVector<Argument> arguments{
      {"parameters", flat,
       "unconstrained parameters: the guide's, then the model's"}};
  SmallVector<PlateOp> plates = getDataPlates(model);
  SmallVector<std::string> names;
  for (PlateOp plate : plates)
    for (StringRef suffix : {"_begin", "_end", "_scale"})
      names.push_back((plate.getName() + suffix).str());
  for (auto [i, plate] : llvm::enumerate(plates)) {
    arguments.push_back({names[3 * i], index, "first member of the batch"});
    arguments.push_back(
        {names[3 * i + 1], index, "one past the last member of the batch"});
    arguments.push_back({names[3 * i + 2], type,
                         "factor of everything in the plate: members / batch"});
  }
  if (options.counter) {
    arguments.push_back({"samples", index, "number of draws", "vi.samples"});
    arguments.push_back(
        {"seed", builder.getI64Type(), "seed of the draws", "vi.seed"});
  } else {
    arguments.push_back(
        {"noise",
         RankedTensorType::get({ShapedType::kDynamic, ShapedType::kDynamic},
                               type),
         "standard normals, a row of noise_count for each draw", "vi.noise"});
  }
  if (options.klWeight)
    arguments.push_back({"kl_weight", type,
                         "weight of the divergences from the prior; the result "
                         "is the bound at 1 only",
                         "vi.kl_weight"});
  auto func =
      start("elbo", arguments, {type}, "The evidence lower bound, in nats.");
  unsigned first = model.getNumArguments();
  func->setAttr("vi.differentiate",
                builder.getStringAttr(model.getSymName() + "_elbo_gradient"));
  if (options.hessian)
    func->setAttr("vi.hessian_vector_product",
                  builder.getStringAttr(model.getSymName() +
                                        "_elbo_hessian_vector_product"));
  func->setAttr("vi.wrt", builder.getI64ArrayAttr({first}));
  Value elbo = ELBOOp::create(
      builder, model.getLoc(), type, model.getSymNameAttr(),
      guide.getSymNameAttr(), getData(func), func.getArgument(first),
      func.getArguments().slice(first + 1, 3 * plates.size()),
      options.klWeight ? func.getArguments().back() : Value());
  finish(func, elbo, {"elbo"}, {"nats"});
  return success();
}

/// Numbers of one element type as those of another: the flat vector of latents
/// has discrete ones as floats, too.
static Value convertNumbers(OpBuilder &builder, Location loc, Value value,
                            Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  Type type = element;
  if (auto tensor = dyn_cast<RankedTensorType>(value.getType()))
    type = tensor.clone(element);
  if (isa<FloatType>(from) && isa<FloatType>(element))
    return convertFloats(builder, loc, value, element);
  if (isa<FloatType>(from))
    return arith::FPToSIOp::create(
        builder, loc, type,
        // Of i1, true is -1.
        element.isInteger(1) ? arith::NegFOp::create(builder, loc, value)
                             : value);
  if (from.isInteger(1))
    return arith::UIToFPOp::create(builder, loc, type, value);
  return arith::SIToFPOp::create(builder, loc, type, value);
}

/// A tensor as it is, whose derivative at member i of its leading dimension is
/// multiplied by weights[i].
static Value weightPath(ImplicitLocOpBuilder &b, Value value, Value weights) {
  auto type = cast<RankedTensorType>(value.getType());
  Value held = StopGradientOp::create(b, type, value);
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  AffineMap whole = b.getMultiDimIdentityMap(type.getRank());
  AffineMap member = AffineMap::get(type.getRank(), 0, b.getAffineDimExpr(0));
  return linalg::GenericOp::create(
             b, TypeRange(type), ValueRange{value, held, weights},
             ValueRange(held), ArrayRef<AffineMap>{whole, whole, member, whole},
             iterators,
             [](OpBuilder &nested, Location loc, ValueRange in) {
               Value path = arith::SubFOp::create(nested, loc, in[0], in[1]);
               path = arith::MulFOp::create(nested, loc, in[2], path);
               path = arith::AddFOp::create(nested, loc, in[1], path);
               linalg::YieldOp::create(nested, loc, path);
             })
      .getResult(0);
}

LogicalResult EntryPointBuilder::giveLatents(ProgramInliner &inliner,
                                             func::FuncOp func, Value latents,
                                             Value pathWeights) {
  IRMapping mapping = mapData(model, func);
  FailureOr<SmallVector<LatentSite>> sites = getLatents(mapping);
  if (failed(sites))
    return failure();
  Location loc = model.getLoc();
  FlatLayout layout(builder, loc);
  for (LatentSite &site : *sites) {
    Value value = buildUnflatten(builder, loc, latents, layout.add(site.shape),
                                 site.shape, Type());
    value = convertNumbers(builder, loc, value,
                           getElementTypeOrSelf(site.op.getValue().getType()));
    if (pathWeights) {
      ImplicitLocOpBuilder b(loc, builder);
      value = weightPath(b, value, pathWeights);
    }
    // Outside plates and loops the value has the site's own type.
    if (getRepetitions(site.op).empty() &&
        value.getType() != site.op.getValue().getType())
      value = tensor::CastOp::create(builder, loc, site.op.getValue().getType(),
                                     value);
    inliner.inputs[site.op.getName()] = value;
  }
  // A guide's joint draw is all of u.
  guide.getBody().walk([&](SampleOp op) {
    if (op.getAuxiliary())
      inliner.inputs[op.getName()] = latents;
  });
  return success();
}

FailureOr<Value> EntryPointBuilder::emitDraw(func::FuncOp func,
                                             DrawingInliner &inliner) {
  Location loc = model.getLoc();
  IRMapping guideMapping = mapData(guide, func);
  FlatLayout noise(builder, loc);
  WalkResult walked = guide.getBody().walk([&](SampleOp op) {
    SmallVector<Value> shape;
    if (failed(buildSiteShape(builder, op, op.getValue(), guideMapping, shape)))
      return WalkResult::interrupt();
    Value width = buildNoiseCount(builder, op.getValue(), guideMapping);
    if (!width)
      return WalkResult::interrupt();
    inliner.starts[op.getName()] = {noise.add(shape), width};
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  if (failed(inliner.inlineProgram(guide, getData(func))))
    return failure();

  IRMapping mapping = mapData(model, func);
  FailureOr<SmallVector<LatentSite>> sites = getLatents(mapping);
  if (failed(sites))
    return failure();
  Value total = getLatentCount(*sites);
  Value result = tensor::EmptyOp::create(
      builder, loc, ArrayRef<OpFoldResult>{getAsOpFoldResult(total)}, type);
  if (result.getType() != flat)
    result = tensor::CastOp::create(builder, loc, flat, result);
  FlatLayout layout(builder, loc);
  for (LatentSite &site : *sites) {
    Value value = inliner.outputs.lookup(site.op.getName());
    if (!value)
      return guide.emitError("does not sample latent site '")
             << site.op.getName() << "'";
    if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
      value = convertNumbers(builder, loc, value, type);
    result = buildFlatten(builder, loc, value, site.shape, result,
                          layout.add(site.shape));
  }
  return result;
}

LogicalResult EntryPointBuilder::buildLatents() {
  auto func =
      start("latents",
            {{"parameters", flat, "unconstrained parameters"},
             {"noise", flat, "noise_count standard normals"}},
            {flat}, "A draw of all latents from the guide, unconstrained.");
  Value parameters = func.getArgument(model.getNumArguments());
  Value normals = func.getArgument(model.getNumArguments() + 1);
  ParameterReader reader(parameters);
  DrawingInliner inliner(builder, type, reader, normals);
  FailureOr<Value> result = emitDraw(func, inliner);
  if (failed(result))
    return failure();
  finish(func, *result, {"latents"}, {"length latent_count"});
  return success();
}

func::FuncOp EntryPointBuilder::startAtLatents(StringRef suffix,
                                               ArrayRef<Argument> more,
                                               TypeRange results,
                                               StringRef doc) {
  SmallVector<Argument> arguments{
      {"parameters", flat, "unconstrained parameters"},
      {"latents", flat, "unconstrained latents"}};
  llvm::append_range(arguments, more);
  return start(suffix, arguments, results, doc);
}

LogicalResult EntryPointBuilder::inlineAtLatents(func::FuncOp func,
                                                 FunctionOpInterface program,
                                                 ParameterReader &reader,
                                                 GivenLatentsInliner &inliner) {
  if (program == model) {
    IRMapping mapping = mapData(guide, func);
    FlatLayout layout(builder, model.getLoc());
    if (failed(addParameters(guide, mapping, layout)))
      return failure();
    reader.skip(layout.getCount());
  }
  if (failed(giveLatents(inliner, func,
                         func.getArgument(model.getNumArguments() + 1))))
    return failure();
  return inliner.inlineProgram(program, getData(func));
}

LogicalResult EntryPointBuilder::buildLogGuide() {
  auto func = startAtLatents("log_guide", {}, {type},
                             "log q(u), the guide's log-density.");
  ParameterReader reader(func.getArgument(model.getNumArguments()));
  GivenLatentsInliner inliner(builder, type, reader);
  if (failed(inlineAtLatents(func, guide, reader, inliner)))
    return failure();
  finish(func, inliner.getTotal(model.getLoc()), {"log_guide"}, {"nats"});
  return success();
}

LogicalResult EntryPointBuilder::buildLogJoint() {
  auto func =
      startAtLatents("log_joint", {}, {type},
                     "log p(x, u), the joint log-density with log-Jacobians.");
  ParameterReader reader(func.getArgument(model.getNumArguments()));
  GivenLatentsInliner inliner(builder, type, reader);
  if (failed(inlineAtLatents(func, model, reader, inliner)))
    return failure();
  finish(func, inliner.getTotal(model.getLoc()), {"log_joint"}, {"nats"});
  return success();
}

void EntryPointBuilder::finishWithOutputs(func::FuncOp func,
                                          ProgramInliner &inliner) {
  SmallVector<Value> results;
  SmallVector<std::string> names;
  for (auto &[name, value] : inliner.outputs) {
    results.push_back(value);
    names.push_back(name.str());
  }
  finish(func, results, names);
}

LogicalResult EntryPointBuilder::buildLogLik() {
  std::string doc =
      "The log-density of each observation, 0 where a mask leaves it out. The "
      "sizes are the log_lik.* of the shapes.";
  auto func = startAtLatents("log_lik", {}, {}, doc);
  ParameterReader reader(func.getArgument(model.getNumArguments()));
  GivenLatentsInliner inliner(builder, type, reader);
  inliner.densities = false;
  IRMapping mapping = mapData(model, func);
  SmallVector<Operation *> omitted;
  for (const Observation &observation :
       getObservations(builder, model, mapping, &omitted)) {
    inliner.pointwise.insert(observation.name);
    if (observation.isRagged)
      inliner.ragged[observation.name] = observation.nest;
  }
  for (Operation *op : omitted)
    doc += (" '" + op->getAttrOfType<StringAttr>("name").getValue() +
            "' is left out: how often it is observed is not a function of the "
            "data alone.")
               .str();
  func->setAttr("vi.doc", builder.getStringAttr(doc));
  if (failed(inlineAtLatents(func, model, reader, inliner)))
    return failure();
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::buildReport() {
  Type i64 = builder.getI64Type();
  auto func = startAtLatents("report",
                             {{"seed", i64, "seed of generated draws"},
                              {"draw", i64, "number of the draw"}},
                             {},
                             "Sites on their own scale, learned parameters and "
                             "generated quantities.");
  unsigned first = model.getNumArguments();
  ParameterReader reader(func.getArgument(first));
  GivenLatentsInliner inliner(builder, type, reader);
  inliner.densities = false;
  inliner.reports = true;
  inliner.key = rng::FoldInOp::create(builder, model.getLoc(),
                                      func.getArgument(first + 2),
                                      func.getArgument(first + 3));
  if (failed(inlineAtLatents(func, model, reader, inliner)))
    return failure();
  finishWithOutputs(func, inliner);
  return success();
}

LogicalResult EntryPointBuilder::build() {
  if (failed(buildShapes()) || failed(buildCheck()) || failed(buildInitial()) ||
      failed(buildELBO()) || failed(buildLatents()) ||
      failed(buildLogGuide()) || failed(buildLogJoint()) ||
      failed(buildLogLik()) || failed(buildReport()))
    return failure();
  return options.generative ? buildGenerative() : success();
}
