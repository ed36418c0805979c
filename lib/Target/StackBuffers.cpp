//===- StackBuffers.cpp - buffers without an allocator --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_STACKBUFFERS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

struct StackBuffers : vi::impl::StackBuffersBase<StackBuffers> {
  void runOnOperation() override {
    WalkResult result = getOperation()->walk([&](func::FuncOp func) {
      return !func.isDeclaration() && failed(place(func))
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult place(func::FuncOp func) {
    BufferViewFlowAnalysis aliases(func);
    SmallVector<memref::AllocOp> allocs;
    func.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    llvm::SetVector<Block *> blocks;
    for (memref::AllocOp alloc : allocs) {
      Block *block = alloc->getBlock();
      if (block == &func.getBody().front())
        continue;
      // What the block takes from the stack it gives back in the end.
      for (Value alias : aliases.resolve(alloc))
        for (Operation *user : alias.getUsers())
          if (user == block->getTerminator()) {
            InFlightDiagnostic diag = alloc.emitError(
                "without an allocator, this array would have to outlive the "
                "iteration that computes it");
            diag.attachNote(user->getLoc()) << "it is used after it here";
            return diag;
          }
      blocks.insert(block);
    }
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    for (Block *block : blocks) {
      OpBuilder builder = OpBuilder::atBlockBegin(block);
      Location loc = block->getParentOp()->getLoc();
      Value stack = LLVM::StackSaveOp::create(builder, loc, pointer);
      builder.setInsertionPoint(block->getTerminator());
      LLVM::StackRestoreOp::create(builder, loc, stack);
    }
    func.walk([](memref::DeallocOp dealloc) { dealloc.erase(); });
    for (memref::AllocOp alloc : allocs) {
      OpBuilder builder(alloc);
      auto alloca = memref::AllocaOp::create(
          builder, alloc.getLoc(), alloc.getType(), alloc.getDynamicSizes(),
          alloc.getSymbolOperands(), alloc.getAlignmentAttr());
      alloc.replaceAllUsesWith(alloca.getResult());
      alloc.erase();
    }
    return success();
  }
};

} // namespace
