//===- RandomFunctions.h - methods of drawing -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counter-based numbers and samplers, each written once as a template over the
// code that it becomes; see SpecialFunctions.h.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_RNG_IR_RANDOMFUNCTIONS_H
#define VI_DIALECT_RNG_IR_RANDOMFUNCTIONS_H

#include "vi/Dialect/Special/IR/SpecialFunctions.h"

#include <array>
#include <cstdint>

namespace vi::rng::functions {

/// The last word of the counter: different kinds of draws at one key and index
/// are independent.
enum Stream : uint64_t {
  UniformStream = 0,
  FoldInStream = 1,
  GammaStream = 2,
  PoissonStream = 3,
  BinomialStream = 4
};

/// Philox4x32-10 of four counter words and two key words, each a number below
/// 2^32 in 64 bits.
template <class Code>
std::array<typename Code::Integer, 4>
philox4x32(Code &code, std::array<typename Code::Integer, 4> counter,
           std::array<typename Code::Integer, 2> key) {
  using Integer = typename Code::Integer;
  constexpr uint64_t low = 0xFFFFFFFF;
  for (int round = 0; round < 10; ++round) {
    if (round != 0) {
      key[0] = (key[0] + uint64_t(0x9E3779B9)) & low;
      key[1] = (key[1] + uint64_t(0xBB67AE85)) & low;
    }
    Integer first = counter[0] * uint64_t(0xD2511F53);
    Integer second = counter[2] * uint64_t(0xCD9E8D57);
    counter = {(second >> uint64_t(32)) ^ counter[1] ^ key[0], second & low,
               (first >> uint64_t(32)) ^ counter[3] ^ key[1], first & low};
  }
  return counter;
}

/// The four words of one block.
template <class Code>
std::array<typename Code::Integer, 4>
words(Code &code, typename Code::Integer key, typename Code::Integer index,
      typename Code::Integer block, Stream stream) {
  constexpr uint64_t low = 0xFFFFFFFF;
  return philox4x32(code,
                    {index & low, index >> uint64_t(32), block,
                     code.constant(uint64_t(stream), index)},
                    {key & low, key >> uint64_t(32)});
}

/// Two words as one number, the first one low.
template <class Code>
typename Code::Integer join(Code &code, typename Code::Integer low,
                            typename Code::Integer high) {
  return low | (high << uint64_t(32));
}

/// The midpoint of one of 2^bits equal cells of (0, 1), by the upper bits of
/// two words.
template <class Code>
typename Code::Real toUniform(Code &code, typename Code::Integer low,
                              typename Code::Integer high, int bits = 52) {
  typename Code::Integer cell = join(code, low, high) >> uint64_t(64 - bits);
  return (code.toReal(cell) + 0.5) * (1.0 / double(uint64_t(1) << bits));
}

template <class Code>
typename Code::Integer foldIn(Code &code, typename Code::Integer key,
                              typename Code::Integer data) {
  auto block =
      words(code, key, data, code.constant(uint64_t(0), data), FoldInStream);
  return join(code, block[0], block[1]);
}

/// `bits` is 52 for a result in f64, 23 for one in f32.
template <class Code>
typename Code::Real uniform(Code &code, typename Code::Integer key,
                            typename Code::Integer index, int bits = 52) {
  auto block =
      words(code, key, index, code.constant(uint64_t(0), index), UniformStream);
  return toUniform(code, block[0], block[1], bits);
}

/// Marsaglia and Tsang's rejection method; see the op.
template <class Code>
typename Code::Real gamma(Code &code, typename Code::Integer key,
                          typename Code::Integer index,
                          typename Code::Real concentration) {
  using Real = typename Code::Real;
  using Integer = typename Code::Integer;
  return code.choose(
      concentration > 0.0 && concentration < special::functions::infinity,
      [&] {
        Real shape = code.select(concentration < 1.0, concentration + 1.0,
                                 concentration);
        Real d = shape - 1.0 / 3.0;
        Real c = 1.0 / code.sqrt(9.0 * d);
        Integer zero = code.constant(uint64_t(0), index);
        auto [block, cube] = code.loop(
            [&](Integer block, Real cube) { return cube <= 0.0; },
            [&](Integer block, Real cube) {
              Integer next = block + uint64_t(1);
              auto word = words(code, key, index, next, GammaStream);
              Real x = code.normalQuantile(toUniform(code, word[0], word[1]));
              Real u = toUniform(code, word[2], word[3]);
              Real y = c * x;
              // (1 + y)^3 - 1
              Real t = y * (3.0 + y * (3.0 + y));
              auto accepted =
                  y > -1.0 &&
                  code.log(u) <
                      0.5 * x * x -
                          d * special::functions::logDeficit(code, t, t + 1.0);
              return std::make_tuple(
                  next, code.select(accepted, t + 1.0, code.constant(0.0, x)));
            },
            zero, code.constant(0.0, d));
        Real draw = d * cube;
        return code.choose(
            concentration < 1.0,
            [&] {
              auto word = words(code, key, index, zero, GammaStream);
              Real u = toUniform(code, word[0], word[1]);
              return code.exp(code.log(draw) + code.log(u) / concentration);
            },
            [&] { return draw; });
      },
      [&] {
        return code.select(
            concentration == special::functions::infinity, concentration,
            code.constant(special::functions::notANumber, concentration));
      });
}

/// log k! less Stirling's formula (k + 1/2) log k - k + log(2 pi) / 2, for
/// k >= 1.
template <class Code>
typename Code::Real factorialRemainder(Code &code, typename Code::Real k) {
  return code.choose(
      k >= 10.0, [&] { return special::functions::stirlingRemainder(code, k); },
      [&] {
        return code.lgamma(k + 1.0) - ((k + 0.5) * code.log(k) - k) -
               special::functions::halfLog2Pi;
      });
}

/// k log(k / mean) + mean - k for k > 0.
template <class Code>
typename Code::Real meanDeviance(Code &code, typename Code::Real k,
                                 typename Code::Real mean) {
  return k * special::functions::logDeficit(code, (mean - k) / k, mean / k);
}

/// Logarithm of the Poisson probability of k, without large terms that cancel
/// (C. Loader (2000), "Fast and accurate computation of binomial
/// probabilities").
template <class Code>
typename Code::Real poissonLogMass(Code &code, typename Code::Real k,
                                   typename Code::Real rate) {
  return code.choose(
      k < 1.0, [&] { return -rate; },
      [&] {
        return -meanDeviance(code, k, rate) - factorialRemainder(code, k) -
               0.5 * code.log(2.0 * special::functions::pi * k);
      });
}

/// Logarithm of the binomial probability of k out of n, likewise.
template <class Code>
typename Code::Real binomialLogMass(Code &code, typename Code::Real k,
                                    typename Code::Real n,
                                    typename Code::Real p) {
  using Real = typename Code::Real;
  Real failures = n - k;
  return code.choose(
      k < 1.0, [&] { return n * code.log1p(-p); },
      [&] {
        return code.choose(
            failures < 1.0, [&] { return n * code.log(p); },
            [&] {
              Real remainder = factorialRemainder(code, n) -
                               factorialRemainder(code, k) -
                               factorialRemainder(code, failures);
              return remainder - meanDeviance(code, k, n * p) -
                     meanDeviance(code, failures, n * (1.0 - p)) -
                     0.5 * code.log(2.0 * special::functions::pi * k *
                                    (failures / n));
            });
      });
}

/// A count as a Real, or -1: by transformed rejection with the hat's
/// parameters `a`, `b`, `center`, the squeeze's `squeeze`, and `hat` times the
/// mass to compare with; at most `most`.
template <class Code, class LogMass>
typename Code::Real transformedRejection(
    Code &code, typename Code::Integer key, typename Code::Integer index,
    Stream stream, typename Code::Real a, typename Code::Real b,
    typename Code::Real center, typename Code::Real squeeze,
    typename Code::Real hat, typename Code::Real most, LogMass logMass) {
  using Real = typename Code::Real;
  using Integer = typename Code::Integer;
  Real rejected = code.constant(-1.0, a);
  auto [block, count] =
      code.loop([&](Integer block, Real count) { return count < 0.0; },
                [&](Integer block, Real count) {
                  Integer next = block + uint64_t(1);
                  auto word = words(code, key, index, next, stream);
                  Real u = toUniform(code, word[0], word[1]) - 0.5;
                  Real v = toUniform(code, word[2], word[3]);
                  Real us = 0.5 - code.abs(u);
                  Real k = code.floor((2.0 * a / us + b) * u + center);
                  Real result = code.choose(
                      us >= 0.07 && v <= squeeze, [&] { return k; },
                      [&] {
                        return code.choose(
                            k >= 0.0 && k <= most && (us >= 0.013 || v <= us),
                            [&] {
                              Real bound = logMass(k);
                              Real height =
                                  code.log(v * hat / (a / (us * us) + b));
                              return code.select(height <= bound, k, rejected);
                            },
                            [&] { return rejected; });
                      });
                  return std::make_tuple(next, result);
                },
                code.constant(uint64_t(0), index), rejected);
  return count;
}

/// The Poisson sampler; see the op.
template <class Code>
typename Code::Integer poisson(Code &code, typename Code::Integer key,
                               typename Code::Integer index,
                               typename Code::Real rate) {
  using Real = typename Code::Real;
  constexpr double largest = 4611686018427387904.0; // 2^62
  Real count = code.choose(
      rate >= 0.0 && rate <= largest,
      [&] {
        return code.choose(
            rate < 10.0,
            [&] {
              auto word =
                  words(code, key, index, code.constant(uint64_t(0), index),
                        PoissonStream);
              Real u = toUniform(code, word[0], word[1]);
              Real mass = code.exp(-rate);
              auto [k, last, sum] = code.loop(
                  [&](Real k, Real mass, Real sum) {
                    return u > sum && k < 200.0;
                  },
                  [&](Real k, Real mass, Real sum) {
                    Real next = k + 1.0;
                    Real nextMass = mass * (rate / next);
                    return std::make_tuple(next, nextMass, sum + nextMass);
                  },
                  code.constant(0.0, rate), mass, mass);
              return k;
            },
            [&] {
              Real b = 0.931 + 2.53 * code.sqrt(rate);
              Real a = -0.059 + 0.02483 * b;
              Real inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
              Real squeeze = 0.9277 - 3.6224 / (b - 2.0);
              return transformedRejection(
                  code, key, index, PoissonStream, a, b, rate + 0.43, squeeze,
                  inverseAlpha, code.constant(2.0 * largest, rate),
                  [&](Real k) { return poissonLogMass(code, k, rate); });
            });
      },
      [&] { return code.constant(-1.0, rate); });
  return code.toInteger(count);
}

/// The binomial sampler; see the op.
template <class Code>
typename Code::Integer
binomial(Code &code, typename Code::Integer key, typename Code::Integer index,
         typename Code::Integer trials, typename Code::Real probability) {
  using Real = typename Code::Real;
  Real n = code.toReal(trials);
  Real count = code.choose(
      n >= 0.0 && probability >= 0.0 && probability <= 1.0,
      [&] {
        auto flipped = probability > 0.5;
        Real p = code.select(flipped, 1.0 - probability, probability);
        Real q = 1.0 - p;
        Real k = code.choose(
            n * p < 10.0,
            [&] {
              auto word =
                  words(code, key, index, code.constant(uint64_t(0), index),
                        BinomialStream);
              Real u = toUniform(code, word[0], word[1]);
              Real mass = code.exp(n * code.log1p(-p));
              auto [k, last, sum] = code.loop(
                  [&](Real k, Real mass, Real sum) {
                    return u > sum && k < n && k < 200.0;
                  },
                  [&](Real k, Real mass, Real sum) {
                    Real next = k + 1.0;
                    Real nextMass = mass * ((n - k) / next * (p / q));
                    return std::make_tuple(next, nextMass, sum + nextMass);
                  },
                  code.constant(0.0, n), mass, mass);
              return k;
            },
            [&] {
              Real deviation = code.sqrt(n * p * q);
              Real b = 1.15 + 2.53 * deviation;
              Real a = -0.0873 + 0.0248 * b + 0.01 * p;
              Real squeeze = 0.92 - 4.2 / b;
              Real alpha = (2.83 + 5.1 / b) * deviation;
              Real mode = code.floor((n + 1.0) * p);
              Real atMode = binomialLogMass(code, mode, n, p);
              return transformedRejection(
                  code, key, index, BinomialStream, a, b, n * p + 0.5, squeeze,
                  alpha, n, [&](Real k) {
                    return binomialLogMass(code, k, n, p) - atMode;
                  });
            });
        return code.select(flipped, n - k, k);
      },
      [&] { return code.constant(-1.0, n); });
  return code.toInteger(count);
}

} // namespace vi::rng::functions

#endif // VI_DIALECT_RNG_IR_RANDOMFUNCTIONS_H
