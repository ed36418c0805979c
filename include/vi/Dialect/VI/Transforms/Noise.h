//===- Noise.h - where draws take their noise from -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_NOISE_H
#define VI_DIALECT_VI_TRANSFORMS_NOISE_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/IR/IRMapping.h"

namespace vi {

/// Which gradient estimator expectations get.
enum class Estimator { Pathwise, StickingTheLanding, DoublyReparameterized };

/// Noise from a vector of standard normals, starting at a position: the first
/// variable of an event is the one at the position.
class HeldNoise : public NoiseSource {
public:
  HeldNoise(mlir::Value normals, mlir::Value position)
      : normals(normals), position(position) {}
  mlir::Value standardNormal(mlir::ImplicitLocOpBuilder &builder,
                             mlir::Type type,
                             mlir::ValueRange dynamicSizes) override;
  mlir::Value uniform(mlir::ImplicitLocOpBuilder &builder,
                      mlir::Type type) override;
  mlir::Value stream(mlir::ImplicitLocOpBuilder &builder) override;

private:
  mlir::Value next(mlir::ImplicitLocOpBuilder &builder);

  mlir::Value normals, position;
};

/// Noise from a counter: variable n of the event at `index` under `key`.
class CounterNoise : public NoiseSource {
public:
  CounterNoise(mlir::Value key, mlir::Value index) : key(key), index(index) {}
  mlir::Value standardNormal(mlir::ImplicitLocOpBuilder &builder,
                             mlir::Type type,
                             mlir::ValueRange dynamicSizes) override;
  mlir::Value uniform(mlir::ImplicitLocOpBuilder &builder,
                      mlir::Type type) override;
  mlir::Value stream(mlir::ImplicitLocOpBuilder &builder) override;

private:
  mlir::Value nextKey(mlir::ImplicitLocOpBuilder &builder);

  mlir::Value key, index;
  unsigned variables = 0;
};

/// Emits a draw of `type` from `distribution`: one event, or independent events
/// in the leading dimensions of a tensor. Null, and an error at the builder's
/// location, where the distribution is not one that can be drawn from.
mlir::Value buildDraw(mlir::ImplicitLocOpBuilder &builder,
                      mlir::Value distribution, mlir::Type type,
                      mlir::ValueRange sizes, NoiseSource &noise);

/// The number of standard normals that a draw of the type of `value` consumes,
/// of one member. Null where it depends on more than the data.
mlir::Value buildNoiseCount(mlir::OpBuilder &builder, mlir::Value value,
                            mlir::IRMapping &mapping);

/// Emits the row-major index of the member at hand among the members of all the
/// plates and iterations of all the loops around `block`, up to `root`; null
/// where there is none.
mlir::Value buildMemberIndex(mlir::OpBuilder &builder, mlir::Block *block,
                             mlir::Operation *root = nullptr);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_NOISE_H
