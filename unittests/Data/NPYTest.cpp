//===- NPYTest.cpp - tests of the .npy reader -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DataTestSupport.h"

#include <cstring>

using namespace vi::data;

namespace {
class NPYTest : public DataTest {
protected:
  /// A file as NumPy's documentation describes it.
  static std::string makeFile(llvm::StringRef type, llvm::StringRef shape,
                              llvm::StringRef data, bool fortran = false,
                              int version = 1, size_t alignment = 64) {
    std::string header =
        ("{'descr': '" + type + "', 'fortran_order': " +
         (fortran ? "True" : "False") + ", 'shape': " + shape + ", }")
            .str();
    size_t prefix = version == 1 ? 10 : 12;
    while ((prefix + header.size() + 1) % alignment != 0)
      header += ' ';
    header += '\n';
    std::string file = "\x93NUMPY";
    file += static_cast<char>(version);
    file += '\0';
    size_t length = header.size();
    for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
      file += static_cast<char>(length >> (8 * i) & 0xff);
    return file + header + data.str();
  }
  template <typename T> static std::string getBytes(std::vector<T> values) {
    return std::string(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(T));
  }
  std::string read(llvm::StringRef contents) {
    set = DataSet();
    return getMessage(readDataFile(writeFile("x.npy", contents), set));
  }
  DataSet set;
};
} // namespace

TEST_F(NPYTest, KindsAndShapes) {
  std::vector<double> values = {1, 2.5, -3, 4, 5, 6};
  for (int version : {1, 2, 3}) {
    ASSERT_EQ(read(makeFile("<f8", "(2, 3)", getBytes(values), false, version)),
              "ok");
    const DataArray *x = set.lookup("x");
    ASSERT_TRUE(x);
    EXPECT_EQ(x->kind, ElementKind::Float64);
    EXPECT_EQ(x->shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(getElements<double>(*x), values);
  }
  ASSERT_EQ(read(makeFile("<f4", "(2,)", getBytes<float>({1, 2}))), "ok");
  EXPECT_EQ(getElements<float>(*set.lookup("x")), (std::vector<float>{1, 2}));
  ASSERT_EQ(read(makeFile("<i8", "()", getBytes<int64_t>({7}))), "ok");
  EXPECT_TRUE(set.lookup("x")->shape.empty());
  EXPECT_EQ(getElements<int64_t>(*set.lookup("x")), std::vector<int64_t>{7});
  ASSERT_EQ(read(makeFile("<i4", "(1,)", getBytes<int32_t>({-7}))), "ok");
  EXPECT_EQ(getElements<int32_t>(*set.lookup("x")), std::vector<int32_t>{-7});
  ASSERT_EQ(read(makeFile("<i2", "(1,)", getBytes<int16_t>({-7}))), "ok");
  EXPECT_EQ(getElements<int16_t>(*set.lookup("x")), std::vector<int16_t>{-7});
  ASSERT_EQ(read(makeFile("|i1", "(1,)", getBytes<int8_t>({-7}))), "ok");
  EXPECT_EQ(set.lookup("x")->kind, ElementKind::Int8);
  ASSERT_EQ(read(makeFile("|u1", "(1,)", getBytes<uint8_t>({200}))), "ok");
  EXPECT_EQ(set.lookup("x")->kind, ElementKind::UInt8);
  ASSERT_EQ(read(makeFile("|b1", "(2,)", getBytes<uint8_t>({1, 0}))), "ok");
  EXPECT_EQ(set.lookup("x")->kind, ElementKind::Bool);
  ASSERT_EQ(read(makeFile("<f8", "(0, 3)", "")), "ok");
  EXPECT_EQ(set.lookup("x")->shape, (std::vector<int64_t>{0, 3}));
}

TEST_F(NPYTest, FortranOrder) {
  // The matrix [[1, 2, 3], [4, 5, 6]] by columns.
  ASSERT_EQ(read(makeFile("<f8", "(2, 3)", getBytes<double>({1, 4, 2, 5, 3, 6}),
                          true)),
            "ok");
  EXPECT_EQ(getElements<double>(*set.lookup("x")),
            (std::vector<double>{1, 2, 3, 4, 5, 6}));
  // Element [i, j, k] is 100 i + 10 j + k.
  std::vector<int32_t> columns, rows;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        columns.push_back(100 * i + 10 * j + k);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k)
        rows.push_back(100 * i + 10 * j + k);
  ASSERT_EQ(read(makeFile("<i4", "(2, 3, 4)", getBytes(columns), true)), "ok");
  EXPECT_EQ(getElements<int32_t>(*set.lookup("x")), rows);
}

TEST_F(NPYTest, LargeFilesAreMapped) {
  std::vector<double> values(100000);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i;
  ASSERT_EQ(read(makeFile("<f8", "(100000,)", getBytes(values))), "ok");
  const DataArray *x = set.lookup("x");
  // The data of a mapped file begin behind the header, in a page.
  EXPECT_EQ(reinterpret_cast<uintptr_t>(x->data) % 4096, 128u);
  EXPECT_EQ(getElements<double>(*x), values);
  // A bound argument of the same type is the mapping itself.
  auto bound = bindArguments(
      {describe("x", ElementKind::Float64, {ArgumentDescription::kDynamic})},
      set);
  ASSERT_TRUE(static_cast<bool>(bound));
  EXPECT_EQ(bound->front().data, x->data);
  // Outlives the set.
  set = DataSet();
  EXPECT_EQ(getElements<double>(bound->front()), values);
}

TEST_F(NPYTest, UnalignedDataAreCopied) {
  std::vector<double> values = {1, 2, 3};
  ASSERT_EQ(read(makeFile("<f8", "(3,)", getBytes(values), false, 1, 1)), "ok");
  EXPECT_EQ(getElements<double>(*set.lookup("x")), values);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(set.lookup("x")->data) % 8, 0u);
}

TEST_F(NPYTest, Names) {
  std::string path =
      writeFile("train.npy", makeFile("<i8", "()", getBytes<int64_t>({7})));
  ASSERT_EQ(getMessage(readDataFile(path, set)), "ok");
  ASSERT_EQ(getMessage(readDataFile("y=" + path, set)), "ok");
  EXPECT_TRUE(set.lookup("train"));
  EXPECT_TRUE(set.lookup("y"));
  EXPECT_EQ(getMessage(readDataFile("y=" + path, set)),
            "train.npy: entry `y` is given twice");
}

TEST_F(NPYTest, Errors) {
  EXPECT_EQ(read(""), "x.npy: the file is empty");
  EXPECT_EQ(read("hello"),
            "x.npy: not a .npy file: it does not begin with \\x93NUMPY");
  std::string good = makeFile("<f8", "(3,)", getBytes<double>({1, 2, 3}));
  for (size_t length = 6; length < 128; ++length)
    EXPECT_EQ(read(llvm::StringRef(good).take_front(length)),
              "x.npy: the file is truncated: it ends in its header")
        << length;
  EXPECT_EQ(read(llvm::StringRef(good).drop_back(1)),
            "x.npy: the file is truncated: the array takes 24 bytes, the file "
            "has 23");
  EXPECT_EQ(read(good + "x"),
            "x.npy: the file is longer than its array: 1 bytes come after it");
  EXPECT_EQ(read(makeFile(">f8", "(1,)", getBytes<double>({1}))),
            "x.npy: big-endian elements (>f8): expected little-endian ones; "
            "convert them with array.astype(array.dtype.newbyteorder(\"<\"))");
  EXPECT_EQ(read(makeFile("<c16", "(1,)", std::string(16, '\0'))),
            "x.npy: elements of type \"<c16\": expected f8, f4, f2, i8, i4, "
            "i2, i1, u8, u4, u2, u1 or b1");
  EXPECT_EQ(read(makeFile("|O", "(1,)", "")).substr(0, 28),
            "x.npy: elements of type \"|O\"");
  EXPECT_EQ(read(makeFile("", "(1,)", "")).substr(0, 26),
            "x.npy: elements of type \"\"");
  EXPECT_EQ(read(makeFile("<f8", "(4611686018427387904, 16)", "")),
            "x.npy: the array is larger than memory can be");
  EXPECT_NE(read(makeFile("<f8", "(-1,)", "")).find("cannot read the header"),
            std::string::npos);
  EXPECT_NE(read(makeFile("<f8", "(9999999999999999999999,)", ""))
                .find("cannot read the header"),
            std::string::npos);
  EXPECT_NE(read(makeFile("<f8", "(1", "")).find("cannot read the header"),
            std::string::npos);
  std::string unknown = good;
  unknown[6] = 9;
  EXPECT_EQ(read(unknown), "x.npy: format version 9.0 of .npy is unknown");
  std::string record = good;
  record.replace(record.find("'<f8'"), 5, "[('a'");
  EXPECT_EQ(read(record),
            "x.npy: an array of records: expected one of numbers");
}

TEST_F(NPYTest, BooleansOfOtherBytes) {
  ASSERT_EQ(read(makeFile("|b1", "(2,)", getBytes<uint8_t>({1, 2}))), "ok");
  auto bound = bindArguments(
      {describe("x", ElementKind::Bool, {ArgumentDescription::kDynamic})}, set);
  EXPECT_EQ(getMessage(bound.takeError()),
            "x.npy: `x[2]` is 2: expected 0 or 1");
}
