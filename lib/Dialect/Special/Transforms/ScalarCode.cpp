//===- ScalarCode.cpp - special functions as IR -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/ScalarCode.h"

#include "vi/Dialect/Special/IR/Special.h"

using namespace vi::special;

ScalarCode::Real ScalarCode::lgamma(Real x) { return x.apply<LgammaOp>(); }

ScalarCode::Real ScalarCode::digamma(Real x) { return x.apply<DigammaOp>(); }

ScalarCode::Real ScalarCode::logBeta(Real a, Real b) {
  return a.apply<LogBetaOp>(b);
}

ScalarCode::Real ScalarCode::normalQuantile(Real p) {
  return p.apply<NormalQuantileOp>();
}
