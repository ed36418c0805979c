//===- ExpandELBO.cpp - the evidence lower bound as an expectation -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawTerms.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/ProgramInliner.h"
#include "vi/Dialect/VI/Transforms/Sites.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace vi {
#define GEN_PASS_DEF_EXPANDELBO
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// The guide: sites become draws, which leave plates as stacks; the terms are
/// log q.
class GuideInliner : public ProgramInliner {
public:
  using ProgramInliner::ProgramInliner;

protected:
  FailureOr<Value> emitSample(SampleOp op, Value distribution,
                              ValueRange sizes) override {
    auto draw = DrawOp::create(builder, op.getLoc(), op.getValue().getType(),
                               op.getNameAttr(), distribution, sizes);
    if (Attribute estimator = op->getAttr("vi.estimator")) {
      draw->setAttr("vi.estimator", estimator);
      StringRef name = getEstimatorName(draw);
      if (name != "pathwise" && name != "sticking-the-landing" &&
          name != "enumeration" && name != "score-function")
        return op.emitError("the estimator of '")
               << getSiteName(op.getName()) << "' is " << estimator
               << "; known are pathwise, sticking-the-landing, enumeration and "
                  "score-function";
    }
    addLatentTerm(op.getLoc(), distribution, draw);
    outputs[op.getName()] = draw;
    return draw.getValue();
  }
};

/// The model: sites take the guide's values.
class ModelInliner : public ProgramInliner {
public:
  using ProgramInliner::ProgramInliner;

protected:
  FailureOr<Value> emitSample(SampleOp op, Value distribution,
                              ValueRange) override {
    Value value = inputs.lookup(op.getName());
    if (!value)
      return op.emitError("latent site '")
             << op.getName() << "' is not sampled by the guide";
    Type type = op.getValue().getType();
    if (value.getType() != type &&
        tensor::CastOp::areCastCompatible(value.getType(), type))
      value = tensor::CastOp::create(builder, op.getLoc(), type, value);
    if (value.getType() != type)
      return op.emitError("latent site '")
             << op.getName() << "' is of type " << op.getValue().getType()
             << ", the guide's draw of " << value.getType();
    addLatentTerm(op.getLoc(), distribution, value);
    return value;
  }
};

struct ExpandELBO : vi::impl::ExpandELBOBase<ExpandELBO> {
  void runOnOperation() override;

private:
  LogicalResult expand(ELBOOp op);
};

} // namespace

LogicalResult ExpandELBO::expand(ELBOOp op) {
  auto model =
      SymbolTable::lookupNearestSymbolFrom<ModelOp>(op, op.getModelAttr());
  auto guide =
      SymbolTable::lookupNearestSymbolFrom<GuideOp>(op, op.getGuideAttr());
  if (!model || !guide)
    return op.emitOpError("needs its model and guide in the module");
  auto type = cast<FloatType>(op.getResult().getType());

  llvm::StringMap<Batch> batches;
  SmallVector<PlateOp> plates = getDataPlates(model);
  if (!op.getBatches().empty()) {
    if (op.getBatches().size() != 3 * plates.size())
      return op.emitOpError("has ")
             << op.getBatches().size() << " batch operands; model @"
             << model.getSymName() << " has " << plates.size()
             << " data plates, of three operands each";
    for (auto [index, plate] : llvm::enumerate(plates)) {
      Batch batch{op.getBatches()[3 * index], op.getBatches()[3 * index + 1],
                  op.getBatches()[3 * index + 2]};
      if (!batch.begin.getType().isIndex() || !batch.end.getType().isIndex() ||
          batch.scale.getType() != type)
        return op.emitOpError("batch of plate '")
               << plate.getName()
               << "' must be two of index (begin, end) and a scale of " << type;
      batches[plate.getName()] = batch;
    }
  }

  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto expect = ExpectOp::create(builder, loc, TypeRange(type));
  builder.setInsertionPointToStart(&expect.getBody().emplaceBlock());

  ParameterReader reader(op.getParameters());
  GuideInliner guideInliner(builder, type, reader);
  guideInliner.batches = batches;
  guideInliner.latentWeight = op.getKlWeight();
  ModelInliner modelInliner(builder, type, reader);
  modelInliner.batches = batches;
  modelInliner.latentWeight = op.getKlWeight();
  if (failed(guideInliner.inlineProgram(guide, op.getData())))
    return failure();
  for (auto &[name, value] : guideInliner.outputs)
    modelInliner.inputs[name] = value;
  if (failed(modelInliner.inlineProgram(model, op.getData())))
    return failure();

  Value difference = arith::SubFOp::create(
      builder, loc, modelInliner.getTotal(loc), guideInliner.getTotal(loc));
  YieldOp::create(builder, loc, ValueRange(), ValueRange(difference));
  op.getResult().replaceAllUsesWith(expect.getResult(0));
  op.erase();
  return success();
}

void ExpandELBO::runOnOperation() {
  SmallVector<ELBOOp> bounds;
  getOperation().walk([&](ELBOOp op) { bounds.push_back(op); });
  for (ELBOOp op : bounds)
    if (failed(expand(op)))
      return signalPassFailure();
}
