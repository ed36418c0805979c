//===- TilePlates.cpp - plates to loops -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemberLanes.h"
#include "PlateLoops.h"
#include "SharedMatrices.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "llvm/ADT/SmallBitVector.h"

namespace vi {
#define GEN_PASS_DEF_TILEPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// The first member of `plate` and the one past its last.
std::pair<Value, Value> getRange(vi::PlateOp plate, RewriterBase &rewriter) {
  Value begin = plate.getBegin(), end = plate.getEnd();
  if (!begin)
    begin = arith::ConstantIndexOp::create(rewriter, plate.getLoc(), 0);
  if (!end)
    end = plate.getCount();
  return {begin, end};
}

/// The widest type of number that differs between members, in bits.
unsigned getWidestNumber(vi::PlateOp plate) {
  unsigned bits = 0;
  plate.getBody().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isa<FloatType>(getElementTypeOrSelf(type)))
        bits =
            std::max(bits, getElementTypeOrSelf(type).getIntOrFloatBitWidth());
  });
  return bits ? bits : 64;
}

/// Adds the last dimension of `tile` to `sum`.
Value addLanes(OpBuilder &builder, Location loc, Value tile, Value sum) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t rank = type.getRank();
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps{all, all.getMajorSubMap(rank - 1)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  bool integer = type.getElementType().isIntOrIndex();
  auto generic = linalg::GenericOp::create(
      builder, loc, sum.getType(), tile, sum, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        Value next =
            integer ? arith::AddIOp::create(b, l, args[1], args[0]).getResult()
                    : arith::AddFOp::create(b, l, args[1], args[0]).getResult();
        linalg::YieldOp::create(b, l, next);
      });
  return generic.getResult(0);
}

/// Writes a loop over tiles of `lanes` members in front of `plate`, from
/// `begin` on while tiles are full. On success, `begin` is the first member
/// that is left, and `inits` are the sums and stacks so far. Sums
/// in `laneSums` are kept for each lane; one that must not be is taken out on
/// failure.
LogicalResult emitTiles(vi::PlateOp plate, int64_t lanes, Value &begin,
                        Value end, SmallVectorImpl<Value> &inits,
                        llvm::SmallBitVector &laneSums, Value firstRow,
                        RewriterBase &rewriter) {
  Location loc = plate.getLoc();
  rewriter.setInsertionPoint(plate);
  // Scalar sums are vectors of partial sums, one for each lane.
  unsigned sumCount = plate.getSums().size();
  SmallVector<Value> carried(inits.begin(), inits.end());
  for (unsigned number = 0; number < sumCount; ++number) {
    Value &sum = carried[number];
    if (laneSums[number]) {
      auto type = cast<RankedTensorType>(sum.getType());
      SmallVector<int64_t> shape(type.getShape());
      shape.push_back(lanes);
      Value zero = arith::ConstantOp::create(
          rewriter, loc, rewriter.getZeroAttr(type.getElementType()));
      Value empty =
          tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
      sum = linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
      continue;
    }
    if (!sum.getType().isIntOrIndexOrFloat())
      continue;
    auto type = VectorType::get({lanes}, sum.getType());
    sum = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
  }
  Value width = arith::ConstantIndexOp::create(rewriter, loc, lanes);
  Value members = arith::SubIOp::create(rewriter, loc, end, begin);
  Value tiles = arith::DivSIOp::create(rewriter, loc, members, width);
  Value full = arith::MulIOp::create(rewriter, loc, tiles, width);
  Value stop = arith::AddIOp::create(rewriter, loc, begin, full);
  auto loop = scf::ForOp::create(rewriter, loc, begin, stop, width, carried);
  if (!loop.getBody()->empty())
    rewriter.eraseOp(loop.getBody()->getTerminator());
  rewriter.setInsertionPointToEnd(loop.getBody());
  vi::MemberLanes tile(rewriter, lanes, loop.getInductionVar());
  SmallVector<Value> sums(loop.getRegionIterArgs().take_front(sumCount));
  SmallVector<Value> stacks(loop.getRegionIterArgs().drop_front(sumCount));
  if (failed(tile.emitTile(plate, sums, stacks, firstRow))) {
    // A loop without a terminator is not valid: give it back what it carries.
    scf::YieldOp::create(rewriter, loc, loop.getRegionIterArgs());
    rewriter.eraseOp(loop);
    if (tile.getUnsuitableSum())
      laneSums.reset(*tile.getUnsuitableSum());
    return failure();
  }
  llvm::append_range(sums, stacks);
  scf::YieldOp::create(rewriter, loc, sums);

  rewriter.setInsertionPoint(plate);
  for (auto [number, init] : llvm::enumerate(inits)) {
    Value result = loop.getResult(number);
    if (number < sumCount && laneSums[number]) {
      init = addLanes(rewriter, loc, result, init);
      continue;
    }
    if (!isa<VectorType>(result.getType())) {
      init = result;
      continue;
    }
    bool integer = init.getType().isIntOrIndex();
    init = vector::ReductionOp::create(
        rewriter, loc, vector::CombiningKind::ADD, result, init,
        integer ? arith::FastMathFlags::none : arith::FastMathFlags::reassoc);
  }
  begin = stop;
  return success();
}

/// Whether `slice` has exactly the rows of `plate`'s range of its operand.
bool isRange(tensor::ExtractSliceOp slice, vi::PlateOp plate) {
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                            sizes = slice.getMixedSizes();
  auto rows = dyn_cast<Value>(sizes[0]);
  auto length = rows ? rows.getDefiningOp<arith::SubIOp>() : nullptr;
  if (offsets[0] != OpFoldResult(plate.getBegin()) || !length ||
      length.getLhs() != plate.getEnd() ||
      length.getRhs() != plate.getBegin() || !slice.hasUnitStride() ||
      slice.getType().getRank() != slice.getSourceType().getRank())
    return false;
  for (int64_t dim = 1; dim < slice.getType().getRank(); ++dim) {
    if (!isZeroInteger(offsets[dim]))
      return false;
    if (getConstantIntValue(sizes[dim]) ==
        std::optional(slice.getSourceType().getDimSize(dim)))
      continue;
    auto value = dyn_cast<Value>(sizes[dim]);
    auto size = value ? value.getDefiningOp<tensor::DimOp>() : nullptr;
    if (!size || size.getSource() != slice.getSource() ||
        size.getConstantIndex() != std::optional(dim))
      return false;
  }
  return true;
}

/// Whether nothing needs the rows of the stacks of `plate` outside of its
/// range, which would be zeros.
bool needsRangeOnly(vi::PlateOp plate) {
  if (!plate.getBegin() || plate.getStacks().empty())
    return false;
  for (Value stack : plate.getStacks())
    for (Operation *user : stack.getUsers()) {
      auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
      auto size = dyn_cast<tensor::DimOp>(user);
      if (!(slice && isRange(slice, plate)) &&
          !(size && size.getConstantIndex().value_or(0) > 0))
        return false;
    }
  return true;
}

LogicalResult lowerPlate(vi::PlateOp plate, int64_t vectorBits,
                         RewriterBase &rewriter) {
  bool rangeOnly = needsRangeOnly(plate);
  FailureOr<SmallVector<Value>> stacks =
      vi::createStacks(plate, rewriter, rangeOnly);
  if (failed(stacks))
    return failure();
  rewriter.setInsertionPoint(plate);
  Value firstRow = rangeOnly ? plate.getBegin() : Value();
  SmallVector<tensor::ExtractSliceOp> slices;
  if (rangeOnly)
    for (Value stack : plate.getStacks())
      for (Operation *user : stack.getUsers())
        if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user))
          slices.push_back(slice);
  auto [begin, end] = getRange(plate, rewriter);
  SmallVector<Value> inits(plate.getInits());
  llvm::append_range(inits, *stacks);
  int64_t lanes = vectorBits / getWidestNumber(plate);
  int64_t count = plate.getStaticCount();
  SmallVector<int64_t> widths;
  if (sharesLargeMatrix(plate) && hasMatrixSums(plate))
    widths.push_back(vectorBits / 8);
  widths.push_back(lanes);
  for (int64_t lanes : widths) {
    bool few = !ShapedType::isDynamic(count) && count < lanes;
    if (lanes <= 1 || few)
      continue;
    llvm::SmallBitVector laneSums(plate.getSums().size());
    for (auto [number, sum] : llvm::enumerate(plate.getSums()))
      laneSums[number] =
          vi::MemberLanes::canKeepForEachLane(sum.getType(), lanes);
    // Each failure leaves a sum less to be kept for each lane.
    unsigned before;
    do
      before = laneSums.count();
    while (failed(emitTiles(plate, lanes, begin, end, inits, laneSums, firstRow,
                            rewriter)) &&
           laneSums.count() < before);
  }
  vi::replaceByLoop(plate, begin, end, inits, firstRow, rewriter);
  for (tensor::ExtractSliceOp slice : slices)
    rewriter.replaceOp(slice, slice.getSource());
  return success();
}

struct TilePlates : vi::impl::TilePlatesBase<TilePlates> {
  using Base::Base;

  void runOnOperation() override {
    // Derivatives have been taken: what stops them has had its effect.
    getOperation()->walk([](vi::StopGradientOp op) {
      op.replaceAllUsesWith(op.getInput());
      op.erase();
    });
    // Outer plates first: the sizes of what an outer plate stacks are found
    // through the inner plates.
    IRRewriter rewriter(&getContext());
    while (vi::PlateOp plate = getFirstPlate())
      if (failed(lowerPlate(plate, vectorBits, rewriter)))
        return signalPassFailure();
  }

  vi::PlateOp getFirstPlate() {
    vi::PlateOp first;
    getOperation()->walk<WalkOrder::PreOrder>([&](vi::PlateOp plate) {
      first = plate;
      return WalkResult::interrupt();
    });
    return first;
  }
};

} // namespace
