//===- Forms.h - the form of an integrand in its random variables -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_ANALYSIS_FORMS_H
#define VI_ANALYSIS_FORMS_H

#include "vi/Analysis/JointNormal.h"
#include "vi/Analysis/LinearTerms.h"
#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace vi {

struct FormFunction;
struct LinearPredictor;

/// A function of one random variable, as a factor of a monomial. The variable
/// is a draw u, or z = T(u) where u is drawn from the pullback of a
/// distribution of z; or, where the draw is made in a plate and stacked, the
/// draw of one member, or a weighted sum of the draws of all members; or a
/// linear predictor. The function is
///
///     statistic(variable) * variable^power * functions(variable) ...
///
/// with `power` beside an exponential only, and functions of a normal variable
/// only.
struct FormFactor {
  DrawOp draw;
  /// Whether this is z = T(u) rather than u.
  bool constrained = false;
  Statistic statistic;
  /// The member whose draw it is, where the draw is seen through a stack; the
  /// element of a draw of several correlated variables.
  mlir::Value index;
  /// The weights of a sum over all members: a tensor of rank one; of a draw of
  /// several variables, over as many as there are weights, from `index` on.
  mlir::Value weights;
  /// The variable, where it is a sum over several draws: then there is no draw.
  std::shared_ptr<const LinearPredictor> predictor;
  int power = 0;
  llvm::SmallVector<std::shared_ptr<const FormFunction>, 1> functions;

  /// The variable itself.
  FormFactor getVariable() const;
  /// Whether both are functions of one random variable.
  bool hasSameVariable(const FormFactor &other) const;
  /// Whether the two may not be independent.
  bool mayOverlap(const FormFactor &other) const;
  /// Whether the variable is one of several that are drawn together.
  bool isJoint() const {
    DrawOp op = draw;
    return op && mlir::isa<mlir::RankedTensorType>(op.getValue().getType());
  }
  /// Whether the covariance of the two is known, where they may overlap.
  bool canCorrelate(const FormFactor &other) const;
  /// Whether the expectation of a product of the two, which may overlap, is
  /// known: exponentials move the mean of everything else, and powers have
  /// joint moments.
  bool canMultiply(const FormFactor &other) const;
  /// Whether the factor is 1.
  bool isOne() const {
    return statistic.kind == Statistic::Kind::Power && statistic.power == 0 &&
           functions.empty();
  }
  /// Whether the factor is its variable.
  bool isVariable() const {
    return statistic.kind == Statistic::Kind::Power && statistic.power == 1 &&
           power == 0 && functions.empty();
  }
  /// Whether the factor is an exponential of its variable and nothing else.
  bool isExponential() const {
    return statistic.kind == Statistic::Kind::Exponential && power == 0 &&
           functions.empty();
  }
};

/// coefficient * product of functions of different random variables.
struct FormTerm {
  /// A value that no draw reaches.
  mlir::Value coefficient;
  llvm::SmallVector<FormFactor, 0> factors;
};

using Form = llvm::SmallVector<FormTerm, 0>;

/// The random variable sum of coefficient * variable over independent normal
/// variables, with coefficients that no draw reaches.
struct LinearPredictor {
  llvm::SmallVector<std::pair<FormFactor, mlir::Value>, 0> variables;
};

/// An operation on numbers whose operands are forms in one variable, and so a
/// function of it.
struct FormFunction {
  /// The operation, with its attributes; or the square of one operand.
  std::optional<mlir::OperationName> name;
  mlir::DictionaryAttr attributes;
  mlir::Type type;
  llvm::SmallVector<Form, 0> operands;

  bool isSquare() const { return !name; }
  template <typename Op> bool is() const {
    return name && name->getStringRef() == Op::getOperationName();
  }
};

/// What the expectation of a form is taken by.
enum class Accuracy {
  /// Closed forms.
  Exact,
  /// Operations with a certified error for all arguments.
  Certified,
  /// Quadrature takes part.
  Quadrature
};

/// How a form's expectation is taken.
struct FormOptions {
  /// Look at draws of several correlated variables.
  bool correlated = true;
  /// Mark what is no closed form by `vi.approximate`.
  bool errorBounds = false;
  /// Nodes of quadrature.
  int64_t quadratureNodes = 64;
};

/// Writes values as sums of products of statistics (powers, exponentials,
/// logarithms) of random variables, whatever the order in which the user wrote
/// additions and products, and emits the expectation of such sums.
///
/// It sees through the tensors in which latents arrive: an element of a plate's
/// stack is the draw of that member, an element of an elementwise operation the
/// operation of elements, a dot product with weights that no draw reaches one
/// random variable, whose moments are those of a sum of independent draws. So
/// is a sum that an `scf.for` carries through the members of a plate.
///
/// A smooth function of one normal variable that is no statistic is kept as a
/// factor, so that functions of one variable multiply, and an exponential of a
/// sum over several variables is a product. A *linear predictor*, a sum of
/// independent normal variables with coefficients that no draw reaches, is one
/// normal variable. The expectation of such a factor is taken in closed form
/// where there is one (`buildGaussianExpectation`), else by quadrature
/// (`buildGaussianQuadrature`). An exponential that multiplies it shifts the
/// mean: E[e^(cu) f(x)] = E[e^(cu)] E[f(x + c Cov(u, x))]. The elements of a
/// draw from a multivariate normal distribution are correlated variables:
/// predictors, exponentials and powers of several of them have closed
/// expectations, too.
///
/// What has no such form may have one given one of its variables: a function of
/// the product of a scale and a linear predictor is one of a normal variable
/// for every scale. Its expectation is then the sum over the nodes of that
/// variable of the expectation given it.
class FormAnalysis {
public:
  FormAnalysis(ExpectOp expect, DrawDependence &dependence, FormOptions options)
      : expect(expect), dependence(dependence), options(options) {}

  /// E[value] given that draws are independent, emitted at the builder's
  /// insertion point; null where `value` has no such form, where a statistic
  /// has no known expectation, or where a draw depends on another.
  mlir::Value buildExpectation(mlir::ImplicitLocOpBuilder &builder,
                               mlir::Value value);

  /// The draw of several normal variables that a vector of latents is a part
  /// of, and the place of its first element.
  std::optional<std::pair<DrawOp, mlir::Value>>
  findJointPart(mlir::ImplicitLocOpBuilder &builder, mlir::Value vector) {
    this->builder = &builder;
    return getJointPart(vector);
  }

  /// After a failure: why.
  llvm::StringRef getReason() const { return reason; }

  /// How far what was emitted last is from a closed form.
  Accuracy getAccuracy() const { return accuracy; }

  /// By what quadrature it was taken, for people.
  llvm::StringRef getQuadrature() const { return quadrature; }

private:
  using OperandForm = llvm::function_ref<std::optional<Form>(unsigned operand)>;
  /// A member of a plate, or an iteration of a loop, whose region is read from
  /// outside.
  struct Member {
    mlir::Operation *owner;
    mlir::Value index;
  };
  /// The variable as a form: a number, where it is held.
  std::optional<Form> getVariable(FormFactor variable, mlir::Type type);
  /// E[value] as a sum of products, and how it was taken; null where it is
  /// none.
  mlir::Value buildSum(mlir::Value value);
  /// The same given one of the variables seen, at the nodes of that.
  mlir::Value buildGivenOne(mlir::Value value);
  mlir::Value buildGiven(const FormFactor &variable, mlir::Value value,
                         Accuracy worst);
  std::optional<Form> getForm(mlir::Value value);
  std::optional<Form> computeForm(mlir::Value value);
  std::optional<Form> getOpForm(mlir::Operation *op, OperandForm getOperand);
  std::optional<Form> getElement(mlir::Value tensor, mlir::ValueRange indices);
  std::optional<Form> getStackElement(PlateOp plate, unsigned stack,
                                      mlir::Value index);
  std::optional<Form> getGenericElement(mlir::linalg::GenericOp generic,
                                        unsigned result,
                                        mlir::ValueRange indices);
  std::optional<Form> getDot(mlir::Value tensor);
  std::optional<Form> getLoopSum(mlir::scf::ForOp loop, unsigned result);
  mlir::Value stripFactors(mlir::Value value,
                           llvm::SmallVectorImpl<mlir::Value> &factors);
  std::optional<Form> multiply(const Form &a, const Form &b);
  std::optional<Form> square(const Form &form);
  std::optional<Form> invert(const Form &form);
  std::optional<Form> exponentiate(const Form &form);
  std::optional<Form> getLogarithm(const Form &form);
  std::optional<Form> getLogOfComplement(const FormFactor &factor);
  std::optional<Form> constrain(SupportKind support, const Form &form,
                                llvm::ArrayRef<Form> bounds);
  /// The function on forms in one variable, or in several that only enter
  /// through one linear predictor.
  std::optional<Form> apply(FormFunction function);
  template <typename Op>
  std::optional<Form> apply(mlir::Type type,
                            llvm::SmallVector<Form, 0> operands) {
    FormFunction function;
    function.name =
        mlir::OperationName(Op::getOperationName(), builder->getContext());
    function.attributes = builder->getDictionaryAttr({});
    function.type = type;
    function.operands = std::move(operands);
    return apply(std::move(function));
  }
  template <typename Op>
  std::optional<Form> apply(mlir::Type type, const Form &operand) {
    return apply<Op>(type, llvm::SmallVector<Form, 0>{operand});
  }
  /// One predictor for all operands, which are rewritten in terms of it.
  std::shared_ptr<const LinearPredictor>
  getPredictor(llvm::MutableArrayRef<Form> operands);
  /// Whether `apply` takes the operation.
  static bool isKnownFunction(mlir::OperationName name);
  /// Whether the function has all derivatives, so that quadrature applies. A
  /// function of a polynomial, whose slope has no bound, can change over any
  /// distance: only with `steep`.
  static bool isSmooth(const FormFunction &function, bool steep);
  /// Whether `result`, which is computed from `x`, is by operations that have
  /// all derivatives: none is divided by, or has a logarithm, that may be zero.
  static bool isSmoothIn(mlir::Value x, mlir::Value result);
  /// Whether a value of the form is positive for certain.
  bool isPositive(const Form &form);
  bool isPositive(const FormFactor &factor);
  /// Whether the guide draws the variable from a normal distribution.
  bool isNormal(const FormFactor &variable);

  /// E or Var of a factor's variable.
  mlir::Value buildMoment(const FormFactor &factor, bool variance);
  /// Cov(a, b) of two variables; null where it is 0.
  mlir::Value buildCovariance(const FormFactor &a, const FormFactor &b);
  mlir::Value buildTerm(const FormTerm &term);
  /// E of a product of factors that are not independent of each other.
  mlir::Value buildDependent(llvm::ArrayRef<const FormFactor *> factors);
  /// The draw and the first element of what a tensor is a part of.
  std::optional<std::pair<DrawOp, mlir::Value>>
  getJointPart(mlir::Value tensor);
  /// Mean and covariance of a draw of several normal variables.
  std::optional<JointNormal> getMoments(DrawOp draw);
  /// The value of a draw from a distribution of one point; null otherwise.
  mlir::Value getPoint(DrawOp draw);
  /// E of a factor, where the mean of its variable is moved by `shift` (null:
  /// it is not).
  mlir::Value buildFactor(const FormFactor &factor, mlir::Value shift);
  /// Marks a value as known to within a bound, which no derivative passes
  /// through.
  Expression markApproximate(Expression value, Expression bound,
                             bool estimated = false);
  /// E[f(x)], x ~ N(mean, variance), by quadrature.
  Expression
  buildQuadrature(Expression mean, Expression variance, int64_t nodes,
                  llvm::function_ref<Expression(Expression x)> integrand);
  /// A form, a factor or a function of one variable at the number `x`.
  Expression evaluate(const Form &form, Expression x);
  Expression evaluate(const FormFactor &factor, Expression x);
  Expression evaluate(const FormFunction &function, Expression x);
  /// The distribution of a factor's variable, at the builder's insertion point;
  /// null where it has no name.
  mlir::Value buildDistribution(const FormFactor &factor);
  /// Means, or variances, of the draws of all members, as a tensor.
  mlir::Value buildMoments(DrawOp draw, bool variance);
  mlir::Value createMoments(DrawOp draw, bool variance);
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
  FormOptions options;
  mlir::ImplicitLocOpBuilder *builder = nullptr;
  std::string reason, quadrature;
  Accuracy accuracy = Accuracy::Exact;
  /// A variable that an outer quadrature holds at a number.
  std::optional<std::pair<FormFactor, mlir::Value>> held;
  /// The variables that the value at hand is a function of, as they were seen.
  llvm::SmallVector<FormFactor, 0> seen;
  /// Forms that are known already, outside of members and elements.
  llvm::DenseMap<mlir::Value, Form> known;
  /// The number of loops that were made plates.
  unsigned loops = 0;
  /// Moments of draws of several variables, for all terms.
  llvm::DenseMap<mlir::Operation *, JointNormal> joints;
  /// Moments of the draws of all members, for all terms.
  llvm::DenseMap<std::pair<mlir::Operation *, unsigned>, mlir::Value> moments;
  /// Whether squares of linear predictors are kept together.
  bool joinSquares = true;
  std::optional<Member> member;
  /// Forms of arguments of the region of an operation on elements.
  llvm::DenseMap<mlir::Value, Form> arguments;
  mlir::Region *elements = nullptr;
};

} // namespace vi

#endif // VI_ANALYSIS_FORMS_H
