//===- FusePlates.cpp - one plate for each axis -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Speculation.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace vi {
#define GEN_PASS_DEF_FUSEPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct FusePlates : vi::impl::FusePlatesBase<FusePlates> {
  void runOnOperation() override;
};
} // namespace

/// All operations of `block` that `op` needs, directly or through others, its
/// regions included.
static void collectDependencies(Operation *op, Block *block,
                                llvm::SetVector<Operation *> &needed,
                                function_ref<bool(OpOperand &)> skip) {
  auto visit = [&](OpOperand &operand) {
    if (skip(operand))
      return;
    Operation *producer = operand.get().getDefiningOp();
    if (!producer)
      return;
    producer = block->findAncestorOpInBlock(*producer);
    if (!producer || producer == op || !needed.insert(producer))
      return;
    collectDependencies(producer, block, needed,
                        [](OpOperand &) { return false; });
  };
  for (OpOperand &operand : op->getOpOperands())
    visit(operand);
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(region,
                                [&](OpOperand *operand) { visit(*operand); });
}

/// Whether two plates run over the same members.
static bool haveSameMembers(PlateOp first, PlateOp second) {
  return first.getName() == second.getName() &&
         first.getBegin() == second.getBegin() &&
         first.getEnd() == second.getEnd();
}

/// Lets the sums of `second` that begin with what `first` computes begin with
/// zero, and be added to it: a plate uses what its sums begin with for nothing
/// else. Whether that could be done.
static bool separateInits(PlateOp first, PlateOp second) {
  Block *block = first->getBlock();
  auto getProducer = [&](Value value) -> Operation * {
    Operation *op = value.getDefiningOp();
    return op ? block->findAncestorOpInBlock(*op) : nullptr;
  };
  auto isBefore = [&](Value value) {
    Operation *op = getProducer(value);
    return !op || op->isBeforeInBlock(first);
  };
  OpBuilder before(first), after(second.getContext());
  after.setInsertionPointAfter(second);
  Location loc = second.getLoc();
  SmallVector<std::pair<unsigned, Value>> zeros;
  for (auto [number, init] : llvm::enumerate(second.getInits())) {
    Operation *producer = getProducer(init);
    if (!producer)
      continue;
    llvm::SetVector<Operation *> needed;
    needed.insert(producer);
    collectDependencies(producer, block, needed,
                        [](OpOperand &) { return false; });
    if (!needed.contains(first))
      continue;
    auto element = dyn_cast<FloatType>(getElementTypeOrSelf(init.getType()));
    if (!element)
      return false;
    Value zero = arith::ConstantOp::create(before, loc,
                                           before.getFloatAttr(element, 0.0));
    if (auto type = dyn_cast<RankedTensorType>(init.getType())) {
      SizeBuilder sizes(before, loc, isBefore);
      SmallVector<Value> dynamic;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim)) {
          dynamic.push_back(sizes.getSize(init, dim));
          if (!dynamic.back())
            return false;
        }
      Value empty = tensor::EmptyOp::create(before, loc, type, dynamic);
      zero = linalg::FillOp::create(before, loc, zero, empty).getResult(0);
    }
    zeros.emplace_back(number, zero);
  }
  for (auto [number, zero] : zeros) {
    Value init = second.getInits()[number], sum = second.getSums()[number];
    Value total = arith::AddFOp::create(after, loc, init, sum);
    sum.replaceAllUsesExcept(total, total.getDefiningOp());
    second.getInitsMutable()[number].assign(zero);
  }
  return true;
}

/// Makes one plate of two in the same block, in the place of the first, where
/// the second needs nothing of the first but its stacks, member by member.
static PlateOp tryFuse(PlateOp first, PlateOp second) {
  Block *block = first->getBlock();
  auto isOwnSlice = [&](OpOperand &operand) {
    if (operand.getOwner() != second.getOperation() ||
        operand.get().getDefiningOp() != first.getOperation())
      return false;
    unsigned begin = second.getSlices().getBeginOperandIndex();
    unsigned number = operand.getOperandNumber();
    bool isSlice =
        number >= begin && number < begin + second.getSlices().size();
    return isSlice && cast<OpResult>(operand.get()).getResultNumber() >=
                          first.getSums().size();
  };
  llvm::SetVector<Operation *> needed;
  collectDependencies(second, block, needed, isOwnSlice);
  if (needed.contains(first)) {
    // It pays to add sums later where that saves a pass over the data.
    auto isInit = [&](OpOperand &operand) {
      return llvm::any_of(second.getInitsMutable(),
                          [&](OpOperand &init) { return &init == &operand; });
    };
    needed.clear();
    collectDependencies(second, block, needed, [&](OpOperand &operand) {
      return isOwnSlice(operand) || isInit(operand);
    });
    if (!second.getBegin() || needed.contains(first) ||
        !separateInits(first, second))
      return PlateOp();
    needed.clear();
    collectDependencies(second, block, needed, isOwnSlice);
  }

  // What the second needs and stands between the two goes before the first.
  SmallVector<Operation *> moved;
  for (Operation *op : needed)
    if (first->isBeforeInBlock(op))
      moved.push_back(op);
  llvm::sort(moved,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : moved)
    if (!isMemoryEffectFree(op))
      return PlateOp();
  for (Operation *op : moved)
    op->moveBefore(first);

  OpBuilder builder(first);
  SmallVector<Value> slices(first.getSlices()), inits(first.getInits());
  // Where each slice of the second comes from: an argument of the fused plate,
  // or a value of the first.
  SmallVector<std::pair<int64_t, Value>> sources;
  YieldOp firstYield = first.getYield();
  for (Value slice : second.getSlices()) {
    if (slice.getDefiningOp() == first.getOperation()) {
      unsigned number = cast<OpResult>(slice).getResultNumber();
      sources.emplace_back(
          -1, firstYield.getValues()[number - first.getSums().size()]);
      continue;
    }
    auto *found = llvm::find(slices, slice);
    sources.emplace_back(found - slices.begin(), Value());
    if (found == slices.end())
      slices.push_back(slice);
  }
  llvm::append_range(inits, second.getInits());
  SmallVector<Type> stackTypes(first.getStacks().getTypes());
  llvm::append_range(stackTypes, second.getStacks().getTypes());
  auto fused = PlateOp::create(
      builder, builder.getFusedLoc({first.getLoc(), second.getLoc()}),
      first.getName(), first.getCount(), first.getBegin(), first.getEnd(),
      slices, inits, stackTypes);
  fused->setDiscardableAttrs(first->getDiscardableAttrDictionary());

  auto members = fused.getMemberArguments();
  auto sums = fused.getSumArguments();
  auto inlineBody = [&](PlateOp plate, ValueRange arguments) {
    for (auto [argument, value] :
         llvm::zip(plate.getBlock()->getArguments(), arguments))
      argument.replaceAllUsesWith(value);
    fused.getBlock()->getOperations().splice(fused.getBlock()->end(),
                                             plate.getBlock()->getOperations());
  };
  SmallVector<Value> arguments{fused.getIndex()};
  llvm::append_range(arguments, members.take_front(first.getSlices().size()));
  llvm::append_range(arguments, sums.take_front(first.getInits().size()));
  // Values of the first may be its own arguments.
  for (auto &[number, value] : sources)
    if (auto argument = dyn_cast_or_null<BlockArgument>(value);
        argument && argument.getOwner() == first.getBlock())
      value = arguments[argument.getArgNumber()];
  inlineBody(first, arguments);
  SmallVector<Value> sumValues(firstYield.getSums()),
      stackValues(firstYield.getValues());
  firstYield.erase();

  arguments.assign({fused.getIndex()});
  for (auto [number, value] : sources)
    arguments.push_back(value ? value : Value(members[number]));
  llvm::append_range(arguments, sums.drop_front(first.getInits().size()));
  YieldOp secondYield = second.getYield();
  inlineBody(second, arguments);
  llvm::append_range(sumValues, secondYield.getSums());
  llvm::append_range(stackValues, secondYield.getValues());
  builder.setInsertionPoint(secondYield);
  YieldOp::create(builder, secondYield.getLoc(), sumValues, stackValues);
  secondYield.erase();

  auto newSums = fused.getSums();
  auto newStacks = fused.getStacks();
  unsigned sumCount = first.getSums().size();
  unsigned stackCount = first.getStacks().size();
  for (auto [i, sum] : llvm::enumerate(first.getSums()))
    sum.replaceAllUsesWith(newSums[i]);
  for (auto [i, stack] : llvm::enumerate(first.getStacks()))
    stack.replaceAllUsesWith(newStacks[i]);
  for (auto [i, sum] : llvm::enumerate(second.getSums()))
    sum.replaceAllUsesWith(newSums[sumCount + i]);
  for (auto [i, stack] : llvm::enumerate(second.getStacks()))
    stack.replaceAllUsesWith(newStacks[stackCount + i]);
  second.erase();
  first.erase();
  return fused;
}

/// Moves out of a plate what does not depend on the member, and may run where
/// the plate has no members.
static void hoistInvariants(PlateOp plate) {
  for (Operation &op : llvm::make_early_inc_range(*plate.getBlock())) {
    if (op.hasTrait<OpTrait::IsTerminator>() || isa<DrawOp>(op))
      continue;
    bool invariant = true;
    auto isOutside = [&](Value value) {
      return !plate.getBody().isAncestor(value.getParentRegion());
    };
    for (Value operand : op.getOperands())
      invariant &= isOutside(operand);
    // A region may use what it defines itself.
    for (Region &region : op.getRegions())
      visitUsedValuesDefinedAbove(region, [&](OpOperand *operand) {
        invariant &= isOutside(operand->get());
      });
    bool draws = op.walk([](DrawOp) {
                     return WalkResult::interrupt();
                   }).wasInterrupted();
    if (invariant && !draws && isSafeToSpeculate(&op))
      op.moveBefore(plate);
  }
}

/// Fuses the plates of a block, and of the blocks inside them.
static void fuseBlock(Block &block) {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<PlateOp> plates(block.getOps<PlateOp>());
    for (size_t i = 0; i < plates.size() && !changed; ++i)
      for (size_t j = i + 1; j < plates.size() && !changed; ++j)
        if (haveSameMembers(plates[i], plates[j]) &&
            tryFuse(plates[i], plates[j]))
          changed = true;
  }
  for (Operation &op : llvm::make_early_inc_range(block)) {
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        fuseBlock(inner);
    if (auto plate = dyn_cast<PlateOp>(op))
      hoistInvariants(plate);
  }
}

void FusePlates::runOnOperation() {
  for (Region &region : getOperation()->getRegions())
    for (Block &block : region)
      fuseBlock(block);
}
