//===- Unconstrain.cpp - latent sites on the real line -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"

namespace vi {
#define GEN_PASS_DEF_UNCONSTRAIN
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct Unconstrain : vi::impl::UnconstrainBase<Unconstrain> {
  void runOnOperation() override;
};
} // namespace

/// Moves a site to the unconstrained scale of a support.
static void moveSite(SampleOp site, SupportKind kind, ValueRange bounds,
                     bool report) {
  OpBuilder builder(site);
  Location loc = site.getLoc();
  Type constrained = site.getValue().getType();
  Type over = cast<DistType>(site.getDistribution().getType()).getValueType();
  Value pullback = PullbackOp::create(
      builder, loc,
      DistType::get(site.getContext(), getUnconstrainedType(kind, over)), kind,
      site.getDistribution(), bounds);
  auto moved = SampleOp::create(
      builder, loc, getUnconstrainedType(kind, constrained),
      builder.getStringAttr(site.getName() + getUnconstrainedSuffix()),
      site.getAuxiliaryAttr(), pullback, site.getSizes());
  moved->setDiscardableAttrs(site->getDiscardableAttrDictionary());
  Value value = ConstrainOp::create(builder, loc, constrained, kind,
                                    moved.getValue(), bounds);
  if (report)
    DeterministicOp::create(builder, loc, site.getNameAttr(),
                            builder.getUnitAttr(), value);
  site.getValue().replaceAllUsesWith(value);
  site.erase();
}

void Unconstrain::runOnOperation() {
  // Guides by model.
  llvm::DenseMap<StringAttr, SmallVector<GuideOp>> guides;
  for (auto guide : getOperation().getOps<GuideOp>())
    guides[guide.getModelAttr().getAttr()].push_back(guide);

  for (auto model :
       llvm::make_early_inc_range(getOperation().getOps<ModelOp>())) {
    SmallVector<SampleOp> sites;
    model.getBody().walk([&](SampleOp site) { sites.push_back(site); });
    for (SampleOp site : sites) {
      auto prior =
          site.getDistribution().getDefiningOp<DistributionOpInterface>();
      if (!prior) {
        site.emitOpError("has no known distribution");
        return signalPassFailure();
      }
      Support support = prior.getSupport();
      if (support.kind == SupportKind::Real || !getBijector(support.kind))
        continue;
      for (GuideOp guide : guides[model.getSymNameAttr()]) {
        LogicalResult moved = success();
        WalkResult result = guide.getBody().walk([&](SampleOp sample) {
          if (sample.getName() != site.getName())
            return WalkResult::advance();
          OpBuilder builder(sample);
          IRMapping mapping;
          mapping.map(model.getBody().getArguments(),
                      guide.getBody().getArguments());
          SmallVector<Value> bounds;
          for (Value bound : support.bounds) {
            Value copy = buildSize(builder, bound, mapping);
            if (!copy) {
              sample.emitError("the bounds of '")
                  << site.getName()
                  << "' depend on more than the data; a guide written by hand "
                     "cannot follow them";
              moved = failure();
              return WalkResult::interrupt();
            }
            bounds.push_back(copy);
          }
          moveSite(sample, support.kind, bounds, /*report=*/false);
          return WalkResult::interrupt();
        });
        if (result.wasInterrupted() && failed(moved))
          return signalPassFailure();
      }
      moveSite(site, support.kind, support.bounds, /*report=*/true);
    }
  }
}
