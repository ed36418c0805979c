//===- LowerSpecial.cpp - special functions to arith, math and scf -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/ElementwiseLowering.h"
#include "vi/Dialect/Special/Transforms/Passes.h"

#include "vi/Dialect/Special/IR/GaussianSoftplus.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/IR/SpecialFunctions.h"
#include "vi/Dialect/Special/Transforms/ScalarCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace vi::special {
#define GEN_PASS_DEF_LOWERSPECIALPASS
#include "vi/Dialect/Special/Transforms/Passes.h.inc"
} // namespace vi::special

using namespace mlir;
using namespace vi::special;

/// The op's formula on the operands given.
static Value emitFormula(ImplicitLocOpBuilder &builder, Operation *op,
                         ValueRange operands) {
  ScalarCode code(builder);
  auto operand = [&](unsigned i) { return code.real(operands[i]); };
  using namespace functions;
  ScalarCode::Real result =
      llvm::TypeSwitch<Operation *, ScalarCode::Real>(op)
          .Case([&](DigammaOp) { return digamma(code, operand(0)); })
          .Case([&](TrigammaOp) { return trigamma(code, operand(0)); })
          .Case([&](SigmoidOp) { return sigmoid(code, operand(0)); })
          .Case([&](SoftplusOp) { return softplus(code, operand(0)); })
          .Case([&](LogSigmoidOp) { return logSigmoid(code, operand(0)); })
          .Case([&](Log1pSquareOp) { return log1pSquare(code, operand(0)); })
          .Case([&](Log1mExpOp) { return log1mexp(code, operand(0)); })
          .Case([&](GaussianSoftplusOp softplus) {
            return gaussianSoftplus(code, operand(0), operand(1),
                                    softplus.getDerivative());
          })
          .Case([&](NormalCDFOp) { return normalCDF(code, operand(0)); })
          .Case([&](NormalLogCDFOp) { return normalLogCDF(code, operand(0)); })
          .Case([&](NormalQuantileOp) {
            return normalQuantile(code, operand(0));
          })
          .Case(
              [&](LogBetaOp) { return logBeta(code, operand(0), operand(1)); })
          .Case([&](RegularizedGammaPOp) {
            return regularizedGammaP(code, operand(0), operand(1));
          })
          .Case([&](RegularizedGammaQOp) {
            return regularizedGammaQ(code, operand(0), operand(1));
          })
          .Case([&](RegularizedBetaOp) {
            return regularizedBeta(code, operand(0), operand(1), operand(2));
          })
          .Case([&](GammaDrawDerivativeOp) {
            return gammaDrawDerivative(code, operand(0), operand(1));
          });
  return result.value;
}

namespace {
class SpecialLowering : public ElementwiseLowering {
public:
  explicit SpecialLowering(ModuleOp module)
      : ElementwiseLowering(module, SpecialDialect::getDialectNamespace()) {}

private:
  bool lowerInPlace(Operation *op) override {
    if (!isa<SigmoidOp, SoftplusOp, LogSigmoidOp, Log1mExpOp, Log1pSquareOp,
             GaussianSoftplusOp>(op))
      return false;
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    replace(op, emitFormula(builder, op, op->getOperands()));
    return true;
  }

  void lowerScalar(Operation *op) override {
    Type type = op->getResult(0).getType();
    if (isa<LgammaOp>(op))
      return call(op, getLgamma(type));
    if (type.isF32())
      return widen(op);
    call(op,
         getFunction(op->getName().getStringRef(), op->getOperandTypes(),
                     op->getResultTypes(),
                     [&](ImplicitLocOpBuilder &builder, ValueRange arguments) {
                       return emitFormula(builder, op, arguments);
                     }));
  }

  void call(Operation *op, func::FuncOp callee) {
    OpBuilder builder(op);
    replace(op, func::CallOp::create(builder, op->getLoc(), callee,
                                     op->getOperands())
                    .getResult(0));
  }

  /// Replaces an op on f32 by one on f64.
  void widen(Operation *op) {
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    Type f64 = builder.getF64Type();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(arith::ExtFOp::create(builder, f64, operand));
    OperationState state(op->getLoc(), op->getName(), operands, {f64});
    Operation *wide = builder.create(state);
    replace(op, arith::TruncFOp::create(builder, op->getResult(0).getType(),
                                        wide->getResult(0)));
    add(wide);
  }

  /// The C library's function; its other effect, on `signgam`, nobody reads.
  func::FuncOp getLgamma(Type type) {
    StringRef name = type.isF32() ? "lgammaf" : "lgamma";
    if (auto function = symbols.lookup<func::FuncOp>(name))
      return function;
    OpBuilder builder(module.getContext());
    auto function =
        func::FuncOp::create(builder, module.getLoc(), name,
                             builder.getFunctionType({type}, {type}));
    function.setPrivate();
    function->setAttr("llvm.readnone", builder.getUnitAttr());
    symbols.insert(function);
    return function;
  }
};

struct LowerSpecial
    : public vi::special::impl::LowerSpecialPassBase<LowerSpecial> {
  void runOnOperation() override {
    bool changed = false;
    if (failed(SpecialLowering(getOperation()).run(changed)))
      return signalPassFailure();
    if (!changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
