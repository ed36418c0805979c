//===- MemberSearch.h - a check for each member of plates and loops -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERSEARCH_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERSEARCH_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace vi {

/// Emits loops which find the first member of the plates, loops and branches
/// around an operation for which a check fails.
class MemberSearch {
public:
  /// Emits the two numbers of one member, of what `mapping` gives; null where
  /// they are no functions of the data.
  using NumbersBuilder = llvm::function_ref<std::pair<mlir::Value, mlir::Value>(
      mlir::IRMapping &mapping)>;

  MemberSearch(mlir::OpBuilder &builder, mlir::Operation *op,
               mlir::arith::CmpIPredicate violation)
      : builder(builder), loc(op->getLoc()), violation(violation) {
    for (mlir::Operation *parent = op->getParentOp();
         !llvm::isa<mlir::FunctionOpInterface>(parent);
         parent = parent->getParentOp())
      nest.insert(nest.begin(), parent);
    path = nest;
    path.push_back(op);
  }

  /// Emits the search, which looks at the data only where `enabled` holds: the
  /// two numbers and, from 1, the number of the member of each repetition, of
  /// the first failure or of none. Nothing where it is no function of the data.
  std::optional<llvm::SmallVector<mlir::Value>>
  emit(const mlir::IRMapping &mapping, mlir::Value enabled,
       NumbersBuilder build);

  /// How messages tell the members, innermost first.
  llvm::SmallVector<std::string> describeMembers() const;

private:
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      llvm::ArrayRef<mlir::Value> indices, llvm::ArrayRef<mlir::Value> found)>;
  /// Emits what is inside of `nest[depth - 1]`. `members` are the indices of
  /// the repetitions so far, `found` the numbers; the result are those after.
  /// Empty where it is no function of the data.
  llvm::SmallVector<mlir::Value>
  emitLevel(unsigned depth, mlir::IRMapping &mapping,
            llvm::SmallVector<mlir::Value> members,
            llvm::ArrayRef<mlir::Value> found, NumbersBuilder build);
  llvm::SmallVector<mlir::Value>
  emitLoops(llvm::ArrayRef<mlir::Value> counts,
            llvm::ArrayRef<mlir::Value> found,
            llvm::SmallVector<mlir::Value> indices, Body body);
  llvm::SmallVector<mlir::Value>
  emitBranch(mlir::Value condition, llvm::ArrayRef<mlir::Value> found,
             llvm::function_ref<llvm::SmallVector<mlir::Value>()> body);
  mlir::Value getIndex(int64_t number) {
    return mlir::arith::ConstantIndexOp::create(builder, loc, number);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::arith::CmpIPredicate violation;
  /// The operations around the one with the check, outermost first, and these
  /// with it.
  llvm::SmallVector<mlir::Operation *> nest, path;
};

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERSEARCH_H
