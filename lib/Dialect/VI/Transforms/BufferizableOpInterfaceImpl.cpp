//===- BufferizableOpInterfaceImpl.cpp - vi on buffers --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;
using namespace mlir::bufferization;

/// Whether the elements of a buffer follow each other, the last index varying
/// fastest, as the function of a chunk takes them.
static bool isContiguous(MemRefType type) {
  if (type.getLayout().isIdentity())
    return true;
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t expected = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    if (strides[dim] != expected || ShapedType::isDynamic(expected))
      return false;
    expected = type.isDynamicDim(dim) ? ShapedType::kDynamic
                                      : expected * type.getDimSize(dim);
  }
  return true;
}

/// A contiguous copy of `buffer`.
static FailureOr<Value> copy(RewriterBase &rewriter, Location loc, Value buffer,
                             const BufferizationOptions &options) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(memref::DimOp::create(rewriter, loc, buffer, dim));
  FailureOr<Value> result = options.createAlloc(
      rewriter, loc, MemRefType::get(type.getShape(), type.getElementType()),
      sizes);
  if (failed(result) ||
      failed(options.createMemCpy(rewriter, loc, buffer, *result)))
    return failure();
  return result;
}

namespace {

struct ChunksOpInterface
    : DstBufferizableOpInterfaceExternalModel<ChunksOpInterface, vi::ChunksOp> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto chunks = cast<vi::ChunksOp>(op);
    Location loc = op->getLoc();
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands, results;
    SmallVector<std::pair<Value, Value>> copiedBack;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (!isa<TensorType>(value.getType())) {
        operands.push_back(value);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
      if (failed(buffer))
        return failure();
      bool isOutput = chunks.isDpsInit(&operand);
      if (isOutput)
        results.push_back(*buffer);
      if (!isContiguous(cast<MemRefType>(buffer->getType()))) {
        FailureOr<Value> contiguous = copy(rewriter, loc, *buffer, options);
        if (failed(contiguous))
          return failure();
        if (isOutput)
          copiedBack.emplace_back(*contiguous, *buffer);
        buffer = contiguous;
      }
      operands.push_back(*buffer);
    }
    OperationState copy(loc, op->getName(), operands, TypeRange(),
                        op->getAttrs());
    copy.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.create(copy);
    for (auto [from, to] : copiedBack)
      if (failed(options.createMemCpy(rewriter, loc, from, to)))
        return failure();
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

void vi::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, vi::VIDialect *) {
    vi::ChunksOp::attachInterface<ChunksOpInterface>(*context);
  });
}
