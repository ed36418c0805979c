//===- SiteDependence.h - what depends on a site's value -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_SITEDEPENDENCE_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_SITEDEPENDENCE_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseSet.h"

namespace vi {

/// Which values and operations of a model depend on given values, through
/// operations, plates, loops and branches. The value of another latent site
/// does not: it is a variable of its own, only its density depends.
class SiteDependence {
public:
  /// What in `block`, and in what it contains, depends on `roots`, in other
  /// ways than through `skipped`.
  SiteDependence(mlir::Block &block, mlir::ValueRange roots,
                 mlir::Operation *skipped = nullptr);

  bool depends(mlir::Value value) const { return values.contains(value); }
  /// Whether the operation itself depends: through an operand or a condition
  /// around it, not only through what it contains.
  bool depends(mlir::Operation *op) const { return operations.contains(op); }
  /// Whether an operation depends, or one inside it.
  bool reaches(mlir::Operation *op) const;

private:
  void visit(mlir::Block &block, bool controlled);
  void visitPlate(PlateOp plate, bool controlled);
  void visitLoop(mlir::scf::ForOp loop, bool controlled);
  void visitBranch(mlir::scf::IfOp branch, bool controlled);
  bool dependsAny(mlir::ValueRange range) const {
    return llvm::any_of(range,
                        [&](mlir::Value value) { return depends(value); });
  }

  llvm::DenseSet<mlir::Value> values;
  llvm::DenseSet<mlir::Operation *> operations;
  mlir::Operation *skipped;
};

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_SITEDEPENDENCE_H
