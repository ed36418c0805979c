//===- ElementwiseLowering.cpp - elementwise ops to scalars -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/ElementwiseLowering.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace vi::special;

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

/// Replaces an elementwise op on ranked tensors by a `linalg.generic` of the
/// same op on scalars, and returns the latter. The op is erased.
static Operation *lowerTensorOpToScalars(Operation *op) {
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

/// Replaces an elementwise op on vectors of static shape by the same op on each
/// element, and returns these. The op is erased.
static SmallVector<Operation *> unrollVectorOp(Operation *op) {
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

void ElementwiseLowering::collect(Operation *in) {
  in->walk([&](Operation *op) {
    if (op->getName().getDialectNamespace() == dialect)
      ops.push_back(op);
  });
}

LogicalResult ElementwiseLowering::run(bool &changed) {
  collect(module);
  changed = !ops.empty();
  while (!ops.empty())
    if (failed(lower(ops.pop_back_val())))
      return failure();
  return success();
}

LogicalResult ElementwiseLowering::lower(Operation *op) {
  Type type = op->getResult(0).getType();
  if (isa<UnrankedTensorType>(type))
    return op->emitOpError("on an unranked tensor cannot be lowered");
  if (isa<TensorType>(type)) {
    ops.push_back(lowerTensorOpToScalars(op));
    return success();
  }
  if (lowerInPlace(op))
    return success();
  if (auto vector = dyn_cast<VectorType>(type)) {
    if (vector.isScalable())
      return op->emitOpError("on a scalable vector cannot be lowered");
    ops.append(unrollVectorOp(op));
    return success();
  }
  lowerScalar(op);
  return success();
}

void ElementwiseLowering::replace(Operation *op, Value value) {
  op->getResult(0).replaceAllUsesWith(value);
  op->erase();
}

func::FuncOp ElementwiseLowering::getFunction(
    StringRef name, TypeRange operands, TypeRange results,
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange)> emit) {
  if (auto function = symbols.lookup<func::FuncOp>(name))
    return function;
  MLIRContext *context = module.getContext();
  ImplicitLocOpBuilder builder(module.getLoc(), context);
  auto function = func::FuncOp::create(
      builder, name, builder.getFunctionType(operands, results));
  function.setPrivate();
  function->setAttr("llvm.linkage",
                    LLVM::LinkageAttr::get(context, LLVM::Linkage::Internal));
  symbols.insert(function);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  Value result = emit(builder, entry->getArguments());
  func::ReturnOp::create(builder, result);
  collect(function);
  return function;
}
