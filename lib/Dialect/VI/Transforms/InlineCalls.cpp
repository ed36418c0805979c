//===- InlineCalls.cpp - the bodies of called functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Calls.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

namespace vi {
#define GEN_PASS_DEF_INLINECALLS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Elementwise operations take the static sizes of their operands, which casts
/// have hidden.
struct TakeStaticSizes : public OpTraitRewritePattern<OpTrait::Elementwise> {
  using OpTraitRewritePattern::OpTraitRewritePattern;

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || op->getNumRegions() != 0)
      return failure();
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || type.hasStaticShape())
      return failure();
    RankedTensorType known;
    for (Value operand : op->getOperands())
      if (auto cast = operand.getDefiningOp<tensor::CastOp>())
        if (auto source =
                dyn_cast<RankedTensorType>(cast.getSource().getType());
            source && source.getNumDynamicDims() < type.getNumDynamicDims())
          known = source;
    if (!known)
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      auto tensor = dyn_cast<RankedTensorType>(operand.getType());
      if (!tensor) {
        operands.push_back(operand);
        continue;
      }
      auto wanted =
          RankedTensorType::get(known.getShape(), tensor.getElementType());
      operands.push_back(operand.getType() == wanted
                             ? operand
                             : rewriter.createOrFold<tensor::CastOp>(
                                   op->getLoc(), wanted, operand));
    }
    OperationState state(
        op->getLoc(), op->getName(), operands,
        RankedTensorType::get(known.getShape(), type.getElementType()),
        op->getAttrs());
    Operation *better = rewriter.create(state);
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, type, better->getResult(0));
    return success();
  }
};

struct InlineCalls : vi::impl::InlineCallsBase<InlineCalls> {
  void runOnOperation() override;

private:
  /// Inlines the calls in `op`, an operation of the module; `callers` are those
  /// functions whose bodies are on the way.
  LogicalResult inlineIn(Operation *op, SmallVectorImpl<func::FuncOp> &callers);
  LogicalResult inlineCall(Operation *call, func::FuncOp callee);

  /// Functions whose own calls have been inlined.
  llvm::DenseSet<Operation *> done;
  llvm::SetVector<func::FuncOp> called;
};

} // namespace

/// The name that a call is of, if it is to be inlined.
static FlatSymbolRefAttr getCallee(Operation *op) {
  if (auto call = dyn_cast<CallOp>(op))
    return call.getCalleeAttr();
  if (auto call = dyn_cast<func::CallOp>(op))
    if (op->getParentOfType<ModelOp>() || op->getParentOfType<GuideOp>())
      return call.getCalleeAttr();
  return {};
}

/// Puts f32 in the place of f64, constants rounded.
static AttrTypeReplacer makeSinglePrecisionReplacer() {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](Float64Type type) -> std::optional<Type> {
    return Float32Type::get(type.getContext());
  });
  auto round = [](APFloat value) {
    bool isInexact;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven,
                  &isInexact);
    return value;
  };
  replacer.addReplacement([=](FloatAttr attribute) -> std::optional<Attribute> {
    if (!attribute.getType().isF64())
      return std::nullopt;
    return FloatAttr::get(Float32Type::get(attribute.getContext()),
                          round(attribute.getValue()));
  });
  replacer.addReplacement(
      [=](DenseFPElementsAttr attribute) -> std::optional<Attribute> {
        if (!attribute.getElementType().isF64())
          return std::nullopt;
        return attribute.mapValues(Float32Type::get(attribute.getContext()),
                                   [&](const APFloat &value) {
                                     return round(value).bitcastToAPInt();
                                   });
      });
  return replacer;
}

LogicalResult InlineCalls::inlineCall(Operation *call, func::FuncOp callee) {
  OpBuilder builder(call);
  auto viCall = dyn_cast<CallOp>(call);
  bool isSingle = viCall && takesSinglePrecision(viCall, callee);
  if (isSingle) {
    WalkResult walked = callee.walk([&](Operation *op) {
      return isa<arith::ExtFOp, arith::TruncFOp>(op) ? WalkResult::interrupt()
                                                     : WalkResult::advance();
    });
    if (walked.wasInterrupted()) {
      InFlightDiagnostic diagnostic =
          call->emitOpError("has f32 for f64, but the function converts "
                            "between real types");
      diagnostic.attachNote(callee.getLoc()) << "the function is here";
      return diagnostic;
    }
  }
  AttrTypeReplacer replacer = makeSinglePrecisionReplacer();
  auto convert = [&](Value value, Type type) -> Value {
    if (value.getType() == type)
      return value;
    return tensor::CastOp::create(builder, call->getLoc(), type, value);
  };
  IRMapping mapping;
  for (auto [argument, operand] :
       llvm::zip_equal(callee.getArguments(), call->getOperands()))
    mapping.map(argument, convert(operand, isSingle ? getSinglePrecision(
                                                          argument.getType())
                                                    : argument.getType()));
  Block &body = callee.getBody().front();
  for (Operation &op : body.without_terminator()) {
    Operation *clone = builder.clone(op, mapping);
    if (isSingle)
      replacer.recursivelyReplaceElementsIn(clone, /*replaceAttrs=*/true,
                                            /*replaceLocs=*/false,
                                            /*replaceTypes=*/true);
  }
  SmallVector<Value> results;
  for (auto [result, value] :
       llvm::zip_equal(call->getResults(), body.getTerminator()->getOperands()))
    results.push_back(
        convert(mapping.lookupOrDefault(value), result.getType()));
  call->replaceAllUsesWith(results);
  call->erase();
  return success();
}

LogicalResult InlineCalls::inlineIn(Operation *op,
                                    SmallVectorImpl<func::FuncOp> &callers) {
  if (!done.insert(op).second)
    return success();
  SmallVector<std::pair<Operation *, func::FuncOp>> calls;
  WalkResult walked = op->walk([&](Operation *call) {
    FlatSymbolRefAttr name = getCallee(call);
    // Calls that stay functions' own matter where their callers are inlined.
    if (!name && !callers.empty())
      if (auto plain = dyn_cast<func::CallOp>(call))
        name = plain.getCalleeAttr();
    if (!name)
      return WalkResult::advance();
    auto callee = getOperation().lookupSymbol<func::FuncOp>(name.getAttr());
    if (!callee) {
      call->emitOpError("is of a function @")
          << name.getValue() << " that does not exist";
      return WalkResult::interrupt();
    }
    if (callee.isExternal() || !callee.getBody().hasOneBlock()) {
      InFlightDiagnostic diagnostic =
          call->emitOpError("is of @")
          << name.getValue()
          << (callee.isExternal() ? ", which has no body to inline"
                                  : ", whose body has several blocks");
      diagnostic.attachNote(callee.getLoc()) << "the function is here";
      return WalkResult::interrupt();
    }
    if (llvm::is_contained(callers, callee)) {
      InFlightDiagnostic diagnostic = call->emitOpError("is of @")
                                      << name.getValue()
                                      << ", which calls itself";
      diagnostic.attachNote(callee.getLoc()) << "the function is here";
      return WalkResult::interrupt();
    }
    calls.push_back({call, callee});
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  for (auto [call, callee] : calls) {
    callers.push_back(callee);
    if (failed(inlineIn(callee, callers)))
      return failure();
    callers.pop_back();
    called.insert(callee);
    if (failed(inlineCall(call, callee)))
      return failure();
  }
  return success();
}

void InlineCalls::runOnOperation() {
  done.clear();
  called.clear();
  ModuleOp module = getOperation();
  SmallVector<Operation *> changed;
  for (Operation &op : module.getOps()) {
    bool hasCalls = false;
    op.walk([&](Operation *call) { hasCalls |= bool(getCallee(call)); });
    if (hasCalls)
      changed.push_back(&op);
  }
  if (changed.empty())
    return;
  for (Operation *op : changed) {
    SmallVector<func::FuncOp> callers;
    if (auto func = dyn_cast<func::FuncOp>(op))
      callers.push_back(func);
    if (failed(inlineIn(op, callers)))
      return signalPassFailure();
  }
  for (func::FuncOp callee : llvm::reverse(called))
    if (callee.isPrivate() &&
        SymbolTable::symbolKnownUseEmpty(callee, module)) {
      llvm::erase(changed, callee.getOperation());
      callee.erase();
    }

  RewritePatternSet patterns(&getContext());
  patterns.add<TakeStaticSizes>(&getContext());
  for (StringRef name : {tensor::TensorDialect::getDialectNamespace(),
                         linalg::LinalgDialect::getDialectNamespace()}) {
    Dialect *dialect = getContext().getOrLoadDialect(name);
    dialect->getCanonicalizationPatterns(patterns);
    for (RegisteredOperationName op : getContext().getRegisteredOperations())
      if (op.getDialectNamespace() == name)
        op.getCanonicalizationPatterns(patterns, &getContext());
  }
  FrozenRewritePatternSet frozen(std::move(patterns));
  for (Operation *op : changed)
    if (failed(applyPatternsGreedily(op, frozen)))
      return signalPassFailure();
}
