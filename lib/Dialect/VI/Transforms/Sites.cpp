//===- Sites.cpp - what passes know of the sites of a program -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/Sites.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace vi;

SmallVector<PlateOp> vi::getDataPlates(ModelOp model) {
  SmallVector<PlateOp> plates;
  llvm::StringSet<> seen;
  for (auto plate : model.getBody().getOps<PlateOp>()) {
    bool data = plate
                    .walk([](Operation *op) {
                      return isa<ObserveOp, FactorOp>(op)
                                 ? WalkResult::interrupt()
                                 : WalkResult::advance();
                    })
                    .wasInterrupted();
    if (data && seen.insert(plate.getName()).second)
      plates.push_back(plate);
  }
  return plates;
}

FailureOr<GuideOp> vi::getGuide(ModelOp model, StringRef name) {
  SmallVector<GuideOp> guides;
  for (auto guide : model->getParentRegion()->getOps<GuideOp>())
    if (guide.getModel() == model.getSymName() &&
        (name.empty() || guide.getSymName() == name))
      guides.push_back(guide);
  if (guides.size() == 1)
    return guides.front();
  if (guides.empty()) {
    if (name.empty())
      return model.emitError("model @")
             << model.getSymName() << " has no guide";
    return model.emitError("model @")
           << model.getSymName() << " has no guide @" << name;
  }
  InFlightDiagnostic diagnostic = model.emitError("model @")
                                  << model.getSymName() << " has "
                                  << guides.size()
                                  << " guides; say which with --guide";
  for (GuideOp guide : guides)
    diagnostic.attachNote(guide.getLoc()) << "@" << guide.getSymName();
  return diagnostic;
}
