//===- SpecialFolds.cpp - constant folding of special functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/IR/GaussianSoftplus.h"
#include "vi/Dialect/Special/IR/HostCode.h"
#include "vi/Dialect/Special/IR/Special.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <math.h>

using namespace mlir;
using namespace vi::special;

double HostCode::lgamma(double x) {
  // Not std::lgamma, which writes to a global.
  int sign;
  return ::lgamma_r(x, &sign);
}

namespace {
/// A function of the operands' values at one element.
using Function = llvm::function_ref<double(ArrayRef<double>)>;
} // namespace

/// The function of the operands, evaluated in `double` and rounded to the
/// element type.
static APFloat evaluate(ArrayRef<APFloat> operands, Function function) {
  const llvm::fltSemantics &semantics = operands.front().getSemantics();
  SmallVector<double, 3> numbers;
  for (const APFloat &operand : operands)
    numbers.push_back(operand.convertToDouble());
  APFloat result(function(numbers));
  bool losesInfo;
  result.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

/// The constant that an op on these operands is, or null.
static Attribute fold(ArrayRef<Attribute> operands, Function function) {
  if (llvm::is_contained(operands, Attribute()))
    return {};
  if (llvm::all_of(operands, llvm::IsaPred<FloatAttr>)) {
    SmallVector<APFloat, 3> values;
    for (Attribute operand : operands)
      values.push_back(cast<FloatAttr>(operand).getValue());
    Type type = cast<FloatAttr>(operands.front()).getType();
    return FloatAttr::get(type, evaluate(values, function));
  }

  if (!llvm::all_of(operands, llvm::IsaPred<DenseFPElementsAttr>))
    return {};
  auto type = cast<DenseFPElementsAttr>(operands.front()).getType();
  bool isSplat = llvm::all_of(operands, [](Attribute operand) {
    return cast<DenseFPElementsAttr>(operand).isSplat();
  });
  SmallVector<APFloat> results;
  for (int64_t i = 0, e = isSplat ? 1 : type.getNumElements(); i < e; ++i) {
    SmallVector<APFloat, 3> values;
    for (Attribute operand : operands)
      values.push_back(
          cast<DenseFPElementsAttr>(operand).getValues<APFloat>()[i]);
    results.push_back(evaluate(values, function));
  }
  return DenseElementsAttr::get(type, results);
}

#define VI_FOLD_UNARY(OP, FUNCTION)                                            \
  OpFoldResult OP::fold(FoldAdaptor adaptor) {                                 \
    return ::fold(adaptor.getOperands(), [](ArrayRef<double> x) {              \
      HostCode code;                                                           \
      return FUNCTION(code, x[0]);                                             \
    });                                                                        \
  }
#define VI_FOLD_BINARY(OP, FUNCTION)                                           \
  OpFoldResult OP::fold(FoldAdaptor adaptor) {                                 \
    return ::fold(adaptor.getOperands(), [](ArrayRef<double> x) {              \
      HostCode code;                                                           \
      return FUNCTION(code, x[0], x[1]);                                       \
    });                                                                        \
  }

VI_FOLD_UNARY(DigammaOp, functions::digamma)
VI_FOLD_UNARY(TrigammaOp, functions::trigamma)
VI_FOLD_UNARY(SigmoidOp, functions::sigmoid)
VI_FOLD_UNARY(SoftplusOp, functions::softplus)
VI_FOLD_UNARY(LogSigmoidOp, functions::logSigmoid)
VI_FOLD_UNARY(Log1pSquareOp, functions::log1pSquare)
VI_FOLD_UNARY(Log1mExpOp, functions::log1mexp)
VI_FOLD_UNARY(NormalCDFOp, functions::normalCDF)
VI_FOLD_UNARY(NormalLogCDFOp, functions::normalLogCDF)
VI_FOLD_UNARY(NormalQuantileOp, functions::normalQuantile)
VI_FOLD_BINARY(LogBetaOp, functions::logBeta)
VI_FOLD_BINARY(RegularizedGammaPOp, functions::regularizedGammaP)
VI_FOLD_BINARY(RegularizedGammaQOp, functions::regularizedGammaQ)
VI_FOLD_BINARY(GammaDrawDerivativeOp, functions::gammaDrawDerivative)

OpFoldResult LgammaOp::fold(FoldAdaptor adaptor) {
  return ::fold(adaptor.getOperands(),
                [](ArrayRef<double> x) { return HostCode().lgamma(x[0]); });
}

OpFoldResult GaussianSoftplusOp::fold(FoldAdaptor adaptor) {
  return ::fold(adaptor.getOperands(), [&](ArrayRef<double> x) {
    HostCode code;
    return functions::gaussianSoftplus(code, x[0], x[1], getDerivative());
  });
}

OpFoldResult RegularizedBetaOp::fold(FoldAdaptor adaptor) {
  return ::fold(adaptor.getOperands(), [](ArrayRef<double> x) {
    HostCode code;
    return functions::regularizedBeta(code, x[0], x[1], x[2]);
  });
}
