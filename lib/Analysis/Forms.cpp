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

#include "vi/Analysis/GaussianExpectations.h"
#include "vi/Dialect/Special/IR/Special.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

using namespace mlir;
using namespace vi;
using Kind = Statistic::Kind;

/// Beyond this many terms, sampling is cheaper than algebra.
static constexpr size_t maximumTerms = 64;

/// Whether the log-density is of one number.
static bool isScalarDensity(LogProbOp op) {
  auto type = cast<DistType>(op.getDistribution().getType());
  return !isa<RankedTensorType>(op.getValue().getType()) &&
         !isa<RankedTensorType>(type.getValueType());
}

static std::optional<double> getNumber(Value value) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number)))
    return number.getValueAsDouble();
  return std::nullopt;
}

/// Another statistic of the same variable.
static FormFactor withStatistic(const FormFactor &factor, Statistic statistic) {
  FormFactor result = factor.getVariable();
  result.statistic = statistic;
  return result;
}

/// Multiplies with a function of the same variable; false where the product is
/// none that a factor can be.
static bool multiplyFactor(ImplicitLocOpBuilder &builder, FormFactor &factor,
                           const FormFactor &other) {
  Statistic &s = factor.statistic;
  const Statistic &t = other.statistic;
  if (s.kind == Kind::Power && t.kind == Kind::Power) {
    s.power += t.power;
  } else if (s.kind == Kind::Exponential && t.kind == Kind::Exponential) {
    s.coefficient =
        Expression(builder, s.coefficient) + Expression(builder, t.coefficient);
    factor.power += other.power;
  } else if (s.kind == Kind::Log && t.kind == Kind::Log) {
    s = Statistic::get(Kind::LogSquared);
  } else if (!factor.constrained && s.kind == Kind::Exponential &&
             t.kind == Kind::Power) {
    factor.power += t.power;
  } else if (!factor.constrained && s.kind == Kind::Power &&
             t.kind == Kind::Exponential) {
    factor.power = s.power + other.power;
    s = t;
  } else {
    return false;
  }
  factor.functions.append(other.functions.begin(), other.functions.end());
  return true;
}

std::optional<Form> FormAnalysis::multiply(const Form &a, const Form &b) {
  if (a.size() * b.size() > maximumTerms)
    return fail("too many terms");
  Form product;
  for (const FormTerm &left : a)
    for (const FormTerm &right : b) {
      FormTerm term = left;
      term.coefficient = Expression(*builder, left.coefficient) *
                         Expression(*builder, right.coefficient);
      for (const FormFactor &factor : right.factors) {
        FormFactor *same =
            llvm::find_if(term.factors, [&](const FormFactor &other) {
              return other.hasSameVariable(factor);
            });
        if (same != term.factors.end()) {
          if (!multiplyFactor(*builder, *same, factor))
            return fail("a product of different functions of one latent");
          continue;
        }
        // Two draws of one site are one variable only in one member.
        for (const FormFactor &other : term.factors)
          if (other.mayOverlap(factor) && !other.canMultiply(factor))
            return fail(other.predictor || factor.predictor
                            ? "a product of a function of a linear predictor "
                              "and one of its latents"
                            : "a product of different functions of one latent");
        term.factors.push_back(factor);
      }
      llvm::erase_if(term.factors,
                     [](const FormFactor &factor) { return factor.isOne(); });
      product.push_back(std::move(term));
    }
  return product;
}

std::optional<Form> FormAnalysis::invert(const Form &form) {
  Type type = form.front().coefficient.getType();
  auto getReciprocal = [&](const Form &of) {
    return apply<arith::DivFOp>(
        type, {Form{{floatConstant(*builder, type, 1.0), {}}}, of});
  };
  if (form.size() != 1) {
    if (isPositive(form))
      return getReciprocal(form);
    return fail("a quotient by a sum of latents that may be zero");
  }
  FormTerm term = form.front();
  Form result{{1.0 / Expression(*builder, term.coefficient), {}}};
  Expression one(*builder, floatConstant(*builder, type, 1.0));
  for (const FormFactor &factor : term.factors) {
    FormFactor inverse = factor;
    Statistic &s = inverse.statistic;
    if (s.kind == Kind::Power)
      s.power = -s.power;
    else if (s.kind == Kind::Exponential)
      s.coefficient = -Expression(*builder, s.coefficient);
    else
      return fail("a quotient by a logarithm");
    inverse.power = -inverse.power;
    inverse.functions.clear();
    std::optional<Form> next = multiply(result, Form{{one, {inverse}}});
    for (const auto &function : factor.functions) {
      FormFactor part = factor.getVariable();
      part.statistic = Statistic::getPower(0);
      part.functions = {function};
      if (!isPositive(part))
        return fail("a quotient by a function of latents that may be zero");
      std::optional<Form> reciprocal = getReciprocal(Form{{one, {part}}});
      if (!next || !reciprocal)
        return std::nullopt;
      next = multiply(*next, *reciprocal);
    }
    if (!next)
      return std::nullopt;
    result = *next;
  }
  return result;
}

std::optional<Form> FormAnalysis::exponentiate(const Form &form) {
  // exp(c + sum a_i u_i + sum f_i(u_i)) = e^c prod e^{a_i u_i} e^{f_i(u_i)}
  std::optional<Expression> constant;
  /// The part of the exponent in one variable.
  struct Part {
    FormFactor variable;
    std::optional<Expression> linear;
    Form rest;
  };
  SmallVector<Part, 0> parts;
  for (const FormTerm &term : form) {
    if (term.factors.empty()) {
      Expression value(*builder, term.coefficient);
      constant = constant ? *constant + value : value;
      continue;
    }
    if (term.factors.size() != 1)
      return fail("an exponential of a product of latents");
    const FormFactor &factor = term.factors[0];
    auto *part = llvm::find_if(parts, [&](const Part &other) {
      return other.variable.hasSameVariable(factor);
    });
    if (part == parts.end()) {
      parts.push_back({factor.getVariable(), std::nullopt, {}});
      part = &parts.back();
    }
    if (factor.isVariable()) {
      Expression a(*builder, term.coefficient);
      part->linear = part->linear ? *part->linear + a : a;
    } else {
      part->rest.push_back(term);
    }
  }
  Type type = form.front().coefficient.getType();
  Expression one(*builder, floatConstant(*builder, type, 1.0));
  FormTerm result{constant ? exp(*constant) : one, {}};
  for (const Part &part : parts) {
    FormFactor factor = part.variable;
    factor.statistic = part.linear ? Statistic::getExponential(*part.linear)
                                   : Statistic::getPower(0);
    if (!part.rest.empty()) {
      std::optional<Form> power = apply<math::ExpOp>(type, part.rest);
      if (!power)
        return std::nullopt;
      factor.functions = power->front().factors[0].functions;
    }
    for (const FormFactor &other : result.factors)
      if (other.mayOverlap(factor) && !other.canMultiply(factor))
        return fail("a product of different functions of one latent");
    result.factors.push_back(factor);
  }
  return Form{result};
}

/// log(1 - z), where z is in the unit interval; nothing otherwise.
std::optional<Form> FormAnalysis::getLogOfComplement(const FormFactor &factor) {
  if (factor.constrained && factor.isVariable()) {
    DrawOp draw = factor.draw;
    Type type = draw.getValue().getType();
    return Form{{floatConstant(*builder, type, 1.0),
                 {withStatistic(factor, Statistic::get(Kind::Log1Minus))}}};
  }
  if (factor.statistic.kind != Kind::Power || factor.statistic.power != 0 ||
      factor.functions.size() != 1 ||
      !factor.functions[0]->is<special::SigmoidOp>())
    return std::nullopt;
  // 1 - sigmoid(x) = sigmoid(-x)
  Form negated = factor.functions[0]->operands[0];
  for (FormTerm &term : negated)
    term.coefficient = -Expression(*builder, term.coefficient);
  return apply<special::LogSigmoidOp>(factor.functions[0]->type, negated);
}

std::optional<Form> FormAnalysis::getLogarithm(const Form &form) {
  Type type = form.front().coefficient.getType();
  // log(1 - z)
  if (form.size() == 2) {
    unsigned number = form[0].factors.empty() ? 0 : 1;
    const FormTerm &constant = form[number], &rest = form[1 - number];
    std::optional<double> a = getNumber(constant.coefficient);
    std::optional<double> b = getNumber(rest.coefficient);
    if (constant.factors.empty() && rest.factors.size() == 1 && a && b &&
        *a == 1.0 && *b == -1.0) {
      const FormFactor &factor = rest.factors[0];
      if (std::optional<Form> logarithm = getLogOfComplement(factor))
        return logarithm;
    }
  }
  if (form.size() != 1)
    return apply<math::LogOp>(type, form);
  // log(c prod z_i^{k_i} e^{a_j u_j}) = log c + sum k_i log z_i + sum a_j u_j
  const FormTerm &term = form.front();
  Form result;
  std::optional<double> number = getNumber(term.coefficient);
  Expression coefficient(*builder, term.coefficient);
  if (!number || *number != 1.0)
    result.push_back({log(coefficient), {}});
  Expression one = coefficient.constant(1.0);
  for (const FormFactor &factor : term.factors) {
    const Statistic &s = factor.statistic;
    if (s.kind == Kind::Exponential && factor.power == 0) {
      result.push_back({s.coefficient, {factor.getVariable()}});
    } else if (s.kind == Kind::Power && factor.constrained) {
      result.push_back({coefficient.constant(s.power),
                        {withStatistic(factor, Statistic::get(Kind::Log))}});
    } else if (s.kind != Kind::Power || s.power != 0) {
      return fail("a logarithm of a latent that may be negative");
    }
    for (const auto &function : factor.functions) {
      FormFactor part = factor.getVariable();
      part.statistic = Statistic::getPower(0);
      part.functions = {function};
      // Of a product whose factors may be negative, the product is positive.
      if (!isPositive(part))
        return term.factors.size() == 1
                   ? apply<math::LogOp>(type, form)
                   : fail("a logarithm of a function that may be negative");
      std::optional<Form> logarithm =
          function->is<special::SigmoidOp>()
              ? apply<special::LogSigmoidOp>(type, function->operands)
              : apply<math::LogOp>(type, Form{{one, {part}}});
      if (!logarithm)
        return std::nullopt;
      result.append(*logarithm);
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

std::optional<Form> FormAnalysis::getVariable(FormFactor variable, Type type) {
  if (held) {
    FormFactor unconstrained = variable;
    unconstrained.constrained = false;
    const auto &[fixed, number] = *held;
    if (unconstrained.hasSameVariable(fixed)) {
      Form form{{number, {}}};
      if (!variable.constrained)
        return form;
      auto pullback =
          variable.draw.getDistribution().getDefiningOp<PullbackOp>();
      SmallVector<Form, 0> bounds;
      for (Value bound : pullback.getBounds()) {
        Value here = resolve(bound);
        if (!here)
          return fail("bounds that are known to the members of a plate alone");
        bounds.push_back({{here, {}}});
      }
      return constrain(pullback.getSupportKind(), form, bounds);
    }
    if (unconstrained.mayOverlap(fixed))
      return fail("latents of one site that may be the same");
  }
  if (llvm::none_of(seen, [&](const FormFactor &other) {
        return other.hasSameVariable(variable);
      }))
    seen.push_back(variable);
  return Form{{floatConstant(*builder, type, 1.0), {variable}}};
}

std::optional<Form> FormAnalysis::getForm(Value value) {
  if (member || elements)
    return computeForm(value);
  if (auto found = known.find(value); found != known.end())
    return found->second;
  std::optional<Form> form = computeForm(value);
  if (form)
    known.try_emplace(value, *form);
  return form;
}

std::optional<Form> FormAnalysis::computeForm(Value value) {
  if (!isa<FloatType>(value.getType()))
    return fail("a value that is no scalar");
  if (auto argument = arguments.find(value); argument != arguments.end())
    return argument->second;
  Operation *op = value.getDefiningOp();
  bool inElements =
      op && elements && elements->isAncestor(op->getParentRegion());
  if (!inElements && !dependence.dependsOn(value)) {
    Value here = resolve(value);
    if (!here)
      return fail("a value that is known to the members of a plate alone");
    return Form{{here, {}}};
  }
  if (!op) {
    auto argument = cast<BlockArgument>(value);
    auto plate = dyn_cast<PlateOp>(argument.getOwner()->getParentOp());
    unsigned number = argument.getArgNumber();
    if (!plate || number == 0 || number > plate.getSlices().size() ||
        (member && member->owner != plate))
      return fail("a value carried by a loop, or a latent of other members");
    // An element of the slice.
    std::optional<Member> inner = member;
    Value index = member ? member->index : Value(plate.getIndex());
    member.reset();
    std::optional<Form> form = getElement(plate.getSlices()[number - 1], index);
    member = inner;
    return form;
  }
  if (inElements && op->getNumOperands() == 0) {
    Value constant = builder->clone(*op)->getResult(0);
    return Form{{constant, {}}};
  }
  auto getVariable = [&](DrawOp draw, bool constrained) {
    FormFactor factor;
    factor.draw = draw;
    factor.constrained = constrained;
    if (member && isa<PlateOp>(member->owner))
      factor.index = member->index;
    return this->getVariable(factor, value.getType());
  };
  if (auto draw = dyn_cast<DrawOp>(op)) {
    Value point = getPoint(draw);
    return point ? getForm(point) : getVariable(draw, /*constrained=*/false);
  }
  if (auto constrain = dyn_cast<ConstrainOp>(op)) {
    auto draw = constrain.getUnconstrained().getDefiningOp<DrawOp>();
    if (draw) {
      auto pullback = draw.getDistribution().getDefiningOp<PullbackOp>();
      if (pullback && pullback.getSupportKind() == constrain.getSupport() &&
          pullback.getBounds() == constrain.getBounds())
        return getVariable(draw, /*constrained=*/true);
    }
  }
  if (auto density = dyn_cast<LogProbOp>(op)) {
    if (member || inElements)
      return fail("a log-density of another member");
    // By its formula.
    auto family =
        density.getDistribution().getDefiningOp<DistributionOpInterface>();
    Value formula = family && !density.getMask() && isScalarDensity(density)
                        ? family.buildLogProb(*builder, density.getValue())
                        : Value();
    return formula ? getForm(formula)
                   : fail("a log-density that is no formula of numbers");
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    Region *tensorRegion = extract.getTensor().getParentRegion();
    bool isOfMember = member && isa<PlateOp>(member->owner);
    if (inElements ||
        (isOfMember && member->owner->getRegion(0).isAncestor(tensorRegion)))
      return fail("an element of a tensor of other members");
    SmallVector<Value> indices;
    for (Value index : extract.getIndices()) {
      if (dependence.dependsOn(index))
        return fail("an index that depends on latents");
      Value here = resolve(index);
      if (!here)
        return fail("an index that is known to an iteration alone");
      indices.push_back(here);
    }
    if (!isOfMember)
      return getElement(extract.getTensor(), indices);
    std::optional<Member> inner = member;
    member.reset();
    std::optional<Form> form = getElement(extract.getTensor(), indices);
    member = inner;
    return form;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return getLoopSum(loop, cast<OpResult>(value).getResultNumber());
  return getOpForm(
      op, [&](unsigned operand) { return getForm(op->getOperand(operand)); });
}

/// `value` without the factors that no draw reaches, which are collected; null
/// stands for -1.
Value FormAnalysis::stripFactors(Value value, SmallVectorImpl<Value> &factors) {
  while (true) {
    Operation *op = value.getDefiningOp();
    if (auto product = dyn_cast_or_null<arith::MulFOp>(op)) {
      bool first = dependence.dependsOn(product.getLhs());
      if (first == dependence.dependsOn(product.getRhs()))
        return value;
      factors.push_back(first ? product.getRhs() : product.getLhs());
      value = first ? product.getLhs() : product.getRhs();
    } else if (auto negation = dyn_cast_or_null<arith::NegFOp>(op)) {
      factors.push_back(Value());
      value = negation.getOperand();
    } else {
      return value;
    }
  }
}

/// sign * form
static Form negateUnless(ImplicitLocOpBuilder &builder, bool positive,
                         Form form) {
  if (!positive)
    for (FormTerm &term : form)
      term.coefficient = -Expression(builder, term.coefficient);
  return form;
}

/// The image of `form` under the bijector of a support.
std::optional<Form> FormAnalysis::constrain(SupportKind support,
                                            const Form &form,
                                            ArrayRef<Form> bounds) {
  Type type = form.front().coefficient.getType();
  switch (support) {
  case SupportKind::Real:
    return form;
  case SupportKind::Positive:
    return exponentiate(form);
  case SupportKind::GreaterThan:
  case SupportKind::LessThan: {
    std::optional<Form> distance = exponentiate(form);
    if (!distance)
      return std::nullopt;
    Form result = bounds[0];
    result.append(
        negateUnless(*builder, support == SupportKind::GreaterThan, *distance));
    return result;
  }
  case SupportKind::UnitInterval:
    return apply<special::SigmoidOp>(type, form);
  case SupportKind::Interval: {
    // As one function: in exponents, lower bound and fraction apart would be
    // large numbers of opposite signs.
    FormFunction function;
    function.name =
        OperationName(ConstrainOp::getOperationName(), builder->getContext());
    function.attributes = builder->getDictionaryAttr(builder->getNamedAttr(
        "support", SupportKindAttr::get(builder->getContext(), support)));
    function.type = type;
    function.operands = {form, bounds[0], bounds[1]};
    return apply(std::move(function));
  }
  default:
    return fail("a bijector of vectors");
  }
}

/// The op's value in terms of its operands' forms. Operands on tensors stand
/// for elements.
std::optional<Form> FormAnalysis::getOpForm(Operation *op,
                                            OperandForm getOperand) {
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  if (!isa<FloatType>(type))
    return fail("a value that is no real number");
  if (auto map = dyn_cast<ConstrainOp>(op)) {
    SmallVector<Form, 0> operands;
    for (unsigned i = 0, end = op->getNumOperands(); i < end; ++i) {
      std::optional<Form> form = getOperand(i);
      if (!form)
        return std::nullopt;
      operands.push_back(*form);
    }
    return constrain(map.getSupport(), operands[0],
                     ArrayRef(operands).drop_front());
  }
  if (isa<arith::AddFOp, arith::SubFOp>(op)) {
    std::optional<Form> a = getOperand(0);
    if (!a)
      return std::nullopt;
    std::optional<Form> b = getOperand(1);
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
    std::optional<Form> form = getOperand(0);
    if (form)
      for (FormTerm &term : *form)
        term.coefficient = -Expression(*builder, term.coefficient);
    return form;
  }
  if (isa<arith::MulFOp, arith::DivFOp>(op)) {
    std::optional<Form> a = getOperand(0);
    if (!a)
      return std::nullopt;
    if (isa<arith::MulFOp>(op) && op->getOperand(0) == op->getOperand(1))
      return square(*a);
    // (k x) (l x) is k l x^2 with k and l that no draw reaches.
    if (isa<arith::MulFOp>(op) && !member && !elements) {
      SmallVector<Value> factors;
      Value base = stripFactors(op->getOperand(0), factors);
      if (base == stripFactors(op->getOperand(1), factors)) {
        std::optional<Form> root = getForm(base);
        std::optional<Form> result = root ? square(*root) : std::nullopt;
        if (!result)
          return std::nullopt;
        Expression k(*builder, floatConstant(*builder, type, 1.0));
        for (Value factor : factors)
          k = factor ? k * k.with(factor) : -k;
        for (FormTerm &term : *result)
          term.coefficient = k * k.with(term.coefficient);
        return result;
      }
    }
    std::optional<Form> b = getOperand(1);
    if (b && isa<arith::DivFOp>(op))
      b = invert(*b);
    return b ? multiply(*a, *b) : std::nullopt;
  }
  if (isa<math::ExpOp>(op)) {
    std::optional<Form> form = getOperand(0);
    return form ? exponentiate(*form) : std::nullopt;
  }
  if (isa<math::LogOp, math::Log1pOp>(op)) {
    // A choice by the data goes outside of the logarithm.
    auto choice = op->getOperand(0).getDefiningOp<arith::SelectOp>();
    if (choice && !member && !elements &&
        !dependence.dependsOn(choice.getCondition())) {
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
    std::optional<Form> form = getOperand(0);
    return form ? getLogarithm(*form) : std::nullopt;
  }
  if (isa<math::Log1pOp>(op)) {
    // log(1 - z)
    std::optional<Form> form = getOperand(0);
    if (!form)
      return std::nullopt;
    if (form->size() == 1 && form->front().factors.size() == 1) {
      std::optional<double> number = getNumber(form->front().coefficient);
      if (number && *number == -1.0)
        if (std::optional<Form> logarithm =
                getLogOfComplement(form->front().factors[0]))
          return logarithm;
    }
    // log(1 + e^x)
    if (isPositive(*form) && form->size() == 1 &&
        llvm::all_of(form->front().factors, [](const FormFactor &factor) {
          return factor.isExponential();
        })) {
      std::optional<Form> logarithm = getLogarithm(*form);
      return logarithm ? apply<special::SoftplusOp>(type, *logarithm)
                       : std::nullopt;
    }
    return apply<math::Log1pOp>(type, *form);
  }
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    if (member || elements)
      return fail("a choice in the members of another plate");
    if (dependence.dependsOn(choice.getCondition())) {
      // A density's guard: latents lie in the support of their site.
      auto isImpossible = [](Value value) {
        std::optional<double> number = getNumber(value);
        return number && std::isinf(*number) && *number < 0;
      };
      if (isImpossible(choice.getFalseValue()))
        return getForm(choice.getTrueValue());
      if (isImpossible(choice.getTrueValue()))
        return getForm(choice.getFalseValue());
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
    Expression zero(*builder, floatConstant(*builder, type, 0.0));
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
  if (isa<special::Log1pSquareOp>(op)) {
    std::optional<Form> form = getOperand(0);
    if (!form)
      return std::nullopt;
    // softplus(2 log |x|), where |x| is a product of positive latents.
    auto isPositiveFactor = [&](const FormFactor &factor) {
      return isPositive(factor);
    };
    if (form->size() == 1 &&
        llvm::all_of(form->front().factors, isPositiveFactor)) {
      Form size = *form;
      size[0].coefficient = abs(Expression(*builder, size[0].coefficient));
      std::optional<Form> logarithm = getLogarithm(size);
      if (!logarithm)
        return std::nullopt;
      for (FormTerm &term : *logarithm)
        term.coefficient = 2.0 * Expression(*builder, term.coefficient);
      return apply<special::SoftplusOp>(type, *logarithm);
    }
    return apply<special::Log1pSquareOp>(type, *form);
  }
  if (isa<math::SqrtOp, math::RsqrtOp>(op)) {
    std::optional<Form> form = getOperand(0);
    std::optional<Form> logarithm = form ? getLogarithm(*form) : std::nullopt;
    if (!logarithm)
      return std::nullopt;
    double power = isa<math::SqrtOp>(op) ? 0.5 : -0.5;
    for (FormTerm &term : *logarithm)
      term.coefficient = power * Expression(*builder, term.coefficient);
    return exponentiate(*logarithm);
  }
  // Integer powers by multiplication.
  std::optional<int64_t> integer;
  if (isa<math::FPowIOp>(op))
    integer = getConstantIntValue(op->getOperand(1));
  else if (isa<math::PowFOp>(op))
    if (std::optional<double> number = getNumber(op->getOperand(1)))
      if (*number == std::round(*number) && std::abs(*number) <= 8)
        integer = static_cast<int64_t>(*number);
  if (integer && std::abs(*integer) <= 8) {
    std::optional<Form> form = getOperand(0);
    std::optional<Form> result = Form{{floatConstant(*builder, type, 1.0), {}}};
    if (form && std::abs(*integer) >= 2)
      result = square(*form);
    for (int64_t i = std::abs(*integer) >= 2 ? 2 : 0;
         form && result && i < std::abs(*integer); ++i)
      result = multiply(*result, *form);
    if (!form || !result)
      return std::nullopt;
    return *integer < 0 ? invert(*result) : result;
  }
  if (isa<math::PowFOp>(op)) {
    // x^y = e^(y log x)
    std::optional<Form> base = getOperand(0);
    std::optional<Form> exponent = base ? getOperand(1) : std::nullopt;
    std::optional<Form> logarithm =
        exponent ? getLogarithm(*base) : std::nullopt;
    std::optional<Form> product =
        logarithm ? multiply(*exponent, *logarithm) : std::nullopt;
    return product ? exponentiate(*product) : std::nullopt;
  }
  if (isa<math::ExpM1Op>(op)) {
    std::optional<Form> form = getOperand(0);
    std::optional<Form> result = form ? exponentiate(*form) : std::nullopt;
    if (result)
      result->push_back({floatConstant(*builder, type, -1.0), {}});
    return result;
  }
  if (!isKnownFunction(op->getName())) {
    reason = ("a function of latents with no registered moments: " +
              op->getName().getStringRef())
                 .str();
    return std::nullopt;
  }
  SmallVector<Form, 0> operands;
  for (unsigned i = 0, end = op->getNumOperands(); i < end; ++i) {
    std::optional<Form> form = getOperand(i);
    if (!form)
      return std::nullopt;
    operands.push_back(*form);
  }
  FormFunction function;
  function.name = op->getName();
  function.attributes = op->getAttrDictionary();
  function.type = type;
  function.operands = std::move(operands);
  return apply(std::move(function));
}
