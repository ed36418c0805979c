//===- outer-opt.cpp - a tool outside the project -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "OuterDialect.h.inc"
#define GET_OP_CLASSES
#include "OuterOps.h.inc"

#include "OuterDialect.cpp.inc"
#define GET_OP_CLASSES
#include "OuterOps.cpp.inc"

void outer::OuterDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "OuterOps.cpp.inc"
      >();
}

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry
      .insert<mlir::arith::ArithDialect, vi::VIDialect, outer::OuterDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "outer optimizer\n", registry));
}
