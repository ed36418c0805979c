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

namespace vi::special {

/// The code that emits a function of scalars or vectors of f32 or f64 as
/// `arith` ops, and those of `math` that are instructions, without branches:
/// the same operations in the same order whatever the shape, so that a lane of
/// a vector has the bits that the scalar has. See ElementaryFunctions.h.
class StraightCode : public ScalarCode {
public:
  /// `fused`: whether the target multiplies and adds in one instruction.
  StraightCode(mlir::ImplicitLocOpBuilder &builder, bool fused)
      : ScalarCode(builder), fused(fused) {}

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

  bool fused;
};

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_STRAIGHTCODE_H
