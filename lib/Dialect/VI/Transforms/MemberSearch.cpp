//===- MemberSearch.cpp - a check for each member of plates and loops -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemberSearch.h"

#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

/// The number of loops that a repetition is.
static unsigned getLoopCount(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.getNumLoops();
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return generate.getType().getRank();
  return isa<PlateOp, scf::ForOp>(op) ? 1 : 0;
}

SmallVector<std::string> MemberSearch::describeMembers() const {
  SmallVector<std::string> text;
  // The numbers are those of the outermost members first.
  unsigned first = 2;
  for (Operation *op : nest)
    first += getLoopCount(op);
  for (Operation *op : llvm::reverse(nest)) {
    unsigned loops = getLoopCount(op);
    first -= loops;
    for (unsigned loop = 0; loop < loops; ++loop) {
      std::string place = "{" + std::to_string(first + loop) + "}";
      if (auto plate = dyn_cast<PlateOp>(op))
        text.push_back("member " + place + " of plate '" +
                       plate.getName().str() + "'");
      else if (isa<scf::ForOp>(op))
        text.push_back("iteration " + place + " of the loop");
      else
        text.push_back(
            "element " + place +
            (loops > 1 ? " along dimension " + std::to_string(loop) : ""));
    }
  }
  return text;
}

SmallVector<Value> MemberSearch::emitLoops(ArrayRef<Value> counts,
                                           ArrayRef<Value> found,
                                           SmallVector<Value> indices,
                                           Body body) {
  if (counts.empty())
    return body(indices, found);
  auto loop = scf::ForOp::create(builder, loc, getIndex(0), counts.front(),
                                 getIndex(1), found);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(loop.getBody());
  indices.push_back(loop.getInductionVar());
  SmallVector<Value> before(loop.getRegionIterArgs().begin(),
                            loop.getRegionIterArgs().end());
  SmallVector<Value> next =
      emitLoops(counts.drop_front(), before, indices, body);
  if (next.empty()) {
    loop.erase();
    return next;
  }
  scf::YieldOp::create(builder, loc, next);
  return loop.getResults();
}

SmallVector<Value>
MemberSearch::emitBranch(Value condition, ArrayRef<Value> found,
                         function_ref<SmallVector<Value>()> body) {
  auto branch = scf::IfOp::create(
      builder, loc, SmallVector<Type>(found.size(), builder.getIndexType()),
      condition, /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(branch.elseBlock());
  scf::YieldOp::create(builder, loc, found);
  builder.setInsertionPointToEnd(branch.thenBlock());
  SmallVector<Value> next = body();
  if (next.empty()) {
    branch.erase();
    return next;
  }
  scf::YieldOp::create(builder, loc, next);
  return branch.getResults();
}

SmallVector<Value> MemberSearch::emitLevel(unsigned depth, IRMapping &mapping,
                                           SmallVector<Value> members,
                                           ArrayRef<Value> found,
                                           NumbersBuilder build) {
  if (depth == nest.size()) {
    auto [left, right] = build(mapping);
    if (!left || !right)
      return {};
    Value before =
        arith::CmpIOp::create(builder, loc, violation, found[0], found[1]);
    SmallVector<Value> here{left, right}, next;
    for (Value member : members)
      here.push_back(arith::AddIOp::create(builder, loc, member, getIndex(1)));
    Value one = arith::CmpIOp::create(builder, loc, violation, left, right);
    Value takes = arith::AndIOp::create(
        builder, loc, one,
        arith::XOrIOp::create(builder, loc, before,
                              arith::ConstantIntOp::create(builder, loc, 1,
                                                           /*width=*/1)));
    for (auto [now, old] : llvm::zip_equal(here, found))
      next.push_back(arith::SelectOp::create(builder, loc, takes, now, old));
    return next;
  }

  Operation *op = nest[depth];
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    Value condition = buildSize(builder, branch.getCondition(), mapping);
    if (!condition)
      return {};
    if (path[depth + 1]->getParentRegion() == &branch.getElseRegion())
      condition = arith::XOrIOp::create(
          builder, loc, condition,
          arith::ConstantIntOp::create(builder, loc, 1, /*width=*/1));
    return emitBranch(condition, found, [&] {
      IRMapping inside = mapping;
      return emitLevel(depth + 1, inside, members, found, build);
    });
  }

  // The sizes of a repetition, and what its region's arguments are at indices.
  SmallVector<Value> counts;
  if (isa<PlateOp, scf::ForOp>(op)) {
    counts.push_back(buildRepetitionCount(builder, op, mapping));
  } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
    for (int64_t dim = 0; dim < generate.getType().getRank(); ++dim)
      counts.push_back(
          buildDimension(builder, generate.getResult(), dim, mapping));
  } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    for (unsigned loop = 0; loop < linalgOp.getNumLoops(); ++loop) {
      Value size;
      for (OpOperand &operand : linalgOp->getOpOperands()) {
        if (size || !isa<RankedTensorType>(operand.get().getType()))
          continue;
        AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
        for (auto [position, expr] : llvm::enumerate(map.getResults()))
          if (expr == builder.getAffineDimExpr(loop) && !size)
            size = buildDimension(builder, operand.get(), position, mapping);
      }
      counts.push_back(size);
    }
  }
  if (counts.empty() || llvm::is_contained(counts, Value()))
    return {};
  auto extract = [&](Value source, ArrayRef<Value> indices) -> Value {
    // One element, or the slice at an index of the leading dimension.
    auto type = cast<RankedTensorType>(source.getType());
    if (type.getRank() == static_cast<int64_t>(indices.size()))
      return tensor::ExtractOp::create(builder, loc, source, indices);
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
        sizes, strides(type.getRank(), builder.getIndexAttr(1));
    offsets[0] = indices.front();
    sizes.push_back(builder.getIndexAttr(1));
    for (int64_t dim = 1; dim < type.getRank(); ++dim)
      sizes.push_back(tensor::getMixedSize(builder, loc, source, dim));
    return tensor::ExtractSliceOp::create(
        builder, loc, cast<RankedTensorType>(PlateOp::getMemberType(type)),
        source, offsets, sizes, strides);
  };
  return emitLoops(
      counts, found, {}, [&](ArrayRef<Value> indices, ArrayRef<Value> before) {
        IRMapping inside = mapping;
        SmallVector<Value> all(members);
        llvm::append_range(all, indices);
        if (auto plate = dyn_cast<PlateOp>(op)) {
          inside.map(plate.getIndex(), indices.front());
          for (auto [slice, argument] :
               llvm::zip(plate.getSlices(), plate.getMemberArguments()))
            if (!argument.use_empty())
              if (Value source = buildSize(builder, slice, inside))
                inside.map(argument, extract(source, indices));
        } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
          Value lower = buildSize(builder, loop.getLowerBound(), inside);
          Value step = buildSize(builder, loop.getStep(), inside);
          Value number = indices.front();
          if (!lower.getType().isIndex())
            number = arith::IndexCastOp::create(builder, loc, lower.getType(),
                                                number);
          inside.map(loop.getInductionVar(),
                     arith::AddIOp::create(
                         builder, loc, lower,
                         arith::MulIOp::create(builder, loc, number, step)));
        } else if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
          inside.map(generate.getBody().getArguments(), indices);
        } else {
          auto linalgOp = cast<linalg::LinalgOp>(op);
          Block *body = linalgOp.getBlock();
          for (auto position : body->getOps<linalg::IndexOp>())
            inside.map(position.getResult(), indices[position.getDim()]);
          for (OpOperand &operand : linalgOp->getOpOperands()) {
            Value argument = linalgOp.getMatchingBlockArgument(&operand);
            Value source = argument.use_empty()
                               ? Value()
                               : buildSize(builder, operand.get(), inside);
            if (!source)
              continue;
            SmallVector<Value> at;
            for (AffineExpr expr :
                 linalgOp.getMatchingIndexingMap(&operand).getResults())
              if (auto dim = dyn_cast<AffineDimExpr>(expr))
                at.push_back(indices[dim.getPosition()]);
            if (auto type = dyn_cast<RankedTensorType>(source.getType());
                type && type.getRank() == static_cast<int64_t>(at.size()))
              inside.map(argument,
                         tensor::ExtractOp::create(builder, loc, source, at));
            else if (!type)
              inside.map(argument, source);
          }
        }
        return emitLevel(depth + 1, inside, all, before, build);
      });
}

std::optional<SmallVector<Value>> MemberSearch::emit(const IRMapping &mapping,
                                                     Value enabled,
                                                     NumbersBuilder build) {
  unsigned repetitions = 0;
  for (Operation *op : nest)
    repetitions += getLoopCount(op);
  // Numbers that are in order.
  using Predicate = arith::CmpIPredicate;
  SmallVector<Value> found{getIndex(0),
                           getIndex(violation == Predicate::uge ? 1 : 0)};
  found.append(repetitions, found[0]);
  SmallVector<Value> result = emitBranch(enabled, found, [&] {
    IRMapping inside = mapping;
    return emitLevel(0, inside, {}, found, build);
  });
  if (result.empty())
    return std::nullopt;
  return result;
}
