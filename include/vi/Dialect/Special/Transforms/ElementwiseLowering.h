//===- ElementwiseLowering.h - elementwise ops to scalars -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_ELEMENTWISELOWERING_H
#define VI_DIALECT_SPECIAL_TRANSFORMS_ELEMENTWISELOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace vi::special {

/// Lowers the operations of a dialect, which are elementwise and have one
/// result: on tensors to `linalg.generic` over scalars, on vectors of static
/// shape to one operation for each element, on scalars by what a derived class
/// says.
class ElementwiseLowering {
public:
  ElementwiseLowering(mlir::ModuleOp module, llvm::StringRef dialect)
      : module(module), symbols(module), dialect(dialect) {}
  virtual ~ElementwiseLowering() = default;

  /// Lowers all operations of the dialect in the module; `changed` is whether
  /// there were any. Fails, with an error at the operation, for shapes that are
  /// not ranked or not static.
  mlir::LogicalResult run(bool &changed);

protected:
  /// Replaces an operation on a scalar or a vector where it stands, if there is
  /// such a form; whether there was.
  virtual bool lowerInPlace(mlir::Operation *op) = 0;
  /// Replaces an operation on scalars.
  virtual void lowerScalar(mlir::Operation *op) = 0;

  /// Replaces an operation by the value that it gives.
  void replace(mlir::Operation *op, mlir::Value value);
  /// Another operation of the dialect is to be lowered.
  void add(mlir::Operation *op) { ops.push_back(op); }
  /// The function of that name, internal to the module, which is made when it
  /// is first needed: `emit` emits its result from its arguments. What it emits
  /// of the dialect is lowered, too.
  mlir::func::FuncOp getFunction(
      llvm::StringRef name, mlir::TypeRange operands, mlir::TypeRange results,
      llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &builder,
                                     mlir::ValueRange arguments)>
          emit);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;

private:
  mlir::LogicalResult lower(mlir::Operation *op);
  void collect(mlir::Operation *in);

  llvm::StringRef dialect;
  llvm::SmallVector<mlir::Operation *> ops;
};

} // namespace vi::special

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_ELEMENTWISELOWERING_H
