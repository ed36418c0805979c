//===- Sites.h - what passes know of the sites of a program -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_SITES_H
#define VI_DIALECT_VI_TRANSFORMS_SITES_H

#include "vi/Dialect/VI/IR/VI.h"

namespace vi {

/// What is appended to the name of a site that has been moved to the
/// unconstrained scale; the name itself reports the constrained value.
inline llvm::StringRef getUnconstrainedSuffix() { return ".unconstrained"; }

/// The name of a site as the user gave it.
inline llvm::StringRef getSiteName(llvm::StringRef name) {
  name.consume_back(getUnconstrainedSuffix());
  return name;
}

/// A prior that is written as a flat one and a factor with its density, where
/// that depends on what is summed out, is marked: the two of them together are
/// proper, though neither is on its own.
inline llvm::StringRef getProperPriorAttrName() { return "vi.proper_prior"; }
inline void markProperPrior(mlir::Operation *op) {
  op->setAttr(getProperPriorAttrName(), mlir::UnitAttr::get(op->getContext()));
}
inline bool isProperPrior(mlir::Operation *op) {
  return op->hasAttr(getProperPriorAttrName());
}

/// The data plates of a model: top-level plates with an observation or a factor
/// in them, in the order of the text, each name once.
llvm::SmallVector<PlateOp> getDataPlates(ModelOp model);

/// The guide of a model: the one named `name`, or the only one where `name` is
/// empty. Reports an error where there is none, or more than one to choose
/// from.
mlir::FailureOr<GuideOp> getGuide(ModelOp model, llvm::StringRef name);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_SITES_H
