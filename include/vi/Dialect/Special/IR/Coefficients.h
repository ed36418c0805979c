//===- Coefficients.h - of approximating polynomials -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written by utils/coefficients/generate.py, which says what they minimize.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H
#define VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H

#include "llvm/ADT/ArrayRef.h"

// clang-format off
namespace vi::special::coefficients {

enum Format { F64, F32 };

/// (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2.
// Relative error 2^-55.58.
inline constexpr double expF64[] = {
    0x1.0000000000005p-1,
    0x1.555555555554cp-3,
    0x1.5555555552220p-5,
    0x1.111111111574cp-7,
    0x1.6c16c17ee3499p-10,
    0x1.a01a018457975p-13,
    0x1.a019a773304d6p-16,
    0x1.71de6bbaa7551p-19,
    0x1.28a1d642fbbdap-22,
    0x1.ae91ea1813ca9p-26};
// Relative error 2^-26.12.
inline constexpr double expF32[] = {
    0x1.fffffe0000000p-2,
    0x1.5554b40000000p-3,
    0x1.5556f20000000p-5,
    0x1.1225600000000p-7,
    0x1.6b9cb00000000p-10};
inline llvm::ArrayRef<double> exp(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(expF32) : expF64;
}

/// (2 artanh(s) / s - 2) / z at z = s^2 for |s| <= tanh(log(2) / 4).
// Relative error 2^-59.34.
inline constexpr double logF64[] = {
    0x1.555555555557cp-1,
    0x1.99999999857b5p-2,
    0x1.2492493dd6c82p-2,
    0x1.c71c54eb79997p-3,
    0x1.7465b7f9e8d12p-3,
    0x1.39ae18c3d2ff9p-3,
    0x1.2e926548030d6p-3};
// Relative error 2^-30.21.
inline constexpr double logF32[] = {
    0x1.55557a0000000p-1,
    0x1.995ed80000000p-2,
    0x1.31e03c0000000p-2};
inline llvm::ArrayRef<double> log(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(logF32) : logF64;
}

} // namespace vi::special::coefficients
// clang-format on

#endif // VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H
