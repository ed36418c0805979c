//===- Sizes.h - sizes of tensors, known earlier -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_SIZES_H
#define VI_DIALECT_VI_TRANSFORMS_SIZES_H

#include "mlir/IR/Builders.h"

#include <functional>

namespace vi {

/// Computes sizes of tensors at a point of the program where the tensors
/// themselves need not exist yet, from what is available there.
class SizeBuilder {
public:
  /// Operations are created at the insertion point of `builder`;
  /// `isAvailable` says which values may be used there.
  SizeBuilder(mlir::OpBuilder &builder, mlir::Location loc,
              std::function<bool(mlir::Value)> isAvailable)
      : builder(builder), loc(loc), isAvailable(std::move(isAvailable)) {}

  /// The size of dimension `dim` of `tensor`; null where it depends on what is
  /// not available.
  mlir::Value getSize(mlir::Value tensor, int64_t dim);

  /// The index or integer `value`, computed again; null where it depends on
  /// what is not available.
  mlir::Value getIndex(mlir::Value value);

private:
  mlir::Value getIndex(mlir::OpFoldResult value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  std::function<bool(mlir::Value)> isAvailable;
};

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_SIZES_H
