//===- RowsTest.cpp - tests of rows that are gathered -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Rows.h"
#include "DataTestSupport.h"

#include <cmath>
#include <cstring>
#include <numeric>

using namespace vi::data;

namespace {
template <typename T>
DataArray makeArray(ElementKind kind, std::vector<int64_t> shape,
                    std::vector<T> values) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  DataArray array;
  array.name = "x";
  array.kind = kind;
  array.shape = std::move(shape);
  array.data = owner->data();
  array.owner = owner;
  return array;
}

/// Rows of the array, the first three alone, then none, then the others.
DataArray divide(const DataArray &array) {
  DataArray whole = array;
  int64_t begin = 0;
  size_t rowBytes =
      array.getElementCount() / array.shape[0] * getElementSize(array.kind);
  for (int64_t rows : {int64_t(3), int64_t(0), array.shape[0] - 3}) {
    DataArray shard = array;
    shard.shape[0] = rows;
    shard.data = static_cast<const char *>(array.data) + begin * rowBytes;
    begin += rows;
    whole.shards.push_back(shard);
  }
  whole.data = nullptr;
  return whole;
}
} // namespace

TEST(RowsTest, GathersFromShards) {
  std::vector<uint8_t> values(8 * 2);
  std::iota(values.begin(), values.end(), uint8_t(240));
  DataArray array = makeArray(ElementKind::UInt8, {8, 2}, values);
  for (const DataArray &source : {array, divide(array)}) {
    RowSource rows(source, ElementKind::Float64);
    ASSERT_EQ(rows.getRowCount(), 8);
    ASSERT_EQ(rows.getRowSize(), 16u);
    EXPECT_EQ(rows.getBytesInFiles(), 16u);
    std::vector<double> found(6);
    rows.gather({7, 2, 3}, found.data());
    EXPECT_EQ(found, (std::vector<double>{254, 255, 244, 245, 246, 247}));
    rows.gather(2, 3, found.data());
    EXPECT_EQ(found, (std::vector<double>{244, 245, 246, 247, 248, 249}));
    rows.prefetch({7, 2, 3});
  }
}

// What a checkpoint knows its data by: not the files, but all else.
TEST(RowsTest, Hash) {
  std::vector<float> values(10 * 3);
  std::iota(values.begin(), values.end(), 0.5f);
  DataArray array = makeArray(ElementKind::Float32, {10, 3}, values);
  uint64_t hash = RowSource(array, ElementKind::Float64).hash();
  EXPECT_EQ(RowSource(divide(array), ElementKind::Float64).hash(), hash);
  std::vector<float> other = values;
  other[29] = std::nextafter(other[29], 0.0f);
  EXPECT_NE(RowSource(makeArray(ElementKind::Float32, {10, 3}, other),
                      ElementKind::Float64)
                .hash(),
            hash);
  EXPECT_NE(RowSource(makeArray(ElementKind::Float32, {5, 6}, values),
                      ElementKind::Float64)
                .hash(),
            hash);
  std::swap(other[0], other[3]);
  EXPECT_NE(RowSource(makeArray(ElementKind::Int32, {10, 3}, values),
                      ElementKind::Float64)
                .hash(),
            hash);
}

// All numbers of 16 bits, against sign, exponent and fraction.
TEST(RowsTest, HalfPrecision) {
  std::vector<uint16_t> bits(1 << 16);
  std::iota(bits.begin(), bits.end(), uint16_t(0));
  std::vector<double> found(bits.size());
  RowSource(makeArray(ElementKind::Float16, {1 << 16}, bits),
            ElementKind::Float64)
      .gather(0, bits.size(), found.data());
  for (int i = 0; i < 1 << 16; ++i) {
    int exponent = i >> 10 & 31, fraction = i & 1023;
    double expected = exponent == 31 ? (fraction ? NAN : INFINITY)
                      : exponent == 0
                          ? fraction / 1024. * std::pow(2, -14)
                          : (1 + fraction / 1024.) * std::pow(2, exponent - 15);
    if (i >> 15)
      expected = -expected;
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(found[i])) << i;
    else
      EXPECT_EQ(found[i], expected) << i;
    EXPECT_EQ(std::signbit(found[i]), bool(i >> 15)) << i;
  }
}

TEST(RowsTest, PrefetcherEndsWithWorkToDo) {
  DataArray array =
      makeArray(ElementKind::Float64, {1000, 100}, std::vector<double>(100000));
  RowSource rows(array, ElementKind::Float64);
  std::vector<int64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  for (int i = 0; i < 20; ++i) {
    Prefetcher prefetcher;
    for (int j = 0; j < i; ++j)
      prefetcher.request({&rows}, all);
  }
}
