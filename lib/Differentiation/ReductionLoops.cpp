//===- ReductionLoops.cpp - reductions as loops over scalars -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputUse.h"
#include "ReverseSweep.h"
#include "Simplification.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace vi;

/// Whether the adjoint of a generic has no form for how it reduces.
static bool needsLoops(linalg::GenericOp op, const ActivityAnalysis &activity) {
  if (!op.hasPureTensorSemantics())
    return false;
  // A body that gathers has rules for sums alone.
  bool gathers = !activity.getActiveCaptures(op.getRegion()).empty();
  return llvm::any_of(op->getResults(), [&](OpResult result) {
    unsigned number = result.getResultNumber();
    OpOperand *init = op.getDpsInitOperand(number);
    if (!activity.isActive(result) ||
        op.getMatchingIndexingMap(init).isPermutation())
      return false;
    switch (getOutputUse(op, number)) {
    case OutputUse::Sum:
      return false;
    case OutputUse::Extremum:
      return gathers || activity.isActive(init->get());
    case OutputUse::Overwrite:
    case OutputUse::Other:
      return true;
    }
    llvm_unreachable("unknown use of an output");
  });
}

static void toLoops(linalg::GenericOp op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned inputs = op.getNumDpsInputs();

  // Parallel loops outside, so that inner ones carry an element's scalar.
  SmallVector<Value> zeros, sizes, ones;
  SmallVector<unsigned> order;
  SmallVector<Range> ranges =
      cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(rewriter, loc);
  unsigned parallel = 0;
  for (bool reduces : {false, true}) {
    for (auto [dim, range] : llvm::enumerate(ranges)) {
      if ((iterators[dim] == utils::IteratorType::reduction) != reduces)
        continue;
      order.push_back(dim);
      auto valueOf = [&](OpFoldResult value) {
        return getValueOrCreateConstantIndexOp(rewriter, loc, value);
      };
      zeros.push_back(valueOf(range.offset));
      sizes.push_back(valueOf(range.size));
      ones.push_back(valueOf(range.stride));
    }
    if (!reduces)
      parallel = order.size();
  }

  SmallVector<Value> indices(ranges.size());
  auto setIndices = [&](ValueRange loops, unsigned first) {
    for (auto [number, loop] : llvm::enumerate(loops))
      indices[order[first + number]] = loop;
  };
  auto getIndices = [&](OpBuilder &b, AffineMap map) {
    return llvm::map_to_vector(map.getResults(), [&](AffineExpr expression) {
      return affine::expandAffineExpr(b, loc, expression, indices,
                                      ValueRange());
    });
  };
  SmallVector<Value> inits(op.getDpsInits());
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  llvm::fill(indices, zero);
  scf::LoopNest nest = scf::buildLoopNest(
      rewriter, loc, ArrayRef(zeros).take_front(parallel),
      ArrayRef(sizes).take_front(parallel), ArrayRef(ones).take_front(parallel),
      inits,
      [&](OpBuilder &outer, Location, ValueRange loops,
          ValueRange tensors) -> scf::ValueVector {
        setIndices(loops, 0);
        // Each element is met once: its initial value is that of the operand.
        SmallVector<Value> scalars;
        for (auto [init, map] :
             llvm::zip(inits, ArrayRef(maps).drop_front(inputs)))
          scalars.push_back(tensor::ExtractOp::create(outer, loc, init,
                                                      getIndices(outer, map)));
        scf::LoopNest reduction = scf::buildLoopNest(
            outer, loc, ArrayRef(zeros).drop_front(parallel),
            ArrayRef(sizes).drop_front(parallel),
            ArrayRef(ones).drop_front(parallel), scalars,
            [&](OpBuilder &inner, Location, ValueRange reduced,
                ValueRange carried) -> scf::ValueVector {
              setIndices(reduced, parallel);
              IRMapping mapping;
              for (auto [argument, operand, map] : llvm::zip(
                       op.getRegionInputArgs(), op.getDpsInputs(), maps)) {
                if (argument.use_empty())
                  continue;
                mapping.map(argument, isa<RankedTensorType>(operand.getType())
                                          ? tensor::ExtractOp::create(
                                                inner, loc, operand,
                                                getIndices(inner, map))
                                                .getResult()
                                          : operand);
              }
              mapping.map(op.getRegionOutputArgs(), carried);
              for (Operation &each : op.getBlock()->without_terminator()) {
                if (auto index = dyn_cast<linalg::IndexOp>(each))
                  mapping.map(index.getResult(), indices[index.getDim()]);
                else
                  inner.clone(each, mapping);
              }
              return llvm::map_to_vector(
                  op.getBlock()->getTerminator()->getOperands(),
                  [&](Value value) { return mapping.lookupOrDefault(value); });
            });
        SmallVector<Value> next;
        for (auto [total, scalar, map] : llvm::zip(
                 tensors, reduction.results, ArrayRef(maps).drop_front(inputs)))
          next.push_back(tensor::InsertOp::create(outer, loc, scalar, total,
                                                  getIndices(outer, map)));
        return next;
      });
  rewriter.replaceOp(op, nest.results);
}

void vi::reductionsToLoops(func::FuncOp function,
                           const ActivityAnalysis &activity) {
  SmallVector<linalg::GenericOp> reductions;
  function.walk([&](linalg::GenericOp op) {
    if (needsLoops(op, activity))
      reductions.push_back(op);
  });
  IRRewriter rewriter(function.getContext());
  for (linalg::GenericOp op : reductions)
    toLoops(op, rewriter);
}
