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

  /// Whether it can be done, and pays: see the pass's description.
  bool isPossible();
  /// Does it; `outer` is replaced by what comes after.
  void run();

private:
  bool isOutside(Value value) {
    return !outer.getBody().isAncestor(value.getParentRegion());
  }
  void collectBefore(Operation *op);
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

bool Interchange::isPossible() {
  // What pays is to read the data once: they are the slices of `inner`.
  if (inner.getSlices().empty() || !inner.getBegin() ||
      !inner.getStacks().empty() || outer.getBegin())
    return false;
  for (Value operand : inner->getOperands())
    if (!isOutside(operand))
      return false;
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
      return false;
    capture(op);
  }
  capture(inner);
  // A running sum of `outer` is known to what comes after alone.
  for (BlockArgument sum : outer.getSumArguments())
    if (captured.contains(sum))
      return false;
  for (Operation &op : *outer.getBlock()) {
    if (needed.contains(&op))
      continue;
    auto cross = [&](Value value) {
      Operation *producer = value.getDefiningOp();
      if (producer && needed.contains(producer))
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
    if (isa<RankedTensorType>(value.getType())) {
      if (value.getDefiningOp<tensor::EmptyOp>())
        continue;
    } else if (!value.getType().isIntOrIndexOrFloat()) {
      return false;
    }
  }
  for (Value sum : inner.getInits())
    if (!isa<RankedTensorType>(sum.getType()) &&
        !sum.getType().isIntOrIndexOrFloat())
      return false;
  return true;
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
  int64_t rank = stack.getRank();
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps{all.getMinorSubMap(rank - 1), all};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, stack, init, empty, maps, iterators,
             [](OpBuilder &b, Location l, ValueRange args) {
               linalg::YieldOp::create(b, l, args[0]);
             })
      .getResult(0);
}

PlateOp Interchange::createMiddle(PlateOp before) {
  SmallVector<Value> inits;
  for (Value init : inner.getInits())
    inits.push_back(repeat(init));
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
  // Element or slice `index` of each sum is the sum of this member.
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
  for (auto [argument, sum] :
       llvm::zip(inner.getSumArguments(), nested.getSumArguments())) {
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
  for (auto [value, sum] :
       llvm::zip(inner.getYield().getSums(), nested.getSumArguments())) {
    Value result = mapping.lookupOrDefault(value);
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
  SmallVector<Value> slices(outer.getSlices());
  llvm::append_range(slices, before.getStacks());
  llvm::append_range(slices, middle.getSums());
  auto after = PlateOp::create(builder, outer.getLoc(), outer.getName(),
                               outer.getCount(), Value(), Value(), slices,
                               outer.getInits(), outer.getStacks().getTypes());
  after->setDiscardableAttrs(outer->getDiscardableAttrDictionary());
  OpBuilder body = OpBuilder::atBlockEnd(after.getBlock());
  IRMapping mapping;
  mapping.map(outer.getIndex(), after.getIndex());
  auto members = after.getMemberArguments();
  unsigned own = outer.getSlices().size(), stacks = crossing.size();
  for (auto [from, to] :
       llvm::zip(outer.getMemberArguments(), members.take_front(own)))
    mapping.map(from, to);
  for (auto [from, to] :
       llvm::zip(crossing, members.drop_front(own).take_front(stacks)))
    mapping.map(from, to);
  for (auto [from, to] :
       llvm::zip(inner.getSums(), members.drop_front(own + stacks)))
    mapping.map(from, to);
  for (auto [from, to] :
       llvm::zip(outer.getSumArguments(), after.getSumArguments()))
    mapping.map(from, to);
  for (Operation &op : *outer.getBlock())
    if (!needed.contains(&op) && &op != inner.getOperation())
      body.clone(op, mapping);
  outer->replaceAllUsesWith(after->getResults());
}

void Interchange::run() {
  PlateOp before = createBefore();
  PlateOp middle = createMiddle(before);
  createAfter(before, middle);
  outer.erase();
}

namespace {
struct InterchangePlates : vi::impl::InterchangePlatesBase<InterchangePlates> {
  void runOnOperation() override {
    // Each interchange takes a plate out of another one: it ends.
    while (interchangeOne())
      ;
  }

  bool interchangeOne() {
    bool changed = false;
    getOperation()->walk<WalkOrder::PreOrder>([&](PlateOp outer) {
      for (PlateOp inner : outer.getBlock()->getOps<PlateOp>()) {
        Interchange interchange(outer, inner);
        if (!interchange.isPossible())
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
