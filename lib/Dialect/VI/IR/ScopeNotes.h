//===- ScopeNotes.h - where a value is that is out of scope -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_IR_SCOPENOTES_H
#define VI_LIB_DIALECT_VI_IR_SCOPENOTES_H

#include "mlir/IR/MLIRContext.h"

namespace vi {

/// Lets the parser's error about a value that is not declared note where a
/// value of that name is, in a region that has ended: a latent used outside its
/// plate has two sides, of which the parser knows one. Looks at the file that
/// the error names; where that cannot be read, nothing is added.
void registerScopeNotes(mlir::MLIRContext *context);

} // namespace vi

#endif // VI_LIB_DIALECT_VI_IR_SCOPENOTES_H
