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

/// ((2 artanh(s) / s - 2) / z - 2/3) / z at z = s^2 for |s| <=
/// tanh(log(2) / 4).
// Relative error 2^-76.98.
inline constexpr double logFifthF64[] = {
    0x1.999999999999ap-2,
    0x1.2492492492363p-2,
    0x1.c71c71c747ea4p-3,
    0x1.745d172bc894cp-3,
    0x1.3b13ba5a96419p-3,
    0x1.110f1c38669a7p-3,
    0x1.e2657df5e95c6p-4,
    0x1.a508fb6544377p-4,
    0x1.eca152818480cp-4};
// Relative error 2^-36.07.
inline constexpr double logFifthF32[] = {
    0x1.9999d60000000p-2,
    0x1.2460a60000000p-2,
    0x1.dd52aa0000000p-3};
inline llvm::ArrayRef<double> logFifth(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(logFifthF32) : logFifthF64;
}

/// erf(x) / x less `erfLeading`, at z = x^2 for |x| <= 1/2.
// Relative error 2^-57.8.
inline constexpr double erfF64[] = {
    0x1.9253beb9d2851p-57,
    -0x1.812746b0379b3p-2,
    0x1.ce2f21a03d5f3p-4,
    -0x1.b82ce30f19508p-6,
    0x1.565bcbf452e1bp-8,
    -0x1.c02d4e2cb62a2p-11,
    0x1.f98d8243cc03ap-14,
    -0x1.f220fc761c2b6p-17,
    0x1.8b2b5d14cad3cp-20};
// Relative error 2^-29.41.
inline constexpr double erfF32[] = {
    -0x1.0266660000000p-24,
    -0x1.8127320000000p-2,
    0x1.ce24d20000000p-4,
    -0x1.b65ee60000000p-6,
    0x1.3504a40000000p-8};
inline llvm::ArrayRef<double> erf(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(erfF32) : erfF64;
}

/// exp(x^2) erfc(x) (1 + 7/4 x) at t = (x - c) / (x + c), where c is 4
/// in f64 and 2.5 in f32.
// Relative error 2^-54.08.
inline constexpr double erfcF64[] = {
    0x1.18932bf08e154p+0,
    -0x1.3c85c00f7df04p-3,
    0x1.4e35d60e504f4p-5,
    0x1.3feb70301205cp-5,
    -0x1.3255b9c4af873p-4,
    0x1.2fa0955bb9668p-4,
    -0x1.bb67e45a3924ap-5,
    0x1.fa87732ded3b4p-6,
    -0x1.bfca6489ed2d3p-7,
    0x1.1a01c04ebeefep-8,
    -0x1.5d0e3f13c9eddp-11,
    -0x1.58eecdbde0feep-13,
    0x1.0e7872c32f30ap-13,
    -0x1.6a2bfbbba9109p-16,
    -0x1.3cc3348d07c17p-17,
    0x1.4be6d5213d39bp-18,
    0x1.b0ff989fa5647p-23,
    -0x1.7f8994039acffp-21,
    0x1.8b7862befe42bp-24,
    0x1.bc05d0c9836efp-24,
    -0x1.129c91ed4a45cp-25,
    -0x1.72b34ecc94747p-26,
    0x1.85bad31fed5c5p-28,
    0x1.5d79910c46becp-28,
    0x1.8a112b3e8a42ep-31};
// Relative error 2^-25.22.
inline constexpr double erfcF32[] = {
    0x1.2211ce0000000p+0,
    -0x1.3a6d8e0000000p-3,
    -0x1.c4089e0000000p-5,
    0x1.f4ee920000000p-4,
    -0x1.5cba4e0000000p-4,
    0x1.cd35e60000000p-6,
    0x1.4dfc7c0000000p-11,
    -0x1.da53f80000000p-9,
    0x1.894c7a0000000p-13,
    0x1.3c49420000000p-12,
    0x1.08c23c0000000p-14,
    0x1.b404d80000000p-15};
inline llvm::ArrayRef<double> erfc(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(erfcF32) : erfcF64;
}

/// exp(x^2/2) P(Z > x) (1 + 5/4 x) of a standard normal Z at
/// t = (x - c) / (x + c), where c is 5.5 in f64 and 3.5 in f32.
// Relative error 2^-53.58.
inline constexpr double normalTailF64[] = {
    0x1.1b9f2a81050cep-1,
    -0x1.3c7af8b9121c1p-4,
    0x1.1e86a86078b99p-6,
    0x1.7d79e1656dbb2p-6,
    -0x1.482d67db805b0p-5,
    0x1.35df635d353b5p-5,
    -0x1.aefde9f35883bp-6,
    0x1.cea061d7deccep-7,
    -0x1.74bbdc09e608dp-8,
    0x1.88a2c56f36c77p-10,
    -0x1.728224a03ab1dp-14,
    -0x1.00449e302720bp-13,
    0x1.a1fa90c5f3eefp-15,
    0x1.5b6bf169d3bd7p-25,
    -0x1.9d19c22300a01p-18,
    0x1.5d2f6eb6491f4p-20,
    0x1.445c889c57cc4p-21,
    -0x1.233119fc84852p-22,
    -0x1.08aba61941d53p-24,
    0x1.862e318d65a5cp-25,
    0x1.524b14d3b87f9p-27,
    -0x1.def06860e3368p-28,
    -0x1.38fe47078ea96p-29,
    0x1.dd20f0c330f58p-31,
    0x1.68d7fa06e59a0p-32,
    -0x1.02465889e369cp-34};
// Relative error 2^-26.83.
inline constexpr double normalTailF32[] = {
    0x1.24a9700000000p-1,
    -0x1.34a8460000000p-4,
    -0x1.f364320000000p-6,
    0x1.01ec720000000p-4,
    -0x1.5cdc7c0000000p-5,
    0x1.b5df460000000p-7,
    0x1.60d4900000000p-11,
    -0x1.e954400000000p-10,
    0x1.39be820000000p-13,
    0x1.0da28e0000000p-12,
    -0x1.7eee780000000p-16,
    -0x1.d963480000000p-16};
inline llvm::ArrayRef<double> normalTail(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(normalTailF32) : normalTailF64;
}

/// x / (1/2 - q) at 0.180625 - (1/2 - q)^2 where x is the normal quantile of
/// 1 - q, for |1/2 - q| <= 0.425.
// Relative error 2^-53.04.
inline constexpr double quantileMiddleAboveF64[] = {
    0x1.b18d91e9eef75p+1,
    0x1.09f5c229dee11p+7,
    0x1.eb9406d003722p+10,
    0x1.ab34f3b42dd97p+13,
    0x1.64669b4592862p+15,
    0x1.0459672f3327fp+16,
    0x1.01fd7c6e2f8d9p+15,
    0x1.34b61e0fd2feep+11};
// Relative error 2^-53.04.
inline constexpr double quantileMiddleBelowF64[] = {
    0x1.0000000000000p+0,
    0x1.521ff2c94ba48p+5,
    0x1.56be1e6dac037p+9,
    0x1.4fc1a78bca965p+12,
    0x1.497690c7e8d81p+14,
    0x1.30865504ee464p+15,
    0x1.bbe9b389c7218p+14,
    0x1.4202e2e34af5ep+12};
// Relative error 2^-23.62.
inline constexpr double quantileMiddleAboveF32[] = {
    0x1.b18d900000000p+1,
    0x1.9230680000000p+5,
    0x1.3bf73c0000000p+7,
    0x1.d1984a0000000p+5};
// Relative error 2^-23.62.
inline constexpr double quantileMiddleBelowF32[] = {
    0x1.0000000000000p+0,
    0x1.1d90580000000p+4,
    0x1.38eb1a0000000p+6,
    0x1.0965040000000p+6};
inline llvm::ArrayRef<double> quantileMiddleAbove(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(quantileMiddleAboveF32) : quantileMiddleAboveF64;
}
inline llvm::ArrayRef<double> quantileMiddleBelow(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(quantileMiddleBelowF32) : quantileMiddleBelowF64;
}

/// The normal quantile of 1 - q at sqrt(-log(q)), for q <= 0.075.
// Relative error 2^-54.63.
inline constexpr double quantileTailAboveF64[] = {
    -0x1.caec8bd17e1a5p+1,
    -0x1.42631a097e101p+5,
    -0x1.200e6f41766c3p+6,
    0x1.b837d7db4b569p+3,
    0x1.578df744e11c4p+6,
    0x1.0e5ec4dd3829cp+6,
    0x1.b408726631ca2p+4,
    0x1.7033adf6c4be1p+2,
    0x1.2b4881e57f477p-1,
    0x1.af0989e5a42adp-6,
    0x1.e25decc9c2dabp-12,
    0x1.2fb15ea9a8a8dp-19};
// Relative error 2^-54.63.
inline constexpr double quantileTailBelowF64[] = {
    0x1.0000000000000p+0,
    0x1.233f5eb11416fp+4,
    0x1.0b71e1a7d94d0p+6,
    0x1.5a9fee4e23e6cp+6,
    0x1.b3186fc278c13p+5,
    0x1.416bf10831bfap+4,
    0x1.07390321cfeb9p+2,
    0x1.a839fde6a3b57p-2,
    0x1.30e322e81e92bp-6,
    0x1.551646f208a5ap-12,
    0x1.ad7c6b1a6eb85p-20};
// Relative error 2^-24.57.
inline constexpr double quantileTailAboveF32[] = {
    -0x1.7f26300000000p+1,
    -0x1.ad1ac80000000p+2,
    0x1.7241f60000000p+2,
    0x1.c4bc180000000p+2,
    0x1.01c33e0000000p+0};
// Relative error 2^-24.57.
inline constexpr double quantileTailBelowF32[] = {
    0x1.0000000000000p+0,
    0x1.677d220000000p+2,
    0x1.415f860000000p+2,
    0x1.6c51800000000p-1,
    0x1.8532380000000p-18};
inline llvm::ArrayRef<double> quantileTailAbove(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(quantileTailAboveF32) : quantileTailAboveF64;
}
inline llvm::ArrayRef<double> quantileTailBelow(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(quantileTailBelowF32) : quantileTailBelowF64;
}

/// lgamma(2 + d) / d for |d| <= 1/2.
// Relative error 2^-56.24.
inline constexpr double lgammaMiddleF64[] = {
    0x1.b0ee6072093cep-2,
    0x1.4a34cc4a60fa6p-2,
    -0x1.13e001a55757cp-4,
    0x1.51322ac7d7c11p-6,
    -0x1.e404fc21cac8bp-8,
    0x1.7add6eaf3e9ffp-9,
    -0x1.38ac5c03df94ap-10,
    0x1.0b36aec182d59p-11,
    -0x1.d3fd6740339fbp-13,
    0x1.a1281369071ffp-14,
    -0x1.78d965c9fbc18p-15,
    0x1.57ffe8e060d63p-16,
    -0x1.3d450ee05472cp-17,
    0x1.26be7d40bf5adp-18,
    -0x1.094809777bbe2p-19,
    0x1.e49e358dd0856p-21,
    -0x1.36d74c8fc11a5p-21,
    0x1.3d5cd123bc551p-22};
// Relative error 2^-25.92.
inline constexpr double lgammaMiddleF32[] = {
    0x1.b0ee600000000p-2,
    0x1.4a34cc0000000p-2,
    -0x1.13df240000000p-4,
    0x1.51346a0000000p-6,
    -0x1.e516320000000p-8,
    0x1.798d1c0000000p-9,
    -0x1.1d54960000000p-10,
    0x1.29c9740000000p-11,
    -0x1.d0b9d60000000p-12};
inline llvm::ArrayRef<double> lgammaMiddle(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(lgammaMiddleF32) : lgammaMiddleF64;
}

/// x (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi) / 2) at z = 1/x^2 for
/// x >= 2.5.
// Relative error 2^-53.88.
inline constexpr double lgammaRemainderF64[] = {
    0x1.5555555555551p-4,
    -0x1.6c16c16bd4e90p-9,
    0x1.a01a00534cd39p-11,
    -0x1.3812db2c90b97p-11,
    0x1.b9266d19bc7f5p-11,
    -0x1.f339a28ee9237p-10,
    0x1.8d00aae2e0548p-8,
    -0x1.76738bfe24e3ep-6,
    0x1.54f31ae9bc418p-4,
    -0x1.ed184752a45d7p-3,
    0x1.d2428d5c1e65cp-2,
    -0x1.a0492365ddcfcp-2};
// Relative error 2^-28.58.
inline constexpr double lgammaRemainderF32[] = {
    0x1.5555560000000p-4,
    -0x1.6c16c20000000p-9,
    0x1.9fc1c40000000p-11,
    -0x1.2a36420000000p-11,
    0x1.fe928a0000000p-12};
inline llvm::ArrayRef<double> lgammaRemainder(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(lgammaRemainderF32) : lgammaRemainderF64;
}

/// digamma(2 + d) for |d| <= 1/2.
// Relative error 2^-56.23.
inline constexpr double digammaMiddleF64[] = {
    0x1.b0ee6072093cep-2,
    0x1.4a34cc4a60fa6p-1,
    -0x1.9dd00278030acp-3,
    0x1.51322ac7d875fp-4,
    -0x1.2e831d950169ap-5,
    0x1.1c2613020750ep-6,
    -0x1.1196d0a2a9decp-7,
    0x1.0b36afae7420ep-8,
    -0x1.073e7bd32c582p-9,
    0x1.04b8c1d051482p-10,
    -0x1.0318d05c8948ep-11,
    0x1.020caf09308a6p-12,
    -0x1.015788445b00cp-13,
    0x1.00a399baeca2ap-14,
    -0x1.0101f5507ec5ap-15,
    0x1.04a8ef7c9180dp-16,
    -0x1.ef91e97e15e3fp-18,
    0x1.ae9b6d1380af6p-19,
    -0x1.4ed041231555ap-19,
    0x1.c08ad71e5f7b6p-20};
// Relative error 2^-25.92.
inline constexpr double digammaMiddleF32[] = {
    0x1.b0ee600000000p-2,
    0x1.4a34cc0000000p-1,
    -0x1.9dcf860000000p-3,
    0x1.5133520000000p-4,
    -0x1.2eafaa0000000p-5,
    0x1.1bcdc40000000p-6,
    -0x1.0c12080000000p-7,
    0x1.12fc060000000p-8,
    -0x1.4be2f60000000p-9,
    0x1.bf56400000000p-11};
inline llvm::ArrayRef<double> digammaMiddle(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(digammaMiddleF32) : digammaMiddleF64;
}

/// x^2 (log(x) - 1/(2x) - digamma(x)) at z = 1/x^2 for x >= 2.5.
// Relative error 2^-52.12.
inline constexpr double digammaRemainderF64[] = {
    0x1.5555555555547p-4,
    -0x1.11111110cf9e0p-7,
    0x1.041040402afa8p-8,
    -0x1.11109d36b0868p-8,
    0x1.f05809004e204p-8,
    -0x1.57df6a6bfee83p-6,
    0x1.4779fa0476ebep-4,
    -0x1.75e18b9942734p-2,
    0x1.ae5d35223662ap+0,
    -0x1.a7509964f6556p+2,
    0x1.347386d53e5ccp+4,
    -0x1.1c2a334545294p+5,
    0x1.e73bbe0642aeap+4};
// Relative error 2^-28.58.
inline constexpr double digammaRemainderF32[] = {
    0x1.5555560000000p-4,
    -0x1.1111100000000p-7,
    0x1.033b0e0000000p-8,
    -0x1.f192220000000p-9,
    0x1.d6e52c0000000p-9};
inline llvm::ArrayRef<double> digammaRemainder(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(digammaRemainderF32) : digammaRemainderF64;
}

/// sin(pi d) / d at z = d^2 for |d| <= 1/2.
// Relative error 2^-52.3.
inline constexpr double sinOfPiF64[] = {
    0x1.921fb54442d17p+1,
    -0x1.4abbce625bd5ep+2,
    0x1.466bc67751069p+1,
    -0x1.32d2cce17d3aep-1,
    0x1.50783249d41c4p-4,
    -0x1.e30623c5207cdp-8,
    0x1.e89cea5dbeba3p-12,
    -0x1.6262716341f23p-16};
// Relative error 2^-25.1.
inline constexpr double sinOfPiF32[] = {
    0x1.921fb60000000p+1,
    -0x1.4abbce0000000p+2,
    0x1.4668b80000000p+1,
    -0x1.3233f00000000p-1,
    0x1.3b1f060000000p-4};
inline llvm::ArrayRef<double> sinOfPi(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(sinOfPiF32) : sinOfPiF64;
}

/// (1/d - pi cot(pi d)) / d at z = d^2 for |d| <= 1/2.
// Relative error 2^-55.59.
inline constexpr double cotOfPiF64[] = {
    0x1.a51a6625307d3p+1,
    0x1.151322ac7d848p+1,
    0x1.0470984c0ddb5p+1,
    0x1.010b36ac76e2ap+1,
    0x1.00412f08affc5p+1,
    0x1.001000525f5d9p+1,
    0x1.00071aacb07f4p+1,
    0x1.ff9c4b6d04241p+0,
    0x1.0247d753f3ac5p+1,
    0x1.dadd528eb2024p+0,
    0x1.6b978242b4618p+1,
    -0x1.6ab90487f7173p+0,
    0x1.6c807c9ec2a44p+3,
    -0x1.c32ac6defbbdep+3,
    0x1.00ff1e1bcd0bfp+4};
// Relative error 2^-26.07.
inline constexpr double cotOfPiF32[] = {
    0x1.a51a660000000p+1,
    0x1.1512dc0000000p+1,
    0x1.0488f60000000p+1,
    0x1.fd13d80000000p+0,
    0x1.1d50cc0000000p+1,
    0x1.74531c0000000p-1,
    0x1.4cabc40000000p+2};
inline llvm::ArrayRef<double> cotOfPi(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(cotOfPiF32) : cotOfPiF64;
}

/// (sin(r) / r - 1) / z at z = r^2 for |r| <= pi / 4.
// Relative error 2^-63.23.
inline constexpr double sinF64[] = {
    -0x1.5555555555555p-3,
    0x1.1111111111069p-7,
    -0x1.a01a019ffe522p-13,
    0x1.71de3a33a558fp-19,
    -0x1.ae642c516a6adp-26,
    0x1.6109bd3dbb235p-33,
    -0x1.9ffd55ec7e24dp-41};
// Relative error 2^-32.52.
inline constexpr double sinF32[] = {
    -0x1.5555560000000p-3,
    0x1.1111740000000p-7,
    -0x1.a059560000000p-13,
    0x1.7c2d980000000p-19};
inline llvm::ArrayRef<double> sin(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(sinF32) : sinF64;
}

/// (cos(r) - 1 + z / 2) / z^2 at z = r^2 for |r| <= pi / 4.
// Relative error 2^-68.98.
inline constexpr double cosF64[] = {
    0x1.5555555555555p-5,
    -0x1.6c16c16c16b30p-10,
    0x1.a01a019ffcb75p-16,
    -0x1.27e4fb5a1eeb4p-22,
    0x1.1eed6f7e1698dp-29,
    -0x1.93744f8f9a679p-37,
    0x1.9dac7be7f616ep-45};
// Relative error 2^-37.02.
inline constexpr double cosF32[] = {
    0x1.5555560000000p-5,
    -0x1.6c175e0000000p-10,
    0x1.a071c60000000p-16,
    -0x1.361c200000000p-22};
inline llvm::ArrayRef<double> cos(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(cosF32) : cosF64;
}

/// (asin(x) / x - 1) / z at z = x^2 for |x| <= 1/2.
// Relative error 2^-59.72.
inline constexpr double asinF64[] = {
    0x1.5555555555562p-3,
    0x1.33333333302ebp-4,
    0x1.6db6db70c974fp-5,
    0x1.f1c71afe8bccep-6,
    0x1.6e8bd4a0564f7p-6,
    0x1.1c4a96112ec3cp-6,
    0x1.ca11603516839p-7,
    0x1.75f0b70073647p-7,
    0x1.5f0c6ed130932p-7,
    0x1.0281636ee9b02p-8,
    0x1.5aaf86c4ad8d2p-6,
    -0x1.4bfdb07085ce0p-6,
    0x1.07b24282cb3abp-5};
// Relative error 2^-27.48.
inline constexpr double asinF32[] = {
    0x1.5555ac0000000p-3,
    0x1.3308ce0000000p-4,
    0x1.73edd80000000p-5,
    0x1.91021e0000000p-6,
    0x1.55bcb00000000p-5};
inline llvm::ArrayRef<double> asin(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(asinF32) : asinF64;
}

/// (atan(x) / x - 1) / z at z = x^2 for |x| <= tan(pi / 8).
// Relative error 2^-63.85.
inline constexpr double atanF64[] = {
    -0x1.5555555555554p-2,
    0x1.9999999999589p-3,
    -0x1.249249246fa89p-3,
    0x1.c71c71b494571p-4,
    -0x1.745d145bb48fbp-4,
    0x1.3b13663916bf9p-4,
    -0x1.110c029419ae0p-4,
    0x1.e169d192fc70dp-5,
    -0x1.ab4b6be074c64p-5,
    0x1.702bfe621070ap-5,
    -0x1.108d47941fa55p-5,
    0x1.eb80e79e33049p-7};
// Relative error 2^-30.3.
inline constexpr double atanF32[] = {
    -0x1.55554c0000000p-2,
    0x1.99929a0000000p-3,
    -0x1.23c4b60000000p-3,
    0x1.b2b0700000000p-4,
    -0x1.f5576a0000000p-5};
inline llvm::ArrayRef<double> atan(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(atanF32) : atanF64;
}

/// (sinh(x) / x - 1) / z at z = x^2 for |x| <= 1.
// Relative error 2^-62.96.
inline constexpr double sinhF64[] = {
    0x1.5555555555555p-3,
    0x1.111111111119bp-7,
    0x1.a01a01a00735cp-13,
    0x1.71de3a68d00e3p-19,
    0x1.ae644122d315bp-26,
    0x1.61314d23e0162p-33,
    0x1.a66578247d359p-41,
    0x1.d297562e1f0acp-48};
// Relative error 2^-31.62.
inline constexpr double sinhF32[] = {
    0x1.5555560000000p-3,
    0x1.1110e00000000p-7,
    0x1.a022ba0000000p-13,
    0x1.756cb20000000p-19};
inline llvm::ArrayRef<double> sinh(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(sinhF32) : sinhF64;
}

/// (asinh(x) / x - 1) / z at z = x^2 for |x| <= 1/2.
// Relative error 2^-64.52.
inline constexpr double asinhF64[] = {
    -0x1.5555555555555p-3,
    0x1.33333333331a3p-4,
    -0x1.6db6db6d9b420p-5,
    0x1.f1c71c63fb876p-6,
    -0x1.6e8ba0f6802d9p-6,
    0x1.1c4e98b2e2ae2p-6,
    -0x1.c994592b2cc6ap-7,
    0x1.7a50343024b83p-7,
    -0x1.3e42cc0d9266bp-7,
    0x1.0a724efe29920p-7,
    -0x1.a00087bb178a7p-8,
    0x1.033d1d9e35d22p-8,
    -0x1.6a8bff72ed962p-10};
// Relative error 2^-29.46.
inline constexpr double asinhF32[] = {
    -0x1.55553c0000000p-3,
    0x1.3326720000000p-4,
    -0x1.6bb6040000000p-5,
    0x1.ce7f760000000p-6,
    -0x1.b4bd6e0000000p-7};
inline llvm::ArrayRef<double> asinh(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(asinhF32) : asinhF64;
}

/// The cube root for x from sqrt(1/2) to sqrt(2).
// Relative error 2^-22.48.
inline constexpr double cbrtF64[] = {
    0x1.97eaed527b555p-2,
    0x1.3272168452cc0p+0,
    -0x1.2fdf606c71c39p+0,
    0x1.f12fb39a9dd79p-1,
    -0x1.0799b10ba38cbp-1,
    0x1.3efa3d2990142p-3,
    -0x1.4def1ad3c3dbfp-6};
// Relative error 2^-13.74.
inline constexpr double cbrtF32[] = {
    0x1.f854600000000p-2,
    0x1.7abc5e0000000p-1,
    -0x1.29593a0000000p-2,
    0x1.dcf22e0000000p-5};
inline llvm::ArrayRef<double> cbrt(Format format) {
  return format == F32 ? llvm::ArrayRef<double>(cbrtF32) : cbrtF64;
}

/// 2 / pi 2^(128 w), but for multiples of 2^53 where w > 0.
inline constexpr double twoOverPi[8][6] = {
    {0x1.45f306dc9c883p-1,
     -0x1.6b01ec5417056p-55,
     -0x1.6447e493ad4cep-109,
     0x1.e21c820ff28b2p-163,
     -0x1.508510ea79237p-218,
     0x1.b8e909374b802p-274},
    {0x1.d5f47d4d37703p+50,
     0x1.b6295993c4390p-4,
     0x1.07f9458eaf7afp-58,
     -0x1.d4f246dc8e2dfp-115,
     0x1.374b801924bbbp-170,
     -0x1.f62e6de301e21p-224},
    {0x1.163abdebbc562p+52,
     -0x1.236e4716f6c8bp-2,
     -0x1.1ff9b6d115f63p-56,
     0x1.921cfe1deb1cbp-112,
     0x1.29a73ee88235fp-168,
     0x1.4baed1213a672p-222},
    {0x1.25dd413a3243ap+51,
     -0x1.e214e34ed658cp-8,
     -0x1.177dca0ad144cp-64,
     0x1.213a671c09ad1p-118,
     0x1.f7e413991d63ap-172,
     -0x1.f2b3182d8dee8p-226},
    {0x1.1afa975da2427p+49,
     0x1.338e04d68befdp-5,
     -0x1.f633714e33e56p-59,
     -0x1.8c16c6f740e88p-113,
     -0x1.036be27003b40p-167,
     -0x1.0fd33f8086877p-227},
    {0x1.1d639835339f5p+52,
     -0x1.8dee81d1081b6p-2,
     0x1.d8ffc4bffef03p-59,
     -0x1.9fc04343b9d29p-114,
     -0x1.f592e092c9813p-168,
     -0x1.b069ec9161738p-225},
    {0x1.897ffde059810p+52,
     -0x1.0d0ee74a5f593p-4,
     0x1.f6d367ecf27cbp-60,
     0x1.36e9e8c7ecd3dp-117,
     -0x1.00ae9456c229cp-171,
     -0x1.41a0e84c2f8c6p-228},
    {0x1.67ecf27cb09b7p+52,
     0x1.3d18fd9a797fbp-2,
     -0x1.d28ad84538142p-56,
     0x1.7c5ecf41ce7dep-110,
     0x1.4a525d4d7f6bfp-165,
     0x1.88fc6ae842b02p-219}};

// pi / 2 in parts of 33 bits, and the rest.
inline constexpr double halfPiParts[] = {
    0x1.921fb54400000p+0,
    0x1.0b4611a600000p-34,
    0x1.3198a2e000000p-69,
    0x1.b839a252049c1p-104};

/// 2 / sqrt(pi), rounded to the format.
inline double erfLeading(Format format) {
  return format == F32 ? 0x1.20dd760000000p+0 : 0x1.20dd750429b6dp+0;
}

} // namespace vi::special::coefficients
// clang-format on

#endif // VI_DIALECT_SPECIAL_IR_COEFFICIENTS_H
