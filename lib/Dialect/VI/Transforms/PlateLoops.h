//===- PlateLoops.h - plates as loops over single members -*- C++ -*-------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_PLATELOOPS_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_PLATELOOPS_H

#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// The part of a tensor that belongs to members `index` .. `index + count - 1`:
/// offsets, sizes and strides of its slice.
struct MemberSlice {
  llvm::SmallVector<mlir::OpFoldResult> offsets, sizes, strides;
};

/// The slice of `count` members from `index` on of `tensor`, whose leading
/// dimension counts members.
MemberSlice getMemberSlice(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value tensor, mlir::Value index,
                           int64_t count = 1);

/// Creates the tensors into which the members of `plate` put their stacked
/// values, in front of the plate; zeros where the plate has a range, or, with
/// `rangeOnly`, only the rows of the range. Fails, with an error, where the
/// size of a value depends on the member.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
createStacks(vi::PlateOp plate, mlir::RewriterBase &rewriter,
             bool rangeOnly = false);

/// Replaces `plate` by a loop over its members `begin` .. `end - 1`, one at a
/// time. `inits` are the values that its sums, then its stacks start from; the
/// first row of the stacks is that of member `firstRow`, of member 0 where it
/// is null.
void replaceByLoop(vi::PlateOp plate, mlir::Value begin, mlir::Value end,
                   mlir::ValueRange inits, mlir::Value firstRow,
                   mlir::RewriterBase &rewriter);

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_PLATELOOPS_H
