//===- JITTest.cpp - functions compiled in process ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Target/JIT.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "vi/InitAll.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

class JITTest : public ::testing::Test {
protected:
  JITTest() {
    DialectRegistry registry;
    vi::registerAllDialects(registry);
    vi::registerAllExtensions(registry);
    context.appendDialectRegistry(registry);
  }

  llvm::Expected<std::unique_ptr<vi::JIT>> compile(llvm::StringRef source) {
    module = parseSourceString<ModuleOp>(source, &context);
    EXPECT_TRUE(module);
    return vi::JIT::compile(*module);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

constexpr llvm::StringLiteral weightedSum = R"mlir(
func.func @weighted_sum(%x: tensor<?xf64>, %w: tensor<?xf64>, %negate: i1)
    -> (f64, tensor<?xf64>, i1) attributes {vi.export} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %n = tensor.dim %x, %c0 : tensor<?xf64>
  %sum, %terms = vi.plate "obs" %i in %n
      (%x_i = %x : tensor<?xf64>, %w_i = %w : tensor<?xf64>)
      sums(%s = %zero : f64) -> tensor<?xf64> {
    %p = arith.mulf %x_i, %w_i : f64
    %m = arith.negf %p : f64
    %t = arith.select %negate, %m, %p : f64
    %next = arith.addf %s, %t : f64
    vi.yield sums(%next : f64) %t : f64
  }
  return %sum, %terms, %negate : f64, tensor<?xf64>, i1
}
)mlir";

TEST_F(JITTest, CallsWithPackedArguments) {
  auto jit = compile(weightedSum);
  ASSERT_TRUE(static_cast<bool>(jit)) << llvm::toString(jit.takeError());
  auto function = (*jit)->lookup("weighted_sum");
  ASSERT_TRUE(static_cast<bool>(function));

  double x[] = {1, 2, 3}, w[] = {0.5, -1, 4}, terms[3] = {9, 9, 9}, sum = 0;
  double *xAddress = x, *wAddress = w, *termsAddress = terms;
  int64_t size = 3;
  uint8_t negate = 1, negated = 9;
  uint8_t *negatedAddress = &negated;
  void *arguments[] = {&xAddress, &size,         &wAddress,       &size,
                       &negate,   &termsAddress, &negatedAddress, &sum};
  (*function)(arguments);
  EXPECT_EQ(sum, -(0.5 - 2 + 12));
  EXPECT_EQ(terms[0], -0.5);
  EXPECT_EQ(terms[1], 2);
  EXPECT_EQ(terms[2], -12);
  EXPECT_EQ(negated, 1);
}

TEST_F(JITTest, GivesTheAddressOfTheCFunction) {
  auto jit = compile(weightedSum);
  ASSERT_TRUE(static_cast<bool>(jit)) << llvm::toString(jit.takeError());
  auto address = (*jit)->lookupSymbol("weighted_sum");
  ASSERT_TRUE(static_cast<bool>(address));
  auto *function =
      reinterpret_cast<double (*)(const double *, int64_t, const double *,
                                  int64_t, bool, double *, uint8_t *)>(
          *address);
  double x[] = {2, 3}, w[] = {5, 7}, terms[2];
  uint8_t negated = 9;
  EXPECT_EQ(function(x, 2, w, 2, false, terms, &negated), 31);
  EXPECT_EQ(negated, 0);
}

TEST_F(JITTest, TimesItsPhases) {
  auto jit = compile(weightedSum);
  ASSERT_TRUE(static_cast<bool>(jit)) << llvm::toString(jit.takeError());
  const vi::JIT::Timing &timing = (*jit)->getTiming();
  for (double seconds : {timing.lowering, timing.translation,
                         timing.optimization, timing.generation})
    EXPECT_GT(seconds, 0);
  EXPECT_DOUBLE_EQ(timing.total(), timing.lowering + timing.translation +
                                       timing.optimization + timing.generation);
}

TEST_F(JITTest, ReportsWhatIsMissing) {
  auto jit = compile(weightedSum);
  ASSERT_TRUE(static_cast<bool>(jit)) << llvm::toString(jit.takeError());
  auto function = (*jit)->lookup("absent");
  ASSERT_FALSE(static_cast<bool>(function));
  EXPECT_EQ(llvm::toString(function.takeError()),
            "no function 'absent' is exported");
}

TEST_F(JITTest, ReportsAnUnknownCPU) {
  module = parseSourceString<ModuleOp>(weightedSum, &context);
  ASSERT_TRUE(module);
  vi::JIT::Options options;
  options.target.cpu = "abacus";
  auto jit = vi::JIT::compile(*module, options);
  ASSERT_FALSE(static_cast<bool>(jit));
  EXPECT_NE(llvm::toString(jit.takeError()).find("unknown cpu 'abacus'"),
            std::string::npos);
}

} // namespace
