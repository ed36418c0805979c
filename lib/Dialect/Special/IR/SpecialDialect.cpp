//===- SpecialDialect.cpp - the special dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/IR/Special.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace vi::special;

#include "vi/Dialect/Special/IR/SpecialDialect.cpp.inc"

#define GET_OP_CLASSES
#include "vi/Dialect/Special/IR/SpecialOps.cpp.inc"

void SpecialDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "vi/Dialect/Special/IR/SpecialOps.cpp.inc"
      >();
}

Operation *SpecialDialect::materializeConstant(OpBuilder &builder,
                                               Attribute value, Type type,
                                               Location location) {
  return arith::ConstantOp::materialize(builder, value, type, location);
}
