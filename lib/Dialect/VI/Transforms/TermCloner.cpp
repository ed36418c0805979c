//===- TermCloner.cpp - terms of the density at a given state -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TermCloner.h"

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

static bool isSite(Operation *op) {
  return isa<SampleOp, ObserveOp, FactorOp, DeterministicOp, PredictOp,
             ParamOp>(op);
}

static bool containsSites(Operation *op) {
  return op
      ->walk([&](Operation *nested) {
        return isSite(nested) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

void TermCloner::addTerm(ImplicitLocOpBuilder &b, Value term) {
  terms.push_back(convertFloats(b, b.getLoc(), term, type));
}

void TermCloner::addDensity(ImplicitLocOpBuilder &b, Value distribution,
                            Value value, Value mask) {
  FloatType precision = type;
  if (auto family = distribution.getDefiningOp<DistributionOpInterface>())
    precision = family.getFloatType();
  addTerm(b, LogProbOp::create(b, precision, distribution, value, mask));
}

Value TermCloner::getTotal(ImplicitLocOpBuilder &b) {
  Value total;
  for (Value term : terms)
    total = total ? arith::AddFOp::create(b, total, term) : term;
  return total ? total : floatConstant(b, type, 0.0);
}

LogicalResult TermCloner::cloneBlock(ImplicitLocOpBuilder &b, Block &block,
                                     IRMapping &mapping) {
  ++depth;
  for (Operation &op : block.without_terminator())
    if (failed(clone(b, &op, mapping)))
      return failure();
  --depth;
  return success();
}

LogicalResult TermCloner::clone(ImplicitLocOpBuilder &b, Operation *op,
                                IRMapping &mapping) {
  Location before = b.getLoc();
  b.setLoc(op->getLoc());
  LogicalResult result =
      llvm::TypeSwitch<Operation *, LogicalResult>(op)
          .Case([&](SampleOp site) -> LogicalResult {
            if (takesTerm(site))
              addDensity(b, mapping.lookupOrDefault(site.getDistribution()),
                         mapping.lookupOrDefault(site.getValue()));
            if (depth > 0 && !mapping.contains(site.getValue()))
              return site.emitError("latent site '")
                     << site.getName()
                     << "' stands beside terms that depend on a site which is "
                        "summed out outside of this "
                     << (isa<PlateOp>(site->getParentOp()) ? "plate" : "loop")
                     << "; put it into a plate or loop of its own, and use "
                        "its values here";
            return success();
          })
          .Case([&](ObserveOp site) {
            if (!takesTerm(site))
              return success();
            Value mask;
            if (site.getMask())
              mask = mapping.lookupOrDefault(site.getMask());
            addDensity(b, mapping.lookupOrDefault(site.getDistribution()),
                       mapping.lookupOrDefault(site.getValue()), mask);
            return success();
          })
          .Case([&](FactorOp site) {
            if (takesTerm(site))
              addTerm(b, mapping.lookupOrDefault(site.getLogDensity()));
            return success();
          })
          // Reports are no terms, and parameters are the model's.
          .Case<DeterministicOp, PredictOp, ParamOp>(
              [](Operation *) { return success(); })
          .Default([&](Operation *other) -> LogicalResult {
            if (!containsSites(other)) {
              b.clone(*other, mapping);
              return success();
            }
            return llvm::TypeSwitch<Operation *, LogicalResult>(other)
                .Case([&](PlateOp plate) {
                  return clonePlate(b, plate, mapping);
                })
                .Case([&](scf::ForOp loop) {
                  return cloneLoop(b, loop, mapping);
                })
                .Case([&](scf::IfOp branch) {
                  return cloneBranch(b, branch, mapping);
                })
                .Default([](Operation *unknown) {
                  return unknown->emitError("sites may stand in plates, "
                                            "scf.for and scf.if, not in ")
                         << unknown->getName();
                });
          });
  b.setLoc(before);
  return result;
}

LogicalResult TermCloner::clonePlate(ImplicitLocOpBuilder &b, PlateOp plate,
                                     IRMapping &mapping) {
  auto lookup = [&](Value value) {
    return value ? mapping.lookupOrDefault(value) : Value();
  };
  SmallVector<Value> slices = llvm::map_to_vector(plate.getSlices(), lookup);
  SmallVector<Value> inits = llvm::map_to_vector(plate.getInits(), lookup);
  inits.push_back(floatConstant(b, type, 0.0));
  auto copy = PlateOp::create(b, (plate.getName() + suffix).str(),
                              lookup(plate.getCount()),
                              lookup(plate.getBegin()), lookup(plate.getEnd()),
                              slices, inits, plate.getStacks().getTypes());
  mapping.map(plate.getBlock()->getArguments(),
              copy.getBlock()->getArguments().drop_back());
  SmallVector<Value> outer = std::move(terms);
  terms.clear();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(copy.getBlock());
    if (failed(cloneBlock(b, *plate.getBlock(), mapping)))
      return failure();
    YieldOp yield = plate.getYield();
    SmallVector<Value> sums = llvm::map_to_vector(yield.getSums(), lookup);
    terms.insert(terms.begin(), copy.getSumArguments().back());
    sums.push_back(getTotal(b));
    YieldOp::create(b, sums, llvm::map_to_vector(yield.getValues(), lookup));
  }
  terms = std::move(outer);
  terms.push_back(copy.getSums().back());
  mapping.map(plate.getSums(), copy.getSums().drop_back());
  mapping.map(plate.getStacks(), copy.getStacks());
  return success();
}

LogicalResult TermCloner::cloneLoop(ImplicitLocOpBuilder &b, scf::ForOp loop,
                                    IRMapping &mapping) {
  auto lookup = [&](Value value) { return mapping.lookupOrDefault(value); };
  SmallVector<Value> inits = llvm::map_to_vector(loop.getInitArgs(), lookup);
  inits.push_back(floatConstant(b, type, 0.0));
  auto copy = scf::ForOp::create(b, lookup(loop.getLowerBound()),
                                 lookup(loop.getUpperBound()),
                                 lookup(loop.getStep()), inits);
  mapping.map(loop.getBody()->getArguments(),
              copy.getBody()->getArguments().drop_back());
  SmallVector<Value> outer = std::move(terms);
  terms.clear();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(copy.getBody());
    if (failed(cloneBlock(b, *loop.getBody(), mapping)))
      return failure();
    SmallVector<Value> yielded =
        llvm::map_to_vector(loop.getYieldedValues(), lookup);
    terms.insert(terms.begin(), copy.getRegionIterArgs().back());
    yielded.push_back(getTotal(b));
    scf::YieldOp::create(b, yielded);
  }
  terms = std::move(outer);
  terms.push_back(copy.getResults().back());
  mapping.map(loop.getResults(), copy.getResults().drop_back());
  return success();
}

LogicalResult TermCloner::cloneBranch(ImplicitLocOpBuilder &b, scf::IfOp branch,
                                      IRMapping &mapping) {
  SmallVector<Type> types(branch.getResultTypes());
  types.push_back(type);
  auto copy = scf::IfOp::create(b, types,
                                mapping.lookupOrDefault(branch.getCondition()),
                                /*addThenBlock=*/true, /*addElseBlock=*/true);
  SmallVector<Value> outer = std::move(terms);
  for (auto [region, into] :
       llvm::zip(branch->getRegions(), copy->getRegions())) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&into.front());
    terms.clear();
    SmallVector<Value> yielded;
    if (!region.empty()) {
      if (failed(cloneBlock(b, region.front(), mapping)))
        return failure();
      for (Value value : region.front().getTerminator()->getOperands())
        yielded.push_back(mapping.lookupOrDefault(value));
    }
    yielded.push_back(getTotal(b));
    scf::YieldOp::create(b, yielded);
  }
  terms = std::move(outer);
  terms.push_back(copy.getResults().back());
  mapping.map(branch.getResults(), copy.getResults().drop_back());
  return success();
}
