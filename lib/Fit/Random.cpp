//===- Random.cpp - counter-based random numbers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/Random.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

using namespace vi::fit;

std::array<uint32_t, 4> vi::fit::philox(std::array<uint32_t, 4> counter,
                                        std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t(0xD2511F53) * counter[0];
    uint64_t second = uint64_t(0xCD9E8D57) * counter[2];
    counter = {uint32_t(second >> 32) ^ counter[1] ^ key[0], uint32_t(second),
               uint32_t(first >> 32) ^ counter[3] ^ key[1], uint32_t(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// The first two words of a block, low word first.
static uint64_t getBlock(uint64_t key, uint64_t index, uint32_t domain) {
  auto words = philox({uint32_t(index), uint32_t(index >> 32), 0, domain},
                      {uint32_t(key), uint32_t(key >> 32)});
  return uint64_t(words[1]) << 32 | words[0];
}

uint64_t vi::fit::foldIn(uint64_t key, uint64_t data) {
  return getBlock(key, data, 1);
}

uint64_t vi::fit::getRandomBits(uint64_t key, uint64_t index) {
  return getBlock(key, index, 0);
}

double vi::fit::getUniform(uint64_t key, uint64_t index) {
  return (double(getRandomBits(key, index) >> 12) + 0.5) * 0x1p-52;
}

double vi::fit::getNormal(uint64_t key, uint64_t index) {
  return getNormalQuantile(getUniform(key, index));
}

/// A polynomial by Horner's rule, highest coefficient first.
template <size_t size>
static double evaluatePolynomial(const double (&coefficients)[size], double x) {
  double sum = coefficients[0];
  for (size_t i = 1; i < size; ++i)
    sum = sum * x + coefficients[i];
  return sum;
}

double vi::fit::getNormalQuantile(double probability) {
  static const double centerTop[] = {
      2.5090809287301226727e+3, 3.3430575583588128105e+4,
      6.7265770927008700853e+4, 4.5921953931549871457e+4,
      1.3731693765509461125e+4, 1.9715909503065514427e+3,
      1.3314166789178437745e+2, 3.3871328727963666080e+0};
  static const double centerBottom[] = {
      5.2264952788528545610e+3, 2.8729085735721942674e+4,
      3.9307895800092710610e+4, 2.1213794301586595867e+4,
      5.3941960214247511077e+3, 6.8718700749205790830e+2,
      4.2313330701600911252e+1, 1.0};
  static const double middleTop[] = {
      7.74545014278341407640e-4, 2.27238449892691845833e-2,
      2.41780725177450611770e-1, 1.27045825245236838258e+0,
      3.64784832476320460504e+0, 5.76949722146069140550e+0,
      4.63033784615654529590e+0, 1.42343711074968357734e+0};
  static const double middleBottom[] = {
      1.05075007164441684324e-9, 5.47593808499534494600e-4,
      1.51986665636164571966e-2, 1.48103976427480074590e-1,
      6.89767334985100004550e-1, 1.67638483018380384940e+0,
      2.05319162663775882187e+0, 1.0};
  static const double tailTop[] = {
      2.01033439929228813265e-7, 2.71155556874348757815e-5,
      1.24266094738807843860e-3, 2.65321895265761230930e-2,
      2.96560571828504891230e-1, 1.78482653991729133580e+0,
      5.46378491116411436990e+0, 6.65790464350110377720e+0};
  static const double tailBottom[] = {
      2.04426310338993978564e-15, 1.42151175831644588870e-7,
      1.84631831751005468180e-5,  7.86869131145613259100e-4,
      1.48753612908506148525e-2,  1.36929880922735805310e-1,
      5.99832206555887937690e-1,  1.0};
  double q = probability - 0.5;
  if (std::fabs(q) <= 0.425) {
    double r = 0.180625 - q * q;
    return q * evaluatePolynomial(centerTop, r) /
           evaluatePolynomial(centerBottom, r);
  }
  double tail = q < 0 ? probability : 1 - probability;
  if (!(tail >= 0))
    return std::numeric_limits<double>::quiet_NaN();
  if (tail == 0)
    return std::copysign(std::numeric_limits<double>::infinity(), q);
  double r = std::sqrt(-std::log(tail));
  double value = r <= 5 ? evaluatePolynomial(middleTop, r - 1.6) /
                              evaluatePolynomial(middleBottom, r - 1.6)
                        : evaluatePolynomial(tailTop, r - 5) /
                              evaluatePolynomial(tailBottom, r - 5);
  return std::copysign(value, q);
}

std::vector<int64_t> vi::fit::getPermutation(uint64_t key, int64_t count) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = count - 1; i > 0; --i) {
    // The high half of a 64 by 64 bit product: uniform on 0 .. i but for a
    // bias of i / 2^64.
    auto wide = static_cast<unsigned __int128>(getRandomBits(key, i)) *
                static_cast<uint64_t>(i + 1);
    std::swap(order[i], order[static_cast<int64_t>(wide >> 64)]);
  }
  return order;
}
