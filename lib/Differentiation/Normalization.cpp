//===- Normalization.cpp - one form for operations on tensors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixBuilders.h"
#include "Simplification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/DerivativeRules.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace vi;

/// An elementwise operation on tensors as a generic; scalar operands are
/// operands without dimensions.
static void elementwiseToGeneric(Operation *op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  Location loc = op->getLoc();
  SmallVector<Value> outputs;
  Value shape;
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      shape = operand;
  int64_t rank = cast<RankedTensorType>(shape.getType()).getRank();
  for (Type type : op->getResultTypes()) {
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, loc, shape);
    outputs.push_back(tensor::EmptyOp::create(rewriter, loc, sizes,
                                              getElementTypeOrSelf(type)));
    if (outputs.back().getType() != type)
      outputs.back() =
          tensor::CastOp::create(rewriter, loc, type, outputs.back());
  }
  SmallVector<AffineMap> maps;
  for (Value operand : op->getOperands())
    maps.push_back(isa<RankedTensorType>(operand.getType())
                       ? rewriter.getMultiDimIdentityMap(rank)
                       : AffineMap::get(rank, 0, rewriter.getContext()));
  maps.append(outputs.size(), rewriter.getMultiDimIdentityMap(rank));
  auto generic = linalg::GenericOp::create(
      rewriter, loc, op->getResultTypes(), op->getOperands(), outputs, maps,
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location, ValueRange elements) {
        SmallVector<Type> types;
        for (Type type : op->getResultTypes())
          types.push_back(getElementTypeOrSelf(type));
        OperationState state(loc, op->getName(),
                             elements.take_front(op->getNumOperands()), types,
                             op->getAttrs());
        linalg::YieldOp::create(nested, loc,
                                nested.create(state)->getResults());
      });
  rewriter.replaceOp(op, generic.getResults());
}

/// tensor.generate as a generic without inputs.
static void generateToGeneric(tensor::GenerateOp op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getType());
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, type, op.getDynamicExtents());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, TypeRange(type), ValueRange(), ValueRange(empty),
      rewriter.getMultiDimIdentityMap(type.getRank()),
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location, ValueRange) {
        IRMapping mapping;
        Block &block = op.getBody().front();
        for (BlockArgument argument : block.getArguments())
          mapping.map(argument, linalg::IndexOp::create(nested, loc,
                                                        argument.getArgNumber())
                                    .getResult());
        for (Operation &inner : block.without_terminator())
          nested.clone(inner, mapping);
        linalg::YieldOp::create(
            nested, loc,
            mapping.lookupOrDefault(block.getTerminator()->getOperand(0)));
      });
  rewriter.replaceOp(op, generic.getResults());
}

/// Makes scalars that a generic captures its operands.
static void captureToOperands(linalg::GenericOp op, RewriterBase &rewriter) {
  llvm::SetVector<Value> captures;
  op.getRegion().walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (isa<FloatType>(operand.getType()) &&
          !op.getRegion().isAncestor(operand.getParentRegion()) &&
          !operand.getDefiningOp<arith::ConstantOp>())
        captures.insert(operand);
  });
  if (captures.empty())
    return;
  SmallVector<Value> captured = captures.takeVector();
  rewriter.setInsertionPoint(op);
  unsigned inputs = op.getNumDpsInputs();
  SmallVector<Value> operands(op.getDpsInputs());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (Value capture : captured)
    operands.push_back(capture);
  maps.insert(maps.begin() + inputs, captured.size(),
              AffineMap::get(op.getNumLoops(), 0, rewriter.getContext()));
  auto generic = linalg::GenericOp::create(
      rewriter, op.getLoc(), op.getResultTypes(), operands, op.getDpsInits(),
      maps, op.getIteratorTypesArray());
  Block *block = op.getBlock();
  unsigned next = inputs;
  for (Value capture : captured) {
    BlockArgument argument =
        block->insertArgument(next++, capture.getType(), op.getLoc());
    capture.replaceUsesWithIf(argument, [&](OpOperand &use) {
      return op.getRegion().isAncestor(use.getOwner()->getParentRegion());
    });
  }
  rewriter.inlineRegionBefore(op.getRegion(), generic.getRegion(),
                              generic.getRegion().end());
  rewriter.replaceOp(op, generic.getResults());
}

/// The active operations of a function.
static SmallVector<Operation *> getActive(func::FuncOp function,
                                          const ActivityAnalysis &activity) {
  SmallVector<Operation *> active;
  function.walk([&](Operation *op) {
    if (llvm::any_of(op->getResults(),
                     [&](Value v) { return activity.isActive(v); }))
      active.push_back(op);
  });
  return active;
}

/// Writes active operations that stand for several (a softmax, a padding) out.
static LogicalResult decompose(func::FuncOp function,
                               const ActivityAnalysis &activity) {
  PatternRewriter rewriter(function.getContext());
  for (Operation *op : getActive(function, activity)) {
    rewriter.setInsertionPoint(op);
    if (auto aggregate = dyn_cast<linalg::AggregatedOpInterface>(op)) {
      FailureOr<SmallVector<Value>> values =
          aggregate.decomposeOperation(rewriter);
      if (failed(values))
        return op->emitOpError("has no derivative rule");
      rewriter.replaceOp(op, *values);
    } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      if (failed(linalg::DecomposePadOpPattern(op->getContext())
                     .matchAndRewrite(pad, rewriter)))
        return op->emitOpError("has no derivative rule");
    } else if (auto cholesky = dyn_cast<CholeskyAdjointOp>(op)) {
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      rewriter.replaceOp(op, buildCholeskyAdjoint(builder, cholesky.getFactor(),
                                                  cholesky.getAdjoint()));
    }
  }
  return success();
}

LogicalResult vi::generalize(func::FuncOp function,
                             function_ref<ActivityAnalysis()> analyze) {
  if (failed(decompose(function, analyze())))
    return failure();
  IRRewriter rewriter(function.getContext());
  for (Operation *op : getActive(function, analyze())) {
    bool isTensor = isa<RankedTensorType>(op->getResult(0).getType());
    if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
      generateToGeneric(generate, rewriter);
    } else if (auto named = dyn_cast<linalg::LinalgOp>(op);
               named && !isa<linalg::GenericOp>(op)) {
      rewriter.setInsertionPoint(op);
      if (failed(linalg::generalizeNamedOp(rewriter, named)))
        return op->emitOpError("has no derivative rule");
    } else if (isTensor && getDerivativeRule(op->getName().getStringRef()) &&
               OpTrait::hasElementwiseMappableTraits(op)) {
      elementwiseToGeneric(op, rewriter);
    }
  }
  return success();
}

LogicalResult vi::normalize(func::FuncOp function,
                            function_ref<ActivityAnalysis()> analyze) {
  if (failed(generalize(function, analyze)))
    return failure();
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::GenericOp> generics;
  function.walk([&](linalg::GenericOp op) { generics.push_back(op); });
  for (linalg::GenericOp op : generics)
    captureToOperands(op, rewriter);
  reductionsToLoops(function, analyze());
  return success();
}

LogicalResult vi::inlineCalls(func::FuncOp function, func::FuncOp primal,
                              function_ref<ActivityAnalysis()> analyze) {
  // More than a program without recursion needs.
  constexpr unsigned limit = 1000;
  for (unsigned inlined = 0;; ++inlined) {
    ActivityAnalysis activity = analyze();
    func::CallOp active;
    primal.walk([&](func::CallOp call) {
      if (!llvm::any_of(call.getResults(),
                        [&](Value v) { return activity.isActive(v); }))
        return WalkResult::advance();
      active = call;
      return WalkResult::interrupt();
    });
    if (!active)
      return success();
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
        function, active.getCalleeAttr());
    if (!callee || callee.isExternal() || !callee.getBody().hasOneBlock())
      return active.emitOpError("of '")
             << active.getCallee()
             << "', whose body is not one block, has no derivative rule, and "
                "the result that is differentiated depends on it";
    if (inlined == limit)
      return active.emitOpError("of '")
             << active.getCallee()
             << "' is recursive, and the result that is differentiated depends "
                "on it";
    OpBuilder builder(active);
    IRMapping mapping;
    Block &block = callee.getBody().front();
    mapping.map(block.getArguments(), active.getOperands());
    for (Operation &op : block.without_terminator())
      builder.clone(op, mapping);
    for (auto [result, value] :
         llvm::zip(active.getResults(), block.getTerminator()->getOperands()))
      result.replaceAllUsesWith(mapping.lookupOrDefault(value));
    active.erase();
  }
}
