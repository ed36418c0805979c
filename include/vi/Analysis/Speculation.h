//===- Speculation.h - what may run where it would not have run -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_SPECULATION_H
#define VI_ANALYSIS_SPECULATION_H

#include "mlir/IR/Operation.h"

namespace vi {

/// Whether `op` may be moved out of a loop or plate that may have no members:
/// it has no effects, is speculatable, and neither it nor an operation in its
/// regions accesses a tensor at a place that is not known to be inside. (For
/// upstream, an access outside is undefined, and so `tensor.extract` is
/// speculatable; it becomes a load all the same.)
bool isSafeToSpeculate(mlir::Operation *op);

} // namespace vi

#endif // VI_ANALYSIS_SPECULATION_H
