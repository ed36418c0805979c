//===- TensorRules.cpp - derivatives of operations on tensors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReverseSweep.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

LogicalResult ReverseSweep::reverseTensor(Operation *op, Scope &scope) {
  Value result = op->getResult(0);
  Value adjoint = getAdjoint(scope, result);
  auto mixed = [&](ArrayRef<OpFoldResult> primals) {
    return llvm::map_to_vector(primals, [&](OpFoldResult value) {
      auto dynamic = dyn_cast<Value>(value);
      return dynamic ? OpFoldResult(lookup(scope, dynamic)) : value;
    });
  };

  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](tensor::ExtractOp extract) {
        Value source = extract.getTensor();
        SmallVector<Value> indices = lookup(scope, extract.getIndices());
        bool isFirst = !scope.adjoints.contains(source);
        if (isFirst && indices.empty()) {
          set(scope, source,
              tensor::FromElementsOp::create(b, source.getType(), adjoint));
          return success();
        }
        Value total = getAdjointOrZero(scope, source);
        if (!isFirst)
          adjoint = arith::AddFOp::create(
              b, tensor::ExtractOp::create(b, total, indices), adjoint);
        set(scope, source,
            tensor::InsertOp::create(b, adjoint, total, indices));
        return success();
      })
      .Case([&](tensor::InsertOp insert) {
        SmallVector<Value> indices = lookup(scope, insert.getIndices());
        if (activity.isActive(insert.getScalar()))
          add(scope, insert.getScalar(),
              tensor::ExtractOp::create(b, adjoint, indices));
        if (activity.isActive(insert.getDest())) {
          Value zero = floatConstant(b, insert.getScalar().getType(), 0.0);
          add(scope, insert.getDest(),
              tensor::InsertOp::create(b, zero, adjoint, indices));
        }
        return success();
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        Value source = slice.getSource();
        bool isFirst = !scope.adjoints.contains(source);
        Value total = getAdjointOrZero(scope, source);
        SmallVector<OpFoldResult> offsets = mixed(slice.getMixedOffsets()),
                                  sizes = mixed(slice.getMixedSizes()),
                                  strides = mixed(slice.getMixedStrides());
        if (!isFirst) {
          Value part = tensor::ExtractSliceOp::create(b, slice.getType(), total,
                                                      offsets, sizes, strides);
          adjoint = addTensors(part, adjoint);
        }
        set(scope, source,
            tensor::InsertSliceOp::create(b, adjoint, total, offsets, sizes,
                                          strides));
        return success();
      })
      .Case([&](tensor::InsertSliceOp insert) {
        SmallVector<OpFoldResult> offsets = mixed(insert.getMixedOffsets()),
                                  sizes = mixed(insert.getMixedSizes()),
                                  strides = mixed(insert.getMixedStrides());
        Value part = tensor::ExtractSliceOp::create(
            b, insert.getSourceType(), adjoint, offsets, sizes, strides);
        if (activity.isActive(insert.getSource()))
          add(scope, insert.getSource(), part);
        if (activity.isActive(insert.getDest())) {
          Value zero =
              floatConstant(b, insert.getSourceType().getElementType(), 0.0);
          Value cleared = linalg::FillOp::create(b, zero, part).getResult(0);
          add(scope, insert.getDest(),
              tensor::InsertSliceOp::create(b, cleared, adjoint, offsets, sizes,
                                            strides));
        }
        return success();
      })
      .Case([&](tensor::FromElementsOp from) {
        auto type = cast<RankedTensorType>(from.getType());
        for (auto [number, element] : llvm::enumerate(from.getElements())) {
          if (!activity.isActive(element))
            continue;
          SmallVector<Value> indices(type.getRank());
          int64_t rest = number;
          for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
            indices[dim] =
                arith::ConstantIndexOp::create(b, rest % type.getDimSize(dim));
            rest /= type.getDimSize(dim);
          }
          add(scope, element, tensor::ExtractOp::create(b, adjoint, indices));
        }
        return success();
      })
      .Case([&](tensor::SplatOp splat) {
        add(scope, splat.getInput(), sumElements(adjoint));
        return success();
      })
      .Case([&](tensor::CastOp cast) {
        Value source = cast.getSource();
        add(scope, source,
            b.createOrFold<tensor::CastOp>(source.getType(), adjoint));
        return success();
      })
      .Case([&](tensor::ExpandShapeOp expand) {
        add(scope, expand.getSrc(),
            tensor::CollapseShapeOp::create(b, expand.getSrcType(), adjoint,
                                            expand.getReassociationIndices()));
        return success();
      })
      .Case([&](tensor::CollapseShapeOp collapse) {
        add(scope, collapse.getSrc(),
            tensor::ExpandShapeOp::create(b, collapse.getSrcType(), adjoint,
                                          collapse.getReassociationIndices(),
                                          getSizes(scope, collapse.getSrc())));
        return success();
      })
      .Case([&](tensor::ReshapeOp reshape) {
        Value source = reshape.getSource();
        SmallVector<Value> sizes;
        for (OpFoldResult size : getSizes(scope, source))
          sizes.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
        Value shape = tensor::FromElementsOp::create(
            b, RankedTensorType::get({int64_t(sizes.size())}, b.getIndexType()),
            sizes);
        add(scope, source,
            tensor::ReshapeOp::create(
                b, cast<RankedTensorType>(source.getType()), adjoint, shape));
        return success();
      })
      .Case([&](tensor::ConcatOp concat) {
        int64_t dim = concat.getDim(), rank = concat.getRank();
        SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)),
            strides(rank, b.getIndexAttr(1));
        AffineExpr d0, d1;
        bindDims(b.getContext(), d0, d1);
        for (Value input : concat.getInputs()) {
          SmallVector<OpFoldResult> sizes = getSizes(scope, input);
          if (activity.isActive(input))
            add(scope, input,
                tensor::ExtractSliceOp::create(
                    b, cast<RankedTensorType>(input.getType()), adjoint,
                    offsets, sizes, strides));
          Value offset =
              getValueOrCreateConstantIndexOp(b, b.getLoc(), offsets[dim]);
          Value size =
              getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[dim]);
          offsets[dim] =
              getAsOpFoldResult(b.createOrFold<arith::AddIOp>(offset, size));
        }
        return success();
      })
      .Default([&](Operation *other) {
        return other->emitOpError("has no derivative rule, and the result that "
                                  "is differentiated depends on it");
      });
}
