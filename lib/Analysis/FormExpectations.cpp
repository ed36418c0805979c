//===- FormExpectations.cpp - expectations of forms ----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Forms.h"

#include "vi/Analysis/GaussianExpectations.h"
#include "vi/Analysis/Quadrature.h"
#include "vi/Dialect/VI/IR/Divergences.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace vi;
using Kind = Statistic::Kind;

Value FormAnalysis::buildDistribution(const FormFactor &factor) {
  DrawOp draw = factor.draw;
  Value q = draw.getDistribution();
  // Independent of everything else, so that expectations of products are
  // products of expectations.
  if (dependence.dependsOn(q)) {
    fail("the guide's distribution of a latent depends on another latent");
    return Value();
  }
  if (factor.weights) {
    Value mean = buildMoment(factor, /*variance=*/false);
    Value variance = mean ? buildMoment(factor, /*variance=*/true) : Value();
    auto family = q.getDefiningOp<DistributionOpInterface>();
    Value sum = variance && family ? family.buildSum(*builder, mean, variance)
                                   : Value();
    if (!sum)
      fail("a weighted sum of latents that is not normal");
    return sum;
  }
  if (factor.constrained)
    q = q.getDefiningOp<PullbackOp>().getBase();
  if (!factor.index)
    return q;
  auto plate = draw->getParentOfType<PlateOp>();
  Value here = resolve(q, Member{plate, factor.index});
  if (!here)
    fail("a latent whose guide is known to the members of its plate alone");
  return here;
}

Value FormAnalysis::buildMoments(DrawOp draw, bool variance) {
  Value &known = moments[{draw, variance}];
  if (!known)
    known = createMoments(draw, variance);
  return known;
}

Value FormAnalysis::createMoments(DrawOp draw, bool variance) {
  auto plate = draw->getParentOfType<PlateOp>();
  Type type = draw.getValue().getType();
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPoint(plate);
  auto moments = PlateOp::create(
      *builder, plate.getName(), plate.getCount(), Value(), Value(),
      plate.getSlices(), ValueRange(),
      TypeRange{PlateOp::getStackType(type, plate.getStaticCount())});
  builder->setInsertionPointToEnd(moments.getBlock());
  IRMapping mapping;
  mapping.map(plate.getIndex(), moments.getIndex());
  for (auto [from, to] :
       llvm::zip(plate.getMemberArguments(), moments.getMemberArguments()))
    mapping.map(from, to);
  for (Operation &op : *plate.getBlock()) {
    if (&op == draw.getOperation())
      break;
    if (isMemoryEffectFree(&op) && !dependence.dependsOn(&op) &&
        !op.hasTrait<OpTrait::IsTerminator>())
      builder->clone(op, mapping);
  }
  Value q = mapping.lookupOrDefault(draw.getDistribution());
  Value mean = buildExpectedStatistic(*builder, q, Statistic::getPower(1));
  Value result = mean;
  if (mean && variance)
    result = buildExpectedStatistic(*builder, q,
                                    Statistic::getSquaredDeviation(mean));
  if (!result) {
    moments.erase();
    return Value();
  }
  // A slice has been stacked already.
  if (auto argument = dyn_cast<BlockArgument>(result);
      argument && argument.getOwner() == moments.getBlock() &&
      argument != moments.getIndex()) {
    Value slice = plate.getSlices()[argument.getArgNumber() - 1];
    moments.erase();
    return slice;
  }
  YieldOp::create(*builder, ValueRange(), ValueRange{result});
  return moments.getStacks()[0];
}

std::optional<JointNormal> FormAnalysis::getMoments(DrawOp draw) {
  if (dependence.dependsOn(draw.getDistribution())) {
    fail("the guide's distribution of a latent depends on another latent");
    return std::nullopt;
  }
  auto found = joints.find(draw);
  if (found != joints.end())
    return found->second;
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPoint(draw);
  JointNormal moments = buildJointNormal(*builder, draw.getDistribution());
  joints.try_emplace(draw, moments);
  return moments;
}

/// The part of a tensor that belongs to a variable: an element, or as many as
/// it has weights.
static Value buildPart(ImplicitLocOpBuilder &builder, Value tensor,
                       ArrayRef<const FormFactor *> variables) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> offsets, sizes, strides;
  SmallVector<int64_t> shape;
  for (const FormFactor *variable : variables) {
    offsets.push_back(getAsOpFoldResult(variable->index));
    strides.push_back(builder.getIndexAttr(1));
    if (!variable->weights) {
      sizes.push_back(builder.getIndexAttr(1));
      continue;
    }
    auto weights = cast<RankedTensorType>(variable->weights.getType());
    shape.push_back(weights.getDimSize(0));
    sizes.push_back(
        weights.isDynamicDim(0)
            ? OpFoldResult(dimension(builder, variable->weights, 0))
            : OpFoldResult(builder.getIndexAttr(weights.getDimSize(0))));
  }
  if (shape.empty()) {
    SmallVector<Value> indices;
    for (const FormFactor *variable : variables)
      indices.push_back(variable->index);
    return tensor::ExtractOp::create(builder, tensor, indices);
  }
  return tensor::ExtractSliceOp::create(
      builder, RankedTensorType::get(shape, type.getElementType()), tensor,
      offsets, sizes, strides);
}

/// The sum of a part of a tensor times the weights of its variables.
static Value buildWeighted(ImplicitLocOpBuilder &builder, Value tensor,
                           ArrayRef<const FormFactor *> variables) {
  Value part = buildPart(builder, tensor, variables);
  SmallVector<Value> inputs;
  for (const FormFactor *variable : variables)
    if (variable->weights)
      inputs.push_back(variable->weights);
  if (inputs.empty())
    return part;
  unsigned rank = inputs.size();
  SmallVector<AffineMap> maps;
  for (unsigned d = 0; d < rank; ++d)
    maps.push_back(AffineMap::get(rank, 0, builder.getAffineDimExpr(d)));
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  maps.push_back(AffineMap::get(rank, 0, builder.getContext()));
  inputs.push_back(part);
  Type type = getElementTypeOrSelf(tensor.getType());
  Value zero = arith::ConstantOp::create(
      builder, builder.getZeroAttr(RankedTensorType::get({}, type)));
  auto sum = linalg::GenericOp::create(
      builder, zero.getType(), inputs, zero, maps,
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::reduction),
      [](OpBuilder &b, Location l, ValueRange args) {
        Value product = args[0];
        for (Value factor : args.drop_front().drop_back())
          product = arith::MulFOp::create(b, l, product, factor);
        Value next = arith::AddFOp::create(b, l, args.back(), product);
        linalg::YieldOp::create(b, l, next);
      });
  return tensor::ExtractOp::create(builder, sum.getResult(0), ValueRange());
}

Value FormAnalysis::buildCovariance(const FormFactor &a, const FormFactor &b) {
  if (a.predictor || b.predictor) {
    const FormFactor &sum = a.predictor ? a : b;
    const FormFactor &other = a.predictor ? b : a;
    std::optional<Expression> total;
    for (const auto &[variable, coefficient] : sum.predictor->variables) {
      Value part = buildCovariance(variable, other);
      if (!part)
        continue;
      Expression scaled =
          Expression(*builder, coefficient) * Expression(*builder, part);
      total = total ? *total + scaled : scaled;
    }
    return total ? total->getValue() : Value();
  }
  if (!a.mayOverlap(b))
    return Value();
  if (!a.isJoint())
    return buildMoment(a, /*variance=*/true);
  std::optional<JointNormal> moments = getMoments(a.draw);
  return moments ? buildWeighted(*builder, moments->covariance, {&a, &b})
                 : Value();
}

Value FormAnalysis::buildMoment(const FormFactor &factor, bool variance) {
  if (factor.predictor) {
    std::optional<Expression> total;
    const auto &variables = factor.predictor->variables;
    for (const auto &[number, part] : llvm::enumerate(variables)) {
      const auto &[variable, coefficient] = part;
      Value moment = buildMoment(variable, variance);
      if (!moment)
        return Value();
      Expression c(*builder, coefficient);
      Expression term = (variance ? c * c : c) * Expression(*builder, moment);
      total = total ? *total + term : term;
      if (!variance)
        continue;
      for (const auto &[other, scale] :
           ArrayRef(variables).drop_front(number + 1))
        if (Value covariance = buildCovariance(variable, other))
          total = *total + 2.0 * c * c.with(scale) * c.with(covariance);
    }
    return *total;
  }
  if (factor.isJoint()) {
    std::optional<JointNormal> moments = getMoments(factor.draw);
    if (!moments)
      return Value();
    return variance ? buildCovariance(factor, factor)
                    : buildWeighted(*builder, moments->mean, {&factor});
  }
  DrawOp draw = factor.draw;
  if (dependence.dependsOn(draw.getDistribution())) {
    fail("the guide's distribution of a latent depends on another latent");
    return Value();
  }
  Value result;
  if (factor.weights) {
    if (Value moments = buildMoments(draw, variance)) {
      Type type = draw.getValue().getType();
      Value zero = arith::ConstantOp::create(
          *builder, builder->getZeroAttr(RankedTensorType::get({}, type)));
      AffineMap vector = builder->getMultiDimIdentityMap(1);
      AffineMap scalar = AffineMap::get(1, 0, builder->getContext());
      auto sum = linalg::GenericOp::create(
          *builder, zero.getType(), ValueRange{factor.weights, moments}, zero,
          ArrayRef<AffineMap>{vector, vector, scalar},
          ArrayRef<utils::IteratorType>{utils::IteratorType::reduction},
          [&](OpBuilder &b, Location l, ValueRange args) {
            Value weight = args[0];
            if (variance)
              weight = arith::MulFOp::create(b, l, weight, weight);
            Value part = arith::MulFOp::create(b, l, weight, args[1]);
            Value next = arith::AddFOp::create(b, l, args[2], part);
            linalg::YieldOp::create(b, l, next);
          });
      result =
          tensor::ExtractOp::create(*builder, sum.getResult(0), ValueRange());
    }
  } else if (factor.index && !factor.constrained) {
    // The members' own, once for all who look at them.
    if (Value all = buildMoments(draw, variance))
      result = tensor::ExtractOp::create(*builder, all, factor.index);
  } else if (Value q = buildDistribution(factor)) {
    Value mean = buildExpectedStatistic(*builder, q, Statistic::getPower(1));
    result = mean;
    if (mean && variance)
      result = buildExpectedStatistic(*builder, q,
                                      Statistic::getSquaredDeviation(mean));
  } else {
    return Value();
  }
  if (!result)
    fail("a statistic of the guide's family with no known expectation");
  return result;
}

/// E[x^power] for x ~ N(mean, variance).
static Expression buildNormalMoment(Expression mean, Expression variance,
                                    int power) {
  // E[x^k] = mean E[x^(k-1)] + (k - 1) variance E[x^(k-2)]
  Expression before = mean.constant(0.0), moment = mean.constant(1.0);
  for (int k = 1; k <= power; ++k) {
    Expression next = mean * moment + double(k - 1) * variance * before;
    before = moment;
    moment = next;
  }
  return moment;
}

/// a and b of a form a x + b in its variable x.
static std::optional<std::pair<Expression, std::optional<Expression>>>
getAffine(ImplicitLocOpBuilder &builder, const Form &form) {
  std::optional<Expression> slope, offset;
  for (const FormTerm &term : form) {
    if (!term.factors.empty() && !term.factors[0].isVariable())
      return std::nullopt;
    std::optional<Expression> &part = term.factors.empty() ? offset : slope;
    Expression coefficient(builder, term.coefficient);
    part = part ? *part + coefficient : coefficient;
  }
  if (!slope)
    return std::nullopt;
  return std::pair(*slope, offset);
}

Value FormAnalysis::buildFactor(const FormFactor &factor, Value shift) {
  bool plain = factor.functions.empty() && factor.power == 0 && !shift;
  // Of a member that is read from elsewhere, moments are all that is computed
  // once for each member.
  if (plain && !factor.predictor && !factor.isJoint() &&
      !((factor.index || factor.weights) && isNormal(factor))) {
    Value q = buildDistribution(factor);
    if (!q)
      return Value();
    Value result = buildExpectedStatistic(*builder, q, factor.statistic);
    if (!result)
      fail("a statistic of the guide's family with no known expectation");
    return result;
  }
  // What is left are functions of a normal variable.
  int power = factor.power;
  bool tilted = factor.statistic.kind == Kind::Exponential;
  if (!tilted) {
    if (factor.statistic.kind != Kind::Power || factor.statistic.power < 0) {
      fail("a product of different functions of one latent");
      return Value();
    }
    power = factor.statistic.power;
  }
  if (power < 0) {
    fail("a quotient by a latent that may be zero");
    return Value();
  }
  if (!isNormal(factor.getVariable())) {
    fail("a function of a latent that is not normal");
    return Value();
  }
  Value mean = buildMoment(factor, /*variance=*/false);
  Value variance = mean ? buildMoment(factor, /*variance=*/true) : Value();
  if (!variance)
    return Value();
  Expression m(*builder, mean), v(*builder, variance);
  if (shift)
    m = m + m.with(shift);
  // E[e^(cx) f(x)] = E[e^(cx)] E[f(x + c v)]
  std::optional<Expression> tilt;
  if (tilted) {
    Expression c = m.with(factor.statistic.coefficient);
    tilt = exp(c * m + 0.5 * vi::square(c) * v);
    m = m + c * v;
  }
  auto finish = [&](Expression value) -> Value {
    return tilt ? *tilt * value : value;
  };
  if (factor.functions.empty())
    return finish(buildNormalMoment(m, v, power));
  if (factor.functions.size() == 1 && power == 0 &&
      factor.functions[0]->operands.size() == 1) {
    const FormFunction &function = *factor.functions[0];
    if (auto affine = getAffine(*builder, function.operands[0])) {
      auto [slope, offset] = *affine;
      Expression center = slope * m, spread = vi::square(slope) * v;
      if (offset)
        center = center + *offset;
      if (function.isSquare())
        return finish(vi::square(center) + spread);
      if (std::optional<GaussianExpectation> known =
              buildGaussianExpectation(*function.name, center, spread)) {
        if (!known->bound)
          return finish(known->value);
        accuracy = std::max(accuracy, Accuracy::Certified);
        return finish(markApproximate(known->value, *known->bound));
      }
    }
  }
  // How many nodes a steep function needs is known where its error is.
  bool steep = options.errorBounds && !held;
  for (const auto &function : factor.functions)
    if (!isSmooth(*function, steep)) {
      fail("a function of latents that quadrature does not resolve");
      return Value();
    }
  // A product rule has fewer nodes in each variable.
  int64_t nodes = held ? options.quadratureNodes / 2 : options.quadratureNodes;
  accuracy = Accuracy::Quadrature;
  return finish(buildQuadrature(m, v, nodes, [&](Expression x) -> Expression {
    FormFactor integrand = factor;
    integrand.statistic = Statistic::getPower(power);
    integrand.power = 0;
    return evaluate(integrand, x);
  }));
}

Expression FormAnalysis::markApproximate(Expression value, Expression bound,
                                         bool estimated) {
  if (!options.errorBounds)
    return value;
  Value fixed = StopGradientOp::create(*builder, bound);
  return value.with(ApproximateOp::create(*builder, value, fixed, estimated));
}

Expression FormAnalysis::buildQuadrature(
    Expression mean, Expression variance, int64_t nodes,
    llvm::function_ref<Expression(Expression x)> integrand) {
  auto build = [&](int64_t count) {
    return mean.with(
        buildGaussianQuadrature(*builder, mean, variance, count, integrand));
  };
  Expression value = build(nodes);
  if (!options.errorBounds)
    return value;
  // A quarter of the step has a bound that is the fourth power: the difference
  // is the error of the larger one, unless neither resolves the function.
  Expression fine = build(4 * (nodes - 1) + 1);
  return markApproximate(value, abs(value - fine), /*estimated=*/true);
}

/// E of the product of normal variables with these means and covariances.
static Expression buildJointMoment(ArrayRef<Expression> means,
                                   ArrayRef<SmallVector<Value>> covariances,
                                   ArrayRef<unsigned> variables) {
  Expression first = means[variables[0]];
  if (variables.size() == 1)
    return first;
  // E[x r] = E[x] E[r] + sum of Cov(x, r_j) E[r without r_j]
  ArrayRef<unsigned> rest = variables.drop_front();
  Expression total = first * buildJointMoment(means, covariances, rest);
  for (unsigned j = 0; j < rest.size(); ++j) {
    Value covariance = covariances[variables[0]][rest[j]];
    if (!covariance)
      continue;
    Expression part = first.with(covariance);
    SmallVector<unsigned> others(rest);
    others.erase(others.begin() + j);
    if (!others.empty())
      part = part * buildJointMoment(means, covariances, others);
    total = total + part;
  }
  return total;
}

Value FormAnalysis::buildDependent(ArrayRef<const FormFactor *> factors) {
  for (const FormFactor *factor : factors)
    if (!isNormal(factor->getVariable())) {
      fail("a product of functions of latents that are not normal");
      return Value();
    }
  SmallVector<Expression> means;
  SmallVector<SmallVector<Value>> covariances;
  for (const FormFactor *factor : factors) {
    Value mean = buildMoment(*factor, /*variance=*/false);
    Value variance = mean ? buildMoment(*factor, /*variance=*/true) : Value();
    if (!variance)
      return Value();
    means.emplace_back(*builder, mean);
    SmallVector<Value> &row = covariances.emplace_back();
    for (const FormFactor *other : factors)
      row.push_back(other == factor ? variance
                                    : buildCovariance(*factor, *other));
  }
  // The exponentials: their expectation, and where they move the means.
  std::optional<Expression> exponent;
  SmallVector<std::optional<Expression>> shifts(factors.size());
  for (auto [i, factor] : llvm::enumerate(factors)) {
    if (factor->statistic.kind != Kind::Exponential)
      continue;
    Expression c = means[i].with(factor->statistic.coefficient);
    Expression linear = c * means[i];
    exponent = exponent ? *exponent + linear : linear;
    for (auto [j, other] : llvm::enumerate(factors)) {
      if (!covariances[i][j])
        continue;
      Expression moved = c * c.with(covariances[i][j]);
      shifts[j] = shifts[j] ? *shifts[j] + moved : moved;
      if (other->statistic.kind == Kind::Exponential)
        exponent =
            *exponent + 0.5 * moved * c.with(other->statistic.coefficient);
    }
  }
  std::optional<Expression> result;
  auto multiply = [&](Expression value) {
    result = result ? *result * value : value;
  };
  if (exponent)
    multiply(exp(*exponent));
  // Powers together; at most one general function.
  SmallVector<unsigned> powers;
  for (auto [i, factor] : llvm::enumerate(factors)) {
    bool tilted = factor->statistic.kind == Kind::Exponential;
    int power = tilted ? factor->power : factor->statistic.power;
    if (!factor->functions.empty()) {
      FormFactor rest = *factor;
      rest.statistic = Statistic::getPower(power);
      rest.power = 0;
      Value value =
          buildFactor(rest, shifts[i] ? shifts[i]->getValue() : Value());
      if (!value)
        return Value();
      multiply(means[i].with(value));
      continue;
    }
    powers.append(power, i);
    if (shifts[i])
      means[i] = means[i] + *shifts[i];
  }
  if (powers.size() > 8) {
    fail("a power of latents that is too high");
    return Value();
  }
  if (!powers.empty())
    multiply(buildJointMoment(means, covariances, powers));
  return *result;
}

Value FormAnalysis::buildTerm(const FormTerm &term) {
  Expression product(*builder, term.coefficient);
  // Factors that are independent of all others, and groups that are not.
  SmallVector<bool> done(term.factors.size());
  for (auto [i, factor] : llvm::enumerate(term.factors)) {
    if (done[i])
      continue;
    SmallVector<const FormFactor *> group{&factor};
    for (unsigned next = 0; next < group.size(); ++next)
      for (auto [j, other] : llvm::enumerate(term.factors))
        if (j != i && !done[j] && group[next]->mayOverlap(other) &&
            !llvm::is_contained(group, &other)) {
          group.push_back(&other);
          done[j] = true;
        }
    Value moment = group.size() == 1 ? buildFactor(factor, Value())
                                     : buildDependent(group);
    if (!moment)
      return Value();
    product = product * product.with(moment);
  }
  return product;
}

Value FormAnalysis::buildSum(Value value) {
  // Squares of linear predictors are more accurate together; where something
  // else depends on their latents too, a sum of products may still do.
  Value best;
  Accuracy bestAccuracy = Accuracy::Quadrature;
  for (bool join : {true, false}) {
    joinSquares = join;
    accuracy = Accuracy::Exact;
    reason.clear();
    known.clear();
    std::optional<Form> form = getForm(value);
    if (!form)
      continue;
    std::optional<Expression> total;
    bool found = true;
    for (const FormTerm &term : *form) {
      Value expectation = buildTerm(term);
      if (!expectation) {
        found = false;
        break;
      }
      Expression part(*builder, expectation);
      total = total ? *total + part : part;
    }
    if (!found || (best && accuracy >= bestAccuracy))
      continue;
    best = *total;
    bestAccuracy = accuracy;
    if (accuracy != Accuracy::Quadrature)
      break;
  }
  accuracy = bestAccuracy;
  return best;
}

Value FormAnalysis::buildGiven(const FormFactor &variable, Value value,
                               Accuracy worst) {
  Value mean = buildMoment(variable, /*variance=*/false);
  Value variance = mean ? buildMoment(variable, /*variance=*/true) : Value();
  if (!variance)
    return Value();
  bool found = true;
  Accuracy given = Accuracy::Exact;
  Expression result = buildQuadrature(
      Expression(*builder, mean), Expression(*builder, variance),
      options.quadratureNodes / 2, [&](Expression x) -> Expression {
        Expression zero = x.constant(0.0);
        if (!found)
          return zero;
        held.emplace(variable, x.getValue());
        Value inner = buildSum(value);
        held.reset();
        given = std::max(given, accuracy);
        found = inner && given <= worst;
        if (found && !isSmoothIn(x, inner)) {
          fail("a function of latents that quadrature does not resolve");
          found = false;
        }
        return found ? x.with(inner) : zero;
      });
  known.clear();
  if (!found)
    return Value();
  accuracy = Accuracy::Quadrature;
  int64_t nodes = options.quadratureNodes / 2;
  StringRef site = DrawOp(variable.draw).getSite();
  quadrature =
      given == Accuracy::Quadrature
          ? llvm::formatv("two-dimensional quadrature with {0} x {0} nodes",
                          nodes)
                .str()
          : llvm::formatv("quadrature with {0} nodes in '{1}', given which it "
                          "is {2}",
                          nodes, site,
                          given == Accuracy::Exact ? "in closed form"
                                                   : "certified")
                .str();
  return result;
}

Value FormAnalysis::buildGivenOne(Value value) {
  std::string before = reason;
  SmallVector<FormFactor, 0> candidates;
  for (const FormFactor &variable : seen) {
    FormFactor candidate = variable;
    candidate.constrained = false;
    DrawOp draw = candidate.draw;
    bool isNew = llvm::none_of(candidates, [&](const FormFactor &other) {
      return other.hasSameVariable(candidate);
    });
    if (isNew && !candidate.isJoint() && isNormal(candidate) &&
        !dependence.dependsOn(draw.getDistribution()))
      candidates.push_back(candidate);
  }
  // Each costs as much as all that has been tried.
  constexpr unsigned most = 4;
  if (candidates.size() > most)
    candidates.resize(most);
  for (Accuracy worst : {Accuracy::Certified, Accuracy::Quadrature})
    for (const FormFactor &candidate : candidates)
      if (Value result = buildGiven(candidate, value, worst))
        return result;
  reason = before;
  return Value();
}

Value FormAnalysis::buildExpectation(ImplicitLocOpBuilder &b, Value value) {
  builder = &b;
  seen.clear();
  quadrature = llvm::formatv("one-dimensional quadrature with {0} nodes",
                             options.quadratureNodes)
                   .str();
  if (Value sum = buildSum(value))
    return sum;
  // How steep the rest is in one variable is known where its error is.
  return options.errorBounds ? buildGivenOne(value) : Value();
}
