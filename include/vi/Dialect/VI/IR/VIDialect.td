//===- VIDialect.td - the dialect -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIDIALECT_TD
#define VI_DIALECT_VI_IR_VIDIALECT_TD

include "mlir/IR/OpBase.td"

def VI_Dialect : Dialect {
  let name = "vi";
  let cppNamespace = "::vi";
  let summary = "Probabilistic models, guides and measures";
  let description = [{
    Models, variational families (guides), distributions, and the measures that
    variational inference is made of: log-densities, expectations, entropies,
    Kullback-Leibler divergences and the evidence lower bound

        ELBO = E_q[log p(x, z)] - E_q[log q(z)],
        log p(x) = ELBO + KL(q(z) || p(z | x)).

    A distribution is a *value* of type `!vi.dist<T>`; what can be said of it
    (its density at a point, its entropy, its divergence from another) is an
    operation on that value. A model is a region in which sites name random
    variables; a plate is a region for one member of a set of conditionally
    independent members.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class VI_Op<string mnemonic, list<Trait> traits = []>
    : Op<VI_Dialect, mnemonic, traits>;

#endif // VI_DIALECT_VI_IR_VIDIALECT_TD
