//===- PhiloxTest.cpp - the generator against published vectors -----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The known answers are those of `philox4x32 10` in the file `kat_vectors` of
// the Random123 library, the implementation by the authors of Philox.
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/IR/RandomFunctions.h"
#include "vi/Dialect/Special/IR/HostCode.h"

#include "gtest/gtest.h"

using vi::special::HostCode;
using Words = std::array<uint64_t, 4>;

namespace {

TEST(Philox, KnownAnswers) {
  HostCode code;
  EXPECT_EQ(vi::rng::functions::philox4x32(code, {0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint64_t ones = 0xffffffff;
  EXPECT_EQ(vi::rng::functions::philox4x32(code, {ones, ones, ones, ones},
                                           {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(vi::rng::functions::philox4x32(
                code, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformIsAMidpointOfTheUpperBits) {
  HostCode code;
  // The block of zeros: 0xe169c58d6627e8d5 in its first two words.
  EXPECT_EQ(vi::rng::functions::uniform(code, 0, 0),
            (double(0xe169c58d6627e8d5 >> 12) + 0.5) * 0x1p-52);
  EXPECT_EQ(vi::rng::functions::uniform(code, 0, 0, 23),
            (double(0xe169c58d6627e8d5 >> 41) + 0.5) * 0x1p-23);
}

TEST(Philox, UniformIsInTheOpenInterval) {
  HostCode code;
  const uint64_t ones = 0xffffffff;
  for (int bits : {23, 52}) {
    double least = vi::rng::functions::toUniform(code, 0, 0, bits);
    double largest = vi::rng::functions::toUniform(code, ones, ones, bits);
    EXPECT_GT(least, 0.0);
    EXPECT_LT(largest, 1.0);
    EXPECT_EQ(least, 1.0 - largest);
  }
  EXPECT_LT(float(vi::rng::functions::toUniform(code, ones, ones, 23)), 1.0f);
}

TEST(Philox, StreamsDiffer) {
  HostCode code;
  // The counter (5, 0, 0, 1) under the key 3.
  Words expected = vi::rng::functions::philox4x32(code, {5, 0, 0, 1}, {3, 0});
  EXPECT_EQ(vi::rng::functions::foldIn(code, 3, 5),
            expected[0] | expected[1] << 32);
  Words other = vi::rng::functions::philox4x32(code, {5, 0, 0, 0}, {3, 0});
  EXPECT_NE(expected, other);
}

} // namespace
