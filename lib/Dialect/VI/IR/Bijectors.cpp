//===- Bijectors.cpp - maps between reals and supports -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Bijectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Elementwise maps
//===----------------------------------------------------------------------===//

/// A bound, where `x` may be an element or a tensor of elements.
static Expression bound(Expression x, Value value) { return x.with(value); }

static Expression identity(Expression x, ValueRange) { return x; }

static Expression noJacobian(Expression u, ValueRange) {
  return {u.getBuilder(),
          floatConstant(u.getBuilder(), getElementTypeOrSelf(u.getType()), 0)};
}

static Expression constrainPositive(Expression u, ValueRange) {
  return map(u, [](Expression u) { return exp(u); });
}

static Expression unconstrainPositive(Expression z, ValueRange) {
  return map(z, [](Expression z) { return log(z); });
}

static Expression jacobianPositive(Expression u, ValueRange) { return sum(u); }

static Expression constrainUnitInterval(Expression u, ValueRange) {
  return map(u, [](Expression u) { return sigmoid(u); });
}

static Expression unconstrainUnitInterval(Expression z, ValueRange) {
  return map(z, [](Expression z) { return log(z) - log1p(-z); });
}

/// log sigmoid(u) + log sigmoid(-u), in a form without cancellation.
static Expression logSigmoidSlope(Expression u) {
  return logSigmoid(u) + logSigmoid(-u);
}

static Expression jacobianUnitInterval(Expression u, ValueRange) {
  return sum(map(u, logSigmoidSlope));
}

static Expression constrainGreaterThan(Expression u, ValueRange bounds) {
  return map(u, [&](Expression u) { return bound(u, bounds[0]) + exp(u); });
}

static Expression unconstrainGreaterThan(Expression z, ValueRange bounds) {
  return map(z, [&](Expression z) { return log(z - bound(z, bounds[0])); });
}

static Expression constrainLessThan(Expression u, ValueRange bounds) {
  return map(u, [&](Expression u) { return bound(u, bounds[0]) - exp(u); });
}

static Expression unconstrainLessThan(Expression z, ValueRange bounds) {
  return map(z, [&](Expression z) { return log(bound(z, bounds[0]) - z); });
}

static Expression constrainInterval(Expression u, ValueRange bounds) {
  return map(u, [&](Expression u) {
    Expression lower = bound(u, bounds[0]), upper = bound(u, bounds[1]);
    return lower + (upper - lower) * sigmoid(u);
  });
}

static Expression unconstrainInterval(Expression z, ValueRange bounds) {
  return map(z, [&](Expression z) {
    return log(z - bound(z, bounds[0])) - log(bound(z, bounds[1]) - z);
  });
}

static Expression jacobianInterval(Expression u, ValueRange bounds) {
  return sum(map(u, [&](Expression u) {
    return log(bound(u, bounds[1]) - bound(u, bounds[0])) + logSigmoidSlope(u);
  }));
}

//===----------------------------------------------------------------------===//
// Simplex, by stick-breaking
//===----------------------------------------------------------------------===//

/// log(K - 1 - k), the shift that maps u = 0 to the centre of the simplex, for
/// the break `k` of `breaks` = K - 1.
static Expression stickOffset(Expression like, Value k, Value breaks) {
  ImplicitLocOpBuilder &b = like.getBuilder();
  Value left = arith::SubIOp::create(b, breaks, k);
  return log(toFloat(b, left, like.getType()));
}

/// A loop over the breaks k = 0 .. breaks - 1 with values carried.
static SmallVector<Value>
forEachBreak(ImplicitLocOpBuilder &builder, Value breaks, ValueRange inits,
             llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &,
                                                   Value, ValueRange)>
                 body) {
  Value zero = arith::ConstantIndexOp::create(builder, 0);
  Value one = arith::ConstantIndexOp::create(builder, 1);
  auto loop = scf::ForOp::create(
      builder, zero, breaks, one, inits,
      [&](OpBuilder &nested, Location loc, Value k, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        scf::YieldOp::create(nested, loc, body(inner, k, carried));
      });
  return llvm::to_vector(ValueRange(loop.getResults()));
}

static Value addOne(ImplicitLocOpBuilder &b, Value index) {
  return b.createOrFold<arith::AddIOp>(
      index, arith::ConstantIndexOp::create(b, 1).getResult());
}

static Expression constrainSimplex(Expression u, ValueRange) {
  ImplicitLocOpBuilder &b = u.getBuilder();
  auto type = cast<RankedTensorType>(u.getType());
  Type element = type.getElementType();
  Value breaks = dimension(b, u, 0);
  SmallVector<Value> size;
  int64_t count = ShapedType::kDynamic;
  if (type.isDynamicDim(0))
    size.push_back(addOne(b, breaks));
  else
    count = type.getDimSize(0) + 1;
  Value empty =
      tensor::EmptyOp::create(b, RankedTensorType::get(count, element), size);
  // The stick left is carried as it is and not as a product of complements:
  // sigmoid(-t) has no cancellation.
  SmallVector<Value> result = forEachBreak(
      b, breaks, {empty, floatConstant(b, element, 1)},
      [&](ImplicitLocOpBuilder &b, Value k, ValueRange carried) {
        Expression rest(b, carried[1]);
        Expression t(b, tensor::ExtractOp::create(b, u.getValue(), k));
        t = t - stickOffset(t, k, breaks);
        Value piece = rest * sigmoid(t);
        Value pieces = tensor::InsertOp::create(b, piece, carried[0], k);
        return SmallVector<Value>{pieces, rest * sigmoid(-t)};
      });
  return u.with(tensor::InsertOp::create(b, result[1], result[0], breaks));
}

static Expression unconstrainSimplex(Expression z, ValueRange) {
  ImplicitLocOpBuilder &b = z.getBuilder();
  auto type = cast<RankedTensorType>(z.getType());
  Type element = type.getElementType();
  Value size = dimension(b, z, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value breaks = b.createOrFold<arith::SubIOp>(size, one);
  SmallVector<Value> sizes;
  int64_t count = ShapedType::kDynamic;
  if (type.isDynamicDim(0))
    sizes.push_back(breaks);
  else
    count = type.getDimSize(0) - 1;
  Value empty =
      tensor::EmptyOp::create(b, RankedTensorType::get(count, element), sizes);
  // From the last break to the first, so that the stick left is a sum of
  // pieces instead of a difference.
  Value last = tensor::ExtractOp::create(b, z.getValue(), breaks);
  SmallVector<Value> result = forEachBreak(
      b, breaks, {empty, last},
      [&](ImplicitLocOpBuilder &b, Value i, ValueRange carried) {
        Value k = arith::SubIOp::create(b, arith::SubIOp::create(b, breaks, i),
                                        arith::ConstantIndexOp::create(b, 1));
        Expression rest(b, carried[1]);
        Expression piece(b, tensor::ExtractOp::create(b, z.getValue(), k));
        Value broken = log(piece) - log(rest) + stickOffset(rest, k, breaks);
        return SmallVector<Value>{
            tensor::InsertOp::create(b, broken, carried[0], k), rest + piece};
      });
  return z.with(result[0]);
}

static Expression jacobianSimplex(Expression u, ValueRange) {
  ImplicitLocOpBuilder &b = u.getBuilder();
  Type element = getElementTypeOrSelf(u.getType());
  Value breaks = dimension(b, u, 0);
  Value zero = floatConstant(b, element, 0);
  // Each break v of a stick of length r has slope r v (1 - v).
  SmallVector<Value> result = forEachBreak(
      b, breaks, {zero, zero},
      [&](ImplicitLocOpBuilder &b, Value k, ValueRange carried) {
        Expression total(b, carried[0]), logRest(b, carried[1]);
        Expression t(b, tensor::ExtractOp::create(b, u.getValue(), k));
        t = t - stickOffset(t, k, breaks);
        Expression complement = logSigmoid(-t);
        return SmallVector<Value>{total + logRest + logSigmoid(t) + complement,
                                  logRest + complement};
      });
  return u.with(result[0]);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

const Bijector *vi::getBijector(SupportKind support) {
  static const Bijector real = {identity, identity, noJacobian, 0, 0, 0};
  static const Bijector positive = {
      constrainPositive, unconstrainPositive, jacobianPositive, 0, 0, 0};
  static const Bijector unitInterval = {constrainUnitInterval,
                                        unconstrainUnitInterval,
                                        jacobianUnitInterval,
                                        0,
                                        0,
                                        0};
  static const Bijector greaterThan = {
      constrainGreaterThan, unconstrainGreaterThan, jacobianPositive, 0, 1, 0};
  static const Bijector lessThan = {
      constrainLessThan, unconstrainLessThan, jacobianPositive, 0, 1, 0};
  static const Bijector interval = {
      constrainInterval, unconstrainInterval, jacobianInterval, 0, 2, 0};
  static const Bijector simplex = {
      constrainSimplex, unconstrainSimplex, jacobianSimplex, 1, 0, 1};
  switch (support) {
  case SupportKind::Real:
    return &real;
  case SupportKind::Positive:
    return &positive;
  case SupportKind::UnitInterval:
    return &unitInterval;
  case SupportKind::GreaterThan:
    return &greaterThan;
  case SupportKind::LessThan:
    return &lessThan;
  case SupportKind::Interval:
    return &interval;
  case SupportKind::Simplex:
    return &simplex;
  case SupportKind::Boolean:
  case SupportKind::NonnegativeInteger:
  case SupportKind::IntegerInterval:
    return nullptr;
  }
  llvm_unreachable("unknown support");
}

LogicalResult vi::verifyBounds(Operation *op, SupportKind support,
                               ValueRange bounds, Type element) {
  unsigned expected = getBijector(support)->bounds;
  if (bounds.size() != expected)
    return op->emitOpError("of support ")
           << stringifySupportKind(support) << " takes " << expected
           << " bounds, not " << bounds.size();
  for (Value bound : bounds) {
    if (bound.getType() != element)
      return op->emitOpError("has a bound of ")
             << bound.getType() << " for values of " << element;
    for (double number : getConstantNumbers(bound)) {
      if (std::isfinite(number))
        continue;
      InFlightDiagnostic diagnostic = op->emitOpError("bound ")
                                      << number << " is not finite";
      diagnostic.attachNote(bound.getLoc()) << "the bound is here";
      return diagnostic;
    }
  }
  if (bounds.size() == 2)
    return verifyBoundsOrder(op, bounds[0], bounds[1]);
  return success();
}

Type vi::getUnconstrainedType(SupportKind support, Type constrained) {
  const Bijector *bijector = getBijector(support);
  auto type = dyn_cast<RankedTensorType>(constrained);
  if (!bijector || !bijector->lostDimensions || !type || type.getRank() == 0)
    return constrained;
  SmallVector<int64_t> shape(type.getShape());
  if (!ShapedType::isDynamic(shape.back()))
    shape.back() = std::max<int64_t>(
        shape.back() - static_cast<int64_t>(bijector->lostDimensions), 0);
  return RankedTensorType::get(shape, type.getElementType());
}

//===----------------------------------------------------------------------===//
// Verification of the ops
//===----------------------------------------------------------------------===//

/// What the three ops share: a continuous support with its bounds, and values
/// of floats of the event's rank.
static LogicalResult verifyBijector(Operation *op, SupportKind support,
                                    ValueRange bounds, Type constrained,
                                    Type unconstrained) {
  const Bijector *bijector = getBijector(support);
  if (!bijector)
    return op->emitOpError("has no bijector for the discrete support ")
           << stringifySupportKind(support);
  Type element = getElementTypeOrSelf(unconstrained);
  if (!element.isF32() && !element.isF64())
    return op->emitOpError("is on values of f32 or f64, not of ") << element;
  auto type = dyn_cast<RankedTensorType>(unconstrained);
  if (bijector->eventRank && (!type || type.getRank() != bijector->eventRank))
    return op->emitOpError("of support ")
           << stringifySupportKind(support) << " is on a vector, not on "
           << unconstrained;
  if (failed(verifyBounds(op, support, bounds, element)))
    return failure();
  if (!constrained)
    return success();
  Type expected = getUnconstrainedType(support, constrained);
  if (getElementTypeOrSelf(expected) != element ||
      failed(verifyCompatibleShape(expected, unconstrained)))
    return op->emitOpError("maps ")
           << constrained << " to " << expected << ", not to " << unconstrained;
  return success();
}

LogicalResult ConstrainOp::verify() {
  return verifyBijector(*this, getSupport(), getBounds(),
                        getConstrained().getType(),
                        getUnconstrained().getType());
}

LogicalResult UnconstrainOp::verify() {
  return verifyBijector(*this, getSupport(), getBounds(),
                        getConstrained().getType(),
                        getUnconstrained().getType());
}

LogicalResult LogDetJacobianOp::verify() {
  if (failed(verifyBijector(*this, getSupport(), getBounds(), Type(),
                            getUnconstrained().getType())))
    return failure();
  if (getResult().getType() != getElementTypeOrSelf(getUnconstrained()))
    return emitOpError("of values of ")
           << getElementTypeOrSelf(getUnconstrained()) << " is not a "
           << getResult().getType();
  return success();
}
