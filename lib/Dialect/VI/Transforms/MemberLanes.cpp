//===- MemberLanes.cpp - members of a plate as lanes of vectors -----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemberLanes.h"

#include "PlateLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

/// Nested plates of more members than this stay a loop of their own, whose
/// members are lanes, unless the plate around them is one of data.
static constexpr int64_t maxNestedMembers = 64;

/// Sums of more elements than this, over all lanes, are not kept for each lane:
/// of eight bytes each they would fill half of a small first-level cache.
static constexpr int64_t maxLaneSumElements = 2048;

/// Rows of at most this many elements become lanes when they are read: the
/// shuffles for it grow with the square of the number.
static constexpr int64_t maxColumns = 8;

/// Tiles of more members are made for products of matrices: shuffles within all
/// of their lanes are out of question.
static constexpr int64_t maxShuffledLanes = 16;

static bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

VectorType MemberLanes::getLanesType(Type scalar) {
  return VectorType::get({lanes}, scalar);
}

Value MemberLanes::getIndex(int64_t value) {
  return arith::ConstantIndexOp::create(builder, base.getLoc(), value);
}

MemberLanes::Entry MemberLanes::lookup(Value value) {
  auto it = entries.find(value);
  if (it != entries.end())
    return it->second;
  Entry entry;
  entry.value = value;
  return entry;
}

void MemberLanes::set(Value value, Form form, Value replacement) {
  Entry &entry = entries[value];
  entry = Entry();
  entry.form = form;
  entry.value = replacement;
}

void MemberLanes::setSum(Value value, const Entry &like, Value replacement) {
  Entry entry;
  entry.form = like.eachLane ? Form::LaneSum : Form::Sum;
  entry.value = replacement;
  entry.sum = like.sum;
  entry.eachLane = like.eachLane;
  entries[value] = entry;
}

bool MemberLanes::canKeepForEachLane(Type type, int64_t lanes) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         tensor.getNumElements() <= maxLaneSumElements / lanes;
}

bool MemberLanes::isUniform(Operation *op) {
  for (Value operand : op->getOperands())
    if (!isUniform(operand))
      return false;
  bool uniform = true;
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(region, region, [&](OpOperand *operand) {
      uniform &= isUniform(operand->get());
    });
  return uniform;
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

Value MemberLanes::getLanes(Value value) {
  Entry entry = lookup(value);
  Location loc = value.getLoc();
  switch (entry.form) {
  case Form::Lanes:
    return entry.value;
  case Form::Uniform:
    if (!isScalar(value.getType()))
      return Value();
    return vector::BroadcastOp::create(
        builder, loc, getLanesType(value.getType()), entry.value);
  case Form::Consecutive: {
    VectorType type = getLanesType(value.getType());
    Value first = vector::BroadcastOp::create(builder, loc, type, entry.value);
    Value step = vector::StepOp::create(builder, loc, type);
    return arith::AddIOp::create(builder, loc, first, step);
  }
  default:
    return Value();
  }
}

Value MemberLanes::getLane(Value value, int64_t lane) {
  Entry entry = lookup(value);
  Location loc = value.getLoc();
  switch (entry.form) {
  case Form::Uniform:
    return entry.value;
  case Form::Consecutive:
    return arith::AddIOp::create(builder, loc, entry.value, getIndex(lane));
  case Form::Lanes:
    return vector::ExtractOp::create(builder, loc, entry.value, lane);
  default:
    return Value();
  }
}

SmallVector<Value> MemberLanes::getLaneIndices(ValueRange values,
                                               int64_t lane) {
  SmallVector<Value> indices;
  for (Value value : values)
    indices.push_back(getLane(value, lane));
  return indices;
}

Value MemberLanes::createTile(Value like) {
  Location loc = like.getLoc();
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  Type element = getElementTypeOrSelf(like.getType());
  if (auto type = dyn_cast<RankedTensorType>(like.getType())) {
    llvm::append_range(shape, type.getShape());
    Entry entry = lookup(like);
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      int64_t at = entry.form == Form::Rows ? dim + 1 : dim;
      sizes.push_back(tensor::DimOp::create(builder, loc, entry.value, at));
    }
  }
  shape.push_back(lanes);
  return tensor::EmptyOp::create(builder, loc,
                                 RankedTensorType::get(shape, element), sizes);
}

Value MemberLanes::getTile(Value value) {
  Entry entry = lookup(value);
  Location loc = value.getLoc();
  if (entry.form == Form::Tile || entry.form == Form::Rows)
    return entry.value;
  if (isScalar(value.getType())) {
    Value vector = getLanes(value);
    return vector ? writeLanes(vector, createTile(value), getIndex(0))
                  : Value();
  }
  if (entry.form != Form::Uniform)
    return Value();
  // The same tensor for each lane.
  if (entry.value.getDefiningOp<tensor::EmptyOp>())
    return createTile(value);
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  return linalg::BroadcastOp::create(builder, loc, entry.value,
                                     createTile(value), ArrayRef<int64_t>{rank})
      ->getResult(0);
}

Value MemberLanes::getBytes(Value rows) {
  Value &result = bytes[rows];
  if (result)
    return result;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(rows);
  Location loc = rows.getLoc();
  auto type = cast<RankedTensorType>(rows.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> shape(type.getShape().drop_front());
  shape.push_back(type.getDimSize(0));
  SmallVector<AffineExpr> results{builder.getAffineDimExpr(rank - 1)};
  for (int64_t dim = 0; dim + 1 < rank; ++dim)
    results.push_back(builder.getAffineDimExpr(dim));
  Value empty = tensor::EmptyOp::create(
      builder, loc, RankedTensorType::get(shape, builder.getI8Type()),
      ValueRange());
  result =
      linalg::GenericOp::create(
          builder, loc, empty.getType(), rows, empty,
          ArrayRef<AffineMap>{
              AffineMap::get(rank, 0, results, builder.getContext()),
              builder.getMultiDimIdentityMap(rank)},
          SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
          [](OpBuilder &b, Location l, ValueRange args) {
            linalg::YieldOp::create(
                b, l,
                arith::ExtUIOp::create(b, l, b.getI8Type(), args[0])
                    .getResult());
          })
          .getResult(0);
  return result;
}

Value MemberLanes::transpose(Value tensor) {
  Value &result = transposed[tensor];
  if (result)
    return result;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(tensor);
  Location loc = tensor.getLoc();
  auto type = cast<RankedTensorType>(tensor.getType());
  Value empty = tensor::EmptyOp::create(
      builder, loc, ArrayRef<int64_t>{type.getDimSize(1), type.getDimSize(0)},
      type.getElementType());
  AffineMap straight = builder.getMultiDimIdentityMap(2);
  AffineMap swapped = AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0},
                                                   builder.getContext());
  result =
      linalg::GenericOp::create(
          builder, loc, empty.getType(), tensor, empty,
          ArrayRef<AffineMap>{swapped, straight},
          SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
          [](OpBuilder &b, Location l, ValueRange args) {
            linalg::YieldOp::create(b, l, args[0]);
          })
          .getResult(0);
  return result;
}

bool MemberLanes::isBetterTransposed(linalg::GenericOp generic,
                                     OpOperand &operand, bool areSums) {
  Form form = lookup(operand.get()).form;
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  AffineMap map = generic.getMatchingIndexingMap(&operand);
  if (!type || type.getRank() != 1 || !type.hasStaticShape() ||
      generic.getNumDpsInits() != 1 || map.getNumResults() != 1)
    return false;
  AffineMap out = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
  if (areSums)
    // The sum over lanes of products is a matrix: along its rows.
    return form == Form::Tile && out.getNumResults() == 2 &&
           map.getResult(0) == out.getResult(1);
  // Rows of data times a matrix: along the members.
  return form == Form::Rows && out.getNumResults() == 1 &&
         generic.getNumReductionLoops() == 1 &&
         generic.getNumParallelLoops() == 1 &&
         !out.isFunctionOfDim(
             cast<AffineDimExpr>(map.getResult(0)).getPosition());
}

Value MemberLanes::readLanes(Value tensor, ValueRange indices) {
  Location loc = tensor.getLoc();
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Value padding =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  return vector::TransferReadOp::create(builder, loc, getLanesType(element),
                                        tensor, indices, padding,
                                        ArrayRef<bool>{true});
}

Value MemberLanes::writeLanes(Value vector, Value tensor, ValueRange indices) {
  AffineMap map = AffineMap::getMinorIdentityMap(
      cast<RankedTensorType>(tensor.getType()).getRank(), 1,
      builder.getContext());
  return vector::TransferWriteOp::create(builder, vector.getLoc(), vector,
                                         tensor, indices, map,
                                         ArrayRef<bool>{true})
      ->getResult(0);
}

Value MemberLanes::readColumns(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() != 2 || type.isDynamicDim(1) || lanes > maxShuffledLanes ||
      type.getDimSize(1) > maxColumns || type.getDimSize(1) < 1 ||
      tensor.getDefiningOp<tensor::ExtractSliceOp>())
    return Value();
  Location loc = tensor.getLoc();
  int64_t columns = type.getDimSize(1);
  SmallVector<ReassociationIndices> all{{0, 1}};
  Value flat = tensor::CollapseShapeOp::create(builder, loc, tensor, all);
  Value start = arith::MulIOp::create(builder, loc, base, getIndex(columns));
  SmallVector<Value> blocks;
  for (int64_t block = 0; block < columns; ++block) {
    Value at =
        arith::AddIOp::create(builder, loc, start, getIndex(block * lanes));
    blocks.push_back(readLanes(flat, at));
  }
  Value tile = tensor::EmptyOp::create(
      builder, loc, ArrayRef<int64_t>{columns, lanes}, type.getElementType());
  for (int64_t column = 0; column < columns; ++column) {
    // Lane l is element l * columns + column of the blocks, one behind the
    // other: each block in turn puts its elements in place.
    Value vector = blocks[0];
    for (int64_t block = 0; block < columns; ++block) {
      SmallVector<int64_t> mask;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t at = lane * columns + column;
        mask.push_back(at / lanes == block ? lanes + at % lanes : lane);
      }
      vector =
          vector::ShuffleOp::create(builder, loc, vector, blocks[block], mask);
    }
    tile = writeLanes(vector, tile, {getIndex(column), getIndex(0)});
  }
  return tile;
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

LogicalResult MemberLanes::emitElementwise(Operation *op) {
  // Index arithmetic that keeps neighbours neighbours.
  if (isa<arith::AddIOp, arith::SubIOp>(op) &&
      op->getResult(0).getType().isIndex()) {
    Entry left = lookup(op->getOperand(0)), right = lookup(op->getOperand(1));
    bool consecutive =
        (left.form == Form::Consecutive && right.form == Form::Uniform) ||
        (isa<arith::AddIOp>(op) && left.form == Form::Uniform &&
         right.form == Form::Consecutive);
    if (consecutive) {
      Operation *scalar = builder.clone(*op);
      scalar->setOperands({left.value, right.value});
      set(op->getResult(0), Form::Consecutive, scalar->getResult(0));
      return success();
    }
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    Value vector = getLanes(operand);
    if (!vector)
      return failure();
    operands.push_back(vector);
  }
  Operation *vector = op->clone();
  vector->setOperands(operands);
  for (OpResult result : vector->getResults())
    result.setType(getLanesType(result.getType()));
  builder.insert(vector);
  for (auto [result, replacement] :
       llvm::zip(op->getResults(), vector->getResults()))
    set(result, Form::Lanes, replacement);
  return success();
}

LogicalResult MemberLanes::emitEachLane(Operation *op) {
  SmallVector<SmallVector<Value>> results(op->getNumResults());
  for (int64_t lane = 0; lane < lanes; ++lane) {
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      Value scalar = getLane(operand, lane);
      if (!scalar)
        return failure();
      mapping.map(operand, scalar);
    }
    Operation *scalar = builder.clone(*op, mapping);
    for (auto [all, result] : llvm::zip(results, scalar->getResults()))
      all.push_back(result);
  }
  for (auto [result, all] : llvm::zip(op->getResults(), results))
    set(result, Form::Lanes,
        vector::FromElementsOp::create(builder, op->getLoc(),
                                       getLanesType(result.getType()), all));
  return success();
}

//===----------------------------------------------------------------------===//
// Elements of tensors
//===----------------------------------------------------------------------===//

LogicalResult MemberLanes::emitExtract(Operation *op) {
  auto extract = cast<tensor::ExtractOp>(op);
  Entry tensor = lookup(extract.getTensor());
  Location loc = op->getLoc();
  OperandRange indices = extract.getIndices();
  bool uniformIndices =
      llvm::all_of(indices, [&](Value index) { return isUniform(index); });
  auto getUniform = [&](ValueRange values) {
    SmallVector<Value> all;
    for (Value value : values)
      all.push_back(lookup(value).value);
    return all;
  };
  switch (tensor.form) {
  case Form::Sum:
  case Form::LaneSum: {
    // Waits for the contributions and the insertion that end the update.
    Entry &element = entries[extract.getResult()];
    element = Entry();
    element.form = Form::Element;
    element.value = tensor.value;
    element.sum = tensor.sum;
    element.eachLane = tensor.eachLane;
    llvm::append_range(element.indices, indices);
    return success();
  }
  case Form::Uniform: {
    bool lastDiffers =
        !indices.empty() && llvm::all_of(indices.drop_back(), [&](Value index) {
          return isUniform(index);
        });
    if (!lastDiffers)
      break;
    Entry last = lookup(indices.back());
    if (last.form == Form::Consecutive) {
      SmallVector<Value> at = getUniform(indices.drop_back());
      at.push_back(last.value);
      set(extract.getResult(), Form::Lanes, readLanes(tensor.value, at));
      return success();
    }
    Type element = extract.getType();
    if (indices.size() != 1 || element.isInteger(1))
      break;
    VectorType type = getLanesType(element);
    Value all = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(getLanesType(builder.getI1Type()), true));
    Value zeros =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    Value offsets = arith::IndexCastOp::create(
        builder, loc, getLanesType(builder.getI64Type()),
        getLanes(indices.back()));
    set(extract.getResult(), Form::Lanes,
        vector::GatherOp::create(builder, loc, type, tensor.value, getIndex(0),
                                 offsets, all, zeros));
    return success();
  }
  case Form::Tile:
    if (uniformIndices) {
      SmallVector<Value> at = getUniform(indices);
      at.push_back(getIndex(0));
      set(extract.getResult(), Form::Lanes, readLanes(tensor.value, at));
      return success();
    }
    break;
  case Form::Rows:
    break;
  default:
    return failure();
  }

  // Lane by lane.
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    SmallVector<Value> at = getLaneIndices(indices, lane);
    if (llvm::is_contained(at, Value()))
      return failure();
    if (tensor.form == Form::Rows)
      at.insert(at.begin(), getIndex(lane));
    else if (tensor.form == Form::Tile)
      at.push_back(getIndex(lane));
    elements.push_back(
        tensor::ExtractOp::create(builder, loc, tensor.value, at));
  }
  set(extract.getResult(), Form::Lanes,
      vector::FromElementsOp::create(
          builder, loc, getLanesType(extract.getType()), elements));
  return success();
}

LogicalResult MemberLanes::addToElements(Operation *op, const Entry &element) {
  // `element + contribution`, in either order.
  if (!isa<arith::AddFOp, arith::AddIOp>(op))
    return failure();
  unsigned at = lookup(op->getOperand(0)).form == Form::Element ? 1 : 0;
  Value contribution = getLanes(op->getOperand(at));
  if (!contribution)
    return failure();
  Entry sum = element;
  if (sum.contribution) {
    Operation *add = op->clone();
    add->setOperands({sum.contribution, contribution});
    add->getResult(0).setType(contribution.getType());
    builder.insert(add);
    contribution = add->getResult(0);
  }
  sum.contribution = contribution;
  entries[op->getResult(0)] = sum;
  return success();
}

LogicalResult MemberLanes::addToLaneSum(Operation *op, const Entry &target,
                                        const Entry &element) {
  auto insert = cast<tensor::InsertOp>(op);
  Location loc = op->getLoc();
  OperandRange indices = insert.getIndices();
  auto add = [&](Value left, Value right) -> Value {
    if (isa<IntegerType, IndexType>(insert.getScalar().getType()))
      return arith::AddIOp::create(builder, loc, left, right);
    return arith::AddFOp::create(builder, loc, left, right);
  };
  if (llvm::all_of(indices, [&](Value index) { return isUniform(index); })) {
    SmallVector<Value> at = getLaneIndices(indices, 0);
    at.push_back(getIndex(0));
    Value after = add(readLanes(target.value, at), element.contribution);
    setSum(insert.getResult(), target, writeLanes(after, target.value, at));
    return success();
  }
  // Lanes never meet in one element.
  Value sum = target.value;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    SmallVector<Value> at = getLaneIndices(indices, lane);
    if (llvm::is_contained(at, Value()))
      return failure();
    at.push_back(getIndex(lane));
    Value before = tensor::ExtractOp::create(builder, loc, sum, at);
    Value contribution =
        vector::ExtractOp::create(builder, loc, element.contribution, lane);
    sum = tensor::InsertOp::create(builder, loc, add(before, contribution), sum,
                                   at);
  }
  setSum(insert.getResult(), target, sum);
  return success();
}

LogicalResult MemberLanes::emitInsert(Operation *op) {
  auto insert = cast<tensor::InsertOp>(op);
  Location loc = op->getLoc();
  Entry target = lookup(insert.getDest()), scalar = lookup(insert.getScalar());
  OperandRange indices = insert.getIndices();
  bool uniformIndices =
      llvm::all_of(indices, [&](Value index) { return isUniform(index); });

  if (target.form != Form::Sum && target.form != Form::LaneSum) {
    // An element of a tensor of the member's own.
    Value tile = getTile(insert.getDest());
    Value vector = getLanes(insert.getScalar());
    if (!tile || !vector || target.form == Form::Rows)
      return failure();
    if (uniformIndices) {
      SmallVector<Value> at = getLaneIndices(indices, 0);
      at.push_back(getIndex(0));
      set(insert.getResult(), Form::Tile, writeLanes(vector, tile, at));
      return success();
    }
    for (int64_t lane = 0; lane < lanes; ++lane) {
      SmallVector<Value> at = getLaneIndices(indices, lane);
      if (llvm::is_contained(at, Value()))
        return failure();
      at.push_back(getIndex(lane));
      tile = tensor::InsertOp::create(
          builder, loc, vector::ExtractOp::create(builder, loc, vector, lane),
          tile, at);
    }
    set(insert.getResult(), Form::Tile, tile);
    return success();
  }

  // A running sum: `sum[indices] += contribution`.
  if (scalar.form != Form::Element || scalar.value != target.value ||
      scalar.indices != SmallVector<Value>(indices))
    return failure();
  if (!scalar.contribution) {
    setSum(insert.getResult(), target, target.value);
    return success();
  }
  if (target.eachLane)
    return addToLaneSum(op, target, scalar);
  bool integer = insert.getScalar().getType().isIntOrIndex();
  auto add = [&](OpBuilder &b, Value sum, Value contribution,
                 ArrayRef<Value> at) -> Value {
    Value before = tensor::ExtractOp::create(b, loc, sum, at);
    Value after =
        integer
            ? arith::AddIOp::create(b, loc, before, contribution).getResult()
            : arith::AddFOp::create(b, loc, before, contribution).getResult();
    return tensor::InsertOp::create(b, loc, after, sum, at);
  };
  auto addAll = [&](OpBuilder &b) -> Value {
    SmallVector<Value> at = getLaneIndices(indices, 0);
    Value total = vector::ReductionOp::create(
        b, loc, vector::CombiningKind::ADD, scalar.contribution,
        integer ? arith::FastMathFlags::none : arith::FastMathFlags::reassoc);
    return add(b, target.value, total, at);
  };
  if (uniformIndices) {
    setSum(insert.getResult(), target, addAll(builder));
    return success();
  }
  auto addEach = [&](OpBuilder &b) -> Value {
    Value sum = target.value;
    for (int64_t lane = 0; lane < lanes; ++lane)
      sum = add(b, sum,
                vector::ExtractOp::create(b, loc, scalar.contribution, lane),
                getLaneIndices(indices, lane));
    return sum;
  };
  // Lanes that go to consecutive elements.
  Entry last = lookup(indices.back());
  if (last.form == Form::Consecutive &&
      llvm::all_of(indices.drop_back(),
                   [&](Value index) { return isUniform(index); })) {
    SmallVector<Value> at = getLaneIndices(indices, 0);
    at.back() = last.value;
    Value before = readLanes(target.value, at);
    Value after =
        integer
            ? arith::AddIOp::create(builder, loc, before, scalar.contribution)
                  .getResult()
            : arith::AddFOp::create(builder, loc, before, scalar.contribution)
                  .getResult();
    setSum(insert.getResult(), target, writeLanes(after, target.value, at));
    return success();
  }
  for (Value index : indices)
    if (!isUniform(index) && !getLanes(index))
      return failure();
  // Members in order of their groups mostly share one element: adding them up
  // first spares a chain of dependent additions to one address.
  Value same;
  for (Value index : indices) {
    if (isUniform(index))
      continue;
    Value all = getLanes(index);
    Value first = vector::ExtractOp::create(builder, loc, all, 0);
    Value equal = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq, all,
        vector::BroadcastOp::create(builder, loc, all.getType(), first));
    same = same ? arith::AndIOp::create(builder, loc, same, equal).getResult()
                : equal;
  }
  Value allSame = vector::ReductionOp::create(builder, loc,
                                              vector::CombiningKind::AND, same);
  auto branch = scf::IfOp::create(
      builder, loc, allSame,
      [&](OpBuilder &b, Location l) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(b.getInsertionBlock(), b.getInsertionPoint());
        Value sum = addAll(builder);
        scf::YieldOp::create(builder, l, sum);
      },
      [&](OpBuilder &b, Location l) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(b.getInsertionBlock(), b.getInsertionPoint());
        Value sum = addEach(builder);
        scf::YieldOp::create(builder, l, sum);
      });
  setSum(insert.getResult(), target, branch.getResult(0));
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors of members
//===----------------------------------------------------------------------===//

LogicalResult MemberLanes::emitExtractSlice(Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  Entry source = lookup(slice.getSource());
  if (source.form == Form::Uniform)
    return emitGatheredSlice(slice);
  if (source.form != Form::Tile && source.form != Form::Rows &&
      source.form != Form::Sum)
    return failure();
  auto remap = [&](ArrayRef<OpFoldResult> mixed)
      -> std::optional<SmallVector<OpFoldResult>> {
    SmallVector<OpFoldResult> all;
    for (OpFoldResult value : mixed) {
      auto dynamic = dyn_cast<Value>(value);
      if (!dynamic) {
        all.push_back(value);
        continue;
      }
      if (!isUniform(dynamic))
        return std::nullopt;
      all.push_back(lookup(dynamic).value);
    }
    return all;
  };
  auto offsets = remap(slice.getMixedOffsets());
  auto sizes = remap(slice.getMixedSizes());
  auto strides = remap(slice.getMixedStrides());
  if (!offsets || !sizes || !strides)
    return failure();
  if (source.form == Form::Sum) {
    setSum(slice.getResult(), source,
           tensor::ExtractSliceOp::create(builder, op->getLoc(),
                                          slice.getType(), source.value,
                                          *offsets, *sizes, *strides));
    return success();
  }
  bool rows = source.form == Form::Rows;
  auto add = [&](SmallVector<OpFoldResult> &all, int64_t value) {
    all.insert(rows ? all.begin() : all.end(), builder.getIndexAttr(value));
  };
  add(*offsets, 0);
  add(*sizes, lanes);
  add(*strides, 1);
  RankedTensorType type = slice.getType();
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(rows ? shape.begin() : shape.end(), lanes);
  set(slice.getResult(), source.form,
      tensor::ExtractSliceOp::create(
          builder, op->getLoc(),
          RankedTensorType::get(shape, type.getElementType()), source.value,
          *offsets, *sizes, *strides));
  return success();
}

LogicalResult MemberLanes::emitGatheredSlice(tensor::ExtractSliceOp slice) {
  // Each member has its own place in a vector that they share.
  RankedTensorType type = slice.getType();
  if (type.getRank() != 1 || !type.hasStaticShape() || !slice.hasUnitStride() ||
      slice.getSourceType().getRank() != 1)
    return failure();
  Value offset = getLanes(slice.getOffsets().front());
  if (!offset)
    return failure();
  Location loc = slice.getLoc();
  Value source = lookup(slice.getSource()).value;
  Value offsets =
      writeLanes(offset,
                 tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{lanes},
                                         builder.getIndexType()),
                 getIndex(0));
  Value empty = tensor::EmptyOp::create(
      builder, loc, ArrayRef<int64_t>{type.getDimSize(0), lanes},
      type.getElementType());
  AffineMap all = builder.getMultiDimIdentityMap(2);
  AffineMap lane =
      AffineMap::get(2, 0, builder.getAffineDimExpr(1), builder.getContext());
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, empty.getType(), offsets, empty,
      ArrayRef<AffineMap>{lane, all}, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        Value place = arith::AddIOp::create(b, l, args[0],
                                            linalg::IndexOp::create(b, l, 0));
        linalg::YieldOp::create(
            b, l, tensor::ExtractOp::create(b, l, source, place).getResult());
      });
  set(slice.getResult(), Form::Tile, generic.getResult(0));
  return success();
}

LogicalResult MemberLanes::emitInsertSlice(Operation *op) {
  // A part of a running sum goes back to its place.
  auto insert = cast<tensor::InsertSliceOp>(op);
  Entry source = lookup(insert.getSource()), target = lookup(insert.getDest());
  if (source.form != Form::Sum || target.form != Form::Sum)
    return failure();
  IRMapping mapping;
  mapping.map(insert.getSource(), source.value);
  mapping.map(insert.getDest(), target.value);
  for (Value operand : op->getOperands().drop_front(2)) {
    if (!isUniform(operand))
      return failure();
    mapping.map(operand, lookup(operand).value);
  }
  setSum(insert.getResult(), target, builder.clone(*op, mapping)->getResult(0));
  return success();
}

LogicalResult MemberLanes::emitFromElements(Operation *op) {
  auto from = cast<tensor::FromElementsOp>(op);
  Location loc = op->getLoc();
  SmallVector<int64_t> shape(from.getType().getShape());
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t dim = static_cast<int64_t>(shape.size()) - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * shape[dim + 1];
  SmallVector<int64_t> all(shape);
  all.push_back(lanes);
  Value tile = tensor::EmptyOp::create(builder, loc, all,
                                       from.getType().getElementType());
  for (auto [number, element] : llvm::enumerate(from.getElements())) {
    Value vector = getLanes(element);
    if (!vector)
      return failure();
    SmallVector<Value> at;
    int64_t rest = number;
    for (int64_t stride : strides) {
      at.push_back(getIndex(rest / stride));
      rest %= stride;
    }
    at.push_back(getIndex(0));
    tile = writeLanes(vector, tile, at);
  }
  set(from.getResult(), Form::Tile, tile);
  return success();
}

LogicalResult MemberLanes::emitSplat(Operation *op) {
  auto splat = cast<tensor::SplatOp>(op);
  for (Value size : splat.getDynamicSizes())
    if (!isUniform(size))
      return failure();
  Value input = getTile(splat.getInput());
  if (!input)
    return failure();
  SmallVector<Value> sizes;
  for (Value size : splat.getDynamicSizes())
    sizes.push_back(lookup(size).value);
  SmallVector<int64_t> shape(splat.getType().getShape());
  shape.push_back(lanes);
  Value tile = tensor::EmptyOp::create(
      builder, op->getLoc(),
      RankedTensorType::get(shape, splat.getType().getElementType()), sizes);
  auto added = llvm::to_vector(llvm::seq<int64_t>(0, shape.size() - 1));
  set(splat.getResult(), Form::Tile,
      linalg::BroadcastOp::create(builder, op->getLoc(), input, tile, added)
          ->getResult(0));
  return success();
}

LogicalResult MemberLanes::emitDim(Operation *op) {
  auto dim = cast<tensor::DimOp>(op);
  Entry source = lookup(dim.getSource());
  std::optional<int64_t> index = dim.getConstantIndex();
  if (!index)
    return failure();
  int64_t at = source.form == Form::Rows ? *index + 1 : *index;
  set(dim.getResult(), Form::Uniform,
      tensor::DimOp::create(builder, op->getLoc(), source.value, at));
  return success();
}

/// Whether `value` is computed in the body of `generic` as a sum in which the
/// block argument `sum` is one summand, and is used for nothing else.
static bool isSumWith(Value value, BlockArgument sum) {
  if (!sum.hasOneUse())
    return false;
  while (value != sum) {
    Operation *add = value.getDefiningOp();
    if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
      return false;
    // Follow the operand that leads to the sum.
    auto leads = [&](Value operand) {
      SmallVector<Value> worklist{operand};
      while (!worklist.empty()) {
        Value next = worklist.pop_back_val();
        if (next == sum)
          return true;
        if (Operation *def = next.getDefiningOp())
          llvm::append_range(worklist, def->getOperands());
      }
      return false;
    };
    value = leads(add->getOperand(0)) ? add->getOperand(0) : add->getOperand(1);
  }
  return true;
}

LogicalResult MemberLanes::emitGeneric(Operation *op) {
  auto generic = cast<linalg::GenericOp>(op);
  if (!generic.hasPureTensorSemantics())
    return failure();
  bool captures = false;
  visitUsedValuesDefinedAbove(
      generic.getRegion(), generic.getRegion(),
      [&](OpOperand *operand) { captures |= !isUniform(operand->get()); });
  if (captures)
    return failure();

  // Sums over all lanes and results for each member differ in what the new
  // dimension is.
  SmallVector<unsigned> shared, own;
  bool rows = llvm::any_of(generic.getInputs(), [&](Value input) {
    return lookup(input).form == Form::Rows;
  });
  for (auto [number, output] : llvm::enumerate(generic.getOutputs())) {
    Entry entry = lookup(output);
    if (entry.form == Form::LaneSum && rows) {
      // Rows are added up where they lie.
      unsuitableSum = entry.sum;
      return failure();
    }
    (entry.form == Form::Sum ? shared : own).push_back(number);
  }
  if (!own.empty() && failed(emitGeneric(generic, own, /*areSums=*/false)))
    return failure();
  return shared.empty() ? success()
                        : emitGeneric(generic, shared, /*areSums=*/true);
}

LogicalResult MemberLanes::emitGeneric(linalg::GenericOp generic,
                                       ArrayRef<unsigned> results,
                                       bool areSums) {
  Location loc = generic.getLoc();
  unsigned loops = generic.getNumLoops();
  MLIRContext *context = builder.getContext();
  AffineExpr lane = getAffineDimExpr(loops, context);
  Block *body = generic.getBody();
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs, outputs;
  SmallVector<Type> types;
  SmallVector<Form> forms;
  auto addMap = [&](AffineMap map, Form form) {
    SmallVector<AffineExpr> expressions(map.getResults());
    if (form == Form::Rows)
      expressions.insert(expressions.begin(), lane);
    else if (form != Form::Uniform)
      expressions.push_back(lane);
    maps.push_back(AffineMap::get(loops + 1, 0, expressions, context));
  };
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    Value value = operand->get();
    Entry entry = lookup(value);
    AffineMap map = generic.getMatchingIndexingMap(operand);
    if (entry.form == Form::Uniform) {
      inputs.push_back(entry.value);
      addMap(map, Form::Uniform);
      continue;
    }
    Value tile;
    if (value.getType().isInteger(1)) {
      Value vector = getLanes(value);
      if (!vector)
        return failure();
      Type byte = builder.getI8Type();
      vector = arith::ExtUIOp::create(builder, loc, getLanesType(byte), vector);
      Value empty =
          tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{lanes}, byte);
      tile = writeLanes(vector, empty, getIndex(0));
    } else {
      tile = getTile(value);
    }
    if (!tile)
      return failure();
    Form form = entry.form == Form::Rows ? Form::Rows : Form::Tile;
    auto type = cast<RankedTensorType>(tile.getType());
    if (form == Form::Rows && type.getElementType().isInteger(1) &&
        type.hasStaticShape()) {
      tile = getBytes(tile);
      form = Form::Tile;
    } else if (isBetterTransposed(generic, *operand, areSums)) {
      tile = transpose(tile);
      form = form == Form::Rows ? Form::Tile : Form::Rows;
    }
    inputs.push_back(tile);
    addMap(map, form);
  }
  // What a result left out starts from may be read for those that are written.
  // (The sum so far is read for itself alone.)
  SmallVector<BlockArgument> starts;
  for (OpOperand &operand : generic.getDpsInitsMutable()) {
    unsigned result = operand.getOperandNumber() - generic.getNumDpsInputs();
    Entry entry = lookup(operand.get());
    if (llvm::is_contained(results, result) || entry.form == Form::Sum ||
        entry.form == Form::LaneSum ||
        !generic.payloadUsesValueFromOperand(&operand))
      continue;
    Value start =
        entry.form == Form::Uniform ? entry.value : getTile(operand.get());
    if (!start)
      return failure();
    inputs.push_back(start);
    addMap(generic.getMatchingIndexingMap(&operand),
           entry.form == Form::Lanes ? Form::Tile : entry.form);
    starts.push_back(body->getArgument(operand.getOperandNumber()));
  }
  for (unsigned result : results) {
    OpOperand &operand = *generic.getDpsInitOperand(result);
    Value value = operand.get();
    Entry entry = lookup(value);
    bool isSum = entry.form == Form::Sum || entry.form == Form::LaneSum;
    if (isSum && !isSumWith(body->getTerminator()->getOperand(result),
                            body->getArgument(operand.getOperandNumber())))
      return failure();
    // What the body does not read need not be there.
    bool reads = generic.payloadUsesValueFromOperand(&operand);
    bool inRows = !isSum && reads && entry.form == Form::Rows;
    Value output;
    if (isSum)
      output = entry.value;
    else
      output = reads ? getTile(value) : createTile(value);
    if (!output)
      return failure();
    outputs.push_back(output);
    types.push_back(output.getType());
    forms.push_back(inRows ? Form::Rows : Form::Tile);
    addMap(generic.getMatchingIndexingMap(&operand),
           areSums ? Form::Uniform : forms.back());
  }
  SmallVector<utils::IteratorType> iterators = generic.getIteratorTypesArray();
  iterators.push_back(areSums ? utils::IteratorType::reduction
                              : utils::IteratorType::parallel);
  auto batched = linalg::GenericOp::create(
      builder, loc, types, inputs, outputs, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange arguments) {
        IRMapping mapping;
        // Captured values are uniform: those of the member's program have
        // copies.
        visitUsedValuesDefinedAbove(
            generic.getRegion(), generic.getRegion(), [&](OpOperand *operand) {
              mapping.map(operand->get(), lookup(operand->get()).value);
            });
        unsigned inputCount = generic.getNumDpsInputs();
        for (unsigned number = 0; number < inputCount; ++number) {
          BlockArgument argument = body->getArgument(number);
          Value element = arguments[number];
          // Booleans as bytes.
          if (element.getType() != argument.getType())
            element =
                arith::TruncIOp::create(b, l, argument.getType(), element);
          mapping.map(argument, element);
        }
        for (auto [at, start] : llvm::enumerate(starts))
          mapping.map(start, arguments[inputCount + at]);
        for (auto [at, result] : llvm::enumerate(results))
          mapping.map(body->getArgument(inputCount + result),
                      arguments[inputs.size() + at]);
        // A sum so far that is accumulated elsewhere.
        for (BlockArgument argument :
             body->getArguments().drop_front(inputCount))
          if (!argument.use_empty() && !mapping.contains(argument))
            mapping.map(argument, arith::ConstantOp::create(
                                      b, l, b.getZeroAttr(argument.getType())));
        for (Operation &op : body->without_terminator())
          b.clone(op, mapping);
        SmallVector<Value> yielded;
        for (unsigned result : results)
          yielded.push_back(mapping.lookupOrDefault(
              body->getTerminator()->getOperand(result)));
        linalg::YieldOp::create(b, l, yielded);
      });
  for (auto [result, value, form] :
       llvm::zip(results, batched.getResults(), forms)) {
    Entry entry = lookup(generic.getDpsInitOperand(result)->get());
    if (entry.form == Form::Sum || entry.form == Form::LaneSum)
      setSum(generic.getResult(result), entry, value);
    else
      set(generic.getResult(result), form, value);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loops inside a member
//===----------------------------------------------------------------------===//

LogicalResult MemberLanes::getCarried(ValueRange inits,
                                      SmallVectorImpl<Entry> &carried,
                                      SmallVectorImpl<Value> &values) {
  for (Value init : inits) {
    Entry entry = lookup(init);
    if (entry.form != Form::Sum && entry.form != Form::LaneSum) {
      bool scalar = isScalar(init.getType());
      Value value = scalar ? getLanes(init) : getTile(init);
      if (!value || entry.form == Form::Rows)
        return failure();
      entry.form = scalar ? Form::Lanes : Form::Tile;
      entry.value = value;
    }
    carried.push_back(entry);
    values.push_back(entry.value);
  }
  return success();
}

void MemberLanes::setCarried(ArrayRef<Entry> carried, ValueRange before,
                             ValueRange after) {
  for (auto [entry, from, to] : llvm::zip(carried, before, after)) {
    if (entry.form == Form::Sum || entry.form == Form::LaneSum)
      setSum(from, entry, to);
    else
      set(from, entry.form, to);
  }
}

LogicalResult MemberLanes::getNext(ArrayRef<Entry> carried, ValueRange yielded,
                                   SmallVectorImpl<Value> &next) {
  for (auto [before, value] : llvm::zip(carried, yielded)) {
    Entry entry = lookup(value);
    Value result;
    if (before.form == Form::Sum || before.form == Form::LaneSum)
      result = entry.form == before.form ? entry.value : Value();
    else if (before.form == Form::Lanes)
      result = getLanes(value);
    else if (entry.form != Form::Rows)
      result = getTile(value);
    if (!result)
      return failure();
    next.push_back(result);
  }
  return success();
}

LogicalResult MemberLanes::emitFor(Operation *op) {
  auto loop = cast<scf::ForOp>(op);
  for (Value bound :
       {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()})
    if (!isUniform(bound))
      return failure();
  SmallVector<Entry> carried;
  SmallVector<Value> inits;
  if (failed(getCarried(loop.getInitArgs(), carried, inits)))
    return failure();
  auto lower = lookup(loop.getLowerBound()).value;
  auto upper = lookup(loop.getUpperBound()).value;
  auto step = lookup(loop.getStep()).value;
  auto copy =
      scf::ForOp::create(builder, op->getLoc(), lower, upper, step, inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = copy.getBody();
  if (!body->empty())
    body->getTerminator()->erase();
  builder.setInsertionPointToEnd(body);
  set(loop.getInductionVar(), Form::Uniform, copy.getInductionVar());

  SmallVector<Value> arguments(loop.getRegionIterArgs());
  setCarried(carried, arguments, copy.getRegionIterArgs());
  if (failed(emitBlock(loop.getBody())))
    return failure();
  SmallVector<Value> next;
  if (failed(getNext(carried, loop.getBody()->getTerminator()->getOperands(),
                     next)))
    return failure();
  scf::YieldOp::create(builder, op->getLoc(), next);
  setCarried(carried, loop.getResults(), copy.getResults());
  return success();
}

LogicalResult MemberLanes::emitPlate(PlateOp plate) {
  int64_t count = plate.getStaticCount();
  bool many = ShapedType::isDynamic(count) || count > maxNestedMembers;
  if ((many && !isData) || plate.getBegin() || !isUniform(plate.getCount()))
    return failure();
  Location loc = plate.getLoc();
  SmallVector<Entry> carried;
  SmallVector<Value> inits;
  if (failed(getCarried(plate.getInits(), carried, inits)))
    return failure();
  for (Value stack : plate.getStacks()) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (ShapedType::isDynamic(count) ||
        llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
      return failure();
    SmallVector<int64_t> shape(type.getShape());
    shape[0] = count;
    shape.push_back(lanes);
    inits.push_back(
        tensor::EmptyOp::create(builder, loc, shape, type.getElementType()));
  }
  auto loop =
      scf::ForOp::create(builder, loc, getIndex(0),
                         lookup(plate.getCount()).value, getIndex(1), inits);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = loop.getBody();
  if (!body->empty())
    body->getTerminator()->erase();
  builder.setInsertionPointToEnd(body);
  Value index = loop.getInductionVar();
  set(plate.getIndex(), Form::Uniform, index);
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    if (argument.use_empty())
      continue;
    Entry source = lookup(slice);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      switch (source.form) {
      case Form::Uniform:
        set(argument, Form::Uniform,
            tensor::ExtractOp::create(builder, loc, source.value, index));
        continue;
      case Form::Tile:
        set(argument, Form::Lanes,
            readLanes(source.value, {index, getIndex(0)}));
        continue;
      case Form::Rows: {
        SmallVector<Value> elements;
        for (int64_t lane = 0; lane < lanes; ++lane)
          elements.push_back(tensor::ExtractOp::create(
              builder, loc, source.value, ValueRange{getIndex(lane), index}));
        set(argument, Form::Lanes,
            vector::FromElementsOp::create(
                builder, loc, getLanesType(argument.getType()), elements));
        continue;
      }
      default:
        return failure();
      }
    }
    // A tensor of one dimension less: drop the plate's.
    if (source.form != Form::Uniform && source.form != Form::Tile &&
        source.form != Form::Rows)
      return failure();
    bool rows = source.form == Form::Rows;
    auto sourceType = cast<RankedTensorType>(source.value.getType());
    int64_t rank = sourceType.getRank(), dropped = rows ? 1 : 0;
    SmallVector<OpFoldResult> offsets(rank, builder.getIndexAttr(0)), sizes,
        strides(rank, builder.getIndexAttr(1));
    SmallVector<int64_t> shape;
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (dim == dropped) {
        offsets[dim] = index;
        sizes.push_back(builder.getIndexAttr(1));
        continue;
      }
      sizes.push_back(tensor::getMixedSize(builder, loc, source.value, dim));
      shape.push_back(sourceType.getDimSize(dim));
    }
    set(argument, source.form,
        tensor::ExtractSliceOp::create(
            builder, loc,
            RankedTensorType::get(shape, sourceType.getElementType()),
            source.value, offsets, sizes, strides));
  }
  unsigned sums = plate.getSums().size();

  SmallVector<Value> arguments(plate.getSumArguments().begin(),
                               plate.getSumArguments().end());
  setCarried(carried, arguments, loop.getRegionIterArgs().take_front(sums));
  if (failed(emitBlock(plate.getBlock())))
    return failure();
  YieldOp yield = plate.getYield();
  SmallVector<Value> next;
  if (failed(getNext(carried, yield.getSums(), next)))
    return failure();
  for (auto [value, stack] : llvm::zip(
           yield.getValues(), loop.getRegionIterArgs().drop_front(sums))) {
    if (isScalar(value.getType())) {
      Value vector = getLanes(value);
      if (!vector)
        return failure();
      next.push_back(writeLanes(vector, stack, {index, getIndex(0)}));
      continue;
    }
    Value tile = lookup(value).form == Form::Rows ? Value() : getTile(value);
    if (!tile)
      return failure();
    MemberSlice slice = getMemberSlice(builder, loc, stack, index);
    next.push_back(tensor::InsertSliceOp::create(
        builder, loc, tile, stack, slice.offsets, slice.sizes, slice.strides));
  }
  scf::YieldOp::create(builder, loc, next);
  setCarried(carried, plate.getSums(), loop.getResults().take_front(sums));
  for (auto [stack, tile] :
       llvm::zip(plate.getStacks(), loop.getResults().drop_front(sums)))
    set(stack, Form::Tile, tile);
  return success();
}

//===----------------------------------------------------------------------===//
// The member's program
//===----------------------------------------------------------------------===//

LogicalResult MemberLanes::emitOp(Operation *op) {
  if (isUniform(op)) {
    if (!isMemoryEffectFree(op))
      return failure();
    IRMapping mapping;
    auto add = [&](Value value) { mapping.map(value, lookup(value).value); };
    for (Value operand : op->getOperands())
      add(operand);
    for (Region &region : op->getRegions())
      visitUsedValuesDefinedAbove(
          region, region, [&](OpOperand *operand) { add(operand->get()); });
    Operation *copy = builder.clone(*op, mapping);
    for (auto [before, after] : llvm::zip(op->getResults(), copy->getResults()))
      set(before, Form::Uniform, after);
    return success();
  }
  for (Value operand : op->getOperands()) {
    Entry entry = lookup(operand);
    if (entry.form == Form::Element && !isa<tensor::InsertOp>(op))
      return addToElements(op, entry);
  }
  if (auto plate = dyn_cast<PlateOp>(op))
    return emitPlate(plate);
  if (isa<scf::ForOp>(op))
    return emitFor(op);
  if (isa<tensor::ExtractOp>(op))
    return emitExtract(op);
  if (isa<tensor::InsertOp>(op))
    return emitInsert(op);
  if (isa<tensor::ExtractSliceOp>(op))
    return emitExtractSlice(op);
  if (isa<tensor::InsertSliceOp>(op))
    return emitInsertSlice(op);
  if (isa<tensor::FromElementsOp>(op))
    return emitFromElements(op);
  if (isa<tensor::SplatOp>(op))
    return emitSplat(op);
  if (isa<tensor::DimOp>(op))
    return emitDim(op);
  if (isa<linalg::GenericOp>(op))
    return emitGeneric(op);
  bool scalars = op->getNumRegions() == 0 &&
                 llvm::all_of(op->getOperandTypes(), isScalar) &&
                 llvm::all_of(op->getResultTypes(), isScalar);
  if (!scalars || !isMemoryEffectFree(op))
    return failure();
  if (OpTrait::hasElementwiseMappableTraits(op))
    return emitElementwise(op);
  return emitEachLane(op);
}

LogicalResult MemberLanes::emitBlock(Block *block) {
  for (Operation &op : block->without_terminator())
    if (failed(emitOp(&op)))
      return failure();
  return success();
}

LogicalResult MemberLanes::emitTile(PlateOp plate, SmallVectorImpl<Value> &sums,
                                    SmallVectorImpl<Value> &stacks,
                                    Value firstRow) {
  Location loc = plate.getLoc();
  isData = plate.getBegin() != nullptr;
  set(plate.getIndex(), Form::Consecutive, base);
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    if (argument.use_empty())
      continue;
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      set(argument, Form::Lanes, readLanes(slice, base));
      continue;
    }
    if (Value tile = readColumns(slice)) {
      set(argument, Form::Tile, tile);
      continue;
    }
    MemberSlice rows = getMemberSlice(builder, loc, slice, base, lanes);
    SmallVector<int64_t> shape{lanes};
    llvm::append_range(shape, type.getShape());
    set(argument, Form::Rows,
        tensor::ExtractSliceOp::create(
            builder, loc, RankedTensorType::get(shape, type.getElementType()),
            slice, rows.offsets, rows.sizes, rows.strides));
  }
  for (auto [number, argument] : llvm::enumerate(plate.getSumArguments())) {
    if (isScalar(argument.getType())) {
      set(argument, Form::Lanes, sums[number]);
      continue;
    }
    Entry entry;
    entry.sum = number;
    entry.eachLane = sums[number].getType() != argument.getType();
    setSum(argument, entry, sums[number]);
  }

  if (failed(emitBlock(plate.getBlock())))
    return failure();

  YieldOp yield = plate.getYield();
  for (auto [sum, value] : llvm::zip(sums, yield.getSums())) {
    Entry entry = lookup(value);
    if (isScalar(value.getType()))
      sum = getLanes(value);
    else if (entry.form == Form::Sum || entry.form == Form::LaneSum)
      sum = entry.value;
    else
      sum = Value();
    if (!sum)
      return failure();
  }
  Value row = base;
  if (firstRow && !stacks.empty())
    row = arith::SubIOp::create(builder, loc, base, firstRow);
  for (auto [stack, value] : llvm::zip(stacks, yield.getValues())) {
    if (isScalar(value.getType())) {
      Value vector = getLanes(value);
      if (!vector)
        return failure();
      stack = writeLanes(vector, stack, row);
      continue;
    }
    Entry entry = lookup(value);
    Value tile = getTile(value);
    if (!tile)
      return failure();
    // Members become the leading dimension.
    MemberSlice rows = getMemberSlice(builder, loc, stack, row, lanes);
    if (entry.form != Form::Rows) {
      SmallVector<int64_t> permutation;
      auto type = cast<RankedTensorType>(tile.getType());
      int64_t rank = type.getRank();
      permutation.push_back(rank - 1);
      for (int64_t dim = 0; dim + 1 < rank; ++dim)
        permutation.push_back(dim);
      Value target = tensor::ExtractSliceOp::create(
          builder, loc, stack, rows.offsets, rows.sizes, rows.strides);
      MLIRContext *context = builder.getContext();
      SmallVector<unsigned> order(permutation.begin(), permutation.end());
      SmallVector<AffineMap> maps{
          AffineMap::getMultiDimIdentityMap(rank, context),
          AffineMap::getPermutationMap(order, context)};
      SmallVector<utils::IteratorType> iterators(rank,
                                                 utils::IteratorType::parallel);
      tile = linalg::GenericOp::create(
                 builder, loc, target.getType(), tile, target, maps, iterators,
                 [](OpBuilder &b, Location l, ValueRange args) {
                   linalg::YieldOp::create(b, l, args[0]);
                 })
                 .getResult(0);
    }
    stack = tensor::InsertSliceOp::create(
        builder, loc, tile, stack, rows.offsets, rows.sizes, rows.strides);
  }
  return success();
}
