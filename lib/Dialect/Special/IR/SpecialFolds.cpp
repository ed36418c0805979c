//===- SpecialFolds.cpp - constant folding of special functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/IR/Special.h"

using namespace mlir;
using namespace vi::special;

#define VI_FOLD(OP)                                                            \
  OpFoldResult OP::fold(FoldAdaptor adaptor) { return {}; }
VI_FOLD(LgammaOp)
VI_FOLD(DigammaOp)
VI_FOLD(TrigammaOp)
VI_FOLD(LogBetaOp)
VI_FOLD(SigmoidOp)
VI_FOLD(SoftplusOp)
VI_FOLD(LogSigmoidOp)
VI_FOLD(Log1mExpOp)
VI_FOLD(NormalCDFOp)
VI_FOLD(NormalLogCDFOp)
VI_FOLD(NormalQuantileOp)
VI_FOLD(RegularizedGammaPOp)
VI_FOLD(RegularizedGammaQOp)
VI_FOLD(RegularizedBetaOp)
VI_FOLD(GammaDrawDerivativeOp)
