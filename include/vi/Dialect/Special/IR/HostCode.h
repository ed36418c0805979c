//===- HostCode.h - evaluation of special functions at once -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_HOSTCODE_H
#define VI_DIALECT_SPECIAL_IR_HOSTCODE_H

#include "vi/Dialect/Special/IR/SpecialFunctions.h"

#include <cmath>
#include <cstdint>

namespace vi::special {

/// The code that evaluates a special function where it stands, in `double`.
struct HostCode {
  using Real = double;
  using Integer = uint64_t;
  using Boolean = bool;

  Real constant(double number, Real like) { return number; }
  Integer constant(uint64_t number, Integer like) { return number; }

  bool isF32(Real x) { return false; }

  Real fma(Real a, Real b, Real c) { return a * b + c; }
  Real abs(Real x) { return std::fabs(x); }
  Real exp(Real x) { return std::exp(x); }
  Real expm1(Real x) { return std::expm1(x); }
  Real log(Real x) { return std::log(x); }
  Real log1p(Real x) { return std::log1p(x); }
  Real sqrt(Real x) { return std::sqrt(x); }
  Real sin(Real x) { return std::sin(x); }
  Real tan(Real x) { return std::tan(x); }
  Real erfc(Real x) { return std::erfc(x); }
  Real floor(Real x) { return std::floor(x); }
  Real roundeven(Real x) { return std::nearbyint(x); }
  /// NaN where an operand is.
  Real minimum(Real x, Real y) {
    return x != x || y != y ? functions::notANumber : std::fmin(x, y);
  }
  Real maximum(Real x, Real y) {
    return x != x || y != y ? functions::notANumber : std::fmax(x, y);
  }

  /// Of integers as signed numbers.
  Real toReal(Integer x) { return static_cast<double>(int64_t(x)); }
  Integer toInteger(Real x) { return static_cast<uint64_t>(int64_t(x)); }

  template <class T> T select(bool condition, T a, T b) {
    return condition ? a : b;
  }
  template <class A, class B>
  auto choose(bool condition, A a, B b) -> decltype(a()) {
    return condition ? a() : b();
  }
  /// While `condition` holds, replaces the state by `body` of it.
  template <class Condition, class Body, class... State>
  std::tuple<State...> loop(Condition condition, Body body, State... state) {
    std::tuple<State...> current(state...);
    while (std::apply(condition, current))
      current = std::apply(body, current);
    return current;
  }

  Real lgamma(Real x);
  Real digamma(Real x) { return functions::digamma(*this, x); }
  Real logBeta(Real a, Real b) { return functions::logBeta(*this, a, b); }
  Real normalQuantile(Real p) { return functions::normalQuantile(*this, p); }
};

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_IR_HOSTCODE_H
