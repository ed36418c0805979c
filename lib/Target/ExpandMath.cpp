//===- ExpandMath.cpp - write simple functions out -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/MathToFuncs/MathToFuncs.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/PassManager.h"
#include "vi/Target/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace vi {
#define GEN_PASS_DEF_EXPANDMATH
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

/// The number as a constant of a scalar or vector type.
static Value constant(ImplicitLocOpBuilder &b, Type type,
                      const APFloat &number) {
  Attribute value = b.getFloatAttr(getElementTypeOrSelf(type), number);
  if (auto shaped = dyn_cast<ShapedType>(type))
    value = DenseElementsAttr::get(shaped, value);
  return arith::ConstantOp::create(b, cast<TypedAttr>(value));
}

/// The operation in terms of simpler ones; null where it is left alone.
static Value expand(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  auto semanticsOf = [](Type type) -> const llvm::fltSemantics & {
    return cast<FloatType>(getElementTypeOrSelf(type)).getFloatSemantics();
  };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](math::ClampFOp clamp) -> Value {
        Value bounded =
            arith::MinimumFOp::create(b, clamp.getValue(), clamp.getMax());
        return arith::MaximumFOp::create(b, bounded, clamp.getMin());
      })
      .Case([&](math::IsInfOp test) -> Value {
        Type type = test.getOperand().getType();
        return arith::CmpFOp::create(
            b, arith::CmpFPredicate::OEQ,
            math::AbsFOp::create(b, test.getOperand()),
            constant(b, type, APFloat::getInf(semanticsOf(type))));
      })
      .Case([&](math::IsNormalOp test) -> Value {
        Type type = test.getOperand().getType();
        Value size = math::AbsFOp::create(b, test.getOperand());
        Value isLarge = arith::CmpFOp::create(
            b, arith::CmpFPredicate::OGE, size,
            constant(b, type,
                     APFloat::getSmallestNormalized(semanticsOf(type))));
        Value isFinite = arith::CmpFOp::create(
            b, arith::CmpFPredicate::OLT, size,
            constant(b, type, APFloat::getInf(semanticsOf(type))));
        return arith::AndIOp::create(b, isLarge, isFinite);
      })
      .Default([](Operation *) { return Value(); });
}

namespace {
struct ExpandMath : vi::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    // Upstream's pass keeps the functions of the last module that it has seen:
    // each module gets a pass of its own.
    OpPassManager powers(ModuleOp::getOperationName());
    powers.addPass(createConvertMathToFuncs());
    if (failed(runPipeline(powers, getOperation())))
      return signalPassFailure();
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa_and_nonnull<math::MathDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      Value value = expand(op);
      if (!value)
        continue;
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
    }
  }
};
} // namespace
