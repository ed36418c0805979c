//===- Divergences.h - closed forms of divergences -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_DIVERGENCES_H
#define VI_DIALECT_VI_IR_DIVERGENCES_H

#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// Emits KL(q || p) of one event, in nats, or returns null where the pair of
/// families has no closed form for these members (two binomials of different
/// counts). Supports need not be looked at: that is done for all pairs.
using DivergenceBuilder = mlir::Value (*)(mlir::ImplicitLocOpBuilder &builder,
                                          DistributionOpInterface q,
                                          DistributionOpInterface p);

/// Registers the closed form for a pair of families, by the names of their ops
/// ("vi.normal"); an empty name stands for any family. A pair needs an entry
/// only where its divergence follows neither from natural parameters (members
/// of one exponential family) nor from the entropy of q and the expected
/// log-density of p under the statistics of q.
void registerDivergence(llvm::StringRef q, llvm::StringRef p,
                        DivergenceBuilder builder);

/// Emits KL(q || p) in nats: of one event, or the sum over the members of a
/// batch. Returns null, and emits nothing, where no closed form is known. Where
/// q has mass outside the support of p it is +inf.
mlir::Value buildKL(mlir::ImplicitLocOpBuilder &builder, mlir::Value q,
                    mlir::Value p);

/// Emits the cross-entropy -E_q[log p] in nats, likewise.
mlir::Value buildCrossEntropy(mlir::ImplicitLocOpBuilder &builder,
                              mlir::Value q, mlir::Value p);

/// Emits E_q[s(x)] of one event, or returns null, and emits nothing, where no
/// closed form is known.
mlir::Value buildExpectedStatistic(mlir::ImplicitLocOpBuilder &builder,
                                   mlir::Value q, const Statistic &statistic);

/// Whether every value of `inner` is one of `outer`, as far as constants tell.
std::optional<bool> isInside(const Support &inner, const Support &outer);

} // namespace vi

#endif // VI_DIALECT_VI_IR_DIVERGENCES_H
