//===- RNGDialect.td - the rng dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_RNG_IR_RNGDIALECT_TD
#define VI_DIALECT_RNG_IR_RNGDIALECT_TD

include "mlir/IR/OpBase.td"

def RNG_Dialect : Dialect {
  let name = "rng";
  let cppNamespace = "::vi::rng";
  let summary = "Counter-based random numbers";
  let description = [{
    Random numbers without state. A number is a pure function of a key and an
    index, both `i64`: the same pair gives the same number whatever the order of
    evaluation, the tile, the vector width, the thread or the machine. Noise is
    computed where it is used and never stored; a loop over members uses the
    member's number as the index.

    Underneath is Philox4x32-10, a bijection of 128-bit counters for each 64-bit
    key: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw (2011), "Parallel
    random numbers: as easy as 1, 2, 3", SC'11. Its key is the two halves of
    `key`, low half first; its counter is (low half of `index`, high half of
    `index`, block, stream). `block` counts the attempts of samplers that reject;
    `stream` is a number of the op, so that different kinds of draws at one key
    and index are independent:

    | op | stream |
    |---|---|
    | `rng.uniform`, `rng.normal` | 0 |
    | `rng.fold_in` | 1 |
    | `rng.gamma` | 2 |
    | `rng.poisson` | 3 |
    | `rng.binomial` | 4 |

    `rng.normal` is a monotone function of `rng.uniform` at the same key and
    index. A key of a site, a step or a draw comes from the key of the whole by
    `rng.fold_in`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
}

#endif // VI_DIALECT_RNG_IR_RNGDIALECT_TD
