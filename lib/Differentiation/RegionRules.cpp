//===- RegionRules.cpp - derivatives of plates, branches and loops -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReverseSweep.h"
#include "Sweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Plates
//===----------------------------------------------------------------------===//

/// One plate computes what the primal plate computes and the reverse sweep of
/// each member behind it. The adjoint of a captured value is a running sum,
/// that of a slice a stack (or, where there is an adjoint to add to, a running
/// sum of which a member updates its part). The adjoint of a running sum is
/// the same for all members: the members are added.
LogicalResult ReverseSweep::reversePlate(PlateOp op, Scope &scope) {
  Location loc = b.getLoc();
  unsigned sums = op.getSums().size(), stacks = op.getStacks().size();
  YieldOp yield = op.getYield();

  SmallVector<Adjoint> seeds;
  for (Value result : op.getResults())
    seeds.push_back(scope.adjoints.lookup(result));

  llvm::SetVector<Value> captures;
  captures.insert_range(activity.getActiveCaptures(op.getBody()));
  llvm::SetVector<Value> activeCaptures = captures;
  SmallVector<unsigned> stacked, updated;
  for (auto [number, slice, argument] :
       llvm::enumerate(op.getSlices(), op.getMemberArguments())) {
    if (!activity.isActive(argument) || !activity.isActive(slice))
      continue;
    if (captures.contains(slice) || scope.adjoints.contains(slice)) {
      captures.insert(slice);
      updated.push_back(number);
    } else {
      stacked.push_back(number);
    }
  }

  PlateExtension extension;
  for (const Adjoint &seed : ArrayRef(seeds).drop_front(sums))
    if (seed.value)
      extension.slices.push_back(seed.value);
  for (Value capture : captures)
    extension.inits.push_back(getAdjointOrZero(scope, capture));
  for (unsigned number : stacked)
    extension.stacks.push_back(op.getSlices()[number].getType());

  Scope inner;
  inner.forward = scope.forward;
  PlateOp combined = createExtendedPlate(b, op, extension, inner.forward);
  auto adjointArguments = combined.getSumArguments().drop_front(sums);
  for (auto [capture, argument] : llvm::zip(captures, adjointArguments))
    set(inner, capture, argument);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(combined.getBlock());
    emitForward(*op.getBlock(), inner);
    for (unsigned i = 0; i < sums; ++i)
      if (seeds[i].value)
        addSeed(inner, yield.getSums()[i], seeds[i]);
    unsigned next = op.getSlices().size();
    for (unsigned i = 0; i < stacks; ++i)
      if (seeds[sums + i].value)
        addSeed(inner, yield.getValues()[i],
                {combined.getMemberArguments()[next++],
                 {},
                 seeds[sums + i].guarded});
    // Offsets, sizes and strides of a member's part of a slice.
    auto getPart = [&](Value slice) {
      SmallVector<OpFoldResult> sizes = getSizes(inner, slice);
      SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
          strides(sizes.size(), b.getIndexAttr(1));
      offsets[0] = combined.getIndex();
      sizes[0] = b.getIndexAttr(1);
      return std::tuple(offsets, sizes, strides);
    };
    auto extractPart = [&](unsigned number) -> Value {
      Value slice = op.getSlices()[number];
      auto [offsets, sizes, strides] = getPart(slice);
      return tensor::ExtractSliceOp::create(
          b, cast<RankedTensorType>(op.getMemberArguments()[number].getType()),
          getAdjoint(inner, slice), offsets, sizes, strides);
    };
    // Where nothing else in the member adds to a slice's adjoint, the member's
    // sweep starts from its part and adds to it in place: one element, not
    // all, where it takes one element.
    llvm::SmallDenseMap<unsigned, Value> startedFrom;
    for (unsigned number : updated) {
      Value slice = op.getSlices()[number];
      Value argument = op.getMemberArguments()[number];
      if (!isa<RankedTensorType>(argument.getType()) ||
          activeCaptures.contains(slice) ||
          llvm::count_if(updated, [&](unsigned other) {
            return op.getSlices()[other] == slice;
          }) != 1)
        continue;
      Value part = extractPart(number);
      set(inner, argument, part);
      inner.adjoints[argument].guarded = isGuarded(inner, slice);
      startedFrom[number] = part;
    }
    if (failed(emitReverse(*op.getBlock(), inner)))
      return failure();
    b.setLoc(loc);

    for (unsigned number : updated) {
      Value argument = op.getMemberArguments()[number];
      Value member = getAdjoint(inner, argument);
      Value start = startedFrom.lookup(number);
      if (!member || member == start)
        continue;
      Value slice = op.getSlices()[number];
      Value total = getAdjoint(inner, slice), index = combined.getIndex();
      if (isGuarded(inner, argument))
        inner.adjoints[slice].guarded = true;
      if (!isa<RankedTensorType>(argument.getType())) {
        Value sum = arith::AddFOp::create(
            b, tensor::ExtractOp::create(b, total, index), member);
        set(inner, slice, tensor::InsertOp::create(b, sum, total, index));
        continue;
      }
      Value sum = start ? member : addTensors(extractPart(number), member);
      auto [offsets, sizes, strides] = getPart(slice);
      set(inner, slice,
          tensor::InsertSliceOp::create(b, sum, total, offsets, sizes,
                                        strides));
    }
    SmallVector<Value> yieldedSums = lookup(inner, yield.getSums());
    SmallVector<Value> yieldedValues = lookup(inner, yield.getValues());
    for (Value capture : captures)
      yieldedSums.push_back(getAdjoint(inner, capture));
    for (unsigned number : stacked)
      yieldedValues.push_back(
          getAdjointOrZero(inner, op.getMemberArguments()[number]));
    YieldOp::create(b, yieldedSums, yieldedValues);
    finish(inner);

    // A capture to which no member added keeps its adjoint.
    for (auto [capture, argument, result, yielded] : llvm::zip(
             captures, adjointArguments, combined.getSums().drop_front(sums),
             ArrayRef(yieldedSums).drop_front(sums)))
      if (yielded != argument) {
        set(scope, capture, result);
        scope.adjoints[capture].guarded |= isGuarded(inner, capture);
      }
  }

  for (auto [number, result] :
       llvm::zip(stacked, combined.getStacks().drop_front(stacks)))
    add(scope, op.getSlices()[number], result, {},
        isGuarded(inner, op.getMemberArguments()[number]));
  for (unsigned i = 0; i < sums; ++i)
    if (seeds[i].value)
      add(scope, op.getInits()[i], seeds[i].value, seeds[i].mask,
          seeds[i].guarded);

  SmallVector<Value> replacements(combined.getSums().take_front(sums));
  llvm::append_range(replacements, combined.getStacks().take_front(stacks));
  scope.pairs.push_back({lookup(scope, op->getResult(0)).getDefiningOp(),
                         combined, replacements});
  return success();
}

//===----------------------------------------------------------------------===//
// Branches
//===----------------------------------------------------------------------===//

LogicalResult ReverseSweep::reverseIf(scf::IfOp op, Scope &scope) {
  Location loc = b.getLoc();
  SmallVector<Adjoint> seeds;
  for (Value result : op.getResults())
    seeds.push_back(scope.adjoints.lookup(result));

  llvm::SetVector<Value> captures;
  SmallVector<Type> types(op.getResultTypes());
  SmallVector<Value> totals;
  for (Region &region : op->getRegions())
    captures.insert_range(activity.getActiveCaptures(region));
  for (Value capture : captures) {
    totals.push_back(getAdjointOrZero(scope, capture));
    types.push_back(capture.getType());
  }
  auto combined =
      scf::IfOp::create(b, types, lookup(scope, op.getCondition()),
                        /*addThenBlock=*/true, /*addElseBlock=*/true);
  llvm::SmallBitVector changed(captures.size()), guarded(captures.size());
  for (auto [region, into] :
       llvm::zip(op->getRegions(), combined->getRegions())) {
    OpBuilder::InsertionGuard guard(b);
    Block &block = region.front();
    b.setInsertionPointToEnd(&into.front());
    Scope inner;
    inner.forward = scope.forward;
    for (auto [capture, total] : llvm::zip(captures, totals))
      set(inner, capture, total);
    emitForward(block, inner);
    Operation *yield = block.getTerminator();
    for (auto [value, seed] : llvm::zip(yield->getOperands(), seeds))
      if (seed.value)
        addSeed(inner, value, seed);
    if (failed(emitReverse(block, inner)))
      return failure();
    b.setLoc(loc);
    SmallVector<Value> yielded = lookup(inner, yield->getOperands());
    for (auto [number, capture] : llvm::enumerate(captures)) {
      yielded.push_back(getAdjoint(inner, capture));
      if (yielded.back() != totals[number])
        changed.set(number);
      if (isGuarded(inner, capture))
        guarded.set(number);
    }
    scf::YieldOp::create(b, yielded);
    finish(inner);
  }
  unsigned results = op.getNumResults();
  for (auto [number, capture] : llvm::enumerate(captures))
    if (changed.test(number)) {
      set(scope, capture, combined.getResult(results + number));
      scope.adjoints[capture].guarded |= guarded.test(number);
    }
  scope.pairs.push_back(
      {lookup(scope, op.getResult(0)).getDefiningOp(), combined,
       llvm::to_vector_of<Value>(combined.getResults().take_front(results))});
  return success();
}

/// Puts the combined op in the place of the forward one, unless it depends on
/// its results.
void ReverseSweep::mergePair(Scope::Pair &pair) {
  Operation *forward = pair.forward, *combined = pair.combined;
  Block *block = forward->getBlock();
  if (combined->getBlock() != block || !forward->isBeforeInBlock(combined))
    return;
  llvm::SetVector<Operation *> needed;
  needed.insert(combined);
  for (unsigned i = 0; i < needed.size(); ++i) {
    WalkResult result = needed[i]->walk([&](Operation *user) {
      for (Value operand : user->getOperands()) {
        Operation *source = operand.getDefiningOp();
        if (!source)
          continue;
        source = block->findAncestorOpInBlock(*source);
        if (!source)
          continue;
        if (source == forward)
          return WalkResult::interrupt();
        if (forward->isBeforeInBlock(source))
          needed.insert(source);
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return;
  }
  SmallVector<Operation *> ordered(needed.begin(), needed.end());
  llvm::sort(ordered,
             [](Operation *a, Operation *c) { return a->isBeforeInBlock(c); });
  for (Operation *op : ordered)
    op->moveBefore(forward);
  forward->replaceAllUsesWith(pair.replacements);
  forward->erase();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// The loop runs backwards over the states that the forward loop met, and
/// carries the adjoints of the state and of what the body captures.
LogicalResult ReverseSweep::reverseFor(scf::ForOp op, Scope &scope) {
  if (!op.getInductionVar().getType().isIndex())
    return op.emitOpError("over numbers other than index cannot be "
                          "differentiated");
  Location loc = b.getLoc();
  Value lower = lookup(scope, op.getLowerBound()),
        step = lookup(scope, op.getStep());
  Value count =
      buildTripCount(b, lower, lookup(scope, op.getUpperBound()), step);

  llvm::SetVector<Value> captures;
  captures.insert_range(activity.getActiveCaptures(op.getRegion()));
  SmallVector<unsigned> states;
  bool isGuardedLoop = false;
  SmallVector<Value> carried;
  for (auto [number, argument] : llvm::enumerate(op.getRegionIterArgs())) {
    OpResult result = op->getResult(number);
    if (!activity.isActive(argument) && !scope.adjoints.contains(result))
      continue;
    states.push_back(number);
    carried.push_back(getAdjointOrZero(scope, result));
    isGuardedLoop |= isGuarded(scope, result);
  }
  for (Value capture : captures)
    carried.push_back(getAdjointOrZero(scope, capture));

  // Stand-ins for the stacks of states, until it is known which are needed.
  Scope::Tape tape;
  tape.loop = lookup(scope, op.getResult(0)).getDefiningOp<scf::ForOp>();
  for (BlockArgument argument : op.getRegionIterArgs()) {
    Type type = argument.getType();
    if (argument.use_empty()) {
      tape.stacks.push_back({});
      continue;
    }
    if (!type.isIntOrIndexOrFloat() && !isa<RankedTensorType>(type))
      return op.emitOpError("carries a value of ")
             << type << ", which cannot be kept for the reverse sweep";
    tape.stacks.push_back(
        UnrealizedConversionCastOp::create(
            b, TypeRange(PlateOp::getStackType(type, ShapedType::kDynamic)),
            ValueRange())
            .getResult(0));
  }

  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value last = b.createOrFold<arith::SubIOp>(count, one);
  auto loop = scf::ForOp::create(b, zero, count, one, carried);
  Block *body = loop.getBody();
  if (!body->empty())
    body->back().erase();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(body);
    Value index = b.createOrFold<arith::SubIOp>(last, loop.getInductionVar());
    Value iteration = index;
    if (!isConstantIntValue(step, 1))
      iteration = b.createOrFold<arith::MulIOp>(iteration, step);
    if (!isConstantIntValue(lower, 0))
      iteration = b.createOrFold<arith::AddIOp>(iteration, lower);

    Scope inner;
    inner.forward = scope.forward;
    inner.forward.map(op.getInductionVar(), iteration);
    for (auto [argument, stack] :
         llvm::zip(op.getRegionIterArgs(), tape.stacks)) {
      if (!stack)
        continue;
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      if (!type) {
        inner.forward.map(
            argument, tensor::ExtractOp::create(b, stack, index).getResult());
        continue;
      }
      SmallVector<OpFoldResult> sizes{b.getIndexAttr(1)};
      sizes.append(getSizes(scope, argument));
      SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
          strides(sizes.size(), b.getIndexAttr(1));
      offsets[0] = index;
      inner.forward.map(argument, tensor::ExtractSliceOp::create(
                                      b, type, stack, offsets, sizes, strides)
                                      .getResult());
    }
    emitForward(*op.getBody(), inner);

    auto adjoints = loop.getRegionIterArgs();
    for (auto [capture, total] :
         llvm::zip(captures, adjoints.drop_front(states.size())))
      set(inner, capture, total);
    for (auto [number, adjoint] : llvm::zip(states, adjoints))
      addSeed(inner, op.getYieldedValues()[number],
              {adjoint, {}, isGuardedLoop});
    if (failed(emitReverse(*op.getBody(), inner)))
      return failure();
    b.setLoc(loc);
    SmallVector<Value> yielded;
    for (unsigned number : states)
      yielded.push_back(getAdjointOrZero(inner, op.getRegionIterArg(number)));
    for (Value capture : captures)
      yielded.push_back(getAdjoint(inner, capture));
    scf::YieldOp::create(b, yielded);
    finish(inner);

    // Where no iteration depends on another, the order is that of the forward
    // loop, so that memory is read forwards.
    DenseSet<Operation *> kept;
    if (Operation *reversed = index.getDefiningOp())
      kept.insert(reversed);
    eraseDead(*body, kept);
    bool isSum = llvm::all_of(
        tape.stacks, [](Value stack) { return !stack || stack.use_empty(); });
    for (auto [value, argument] : llvm::zip(yielded, adjoints))
      if (isSum && argument.getArgNumber() <= states.size())
        isSum = value == argument;
    if (isSum)
      index.replaceAllUsesWith(loop.getInductionVar());

    for (auto [capture, argument, value, result] :
         llvm::zip(captures, adjoints.drop_front(states.size()),
                   ArrayRef(yielded).drop_front(states.size()),
                   loop.getResults().drop_front(states.size())))
      if (value != argument) {
        set(scope, capture, result);
        scope.adjoints[capture].guarded |=
            isGuardedLoop || isGuarded(inner, capture);
      }
  }
  for (auto [number, result] : llvm::zip(states, loop.getResults()))
    add(scope, op.getInitArgs()[number], result, {}, isGuardedLoop);
  scope.tapes.push_back(std::move(tape));
  return success();
}

/// Lets the forward loop keep the states that its reverse needs.
void ReverseSweep::recordStates(Scope::Tape &tape) {
  scf::ForOp loop = tape.loop;
  Location loc = loop.getLoc();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop);
  b.setLoc(loc);

  SmallVector<unsigned> kept;
  SmallVector<Value> empties;
  Value count;
  for (auto [number, stack] : llvm::enumerate(tape.stacks)) {
    if (!stack)
      continue;
    if (stack.use_empty()) {
      stack.getDefiningOp()->erase();
      continue;
    }
    if (!count)
      count = buildTripCount(b, loop.getLowerBound(), loop.getUpperBound(),
                             loop.getStep());
    kept.push_back(number);
    SmallVector<Value> sizes{count};
    Value init = loop.getInitArgs()[number];
    if (auto type = dyn_cast<RankedTensorType>(init.getType()))
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(b.createOrFold<tensor::DimOp>(init, dim));
    empties.push_back(tensor::EmptyOp::create(
        b, cast<RankedTensorType>(stack.getType()), sizes));
  }
  if (kept.empty())
    return;

  unsigned before = loop.getNumResults();
  IRRewriter rewriter(b);
  auto replaced = loop.replaceWithAdditionalYields(
      rewriter, empties, /*replaceInitOperandUsesInLoop=*/false,
      [&](OpBuilder &nested, Location, ArrayRef<BlockArgument> stacks) {
        ImplicitLocOpBuilder builder(loc, nested);
        auto inside =
            cast<scf::ForOp>(stacks.front().getOwner()->getParentOp());
        Value index = buildIterationNumber(builder, inside);
        SmallVector<Value> yielded;
        for (auto [number, stack] : llvm::zip(kept, stacks)) {
          Value state = inside.getRegionIterArg(number);
          auto type = dyn_cast<RankedTensorType>(state.getType());
          if (!type) {
            yielded.push_back(
                tensor::InsertOp::create(builder, state, stack, index));
            continue;
          }
          SmallVector<OpFoldResult> sizes{builder.getIndexAttr(1)};
          sizes.append(tensor::getMixedSizes(builder, loc,
                                             inside.getInitArgs()[number]));
          SmallVector<OpFoldResult> offsets(sizes.size(),
                                            builder.getIndexAttr(0)),
              strides(sizes.size(), builder.getIndexAttr(1));
          offsets[0] = index;
          yielded.push_back(tensor::InsertSliceOp::create(
              builder, state, stack, offsets, sizes, strides));
        }
        return yielded;
      });
  if (failed(replaced))
    return;
  for (auto [number, result] :
       llvm::zip(kept, (*replaced)->getResults().drop_front(before))) {
    Value stack = tape.stacks[number];
    stack.replaceAllUsesWith(result);
    stack.getDefiningOp()->erase();
  }
}
