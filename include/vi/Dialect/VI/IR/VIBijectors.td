//===- VIBijectors.td - bijectors -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIBIJECTORS_TD
#define VI_DIALECT_VI_IR_VIBIJECTORS_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "vi/Dialect/VI/IR/VIAttributes.td"
include "vi/Dialect/VI/IR/VITypes.td"

class VI_BijectorOp<string mnemonic, list<Trait> traits = []>
    : VI_Op<mnemonic, traits # [Pure]>;

def VI_ConstrainOp : VI_BijectorOp<"constrain"> {
  let summary = "map unconstrained reals into a support";
  let description = [{
    The bijector T from R^m onto a support, z = T(u). Which map belongs to
    which support is one table (`vi/Dialect/VI/IR/Bijectors.h`); they are
    Stan's (reference manual, "Constraint transforms"; for the simplex the
    stick-breaking transform of the releases before 2.37):

    | support | z = T(u) |
    |---|---|
    | `real` | u |
    | `positive` | exp(u) |
    | `unit_interval` | sigmoid(u) |
    | `greater_than` | lower + exp(u) |
    | `less_than` | upper - exp(u) |
    | `interval` | lower + (upper - lower) sigmoid(u) |
    | `simplex` | z_k = v_k prod_{j<k} (1 - v_j), v_k = sigmoid(u_k - log(K - k)), u in R^(K-1) |

    Scalars, and tensors elementwise (`simplex`: one event, a vector).

    Example:

    ```mlir
    %tau = vi.constrain positive %u : f64 -> f64
    ```
  }];
  let arguments = (ins VI_SupportKindAttr:$support, AnyType:$unconstrained,
                   Variadic<AnyFloat>:$bounds);
  let results = (outs AnyType:$constrained);
  let assemblyFormat = [{
    custom<Support>($support) $unconstrained (`bounds` `(` $bounds^ `:` type($bounds) `)`)?
    attr-dict `:` type($unconstrained) `->` type($constrained)
  }];
  let hasVerifier = 1;
}

def VI_UnconstrainOp : VI_BijectorOp<"unconstrain"> {
  let summary = "map values of a support to unconstrained reals";
  let description = [{
    The inverse of `vi.constrain`, u = T^-1(z).

    Example:

    ```mlir
    %u = vi.unconstrain positive %tau : f64 -> f64   // = log tau
    ```
  }];
  let arguments = (ins VI_SupportKindAttr:$support, AnyType:$constrained,
                   Variadic<AnyFloat>:$bounds);
  let results = (outs AnyType:$unconstrained);
  let assemblyFormat = [{
    custom<Support>($support) $constrained (`bounds` `(` $bounds^ `:` type($bounds) `)`)?
    attr-dict `:` type($constrained) `->` type($unconstrained)
  }];
  let hasVerifier = 1;
}

def VI_LogDetJacobianOp : VI_BijectorOp<"log_det_jacobian"> {
  let summary = "log |det dT/du| of the bijector of a support";
  let description = [{
    The natural logarithm of the absolute Jacobian determinant of
    `vi.constrain` at u; a scalar. For tensors of elementwise supports, the sum
    over the elements.

    Example:

    ```mlir
    %j = vi.log_det_jacobian positive %u : f64 -> f64   // = u
    ```
  }];
  let arguments = (ins VI_SupportKindAttr:$support, AnyType:$unconstrained,
                   Variadic<AnyFloat>:$bounds);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    custom<Support>($support) $unconstrained (`bounds` `(` $bounds^ `:` type($bounds) `)`)?
    attr-dict `:` type($unconstrained) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // VI_DIALECT_VI_IR_VIBIJECTORS_TD
