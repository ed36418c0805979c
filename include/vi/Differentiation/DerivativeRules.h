//===- DerivativeRules.h - derivatives of elementwise operations -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIFFERENTIATION_DERIVATIVERULES_H
#define VI_DIFFERENTIATION_DERIVATIVERULES_H

#include "mlir/IR/Operation.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <functional>

namespace vi {

/// What a derivative rule sees of an operation on scalars: the operands and
/// results in the forward sweep, and the adjoint of one result. A rule is
/// linear in the adjoint, so that the same rule serves the forward mode: there
/// the tangent of the operand stands in the adjoint's place.
class RuleContext {
public:
  /// `type` is that of the value that the rule is to give: the operand's, or
  /// in forward mode the result's.
  RuleContext(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op,
              mlir::ValueRange operands, mlir::ValueRange results,
              unsigned resultNumber, mlir::Value adjoint, mlir::Type type)
      : builder(builder), op(op), operands(operands), results(results),
        resultNumber(resultNumber), adjoint(adjoint), type(type) {}

  /// The first, second and third operand.
  Expression x() const { return operand(0); }
  Expression y() const { return operand(1); }
  Expression z() const { return operand(2); }
  /// The result whose adjoint is `g()`.
  Expression f() const { return result(resultNumber); }
  /// The adjoint: the derivative of the objective in the result.
  Expression g() const { return {builder, adjoint}; }

  Expression operand(unsigned number) const {
    return {builder, operands[number]};
  }
  Expression result(unsigned number) const {
    return {builder, results[number]};
  }
  unsigned getResultNumber() const { return resultNumber; }
  /// The type of what the rule gives.
  mlir::Type getType() const { return type; }
  /// The operation, as a source of attributes and types. Its operands are not
  /// those of the forward sweep.
  mlir::Operation *getOperation() const { return op; }
  mlir::ImplicitLocOpBuilder &getBuilder() const { return builder; }

private:
  mlir::ImplicitLocOpBuilder &builder;
  mlir::Operation *op;
  mlir::ValueRange operands;
  mlir::ValueRange results;
  unsigned resultNumber;
  mlir::Value adjoint;
  mlir::Type type;
};

/// What an operation adds to the adjoint of one of its operands: `value` where
/// `condition` has the truth value `holds` (everywhere without a condition),
/// and exactly zero elsewhere, whatever `value` is there.
struct Contribution {
  Contribution(Expression value, mlir::Value condition = {}, bool holds = true)
      : value(value), condition(condition), holds(holds) {}

  mlir::Value value;
  mlir::Value condition;
  bool holds;
};

/// The contribution of an operation to the adjoint of one operand.
using OperandRule = std::function<Contribution(const RuleContext &)>;

/// Whether an operation, by its attributes, is one that a rule is for.
using OperationPredicate = std::function<bool(mlir::Operation *)>;

/// The derivative of an operation on scalars in each of its operands.
class DerivativeRule {
public:
  enum class Kind { Zero, Known, Unknown };

  /// The next operand's rule, for the operations that `known` holds of (all
  /// without it); for others that operand's derivative has no rule.
  DerivativeRule &operand(OperandRule rule, OperationPredicate known = {}) {
    operands.push_back({Kind::Known, std::move(rule), std::move(known)});
    return *this;
  }
  /// The next operand's derivative is zero.
  DerivativeRule &zero() {
    operands.push_back({Kind::Zero, nullptr, nullptr});
    return *this;
  }
  /// The next operand's derivative exists but has no rule.
  DerivativeRule &unknown() {
    operands.push_back({Kind::Unknown, nullptr, nullptr});
    return *this;
  }

  /// Operands beyond those named have derivative zero.
  Kind getKind(mlir::Operation *op, unsigned operand) const {
    if (operand >= operands.size())
      return Kind::Zero;
    const Entry &entry = operands[operand];
    return entry.known && !entry.known(op) ? Kind::Unknown : entry.kind;
  }
  const OperandRule &getRule(unsigned operand) const {
    return operands[operand].rule;
  }

private:
  struct Entry {
    Kind kind;
    OperandRule rule;
    OperationPredicate known;
  };

  llvm::SmallVector<Entry, 2> operands;
};

/// The derivative rule of the operation of that name, which other dialects may
/// set too (before any function is differentiated). The same rule serves the
/// operation on scalars, and on tensors element by element.
DerivativeRule &addDerivativeRule(llvm::StringRef operationName);

/// The rule of an operation, or null.
const DerivativeRule *getDerivativeRule(llvm::StringRef operationName);

} // namespace vi

#endif // VI_DIFFERENTIATION_DERIVATIVERULES_H
