//===- LinearTerms.cpp - what an integrand is a sum of -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/LinearTerms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace vi;

bool DrawDependence::dependsOn(Operation *op, StringRef site) {
  if (auto draw = dyn_cast<DrawOp>(op))
    if (site.empty() || draw.getSite() == site)
      return true;
  for (Value operand : op->getOperands())
    if (dependsOn(operand, site))
      return true;
  if (op->getNumRegions() == 0)
    return false;
  bool draws = op->walk([&](DrawOp draw) {
                   return site.empty() || draw.getSite() == site
                              ? WalkResult::interrupt()
                              : WalkResult::advance();
                 }).wasInterrupted();
  if (draws)
    return true;
  bool captured = false;
  for (Region &region : op->getRegions())
    visitUsedValuesDefinedAbove(region, [&](OpOperand *operand) {
      captured = captured || dependsOn(operand->get(), site);
    });
  return captured;
}

bool DrawDependence::dependsOn(Value value, StringRef site) {
  if (!expect.getBody().isAncestor(value.getParentRegion()))
    return false;
  auto key = std::make_pair(value, site);
  if (auto found = known.find(key); found != known.end())
    return found->second;
  // A loop's carried values may depend on themselves.
  known[key] = false;
  bool result = false;
  if (Operation *op = value.getDefiningOp()) {
    result = dependsOn(op, site);
  } else {
    auto argument = cast<BlockArgument>(value);
    Operation *parent = argument.getOwner()->getParentOp();
    unsigned number = argument.getArgNumber();
    if (auto plate = dyn_cast<PlateOp>(parent)) {
      unsigned slices = plate.getSlices().size();
      if (number == 0)
        result = dependsOn(plate.getCount(), site);
      else if (number <= slices)
        result = dependsOn(plate.getSlices()[number - 1], site);
      else
        result =
            dependsOn(plate.getInits()[number - 1 - slices], site) ||
            dependsOn(plate.getYield().getSums()[number - 1 - slices], site);
    } else if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      if (number == 0)
        result = dependsOn(loop.getLowerBound(), site) ||
                 dependsOn(loop.getUpperBound(), site) ||
                 dependsOn(loop.getStep(), site);
      else
        result = dependsOn(loop.getInitArgs()[number - 1], site) ||
                 dependsOn(loop.getYieldedValues()[number - 1], site);
    } else if (parent != expect.getOperation()) {
      // Of other regions (loops, linalg bodies) all that goes in counts.
      result = dependsOn(parent, site);
    }
  }
  known[key] = result;
  return result;
}

/// The one use of a value, or null.
static OpOperand *getSingleUse(Value value) {
  return value.hasOneUse() ? &*value.use_begin() : nullptr;
}

std::optional<Coefficient> DrawDependence::getCoefficient(Value value) {
  Coefficient coefficient;
  while (true) {
    OpOperand *use = getSingleUse(value);
    if (!use)
      return std::nullopt;
    Operation *user = use->getOwner();
    unsigned number = use->getOperandNumber();
    if (isa<arith::AddFOp>(user)) {
      value = user->getResult(0);
    } else if (isa<arith::SubFOp>(user)) {
      coefficient.negative ^= number == 1;
      value = user->getResult(0);
    } else if (isa<arith::NegFOp>(user)) {
      coefficient.negative ^= true;
      value = user->getResult(0);
    } else if (isa<arith::ExtFOp>(user)) {
      value = user->getResult(0);
    } else if (isa<arith::MulFOp>(user)) {
      Value other = user->getOperand(1 - number);
      if (dependsOn(other))
        return std::nullopt;
      coefficient.factors.push_back(other);
      value = user->getResult(0);
    } else if (isa<arith::DivFOp>(user) && number == 0) {
      if (dependsOn(user->getOperand(1)))
        return std::nullopt;
      coefficient.divisors.push_back(user->getOperand(1));
      value = user->getResult(0);
    } else if (auto yield = dyn_cast<YieldOp>(user)) {
      if (yield->getParentOp() == expect.getOperation()) {
        coefficient.result = number;
        return coefficient;
      }
      auto plate = dyn_cast<PlateOp>(yield->getParentOp());
      if (!plate || number >= yield.getSums().size())
        return std::nullopt;
      value = plate.getSums()[number];
    } else if (isa<scf::YieldOp>(user)) {
      auto loop = dyn_cast<scf::ForOp>(user->getParentOp());
      // A carried sum is looked at by the addition of the next member only.
      if (!loop || !loop.getRegionIterArg(number).hasOneUse() ||
          !isa<arith::AddFOp>(
              *loop.getRegionIterArg(number).getUsers().begin()))
        return std::nullopt;
      value = loop.getResult(number);
    } else {
      return std::nullopt;
    }
  }
}

void vi::collectLinearTerms(Value value, function_ref<bool(Value)> isFactor,
                            SmallVectorImpl<LinearTerm> &terms) {
  struct Pending {
    Value value;
    Coefficient coefficient;
  };
  SmallVector<Pending> pending{{value, {}}};
  while (!pending.empty()) {
    auto [current, coefficient] = pending.pop_back_val();
    Operation *op = current.getDefiningOp();
    // A value that is used elsewhere too stays whole.
    if (op && current.hasOneUse()) {
      if (isa<arith::AddFOp>(op)) {
        pending.push_back({op->getOperand(1), coefficient});
        pending.push_back({op->getOperand(0), coefficient});
        continue;
      }
      if (isa<arith::SubFOp>(op)) {
        Coefficient negated = coefficient;
        negated.negative ^= true;
        pending.push_back({op->getOperand(1), negated});
        pending.push_back({op->getOperand(0), coefficient});
        continue;
      }
      if (isa<arith::NegFOp>(op)) {
        coefficient.negative ^= true;
        pending.push_back({op->getOperand(0), coefficient});
        continue;
      }
      if (isa<arith::MulFOp>(op)) {
        unsigned factor = isFactor(op->getOperand(1)) ? 1 : 0;
        if (isFactor(op->getOperand(factor))) {
          coefficient.factors.insert(coefficient.factors.begin(),
                                     op->getOperand(factor));
          pending.push_back({op->getOperand(1 - factor), coefficient});
          continue;
        }
      }
      if (isa<arith::DivFOp>(op) && isFactor(op->getOperand(1))) {
        coefficient.divisors.insert(coefficient.divisors.begin(),
                                    op->getOperand(1));
        pending.push_back({op->getOperand(0), coefficient});
        continue;
      }
    }
    if (!matchPattern(current, m_AnyZeroFloat()))
      terms.push_back({current, coefficient});
  }
}

Value vi::buildLinearSum(OpBuilder &builder, Location loc,
                         ArrayRef<LinearTerm> terms, Value start) {
  Value total = start;
  for (const LinearTerm &term : terms) {
    Value value = term.value;
    for (Value factor : term.coefficient.factors)
      value = arith::MulFOp::create(builder, loc, value, factor);
    for (Value divisor : term.coefficient.divisors)
      value = arith::DivFOp::create(builder, loc, value, divisor);
    if (!total) {
      total = term.coefficient.negative
                  ? arith::NegFOp::create(builder, loc, value).getResult()
                  : value;
    } else if (term.coefficient.negative) {
      total = arith::SubFOp::create(builder, loc, total, value);
    } else {
      total = arith::AddFOp::create(builder, loc, total, value);
    }
  }
  return total;
}
