//===- RaiseToPlates.cpp - whole-tensor sites as plates -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

namespace vi {
#define GEN_PASS_DEF_RAISETOPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Emits one plate over the leading dimension of tensors, and members of them.
/// What is elementwise, of `linalg`, or made of columns is followed into the
/// plate, so that only tensors that are there anyway (data, parameters,
/// latents) are sliced.
class PlateRaiser {
public:
  PlateRaiser(OpBuilder &builder, Location loc, StringRef name, Value count)
      : outside(builder), loc(loc), name(name), count(count),
        block(std::make_unique<Block>()), inside(builder.getContext()) {
    inside.setInsertionPointToEnd(block.get());
    index = block->addArgument(builder.getIndexType(), loc);
  }

  OpBuilder &getInside() { return inside; }
  /// The member at the plate's index of a tensor's leading dimension.
  Value getMember(Value tensor);
  /// Makes the plate, with one stack where there is a value to stack.
  PlateOp finish(Value stacked, Type stackType);

private:
  Value slice(Value tensor);
  Value getLinalgMember(linalg::LinalgOp op, OpResult result);
  Value getElementwiseMember(Operation *op);
  Value getSliceMember(tensor::ExtractSliceOp op);
  Value getInsertSliceMember(tensor::InsertSliceOp op);
  Value getCreatedMember(Operation *op);
  Value getColumnMember(tensor::CollapseShapeOp op);

  OpBuilder &outside;
  Location loc;
  StringRef name;
  Value count;
  std::unique_ptr<Block> block;
  OpBuilder inside;
  Value index;
  SmallVector<Value> slices;
  DenseMap<Value, Value> members;
};

struct RaiseToPlates : vi::impl::RaiseToPlatesBase<RaiseToPlates> {
  void runOnOperation() override;
};

} // namespace

Value PlateRaiser::slice(Value tensor) {
  slices.push_back(tensor);
  return block->addArgument(
      PlateOp::getMemberType(cast<RankedTensorType>(tensor.getType())),
      tensor.getLoc());
}

Value PlateRaiser::getMember(Value tensor) {
  if (Value known = members.lookup(tensor))
    return known;
  Value member;
  Operation *op = tensor.getDefiningOp();
  if (op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      member = getLinalgMember(linalgOp, cast<OpResult>(tensor));
    else if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
      member = getSliceMember(extract);
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      member = getInsertSliceMember(insert);
    else if (isa<tensor::EmptyOp, tensor::SplatOp, tensor::GenerateOp,
                 tensor::CastOp>(op))
      member = getCreatedMember(op);
    else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      member = getColumnMember(collapse);
    else if (OpTrait::hasElementwiseMappableTraits(op) &&
             op->getNumResults() == 1)
      member = getElementwiseMember(op);
  }
  if (!member)
    member = slice(tensor);
  members[tensor] = member;
  return member;
}

Value PlateRaiser::getElementwiseMember(Operation *op) {
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, isa<RankedTensorType>(operand.getType())
                             ? getMember(operand)
                             : operand);
  OperationState state(op->getLoc(), op->getName());
  for (Value operand : op->getOperands())
    state.addOperands(mapping.lookup(operand));
  state.addAttributes(op->getAttrs());
  state.addTypes(PlateOp::getMemberType(
      cast<RankedTensorType>(op->getResult(0).getType())));
  // A dense constant has no operands to follow.
  if (op->getNumOperands() == 0)
    return Value();
  return inside.create(state)->getResult(0);
}

Value PlateRaiser::getSliceMember(tensor::ExtractSliceOp op) {
  // The members offset .. offset + n - 1 of a vector.
  if (op.getSourceType().getRank() != 1 || op.getType().getRank() != 1)
    return Value();
  auto valueOf = [&](OpFoldResult folded) -> Value {
    if (auto value = dyn_cast<Value>(folded))
      return value;
    return arith::ConstantIndexOp::create(
        inside, op.getLoc(),
        cast<IntegerAttr>(cast<Attribute>(folded)).getInt());
  };
  Value position = index;
  if (!isOneInteger(op.getMixedStrides()[0]))
    position = arith::MulIOp::create(inside, op.getLoc(), position,
                                     valueOf(op.getMixedStrides()[0]));
  if (!isZeroInteger(op.getMixedOffsets()[0]))
    position = arith::AddIOp::create(inside, op.getLoc(), position,
                                     valueOf(op.getMixedOffsets()[0]));
  return tensor::ExtractOp::create(inside, op.getLoc(), op.getSource(),
                                   position);
}

/// Whether `size` is that of the leading dimension of `tensor`, as far as can
/// be seen.
static bool isLeadingSize(OpFoldResult size, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(0))
    return isConstantIntValue(size, type.getDimSize(0));
  if (auto dim = llvm::dyn_cast_if_present<Value>(size))
    if (auto op = dim.getDefiningOp<tensor::DimOp>();
        op && op.getSource() == tensor && op.getConstantIndex() == 0)
      return true;
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return false;
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return isLeadingSize(size, insert.getDest());
  // The sizes of what creates a tensor are its only operands of type index.
  if (isa<tensor::EmptyOp, tensor::GenerateOp>(op))
    return size == OpFoldResult(op->getOperand(0));
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return size == OpFoldResult(splat.getDynamicSizes().front());
  return false;
}

/// A member of columns written into a matrix: the elements written into a row.
Value PlateRaiser::getInsertSliceMember(tensor::InsertSliceOp op) {
  if (!isZeroInteger(op.getMixedOffsets()[0]) ||
      !isOneInteger(op.getMixedStrides()[0]) || op.getDroppedDims().test(0) ||
      !isLeadingSize(op.getMixedSizes()[0], op.getDest()))
    return Value();
  Value source = getMember(op.getSource());
  if (op.getType().getRank() == 1)
    return source;
  Value dest = getMember(op.getDest());
  if (isa<RankedTensorType>(source.getType()))
    return tensor::InsertSliceOp::create(
        inside, op.getLoc(), source, dest,
        ArrayRef(op.getMixedOffsets()).drop_front(),
        ArrayRef(op.getMixedSizes()).drop_front(),
        ArrayRef(op.getMixedStrides()).drop_front());
  return tensor::InsertOp::create(
      inside, op.getLoc(), source, dest,
      getValueOrCreateConstantIndexOp(
          inside, op.getLoc(), ArrayRef(op.getMixedOffsets()).drop_front()));
}

/// A member of a matrix of one column, as a vector: its only element.
Value PlateRaiser::getColumnMember(tensor::CollapseShapeOp op) {
  ArrayRef<int64_t> shape = op.getSrcType().getShape();
  if (op.getType().getRank() != 1 || shape.size() != 2 || shape[1] != 1)
    return Value();
  Value row = getMember(op.getSrc());
  Value first = arith::ConstantIndexOp::create(inside, op.getLoc(), 0);
  return tensor::ExtractOp::create(inside, op.getLoc(), row, first);
}

/// A member of a tensor that is made from numbers.
Value PlateRaiser::getCreatedMember(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() == 0)
    return Value();
  Type memberType = PlateOp::getMemberType(type);
  auto tensorType = dyn_cast<RankedTensorType>(memberType);
  // Sizes without that of the leading dimension.
  auto getSizes = [&](ValueRange sizes) {
    return type.isDynamicDim(0) ? sizes.drop_front() : sizes;
  };
  Location where = op->getLoc();
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return Value();
    Value member = getMember(cast.getSource());
    return tensorType
               ? tensor::CastOp::create(inside, where, tensorType, member)
               : member;
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    if (!tensorType)
      return splat.getInput();
    return tensor::SplatOp::create(inside, where, splat.getInput(),
                                   tensorType.getShape(),
                                   getSizes(splat.getDynamicSizes()));
  }
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    // Any number does, where none is defined.
    if (!tensorType)
      return arith::ConstantOp::create(inside, where,
                                       inside.getZeroAttr(memberType));
    return tensor::EmptyOp::create(inside, where, tensorType,
                                   getSizes(empty.getDynamicSizes()));
  }
  auto generate = cast<tensor::GenerateOp>(op);
  Block *body = &generate.getBody().front();
  auto emitBody = [&](OpBuilder &b, ValueRange indices) {
    IRMapping mapping;
    mapping.map(body->getArgument(0), index);
    for (auto [argument, value] :
         llvm::zip(body->getArguments().drop_front(), indices))
      mapping.map(argument, value);
    for (Operation &inner : body->without_terminator())
      b.clone(inner, mapping);
    return mapping.lookupOrDefault(body->getTerminator()->getOperand(0));
  };
  if (!tensorType)
    return emitBody(inside, {});
  return tensor::GenerateOp::create(
      inside, where, tensorType, getSizes(generate.getDynamicExtents()),
      [&](OpBuilder &b, Location at, ValueRange indices) {
        tensor::YieldOp::create(b, at, emitBody(b, indices));
      });
}

Value PlateRaiser::getLinalgMember(linalg::LinalgOp op, OpResult result) {
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1)
    return Value();
  OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
  AffineMap outMap = op.getMatchingIndexingMap(init);
  if (outMap.getNumResults() == 0)
    return Value();
  auto leading = dyn_cast<AffineDimExpr>(outMap.getResult(0));
  if (!leading)
    return Value();
  unsigned dimension = leading.getPosition();
  if (op.getIteratorTypesArray()[dimension] != utils::IteratorType::parallel)
    return Value();
  // The dimension may index operands only by itself.
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (AffineMap map : maps)
    for (AffineExpr expr : map.getResults())
      if (!isa<AffineDimExpr>(expr))
        return Value();

  // Maps without the dimension.
  MLIRContext *context = op.getContext();
  unsigned rank = op.getNumLoops();
  SmallVector<AffineExpr> renamed;
  for (unsigned i = 0; i < rank; ++i)
    renamed.push_back(i == dimension
                          ? getAffineConstantExpr(0, context)
                          : getAffineDimExpr(i - (i > dimension), context));
  SmallVector<AffineMap> newMaps;
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOpOperands())) {
    AffineMap map = maps[i];
    SmallVector<AffineExpr> kept;
    std::optional<unsigned> position;
    for (auto [j, expr] : llvm::enumerate(map.getResults())) {
      if (cast<AffineDimExpr>(expr).getPosition() == dimension) {
        if (position)
          return Value();
        position = j;
      } else {
        kept.push_back(expr.replaceDims(renamed));
      }
    }
    newMaps.push_back(AffineMap::get(rank - 1, 0, kept, context));
    Value value = operand.get();
    if (position && *position == 0 && isa<RankedTensorType>(value.getType())) {
      operands.push_back(getMember(value));
    } else if (position) {
      // A column: read where it lies.
      auto type = cast<RankedTensorType>(value.getType());
      SmallVector<OpFoldResult> offsets, sizes, strides;
      SmallVector<int64_t> shape;
      for (int64_t j = 0; j < type.getRank(); ++j) {
        bool here = j == *position;
        offsets.push_back(here ? OpFoldResult(index)
                               : OpFoldResult(inside.getIndexAttr(0)));
        strides.push_back(inside.getIndexAttr(1));
        if (here) {
          sizes.push_back(inside.getIndexAttr(1));
          continue;
        }
        shape.push_back(type.getDimSize(j));
        sizes.push_back(
            type.isDynamicDim(j)
                ? OpFoldResult(
                      tensor::DimOp::create(outside, loc, value, j).getResult())
                : OpFoldResult(inside.getIndexAttr(type.getDimSize(j))));
      }
      Value column = tensor::ExtractSliceOp::create(
          inside, loc, RankedTensorType::get(shape, type.getElementType()),
          value, offsets, sizes, strides);
      if (shape.empty())
        column = tensor::ExtractOp::create(inside, loc, column, ValueRange());
      operands.push_back(column);
    } else {
      operands.push_back(value);
    }
  }

  Block *body = op.getBlock();
  // Without dimensions left, the body is the member.
  if (rank == 1) {
    IRMapping mapping;
    for (auto [argument, operand] : llvm::zip(body->getArguments(), operands)) {
      Value scalar = operand;
      if (isa<RankedTensorType>(scalar.getType()))
        scalar = tensor::ExtractOp::create(inside, loc, scalar, ValueRange());
      mapping.map(argument, scalar);
    }
    for (Operation &inner : body->without_terminator()) {
      if (isa<linalg::IndexOp>(inner)) {
        mapping.map(inner.getResult(0), index);
        continue;
      }
      inside.clone(inner, mapping);
    }
    return mapping.lookupOrDefault(
        body->getTerminator()->getOperand(result.getResultNumber()));
  }

  // A scalar is a tensor of rank 0 to linalg.
  for (auto [i, operand] : llvm::enumerate(operands)) {
    bool isInit = i >= static_cast<size_t>(op.getNumDpsInputs());
    if (isInit && !isa<RankedTensorType>(operand.getType()))
      operand = tensor::FromElementsOp::create(
          inside, loc, RankedTensorType::get({}, operand.getType()), operand);
  }
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  iterators.erase(iterators.begin() + dimension);
  ValueRange all(operands);
  ValueRange inputs = all.take_front(op.getNumDpsInputs());
  ValueRange inits = all.drop_front(op.getNumDpsInputs());
  auto generic = linalg::GenericOp::create(
      inside, loc, inits.getTypes(), inputs, inits, newMaps, iterators,
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(body->getArguments(), arguments);
        for (Operation &inner : body->without_terminator()) {
          if (auto position = dyn_cast<linalg::IndexOp>(inner)) {
            uint64_t old = position.getDim();
            mapping.map(position.getResult(),
                        old == dimension ? index
                                         : linalg::IndexOp::create(
                                               b, at, old - (old > dimension))
                                               .getResult());
            continue;
          }
          b.clone(inner, mapping);
        }
        SmallVector<Value> yielded;
        for (Value value : body->getTerminator()->getOperands())
          yielded.push_back(mapping.lookupOrDefault(value));
        linalg::YieldOp::create(b, at, yielded);
      });
  Value member = generic.getResult(0);
  if (cast<RankedTensorType>(member.getType()).getRank() == 0)
    member = tensor::ExtractOp::create(inside, loc, member, ValueRange());
  return member;
}

PlateOp PlateRaiser::finish(Value stacked, Type stackType) {
  SmallVector<Type> types;
  SmallVector<Value> values;
  if (stacked) {
    types.push_back(stackType);
    values.push_back(stacked);
  }
  YieldOp::create(inside, loc, ValueRange(), values);
  auto plate = PlateOp::create(outside, loc, name, count, Value(), Value(),
                               slices, ValueRange(), types);
  for (auto [argument, replacement] :
       llvm::zip(block->getArguments(), plate.getBlock()->getArguments()))
    argument.replaceAllUsesWith(replacement);
  plate.getBlock()->getOperations().splice(plate.getBlock()->end(),
                                           block->getOperations());
  return plate;
}

/// The name of a plate made for a site: the site's own; below it, numbered.
static std::string getPlateName(Operation *op, StringRef site) {
  unsigned depth = 0;
  for (auto plate = op->getParentOfType<PlateOp>(); plate;
       plate = plate->getParentOfType<PlateOp>())
    if (plate.getName() == site ||
        plate.getName().starts_with((site + "_").str()))
      ++depth;
  return depth ? (site + "_" + Twine(depth)).str() : site.str();
}

static Value getSize(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(0))
    return arith::ConstantIndexOp::create(builder, loc, type.getDimSize(0));
  return tensor::DimOp::create(builder, loc, tensor, 0);
}

/// The distribution of one member, in the plate; a shared one as it is.
static Value getMemberDistribution(PlateRaiser &raiser, Location loc,
                                   Value distribution) {
  if (getBatchRank(distribution) == 0)
    return distribution;
  ImplicitLocOpBuilder builder(loc, raiser.getInside());
  return buildMember(builder, distribution, [&](Value tensor) {
    Value member = raiser.getMember(tensor);
    builder.setInsertionPointToEnd(raiser.getInside().getInsertionBlock());
    return member;
  });
}

/// Raises a latent or generated site over its leading dimension.
template <typename Site> static Operation *raiseSample(Site site) {
  OpBuilder builder(site);
  Location loc = site.getLoc();
  auto type = cast<RankedTensorType>(site.getValue().getType());
  unsigned batchRank = getBatchRank(site.getDistribution());
  Value count;
  SmallVector<Value> sizes(site.getSizes());
  if (batchRank == 0) {
    if (type.isDynamicDim(0)) {
      count = sizes.front();
      sizes.erase(sizes.begin());
    } else {
      count = arith::ConstantIndexOp::create(builder, loc, type.getDimSize(0));
    }
  } else {
    llvm::SetVector<Value> tensors;
    collectBatchOperands(site.getDistribution(), tensors);
    if (!type.isDynamicDim(0))
      count = arith::ConstantIndexOp::create(builder, loc, type.getDimSize(0));
    else if (!tensors.empty())
      count = getSize(builder, loc, tensors.front());
    else
      return nullptr;
    // The distribution knows the members' sizes.
    sizes.clear();
  }
  std::string name = getPlateName(site, site.getName());
  PlateRaiser raiser(builder, loc, name, count);
  Value distribution =
      getMemberDistribution(raiser, loc, site.getDistribution());
  auto member = cast<Site>(raiser.getInside().clone(*site));
  member.getDistributionMutable().assign(distribution);
  member.getSizesMutable().assign(sizes);
  member.getValue().setType(PlateOp::getMemberType(type));
  PlateOp plate = raiser.finish(member.getValue(), type);
  site.getValue().replaceAllUsesWith(plate.getStacks().front());
  site.erase();
  return member;
}

static Operation *raiseObserve(ObserveOp site) {
  OpBuilder builder(site);
  Location loc = site.getLoc();
  std::string name = getPlateName(site, site.getName());
  PlateRaiser raiser(builder, loc, name,
                     getSize(builder, loc, site.getValue()));
  Value distribution =
      getMemberDistribution(raiser, loc, site.getDistribution());
  Value value = raiser.getMember(site.getValue());
  Value mask = site.getMask();
  if (mask && isa<RankedTensorType>(mask.getType()))
    mask = raiser.getMember(mask);
  auto member = ObserveOp::create(raiser.getInside(), loc, site.getNameAttr(),
                                  distribution, value, mask);
  raiser.finish(Value(), Type());
  site.erase();
  return member;
}

/// Whether a site of values of type `value` has independent members along its
/// leading dimension.
static bool hasMembers(Value distribution, Type value) {
  auto type = dyn_cast<RankedTensorType>(value);
  if (!type || type.getRank() == 0)
    return false;
  auto family = distribution.getDefiningOp<DistributionOpInterface>();
  return family && type.getRank() > family.getEventRank();
}

void RaiseToPlates::runOnOperation() {
  SmallVector<Operation *> work;
  getOperation()->walk([&](Operation *op) {
    if (isa<SampleOp, ObserveOp, PredictOp>(op))
      work.push_back(op);
  });
  while (!work.empty()) {
    Operation *op = work.pop_back_val();
    if (auto sample = dyn_cast<SampleOp>(op)) {
      if (hasMembers(sample.getDistribution(), sample.getValue().getType()))
        if (Operation *member = raiseSample(sample))
          work.push_back(member);
    } else if (auto observe = dyn_cast<ObserveOp>(op)) {
      if (hasMembers(observe.getDistribution(), observe.getValue().getType()))
        work.push_back(raiseObserve(observe));
    } else if (auto predict = dyn_cast<PredictOp>(op)) {
      if (hasMembers(predict.getDistribution(), predict.getValue().getType()))
        if (Operation *member = raiseSample(predict))
          work.push_back(member);
    }
  }
}
