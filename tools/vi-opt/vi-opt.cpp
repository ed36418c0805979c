//===- vi-opt.cpp - the optimizer driver ----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "vi/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  vi::registerAllDialects(registry);
  vi::registerAllExtensions(registry);
  vi::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "vi-mlir optimizer driver\n", registry));
}
