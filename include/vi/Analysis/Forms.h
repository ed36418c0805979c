//===- Forms.h - the form of an integrand in its random variables -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_FORMS_H
#define VI_ANALYSIS_FORMS_H

#include "vi/Analysis/LinearTerms.h"

namespace vi {

/// One random variable in a monomial. The variable is a draw u, or z = T(u)
/// where u is drawn from the pullback of a distribution of z.
struct FormFactor {
  DrawOp draw;
  /// Whether this is z = T(u) rather than u.
  bool constrained = false;
  Statistic statistic;
};

/// coefficient * product of statistics of different random variables.
struct FormTerm {
  /// A value that no draw reaches.
  mlir::Value coefficient;
  llvm::SmallVector<FormFactor, 2> factors;
};

/// Writes values as sums of products of statistics (powers, exponentials,
/// logarithms) of random variables, whatever the order in which the user wrote
/// additions and products, and emits the expectation of such sums.
class FormAnalysis {
public:
  FormAnalysis(ExpectOp expect, DrawDependence &dependence)
      : expect(expect), dependence(dependence) {}

  /// E[value] given that draws are independent, emitted at the builder's
  /// insertion point; null where `value` has no such form, where a statistic
  /// has no known expectation, or where a draw depends on another.
  mlir::Value buildExpectation(mlir::ImplicitLocOpBuilder &builder,
                               mlir::Value value);

  /// After a failure: why.
  llvm::StringRef getReason() const { return reason; }

private:
  using Form = llvm::SmallVector<FormTerm, 4>;

  std::optional<Form> getForm(mlir::Value value);
  std::optional<Form> multiply(const Form &a, const Form &b);
  std::optional<Form> invert(const Form &form);
  std::optional<Form> exponentiate(const Form &form);
  std::optional<Form> getLogarithm(const Form &form);
  mlir::Value buildFactor(const FormFactor &factor);
  std::nullopt_t fail(llvm::StringRef why) {
    if (reason.empty())
      reason = why.str();
    return std::nullopt;
  }

  ExpectOp expect;
  DrawDependence &dependence;
  mlir::ImplicitLocOpBuilder *builder = nullptr;
  std::string reason;
};

} // namespace vi

#endif // VI_ANALYSIS_FORMS_H
