//===- VIChunks.cpp - members of a plate in chunks ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;
using namespace vi;

MutableOperandRange ChunksOp::getDpsInitsMutable() {
  unsigned count = getSums().size() + getStacks().size();
  return MutableOperandRange(*this, getNumOperands() - count, count);
}

RankedTensorType ChunksOp::getRowsType(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, type.getElementType());
}

void ChunksOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getInputsMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getDpsInitsMutable())
    if (isa<MemRefType>(operand.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    }
}

LogicalResult ChunksOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getCalleeAttr());
  if (!callee)
    return emitOpError("needs a function '") << getCallee() << "'";
  // Later it has a signature for pointers.
  if (!callee->hasAttr("vi.chunk"))
    return success();
  SmallVector<Type> arguments(2, IndexType::get(getContext())), results;
  llvm::append_range(arguments, getInputs().getTypes());
  for (Type type : getSums().getTypes())
    results.push_back(type);
  for (Type type : getStacks().getTypes()) {
    auto stack = dyn_cast<RankedTensorType>(type);
    if (stack && stack.getRank() == 0)
      return emitOpError("has a stack without members: ") << type;
    results.push_back(stack ? Type(getRowsType(stack)) : type);
  }
  llvm::append_range(arguments, results);
  if (callee.getArgumentTypes() != ArrayRef<Type>(arguments) ||
      callee.getResultTypes() != ArrayRef<Type>(results))
    return emitOpError("needs '")
           << getCallee() << "' to be of type "
           << FunctionType::get(getContext(), arguments, results)
           << ", but it is " << callee.getFunctionType();
  return success();
}
