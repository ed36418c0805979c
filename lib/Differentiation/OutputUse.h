//===- OutputUse.h - how a generic uses its outputs -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_OUTPUTUSE_H
#define VI_LIB_DIFFERENTIATION_OUTPUTUSE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace vi {

/// How the body of a `linalg.generic` uses the output argument of a result.
enum class OutputUse {
  /// Not at all.
  Overwrite,
  /// It adds to it, and does nothing else with it.
  Sum,
  /// The greatest or least of it and another value.
  Extremum,
  /// In any other way.
  Other
};
OutputUse getOutputUse(mlir::linalg::GenericOp op, unsigned result);

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_OUTPUTUSE_H
