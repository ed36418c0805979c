//===- JacobianProduct.h - derivatives along a direction -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_JACOBIANPRODUCT_H
#define VI_DIFFERENTIATION_JACOBIANPRODUCT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/LLVM.h"

namespace vi {

/// Adds, behind `function`, a function `name` of the same arguments and of a
/// direction for each of the arguments `independents`. It returns, for each of
/// the results `dependents`, the derivative of that result along the
/// directions: the Jacobian times the vector, by one forward sweep. The names
/// and documentation of arguments and `vi.export` are carried over; the
/// directions and the results are named `tangent`, with the name of what they
/// belong to (`tangent_x`) where there are several.
///
/// Fails, with an error at the operation at fault, where a result depends on an
/// argument through an operation that has no derivative rule.
mlir::FailureOr<mlir::func::FuncOp>
createJacobianVectorProduct(mlir::func::FuncOp function, llvm::StringRef name,
                            llvm::ArrayRef<unsigned> independents,
                            llvm::ArrayRef<unsigned> dependents);

/// Adds, behind `gradient`, which is made by `createGradient` and has been
/// differentiated in `independents`, a function `name` of the same arguments
/// and of a direction (`direction`) for each of `independents`. It returns the
/// Hessian times these (`product`), by differentiating the gradient along them:
/// forward over reverse. Gradients that hold a value fixed
/// (`vi.stop_gradient`) are differentiated in that value, too.
///
/// Fails as `createJacobianVectorProduct` does.
mlir::FailureOr<mlir::func::FuncOp>
createHessianVectorProduct(mlir::func::FuncOp gradient, llvm::StringRef name,
                           llvm::ArrayRef<unsigned> independents);

} // namespace vi

#endif // VI_DIFFERENTIATION_JACOBIANPRODUCT_H
