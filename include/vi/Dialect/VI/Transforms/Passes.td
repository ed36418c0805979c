//===- Passes.td - passes on the vi dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_PASSES_TD
#define VI_DIALECT_VI_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def TilePlates : Pass<"vi-tile-plates"> {
  let summary = "turn plates into loops";
  let description = [{
    Replaces each `vi.plate` by an `scf.for` over its members, or over its range
    of members. Running sums and stacks are carried by the loop: a sum starts
    at its initial value, a stack as an uninitialized tensor (as zeros where the
    plate has a range), into which each member inserts its value. Member slices
    are read where they lie. All of it is in place after bufferization: the
    stacks are the only arrays.

    The dimensions of a value that is stacked must not depend on the member.

    Example:

    ```mlir
    %total, %squares = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
        sums(%s = %zero : f64) -> tensor<?xf64> {
      %square = arith.mulf %y_i, %y_i : f64
      %next = arith.addf %s, %square : f64
      vi.yield sums(%next : f64) %square : f64
    }
    ```

    becomes

    ```mlir
    %empty = tensor.empty(%n) : tensor<?xf64>
    %total, %squares = scf.for %i = %c0 to %n step %c1
        iter_args(%s = %zero, %stack = %empty) -> (f64, tensor<?xf64>) {
      %y_i = tensor.extract %y[%i] : tensor<?xf64>
      %square = arith.mulf %y_i, %y_i : f64
      %next = arith.addf %s, %square : f64
      %inserted = tensor.insert %square into %stack[%i] : tensor<?xf64>
      scf.yield %next, %inserted : f64, tensor<?xf64>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def LowerMatrix : Pass<"vi-lower-matrix"> {
  let summary = "turn factorizations and triangular solves into loops";
  let description = [{
    Replaces `vi.cholesky` and `vi.triangular_solve` by loops that work in place
    on one matrix (row by row: rows are contiguous). A Cholesky factor of a
    matrix that is not positive definite has NaN from the first bad pivot on.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // VI_DIALECT_VI_TRANSFORMS_PASSES_TD
