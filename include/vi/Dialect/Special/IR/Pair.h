//===- Pair.h - numbers of twice the precision -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_PAIR_H
#define VI_DIALECT_SPECIAL_IR_PAIR_H

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"

namespace vi::special::elementary {

/// A number in two parts, of which the second is at most an ulp of the first.
template <class Code> struct Pair {
  typename Code::Real high, low;
};

/// a + b without rounding.
template <class Code>
Pair<Code> exactSum(Code &code, typename Code::Real a, typename Code::Real b) {
  typename Code::Real sum = a + b;
  return {sum, lostBySum(code, a, b, sum)};
}

/// a b without rounding.
template <class Code>
Pair<Code> exactProduct(Code &code, typename Code::Real a,
                        typename Code::Real b) {
  typename Code::Real product = a * b;
  return {product, lostByProduct(code, a, b, product)};
}

/// a + b, where b is the smaller in magnitude, or a is zero.
template <class Code>
Pair<Code> orderedSum(typename Code::Real a, typename Code::Real b) {
  typename Code::Real sum = a + b;
  return {sum, b - (sum - a)};
}

/// n / d to about twice the precision.
template <class Code>
Pair<Code> exactQuotient(Code &code, Pair<Code> n, Pair<Code> d) {
  using Real = typename Code::Real;
  Real q = n.high / d.high;
  Pair<Code> back = exactProduct(code, q, d.high);
  Real rest = (n.high - back.high) - back.low;
  rest = rest + code.fma(-q, d.low, n.low);
  return {q, rest / d.high};
}

/// The root of a sum of two parts. That of zero is zero.
template <class Code> Pair<Code> exactRoot(Code &code, Pair<Code> x) {
  using Real = typename Code::Real;
  Real root = code.sqrt(x.high);
  Pair<Code> back = exactProduct(code, root, root);
  Real rest = ((x.high - back.high) - back.low) + x.low;
  Real zero = code.constant(0.0, root);
  Real low = code.select(root == 0.0, zero, rest / (root + root));
  return {root, low};
}

} // namespace vi::special::elementary

#endif // VI_DIALECT_SPECIAL_IR_PAIR_H
