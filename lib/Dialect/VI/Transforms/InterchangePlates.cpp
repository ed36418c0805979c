//===- InterchangePlates.cpp - all draws at each datum --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace vi {
#define GEN_PASS_DEF_INTERCHANGEPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Splits `outer`, which holds `inner`, into what comes before `inner`, `inner`
/// with the members of `outer` inside, and what comes after.
class Interchange {
public:
  Interchange(PlateOp outer, PlateOp inner)
      : outer(outer), inner(inner), builder(outer), loc(inner.getLoc()) {}

  /// Finds what is to be done, and whether it can be done and pays: see the
  /// pass's description.
  LogicalResult analyze();
  /// Does what was found; `outer` is replaced by what comes after.
  void run();

private:
  bool isOutside(Value value) {
    return !outer.getBody().isAncestor(value.getParentRegion());
  }
  void collectBefore(Operation *op);
  /// Finds the sums of `inner` that are nothing but those of `outer`, carried
  /// on: no member of `outer` looks at them.
  void collectContinued();
  /// Whether an operation of `outer` reads a part of a tensor from outside, by
  /// the member's index alone: it is repeated where it is used, not stacked.
  bool isView(Operation *op);
  /// The plate of the members of `outer` that computes `crossing`, stacked.
  PlateOp createBefore();
  PlateOp createMiddle(PlateOp before);
  void createAfter(PlateOp before, PlateOp middle);
  /// The sum `init`, once for each member of `outer`.
  Value repeat(Value init);

  PlateOp outer, inner;
  OpBuilder builder;
  Location loc;
  /// Operations of `outer` that `inner` needs, in order.
  llvm::SetVector<Operation *> needed;
  /// Their values that others need.
  llvm::SetVector<Value> crossing;
  /// Those of them that `inner` repeats.
  llvm::SetVector<Operation *> views;
  /// For each sum of `inner`, the sum of `outer` that it continues, if any.
  SmallVector<std::optional<unsigned>> continued;
};

} // namespace

void Interchange::collectBefore(Operation *op) {
  auto visit = [&](Value value) {
    Operation *producer = value.getDefiningOp();
    if (!producer)
      return;
    producer = outer.getBlock()->findAncestorOpInBlock(*producer);
    if (producer && producer != op && needed.insert(producer))
      collectBefore(producer);
  };
  for (Value operand : op->getOperands())
    visit(operand);
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(
        region, [&](OpOperand *operand) { visit(operand->get()); });
}

void Interchange::collectContinued() {
  ValueRange yielded = outer.getYield().getSums();
  for (auto [init, sum] : llvm::zip(inner.getInits(), inner.getSums())) {
    auto argument = dyn_cast<BlockArgument>(init);
    auto *found = llvm::find(outer.getSumArguments(), init);
    bool isContinued = argument && found != outer.getSumArguments().end() &&
                       init.hasOneUse() && sum.hasOneUse();
    unsigned number = found - outer.getSumArguments().begin();
    if (isContinued && yielded[number] == sum)
      continued.push_back(number);
    else
      continued.push_back(std::nullopt);
  }
}

bool Interchange::isView(Operation *op) {
  return isa<tensor::ExtractSliceOp>(op) &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           return operand == outer.getIndex() || isOutside(operand);
         });
}

LogicalResult Interchange::analyze() {
  // What pays is to read the data once: they are the slices of `inner`.
  if (inner.getSlices().empty() || !inner.getBegin() ||
      !inner.getStacks().empty() || outer.getBegin())
    return failure();
  collectContinued();
  llvm::SmallDenseSet<Value> ownSums;
  for (auto [init, number] : llvm::zip(inner.getInits(), continued))
    if (number)
      ownSums.insert(init);
  for (Value operand : inner->getOperands())
    if (!isOutside(operand) && !ownSums.contains(operand))
      return failure();
  collectBefore(inner);
  llvm::SetVector<Value> captured;
  auto capture = [&](Operation *op) {
    for (Value operand : op->getOperands())
      captured.insert(operand);
    for (Region &region : op->getRegions())
      getUsedValuesDefinedAbove(region, captured);
  };
  for (Operation *op : needed) {
    if (!isMemoryEffectFree(op))
      return failure();
    capture(op);
  }
  capture(inner);
  // A running sum of `outer` is known to what comes after alone.
  for (BlockArgument sum : outer.getSumArguments())
    if (captured.contains(sum) && !ownSums.contains(sum))
      return failure();
  for (Operation &op : *outer.getBlock()) {
    if (needed.contains(&op))
      continue;
    auto cross = [&](Value value) {
      Operation *producer = value.getDefiningOp();
      if (!producer || !needed.contains(producer))
        return;
      if (&op == inner.getOperation() && isView(producer))
        views.insert(producer);
      else
        crossing.insert(value);
    };
    for (Value operand : op.getOperands())
      cross(operand);
    for (Region &region : op.getRegions())
      visitUsedValuesDefinedAbove(
          region, [&](OpOperand *operand) { cross(operand->get()); });
  }
  // A stack holds numbers; no stack is as long as the data.
  for (Value value : crossing) {
    if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
      // Slices of a stack of these would be numbers.
      if (type.getRank() == 0)
        return failure();
      if (value.getDefiningOp<tensor::EmptyOp>())
        continue;
    } else if (!value.getType().isIntOrIndexOrFloat()) {
      return failure();
    }
  }
  for (Value sum : inner.getInits())
    if (!isa<RankedTensorType>(sum.getType()) &&
        !sum.getType().isIntOrIndexOrFloat())
      return failure();
  return success();
}

PlateOp Interchange::createBefore() {
  SmallVector<Type> types;
  int64_t count = outer.getStaticCount();
  for (Value value : crossing)
    types.push_back(PlateOp::getStackType(value.getType(), count));
  auto before = PlateOp::create(builder, outer.getLoc(), outer.getName(),
                                outer.getCount(), Value(), Value(),
                                outer.getSlices(), ValueRange(), types);
  OpBuilder body = OpBuilder::atBlockEnd(before.getBlock());
  IRMapping mapping;
  mapping.map(outer.getIndex(), before.getIndex());
  for (auto [from, to] :
       llvm::zip(outer.getMemberArguments(), before.getMemberArguments()))
    mapping.map(from, to);
  for (Operation &op : *outer.getBlock())
    if (needed.contains(&op))
      body.clone(op, mapping);
  SmallVector<Value> values;
  for (Value value : crossing)
    values.push_back(mapping.lookup(value));
  YieldOp::create(body, loc, ValueRange(), values);
  return before;
}

Value Interchange::repeat(Value init) {
  auto type = dyn_cast<RankedTensorType>(init.getType());
  int64_t count = outer.getStaticCount();
  auto stack = PlateOp::getStackType(init.getType(), count);
  SmallVector<Value> sizes;
  if (stack.isDynamicDim(0))
    sizes.push_back(outer.getCount());
  for (int64_t dim = 0; type && dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(tensor::DimOp::create(builder, loc, init, dim));
  Value empty = tensor::EmptyOp::create(builder, loc, stack, sizes);
  if (!type)
    return linalg::FillOp::create(builder, loc, init, empty).getResult(0);
  return linalg::BroadcastOp::create(builder, loc, init, empty,
                                     ArrayRef<int64_t>{0})
      ->getResult(0);
}

PlateOp Interchange::createMiddle(PlateOp before) {
  SmallVector<Value> inits;
  for (auto [init, number] : llvm::zip(inner.getInits(), continued))
    inits.push_back(number ? outer.getInits()[*number] : repeat(init));
  auto middle = PlateOp::create(builder, loc, inner.getName(), inner.getCount(),
                                inner.getBegin(), inner.getEnd(),
                                inner.getSlices(), inits, TypeRange());
  OpBuilder body = OpBuilder::atBlockEnd(middle.getBlock());
  SmallVector<Value> sums(middle.getSumArguments().begin(),
                          middle.getSumArguments().end());
  // What the inner plate uses of the outer one are slices now.
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(inner.getBody(), captured);
  SmallVector<Value> slices, values;
  for (auto [value, stack] : llvm::zip(crossing, before.getStacks()))
    if (captured.contains(value)) {
      values.push_back(value);
      slices.push_back(stack);
    }
  for (auto [argument, slice] :
       llvm::zip(outer.getMemberArguments(), outer.getSlices()))
    if (captured.contains(argument)) {
      values.push_back(argument);
      slices.push_back(slice);
    }
  auto nested =
      PlateOp::create(body, outer.getLoc(), outer.getName(), outer.getCount(),
                      Value(), Value(), slices, sums, TypeRange());
  YieldOp::create(body, loc, nested.getSums(), ValueRange());

  OpBuilder member = OpBuilder::atBlockEnd(nested.getBlock());
  Value index = nested.getIndex();
  IRMapping mapping;
  mapping.map(outer.getIndex(), index);
  for (auto [from, to] : llvm::zip(values, nested.getMemberArguments()))
    mapping.map(from, to);
  mapping.map(inner.getIndex(), middle.getIndex());
  for (auto [from, to] :
       llvm::zip(inner.getMemberArguments(), middle.getMemberArguments()))
    mapping.map(from, to);
  for (Operation *view : views)
    member.clone(*view, mapping);
  // Element or slice `index` of each sum is the sum of this member, but for the
  // sums of all members.
  OpFoldResult zero = member.getIndexAttr(0), one = member.getIndexAttr(1);
  auto getSlice = [&](Value sum, SmallVector<OpFoldResult> &offsets,
                      SmallVector<OpFoldResult> &sizes,
                      SmallVector<OpFoldResult> &strides) {
    int64_t rank = cast<RankedTensorType>(sum.getType()).getRank();
    offsets.assign(rank, zero);
    offsets[0] = index;
    sizes.assign(1, one);
    for (int64_t dim = 1; dim < rank; ++dim)
      sizes.push_back(tensor::getMixedSize(member, loc, sum, dim));
    strides.assign(rank, one);
  };
  for (auto [argument, sum, number] : llvm::zip(
           inner.getSumArguments(), nested.getSumArguments(), continued)) {
    if (number) {
      mapping.map(argument, sum);
      continue;
    }
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      mapping.map(argument, tensor::ExtractOp::create(member, loc, sum, index));
      continue;
    }
    SmallVector<OpFoldResult> offsets, sizes, strides;
    getSlice(sum, offsets, sizes, strides);
    mapping.map(argument, tensor::ExtractSliceOp::create(
                              member, loc, type, sum, offsets, sizes, strides));
  }
  for (Operation &op : inner.getBlock()->without_terminator())
    member.clone(op, mapping);
  SmallVector<Value> next;
  for (auto [value, sum, number] : llvm::zip(
           inner.getYield().getSums(), nested.getSumArguments(), continued)) {
    Value result = mapping.lookupOrDefault(value);
    if (number) {
      next.push_back(result);
      continue;
    }
    if (!isa<RankedTensorType>(value.getType())) {
      next.push_back(tensor::InsertOp::create(member, loc, result, sum, index));
      continue;
    }
    SmallVector<OpFoldResult> offsets, sizes, strides;
    getSlice(sum, offsets, sizes, strides);
    next.push_back(tensor::InsertSliceOp::create(member, loc, result, sum,
                                                 offsets, sizes, strides));
  }
  YieldOp::create(member, loc, next, ValueRange());
  return middle;
}

void Interchange::createAfter(PlateOp before, PlateOp middle) {
  SmallVector<Value> slices(outer.getSlices()), values(before.getStacks());
  // Sums of `inner` that the members of `outer` look at, and sums of `outer`
  // that are not there yet.
  SmallVector<Value> seen, inits;
  llvm::SmallDenseMap<unsigned, Value> known;
  for (auto [sum, result, number] :
       llvm::zip(inner.getSums(), middle.getSums(), continued)) {
    if (number) {
      known[*number] = result;
      continue;
    }
    seen.push_back(sum);
    values.push_back(result);
  }
  llvm::append_range(slices, values);
  for (auto [number, init] : llvm::enumerate(outer.getInits()))
    if (!known.contains(number))
      inits.push_back(init);
  auto after = PlateOp::create(builder, outer.getLoc(), outer.getName(),
                               outer.getCount(), Value(), Value(), slices,
                               inits, outer.getStacks().getTypes());
  after->setDiscardableAttrs(outer->getDiscardableAttrDictionary());
  OpBuilder body = OpBuilder::atBlockEnd(after.getBlock());
  IRMapping mapping;
  mapping.map(outer.getIndex(), after.getIndex());
  SmallVector<Value> replaced(outer.getMemberArguments().begin(),
                              outer.getMemberArguments().end());
  llvm::append_range(replaced, crossing);
  llvm::append_range(replaced, seen);
  for (auto [from, to] : llvm::zip_equal(replaced, after.getMemberArguments()))
    mapping.map(from, to);
  SmallVector<Value> results, yielded;
  unsigned next = 0;
  for (auto [number, argument, value] :
       llvm::enumerate(outer.getSumArguments(), outer.getYield().getSums())) {
    if (Value result = known.lookup(number)) {
      results.push_back(result);
      continue;
    }
    mapping.map(argument, after.getSumArguments()[next]);
    results.push_back(after.getSums()[next++]);
    yielded.push_back(value);
  }
  llvm::append_range(results, after.getStacks());
  for (Operation &op : outer.getBlock()->without_terminator())
    if (!needed.contains(&op) && &op != inner.getOperation())
      body.clone(op, mapping);
  auto map = [&](ValueRange list) {
    return llvm::map_to_vector(
        list, [&](Value value) { return mapping.lookupOrDefault(value); });
  };
  YieldOp::create(body, loc, map(yielded), map(outer.getYield().getValues()));
  outer->replaceAllUsesWith(results);
}

void Interchange::run() {
  PlateOp before = createBefore();
  PlateOp middle = createMiddle(before);
  createAfter(before, middle);
  outer.erase();
}

namespace {
struct InterchangePlates : vi::impl::InterchangePlatesBase<InterchangePlates> {
  using InterchangePlatesBase::InterchangePlatesBase;

  void runOnOperation() override {
    // Each interchange takes a plate out of another one: it ends.
    while (interchangeOne())
      ;
  }

  /// Whether there is a plate over the members of `inner` beside `outer`.
  static bool hasSharedMembers(PlateOp outer, PlateOp inner) {
    return llvm::any_of(outer->getBlock()->getOps<PlateOp>(),
                        [&](PlateOp other) {
                          return other.getName() == inner.getName() &&
                                 other.getCount() == inner.getCount() &&
                                 other.getBegin() == inner.getBegin() &&
                                 other.getEnd() == inner.getEnd();
                        });
  }

  bool interchangeOne() {
    bool changed = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](PlateOp outer) {
      for (PlateOp inner : outer.getBlock()->getOps<PlateOp>()) {
        if (onlyShared && !hasSharedMembers(outer, inner))
          continue;
        Interchange interchange(outer, inner);
        if (failed(interchange.analyze()))
          continue;
        interchange.run();
        changed = true;
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return changed;
  }
};
} // namespace
