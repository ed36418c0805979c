//===- SpecialDialect.td - the special dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_SPECIALDIALECT_TD
#define VI_DIALECT_SPECIAL_IR_SPECIALDIALECT_TD

include "mlir/IR/OpBase.td"

def Special_Dialect : Dialect {
  let name = "special";
  let cppNamespace = "::vi::special";
  let summary = "Special functions of statistics";
  let description = [{
    What the `math` dialect lacks and log-densities need: the gamma function's
    family, stable forms around the logistic function and their expectations
    under a Gaussian, the normal distribution
    function with its logarithm and inverse, and the incomplete gamma and beta
    functions. Every op is pure, works element by element on scalars, vectors
    and tensors of `f32` and `f64`, and folds when its operands are constants.

    Each description states the domain, the values at its edges, the accuracy,
    the derivative, and where the method of evaluation comes from. Errors are
    those of the functions that `vi-lower-special` emits and, where they are said
    to be "expanded", of the straight arithmetic of `vi-expand-special`; in units
    in the last place (ulp, 2^-52 of the value for `f64`) or relative to the
    value. Unless
    stated otherwise a NaN operand gives NaN, and an operand outside the domain
    gives NaN. On `f32` a function that is not expanded is evaluated so that its
    error is below 1 ulp of `f32`, except where stated.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
}

#endif // VI_DIALECT_SPECIAL_IR_SPECIALDIALECT_TD
