//===- CompiledModel.cpp - the functions of a model -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Fit/CompiledModel.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace vi::fit;

CompiledModel::~CompiledModel() = default;

int64_t ReportedArray::getElementCount() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

void CompiledModel::evaluateHessianProduct(
    llvm::ArrayRef<double> parameters, NoiseView noise,
    llvm::ArrayRef<PlateBatch> batches, llvm::ArrayRef<double> direction,
    llvm::MutableArrayRef<double> product) {
  llvm::fill(product, std::numeric_limits<double>::quiet_NaN());
}

double CompiledModel::evaluateGradientWithSeed(
    llvm::ArrayRef<double> parameters, int64_t samples, uint64_t seed,
    llvm::ArrayRef<PlateBatch> batches,
    llvm::MutableArrayRef<double> gradient) {
  return std::numeric_limits<double>::quiet_NaN();
}

double CompiledModel::evaluateWithSeed(llvm::ArrayRef<double> parameters,
                                       int64_t samples, uint64_t seed,
                                       llvm::ArrayRef<PlateBatch> batches) {
  return std::numeric_limits<double>::quiet_NaN();
}

std::string CompiledModel::getParameterName(int64_t index) const {
  return "parameter " + std::to_string(index + 1);
}

std::string CompiledModel::getLatentName(int64_t index) const {
  return "latent " + std::to_string(index + 1);
}

std::vector<PlateBatch> vi::fit::getWholePlates(const CompiledModel &model) {
  std::vector<PlateBatch> batches;
  for (const DataPlate &plate : model.getDataPlates())
    batches.push_back({0, plate.count, 1.0});
  return batches;
}
