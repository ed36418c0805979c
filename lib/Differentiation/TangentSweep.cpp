//===- TangentSweep.cpp - emission of the tangents -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TangentSweep.h"

#include "Guards.h"
#include "Sweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

LogicalResult TangentSweep::emit(Block &block, TangentScope &scope) {
  for (Operation &op : block.without_terminator()) {
    b.setLoc(op.getLoc());
    if (failed(emit(&op, scope)))
      return failure();
  }
  return success();
}

void TangentSweep::emitCopy(Operation *op, TangentScope &scope) {
  cloneForward(b, op, scope.forward);
  for (Value result : op->getResults())
    if (Value known = scope.known.lookup(result))
      scope.forward.map(result, known);
}

LogicalResult TangentSweep::emit(Operation *op, TangentScope &scope) {
  bool isActive = llvm::any_of(op->getResults(),
                               [&](Value v) { return activity.isActive(v); });
  if (!isActive) {
    emitCopy(op, scope);
    return success();
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](PlateOp plate) { return emitPlate(plate, scope); })
      .Case([&](scf::IfOp branch) { return emitIf(branch, scope); })
      .Case([&](scf::ForOp loop) { return emitFor(loop, scope); })
      .Case([&](linalg::GenericOp generic) {
        return emitGeneric(generic, scope);
      })
      .Case([&](CholeskyOp cholesky) { return emitCholesky(cholesky, scope); })
      .Case([&](TriangularSolveOp solve) {
        return emitTriangularSolve(solve, scope);
      })
      .Default([&](Operation *other) {
        if (isa_and_nonnull<tensor::TensorDialect>(other->getDialect()))
          return emitTensor(other, scope);
        return emitElementwise(other, scope);
      });
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value TangentSweep::getWidenedCondition(TangentScope &scope, Value primal) {
  Operation *op = primal.getDefiningOp();
  if (auto both = dyn_cast_or_null<arith::AndIOp>(op))
    return b.createOrFold<arith::AndIOp>(
        getWidenedCondition(scope, both.getLhs()),
        getWidenedCondition(scope, both.getRhs()));
  Value condition = lookup(scope, primal);
  if (!isGuard(op))
    return condition;
  Value tangent = getTangent(scope, op->getOperand(0));
  if (!tangent)
    return condition;
  Value zero = floatConstant(b, tangent.getType(), 0.0);
  Value moves =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, tangent, zero);
  return b.createOrFold<arith::OrIOp>(condition, moves);
}

/// The rules are linear in the adjoint: with the tangent of an operand in its
/// place they give that operand's part of the result's tangent.
LogicalResult TangentSweep::emitElementwise(Operation *op,
                                            TangentScope &scope) {
  FailureOr<const DerivativeRule *> rule = getElementwiseRule(op);
  if (failed(rule))
    return failure();
  emitCopy(op, scope);
  SmallVector<Value> operands = lookup(scope, op->getOperands());
  SmallVector<Value> results = lookup(scope, op->getResults());
  // What a guard keeps out moves into it where its tangent is not zero.
  if (auto select = dyn_cast<arith::SelectOp>(op))
    operands[0] = getWidenedCondition(scope, select.getCondition());

  for (OpResult result : op->getResults()) {
    if (!activity.isActive(result))
      continue;
    if (isa<ShapedType>(result.getType()))
      return op->emitOpError("on ")
             << result.getType() << " has no derivative rule";
    SmallVector<Contribution> parts;
    for (OpOperand &operand : op->getOpOperands()) {
      Value tangent = getTangent(scope, operand.get());
      if (!tangent)
        continue;
      FailureOr<const OperandRule *> partial = getOperandRule(**rule, operand);
      if (failed(partial))
        return failure();
      if (!*partial)
        continue;
      RuleContext context(b, op, operands, results, result.getResultNumber(),
                          tangent, result.getType());
      parts.push_back((**partial)(context));
    }
    Value tangent;
    for (unsigned i = 0; i < parts.size(); ++i) {
      Value part = parts[i].value;
      if (Value condition = parts[i].condition) {
        // The two sides of one condition are one choice.
        Value other = floatConstant(b, part.getType(), 0.0);
        if (i + 1 < parts.size() && parts[i + 1].condition == condition &&
            parts[i + 1].holds != parts[i].holds)
          other = parts[i + 1].value;
        bool holds = parts[i].holds;
        if (i + 1 < parts.size() && other == parts[i + 1].value)
          ++i;
        part = b.createOrFold<arith::SelectOp>(condition, holds ? part : other,
                                               holds ? other : part);
      }
      tangent =
          tangent ? arith::AddFOp::create(b, tangent, part).getResult() : part;
    }
    if (tangent)
      scope.tangents[result] = tangent;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Zeros
//===----------------------------------------------------------------------===//

Value TangentSweep::getTangentOrZero(TangentScope &scope, Value primal) {
  if (Value tangent = getTangent(scope, primal))
    return tangent;
  return getZeros(lookup(scope, primal));
}

Value TangentSweep::getEmpty(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<Value> dynamic;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      dynamic.push_back(b.createOrFold<tensor::DimOp>(value, dim));
  return tensor::EmptyOp::create(b, type, dynamic);
}

Value TangentSweep::getZeros(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return floatConstant(b, value.getType(), 0.0);
  Value zero = floatConstant(b, type.getElementType(), 0.0);
  return linalg::FillOp::create(b, zero, getEmpty(value)).getResult(0);
}
