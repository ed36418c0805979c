//===- Speculation.cpp - what may run where it would not have run ---------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Speculation.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

using Bounds = ValueBoundsConstraintSet;

/// Whether an index may be asked for its bounds. Upstream's interface cannot be
/// for one of a `linalg` operation that has a number as operand.
static bool hasKnownBounds(Value index) {
  if (auto position = index.getDefiningOp<linalg::IndexOp>()) {
    auto op = cast<linalg::LinalgOp>(position->getParentOp());
    return llvm::all_of(op->getOperandTypes(), llvm::IsaPred<ShapedType>);
  }
  Operation *op = index.getDefiningOp();
  return !op || llvm::all_of(op->getOperands(), [](Value operand) {
    return !operand.getType().isIntOrIndex() || hasKnownBounds(operand);
  });
}

/// Whether 0 <= index < dimension `dim` of `tensor`.
static bool isInside(Value tensor, int64_t dim, OpFoldResult index) {
  if (auto value = dyn_cast<Value>(index); value && !hasKnownBounds(value))
    return false;
  Bounds::Variable position(index);
  return Bounds::compare(Bounds::Variable(OpFoldResult(
                             OpBuilder(tensor.getContext()).getIndexAttr(0))),
                         Bounds::LE, position) &&
         Bounds::compare(position, Bounds::LT, Bounds::Variable(tensor, dim));
}

static bool isInside(Value tensor, ValueRange indices) {
  return llvm::all_of(llvm::enumerate(indices), [&](auto entry) {
    return isInside(tensor, entry.index(), entry.value());
  });
}

/// Whether the slices of an op are those of the whole of `tensor`, or constant
/// ones inside of it.
static bool isInside(Value tensor, OffsetSizeAndStrideOpInterface op) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  SmallVector<OpFoldResult> strides = op.getMixedStrides();
  for (int64_t dim = 0, rank = type.getRank(); dim < rank; ++dim) {
    std::optional<int64_t> offset = getConstantIntValue(offsets[dim]);
    std::optional<int64_t> size = getConstantIntValue(sizes[dim]);
    std::optional<int64_t> stride = getConstantIntValue(strides[dim]);
    if (offset == 0 && stride == 1 &&
        Bounds::compare(Bounds::Variable(sizes[dim]), Bounds::LE,
                        Bounds::Variable(tensor, dim)))
      continue;
    if (!offset || !size || !stride || *offset < 0 || *stride < 1 ||
        type.isDynamicDim(dim))
      return false;
    if (*size > 0 && *offset + (*size - 1) * *stride >= type.getDimSize(dim))
      return false;
  }
  return true;
}

/// Whether all accesses of one operation are inside.
static bool accessesInside(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([](tensor::ExtractOp extract) {
        return isInside(extract.getTensor(), extract.getIndices());
      })
      .Case([](tensor::InsertOp insert) {
        return isInside(insert.getDest(), insert.getIndices());
      })
      .Case([](tensor::ExtractSliceOp extract) {
        return isInside(extract.getSource(), extract);
      })
      .Case<tensor::InsertSliceOp, tensor::ParallelInsertSliceOp>(
          [](auto insert) { return isInside(insert.getDest(), insert); })
      .Case<tensor::GatherOp, tensor::ScatterOp>([](auto) { return false; })
      .Default([](Operation *) { return true; });
}

bool vi::isSafeToSpeculate(Operation *op) {
  if (!isMemoryEffectFree(op) || !isSpeculatable(op))
    return false;
  return !op->walk([](Operation *nested) {
              return accessesInside(nested) ? WalkResult::advance()
                                            : WalkResult::interrupt();
            }).wasInterrupted();
}
