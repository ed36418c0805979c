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

Value FormAnalysis::buildMoment(const FormFactor &factor, bool variance) {
  if (factor.predictor) {
    std::optional<Expression> total;
    for (const auto &[variable, coefficient] : factor.predictor->variables) {
      Value moment = buildMoment(variable, variance);
      if (!moment)
        return Value();
      Expression c(*builder, coefficient);
      Expression part = (variance ? c * c : c) * Expression(*builder, moment);
      total = total ? *total + part : part;
    }
    return *total;
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
  if (plain && !factor.predictor &&
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
      if (Value known = buildGaussianExpectation(*builder, *function.name,
                                                 center, spread)) {
        if (!isExactGaussianExpectation(*function.name))
          accuracy = std::max(accuracy, Accuracy::Certified);
        return finish(m.with(known));
      }
    }
  }
  for (const auto &function : factor.functions)
    if (!isSmooth(*function)) {
      fail("a function of latents that is not smooth");
      return Value();
    }
  accuracy = Accuracy::Quadrature;
  Value result =
      buildGaussianQuadrature(*builder, m, v, [&](Expression x) -> Expression {
        FormFactor integrand = factor;
        integrand.statistic = Statistic::getPower(power);
        integrand.power = 0;
        return evaluate(integrand, x);
      });
  return finish(m.with(result));
}

Value FormAnalysis::buildTerm(const FormTerm &term) {
  Expression product(*builder, term.coefficient);
  for (const FormFactor &factor : term.factors) {
    // Exponentials of variables of a predictor move its mean.
    std::optional<Expression> shift;
    for (const FormFactor &other : term.factors) {
      if (!other.isShiftOf(factor))
        continue;
      for (const auto &[variable, coefficient] : factor.predictor->variables) {
        if (!variable.hasSameVariable(other))
          continue;
        Value variance = buildMoment(variable, /*variance=*/true);
        if (!variance)
          return Value();
        Expression part = product.with(other.statistic.coefficient) *
                          product.with(coefficient) * product.with(variance);
        shift = shift ? *shift + part : part;
      }
    }
    Value moment = buildFactor(factor, shift ? shift->getValue() : Value());
    if (!moment)
      return Value();
    product = product * product.with(moment);
  }
  return product;
}

Value FormAnalysis::buildExpectation(ImplicitLocOpBuilder &b, Value value) {
  builder = &b;
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
      Expression part(b, expectation);
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
