//===- StraightCode.h - functions without branches as IR -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_STRAIGHTCODE_H
#define VI_DIALECT_SPECIAL_TRANSFORMS_STRAIGHTCODE_H

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"
#include "vi/Dialect/Special/Transforms/ScalarCode.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace vi::special {

/// The code that emits a function of scalars or vectors of f32 or f64 as
/// `arith` ops, and those of `math` that are instructions, without branches:
/// the same operations in the same order whatever the shape, so that a lane of
/// a vector has the bits that the scalar has. See ElementaryFunctions.h.
class StraightCode : public ScalarCode {
public:
  /// `fused`: whether the target multiplies and adds in one instruction.
  /// `branches`: whether what is rarely needed may stand in a branch.
  StraightCode(mlir::ImplicitLocOpBuilder &builder, bool fused,
               bool branches = false)
      : ScalarCode(builder), fused(fused), branches(branches) {}

  bool isFused() const { return fused; }

  /// a b + c, with one rounding where the target has that.
  Real fma(Real a, Real b, Real c) {
    if (!fused)
      return a * b + c;
    return {{builder,
             mlir::math::FmaOp::create(*builder, a.value, b.value, c.value)}};
  }
  Real exp(Real x) { return elementary::exp(*this, x); }
  Real copysign(Real magnitude, Real sign) {
    return magnitude.apply<mlir::math::CopySignOp>(sign);
  }

  Integer bits(Real x) {
    mlir::Type type =
        builder->getIntegerType(x.elementType().getIntOrFloatBitWidth());
    return {{builder, bitcast(x.value, type)}};
  }
  Real fromBits(Integer x) {
    mlir::Type type = x.elementType().isInteger(32) ? builder->getF32Type()
                                                    : builder->getF64Type();
    return {{builder, bitcast(x.value, type)}};
  }

  Real widen(Real x) {
    return isF32(x) ? convert<mlir::arith::ExtFOp>(x, builder->getF64Type())
                    : x;
  }
  Real narrow(Real x, Real like) {
    return isF32(like) ? convert<mlir::arith::TruncFOp>(x, like.elementType())
                       : x;
  }

  /// `usual`, or `body` where `condition` holds for any lane, which may be
  /// evaluated anyway: for other lanes it has to give what is in `usual`.
  template <class Body>
  std::tuple<Real, Real, Real>
  rarely(Boolean condition, std::tuple<Real, Real, Real> usual, Body body);

  /// Both sides are evaluated.
  template <class A, class B>
  auto choose(Boolean condition, A a, B b) -> decltype(a()) {
    return select(condition, a(), b());
  }

private:
  mlir::Value bitcast(mlir::Value value, mlir::Type element) {
    return mlir::arith::BitcastOp::create(
        *builder, withShapeOf(value.getType(), element), value);
  }

  template <class Op> Real convert(Real x, mlir::Type element) {
    return {
        {builder, Op::create(*builder, withShapeOf(x.value.getType(), element),
                             x.value)}};
  }

  bool fused, branches;
};

template <class Body>
std::tuple<StraightCode::Real, StraightCode::Real, StraightCode::Real>
StraightCode::rarely(Boolean condition, std::tuple<Real, Real, Real> usual,
                     Body body) {
  auto type = llvm::dyn_cast<mlir::VectorType>(condition.value.getType());
  if (!branches || (type && type.getRank() != 1))
    return body();
  mlir::Value any = condition.value;
  if (type)
    any = mlir::vector::ReductionOp::create(
        *builder, mlir::vector::CombiningKind::OR, any);
  auto emit = [&](auto side) {
    return [this, side](mlir::OpBuilder &nested, mlir::Location location) {
      mlir::OpBuilder::InsertionGuard guard(*builder);
      builder->restoreInsertionPoint(nested.saveInsertionPoint());
      auto [a, b, c] = side();
      mlir::scf::YieldOp::create(*builder,
                                 mlir::ValueRange{a.value, b.value, c.value});
    };
  };
  auto ifOp = mlir::scf::IfOp::create(*builder, any, emit(body),
                                      emit([&] { return usual; }));
  return {real(ifOp.getResult(0)), real(ifOp.getResult(1)),
          real(ifOp.getResult(2))};
}

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_STRAIGHTCODE_H
