//===- LowerBooleanVectors.cpp - vectors of booleans in memory ------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_LOWERBOOLEANVECTORS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// The buffer of an access whose elements are booleans, one after the other;
/// null for any other access.
TypedValue<MemRefType> getBooleans(VectorTransferOpInterface access) {
  auto buffer = dyn_cast<TypedValue<MemRefType>>(access.getBase());
  if (!buffer || !buffer.getType().getElementType().isInteger(1) ||
      access.getVectorType().getRank() != 1 || access.getMask() ||
      !access.getPermutationMap().isMinorIdentity() ||
      access.hasOutOfBoundsDim())
    return {};
  return buffer;
}

/// The address of the element at `indices`.
Value getAddress(ImplicitLocOpBuilder &builder, TypedValue<MemRefType> buffer,
                 ValueRange indices) {
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, Value(buffer));
  Value linear = metadata.getOffset();
  for (auto [index, stride] : llvm::zip(indices, metadata.getStrides())) {
    Value part = arith::MulIOp::create(builder, index, Value(stride));
    linear = arith::AddIOp::create(builder, linear, part);
  }
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(
      builder, buffer.getLoc(), Value(buffer));
  Type integer = builder.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address = arith::IndexCastOp::create(builder, integer, start);
  Value base = LLVM::IntToPtrOp::create(builder, pointer, address);
  Value offset = arith::IndexCastOp::create(builder, integer, linear);
  return LLVM::GEPOp::create(builder, pointer, builder.getI8Type(), base,
                             ValueRange{offset});
}

struct LowerBooleanVectors
    : vi::impl::LowerBooleanVectorsBase<LowerBooleanVectors> {
  void runOnOperation() override {
    getOperation()->walk([](VectorTransferOpInterface access) {
      TypedValue<MemRefType> buffer = getBooleans(access);
      if (!buffer)
        return;
      ImplicitLocOpBuilder builder(access.getLoc(), access);
      VectorType bits = access.getVectorType();
      VectorType bytes = bits.clone(builder.getI8Type());
      bool unitStride = buffer.getType().isLastDimUnitStride();
      SmallVector<Value> indices(access.getIndices());
      Operation *op = access;
      if (auto read = dyn_cast<vector::TransferReadOp>(op)) {
        Value result;
        if (unitStride) {
          Value address = getAddress(builder, buffer, indices);
          Value loaded = LLVM::LoadOp::create(builder, bytes, address,
                                              /*alignment=*/1);
          Value zero =
              arith::ConstantOp::create(builder, builder.getZeroAttr(bytes));
          result = arith::CmpIOp::create(builder, arith::CmpIPredicate::ne,
                                         loaded, zero);
        } else {
          SmallVector<Value> elements;
          for (int64_t lane = 0; lane < bits.getNumElements(); ++lane) {
            SmallVector<Value> at(indices);
            Value step = arith::ConstantIndexOp::create(builder, lane);
            at.back() = arith::AddIOp::create(builder, at.back(), step);
            elements.push_back(memref::LoadOp::create(builder, buffer, at));
          }
          result = vector::FromElementsOp::create(builder, bits, elements);
        }
        read.replaceAllUsesWith(result);
        read.erase();
        return;
      }
      auto write = cast<vector::TransferWriteOp>(op);
      if (!unitStride)
        return;
      Value address = getAddress(builder, buffer, indices);
      Value extended =
          arith::ExtUIOp::create(builder, bytes, write.getValueToStore());
      LLVM::StoreOp::create(builder, extended, address, /*alignment=*/1);
      write.erase();
    });
  }
};

} // namespace
