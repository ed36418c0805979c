//===- ModelSource.h - the text of a model -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_MODELSOURCE_H
#define VI_TOOLS_VI_FIT_MODELSOURCE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/SourceMgr.h"

#include <memory>
#include <string>

namespace vi {

/// A module parsed from a file, with the functions of others that it includes,
/// and what must live as long: its context, and the source that diagnostics
/// show.
class ModelSource {
public:
  /// Parses `file` and `includes`, in a context that `setUp` sees first. Errors
  /// of the parser have been printed; the error is then empty.
  static llvm::Expected<std::unique_ptr<ModelSource>> open(
      llvm::StringRef file, llvm::ArrayRef<std::string> includes,
      llvm::function_ref<llvm::LogicalResult(mlir::MLIRContext &)> setUp =
          [](mlir::MLIRContext &) { return llvm::success(); });

  mlir::ModuleOp getModule() { return *module; }
  /// The text of the file.
  llvm::StringRef getText() const { return text; }

private:
  ModelSource();

  std::string text;
  mlir::MLIRContext context;
  llvm::SourceMgr sources;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace vi

#endif // VI_TOOLS_VI_FIT_MODELSOURCE_H
