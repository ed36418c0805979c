//===- Observations.h - where a model's observations are -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_OBSERVATIONS_H
#define VI_DIALECT_VI_TRANSFORMS_OBSERVATIONS_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/IR/IRMapping.h"

namespace vi {

/// An op that contributes the log-density of something observed: an
/// observation, or a factor that is a normalized density. It does so once for
/// each iteration of the plates and loops around it.
struct Observation {
  mlir::Operation *op = nullptr;
  /// The name of the site.
  llvm::StringRef name;
  /// The plates and `scf.for` around it, outermost first.
  llvm::SmallVector<mlir::Operation *> nest;
  /// The number of iterations of one of them differs between those of another,
  /// so that the terms make no array: they are joined in one vector, in the
  /// order of the iterations.
  bool isRagged = false;
};

/// The observations of a model in the order of the text, as far as how many
/// they are is a function of the data. Sizes are tried at the insertion point
/// of `builder`, where `mapping` gives the values that stand for the data.
/// `omitted`, if not null, gets the names of the sites that are left out.
llvm::SmallVector<Observation>
getObservations(mlir::OpBuilder &builder, ModelOp model,
                mlir::IRMapping &mapping,
                llvm::SmallVectorImpl<mlir::Operation *> *omitted = nullptr);

/// Emits the number of iterations of all of `nest` together, which is not
/// empty. Null where it depends on more than `mapping` gives.
mlir::Value buildIterationCount(mlir::OpBuilder &builder,
                                llvm::ArrayRef<mlir::Operation *> nest,
                                mlir::IRMapping &mapping);

/// Emits the shape of the terms of an observation: the numbers of iterations
/// of the plates and loops around it, or the number of all if it is ragged.
llvm::SmallVector<mlir::Value>
buildObservationShape(mlir::OpBuilder &builder, const Observation &observation,
                      mlir::IRMapping &mapping);

/// Emits, for the outermost plate of `nest`, where the iterations of each
/// member start among those of all (a vector of indices), and the number of
/// all. Null where that depends on more than `mapping` gives.
std::pair<mlir::Value, mlir::Value>
buildIterationOffsets(mlir::OpBuilder &builder,
                      llvm::ArrayRef<mlir::Operation *> nest,
                      mlir::IRMapping &mapping);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_OBSERVATIONS_H
