//===- ReverseSweep.cpp - emission of the reverse sweep -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReverseSweep.h"

#include "Guards.h"
#include "Sweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void ReverseSweep::emitForward(Block &block, Scope &scope) {
  for (Operation &op : block.without_terminator())
    cloneForward(b, &op, scope.forward);
}

LogicalResult ReverseSweep::emitReverse(Block &block, Scope &scope) {
  for (Operation &op : llvm::reverse(block.without_terminator())) {
    bool hasAdjoint = llvm::any_of(op.getResults(), [&](Value result) {
      return scope.adjoints.contains(result);
    });
    if (!hasAdjoint)
      continue;
    b.setLoc(op.getLoc());
    if (failed(reverse(&op, scope)))
      return failure();
  }
  return success();
}

void vi::eraseDead(Block &block, const DenseSet<Operation *> &kept) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (kept.contains(&op))
      continue;
    if (isOpTriviallyDead(&op)) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        eraseDead(inner, kept);
  }
}

void ReverseSweep::finish(Scope &scope) {
  // The states first: from then on a loop's reverse visibly depends on it.
  if (!scope.tapes.empty()) {
    DenseSet<Operation *> kept;
    for (Scope::Tape &tape : scope.tapes) {
      kept.insert(tape.loop);
      for (Value stack : tape.stacks)
        if (stack)
          kept.insert(stack.getDefiningOp());
    }
    for (Scope::Pair &pair : scope.pairs)
      kept.insert_range(ArrayRef<Operation *>{pair.forward, pair.combined});
    eraseDead(*scope.tapes.front().loop->getBlock(), kept);
    for (Scope::Tape &tape : scope.tapes)
      recordStates(tape);
  }
  for (Scope::Pair &pair : scope.pairs)
    mergePair(pair);
}

LogicalResult ReverseSweep::reverse(Operation *op, Scope &scope) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](PlateOp plate) { return reversePlate(plate, scope); })
      .Case([&](scf::IfOp branch) { return reverseIf(branch, scope); })
      .Case([&](scf::ForOp loop) { return reverseFor(loop, scope); })
      .Case([&](linalg::GenericOp generic) {
        return reverseGeneric(generic, scope);
      })
      .Case(
          [&](CholeskyOp cholesky) { return reverseCholesky(cholesky, scope); })
      .Case([&](TriangularSolveOp solve) {
        return reverseTriangularSolve(solve, scope);
      })
      .Default([&](Operation *other) {
        if (!isa_and_nonnull<tensor::TensorDialect>(other->getDialect()))
          return reverseElementwise(other, scope);
        if (failed(reverseTensor(other, scope)))
          return LogicalResult::failure();
        // Numbers change their places only: what was guarded stays so.
        if (isGuarded(scope, other->getResult(0)))
          for (Value operand : other->getOperands())
            if (auto entry = scope.adjoints.find(operand);
                entry != scope.adjoints.end())
              entry->second.guarded = true;
        return LogicalResult::success();
      });
}

LogicalResult ReverseSweep::reverseElementwise(Operation *op, Scope &scope) {
  FailureOr<const DerivativeRule *> rule = getElementwiseRule(op);
  if (failed(rule))
    return failure();
  SmallVector<Value> operands = lookup(scope, op->getOperands());
  SmallVector<Value> results = lookup(scope, op->getResults());
  for (OpResult result : op->getResults()) {
    auto entry = scope.adjoints.find(result);
    if (entry == scope.adjoints.end())
      continue;
    Adjoint adjoint = entry->second;
    adjoint.mask = getMask(adjoint);
    if (isa<ShapedType>(result.getType()))
      return op->emitOpError("on ")
             << result.getType() << " has no derivative rule";
    for (OpOperand &operand : op->getOpOperands()) {
      if (!activity.isActive(operand.get()))
        continue;
      FailureOr<const OperandRule *> partial = getOperandRule(**rule, operand);
      if (failed(partial))
        return failure();
      if (!*partial)
        continue;
      RuleContext context(b, op, operands, results, result.getResultNumber(),
                          adjoint.value, operand.get().getType());
      Contribution contribution = (**partial)(context);
      add(scope, operand.get(), contribution.value,
          conjunction(adjoint.mask,
                      Mask{contribution.condition, contribution.holds}),
          adjoint.guarded);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Adjoints
//===----------------------------------------------------------------------===//

Value ReverseSweep::getCondition(Mask mask) {
  if (mask.holds)
    return mask.condition;
  Value yes = arith::ConstantIntOp::create(b, 1, /*width=*/1);
  return b.createOrFold<arith::XOrIOp>(mask.condition, yes);
}

Mask ReverseSweep::conjunction(Mask a, Mask c) {
  if (!a.condition || a == c)
    return c;
  if (!c.condition)
    return a;
  return {b.createOrFold<arith::AndIOp>(getCondition(a), getCondition(c)),
          true};
}

Value ReverseSweep::materialize(const Adjoint &adjoint) {
  if (!adjoint.mask.condition)
    return adjoint.value;
  Value zero = floatConstant(b, adjoint.value.getType(), 0.0);
  Value yes = adjoint.value, no = zero;
  if (!adjoint.mask.holds)
    std::swap(yes, no);
  return b.createOrFold<arith::SelectOp>(adjoint.mask.condition, yes, no);
}

Value ReverseSweep::getAdjoint(Scope &scope, Value primal) {
  auto entry = scope.adjoints.find(primal);
  if (entry == scope.adjoints.end())
    return {};
  Adjoint &adjoint = entry->second;
  adjoint = {
      materialize(adjoint), {}, adjoint.guarded || adjoint.mask.condition};
  return adjoint.value;
}

Value ReverseSweep::getAdjointOrZero(Scope &scope, Value primal) {
  if (Value adjoint = getAdjoint(scope, primal))
    return adjoint;
  return getZero(scope, primal);
}

Mask ReverseSweep::getMask(const Adjoint &adjoint) {
  if (adjoint.mask.condition || !adjoint.guarded ||
      !isa<FloatType>(adjoint.value.getType()))
    return adjoint.mask;
  Value zero = floatConstant(b, adjoint.value.getType(), 0.0);
  auto guard =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, adjoint.value, zero);
  markGuard(guard);
  return {guard, true};
}

void ReverseSweep::add(Scope &scope, Value primal, Value contribution,
                       Mask mask, bool guarded) {
  if (!activity.isActive(primal))
    return;
  auto [entry, inserted] =
      scope.adjoints.try_emplace(primal, Adjoint{contribution, mask, guarded});
  if (inserted)
    return;
  Adjoint &adjoint = entry->second;
  guarded |= adjoint.guarded;
  if (isa<RankedTensorType>(primal.getType())) {
    adjoint = {addTensors(materialize(adjoint), contribution), {}, guarded};
    return;
  }
  if (!(adjoint.mask == mask)) {
    contribution = materialize({contribution, mask});
    adjoint = {materialize(adjoint), {}};
    mask = {};
    guarded = true;
  }
  adjoint = {arith::AddFOp::create(b, adjoint.value, contribution), mask,
             guarded};
}

//===----------------------------------------------------------------------===//
// Tensors of zeros, and sums
//===----------------------------------------------------------------------===//

OpFoldResult ReverseSweep::getSize(Scope &scope, Value primal, int64_t dim) {
  auto type = cast<RankedTensorType>(primal.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));

  if (auto argument = dyn_cast<BlockArgument>(primal)) {
    Operation *parent = argument.getOwner()->getParentOp();
    unsigned number = argument.getArgNumber();
    if (auto plate = dyn_cast<PlateOp>(parent)) {
      unsigned slices = plate.getSlices().size();
      if (number <= slices)
        return getSize(scope, plate.getSlices()[number - 1], dim + 1);
      return getSize(scope, plate.getInits()[number - 1 - slices], dim);
    }
    if (auto loop = dyn_cast<scf::ForOp>(parent))
      return getSize(scope, loop.getInitArgs()[number - 1], dim);
  } else {
    auto result = cast<OpResult>(primal);
    Operation *op = result.getOwner();
    unsigned number = result.getResultNumber();
    if (auto plate = dyn_cast<PlateOp>(op)) {
      if (number < plate.getSums().size())
        return getSize(scope, plate.getInits()[number], dim);
      if (dim == 0)
        return getAsOpFoldResult(lookup(scope, plate.getCount()));
    }
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return getSize(scope, loop.getInitArgs()[number], dim);
    if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
      return getSize(scope, destination.getTiedOpOperand(result)->get(), dim);
    if (auto solve = dyn_cast<TriangularSolveOp>(op))
      return getSize(scope, solve.getRhs(), dim);
    if (auto cholesky = dyn_cast<CholeskyOp>(op))
      return getSize(scope, cholesky.getMatrix(), dim);
    if (auto cast = dyn_cast<tensor::CastOp>(op))
      return getSize(scope, cast.getSource(), dim);
    if (auto stop = dyn_cast<StopGradientOp>(op))
      return getSize(scope, stop.getInput(), dim);
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return getAsOpFoldResult(lookup(scope, empty.getDynamicSize(dim)));
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      int64_t kept = 0;
      for (auto [source, size] : llvm::enumerate(slice.getMixedSizes())) {
        if (dropped.test(source))
          continue;
        if (kept++ != dim)
          continue;
        if (auto value = dyn_cast<Value>(size))
          return getAsOpFoldResult(lookup(scope, value));
        return size;
      }
    }
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      OpFoldResult size = expand.getMixedOutputShape()[dim];
      if (auto value = dyn_cast<Value>(size))
        return getAsOpFoldResult(lookup(scope, value));
      return size;
    }
  }
  return getAsOpFoldResult(
      b.createOrFold<tensor::DimOp>(lookup(scope, primal), dim));
}

SmallVector<OpFoldResult> ReverseSweep::getSizes(Scope &scope, Value primal) {
  // A dynamic dimension has a value even where its size is known.
  SmallVector<OpFoldResult> sizes;
  auto type = cast<RankedTensorType>(primal.getType());
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    sizes.push_back(getSize(scope, primal, dim));
    if (type.isDynamicDim(dim))
      sizes.back() =
          getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes.back());
  }
  return sizes;
}

Value ReverseSweep::getEmpty(Scope &scope, Value primal) {
  auto type = cast<RankedTensorType>(primal.getType());
  SmallVector<Value> dynamic;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      dynamic.push_back(getValueOrCreateConstantIndexOp(
          b, b.getLoc(), getSize(scope, primal, dim)));
  return tensor::EmptyOp::create(b, type, dynamic);
}

Value ReverseSweep::getZero(Scope &scope, Value primal) {
  auto type = dyn_cast<RankedTensorType>(primal.getType());
  if (!type)
    return floatConstant(b, primal.getType(), 0.0);
  Value zero = floatConstant(b, type.getElementType(), 0.0);
  return linalg::FillOp::create(b, zero, getEmpty(scope, primal)).getResult(0);
}

Value ReverseSweep::addTensors(Value accumulator, Value contribution) {
  if (contribution.getType() != accumulator.getType())
    contribution =
        tensor::CastOp::create(b, accumulator.getType(), contribution);
  auto type = cast<RankedTensorType>(accumulator.getType());
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, TypeRange(type), ValueRange(contribution),
             ValueRange(accumulator), ArrayRef<AffineMap>{identity, identity},
             iterators,
             [](OpBuilder &nested, Location loc, ValueRange elements) {
               Value sum =
                   arith::AddFOp::create(nested, loc, elements[1], elements[0]);
               linalg::YieldOp::create(nested, loc, sum);
             })
      .getResult(0);
}

Value ReverseSweep::sumElements(Value tensor) {
  return vi::sum(Expression(b, tensor));
}
