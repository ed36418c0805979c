//===- RNGFolds.cpp - constant folding of random numbers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/RNG/IR/RandomFunctions.h"
#include "vi/Dialect/Special/IR/HostCode.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace vi::rng;

// Only what is exact is folded: integers, and multiples of a power of two. The
// logarithm in a normal variable may differ in its last bit between the C
// library of the compiler's machine and that of the target, and a draw must not
// depend on whether its index was constant.

OpFoldResult FoldInOp::fold(FoldAdaptor adaptor) {
  auto key = dyn_cast_or_null<IntegerAttr>(adaptor.getKey());
  auto data = dyn_cast_or_null<IntegerAttr>(adaptor.getData());
  if (!key || !data)
    return {};
  vi::special::HostCode code;
  uint64_t result = functions::foldIn(code, key.getValue().getZExtValue(),
                                      data.getValue().getZExtValue());
  return IntegerAttr::get(getType(), APInt(64, result));
}

OpFoldResult UniformOp::fold(FoldAdaptor adaptor) {
  auto key = dyn_cast_or_null<IntegerAttr>(adaptor.getKey());
  auto index = dyn_cast_or_null<IntegerAttr>(adaptor.getIndex());
  if (!key || !index)
    return {};
  vi::special::HostCode code;
  double result = functions::uniform(code, key.getValue().getZExtValue(),
                                     index.getValue().getZExtValue(),
                                     getType().isF32() ? 23 : 52);
  return FloatAttr::get(getType(), result);
}
