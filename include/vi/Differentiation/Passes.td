//===- Passes.td - differentiation passes -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_PASSES_TD
#define VI_DIFFERENTIATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"vi-differentiate", "::mlir::ModuleOp"> {
  let summary = "add gradients, and derivatives along a direction, of functions";
  let description = [{
    For each `func.func` with the attribute `vi.differentiate = "NAME"`, adds a
    function `@NAME` of the same arguments that returns the value and its
    derivative in each argument of `vi.wrt` (a list of argument numbers; the
    default is every argument of floating-point type). The attributes
    `vi.export`, `vi.name` and `vi.doc` are carried over; the results are named
    `value` and `gradient` (`gradient_NAME` where there are several).

    `vi.hessian_vector_product = "NAME"` beside it adds a function of the same
    arguments and a direction for each argument of `vi.wrt` (`direction`), which
    returns the Hessian times the direction (`product`): the gradient is
    differentiated along the direction, forward over reverse. Where an operation
    of the gradient has no derivative rule, that is a warning, and there is no
    such function.
    `vi.jacobian_vector_product = "NAME"` adds the derivative of each
    floating-point result along directions of the arguments of `vi.wrt`
    (`tangent`), whatever the function's results are.

    In a forward sweep the tangent of a value is computed right behind the value:
    that of a plate's sum is another sum of the same plate, that of a stack
    another stack, and a loop carries the tangents of what it carries. So there
    is one pass over the data here, too, and nothing is kept. The rules of
    operations on scalars are those of the reverse sweep, with the tangent of
    the operand in the place of the adjoint. Nothing is computed for values that
    the direction does not reach.

    In the reverse sweep the derivative of a plate is a plate: its region computes a member's terms
    and, behind them, their adjoints. The adjoint of a value that members share
    is a running sum, that of a slice a stack, and a gather's adjoint updates
    one element of a running sum. Where the adjoints of all results of a plate
    are known before it (they are the weights of the terms), there is one such
    plate and one pass over the data. Otherwise the members are recomputed in a
    second one. Branches (`scf.if`) are treated in the same way; loops
    (`scf.for`) run backwards over the states that the forward loop kept.

    Outside plates the unit is `linalg.generic`: its adjoint is a generic over
    the same iteration space. Aggregates (`linalg.softmax`) and paddings are
    written out first; windows (convolutions) become loops that add to the
    operand's adjoint, and reductions of other kinds than sums, greatest and
    least (a product) loops over scalars that keep their states.

    Nothing is computed for values that no argument of `vi.wrt` reaches or that
    do not reach the result. An operation without derivative rule in between is
    an error at its location.

    At kinks one element of the subdifferential is taken: 0 for `math.absf` at
    0; `arith.maximumf` and `arith.minimumf` of equal operands give the adjoint
    to the second; equal greatest elements of a reduction share it (along a
    direction, one of them moves the result). The branch
    of `arith.select` that is not taken receives exactly 0, whatever the
    derivatives on the way: adjoints behind a select carry its condition along,
    and are replaced by 0 where it does not hold before they are added to
    anything that is used elsewhere. From there on they are zero wherever the
    branch was not taken, and what they are multiplied with counts only where
    they are not.

    Example:

    ```mlir
    func.func @f(%x: f64, %a: f64) -> f64
        attributes {vi.differentiate = "f_gradient", vi.wrt = [0]} {
      %y = math.log %x : f64
      %z = arith.mulf %a, %y : f64
      return %z : f64
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: f64, %a: f64) -> f64 {
      %y = math.log %x : f64
      %z = arith.mulf %a, %y : f64
      return %z : f64
    }
    func.func @f_gradient(%x: f64, %a: f64)
        -> (f64 {vi.name = "value"}, f64 {vi.name = "gradient"}) {
      %y = math.log %x : f64
      %z = arith.mulf %a, %y : f64
      %gradient = arith.divf %a, %x : f64
      return %z, %gradient : f64, f64
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::special::SpecialDialect"
  ];
}

def BoundErrors : Pass<"vi-bound-errors", "::mlir::ModuleOp"> {
  let summary = "add functions for the errors of approximate values";
  let description = [{
    For each function with the attributes `vi.differentiate` and `vi.model` in
    which there is a `vi.approximate`, adds a function `NAME_error` of the same
    arguments with two results: for those whose bound is one, and for those whose
    bound is an estimate, the sum, over all of them and all members of their
    plates, of the bound of the error times the magnitude of the derivative of
    the function in that value. As the terms of an ELBO enter it with coefficients, that is a
    bound of what they are off together (where approximate values are multiplied
    with each other, to first order). Expectations that are still there
    (`vi.expect`) will be sampled, and count nothing.

    They are the derivatives of the function in common factors of all bounds, by
    one reverse sweep. Then each `vi.approximate` is replaced by its value.

    Example:

    ```mlir
    func.func @elbo(%m: f64, %c: f64) -> f64
        attributes {vi.differentiate = "elbo_gradient", vi.model = "m"} {
      %one = arith.constant 1.0 : f64
      %f = special.gaussian_softplus %m, %one : f64
      %bound = arith.constant 1.4e-12 : f64
      %g = vi.approximate %f within %bound : f64
      %r = arith.mulf %c, %g : f64
      return %r : f64
    }
    ```

    becomes the value alone, and a function beside it that returns |c| times the
    bound, and 0:

    ```mlir
    func.func @elbo(%m: f64, %c: f64) -> f64
        attributes {vi.differentiate = "elbo_gradient", vi.model = "m"} {
      %one = arith.constant 1.0 : f64
      %f = special.gaussian_softplus %m, %one : f64
      %r = arith.mulf %c, %f : f64
      return %r : f64
    }
    func.func private @elbo_error(f64, f64)
        -> (f64 {vi.name = "certified"}, f64 {vi.name = "estimated"})
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::vi::VIDialect", "::vi::special::SpecialDialect"
  ];
}

#endif // VI_DIFFERENTIATION_PASSES_TD
