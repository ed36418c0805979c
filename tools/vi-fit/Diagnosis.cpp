//===- Diagnosis.cpp - where a density is not finite -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `log_lik` has the terms of observations, one by one. In a copy of the model
// every other term is one, too: a latent is observed to have the value that it
// has, and a factor counts as normalized.
//
//===----------------------------------------------------------------------===//

#include "Diagnosis.h"

#include "mlir/IR/Diagnostics.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace mlir;
using namespace vi;

namespace {
/// What a term stands for.
struct Term {
  std::string site, operation, location;
};
} // namespace

static std::string describeLocation(Location location) {
  auto file = location->findInstanceOf<FileLineColLoc>();
  if (!file)
    return "";
  return llvm::formatv(" at {0}:{1}",
                       llvm::sys::path::filename(file.getFilename().getValue()),
                       file.getLine());
}

static llvm::StringMap<Term> makeTermsObservations(ModuleOp module) {
  llvm::StringMap<Term> terms;
  auto note = [&](StringRef name, StringRef site, Operation *operation,
                  Operation *statement) {
    terms[name] = {site.str(),
                   operation ? operation->getName().getStringRef().str()
                             : std::string("the distribution"),
                   describeLocation(statement->getLoc())};
  };
  module.walk([&](ModelOp model) {
    SmallVector<Operation *> statements;
    model.walk([&](Operation *op) {
      if (isa<SampleOp, ObserveOp, FactorOp>(op))
        statements.push_back(op);
    });
    for (Operation *op : statements) {
      if (auto sample = dyn_cast<SampleOp>(op)) {
        OpBuilder builder(op->getContext());
        builder.setInsertionPointAfter(op);
        std::string name = (sample.getName() + ".density").str();
        ObserveOp::create(builder, op->getLoc(), name, sample.getDistribution(),
                          sample.getValue(),
                          /*mask=*/Value());
        note(name, sample.getName(), sample.getDistribution().getDefiningOp(),
             op);
      } else if (auto observe = dyn_cast<ObserveOp>(op)) {
        note(observe.getName(), observe.getName(),
             observe.getDistribution().getDefiningOp(), op);
      } else {
        auto factor = cast<FactorOp>(op);
        factor.setNormalized(true);
        note(factor.getName(), factor.getName(), op, op);
      }
    }
  });
  return terms;
}

std::string vi::describeNonFinite(ModuleOp source, const data::DataSet &data,
                                  JITModelOptions options,
                                  const fit::NonFinitePoint &point) {
  OwningOpRef<ModuleOp> module = source.clone();
  llvm::StringMap<Term> terms = makeTermsObservations(*module);
  options.withLogLik = true;
  options.withCounter = false;
  // What the copy cannot have is no news to the user.
  ScopedDiagnosticHandler handler(source.getContext(),
                                  [](Diagnostic &) { return success(); });
  llvm::Expected<std::unique_ptr<JITModel>> created =
      JITModel::create(*module, data, options);
  if (!created) {
    llvm::consumeError(created.takeError());
    return "";
  }
  JITModel &model = **created;
  int64_t count = 0;
  for (const fit::ReportedArray &array : model.getObservations())
    count += array.getElementCount();
  std::vector<double> values(count);
  model.getLogLik(point.parameters, point.latents, values);
  int64_t next = 0;
  for (const fit::ReportedArray &array : model.getObservations()) {
    int64_t begin = next;
    next += array.getElementCount();
    auto bad = std::find_if(values.begin() + begin, values.begin() + next,
                            [](double value) { return !std::isfinite(value); });
    if (bad == values.begin() + next)
      continue;
    const Term &term = terms[array.name];
    std::string element = data::getElementNames(
        term.site, array.shape)[bad - values.begin() - begin];
    return llvm::formatv("the log density of {0} is {1} ({2}{3})", element,
                         std::isnan(*bad) ? "not a number"
                         : *bad > 0       ? "infinite"
                                          : "-infinity",
                         term.operation, term.location);
  }
  return "the log density of each site is finite at the draws: an expectation "
         "in closed form over the whole guide is not, or a derivative";
}
