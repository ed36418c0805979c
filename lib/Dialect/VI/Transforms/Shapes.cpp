//===- Shapes.cpp - sizes of values as functions of the data -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

Value vi::buildSize(OpBuilder &builder, Value size, IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(size))
    return known;
  Operation *op = size.getDefiningOp();
  if (!op)
    return Value();
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    if (!index || *index < 0)
      return Value();
    Value result = buildDimension(builder, dim.getSource(),
                                  static_cast<unsigned>(*index), mapping);
    if (result)
      mapping.map(size, result);
    return result;
  }
  if (op->getNumRegions() || !isPure(op))
    return Value();
  for (Value operand : op->getOperands())
    if (!buildSize(builder, operand, mapping))
      return Value();
  builder.clone(*op, mapping);
  return mapping.lookup(size);
}

/// Dimension `dimension` of a tensor whose dynamic dimensions are `sizes`.
static Value getDynamicSize(OpBuilder &builder, RankedTensorType type,
                            unsigned dimension, ValueRange sizes,
                            IRMapping &mapping) {
  unsigned index = type.getDynamicDimIndex(dimension);
  if (index >= sizes.size())
    return Value();
  return buildSize(builder, sizes[index], mapping);
}

/// How much longer dimension `dimension` of a value is than that of its image
/// on the unconstrained scale.
static int64_t getLostDimensions(SupportKind support, RankedTensorType type,
                                 unsigned dimension) {
  const Bijector *bijector = getBijector(support);
  bool isLast = dimension + 1 == type.getRank();
  return isLast && bijector ? bijector->lostDimensions : 0;
}

/// A size that differs from another by a number; null where that is.
static Value addToSize(OpBuilder &builder, Value size, int64_t difference) {
  if (!size || difference == 0)
    return size;
  Location loc = builder.getUnknownLoc();
  return builder.createOrFold<arith::AddIOp>(
      loc, size, arith::ConstantIndexOp::create(builder, loc, difference));
}

/// Dimension `dimension` of the values of a distribution, traced to the shapes
/// of its parameters.
static Value getDistributionDimension(OpBuilder &builder, Value distribution,
                                      unsigned dimension, IRMapping &mapping) {
  Operation *op = distribution.getDefiningOp();
  if (!op)
    return Value();
  auto type = cast<RankedTensorType>(
      cast<DistType>(distribution.getType()).getValueType());
  // An image under a bijector has its base's dimensions, but for the last one,
  // of which u may have fewer than z.
  if (auto pullback = dyn_cast<PullbackOp>(op))
    return addToSize(
        builder,
        getDistributionDimension(builder, pullback.getBase(), dimension,
                                 mapping),
        -getLostDimensions(pullback.getSupportKind(), type, dimension));
  if (auto pushforward = dyn_cast<PushforwardOp>(op))
    return addToSize(
        builder,
        getDistributionDimension(builder, pushforward.getBase(), dimension,
                                 mapping),
        getLostDimensions(pushforward.getSupportKind(), type, dimension));
  for (Value operand : op->getOperands()) {
    // A parameter with the rank of the values (or more: a Cholesky factor)
    // has their leading dimensions.
    auto tensor = dyn_cast<RankedTensorType>(operand.getType());
    if (tensor && tensor.getRank() >= type.getRank())
      return buildDimension(builder, operand, dimension, mapping);
  }
  return Value();
}

/// Sizes of a site's value: from its own sizes, or from its distribution.
template <typename Site>
static Value getSiteDimension(OpBuilder &builder, Site site, unsigned dimension,
                              IRMapping &mapping) {
  auto type = cast<RankedTensorType>(site.getValue().getType());
  Type over = cast<DistType>(site.getDistribution().getType()).getValueType();
  unsigned overRank = 0;
  if (auto tensor = dyn_cast<RankedTensorType>(over))
    overRank = tensor.getRank();
  unsigned leading = type.getRank() - overRank;
  if (dimension < leading)
    return getDynamicSize(builder, type, dimension, site.getSizes(), mapping);
  return getDistributionDimension(builder, site.getDistribution(),
                                  dimension - leading, mapping);
}

Value vi::buildDimension(OpBuilder &builder, Value tensor, unsigned dimension,
                         IRMapping &mapping) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || dimension >= type.getRank())
    return Value();
  Location loc = builder.getUnknownLoc();
  if (!type.isDynamicDim(dimension))
    return arith::ConstantIndexOp::create(builder, loc,
                                          type.getDimSize(dimension));
  if (Value known = mapping.lookupOrNull(tensor))
    return tensor::DimOp::create(builder, loc, known, dimension);

  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    Operation *parent = argument.getOwner()->getParentOp();
    // A state has the shape that it starts with.
    if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      OpOperand *init = loop.getTiedLoopInit(argument);
      return init ? buildDimension(builder, init->get(), dimension, mapping)
                  : Value();
    }
    auto plate = dyn_cast<PlateOp>(parent);
    if (!plate)
      return Value();
    unsigned number = argument.getArgNumber();
    if (number == 0)
      return Value();
    if (number <= plate.getSlices().size())
      return buildDimension(builder, plate.getSlices()[number - 1],
                            dimension + 1, mapping);
    return buildDimension(
        builder, plate.getInits()[number - 1 - plate.getSlices().size()],
        dimension, mapping);
  }

  return llvm::TypeSwitch<Operation *, Value>(tensor.getDefiningOp())
      .Case<SampleOp, PredictOp, DrawOp>([&](auto site) {
        return getSiteDimension(builder, site, dimension, mapping);
      })
      .Case([&](ParamOp param) {
        return getDynamicSize(builder, type, dimension, param.getSizes(),
                              mapping);
      })
      .Case([&](PlateOp plate) {
        unsigned number = cast<OpResult>(tensor).getResultNumber();
        unsigned sums = plate.getSums().size();
        if (number < sums)
          return buildDimension(builder, plate.getInits()[number], dimension,
                                mapping);
        if (dimension == 0)
          return buildSize(builder, plate.getCount(), mapping);
        return buildDimension(builder,
                              plate.getYield().getValues()[number - sums],
                              dimension - 1, mapping);
      })
      .Case([&](scf::ForOp loop) {
        return buildDimension(
            builder, loop.getTiedLoopInit(cast<OpResult>(tensor))->get(),
            dimension, mapping);
      })
      .Case([&](ConstrainOp op) {
        return addToSize(
            builder,
            buildDimension(builder, op.getUnconstrained(), dimension, mapping),
            getLostDimensions(op.getSupport(), type, dimension));
      })
      .Case([&](UnconstrainOp op) {
        return addToSize(
            builder,
            buildDimension(builder, op.getConstrained(), dimension, mapping),
            -getLostDimensions(op.getSupport(), type, dimension));
      })
      .Case([&](tensor::EmptyOp op) {
        return getDynamicSize(builder, type, dimension, op.getDynamicSizes(),
                              mapping);
      })
      .Case([&](tensor::SplatOp op) {
        return getDynamicSize(builder, type, dimension, op.getDynamicSizes(),
                              mapping);
      })
      .Case([&](tensor::GenerateOp op) {
        return getDynamicSize(builder, type, dimension, op.getDynamicExtents(),
                              mapping);
      })
      .Case([&](tensor::ExtractSliceOp op) -> Value {
        llvm::SmallBitVector dropped = op.getDroppedDims();
        unsigned kept = 0;
        for (auto [index, size] : llvm::enumerate(op.getMixedSizes())) {
          if (dropped.test(index) || kept++ != dimension)
            continue;
          auto value = dyn_cast<Value>(size);
          return value ? buildSize(builder, value, mapping) : Value();
        }
        return Value();
      })
      .Case<tensor::CastOp>([&](tensor::CastOp op) {
        return buildDimension(builder, op.getSource(), dimension, mapping);
      })
      .Case<tensor::InsertSliceOp, tensor::InsertOp>([&](auto op) {
        return buildDimension(builder, op.getDest(), dimension, mapping);
      })
      .Default([&](Operation *op) -> Value {
        if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
          return buildDimension(
              builder, style.getTiedOpOperand(cast<OpResult>(tensor))->get(),
              dimension, mapping);
        // Elementwise operations have the shape of their operands.
        if (op->hasTrait<OpTrait::Elementwise>())
          for (Value operand : op->getOperands())
            if (isa<RankedTensorType>(operand.getType()))
              if (Value size =
                      buildDimension(builder, operand, dimension, mapping))
                return size;
        return Value();
      });
}

Value vi::buildRepetitionCount(OpBuilder &builder, Operation *repetition,
                               IRMapping &mapping) {
  if (auto plate = dyn_cast<PlateOp>(repetition))
    return buildSize(builder, plate.getCount(), mapping);
  auto loop = cast<scf::ForOp>(repetition);
  Value lower = buildSize(builder, loop.getLowerBound(), mapping);
  Value upper = buildSize(builder, loop.getUpperBound(), mapping);
  Value step = buildSize(builder, loop.getStep(), mapping);
  if (!lower || !upper || !step)
    return Value();
  ImplicitLocOpBuilder implicit(loop.getLoc(), builder);
  return buildTripCount(implicit, lower, upper, step);
}

LogicalResult vi::buildRepetitionCounts(OpBuilder &builder, Operation *site,
                                        IRMapping &mapping,
                                        SmallVectorImpl<Value> &counts) {
  for (Operation *repetition : getRepetitions(site)) {
    if (Value count = buildRepetitionCount(builder, repetition, mapping)) {
      counts.push_back(count);
      continue;
    }
    auto plate = dyn_cast<PlateOp>(repetition);
    InFlightDiagnostic diagnostic =
        plate ? site->emitError("the number of members of plate '")
                    << plate.getName() << "'"
              : site->emitError("the number of iterations of the loop");
    diagnostic << " must be a function of the data alone, as it is a dimension "
                  "of the site in it";
    diagnostic.attachNote(repetition->getLoc())
        << "the " << (plate ? "plate" : "loop") << " is here";
    return diagnostic;
  }
  return success();
}

LogicalResult vi::buildSiteShape(OpBuilder &builder, Operation *site,
                                 Value value, IRMapping &mapping,
                                 SmallVectorImpl<Value> &shape) {
  if (failed(buildRepetitionCounts(builder, site, mapping, shape)))
    return failure();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i) {
    Value size = buildDimension(builder, value, i, mapping);
    if (!size)
      return site->emitError("dimension ")
             << i << " of the site must be a function of the data alone";
    shape.push_back(size);
  }
  return success();
}

Value vi::buildProduct(OpBuilder &builder, Location loc, ValueRange sizes) {
  Value product;
  for (Value size : sizes)
    product = product ? builder.createOrFold<arith::MulIOp>(loc, product, size)
                      : size;
  return product ? product
                 : arith::ConstantIndexOp::create(builder, loc, 1).getResult();
}

FlatLayout::FlatLayout(OpBuilder &builder, Location loc)
    : builder(builder), loc(loc),
      end(arith::ConstantIndexOp::create(builder, loc, 0)) {}

Value FlatLayout::add(ValueRange shape) {
  Value start = end;
  end = builder.createOrFold<arith::AddIOp>(loc, start,
                                            buildProduct(builder, loc, shape));
  return start;
}

Value vi::convertFloats(OpBuilder &builder, Location loc, Value value,
                        Type element) {
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
    return value;
  ImplicitLocOpBuilder implicit(loc, builder);
  return toFloat(implicit, value, element);
}

RankedTensorType vi::getTensorType(ValueRange shape, Type element) {
  SmallVector<int64_t> sizes;
  for (Value size : shape)
    sizes.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(sizes, element);
}

/// The reassociation of all dimensions into one.
static SmallVector<ReassociationIndices> collapseAll(unsigned rank) {
  return {llvm::to_vector<2>(llvm::seq<int64_t>(0, rank))};
}

Value vi::buildUnflatten(OpBuilder &builder, Location loc, Value flat,
                         Value offset, ValueRange shape, Type type) {
  if (shape.empty()) {
    Value number = tensor::ExtractOp::create(builder, loc, flat, offset);
    return type ? convertFloats(builder, loc, number, type) : number;
  }
  Type element = cast<RankedTensorType>(flat.getType()).getElementType();
  Value size = buildProduct(builder, loc, shape);
  Value slice = tensor::ExtractSliceOp::create(
      builder, loc, flat, ArrayRef<OpFoldResult>{getAsOpFoldResult(offset)},
      ArrayRef<OpFoldResult>{getAsOpFoldResult(size)},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  if (shape.size() > 1)
    slice = tensor::ExpandShapeOp::create(
        builder, loc, getTensorType(shape, element), slice,
        collapseAll(shape.size()), getAsOpFoldResult(shape));
  if (!type)
    return slice;
  slice = convertFloats(builder, loc, slice, getElementTypeOrSelf(type));
  if (slice.getType() != type)
    slice = tensor::CastOp::create(builder, loc, type, slice);
  return slice;
}

Value vi::buildFlatten(OpBuilder &builder, Location loc, Value value,
                       ValueRange shape, Value flat, Value offset) {
  value =
      convertFloats(builder, loc, value, getElementTypeOrSelf(flat.getType()));
  if (shape.empty())
    return tensor::InsertOp::create(builder, loc, value, flat, offset);
  if (shape.size() > 1)
    value = tensor::CollapseShapeOp::create(builder, loc, value,
                                            collapseAll(shape.size()));
  // The size as the type has it, or as it is computed.
  auto type = cast<RankedTensorType>(value.getType());
  OpFoldResult size =
      type.isDynamicDim(0)
          ? getAsOpFoldResult(buildProduct(builder, loc, shape))
          : OpFoldResult(builder.getIndexAttr(type.getDimSize(0)));
  if (type.isDynamicDim(0))
    if (auto constant = dyn_cast<Attribute>(size))
      value = tensor::CastOp::create(
          builder, loc,
          RankedTensorType::get({cast<IntegerAttr>(constant).getInt()},
                                type.getElementType()),
          value);
  return tensor::InsertSliceOp::create(
      builder, loc, value, flat,
      ArrayRef<OpFoldResult>{getAsOpFoldResult(offset)},
      ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}
