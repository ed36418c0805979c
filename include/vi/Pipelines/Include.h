//===- Include.h - functions from other files -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_PIPELINES_INCLUDE_H
#define VI_PIPELINES_INCLUDE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"

namespace vi {

/// Adds the functions (`func.func`) of the file at `path` to `module`, as
/// private ones: layers of networks that models call (`vi.call`). The file must
/// hold functions alone, of names that the module does not have. Errors are
/// diagnostics.
llvm::LogicalResult includeFunctions(mlir::ModuleOp module,
                                     llvm::StringRef path);

} // namespace vi

#endif // VI_PIPELINES_INCLUDE_H
