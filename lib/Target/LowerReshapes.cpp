//===- LowerReshapes.cpp - one dimension as several ----------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_LOWERRESHAPES
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// Whether one dimension becomes several of which more than one is dynamic.
bool hasDynamicGroup(memref::ExpandShapeOp expand) {
  MemRefType type = expand.getResultType();
  return llvm::any_of(expand.getReassociationIndices(),
                      [&](ArrayRef<int64_t> group) {
                        return llvm::count_if(group, [&](int64_t dimension) {
                                 return type.isDynamicDim(dimension);
                               }) > 1;
                      });
}

/// The same memory with the result's sizes, and the strides that follow.
void lower(memref::ExpandShapeOp expand) {
  OpBuilder builder(expand);
  Location loc = expand.getLoc();
  MemRefType type = expand.getResultType();
  int64_t staticOffset;
  SmallVector<int64_t> staticStrides;
  if (failed(type.getStridesAndOffset(staticStrides, staticOffset)))
    return;
  auto source =
      memref::ExtractStridedMetadataOp::create(builder, loc, expand.getSrc());
  SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
  SmallVector<OpFoldResult> strides(type.getRank());
  for (auto [dimension, group] :
       llvm::enumerate(expand.getReassociationIndices())) {
    Value stride = source.getStrides()[dimension];
    for (int64_t inner : llvm::reverse(group)) {
      strides[inner] = ShapedType::isDynamic(staticStrides[inner])
                           ? OpFoldResult(stride)
                           : builder.getIndexAttr(staticStrides[inner]);
      stride = builder.createOrFold<arith::MulIOp>(
          loc, stride,
          getValueOrCreateConstantIndexOp(builder, loc, sizes[inner]));
    }
  }
  OpFoldResult offset = ShapedType::isDynamic(staticOffset)
                            ? OpFoldResult(source.getOffset())
                            : builder.getIndexAttr(staticOffset);
  Value cast = memref::ReinterpretCastOp::create(
      builder, loc, type, source.getBaseBuffer(), offset, sizes, strides);
  expand.replaceAllUsesWith(cast);
  expand.erase();
}

struct LowerReshapes : vi::impl::LowerReshapesBase<LowerReshapes> {
  void runOnOperation() override {
    getOperation()->walk([](memref::ExpandShapeOp expand) {
      if (hasDynamicGroup(expand))
        lower(expand);
    });
  }
};

} // namespace
