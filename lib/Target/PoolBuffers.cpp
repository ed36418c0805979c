//===- PoolBuffers.cpp - one allocation for the buffers of a block --------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "vi/Target/Passes.h"

#include <tuple>

namespace vi {
#define GEN_PASS_DEF_POOLBUFFERS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// A cache line; no two buffers share one.
constexpr int64_t lineBytes = 64;

/// A buffer and the operations of its block, by number, during which it holds
/// something.
struct Buffer {
  memref::AllocOp alloc;
  int64_t bytes;
  int64_t first, last;
  int64_t offset = 0;

  bool livesWith(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct PoolBuffers : vi::impl::PoolBuffersBase<PoolBuffers> {
  void runOnOperation() override {
    getOperation()->walk([&](func::FuncOp func) {
      if (func.isDeclaration())
        return;
      BufferViewFlowAnalysis aliases(func);
      llvm::MapVector<Block *, SmallVector<memref::AllocOp>> blocks;
      func.walk([&](memref::AllocOp alloc) {
        blocks[alloc->getBlock()].push_back(alloc);
      });
      for (auto &[block, allocs] : blocks)
        pool(*block, allocs, aliases);
    });
  }

  void pool(Block &block, ArrayRef<memref::AllocOp> allocs,
            BufferViewFlowAnalysis &aliases);
  std::optional<Buffer> analyze(memref::AllocOp alloc,
                                BufferViewFlowAnalysis &aliases);

  /// The places of the operations of the block at hand.
  llvm::DenseMap<Operation *, int64_t> numbers;
};

} // namespace

/// Whether what `op` makes of a buffer is known: an alias that the analysis
/// sees, or none.
static bool isUnderstood(Operation *op) {
  if (isa<ViewLikeOpInterface, RegionBranchOpInterface, BranchOpInterface,
          RegionBranchTerminatorOpInterface, arith::SelectOp>(op))
    return true;
  return llvm::none_of(op->getResultTypes(), [](Type type) {
    return !type.isIntOrIndexOrFloat() && !isa<VectorType>(type);
  });
}

std::optional<Buffer> PoolBuffers::analyze(memref::AllocOp alloc,
                                           BufferViewFlowAnalysis &aliases) {
  MemRefType type = alloc.getType();
  Type element = type.getElementType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      type.getMemorySpace() || !element.isIntOrIndexOrFloat())
    return std::nullopt;
  int64_t elementBytes =
      element.isIndex() ? 8
                        : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  Buffer buffer{alloc, 0, std::numeric_limits<int64_t>::max(), -1};
  if (llvm::MulOverflow(type.getNumElements(), elementBytes, buffer.bytes))
    return std::nullopt;
  Block *block = alloc->getBlock();
  bool isFreed = false, isEscaping = false;
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers()) {
      if (alias == alloc && isa<memref::DeallocOp>(user) &&
          user->getBlock() == block) {
        isFreed = true;
        continue;
      }
      if (hasEffect<MemoryEffects::Free>(user, alias) ||
          user == block->getTerminator())
        return std::nullopt;
      isEscaping |= !isUnderstood(user) ||
                    isa<memref::ExtractAlignedPointerAsIndexOp>(user);
      // An alias holds nothing by itself.
      if (isa<ViewLikeOpInterface, memref::DimOp>(user))
        continue;
      int64_t number = numbers.lookup(block->findAncestorOpInBlock(*user));
      buffer.first = std::min(buffer.first, number);
      buffer.last = std::max(buffer.last, number);
    }
  if (!isFreed)
    return std::nullopt;
  if (isEscaping) {
    buffer.first = 0;
    buffer.last = numbers.size();
  }
  return buffer;
}

void PoolBuffers::pool(Block &block, ArrayRef<memref::AllocOp> allocs,
                       BufferViewFlowAnalysis &aliases) {
  numbers.clear();
  for (Operation &op : block)
    numbers.try_emplace(&op, numbers.size());
  SmallVector<Buffer> buffers;
  for (memref::AllocOp alloc : allocs)
    if (std::optional<Buffer> buffer = analyze(alloc, aliases))
      buffers.push_back(*buffer);
  if (buffers.size() < 2)
    return;

  // The largest first, each at the lowest place that is free as long as it
  // lives.
  SmallVector<Buffer *> order;
  for (Buffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](Buffer *a, Buffer *b) {
    // Addresses are the order in the block.
    return std::tie(b->bytes, a) < std::tie(a->bytes, b);
  });
  int64_t total = 0;
  SmallVector<Buffer *> placed;
  for (Buffer *buffer : order) {
    // By offset, so that the first gap is found.
    for (Buffer *other : placed)
      if (buffer->livesWith(*other) &&
          buffer->offset < other->offset + other->bytes &&
          other->offset < buffer->offset + buffer->bytes)
        buffer->offset = llvm::alignTo(other->offset + other->bytes, lineBytes);
    total = std::max(total, buffer->offset + buffer->bytes);
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](Buffer *a, Buffer *b) {
                                      return a->offset < b->offset;
                                    }),
                  buffer);
  }

  memref::AllocOp first = buffers.front().alloc;
  for (Buffer &buffer : buffers)
    if (buffer.alloc->isBeforeInBlock(first))
      first = buffer.alloc;
  OpBuilder builder(first);
  auto type = MemRefType::get({total}, builder.getI8Type());
  auto memory = memref::AllocOp::create(builder, first.getLoc(), type,
                                        builder.getI64IntegerAttr(lineBytes));
  OpBuilder end(block.getTerminator());
  memref::DeallocOp::create(end, first.getLoc(), memory);
  for (Buffer &buffer : buffers) {
    Location loc = buffer.alloc.getLoc();
    for (Operation *user : llvm::make_early_inc_range(buffer.alloc->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    OpBuilder before(buffer.alloc);
    Value offset = arith::ConstantIndexOp::create(before, loc, buffer.offset);
    auto view = memref::ViewOp::create(before, loc, buffer.alloc.getType(),
                                       memory, offset, ValueRange());
    buffer.alloc.replaceAllUsesWith(view.getResult());
    buffer.alloc.erase();
  }
}
