//===- DerivativeRules.cpp - derivatives of elementwise operations -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/DerivativeRules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace vi;

namespace {

using R = const RuleContext &;
using Rules = llvm::StringMap<DerivativeRule>;

/// An operation as a function of expressions.
template <typename Op, typename... Arguments>
Expression call(Expression first, Arguments... rest) {
  return first.with(
      Op::create(first.getBuilder(), first.getValue(), rest.getValue()...));
}

Value negate(ImplicitLocOpBuilder &builder, Value condition) {
  Value yes = arith::ConstantIntOp::create(builder, 1, /*width=*/1);
  return builder.createOrFold<arith::XOrIOp>(condition, yes);
}

/// The sign of x; 0 at 0.
Expression sign(Expression x) {
  return select(equal(x, x.constant(0)), x.constant(0),
                call<math::CopySignOp>(x.constant(1), x));
}

/// x^(y-1) y, which is 0 where y is 0.
Expression powerDerivative(R r) {
  Expression x = r.x(), y = r.y();
  if (std::optional<double> power = y.getConstant()) {
    if (*power == 0)
      return y;
    if (*power == 1)
      return y.constant(1);
    if (*power == 2)
      return 2 * x;
    return y * pow(x, y - 1);
  }
  return select(equal(y, y.constant(0)), y.constant(0), y * pow(x, y - 1));
}

/// x^y log x, which is 0 where x is 0.
Expression exponentDerivative(R r) {
  Expression x = r.x();
  return select(equal(x, x.constant(0)), x.constant(0), r.f() * log(x));
}

/// n x^(n-1) for an integer n, which is 0 where n is 0.
Expression integerPowerDerivative(R r) {
  ImplicitLocOpBuilder &builder = r.getBuilder();
  Value n = r.operand(1).getValue();
  Value one = arith::ConstantOp::create(builder,
                                        builder.getIntegerAttr(n.getType(), 1));
  Value zero = arith::ConstantOp::create(
      builder, builder.getIntegerAttr(n.getType(), 0));
  Value less = arith::SubIOp::create(builder, n, one);
  Value isZero =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, n, zero);
  Expression power = r.x().with(
      math::FPowIOp::create(builder, r.x().getValue(), less).getResult());
  return select(isZero, r.x().constant(0),
                toFloat(builder, n, r.x().getType()) * power);
}

/// The density of the standard gamma distribution of concentration a at x.
Expression gammaDensity(Expression a, Expression x) {
  return exp(xlogy(a - 1, x) - x - lgamma(a));
}

/// The density of the beta distribution at x.
Expression betaDensity(Expression a, Expression b, Expression x) {
  return exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - logBeta(a, b));
}

Expression gammaDrawDerivative(Expression a, Expression x) {
  return call<special::GammaDrawDerivativeOp>(a, x);
}

/// The second derivative of digamma, the derivative of trigamma. From 10 on by
/// its asymptotic series, to which the recurrence leads, with a relative error
/// of 2e-13; for x < 1/2 by reflection (Abramowitz and Stegun 6.4.7, 6.4.13).
Expression tetragamma(Expression x) {
  Value isSmall = x < x.constant(0.5);
  Expression positive = select(isSmall, 1 - x, x);
  Expression sum = x.constant(0);
  for (int k = 0; k < 10; ++k) {
    Expression y = positive + k;
    sum = sum + 1 / (y * square(y));
  }
  Expression y = positive + 10.0, r = 1 / square(y);
  // (2k + 1) B_2k
  constexpr double coefficients[] = {1.0 / 2,   -1.0 / 6, 1.0 / 6,
                                     -3.0 / 10, 5.0 / 6,  -691.0 / 210};
  Expression series = x.constant(0);
  for (double coefficient : llvm::reverse(coefficients))
    series = series * r + coefficient;
  Expression value = -2 * sum - r * (1 + 1 / y + series * r);
  Expression angle = M_PI * x, sine = sin(angle);
  Expression reflection =
      2 * M_PI * M_PI * M_PI * cos(angle) / (sine * square(sine));
  return select(isSmall, value - reflection, value);
}

unsigned getSoftplusOrder(Operation *op) {
  return cast<special::GaussianSoftplusOp>(op).getDerivative();
}

template <typename Op> DerivativeRule &rule(Rules &rules) {
  return rules[Op::getOperationName()];
}

/// The table. x, y, z are the operands, f the result, g its adjoint.
void addRules(Rules &t) {
  // arith
  rule<arith::AddFOp>(t).operand([](R r) { return r.g(); }).operand([](R r) {
    return r.g();
  });
  rule<arith::SubFOp>(t).operand([](R r) { return r.g(); }).operand([](R r) {
    return -r.g();
  });
  rule<arith::MulFOp>(t)
      .operand([](R r) { return r.g() * r.y(); })
      .operand([](R r) { return r.g() * r.x(); });
  rule<arith::DivFOp>(t)
      .operand([](R r) { return r.g() / r.y(); })
      .operand([](R r) { return -(r.g() / r.y()) * r.f(); });
  rule<arith::NegFOp>(t).operand([](R r) { return -r.g(); });
  // x - trunc(x / y) y: the derivative between the jumps.
  rule<arith::RemFOp>(t).operand([](R r) { return r.g(); }).operand([](R r) {
    return -r.g() * call<math::TruncOp>(r.x() / r.y());
  });
  // Where both are equal the second operand takes the adjoint: so the
  // derivative of maximumf(x, 0) is 0 at 0.
  rule<arith::MaximumFOp>(t)
      .operand([](R r) { return Contribution(r.g(), r.x() > r.y()); })
      .operand([](R r) { return Contribution(r.g(), r.x() > r.y(), false); });
  rule<arith::MinimumFOp>(t)
      .operand([](R r) { return Contribution(r.g(), r.x() < r.y()); })
      .operand([](R r) { return Contribution(r.g(), r.x() < r.y(), false); });
  // A NaN loses against a number.
  auto isGreater = [](R r) -> Value {
    return r.getBuilder().createOrFold<arith::OrIOp>(
        r.x() > r.y(), negate(r.getBuilder(), equal(r.y(), r.y())));
  };
  auto isLess = [](R r) -> Value {
    return r.getBuilder().createOrFold<arith::OrIOp>(
        r.x() < r.y(), negate(r.getBuilder(), equal(r.y(), r.y())));
  };
  rule<arith::MaxNumFOp>(t)
      .operand([=](R r) { return Contribution(r.g(), isGreater(r)); })
      .operand([=](R r) { return Contribution(r.g(), isGreater(r), false); });
  rule<arith::MinNumFOp>(t)
      .operand([=](R r) { return Contribution(r.g(), isLess(r)); })
      .operand([=](R r) { return Contribution(r.g(), isLess(r), false); });
  // The branch that is not taken gets exactly zero.
  rule<arith::SelectOp>(t)
      .zero()
      .operand([](R r) { return Contribution(r.g(), r.x().getValue()); })
      .operand(
          [](R r) { return Contribution(r.g(), r.x().getValue(), false); });
  auto convert = [](R r) {
    return toFloat(r.getBuilder(), r.g(), r.getType());
  };
  rule<arith::ExtFOp>(t).operand(convert);
  rule<arith::TruncFOp>(t).operand(convert);

  // math
  rule<math::AbsFOp>(t).operand([](R r) { return r.g() * sign(r.x()); });
  rule<math::AcosOp>(t).operand(
      [](R r) { return -r.g() / sqrt((1 - r.x()) * (1 + r.x())); });
  rule<math::AcoshOp>(t).operand(
      [](R r) { return r.g() / sqrt((r.x() - 1) * (r.x() + 1)); });
  rule<math::AsinOp>(t).operand(
      [](R r) { return r.g() / sqrt((1 - r.x()) * (1 + r.x())); });
  rule<math::AsinhOp>(t).operand(
      [](R r) { return r.g() / sqrt(1 + square(r.x())); });
  rule<math::AtanOp>(t).operand(
      [](R r) { return r.g() / (1 + square(r.x())); });
  rule<math::AtanhOp>(t).operand(
      [](R r) { return r.g() / ((1 - r.x()) * (1 + r.x())); });
  rule<math::Atan2Op>(t)
      .operand(
          [](R r) { return r.g() * r.y() / (square(r.x()) + square(r.y())); })
      .operand(
          [](R r) { return -r.g() * r.x() / (square(r.x()) + square(r.y())); });
  rule<math::CbrtOp>(t).operand(
      [](R r) { return r.g() / (3 * square(r.f())); });
  rule<math::CeilOp>(t).zero();
  // max(min(x, z), y): strictly between the bounds the value takes the adjoint.
  rule<math::ClampFOp>(t)
      .operand([](R r) {
        return Contribution(
            r.g(), conjunction(r.getBuilder(), r.x() > r.y(), r.x() < r.z()));
      })
      .operand([](R r) {
        return Contribution(
            r.g(), conjunction(r.getBuilder(), r.x() > r.y(), r.z() > r.y()),
            false);
      })
      .operand([](R r) {
        return Contribution(
            r.g(), conjunction(r.getBuilder(), r.x() >= r.z(), r.z() > r.y()));
      });
  rule<math::CopySignOp>(t)
      .operand([](R r) {
        Expression one = r.x().constant(1);
        return r.g() * call<math::CopySignOp>(one, r.x()) *
               call<math::CopySignOp>(one, r.y());
      })
      .zero();
  rule<math::CosOp>(t).operand([](R r) { return -r.g() * sin(r.x()); });
  rule<math::CoshOp>(t).operand(
      [](R r) { return r.g() * call<math::SinhOp>(r.x()); });
  rule<math::ErfOp>(t).operand(
      [](R r) { return r.g() * (M_2_SQRTPI * exp(-square(r.x()))); });
  rule<math::ErfcOp>(t).operand(
      [](R r) { return r.g() * (-M_2_SQRTPI * exp(-square(r.x()))); });
  rule<math::ExpOp>(t).operand([](R r) { return r.g() * r.f(); });
  rule<math::Exp2Op>(t).operand([](R r) { return r.g() * r.f() * M_LN2; });
  rule<math::ExpM1Op>(t).operand([](R r) { return r.g() * exp(r.x()); });
  rule<math::FloorOp>(t).zero();
  rule<math::FmaOp>(t)
      .operand([](R r) { return r.g() * r.y(); })
      .operand([](R r) { return r.g() * r.x(); })
      .operand([](R r) { return r.g(); });
  rule<math::FPowIOp>(t)
      .operand([](R r) { return r.g() * integerPowerDerivative(r); })
      .zero();
  rule<math::LogOp>(t).operand([](R r) { return r.g() / r.x(); });
  rule<math::Log10Op>(t).operand([](R r) { return r.g() / (r.x() * M_LN10); });
  rule<math::Log1pOp>(t).operand([](R r) { return r.g() / (1 + r.x()); });
  rule<math::Log2Op>(t).operand([](R r) { return r.g() / (r.x() * M_LN2); });
  rule<math::PowFOp>(t)
      .operand([](R r) { return r.g() * powerDerivative(r); })
      .operand([](R r) { return r.g() * exponentDerivative(r); });
  rule<math::RoundOp>(t).zero();
  rule<math::RoundEvenOp>(t).zero();
  rule<math::RsqrtOp>(t).operand(
      [](R r) { return -0.5 * r.g() * r.f() / r.x(); });
  rule<math::SinOp>(t).operand([](R r) { return r.g() * cos(r.x()); });
  rule<math::SinhOp>(t).operand(
      [](R r) { return r.g() * call<math::CoshOp>(r.x()); });
  rule<math::SincosOp>(t).operand([](R r) {
    return r.getResultNumber() == 0 ? r.g() * r.result(1)
                                    : -r.g() * r.result(0);
  });
  rule<math::SqrtOp>(t).operand([](R r) { return 0.5 * r.g() / r.f(); });
  rule<math::TanOp>(t).operand([](R r) { return r.g() * (1 + square(r.f())); });
  rule<math::TanhOp>(t).operand(
      [](R r) { return r.g() * ((1 - r.f()) * (1 + r.f())); });
  rule<math::TruncOp>(t).zero();

  // special
  constexpr double sqrt2Pi = 2.50662827463100050242;
  rule<special::LgammaOp>(t).operand(
      [](R r) { return r.g() * digamma(r.x()); });
  rule<special::DigammaOp>(t).operand(
      [](R r) { return r.g() * trigamma(r.x()); });
  rule<special::TrigammaOp>(t).operand(
      [](R r) { return r.g() * tetragamma(r.x()); });
  rule<special::LogBetaOp>(t)
      .operand(
          [](R r) { return r.g() * (digamma(r.x()) - digamma(r.x() + r.y())); })
      .operand([](R r) {
        return r.g() * (digamma(r.y()) - digamma(r.x() + r.y()));
      });
  rule<special::SigmoidOp>(t).operand(
      [](R r) { return r.g() * (r.f() * sigmoid(-r.x())); });
  rule<special::SoftplusOp>(t).operand(
      [](R r) { return r.g() * sigmoid(r.x()); });
  rule<special::LogSigmoidOp>(t).operand(
      [](R r) { return r.g() * sigmoid(-r.x()); });
  // In the variance by the heat equation.
  auto softplus = [](R r, unsigned order) {
    return gaussianSoftplus(r.x(), r.y(),
                            getSoftplusOrder(r.getOperation()) + order);
  };
  rule<special::GaussianSoftplusOp>(t)
      .operand([=](R r) { return r.g() * softplus(r, 1); },
               [](Operation *op) { return getSoftplusOrder(op) + 1 <= 6; })
      .operand([=](R r) { return 0.5 * r.g() * softplus(r, 2); },
               [](Operation *op) { return getSoftplusOrder(op) + 2 <= 6; });
  // What a bound counts for has no sign.
  rule<ApproximateOp>(t).operand([](R r) { return r.g(); }).operand([](R r) {
    return abs(r.g());
  });
  rule<special::Log1pSquareOp>(t).operand(
      [](R r) { return r.g() * (2 * r.x() / (1 + square(r.x()))); });
  rule<special::Log1mExpOp>(t).operand(
      [](R r) { return r.g() / expm1(r.x()); });
  rule<special::NormalCDFOp>(t).operand(
      [](R r) { return r.g() * (exp(-0.5 * square(r.x())) / sqrt2Pi); });
  rule<special::NormalLogCDFOp>(t).operand([](R r) {
    return r.g() * (exp(-0.5 * square(r.x()) - r.f()) / sqrt2Pi);
  });
  rule<special::NormalQuantileOp>(t).operand(
      [](R r) { return r.g() * (sqrt2Pi * exp(0.5 * square(r.f()))); });
  rule<special::RegularizedGammaPOp>(t)
      .operand([](R r) {
        return -r.g() * gammaDensity(r.x(), r.y()) *
               gammaDrawDerivative(r.x(), r.y());
      })
      .operand([](R r) { return r.g() * gammaDensity(r.x(), r.y()); });
  rule<special::RegularizedGammaQOp>(t)
      .operand([](R r) {
        return r.g() * gammaDensity(r.x(), r.y()) *
               gammaDrawDerivative(r.x(), r.y());
      })
      .operand([](R r) { return -r.g() * gammaDensity(r.x(), r.y()); });
  rule<special::RegularizedBetaOp>(t).unknown().unknown().operand(
      [](R r) { return r.g() * betaDensity(r.x(), r.y(), r.z()); });
  rule<special::GammaDrawDerivativeOp>(t).unknown().unknown();

  // rng: a draw moves with its distribution; implicit reparameterization.
  rule<rng::GammaOp>(t).zero().zero().operand(
      [](R r) { return r.g() * gammaDrawDerivative(r.z(), r.f()); });
}

Rules &getRules() {
  static Rules *rules = [] {
    auto *table = new Rules();
    addRules(*table);
    return table;
  }();
  return *rules;
}

} // namespace

DerivativeRule &vi::addDerivativeRule(StringRef operationName) {
  DerivativeRule &rule = getRules()[operationName];
  rule = DerivativeRule();
  return rule;
}

const DerivativeRule *vi::getDerivativeRule(StringRef operationName) {
  Rules &rules = getRules();
  auto entry = rules.find(operationName);
  return entry == rules.end() ? nullptr : &entry->second;
}
