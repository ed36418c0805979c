//===- ScalarCode.h - special functions as IR -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_SCALARCODE_H
#define VI_DIALECT_SPECIAL_TRANSFORMS_SCALARCODE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"

#include <tuple>

namespace vi::special {

/// The code that emits a special function as `arith`, `math`, `scf` and
/// `special` ops at the builder's insertion point; see SpecialFunctions.h. On
/// vectors it emits straight code only: `choose` evaluates both sides, and
/// there is no `loop`.
class ScalarCode {
  /// A value and the builder for what is computed from it.
  struct Operand {
    mlir::ImplicitLocOpBuilder *builder;
    mlir::Value value;

    template <class Op, class... Operands>
    mlir::Value emit(Operands... operands) const {
      return Op::create(*builder, operands...);
    }
    mlir::Value constant(mlir::TypedAttr element) const {
      if (auto shaped = llvm::dyn_cast<mlir::ShapedType>(value.getType()))
        element = mlir::DenseElementsAttr::get(shaped, element);
      return mlir::arith::ConstantOp::create(*builder, element);
    }
    mlir::Type elementType() const {
      return mlir::getElementTypeOrSelf(value.getType());
    }
  };

public:
  struct Boolean : Operand {
    friend Boolean operator&&(Boolean a, Boolean b) {
      return {{a.builder, a.emit<mlir::arith::AndIOp>(a.value, b.value)}};
    }
    friend Boolean operator||(Boolean a, Boolean b) {
      return {{a.builder, a.emit<mlir::arith::OrIOp>(a.value, b.value)}};
    }
  };

  struct Real : Operand {
    Real like(double number) const {
      return {{builder, constant(mlir::FloatAttr::get(elementType(), number))}};
    }
    template <class Op> Real apply() const {
      return {{builder, emit<Op>(value)}};
    }
    template <class Op> Real apply(Real other) const {
      return {{builder, emit<Op>(value, other.value)}};
    }
    Boolean compare(mlir::arith::CmpFPredicate predicate, Real other) const {
      return {
          {builder, emit<mlir::arith::CmpFOp>(predicate, value, other.value)}};
    }
    Boolean compare(mlir::arith::CmpFPredicate predicate, double other) const {
      return compare(predicate, like(other));
    }

#define VI_BINARY(SYMBOL, OP)                                                  \
  friend Real operator SYMBOL(Real a, Real b) {                                \
    return a.apply<mlir::arith::OP>(b);                                        \
  }                                                                            \
  friend Real operator SYMBOL(Real a, double b) {                              \
    return a.apply<mlir::arith::OP>(a.like(b));                                \
  }                                                                            \
  friend Real operator SYMBOL(double a, Real b) {                              \
    return b.like(a).apply<mlir::arith::OP>(b);                                \
  }
    VI_BINARY(+, AddFOp)
    VI_BINARY(-, SubFOp)
    VI_BINARY(*, MulFOp)
    VI_BINARY(/, DivFOp)
#undef VI_BINARY
    friend Real operator-(Real a) { return a.apply<mlir::arith::NegFOp>(); }

#define VI_COMPARISON(SYMBOL, PREDICATE)                                       \
  friend Boolean operator SYMBOL(Real a, Real b) {                             \
    return a.compare(mlir::arith::CmpFPredicate::PREDICATE, b);                \
  }                                                                            \
  friend Boolean operator SYMBOL(Real a, double b) {                           \
    return a.compare(mlir::arith::CmpFPredicate::PREDICATE, b);                \
  }
    VI_COMPARISON(<, OLT)
    VI_COMPARISON(<=, OLE)
    VI_COMPARISON(>, OGT)
    VI_COMPARISON(>=, OGE)
    VI_COMPARISON(==, OEQ)
    VI_COMPARISON(!=, UNE)
#undef VI_COMPARISON
  };

  /// 32 or 64 bits, as an unsigned number.
  struct Integer : Operand {
    Integer like(uint64_t number) const {
      llvm::APInt bits(elementType().getIntOrFloatBitWidth(), number,
                       /*isSigned=*/false, /*implicitTrunc=*/true);
      return {{builder, constant(mlir::IntegerAttr::get(elementType(), bits))}};
    }
    template <class Op> Integer apply(Integer other) const {
      return {{builder, emit<Op>(value, other.value)}};
    }
    Boolean compare(mlir::arith::CmpIPredicate predicate, Integer other) const {
      return {
          {builder, emit<mlir::arith::CmpIOp>(predicate, value, other.value)}};
    }

#define VI_BINARY(SYMBOL, OP)                                                  \
  friend Integer operator SYMBOL(Integer a, Integer b) {                       \
    return a.apply<mlir::arith::OP>(b);                                        \
  }                                                                            \
  friend Integer operator SYMBOL(Integer a, uint64_t b) {                      \
    return a.apply<mlir::arith::OP>(a.like(b));                                \
  }
    VI_BINARY(+, AddIOp)
    VI_BINARY(-, SubIOp)
    VI_BINARY(*, MulIOp)
    VI_BINARY(^, XOrIOp)
    VI_BINARY(&, AndIOp)
    VI_BINARY(|, OrIOp)
    VI_BINARY(>>, ShRUIOp)
    VI_BINARY(<<, ShLIOp)
#undef VI_BINARY
  };

  explicit ScalarCode(mlir::ImplicitLocOpBuilder &builder)
      : builder(&builder) {}

  Real real(mlir::Value value) { return {{builder, value}}; }
  Integer integer(mlir::Value value) { return {{builder, value}}; }

  Real constant(double number, Real like) { return like.like(number); }
  Integer constant(uint64_t number, Integer like) { return like.like(number); }

  bool isF32(Real x) { return x.elementType().isF32(); }

  Real fma(Real a, Real b, Real c) { return a * b + c; }
  Real abs(Real x) { return x.apply<mlir::math::AbsFOp>(); }
  Real exp(Real x) { return x.apply<mlir::math::ExpOp>(); }
  Real expm1(Real x) { return x.apply<mlir::math::ExpM1Op>(); }
  Real log(Real x) { return x.apply<mlir::math::LogOp>(); }
  Real log1p(Real x) { return x.apply<mlir::math::Log1pOp>(); }
  Real sqrt(Real x) { return x.apply<mlir::math::SqrtOp>(); }
  Real sin(Real x) { return x.apply<mlir::math::SinOp>(); }
  Real tan(Real x) { return x.apply<mlir::math::TanOp>(); }
  Real erfc(Real x) { return x.apply<mlir::math::ErfcOp>(); }
  Real floor(Real x) { return x.apply<mlir::math::FloorOp>(); }
  Real roundeven(Real x) { return x.apply<mlir::math::RoundEvenOp>(); }
  Real minimum(Real x, Real y) { return x.apply<mlir::arith::MinimumFOp>(y); }
  Real maximum(Real x, Real y) { return x.apply<mlir::arith::MaximumFOp>(y); }

  /// Of integers as signed numbers, in a float type of the same shape.
  Real toReal(Integer x, mlir::Type type) {
    return {{builder, mlir::arith::SIToFPOp::create(*builder, type, x.value)}};
  }
  Real toReal(Integer x) {
    return toReal(x, withShapeOf(x.value.getType(), builder->getF64Type()));
  }
  /// Of whole numbers.
  Integer toInteger(Real x) {
    return {{builder, mlir::arith::FPToSIOp::create(
                          *builder,
                          withShapeOf(x.value.getType(), builder->getI64Type()),
                          x.value)}};
  }

  template <class T> T select(Boolean condition, T a, T b) {
    return {{builder, mlir::arith::SelectOp::create(*builder, condition.value,
                                                    a.value, b.value)}};
  }

  template <class A, class B>
  auto choose(Boolean condition, A a, B b) -> decltype(a()) {
    if (!condition.value.getType().isInteger(1))
      return select(condition, a(), b());
    auto emit = [&](auto side) {
      return [this, side](mlir::OpBuilder &nested, mlir::Location location) {
        mlir::OpBuilder::InsertionGuard guard(*builder);
        builder->restoreInsertionPoint(nested.saveInsertionPoint());
        mlir::scf::YieldOp::create(*builder, side().value);
      };
    };
    auto ifOp =
        mlir::scf::IfOp::create(*builder, condition.value, emit(a), emit(b));
    return {{builder, ifOp.getResult(0)}};
  }

  /// While `condition` holds, replaces the state by `body` of it.
  template <class Condition, class Body, class... State>
  std::tuple<State...> loop(Condition condition, Body body, State... state) {
    llvm::SmallVector<mlir::Value> initial = {state.value...};
    llvm::SmallVector<mlir::Type> types = {state.value.getType()...};
    auto before = [&](mlir::OpBuilder &nested, mlir::Location location,
                      mlir::ValueRange arguments) {
      mlir::OpBuilder::InsertionGuard guard(*builder);
      builder->restoreInsertionPoint(nested.saveInsertionPoint());
      Boolean proceed = std::apply(condition, wrap<State...>(arguments));
      mlir::scf::ConditionOp::create(*builder, proceed.value, arguments);
    };
    auto after = [&](mlir::OpBuilder &nested, mlir::Location location,
                     mlir::ValueRange arguments) {
      mlir::OpBuilder::InsertionGuard guard(*builder);
      builder->restoreInsertionPoint(nested.saveInsertionPoint());
      std::tuple<State...> next = std::apply(body, wrap<State...>(arguments));
      llvm::SmallVector<mlir::Value> values;
      std::apply([&](auto... each) { (values.push_back(each.value), ...); },
                 next);
      mlir::scf::YieldOp::create(*builder, values);
    };
    auto whileOp =
        mlir::scf::WhileOp::create(*builder, types, initial, before, after);
    return wrap<State...>(whileOp.getResults());
  }

  Real lgamma(Real x);
  Real digamma(Real x);
  Real logBeta(Real a, Real b);
  Real normalQuantile(Real p);

protected:
  static mlir::Type withShapeOf(mlir::Type like, mlir::Type element) {
    if (auto shaped = llvm::dyn_cast<mlir::ShapedType>(like))
      return shaped.clone(element);
    return element;
  }

  template <class... State> std::tuple<State...> wrap(mlir::ValueRange values) {
    unsigned next = 0;
    // Braces evaluate in order.
    return std::tuple<State...>{State{{builder, values[next++]}}...};
  }

  mlir::ImplicitLocOpBuilder *builder;
};

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_SCALARCODE_H
