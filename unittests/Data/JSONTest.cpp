//===- JSONTest.cpp - tests of the JSON reader -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DataTestSupport.h"

#include <cmath>
#include <limits>

using namespace vi::data;

namespace {
class JSONTest : public DataTest {
protected:
  /// Reads a text; returns the message.
  std::string read(llvm::StringRef text) {
    set = DataSet();
    return getMessage(readDataFile(writeFile("d.json", text), set));
  }
  /// What is wrong with entry `x`, the only one.
  std::string getProblem(llvm::StringRef value) {
    EXPECT_EQ(read(("{\"x\": " + value + ", \"after\": 7}").str()), "ok");
    const DataArray *after = set.lookup("after");
    EXPECT_TRUE(after && after->problem.empty());
    const DataArray *entry = set.lookup("x");
    return entry ? entry->problem : "<no entry>";
  }
  double getReal(llvm::StringRef value) {
    EXPECT_EQ(getProblem(value), "");
    return getElements<double>(*set.lookup("x")).front();
  }
  DataSet set;
};
} // namespace

TEST_F(JSONTest, KindsAndShapes) {
  ASSERT_EQ(read("\xEF\xBB\xBF{\"N\": 3, \"y\": [1, 2.5, -3e-2],"
                 " \"x\": [[1, 2, 3], [4, 5, 6]], \"b\": [true, false],"
                 " \"e\": [], \"e2\": [[], [], []],"
                 " \"t\": [[[1], [2]], [[3], [4]], [[5], [6]]]}\n"),
            "ok");
  EXPECT_EQ(set.getEntries().size(), 7u);
  const DataArray *n = set.lookup("N");
  EXPECT_EQ(n->kind, ElementKind::Int64);
  EXPECT_TRUE(n->shape.empty());
  EXPECT_EQ(getElements<int64_t>(*n), std::vector<int64_t>{3});
  const DataArray *y = set.lookup("y");
  EXPECT_EQ(y->kind, ElementKind::Float64);
  EXPECT_EQ(getElements<double>(*y), (std::vector<double>{1, 2.5, -0.03}));
  const DataArray *x = set.lookup("x");
  EXPECT_EQ(x->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(getElements<int64_t>(*x), (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(set.lookup("b")->kind, ElementKind::Bool);
  EXPECT_EQ(getElements<uint8_t>(*set.lookup("b")),
            (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(set.lookup("e")->shape, std::vector<int64_t>{0});
  EXPECT_EQ(set.lookup("e2")->shape, (std::vector<int64_t>{3, 0}));
  EXPECT_EQ(set.lookup("t")->shape, (std::vector<int64_t>{3, 2, 1}));
}

TEST_F(JSONTest, Numbers) {
  // Correctly rounded: cases that a reader of limited precision gets wrong.
  EXPECT_EQ(getReal("2.2250738585072011e-308"), 0x0.fffffffffffffp-1022);
  EXPECT_EQ(
      getReal("0.1000000000000000055511151231257827021181583404541015625"),
      0x1.999999999999ap-4);
  EXPECT_EQ(getReal("1.7976931348623157e308"),
            std::numeric_limits<double>::max());
  EXPECT_EQ(getReal("4.9406564584124654e-324"), 0x1p-1074);
  EXPECT_EQ(getReal("1e-400"), 0.0);
  EXPECT_EQ(getReal("9007199254740993.0"), 9007199254740992.0);
  EXPECT_TRUE(std::signbit(getReal("-0")));
  EXPECT_TRUE(std::signbit(getReal("-0.0")));
  EXPECT_EQ(getReal("18446744073709551616"), 18446744073709551616.0);
  EXPECT_EQ(getProblem("-9223372036854775808"), "");
  EXPECT_EQ(getElements<int64_t>(*set.lookup("x")).front(),
            std::numeric_limits<int64_t>::min());
  // Integers before the first real number.
  EXPECT_EQ(getProblem("[1, 2, 0.5, 4]"), "");
  EXPECT_EQ(getElements<double>(*set.lookup("x")),
            (std::vector<double>{1, 2, 0.5, 4}));
}

TEST_F(JSONTest, NonFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const char *text : {"Inf", "Infinity", "\"Inf\"", "\"+inf\"", "\"inf\"",
                           "\"Infinity\"", "\"+Inf\""})
    EXPECT_EQ(getReal(text), inf) << text;
  for (const char *text :
       {"-Inf", "-Infinity", "\"-Inf\"", "\"-inf\"", "\"-Infinity\""})
    EXPECT_EQ(getReal(text), -inf) << text;
  for (const char *text : {"NaN", "\"NaN\"", "\"nan\""})
    EXPECT_TRUE(std::isnan(getReal(text))) << text;
}

TEST_F(JSONTest, Problems) {
  EXPECT_EQ(getProblem("[[1, 2], [3]]"),
            "`x[2]` has 1 element where the lists before it have 2: the array "
            "is ragged");
  EXPECT_EQ(getProblem("[[[1, 2], [3, 4]], [[5, 6], [7, 8], [9, 0]]]"),
            "`x[2]` has 3 elements where the lists before it have 2: the array "
            "is ragged");
  EXPECT_EQ(getProblem("[1, [2]]"),
            "`x[2]` is a list where others are numbers");
  EXPECT_EQ(getProblem("[[1], 2]"),
            "`x[2]` is a number where others are lists");
  EXPECT_EQ(getProblem("[[], 2]"), "`x[2]` is a number where others are lists");
  EXPECT_EQ(getProblem("[1, null]"), "`x[2]` is null: expected a number");
  EXPECT_EQ(getProblem("[1, \"abc\"]"),
            "`x[2]` is the string \"abc\": expected a number");
  EXPECT_EQ(getProblem("[true, 1]"), "`x[2]` is a number among booleans");
  EXPECT_EQ(getProblem("[1, true]"), "`x[2]` is a boolean among numbers");
  EXPECT_EQ(getProblem("[0.5, true]"), "`x[2]` is a boolean among numbers");
  EXPECT_EQ(getProblem("[{\"a\": [1, {\"b\": 2}]}, 2, [3]]"),
            "`x[1]` is an object: expected a number or nested lists of "
            "numbers");
  EXPECT_EQ(getProblem("{}"), "`x` is an object: expected a number or nested "
                              "lists of numbers");
  EXPECT_EQ(getProblem("[1, 1.8e308]"),
            "`x[2]` is \"1.8e308\": beyond the range of 64-bit real numbers");
  EXPECT_EQ(getProblem("\"NaNa\""),
            "`x` is the string \"NaNa\": expected a number");
}

TEST_F(JSONTest, Errors) {
  EXPECT_EQ(read(""), "d.json: the file is empty");
  EXPECT_EQ(read(" \n\n"), "d.json: the file is empty");
  EXPECT_EQ(read("{\"x\": [1, 2"),
            "d.json:1:12: missing a comma or ']' after an array element (the "
            "file ends here)");
  EXPECT_EQ(read("{\"x\": 1,\n \"y\": [1,\n  2 3]}"),
            "d.json:3:5: missing a comma or ']' after an array element");
  EXPECT_EQ(read("{\"x\": 1"), "d.json:1:8: missing a comma or '}' after an "
                               "object member (the file ends here)");
  EXPECT_EQ(read("[1, 2]"), "d.json:1:2: expected an object of named entries, "
                            "{\"name\": value, ...}");
  EXPECT_EQ(read("3"), "d.json:1:1: expected an object of named entries, "
                       "{\"name\": value, ...}");
  EXPECT_EQ(read("{\"x\": 1} {}"),
            "d.json:1:10: the document root must not be followed by other "
            "values");
  EXPECT_EQ(read("{\"x\": +1}"), "d.json:1:7: invalid value");
  EXPECT_EQ(read("{\"x\": nan}").substr(0, 10), "d.json:1:8");
  EXPECT_EQ(read("{\"x\": 0x10}").substr(0, 10), "d.json:1:8");
  EXPECT_EQ(read("{\"x\": 012}").substr(0, 10), "d.json:1:8");
  EXPECT_EQ(read("{\"x\": 1e999}"),
            "d.json:1:7: number too big to be stored in double");
  EXPECT_EQ(read("{\"x\": \"\xff\xfe\"}").substr(0, 13), "d.json:1:8: i");
  EXPECT_EQ(read(llvm::StringRef("{\"x\": 1}\0", 9)),
            "d.json:1:9: a NUL byte: the file is not text in UTF-8");
  EXPECT_EQ(read("{\"x\": 1, \"x\": 2}"), "d.json: entry `x` is given twice");
}

TEST_F(JSONTest, Nesting) {
  std::string deep(1000000, '[');
  EXPECT_NE(read("{\"x\": " + deep).find("nested too deeply"),
            std::string::npos);
  std::string objects;
  for (int i = 0; i < 100000; ++i)
    objects += "{\"a\":";
  EXPECT_NE(read(objects).find("nested too deeply"), std::string::npos);
}

TEST_F(JSONTest, LongLines) {
  // Ten megabytes without a line break.
  std::string text = "{\"x\": [0";
  for (int i = 1; i < 1500000; ++i)
    text += ", " + std::to_string(i % 10) + ".25";
  text += "]}";
  ASSERT_GT(text.size(), 8u << 20);
  ASSERT_EQ(read(text), "ok");
  EXPECT_EQ(set.lookup("x")->getElementCount(), 1500000);
  EXPECT_EQ(getElements<double>(*set.lookup("x"))[12], 2.25);
  // A number and a name of that length.
  EXPECT_EQ(getReal("0." + std::string(10 << 20, '3')), 1.0 / 3.0);
  EXPECT_EQ(read("{\"" + std::string(10 << 20, 'n') + "\": 1}"), "ok");
}

TEST_F(JSONTest, Files) {
  EXPECT_EQ(getMessage(readDataFile(getPath("none.json"), set)),
            "none.json: cannot read the file: No such file or directory");
  EXPECT_NE(getMessage(readJSON(directory, set))
                .find("cannot read the file: Is a directory"),
            std::string::npos);
  EXPECT_EQ(getMessage(readDataFile(writeFile("x.txt", "a b"), set)),
            "x.txt: unknown format: expected a .json, .csv or .npy file");
  // Without a suffix, the contents tell.
  EXPECT_EQ(getMessage(readDataFile(writeFile("y", " {\"a\": 1}"), set)), "ok");
  EXPECT_TRUE(set.lookup("a"));
  EXPECT_EQ(getMessage(readDataFile(writeFile("z.json", "{\"a\": 1}"), set)),
            "z.json: entry `a` is given twice: y has it, too");
  EXPECT_EQ(getMessage(readDataFile("n=" + getPath("z.json"), set)),
            "n=z.json: only a .npy file takes a name; the entries of JSON and "
            "CSV files have names of their own");
  EXPECT_EQ(getMessage(readDataFile("", set)),
            "the name of a data file is empty");
}
