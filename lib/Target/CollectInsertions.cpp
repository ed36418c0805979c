//===- CollectInsertions.cpp - many insertions of single elements ---------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Target/Passes.h"

#include <map>

namespace vi {
#define GEN_PASS_DEF_COLLECTINSERTIONS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

/// Neighbors that are put into the tensor together; fewer are stored one by
/// one, without an array of their own.
static constexpr size_t minNeighbors = 8;

namespace {

/// A place of a vector: a value (or none) and a constant.
struct Place {
  Value start;
  int64_t offset = 0;
};

/// Insertions into one vector, each into the result of the one before.
class Chain {
public:
  explicit Chain(tensor::InsertOp first) : base(first.getDest()) {}

  /// Takes `insertion` in, where its place has a constant distance from those
  /// before.
  bool add(tensor::InsertOp insertion);
  /// Replaces `extraction`, from the vector as it is after the insertions so
  /// far, where its place has a constant distance from theirs.
  bool forward(tensor::ExtractOp extraction, IRRewriter &rewriter);
  /// Writes the insertions as few operations.
  void rewrite(IRRewriter &rewriter);

private:
  static std::optional<Place> getPlace(ValueRange indices);
  bool isComparable(const Place &place) {
    return insertions.empty() || place.start == start;
  }

  Value base;
  Value start;
  SmallVector<tensor::InsertOp> insertions;
  std::map<int64_t, Value> elements;
};

struct CollectInsertions : vi::impl::CollectInsertionsBase<CollectInsertions> {
  void runOnOperation() override;
};

} // namespace

std::optional<Place> Chain::getPlace(ValueRange indices) {
  if (indices.size() != 1)
    return std::nullopt;
  Value index = indices.front();
  if (std::optional<int64_t> constant = getConstantIntValue(index))
    return Place{Value(), *constant};
  if (auto sum = index.getDefiningOp<arith::AddIOp>())
    if (std::optional<int64_t> constant = getConstantIntValue(sum.getRhs()))
      return Place{sum.getLhs(), *constant};
  return Place{index, 0};
}

bool Chain::add(tensor::InsertOp insertion) {
  std::optional<Place> place = getPlace(insertion.getIndices());
  if (!place || !isComparable(*place))
    return false;
  start = place->start;
  insertions.push_back(insertion);
  elements[place->offset] = insertion.getScalar();
  return true;
}

/// The number that all elements of `tensor` are, if there is one.
static Value getRepeatedNumber(Value tensor) {
  if (auto splat = tensor.getDefiningOp<tensor::SplatOp>())
    return splat.getInput();
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return fill.value();
  return {};
}

bool Chain::forward(tensor::ExtractOp extraction, IRRewriter &rewriter) {
  std::optional<Place> place = getPlace(extraction.getIndices());
  if (!place || !isComparable(*place))
    return false;
  auto known = elements.find(place->offset);
  Value number =
      known == elements.end() ? getRepeatedNumber(base) : known->second;
  if (number)
    rewriter.replaceOp(extraction, number);
  else
    rewriter.modifyOpInPlace(
        extraction, [&] { extraction.getTensorMutable().assign(base); });
  return true;
}

void Chain::rewrite(IRRewriter &rewriter) {
  if (elements.size() < minNeighbors)
    return;
  tensor::InsertOp last = insertions.back();
  rewriter.setInsertionPoint(last);
  Location loc = last.getLoc();
  Type type = last.getScalar().getType();
  auto getIndex = [&](int64_t offset) -> Value {
    Value constant = arith::ConstantIndexOp::create(rewriter, loc, offset);
    return start ? arith::AddIOp::create(rewriter, loc, start, constant)
                 : constant;
  };
  Value tensor = base;
  for (auto begin = elements.begin(); begin != elements.end();) {
    int64_t first = begin->first;
    SmallVector<Value> neighbors;
    auto end = begin;
    for (; end != elements.end() &&
           end->first == first + static_cast<int64_t>(neighbors.size());
         ++end)
      neighbors.push_back(end->second);
    begin = end;
    if (neighbors.size() < minNeighbors) {
      for (auto [number, neighbor] : llvm::enumerate(neighbors))
        tensor = tensor::InsertOp::create(rewriter, loc, neighbor, tensor,
                                          getIndex(first + number));
      continue;
    }
    auto size = static_cast<int64_t>(neighbors.size());
    Value part = tensor::FromElementsOp::create(
        rewriter, loc, RankedTensorType::get({size}, type), neighbors);
    OpFoldResult offset =
        start ? OpFoldResult(getIndex(first)) : rewriter.getIndexAttr(first);
    tensor =
        tensor::InsertSliceOp::create(rewriter, loc, part, tensor, offset,
                                      OpFoldResult(rewriter.getIndexAttr(size)),
                                      OpFoldResult(rewriter.getIndexAttr(1)));
  }
  rewriter.replaceOp(last, tensor);
  insertions.pop_back();
  for (tensor::InsertOp insertion : llvm::reverse(insertions))
    rewriter.eraseOp(insertion);
}

void CollectInsertions::runOnOperation() {
  IRRewriter rewriter(&getContext());
  SmallVector<tensor::InsertOp> candidates;
  getOperation()->walk(
      [&](tensor::InsertOp insertion) { candidates.push_back(insertion); });
  DenseSet<Operation *> visited;
  for (tensor::InsertOp first : candidates) {
    if (!visited.insert(first).second)
      continue;
    Chain chain(first);
    tensor::InsertOp next = first;
    while (next && chain.add(next)) {
      visited.insert(next);
      tensor::InsertOp last = next;
      next = {};
      // A number can replace what is taken from the vector in between; anything
      // else needs the vector itself.
      bool isClosed = true;
      for (Operation *user :
           llvm::make_early_inc_range(last.getResult().getUsers())) {
        auto extraction = dyn_cast<tensor::ExtractOp>(user);
        if (extraction && chain.forward(extraction, rewriter))
          continue;
        auto insertion = dyn_cast<tensor::InsertOp>(user);
        isClosed &= insertion && !next &&
                    insertion.getDest() == last.getResult() &&
                    insertion->getBlock() == first->getBlock();
        next = insertion;
      }
      if (!isClosed)
        next = {};
    }
    chain.rewrite(rewriter);
  }
}
