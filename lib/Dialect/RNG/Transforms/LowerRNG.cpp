//===- LowerRNG.cpp - random numbers to integer arithmetic -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/Transforms/Passes.h"

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/RNG/IR/RandomFunctions.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/Transforms/ElementwiseLowering.h"
#include "vi/Dialect/Special/Transforms/ScalarCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace vi::rng {
#define GEN_PASS_DEF_LOWERRNGPASS
#include "vi/Dialect/RNG/Transforms/Passes.h.inc"
} // namespace vi::rng

using namespace mlir;
using namespace vi::rng;
using vi::special::ScalarCode;

/// What the op draws, from the operands given. Real numbers are f64, or vectors
/// of it.
static Value emitDraw(ImplicitLocOpBuilder &builder, Operation *op,
                      ValueRange operands) {
  ScalarCode code(builder);
  auto integer = [&](unsigned i) { return code.integer(operands[i]); };
  auto real = [&](unsigned i) { return code.real(operands[i]); };
  bool isF32 = getElementTypeOrSelf(op->getResult(0).getType()).isF32();
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](FoldInOp) {
        return functions::foldIn(code, integer(0), integer(1)).value;
      })
      .Case([&](UniformOp) {
        return functions::uniform(code, integer(0), integer(1), isF32 ? 23 : 52)
            .value;
      })
      .Case([&](GammaOp) {
        return functions::gamma(code, integer(0), integer(1), real(2)).value;
      })
      .Case([&](PoissonOp) {
        return functions::poisson(code, integer(0), integer(1), real(2)).value;
      })
      .Case([&](BinomialOp) {
        return functions::binomial(code, integer(0), integer(1), integer(2),
                                   real(3))
            .value;
      });
}

/// `type` with f64 for its elements if they are f32.
static Type widen(Type type) {
  if (!getElementTypeOrSelf(type).isF32())
    return type;
  Type f64 = Float64Type::get(type.getContext());
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(f64);
  return f64;
}

/// The value in `type`, which has its precision or less.
static Value narrow(ImplicitLocOpBuilder &builder, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return arith::TruncFOp::create(builder, type, value);
}

namespace {
class RNGLowering : public vi::special::ElementwiseLowering {
public:
  explicit RNGLowering(ModuleOp module)
      : ElementwiseLowering(module, RNGDialect::getDialectNamespace()) {}

private:
  bool lowerInPlace(Operation *op) override {
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    Type type = op->getResult(0).getType();
    // Monotone in the uniform variable of the same precision.
    if (auto normal = dyn_cast<NormalOp>(op)) {
      auto uniform =
          UniformOp::create(builder, type, normal.getKey(), normal.getIndex());
      replace(op, vi::special::NormalQuantileOp::create(builder, uniform));
      add(uniform);
      return true;
    }
    auto vector = dyn_cast<VectorType>(type);
    if (!vector || vector.isScalable() || !isa<FoldInOp, UniformOp>(op))
      return false;
    replace(op,
            narrow(builder, emitDraw(builder, op, op->getOperands()), type));
    return true;
  }

  /// Calls the function that draws. Real operands and results are f64.
  void lowerScalar(Operation *op) override {
    ImplicitLocOpBuilder builder(op->getLoc(), op);
    Type type = op->getResult(0).getType();
    std::string name = op->getName().getStringRef().str();
    // These cells are wider: not a rounding of the f64 number.
    if (isa<UniformOp>(op) && type.isF32())
      name += ".f32";
    func::FuncOp callee = getFunction(
        name, llvm::map_to_vector(op->getOperandTypes(), widen), widen(type),
        [&](ImplicitLocOpBuilder &inside, ValueRange arguments) {
          return emitDraw(inside, op, arguments);
        });
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (operand.getType().isF32())
        operand = arith::ExtFOp::create(builder, builder.getF64Type(), operand);
      operands.push_back(operand);
    }
    Value value = func::CallOp::create(builder, callee, operands).getResult(0);
    replace(op, narrow(builder, value, type));
  }
};

struct LowerRNG : public vi::rng::impl::LowerRNGPassBase<LowerRNG> {
  void runOnOperation() override {
    bool changed = false;
    if (failed(RNGLowering(getOperation()).run(changed)))
      return signalPassFailure();
    if (!changed)
      markAllAnalysesPreserved();
  }
};
} // namespace
