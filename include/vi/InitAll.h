//===- InitAll.h - registration of everything -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place where the tools learn what there is: upstream's dialects,
// passes and extensions and the project's own.
//
//===----------------------------------------------------------------------===//

#ifndef VI_INITALL_H
#define VI_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace vi {

/// Registers the dialects of the project: vi, special and rng.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers the dialects of the project and of upstream.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers the external interface implementations of upstream (bufferization,
/// conversion to LLVM, inlining, ...) and the translations to LLVM IR.
void registerAllExtensions(mlir::DialectRegistry &registry);

/// Registers the passes and pipelines of the project.
void registerPasses();

/// Registers the passes and pipelines of the project and of upstream.
void registerAllPasses();

} // namespace vi

#endif // VI_INITALL_H
