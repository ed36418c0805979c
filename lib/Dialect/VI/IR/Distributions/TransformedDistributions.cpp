//===- TransformedDistributions.cpp - delta, flat, images -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "vi/Dialect/VI/IR/Bijectors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi;

using Kind = Statistic::Kind;

//===----------------------------------------------------------------------===//
// Delta
//===----------------------------------------------------------------------===//

// All of its support is one point, which may lie in any set.
Support DeltaOp::getSupport() {
  return {SupportKind::Interval, {getLocation(), getLocation()}};
}

Value DeltaOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0);
  return where(equal(loc.with(value), loc), loc.constant(0));
}

Value DeltaOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  return getLocation();
}

bool DeltaOp::isReparameterized() { return true; }

Value DeltaOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return parameter(b, *this, 0).constant(0);
}

/// The statistic of a point.
static Value atPoint(Expression x, const Statistic &statistic) {
  switch (statistic.kind) {
  case Kind::Power: {
    Expression result = x.constant(1);
    for (int i = 0, e = std::abs(statistic.power); i < e; ++i)
      result = result * x;
    return statistic.power < 0 ? 1.0 / result : result;
  }
  case Kind::Log:
    return log(x);
  case Kind::Log1Minus:
    return log1p(-x);
  case Kind::LogSquared:
    return square(log(x));
  case Kind::Exponential:
    return exp(x.with(statistic.coefficient) * x);
  case Kind::SquaredDeviation:
    return square(x - x.with(statistic.location));
  case Kind::AbsoluteDeviation:
    return abs(x - x.with(statistic.location));
  }
  llvm_unreachable("unknown statistic");
}

Value DeltaOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                      const Statistic &statistic) {
  return atPoint(parameter(b, *this, 0), statistic);
}

//===----------------------------------------------------------------------===//
// Flat
//===----------------------------------------------------------------------===//

unsigned FlatOp::getEventRank() {
  const Bijector *bijector = getBijector(getSupportKind());
  return bijector ? bijector->eventRank : 0;
}

Support FlatOp::getSupport() {
  return {getSupportKind(), llvm::to_vector<2>(getBounds())};
}

bool FlatOp::isNormalized() { return false; }

FloatType FlatOp::getFloatType() {
  return cast<FloatType>(cast<DistType>(getType()).getElementType());
}

/// -inf where `x`, a scalar, lies outside the support.
static Expression restrict(Expression x, const Support &support, Expression a) {
  auto bound = [&](unsigned i) { return x.with(support.bounds[i]); };
  switch (support.kind) {
  case SupportKind::Positive:
    return impossibleWhere(x < x.constant(0), a);
  case SupportKind::UnitInterval:
    return impossibleWhere(x < x.constant(0),
                           impossibleWhere(x > x.constant(1), a));
  case SupportKind::GreaterThan:
    return impossibleWhere(x < bound(0), a);
  case SupportKind::LessThan:
    return impossibleWhere(x > bound(0), a);
  case SupportKind::Interval:
    return impossibleWhere(x < bound(0), impossibleWhere(x > bound(1), a));
  default:
    return a;
  }
}

Value FlatOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression zero(b, floatConstant(b, getFloatType(), 0));
  if (getSupportKind() != SupportKind::Simplex)
    return restrict(zero.with(value), getSupport(), zero);
  // Rounding leaves a vector close to the simplex.
  Expression x = zero.with(value), error = abs(sum(x) - 1);
  return impossibleWhere(
      error > error.constant(getFloatType().isF64() ? 1e-8 : 1e-4),
      sum(map(x, [](Expression x) {
        return impossibleWhere(x < x.constant(0), x.constant(0));
      })));
}

Value FlatOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  return Value();
}

LogicalResult FlatOp::verify() {
  const Bijector *bijector = getBijector(getSupportKind());
  if (!bijector)
    return emitOpError("has no density on the discrete support ")
           << stringifySupportKind(getSupportKind());
  Type value = cast<DistType>(getType()).getValueType();
  Type element = getElementTypeOrSelf(value);
  if (!isa<FloatType>(element))
    return emitOpError("is over real values, not over ") << value;
  auto tensor = dyn_cast<RankedTensorType>(value);
  if (bijector->eventRank > (tensor ? tensor.getRank() : 0))
    return emitOpError("on support ") << stringifySupportKind(getSupportKind())
                                      << " is over vectors, not over " << value;
  return verifyBounds(*this, getSupportKind(), getBounds(), element);
}

//===----------------------------------------------------------------------===//
// Statistics under a bijector
//===----------------------------------------------------------------------===//

/// E[s(z)] of z = T(u), from expectations of statistics of u.
static Value expectConstrained(ImplicitLocOpBuilder &b, SupportKind support,
                               const Statistic &statistic,
                               ExpectationFunction ofU, Type type) {
  switch (support) {
  case SupportKind::Real:
    return ofU(statistic);
  case SupportKind::Positive:
    switch (statistic.kind) {
    case Kind::Power:
      return ofU(
          Statistic::getExponential(floatConstant(b, type, statistic.power)));
    case Kind::Log:
      return ofU(Statistic::getPower(1));
    case Kind::LogSquared:
      return ofU(Statistic::getPower(2));
    default:
      return Value();
    }
  case SupportKind::GreaterThan:
  case SupportKind::LessThan:
  default:
    return Value();
  }
}

/// E[s(u)] of u = T^-1(z), from expectations of statistics of z.
static Value expectUnconstrained(ImplicitLocOpBuilder &b, SupportKind support,
                                 const Statistic &statistic,
                                 ExpectationFunction ofZ) {
  switch (support) {
  case SupportKind::Real:
    return ofZ(statistic);
  case SupportKind::Positive:
    switch (statistic.kind) {
    case Kind::Power:
      if (statistic.power == 1)
        return ofZ(Statistic::get(Kind::Log));
      if (statistic.power == 2)
        return ofZ(Statistic::get(Kind::LogSquared));
      return Value();
    case Kind::Exponential: {
      // exp(n log z) = z^n for a constant integer n.
      std::optional<double> n =
          Expression(b, statistic.coefficient).getConstant();
      if (!n || *n != std::round(*n) || std::abs(*n) > 64)
        return Value();
      return ofZ(Statistic::getPower(int(*n)));
    }
    default:
      return Value();
    }
  case SupportKind::UnitInterval: {
    if (statistic.kind != Kind::Power || statistic.power != 1)
      return Value();
    auto e = expectAll(b, ofZ, Statistic::get(Kind::Log),
                       Statistic::get(Kind::Log1Minus));
    return e ? ((*e)[0] - (*e)[1]).getValue() : Value();
  }
  default:
    return Value();
  }
}

/// E[log |det dT/du|], from expectations of statistics of u or of z.
static Value expectJacobian(ImplicitLocOpBuilder &b, SupportKind support,
                            Type type, ExpectationFunction ofU,
                            ExpectationFunction ofZ) {
  switch (support) {
  case SupportKind::Real:
    return floatConstant(b, type, 0);
  case SupportKind::Positive:
    return ofU ? ofU(Statistic::getPower(1)) : ofZ(Statistic::get(Kind::Log));
  case SupportKind::GreaterThan:
  case SupportKind::LessThan:
    return ofU ? ofU(Statistic::getPower(1)) : Value();
  case SupportKind::UnitInterval: {
    if (!ofZ)
      return Value();
    auto e = expectAll(b, ofZ, Statistic::get(Kind::Log),
                       Statistic::get(Kind::Log1Minus));
    return e ? ((*e)[0] + (*e)[1]).getValue() : Value();
  }
  default:
    return Value();
  }
}

/// The statistics of the point z = T(u), in the form that is accurate where z
/// itself is rounded to an end of the support; null where it needs z.
static Value atConstrainedPoint(Expression u, SupportKind support,
                                const Statistic &statistic) {
  switch (support) {
  case SupportKind::Real:
    return atPoint(u, statistic);
  case SupportKind::Positive:
    switch (statistic.kind) {
    case Kind::Power:
      return statistic.power == 0 ? u.constant(1)
                                  : exp(double(statistic.power) * u);
    case Kind::Log:
      return u;
    case Kind::LogSquared:
      return square(u);
    default:
      return atPoint(exp(u), statistic);
    }
  case SupportKind::UnitInterval:
    switch (statistic.kind) {
    case Kind::Log:
      return logSigmoid(u);
    case Kind::Log1Minus:
      return logSigmoid(-u);
    case Kind::LogSquared:
      return square(logSigmoid(u));
    default:
      return atPoint(sigmoid(u), statistic);
    }
  default:
    return Value();
  }
}

//===----------------------------------------------------------------------===//
// Pushforward and pullback
//===----------------------------------------------------------------------===//

static DistributionOpInterface getBaseOf(Value base) {
  return base.getDefiningOp<DistributionOpInterface>();
}

/// Whether z lies outside the open support (null where it cannot), and z, or a
/// value inside where it does.
static std::pair<Value, Expression> splitAtSupport(Expression z,
                                                   const Support &support) {
  auto bound = [&](unsigned i) { return z.with(support.bounds[i]); };
  auto split = [&](Value outside, Expression inside) {
    return std::pair<Value, Expression>(outside, select(outside, inside, z));
  };
  auto between = [&](Expression lower, Expression upper) {
    Value outside =
        z.getBuilder().createOrFold<arith::OrIOp>(z <= lower, z >= upper);
    return split(outside, 0.5 * lower + 0.5 * upper);
  };
  switch (support.kind) {
  case SupportKind::Positive:
    return split(z <= z.constant(0), z.constant(1));
  case SupportKind::UnitInterval:
    return between(z.constant(0), z.constant(1));
  case SupportKind::GreaterThan:
    return split(z <= bound(0), bound(0) + 1);
  case SupportKind::LessThan:
    return split(z >= bound(0), bound(0) - 1);
  case SupportKind::Interval:
    return between(bound(0), bound(1));
  default:
    return {Value(), z};
  }
}

static unsigned getTransformedRank(SupportKind support, Value base) {
  DistributionOpInterface family = getBaseOf(base);
  const Bijector *bijector = getBijector(support);
  return std::max(family ? family.getEventRank() : 0u,
                  bijector ? bijector->eventRank : 0u);
}

/// Both directions map a distribution over reals to one over the support.
static LogicalResult verifyTransformed(Operation *op, SupportKind support,
                                       ValueRange bounds, Type constrained,
                                       Type unconstrained) {
  const Bijector *bijector = getBijector(support);
  if (!bijector)
    return op->emitOpError("has no bijector for the discrete support ")
           << stringifySupportKind(support);
  Type element = getElementTypeOrSelf(unconstrained);
  if (!isa<FloatType>(element))
    return op->emitOpError("is of a distribution over real values, not over ")
           << unconstrained;
  auto tensor = dyn_cast<RankedTensorType>(unconstrained);
  if (bijector->eventRank > (tensor ? tensor.getRank() : 0))
    return op->emitOpError("of support ")
           << stringifySupportKind(support) << " is over vectors, not over "
           << constrained;
  if (failed(verifyBounds(op, support, bounds, element)))
    return failure();
  Type expected = getUnconstrainedType(support, constrained);
  if (getElementTypeOrSelf(expected) != element ||
      failed(verifyCompatibleShape(expected, unconstrained)))
    return op->emitOpError("relates ")
           << constrained << " to " << expected << ", not to " << unconstrained;
  return success();
}

static Type getValueType(Value distribution) {
  return cast<DistType>(distribution.getType()).getValueType();
}

/// Whether every value of the bijector's support is a value of the family's,
/// so that formulas which assume a value inside the support hold.
static bool coversSupport(const Support &family, SupportKind support,
                          ValueRange bounds) {
  if (family.kind == SupportKind::Real)
    return true;
  if (family.kind != support || family.bounds.size() != bounds.size())
    return false;
  return llvm::equal(family.bounds, bounds);
}

unsigned PushforwardOp::getEventRank() {
  return getTransformedRank(getSupportKind(), getBase());
}

Support PushforwardOp::getSupport() {
  return {getSupportKind(), llvm::to_vector<2>(getBounds())};
}

bool PushforwardOp::isNormalized() {
  DistributionOpInterface base = getBaseOf(getBase());
  return !base || base.isNormalized();
}

bool PushforwardOp::isReparameterized() {
  DistributionOpInterface base = getBaseOf(getBase());
  return base && base.isReparameterized();
}

FloatType PushforwardOp::getFloatType() {
  return cast<FloatType>(cast<DistType>(getType()).getElementType());
}

Value PushforwardOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  const Bijector *bijector = getBijector(getSupportKind());
  Expression z(b, value);
  // A value outside the support has no u; its density is 0.
  Support support = getSupport();
  if (support.kind == SupportKind::Simplex ||
      isa<RankedTensorType>(value.getType())) {
    Expression u = bijector->unconstrain(z, getBounds());
    Value density = vi::buildLogProb(b, getBase(), u);
    if (!density)
      return Value();
    return z.with(density) - bijector->logDetJacobian(u, getBounds());
  }
  auto [outside, inside] = splitAtSupport(z, support);
  Expression u = bijector->unconstrain(inside, getBounds());
  Value density = vi::buildLogProb(b, getBase(), u);
  if (!density)
    return Value();
  Expression result =
      z.with(density) - bijector->logDetJacobian(u, getBounds());
  return outside ? impossibleWhere(outside, result) : result;
}

/// One draw of the base distribution, the elements of a batch independent.
static Value drawBase(ImplicitLocOpBuilder &b, Value base, NoiseSource &noise) {
  DistributionOpInterface family = getBaseOf(base);
  if (!family || getBatchRank(base) != 0)
    return Value();
  return family.buildDraw(b, noise);
}

Value PushforwardOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value u = drawBase(b, getBase(), noise);
  if (!u)
    return Value();
  return getBijector(getSupportKind())->constrain({b, u}, getBounds());
}

Value PushforwardOp::buildEntropy(ImplicitLocOpBuilder &b) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0)
    return Value();
  Value entropy = base.buildEntropy(b);
  if (!entropy)
    return Value();
  auto ofU = [&](const Statistic &statistic) {
    return base.buildExpectedStatistic(b, statistic);
  };
  Value jacobian =
      expectJacobian(b, getSupportKind(), getFloatType(), ofU, nullptr);
  if (!jacobian)
    return Value();
  return Expression(b, entropy) + Expression(b, jacobian);
}

Value PushforwardOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                            const Statistic &statistic) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0)
    return Value();
  auto ofU = [&](const Statistic &statistic) {
    return base.buildExpectedStatistic(b, statistic);
  };
  return expectConstrained(b, getSupportKind(), statistic, ofU, getFloatType());
}

Value PushforwardOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                          ExpectationFunction expectation) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0)
    return Value();
  auto ofU = [&](const Statistic &statistic) {
    return expectUnconstrained(b, getSupportKind(), statistic, expectation);
  };
  Value density = base.buildExpectedLogProb(b, ofU);
  if (!density)
    return Value();
  Value jacobian =
      expectJacobian(b, getSupportKind(), getFloatType(), nullptr, expectation);
  if (!jacobian)
    return Value();
  return Expression(b, density) - Expression(b, jacobian);
}

LogicalResult PushforwardOp::verify() {
  return verifyTransformed(*this, getSupportKind(), getBounds(),
                           getValueType(getDistribution()),
                           getValueType(getBase()));
}

unsigned PullbackOp::getEventRank() {
  return getTransformedRank(getSupportKind(), getBase());
}

Support PullbackOp::getSupport() { return {SupportKind::Real, {}}; }

bool PullbackOp::isNormalized() {
  DistributionOpInterface base = getBaseOf(getBase());
  return !base || base.isNormalized();
}

bool PullbackOp::isReparameterized() {
  DistributionOpInterface base = getBaseOf(getBase());
  return base && base.isReparameterized();
}

FloatType PullbackOp::getFloatType() {
  return cast<FloatType>(cast<DistType>(getType()).getElementType());
}

Value PullbackOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  const Bijector *bijector = getBijector(getSupportKind());
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base)
    return Value();
  Expression u(b, value);
  Value density;
  // In statistics of T(u), as of a distribution whose mass is at that point:
  // log T(u) stays exact where T(u) is rounded.
  if (getEventRank() == 0 &&
      coversSupport(base.getSupport(), getSupportKind(), getBounds()))
    density = base.buildExpectedLogProb(b, [&](const Statistic &statistic) {
      return atConstrainedPoint(u, getSupportKind(), statistic);
    });
  if (!density)
    density =
        vi::buildLogProb(b, getBase(), bijector->constrain(u, getBounds()));
  if (!density)
    return Value();
  return u.with(density) + bijector->logDetJacobian(u, getBounds());
}

Value PullbackOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value z = drawBase(b, getBase(), noise);
  if (!z)
    return Value();
  return getBijector(getSupportKind())->unconstrain({b, z}, getBounds());
}

Value PullbackOp::buildEntropy(ImplicitLocOpBuilder &b) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0)
    return Value();
  Value entropy = base.buildEntropy(b);
  if (!entropy)
    return Value();
  auto ofZ = [&](const Statistic &statistic) {
    return base.buildExpectedStatistic(b, statistic);
  };
  Value jacobian =
      expectJacobian(b, getSupportKind(), getFloatType(), nullptr, ofZ);
  if (!jacobian)
    return Value();
  return Expression(b, entropy) - Expression(b, jacobian);
}

Value PullbackOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                         const Statistic &statistic) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0)
    return Value();
  return expectUnconstrained(b, getSupportKind(), statistic,
                             [&](const Statistic &statistic) {
                               return base.buildExpectedStatistic(b, statistic);
                             });
}

Value PullbackOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                       ExpectationFunction expectation) {
  DistributionOpInterface base = getBaseOf(getBase());
  if (!base || getEventRank() != 0 ||
      !coversSupport(base.getSupport(), getSupportKind(), getBounds()))
    return Value();
  auto ofZ = [&](const Statistic &statistic) {
    return expectConstrained(b, getSupportKind(), statistic, expectation,
                             getFloatType());
  };
  Value density = base.buildExpectedLogProb(b, ofZ);
  if (!density)
    return Value();
  Value jacobian =
      expectJacobian(b, getSupportKind(), getFloatType(), expectation, nullptr);
  if (!jacobian)
    return Value();
  return Expression(b, density) + Expression(b, jacobian);
}

LogicalResult PullbackOp::verify() {
  return verifyTransformed(*this, getSupportKind(), getBounds(),
                           getValueType(getBase()),
                           getValueType(getDistribution()));
}
