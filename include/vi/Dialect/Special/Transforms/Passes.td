//===- Passes.td - passes over the special dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_PASSES
#define VI_DIALECT_SPECIAL_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def LowerSpecialPass : Pass<"vi-lower-special", "::mlir::ModuleOp"> {
  let summary = "lower special functions to arith, math and scf";
  let description = [{
    Replaces every op of the `special` dialect. Short formulas (sigmoid, softplus,
    log_sigmoid, log1mexp) are put in place, on vectors too. The others become
    calls of private functions named after the op, such as `@special.digamma`,
    which are added to the module when first needed and which LLVM inlines where
    that pays. `lgamma` becomes a call of the C library's function. What remains
    are `arith`, `math` and `scf` ops, of which `math.erfc`, `math.log1p` and
    `math.expm1` go to the C library too.

    `f32` operands are extended to `f64` for all but the formulas put in place
    and `lgamma`, so that the result is correct to the last place of `f32` but
    for rare ties. An op on a tensor becomes a `linalg.generic` over scalars; an
    op on a vector that has no straight code is unrolled.

    For example,

    ```mlir
    func.func @f(%x: f64) -> f64 {
      %y = special.log_sigmoid %x : f64
      return %y : f64
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: f64) -> f64 {
      %zero = arith.constant 0.000000e+00 : f64
      %min = arith.minimumf %x, %zero : f64
      %abs = math.absf %x : f64
      %neg = arith.negf %abs : f64
      %exp = math.exp %neg : f64
      %log = math.log1p %exp : f64
      %y = arith.subf %min, %log : f64
      return %y : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // VI_DIALECT_SPECIAL_TRANSFORMS_PASSES
