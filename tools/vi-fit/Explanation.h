//===- Explanation.h - how each term of the ELBO is taken -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_EXPLANATION_H
#define VI_TOOLS_VI_FIT_EXPLANATION_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace vi {

/// What the remarks of the category `vi-expectations` say of the terms of the
/// ELBO, by the lines of the model.
class Explanation {
public:
  /// Collects the remarks of a context from now on. It must outlive the
  /// context's compilations.
  mlir::LogicalResult attach(mlir::MLIRContext &context);

  /// Prints a table: for each line of the model with a term its text, and
  /// below it how each term is taken (exact, certified, quadrature, sampled),
  /// with what is stated of its error, or why it is not better.
  void print(llvm::raw_ostream &os, llvm::StringRef source) const;

private:
  class Collector;
  struct Entry {
    unsigned line, column;
    std::string name, text;
    enum { Taken, Missed, Left } kind;
  };
  std::vector<Entry> entries;
};

} // namespace vi

#endif // VI_TOOLS_VI_FIT_EXPLANATION_H
