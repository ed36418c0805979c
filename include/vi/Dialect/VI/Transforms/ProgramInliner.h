//===- ProgramInliner.h - put the body of a model or guide into a function -*-
// C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_PROGRAMINLINER_H
#define VI_DIALECT_VI_TRANSFORMS_PROGRAMINLINER_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace vi {

/// A range of the members of a data plate, and the factor by which all
/// log-density inside it is multiplied (N / B for a minibatch).
struct Batch {
  mlir::Value begin, end, scale;
};

class ParameterReader;

/// Clones the body of a model or guide into ordinary code. What a site becomes
/// is up to the subclass; this class takes care of plates, loops and branches:
/// named values that enter a plate or loop are sliced (`inputs`), named values
/// that leave one are stacked (`outputs`), and terms of the log-density are
/// summed up (`terms`).
class ProgramInliner {
public:
  /// Learned parameters are taken from `reader`.
  ProgramInliner(mlir::OpBuilder &builder, mlir::FloatType type,
                 ParameterReader &reader)
      : builder(builder), floatType(type), reader(reader) {}
  virtual ~ProgramInliner();

  /// Clones all of `program`, whose arguments are `data`.
  llvm::LogicalResult inlineProgram(mlir::FunctionOpInterface program,
                                    mlir::ValueRange data);

  /// The sum of the terms that were collected, 0 where there is none.
  mlir::Value getTotal(mlir::Location loc);

  /// Values by name as they are seen at the present level: members of the
  /// value by that name outside. Given by the user for the top level.
  llvm::StringMap<mlir::Value> inputs;
  /// Values that are stacked on leaving a plate or a loop; at the end, the
  /// whole values.
  llvm::MapVector<llvm::StringRef, mlir::Value> outputs;
  /// The plates and loops around the sites whose values are joined in one
  /// vector instead, as they have different numbers of iterations
  /// (`Observation::isRagged`).
  llvm::MapVector<llvm::StringRef, llvm::SmallVector<mlir::Operation *>> ragged;
  /// What multiplies the terms of latent sites (KL warm-up); null for 1.
  mlir::Value latentWeight;
  /// The top-level plate of which each member's own sum of terms is an output,
  /// too, under the plate's name.
  llvm::StringRef memberTotals;
  /// Terms of the log-density at the present level.
  llvm::SmallVector<mlir::Value> terms;
  /// The ranges of top-level plates, by name; a plate that is not named runs
  /// over all its members.
  llvm::StringMap<Batch> batches;

protected:
  /// What to put for a latent site. `distribution` is the cloned one, `sizes`
  /// the cloned sizes.
  virtual mlir::FailureOr<mlir::Value>
  emitSample(SampleOp op, mlir::Value distribution, mlir::ValueRange sizes) = 0;
  /// What to put for a learned parameter: by default, the reader's next.
  virtual mlir::FailureOr<mlir::Value>
  emitParam(ParamOp op, mlir::ValueRange bounds, mlir::ValueRange sizes);
  /// By default, log p(value) as a term.
  virtual llvm::LogicalResult emitObserve(ObserveOp op,
                                          mlir::Value distribution,
                                          mlir::Value value, mlir::Value mask);
  /// By default, a term.
  virtual llvm::LogicalResult emitFactor(FactorOp op, mlir::Value value);
  /// By default, nothing.
  virtual llvm::LogicalResult emitDeterministic(DeterministicOp op,
                                                mlir::Value value);
  /// By default, nothing, and nothing that needs the draw.
  virtual mlir::FailureOr<mlir::Value>
  emitPredict(PredictOp op, mlir::Value distribution, mlir::ValueRange sizes);

  /// Adds what a latent site contributes, log p(value), to the terms.
  void addLatentTerm(mlir::Location loc, mlir::Value distribution,
                     mlir::Value value);
  /// log p(value) under `distribution` as a number of `floatType`.
  mlir::Value buildLogProb(mlir::Location loc, mlir::Value distribution,
                           mlir::Value value, mlir::Value mask = {});

  mlir::OpBuilder &builder;
  mlir::FloatType floatType;
  ParameterReader &reader;

private:
  llvm::LogicalResult inlineBlock(mlir::Block &block, mlir::IRMapping &mapping);
  llvm::LogicalResult inlinePlate(PlateOp op, mlir::IRMapping &mapping);
  llvm::LogicalResult inlineOther(mlir::Operation &op,
                                  mlir::IRMapping &mapping);
  llvm::LogicalResult inlineLoop(mlir::scf::ForOp op, mlir::IRMapping &mapping);
  llvm::LogicalResult inlineBranch(mlir::scf::IfOp op,
                                   mlir::IRMapping &mapping);
  /// Makes the outputs of a loop's body results of the loop, stacked: the last
  /// ones of the loop that takes its place.
  mlir::FailureOr<mlir::scf::ForOp> stackOutputs(mlir::scf::ForOp loop);

  /// Number of plates and loops around the present place.
  unsigned depth = 0;
  /// What stands for the program's arguments.
  llvm::SmallVector<mlir::Value> arguments;
};

/// Takes the parameters of programs, one after the other, out of a flat vector
/// of unconstrained numbers.
class ParameterReader {
public:
  ParameterReader(mlir::Value parameters) : parameters(parameters) {}
  /// The next parameter, on its constrained scale.
  mlir::FailureOr<mlir::Value> read(mlir::OpBuilder &builder, ParamOp op,
                                    mlir::ValueRange bounds,
                                    mlir::ValueRange sizes);
  /// Passes over elements.
  void skip(mlir::Value count) { offset = count; }
  /// The number of unconstrained elements that were read so far.
  mlir::Value getOffset(mlir::OpBuilder &builder, mlir::Location loc);

private:
  mlir::Value parameters;
  mlir::Value offset;
};

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_PROGRAMINLINER_H
