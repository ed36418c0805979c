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

def VI_CholeskyAdjointOp : VI_Op<"cholesky_adjoint", [Pure,
    SameOperandsAndResultType]> {
  let summary = "adjoint of a matrix, given that of its Cholesky factor";
  let description = [{
    Of A = L L^T and of a function f of L with df = sum over i >= j of
    Lbar[i, j] dL[i, j], the lower triangular Abar with df = sum over i >= j of
    Abar[i, j] dA[i, j], where A is symmetric, so that an element below the
    diagonal stands for its mirror image too; above the diagonal Abar is zero.
    Of both operands only the lower triangle is read. With the strict upper
    part of P = L^T Lbar replaced by the mirror image of the lower one,
    Abar is the lower triangle of L^-T P L^-1 with its diagonal halved (Murray,
    "Differentiation of the Cholesky decomposition", 2016, arXiv:1602.07527).

    `vi-differentiate` emits it, and takes derivatives of that formula where it
    differentiates once more.

    Example:

    ```mlir
    %a_bar = vi.cholesky_adjoint %l, %l_bar : tensor<?x?xf64>
    ```
  }];
  let arguments = (ins VI_Matrix:$factor, VI_Matrix:$adjoint);
  let results = (outs VI_Matrix:$result);
  let assemblyFormat = "$factor `,` $adjoint attr-dict `:` type($factor)";
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
