//===- SharedMatrices.cpp - matrices that members share -------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMatrices.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

/// Sizes that are not known (the number of draws, say) are taken to be one.
static bool isLargeMatrix(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() < 2)
    return false;
  int64_t elements = 1;
  for (int64_t size : tensor.getShape())
    if (!ShapedType::isDynamic(size))
      elements *= size;
  return elements >= largeMatrix;
}

static bool isInside(Value value, PlateOp plate) {
  return plate.getBody().isAncestor(value.getParentRegion());
}

/// Whether a tensor in `plate` is one from outside or a running sum, or a part
/// of one that a nested plate's members have.
static bool isShared(Value value, PlateOp plate) {
  while (isInside(value, plate)) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto owner = dyn_cast<PlateOp>(argument.getOwner()->getParentOp());
      if (!owner)
        return false;
      ValueRange sums = owner.getSumArguments();
      if (auto sum = llvm::find(sums, value); sum != sums.end()) {
        if (owner == plate)
          return true;
        value = owner.getInits()[sum - sums.begin()];
        continue;
      }
      ValueRange members = owner.getMemberArguments();
      auto member = llvm::find(members, value);
      if (owner == plate || member == members.end())
        return false;
      value = owner.getSlices()[member - members.begin()];
      continue;
    }
    auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice)
      return false;
    value = slice.getSource();
  }
  return true;
}

bool vi::sharesLargeMatrix(PlateOp plate) {
  bool found = false;
  plate.getBody().walk([&](linalg::GenericOp generic) {
    // Products: each element meets one of another tensor.
    bool isProduct = false;
    for (OpOperand *operand : generic.getDpsInputOperands()) {
      AffineMap map = generic.getMatchingIndexingMap(operand);
      isProduct |= map.getNumResults() > 0 &&
                   map.getNumResults() < generic.getNumLoops();
    }
    if (!isProduct)
      return;
    for (Value operand : generic->getOperands())
      found |= isLargeMatrix(operand.getType()) && isShared(operand, plate);
  });
  return found;
}

bool vi::hasMatrixSums(PlateOp plate) {
  return llvm::any_of(plate.getSums().getTypes(), isLargeMatrix);
}

bool vi::readsSharedMatrix(PlateOp plate, PlateOp outer) {
  for (auto [slice, argument] :
       llvm::zip(plate.getSlices(), plate.getMemberArguments())) {
    if (isInside(slice, outer) || !isLargeMatrix(slice.getType()))
      continue;
    for (Operation *user : argument.getUsers())
      if (isa<linalg::GenericOp>(user))
        return true;
  }
  return false;
}
