//===- ReverseSweep.h - emission of the reverse sweep -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIFFERENTIATION_REVERSESWEEP_H
#define VI_LIB_DIFFERENTIATION_REVERSESWEEP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Differentiation/ActivityAnalysis.h"

namespace vi {

/// Where an adjoint that is not yet final counts: it is zero wherever
/// `condition` does not have the truth value `holds`. Null: it counts
/// everywhere.
struct Mask {
  mlir::Value condition;
  bool holds = true;

  bool operator==(const Mask &other) const {
    return condition == other.condition && (!condition || holds == other.holds);
  }
};

/// The adjoint of a value so far.
struct Adjoint {
  mlir::Value value;
  Mask mask;
  /// Whether a mask has been applied on the way: where the value is zero,
  /// derivatives that it is multiplied with may be singular.
  bool guarded = false;
};

/// The emitted code of one block of the primal function: what its values are
/// called there, their adjoints, and rewrites put off until the block is done.
struct Scope {
  mlir::IRMapping forward;
  llvm::DenseMap<mlir::Value, Adjoint> adjoints;

  /// An op of the forward sweep and the op that recomputes it together with
  /// its reverse sweep. `replacements` are the latter's values for the results
  /// of the former.
  struct Pair {
    mlir::Operation *forward, *combined;
    llvm::SmallVector<mlir::Value> replacements;
  };
  llvm::SmallVector<Pair> pairs;

  /// A loop of the forward sweep, and for each of its carried values a stand-in
  /// for the stack of its states (or null).
  struct Tape {
    mlir::scf::ForOp loop;
    llvm::SmallVector<mlir::Value> stacks;
  };
  llvm::SmallVector<Tape> tapes;
};

/// Emits, behind the forward sweep of a block, its reverse sweep. Keys of
/// scopes are the primal's values; everything that is emitted is new.
class ReverseSweep {
public:
  ReverseSweep(const ActivityAnalysis &activity,
               mlir::ImplicitLocOpBuilder &builder)
      : activity(activity), b(builder) {}

  /// Clones the block's operations (without terminator).
  void emitForward(mlir::Block &block, Scope &scope);
  /// Emits the reverse sweep of the block, from the adjoints in the scope.
  mlir::LogicalResult emitReverse(mlir::Block &block, Scope &scope);
  /// Does what was put off. To be called when the block is complete.
  void finish(Scope &scope);

  /// The adjoint, with its mask applied; null if there is none.
  mlir::Value getAdjoint(Scope &scope, mlir::Value primal);
  /// The adjoint, or zeros.
  mlir::Value getAdjointOrZero(Scope &scope, mlir::Value primal);
  /// Adds a contribution.
  void add(Scope &scope, mlir::Value primal, mlir::Value contribution,
           Mask mask = {}, bool guarded = false);
  /// Replaces the adjoint by one that contains it.
  void set(Scope &scope, mlir::Value primal, mlir::Value adjoint) {
    scope.adjoints[primal] = {adjoint, {}, isGuarded(scope, primal)};
  }
  bool isGuarded(Scope &scope, mlir::Value primal) {
    auto entry = scope.adjoints.find(primal);
    return entry != scope.adjoints.end() && entry->second.guarded;
  }

private:
  mlir::LogicalResult reverse(mlir::Operation *op, Scope &scope);
  mlir::LogicalResult reverseElementwise(mlir::Operation *op, Scope &scope);

  // Tensors: TensorRules.cpp.
  mlir::LogicalResult reverseTensor(mlir::Operation *op, Scope &scope);

  // linalg: LinalgRules.cpp.
  mlir::LogicalResult reverseGeneric(mlir::linalg::GenericOp op, Scope &scope);
  mlir::LogicalResult reverseGenericAsLoops(mlir::linalg::GenericOp op,
                                            Scope &scope);

  // Regions: RegionRules.cpp.
  mlir::LogicalResult reversePlate(PlateOp op, Scope &scope);
  mlir::LogicalResult reverseIf(mlir::scf::IfOp op, Scope &scope);
  mlir::LogicalResult reverseFor(mlir::scf::ForOp op, Scope &scope);
  /// Adds to the adjoints that an operation's region was given and returned.
  void mergePair(Scope::Pair &pair);
  void recordStates(Scope::Tape &tape);

  // Factorizations: MatrixRules.cpp.
  mlir::LogicalResult reverseCholesky(CholeskyOp op, Scope &scope);
  mlir::LogicalResult reverseTriangularSolve(TriangularSolveOp op,
                                             Scope &scope);

  // Helpers.
  /// The mask of an adjoint; of a guarded one, where it is not zero.
  Mask getMask(const Adjoint &adjoint);
  /// Adds an adjoint from outside of a region to a value inside.
  void addSeed(Scope &inner, mlir::Value primal, const Adjoint &seed) {
    add(inner, primal, seed.value, getMask(seed), seed.guarded);
  }
  mlir::Value materialize(const Adjoint &adjoint);
  Mask conjunction(Mask a, Mask b);
  mlir::Value getCondition(Mask mask);
  /// Zeros of the type and shape of a primal value.
  mlir::Value getZero(Scope &scope, mlir::Value primal);
  mlir::Value getEmpty(Scope &scope, mlir::Value primal);
  /// The size of a dimension of a primal value, computed without the value
  /// where that can be.
  mlir::OpFoldResult getSize(Scope &scope, mlir::Value primal, int64_t dim);
  /// All sizes of a primal value, static ones where its type has them.
  llvm::SmallVector<mlir::OpFoldResult> getSizes(Scope &scope,
                                                 mlir::Value primal);
  /// The sum of two tensors, in place of the first.
  mlir::Value addTensors(mlir::Value accumulator, mlir::Value contribution);
  /// The sum of all elements, as a scalar.
  mlir::Value sumElements(mlir::Value tensor);
  mlir::Value lookup(Scope &scope, mlir::Value primal) {
    return scope.forward.lookupOrDefault(primal);
  }
  llvm::SmallVector<mlir::Value> lookup(Scope &scope,
                                        mlir::ValueRange primals) {
    return llvm::map_to_vector(primals,
                               [&](mlir::Value v) { return lookup(scope, v); });
  }

  const ActivityAnalysis &activity;
  mlir::ImplicitLocOpBuilder &b;
};

/// Erases operations without use and effect but those of `kept`, users before
/// what they use.
void eraseDead(mlir::Block &block,
               const llvm::DenseSet<mlir::Operation *> &kept);

} // namespace vi

#endif // VI_LIB_DIFFERENTIATION_REVERSESWEEP_H
