//===- VIMeasures.cpp - verification of measures of distributions -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Divergences.h"
#include "vi/Dialect/VI/IR/VI.h"

using namespace mlir;
using namespace vi;

/// Divergences compare distributions over values of one type, and are infinite
/// where q has mass outside the support of p.
static LogicalResult verifyDivergence(Operation *op, Value q, Value p) {
  auto note = [&](InFlightDiagnostic diagnostic) {
    diagnostic.attachNote(q.getLoc()) << "q is here";
    diagnostic.attachNote(p.getLoc()) << "p is here";
    return diagnostic;
  };
  Type left = cast<DistType>(q.getType()).getValueType();
  Type right = cast<DistType>(p.getType()).getValueType();
  if (getElementTypeOrSelf(left) != getElementTypeOrSelf(right) ||
      failed(verifyCompatibleShape(left, right)))
    return note(op->emitOpError("compares a distribution over ")
                << left << " with one over " << right);
  auto family = q.getDefiningOp<DistributionOpInterface>();
  auto other = p.getDefiningOp<DistributionOpInterface>();
  if (!family || !other || q == p)
    return success();
  Support inner = family.getSupport(), outer = other.getSupport();
  std::optional<bool> inside = isInside(inner, outer);
  if (inside && !*inside)
    return note(op->emitOpError("is infinite: q on ")
                << stringifySupportKind(inner.kind)
                << " has mass outside the support of p, "
                << stringifySupportKind(outer.kind));
  return success();
}

LogicalResult KLOp::verify() { return verifyDivergence(*this, getQ(), getP()); }

LogicalResult CrossEntropyOp::verify() {
  return verifyDivergence(*this, getQ(), getP());
}

LogicalResult ELBOOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto model =
      symbolTable.lookupNearestSymbolFrom<ModelOp>(*this, getModelAttr());
  if (!model)
    return emitOpError("is of a model @")
           << getModel() << " that does not exist";
  auto guide =
      symbolTable.lookupNearestSymbolFrom<GuideOp>(*this, getGuideAttr());
  if (!guide)
    return emitOpError("is under a guide @")
           << getGuide() << " that does not exist";
  if (guide.getModel() != getModel()) {
    InFlightDiagnostic diagnostic = emitOpError("guide @")
                                    << getGuide() << " is for model @"
                                    << guide.getModel() << ", not for @"
                                    << getModel();
    diagnostic.attachNote(guide.getLoc()) << "the guide is here";
    return diagnostic;
  }
  auto parameters = cast<RankedTensorType>(getParameters().getType());
  if (parameters.getRank() != 1 || !parameters.getElementType().isF64())
    return emitOpError("has parameters of type ")
           << parameters << "; expected a vector of f64";
  if (getKlWeight() && getKlWeight().getType() != getResult().getType())
    return emitOpError("has a weight of divergences of type ")
           << getKlWeight().getType() << ", and a result of type "
           << getResult().getType();
  if (getData().getTypes() != TypeRange(model.getArgumentTypes()))
    return emitOpError("has data of types [")
           << getData().getTypes() << "]; model @" << getModel() << " takes ["
           << model.getArgumentTypes() << "]";
  return success();
}
