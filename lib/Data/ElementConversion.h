//===- ElementConversion.h - elements of one kind as another -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DATA_ELEMENTCONVERSION_H
#define VI_LIB_DATA_ELEMENTCONVERSION_H

#include "vi/Data/DataSet.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"

#include <cmath>
#include <type_traits>

namespace vi {
namespace data {

/// A boolean, in a byte.
struct Boolean {
  uint8_t value;
};

/// A real number of 16 bits (IEEE 754 binary16).
struct Half {
  uint16_t bits;

  operator float() const {
    uint32_t sign = uint32_t(bits & 0x8000) << 16;
    uint32_t exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    if (exponent == 0) {
      float value = std::ldexp(float(fraction), -24);
      return sign ? -value : value;
    }
    exponent = exponent == 0x1f ? 0xff : exponent + 112;
    return llvm::bit_cast<float>(sign | exponent << 23 | fraction << 13);
  }
};

/// The arithmetic type of an element's value.
template <typename T>
using NumberOf = std::conditional_t<std::is_same_v<T, Half>, float, T>;

/// Calls `function` with a value of the C++ type of a kind that data files
/// have.
template <typename Function>
auto withElementType(ElementKind kind, Function function) {
  switch (kind) {
  case ElementKind::Float64:
    return function(double());
  case ElementKind::Float32:
    return function(float());
  case ElementKind::Float16:
    return function(Half());
  case ElementKind::Int64:
    return function(int64_t());
  case ElementKind::Int32:
    return function(int32_t());
  case ElementKind::Int16:
    return function(int16_t());
  case ElementKind::Int8:
    return function(int8_t());
  case ElementKind::UInt64:
    return function(uint64_t());
  case ElementKind::UInt32:
    return function(uint32_t());
  case ElementKind::UInt16:
    return function(uint16_t());
  case ElementKind::UInt8:
    return function(uint8_t());
  case ElementKind::Bool:
    return function(Boolean());
  }
  llvm_unreachable("unknown element kind");
}

} // namespace data
} // namespace vi

#endif // VI_LIB_DATA_ELEMENTCONVERSION_H
