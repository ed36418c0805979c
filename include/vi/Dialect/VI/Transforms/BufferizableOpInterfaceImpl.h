//===- BufferizableOpInterfaceImpl.h - vi on buffers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
#define VI_DIALECT_VI_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H

#include "mlir/IR/DialectRegistry.h"

namespace vi {

/// Lets One-Shot Bufferize take `vi.chunks`, the only operation of the dialect
/// that is left by then.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_BUFFERIZABLEOPINTERFACEIMPL_H
