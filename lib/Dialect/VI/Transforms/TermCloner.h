//===- TermCloner.h - terms of the density at a given state -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_TERMCLONER_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_TERMCLONER_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

#include <functional>

namespace vi {

/// Clones a part of a model as pure code that computes a sum of terms of its
/// log-density, for given values of some sites.
class TermCloner {
public:
  /// `takesTerm` says which sites contribute; sums are of `type`. Plates are
  /// named with `suffix` appended: they are none of the model's.
  TermCloner(mlir::FloatType type, llvm::StringRef suffix,
             std::function<bool(mlir::Operation *)> takesTerm)
      : type(type), suffix(suffix), takesTerm(std::move(takesTerm)) {}

  /// Clones `op`, a site or anything else, with the operands that `mapping`
  /// gives. The value of a latent site at hand is itself, or what the mapping
  /// has. An error where a plate or loop has latents of its own.
  llvm::LogicalResult clone(mlir::ImplicitLocOpBuilder &builder,
                            mlir::Operation *op, mlir::IRMapping &mapping);

  /// The sum of the terms so far; 0 where there is none.
  mlir::Value getTotal(mlir::ImplicitLocOpBuilder &builder);

private:
  llvm::LogicalResult cloneBlock(mlir::ImplicitLocOpBuilder &builder,
                                 mlir::Block &block, mlir::IRMapping &mapping);
  llvm::LogicalResult clonePlate(mlir::ImplicitLocOpBuilder &builder,
                                 PlateOp plate, mlir::IRMapping &mapping);
  llvm::LogicalResult cloneLoop(mlir::ImplicitLocOpBuilder &builder,
                                mlir::scf::ForOp loop,
                                mlir::IRMapping &mapping);
  llvm::LogicalResult cloneBranch(mlir::ImplicitLocOpBuilder &builder,
                                  mlir::scf::IfOp branch,
                                  mlir::IRMapping &mapping);
  void addTerm(mlir::ImplicitLocOpBuilder &builder, mlir::Value term);
  void addDensity(mlir::ImplicitLocOpBuilder &builder, mlir::Value distribution,
                  mlir::Value value, mlir::Value mask = {});

  mlir::FloatType type;
  llvm::StringRef suffix;
  std::function<bool(mlir::Operation *)> takesTerm;
  llvm::SmallVector<mlir::Value> terms;
  /// Plates, loops and branches around the present place.
  unsigned depth = 0;
};

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_TERMCLONER_H
