//===- VIMatrix.td - factorizations -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIMATRIX_TD
#define VI_DIALECT_VI_IR_VIMATRIX_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "vi/Dialect/VI/IR/VIDialect.td"

def VI_Matrix : RankedTensorOf<[F32, F64]>;

def VI_CholeskyOp : VI_Op<"cholesky", [Pure, SameOperandsAndResultType]> {
  let summary = "lower Cholesky factor of a symmetric positive definite matrix";
  let description = [{
    L with L L^T = A, lower triangular with positive diagonal; the part above
    the diagonal is zero. Only the lower triangle of A is read. Where A is not
    positive definite the factor has NaN entries.

    Derivative: Murray (2016), "Differentiation of the Cholesky decomposition",
    arXiv:1602.07527.

    Example:

    ```mlir
    %l = vi.cholesky %a : tensor<?x?xf64>
    ```
  }];
  let arguments = (ins VI_Matrix:$matrix);
  let results = (outs VI_Matrix:$factor);
  let assemblyFormat = "$matrix attr-dict `:` type($matrix)";
  let hasVerifier = 1;
}

def VI_TriangularSolveOp : VI_Op<"triangular_solve", [Pure,
    AllTypesMatch<["rhs", "solution"]>]> {
  let summary = "solve L x = b or L^T x = b";
  let description = [{
    Solves L x = b (with `transpose`, L^T x = b) for a lower triangular L, of
    which only the lower triangle is read; b is a vector or a matrix of
    columns.

    Example:

    ```mlir
    %x = vi.triangular_solve %l, %b : tensor<?x?xf64>, tensor<?xf64>
    %z = vi.triangular_solve %l, %b transpose : tensor<?x?xf64>, tensor<?xf64>
    ```
  }];
  let arguments = (ins VI_Matrix:$factor, VI_Matrix:$rhs, UnitAttr:$transpose);
  let results = (outs VI_Matrix:$solution);
  let assemblyFormat = [{
    $factor `,` $rhs (`transpose` $transpose^)? attr-dict `:` type($factor) `,`
    type($rhs)
  }];
  let hasVerifier = 1;
}

#endif // VI_DIALECT_VI_IR_VIMATRIX_TD
