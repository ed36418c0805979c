//===- DiscreteFamilies.cpp - families of discrete variables -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "vi/Dialect/RNG/IR/RNG.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

using Kind = Statistic::Kind;

/// A draw is always the first of a stream of its own.
static Value firstIndex(ImplicitLocOpBuilder &b) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
}

//===----------------------------------------------------------------------===//
// Bernoulli
//===----------------------------------------------------------------------===//

Support BernoulliOp::getSupport() { return {SupportKind::Boolean, {}}; }

Value BernoulliOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression p = parameter(b, *this, 0);
  // Of the two logarithms one is of 1, so that neither has a pole that is not
  // the probability's.
  return log(select(value, p, p.constant(1))) +
         log1p(select(value, p.constant(0), -p));
}

Value BernoulliOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression p = parameter(b, *this, 0);
  return p.with(noise.uniform(b, p.getType())) < p;
}

Value BernoulliOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression p = parameter(b, *this, 0);
  return -(xlogy(p, p) + xlog1py(1 - p, -p));
}

/// E[s(x)] of x = 1 with probability p, 0 otherwise.
static Value expectBoolean(Expression p, const Statistic &statistic) {
  switch (statistic.kind) {
  case Kind::Power:
    if (statistic.power == 0)
      return p.constant(1);
    return statistic.power > 0 ? p.getValue() : Value();
  case Kind::Exponential:
    return 1 + p * expm1(p.with(statistic.coefficient));
  default:
    return Value();
  }
}

Value BernoulliOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                          const Statistic &statistic) {
  return expectBoolean(parameter(b, *this, 0), statistic);
}

Value BernoulliOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                        ExpectationFunction expectation) {
  Expression p = parameter(b, *this, 0);
  Value mean = expectation(Statistic::getPower(1));
  if (!mean)
    return Value();
  return xlogy(p.with(mean), p) + xlog1py(1 - p.with(mean), -p);
}

SmallVector<Value>
BernoulliOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  Expression p = parameter(b, *this, 0);
  return {log(p) - log1p(-p)};
}

Value BernoulliOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return -log1p(-parameter(b, *this, 0));
}

SmallVector<Value> BernoulliOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {parameter(b, *this, 0)};
}

Support BernoulliLogitsOp::getSupport() { return {SupportKind::Boolean, {}}; }

Value BernoulliLogitsOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression logits = parameter(b, *this, 0);
  return -softplus(select(value, -logits, logits));
}

Value BernoulliLogitsOp::buildDraw(ImplicitLocOpBuilder &b,
                                   NoiseSource &noise) {
  Expression logits = parameter(b, *this, 0);
  return logits.with(noise.uniform(b, logits.getType())) < sigmoid(logits);
}

Value BernoulliLogitsOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression logits = parameter(b, *this, 0);
  return sigmoid(logits) * softplus(-logits) +
         sigmoid(-logits) * softplus(logits);
}

Value BernoulliLogitsOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                                const Statistic &statistic) {
  return expectBoolean(sigmoid(parameter(b, *this, 0)), statistic);
}

Value BernoulliLogitsOp::buildExpectedLogProb(ImplicitLocOpBuilder &b,
                                              ExpectationFunction expectation) {
  Expression logits = parameter(b, *this, 0);
  Value mean = expectation(Statistic::getPower(1));
  if (!mean)
    return Value();
  return logits * logits.with(mean) - softplus(logits);
}

SmallVector<Value>
BernoulliLogitsOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {parameter(b, *this, 0)};
}

Value BernoulliLogitsOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return softplus(parameter(b, *this, 0));
}

SmallVector<Value>
BernoulliLogitsOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {sigmoid(parameter(b, *this, 0))};
}

//===----------------------------------------------------------------------===//
// Binomial
//===----------------------------------------------------------------------===//

/// The count as a number, 0 where it is outside 0 .. n, and log C(n, count).
namespace {
struct BinomialCount {
  BinomialCount(ImplicitLocOpBuilder &b, Operation *family, Value value)
      : n(toFloat(b, family->getOperand(0), family->getOperand(1).getType())),
        x(toFloat(b, value, n.getType())), below(x < x.constant(0)),
        above(x > n) {
    x = select(below, x.constant(0), select(above, x.constant(0), x));
  }
  Expression logCoefficient() {
    return -log(n + 1) - logBeta(x + 1, n - x + 1);
  }
  Value finish(Expression logProb) {
    return impossibleWhere(below, impossibleWhere(above, logProb));
  }
  Expression n, x;
  Value below, above;
};
} // namespace

/// The number of trials in the type that `rng.binomial` takes.
static Value trials(ImplicitLocOpBuilder &b, Value count) {
  if (count.getType().isIndex())
    return b.createOrFold<arith::IndexCastOp>(b.getI64Type(), count);
  if (count.getType().isInteger(64))
    return count;
  return b.createOrFold<arith::ExtSIOp>(b.getI64Type(), count);
}

/// Powers up to the second and squared deviations of a variable of which mean
/// and variance are known; null for other statistics.
static Value expectFromMoments(Expression mean, Expression variance,
                               const Statistic &statistic) {
  switch (statistic.kind) {
  case Kind::Power:
    if (statistic.power == 0)
      return mean.constant(1);
    if (statistic.power == 1)
      return mean;
    if (statistic.power == 2)
      return variance + square(mean);
    return Value();
  case Kind::SquaredDeviation:
    return variance + square(mean - mean.with(statistic.location));
  default:
    return Value();
  }
}

static Value expectBinomial(Expression n, Expression p,
                            const Statistic &statistic) {
  Expression mean = n * p;
  if (statistic.kind == Kind::Exponential)
    return exp(n * log1p(p * expm1(p.with(statistic.coefficient))));
  return expectFromMoments(mean, mean * (1 - p), statistic);
}

Support BinomialOp::getSupport() {
  return {SupportKind::IntegerInterval, {Value(), getTotalCount()}};
}

Value BinomialOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression p = parameter(b, *this, 1);
  BinomialCount count(b, *this, value);
  return count.finish(count.logCoefficient() + xlogy(count.x, p) +
                      xlog1py(count.n - count.x, -p));
}

Value BinomialOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value key = noise.stream(b);
  return rng::BinomialOp::create(b, b.getI64Type(), key, firstIndex(b),
                                 trials(b, getTotalCount()), getProbs());
}

Value BinomialOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                         const Statistic &statistic) {
  Expression p = parameter(b, *this, 1);
  return expectBinomial(toFloat(b, getTotalCount(), p.getType()), p, statistic);
}

Support BinomialLogitsOp::getSupport() {
  return {SupportKind::IntegerInterval, {Value(), getTotalCount()}};
}

Value BinomialLogitsOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression logits = parameter(b, *this, 1);
  BinomialCount count(b, *this, value);
  // x log sigmoid(logits) + (n - x) log sigmoid(-logits): both terms have one
  // sign, so that nothing cancels.
  return count.finish(count.logCoefficient() - count.x * softplus(-logits) -
                      (count.n - count.x) * softplus(logits));
}

Value BinomialLogitsOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value key = noise.stream(b);
  return rng::BinomialOp::create(b, b.getI64Type(), key, firstIndex(b),
                                 trials(b, getTotalCount()),
                                 sigmoid(parameter(b, *this, 1)).getValue());
}

Value BinomialLogitsOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                               const Statistic &statistic) {
  Expression p = sigmoid(parameter(b, *this, 1));
  return expectBinomial(toFloat(b, getTotalCount(), p.getType()), p, statistic);
}

//===----------------------------------------------------------------------===//
// Uniform
//===----------------------------------------------------------------------===//

LogicalResult DiscreteUniformOp::verifyBounds() {
  SmallVector<double> lower = getConstantNumbers(getLower());
  SmallVector<double> upper = getConstantNumbers(getUpper());
  if (lower.size() != 1 || upper.size() != 1 || lower[0] <= upper[0])
    return success();
  InFlightDiagnostic diagnostic = emitOpError("lower bound ")
                                  << lower[0] << " is above the upper bound "
                                  << upper[0];
  diagnostic.attachNote(getLower().getLoc()) << "the lower bound is here";
  diagnostic.attachNote(getUpper().getLoc()) << "the upper bound is here";
  return diagnostic;
}

/// The bounds as numbers, and how many integers they enclose.
namespace {
struct IntegerRange {
  IntegerRange(ImplicitLocOpBuilder &b, DiscreteUniformOp op)
      : lower(toFloat(b, op.getLower(), b.getF64Type())),
        upper(toFloat(b, op.getUpper(), b.getF64Type())),
        size(upper - lower + 1) {}
  Expression lower, upper, size;
};
} // namespace

Support DiscreteUniformOp::getSupport() {
  return {SupportKind::IntegerInterval, {getLower(), getUpper()}};
}

Value DiscreteUniformOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  IntegerRange range(b, *this);
  Expression x = toFloat(b, value, b.getF64Type());
  return impossibleWhere(x < range.lower,
                         impossibleWhere(x > range.upper, -log(range.size)));
}

Value DiscreteUniformOp::buildDraw(ImplicitLocOpBuilder &b,
                                   NoiseSource &noise) {
  IntegerRange range(b, *this);
  Expression u = range.size.with(noise.uniform(b, b.getF64Type()));
  // u may be so near to 1 that the product is rounded up.
  Expression place = u * range.size, last = range.size - 1;
  Value offset = arith::FPToSIOp::create(
      b, b.getI64Type(), select(place < last, place, last).getValue());
  Value lower = arith::FPToSIOp::create(b, b.getI64Type(), range.lower);
  return arith::AddIOp::create(b, lower, offset);
}

Value DiscreteUniformOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return log(IntegerRange(b, *this).size);
}

Value DiscreteUniformOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                                const Statistic &statistic) {
  IntegerRange range(b, *this);
  Expression mean = 0.5 * (range.lower + range.upper);
  Expression variance = (square(range.size) - 1) / 12;
  return expectFromMoments(mean, variance, statistic);
}

//===----------------------------------------------------------------------===//
// Poisson
//===----------------------------------------------------------------------===//

/// A count as a number, 0 where it is negative.
static Expression nonnegative(Expression x) {
  return select(x < x.constant(0), x.constant(0), x);
}

static Value expectPoisson(Expression rate, const Statistic &statistic) {
  switch (statistic.kind) {
  case Kind::Power:
    switch (statistic.power) {
    case 0:
      return rate.constant(1);
    case 1:
      return rate;
    case 2:
      return rate * (rate + 1);
    case 3:
      return rate * (1 + rate * (3 + rate));
    case 4:
      return rate * (1 + rate * (7 + rate * (6 + rate)));
    default:
      return Value();
    }
  case Kind::Exponential:
    return exp(rate * expm1(rate.with(statistic.coefficient)));
  case Kind::SquaredDeviation:
    return rate + square(rate - rate.with(statistic.location));
  default:
    return Value();
  }
}

Support PoissonOp::getSupport() {
  return {SupportKind::NonnegativeInteger, {}};
}

Value PoissonOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression rate = parameter(b, *this, 0);
  Expression x = toFloat(b, value, rate.getType()), count = nonnegative(x);
  return impossibleWhere(x < x.constant(0),
                         xlogy(count, rate) - rate - lgamma(count + 1));
}

Value PoissonOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value key = noise.stream(b);
  return rng::PoissonOp::create(b, b.getI64Type(), key, firstIndex(b),
                                getRate());
}

Value PoissonOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                        const Statistic &statistic) {
  return expectPoisson(parameter(b, *this, 0), statistic);
}

SmallVector<Value> PoissonOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {log(parameter(b, *this, 0))};
}

Value PoissonOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return getRate();
}

SmallVector<Value> PoissonOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {getRate()};
}

Support PoissonLogOp::getSupport() {
  return {SupportKind::NonnegativeInteger, {}};
}

Value PoissonLogOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression logRate = parameter(b, *this, 0);
  Expression x = toFloat(b, value, logRate.getType()), count = nonnegative(x);
  return impossibleWhere(x < x.constant(0),
                         count * logRate - exp(logRate) - lgamma(count + 1));
}

Value PoissonLogOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Value key = noise.stream(b);
  return rng::PoissonOp::create(b, b.getI64Type(), key, firstIndex(b),
                                exp(parameter(b, *this, 0)).getValue());
}

Value PoissonLogOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                           const Statistic &statistic) {
  return expectPoisson(exp(parameter(b, *this, 0)), statistic);
}

SmallVector<Value>
PoissonLogOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {getLogRate()};
}

Value PoissonLogOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return exp(parameter(b, *this, 0));
}

SmallVector<Value> PoissonLogOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  return {exp(parameter(b, *this, 0))};
}

//===----------------------------------------------------------------------===//
// Negative binomial
//===----------------------------------------------------------------------===//

/// log C(x + c - 1, x) = lgamma(x + c) - lgamma(c) - lgamma(x + 1), without
/// cancellation; exactly 0 where x is.
static Expression logMultisets(Expression x, Expression c) {
  return select(equal(x, x.constant(0)), x.constant(0),
                -log(x + c) - logBeta(x + 1, c));
}

static Value expectNegativeBinomial(Expression mean, Expression c,
                                    const Statistic &statistic) {
  Expression variance = mean * (1 + mean / c);
  if (statistic.kind == Kind::Exponential) {
    Expression t = mean / c * expm1(mean.with(statistic.coefficient));
    return select(t < t.constant(1), exp(-c * log1p(-t)), t.constant(infinity));
  }
  return expectFromMoments(mean, variance, statistic);
}

/// A Poisson draw whose rate is a gamma draw of mean `mean`.
static Value drawNegativeBinomial(ImplicitLocOpBuilder &b, NoiseSource &noise,
                                  Expression mean, Expression c) {
  DrawStream stream(b, noise);
  Value gammaKey = stream.nextKey(), poissonKey = stream.nextKey();
  Expression gamma(
      b, rng::GammaOp::create(b, gammaKey, firstIndex(b), c.getValue()));
  return rng::PoissonOp::create(b, b.getI64Type(), poissonKey, firstIndex(b),
                                (gamma * (mean / c)).getValue());
}

Support NegativeBinomialOp::getSupport() {
  return {SupportKind::NonnegativeInteger, {}};
}

Value NegativeBinomialOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression mean = parameter(b, *this, 0), c = parameter(b, *this, 1);
  Expression x = toFloat(b, value, mean.getType()), count = nonnegative(x);
  return impossibleWhere(x < x.constant(0), logMultisets(count, c) -
                                                c * log1p(mean / c) -
                                                count * log1p(c / mean));
}

Value NegativeBinomialOp::buildDraw(ImplicitLocOpBuilder &b,
                                    NoiseSource &noise) {
  return drawNegativeBinomial(b, noise, parameter(b, *this, 0),
                              parameter(b, *this, 1));
}

Value NegativeBinomialOp::buildExpectedStatistic(ImplicitLocOpBuilder &b,
                                                 const Statistic &statistic) {
  return expectNegativeBinomial(parameter(b, *this, 0), parameter(b, *this, 1),
                                statistic);
}

Support NegativeBinomialLogOp::getSupport() {
  return {SupportKind::NonnegativeInteger, {}};
}

Value NegativeBinomialLogOp::buildLogProb(ImplicitLocOpBuilder &b,
                                          Value value) {
  Expression logMean = parameter(b, *this, 0), c = parameter(b, *this, 1);
  Expression x = toFloat(b, value, logMean.getType()), count = nonnegative(x);
  Expression logRatio = logMean - log(c);
  return impossibleWhere(x < x.constant(0), logMultisets(count, c) -
                                                c * softplus(logRatio) -
                                                count * softplus(-logRatio));
}

Value NegativeBinomialLogOp::buildDraw(ImplicitLocOpBuilder &b,
                                       NoiseSource &noise) {
  return drawNegativeBinomial(b, noise, exp(parameter(b, *this, 0)),
                              parameter(b, *this, 1));
}

Value NegativeBinomialLogOp::buildExpectedStatistic(
    ImplicitLocOpBuilder &b, const Statistic &statistic) {
  return expectNegativeBinomial(exp(parameter(b, *this, 0)),
                                parameter(b, *this, 1), statistic);
}

//===----------------------------------------------------------------------===//
// Categorical
//===----------------------------------------------------------------------===//

/// weights[value], or none of it where the value is no category.
namespace {
struct Category {
  Category(ImplicitLocOpBuilder &b, Value weights, Value value)
      : element(b, Value()) {
    if (!value.getType().isIndex())
      value = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), value);
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value size = dimension(b, weights, 0);
    // An unsigned comparison: negative values are large.
    inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, value, size);
    Value safe = arith::SelectOp::create(b, inside, value, zero);
    element = {b, tensor::ExtractOp::create(b, weights, safe)};
  }
  Expression element;
  Value inside;
};
} // namespace

/// The category in which `u`, uniform on (0, 1), lies when the interval is cut
/// in the proportions of the weights, whose sum is `total`.
static Value invert(ImplicitLocOpBuilder &b, Expression weights,
                    Expression total, Expression u) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value size = dimension(b, weights, 0);
  Value last = b.createOrFold<arith::SubIOp>(size, one);
  Value threshold = u * total;
  Value start = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  auto loop = scf::ForOp::create(
      b, zero, last, one, ValueRange{total.constant(0).getValue(), start},
      [&](OpBuilder &nested, Location loc, Value k, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        Expression below(inner, carried[0]);
        below =
            below +
            below.with(tensor::ExtractOp::create(inner, weights.getValue(), k));
        Value passed = below <= below.with(threshold);
        Value step = arith::ExtUIOp::create(inner, inner.getI64Type(), passed);
        Value next = arith::AddIOp::create(inner, carried[1], step);
        scf::YieldOp::create(inner, ValueRange{below.getValue(), next});
      });
  return loop.getResult(1);
}

Support CategoricalOp::getSupport() {
  return {SupportKind::IntegerInterval, {Value(), Value()}};
}

Value CategoricalOp::buildSupportSize(ImplicitLocOpBuilder &b) {
  return dimension(b, getProbs(), 0);
}

Value CategoricalOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Category category(b, getProbs(), value);
  return where(category.inside, log(category.element));
}

Value CategoricalOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression probs = parameter(b, *this, 0);
  Expression total = sum(probs);
  return invert(b, probs, total, total.with(noise.uniform(b, total.getType())));
}

Value CategoricalOp::buildEntropy(ImplicitLocOpBuilder &b) {
  return -sum(
      map(parameter(b, *this, 0), [](Expression p) { return xlogy(p, p); }));
}

/// The largest element of a vector, as a shift that no derivative passes: what
/// it is subtracted from and added to does not depend on it.
static Expression shift(Expression logits) {
  Value largest = maximum(logits).getValue();
  return logits.with(
      StopGradientOp::create(logits.getBuilder(), largest.getType(), largest));
}

/// exp(logits - shift), elementwise.
static Expression buildWeights(Expression logits, Expression largest) {
  return map(logits, [&](Expression element) {
    return exp(element - element.with(largest.getValue()));
  });
}

Expression vi::logSoftmax(Expression logits) {
  Expression largest = shift(logits);
  Expression total = log(sum(buildWeights(logits, largest)));
  return map(logits, [&](Expression element) {
    return element - element.with(largest.getValue()) -
           element.with(total.getValue());
  });
}

Support CategoricalLogitsOp::getSupport() {
  return {SupportKind::IntegerInterval, {Value(), Value()}};
}

Value CategoricalLogitsOp::buildSupportSize(ImplicitLocOpBuilder &b) {
  return dimension(b, getLogits(), 0);
}

Value CategoricalLogitsOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression logits = parameter(b, *this, 0), largest = shift(logits);
  Category category(b, logits, value);
  return where(category.inside, (category.element - largest) -
                                    log(sum(buildWeights(logits, largest))));
}

Value CategoricalLogitsOp::buildDraw(ImplicitLocOpBuilder &b,
                                     NoiseSource &noise) {
  Expression logits = parameter(b, *this, 0);
  Expression weights = buildWeights(logits, shift(logits));
  Expression total = sum(weights);
  return invert(b, weights, total,
                total.with(noise.uniform(b, total.getType())));
}

Value CategoricalLogitsOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression logits = parameter(b, *this, 0), largest = shift(logits);
  Expression weights = buildWeights(logits, largest);
  Expression total = sum(weights);
  // log sum w - sum w log w / sum w, with log w = logits - shift.
  Expression weighted =
      sum(map(logits, weights, [&](Expression l, Expression w) {
        return w * (l - l.with(largest.getValue()));
      }));
  return log(total) - weighted / total;
}
