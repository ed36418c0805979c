//===- VIMeasures.td - measures -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIMEASURES_TD
#define VI_DIALECT_VI_IR_VIMEASURES_TD

include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "vi/Dialect/VI/IR/VITypes.td"
include "vi/Dialect/VI/IR/VIAttributes.td"

def VI_LogProbOp : VI_Op<"log_prob", [Pure]> {
  let summary = "log-density of a distribution at a value";
  let description = [{
    log p(x), natural logarithm, in nats; for a discrete distribution the
    logarithm of the probability. For a distribution over a tensor, or over the
    element of a tensor value, the sum over the members: their joint
    log-density. -inf outside the support.

    Example:

    ```mlir
    %l = vi.log_prob %normal, %x : f64, f64 -> f64
    ```
  }];
  let arguments = (ins VI_DistType:$distribution, AnyType:$value,
                   Optional<AnyType>:$mask);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $distribution `,` $value (`if` $mask^)? attr-dict `:`
    custom<DistValueType>(type($distribution)) `,` type($value)
    (`,` type($mask)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def VI_EntropyOp : VI_Op<"entropy", [Pure]> {
  let summary = "entropy of a distribution, in nats";
  let description = [{
    H(q) = -E_q[log q(z)]. For a distribution over a tensor, of the joint
    distribution.

    Example:

    ```mlir
    %h = vi.entropy %q : f64 -> f64
    ```
  }];
  let arguments = (ins VI_DistType:$distribution);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $distribution attr-dict `:` custom<DistValueType>(type($distribution))
    `->` type($result)
  }];
}

class VI_DivergenceOp<string mnemonic> : VI_Op<mnemonic, [Pure]> {
  let arguments = (ins VI_DistType:$q, VI_DistType:$p);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $q `,` $p attr-dict `:` custom<DistValueType>(type($q)) `,`
    custom<DistValueType>(type($p)) `->` type($result)
  }];
  let hasVerifier = 1;
}

def VI_KLOp : VI_DivergenceOp<"kl"> {
  let summary = "Kullback-Leibler divergence KL(q || p), in nats";
  let description = [{
    KL(q || p) = E_q[log q(z) - log p(z)] = cross-entropy(q, p) - entropy(q).
    Nonnegative, zero iff q = p almost everywhere, not symmetric, infinite
    where q has mass outside the support of p (a compile-time error where the
    supports are known).

    Folds to 0 where both operands are the same distribution: one value, or one
    family with the same parameters.

    Example:

    ```mlir
    %d = vi.kl %q, %p : f64, f64 -> f64
    ```
  }];
  let hasCanonicalizer = 1;
}

def VI_CrossEntropyOp : VI_DivergenceOp<"cross_entropy"> {
  let summary = "cross-entropy -E_q[log p(z)], in nats";
  let description = [{
    H(q, p) = -E_q[log p(z)] = H(q) + KL(q || p).

    Example:

    ```mlir
    %h = vi.cross_entropy %q, %p : f64, f64 -> f64
    ```
  }];
  let hasCanonicalizer = 1;
}

def VI_DrawOp : VI_Op<"draw", [Pure]> {
  let summary = "the random variable of a site, inside an expectation";
  let description = [{
    The value of the random variable `site`, distributed as the operand, over
    which the enclosing `vi.expect` integrates. Pure: the random variable is
    named by its site, so two ops of one site and one distribution are the same
    variable, and of different sites independent given their distributions.
    In a plate, one variable a member.

    Example:

    ```mlir
    %m = vi.expect {
      %z = vi.draw "z" from %q : f64
      %l = vi.log_prob %p, %z : f64, f64 -> f64
      vi.yield %l : f64
    } : f64
    ```
  }];
  let arguments = (ins StrAttr:$site, VI_DistType:$distribution,
                   Variadic<Index>:$sizes);
  let results = (outs AnyType:$value);
  let assemblyFormat = [{
    $site `from` $distribution (`[` $sizes^ `]`)? attr-dict `:`
    custom<SampleTypes>(type($distribution), type($value))
  }];
  let hasVerifier = 1;
}

def VI_StopGradientOp : VI_Op<"stop_gradient", [Pure, SameOperandsAndResultType]> {
  let summary = "a value through which no derivative passes";
  let description = [{
    The identity, with derivative zero: what the sticking-the-landing estimator
    puts around the parameters of q in log q(z).

    Example:

    ```mlir
    %c = vi.stop_gradient %scale : f64
    ```
  }];
  let arguments = (ins AnyType:$input);
  let results = (outs AnyType:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def VI_ApproximateOp : VI_Op<"approximate", [
    Pure, SameOperandsAndResultType]> {
  let summary = "a value that is known to within an absolute error";
  let description = [{
    The first operand, which differs from what it stands for by at most the
    second: an expectation by an operation with a certified error, or by
    quadrature, whose bound is `estimated`.

    The result is the value. Its derivative in the value is 1, and that in the
    bound is the magnitude of what the result counts for in whatever is
    differentiated: where g is the adjoint of the result, that of the bound is
    |g|. So the sum of bound times |g| over all approximations, which
    `vi-bound-errors` emits, bounds the error of the whole to first order.

    Example:

    ```mlir
    %f = special.gaussian_softplus %m, %v : f64
    %e = arith.constant 1.4e-12 : f64
    %g = vi.approximate %f within %e : f64
    %i = vi.approximate %sum within estimated %difference : f64
    ```
  }];
  let arguments = (ins AnyFloat:$value, AnyFloat:$bound,
                   UnitAttr:$estimated);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$value `within` (`estimated` $estimated^)? $bound attr-dict `:` type($result)";
}

def VI_ExpectOp : VI_Op<"expect", [
    SingleBlock, RecursiveMemoryEffects, RecursivelySpeculatable]> {
  let summary = "expectation of an integrand over the draws in its region";
  let description = [{
    E[f(z)], where the region computes the integrand f and its `vi.draw`s are
    the random variables z. Draws may depend on earlier draws and may stand in
    plates: the integral is over their joint distribution. Not nested.

    What has a closed form is taken out by `vi-simplify-expectations`; what is
    left is estimated by `vi-estimate-expectations`.

    Example:

    ```mlir
    %second_moment = vi.expect {
      %z = vi.draw "z" from %q : f64
      %s = arith.mulf %z, %z : f64
      vi.yield %s : f64
    } : f64
    ```
  }];
  let results = (outs Variadic<AnyFloat>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$body (`:` type($results)^)? attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    YieldOp getYield();
  }];
}

def VI_ELBOOp : VI_Op<"elbo", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    AttrSizedOperandSegments]> {
  let summary = "evidence lower bound of a model under a guide";
  let description = [{
    ELBO = E_q[log p(x, z; theta) - log q(z; phi)], in nats, at the data and at
    the unconstrained parameters given: the flattened `vi.param`s of the guide
    (phi), then of the model (theta), in the order of the text, each row-major,
    on the unconstrained scale.

    `batches` has three operands for each data plate (a top-level plate of the
    model that has an observation in it), in the order of the model: the range
    begin, end (index) and the scale (f64) by which everything inside is
    multiplied: N / (end - begin) for a minibatch. Without them, all members
    at scale 1.

    `kl_weight` multiplies what a latent site contributes, log p(z) - log q(z).
    With a weight other than 1 the result is not the bound, but the objective of
    KL warm-up: E_q[log p(x | z)] - weight * KL(q || p).

    Example:

    ```mlir
    %e = vi.elbo @bernoulli_beta, @conjugate data(%y : tensor<?xi1>)
        parameters(%phi) : tensor<?xf64> -> f64
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$model, FlatSymbolRefAttr:$guide,
                   Variadic<AnyType>:$data, AnyRankedTensor:$parameters,
                   Variadic<AnyType>:$batches,
                   Optional<AnyFloat>:$klWeight);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    $model `,` $guide (`data` `(` $data^ `:` type($data) `)`)?
    `parameters` `(` $parameters `)`
    (`batches` `(` $batches^ `:` type($batches) `)`)?
    (`kl_weight` `(` $klWeight^ `:` type($klWeight) `)`)?
    attr-dict `:` type($parameters) `->` type($result)
  }];
}

#endif // VI_DIALECT_VI_IR_VIMEASURES_TD
