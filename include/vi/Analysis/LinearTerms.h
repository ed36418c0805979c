//===- LinearTerms.h - what an integrand is a sum of -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_LINEARTERMS_H
#define VI_ANALYSIS_LINEARTERMS_H

#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// How a value enters the results of an expectation: with sign and constant
/// factors, as one summand among others.
struct Coefficient {
  bool negative = false;
  /// Factors that no draw reaches, in the order in which they are applied.
  llvm::SmallVector<mlir::Value, 2> factors;
  /// The same for divisors.
  llvm::SmallVector<mlir::Value, 2> divisors;
  /// The number of the result.
  unsigned result = 0;

  /// Whether both are the same up to sign, in the same result.
  bool hasSameMagnitude(const Coefficient &other) const {
    return factors == other.factors && divisors == other.divisors &&
           result == other.result;
  }
  /// Whether two equal values with these coefficients add up to zero.
  bool cancels(const Coefficient &other) const {
    return negative != other.negative && hasSameMagnitude(other);
  }
};

/// Which random variables values depend on, and how.
class DrawDependence {
public:
  explicit DrawDependence(ExpectOp expect) : expect(expect) {}

  /// Whether a value depends on the draw of `site`, or, where `site` is empty,
  /// on any draw of the expectation.
  bool dependsOn(mlir::Value value, llvm::StringRef site = {});
  bool dependsOn(mlir::Operation *op, llvm::StringRef site = {});

  /// How `value` enters the expectation's results, where it does so linearly:
  /// by additions, running sums of plates and loops, and products with what no
  /// draw reaches.
  std::optional<Coefficient> getCoefficient(mlir::Value value);

  /// Forgets what was found out, after a change of the IR.
  void invalidate() { known.clear(); }

private:
  ExpectOp expect;
  llvm::DenseMap<std::pair<mlir::Value, llvm::StringRef>, bool> known;
};

/// One summand of a sum: sign, factors, and the value that is no sum itself.
struct LinearTerm {
  mlir::Value value;
  Coefficient coefficient;
};

/// Takes a value apart into summands, through additions and products with
/// values for which `isFactor` holds.
void collectLinearTerms(mlir::Value value,
                        llvm::function_ref<bool(mlir::Value)> isFactor,
                        llvm::SmallVectorImpl<LinearTerm> &terms);

/// Emits the sum of terms, and `start` where given; null where there is
/// nothing to add.
mlir::Value buildLinearSum(mlir::OpBuilder &builder, mlir::Location loc,
                           llvm::ArrayRef<LinearTerm> terms,
                           mlir::Value start = {});

} // namespace vi

#endif // VI_ANALYSIS_LINEARTERMS_H
