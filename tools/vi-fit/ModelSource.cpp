//===- ModelSource.cpp - the text of a model ------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelSource.h"

#include "mlir/Support/FileUtilities.h"
#include "vi/InitAll.h"
#include "vi/Pipelines/Include.h"
#include "vi/Pipelines/ModuleText.h"

using namespace mlir;
using namespace vi;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  return registry;
}

ModelSource::ModelSource()
    : context(makeRegistry(), MLIRContext::Threading::DISABLED) {
  // The source line is shown; the operation behind it is no help to a user.
  context.printOpOnDiagnostic(false);
}

llvm::Expected<std::unique_ptr<ModelSource>> ModelSource::open(
    llvm::StringRef file, llvm::ArrayRef<std::string> includes,
    llvm::function_ref<llvm::LogicalResult(mlir::MLIRContext &)> setUp) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(file, &message);
  if (!buffer)
    return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
  std::unique_ptr<ModelSource> source(new ModelSource());
  auto fail = [] {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "");
  };
  if (failed(setUp(source->context)))
    return fail();
  source->text = buffer->getBuffer().str();
  source->sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  source->handler = std::make_unique<SourceMgrDiagnosticHandler>(
      source->sources, &source->context);
  source->module = parseModule(source->sources, ParserConfig(&source->context));
  if (!source->module)
    return fail();
  for (const std::string &include : includes)
    if (failed(includeFunctions(*source->module, include)))
      return fail();
  return source;
}
