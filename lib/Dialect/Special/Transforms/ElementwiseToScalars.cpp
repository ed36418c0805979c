//===- ElementwiseToScalars.cpp - shaped elementwise ops to scalar ones -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

/// The same op on other operands, with results of the element types.
static Operation *cloneOnScalars(OpBuilder &builder, Operation *op,
                                 ValueRange operands) {
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(getElementTypeOrSelf(type));
  OperationState state(op->getLoc(), op->getName(), operands, types,
                       op->getAttrs());
  return builder.create(state);
}

Operation *vi::special::lowerTensorOpToScalars(Operation *op) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  auto shape = cast<RankedTensorType>(op->getResult(0).getType());
  Value shaped = *llvm::find_if(op->getOperands(), [](Value operand) {
    return isa<RankedTensorType>(operand.getType());
  });
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, op->getLoc(), shaped);

  SmallVector<Value> outputs;
  for (Type type : op->getResultTypes())
    outputs.push_back(
        tensor::EmptyOp::create(builder, sizes, getElementTypeOrSelf(type)));
  AffineMap identity = builder.getMultiDimIdentityMap(shape.getRank());
  SmallVector<AffineMap> maps(op->getNumOperands() + outputs.size(), identity);
  SmallVector<utils::IteratorType> iterators(shape.getRank(),
                                             utils::IteratorType::parallel);

  Operation *scalarOp = nullptr;
  auto generic = linalg::GenericOp::create(
      builder, op->getResultTypes(), op->getOperands(), outputs, maps,
      iterators, [&](OpBuilder &nested, Location location, ValueRange args) {
        scalarOp =
            cloneOnScalars(nested, op, args.take_front(op->getNumOperands()));
        linalg::YieldOp::create(nested, location, scalarOp->getResults());
      });
  op->replaceAllUsesWith(generic->getResults());
  op->erase();
  return scalarOp;
}

SmallVector<Operation *> vi::special::unrollVectorOp(Operation *op) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  auto type = cast<VectorType>(op->getResult(0).getType());
  SmallVector<ValueRange> elements;
  for (Value operand : op->getOperands())
    elements.push_back(
        vector::ToElementsOp::create(builder, operand).getElements());
  SmallVector<Operation *> scalarOps;
  SmallVector<Value> results;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    SmallVector<Value> operands;
    for (ValueRange each : elements)
      operands.push_back(each[i]);
    scalarOps.push_back(cloneOnScalars(builder, op, operands));
    results.push_back(scalarOps.back()->getResult(0));
  }
  op->replaceAllUsesWith(ValueRange{
      vector::FromElementsOp::create(builder, type, results).getResult()});
  op->erase();
  return scalarOps;
}
