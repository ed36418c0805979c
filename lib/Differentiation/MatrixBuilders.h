//===- MatrixBuilders.h - matrices element by element -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_MATRIXBUILDERS_H
#define VI_LIB_DIFFERENTIATION_MATRIXBUILDERS_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace vi {

/// The matrix of `function` of a row, column and the elements of `inputs`
/// there, in a tensor like `like`.
mlir::Value
mapMatrix(mlir::ImplicitLocOpBuilder &b, mlir::Value like,
          mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps,
          llvm::function_ref<mlir::Value(mlir::Value row, mlir::Value column,
                                         mlir::ValueRange elements)>
              function);

/// `accumulator` plus (`sign` 1) or minus (-1) the sum of products of `left`
/// and `right`, through the three maps of left, right and accumulator.
mlir::Value buildContraction(mlir::ImplicitLocOpBuilder &b,
                             mlir::Value accumulator, mlir::Value left,
                             mlir::Value right,
                             llvm::ArrayRef<mlir::AffineMap> maps, double sign);

/// `vi.cholesky_adjoint` as products and solves, which have derivatives.
mlir::Value buildCholeskyAdjoint(mlir::ImplicitLocOpBuilder &b,
                                 mlir::Value factor, mlir::Value adjoint);

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_MATRIXBUILDERS_H
