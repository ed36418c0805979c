//===- CInterface.h - the C interface of exported functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One description of how a function with the attribute `vi.export` looks from
// C, shared by the pass that gives it that signature and by the header.
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_CINTERFACE_H
#define VI_TARGET_CINTERFACE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace vi {

/// Whether `func` can have a C signature: one block, and scalars or ranked
/// tensors of f64, f32, i64, i32, i1 or index. Reports what is in the way.
llvm::LogicalResult verifyExported(mlir::func::FuncOp func);

/// Whether a function of the module is exported.
bool hasExportedFunction(mlir::ModuleOp module);

/// The C type of a scalar or of a tensor's elements: `double`, `int64_t`, ...
/// Booleans are `bool` by value and `uint8_t` in memory.
llvm::StringRef getCTypeName(mlir::Type scalar, bool inMemory);

/// `name` with what C does not allow in identifiers replaced by `_`.
std::string getCIdentifier(llvm::StringRef name);

/// The name in C of an argument or result: its `vi.name` as an identifier, or
/// its position.
std::string getCArgumentName(mlir::func::FuncOp func, unsigned index);
std::string getCResultName(mlir::func::FuncOp func, unsigned index);

/// Writes the header that declares the exported functions of a module, before
/// `vi-export-c-interface`. `name` goes into the include guard; `threads`
/// and `freestanding` are those of `LoweringOptions`.
llvm::LogicalResult emitHeader(mlir::ModuleOp module, llvm::StringRef name,
                               llvm::raw_ostream &os, int threads = 0,
                               bool freestanding = false);

} // namespace vi

#endif // VI_TARGET_CINTERFACE_H
