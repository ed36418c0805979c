//===- RNGOps.td - counter-based random numbers -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_RNG_IR_RNGOPS_TD
#define VI_DIALECT_RNG_IR_RNGOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/VectorInterfaces.td"
include "vi/Dialect/RNG/IR/RNGDialect.td"

/// `f32` or `f64`, or a vector or tensor of them.
def RNG_FloatLike
    : TypeConstraint<Or<[AnyTypeOf<[F32, F64]>.predicate,
                         VectorOfNonZeroRankOf<[F32, F64]>.predicate,
                         TensorOf<[F32, F64]>.predicate]>,
                     "f32 or f64, or a vector or tensor of them">;

/// `i64`, or a vector or tensor of it.
def RNG_I64Like
    : TypeConstraint<Or<[I64.predicate, VectorOfNonZeroRankOf<[I64]>.predicate,
                         TensorOf<[I64]>.predicate]>,
                     "i64, or a vector or tensor of it">;

/// `other` is `i64` in the shape of `float`.
class RNG_I64InShapeOf<string float, string other>
    : TypesMatchWith<"'" # other # "' is i64 in the shape of '" # float # "'",
                     float, other, "::vi::rng::getI64InShapeOf($_self)">;

class RNG_Op<string mnemonic, list<Trait> traits = []>
    : Op<RNG_Dialect, mnemonic, traits # [Pure,
        DeclareOpInterfaceMethods<VectorUnrollOpInterface>]
        # ElementwiseMappable.traits>;

def RNG_FoldInOp : RNG_Op<"fold_in", [SameOperandsAndResultType]> {
  let summary = "a new key from a key and a number";
  let description = [{
    The first two 32-bit words (low word first) of Philox4x32-10 at `key` with
    the counter (low half of `data`, high half of `data`, 0, 1). For one key,
    different data give different keys but for collisions of a random 64-bit
    function.

    Example:

    ```mlir
    %site_key = rng.fold_in %key, %site_number : i64
    ```
  }];
  let arguments = (ins RNG_I64Like:$key, RNG_I64Like:$data);
  let results = (outs RNG_I64Like:$result);
  let assemblyFormat = "$key `,` $data attr-dict `:` type($result)";
  let hasFolder = 1;
}

class RNG_StandardOp<string mnemonic>
    : RNG_Op<mnemonic, [RNG_I64InShapeOf<"result", "key">,
                        RNG_I64InShapeOf<"result", "index">]> {
  let arguments = (ins RNG_I64Like:$key, RNG_I64Like:$index);
  let results = (outs RNG_FloatLike:$result);
  let assemblyFormat = "$key `,` $index attr-dict `:` type($result)";
}

def RNG_UniformOp : RNG_StandardOp<"uniform"> {
  let summary = "a uniform variable on the open interval (0, 1)";
  let description = [{
    The first two words of the Philox block at (key, index) make a 64-bit number
    n, first word low. For `f64` the result is
    (n >> 12 + 1/2) 2^-52, for `f32` (n >> 41 + 1/2) 2^-23: midpoints of equal
    cells, exactly representable, symmetric about 1/2, never 0 or 1. The `f32`
    number is the midpoint of the wider cell in which the `f64` number lies.

    Example:

    ```mlir
    %u = rng.uniform %key, %index : f64
    ```
  }];
  let hasFolder = 1;
}

def RNG_NormalOp : RNG_StandardOp<"normal"> {
  let summary = "a standard normal variable";
  let description = [{
    `special.normal_quantile` of `rng.uniform` at the same key and index. The
    inversion is monotone and smooth in the uniform variable and takes a fixed
    amount of it. Values lie within
    +-8.21 (`f64`), +-5.30 (`f32`).

    Example:

    ```mlir
    %z = rng.normal %key, %index : f64
    ```
  }];
}

def RNG_GammaOp : RNG_Op<"gamma", [AllTypesMatch<["concentration", "result"]>,
    RNG_I64InShapeOf<"concentration", "key">,
    RNG_I64InShapeOf<"concentration", "index">]> {
  let summary = "a standard gamma variable";
  let description = [{
    A draw of the gamma distribution of the given concentration (shape) a > 0
    and rate 1; divide by the rate for any other. NaN where a is not positive.

    G. Marsaglia and W. W. Tsang (2000), "A simple method for generating gamma
    variables", ACM Transactions on Mathematical Software 26, 363-372. Where
    a < 1 a draw of concentration a + 1 is multiplied by U^(1/a); the product is
    formed in log space, and the result is 0 only where the value underflows.
    Attempt k takes the Philox block k + 1: words 0 and 1 for the normal, words
    2 and 3 for the uniform variable of the acceptance test; block 0 is the U of
    the boost.

    The pathwise derivative in the concentration is
    `special.gamma_draw_derivative %concentration, %draw`.

    Example:

    ```mlir
    %x = rng.gamma %key, %index, %concentration : f64
    ```
  }];
  let arguments = (ins RNG_I64Like:$key, RNG_I64Like:$index,
                       RNG_FloatLike:$concentration);
  let results = (outs RNG_FloatLike:$result);
  let assemblyFormat =
      "$key `,` $index `,` $concentration attr-dict `:` type($concentration)";
}

def RNG_PoissonOp : RNG_Op<"poisson", [RNG_I64InShapeOf<"rate", "key">,
    RNG_I64InShapeOf<"rate", "index">, RNG_I64InShapeOf<"rate", "result">]> {
  let summary = "a Poisson variable";
  let description = [{
    A draw of the Poisson distribution of the given rate >= 0, as `i64`. For a
    rate below 10 by inversion: sequential search from 0 with one uniform
    variable. From 10 on by transformed rejection with squeeze: W. Hoermann
    (1993), "The transformed rejection method for generating Poisson random
    variables", Insurance: Mathematics and Economics 12, 39-45 (PTRS). -1 where
    the rate is negative, NaN, or above 2^62.

    Example:

    ```mlir
    %count = rng.poisson %key, %index, %rate : f64
    ```
  }];
  let arguments = (ins RNG_I64Like:$key, RNG_I64Like:$index,
                       RNG_FloatLike:$rate);
  let results = (outs RNG_I64Like:$result);
  let assemblyFormat = "$key `,` $index `,` $rate attr-dict `:` type($rate)";
}

def RNG_BinomialOp : RNG_Op<"binomial", [
    RNG_I64InShapeOf<"probability", "key">,
    RNG_I64InShapeOf<"probability", "index">,
    RNG_I64InShapeOf<"probability", "trials">,
    RNG_I64InShapeOf<"probability", "result">]> {
  let summary = "a binomial variable";
  let description = [{
    The number of successes in `trials` >= 0 independent trials of the given
    probability, as `i64`. With p the smaller of the probabilities of success and
    failure: for trials * p below 10 by inversion (sequential search from 0), from
    10 on by transformed rejection with squeeze: W. Hoermann (1993), "The
    generation of binomial random variates", Journal of Statistical Computation
    and Simulation 46, 101-110 (BTRS). -1 where `trials` is negative or the
    probability is outside [0, 1].

    Example:

    ```mlir
    %successes = rng.binomial %key, %index, %trials, %probability : f64
    ```
  }];
  let arguments = (ins RNG_I64Like:$key, RNG_I64Like:$index,
                       RNG_I64Like:$trials, RNG_FloatLike:$probability);
  let results = (outs RNG_I64Like:$result);
  let assemblyFormat = [{
    $key `,` $index `,` $trials `,` $probability attr-dict `:`
    type($probability)
  }];
}

#endif // VI_DIALECT_RNG_IR_RNGOPS_TD
