//===- RNGDialect.cpp - the rng dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/IR/RNG.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi::rng;

#include "vi/Dialect/RNG/IR/RNGDialect.cpp.inc"

#define GET_OP_CLASSES
#include "vi/Dialect/RNG/IR/RNGOps.cpp.inc"

void RNGDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "vi/Dialect/RNG/IR/RNGOps.cpp.inc"
      >();
}

Operation *RNGDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location location) {
  return arith::ConstantOp::materialize(builder, value, type, location);
}

Type vi::rng::getI64InShapeOf(Type type) {
  Type i64 = IntegerType::get(type.getContext(), 64);
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(i64);
  return i64;
}
