//===- Passes.td - passes over the special dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_TRANSFORMS_PASSES
#define VI_DIALECT_SPECIAL_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def ExpandSpecialPass : Pass<"vi-expand-special"> {
  let summary = "expand functions of math and special into straight arithmetic";
  let description = [{
    Replaces functions of `f32`, `f64` and vectors of them, of the dialects `math`
    and `special`, by arithmetic without branches, tables or calls: reduction of
    the argument, a polynomial, and selects at the edges. Vectors cost what one
    number does, loops of scalars can be vectorized, and a lane of a vector has
    the bits that the scalar has. Of `math`, no function of `f32` or `f64` is left
    that would be a call of the C library. Ops on tensors, and those without an
    expansion, stay.

    `sin`, `cos` and `tan` reduce |x| <= 2^20 by four parts of pi / 2 (Cody and
    Waite), larger numbers by 2 / pi to 318 bits (Payne and Hanek); outside of
    `linalg` operations, the latter is in a branch that is taken if any lane is so
    large. Functions of `f32` with long reductions (these and `powf`) are computed
    in `f64`.

    Bounds of the errors measured against MPFR are below, in units in the last
    place, for all finite operands with results in range, subnormal numbers
    included; infinities, NaN and signs of zero are those of the C library.

    | op | f64 | f32 |
    |---|---|---|
    | `math.exp`, `math.exp2` | 1.0 | 1.0 |
    | `math.expm1` | 1.2 | 1.2 |
    | `math.log` | 0.8 | 0.8 |
    | `math.log2`, `math.log10` | 0.8 | 0.8 |
    | `math.log1p` | 0.8 | 1.0 |
    | `math.powf` | 0.8 | 0.6 |
    | `math.cbrt` | 0.6 | 0.6 |
    | `math.rsqrt` | 1.5 | 1.5 |
    | `math.round` | exact | exact |
    | `math.sin`, `math.cos`, `math.sincos` | 0.8 | 0.8 |
    | `math.tan` | 1.0 | 0.8 |
    | `math.asin`, `math.acos`, `math.atan`, `math.atan2` | 0.8 | 0.8 |
    | `math.sinh` | 1.6 | 1.6 |
    | `math.cosh` | 1.2 | 1.2 |
    | `math.asinh`, `math.acosh`, `math.atanh` | 1.0 | 1.0 |
    | `math.tanh` | 1.5 | 1.5 |
    | `special.sigmoid` | 1.7 | 1.7 |
    | `special.softplus`, `special.log_sigmoid` | 1.5 | 1.6 |
    | `math.erf` | 1.5 | 1.5 |
    | `math.erfc` | 2.0 | 2.0 |
    | `special.normal_cdf` | 4.0 | 2.5 |
    | `special.normal_log_cdf` | 4.0 | 3.0 |
    | `special.normal_quantile` | 6.0 | 5.0 |
    | `special.lgamma` for x > 0 | 8.0 | 8.0 |
    | `special.digamma` for x > 0, of results below 1 relative to 1 | 8.0 | 8.0 |

    For x < 0 the errors of `lgamma` and `digamma` are relative to the largest
    term of the reflection.

    `special.gaussian_softplus` is expanded too, with the absolute error that its
    description states. For a single number the components of its mixture are the
    lanes of a vector, which is less code; the last digits then differ from those
    of a lane.

    With `fma`, products and sums are fused (`math.fma`), which targets without
    the instruction would call a function for; the errors above hold with and
    without.

    What two functions of one argument have in common (softplus, log_sigmoid and
    sigmoid: exp(-|x|); the derivatives of gaussian_softplus: exp(-u^2/2) for each
    term) is emitted as the same operations, which
    common subexpression elimination merges.

    For example, under `vi-expand-special{fma}`,

    ```mlir
    func.func @f(%x: vector<8xf32>) -> vector<8xf32> {
      %y = math.exp2 %x : vector<8xf32>
      return %y : vector<8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: vector<8xf32>) -> vector<8xf32> {
      %position = arith.constant dense<23> : vector<8xi32>
      %one_bit = arith.constant dense<1> : vector<8xi32>
      %one = arith.constant dense<1.000000e+00> : vector<8xf32>
      %c0 = arith.constant dense<0.166665465> : vector<8xf32>
      %c1 = arith.constant dense<0.00836627185> : vector<8xf32>
      %c2 = arith.constant dense<0.49999997> : vector<8xf32>
      %c3 = arith.constant dense<0.0416674353> : vector<8xf32>
      %c4 = arith.constant dense<0.00138706993> : vector<8xf32>
      %log2 = arith.constant dense<0.693147182> : vector<8xf32>
      %shift = arith.constant dense<0x4B4000FE> : vector<8xf32>
      %lowest = arith.constant dense<-1.510000e+02> : vector<8xf32>
      %highest = arith.constant dense<1.280000e+02> : vector<8xf32>
      %above = arith.cmpf olt, %highest, %x : vector<8xf32>
      %capped = arith.select %above, %highest, %x : vector<8xi1>, vector<8xf32>
      %below = arith.cmpf olt, %capped, %lowest : vector<8xf32>
      %clamped = arith.select %below, %lowest, %capped : vector<8xi1>, vector<8xf32>
      %shifted = arith.addf %clamped, %shift : vector<8xf32>
      %n = arith.subf %shifted, %shift : vector<8xf32>
      %fraction = arith.subf %clamped, %n : vector<8xf32>
      %r = arith.mulf %fraction, %log2 : vector<8xf32>
      %square = arith.mulf %r, %r : vector<8xf32>
      %p0 = math.fma %c4, %square, %c3 : vector<8xf32>
      %p1 = math.fma %p0, %square, %c2 : vector<8xf32>
      %p2 = math.fma %c1, %square, %c0 : vector<8xf32>
      %p = math.fma %p2, %r, %p1 : vector<8xf32>
      %tail = math.fma %square, %p, %r : vector<8xf32>
      %exp = arith.addf %tail, %one : vector<8xf32>
      %bits = arith.bitcast %shifted : vector<8xf32> to vector<8xi32>
      %half = arith.shrui %bits, %one_bit : vector<8xi32>
      %half_up = arith.shli %half, %position : vector<8xi32>
      %first = arith.bitcast %half_up : vector<8xi32> to vector<8xf32>
      %rest = arith.subi %bits, %half : vector<8xi32>
      %rest_up = arith.shli %rest, %position : vector<8xi32>
      %second = arith.bitcast %rest_up : vector<8xi32> to vector<8xf32>
      %scaled = arith.mulf %exp, %first : vector<8xf32>
      %y = arith.mulf %scaled, %second : vector<8xf32>
      return %y : vector<8xf32>
    }
    ```
  }];
  let options = [
    Option<"fma", "fma", "bool", "false",
           "use fused multiply-add, which the target has">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def LowerSpecialPass : Pass<"vi-lower-special", "::mlir::ModuleOp"> {
  let summary = "lower special functions to arith, math and scf";
  let description = [{
    Replaces every op of the `special` dialect. Short formulas (sigmoid, softplus,
    log_sigmoid, log1mexp) and gaussian_softplus are put in place, on vectors too. The others become
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
