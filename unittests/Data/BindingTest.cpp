//===- BindingTest.cpp - tests of binding data to arguments -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DataTestSupport.h"

#include <limits>

using namespace vi::data;

namespace {
constexpr int64_t dynamic = ArgumentDescription::kDynamic;

class BindingTest : public DataTest {
protected:
  void read(llvm::StringRef name, llvm::StringRef text) {
    ASSERT_EQ(getMessage(readDataFile(writeFile(name, text), set)), "ok");
  }
  /// The message of binding, or "ok".
  std::string bind(llvm::ArrayRef<ArgumentDescription> arguments) {
    llvm::Expected<std::vector<BoundArgument>> result =
        bindArguments(arguments, set);
    if (!result)
      return getMessage(result.takeError());
    bound = std::move(*result);
    return "ok";
  }
  /// An argument of indices.
  static ArgumentDescription indices(std::string name, int64_t base,
                                     std::string size, int64_t number = 0) {
    ArgumentDescription argument =
        describe(std::move(name), ElementKind::Int64, {dynamic});
    argument.index = IndexDescription{base, std::move(size), number};
    return argument;
  }
  DataSet set;
  std::vector<BoundArgument> bound;
};
} // namespace

TEST_F(BindingTest, Conversions) {
  read("d.json", "{\"N\": 3, \"i\": [1, 0, 1], \"r\": [1.0, 2.0, -3.0],"
                 " \"b\": [true, false], \"other\": \"text\"}");
  ASSERT_EQ(bind({describe("N", ElementKind::Int32),
                  describe("i", ElementKind::Float64, {3}),
                  describe("r", ElementKind::Int64, {dynamic}),
                  describe("b", ElementKind::Bool, {dynamic})}),
            "ok");
  EXPECT_EQ(getElements<int32_t>(bound[0]), std::vector<int32_t>{3});
  EXPECT_EQ(getElements<double>(bound[1]), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(getElements<int64_t>(bound[2]), (std::vector<int64_t>{1, 2, -3}));
  EXPECT_EQ(getElements<uint8_t>(bound[3]), (std::vector<uint8_t>{1, 0}));
  ASSERT_EQ(bind({describe("N", ElementKind::Float64),
                  describe("i", ElementKind::Bool, {dynamic}),
                  describe("r", ElementKind::Float32, {dynamic}),
                  describe("b", ElementKind::Float64, {2})}),
            "ok");
  EXPECT_EQ(getElements<double>(bound[0]), std::vector<double>{3});
  EXPECT_EQ(getElements<uint8_t>(bound[1]), (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(getElements<float>(bound[2]), (std::vector<float>{1, 2, -3}));
  EXPECT_EQ(getElements<double>(bound[3]), (std::vector<double>{1, 0}));
}

TEST_F(BindingTest, NothingIsCopiedWhereTypesAgree) {
  read("d.json", "{\"x\": [0.5, 1.5], \"n\": [1, 2]}");
  ASSERT_EQ(bind({describe("x", ElementKind::Float64, {dynamic}),
                  describe("n", ElementKind::Int64, {2})}),
            "ok");
  EXPECT_EQ(bound[0].data, set.lookup("x")->data);
  EXPECT_EQ(bound[1].data, set.lookup("n")->data);
}

TEST_F(BindingTest, Values) {
  read("d.json", "{\"r\": [1, 2.5], \"big\": [1, 3000000000], \"two\": [0, 2],"
                 " \"huge\": [1.5, 1e300], \"nan\": [[1, 2], [3, \"NaN\"]],"
                 " \"inf\": \"-Inf\", \"e19\": [0.5, 1e19], \"neg\": [-1]}");
  EXPECT_EQ(bind({describe("r", ElementKind::Int64, {dynamic})}),
            "d.json: `r[2]` is 2.5: expected an integer");
  EXPECT_EQ(bind({describe("big", ElementKind::Int32, {dynamic})}),
            "d.json: `big[2]` is 3000000000: beyond the range of the "
            "argument's integers");
  EXPECT_EQ(bind({describe("two", ElementKind::Bool, {dynamic})}),
            "d.json: `two[2]` is 2: expected 0 or 1");
  EXPECT_EQ(bind({describe("huge", ElementKind::Float32, {dynamic})}),
            "d.json: `huge[2]` is 1e+300: beyond the range of 32-bit real "
            "numbers");
  EXPECT_EQ(bind({describe("nan", ElementKind::Float64, {dynamic, dynamic})}),
            "d.json: `nan[2,2]` is NaN: expected a finite number");
  EXPECT_EQ(bind({describe("inf", ElementKind::Float64)}),
            "d.json: `inf` is -Inf: expected a finite number");
  EXPECT_EQ(bind({describe("neg", ElementKind::UInt8, {1})}),
            "d.json: `neg[1]` is -1: beyond the range of the argument's "
            "integers");
  read("e.json", "{\"big19\": [0.0, 1e19]}");
  EXPECT_EQ(bind({describe("big19", ElementKind::Int64, {dynamic})}),
            "e.json: `big19[2]` is 1e+19: beyond the range of the argument's "
            "integers");
}

TEST_F(BindingTest, Shapes) {
  read("d.json", "{\"s\": 1, \"v\": [1, 2, 3], \"m\": [[1, 2], [3, 4], [5, 6]],"
                 " \"e\": []}");
  EXPECT_EQ(bind({describe("s", ElementKind::Float64, {dynamic})}),
            "d.json: `s` is a single number: expected a vector");
  EXPECT_EQ(bind({describe("v", ElementKind::Float64)}),
            "d.json: `v` is a vector of 3: expected a single number");
  EXPECT_EQ(bind({describe("v", ElementKind::Float64, {dynamic, dynamic})}),
            "d.json: `v` is a vector of 3: expected a matrix");
  EXPECT_EQ(bind({describe("v", ElementKind::Float64, {4})}),
            "d.json: `v` is a vector of 3: expected a vector of 4");
  EXPECT_EQ(bind({describe("m", ElementKind::Float64, {dynamic, 3})}),
            "d.json: `m` is a matrix of 3 x 2: expected a matrix of ? x 3");
  EXPECT_EQ(bind({describe("m", ElementKind::Float64, {2, 2, 2})}),
            "d.json: `m` is a matrix of 3 x 2: expected an array of 2 x 2 x 2");
  ASSERT_EQ(bind({describe("m", ElementKind::Float64, {dynamic, 2}),
                  describe("e", ElementKind::Float64, {dynamic, 4})}),
            "ok");
  EXPECT_EQ(bound[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(bound[1].shape, (std::vector<int64_t>{0, 4}));
  EXPECT_NE(bound[1].data, nullptr);
  EXPECT_EQ(bind({describe("e", ElementKind::Float64, {3})}),
            "d.json: `e` is a vector of 0: expected a vector of 3");
}

TEST_F(BindingTest, Problems) {
  read("d.json", "{\"x\": [[1, 2], [3]], \"y\": [1]}");
  EXPECT_EQ(bind({describe("y", ElementKind::Float64, {dynamic})}), "ok");
  EXPECT_EQ(bind({describe("x", ElementKind::Float64, {dynamic, dynamic})}),
            "d.json: `x[2]` has 1 element where the lists before it have 2: "
            "the array is ragged");
}

TEST_F(BindingTest, Missing) {
  EXPECT_EQ(bind({describe("y", ElementKind::Float64)}),
            "no data for `y`: no data file is given");
  read("d.json", "{\"N\": 1, \"weight\": [1]}");
  EXPECT_EQ(bind({describe("K", ElementKind::Float64)}),
            "d.json has no `K`, but `N`, `weight`");
  ArgumentDescription argument =
      describe("wieght", ElementKind::Float64, {dynamic});
  argument.location = "model.mlir:3:20";
  EXPECT_EQ(bind({argument}),
            "d.json has no `wieght`, but `N`, `weight`; is `weight` meant? "
            "(argument `wieght`, model.mlir:3:20)");
  // The nearest name, not the first.
  EXPECT_EQ(bind({describe("weigt2", ElementKind::Float64, {dynamic})}),
            "d.json has no `weigt2`, but `N`, `weight`; is `weight` meant?");
  // Every argument at fault has its message.
  EXPECT_EQ(bind({describe("n", ElementKind::Float64),
                  describe("weight", ElementKind::Float64)}),
            "d.json has no `n`, but `N`, `weight`; is `N` meant?\n"
            "d.json: `weight` is a vector of 1: expected a single number");
  read("t.csv", "weight2\n1\n2\n");
  EXPECT_EQ(bind({describe("J", ElementKind::Int64)}),
            "d.json, t.csv have no `J`, but `N`, `weight`, `weight2`; a table "
            "holds no single numbers: give it in a JSON file of its own, "
            "{\"J\": 2}");
}

TEST_F(BindingTest, Indices) {
  read("d.json", "{\"J\": 85, \"county\": [1, 85, 0], \"zero\": [0, 84],"
                 " \"over\": [1, 86], \"none\": 0}");
  ArgumentDescription j = describe("J", ElementKind::Int64);
  EXPECT_EQ(bind({j, indices("county", 1, "J")}),
            "d.json: `county[3]` is 0: indices of county count from 1 to J = "
            "85");
  EXPECT_EQ(bind({j, indices("over", 1, "J")}),
            "d.json: `over[2]` is 86: indices of over count from 1 to J = 85");
  EXPECT_EQ(bind({j, indices("zero", 0, "J")}), "ok");
  EXPECT_EQ(getElements<int64_t>(bound[1]), (std::vector<int64_t>{0, 84}));
  EXPECT_EQ(bind({j, indices("county", 0, "J")}),
            "d.json: `county[2]` is 85: indices of county count from 0 to J - "
            "1 = 84");
  EXPECT_EQ(bind({indices("over", 1, "", 85)}),
            "d.json: `over[2]` is 86: indices of over count from 1 to 85");
  EXPECT_EQ(
      bind({describe("none", ElementKind::Int64), indices("zero", 0, "none")}),
      "d.json: `zero[1]` is 0: there are no indices of zero, as none is "
      "0");
  ArgumentDescription real = indices("zero", 0, "J");
  real.kind = ElementKind::Float64;
  EXPECT_EQ(bind({j, real}), "the argument `zero` holds indices, but is of "
                             "real numbers");
  read("huge.json", "{\"M\": 9223372036854775807, \"i\": [9223372036854775807,"
                    " -9223372036854775808]}");
  EXPECT_EQ(bind({describe("M", ElementKind::Int64), indices("i", 1, "M")}),
            "huge.json: `i[2]` is -9223372036854775808: indices of i count "
            "from 1 to M = 9223372036854775807");
  // The size may come after.
  EXPECT_EQ(bind({indices("county", 1, "J"), j}),
            "d.json: `county[3]` is 0: indices of county count from 1 to J = "
            "85");
}

TEST_F(BindingTest, Tables) {
  read("t.csv",
       "y,g,x.1,x.2,sigma\n1.5,b,1,10,3\n2.5,a,2,20,3\n3.5,b,3,30,3\n");
  ASSERT_EQ(bind({describe("J", ElementKind::Int64), indices("g", 1, "J"),
                  describe("y", ElementKind::Float64, {dynamic}),
                  describe("x", ElementKind::Float64, {dynamic, dynamic})}),
            "ok");
  // The number of levels.
  EXPECT_EQ(getElements<int64_t>(bound[0]), std::vector<int64_t>{2});
  EXPECT_EQ(getElements<int64_t>(bound[1]), (std::vector<int64_t>{2, 1, 2}));
  EXPECT_EQ(bound[1].levels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(bound[3].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(getElements<double>(bound[3]),
            (std::vector<double>{1, 10, 2, 20, 3, 30}));
  EXPECT_EQ(getMessage(llvm::createStringError(bound[3].describeElement(4))),
            "t.csv: `x[3,1]` (line 4)");
  EXPECT_EQ(getMessage(llvm::createStringError(bound[2].describeElement(1))),
            "t.csv: `y[2]` (line 3)");
  EXPECT_EQ(bound[0].describeElement(0), "`J`");
  ASSERT_EQ(bind({indices("g", 0, "", 2)}), "ok");
  EXPECT_EQ(getElements<int64_t>(bound[0]), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(bind({indices("g", 1, "", 1)}),
            "t.csv: `g[1]` (line 2) (level \"b\") is 2: indices of g count "
            "from 1 to 1");
  EXPECT_EQ(bind({describe("g", ElementKind::Float64, {dynamic})}),
            "t.csv: column `g` is text (\"b\" in line 2): expected real "
            "numbers (64 bits), as only an argument of indices takes names of "
            "levels");
  EXPECT_EQ(bind({describe("y", ElementKind::Int64, {dynamic})}),
            "t.csv: `y[1]` (line 2) is 1.5: expected an integer");
  EXPECT_EQ(bind({describe("sigma", ElementKind::Float64)}),
            "t.csv: column `sigma` is a vector of 3: expected a single number");
  EXPECT_EQ(bind({describe("x", ElementKind::Float64, {dynamic, 3})}),
            "t.csv: the columns of `x` are a matrix of 3 x 2: expected a "
            "matrix of ? x 3");
}

TEST_F(BindingTest, ColumnsOfArrays) {
  // CmdStan's names in any order; rank 3 by pairs.
  read("t.csv", "\"a[2,1]\",\"a[1,1]\",\"a[1,2]\",\"a[2,2]\"\n21,11,12,22\n");
  ASSERT_EQ(bind({describe("a", ElementKind::Int64, {1, 2, 2})}), "ok");
  EXPECT_EQ(getElements<int64_t>(bound[0]),
            (std::vector<int64_t>{11, 12, 21, 22}));
  read("u.csv", "x.1,x.3\n1,2\n");
  EXPECT_EQ(bind({describe("x", ElementKind::Int64, {dynamic, dynamic})}),
            "u.csv: column `x.2` is missing between those of `x`");
  read("v.csv", "z.1,z.2\n1,\n");
  EXPECT_EQ(bind({describe("z", ElementKind::Int64, {dynamic, dynamic})}),
            "v.csv: the cell of column `z.2` in line 2 is empty: data must be "
            "complete");
  read("w.csv", "w.1,w.2\n1,2.5\n");
  EXPECT_EQ(bind({describe("w", ElementKind::Int64, {dynamic, dynamic})}),
            "w.csv: `w.2[1]` (line 2) is 2.5: expected an integer");
  read("q.csv", "q.2,q.3\n1,2\n");
  EXPECT_EQ(bind({describe("q", ElementKind::Int64, {dynamic, dynamic})}),
            "q.csv: column `q.1` is missing between those of `q`");
  read("o.csv", "single,b\n3,4\n");
  ASSERT_EQ(bind({describe("single", ElementKind::Int64)}), "ok");
  EXPECT_EQ(getElements<int64_t>(bound[0]), std::vector<int64_t>{3});
}
