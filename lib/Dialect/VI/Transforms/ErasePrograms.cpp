//===- ErasePrograms.cpp - functions without the models they were made from -*-
// C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

namespace vi {
#define GEN_PASS_DEF_ERASEPROGRAMS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {
struct ErasePrograms : vi::impl::EraseProgramsBase<ErasePrograms> {
  void runOnOperation() override {
    // Models and guides that a bound still refers to stay.
    llvm::DenseSet<StringAttr> used;
    getOperation().walk([&](ELBOOp op) {
      used.insert(op.getModelAttr().getAttr());
      used.insert(op.getGuideAttr().getAttr());
    });
    for (Operation &op : llvm::make_early_inc_range(*getOperation().getBody()))
      if (isa<ModelOp, GuideOp>(op) &&
          !used.contains(SymbolTable::getSymbolName(&op)))
        op.erase();
  }
};
} // namespace
