//===- Distribution.cpp - what all distributions share -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tentative.h"

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;
using namespace vi;

NoiseSource::~NoiseSource() = default;

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

static unsigned getRank(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return shaped ? shaped.getRank() : 0;
}

SmallVector<double> vi::getConstantNumbers(Attribute attribute) {
  SmallVector<double> numbers;
  auto add = [&](APFloat number) {
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    numbers.push_back(number.convertToDouble());
  };
  // A boolean is 0 or 1.
  auto addInteger = [&](const APInt &number) {
    numbers.push_back(number.roundToDouble(number.getBitWidth() != 1));
  };
  auto addAll = [&](DenseElementsAttr elements) {
    bool floats = isa<FloatType>(elements.getElementType());
    if (elements.isSplat()) {
      if (floats)
        add(elements.getSplatValue<APFloat>());
      else
        addInteger(elements.getSplatValue<APInt>());
      return;
    }
    if (floats)
      for (const APFloat &number : elements.getValues<APFloat>())
        add(number);
    else
      for (const APInt &number : elements.getValues<APInt>())
        addInteger(number);
  };
  if (auto number = dyn_cast<FloatAttr>(attribute))
    add(number.getValue());
  else if (auto number = dyn_cast<IntegerAttr>(attribute))
    addInteger(number.getValue());
  else if (auto elements = dyn_cast<DenseIntOrFPElementsAttr>(attribute))
    addAll(elements);
  return numbers;
}

SmallVector<double> vi::getConstantNumbers(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return {};
  return getConstantNumbers(attribute);
}

/// What a number outside the set violates, or nothing.
static StringRef violation(SupportKind support, double number) {
  switch (support) {
  case SupportKind::Positive:
    if (!(number > 0 && std::isfinite(number)))
      return "must be positive and finite";
    return "";
  case SupportKind::UnitInterval:
    return number >= 0 && number <= 1 ? "" : "must be in [0, 1]";
  case SupportKind::Simplex:
    return number >= 0 && number <= 1 ? "" : "must have elements in [0, 1]";
  case SupportKind::NonnegativeInteger:
    return number >= 0 ? "" : "must not be negative";
  default:
    return std::isfinite(number) ? "" : "must be finite";
  }
}

static bool isInteger(SupportKind support) {
  return support == SupportKind::NonnegativeInteger ||
         support == SupportKind::IntegerInterval;
}

static LogicalResult verifyConstant(Operation *op, Value operand,
                                    const ParameterDescription &parameter) {
  SmallVector<double> numbers = getConstantNumbers(operand);
  for (double number : numbers) {
    StringRef rule = violation(parameter.support, number);
    if (rule.empty())
      continue;
    InFlightDiagnostic diagnostic = op->emitOpError()
                                    << parameter.name << " " << rule
                                    << ", but is the constant " << number;
    diagnostic.attachNote(operand.getLoc()) << "the constant is here";
    return diagnostic;
  }
  // A vector of probabilities sums to one.
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (parameter.support != SupportKind::Simplex || !type ||
      type.getRank() != 1 || numbers.empty())
    return success();
  double total = numbers.size() == 1 ? numbers[0] * type.getNumElements() : 0;
  if (numbers.size() > 1)
    for (double number : numbers)
      total += number;
  if (std::abs(total - 1) <= 1e-5)
    return success();
  InFlightDiagnostic diagnostic =
      op->emitOpError() << parameter.name
                        << " must sum to 1, but the constant sums to " << total;
  diagnostic.attachNote(operand.getLoc()) << "the constant is here";
  return diagnostic;
}

LogicalResult vi::verifyFamily(Operation *op,
                               ArrayRef<ParameterDescription> parameters) {
  Type floatType;
  StringRef floatName, batchName;
  Value floatOperand, batchOperand;
  std::optional<SmallVector<int64_t>> batch;
  auto note = [](InFlightDiagnostic &diagnostic, StringRef name, Value value) {
    diagnostic.attachNote(value.getLoc()) << name << " is here";
  };
  for (auto [operand, parameter] : llvm::zip(op->getOperands(), parameters)) {
    Type type = operand.getType();
    Type element = getElementTypeOrSelf(type);
    if (isa<ShapedType>(type) && !isa<RankedTensorType>(type))
      return op->emitOpError()
             << parameter.name << " must be a scalar or a ranked tensor, not "
             << type;
    if (isRankZeroTensor(type))
      return op->emitOpError() << parameter.name << " has type " << type
                               << "; a single number has type " << element;
    if (isInteger(parameter.support)) {
      if (!element.isInteger(32) && !element.isInteger(64) &&
          !element.isIndex())
        return op->emitOpError()
               << parameter.name << " must be of i32, i64 or index, not of "
               << element;
    } else {
      if (!element.isF32() && !element.isF64())
        return op->emitOpError()
               << parameter.name << " must be of f32 or f64, not of "
               << element;
      if (floatType && floatType != element) {
        InFlightDiagnostic diagnostic =
            op->emitOpError() << parameter.name << " is of " << element
                              << ", but " << floatName << " of " << floatType;
        note(diagnostic, floatName, floatOperand);
        note(diagnostic, parameter.name, operand);
        return diagnostic;
      }
      floatType = element;
      floatName = parameter.name;
      floatOperand = operand;
    }

    unsigned rank = getRank(type);
    if (rank < parameter.rank)
      return op->emitOpError()
             << parameter.name << " must have a rank of at least "
             << parameter.rank << ", but is " << type;
    if (rank > parameter.rank) {
      ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
      ArrayRef<int64_t> leading = shape.drop_back(parameter.rank);
      if (batch && (batch->size() != leading.size() ||
                    failed(verifyCompatibleShape(*batch, leading)))) {
        InFlightDiagnostic diagnostic =
            op->emitOpError() << parameter.name << " " << type
                              << " has another batch shape than " << batchName;
        note(diagnostic, batchName, batchOperand);
        note(diagnostic, parameter.name, operand);
        return diagnostic;
      }
      batch = llvm::to_vector(leading);
      batchName = parameter.name;
      batchOperand = operand;
    }
    if (failed(verifyConstant(op, operand, parameter)))
      return failure();
  }
  return success();
}

LogicalResult vi::inferFamilyType(MLIRContext *context,
                                  std::optional<Location> location,
                                  ValueRange operands,
                                  ArrayRef<ParameterDescription> parameters,
                                  EventKind event, unsigned eventRank,
                                  SmallVectorImpl<Type> &types) {
  if (operands.size() != parameters.size())
    return emitOptionalError(location, "takes ", parameters.size(),
                             " parameters, not ", operands.size());
  auto merge = [](SmallVectorImpl<int64_t> &shape, ArrayRef<int64_t> other) {
    if (shape.size() < other.size())
      shape.insert(shape.begin(), other.size() - shape.size(),
                   ShapedType::kDynamic);
    if (shape.size() != other.size())
      return;
    for (auto [size, otherSize] : llvm::zip(shape, other))
      if (ShapedType::isDynamic(size))
        size = otherSize;
  };
  Type element;
  SmallVector<int64_t> batch, eventShape;
  for (auto [operand, parameter] : llvm::zip(operands, parameters)) {
    Type type = operand.getType();
    if (!isInteger(parameter.support) && !element)
      element = getElementTypeOrSelf(type);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() < parameter.rank)
      continue;
    merge(batch, tensor.getShape().drop_back(parameter.rank));
    if (eventRank == 1 && parameter.rank >= 1)
      merge(eventShape, tensor.getShape().take_back());
  }
  switch (event) {
  case EventKind::Real:
    break;
  case EventKind::Boolean:
    element = IntegerType::get(context, 1);
    break;
  case EventKind::Integer:
    element = IntegerType::get(context, 64);
    break;
  }
  eventShape.resize(eventRank, ShapedType::kDynamic);
  batch.append(eventShape);
  if (!element ||
      !(element.isF32() || element.isF64() || isa<IntegerType>(element)))
    return emitOptionalError(
        location, "the parameters of a distribution are of f32 or f64");
  Type value = batch.empty() ? element : RankedTensorType::get(batch, element);
  types.push_back(DistType::get(context, value));
  return success();
}

LogicalResult vi::verifyBoundsOrder(Operation *op, Value lower, Value upper) {
  SmallVector<double> lows = getConstantNumbers(lower);
  SmallVector<double> highs = getConstantNumbers(upper);
  if (lows.empty() || highs.empty())
    return success();
  for (size_t i = 0, e = std::max(lows.size(), highs.size()); i < e; ++i) {
    double low = lows[lows.size() == 1 ? 0 : i];
    double high = highs[highs.size() == 1 ? 0 : i];
    if (low < high)
      continue;
    InFlightDiagnostic diagnostic = op->emitOpError("lower bound ")
                                    << low << " is not below the upper bound "
                                    << high;
    diagnostic.attachNote(lower.getLoc()) << "the lower bound is here";
    diagnostic.attachNote(upper.getLoc()) << "the upper bound is here";
    return diagnostic;
  }
  return success();
}

LogicalResult UniformOp::verifyBounds() {
  return verifyBoundsOrder(*this, getLower(), getUpper());
}

/// Whether two parameters have the same value: one value, equal constants, or
/// the same distribution (of a distribution made from another).
static bool isSameParameter(Value a, Value b) {
  if (a == b)
    return true;
  if (a.getType() != b.getType())
    return false;
  if (isa<DistType>(a.getType()))
    return isSameDistribution(a, b);
  Attribute left, right;
  return matchPattern(a, m_Constant(&left)) &&
         matchPattern(b, m_Constant(&right)) && left == right;
}

bool vi::isSameDistribution(Value q, Value p) {
  if (q == p)
    return true;
  Operation *left = q.getDefiningOp(), *right = p.getDefiningOp();
  return left && right && isa<DistributionOpInterface>(left) &&
         left->getName() == right->getName() && q.getType() == p.getType() &&
         left->getPropertiesAsAttribute() ==
             right->getPropertiesAsAttribute() &&
         llvm::equal(left->getOperands(), right->getOperands(),
                     isSameParameter);
}

/// A bound of a set of integers as an `index`.
static Value toIndex(ImplicitLocOpBuilder &b, Value bound) {
  return bound.getType().isIndex()
             ? bound
             : b.createOrFold<arith::IndexCastOp>(b.getIndexType(), bound);
}

Value vi::buildSupportSize(ImplicitLocOpBuilder &b, const Support &support) {
  if (support.kind == SupportKind::Boolean)
    return arith::ConstantIndexOp::create(b, 2);
  if (support.kind != SupportKind::IntegerInterval || !support.bounds[1])
    return Value();
  Value upper = toIndex(b, support.bounds[1]);
  if (support.bounds[0])
    upper = b.createOrFold<arith::SubIOp>(upper, toIndex(b, support.bounds[0]));
  return b.createOrFold<arith::AddIOp>(upper,
                                       arith::ConstantIndexOp::create(b, 1));
}

Value vi::buildSupportValue(ImplicitLocOpBuilder &b, const Support &support,
                            Type type, Value index) {
  if (support.kind == SupportKind::Boolean) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne, index, zero);
  }
  if (support.kind == SupportKind::IntegerInterval && support.bounds[0])
    index = b.createOrFold<arith::AddIOp>(index, toIndex(b, support.bounds[0]));
  return type.isIndex() ? index
                        : b.createOrFold<arith::IndexCastOp>(type, index);
}

LogicalResult MultivariateNormalOp::verifyShapes() {
  ArrayRef<int64_t> location =
      cast<RankedTensorType>(getLocation().getType()).getShape().take_back();
  ArrayRef<int64_t> factor =
      cast<RankedTensorType>(getScaleTril().getType()).getShape().take_back(2);
  if (failed(verifyCompatibleShape(factor.take_front(), factor.take_back())))
    return emitOpError("scale_tril must be square, but is ")
           << getScaleTril().getType();
  if (failed(verifyCompatibleShape(location, factor.take_back()))) {
    InFlightDiagnostic diagnostic = emitOpError("scale_tril ")
                                    << getScaleTril().getType()
                                    << " does not fit loc "
                                    << getLocation().getType();
    diagnostic.attachNote(getLocation().getLoc()) << "loc is here";
    diagnostic.attachNote(getScaleTril().getLoc()) << "scale_tril is here";
    return diagnostic;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

static DistributionOpInterface getFamily(Value distribution) {
  return distribution.getDefiningOp<DistributionOpInterface>();
}

static Type getValueType(Value distribution) {
  return cast<DistType>(distribution.getType()).getValueType();
}

unsigned vi::getBatchRank(Value distribution) {
  unsigned rank = getRank(getValueType(distribution));
  DistributionOpInterface family = getFamily(distribution);
  unsigned eventRank = family ? family.getEventRank() : 0;
  return rank > eventRank ? rank - eventRank : 0;
}

/// Whether an operand has a batch dimension: a tensor of more dimensions than
/// one event's parameter has.
static bool isBatched(DistributionOpInterface family, unsigned index) {
  Type type = family->getOperand(index).getType();
  return isa<RankedTensorType>(type) &&
         getRank(type) > family.getParameterRank(index);
}

void vi::collectBatchOperands(Value distribution,
                              llvm::SetVector<Value> &tensors) {
  DistributionOpInterface family = getFamily(distribution);
  if (!family || getBatchRank(distribution) == 0)
    return;
  for (auto [index, operand] : llvm::enumerate(family->getOperands())) {
    if (isa<DistType>(operand.getType()))
      collectBatchOperands(operand, tensors);
    else if (isBatched(family, index))
      tensors.insert(operand);
  }
}

Value vi::buildMember(ImplicitLocOpBuilder &builder, Value distribution,
                      llvm::function_ref<Value(Value)> slice) {
  DistributionOpInterface family = getFamily(distribution);
  if (!family || getBatchRank(distribution) == 0)
    return distribution;
  OperationState state(builder.getLoc(), family->getName());
  for (auto [index, operand] : llvm::enumerate(family->getOperands())) {
    if (isa<DistType>(operand.getType()))
      state.operands.push_back(buildMember(builder, operand, slice));
    else
      state.operands.push_back(isBatched(family, index) ? slice(operand)
                                                        : operand);
  }
  auto type = cast<RankedTensorType>(getValueType(distribution));
  state.addTypes(
      DistType::get(builder.getContext(), PlateOp::getMemberType(type)));
  state.addAttributes(family->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = family->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

/// The part of `tensor` at `index` of the leading dimension.
static Value buildSlice(ImplicitLocOpBuilder &builder, Value tensor,
                        Value index) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() == 1)
    return tensor::ExtractOp::create(builder, tensor, index);
  SmallVector<OpFoldResult> offsets{index}, sizes{builder.getIndexAttr(1)};
  for (int64_t d = 1; d < type.getRank(); ++d) {
    offsets.push_back(builder.getIndexAttr(0));
    if (type.isDynamicDim(d))
      sizes.push_back(dimension(builder, tensor, d));
    else
      sizes.push_back(builder.getIndexAttr(type.getDimSize(d)));
  }
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(
      builder, cast<RankedTensorType>(PlateOp::getMemberType(type)), tensor,
      offsets, sizes, strides);
}

Value vi::buildMember(ImplicitLocOpBuilder &builder, Value distribution,
                      Value index) {
  return buildMember(builder, distribution, [&](Value tensor) {
    return buildSlice(builder, tensor, index);
  });
}

/// A name for a plate over the elements of tensors that no other plate of the
/// surrounding operation has: plates of one name have the same members.
static std::string getFreshPlateName(ImplicitLocOpBuilder &builder) {
  Operation *scope = builder.getInsertionBlock()->getParentOp();
  while (scope && !scope->hasTrait<OpTrait::IsIsolatedFromAbove>())
    scope = scope->getParentOp();
  llvm::StringSet<> taken;
  if (scope)
    scope->walk([&](PlateOp plate) { taken.insert(plate.getName()); });
  for (unsigned number = 0;; ++number) {
    std::string name =
        number ? "elements." + std::to_string(number) : "elements";
    if (!taken.contains(name))
      return name;
  }
}

Value vi::buildSumOverMembers(
    ImplicitLocOpBuilder &builder, Type type, ArrayRef<Value> distributions,
    ArrayRef<Value> tensors,
    llvm::function_ref<Value(ImplicitLocOpBuilder &, ArrayRef<Value>,
                             ArrayRef<Value>)>
        build) {
  llvm::SetVector<Value> slices(tensors.begin(), tensors.end());
  for (Value distribution : distributions)
    collectBatchOperands(distribution, slices);

  // The number of members, from a type where it is static.
  int64_t size = ShapedType::kDynamic;
  auto take = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.getRank() > 0 && !tensor.isDynamicDim(0))
      size = tensor.getDimSize(0);
  };
  for (Value tensor : slices)
    take(tensor.getType());
  for (Value distribution : distributions)
    if (getBatchRank(distribution))
      take(getValueType(distribution));
  Value count;
  if (!ShapedType::isDynamic(size))
    count = arith::ConstantIndexOp::create(builder, size);
  else if (!slices.empty())
    count = dimension(builder, slices.front(), 0);
  else
    return Value();

  Tentative tentative(builder);
  Value zero = floatConstant(builder, type, 0);
  auto plate = PlateOp::create(builder, getFreshPlateName(builder), count,
                               Value(), Value(), slices.getArrayRef(),
                               ValueRange(zero), TypeRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(plate.getBlock());
  auto member = [&](Value tensor) -> Value {
    auto *found = llvm::find(slices, tensor);
    return plate.getMemberArguments()[found - slices.begin()];
  };
  SmallVector<Value> members, parts;
  for (Value distribution : distributions)
    members.push_back(buildMember(builder, distribution, member));
  for (Value tensor : tensors)
    parts.push_back(member(tensor));
  Value term = build(builder, members, parts);
  if (!term)
    return tentative.finish(Value());
  Value next = arith::AddFOp::create(builder, plate.getSumArguments()[0], term);
  YieldOp::create(builder, ValueRange(next), ValueRange());
  return tentative.finish(plate.getSums()[0]);
}

//===----------------------------------------------------------------------===//
// Joint log-density and entropy
//===----------------------------------------------------------------------===//

/// A value inside the support that stands in for a value that is masked, so
/// that neither it nor its derivative is ever a NaN.
static Value buildInteriorPoint(ImplicitLocOpBuilder &builder,
                                DistributionOpInterface family, Value value) {
  Support support = family.getSupport();
  Type type = value.getType();
  Type element = getElementTypeOrSelf(type);
  if (isa<IntegerType, IndexType>(element)) {
    if (isa<ShapedType>(type))
      return Value();
    return arith::ConstantOp::create(builder,
                                     builder.getIntegerAttr(element, 0));
  }
  auto fill = [&](Value number) -> Value {
    if (!isa<RankedTensorType>(type))
      return number;
    return map(Expression(builder, value),
               [&](Expression element) { return element.with(number); });
  };
  Expression zero(builder, floatConstant(builder, element, 0));
  switch (support.kind) {
  case SupportKind::Positive:
    return fill(zero + 1);
  case SupportKind::UnitInterval:
    return fill(zero + 0.5);
  case SupportKind::GreaterThan:
    return fill(zero.with(support.bounds[0]) + 1);
  case SupportKind::LessThan:
    return fill(zero.with(support.bounds[0]) - 1);
  case SupportKind::Interval:
    return fill(0.5 * zero.with(support.bounds[0]) +
                0.5 * zero.with(support.bounds[1]));
  case SupportKind::Simplex:
    return fill(1.0 / toFloat(builder, dimension(builder, value, 0), element));
  default:
    return fill(zero);
  }
}

Value vi::buildLogProb(ImplicitLocOpBuilder &builder, Value distribution,
                       Value value, Value mask) {
  DistributionOpInterface family = getFamily(distribution);
  if (!family)
    return Value();
  if (getRank(value.getType()) > family.getEventRank()) {
    SmallVector<Value> tensors{value};
    bool sliced = mask && isa<RankedTensorType>(mask.getType());
    if (sliced)
      tensors.push_back(mask);
    // A distribution of fewer dimensions than the value is shared by the
    // members: its draws are independent.
    bool shared =
        getRank(getValueType(distribution)) < getRank(value.getType());
    SmallVector<Value> distributions;
    if (!shared)
      distributions.push_back(distribution);
    return buildSumOverMembers(
        builder, family.getFloatType(), distributions, tensors,
        [&](ImplicitLocOpBuilder &inner, ArrayRef<Value> members,
            ArrayRef<Value> parts) {
          return buildLogProb(inner, shared ? distribution : members[0],
                              parts[0], sliced ? parts[1] : mask);
        });
  }
  if (!mask)
    return family.buildLogProb(builder, value);
  if (Value point = buildInteriorPoint(builder, family, value))
    value = isa<RankedTensorType>(value.getType())
                ? arith::SelectOp::create(builder, mask, value, point)
                : builder.createOrFold<arith::SelectOp>(mask, value, point);
  Value density = family.buildLogProb(builder, value);
  if (!density)
    return Value();
  return builder.createOrFold<arith::SelectOp>(
      mask, density, floatConstant(builder, density.getType(), 0));
}

Value vi::buildEntropy(ImplicitLocOpBuilder &builder, Value distribution) {
  DistributionOpInterface family = getFamily(distribution);
  if (!family)
    return Value();
  if (getBatchRank(distribution) == 0)
    return family.buildEntropy(builder);
  return buildSumOverMembers(
      builder, family.getFloatType(), {distribution}, {},
      [](ImplicitLocOpBuilder &inner, ArrayRef<Value> members,
         ArrayRef<Value>) { return buildEntropy(inner, members[0]); });
}
