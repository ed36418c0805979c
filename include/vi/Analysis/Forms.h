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

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseMap.h"

namespace vi {

/// One random variable in a monomial. The variable is a draw u, or z = T(u)
/// where u is drawn from the pullback of a distribution of z; or, where the
/// draw is made in a plate and stacked, the draw of one member, or a weighted
/// sum of the draws of all members.
struct FormFactor {
  DrawOp draw;
  /// Whether this is z = T(u) rather than u.
  bool constrained = false;
  Statistic statistic;
  /// The member whose draw it is, where the draw is seen through a stack.
  mlir::Value index;
  /// The weights of a sum over all members: a tensor of rank one.
  mlir::Value weights;

  /// Whether both are statistics of one random variable.
  bool hasSameVariable(const FormFactor &other) const {
    return draw == other.draw && constrained == other.constrained &&
           index == other.index && weights == other.weights;
  }
};

/// coefficient * product of statistics of different random variables.
struct FormTerm {
  /// A value that no draw reaches.
  mlir::Value coefficient;
  llvm::SmallVector<FormFactor, 2> factors;
  /// Sites over which `coefficient` is an expectation already: a function of
  /// them that is no sum of products. Other terms with these sites are not
  /// independent of it.
  llvm::SmallVector<llvm::StringRef, 2> taken;
};

/// Writes values as sums of products of statistics (powers, exponentials,
/// logarithms) of random variables, whatever the order in which the user wrote
/// additions and products, and emits the expectation of such sums.
///
/// It sees through the tensors in which latents arrive: an element of a plate's
/// stack is the draw of that member, an element of an elementwise operation the
/// operation of elements, a dot product with weights that no draw reaches one
/// random variable, whose moments are those of a sum of independent draws.
///
/// A function of a *linear predictor*, a sum of independent normal variables
/// with coefficients that no draw reaches, is a function of one normal
/// variable. Its expectation is taken where it is known
/// (`buildGaussianExpectation`).
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

  /// Whether what was emitted last is an approximation with a certified error
  /// for each linear predictor rather than a closed form.
  bool isApproximate() const { return approximate; }

private:
  using Form = llvm::SmallVector<FormTerm, 4>;
  using OperandForm = llvm::function_ref<std::optional<Form>(unsigned operand)>;
  /// A member of a plate whose region is read from outside.
  struct Member {
    PlateOp plate;
    mlir::Value index;
  };
  /// Mean and variance of a sum of independent normal variables.
  struct Gaussian {
    mlir::Value mean, variance;
    llvm::SmallVector<llvm::StringRef, 2> sites;
  };

  std::optional<Form> getForm(mlir::Value value);
  std::optional<Form> getOpForm(mlir::Operation *op, OperandForm getOperand);
  std::optional<Form> getElement(mlir::Value tensor, mlir::ValueRange indices);
  std::optional<Form> getStackElement(PlateOp plate, unsigned stack,
                                      mlir::Value index);
  std::optional<Form> getGenericElement(mlir::linalg::GenericOp generic,
                                        unsigned result,
                                        mlir::ValueRange indices);
  std::optional<Form> getDot(mlir::Value tensor);
  std::optional<Form> multiply(const Form &a, const Form &b);
  std::optional<Form> square(const Form &form);
  std::optional<Form> invert(const Form &form);
  std::optional<Form> exponentiate(const Form &form);
  std::optional<Form> getLogarithm(const Form &form);
  /// The expectation of `op`, a function of one number, at a linear predictor.
  std::optional<Form> applyToGaussian(mlir::OperationName function,
                                      const Form &form);
  std::optional<Gaussian> getGaussian(const Form &form);
  /// E or Var of a factor's variable.
  mlir::Value buildMoment(const FormFactor &factor, bool variance);
  mlir::Value buildFactor(const FormFactor &factor);
  /// The distribution of a factor's variable, at the builder's insertion point;
  /// null where it has no name.
  mlir::Value buildDistribution(const FormFactor &factor);
  /// Means, or variances, of the draws of all members, as a tensor.
  mlir::Value buildMoments(DrawOp draw, bool variance);
  /// `value` where the builder stands: what is computed in the region of the
  /// member that is read from outside is computed again. Null where it cannot.
  mlir::Value resolve(mlir::Value value);
  mlir::Value resolve(mlir::Value value, const Member &member);
  std::nullopt_t fail(llvm::StringRef why) {
    if (reason.empty())
      reason = why.str();
    return std::nullopt;
  }

  ExpectOp expect;
  DrawDependence &dependence;
  mlir::ImplicitLocOpBuilder *builder = nullptr;
  std::string reason;
  bool approximate = false;
  /// Whether squares of linear predictors are kept together.
  bool joinSquares = true;
  std::optional<Member> member;
  /// Forms of arguments of the region of an operation on elements.
  llvm::DenseMap<mlir::Value, Form> arguments;
  mlir::Region *elements = nullptr;
};

} // namespace vi

#endif // VI_ANALYSIS_FORMS_H
