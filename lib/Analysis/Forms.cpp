//===- Forms.cpp - the form of an integrand in its random variables -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Forms.h"

#include "vi/Dialect/VI/IR/Divergences.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace vi;
using Kind = Statistic::Kind;

/// Beyond this many terms, sampling is cheaper than algebra.
static constexpr size_t maximumTerms = 64;

static std::optional<double> getNumber(Value value) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number)))
    return number.getValueAsDouble();
  return std::nullopt;
}

/// The name of the random variable.
static StringRef getSite(const FormFactor &factor) {
  DrawOp draw = factor.draw;
  return draw.getSite();
}

std::optional<FormAnalysis::Form> FormAnalysis::multiply(const Form &a,
                                                         const Form &b) {
  if (a.size() * b.size() > maximumTerms)
    return fail("too many terms");
  Form product;
  for (const FormTerm &left : a)
    for (const FormTerm &right : b) {
      FormTerm term;
      term.coefficient = Expression(*builder, left.coefficient) *
                         Expression(*builder, right.coefficient);
      term.factors = left.factors;
      for (const FormFactor &factor : right.factors) {
        FormFactor *same =
            llvm::find_if(term.factors, [&](const FormFactor &other) {
              return getSite(other) == getSite(factor);
            });
        if (same == term.factors.end()) {
          term.factors.push_back(factor);
          continue;
        }
        // Two draws of one site are one variable only in one member.
        if (same->draw != factor.draw ||
            same->constrained != factor.constrained)
          return fail("a product of different functions of one latent");
        Statistic &s = same->statistic;
        const Statistic &t = factor.statistic;
        if (s.kind == Kind::Power && t.kind == Kind::Power) {
          s.power += t.power;
        } else if (s.kind == Kind::Exponential && t.kind == Kind::Exponential) {
          s.coefficient = Expression(*builder, s.coefficient) +
                          Expression(*builder, t.coefficient);
        } else if (s.kind == Kind::Log && t.kind == Kind::Log) {
          s = Statistic::get(Kind::LogSquared);
        } else {
          return fail("a product of different functions of one latent");
        }
      }
      llvm::erase_if(term.factors, [](const FormFactor &factor) {
        return factor.statistic.kind == Kind::Power &&
               factor.statistic.power == 0;
      });
      product.push_back(std::move(term));
    }
  return product;
}

std::optional<FormAnalysis::Form> FormAnalysis::invert(const Form &form) {
  if (form.size() != 1)
    return fail("a quotient by a sum of latents");
  FormTerm term = form.front();
  term.coefficient = 1.0 / Expression(*builder, term.coefficient);
  for (FormFactor &factor : term.factors) {
    Statistic &s = factor.statistic;
    if (s.kind == Kind::Power)
      s.power = -s.power;
    else if (s.kind == Kind::Exponential)
      s.coefficient = -Expression(*builder, s.coefficient);
    else
      return fail("a quotient by a logarithm");
  }
  return Form{term};
}

std::optional<FormAnalysis::Form> FormAnalysis::exponentiate(const Form &form) {
  // exp(c + sum a_i u_i) = e^c prod e^{a_i u_i}
  FormTerm result;
  std::optional<Expression> constant;
  for (const FormTerm &term : form) {
    if (term.factors.empty()) {
      Expression value(*builder, term.coefficient);
      constant = constant ? *constant + value : value;
      continue;
    }
    if (term.factors.size() != 1 ||
        term.factors[0].statistic.kind != Kind::Power ||
        term.factors[0].statistic.power != 1)
      return fail("an exponential of what is not linear in the latents");
    FormFactor factor = term.factors[0];
    factor.statistic = Statistic::getExponential(term.coefficient);
    FormFactor *same =
        llvm::find_if(result.factors, [&](const FormFactor &other) {
          return getSite(other) == getSite(factor);
        });
    if (same == result.factors.end()) {
      result.factors.push_back(factor);
      continue;
    }
    if (same->draw != factor.draw || same->constrained != factor.constrained)
      return fail("a product of different functions of one latent");
    same->statistic.coefficient =
        Expression(*builder, same->statistic.coefficient) +
        Expression(*builder, factor.statistic.coefficient);
  }
  if (constant) {
    result.coefficient = exp(*constant);
  } else {
    Type type = form.front().coefficient.getType();
    result.coefficient = floatConstant(*builder, type, 1.0);
  }
  return Form{result};
}

std::optional<FormAnalysis::Form> FormAnalysis::getLogarithm(const Form &form) {
  // log(1 - z)
  if (form.size() == 2) {
    unsigned number = form[0].factors.empty() ? 0 : 1;
    const FormTerm &constant = form[number], &rest = form[1 - number];
    std::optional<double> a = getNumber(constant.coefficient);
    std::optional<double> b = getNumber(rest.coefficient);
    if (constant.factors.empty() && rest.factors.size() == 1 && a && b &&
        *a == 1.0 && *b == -1.0) {
      const FormFactor &factor = rest.factors[0];
      if (factor.constrained && factor.statistic.kind == Kind::Power &&
          factor.statistic.power == 1)
        return Form{{constant.coefficient,
                     {{factor.draw, true, Statistic::get(Kind::Log1Minus)}}}};
    }
  }
  if (form.size() != 1)
    return fail("a logarithm of a sum");
  // log(c prod z_i^{k_i} e^{a_j u_j}) = log c + sum k_i log z_i + sum a_j u_j
  const FormTerm &term = form.front();
  Form result;
  std::optional<double> number = getNumber(term.coefficient);
  Expression coefficient(*builder, term.coefficient);
  if (!number || *number != 1.0)
    result.push_back({log(coefficient), {}});
  for (const FormFactor &factor : term.factors) {
    const Statistic &s = factor.statistic;
    if (s.kind == Kind::Exponential) {
      result.push_back(
          {s.coefficient,
           {{factor.draw, factor.constrained, Statistic::getPower(1)}}});
    } else if (s.kind == Kind::Power && factor.constrained) {
      result.push_back({coefficient.constant(s.power),
                        {{factor.draw, true, Statistic::get(Kind::Log)}}});
    } else {
      return fail("a logarithm of a latent that may be negative");
    }
  }
  if (result.empty())
    result.push_back({coefficient.constant(0.0), {}});
  return result;
}

/// Whether a condition on a continuous latent holds with probability zero:
/// that it equals a number. (Formulas ask that at the poles of logarithms.)
static bool isNullEvent(Value condition, DrawDependence &dependence) {
  if (!dependence.dependsOn(condition))
    return false;
  if (auto both = condition.getDefiningOp<arith::AndIOp>())
    return isNullEvent(both.getLhs(), dependence) ||
           isNullEvent(both.getRhs(), dependence);
  auto compare = condition.getDefiningOp<arith::CmpFOp>();
  return compare && compare.getPredicate() == arith::CmpFPredicate::OEQ &&
         dependence.dependsOn(compare.getLhs()) !=
             dependence.dependsOn(compare.getRhs());
}

std::optional<FormAnalysis::Form> FormAnalysis::getForm(Value value) {
  if (!isa<FloatType>(value.getType()))
    return fail("a value that is no scalar");
  if (!dependence.dependsOn(value))
    return Form{{value, {}}};
  Operation *op = value.getDefiningOp();
  if (!op)
    return fail("a value carried by a loop, or a latent of other members");
  Expression one(*builder, floatConstant(*builder, value.getType(), 1.0));

  if (auto draw = dyn_cast<DrawOp>(op))
    return Form{{one, {{draw, false, Statistic::getPower(1)}}}};
  if (auto constrain = dyn_cast<ConstrainOp>(op)) {
    auto draw = constrain.getUnconstrained().getDefiningOp<DrawOp>();
    if (draw) {
      auto pullback = draw.getDistribution().getDefiningOp<PullbackOp>();
      if (pullback && pullback.getSupportKind() == constrain.getSupport() &&
          pullback.getBounds() == constrain.getBounds())
        return Form{{one, {{draw, true, Statistic::getPower(1)}}}};
    }
    if (constrain.getSupport() != SupportKind::Positive)
      return fail("a bijector whose moments are not known");
    std::optional<Form> form = getForm(constrain.getUnconstrained());
    return form ? exponentiate(*form) : std::nullopt;
  }
  if (isa<arith::AddFOp, arith::SubFOp>(op)) {
    std::optional<Form> a = getForm(op->getOperand(0));
    if (!a)
      return std::nullopt;
    std::optional<Form> b = getForm(op->getOperand(1));
    if (!b)
      return std::nullopt;
    if (a->size() + b->size() > maximumTerms)
      return fail("too many terms");
    for (FormTerm &term : *b) {
      if (isa<arith::SubFOp>(op))
        term.coefficient = -Expression(*builder, term.coefficient);
      a->push_back(term);
    }
    return a;
  }
  if (isa<arith::NegFOp>(op)) {
    std::optional<Form> form = getForm(op->getOperand(0));
    if (form)
      for (FormTerm &term : *form)
        term.coefficient = -Expression(*builder, term.coefficient);
    return form;
  }
  if (isa<arith::MulFOp, arith::DivFOp>(op)) {
    std::optional<Form> a = getForm(op->getOperand(0));
    if (!a)
      return std::nullopt;
    std::optional<Form> b = getForm(op->getOperand(1));
    if (b && isa<arith::DivFOp>(op))
      b = invert(*b);
    return b ? multiply(*a, *b) : std::nullopt;
  }
  if (isa<math::ExpOp>(op)) {
    std::optional<Form> form = getForm(op->getOperand(0));
    return form ? exponentiate(*form) : std::nullopt;
  }
  if (isa<math::LogOp, math::Log1pOp>(op)) {
    // A choice by the data goes outside of the logarithm.
    auto choice = op->getOperand(0).getDefiningOp<arith::SelectOp>();
    if (choice && !dependence.dependsOn(choice.getCondition())) {
      auto apply = [&](Value argument) {
        OperationState state(op->getLoc(), op->getName(), argument,
                             op->getResultTypes(), op->getAttrs());
        return builder->create(state)->getResult(0);
      };
      Value a = apply(choice.getTrueValue());
      Value b = apply(choice.getFalseValue());
      return getForm(
          arith::SelectOp::create(*builder, choice.getCondition(), a, b));
    }
  }
  if (isa<math::LogOp>(op)) {
    std::optional<Form> form = getForm(op->getOperand(0));
    return form ? getLogarithm(*form) : std::nullopt;
  }
  if (isa<math::Log1pOp>(op)) {
    // log(1 - z)
    std::optional<Form> form = getForm(op->getOperand(0));
    if (!form)
      return std::nullopt;
    if (form->size() == 1 && form->front().factors.size() == 1) {
      const FormFactor &factor = form->front().factors[0];
      std::optional<double> number = getNumber(form->front().coefficient);
      if (factor.constrained && factor.statistic.kind == Kind::Power &&
          factor.statistic.power == 1 && number && *number == -1.0)
        return Form{
            {one, {{factor.draw, true, Statistic::get(Kind::Log1Minus)}}}};
    }
    return fail("log(1 + .) of latents");
  }
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    if (dependence.dependsOn(choice.getCondition())) {
      // A density's guard: latents lie in the support of their site.
      std::optional<double> otherwise = getNumber(choice.getFalseValue());
      if (otherwise && std::isinf(*otherwise) && *otherwise < 0)
        return getForm(choice.getTrueValue());
      if (isNullEvent(choice.getCondition(), dependence))
        return getForm(choice.getFalseValue());
      return fail("a choice that depends on latents");
    }
    std::optional<Form> a = getForm(choice.getTrueValue());
    if (!a)
      return std::nullopt;
    std::optional<Form> b = getForm(choice.getFalseValue());
    if (!b)
      return std::nullopt;
    Expression zero = one.constant(0.0);
    for (FormTerm &term : *a)
      term.coefficient = select(choice.getCondition(),
                                Expression(*builder, term.coefficient), zero);
    for (FormTerm &term : *b) {
      term.coefficient = select(choice.getCondition(), zero,
                                Expression(*builder, term.coefficient));
      a->push_back(term);
    }
    return a;
  }
  reason = ("a function of latents with no registered moments: " +
            op->getName().getStringRef())
               .str();
  return std::nullopt;
}

Value FormAnalysis::buildFactor(const FormFactor &factor) {
  DrawOp draw = factor.draw;
  Value q = draw.getDistribution();
  // Independent of everything else, so that expectations of products are
  // products of expectations.
  if (dependence.dependsOn(q)) {
    fail("the guide's distribution of a latent depends on another latent");
    return Value();
  }
  if (factor.constrained)
    q = q.getDefiningOp<PullbackOp>().getBase();
  Value result = buildExpectedStatistic(*builder, q, factor.statistic);
  if (!result)
    fail("a statistic of the guide's family with no known expectation");
  return result;
}

Value FormAnalysis::buildExpectation(ImplicitLocOpBuilder &b, Value value) {
  builder = &b;
  reason.clear();
  std::optional<Form> form = getForm(value);
  if (!form)
    return Value();
  std::optional<Expression> total;
  for (const FormTerm &term : *form) {
    Expression product(b, term.coefficient);
    for (const FormFactor &factor : term.factors) {
      Value moment = buildFactor(factor);
      if (!moment)
        return Value();
      product = product * Expression(b, moment);
    }
    total = total ? *total + product : product;
  }
  return *total;
}
