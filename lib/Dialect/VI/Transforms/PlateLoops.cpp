//===- PlateLoops.cpp - plates as loops over single members ---------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlateLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"

using namespace mlir;

vi::MemberSlice vi::getMemberSlice(OpBuilder &builder, Location loc,
                                   Value tensor, Value index, int64_t count) {
  auto type = cast<RankedTensorType>(tensor.getType());
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  MemberSlice slice;
  slice.offsets.assign(type.getRank(), zero);
  slice.strides.assign(type.getRank(), one);
  slice.offsets[0] = index;
  slice.sizes.push_back(builder.getIndexAttr(count));
  for (int64_t dim = 1, rank = type.getRank(); dim < rank; ++dim)
    slice.sizes.push_back(tensor::getMixedSize(builder, loc, tensor, dim));
  return slice;
}

FailureOr<SmallVector<Value>>
vi::createStacks(vi::PlateOp plate, RewriterBase &rewriter, bool rangeOnly) {
  rewriter.setInsertionPoint(plate);
  Location loc = plate.getLoc();
  vi::YieldOp yield = plate.getYield();
  bool hasRange = (plate.getBegin() || plate.getEnd()) && !rangeOnly;
  Value rows = plate.getCount();
  if (rangeOnly)
    rows =
        arith::SubIOp::create(rewriter, loc, plate.getEnd(), plate.getBegin());
  auto isOutside = [&](Value value) {
    return !plate.getBody().isAncestor(value.getParentRegion());
  };
  vi::SizeBuilder outside(rewriter, loc, isOutside);
  SmallVector<Value> stacks;
  for (auto [stack, member] : llvm::zip(plate.getStacks(), yield.getValues())) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (rangeOnly)
      type = vi::ChunksOp::getRowsType(type);
    SmallVector<Value> sizes;
    if (type.isDynamicDim(0))
      sizes.push_back(rows);
    for (int64_t dim = 1, rank = type.getRank(); dim < rank; ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      Value size = outside.getSize(member, dim - 1);
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
    stacks.push_back(init);
  }
  return stacks;
}

void vi::replaceByLoop(vi::PlateOp plate, Value begin, Value end,
                       ValueRange inits, Value firstRow,
                       RewriterBase &rewriter) {
  rewriter.setInsertionPoint(plate);
  Location loc = plate.getLoc();
  vi::YieldOp yield = plate.getYield();
  Value step = arith::ConstantIndexOp::create(rewriter, loc, 1);
  auto loop = scf::ForOp::create(rewriter, loc, begin, end, step, inits);
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
  Value row = index;
  if (firstRow && !yield.getValues().empty())
    row = arith::SubIOp::create(rewriter, loc, index, firstRow);
  for (auto [init, stack, member] : llvm::zip(
           loop.getInitArgs().drop_front(sums),
           loop.getRegionIterArgs().drop_front(sums), yield.getValues())) {
    if (!isa<RankedTensorType>(member.getType())) {
      next.push_back(tensor::InsertOp::create(rewriter, yield.getLoc(), member,
                                              stack, row));
      continue;
    }
    MemberSlice slice = getMemberSlice(rewriter, yield.getLoc(), init, row);
    next.push_back(tensor::InsertSliceOp::create(rewriter, yield.getLoc(),
                                                 member, stack, slice.offsets,
                                                 slice.sizes, slice.strides));
  }
  rewriter.replaceOpWithNewOp<scf::YieldOp>(yield, next);
  rewriter.replaceOp(plate, loop.getResults());
}
