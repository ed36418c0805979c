//===- FormFunctions.cpp - functions of one variable as factors -----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Forms.h"

#include "vi/Analysis/GaussianExpectations.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace vi;
using Kind = Statistic::Kind;

//===----------------------------------------------------------------------===//
// Variables
//===----------------------------------------------------------------------===//

/// Whether two values are computed in the same way from the same values.
static bool isSameValue(Value a, Value b, unsigned depth = 8) {
  if (a == b)
    return true;
  auto left = dyn_cast_or_null<OpResult>(a);
  auto right = dyn_cast_or_null<OpResult>(b);
  if (!left || !right || depth == 0)
    return false;
  Operation *x = left.getOwner(), *y = right.getOwner();
  if (left.getResultNumber() != right.getResultNumber() ||
      x->getName() != y->getName() || x->getNumRegions() ||
      x->getNumOperands() != y->getNumOperands() ||
      x->getAttrDictionary() != y->getAttrDictionary() ||
      !isMemoryEffectFree(x))
    return false;
  for (auto [s, t] : llvm::zip(x->getOperands(), y->getOperands()))
    if (!isSameValue(s, t, depth - 1))
      return false;
  return true;
}

FormFactor FormFactor::getVariable() const {
  FormFactor variable = *this;
  variable.statistic = Statistic::getPower(1);
  variable.power = 0;
  variable.functions.clear();
  return variable;
}

bool FormFactor::hasSameVariable(const FormFactor &other) const {
  if (predictor && other.predictor) {
    if (predictor == other.predictor)
      return true;
    if (predictor->variables.size() != other.predictor->variables.size())
      return false;
    for (const auto &[a, b] :
         llvm::zip(predictor->variables, other.predictor->variables))
      if (!a.first.hasSameVariable(b.first) || !isSameValue(a.second, b.second))
        return false;
    return true;
  }
  return draw == other.draw && constrained == other.constrained &&
         predictor == other.predictor && isSameValue(index, other.index) &&
         weights == other.weights;
}

bool FormFactor::mayOverlap(const FormFactor &other) const {
  if (predictor)
    return llvm::any_of(predictor->variables, [&](const auto &variable) {
      return variable.first.mayOverlap(other);
    });
  if (other.predictor)
    return other.mayOverlap(*this);
  DrawOp mine = draw, theirs = other.draw;
  if (mine.getSite() != theirs.getSite())
    return false;
  if (isJoint())
    return true;
  // Draws of one site by members that are not the same.
  if (draw != other.draw || weights || other.weights || !index || !other.index)
    return true;
  std::optional<int64_t> first = getConstantIntValue(index);
  std::optional<int64_t> second = getConstantIntValue(other.index);
  return !first || !second || *first == *second;
}

bool FormFactor::canCorrelate(const FormFactor &other) const {
  if (predictor)
    return llvm::all_of(predictor->variables, [&](const auto &variable) {
      return variable.first.canCorrelate(other);
    });
  if (other.predictor)
    return other.canCorrelate(*this);
  return !mayOverlap(other) || hasSameVariable(other) ||
         (isJoint() && draw == other.draw);
}

bool FormFactor::canMultiply(const FormFactor &other) const {
  if (constrained || other.constrained || !canCorrelate(other))
    return false;
  auto isMoment = [](const FormFactor &factor) {
    return factor.statistic.kind == Statistic::Kind::Exponential ||
           (factor.statistic.kind == Statistic::Kind::Power &&
            factor.statistic.power >= 0);
  };
  if (!isMoment(*this) || !isMoment(other))
    return false;
  // Of several factors one may be a general function, the others exponentials.
  return (functions.empty() && other.functions.empty()) || isExponential() ||
         other.isExponential();
}

bool FormAnalysis::isNormal(const FormFactor &variable) {
  if (variable.predictor)
    return llvm::all_of(variable.predictor->variables,
                        [&](const auto &part) { return isNormal(part.first); });
  DrawOp draw = variable.draw;
  if (variable.isJoint())
    return isJointNormal(draw.getDistribution());
  auto family = draw.getDistribution().getDefiningOp<DistributionOpInterface>();
  if (variable.constrained || !family ||
      isa<RankedTensorType>(draw.getValue().getType()))
    return false;
  // Of the family of sums of normal variables?
  Block scratch;
  ImplicitLocOpBuilder inner(builder->getLoc(), builder->getContext());
  inner.setInsertionPointToStart(&scratch);
  Value number = floatConstant(inner, draw.getValue().getType(), 1.0);
  bool found = static_cast<bool>(family.buildSum(inner, number, number));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(scratch))) {
    op.dropAllUses();
    op.erase();
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Known functions
//===----------------------------------------------------------------------===//

namespace {
/// What is known of a function on the real numbers, or on those for which it is
/// defined: a model that leaves these is not finite there, sampled or not.
struct KnownFunction {
  /// Whether it has all derivatives, so that quadrature applies.
  bool smooth = true;
  /// Whether its values are positive.
  bool positive = false;
};

const llvm::StringMap<KnownFunction> &getKnownFunctions() {
  static const llvm::StringMap<KnownFunction> *functions = [] {
    auto *table = new llvm::StringMap<KnownFunction>();
    auto add = [&](auto op, KnownFunction function) {
      (*table)[decltype(op)::getOperationName()] = function;
    };
    KnownFunction smooth, positive{true, true}, bent{false, false};
    add(ConstrainOp(), smooth);
    add(arith::DivFOp(), positive);
    add(math::ExpOp(), positive);
    add(math::LogOp(), smooth);
    add(math::Log1pOp(), smooth);
    add(math::TanhOp(), smooth);
    add(math::SinOp(), smooth);
    add(math::CosOp(), smooth);
    add(math::SinhOp(), smooth);
    add(math::CoshOp(), positive);
    add(math::AsinhOp(), smooth);
    add(math::AtanOp(), smooth);
    add(math::ErfOp(), smooth);
    add(math::ErfcOp(), positive);
    add(math::AbsFOp(), bent);
    add(special::LgammaOp(), smooth);
    add(special::DigammaOp(), smooth);
    add(special::LogBetaOp(), smooth);
    add(special::SigmoidOp(), positive);
    add(special::SoftplusOp(), positive);
    add(special::LogSigmoidOp(), smooth);
    add(special::Log1pSquareOp(), smooth);
    add(special::Log1mExpOp(), smooth);
    add(special::NormalCDFOp(), positive);
    add(special::NormalLogCDFOp(), smooth);
    add(special::GaussianSoftplusOp(), smooth);
    return table;
  }();
  return *functions;
}
} // namespace

bool FormAnalysis::isKnownFunction(OperationName name) {
  return getKnownFunctions().contains(name.getStringRef());
}

/// Whether a form in one variable is a polynomial of degree two or more with
/// several terms. Its slope has no bound, so that a function of it may change
/// over any distance: log(exp(a(x)) + exp(b(x))) of two quadratic log-densities
/// has its bend where they cross, at whatever slope they have there.
static bool isSteep(const Form &form) {
  unsigned terms = 0;
  bool isHigh = false;
  for (const FormTerm &term : form)
    for (const FormFactor &factor : term.factors) {
      if (factor.isOne())
        continue;
      ++terms;
      isHigh |= (factor.statistic.kind == Statistic::Kind::Power &&
                 factor.statistic.power >= 2) ||
                factor.statistic.kind == Statistic::Kind::SquaredDeviation ||
                llvm::any_of(factor.functions, [](const auto &inner) {
                  return inner->isSquare();
                });
    }
  return isHigh && terms > 1;
}

bool FormAnalysis::isSmooth(const FormFunction &function, bool steep) {
  if (!function.isSquare()) {
    auto found = getKnownFunctions().find(function.name->getStringRef());
    if (found == getKnownFunctions().end() || !found->second.smooth)
      return false;
  }
  return llvm::all_of(function.operands, [&](const Form &form) {
    if (!steep && !function.isSquare() && isSteep(form))
      return false;
    return llvm::all_of(form, [&](const FormTerm &term) {
      return llvm::all_of(term.factors, [&](const FormFactor &factor) {
        return llvm::all_of(factor.functions, [&](const auto &inner) {
          return isSmooth(*inner, steep);
        });
      });
    });
  });
}

/// Whether a number is not negative (`strict`: is positive) for certain.
static bool isPositiveNumber(Value value, bool strict, unsigned depth = 8) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number))) {
    double x = number.getValueAsDouble();
    return strict ? x > 0 : x >= 0;
  }
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return false;
  auto isOperand = [&](unsigned i) {
    return isPositiveNumber(op->getOperand(i), strict, depth - 1);
  };
  if (isa<arith::MulFOp>(op) && op->getOperand(0) == op->getOperand(1))
    return !strict || isOperand(0);
  if (isa<arith::MulFOp, arith::DivFOp, arith::AddFOp>(op))
    return isOperand(0) && isOperand(1);
  if (isa<math::SqrtOp>(op))
    return isOperand(0);
  if (isa<arith::MaximumFOp>(op))
    return isOperand(0) || isOperand(1);
  if (isa<math::AbsFOp, arith::UIToFPOp>(op))
    return !strict;
  auto found = getKnownFunctions().find(op->getName().getStringRef());
  return found != getKnownFunctions().end() && found->second.positive;
}

/// Whether the operation has all derivatives in the operands that vary.
static bool isSmoothOperation(Operation *op,
                              function_ref<bool(Value)> isVaried) {
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
          math::ExpM1Op, ApproximateOp>(op))
    return true;
  auto isPositive = [&](unsigned i) {
    return isPositiveNumber(op->getOperand(i), /*strict=*/true);
  };
  if (isa<arith::DivFOp>(op))
    return !isVaried(op->getOperand(1)) || isPositive(1);
  if (isa<math::LogOp, math::SqrtOp, math::RsqrtOp, math::PowFOp,
          math::FPowIOp>(op))
    return isPositive(0);
  if (isa<math::Log1pOp>(op))
    return isPositiveNumber(op->getOperand(0), /*strict=*/false);
  // What keeps a root from zero.
  FloatAttr bound;
  if (isa<arith::MaximumFOp>(op))
    return matchPattern(op->getOperand(1), m_Constant(&bound)) &&
           bound.getValueAsDouble() < 1e-20;
  if (auto choice = dyn_cast<arith::SelectOp>(op))
    return !isVaried(choice.getCondition());
  auto found = getKnownFunctions().find(op->getName().getStringRef());
  return found != getKnownFunctions().end() && found->second.smooth;
}

bool FormAnalysis::isSmoothIn(Value x, Value result) {
  // What is computed from x.
  llvm::DenseSet<Value> varied{x};
  SmallVector<Value> worklist{x};
  auto add = [&](Value value) {
    if (varied.insert(value).second)
      worklist.push_back(value);
  };
  while (!worklist.empty()) {
    for (OpOperand &use : worklist.pop_back_val().getUses()) {
      Operation *op = use.getOwner();
      unsigned number = use.getOperandNumber();
      if (auto yield = dyn_cast<YieldOp>(op)) {
        if (auto plate = dyn_cast<PlateOp>(op->getParentOp()))
          add(plate.getResult(number));
        continue;
      }
      if (auto plate = dyn_cast<PlateOp>(op))
        llvm::for_each(plate.getBlock()->getArguments(), add);
      llvm::for_each(op->getResults(), add);
    }
  }
  // Of that, what the result is computed by.
  llvm::DenseSet<Value> visited{result};
  worklist.push_back(result);
  auto visit = [&](Value value) {
    if (varied.contains(value) && visited.insert(value).second)
      worklist.push_back(value);
  };
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (value == x)
      continue;
    Operation *op = value.getDefiningOp();
    if (!op)
      return false;
    if (auto plate = dyn_cast<PlateOp>(op)) {
      unsigned number = cast<OpResult>(value).getResultNumber();
      visit(plate.getYield()->getOperand(number));
      continue;
    }
    if (isa<StopGradientOp>(op))
      continue;
    if (!isSmoothOperation(
            op, [&](Value operand) { return varied.contains(operand); }))
      return false;
    llvm::for_each(op->getOperands(), visit);
  }
  return true;
}

/// Whether the form is a number that is not negative.
static bool isPositiveConstant(const Form &form) {
  return form.size() == 1 && form[0].factors.empty() &&
         isPositiveNumber(form[0].coefficient, /*strict=*/false);
}

bool FormAnalysis::isPositive(const FormFactor &factor) {
  const Statistic &s = factor.statistic;
  bool statistic =
      s.kind == Kind::Exponential
          ? factor.power == 0
          : s.kind == Kind::Power && (s.power == 0 || factor.constrained);
  return statistic && llvm::all_of(factor.functions, [&](const auto &function) {
           if (function->isSquare())
             return false;
           if (function->template is<ConstrainOp>())
             return isPositiveConstant(function->operands[1]);
           auto found =
               getKnownFunctions().find(function->name->getStringRef());
           return found != getKnownFunctions().end() && found->second.positive;
         });
}

bool FormAnalysis::isPositive(const Form &form) {
  bool strict = false;
  for (const FormTerm &term : form) {
    if (!isPositiveNumber(term.coefficient, /*strict=*/false) ||
        !llvm::all_of(term.factors, [&](const FormFactor &factor) {
          return isPositive(factor);
        }))
      return false;
    strict |= isPositiveNumber(term.coefficient, /*strict=*/true);
  }
  return strict;
}

//===----------------------------------------------------------------------===//
// Functions of one variable
//===----------------------------------------------------------------------===//

std::shared_ptr<const LinearPredictor>
FormAnalysis::getPredictor(MutableArrayRef<Form> operands) {
  auto predictor = std::make_shared<LinearPredictor>();
  FormFactor variable;
  variable.predictor = predictor;
  for (Form &form : operands) {
    LinearPredictor linear;
    std::optional<Expression> offset;
    for (const FormTerm &term : form) {
      Expression coefficient(*builder, term.coefficient);
      if (term.factors.empty()) {
        offset = offset ? *offset + coefficient : coefficient;
        continue;
      }
      const FormFactor &factor = term.factors[0];
      if (term.factors.size() > 1 || !factor.isVariable() || factor.predictor ||
          factor.constrained) {
        fail("a function of what is not linear in several latents");
        return nullptr;
      }
      auto *same = llvm::find_if(linear.variables, [&](const auto &other) {
        return other.first.hasSameVariable(factor);
      });
      if (same == linear.variables.end())
        linear.variables.push_back({factor, term.coefficient});
      else
        same->second =
            Expression(*builder, same->second).with(same->second) + coefficient;
    }
    if (linear.variables.empty())
      continue;
    if (predictor->variables.empty()) {
      *predictor = linear;
    } else {
      FormFactor other;
      other.predictor = std::make_shared<LinearPredictor>(linear);
      if (!variable.hasSameVariable(other)) {
        fail("a function of several linear predictors");
        return nullptr;
      }
    }
    Type type = form.front().coefficient.getType();
    form = {{floatConstant(*builder, type, 1.0), {variable}}};
    if (offset)
      form.push_back({*offset, {}});
  }
  return predictor;
}

std::optional<Form> FormAnalysis::apply(FormFunction function) {
  SmallVector<FormFactor, 0> variables;
  for (const Form &form : function.operands)
    for (const FormTerm &term : form) {
      if (term.factors.size() > 1)
        return fail("a function of a product of latents");
      for (const FormFactor &factor : term.factors) {
        bool found = false;
        for (const FormFactor &other : variables) {
          found |= other.hasSameVariable(factor);
          if (!other.canCorrelate(factor))
            return fail("latents of one site that may be the same");
        }
        if (!found)
          variables.push_back(factor.getVariable());
      }
    }
  Expression one(*builder, floatConstant(*builder, function.type, 1.0));
  if (variables.empty())
    return Form{{evaluate(function, one), {}}};
  FormFactor result = variables.front();
  if (variables.size() > 1) {
    auto predictor = getPredictor(function.operands);
    if (!predictor)
      return std::nullopt;
    result = FormFactor();
    result.predictor = predictor;
  }
  if (!isNormal(result))
    return fail("a function of a latent that is not normal");
  result.statistic = Statistic::getPower(0);
  result.functions = {
      std::make_shared<const FormFunction>(std::move(function))};
  return Form{{one, {result}}};
}

/// E[(c (m + x))^2] with x of mean zero is c^2 (m^2 + Var x): as a sum of
/// products, the mean would be subtracted from itself.
std::optional<Form> FormAnalysis::square(const Form &form) {
  if (!joinSquares || form.size() < 2)
    return multiply(form, form);
  // Factors that all terms share.
  SmallVector<FormFactor, 0> common;
  auto isSame = [](const FormFactor &a, const FormFactor &b) {
    return a.hasSameVariable(b) && a.functions.empty() && b.functions.empty() &&
           a.statistic.kind == b.statistic.kind &&
           a.statistic.power == b.statistic.power && a.power == b.power &&
           isSameValue(a.statistic.coefficient, b.statistic.coefficient);
  };
  for (const FormFactor &factor : form.front().factors)
    if (llvm::all_of(form, [&](const FormTerm &term) {
          return llvm::any_of(term.factors, [&](const FormFactor &other) {
            return isSame(other, factor);
          });
        }))
      common.push_back(factor);
  Form rest = form;
  for (FormTerm &term : rest)
    llvm::erase_if(term.factors, [&](const FormFactor &factor) {
      return llvm::any_of(common, [&](const FormFactor &other) {
        return isSame(other, factor);
      });
    });
  bool linear = llvm::all_of(rest, [](const FormTerm &term) {
    return term.factors.size() <= 1 &&
           llvm::all_of(term.factors, [](const FormFactor &factor) {
             return factor.isVariable() && !factor.constrained;
           });
  });
  bool latent = llvm::any_of(
      rest, [](const FormTerm &term) { return !term.factors.empty(); });
  if (!linear || !latent)
    return multiply(form, form);
  std::string before = reason;
  FormFunction function;
  function.type = form.front().coefficient.getType();
  function.operands = {rest};
  std::optional<Form> result = apply(std::move(function));
  if (!result) {
    reason = before;
    return multiply(form, form);
  }
  if (common.empty())
    return result;
  Value one = floatConstant(*builder, form.front().coefficient.getType(), 1.0);
  Form factors{{one, common}};
  std::optional<Form> squared = multiply(factors, factors);
  return squared ? multiply(*squared, *result) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Values at a point
//===----------------------------------------------------------------------===//

Expression FormAnalysis::evaluate(const FormFunction &function, Expression x) {
  SmallVector<Value> operands;
  for (const Form &form : function.operands)
    operands.push_back(evaluate(form, x));
  if (function.isSquare())
    return vi::square(x.with(operands[0]));
  OperationState state(builder->getLoc(), *function.name, operands,
                       function.type, function.attributes.getValue());
  return x.with(builder->create(state)->getResult(0));
}

Expression FormAnalysis::evaluate(const FormFactor &factor, Expression x) {
  const Statistic &s = factor.statistic;
  Expression value = s.kind == Kind::Exponential
                         ? exp(x.with(s.coefficient) * x)
                         : x.constant(1.0);
  int power = s.kind == Kind::Exponential ? factor.power : s.power;
  for (int i = 0; i < std::abs(power); ++i)
    value = power > 0 ? value * x : value / x;
  for (const auto &function : factor.functions)
    value = value * evaluate(*function, x);
  return value;
}

Expression FormAnalysis::evaluate(const Form &form, Expression x) {
  std::optional<Expression> total;
  for (const FormTerm &term : form) {
    Expression value(*builder, term.coefficient);
    for (const FormFactor &factor : term.factors)
      value = value * evaluate(factor, x);
    total = total ? *total + value : value;
  }
  return *total;
}
