//===- ExpandSpecial.cpp - functions to straight arithmetic -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/Passes.h"

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"
#include "vi/Dialect/Special/IR/GaussianSoftplus.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/Transforms/StraightCode.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"

namespace vi::special {
#define GEN_PASS_DEF_EXPANDSPECIALPASS
#include "vi/Dialect/Special/Transforms/Passes.h.inc"
} // namespace vi::special

using namespace mlir;
using namespace vi::special;

namespace {

using Real = StraightCode::Real;
/// Emits an op's function of its operands.
using Expansion = Value (*)(StraightCode &, Operation *);

template <Real (*function)(StraightCode &, Real)>
Value unary(StraightCode &code, Operation *op) {
  return function(code, code.real(op->getOperand(0))).value;
}

Value expandGaussianSoftplus(StraightCode &code, Operation *op) {
  auto softplus = cast<GaussianSoftplusOp>(op);
  return functions::gaussianSoftplus(code, code.real(softplus.getMean()),
                                     code.real(softplus.getVariance()),
                                     softplus.getDerivative())
      .value;
}

/// The ops that have an expansion.
class Expansions {
public:
  Expansions() {
    using namespace elementary;
    add<math::ExpOp>(unary<exp>);
    add<math::Exp2Op>(unary<exp2>);
    add<math::ExpM1Op>(unary<expm1>);
    add<math::LogOp>(unary<log>);
    add<math::Log1pOp>(unary<log1p>);
    add<math::TanhOp>(unary<tanh>);
    add<SigmoidOp>(unary<sigmoid>);
    add<SoftplusOp>(unary<softplus>);
    add<LogSigmoidOp>(unary<logSigmoid>);
    add<math::ErfOp>(unary<erf>);
    add<math::ErfcOp>(unary<erfc>);
    add<NormalCDFOp>(unary<normalCDF>);
    add<NormalLogCDFOp>(unary<normalLogCDF>);
    add<NormalQuantileOp>(unary<normalQuantile>);
    add<LgammaOp>(unary<lgamma>);
    add<DigammaOp>(unary<digamma>);
    add<GaussianSoftplusOp>(expandGaussianSoftplus);
  }

  /// The op's expansion, or null where it has none, or not of its type.
  Expansion lookup(Operation *op) const {
    auto it = table.find(op->getName().getTypeID());
    if (it == table.end())
      return nullptr;
    Type type = op->getResult(0).getType();
    if (auto vector = dyn_cast<VectorType>(type))
      type = vector.getElementType();
    return type.isF32() || type.isF64() ? it->second : nullptr;
  }

private:
  template <class Op> void add(Expansion expansion) {
    table[TypeID::get<Op>()] = expansion;
  }

  llvm::DenseMap<TypeID, Expansion> table;
};

struct ExpandSpecial
    : public vi::special::impl::ExpandSpecialPassBase<ExpandSpecial> {
  using ExpandSpecialPassBase::ExpandSpecialPassBase;

  void runOnOperation() override {
    bool changed = false;
    getOperation()->walk([&](Operation *op) {
      Expansion expansion = expansions.lookup(op);
      if (!expansion)
        return;
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      StraightCode code(builder, fma);
      Value value = expansion(code, op);
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
      ++numExpanded;
      changed = true;
    });
    if (!changed)
      markAllAnalysesPreserved();
  }

private:
  const Expansions expansions;
};

} // namespace
