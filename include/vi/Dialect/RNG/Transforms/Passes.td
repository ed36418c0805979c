//===- Passes.td - passes over the rng dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_RNG_TRANSFORMS_PASSES
#define VI_DIALECT_RNG_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def LowerRNGPass : Pass<"vi-lower-rng", "::mlir::ModuleOp"> {
  let summary = "lower counter-based random numbers to integer arithmetic";
  let description = [{
    Replaces every op of the `rng` dialect. On scalars it becomes a call of a
    private function named after the op, such as `@rng.uniform`, which is added to
    the module when first needed: ten rounds of Philox in `arith` on 64-bit
    integers, and for samplers that reject an `scf.while` over blocks. On vectors
    `rng.fold_in`, `rng.uniform` and `rng.normal` are put in place as vector code;
    the samplers are unrolled. An op on a tensor becomes a `linalg.generic` over
    scalars.

    `special` ops are among the results: run `vi-lower-special` afterwards.

    A module that has a function of that name already keeps it. For example,

    ```mlir
    func.func private @rng.uniform(i64, i64) -> f64

    func.func @f(%key: i64, %index: i64) -> f64 {
      %z = rng.normal %key, %index : f64
      return %z : f64
    }
    ```

    becomes

    ```mlir
    func.func private @rng.uniform(i64, i64) -> f64

    func.func @f(%key: i64, %index: i64) -> f64 {
      %u = func.call @rng.uniform(%key, %index) : (i64, i64) -> f64
      %z = special.normal_quantile %u : f64
      return %z : f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
    "::vi::special::SpecialDialect"
  ];
}

#endif // VI_DIALECT_RNG_TRANSFORMS_PASSES
