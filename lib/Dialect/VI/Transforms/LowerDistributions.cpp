//===- LowerDistributions.cpp - from measures to formulas -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/Divergences.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

namespace vi {
#define GEN_PASS_DEF_LOWERDISTRIBUTIONS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

/// The family of a distribution for a message, `a distribution` where it is
/// not known here.
static std::string describe(Value distribution) {
  Operation *family = distribution.getDefiningOp();
  return family ? family->getName().getStringRef().str()
                : std::string("a distribution that is not known here");
}

static LogicalResult emitUnknown(Operation *op, ValueRange distributions,
                                 const Twine &integrand) {
  InFlightDiagnostic diagnostic = op->emitOpError("has no closed form for ");
  llvm::interleave(
      distributions, [&](Value value) { diagnostic << describe(value); },
      [&] { diagnostic << " and "; });
  diagnostic << ": wrap it in vi.expect, as the expectation of " << integrand
             << " over a vi.draw from " << describe(distributions.front());
  for (Value distribution : distributions)
    diagnostic.attachNote(distribution.getLoc()) << "a distribution is here";
  return diagnostic;
}

/// The formula of a measure, null (with an error) where there is none.
static FailureOr<Value> buildMeasure(ImplicitLocOpBuilder &b, Operation *op) {
  auto finish = [&](Value value) -> FailureOr<Value> {
    return toFloat(b, value, op->getResult(0).getType()).getValue();
  };
  return llvm::TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](LogProbOp measure) -> FailureOr<Value> {
        Value value = vi::buildLogProb(b, measure.getDistribution(),
                                       measure.getValue(), measure.getMask());
        if (value)
          return finish(value);
        return measure.emitOpError("has no density for ")
               << describe(measure.getDistribution());
      })
      .Case([&](EntropyOp measure) -> FailureOr<Value> {
        if (Value value = vi::buildEntropy(b, measure.getDistribution()))
          return finish(value);
        return emitUnknown(op, measure.getDistribution(), "-log q(z)");
      })
      .Case([&](KLOp measure) -> FailureOr<Value> {
        if (Value value = buildKL(b, measure.getQ(), measure.getP()))
          return finish(value);
        return emitUnknown(op, measure->getOperands(), "log q(z) - log p(z)");
      })
      .Case([&](CrossEntropyOp measure) -> FailureOr<Value> {
        if (Value value = buildCrossEntropy(b, measure.getQ(), measure.getP()))
          return finish(value);
        return emitUnknown(op, measure->getOperands(), "-log p(z)");
      })
      .Case([&](ConstrainOp map) -> FailureOr<Value> {
        return getBijector(map.getSupport())
            ->constrain({b, map.getUnconstrained()}, map.getBounds())
            .getValue();
      })
      .Case([&](UnconstrainOp map) -> FailureOr<Value> {
        return getBijector(map.getSupport())
            ->unconstrain({b, map.getConstrained()}, map.getBounds())
            .getValue();
      })
      .Case([&](LogDetJacobianOp map) -> FailureOr<Value> {
        return getBijector(map.getSupport())
            ->logDetJacobian({b, map.getUnconstrained()}, map.getBounds())
            .getValue();
      })
      .Default([](Operation *) -> FailureOr<Value> { return Value(); });
}

namespace {
struct LowerDistributions
    : vi::impl::LowerDistributionsBase<LowerDistributions> {
  void runOnOperation() override {
    SmallVector<Operation *> measures;
    getOperation()->walk([&](Operation *op) {
      if (isa<LogProbOp, EntropyOp, KLOp, CrossEntropyOp, ConstrainOp,
              UnconstrainOp, LogDetJacobianOp>(op))
        measures.push_back(op);
    });
    bool failed = false;
    for (Operation *op : measures) {
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      FailureOr<Value> value = buildMeasure(builder, op);
      if (mlir::failed(value)) {
        failed = true;
        continue;
      }
      Value result = *value;
      Type type = op->getResult(0).getType();
      if (result.getType() != type)
        result = tensor::CastOp::create(builder, type, result);
      op->getResult(0).replaceAllUsesWith(result);
      op->erase();
    }
    if (failed)
      return signalPassFailure();

    // A distribution made from another stands behind it.
    SmallVector<Operation *> distributions;
    getOperation()->walk(
        [&](DistributionOpInterface op) { distributions.push_back(op); });
    for (Operation *op : llvm::reverse(distributions))
      if (op->use_empty())
        op->erase();
  }
};
} // namespace
