//===- RNGFolds.cpp - constant folding of random numbers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/IR/RNG.h"

using namespace mlir;
using namespace vi::rng;

OpFoldResult FoldInOp::fold(FoldAdaptor adaptor) { return {}; }
OpFoldResult UniformOp::fold(FoldAdaptor adaptor) { return {}; }
OpFoldResult NormalOp::fold(FoldAdaptor adaptor) { return {}; }
