//===- TangentTensors.cpp - tangents of tensors and linalg.generic -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputUse.h"
#include "TangentSweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi;

/// Numbers change their places only: so do their tangents.
LogicalResult TangentSweep::emitTensor(Operation *op, TangentScope &scope) {
  if (!isa<tensor::ExtractOp, tensor::InsertOp, tensor::ExtractSliceOp,
           tensor::InsertSliceOp, tensor::FromElementsOp, tensor::SplatOp,
           tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
           tensor::ReshapeOp, tensor::ConcatOp>(op))
    return op->emitOpError("has no derivative rule, and the result that is "
                           "differentiated depends on it");
  b.clone(*op, scope.forward);
  IRMapping moved = scope.forward;
  bool moves = false;
  for (Value operand : op->getOperands()) {
    if (!isDifferentiableType(operand.getType()))
      continue;
    moves |= getTangent(scope, operand) != nullptr;
  }
  if (!moves)
    return success();
  for (Value operand : op->getOperands())
    if (isDifferentiableType(operand.getType()))
      moved.map(operand, getTangentOrZero(scope, operand));
  scope.tangents[op->getResult(0)] = b.clone(*op, moved)->getResult(0);
  return success();
}

/// The tangents of results that are sums or are set element by element come
/// from a generic of their own over the same iteration space, so that products
/// of matrices stay what they are. Where a result depends on what it was
/// before in another way, one generic computes both.
LogicalResult TangentSweep::emitGeneric(linalg::GenericOp op,
                                        TangentScope &scope) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("on buffers cannot be differentiated");
  Location loc = b.getLoc();
  Block *body = op.getBlock();
  Operation *yield = body->getTerminator();
  unsigned inputs = op.getNumDpsInputs(), outputs = op.getNumDpsInits();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();

  SmallVector<unsigned> moving, movingInputs;
  bool isSeparate = true;
  for (unsigned i = 0; i < outputs; ++i) {
    if (activity.isActive(op->getResult(i)))
      moving.push_back(i);
    OutputUse use = getOutputUse(op, i);
    isSeparate &= use == OutputUse::Sum || (use == OutputUse::Overwrite &&
                                            maps[inputs + i].isPermutation());
  }
  for (unsigned i = 0; i < inputs; ++i)
    if (getTangent(scope, op.getDpsInputs()[i]) &&
        activity.isActive(body->getArgument(i)))
      movingInputs.push_back(i);
  if (isSeparate)
    emitCopy(op, scope);

  SmallVector<Value> operands = lookup(scope, op.getDpsInputs());
  SmallVector<AffineMap> operandMaps(maps.begin(), maps.begin() + inputs);
  for (unsigned number : movingInputs) {
    operands.push_back(getTangent(scope, op.getDpsInputs()[number]));
    operandMaps.push_back(maps[number]);
  }
  // Values of functions that have been computed are read.
  SmallVector<Value> known;
  if (isSeparate)
    for (OpResult result : op->getResults()) {
      unsigned number = result.getResultNumber();
      Value yielded = yield->getOperand(number);
      Operation *source = yielded.getDefiningOp();
      if (getOutputUse(op, number) != OutputUse::Overwrite ||
          !maps[inputs + number].isPermutation() || !source ||
          source->getBlock() != body ||
          isa<arith::ArithDialect>(source->getDialect()))
        continue;
      known.push_back(yielded);
      operands.push_back(lookup(scope, result));
      operandMaps.push_back(maps[inputs + number]);
    }
  SmallVector<Value> inits;
  if (!isSeparate)
    for (unsigned i = 0; i < outputs; ++i) {
      inits.push_back(lookup(scope, op.getDpsInits()[i]));
      operandMaps.push_back(maps[inputs + i]);
    }
  for (unsigned number : moving) {
    Value init = op.getDpsInits()[number];
    inits.push_back(getOutputUse(op, number) == OutputUse::Overwrite
                        ? getEmpty(lookup(scope, init))
                        : getTangentOrZero(scope, init));
    operandMaps.push_back(maps[inputs + number]);
  }

  bool hasFailed = false;
  auto generic = linalg::GenericOp::create(
      b, ValueRange(inits).getTypes(), operands, inits, operandMaps,
      op.getIteratorTypesArray(),
      [&](OpBuilder &nested, Location, ValueRange elements) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        TangentScope inner;
        inner.forward = scope.forward;
        inner.tangents = scope.tangents;
        unsigned next = 0;
        for (unsigned i = 0; i < inputs; ++i)
          inner.forward.map(body->getArgument(i), elements[next++]);
        for (unsigned number : movingInputs)
          inner.tangents[body->getArgument(number)] = elements[next++];
        for (Value value : known)
          inner.known[value] = elements[next++];
        for (BlockArgument output : op.getRegionOutputArgs())
          inner.forward.map(output,
                            isSeparate ? arith::ConstantOp::create(
                                             b, b.getZeroAttr(output.getType()))
                                             .getResult()
                                       : elements[next++]);
        for (unsigned number : moving) {
          Value total = elements[next++];
          if (getOutputUse(op, number) != OutputUse::Overwrite)
            inner.tangents[op.getRegionOutputArgs()[number]] = total;
        }
        hasFailed |= failed(emit(*body, inner));
        b.setLoc(loc);
        SmallVector<Value> yielded;
        if (!isSeparate)
          yielded = lookup(inner, yield->getOperands());
        for (unsigned number : moving)
          yielded.push_back(getTangentOrZero(inner, yield->getOperand(number)));
        linalg::YieldOp::create(b, yielded);
      });
  b.setLoc(loc);
  if (hasFailed)
    return failure();
  auto results = generic.getResults();
  if (!isSeparate) {
    scope.forward.map(op.getResults(), results.take_front(outputs));
    results = results.drop_front(outputs);
  }
  for (auto [number, tangent] : llvm::zip(moving, results))
    scope.tangents[op->getResult(number)] = tangent;
  return success();
}
