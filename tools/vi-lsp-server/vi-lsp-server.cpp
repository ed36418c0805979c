//===- vi-lsp-server.cpp - language server for the project's dialects ----===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Speaks the Language Server Protocol over standard input and output, for the
// dialects of vi-opt. Set-up of editors: docs/Editors.md.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "vi/InitAll.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  vi::registerAllDialects(registry);
  vi::registerAllExtensions(registry);
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
