//===- Distribution.h - what distributions are described by -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_DISTRIBUTION_H
#define VI_DIALECT_VI_IR_DISTRIBUTION_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallVector.h"

namespace vi {

/// The set in which the values of a distribution lie, with its bounds as SSA
/// values where the kind has bounds (`lower` before `upper`). A bound that is
/// no operand is null: a lower bound of 0, or an upper one that a shape gives.
struct Support {
  SupportKind kind = SupportKind::Real;
  llvm::SmallVector<mlir::Value, 2> bounds;
};

/// Whether a support has finitely many values, of any number: they can be
/// enumerated.
inline bool isFinite(const Support &support) {
  return support.kind == SupportKind::Boolean ||
         support.kind == SupportKind::IntegerInterval;
}

/// Emits the number of values of a finite support as an `index`; null where the
/// support is not finite, or its upper bound is given by a shape.
mlir::Value buildSupportSize(mlir::ImplicitLocOpBuilder &builder,
                             const Support &support);

/// Emits value number `index` (from 0) of a finite support, as a number of
/// `type`: the lower bound plus the index.
mlir::Value buildSupportValue(mlir::ImplicitLocOpBuilder &builder,
                              const Support &support, mlir::Type type,
                              mlir::Value index);

/// The kind of values of a family: real numbers (in the type of its
/// parameters), booleans (`i1`) or integers (`i64`, or any integer type in the
/// data).
enum class EventKind { Real, Boolean, Integer };

/// One parameter of a family: its name, its rank for one event, and the set
/// that it must lie in.
struct ParameterDescription {
  llvm::StringRef name;
  unsigned rank;
  SupportKind support;
};

/// A statistic of one event whose expectation a family may know.
struct Statistic {
  enum class Kind {
    /// x^power; power may be negative.
    Power,
    /// log x
    Log,
    /// log(1 - x)
    Log1Minus,
    /// (log x)^2
    LogSquared,
    /// exp(coefficient x)
    Exponential,
    /// (x - location)^2
    SquaredDeviation,
    /// |x - location|
    AbsoluteDeviation
  };
  Kind kind = Kind::Power;
  /// The exponent of `Power`.
  int power = 1;
  /// The coefficient of `Exponential`.
  mlir::Value coefficient;
  /// The location of `SquaredDeviation` and `AbsoluteDeviation`.
  mlir::Value location;

  static Statistic getPower(int power) { return {Kind::Power, power, {}, {}}; }
  static Statistic get(Kind kind) { return {kind, 1, {}, {}}; }
  static Statistic getExponential(mlir::Value coefficient) {
    return {Kind::Exponential, 1, coefficient, {}};
  }
  static Statistic getSquaredDeviation(mlir::Value location) {
    return {Kind::SquaredDeviation, 2, {}, location};
  }
  static Statistic getAbsoluteDeviation(mlir::Value location) {
    return {Kind::AbsoluteDeviation, 1, {}, location};
  }
};

/// Emits the expectation of a statistic, or returns null where none is known.
using ExpectationFunction = llvm::function_ref<mlir::Value(const Statistic &)>;

/// Where a draw takes its randomness from. Each call consumes one independent
/// variable of the site, of which there is one for each element of the value;
/// the estimator decides whether it comes from a counter
/// (`rng`) or from an array of held draws.
class NoiseSource {
public:
  virtual ~NoiseSource();
  /// A standard normal variable: a scalar, or a tensor of independent ones with
  /// the dynamic dimensions given.
  virtual mlir::Value standardNormal(mlir::ImplicitLocOpBuilder &builder,
                                     mlir::Type type,
                                     mlir::ValueRange dynamicSizes = {}) = 0;
  /// A uniform variable on the open interval (0, 1), of a scalar type.
  virtual mlir::Value uniform(mlir::ImplicitLocOpBuilder &builder,
                              mlir::Type type) = 0;
  /// A key (i64) of a stream of counter-based numbers of its own, for samplers
  /// that consume an unknown number of variables.
  virtual mlir::Value stream(mlir::ImplicitLocOpBuilder &builder) = 0;
};

/// Whether a type is a tensor of rank 0. The dialect has one form of a single
/// number, the scalar: distributions, sites, parameters and data refuse such
/// tensors.
inline bool isRankZeroTensor(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && tensor.getRank() == 0;
}

/// The numbers that a constant attribute or value holds, as doubles: one where
/// all are equal, none where it is no constant of numbers.
llvm::SmallVector<double> getConstantNumbers(mlir::Attribute attribute);
llvm::SmallVector<double> getConstantNumbers(mlir::Value value);

/// Whether two values are the same distribution for certain: one value, or one
/// family with the same parameters. Then KL = 0 whatever the parameters are.
bool isSameDistribution(mlir::Value q, mlir::Value p);

/// Verifies that the bounds of `op` are finite, and the lower below the upper
/// one (element by element), as far as they are constants.
llvm::LogicalResult verifyBoundsOrder(mlir::Operation *op, mlir::Value lower,
                                      mlir::Value upper);

/// Verifies the operands of a family against its parameters: element types,
/// batch shapes, and constants outside a parameter's set.
llvm::LogicalResult
verifyFamily(mlir::Operation *op,
             llvm::ArrayRef<ParameterDescription> parameters);

/// Infers `!vi.dist<T>` from the operands of a family.
llvm::LogicalResult inferFamilyType(
    mlir::MLIRContext *context, std::optional<mlir::Location> location,
    mlir::ValueRange operands, llvm::ArrayRef<ParameterDescription> parameters,
    EventKind event, unsigned eventRank,
    llvm::SmallVectorImpl<mlir::Type> &types);

/// The number of leading dimensions of the values of `distribution` that are a
/// batch of independent events.
unsigned getBatchRank(mlir::Value distribution);

/// Emits the distribution of the member at `index` along the leading batch
/// dimension of `distribution`, or `distribution` itself where it has no
/// batch dimension.
mlir::Value buildMember(mlir::ImplicitLocOpBuilder &builder,
                        mlir::Value distribution, mlir::Value index);

/// The same with `slice` emitting a member's part of a parameter: called for
/// each tensor that `collectBatchOperands` finds.
mlir::Value buildMember(mlir::ImplicitLocOpBuilder &builder,
                        mlir::Value distribution,
                        llvm::function_ref<mlir::Value(mlir::Value)> slice);

/// Collects the tensors on whose leading dimension the members of
/// `distribution` depend.
void collectBatchOperands(mlir::Value distribution,
                          llvm::SetVector<mlir::Value> &tensors);

/// Emits the sum over the members of a batch: a plate whose region is emitted
/// by `build` from the member's distributions and slices of `tensors`.
/// Distributions without a batch dimension are shared by the members. Returns
/// null, and emits nothing, where `build` does.
mlir::Value
buildSumOverMembers(mlir::ImplicitLocOpBuilder &builder, mlir::Type type,
                    llvm::ArrayRef<mlir::Value> distributions,
                    llvm::ArrayRef<mlir::Value> tensors,
                    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                                   llvm::ArrayRef<mlir::Value>,
                                                   llvm::ArrayRef<mlir::Value>)>
                        build);

/// Emits the joint log-density of all elements of `value`: one event, a batch
/// of events, or independent draws from one distribution. Where `mask` (if not
/// null: an `i1`, or a tensor of it over the leading dimensions of the value)
/// is false, an element contributes 0. Returns null where the density of
/// `distribution` is not known.
mlir::Value buildLogProb(mlir::ImplicitLocOpBuilder &builder,
                         mlir::Value distribution, mlir::Value value,
                         mlir::Value mask = {});

/// Emits the entropy of a distribution, of the joint one for a batch, or
/// returns null where no closed form is known.
mlir::Value buildEntropy(mlir::ImplicitLocOpBuilder &builder,
                         mlir::Value distribution);

} // namespace vi

#endif // VI_DIALECT_VI_IR_DISTRIBUTION_H
