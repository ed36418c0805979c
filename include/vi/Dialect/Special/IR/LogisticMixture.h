//===- LogisticMixture.h - of normal distribution functions -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written by utils/coefficients/logistic_mixture.py, which says how.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H
#define VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H

#include "llvm/ADT/ArrayRef.h"

// clang-format off
namespace vi::special::coefficients {

/// Bounds of the errors of softplus and of its first six derivatives.
inline constexpr double mixtureErrorsF64[] = {
    1.39e-12, 8.87e-12, 5.74e-11, 3.64e-10, 2.43e-9, 1.58e-8, 1.12e-7};
inline constexpr double scalesF64[] = {
    0x1.22a9930be0dedp-1,
    0x1.5ac43b13f48b8p-1,
    0x1.9db330b7cbc2dp-1,
    0x1.ed8d91433d458p-1,
    0x1.2668e1f3aee96p+0,
    0x1.5f3cb4cb00183p+0,
    0x1.a30893026b812p+0,
    0x1.f3ea800019c30p+0,
    0x1.2a348efa698acp+1,
    0x1.63c3efc22fed3p+1,
    0x1.a86f8fa47bf2bp+1,
    0x1.fa5c6ee6a9fe4p+1,
    0x1.2e0cc2f198aa1p+2,
    0x1.685a1cac08312p+2};
inline constexpr double weightsF64[] = {
    0x1.6044768070000p-17,
    0x1.2ab1432ea6800p-11,
    0x1.08409bde606a0p-7,
    0x1.654bb5b1e8aa8p-5,
    0x1.e808b44e4e080p-4,
    0x1.975c5c4f15296p-3,
    0x1.d6f7684f640f6p-3,
    0x1.9431574606296p-3,
    0x1.03c41bc3eaa68p-3,
    0x1.d5659a70a0ab0p-5,
    0x1.047a770285170p-6,
    0x1.2173c54ab5200p-9,
    0x1.dfc46f17bc000p-14,
    0x1.8f22ff0080000p-20};
/// Error of (1 + u) Phi(-u) below 6.68e-14.
inline constexpr double millsF64[] = {
    0x1.10f72427c4140p-2,
    -0x1.e0590a2738d0bp-3,
    0x1.91b21c3a9849fp-3,
    -0x1.4129aa97002a7p-3,
    0x1.ed43979cad019p-4,
    -0x1.6d30b3c94c343p-4,
    0x1.058847b4f0f37p-4,
    -0x1.6ae8667608f99p-5,
    0x1.e7764d0404b0fp-6,
    -0x1.48b896f810c88p-6,
    0x1.a0c216065f24ep-7,
    -0x1.5ec9cf3c45acdp-8,
    0x1.0378149d3d741p-7,
    -0x1.b40c44f3bbf81p-8,
    -0x1.565d116b0b4a0p-7,
    -0x1.bb120f2bafea5p-8,
    0x1.aa8e863021744p-7,
    0x1.1ba38ad9a68e0p-6,
    0x1.c4dd58f883415p-9,
    -0x1.2227f9d1ec79cp-7,
    -0x1.d4567a478db27p-8,
    -0x1.e9b611a32639bp-10};
inline constexpr double millsBoundF64 = 7;

/// Bounds of the errors of softplus and of its first six derivatives.
inline constexpr double mixtureErrorsF32[] = {
    1.14e-7, 4.0e-7, 1.62e-6, 6.4e-6, 2.72e-5, 0.000111, 0.000506};
inline constexpr double scalesF32[] = {
    0x1.9ba5e353f7ceep-1,
    0x1.0efda128b25bbp+0,
    0x1.64ca4906e99e8p+0,
    0x1.d5c141a477a5dp+0,
    0x1.353e301f1eae2p+1,
    0x1.97274dcae89eep+1,
    0x1.0c083126e978dp+2};
inline constexpr double weightsF32[] = {
    0x1.9218000000000p-7,
    0x1.fa1a300000000p-4,
    0x1.46e6140000000p-2,
    0x1.5673ea0000000p-2,
    0x1.63e9e80000000p-3,
    0x1.2031400000000p-5,
    0x1.939a000000000p-10};
/// Error of (1 + u) Phi(-u) below 3.15e-8.
inline constexpr double millsF32[] = {
    0x1.8a64500000000p-2,
    -0x1.3365560000000p-2,
    0x1.b867480000000p-3,
    -0x1.25f90c0000000p-3,
    0x1.74406a0000000p-4,
    -0x1.bc65d80000000p-5,
    0x1.c42f900000000p-6,
    -0x1.2f0af40000000p-6,
    0x1.e401700000000p-7,
    0x1.8f5e3a0000000p-10,
    -0x1.63128c0000000p-11,
    -0x1.6ed43c0000000p-8};
inline constexpr double millsBoundF32 = 4.5;

/// sigmoid(x) is the sum of weights[j] Phi(x / scales[j]); Mills' ratio is a
/// polynomial in 2 u / millsBound - 1 for u from 0 to millsBound.
struct LogisticMixture {
  llvm::ArrayRef<double> scales, weights, mills;
  double millsBound;
};

inline LogisticMixture logisticMixture(bool isF32) {
  if (isF32)
    return {scalesF32, weightsF32, millsF32, millsBoundF32};
  return {scalesF64, weightsF64, millsF64, millsBoundF64};
}

} // namespace vi::special::coefficients
// clang-format on

#endif // VI_DIALECT_SPECIAL_IR_LOGISTICMIXTURE_H
