//===- GradientTest.cpp - the interface of differentiation ----------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Differentiation/Gradient.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/DerivativeRules.h"
#include "llvm/ADT/StringSet.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

class GradientTest : public testing::Test {
protected:
  GradientTest() {
    context.loadDialect<arith::ArithDialect, func::FuncDialect,
                        linalg::LinalgDialect, math::MathDialect,
                        scf::SCFDialect, tensor::TensorDialect,
                        vi::special::SpecialDialect, vi::VIDialect>();
    context.allowUnregisteredDialects();
  }

  func::FuncOp parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    return module ? *module->getOps<func::FuncOp>().begin() : func::FuncOp();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(GradientTest, TakesRulesOfOtherDialects) {
  vi::addDerivativeRule("test.cube").operand([](const vi::RuleContext &r) {
    return r.g() * (3 * vi::square(r.x()));
  });
  func::FuncOp function = parse(R"mlir(
    func.func @f(%x: f64) -> f64 {
      %y = "test.cube"(%x) : (f64) -> f64
      return %y : f64
    })mlir");
  ASSERT_TRUE(function);
  FailureOr<func::FuncOp> gradient = vi::createGradient(function, "g", 0u);
  ASSERT_TRUE(succeeded(gradient));
  EXPECT_TRUE(succeeded(verify(*module)));
  unsigned products = 0;
  gradient->walk([&](arith::MulFOp) { ++products; });
  EXPECT_EQ(products, 2u);
}

TEST_F(GradientTest, KeepsTheFunction) {
  func::FuncOp function = parse(R"mlir(
    func.func @f(%x: f64, %y: tensor<2xf32>) -> f64 {
      %z = math.exp %x : f64
      return %z : f64
    })mlir");
  ASSERT_TRUE(function);
  FailureOr<func::FuncOp> gradient =
      vi::createGradient(function, "g", {1u, 0u});
  ASSERT_TRUE(succeeded(gradient));
  EXPECT_TRUE(succeeded(verify(*module)));
  EXPECT_EQ(gradient->getName(), "g");
  EXPECT_EQ(gradient->getArgumentTypes(), function.getArgumentTypes());
  // The value, then the derivatives in the order that was asked for.
  ASSERT_EQ(gradient->getNumResults(), 3u);
  EXPECT_EQ(gradient->getResultTypes()[1], function.getArgumentTypes()[1]);
  EXPECT_EQ(gradient->getResultTypes()[2], function.getArgumentTypes()[0]);
  unsigned exponentials = 0;
  function.walk([&](math::ExpOp) { ++exponentials; });
  EXPECT_EQ(exponentials, 1u);
}

// The gradient is a function like any other: it can be differentiated again.
TEST_F(GradientTest, DifferentiatesGradients) {
  func::FuncOp function = parse(R"mlir(
    func.func @f(%x: f64, %n: index) -> f64 {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%v = %x) -> f64 {
        %w = math.sin %v : f64
        scf.yield %w : f64
      }
      return %r : f64
    })mlir");
  ASSERT_TRUE(function);
  FailureOr<func::FuncOp> gradient = vi::createGradient(function, "g", 0u);
  ASSERT_TRUE(succeeded(gradient));
  // Of the value and the derivative, keep the derivative.
  OpBuilder builder(*gradient);
  Operation *terminator = gradient->getBody().front().getTerminator();
  terminator->eraseOperand(0);
  gradient->setFunctionType(builder.getFunctionType(
      gradient->getArgumentTypes(), builder.getF64Type()));
  gradient->removeResAttrsAttr();
  FailureOr<func::FuncOp> second = vi::createGradient(*gradient, "h", 0u);
  ASSERT_TRUE(succeeded(second));
  EXPECT_TRUE(succeeded(verify(*module)));
}

/// What has no derivative because it neither is a number nor depends on one
/// smoothly: its operands or its results are no floating-point numbers.
bool isDiscrete(StringRef name) {
  static const llvm::StringSet<> names = {
      // arith
      "arith.addi", "arith.addui_extended", "arith.andi", "arith.ceildivsi",
      "arith.ceildivui", "arith.cmpf", "arith.cmpi", "arith.constant",
      "arith.divsi", "arith.divui", "arith.extsi", "arith.extui",
      "arith.floordivsi", "arith.fptosi", "arith.fptoui", "arith.index_cast",
      "arith.index_castui", "arith.maxsi", "arith.maxui", "arith.minsi",
      "arith.minui", "arith.muli", "arith.mulsi_extended",
      "arith.mului_extended", "arith.ori", "arith.remsi", "arith.remui",
      "arith.shli", "arith.shrsi", "arith.shrui", "arith.sitofp", "arith.subi",
      "arith.trunci", "arith.uitofp", "arith.xori",
      // math
      "math.absi", "math.ctlz", "math.ctpop", "math.cttz", "math.ipowi",
      "math.isfinite", "math.isinf", "math.isnan", "math.isnormal"};
  return names.contains(name);
}

/// What is refused with an error: reinterpreted bits, and scaled formats of
/// machine learning accelerators.
bool isRefused(StringRef name) {
  static const llvm::StringSet<> names = {"arith.bitcast", "arith.scaling_extf",
                                          "arith.scaling_truncf"};
  return names.contains(name);
}

TEST_F(GradientTest, HasARuleForEachSmoothOperation) {
  unsigned rules = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    Dialect &dialect = name.getDialect();
    if (!isa<arith::ArithDialect, math::MathDialect,
             vi::special::SpecialDialect>(dialect))
      continue;
    StringRef text = name.getStringRef();
    bool hasRule = vi::getDerivativeRule(text);
    rules += hasRule;
    EXPECT_EQ(hasRule, !isDiscrete(text) && !isRefused(text)) << text.str();
  }
  EXPECT_GT(rules, 60u);
}

} // namespace
