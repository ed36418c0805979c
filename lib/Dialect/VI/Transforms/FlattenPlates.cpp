//===- FlattenPlates.cpp - nested plates as matrix operations -------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMatrices.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

namespace vi {
#define GEN_PASS_DEF_FLATTENPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Writes the program of all members of a plate at once, in front of it.
class Flattener {
public:
  Flattener(PlateOp plate, RewriterBase &rewriter)
      : plate(plate), rewriter(rewriter), loc(plate.getLoc()) {}

  /// Replaces the plate, or leaves everything as it was.
  LogicalResult run();

private:
  /// How the value of one member is kept.
  enum class Form {
    /// The same for all members.
    Uniform,
    /// The member's index plus `value`, if there is one.
    Index,
    /// A tensor with a leading dimension for the members.
    All,
    /// A running sum.
    Sum,
    /// Element or slice `index` of a running sum; `value` is that of all
    /// members, and of an element `contribution` is what is added to it.
    Part
  };
  struct Entry {
    Form form = Form::Uniform;
    Value value;
    Value contribution;
  };

  Entry lookup(Value value) {
    auto it = entries.find(value);
    return it == entries.end() ? Entry{Form::Uniform, value, Value()}
                               : it->second;
  }
  void set(Value value, Form form, Value replacement) {
    entries[value] = {form, replacement, Value()};
  }
  bool isUniform(Operation *op);
  void cloneUniform(Operation *op);

  LogicalResult emit();
  LogicalResult emitOp(Operation *op);
  LogicalResult emitScalar(Operation *op);
  LogicalResult emitSum(Operation *op, Value sum, Value summand);
  LogicalResult emitExtract(tensor::ExtractOp op);
  LogicalResult emitInsert(tensor::InsertOp op);
  LogicalResult emitExtractSlice(tensor::ExtractSliceOp op);
  LogicalResult emitInsertSlice(tensor::InsertSliceOp op);
  LogicalResult emitGeneric(linalg::GenericOp op);
  /// Result `number` of a generic for all members.
  Value emitResult(linalg::GenericOp op, unsigned number);

  /// An uninitialized tensor of a scalar or tensor for each member; null where
  /// the size is not known.
  Value createEmpty(Type type);
  /// The leading `count` parts of a running sum.
  Value getParts(Value sum);
  /// A running sum whose leading parts are `parts`.
  Value setParts(Value sum, Value parts);
  bool isOwnIndex(OpFoldResult index) {
    auto value = dyn_cast<Value>(index);
    return value && value == plate.getIndex();
  }
  OpFoldResult getCount() {
    int64_t count = plate.getStaticCount();
    if (ShapedType::isDynamic(count))
      return plate.getCount();
    return rewriter.getIndexAttr(count);
  }

  PlateOp plate;
  RewriterBase &rewriter;
  Location loc;
  DenseMap<Value, Entry> entries;
};

} // namespace

bool Flattener::isUniform(Operation *op) {
  bool uniform = llvm::all_of(op->getOperands(), [&](Value operand) {
    return lookup(operand).form == Form::Uniform;
  });
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(region, region, [&](OpOperand *operand) {
      uniform &= lookup(operand->get()).form == Form::Uniform;
    });
  return uniform;
}

void Flattener::cloneUniform(Operation *op) {
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, lookup(operand).value);
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(region, region, [&](OpOperand *operand) {
      mapping.map(operand->get(), lookup(operand->get()).value);
    });
  Operation *copy = rewriter.clone(*op, mapping);
  for (auto [before, after] : llvm::zip(op->getResults(), copy->getResults()))
    set(before, Form::Uniform, after);
}

Value Flattener::createEmpty(Type type) {
  SmallVector<OpFoldResult> sizes{getCount()};
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    if (!tensor.hasStaticShape())
      return Value();
    for (int64_t size : tensor.getShape())
      sizes.push_back(rewriter.getIndexAttr(size));
  }
  return tensor::EmptyOp::create(rewriter, loc, sizes,
                                 getElementTypeOrSelf(type));
}

Value Flattener::getParts(Value sum) {
  auto type = cast<RankedTensorType>(sum.getType());
  if (!type.isDynamicDim(0) && type.getDimSize(0) == plate.getStaticCount())
    return sum;
  SmallVector<OpFoldResult> offsets(type.getRank(), rewriter.getIndexAttr(0)),
      strides(type.getRank(), rewriter.getIndexAttr(1)),
      sizes = tensor::getMixedSizes(rewriter, loc, sum);
  sizes[0] = getCount();
  return tensor::ExtractSliceOp::create(rewriter, loc, sum, offsets, sizes,
                                        strides);
}

Value Flattener::setParts(Value sum, Value parts) {
  if (sum.getType() == parts.getType() &&
      !cast<RankedTensorType>(sum.getType()).isDynamicDim(0))
    return parts;
  int64_t rank = cast<RankedTensorType>(sum.getType()).getRank();
  SmallVector<OpFoldResult> offsets(rank, rewriter.getIndexAttr(0)),
      strides(rank, rewriter.getIndexAttr(1)),
      sizes = tensor::getMixedSizes(rewriter, loc, sum);
  sizes[0] = getCount();
  return tensor::InsertSliceOp::create(rewriter, loc, parts, sum, offsets,
                                       sizes, strides);
}

LogicalResult Flattener::emitSum(Operation *op, Value sum, Value summand) {
  Entry entry = lookup(summand);
  if (entry.form == Form::Uniform)
    entry = {Form::All,
             linalg::FillOp::create(rewriter, loc, entry.value,
                                    createEmpty(summand.getType()))
                 .getResult(0),
             Value()};
  if (entry.form != Form::All)
    return failure();
  Value start = tensor::FromElementsOp::create(
      rewriter, loc, RankedTensorType::get({}, sum.getType()), sum);
  AffineMap all = rewriter.getMultiDimIdentityMap(1);
  AffineMap none = AffineMap::get(1, 0, rewriter.getContext());
  auto total = linalg::GenericOp::create(
      rewriter, loc, start.getType(), entry.value, start,
      ArrayRef<AffineMap>{all, none}, utils::IteratorType::reduction,
      [&](OpBuilder &b, Location l, ValueRange elements) {
        Operation *add = b.clone(*op);
        add->setOperands({elements[1], elements[0]});
        linalg::YieldOp::create(b, l, add->getResult(0));
      });
  set(op->getResult(0), Form::Sum,
      tensor::ExtractOp::create(rewriter, loc, total.getResult(0),
                                ValueRange()));
  return success();
}

LogicalResult Flattener::emitScalar(Operation *op) {
  bool adds = isa<arith::AddFOp, arith::AddIOp>(op);
  if (adds)
    for (unsigned at : {0, 1}) {
      Entry entry = lookup(op->getOperand(at));
      Value other = op->getOperand(1 - at);
      if (entry.form == Form::Sum)
        return emitSum(op, entry.value, other);
      if (entry.form == Form::Part && lookup(other).form == Form::All &&
          !entry.contribution) {
        entry.contribution = lookup(other).value;
        entries[op->getResult(0)] = entry;
        return success();
      }
      Entry right = lookup(other);
      if (isa<arith::AddIOp>(op) && entry.form == Form::Index &&
          right.form == Form::Uniform) {
        Value offset = right.value;
        if (entry.value)
          offset = arith::AddIOp::create(rewriter, loc, entry.value, offset);
        set(op->getResult(0), Form::Index, offset);
        return success();
      }
    }
  if (op->getNumResults() != 1 || !isMemoryEffectFree(op) ||
      !OpTrait::hasElementwiseMappableTraits(op))
    return failure();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  AffineMap all = rewriter.getMultiDimIdentityMap(1);
  AffineMap none = AffineMap::get(1, 0, rewriter.getContext());
  for (Value operand : op->getOperands()) {
    Entry entry = lookup(operand);
    if (entry.form != Form::Uniform && entry.form != Form::All)
      return failure();
    inputs.push_back(entry.value);
    maps.push_back(entry.form == Form::All ? all : none);
  }
  maps.push_back(all);
  Value empty = createEmpty(op->getResult(0).getType());
  auto generic = linalg::GenericOp::create(
      rewriter, loc, empty.getType(), inputs, empty, maps,
      utils::IteratorType::parallel,
      [&](OpBuilder &b, Location l, ValueRange elements) {
        Operation *scalar = b.clone(*op);
        scalar->setOperands(elements.drop_back());
        linalg::YieldOp::create(b, l, scalar->getResult(0));
      });
  set(op->getResult(0), Form::All, generic.getResult(0));
  return success();
}

LogicalResult Flattener::emitExtract(tensor::ExtractOp op) {
  Entry tensor = lookup(op.getTensor());
  if (tensor.form == Form::All && op.getIndices().empty()) {
    set(op.getResult(), Form::All, tensor.value);
    return success();
  }
  if (op.getIndices().size() != 1)
    return failure();
  Value index = op.getIndices().front();
  if (tensor.form == Form::Sum && isOwnIndex(index)) {
    set(op.getResult(), Form::Part, tensor.value);
    return success();
  }
  Entry at = lookup(index);
  if (tensor.form != Form::Uniform || at.form != Form::Index)
    return failure();
  OpFoldResult offset = rewriter.getIndexAttr(0);
  if (at.value)
    offset = at.value;
  set(op.getResult(), Form::All,
      tensor::ExtractSliceOp::create(
          rewriter, loc, tensor.value, ArrayRef<OpFoldResult>{offset},
          ArrayRef<OpFoldResult>{getCount()},
          ArrayRef<OpFoldResult>{rewriter.getIndexAttr(1)}));
  return success();
}

LogicalResult Flattener::emitInsert(tensor::InsertOp op) {
  Entry target = lookup(op.getDest()), part = lookup(op.getScalar());
  if (target.form != Form::Sum || part.form != Form::Part ||
      part.value != target.value || op.getIndices().size() != 1 ||
      !isOwnIndex(op.getIndices().front()))
    return failure();
  Value sum = target.value;
  if (part.contribution) {
    Value parts = getParts(sum);
    AffineMap all = rewriter.getMultiDimIdentityMap(1);
    bool integer = op.getScalar().getType().isIntOrIndex();
    auto added = linalg::GenericOp::create(
        rewriter, loc, parts.getType(), part.contribution, parts,
        ArrayRef<AffineMap>{all, all}, utils::IteratorType::parallel,
        [&](OpBuilder &b, Location l, ValueRange elements) {
          Value next =
              integer ? arith::AddIOp::create(b, l, elements[1], elements[0])
                            .getResult()
                      : arith::AddFOp::create(b, l, elements[1], elements[0])
                            .getResult();
          linalg::YieldOp::create(b, l, next);
        });
    sum = setParts(sum, added.getResult(0));
  }
  set(op.getResult(), Form::Sum, sum);
  return success();
}

/// Whether a slice is the whole of one part: [index, 0, ...], all sizes but the
/// first, unit strides.
static bool isPart(RankedTensorType whole, RankedTensorType part,
                   ArrayRef<OpFoldResult> offsets, ArrayRef<int64_t> sizes,
                   ArrayRef<OpFoldResult> strides) {
  if (part.getRank() + 1 != whole.getRank() || sizes.front() != 1 ||
      sizes.drop_front() != whole.getShape().drop_front() ||
      llvm::any_of(sizes.drop_front(), ShapedType::isDynamic))
    return false;
  return llvm::all_of(offsets.drop_front(), isZeroInteger) &&
         llvm::all_of(strides, isOneInteger);
}

LogicalResult Flattener::emitExtractSlice(tensor::ExtractSliceOp op) {
  Entry source = lookup(op.getSource());
  if (source.form != Form::Sum || !isOwnIndex(op.getMixedOffsets().front()) ||
      !isPart(op.getSourceType(), op.getType(), op.getMixedOffsets(),
              op.getStaticSizes(), op.getMixedStrides()))
    return failure();
  set(op.getResult(), Form::Part, getParts(source.value));
  return success();
}

LogicalResult Flattener::emitInsertSlice(tensor::InsertSliceOp op) {
  Entry source = lookup(op.getSource()), target = lookup(op.getDest());
  if (target.form != Form::Sum || source.form != Form::Part ||
      !isOwnIndex(op.getMixedOffsets().front()) ||
      !isPart(op.getDestType(), op.getSourceType(), op.getMixedOffsets(),
              op.getStaticSizes(), op.getMixedStrides()))
    return failure();
  set(op.getResult(), Form::Sum, setParts(target.value, source.value));
  return success();
}

Value Flattener::emitResult(linalg::GenericOp op, unsigned number) {
  Block *body = op.getBody();
  OpOperand &init = *op.getDpsInitOperand(number);
  Entry target = lookup(init.get());
  bool reads = op.payloadUsesValueFromOperand(&init);
  auto addMap = [&](AffineMap map, bool leading) {
    map = map.shiftDims(1);
    if (leading)
      map = map.insertResult(rewriter.getAffineDimExpr(0), 0);
    return map;
  };
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<BlockArgument> arguments;
  auto addInput = [&](OpOperand &operand) {
    Entry entry = lookup(operand.get());
    if (entry.form != Form::Uniform && entry.form != Form::All)
      return false;
    inputs.push_back(entry.value);
    maps.push_back(
        addMap(op.getMatchingIndexingMap(&operand), entry.form == Form::All));
    arguments.push_back(body->getArgument(operand.getOperandNumber()));
    return true;
  };
  for (OpOperand *operand : op.getDpsInputOperands())
    if (!addInput(*operand))
      return Value();
  // What another result starts from may be read for this one, too.
  for (OpOperand &other : op.getDpsInitsMutable())
    if (&other != &init && op.payloadUsesValueFromOperand(&other)) {
      if (lookup(other.get()).form == Form::Sum ||
          lookup(other.get()).form == Form::Part)
        continue;
      if (!addInput(other))
        return Value();
    }
  Value output;
  bool isSum = target.form == Form::Sum;
  if (isSum || target.form == Form::Part) {
    output = target.value;
  } else if (!reads) {
    output = createEmpty(init.get().getType());
  } else if (target.form == Form::All) {
    output = target.value;
  } else if (target.form == Form::Uniform) {
    Value empty = createEmpty(init.get().getType());
    if (empty)
      output = linalg::BroadcastOp::create(rewriter, loc, target.value, empty,
                                           ArrayRef<int64_t>{0})
                   ->getResult(0);
  }
  if (!output)
    return Value();
  maps.push_back(addMap(op.getMatchingIndexingMap(&init), !isSum));
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  iterators.insert(iterators.begin(), isSum ? utils::IteratorType::reduction
                                            : utils::IteratorType::parallel);
  auto flat = linalg::GenericOp::create(
      rewriter, loc, output.getType(), inputs, output, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange elements) {
        IRMapping mapping;
        visitUsedValuesDefinedAbove(
            op.getRegion(), op.getRegion(), [&](OpOperand *operand) {
              mapping.map(operand->get(), lookup(operand->get()).value);
            });
        for (auto [argument, element] : llvm::zip(arguments, elements))
          mapping.map(argument, element);
        mapping.map(body->getArgument(init.getOperandNumber()),
                    elements.back());
        // Sums so far are read for themselves alone.
        for (BlockArgument argument : body->getArguments())
          if (!argument.use_empty() && !mapping.contains(argument))
            mapping.map(argument, arith::ConstantOp::create(
                                      b, l, b.getZeroAttr(argument.getType())));
        for (Operation &inner : body->without_terminator()) {
          Operation *copy = b.clone(inner, mapping);
          if (auto index = dyn_cast<linalg::IndexOp>(copy))
            index.setDim(index.getDim() + 1);
        }
        linalg::YieldOp::create(
            b, l,
            mapping.lookupOrDefault(body->getTerminator()->getOperand(number)));
      });
  return flat.getResult(0);
}

LogicalResult Flattener::emitGeneric(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics())
    return failure();
  bool captures = false;
  visitUsedValuesDefinedAbove(
      op.getRegion(), op.getRegion(), [&](OpOperand *operand) {
        captures |= lookup(operand->get()).form != Form::Uniform;
      });
  if (captures)
    return failure();
  // One at a time, so that what is elementwise can go into what reads it.
  for (unsigned i = 0, end = op.getNumResults(); i < end; ++i) {
    if (op.getResult(i).use_empty())
      continue;
    Form form = lookup(op.getDpsInitOperand(i)->get()).form;
    if (form != Form::Sum && form != Form::Part)
      form = Form::All;
    Value result = emitResult(op, i);
    if (!result)
      return failure();
    set(op.getResult(i), form, result);
  }
  return success();
}

LogicalResult Flattener::emitOp(Operation *op) {
  if (isUniform(op)) {
    if (!isMemoryEffectFree(op))
      return failure();
    cloneUniform(op);
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return emitExtract(extract);
  if (auto insert = dyn_cast<tensor::InsertOp>(op))
    return emitInsert(insert);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return emitExtractSlice(slice);
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return emitInsertSlice(slice);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return emitGeneric(generic);
  if (auto from = dyn_cast<tensor::FromElementsOp>(op)) {
    // A tensor of rank 0 for each member is a tensor of their elements.
    if (from.getType().getRank() != 0 ||
        lookup(from.getElements().front()).form != Form::All)
      return failure();
    set(from.getResult(), Form::All, lookup(from.getElements().front()).value);
    return success();
  }
  if (op->getNumRegions() || llvm::any_of(op->getOperandTypes(), [](Type type) {
        return !type.isIntOrIndexOrFloat();
      }))
    return failure();
  return emitScalar(op);
}

LogicalResult Flattener::emit() {
  int64_t count = plate.getStaticCount();
  set(plate.getIndex(), Form::Index, Value());
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    auto type = cast<RankedTensorType>(slice.getType());
    if (type.getDimSize(0) != count)
      return failure();
    set(argument, Form::All, slice);
  }
  for (auto [init, argument] :
       llvm::zip(plate.getInits(), plate.getSumArguments()))
    set(argument, Form::Sum, init);
  for (Operation &op : plate.getBlock()->without_terminator())
    if (failed(emitOp(&op)))
      return failure();
  YieldOp yield = plate.getYield();
  SmallVector<Value> results;
  for (Value sum : yield.getSums()) {
    if (lookup(sum).form != Form::Sum)
      return failure();
    results.push_back(lookup(sum).value);
  }
  for (auto [stack, value] : llvm::zip(plate.getStacks(), yield.getValues())) {
    if (lookup(value).form != Form::All ||
        lookup(value).value.getType() != stack.getType())
      return failure();
    results.push_back(lookup(value).value);
  }
  rewriter.replaceOp(plate, results);
  return success();
}

/// Gives each use of a condition a computation of its own, which then goes into
/// what selects by it: arrays of booleans have no vectors.
static void repeatConditions(PlateOp plate, RewriterBase &rewriter) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*plate.getBlock()))) {
    if (op.getNumResults() != 1 || !op.getResult(0).getType().isInteger(1) ||
        !OpTrait::hasElementwiseMappableTraits(&op))
      continue;
    for (OpOperand &use : llvm::make_early_inc_range(
             llvm::drop_begin(op.getResult(0).getUses()))) {
      rewriter.setInsertionPoint(&op);
      Operation *copy = rewriter.clone(op);
      use.set(copy->getResult(0));
    }
  }
}

LogicalResult Flattener::run() {
  if (plate.getBegin() || plate.getEnd())
    return failure();
  repeatConditions(plate, rewriter);
  rewriter.setInsertionPoint(plate);
  Operation *before = plate->getPrevNode();
  if (succeeded(emit()))
    return success();
  while (plate->getPrevNode() != before)
    rewriter.eraseOp(plate->getPrevNode());
  return failure();
}

namespace {

struct FlattenPlates : vi::impl::FlattenPlatesBase<FlattenPlates> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<PlateOp> plates;
    getOperation()->walk([&](PlateOp plate) {
      PlateOp outer = plate->getParentOfType<PlateOp>();
      while (outer && !outer.getBegin())
        outer = outer->getParentOfType<PlateOp>();
      if (outer && readsSharedMatrix(plate, outer))
        plates.push_back(plate);
    });
    for (PlateOp plate : plates)
      (void)Flattener(plate, rewriter).run();
  }
};

} // namespace
