//===- Tentative.h - emission that may be taken back -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_IR_TENTATIVE_H
#define VI_LIB_DIALECT_VI_IR_TENTATIVE_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"

namespace vi {

/// Records the ops that a builder inserts, to take them back where what they
/// were meant for turns out to be unknown.
class Tentative : public mlir::OpBuilder::Listener {
public:
  explicit Tentative(mlir::OpBuilder &builder)
      : builder(builder), outer(builder.getListener()) {
    builder.setListener(this);
  }
  ~Tentative() override { builder.setListener(outer); }

  void notifyOperationInserted(mlir::Operation *op,
                               mlir::OpBuilder::InsertPoint previous) override {
    if (!previous.isSet())
      inserted.insert(op);
  }

  /// Keeps the ops if `value` is not null, else removes them.
  mlir::Value finish(mlir::Value value) {
    builder.setListener(outer);
    if (value) {
      if (outer)
        for (mlir::Operation *op : inserted)
          outer->notifyOperationInserted(op, {});
      return value;
    }
    // Ops of a region go with the op that holds it.
    llvm::SmallVector<mlir::Operation *> outermost;
    for (mlir::Operation *op : inserted) {
      mlir::Operation *parent = op->getParentOp();
      while (parent && !inserted.contains(parent))
        parent = parent->getParentOp();
      if (!parent)
        outermost.push_back(op);
    }
    for (mlir::Operation *op : llvm::reverse(outermost)) {
      op->dropAllUses();
      op->erase();
    }
    return value;
  }

private:
  mlir::OpBuilder &builder;
  mlir::OpBuilder::Listener *outer;
  llvm::SetVector<mlir::Operation *> inserted;
};

/// The value that `build` emits, or null with nothing emitted.
inline mlir::Value tryBuild(mlir::OpBuilder &builder,
                            llvm::function_ref<mlir::Value()> build) {
  Tentative tentative(builder);
  return tentative.finish(build());
}

} // namespace vi

#endif // VI_LIB_DIALECT_VI_IR_TENTATIVE_H
