//===- TilePlates.cpp - plates to loops -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

namespace vi {
#define GEN_PASS_DEF_TILEPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// Computes, in front of a plate, quantities that its region uses but that are
/// the same for all members.
class Hoister {
public:
  Hoister(vi::PlateOp plate, RewriterBase &rewriter)
      : plate(plate), rewriter(rewriter) {}

  /// The size of dimension `dim` of the tensor `value`, as a value in front of
  /// the plate; null where it depends on the member.
  Value getSize(Value value, int64_t dim);

  /// The index `value` recomputed in front of the plate; null where it depends
  /// on the member.
  Value getIndex(Value value);

private:
  Value getIndex(OpFoldResult value) {
    if (auto attr = dyn_cast<Attribute>(value))
      return arith::ConstantIndexOp::create(rewriter, plate.getLoc(),
                                            cast<IntegerAttr>(attr).getInt());
    return getIndex(cast<Value>(value));
  }

  vi::PlateOp plate;
  RewriterBase &rewriter;
};

Value Hoister::getSize(Value value, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return {};
  Location loc = plate.getLoc();
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(rewriter, loc, type.getDimSize(dim));
  if (value.getParentRegion() != &plate.getBody() &&
      !plate.getBody().isAncestor(value.getParentRegion()))
    return tensor::DimOp::create(rewriter, loc, value, dim);

  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Block *block = argument.getOwner();
    if (auto owner = dyn_cast<vi::PlateOp>(block->getParentOp())) {
      unsigned number = argument.getArgNumber(),
               slices = owner.getSlices().size();
      if (number == 0)
        return {};
      return number <= slices
                 ? getSize(owner.getSlices()[number - 1], dim + 1)
                 : getSize(owner.getInits()[number - 1 - slices], dim);
    }
    if (auto loop = dyn_cast<scf::ForOp>(block->getParentOp()))
      if (OpOperand *init = loop.getTiedLoopInit(argument))
        return getSize(init->get(), dim);
    return {};
  }

  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (auto inner = dyn_cast<vi::PlateOp>(op)) {
    unsigned number = result.getResultNumber(), sums = inner.getSums().size();
    if (number < sums)
      return getSize(inner.getInits()[number], dim);
    if (dim == 0)
      return getIndex(inner.getCount());
    return getSize(inner.getYield().getValues()[number - sums], dim - 1);
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return getSize(loop.getTiedLoopInit(result)->get(), dim);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return getSize(branch.thenYield().getOperand(result.getResultNumber()),
                   dim);
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return getSize(destination.getTiedOpOperand(result)->get(), dim);
  if (auto solve = dyn_cast<vi::TriangularSolveOp>(op))
    return getSize(solve.getRhs(), dim);
  if (auto factor = dyn_cast<vi::CholeskyOp>(op))
    return getSize(factor.getMatrix(), dim);
  if (isa<arith::SelectOp>(op))
    return getSize(op->getOperand(1), dim);
  if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        return getSize(operand, dim);
    return {};
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return getSize(cast.getSource(), dim);
  if (auto shaped = dyn_cast<ReifyRankedShapedTypeOpInterface>(op)) {
    // The sizes are built beside the op, and then recomputed in front.
    ReifiedRankedShapedTypeDims sizes;
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointAfter(op);
      if (failed(shaped.reifyResultShapes(rewriter, sizes)))
        return {};
    }
    return getIndex(sizes[result.getResultNumber()][dim]);
  }
  return {};
}

Value Hoister::getIndex(Value value) {
  if (!plate.getBody().isAncestor(value.getParentRegion()))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  if (auto size = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> dim = size.getConstantIndex();
    return dim ? getSize(size.getSource(), *dim) : Value();
  }
  if (op->getNumRegions() || !isMemoryEffectFree(op))
    return {};
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    if (!operand.getType().isIntOrIndex())
      return {};
    Value hoisted = getIndex(operand);
    if (!hoisted)
      return {};
    mapping.map(operand, hoisted);
  }
  return rewriter.clone(*op, mapping)
      ->getResult(cast<OpResult>(value).getResultNumber());
}

/// The sizes of member `index` of a tensor, with the leading one.
struct MemberSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
};

MemberSlice getMemberSlice(OpBuilder &builder, Location loc, Value tensor,
                           Value index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  MemberSlice slice;
  slice.offsets.assign(type.getRank(), zero);
  slice.strides.assign(type.getRank(), one);
  slice.offsets[0] = index;
  slice.sizes.push_back(one);
  for (int64_t dim = 1, rank = type.getRank(); dim < rank; ++dim)
    slice.sizes.push_back(tensor::getMixedSize(builder, loc, tensor, dim));
  return slice;
}

LogicalResult lowerPlate(vi::PlateOp plate, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(plate);
  Location loc = plate.getLoc();
  vi::YieldOp yield = plate.getYield();
  bool hasRange = plate.getBegin() || plate.getEnd();

  // What the loop carries: the sums, then the stacks.
  SmallVector<Value> inits(plate.getInits());
  Hoister hoister(plate, rewriter);
  for (auto [stack, member] : llvm::zip(plate.getStacks(), yield.getValues())) {
    auto type = cast<RankedTensorType>(stack.getType());
    SmallVector<Value> sizes;
    if (type.isDynamicDim(0))
      sizes.push_back(plate.getCount());
    for (int64_t dim = 1, rank = type.getRank(); dim < rank; ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      Value size = hoister.getSize(member, dim - 1);
      if (!size) {
        InFlightDiagnostic diag = plate.emitOpError("cannot stack values of ")
                                  << member.getType() << ": dimension "
                                  << dim - 1 << " depends on the member";
        diag.attachNote(member.getLoc()) << "the value is defined here";
        return diag;
      }
      sizes.push_back(size);
    }
    Value init = tensor::EmptyOp::create(rewriter, loc, type, sizes);
    if (hasRange) {
      Value zero = arith::ConstantOp::create(
          rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
      init = linalg::FillOp::create(rewriter, loc, zero, init).getResult(0);
    }
    inits.push_back(init);
  }

  Value lower = plate.getBegin(), upper = plate.getEnd();
  if (!lower)
    lower = arith::ConstantIndexOp::create(rewriter, loc, 0);
  if (!upper)
    upper = plate.getCount();
  Value step = arith::ConstantIndexOp::create(rewriter, loc, 1);
  auto loop = scf::ForOp::create(rewriter, loc, lower, upper, step, inits);
  Block *body = loop.getBody();
  if (!body->empty())
    rewriter.eraseOp(body->getTerminator());

  // Region arguments: index, slices, sums.
  rewriter.setInsertionPointToStart(body);
  Value index = loop.getInductionVar();
  SmallVector<Value> arguments{index};
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    if (argument.use_empty()) {
      // Keeps the numbering; the argument vanishes with the block.
      arguments.push_back(slice);
      continue;
    }
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      arguments.push_back(
          tensor::ExtractOp::create(rewriter, loc, slice, index));
      continue;
    }
    MemberSlice member = getMemberSlice(rewriter, loc, slice, index);
    arguments.push_back(tensor::ExtractSliceOp::create(
        rewriter, loc, type, slice, member.offsets, member.sizes,
        member.strides));
  }
  unsigned sums = plate.getSums().size();
  llvm::append_range(arguments, loop.getRegionIterArgs().take_front(sums));
  rewriter.mergeBlocks(plate.getBlock(), body, arguments);

  rewriter.setInsertionPoint(yield);
  SmallVector<Value> next(yield.getSums());
  for (auto [stack, member] : llvm::zip(
           loop.getRegionIterArgs().drop_front(sums), yield.getValues())) {
    if (!isa<RankedTensorType>(member.getType())) {
      next.push_back(tensor::InsertOp::create(rewriter, yield.getLoc(), member,
                                              stack, index));
      continue;
    }
    MemberSlice slice = getMemberSlice(rewriter, yield.getLoc(), stack, index);
    next.push_back(tensor::InsertSliceOp::create(rewriter, yield.getLoc(),
                                                 member, stack, slice.offsets,
                                                 slice.sizes, slice.strides));
  }
  rewriter.replaceOpWithNewOp<scf::YieldOp>(yield, next);
  rewriter.replaceOp(plate, loop.getResults());
  return success();
}

struct TilePlates : vi::impl::TilePlatesBase<TilePlates> {
  void runOnOperation() override {
    // Outer plates first: the sizes of what an outer plate stacks are found
    // through the inner plates.
    SmallVector<vi::PlateOp> plates;
    getOperation()->walk<WalkOrder::PreOrder>(
        [&](vi::PlateOp plate) { plates.push_back(plate); });
    IRRewriter rewriter(&getContext());
    for (vi::PlateOp plate : plates)
      if (failed(lowerPlate(plate, rewriter)))
        return signalPassFailure();
  }
};

} // namespace
