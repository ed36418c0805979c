//===- VISites.cpp - sites and measures at a value -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace vi;

/// Whether a value whose elements have type `value` can be an event of a
/// distribution over elements of type `over`: the same float type, or, for
/// booleans and counts, any integer type.
static bool elementsAgree(Type over, Type value) {
  if (isa<FloatType>(over))
    return over == value;
  return value.isIntOrIndex();
}

/// Rank of one event of a distribution value, where its family is known.
static std::optional<unsigned> getEventRank(Value distribution) {
  if (auto family = distribution.getDefiningOp<DistributionOpInterface>())
    return family.getEventRank();
  return std::nullopt;
}

/// Verifies that values of type `value` are draws of `distribution`: of its
/// type, or with leading dimensions of independent draws.
static LogicalResult verifyDraws(Operation *op, Value distribution, Type value,
                                 StringRef what) {
  Type over = cast<DistType>(distribution.getType()).getValueType();
  auto error = [&](const Twine &reason) {
    InFlightDiagnostic diagnostic = op->emitOpError(what)
                                    << " of type " << value
                                    << " is no draw of a distribution over "
                                    << over << ": " << reason;
    diagnostic.attachNote(distribution.getLoc()) << "the distribution is here";
    return diagnostic;
  };
  if (!elementsAgree(getElementTypeOrSelf(over), getElementTypeOrSelf(value)))
    return error("their elements differ");
  auto shapeOf = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor ? tensor.getShape() : ArrayRef<int64_t>();
  };
  if (isa<ShapedType>(value) && !isa<RankedTensorType>(value))
    return error("the value must be a scalar or a ranked tensor");
  if (isRankZeroTensor(value))
    return error("a single number is a scalar, not a tensor of rank 0");
  ArrayRef<int64_t> overShape = shapeOf(over), shape = shapeOf(value);
  if (shape.size() < overShape.size())
    return error("the distribution has more dimensions");
  if (shape.size() > overShape.size() && !overShape.empty()) {
    std::optional<unsigned> eventRank = getEventRank(distribution);
    if (!eventRank || *eventRank != overShape.size())
      return error("shapes are not broadcast; write a plate, or give the "
                   "distribution the value's shape");
  }
  ArrayRef<int64_t> trailing = shape.take_back(overShape.size());
  for (auto [a, b] : llvm::zip(overShape, trailing))
    if (!ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b)
      return error("their shapes differ");
  return success();
}

/// Verifies the number of `sizes` against the dynamic dimensions of `type`.
static LogicalResult verifySizes(Operation *op, Type type, ValueRange sizes,
                                 unsigned known) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  unsigned dynamic = 0;
  if (tensor)
    dynamic = tensor.getNumDynamicDims();
  unsigned expected = dynamic - std::min(dynamic, known);
  if (sizes.size() == expected)
    return success();
  return op->emitOpError("has ") << sizes.size() << " sizes for " << expected
                                 << " dynamic dimensions of " << type
                                 << " that its distribution does not give";
}

/// The dynamic dimensions that the distribution's own type accounts for.
static unsigned getKnownDimensions(Value distribution) {
  auto tensor = dyn_cast<RankedTensorType>(
      cast<DistType>(distribution.getType()).getValueType());
  return tensor ? tensor.getNumDynamicDims() : 0;
}

template <typename Op> static LogicalResult verifySample(Op op) {
  Type value = op.getValue().getType();
  if (failed(verifyDraws(op, op.getDistribution(), value, "value")))
    return failure();
  return verifySizes(op, value, op.getSizes(),
                     getKnownDimensions(op.getDistribution()));
}

LogicalResult SampleOp::verify() { return verifySample(*this); }
LogicalResult DrawOp::verify() {
  if (!(*this)->getParentOfType<ExpectOp>())
    return emitOpError("draws '")
           << getSite() << "' outside of an expectation (vi.expect)";
  return verifySample(*this);
}
LogicalResult PredictOp::verify() { return verifySample(*this); }

/// Verifies a mask against the value that it masks.
static LogicalResult verifyMask(Operation *op, Value mask, Type value) {
  if (!mask)
    return success();
  Type type = mask.getType();
  if (!getElementTypeOrSelf(type).isInteger(1))
    return op->emitOpError("mask has type ") << type << ", not of i1";
  auto maskTensor = dyn_cast<RankedTensorType>(type);
  auto valueTensor = dyn_cast<RankedTensorType>(value);
  if (!maskTensor || !valueTensor)
    return maskTensor == valueTensor || !maskTensor
               ? success()
               : op->emitOpError("mask of type ")
                     << type << " for a value of type " << value;
  if (succeeded(
          verifyCompatibleShape(maskTensor.getShape(), valueTensor.getShape())))
    return success();
  return op->emitOpError("mask of type ")
         << type << " for a value of type " << value;
}

/// Whether a number lies in a support without bounds that are operands.
static bool contains(SupportKind kind, double x) {
  switch (kind) {
  case SupportKind::Positive:
    return x >= 0;
  case SupportKind::UnitInterval:
    return x >= 0 && x <= 1;
  case SupportKind::Boolean:
    return x == 0 || x == 1;
  case SupportKind::NonnegativeInteger:
    return x >= 0;
  default:
    return true;
  }
}

/// Refuses constants outside the support of the distribution.
static LogicalResult verifyInSupport(Operation *op, Value distribution,
                                     Value value) {
  auto family = distribution.getDefiningOp<DistributionOpInterface>();
  if (!family)
    return success();
  SupportKind kind = family.getSupport().kind;
  auto check = [&](double x) -> LogicalResult {
    if (contains(kind, x))
      return success();
    InFlightDiagnostic diagnostic = op->emitOpError("value ")
                                    << x << " is outside the support "
                                    << stringifySupportKind(kind);
    diagnostic.attachNote(distribution.getLoc()) << "the distribution is here";
    return diagnostic;
  };
  for (double x : getConstantNumbers(value))
    if (failed(check(x)))
      return failure();
  return success();
}

LogicalResult ObserveOp::verify() {
  Type value = getValue().getType();
  if (failed(verifyDraws(*this, getDistribution(), value, "observation")) ||
      failed(verifyMask(*this, getMask(), value)))
    return failure();
  return verifyInSupport(*this, getDistribution(), getValue());
}

LogicalResult LogProbOp::verify() {
  Type value = getValue().getType();
  if (failed(verifyDraws(*this, getDistribution(), value, "value")))
    return failure();
  return verifyMask(*this, getMask(), value);
}

LogicalResult DeterministicOp::verify() {
  Type type = getValue().getType(), element = getElementTypeOrSelf(type);
  if (!element.isIntOrIndexOrFloat())
    return emitOpError("reports a value of type ")
           << type << "; expected numbers";
  if (isRankZeroTensor(type))
    return emitOpError("reports a value of type ")
           << type << "; a single number has type " << element;
  return success();
}

/// Whether x has a finite image on the unconstrained scale: whether it lies
/// inside a support and not at its end, as far as the bounds are constants.
static bool isInterior(SupportKind kind, ValueRange bounds, double x) {
  double lower = -std::numeric_limits<double>::infinity(), upper = -lower;
  auto read = [&](unsigned index, double &bound) {
    if (SmallVector<double> number = getConstantNumbers(bounds[index]);
        number.size() == 1)
      bound = number[0];
  };
  switch (kind) {
  case SupportKind::Positive:
    lower = 0;
    break;
  case SupportKind::UnitInterval:
  case SupportKind::Simplex:
    lower = 0;
    upper = 1;
    break;
  case SupportKind::GreaterThan:
    read(0, lower);
    break;
  case SupportKind::LessThan:
    read(0, upper);
    break;
  case SupportKind::Interval:
    read(0, lower);
    read(1, upper);
    break;
  default:
    break;
  }
  return lower < x && x < upper;
}

/// Verifies where the fit of a parameter starts.
static LogicalResult verifyInitial(ParamOp op) {
  std::optional<Attribute> initial = op.getInitial();
  if (!initial)
    return success();
  Type type = op.getValue().getType();
  if (isa<InitializerAttr>(*initial)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() < 2 || op.getSupport() != SupportKind::Real)
      return op.emitOpError("starts at random; that is for real parameters of "
                            "rank two and more, not for ")
             << stringifySupportKind(op.getSupport()) << " " << type;
    return success();
  }
  auto elements = dyn_cast<DenseFPElementsAttr>(*initial);
  if (!elements && !isa<FloatAttr>(*initial))
    return op.emitOpError("initial value must be a number or the elements of ")
           << type;
  if (elements && elements.getType() != type)
    return op.emitOpError("initial value has type ")
           << elements.getType() << ", the parameter " << type;
  SmallVector<double> numbers = getConstantNumbers(*initial);
  for (double x : numbers)
    if (!isInterior(op.getSupport(), op.getBounds(), x))
      return op.emitOpError("initial value ")
             << x << " is outside the support "
             << stringifySupportKind(op.getSupport()) << " or at its end";
  if (op.getSupport() != SupportKind::Simplex)
    return success();
  if (!elements)
    return op.emitOpError("initial value on a simplex must be the elements of ")
           << type;
  double sum = 0;
  for (double x : numbers)
    sum += numbers.size() == 1 ? x * elements.getNumElements() : x;
  if (std::abs(sum - 1) <= 1e-5)
    return success();
  return op.emitOpError("initial value must sum to 1, but sums to ") << sum;
}

LogicalResult ParamOp::verify() {
  if (auto plate = (*this)->getParentOfType<PlateOp>()) {
    InFlightDiagnostic diagnostic =
        emitOpError("stands in a plate; declare one parameter for all members "
                    "outside and slice it");
    diagnostic.attachNote(plate.getLoc()) << "the plate is here";
    return diagnostic;
  }
  if (!isa<FunctionOpInterface>((*this)->getParentOp()))
    return emitOpError("stands in ")
           << (*this)->getParentOp()->getName()
           << "; declare parameters at the top of the model or guide";
  Type type = getValue().getType();
  Type element = getElementTypeOrSelf(type);
  if (!element.isF32() && !element.isF64())
    return emitOpError("has type ") << type << "; parameters are real numbers";
  if (isa<ShapedType>(type) && !isa<RankedTensorType>(type))
    return emitOpError("has type ")
           << type << "; expected a scalar or a ranked tensor";
  if (isRankZeroTensor(type))
    return emitOpError("has type ")
           << type << "; a single number has type " << element;
  switch (getSupport()) {
  case SupportKind::Boolean:
  case SupportKind::NonnegativeInteger:
  case SupportKind::IntegerInterval:
    return emitOpError("cannot be learned on the discrete set ")
           << stringifySupportKind(getSupport());
  case SupportKind::Simplex:
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        !tensor || tensor.getRank() != 1)
      return emitOpError("on a simplex is a vector, not ") << type;
    else if (tensor.getDimSize(0) == 0)
      return emitOpError("on a simplex has at least one element");
    break;
  default:
    break;
  }
  if (failed(verifyBounds(*this, getSupport(), getBounds(), element)) ||
      failed(verifyInitial(*this)))
    return failure();
  return verifySizes(*this, type, getSizes(), 0);
}
