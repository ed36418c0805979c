//===- ContinuousFamilies.cpp - families of real variables -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "vi/Dialect/RNG/IR/RNG.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi;

using Kind = Statistic::Kind;

//===----------------------------------------------------------------------===//
// Shared formulas
//===----------------------------------------------------------------------===//

std::optional<Expression>
vi::expectSquaredDeviation(ExpectationFunction expectation,
                           Expression location) {
  if (Value value =
          expectation(Statistic::getSquaredDeviation(location.getValue())))
    return location.with(value);
  std::optional<double> center = location.getConstant();
  Value second = expectation(Statistic::getPower(2));
  if (!second)
    return std::nullopt;
  if (center && *center == 0)
    return location.with(second);
  Value first = expectation(Statistic::getPower(1));
  if (!first)
    return std::nullopt;
  return location.with(second) - 2 * location * location.with(first) +
         square(location);
}

/// E[(m + d)^n] from the central moments E[d^k], k even, of a symmetric d.
static Expression
symmetricMoment(Expression center, int n,
                llvm::function_ref<Expression(int)> centralMoment) {
  double binomial = 1;
  std::optional<Expression> total;
  for (int k = 0; k <= n; ++k) {
    if (k > 0)
      binomial = binomial * (n - k + 1) / k;
    if (k % 2)
      continue;
    std::optional<Expression> term;
    auto multiply = [&](Expression factor) {
      term = term ? *term * factor : factor;
    };
    for (int i = 0; i < n - k; ++i)
      multiply(center);
    if (k > 0)
      multiply(centralMoment(k));
    Expression scaled = term ? *term * binomial : center.constant(binomial);
    total = total ? *total + scaled : scaled;
  }
  return *total;
}

/// x^n by multiplication.
static Expression integerPower(Expression x, int n) {
  Expression result = x.constant(1);
  for (int i = 0; i < n; ++i)
    result = result * x;
  return result;
}

static double factorial(int n) { return n <= 1 ? 1 : n * factorial(n - 1); }

/// Powers beyond this have no formula worth emitting.
static constexpr int maximalPower = 32;

/// +inf where the integral of a positive function diverges.
static Expression infiniteUnless(Value finite, Expression a) {
  return select(finite, a, a.constant(infinity));
}

//===----------------------------------------------------------------------===//
// Draws of several variables
//===----------------------------------------------------------------------===//

static Value firstIndex(ImplicitLocOpBuilder &b) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
}

Value DrawStream::nextKey() {
  Value number = arith::ConstantOp::create(
      builder, builder.getI64IntegerAttr(variables++));
  return rng::FoldInOp::create(builder, key, number);
}

Expression DrawStream::normal(Type type) {
  Value key = nextKey();
  return {builder,
          rng::NormalOp::create(builder, type, key, firstIndex(builder))};
}

Expression DrawStream::logGamma(Expression concentration) {
  Value gammaKey = nextKey(), uniformKey = nextKey();
  return logGammaDraw(concentration, gammaKey, uniformKey, firstIndex(builder));
}

Expression vi::logGammaDraw(Expression a, Value gammaKey, Value uniformKey,
                            Value index) {
  ImplicitLocOpBuilder &b = a.getBuilder();
  Expression larger =
      a.with(rng::GammaOp::create(b, gammaKey, index, (a + 1).getValue()));
  Expression u =
      a.with(rng::UniformOp::create(b, a.getType(), uniformKey, index));
  return log(larger) + log(u) / a;
}

//===----------------------------------------------------------------------===//
// Normal
//===----------------------------------------------------------------------===//

Support NormalOp::getSupport() { return {SupportKind::Real, {}}; }

Value NormalOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u = (loc.with(value) - loc) / scale;
  return -0.5 * u * u - log(scale) - halfLog2Pi;
}

Value NormalOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u(b, noise.standardNormal(b, loc.getType()));
  return loc + scale * u;
}

bool NormalOp::isReparameterized() { return true; }

Value NormalOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 1)) + (halfLog2Pi + 0.5);
}

/// E|N(center, scale^2)|, the mean of a folded normal variable.
static Expression foldedNormalMean(Expression center, Expression scale) {
  Expression u = center / scale;
  return scale * std::sqrt(2 / pi) * exp(-0.5 * u * u) +
         center * erf(u * std::sqrt(0.5));
}

Value NormalOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                       const Statistic &statistic) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > maximalPower)
      return Value();
    return symmetricMoment(loc, n, [&](int k) {
      double odd = 1;
      for (int i = 1; i < k; i += 2)
        odd *= i;
      return integerPower(scale, k) * odd;
    });
  }
  case Kind::Exponential: {
    Expression c(b, statistic.coefficient);
    return exp(c * loc + 0.5 * square(c * scale));
  }
  case Kind::SquaredDeviation:
    // The variance: nothing is subtracted from itself.
    if (statistic.location == loc.getValue())
      return square(scale);
    return square(loc - loc.with(statistic.location)) + square(scale);
  case Kind::AbsoluteDeviation:
    return foldedNormalMean(loc - loc.with(statistic.location), scale);
  default:
    return Value();
  }
}

Value NormalOp::buildSum(ImplicitLocOpBuilder &b, Value mean, Value variance) {
  return NormalOp::create(b, mean, sqrt(Expression(b, variance)));
}

Value NormalOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                     ExpectationFunction expectation) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  std::optional<Expression> d = expectSquaredDeviation(expectation, loc);
  if (!d)
    return Value();
  return -0.5 * *d / square(scale) - log(scale) - halfLog2Pi;
}

SmallVector<Value> NormalOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression precision = 1.0 / square(scale);
  return {loc * precision, -0.5 * precision};
}

Value NormalOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return 0.5 * square(loc / scale) + log(scale) + halfLog2Pi;
}

SmallVector<Value> NormalOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return {loc, square(loc) + square(scale)};
}

//===----------------------------------------------------------------------===//
// Half-normal
//===----------------------------------------------------------------------===//

Support HalfNormalOp::getSupport() { return {SupportKind::Positive, {}}; }

Value HalfNormalOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression scale = parameter(b, *this, 0), x = scale.with(value);
  Expression u = x / scale;
  return impossibleWhere(x < x.constant(0),
                         -0.5 * u * u - log(scale) + (M_LN2 - halfLog2Pi));
}

Value HalfNormalOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression scale = parameter(b, *this, 0);
  Expression u(b, noise.standardNormal(b, scale.getType()));
  return scale * abs(u);
}

bool HalfNormalOp::isReparameterized() { return true; }

Value HalfNormalOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 0)) + (halfLog2Pi - M_LN2 + 0.5);
}

Value HalfNormalOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                           const Statistic &statistic) {
  Expression scale = parameter(b, *this, 0);
  // E[log |z|] of a standard normal z.
  constexpr double meanLog = -0.5 * (eulerGamma + M_LN2);
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > maximalPower)
      return Value();
    // E|z|^n = 2^(n/2) Gamma((n + 1) / 2) / sqrt(pi), by its recursion
    // E|z|^n = (n - 1) E|z|^(n - 2).
    double moment = n % 2 ? std::sqrt(2 / pi) : 1;
    for (int i = n; i > 1; i -= 2)
      moment *= i - 1;
    return integerPower(scale, n) * moment;
  }
  case Kind::Log:
    return log(scale) + meanLog;
  case Kind::LogSquared:
    return square(log(scale) + meanLog) + pi * pi / 8;
  case Kind::Exponential: {
    Expression c = scale.with(statistic.coefficient) * scale;
    return exp(0.5 * square(c) + normalLogCDF(c) + M_LN2);
  }
  default:
    return Value();
  }
}

Value HalfNormalOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                         ExpectationFunction expectation) {
  Expression scale = parameter(b, *this, 0);
  Value second = expectation(Statistic::getPower(2));
  if (!second)
    return Value();
  return -0.5 * scale.with(second) / square(scale) - log(scale) +
         (M_LN2 - halfLog2Pi);
}

SmallVector<Value>
HalfNormalOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {-0.5 / square(parameter(b, *this, 0))};
}

Value HalfNormalOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 0)) + (halfLog2Pi - M_LN2);
}

SmallVector<Value> HalfNormalOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {square(parameter(b, *this, 0))};
}

//===----------------------------------------------------------------------===//
// Log-normal
//===----------------------------------------------------------------------===//

Support LogNormalOp::getSupport() { return {SupportKind::Positive, {}}; }

Value LogNormalOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression x = loc.with(value);
  // The limit at 0 is -inf.
  Value outside = x <= x.constant(0);
  Expression y = log(select(outside, x.constant(1), x));
  Expression u = (y - loc) / scale;
  return impossibleWhere(outside, -0.5 * u * u - y - log(scale) - halfLog2Pi);
}

Value LogNormalOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u(b, noise.standardNormal(b, loc.getType()));
  return exp(loc + scale * u);
}

bool LogNormalOp::isReparameterized() { return true; }

Value LogNormalOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return loc + log(scale) + (halfLog2Pi + 0.5);
}

Value LogNormalOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                          const Statistic &statistic) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  switch (statistic.kind) {
  case Kind::Power:
    return exp(double(statistic.power) * loc +
               0.5 * square(double(statistic.power) * scale));
  case Kind::Log:
    return loc;
  case Kind::LogSquared:
    return square(loc) + square(scale);
  default:
    return Value();
  }
}

Value LogNormalOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                        ExpectationFunction expectation) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  auto e = expectAll(b, expectation, Statistic::get(Kind::Log),
                     Statistic::get(Kind::LogSquared));
  if (!e)
    return Value();
  Expression y = (*e)[0], deviation = (*e)[1] - 2 * loc * y + square(loc);
  return -0.5 * deviation / square(scale) - y - log(scale) - halfLog2Pi;
}

SmallVector<Value>
LogNormalOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression precision = 1.0 / square(scale);
  return {loc * precision, -0.5 * precision};
}

Value LogNormalOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return 0.5 * square(loc / scale) + log(scale) + halfLog2Pi;
}

SmallVector<Value> LogNormalOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return {loc, square(loc) + square(scale)};
}

//===----------------------------------------------------------------------===//
// Cauchy and half-Cauchy
//===----------------------------------------------------------------------===//

Support CauchyOp::getSupport() { return {SupportKind::Real, {}}; }

Value CauchyOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u = (loc.with(value) - loc) / scale;
  return -log1pSquare(u) - log(scale) - std::log(pi);
}

/// The cotangent of pi u / divisor: both tails of the quantile function at
/// full accuracy where u is small.
static Expression cotangent(Expression u, double divisor) {
  Expression angle = u * (pi / divisor);
  return cos(angle) / sin(angle);
}

Value CauchyOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u(b, noise.uniform(b, loc.getType()));
  return loc - scale * cotangent(u, 1);
}

bool CauchyOp::isReparameterized() { return true; }

Value CauchyOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 1)) + std::log(4 * pi);
}

Support HalfCauchyOp::getSupport() { return {SupportKind::Positive, {}}; }

Value HalfCauchyOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression scale = parameter(b, *this, 0), x = scale.with(value);
  return impossibleWhere(x < x.constant(0), -log1pSquare(x / scale) -
                                                log(scale) + std::log(2 / pi));
}

Value HalfCauchyOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression scale = parameter(b, *this, 0);
  Expression u(b, noise.uniform(b, scale.getType()));
  return scale * cotangent(u, 2);
}

bool HalfCauchyOp::isReparameterized() { return true; }

Value HalfCauchyOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 0)) + std::log(2 * pi);
}

//===----------------------------------------------------------------------===//
// Student t
//===----------------------------------------------------------------------===//

Support StudentTOp::getSupport() { return {SupportKind::Real, {}}; }

Value StudentTOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression dof = parameter(b, *this, 0), loc = parameter(b, *this, 1),
             scale = parameter(b, *this, 2);
  Expression u = (loc.with(value) - loc) / scale;
  // lgamma((dof + 1) / 2) - lgamma(dof / 2) - log(pi) / 2 without cancellation.
  Expression half = 0.5 * dof;
  return -logBeta(dof.constant(0.5), half) - 0.5 * log(dof) - log(scale) -
         (half + 0.5) * log1pSquare(u / sqrt(dof));
}

Value StudentTOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression dof = parameter(b, *this, 0), loc = parameter(b, *this, 1),
             scale = parameter(b, *this, 2);
  Expression half = 0.5 * dof;
  DrawStream stream(b, noise);
  Expression u = stream.normal(loc.getType());
  return loc + scale * u * exp(0.5 * (log(half) - stream.logGamma(half)));
}

bool StudentTOp::isReparameterized() { return true; }

Value StudentTOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression dof = parameter(b, *this, 0), scale = parameter(b, *this, 2);
  Expression half = 0.5 * dof;
  return (half + 0.5) * (digamma(half + 0.5) - digamma(half)) + 0.5 * log(dof) +
         logBeta(half, dof.constant(0.5)) + log(scale);
}

Value StudentTOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                         const Statistic &statistic) {
  Expression dof = parameter(b, *this, 0), loc = parameter(b, *this, 1),
             scale = parameter(b, *this, 2);
  auto centralMoment = [&](int k) {
    Expression variance = dof / (dof - 2) * square(scale);
    return k == 2 ? variance : 3 * variance * dof / (dof - 4) * square(scale);
  };
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > 5)
      return Value();
    Expression moment = symmetricMoment(loc, n, centralMoment);
    if (n == 0)
      return moment;
    // Moments of an order of dof and more: none for odd ones, +inf for even.
    return select(dof > dof.constant(n), moment,
                  dof.constant(n % 2 ? notANumber : infinity));
  }
  case Kind::SquaredDeviation:
    return infiniteUnless(dof > dof.constant(2),
                          square(loc - loc.with(statistic.location)) +
                              centralMoment(2));
  default:
    return Value();
  }
}

//===----------------------------------------------------------------------===//
// Exponential
//===----------------------------------------------------------------------===//

Support ExponentialOp::getSupport() { return {SupportKind::Positive, {}}; }

Value ExponentialOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression rate = parameter(b, *this, 0), x = rate.with(value);
  return impossibleWhere(x < x.constant(0), log(rate) - rate * x);
}

Value ExponentialOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression rate = parameter(b, *this, 0);
  Expression u(b, noise.uniform(b, rate.getType()));
  return -log(u) / rate;
}

bool ExponentialOp::isReparameterized() { return true; }

Value ExponentialOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return 1 - log(parameter(b, *this, 0));
}

Value ExponentialOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                            const Statistic &statistic) {
  Expression rate = parameter(b, *this, 0);
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0)
      return rate.constant(infinity);
    if (n > maximalPower)
      return Value();
    return factorial(n) / integerPower(rate, n);
  }
  case Kind::Log:
    return -log(rate) - eulerGamma;
  case Kind::LogSquared:
    return square(log(rate) + eulerGamma) + pi * pi / 6;
  case Kind::Exponential: {
    Expression c = rate.with(statistic.coefficient);
    return infiniteUnless(c < rate, rate / (rate - c));
  }
  case Kind::AbsoluteDeviation: {
    // Below the support, |x - location| is x - location.
    Expression location = rate.with(statistic.location);
    Expression mean = 1.0 / rate;
    return select(location > location.constant(0),
                  location - mean + 2 * mean * exp(-rate * location),
                  mean - location);
  }
  default:
    return Value();
  }
}

Value ExponentialOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                          ExpectationFunction expectation) {
  Expression rate = parameter(b, *this, 0);
  Value mean = expectation(Statistic::getPower(1));
  if (!mean)
    return Value();
  return log(rate) - rate * rate.with(mean);
}

SmallVector<Value>
ExponentialOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {-parameter(b, *this, 0)};
}

Value ExponentialOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return -log(parameter(b, *this, 0));
}

SmallVector<Value> ExponentialOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {1.0 / parameter(b, *this, 0)};
}

//===----------------------------------------------------------------------===//
// Gamma and inverse gamma
//===----------------------------------------------------------------------===//

Support GammaOp::getSupport() { return {SupportKind::Positive, {}}; }

Value GammaOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  Expression x = a.with(value);
  Value outside = x < x.constant(0);
  x = select(outside, x.constant(1), x);
  return impossibleWhere(outside, a * log(rate) - lgamma(a) + xlogy(a - 1, x) -
                                      rate * x);
}

Value GammaOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  return exp(DrawStream(b, noise).logGamma(a) - log(rate));
}

bool GammaOp::isReparameterized() { return true; }

Value GammaOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  return a - log(rate) + lgamma(a) + (1 - a) * digamma(a);
}

/// E[x^n] of gamma(a, rate).
static Value gammaMoment(Expression a, Expression rate, int n) {
  if (n < -maximalPower || n > maximalPower)
    return Value();
  Expression result = a.constant(1);
  for (int i = 0; i < n; ++i)
    result = result * ((a + double(i)) / rate);
  if (n >= 0)
    return result;
  for (int i = 1; i <= -n; ++i)
    result = result * (rate / (a - double(i)));
  return infiniteUnless(a > a.constant(-n), result);
}

Value GammaOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                      const Statistic &statistic) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  switch (statistic.kind) {
  case Kind::Power:
    return gammaMoment(a, rate, statistic.power);
  case Kind::Log:
    return digamma(a) - log(rate);
  case Kind::LogSquared:
    return square(digamma(a) - log(rate)) + trigamma(a);
  case Kind::Exponential: {
    Expression c = a.with(statistic.coefficient);
    return infiniteUnless(c < rate, exp(-a * log1p(-c / rate)));
  }
  default:
    return Value();
  }
}

Value GammaOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                    ExpectationFunction expectation) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  auto e = expectAll(b, expectation, Statistic::get(Kind::Log),
                     Statistic::getPower(1));
  if (!e)
    return Value();
  return a * log(rate) - lgamma(a) + (a - 1) * (*e)[0] - rate * (*e)[1];
}

SmallVector<Value> GammaOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {parameter(b, *this, 0), -parameter(b, *this, 1)};
}

Value GammaOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  return lgamma(a) - a * log(rate);
}

SmallVector<Value> GammaOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), rate = parameter(b, *this, 1);
  return {digamma(a) - log(rate), a / rate};
}

Support InverseGammaOp::getSupport() { return {SupportKind::Positive, {}}; }

Value InverseGammaOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression x = a.with(value);
  // The limit at 0 is -inf.
  Value outside = x <= x.constant(0);
  x = select(outside, x.constant(1), x);
  return impossibleWhere(outside, a * log(scale) - lgamma(a) -
                                      (a + 1) * log(x) - scale / x);
}

Value InverseGammaOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return exp(log(scale) - DrawStream(b, noise).logGamma(a));
}

bool InverseGammaOp::isReparameterized() { return true; }

Value InverseGammaOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return a + log(scale) + lgamma(a) - (a + 1) * digamma(a);
}

Value InverseGammaOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                             const Statistic &statistic) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  switch (statistic.kind) {
  case Kind::Power:
    return gammaMoment(a, scale, -statistic.power);
  case Kind::Log:
    return log(scale) - digamma(a);
  case Kind::LogSquared:
    return square(log(scale) - digamma(a)) + trigamma(a);
  default:
    return Value();
  }
}

Value InverseGammaOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                           ExpectationFunction expectation) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  auto e = expectAll(b, expectation, Statistic::get(Kind::Log),
                     Statistic::getPower(-1));
  if (!e)
    return Value();
  return a * log(scale) - lgamma(a) - (a + 1) * (*e)[0] - scale * (*e)[1];
}

SmallVector<Value>
InverseGammaOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {-parameter(b, *this, 0), -parameter(b, *this, 1)};
}

Value InverseGammaOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return lgamma(a) - a * log(scale);
}

SmallVector<Value>
InverseGammaOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return {log(scale) - digamma(a), a / scale};
}

//===----------------------------------------------------------------------===//
// Beta
//===----------------------------------------------------------------------===//

Support BetaOp::getSupport() { return {SupportKind::UnitInterval, {}}; }

Value BetaOp::buildLogProb(ImplicitLocOpBuilder &builder, Value value) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  Expression x = a.with(value);
  Expression half = x.constant(0.5);
  Value below = x<x.constant(0), above = x> x.constant(1);
  Expression inside = select(below, half, select(above, half, x));
  return impossibleWhere(below,
                         impossibleWhere(above, xlogy(a - 1, inside) +
                                                    xlog1py(b - 1, -inside) -
                                                    logBeta(a, b)));
}

Value BetaOp::buildDraw(ImplicitLocOpBuilder &builder, NoiseSource &noise) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  DrawStream stream(builder, noise);
  Expression ones = stream.logGamma(a), zeros = stream.logGamma(b);
  return sigmoid(ones - zeros);
}

bool BetaOp::isReparameterized() { return true; }

Value BetaOp::buildEntropy(ImplicitLocOpBuilder &builder) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  return logBeta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) +
         (a + b - 2) * digamma(a + b);
}

Value BetaOp::buildExpectedStatistic(ImplicitLocOpBuilder &builder,
                                     const Statistic &statistic) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  Expression total = a + b;
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < -maximalPower || n > maximalPower)
      return Value();
    Expression result = a.constant(1);
    for (int i = 0; i < n; ++i)
      result = result * ((a + double(i)) / (total + double(i)));
    if (n >= 0)
      return result;
    for (int i = 1; i <= -n; ++i)
      result = result * ((total - double(i)) / (a - double(i)));
    return infiniteUnless(a > a.constant(-n), result);
  }
  case Kind::Log:
    return digamma(a) - digamma(total);
  case Kind::Log1Minus:
    return digamma(b) - digamma(total);
  case Kind::LogSquared:
    return square(digamma(a) - digamma(total)) + trigamma(a) - trigamma(total);
  default:
    return Value();
  }
}

Value BetaOp::buildExpectedLogProb(ImplicitLocOpBuilder &builder,
                                   ExpectationFunction expectation) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  auto e = expectAll(builder, expectation, Statistic::get(Kind::Log),
                     Statistic::get(Kind::Log1Minus));
  if (!e)
    return Value();
  return (a - 1) * (*e)[0] + (b - 1) * (*e)[1] - logBeta(a, b);
}

SmallVector<Value>
BetaOp::buildNaturalParameters(ImplicitLocOpBuilder &builder) {
  return {parameter(builder, *this, 0), parameter(builder, *this, 1)};
}

Value BetaOp::buildLogPartition(ImplicitLocOpBuilder &builder) {
  return logBeta(parameter(builder, *this, 0), parameter(builder, *this, 1));
}

SmallVector<Value> BetaOp::buildMeanStatistics(ImplicitLocOpBuilder &builder) {
  Expression a = parameter(builder, *this, 0), b = parameter(builder, *this, 1);
  Expression total = digamma(a + b);
  return {digamma(a) - total, digamma(b) - total};
}

//===----------------------------------------------------------------------===//
// Uniform
//===----------------------------------------------------------------------===//

Support UniformOp::getSupport() {
  return {SupportKind::Interval, {getLower(), getUpper()}};
}

Value UniformOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression lower = parameter(b, *this, 0), upper = parameter(b, *this, 1);
  Expression x = lower.with(value);
  return impossibleWhere(x < lower,
                         impossibleWhere(x > upper, -log(upper - lower)));
}

Value UniformOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression lower = parameter(b, *this, 0), upper = parameter(b, *this, 1);
  Expression u(b, noise.uniform(b, lower.getType()));
  return lower + (upper - lower) * u;
}

bool UniformOp::isReparameterized() { return true; }

Value UniformOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 1) - parameter(b, *this, 0));
}

/// E[log x] and E[(log x)^2] for x uniform on (lower, upper), lower >= 0,
/// without the cancellation of u log u - l log l for narrow intervals.
static Expression uniformLog(Expression lower, Expression upper, bool squared) {
  Expression width = upper - lower;
  Value atZero = equal(lower, lower.constant(0));
  // log(upper / lower); nothing where lower is 0, whose share is then 0.
  Expression ratio = -log1p(select(atZero, lower.constant(0), -width / upper));
  Expression share = lower / width * ratio;
  Expression top = log(upper);
  if (!squared)
    return top - 1 + share;
  return square(top) - 2 * top + 2 + share * (2 * top - ratio - 2);
}

Value UniformOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                        const Statistic &statistic) {
  Expression lower = parameter(b, *this, 0), upper = parameter(b, *this, 1);
  Expression width = upper - lower;
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > maximalPower)
      return Value();
    // (u^(n+1) - l^(n+1)) / (u - l), by Horner's rule.
    Expression result = lower.constant(1), power = lower.constant(1);
    for (int i = 0; i < n; ++i) {
      power = power * lower;
      result = result * upper + power;
    }
    return result / double(n + 1);
  }
  case Kind::Log:
    return uniformLog(lower, upper, false);
  case Kind::LogSquared:
    return uniformLog(lower, upper, true);
  case Kind::Log1Minus:
    return uniformLog(1 - upper, 1 - lower, false);
  case Kind::Exponential: {
    Expression c = lower.with(statistic.coefficient), t = c * width;
    Value zero = equal(t, t.constant(0));
    return exp(c * lower) * select(zero, t.constant(1),
                                   expm1(t) / select(zero, t.constant(1), t));
  }
  case Kind::SquaredDeviation:
    return square(0.5 * lower + 0.5 * upper - lower.with(statistic.location)) +
           square(width) / 12;
  case Kind::AbsoluteDeviation: {
    Expression location = lower.with(statistic.location);
    Expression right = upper - location, left = lower - location;
    return 0.5 * (right * abs(right) - left * abs(left)) / width;
  }
  }
  llvm_unreachable("unknown statistic");
}

Value UniformOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                      ExpectationFunction) {
  return -log(parameter(b, *this, 1) - parameter(b, *this, 0));
}

//===----------------------------------------------------------------------===//
// Laplace
//===----------------------------------------------------------------------===//

Support LaplaceOp::getSupport() { return {SupportKind::Real, {}}; }

Value LaplaceOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  return -abs(loc.with(value) - loc) / scale - log(scale) - M_LN2;
}

Value LaplaceOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u(b, noise.uniform(b, loc.getType()));
  // The quantile function, each half with the tail that it is accurate in.
  Expression v = select(u < u.constant(0.5), log(2 * u), -log(2 * (1 - u)));
  return loc + scale * v;
}

bool LaplaceOp::isReparameterized() { return true; }

Value LaplaceOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 1)) + (1 + M_LN2);
}

Value LaplaceOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                        const Statistic &statistic) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > maximalPower)
      return Value();
    return symmetricMoment(
        loc, n, [&](int k) { return integerPower(scale, k) * factorial(k); });
  }
  case Kind::Exponential: {
    Expression c = loc.with(statistic.coefficient), t = c * scale;
    return infiniteUnless(abs(t) < t.constant(1),
                          exp(c * loc) / ((1 - t) * (1 + t)));
  }
  case Kind::SquaredDeviation:
    return square(loc - loc.with(statistic.location)) + 2 * square(scale);
  case Kind::AbsoluteDeviation: {
    Expression distance = abs(loc - loc.with(statistic.location));
    return distance + scale * exp(-distance / scale);
  }
  default:
    return Value();
  }
}

Value LaplaceOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                      ExpectationFunction expectation) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Value distance = expectation(Statistic::getAbsoluteDeviation(loc));
  if (!distance)
    return Value();
  return -loc.with(distance) / scale - log(scale) - M_LN2;
}

//===----------------------------------------------------------------------===//
// Logistic
//===----------------------------------------------------------------------===//

Support LogisticOp::getSupport() { return {SupportKind::Real, {}}; }

Value LogisticOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u = (loc.with(value) - loc) / scale;
  return -u - 2 * softplus(-u) - log(scale);
}

Value LogisticOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  Expression u(b, noise.uniform(b, loc.getType()));
  return loc + scale * (log(u) - log1p(-u));
}

bool LogisticOp::isReparameterized() { return true; }

Value LogisticOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(parameter(b, *this, 1)) + 2;
}

Value LogisticOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                         const Statistic &statistic) {
  Expression loc = parameter(b, *this, 0), scale = parameter(b, *this, 1);
  // Central moments (2^k - 2) |B_k| pi^k scale^k of even order k.
  static const double bernoulliNumbers[] = {1.0 / 6, 1.0 / 30, 1.0 / 42,
                                            1.0 / 30, 5.0 / 66};
  switch (statistic.kind) {
  case Kind::Power: {
    int n = statistic.power;
    if (n < 0 || n > 11)
      return Value();
    return symmetricMoment(loc, n, [&](int k) {
      return integerPower(scale, k) *
             ((std::ldexp(1.0, k) - 2) * bernoulliNumbers[k / 2 - 1] *
              std::pow(pi, k));
    });
  }
  case Kind::Exponential: {
    Expression c = loc.with(statistic.coefficient), t = c * scale;
    Expression angle = pi * t;
    Value zero = equal(t, t.constant(0));
    Expression ratio = select(zero, t.constant(1),
                              angle / sin(select(zero, t.constant(1), angle)));
    return infiniteUnless(abs(t) < t.constant(1), exp(c * loc) * ratio);
  }
  case Kind::SquaredDeviation:
    return square(loc - loc.with(statistic.location)) +
           square(scale) * (pi * pi / 3);
  case Kind::AbsoluteDeviation: {
    Expression distance = abs(loc - loc.with(statistic.location));
    return distance + 2 * scale * log1p(exp(-distance / scale));
  }
  default:
    return Value();
  }
}
