//===- SharedMatrices.h - matrices that members share -*- C++ -*-----------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_SHAREDMATRICES_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_SHAREDMATRICES_H

#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// Elements from which on a matrix is taken to be large, as far as they are
/// known: a quarter of a small first-level cache, in eight bytes each. Smaller
/// ones stay in the cache from one member to the next.
constexpr int64_t largeMatrix = 1024;

/// Whether members of `plate` read or add to a matrix of at least `largeMatrix`
/// elements that they share: many members have to be worked on together, or the
/// matrix is read from the outer caches for each.
bool sharesLargeMatrix(PlateOp plate);

/// Whether `plate` adds to such a matrix, as gradients do. What has none costs
/// less, and is not worth as much code.
bool hasMatrixSums(PlateOp plate);

/// Whether `plate`, inside `outer`, goes over the rows of such a matrix.
bool readsSharedMatrix(PlateOp plate, PlateOp outer);

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_SHAREDMATRICES_H
