//===- Expression.cpp - formulas that emit IR -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Expression.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;

namespace vi {

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value floatConstant(ImplicitLocOpBuilder &builder, Type type, double number) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  APFloat value(number);
  bool losesInfo;
  value.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  TypedAttr attribute = FloatAttr::get(element, value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attribute = DenseElementsAttr::get(shaped, value);
  return arith::ConstantOp::create(builder, type, attribute);
}

Expression Expression::constant(double number) const {
  return {*builder, floatConstant(*builder, value.getType(), number)};
}

std::optional<double> Expression::getConstant() const {
  APFloat number(0.0);
  if (!matchPattern(value, m_ConstantFloat(&number)))
    return std::nullopt;
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

static bool isConstant(Expression x, double number) {
  std::optional<double> constant = x.getConstant();
  return constant && *constant == number;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// An op of one operand, or the constant that it folds to.
template <typename Op> static Expression unary(Expression x) {
  return x.with(x.getBuilder().createOrFold<Op>(x.getValue()));
}

template <typename Op> static Expression binary(Expression a, Expression b) {
  return a.with(a.getBuilder().createOrFold<Op>(a.getValue(), b.getValue()));
}

Expression operator+(Expression a, Expression b) {
  if (isConstant(a, 0))
    return b;
  if (isConstant(b, 0))
    return a;
  return binary<arith::AddFOp>(a, b);
}

Expression operator-(Expression a, Expression b) {
  if (isConstant(b, 0))
    return a;
  if (isConstant(a, 0))
    return -b;
  return binary<arith::SubFOp>(a, b);
}

Expression operator*(Expression a, Expression b) {
  if (isConstant(a, 1))
    return b;
  if (isConstant(b, 1))
    return a;
  if (isConstant(a, -1))
    return -b;
  if (isConstant(b, -1))
    return -a;
  return binary<arith::MulFOp>(a, b);
}

Expression operator/(Expression a, Expression b) {
  if (isConstant(b, 1))
    return a;
  return binary<arith::DivFOp>(a, b);
}

Expression operator-(Expression a) {
  if (std::optional<double> number = a.getConstant())
    return a.constant(-*number);
  if (auto negation = a.getValue().getDefiningOp<arith::NegFOp>())
    return a.with(negation.getOperand());
  return unary<arith::NegFOp>(a);
}

Expression operator+(Expression a, double b) {
  return b == 0 ? a : a + a.constant(b);
}
Expression operator+(double a, Expression b) { return b + a; }
Expression operator-(Expression a, double b) {
  return b == 0 ? a : a - a.constant(b);
}
Expression operator-(double a, Expression b) {
  return a == 0 ? -b : b.constant(a) - b;
}
Expression operator*(Expression a, double b) {
  if (b == 1)
    return a;
  return b == -1 ? -a : a * a.constant(b);
}
Expression operator*(double a, Expression b) { return b * a; }
Expression operator/(Expression a, double b) {
  return b == 1 ? a : a / a.constant(b);
}
Expression operator/(double a, Expression b) { return b.constant(a) / b; }

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Expression exp(Expression x) { return unary<math::ExpOp>(x); }
Expression expm1(Expression x) { return unary<math::ExpM1Op>(x); }
Expression log(Expression x) { return unary<math::LogOp>(x); }
Expression log1p(Expression x) { return unary<math::Log1pOp>(x); }
Expression sqrt(Expression x) { return unary<math::SqrtOp>(x); }
Expression square(Expression x) { return x * x; }
Expression abs(Expression x) { return unary<math::AbsFOp>(x); }
Expression sin(Expression x) { return unary<math::SinOp>(x); }
Expression cos(Expression x) { return unary<math::CosOp>(x); }
Expression tan(Expression x) { return unary<math::TanOp>(x); }
Expression tanh(Expression x) { return unary<math::TanhOp>(x); }
Expression erf(Expression x) { return unary<math::ErfOp>(x); }
Expression pow(Expression x, Expression y) {
  return binary<math::PowFOp>(x, y);
}
Expression maximum(Expression x, Expression y) {
  return binary<arith::MaximumFOp>(x, y);
}
Expression sigmoid(Expression x) { return unary<special::SigmoidOp>(x); }
Expression softplus(Expression x) { return unary<special::SoftplusOp>(x); }
Expression log1pSquare(Expression x) {
  return unary<special::Log1pSquareOp>(x);
}
Expression logSigmoid(Expression x) { return unary<special::LogSigmoidOp>(x); }
Expression log1mexp(Expression x) { return unary<special::Log1mExpOp>(x); }
Expression gaussianSoftplus(Expression mean, Expression variance,
                            unsigned derivative) {
  return mean.with(mean.getBuilder().createOrFold<special::GaussianSoftplusOp>(
      mean.getValue(), variance.getValue(), derivative));
}
Expression lgamma(Expression x) { return unary<special::LgammaOp>(x); }
Expression digamma(Expression x) { return unary<special::DigammaOp>(x); }
Expression trigamma(Expression x) { return unary<special::TrigammaOp>(x); }
Expression logBeta(Expression x, Expression y) {
  return binary<special::LogBetaOp>(x, y);
}
Expression normalCDF(Expression x) { return unary<special::NormalCDFOp>(x); }
Expression normalLogCDF(Expression x) {
  return unary<special::NormalLogCDFOp>(x);
}
Expression normalQuantile(Expression x) {
  return unary<special::NormalQuantileOp>(x);
}

/// x f(y), with y replaced where x is 0 and f has a pole at y: the product
/// there is 0, and its derivative in x elsewhere is f(y) at x = 0 too.
static Expression timesLogarithm(Expression x, Expression y, double pole,
                                 double root, Expression (*f)(Expression)) {
  if (std::optional<double> factor = x.getConstant())
    return *factor == 0 ? x : x * f(y);
  if (y.getConstant() && !isConstant(y, pole))
    return x * f(y);
  Value both = conjunction(x.getBuilder(), equal(x, x.constant(0)),
                           equal(y, y.constant(pole)));
  return x * f(select(both, y.constant(root), y));
}

Expression xlogy(Expression x, Expression y) {
  return timesLogarithm(x, y, 0, 1, log);
}

Expression xlog1py(Expression x, Expression y) {
  return timesLogarithm(x, y, -1, 0, log1p);
}

//===----------------------------------------------------------------------===//
// Conditions
//===----------------------------------------------------------------------===//

static Value compare(arith::CmpFPredicate predicate, Expression a,
                     Expression b) {
  return a.getBuilder().createOrFold<arith::CmpFOp>(predicate, a.getValue(),
                                                    b.getValue());
}

Value operator<(Expression a, Expression b) {
  return compare(arith::CmpFPredicate::OLT, a, b);
}
Value operator<=(Expression a, Expression b) {
  return compare(arith::CmpFPredicate::OLE, a, b);
}
Value operator>(Expression a, Expression b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
Value operator>=(Expression a, Expression b) {
  return compare(arith::CmpFPredicate::OGE, a, b);
}
Value equal(Expression a, Expression b) {
  return compare(arith::CmpFPredicate::OEQ, a, b);
}

Expression select(Value condition, Expression a, Expression b) {
  return a.with(a.getBuilder().createOrFold<arith::SelectOp>(
      condition, a.getValue(), b.getValue()));
}

Expression where(Value condition, Expression a) {
  return select(condition, a,
                a.constant(-std::numeric_limits<double>::infinity()));
}

Value conjunction(ImplicitLocOpBuilder &builder, Value a, Value b) {
  return builder.createOrFold<arith::AndIOp>(a, b);
}

//===----------------------------------------------------------------------===//
// Types and tensors
//===----------------------------------------------------------------------===//

Expression toFloat(ImplicitLocOpBuilder &builder, Value value, Type type) {
  auto inShape = [&](Type element) -> Type {
    if (auto shaped = dyn_cast<ShapedType>(value.getType()))
      return shaped.clone(element);
    return element;
  };
  Type target = inShape(getElementTypeOrSelf(type));
  Type element = getElementTypeOrSelf(value.getType());
  if (value.getType() == target)
    return {builder, value};
  if (auto from = dyn_cast<FloatType>(element)) {
    auto to = cast<FloatType>(getElementTypeOrSelf(type));
    if (from.getWidth() < to.getWidth())
      return {builder, builder.createOrFold<arith::ExtFOp>(target, value)};
    return {builder, builder.createOrFold<arith::TruncFOp>(target, value)};
  }
  if (element.isInteger(1))
    return {builder, builder.createOrFold<arith::UIToFPOp>(target, value)};
  if (element.isIndex())
    value = builder.createOrFold<arith::IndexCastOp>(
        inShape(builder.getI64Type()), value);
  return {builder, builder.createOrFold<arith::SIToFPOp>(target, value)};
}

Value dimension(ImplicitLocOpBuilder &builder, Value tensor,
                int64_t dimension) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dimension))
    return arith::ConstantIndexOp::create(builder, type.getDimSize(dimension));
  return builder.createOrFold<tensor::DimOp>(tensor, dimension);
}

/// An uninitialized tensor like `tensor`.
static Value emptyLike(ImplicitLocOpBuilder &builder, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> sizes;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(dimension(builder, tensor, d));
  return tensor::EmptyOp::create(builder, type, sizes);
}

/// An elementwise function of tensors of one shape.
static Expression
mapAll(ArrayRef<Expression> inputs,
       llvm::function_ref<Expression(ArrayRef<Expression>)> function) {
  ImplicitLocOpBuilder &builder = inputs.front().getBuilder();
  auto type = dyn_cast<RankedTensorType>(inputs.front().getType());
  if (!type)
    return function(inputs);
  SmallVector<Value> values(inputs.begin(), inputs.end());
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(type), values,
      ValueRange(emptyLike(builder, values.front())), maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        SmallVector<Expression> elements;
        for (Value argument : arguments.drop_back())
          elements.emplace_back(inner, argument);
        linalg::YieldOp::create(nested, loc, function(elements).getValue());
      });
  return inputs.front().with(generic.getResult(0));
}

Expression map(Expression input,
               llvm::function_ref<Expression(Expression)> function) {
  return mapAll(input, [&](ArrayRef<Expression> elements) {
    return function(elements[0]);
  });
}

Expression
map(Expression a, Expression b,
    llvm::function_ref<Expression(Expression, Expression)> function) {
  return mapAll({a, b}, [&](ArrayRef<Expression> elements) {
    return function(elements[0], elements[1]);
  });
}

/// The sum over all elements of a function of the elements of tensors of one
/// shape.
static Expression
sumAll(ArrayRef<Expression> inputs,
       llvm::function_ref<Expression(ArrayRef<Expression>)> function) {
  ImplicitLocOpBuilder &builder = inputs.front().getBuilder();
  auto type = dyn_cast<RankedTensorType>(inputs.front().getType());
  if (!type)
    return function(inputs);
  Type element = type.getElementType();
  Value zero = floatConstant(builder, RankedTensorType::get({}, element), 0.0);
  SmallVector<Value> values(inputs.begin(), inputs.end());
  SmallVector<AffineMap> maps(inputs.size(),
                              builder.getMultiDimIdentityMap(type.getRank()));
  maps.push_back(AffineMap::get(type.getRank(), 0, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(zero.getType()), values, ValueRange(zero), maps,
      iterators, [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        SmallVector<Expression> elements;
        for (Value argument : arguments.drop_back())
          elements.emplace_back(inner, argument);
        Value next = arith::AddFOp::create(nested, loc, arguments.back(),
                                           function(elements).getValue());
        linalg::YieldOp::create(nested, loc, next);
      });
  return {builder, tensor::ExtractOp::create(builder, generic.getResult(0),
                                             ValueRange())};
}

Expression sum(Expression tensor) {
  return sumAll(tensor,
                [](ArrayRef<Expression> elements) { return elements[0]; });
}

/// log sum exp from what is at least the largest of the numbers, apart from
/// infinities, and finite: a shift that no derivative passes, as the sum does
/// not depend on it.
static Expression
shiftedLogSumExp(Expression largest,
                 llvm::function_ref<Expression(Expression)> sumExp) {
  Expression lowest = largest.constant(-std::numeric_limits<float>::max());
  ImplicitLocOpBuilder &builder = largest.getBuilder();
  Value bounded = arith::MaximumFOp::create(builder, largest, lowest);
  Expression shift =
      largest.with(StopGradientOp::create(builder, bounded.getType(), bounded));
  return shift + log(sumExp(shift));
}

Expression maximum(Expression vector) {
  ImplicitLocOpBuilder &builder = vector.getBuilder();
  auto type = cast<RankedTensorType>(vector.getType());
  Value lowest =
      floatConstant(builder, RankedTensorType::get({}, type.getElementType()),
                    -std::numeric_limits<double>::infinity());
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(lowest.getType()), ValueRange(vector.getValue()),
      ValueRange(lowest),
      ArrayRef<AffineMap>{builder.getMultiDimIdentityMap(1),
                          AffineMap::get(1, 0, builder.getContext())},
      utils::IteratorType::reduction,
      [](OpBuilder &nested, Location loc, ValueRange arguments) {
        Value larger =
            arith::MaximumFOp::create(nested, loc, arguments[0], arguments[1]);
        linalg::YieldOp::create(nested, loc, larger);
      });
  return vector.with(
      tensor::ExtractOp::create(builder, generic.getResult(0), ValueRange()));
}

Expression logSumExp(Expression vector) {
  Expression largest = maximum(vector);
  return shiftedLogSumExp(largest, [&](Expression shift) {
    return sumAll(vector, [&](ArrayRef<Expression> elements) {
      return exp(elements[0] - elements[0].with(shift.getValue()));
    });
  });
}

Expression logSumExp(ArrayRef<Expression> numbers) {
  if (numbers.size() == 1)
    return numbers.front();
  ImplicitLocOpBuilder &builder = numbers.front().getBuilder();
  Expression largest = numbers.front();
  for (Expression number : numbers.drop_front())
    largest = largest.with(
        arith::MaximumFOp::create(builder, largest, number.getValue()));
  return shiftedLogSumExp(largest, [&](Expression shift) {
    Expression total = exp(numbers.front() - shift);
    for (Expression number : numbers.drop_front())
      total = total + exp(number - shift);
    return total;
  });
}

Expression dot(Expression a, Expression b) {
  return sumAll({a, b}, [](ArrayRef<Expression> elements) {
    return elements[0] * elements[1];
  });
}

} // namespace vi
