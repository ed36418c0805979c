//===- Divergences.cpp - closed forms of divergences -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Divergences.h"

#include "Distributions/Formulas.h"
#include "Tentative.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Supports
//===----------------------------------------------------------------------===//

namespace {
/// An end of a support: a number (+-inf where there is none), an SSA value, or
/// unknown (given by a shape).
struct Bound {
  std::optional<double> number;
  Value value;
};

/// A support as the numbers between two bounds.
struct Extent {
  Bound lower, upper;
  bool vector = false;
};
} // namespace

static Bound getBound(Value value) {
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number))) {
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return {number.convertToDouble(), value};
  }
  APInt integer;
  if (matchPattern(value, m_ConstantInt(&integer)))
    return {static_cast<double>(integer.getSExtValue()), value};
  return {std::nullopt, value};
}

static Extent getExtent(const Support &support) {
  Bound none{-infinity, {}}, all{infinity, {}}, zero{0.0, {}}, one{1.0, {}};
  switch (support.kind) {
  case SupportKind::Real:
    return {none, all};
  case SupportKind::Positive:
  case SupportKind::NonnegativeInteger:
    return {zero, all};
  case SupportKind::UnitInterval:
  case SupportKind::Boolean:
    return {zero, one};
  case SupportKind::Simplex:
    return {zero, one, true};
  case SupportKind::GreaterThan:
    return {getBound(support.bounds[0]), all};
  case SupportKind::LessThan:
    return {none, getBound(support.bounds[0])};
  case SupportKind::Interval:
    return {getBound(support.bounds[0]), getBound(support.bounds[1])};
  case SupportKind::IntegerInterval:
    return {support.bounds[0] ? getBound(support.bounds[0]) : zero,
            support.bounds[1] ? getBound(support.bounds[1]) : Bound()};
  }
  llvm_unreachable("unknown support");
}

/// Whether lower <= upper for two bounds, where it is known.
static std::optional<bool> isAtMost(const Bound &lower, const Bound &upper) {
  if (lower.value && lower.value == upper.value)
    return true;
  if (lower.number && *lower.number == -infinity)
    return true;
  if (upper.number && *upper.number == infinity)
    return true;
  if (lower.number && upper.number)
    return *lower.number <= *upper.number;
  // Every value is below +inf.
  if ((lower.number && *lower.number == infinity) ||
      (upper.number && *upper.number == -infinity))
    return false;
  // Two sizes given by shapes, which agree.
  if (!lower.value && !lower.number && !upper.value && !upper.number)
    return true;
  return std::nullopt;
}

std::optional<bool> vi::isInside(const Support &inner, const Support &outer) {
  Extent q = getExtent(inner), p = getExtent(outer);
  if (q.vector != p.vector)
    return outer.kind == SupportKind::Real;
  std::optional<bool> below = isAtMost(p.lower, q.lower);
  std::optional<bool> above = isAtMost(q.upper, p.upper);
  if ((below && !*below) || (above && !*above))
    return false;
  if (below && above)
    return true;
  return std::nullopt;
}

/// The condition under which `inner` lies inside `outer`; null where it is not
/// a matter of values.
static Value buildInside(ImplicitLocOpBuilder &builder, const Support &inner,
                         const Support &outer) {
  Extent q = getExtent(inner), p = getExtent(outer);
  Type f64 = builder.getF64Type();
  auto number = [&](const Bound &bound) -> Expression {
    if (bound.value)
      return toFloat(builder, bound.value, f64);
    return {builder, floatConstant(builder, f64, *bound.number)};
  };
  Value condition;
  auto require = [&](const Bound &lower, const Bound &upper) {
    if (isAtMost(lower, upper))
      return;
    if ((!lower.value && !lower.number) || (!upper.value && !upper.number))
      return;
    Value holds = number(lower) <= number(upper);
    condition = condition ? conjunction(builder, condition, holds) : holds;
  };
  require(p.lower, q.lower);
  require(q.upper, p.upper);
  return condition;
}

//===----------------------------------------------------------------------===//
// The registry
//===----------------------------------------------------------------------===//

namespace {
using Pair = std::pair<StringRef, StringRef>;

class Registry {
public:
  Registry();
  void add(StringRef q, StringRef p, DivergenceBuilder builder) {
    entries[{names.insert(q).first->getKey(),
             names.insert(p).first->getKey()}] = builder;
  }
  template <typename Q, typename P> void add(DivergenceBuilder builder) {
    add(Q::getOperationName(), P::getOperationName(), builder);
  }
  DivergenceBuilder lookup(StringRef q, StringRef p) const {
    for (Pair pair : {Pair(q, p), Pair(q, ""), Pair("", p)}) {
      auto found = entries.find(pair);
      if (found != entries.end())
        return found->second;
    }
    return nullptr;
  }

private:
  llvm::StringSet<> names;
  llvm::DenseMap<Pair, DivergenceBuilder> entries;
};
} // namespace

static Registry &getRegistry() {
  static Registry registry;
  return registry;
}

void vi::registerDivergence(StringRef q, StringRef p,
                            DivergenceBuilder builder) {
  getRegistry().add(q, p, builder);
}

//===----------------------------------------------------------------------===//
// Continuous pairs
//===----------------------------------------------------------------------===//

/// log(sp / sq) + ((sq / sp)^2 + ((mq - mp) / sp)^2 - 1) / 2
static Value normalNormal(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                          DistributionOpInterface p) {
  Expression mq = parameter(b, q, 0), sq = parameter(b, q, 1);
  Expression mp = parameter(b, p, 0), sp = parameter(b, p, 1);
  return 0.5 * (square(sq / sp) + square((mq - mp) / sp)) - 0.5 + log(sp) -
         log(sq);
}

static Value halfNormalHalfNormal(ImplicitLocOpBuilder &b,
                                  DistributionOpInterface q,
                                  DistributionOpInterface p) {
  Expression sq = parameter(b, q, 0), sp = parameter(b, p, 0);
  return 0.5 * square(sq / sp) - 0.5 + log(sp) - log(sq);
}

/// |d| / bp + bq / bp exp(-|d| / bq) - 1 + log(bp / bq), d = mq - mp
static Value laplaceLaplace(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                            DistributionOpInterface p) {
  Expression bq = parameter(b, q, 1), bp = parameter(b, p, 1);
  Expression d = abs(parameter(b, q, 0) - parameter(b, p, 0));
  return (d + bq * exp(-d / bq)) / bp - 1 + log(bp) - log(bq);
}

/// F. Chyzak and F. Nielsen (2019), "A closed-form formula for the
/// Kullback-Leibler divergence between Cauchy distributions":
/// log(((sq + sp)^2 + (mq - mp)^2) / (4 sq sp)).
static Value cauchyCauchy(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                          DistributionOpInterface p) {
  Expression sq = parameter(b, q, 1), sp = parameter(b, p, 1);
  // (sq - sp)^2 + (mq - mp)^2 over 4 sq sp, plus 1: exact near equality.
  Expression d = parameter(b, q, 0) - parameter(b, p, 0), s = sq - sp;
  return log1p(0.25 * ((s / sq) * (s / sp) + (d / sq) * (d / sp)));
}

/// The same at location 0, of which the density is doubled on both sides.
static Value halfCauchyHalfCauchy(ImplicitLocOpBuilder &b,
                                  DistributionOpInterface q,
                                  DistributionOpInterface p) {
  Expression sq = parameter(b, q, 0), sp = parameter(b, p, 0), s = sq - sp;
  return log1p(0.25 * (s / sq) * (s / sp));
}

/// All mass at one point: the density of p there.
static Value deltaAny(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                      DistributionOpInterface p) {
  Value density = vi::buildLogProb(b, p->getResult(0), q->getOperand(0));
  return density ? (-Expression(b, density)).getValue() : Value();
}

/// Nothing but a point mass is inside a point mass.
static Value anyDelta(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                      DistributionOpInterface p) {
  return floatConstant(b, q.getFloatType(), infinity);
}

//===----------------------------------------------------------------------===//
// Discrete pairs
//===----------------------------------------------------------------------===//

/// x log(y / z), which is 0 where x is 0.
static Expression relative(Expression x, Expression y, Expression z) {
  Value zero = equal(x, x.constant(0));
  return select(zero, x.constant(0),
                x * (log(select(zero, x.constant(1), y)) -
                     log(select(zero, x.constant(1), z))));
}

static Value bernoulliBernoulli(ImplicitLocOpBuilder &b,
                                DistributionOpInterface q,
                                DistributionOpInterface p) {
  Expression s = parameter(b, q, 0), t = parameter(b, p, 0);
  return relative(s, s, t) + relative(1 - s, 1 - s, 1 - t);
}

/// The difference of log-densities at 1 and at 0, with logits of p, weighted by
/// the probabilities of q.
static Value logitsLogits(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                          DistributionOpInterface p) {
  Expression s = parameter(b, q, 0), t = parameter(b, p, 0);
  return sigmoid(s) * (softplus(-t) - softplus(-s)) +
         sigmoid(-s) * (softplus(t) - softplus(s));
}

static Value bernoulliLogits(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                             DistributionOpInterface p) {
  Expression s = parameter(b, q, 0), t = parameter(b, p, 0);
  return xlogy(s, s) + xlog1py(1 - s, -s) + s * softplus(-t) +
         (1 - s) * softplus(t);
}

static Value logitsBernoulli(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                             DistributionOpInterface p) {
  Expression s = parameter(b, q, 0), t = parameter(b, p, 0);
  return -sigmoid(s) * (softplus(-s) + log(t)) -
         sigmoid(-s) * (softplus(s) + log1p(-t));
}

/// Whether two counts are the same.
static bool sameCount(Value a, Value b) {
  if (a == b)
    return true;
  APInt left, right;
  return matchPattern(a, m_ConstantInt(&left)) &&
         matchPattern(b, m_ConstantInt(&right)) &&
         left.getSExtValue() == right.getSExtValue();
}

/// n times the divergence of one trial; of different counts, log C(n, x) has no
/// closed expectation.
template <DivergenceBuilder trial>
static Value binomialBinomial(ImplicitLocOpBuilder &b,
                              DistributionOpInterface q,
                              DistributionOpInterface p) {
  if (!sameCount(q->getOperand(0), p->getOperand(0)))
    return Value();
  // The trial's families have the second parameter alone.
  auto single = [&](DistributionOpInterface family) {
    bool probs = isa<BinomialOp>(family);
    Value parameter = family->getOperand(1);
    Operation *op =
        probs ? BernoulliOp::create(b, parameter).getOperation()
              : BernoulliLogitsOp::create(b, parameter).getOperation();
    return cast<DistributionOpInterface>(op);
  };
  Expression one(b, trial(b, single(q), single(p)));
  return toFloat(b, q->getOperand(0), one.getType()) * one;
}

static Expression rateOf(ImplicitLocOpBuilder &b, DistributionOpInterface d) {
  Expression rate = parameter(b, d, 0);
  return isa<PoissonLogOp>(d) ? exp(rate) : rate;
}

static Expression logRateOf(ImplicitLocOpBuilder &b,
                            DistributionOpInterface d) {
  Expression rate = parameter(b, d, 0);
  return isa<PoissonLogOp>(d) ? rate : log(rate);
}

static Value poissonPoisson(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                            DistributionOpInterface p) {
  Expression s = rateOf(b, q), t = rateOf(b, p);
  return s * (logRateOf(b, q) - logRateOf(b, p)) - s + t;
}

/// Of one concentration c the negative binomial is an exponential family:
/// mq log(mq / mp) - (mq + c) log((c + mq) / (c + mp)).
static Value negativeBinomialNegativeBinomial(ImplicitLocOpBuilder &b,
                                              DistributionOpInterface q,
                                              DistributionOpInterface p) {
  if (q->getOperand(1) != p->getOperand(1)) {
    std::optional<double> left = parameter(b, q, 1).getConstant();
    std::optional<double> right = parameter(b, p, 1).getConstant();
    if (!left || !right || *left != *right)
      return Value();
  }
  Expression c = parameter(b, q, 1);
  auto mean = [&](DistributionOpInterface d) {
    Expression m = parameter(b, d, 0);
    return isa<NegativeBinomialLogOp>(d) ? exp(m) : m;
  };
  auto logMean = [&](DistributionOpInterface d) {
    Expression m = parameter(b, d, 0);
    return isa<NegativeBinomialLogOp>(d) ? m : log(m);
  };
  Expression s = mean(q), t = mean(p);
  return s * (logMean(q) - logMean(p)) +
         (s + c) * (log1p(t / c) - log1p(s / c));
}

/// The probabilities and log-probabilities of a categorical variable.
static std::pair<Expression, Expression>
getProbabilities(ImplicitLocOpBuilder &b, DistributionOpInterface d) {
  Expression weights = parameter(b, d, 0);
  if (isa<CategoricalOp>(d))
    return {weights, map(weights, [](Expression p) { return log(p); })};
  Expression logs = logSoftmax(weights);
  return {map(logs, [](Expression l) { return exp(l); }), logs};
}

static Value categoricalCategorical(ImplicitLocOpBuilder &b,
                                    DistributionOpInterface q,
                                    DistributionOpInterface p) {
  auto [probs, logs] = getProbabilities(b, q);
  Expression others = getProbabilities(b, p).second;
  Expression difference =
      map(logs, others, [](Expression a, Expression b) { return a - b; });
  return sum(map(probs, difference, [](Expression p, Expression d) {
    // Nothing where q has none, whatever the logarithms are.
    Value none = equal(p, p.constant(0));
    return select(none, p.constant(0), p * select(none, d.constant(0), d));
  }));
}

//===----------------------------------------------------------------------===//
// Multivariate pairs
//===----------------------------------------------------------------------===//

/// A square matrix of the elements of `source` that `map` gives, zero where
/// `predicate` does not hold of column and row.
static Value maskedMatrix(ImplicitLocOpBuilder &b, RankedTensorType type,
                          Value source, AffineMap map,
                          arith::CmpIPredicate predicate) {
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < 2; ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(dimension(b, source, map.getNumResults() == 2 ? d : 0));
  auto generic = linalg::GenericOp::create(
      b, TypeRange(type), ValueRange(source),
      ValueRange(tensor::EmptyOp::create(b, type, sizes).getResult()),
      ArrayRef<AffineMap>{map, b.getMultiDimIdentityMap(2)},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::parallel},
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value kept = arith::CmpIOp::create(inner, predicate,
                                           linalg::IndexOp::create(inner, 1),
                                           linalg::IndexOp::create(inner, 0));
        Expression l(inner, arguments[0]);
        linalg::YieldOp::create(inner,
                                select(kept, l, l.constant(0)).getValue());
      });
  return generic.getResult(0);
}

/// The lower triangle of a factor, zero above.
static Value lowerTriangle(ImplicitLocOpBuilder &b, Value factor) {
  return maskedMatrix(b, cast<RankedTensorType>(factor.getType()), factor,
                      b.getMultiDimIdentityMap(2), arith::CmpIPredicate::ule);
}

static Value diagonalMatrix(ImplicitLocOpBuilder &b, Value diagonal) {
  auto vector = cast<RankedTensorType>(diagonal.getType());
  int64_t size = vector.getDimSize(0);
  return maskedMatrix(
      b, RankedTensorType::get({size, size}, vector.getElementType()), diagonal,
      AffineMap::get(2, 0, b.getAffineDimExpr(0)), arith::CmpIPredicate::eq);
}

/// A vector like the value of `family`, of a parameter that its members may
/// share.
static Expression spread(ImplicitLocOpBuilder &b,
                         DistributionOpInterface family, Expression parameter) {
  if (isa<RankedTensorType>(parameter.getType()))
    return parameter;
  auto values = cast<DistType>(family->getResult(0).getType()).getValueType();
  auto type = cast<RankedTensorType>(values);
  SmallVector<Value> sizes;
  for (Value operand : family->getOperands())
    if (sizes.empty() && type.isDynamicDim(0) &&
        isa<RankedTensorType>(operand.getType()))
      sizes.push_back(dimension(b, operand, 0));
  return parameter.with(
      tensor::SplatOp::create(b, parameter.getValue(), type.getShape(), sizes));
}

namespace {
/// A normal distribution of vectors, of loc + L u for standard normal u: a
/// multivariate one, or independent members, of which L is diagonal.
class NormalVector {
public:
  NormalVector(ImplicitLocOpBuilder &b, DistributionOpInterface family)
      : builder(b), isDiagonal(isa<NormalOp>(family)),
        loc(parameter(b, family, 0)), factor(parameter(b, family, 1)) {
    if (isDiagonal) {
      loc = spread(b, family, loc);
      factor = spread(b, family, factor);
    }
  }

  Expression getLoc() const { return loc; }
  /// sum_k log L_kk
  Expression getLogDeterminant() const {
    return isDiagonal ? sum(map(factor, [](Expression s) { return log(s); }))
                      : logDeterminant(factor);
  }
  /// L, zero above the diagonal.
  Expression getFactor() const {
    return factor.with(isDiagonal ? diagonalMatrix(builder, factor)
                                  : lowerTriangle(builder, factor));
  }
  /// L^-1 x, of a vector or a matrix x.
  Expression whiten(Expression x) const {
    if (!isDiagonal)
      return x.with(TriangularSolveOp::create(builder, x.getType(), factor, x,
                                              /*transpose=*/false));
    auto type = cast<RankedTensorType>(x.getType());
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    SmallVector<Value> sizes;
    for (int64_t d = 0; d < type.getRank(); ++d)
      if (type.isDynamicDim(d))
        sizes.push_back(dimension(builder, x, d));
    auto generic = linalg::GenericOp::create(
        builder, TypeRange(type), ValueRange{x, factor},
        ValueRange(tensor::EmptyOp::create(builder, type, sizes).getResult()),
        ArrayRef<AffineMap>{
            identity,
            AffineMap::get(type.getRank(), 0, builder.getAffineDimExpr(0)),
            identity},
        SmallVector<utils::IteratorType>(type.getRank(),
                                         utils::IteratorType::parallel),
        [](OpBuilder &nested, Location where, ValueRange arguments) {
          ImplicitLocOpBuilder inner(where, nested);
          Expression element(inner, arguments[0]);
          linalg::YieldOp::create(
              inner, (element / element.with(arguments[1])).getValue());
        });
    return x.with(generic.getResult(0));
  }

private:
  ImplicitLocOpBuilder &builder;
  bool isDiagonal;
  Expression loc, factor;
};
} // namespace

/// (|Lp^-1 Lq|^2 + |Lp^-1 (mq - mp)|^2 - D) / 2 + sum_k log(Lp_kk / Lq_kk)
static Value normalVectors(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                           DistributionOpInterface p) {
  NormalVector left(b, q), right(b, p);
  Expression u =
      right.whiten(map(left.getLoc(), right.getLoc(),
                       [](Expression a, Expression b) { return a - b; }));
  Expression m = right.whiten(left.getFactor());
  Expression size = toFloat(b, dimension(b, u, 0), q.getFloatType());
  return 0.5 * (dot(m, m) + dot(u, u) - size) + right.getLogDeterminant() -
         left.getLogDeterminant();
}

//===----------------------------------------------------------------------===//
// Images under one bijector
//===----------------------------------------------------------------------===//

/// A divergence does not change under a bijection of both sides.
template <typename Op>
static Value sameImage(ImplicitLocOpBuilder &b, DistributionOpInterface q,
                       DistributionOpInterface p) {
  auto left = cast<Op>(q.getOperation()), right = cast<Op>(p.getOperation());
  if (left.getSupportKind() != right.getSupportKind() ||
      !llvm::equal(left.getBounds(), right.getBounds()))
    return Value();
  return buildKL(b, left.getBase(), right.getBase());
}

Registry::Registry() {
  add<NormalOp, NormalOp>(normalNormal);
  add<LogNormalOp, LogNormalOp>(normalNormal);
  add<HalfNormalOp, HalfNormalOp>(halfNormalHalfNormal);
  add<LaplaceOp, LaplaceOp>(laplaceLaplace);
  add<CauchyOp, CauchyOp>(cauchyCauchy);
  add<HalfCauchyOp, HalfCauchyOp>(halfCauchyHalfCauchy);
  add<BernoulliOp, BernoulliOp>(bernoulliBernoulli);
  add<BernoulliOp, BernoulliLogitsOp>(bernoulliLogits);
  add<BernoulliLogitsOp, BernoulliOp>(logitsBernoulli);
  add<BernoulliLogitsOp, BernoulliLogitsOp>(logitsLogits);
  add<BinomialOp, BinomialOp>(binomialBinomial<bernoulliBernoulli>);
  add<BinomialOp, BinomialLogitsOp>(binomialBinomial<bernoulliLogits>);
  add<BinomialLogitsOp, BinomialOp>(binomialBinomial<logitsBernoulli>);
  add<BinomialLogitsOp, BinomialLogitsOp>(binomialBinomial<logitsLogits>);
  add<PoissonOp, PoissonOp>(poissonPoisson);
  add<PoissonOp, PoissonLogOp>(poissonPoisson);
  add<PoissonLogOp, PoissonOp>(poissonPoisson);
  add<PoissonLogOp, PoissonLogOp>(poissonPoisson);
  add<NegativeBinomialOp, NegativeBinomialOp>(negativeBinomialNegativeBinomial);
  add<NegativeBinomialOp, NegativeBinomialLogOp>(
      negativeBinomialNegativeBinomial);
  add<NegativeBinomialLogOp, NegativeBinomialOp>(
      negativeBinomialNegativeBinomial);
  add<NegativeBinomialLogOp, NegativeBinomialLogOp>(
      negativeBinomialNegativeBinomial);
  add<CategoricalOp, CategoricalOp>(categoricalCategorical);
  add<CategoricalOp, CategoricalLogitsOp>(categoricalCategorical);
  add<CategoricalLogitsOp, CategoricalOp>(categoricalCategorical);
  add<CategoricalLogitsOp, CategoricalLogitsOp>(categoricalCategorical);
  add<MultivariateNormalOp, MultivariateNormalOp>(normalVectors);
  add<NormalOp, MultivariateNormalOp>(normalVectors);
  add<MultivariateNormalOp, NormalOp>(normalVectors);
  add<PushforwardOp, PushforwardOp>(sameImage<PushforwardOp>);
  add<PullbackOp, PullbackOp>(sameImage<PullbackOp>);
  add(DeltaOp::getOperationName(), "", deltaAny);
  add("", DeltaOp::getOperationName(), anyDelta);
}

//===----------------------------------------------------------------------===//
// Divergences
//===----------------------------------------------------------------------===//

/// Two members of one exponential family.
static Value buildFromNaturalParameters(ImplicitLocOpBuilder &b,
                                        DistributionOpInterface q,
                                        DistributionOpInterface p) {
  if (q->getName() != p->getName())
    return Value();
  auto left = dyn_cast<ExponentialFamilyOpInterface>(q.getOperation());
  auto right = dyn_cast<ExponentialFamilyOpInterface>(p.getOperation());
  if (!left || !right)
    return Value();
  SmallVector<Value> etaQ = left.buildNaturalParameters(b);
  SmallVector<Value> etaP = right.buildNaturalParameters(b);
  SmallVector<Value> mean = left.buildMeanStatistics(b);
  Expression result = Expression(b, right.buildLogPartition(b)) -
                      Expression(b, left.buildLogPartition(b));
  for (auto [s, t, m] : llvm::zip(etaQ, etaP, mean)) {
    Expression difference =
        map(Expression(b, t), Expression(b, s),
            [](Expression a, Expression b) { return a - b; });
    result = result - dot(difference, Expression(b, m));
  }
  return result;
}

/// E_q[log p] by statistics of q.
static Value buildFromStatistics(ImplicitLocOpBuilder &b,
                                 DistributionOpInterface q,
                                 DistributionOpInterface p) {
  if (q.getEventRank() != 0 || p.getEventRank() != 0 ||
      getBatchRank(q->getResult(0)) || getBatchRank(p->getResult(0)))
    return Value();
  return p.buildExpectedLogProb(b, [&](const Statistic &statistic) {
    return q.buildExpectedStatistic(b, statistic);
  });
}

static DistributionOpInterface getFamily(Value distribution) {
  return distribution.getDefiningOp<DistributionOpInterface>();
}

static unsigned getValueRank(Value distribution) {
  auto tensor = dyn_cast<RankedTensorType>(
      cast<DistType>(distribution.getType()).getValueType());
  return tensor ? tensor.getRank() : 0;
}

/// `build` for each member of the batch that q and p have in common, summed;
/// for one event, restricted to supports where q is inside p.
static Value buildForMembers(
    ImplicitLocOpBuilder &b, Value q, Value p,
    llvm::function_ref<Value(ImplicitLocOpBuilder &, DistributionOpInterface,
                             DistributionOpInterface)>
        build) {
  DistributionOpInterface left = getFamily(q), right = getFamily(p);
  if (!left || !right)
    return Value();
  unsigned eventRank = std::max(left.getEventRank(), right.getEventRank());
  Type type = left.getFloatType();
  if (getValueRank(q) > eventRank)
    return buildSumOverMembers(b, type, {q, p}, {},
                               [&](ImplicitLocOpBuilder &inner,
                                   ArrayRef<Value> members, ArrayRef<Value>) {
                                 return buildForMembers(inner, members[0],
                                                        members[1], build);
                               });

  std::optional<bool> inside = isInside(left.getSupport(), right.getSupport());
  if (inside && !*inside)
    return floatConstant(b, type, infinity);
  Value result = build(b, left, right);
  if (!result || inside)
    return result;
  Value condition = buildInside(b, left.getSupport(), right.getSupport());
  if (!condition)
    return result;
  Expression value(b, result);
  return select(condition, value, value.constant(infinity));
}

Value vi::buildKL(ImplicitLocOpBuilder &builder, Value q, Value p) {
  DistributionOpInterface family = getFamily(q);
  if (!family)
    return Value();
  if (isSameDistribution(q, p))
    return floatConstant(builder, family.getFloatType(), 0);
  auto one = [](ImplicitLocOpBuilder &b, DistributionOpInterface q,
                DistributionOpInterface p) -> Value {
    if (DivergenceBuilder entry = getRegistry().lookup(
            q->getName().getStringRef(), p->getName().getStringRef()))
      if (Value value = tryBuild(b, [&] { return entry(b, q, p); }))
        return value;
    if (Value value =
            tryBuild(b, [&] { return buildFromNaturalParameters(b, q, p); }))
      return value;
    return tryBuild(b, [&]() -> Value {
      Value entropy = vi::buildEntropy(b, q->getResult(0));
      Value density = entropy ? buildFromStatistics(b, q, p) : Value();
      if (!density)
        return Value();
      return -Expression(b, entropy) - Expression(b, density);
    });
  };
  return tryBuild(builder, [&] { return buildForMembers(builder, q, p, one); });
}

Value vi::buildCrossEntropy(ImplicitLocOpBuilder &builder, Value q, Value p) {
  if (isSameDistribution(q, p))
    return tryBuild(builder, [&] { return vi::buildEntropy(builder, q); });
  auto one = [](ImplicitLocOpBuilder &b, DistributionOpInterface q,
                DistributionOpInterface p) -> Value {
    if (Value value = tryBuild(b, [&]() -> Value {
          Value density = buildFromStatistics(b, q, p);
          return density ? (-Expression(b, density)).getValue() : Value();
        }))
      return value;
    return tryBuild(b, [&]() -> Value {
      Value entropy = vi::buildEntropy(b, q->getResult(0));
      Value divergence =
          entropy ? buildKL(b, q->getResult(0), p->getResult(0)) : Value();
      if (!divergence)
        return Value();
      return Expression(b, divergence) + Expression(b, entropy);
    });
  };
  return tryBuild(builder, [&] { return buildForMembers(builder, q, p, one); });
}

Value vi::buildExpectedStatistic(ImplicitLocOpBuilder &builder, Value q,
                                 const Statistic &statistic) {
  DistributionOpInterface family = getFamily(q);
  if (!family || getBatchRank(q) || family.getEventRank())
    return Value();
  return tryBuild(builder, [&] {
    return family.buildExpectedStatistic(builder, statistic);
  });
}
