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

/// Another statistic of the same variable.
static FormFactor withStatistic(FormFactor factor, Statistic statistic) {
  factor.statistic = statistic;
  return factor;
}

/// Whether both are draws of one site by members that are not the same.
static bool areDifferentMembers(const FormFactor &a, const FormFactor &b) {
  if (a.draw != b.draw || a.weights || b.weights || !a.index || !b.index)
    return false;
  std::optional<int64_t> first = getConstantIntValue(a.index);
  std::optional<int64_t> second = getConstantIntValue(b.index);
  return first && second && *first != *second;
}

std::optional<FormAnalysis::Form> FormAnalysis::multiply(const Form &a,
                                                         const Form &b) {
  if (a.size() * b.size() > maximumTerms)
    return fail("too many terms");
  Form product;
  for (const FormTerm &left : a)
    for (const FormTerm &right : b) {
      // What is an expectation already is independent of nothing of its sites.
      for (const auto &[taken, other] :
           {std::pair(&left, &right), std::pair(&right, &left)})
        for (StringRef site : taken->taken)
          if (llvm::is_contained(other->taken, site) ||
              llvm::any_of(other->factors, [&](const FormFactor &factor) {
                return getSite(factor) == site;
              }))
            return fail("a product of a function of a linear predictor and one "
                        "of its latents");
      FormTerm term;
      term.taken = left.taken;
      term.taken.append(right.taken);
      term.coefficient = Expression(*builder, left.coefficient) *
                         Expression(*builder, right.coefficient);
      term.factors = left.factors;
      for (const FormFactor &factor : right.factors) {
        FormFactor *same =
            llvm::find_if(term.factors, [&](const FormFactor &other) {
              return getSite(other) == getSite(factor) &&
                     !areDifferentMembers(other, factor);
            });
        if (same == term.factors.end()) {
          term.factors.push_back(factor);
          continue;
        }
        // Two draws of one site are one variable only in one member.
        if (!same->hasSameVariable(factor))
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
  if (!term.taken.empty())
    return fail("a quotient by a function of a linear predictor");
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
    if (!term.taken.empty())
      return fail("an exponential of a function of a linear predictor");
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
          return getSite(other) == getSite(factor) &&
                 !areDifferentMembers(other, factor);
        });
    if (same == result.factors.end()) {
      result.factors.push_back(factor);
      continue;
    }
    if (!same->hasSameVariable(factor))
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
                     {withStatistic(factor, Statistic::get(Kind::Log1Minus))},
                     {}}};
    }
  }
  if (form.size() != 1)
    return fail("a logarithm of a sum");
  // log(c prod z_i^{k_i} e^{a_j u_j}) = log c + sum k_i log z_i + sum a_j u_j
  const FormTerm &term = form.front();
  if (!term.taken.empty())
    return fail("a logarithm of a function of a linear predictor");
  Form result;
  std::optional<double> number = getNumber(term.coefficient);
  Expression coefficient(*builder, term.coefficient);
  if (!number || *number != 1.0)
    result.push_back({log(coefficient), {}, {}});
  for (const FormFactor &factor : term.factors) {
    const Statistic &s = factor.statistic;
    if (s.kind == Kind::Exponential) {
      result.push_back(
          {s.coefficient, {withStatistic(factor, Statistic::getPower(1))}, {}});
    } else if (s.kind == Kind::Power && factor.constrained) {
      result.push_back({coefficient.constant(s.power),
                        {withStatistic(factor, Statistic::get(Kind::Log))},
                        {}});
    } else {
      return fail("a logarithm of a latent that may be negative");
    }
  }
  if (result.empty())
    result.push_back({coefficient.constant(0.0), {}, {}});
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
  if (auto argument = arguments.find(value); argument != arguments.end())
    return argument->second;
  Operation *op = value.getDefiningOp();
  bool inElements =
      op && elements && elements->isAncestor(op->getParentRegion());
  if (!inElements && !dependence.dependsOn(value)) {
    Value here = resolve(value);
    if (!here)
      return fail("a value that is known to the members of a plate alone");
    return Form{{here, {}, {}}};
  }
  if (!op)
    return fail("a value carried by a loop, or a latent of other members");
  if (inElements && op->getNumOperands() == 0) {
    Value constant = builder->clone(*op)->getResult(0);
    return Form{{constant, {}, {}}};
  }
  Expression one(*builder, floatConstant(*builder, value.getType(), 1.0));

  if (auto draw = dyn_cast<DrawOp>(op)) {
    FormFactor factor{draw, false, Statistic::getPower(1), {}, {}};
    if (member)
      factor.index = member->index;
    return Form{{one, {factor}, {}}};
  }
  if (auto constrain = dyn_cast<ConstrainOp>(op)) {
    auto draw = constrain.getUnconstrained().getDefiningOp<DrawOp>();
    if (draw) {
      auto pullback = draw.getDistribution().getDefiningOp<PullbackOp>();
      if (pullback && pullback.getSupportKind() == constrain.getSupport() &&
          pullback.getBounds() == constrain.getBounds()) {
        FormFactor factor{draw, true, Statistic::getPower(1), {}, {}};
        if (member)
          factor.index = member->index;
        return Form{{one, {factor}, {}}};
      }
    }
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    if (member || inElements)
      return fail("an element of a tensor of other members");
    return getElement(extract.getTensor(), extract.getIndices());
  }
  return getOpForm(
      op, [&](unsigned operand) { return getForm(op->getOperand(operand)); });
}

/// The op's value in terms of its operands' forms. Operands on tensors stand
/// for elements.
std::optional<FormAnalysis::Form>
FormAnalysis::getOpForm(Operation *op, OperandForm getOperand) {
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  if (!isa<FloatType>(type))
    return fail("a value that is no real number");
  if (auto constrain = dyn_cast<ConstrainOp>(op)) {
    if (constrain.getSupport() != SupportKind::Positive)
      return fail("a bijector whose moments are not known");
    std::optional<Form> form = getOperand(0);
    return form ? exponentiate(*form) : std::nullopt;
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
      const FormFactor &factor = form->front().factors[0];
      std::optional<double> number = getNumber(form->front().coefficient);
      Expression one(*builder, floatConstant(*builder, type, 1.0));
      if (factor.constrained && factor.statistic.kind == Kind::Power &&
          factor.statistic.power == 1 && number && *number == -1.0)
        return Form{{one,
                     {withStatistic(factor, Statistic::get(Kind::Log1Minus))},
                     {}}};
    }
    return fail("log(1 + .) of latents");
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
    // softplus(2 log |x|), where |x| is a product.
    std::optional<Form> form = getOperand(0);
    if (!form)
      return std::nullopt;
    for (FormTerm &term : *form)
      term.coefficient = abs(Expression(*builder, term.coefficient));
    std::optional<Form> logarithm =
        form->size() == 1 ? getLogarithm(*form) : fail("log(1 + .) of a sum");
    if (!logarithm)
      return std::nullopt;
    for (FormTerm &term : *logarithm)
      term.coefficient = 2.0 * Expression(*builder, term.coefficient);
    return applyToGaussian(
        OperationName(special::SoftplusOp::getOperationName(),
                      op->getContext()),
        *logarithm);
  }
  if (op->getNumOperands() == 1 && hasGaussianExpectation(op->getName())) {
    std::optional<Form> form = getOperand(0);
    return form ? applyToGaussian(op->getName(), *form) : std::nullopt;
  }
  reason = ("a function of latents with no registered moments: " +
            op->getName().getStringRef())
               .str();
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Elements of tensors
//===----------------------------------------------------------------------===//

Value FormAnalysis::resolve(Value value) {
  return member ? resolve(value, *member) : value;
}

Value FormAnalysis::resolve(Value value, const Member &from) {
  PlateOp plate = from.plate;
  if (!plate.getBody().isAncestor(value.getParentRegion()))
    return value;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    if (argument.getOwner() != plate.getBlock())
      return Value();
    if (number == 0)
      return from.index;
    if (number > plate.getSlices().size() ||
        isa<RankedTensorType>(argument.getType()))
      return Value();
    return tensor::ExtractOp::create(*builder, plate.getSlices()[number - 1],
                                     from.index);
  }
  Operation *op = value.getDefiningOp();
  if (op->getNumRegions() || !isMemoryEffectFree(op) || isa<DrawOp>(op))
    return Value();
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value here = resolve(operand, from);
    if (!here)
      return Value();
    mapping.map(operand, here);
  }
  unsigned number = cast<OpResult>(value).getResultNumber();
  return builder->clone(*op, mapping)->getResult(number);
}

std::optional<FormAnalysis::Form>
FormAnalysis::getStackElement(PlateOp plate, unsigned stack, Value index) {
  // A range stacks zeros outside of it.
  if (plate.getBegin() || member)
    return fail("a latent of other members");
  Value value = plate.getYield().getValues()[stack];
  member = Member{plate, index};
  std::optional<Form> form = getForm(value);
  member.reset();
  return form;
}

std::optional<FormAnalysis::Form>
FormAnalysis::getGenericElement(linalg::GenericOp generic, unsigned result,
                                ValueRange indices) {
  if (elements || !generic.isAllParallelLoops())
    return fail("a reduction of latents");
  OpOperand *output = generic.getDpsInitOperand(result);
  AffineMap map = generic.getMatchingIndexingMap(output);
  if (!map.isPermutation() || generic.payloadUsesValueFromOperand(output))
    return fail("an operation on tensors of latents");
  SmallVector<Value> loops(map.getNumDims());
  for (auto [expression, index] : llvm::zip(map.getResults(), indices))
    loops[cast<AffineDimExpr>(expression).getPosition()] = index;
  llvm::DenseMap<Value, Form> bound;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    BlockArgument argument = generic.getMatchingBlockArgument(input);
    if (argument.use_empty())
      continue;
    AffineMap from = generic.getMatchingIndexingMap(input);
    if (!from.isProjectedPermutation())
      return fail("an operation on tensors of latents");
    SmallVector<Value> at;
    for (AffineExpr expression : from.getResults())
      at.push_back(loops[cast<AffineDimExpr>(expression).getPosition()]);
    std::optional<Form> form = isa<RankedTensorType>(input->get().getType())
                                   ? getElement(input->get(), at)
                                   : getForm(input->get());
    if (!form)
      return std::nullopt;
    bound.try_emplace(argument, *form);
  }
  arguments = std::move(bound);
  elements = &generic.getRegion();
  std::optional<Form> form =
      getForm(generic.getBody()->getTerminator()->getOperand(result));
  elements = nullptr;
  arguments.clear();
  return form;
}

std::optional<FormAnalysis::Form> FormAnalysis::getElement(Value tensor,
                                                           ValueRange indices) {
  if (!isa<FloatType>(getElementTypeOrSelf(tensor.getType())))
    return fail("a value that is no real number");
  if (!dependence.dependsOn(tensor)) {
    Value element = tensor::ExtractOp::create(*builder, tensor, indices);
    return Form{{element, {}, {}}};
  }
  for (Value index : indices)
    if (dependence.dependsOn(index))
      return fail("an index that depends on latents");
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return fail("a tensor of latents carried by a loop");
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  if (auto plate = dyn_cast<PlateOp>(op)) {
    unsigned sums = plate.getSums().size();
    if (number < sums || indices.size() != 1)
      return fail("a sum over members, or a matrix of latents");
    return getStackElement(plate, number - sums, indices[0]);
  }
  if (indices.empty() && isa<linalg::DotOp, linalg::GenericOp>(op))
    return getDot(tensor);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return getForm(splat.getInput());
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return getElement(cast.getSource(), indices);
  if (auto from = dyn_cast<tensor::FromElementsOp>(op)) {
    std::optional<int64_t> at;
    if (indices.empty())
      at = 0;
    else if (indices.size() == 1)
      at = getConstantIntValue(indices[0]);
    if (!at || *at < 0 ||
        *at >= static_cast<int64_t>(from.getElements().size()))
      return fail("an element chosen by the data");
    return getForm(from.getElements()[*at]);
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return getGenericElement(generic, number, indices);
  if (OpTrait::hasElementwiseMappableTraits(op) || isa<ConstrainOp>(op))
    return getOpForm(op, [&](unsigned operand) -> std::optional<Form> {
      Value value = op->getOperand(operand);
      return isa<RankedTensorType>(value.getType()) ? getElement(value, indices)
                                                    : getForm(value);
    });
  reason =
      ("a tensor of latents made by " + op->getName().getStringRef()).str();
  return std::nullopt;
}

/// Whether the body is `out + a * b`, in any order.
static bool isDotProduct(linalg::LinalgOp op) {
  if (isa<linalg::DotOp>(op))
    return true;
  if (op.getNumLoops() != 1 || op.getNumReductionLoops() != 1 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingIndexingMap(input).isIdentity())
      return false;
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = body->getArgument(2);
  Value rest = add.getLhs() == out   ? add.getRhs()
               : add.getRhs() == out ? add.getLhs()
                                     : Value();
  auto product = rest ? rest.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  Value a = body->getArgument(0), b = body->getArgument(1);
  return product && ((product.getLhs() == a && product.getRhs() == b) ||
                     (product.getLhs() == b && product.getRhs() == a));
}

std::optional<FormAnalysis::Form> FormAnalysis::getDot(Value tensor) {
  auto op = dyn_cast<linalg::LinalgOp>(tensor.getDefiningOp());
  if (!op || !isDotProduct(op))
    return fail("a reduction of latents");
  Value weights = op->getOperand(0), latents = op->getOperand(1);
  if (dependence.dependsOn(weights))
    std::swap(weights, latents);
  if (dependence.dependsOn(weights))
    return fail("a product of latents");
  // The sum that it starts from.
  std::optional<Form> start =
      getElement(op.getDpsInitOperand(0)->get(), ValueRange());
  if (!start)
    return std::nullopt;
  auto plate = latents.getDefiningOp<PlateOp>();
  if (!plate || plate.getBegin())
    return fail("a product with a function of latents");
  unsigned stack = cast<OpResult>(latents).getResultNumber();
  if (stack < plate.getSums().size())
    return fail("a product with a function of latents");
  auto draw = plate.getYield()
                  .getValues()[stack - plate.getSums().size()]
                  .getDefiningOp<DrawOp>();
  if (!draw || draw->getBlock() != plate.getBlock())
    return fail("a product with a function of latents");
  Value one =
      floatConstant(*builder, getElementTypeOrSelf(tensor.getType()), 1.0);
  FormTerm term{
      one, {{draw, false, Statistic::getPower(1), Value(), weights}}, {}};
  std::optional<double> zero;
  if (start->size() == 1 && start->front().factors.empty())
    if (auto extract =
            start->front().coefficient.getDefiningOp<tensor::ExtractOp>())
      if (SplatElementsAttr splat;
          matchPattern(extract.getTensor(), m_Constant(&splat)))
        zero = splat.getSplatValue<APFloat>().convertToDouble();
  if (zero && *zero == 0)
    return Form{term};
  start->push_back(term);
  return start;
}

//===----------------------------------------------------------------------===//
// Linear predictors
//===----------------------------------------------------------------------===//

std::optional<FormAnalysis::Gaussian>
FormAnalysis::getGaussian(const Form &form) {
  // Each variable once, with its coefficient.
  SmallVector<std::pair<FormFactor, std::optional<Expression>>> variables;
  std::optional<Expression> mean;
  for (const FormTerm &term : form) {
    Expression coefficient(*builder, term.coefficient);
    if (!term.taken.empty() || term.factors.size() > 1)
      return fail("a function of what is not linear in the latents");
    if (term.factors.empty()) {
      mean = mean ? *mean + coefficient : coefficient;
      continue;
    }
    const FormFactor &factor = term.factors[0];
    if (factor.constrained || factor.statistic.kind != Kind::Power ||
        factor.statistic.power != 1)
      return fail("a function of what is not linear in the latents");
    bool found = false;
    for (auto &[other, sum] : variables) {
      if (other.hasSameVariable(factor)) {
        sum = *sum + coefficient;
        found = true;
      } else if (getSite(other) == getSite(factor) &&
                 !areDifferentMembers(other, factor)) {
        return fail("latents of one site that may be the same");
      }
    }
    if (!found)
      variables.emplace_back(factor, coefficient);
  }
  Gaussian result;
  std::optional<Expression> variance;
  for (auto &[factor, coefficient] : variables) {
    Value m = buildMoment(factor, /*variance=*/false);
    Value v = m ? buildMoment(factor, /*variance=*/true) : Value();
    if (!v)
      return std::nullopt;
    // Of the family of sums of normal variables?
    DrawOp draw = factor.draw;
    auto family =
        draw.getDistribution().getDefiningOp<DistributionOpInterface>();
    if (!family || !family.buildSum(*builder, m, v))
      return fail("a linear predictor that is not normal");
    Expression c = *coefficient;
    Expression partMean = c * Expression(*builder, m);
    Expression partVariance = c * c * Expression(*builder, v);
    mean = mean ? *mean + partMean : partMean;
    variance = variance ? *variance + partVariance : partVariance;
    result.sites.push_back(getSite(factor));
  }
  if (!variance)
    return fail("a function of no latent");
  result.mean = *mean;
  result.variance = *variance;
  return result;
}

std::optional<FormAnalysis::Form>
FormAnalysis::applyToGaussian(OperationName function, const Form &form) {
  std::optional<Gaussian> gaussian = getGaussian(form);
  if (!gaussian)
    return std::nullopt;
  Value value = buildGaussianExpectation(*builder, function, gaussian->mean,
                                         gaussian->variance);
  if (!value)
    return fail("a function of a linear predictor whose expectation is not "
                "known");
  approximate = true;
  return Form{{value, {}, gaussian->sites}};
}

/// E[(c (m + x))^2] with x of mean zero is c^2 (m^2 + Var x): as a sum of
/// products, the mean would be subtracted from itself.
std::optional<FormAnalysis::Form> FormAnalysis::square(const Form &form) {
  if (!joinSquares || form.size() < 2)
    return multiply(form, form);
  // Factors that all terms share.
  SmallVector<FormFactor, 2> common;
  for (const FormFactor &factor : form.front().factors) {
    auto isIn = [&](const FormTerm &term) {
      return llvm::any_of(term.factors, [&](const FormFactor &other) {
        return other.hasSameVariable(factor) &&
               other.statistic.kind == factor.statistic.kind &&
               other.statistic.power == factor.statistic.power &&
               other.statistic.coefficient == factor.statistic.coefficient;
      });
    };
    if (llvm::all_of(form, isIn))
      common.push_back(factor);
  }
  Form rest = form;
  for (FormTerm &term : rest)
    llvm::erase_if(term.factors, [&](const FormFactor &factor) {
      return llvm::any_of(common, [&](const FormFactor &other) {
        return other.hasSameVariable(factor);
      });
    });
  bool linear = llvm::all_of(rest, [](const FormTerm &term) {
    return term.taken.empty() && term.factors.size() <= 1 &&
           llvm::all_of(term.factors, [](const FormFactor &factor) {
             return !factor.constrained &&
                    factor.statistic.kind == Kind::Power &&
                    factor.statistic.power == 1;
           });
  });
  bool latent = llvm::any_of(
      rest, [](const FormTerm &term) { return !term.factors.empty(); });
  if (!linear || !latent)
    return multiply(form, form);
  std::string before = reason;
  std::optional<Gaussian> gaussian = getGaussian(rest);
  if (!gaussian) {
    reason = before;
    return multiply(form, form);
  }
  Expression mean(*builder, gaussian->mean);
  Expression second = mean * mean + Expression(*builder, gaussian->variance);
  Form result{{second, {}, gaussian->sites}};
  if (common.empty())
    return result;
  Value one = floatConstant(*builder, gaussian->mean.getType(), 1.0);
  Form factors{{one, common, {}}};
  std::optional<Form> squared = multiply(factors, factors);
  return squared ? multiply(*squared, result) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Expectations
//===----------------------------------------------------------------------===//

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
  YieldOp::create(*builder, ValueRange(), ValueRange{result});
  return moments.getStacks()[0];
}

Value FormAnalysis::buildMoment(const FormFactor &factor, bool variance) {
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

Value FormAnalysis::buildFactor(const FormFactor &factor) {
  Value q = buildDistribution(factor);
  if (!q)
    return Value();
  Value result = buildExpectedStatistic(*builder, q, factor.statistic);
  if (!result)
    fail("a statistic of the guide's family with no known expectation");
  return result;
}

Value FormAnalysis::buildExpectation(ImplicitLocOpBuilder &b, Value value) {
  builder = &b;
  // Squares of linear predictors are more accurate together; where something
  // else depends on their latents too, a sum of products may still do.
  for (bool join : {true, false}) {
    joinSquares = join;
    approximate = false;
    reason.clear();
    std::optional<Form> form = getForm(value);
    if (!form)
      continue;
    std::optional<Expression> total;
    bool known = true;
    for (const FormTerm &term : *form) {
      Expression product(b, term.coefficient);
      for (const FormFactor &factor : term.factors) {
        Value moment = buildFactor(factor);
        if (!moment) {
          known = false;
          break;
        }
        product = product * Expression(b, moment);
      }
      if (!known)
        break;
      total = total ? *total + product : product;
    }
    if (known)
      return *total;
  }
  return Value();
}
