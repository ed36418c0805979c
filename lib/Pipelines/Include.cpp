//===- Include.cpp - functions from other files -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Pipelines/Include.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/FileUtilities.h"
#include "vi/Pipelines/ModuleText.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;

LogicalResult vi::includeFunctions(ModuleOp module, StringRef path) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(path, &message);
  if (!buffer)
    return emitError(UnknownLoc::get(module.getContext()))
           << "cannot include: " << message;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> included;
  {
    SourceMgrDiagnosticHandler handler(sources, module.getContext());
    included = parseModule(sources, ParserConfig(module.getContext()));
    if (!included)
      return failure();
    for (Operation &op : included->getOps())
      if (!isa<func::FuncOp>(op))
        return op.emitError(
            "an included file holds functions (func.func) alone");
  }
  for (auto func :
       llvm::make_early_inc_range(included->getOps<func::FuncOp>())) {
    if (Operation *other = module.lookupSymbol(func.getSymName())) {
      InFlightDiagnostic diagnostic = other->emitError("'")
                                      << func.getSymName()
                                      << "' is in an included file, too";
      diagnostic.attachNote(func.getLoc()) << "the function is here";
      return diagnostic;
    }
    func->remove();
    func.setPrivate();
    module.push_back(func);
  }
  return success();
}
