//===- PlaceBuffers.cpp - small buffers on the stack ----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_PLACEBUFFERS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// A function takes the stack of so many of the largest small buffers at most.
constexpr int64_t maxBuffers = 16;

struct PlaceBuffers : vi::impl::PlaceBuffersBase<PlaceBuffers> {
  using Base::Base;

  void runOnOperation() override {
    getOperation()->walk([&](func::FuncOp func) {
      if (!func.isDeclaration())
        place(func);
    });
  }

  /// The size of a buffer; none where it is not known or not small.
  std::optional<int64_t> getSmallSize(MemRefType type) {
    if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
        !type.getElementType().isIntOrIndexOrFloat())
      return std::nullopt;
    int64_t element = type.getElementType().isIndex()
                          ? 8
                          : llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    int64_t count = type.getNumElements();
    if (count > maxBytes / element)
      return std::nullopt;
    return count * element;
  }

  void place(func::FuncOp func) {
    BufferViewFlowAnalysis aliases(func);
    SmallVector<memref::AllocOp> small;
    int64_t budget = maxBuffers * maxBytes;
    func.walk([&](memref::AllocOp alloc) {
      std::optional<int64_t> bytes = getSmallSize(alloc.getType());
      if (!bytes || *bytes > budget)
        return;
      // No alias may leave the block in which the buffer is born: the buffer of
      // one iteration must not be read when the next one fills it again. Nor
      // may it be freed other than by its own dealloc, which goes.
      for (Value alias : aliases.resolve(alloc))
        for (Operation *user : alias.getUsers())
          if ((user->hasTrait<OpTrait::IsTerminator>() &&
               user->getParentRegion() == alloc->getParentRegion()) ||
              (hasEffect<MemoryEffects::Free>(user, alias) &&
               (alias != alloc || !isa<memref::DeallocOp>(user))))
            return;
      budget -= *bytes;
      small.push_back(alloc);
    });
    for (memref::AllocOp alloc : small) {
      OpBuilder builder(&func.getBody().front(),
                        func.getBody().front().begin());
      auto alloca = memref::AllocaOp::create(
          builder, alloc.getLoc(), alloc.getType(), alloc.getAlignmentAttr());
      for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      alloc.replaceAllUsesWith(alloca.getResult());
      alloc.erase();
    }
  }
};

} // namespace
