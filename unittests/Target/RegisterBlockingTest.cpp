//===- RegisterBlockingTest.cpp - the cost model of vectorized nests ------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/RegisterBlocking.h"
#include "gtest/gtest.h"

using vi::LoopNest;
using vi::MachineModel;
using vi::RegisterBlocking;

namespace {

constexpr auto zero = LoopNest::Stride::Zero;
constexpr auto one = LoopNest::Stride::One;
constexpr auto other = LoopNest::Stride::Other;

MachineModel getAVX512() {
  MachineModel model;
  model.vectorBits = 512;
  model.vectorRegisters = 32;
  model.fma = true;
  return model;
}

MachineModel getAVX2() {
  MachineModel model;
  model.vectorBits = 256;
  model.fma = true;
  return model;
}

LoopNest::Access read(llvm::ArrayRef<LoopNest::Stride> strides) {
  LoopNest::Access access;
  access.strides.assign(strides.begin(), strides.end());
  return access;
}

LoopNest::Access sum(llvm::ArrayRef<LoopNest::Stride> strides,
                     bool reassociable = true) {
  LoopNest::Access access = read(strides);
  access.output = access.accumulates = true;
  access.reassociable = reassociable;
  return access;
}

/// C[i, j] += A[i, k] B[k, j], over i, j, k.
LoopNest getProduct(int64_t i, int64_t j, int64_t k, unsigned bits) {
  LoopNest nest;
  nest.dimensions = {{i, false}, {j, false}, {k, true}};
  nest.accesses = {read({other, zero, one}), read({zero, one, other}),
                   sum({other, one, zero})};
  nest.elementBits = bits;
  nest.operations = 2;
  return nest;
}

/// y[n] += X[n, d] b[d], over n, d.
LoopNest getRowDots(int64_t n, int64_t d, bool reassociable = true) {
  LoopNest nest;
  nest.dimensions = {{n, false}, {d, true}};
  nest.accesses = {read({other, one}), read({zero, one}),
                   sum({one, zero}, reassociable)};
  nest.elementBits = 32;
  nest.operations = 2;
  return nest;
}

TEST(RegisterBlocking, ProductFillsTheRegisters) {
  for (const MachineModel &model : {getAVX512(), getAVX2(), MachineModel()}) {
    for (unsigned bits : {32u, 64u}) {
      LoopNest nest = getProduct(512, 512, 512, bits);
      auto blocking = vi::chooseBlocking(nest, model);
      ASSERT_TRUE(blocking);
      // Lanes along j need no reduction at the end.
      EXPECT_EQ(blocking->laneDimension, 1u);
      EXPECT_EQ(blocking->lanes, model.vectorBits / bits);
      EXPECT_EQ(blocking->unroll[2], 1);
      int64_t sums = blocking->unroll[0] * blocking->unroll[1];
      // Enough sums to keep the ports busy with products and sums, and no
      // spill.
      EXPECT_GE(2 * sums, model.fmaPorts * model.fmaLatency);
      EXPECT_LE(vi::countRegisters(nest, *blocking, blocking->unroll),
                model.vectorRegisters);
    }
  }
}

TEST(RegisterBlocking, CountsRegisters) {
  // 8 x 2 sums, 2 vectors of B, one element of A at a time, one product.
  LoopNest nest = getProduct(512, 512, 512, 32);
  RegisterBlocking blocking;
  blocking.laneDimension = 1;
  blocking.lanes = 16;
  blocking.unroll = {8, 2, 1};
  EXPECT_EQ(vi::countRegisters(nest, blocking, blocking.unroll),
            16 + 2 + 1 + 1);
}

TEST(RegisterBlocking, RowDotsRunAlongRows) {
  auto blocking = vi::chooseBlocking(getRowDots(64, 64), getAVX512());
  ASSERT_TRUE(blocking);
  EXPECT_EQ(blocking->laneDimension, 1u);
  EXPECT_EQ(blocking->lanes, 16u);
  // As many rows as one vector of sums has.
  EXPECT_EQ(blocking->unroll[0], 16);
  EXPECT_EQ(blocking->unroll[1], 1);
}

TEST(RegisterBlocking, OrderedSumsHaveNoLanes) {
  EXPECT_FALSE(vi::chooseBlocking(getRowDots(64, 64, false), getAVX512()));
}

TEST(RegisterBlocking, LoneSumHasPartialSums) {
  LoopNest nest;
  nest.dimensions = {{LoopNest::dynamic, true}};
  nest.accesses = {read({one}), read({one}), sum({zero})};
  nest.operations = 2;
  auto blocking = vi::chooseBlocking(nest, getAVX2());
  ASSERT_TRUE(blocking);
  EXPECT_GT(blocking->unroll[0], 1);
}

TEST(RegisterBlocking, ShortDimensionsHaveShortVectors) {
  LoopNest nest;
  nest.dimensions = {{3, false}};
  nest.accesses = {read({one}), sum({one})};
  nest.elementBits = 32;
  auto blocking = vi::chooseBlocking(nest, getAVX512());
  ASSERT_TRUE(blocking);
  EXPECT_EQ(blocking->lanes, 4u);
}

TEST(RegisterBlocking, SegmentsCoverDimensions) {
  for (int64_t size = 0; size < 40; ++size)
    for (int64_t unroll : {1, 3, 8})
      for (bool isLane : {false, true}) {
        int64_t covered = 0;
        for (vi::LoopSegment segment : vi::getSegments(size, unroll, isLane))
          covered += segment.trips * segment.unroll;
        EXPECT_EQ(covered, size);
      }
}

TEST(RegisterBlocking, TilesFitInTheCache) {
  MachineModel model = getAVX512();
  for (int64_t size : {100, 512, 2000}) {
    LoopNest nest = getProduct(size, size, size, 64);
    auto blocking = vi::chooseBlocking(nest, model);
    ASSERT_TRUE(blocking);
    llvm::SmallVector<int64_t> tiles = vi::chooseTiles(nest, *blocking, model);
    // Rows of A stream past a tile of B.
    EXPECT_EQ(tiles[0], 0);
    int64_t rows = tiles[2] ? tiles[2] : size;
    int64_t columns = tiles[1] ? tiles[1] : size;
    EXPECT_LE(8 * rows * columns, model.l2Bytes / 2);
    if (tiles[1])
      EXPECT_EQ(tiles[1] % (blocking->lanes * blocking->unroll[1]), 0);
  }
}

TEST(RegisterBlocking, ReductionsOverLanesAreNotTiled) {
  LoopNest nest;
  nest.dimensions = {{2000, false}, {2000, false}, {2000, true}};
  nest.accesses = {read({other, zero, one}), read({zero, other, one}),
                   sum({other, one, zero})};
  MachineModel model = getAVX512();
  auto blocking = vi::chooseBlocking(nest, model);
  ASSERT_TRUE(blocking);
  ASSERT_EQ(blocking->laneDimension, 2u);
  llvm::SmallVector<int64_t> tiles = vi::chooseTiles(nest, *blocking, model);
  EXPECT_EQ(tiles[2], 0);
  EXPECT_GT(tiles[1], 0);
}

} // namespace
