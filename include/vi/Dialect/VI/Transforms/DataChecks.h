//===- DataChecks.h - what a model assumes of its data -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_DATACHECKS_H
#define VI_DIALECT_VI_TRANSFORMS_DATACHECKS_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace vi {

/// Two numbers that must be in a relation, as functions of the data: sizes, or
/// an index and its bound.
struct DataCheck {
  mlir::Value left, right;
  /// When the check fails: for sizes that must be equal, `ne`.
  mlir::arith::CmpIPredicate violation;
  /// What does not fit, with `{0}` and `{1}` for the numbers, and `{2}` and so
  /// on for `members`.
  std::string message;
  /// Of a check in plates and loops, whose first failure it is: the number of
  /// the member or iteration of each, from 1, outermost first.
  llvm::SmallVector<mlir::Value> members = {};
};

/// Collects what a model or guide assumes of its data: that what a plate slices
/// has the plate's number of members, that plates of one name side by side have
/// the same number, that operands of one `linalg` operation
/// agree, that what is indexed by data has the size that the index declares,
/// that numbers of members and sizes are not negative, and that elements and
/// slices are there whose place is computed from data and constants. In plates,
/// loops, branches and `linalg` operations these are looked at for each member,
/// as far as no latent decides whether they are taken. The numbers are emitted
/// at the builder's insertion point; `mapping` gives the data there.
/// An error where a data argument holds indices and does not say so
/// (`vi.index`): what they index cannot be checked.
llvm::LogicalResult collectDataChecks(mlir::OpBuilder &builder,
                                      mlir::FunctionOpInterface program,
                                      mlir::IRMapping &mapping,
                                      llvm::SmallVectorImpl<DataCheck> &checks);

/// Collects that plates of the guide have as many members as the model's plates
/// of their names.
void collectPlateChecks(mlir::OpBuilder &builder, ModelOp model,
                        mlir::IRMapping &modelMapping, GuideOp guide,
                        mlir::IRMapping &guideMapping,
                        llvm::SmallVectorImpl<DataCheck> &checks);

/// For each observed site whose values are an argument of the model: a
/// dictionary of `site`, `argument` and `support`.
mlir::ArrayAttr getObservedArguments(ModelOp model);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_DATACHECKS_H
