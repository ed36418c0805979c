//===- LinalgRules.cpp - derivatives of linalg.generic -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputUse.h"
#include "ReverseSweep.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// How results come about
//===----------------------------------------------------------------------===//

/// Whether `value` is `argument` with other values added or subtracted, and
/// nothing else uses `argument` or the intermediate sums.
static bool isSumOnto(Value value, Value argument) {
  if (!value.hasOneUse())
    return false;
  if (value == argument)
    return true;
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::AddFOp>(op))
    return isSumOnto(op->getOperand(0), argument) ||
           isSumOnto(op->getOperand(1), argument);
  if (isa_and_nonnull<arith::SubFOp>(op))
    return isSumOnto(op->getOperand(0), argument);
  return false;
}

OutputUse vi::getOutputUse(linalg::GenericOp op, unsigned result) {
  BlockArgument argument = op.getRegionOutputArgs()[result];
  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  if (argument.use_empty())
    return OutputUse::Overwrite;
  if (isSumOnto(yielded, argument))
    return OutputUse::Sum;
  Operation *combiner = yielded.getDefiningOp();
  if (argument.hasOneUse() &&
      argument.getUses().begin()->getOwner() == combiner &&
      isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
          arith::MinNumFOp>(combiner) &&
      yielded.hasOneUse())
    return OutputUse::Extremum;
  return OutputUse::Other;
}

namespace {

/// The adjoint of a result, as it enters the reverse sweep of the body.
struct Seed {
  unsigned result;
  OutputUse use;
  Value adjoint;
  AffineMap map;
  Value extremum;
  bool guarded;
};

/// An operand whose adjoint is wanted, and the body's arguments for it.
struct Target {
  Value primal;
  SmallVector<BlockArgument> arguments;
};

/// The other operand of the greatest or least.
Value getCompared(linalg::GenericOp op, unsigned result) {
  Operation *combiner =
      op.getBlock()->getTerminator()->getOperand(result).getDefiningOp();
  bool isFirst = combiner->getOperand(0) == op.getRegionOutputArgs()[result];
  return combiner->getOperand(isFirst ? 1 : 0);
}

Value getFloat(OpBuilder &builder, Location loc, Type type, double number) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(type, number));
}

/// Whether a generic over the same iteration space has to read the initial
/// value of that output.
bool readsInit(linalg::GenericOp op, unsigned result) {
  return getOutputUse(op, result) == OutputUse::Other;
}

} // namespace

//===----------------------------------------------------------------------===//
// The adjoint generics
//===----------------------------------------------------------------------===//

LogicalResult ReverseSweep::reverseGeneric(linalg::GenericOp op, Scope &scope) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("on buffers cannot be differentiated");
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  // A diagonal, read by one loop in two dimensions, or a window has no map to
  // write its adjoint through.
  bool asLoops = false;
  for (auto [operand, argument, map] :
       llvm::zip(op->getOperands(), op.getBlock()->getArguments(), maps))
    if (activity.isActive(operand) && activity.isActive(argument) &&
        !map.isProjectedPermutation(/*allowZeroInResults=*/true))
      asLoops = true;
  if (asLoops || !activity.getActiveCaptures(op.getRegion()).empty())
    return reverseGenericAsLoops(op, scope);

  unsigned inputs = op.getNumDpsInputs(), loops = op.getNumLoops();
  Block *body = op.getBlock();
  Operation *yield = body->getTerminator();
  SmallVector<Seed> seeds;
  for (OpResult result : op->getResults()) {
    Value adjoint = getAdjoint(scope, result);
    if (!adjoint)
      continue;
    unsigned number = result.getResultNumber();
    AffineMap map = maps[inputs + number];
    OutputUse use = getOutputUse(op, number);
    Value init = op.getDpsInits()[number];
    if ((use == OutputUse::Overwrite || use == OutputUse::Other) &&
        !map.isPermutation())
      return op.emitOpError("reduces in a way without derivative rule "
                            "(known: sums, greatest and least)");
    if (use == OutputUse::Extremum && map.isPermutation())
      use = OutputUse::Other;
    if (use == OutputUse::Extremum && activity.isActive(init))
      return op.emitOpError("has no derivative rule in the initial value of a "
                            "greatest or least");
    Seed seed{number, use, adjoint, map, {}, isGuarded(scope, result)};
    if (use == OutputUse::Sum)
      add(scope, init, adjoint, {}, seed.guarded);
    if (use == OutputUse::Extremum) {
      // Elements that attain it share the adjoint.
      seed.extremum = lookup(scope, result);
      Value zeros = getZero(scope, result);
      SmallVector<Value> operands = lookup(scope, op.getDpsInputs());
      operands.push_back(seed.extremum);
      SmallVector<AffineMap> countMaps(maps.begin(), maps.begin() + inputs);
      countMaps.append(2, map);
      auto count = linalg::GenericOp::create(
          b, TypeRange(zeros.getType()), operands, ValueRange(zeros), countMaps,
          op.getIteratorTypesArray(),
          [&](OpBuilder &nested, Location loc, ValueRange elements) {
            IRMapping mapping(scope.forward);
            for (auto [argument, element] :
                 llvm::zip(body->getArguments().take_front(inputs), elements))
              mapping.map(argument, element);
            Value zero = getFloat(nested, loc, elements.back().getType(), 0.0);
            Value one = getFloat(nested, loc, elements.back().getType(), 1.0);
            for (Value output : op.getRegionOutputArgs())
              mapping.map(output, zero);
            for (Operation &inner : body->without_terminator())
              nested.clone(inner, mapping);
            Value attains = arith::CmpFOp::create(
                nested, loc, arith::CmpFPredicate::OEQ,
                mapping.lookupOrDefault(getCompared(op, number)),
                elements.drop_back().back());
            Value tally =
                arith::SelectOp::create(nested, loc, attains, one, zero);
            linalg::YieldOp::create(
                nested, loc,
                arith::AddFOp::create(nested, loc, elements.back(), tally)
                    .getResult());
          });
      auto type = cast<RankedTensorType>(adjoint.getType());
      SmallVector<AffineMap> identities(
          3, b.getMultiDimIdentityMap(type.getRank()));
      seed.adjoint =
          linalg::GenericOp::create(
              b, TypeRange(type), ValueRange{adjoint, count.getResult(0)},
              ValueRange(getEmpty(scope, result)), identities,
              SmallVector<utils::IteratorType>(type.getRank(),
                                               utils::IteratorType::parallel),
              [](OpBuilder &nested, Location loc, ValueRange elements) {
                Value share = arith::DivFOp::create(nested, loc, elements[0],
                                                    elements[1]);
                linalg::YieldOp::create(nested, loc, share);
              })
              .getResult(0);
    }
    // A number rather than a tensor of one.
    if (auto from = seed.adjoint.getDefiningOp<tensor::FromElementsOp>())
      if (from.getType().getRank() == 0)
        seed.adjoint = from.getElements().front();
    seeds.push_back(seed);
  }

  // Operands of one indexing map are served by one generic over the same
  // iteration space, which writes through that map.
  llvm::MapVector<AffineMap, SmallVector<Target>> groups;
  auto addTarget = [&](Value primal, AffineMap map, BlockArgument argument) {
    if (!activity.isActive(primal) || !activity.isActive(argument))
      return;
    SmallVector<Target> &group = groups[map];
    for (Target &target : group)
      if (target.primal == primal)
        return target.arguments.push_back(argument);
    group.push_back({primal, {argument}});
  };
  for (unsigned i = 0; i < inputs; ++i)
    addTarget(op.getDpsInputs()[i], maps[i], body->getArgument(i));
  for (auto [number, init] : llvm::enumerate(op.getDpsInits()))
    if (readsInit(op, number))
      addTarget(init, maps[inputs + number],
                body->getArgument(inputs + number));

  for (auto &entry : groups) {
    AffineMap map = entry.first;
    ArrayRef<Target> group = entry.second;
    SmallVector<Value> operands;
    SmallVector<AffineMap> operandMaps;
    SmallVector<BlockArgument> arguments;
    for (unsigned i = 0, e = body->getNumArguments(); i < e; ++i) {
      if (i >= inputs && !readsInit(op, i - inputs))
        continue;
      operands.push_back(lookup(scope, op->getOperand(i)));
      operandMaps.push_back(maps[i]);
      arguments.push_back(body->getArgument(i));
    }
    for (Seed &seed : seeds) {
      operands.push_back(seed.adjoint);
      operandMaps.push_back(seed.map);
      if (seed.extremum) {
        operands.push_back(seed.extremum);
        operandMaps.push_back(seed.map);
      }
    }

    // Values of functions that the forward sweep has computed are read.
    SmallVector<Value> known;
    for (OpResult result : op->getResults()) {
      unsigned number = result.getResultNumber();
      Value yielded = yield->getOperand(number);
      Operation *source = yielded.getDefiningOp();
      if (getOutputUse(op, number) != OutputUse::Overwrite || !source ||
          source->getBlock() != body ||
          isa<arith::ArithDialect>(source->getDialect()))
        continue;
      known.push_back(yielded);
      operands.push_back(lookup(scope, result));
      operandMaps.push_back(maps[inputs + number]);
    }

    SmallVector<Value> accumulators;
    SmallVector<bool> accumulates;
    for (const Target &target : group) {
      bool isFirst = !scope.adjoints.contains(target.primal);
      if (!isa<RankedTensorType>(target.primal.getType())) {
        accumulators.push_back(floatConstant(
            b, RankedTensorType::get({}, target.primal.getType()), 0.0));
        accumulates.push_back(true);
      } else if (isFirst && map.isPermutation()) {
        accumulators.push_back(getEmpty(scope, target.primal));
        accumulates.push_back(false);
      } else {
        accumulators.push_back(getAdjointOrZero(scope, target.primal));
        accumulates.push_back(true);
      }
      operandMaps.push_back(map);
    }
    SmallVector<utils::IteratorType> iterators(loops,
                                               utils::IteratorType::reduction);
    for (AffineExpr expression : map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expression))
        iterators[dim.getPosition()] = utils::IteratorType::parallel;

    bool hasFailed = false, guarded = false;
    Location loc = b.getLoc();
    auto generic = linalg::GenericOp::create(
        b, ValueRange(accumulators).getTypes(), operands, accumulators,
        operandMaps, iterators,
        [&](OpBuilder &nested, Location, ValueRange elements) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPoint(nested.getInsertionBlock(),
                              nested.getInsertionPoint());
          Scope inner;
          inner.forward = scope.forward;
          for (auto [argument, element] : llvm::zip(arguments, elements))
            inner.forward.map(argument, element);
          for (auto [number, output] :
               llvm::enumerate(op.getRegionOutputArgs()))
            if (!readsInit(op, number))
              inner.forward.map(output,
                                floatConstant(b, output.getType(), 0.0));
          emitForward(*body, inner);
          unsigned next = arguments.size() + seeds.size();
          for (Seed &seed : seeds)
            next += seed.extremum ? 1 : 0;
          for (Value value : known)
            inner.forward.map(value, elements[next++]);
          next = arguments.size();
          for (Seed &seed : seeds) {
            Value adjoint = elements[next++];
            if (!seed.extremum) {
              addSeed(inner, yield->getOperand(seed.result),
                      {adjoint, {}, seed.guarded});
              continue;
            }
            Value compared = getCompared(op, seed.result);
            Value attains = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                                  lookup(inner, compared),
                                                  elements[next++]);
            add(inner, compared, adjoint, {attains, true}, true);
          }
          next += known.size();
          hasFailed |= failed(emitReverse(*body, inner));
          SmallVector<Value> yielded;
          for (auto [target, accumulate] : llvm::zip(group, accumulates)) {
            Value total = elements[next++];
            Value sum = accumulate ? total : Value();
            for (BlockArgument argument : target.arguments) {
              Value adjoint = getAdjoint(inner, argument);
              if (!adjoint)
                continue;
              guarded |= isGuarded(inner, argument);
              sum = sum ? arith::AddFOp::create(b, sum, adjoint).getResult()
                        : adjoint;
            }
            if (!sum)
              sum = floatConstant(b, total.getType(), 0.0);
            yielded.push_back(sum);
          }
          linalg::YieldOp::create(b, yielded);
          finish(inner);
        });
    b.setLoc(loc);
    if (hasFailed)
      return failure();
    for (auto [target, result] : llvm::zip(group, generic.getResults())) {
      if (isa<RankedTensorType>(target.primal.getType()))
        set(scope, target.primal, result);
      else
        add(scope, target.primal,
            tensor::ExtractOp::create(b, result, ValueRange()));
      scope.adjoints[target.primal].guarded |= guarded;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Bodies that gather: a loop nest with in-place updates
//===----------------------------------------------------------------------===//

LogicalResult ReverseSweep::reverseGenericAsLoops(linalg::GenericOp op,
                                                  Scope &scope) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned inputs = op.getNumDpsInputs();
  Block *body = op.getBlock();
  Operation *yield = body->getTerminator();
  SmallVector<Seed> seeds;
  for (OpResult result : op->getResults()) {
    Value adjoint = getAdjoint(scope, result);
    if (!adjoint)
      continue;
    unsigned number = result.getResultNumber();
    OutputUse use = getOutputUse(op, number);
    AffineMap map = maps[inputs + number];
    if ((use == OutputUse::Overwrite || use == OutputUse::Other ||
         use == OutputUse::Extremum) &&
        !map.isPermutation())
      return op.emitOpError("gathers and reduces in a way without derivative "
                            "rule (known: sums)");
    if (use == OutputUse::Sum)
      add(scope, op.getDpsInits()[number], adjoint, {},
          isGuarded(scope, result));
    seeds.push_back({number, use, adjoint, map, {}, isGuarded(scope, result)});
  }

  llvm::SetVector<Value> targets;
  for (unsigned i = 0, e = body->getNumArguments(); i < e; ++i) {
    if (i >= inputs && getOutputUse(op, i - inputs) == OutputUse::Sum)
      continue;
    if (activity.isActive(op->getOperand(i)) &&
        activity.isActive(body->getArgument(i)))
      targets.insert(op->getOperand(i));
  }
  targets.insert_range(activity.getActiveCaptures(op.getRegion()));
  SmallVector<Value> carried;
  for (Value target : targets)
    carried.push_back(getAdjointOrZero(scope, target));

  Location loc = b.getLoc();
  auto primal = cast<linalg::LinalgOp>(
      lookup(scope, op->getResult(seeds.front().result)).getDefiningOp());
  SmallVector<Value> lower, upper, steps;
  for (const Range &range : primal.createLoopRanges(b, loc)) {
    lower.push_back(getValueOrCreateConstantIndexOp(b, loc, range.offset));
    upper.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
    steps.push_back(getValueOrCreateConstantIndexOp(b, loc, range.stride));
  }

  bool hasFailed = false;
  DenseSet<Value> guarded;
  scf::LoopNest nest = scf::buildLoopNest(
      b, loc, lower, upper, steps, carried,
      [&](OpBuilder &nested, Location, ValueRange loops,
          ValueRange totals) -> scf::ValueVector {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        auto getIndices = [&](AffineMap map) {
          return llvm::map_to_vector(
              map.getResults(), [&](AffineExpr expression) {
                return affine::expandAffineExpr(b, b.getLoc(), expression,
                                                loops, ValueRange());
              });
        };
        auto getElement = [&](Value value, AffineMap map) -> Value {
          if (!isa<RankedTensorType>(value.getType()))
            return value;
          return tensor::ExtractOp::create(b, value, getIndices(map));
        };
        Scope inner;
        inner.forward = scope.forward;
        for (auto [target, total] : llvm::zip(targets, totals))
          set(inner, target, total);
        for (unsigned i = 0, e = body->getNumArguments(); i < e; ++i) {
          BlockArgument argument = body->getArgument(i);
          if (i >= inputs && getOutputUse(op, i - inputs) == OutputUse::Sum)
            inner.forward.map(argument,
                              floatConstant(b, argument.getType(), 0.0));
          else if (!argument.use_empty())
            inner.forward.map(
                argument,
                getElement(lookup(scope, op->getOperand(i)), maps[i]));
        }
        for (Operation &each : body->without_terminator()) {
          if (auto index = dyn_cast<linalg::IndexOp>(each))
            inner.forward.map(index.getResult(), loops[index.getDim()]);
          else
            b.clone(each, inner.forward);
        }
        for (Seed &seed : seeds)
          addSeed(inner, yield->getOperand(seed.result),
                  {getElement(seed.adjoint, seed.map), {}, seed.guarded});
        hasFailed |= failed(emitReverse(*body, inner));
        for (unsigned i = 0, e = body->getNumArguments(); i < e; ++i) {
          BlockArgument argument = body->getArgument(i);
          Value adjoint = getAdjoint(inner, argument);
          Value target = op->getOperand(i);
          if (!adjoint || !targets.contains(target))
            continue;
          if (isGuarded(inner, argument))
            guarded.insert(target);
          if (!isa<RankedTensorType>(target.getType())) {
            add(inner, target, adjoint);
            continue;
          }
          Value total = getAdjoint(inner, target);
          SmallVector<Value> indices = getIndices(maps[i]);
          Value sum = arith::AddFOp::create(
              b, tensor::ExtractOp::create(b, total, indices), adjoint);
          set(inner, target, tensor::InsertOp::create(b, sum, total, indices));
        }
        finish(inner);
        return llvm::map_to_vector(targets, [&](Value target) {
          Value adjoint = getAdjoint(inner, target);
          if (isGuarded(inner, target))
            guarded.insert(target);
          return adjoint;
        });
      });
  b.setLoc(loc);
  if (hasFailed)
    return failure();
  for (auto [target, result] : llvm::zip(targets, nest.results)) {
    set(scope, target, result);
    scope.adjoints[target].guarded |= guarded.contains(target);
  }
  return success();
}
