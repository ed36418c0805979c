//===- EntryPointBuilder.h - the functions of one model -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_ENTRYPOINTBUILDER_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_ENTRYPOINTBUILDER_H

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/VI/Transforms/Noise.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/ProgramInliner.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <memory>

namespace vi {
using namespace mlir;

/// A site as the flat vector of latents holds it.
struct LatentSite {
  SampleOp op;
  SmallVector<Value> shape;
};

/// A program whose latents are given, not drawn.
class GivenLatentsInliner : public ProgramInliner {
public:
  using ProgramInliner::ProgramInliner;

  /// Where log-densities of sites are taken: in a model all, in a guide those
  /// of sites that have a density (see below).
  bool densities = true;
  /// Whether values of sites and generated quantities are collected.
  bool reports = false;
  /// The observations whose log-densities are collected.
  llvm::StringSet<> pointwise;
  /// The key of generated draws.
  Value key;
  /// Called for each observation, with its distribution.
  std::function<void(ObserveOp, Value)> watch;

protected:
  FailureOr<Value> emitSample(SampleOp op, Value distribution,
                              ValueRange) override {
    Value value = inputs.lookup(op.getName());
    if (!value)
      return op.emitError("latent site '")
             << op.getName() << "' has no value here";
    if (value.getType() != op.getValue().getType())
      value = tensor::CastOp::create(builder, op.getLoc(),
                                     op.getValue().getType(), value);
    if (densities)
      terms.push_back(buildLogProb(op.getLoc(), distribution, value));
    if (reports && !op.getName().ends_with(getUnconstrainedSuffix()))
      outputs[op.getName()] = value;
    return value;
  }
  FailureOr<Value> emitParam(ParamOp op, ValueRange bounds,
                             ValueRange sizes) override {
    FailureOr<Value> value = ProgramInliner::emitParam(op, bounds, sizes);
    if (succeeded(value) && reports)
      outputs[op.getName()] = *value;
    return value;
  }
  LogicalResult emitObserve(ObserveOp op, Value distribution, Value value,
                            Value mask) override {
    if (watch)
      watch(op, distribution);
    bool isWanted = pointwise.contains(op.getName());
    if (densities || isWanted) {
      Value term = buildLogProb(op.getLoc(), distribution, value, mask);
      if (densities)
        terms.push_back(term);
      if (isWanted)
        outputs[op.getName()] = term;
    }
    return success();
  }
  LogicalResult emitFactor(FactorOp op, Value value) override {
    if (densities && failed(ProgramInliner::emitFactor(op, value)))
      return failure();
    if (pointwise.contains(op.getName()))
      outputs[op.getName()] =
          convertFloats(builder, op.getLoc(), value, floatType);
    return success();
  }
  LogicalResult emitDeterministic(DeterministicOp op, Value value) override {
    if (reports)
      outputs[op.getName()] = value;
    return success();
  }
  FailureOr<Value> emitPredict(PredictOp op, Value distribution,
                               ValueRange sizes) override {
    if (!reports)
      return Value();
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    Type i64 = b.getI64Type();
    Value site =
        arith::ConstantOp::create(b, b.getI64IntegerAttr(predictions++));
    Value stream = rng::FoldInOp::create(b, key, site);
    Value member = buildMemberIndex(b, b.getInsertionBlock());
    Value number =
        member
            ? arith::IndexCastOp::create(b, i64, member).getResult()
            : arith::ConstantOp::create(b, b.getI64IntegerAttr(0)).getResult();
    CounterNoise noise(stream, number);
    Value value =
        buildDraw(b, distribution, op.getValue().getType(), sizes, noise);
    if (!value)
      return failure();
    outputs[op.getName()] = value;
    return value;
  }

private:
  unsigned predictions = 0;
};

/// The guide, with draws from one row of standard normals.
class DrawingInliner : public ProgramInliner {
public:
  DrawingInliner(OpBuilder &builder, FloatType type, ParameterReader &reader,
                 Value normals)
      : ProgramInliner(builder, type, reader), normals(normals) {}
  /// Where each site's noise starts in the row, and how much a member has.
  llvm::StringMap<std::pair<Value, Value>> starts;
  /// Instead of a row: a key of counter-based noise, and the plate around the
  /// program, whose members have keys of their own.
  Value key;
  Operation *root = nullptr;
  /// Whether log q of the draws is taken.
  bool densities = false;
  /// Called for each site, with its distribution.
  std::function<void(SampleOp, Value)> watch;

protected:
  FailureOr<Value> emitSample(SampleOp op, Value distribution,
                              ValueRange sizes) override {
    ImplicitLocOpBuilder b(op.getLoc(), builder);
    if (watch)
      watch(op, distribution);
    Value member = buildMemberIndex(b, b.getInsertionBlock(), root);
    std::unique_ptr<NoiseSource> noise;
    if (key) {
      Type i64 = b.getI64Type();
      Value site = arith::ConstantOp::create(b, b.getI64IntegerAttr(sites++));
      Value stream = rng::FoldInOp::create(b, key, site);
      Value number =
          member ? arith::IndexCastOp::create(b, i64, member).getResult()
                 : arith::ConstantOp::create(b, b.getI64IntegerAttr(0))
                       .getResult();
      noise = std::make_unique<CounterNoise>(stream, number);
    } else {
      auto [position, width] = starts.lookup(op.getName());
      if (member)
        position = arith::AddIOp::create(
            b, position, arith::MulIOp::create(b, member, width));
      noise = std::make_unique<HeldNoise>(normals, position);
    }
    Value value =
        buildDraw(b, distribution, op.getValue().getType(), sizes, *noise);
    if (!value)
      return failure();
    if (densities)
      terms.push_back(buildLogProb(op.getLoc(), distribution, value));
    outputs[op.getName()] = value;
    return value;
  }

private:
  int64_t sites = 0;
  Value normals;
};

/// What draws of a guide are made of: a row of standard normals, or a key of
/// counter-based noise and the plate around the program, whose members have
/// keys of their own.
struct GuideNoise {
  Value normals = {}, key = {};
  Operation *root = nullptr;
};

/// Makes the entry points of one model.
class EntryPointBuilder {
public:
  EntryPointBuilder(ModelOp model, GuideOp guide,
                    const EntryPointsOptions &options)
      : model(model), guide(guide), options(options),
        builder(model.getContext()) {
    builder.setInsertionPointAfter(guide->isBeforeInBlock(model)
                                       ? model.getOperation()
                                       : guide.getOperation());
    type = builder.getF64Type();
    flat = RankedTensorType::get({ShapedType::kDynamic}, type);
  }

  LogicalResult build();

private:
  struct Argument {
    StringRef name;
    Type type;
    StringRef doc;
    StringRef marker = {};
  };

  /// Starts a function NAME_suffix of the data and `arguments`.
  func::FuncOp start(StringRef suffix, ArrayRef<Argument> arguments,
                     TypeRange results, StringRef doc);
  /// Ends it with its results and their names.
  void finish(func::FuncOp func, ValueRange results,
              ArrayRef<std::string> names, ArrayRef<std::string> docs = {});
  /// Ends it with what an inliner has collected.
  void finishWithOutputs(func::FuncOp func, ProgramInliner &inliner);
  ValueRange getData(func::FuncOp func) {
    return func.getArguments().take_front(model.getNumArguments());
  }
  IRMapping mapData(FunctionOpInterface program, func::FuncOp func) {
    IRMapping mapping;
    mapping.map(program.getFunctionBody().getArguments(), getData(func));
    return mapping;
  }

  /// The latent sites of the model, with shapes in terms of `mapping`.
  FailureOr<SmallVector<LatentSite>> getLatents(IRMapping &mapping);
  /// The number of elements of sites together.
  Value getLatentCount(ArrayRef<LatentSite> sites);
  /// Adds the unconstrained parameters of a program to a layout.
  LogicalResult addParameters(FunctionOpInterface program, IRMapping &mapping,
                              FlatLayout &layout);
  /// The shape of a parameter on the unconstrained scale.
  FailureOr<SmallVector<Value>>
  getParameterShape(ParamOp op, IRMapping &mapping, bool unconstrained);
  /// Gives the inliner the parts of u as the values of sites. The derivative
  /// through a member's values is multiplied by the element of `pathWeights`
  /// (if not null) at the member.
  LogicalResult giveLatents(ProgramInliner &inliner, func::FuncOp func,
                            Value latents, Value pathWeights = {});
  /// Starts a function NAME_suffix of the data, the parameters, the latents and
  /// `more`.
  func::FuncOp startAtLatents(StringRef suffix, ArrayRef<Argument> more,
                              TypeRange results, StringRef doc);
  /// Puts a program into such a function. The model's parameters come after
  /// the guide's.
  LogicalResult inlineAtLatents(func::FuncOp func, FunctionOpInterface program,
                                ParameterReader &reader,
                                GivenLatentsInliner &inliner);

  LogicalResult buildShapes();
  LogicalResult buildCheck();
  LogicalResult buildInitial();
  LogicalResult buildELBO();
  LogicalResult buildLatents();
  LogicalResult buildLogGuide();
  LogicalResult buildLogJoint();
  LogicalResult buildLogLik();
  LogicalResult buildReport();

  /// Draws from the guide with the noise of a row; the flat latents.
  FailureOr<Value> emitDraw(func::FuncOp func, DrawingInliner &inliner);

  /// The functions that use a learned model, where they can be: sizes of
  /// observed sites and draws from priors must be known.
  LogicalResult buildGenerative();
  LogicalResult buildEncode();
  LogicalResult buildDecode();
  LogicalResult buildReconstruct();
  LogicalResult buildSample();
  LogicalResult buildLogWeights();
  LogicalResult buildImportanceWeighted();
  /// log p(x, z) - log q(z) of each member of the latent plate, at a draw from
  /// the guide. With `pathWeights` (one for each member), the derivative by the
  /// guide's parameters is that along the draw alone, times the weight.
  FailureOr<Value> emitLogWeights(func::FuncOp func, const GuideNoise &noise,
                                  Value pathWeights = {});
  /// Whether all draws of the guide have pathwise derivatives.
  bool isReparameterized();
  /// Makes the parameters of a distribution outputs of the inliner, under the
  /// site's name.
  void addDistribution(ProgramInliner &inliner, StringRef site,
                       Value distribution);
  /// The shapes of what those functions write, for the sizes.
  LogicalResult
  addGenerativeShapes(IRMapping &modelMapping, IRMapping &guideMapping,
                      function_ref<void(StringRef, ValueRange)> addShape);
  /// The plate that all latents and observations stand in, if there is one.
  PlateOp getLatentPlate();
  /// Whether the model can be drawn from.
  bool canSample();

  ModelOp model;
  GuideOp guide;
  EntryPointsOptions options;
  OpBuilder builder;
  FloatType type;
  RankedTensorType flat;
};

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_ENTRYPOINTBUILDER_H
