//===- CSVTest.cpp - tests of the CSV reader -*- C++ -*-===//
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
class CSVTest : public DataTest {
protected:
  std::string read(llvm::StringRef text) {
    set = DataSet();
    return getMessage(readDataFile(writeFile("d.csv", text), set));
  }
  std::string getProblem(llvm::StringRef name) {
    const DataArray *entry = set.lookup(name);
    return entry ? entry->problem : "<no entry>";
  }
  DataSet set;
};
} // namespace

TEST_F(CSVTest, Kinds) {
  ASSERT_EQ(read("\xEF\xBB\xBFi,r,b,t\r\n"
                 "1,0.5,TRUE,beta\r\n"
                 "-2,3,false,\"al\"\"pha, x\"\r\n"
                 "+3,-1e3,True,beta\r\n"),
            "ok");
  EXPECT_EQ(set.getEntries().size(), 4u);
  EXPECT_EQ(getElements<int64_t>(*set.lookup("i")),
            (std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(getElements<double>(*set.lookup("r")),
            (std::vector<double>{0.5, 3, -1000}));
  EXPECT_EQ(set.lookup("b")->kind, ElementKind::Bool);
  EXPECT_EQ(getElements<uint8_t>(*set.lookup("b")),
            (std::vector<uint8_t>{1, 0, 1}));
  const DataArray *text = set.lookup("t");
  EXPECT_TRUE(text->isText);
  EXPECT_EQ(text->levels, (std::vector<std::string>{"al\"pha, x", "beta"}));
  EXPECT_EQ(getElements<int64_t>(*text), (std::vector<int64_t>{1, 0, 1}));
}

TEST_F(CSVTest, LevelsDoNotDependOnTheOrderOfRows) {
  ASSERT_EQ(read("g\nb\nc\na\nb\n"), "ok");
  EXPECT_EQ(set.lookup("g")->levels, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(getElements<int64_t>(*set.lookup("g")),
            (std::vector<int64_t>{1, 2, 0, 1}));
  // By bytes: capitals come first, whatever the locale.
  ASSERT_EQ(read("g\na\nB\n\xC3\x84\nb\n"), "ok");
  EXPECT_EQ(set.lookup("g")->levels,
            (std::vector<std::string>{"B", "a", "b", "\xC3\x84"}));
}

TEST_F(CSVTest, LineEndings) {
  for (const char *text : {"a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4", "a,b\r1,2\r3,4",
                           "a,b\r\n1,2\r\n\r\n3,4\r\n", "\na,b\n1,2\n\n3,4\n\n",
                           " a , \"b\"\n 1 ,2\n\"3\",\t4"}) {
    ASSERT_EQ(read(text), "ok") << text;
    EXPECT_EQ(getElements<int64_t>(*set.lookup("a")),
              (std::vector<int64_t>{1, 3}))
        << text;
    EXPECT_EQ(getElements<int64_t>(*set.lookup("b")),
              (std::vector<int64_t>{2, 4}))
        << text;
  }
}

TEST_F(CSVTest, LinesAreThoseOfTheFile) {
  ASSERT_EQ(read("a,b\n\"x\ny\",1\n\nz,2\nz,\n"), "ok");
  EXPECT_EQ(*set.lookup("a")->lines, (std::vector<int64_t>{3, 5, 6}));
  EXPECT_EQ(getProblem("b"), "the cell of column `b` in line 6 is empty: data "
                             "must be complete");
}

TEST_F(CSVTest, Missing) {
  ASSERT_EQ(read("a,b,c,d\n1,2,3,4\nNA,,nan,5\n"), "ok");
  EXPECT_EQ(getProblem("a"), "the cell of column `a` in line 3 is missing "
                             "(NA): data must be complete");
  EXPECT_EQ(getProblem("b"), "the cell of column `b` in line 3 is empty: data "
                             "must be complete");
  EXPECT_EQ(getProblem("c"), "the cell of column `c` in line 3 is missing "
                             "(nan): data must be complete");
  EXPECT_EQ(getProblem("d"), "");
}

TEST_F(CSVTest, Numbers) {
  ASSERT_EQ(read("x\n1e-400\n-0\n+.5\n1.\n1e999\n-Inf\n"), "ok");
  std::vector<double> x = getElements<double>(*set.lookup("x"));
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(x, (std::vector<double>{0, 0, 0.5, 1, inf, -inf}));
  EXPECT_TRUE(std::signbit(x[1]));
  // What is no decimal number is text.
  for (const char *cell :
       {"0x10", "1,5", "1 2", "+-1", "1e", "nan(1)", "--1"}) {
    ASSERT_EQ(read(("x\n2\n\"" + llvm::Twine(cell) + "\"\n").str()), "ok");
    EXPECT_TRUE(set.lookup("x")->isText) << cell;
    EXPECT_EQ(set.lookup("x")->exampleOfText,
              ("\"" + llvm::Twine(cell) + "\" in line 3").str());
  }
}

TEST_F(CSVTest, NoRows) {
  ASSERT_EQ(read("a,b\n"), "ok");
  EXPECT_EQ(set.lookup("a")->shape, std::vector<int64_t>{0});
}

TEST_F(CSVTest, RowNumbersOfR) {
  ASSERT_EQ(read("\"\",\"a\"\n\"1\",5\n\"2\",6\n"), "ok");
  EXPECT_EQ(set.getEntries().size(), 1u);
  EXPECT_EQ(getElements<int64_t>(*set.lookup("a")),
            (std::vector<int64_t>{5, 6}));
}

TEST_F(CSVTest, Errors) {
  EXPECT_EQ(read(""), "d.csv: the file is empty");
  EXPECT_EQ(read("a,b\n1,2\n1,2,3\n"),
            "d.csv:3: the row has 3 cells, the header has 2");
  EXPECT_EQ(read("a,b\n1\n"), "d.csv:2: the row has 1 cell, the header has 2");
  EXPECT_EQ(read("a,a\n1,2\n"), "d.csv: column `a` is given twice");
  EXPECT_EQ(read("a,b\n1,\"2\n3,4\n"),
            "d.csv: the file ends inside a quoted cell");
  EXPECT_EQ(read("a,b\n1,2\"3\n").substr(0, 38),
            "d.csv:2:4: a quotation mark inside a c");
  EXPECT_EQ(read("a,b\n1,\"2\"3\n").substr(0, 9), "d.csv:2:6");
  EXPECT_EQ(read(llvm::StringRef("a\n1\0\n", 5)),
            "d.csv:2:2: a NUL byte: the file is not text in UTF-8");
  EXPECT_EQ(read("a;b\n1;2\n"), "d.csv:1: one column named \"a;b\": cells must "
                                "be separated by commas");
  EXPECT_EQ(read("\xE4\n1\n"),
            "d.csv:1: the header is not in UTF-8: convert the file");
  ASSERT_EQ(read("a,n\nK\xF6ln,1\n"), "ok");
  EXPECT_EQ(getProblem("a"), "the cell of column `a` in line 2 is not in "
                             "UTF-8: convert the file");
  EXPECT_EQ(getProblem("n"), "");
}

TEST_F(CSVTest, LongLines) {
  ASSERT_EQ(read("a,b\n1," + std::string(10 << 20, 'q') + "\n"), "ok");
  EXPECT_TRUE(set.lookup("b")->isText);
  EXPECT_LT(set.lookup("b")->exampleOfText.size(), 100u);
  // Many columns.
  std::string header = "a0", row = "0";
  for (int i = 1; i < 100000; ++i) {
    header += ",a" + std::to_string(i);
    row += ",1";
  }
  ASSERT_EQ(read(header + "\n" + row + "\n"), "ok");
  EXPECT_EQ(set.getEntries().size(), 100000u);
}
