//===- Noise.cpp - where draws take their noise from -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/Noise.h"

#include "vi/Dialect/RNG/IR/RNG.h"
#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Held noise
//===----------------------------------------------------------------------===//

Value HeldNoise::next(ImplicitLocOpBuilder &builder) {
  Value value = tensor::ExtractOp::create(builder, normals, position);
  position = builder.createOrFold<arith::AddIOp>(
      position, arith::ConstantIndexOp::create(builder, 1));
  return value;
}

Value HeldNoise::standardNormal(ImplicitLocOpBuilder &builder, Type type,
                                ValueRange dynamicSizes) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return toFloat(builder, next(builder), type);
  // A vector lies in the row as it is.
  SmallVector<Value> shape;
  unsigned dynamic = 0;
  for (int64_t size : tensor.getShape())
    shape.push_back(
        ShapedType::isDynamic(size)
            ? dynamicSizes[dynamic++]
            : arith::ConstantIndexOp::create(builder, size).getResult());
  auto element = cast<RankedTensorType>(normals.getType()).getElementType();
  Value count = buildProduct(builder, builder.getLoc(), shape);
  Value value =
      buildUnflatten(builder, builder.getLoc(), normals, position, shape,
                     RankedTensorType::get(tensor.getShape(), element));
  position = builder.createOrFold<arith::AddIOp>(position, count);
  return toFloat(builder, value, type);
}

Value HeldNoise::uniform(ImplicitLocOpBuilder &builder, Type type) {
  // The normal cdf of a standard normal is uniform.
  Expression normal(builder, next(builder));
  return toFloat(builder, normalCDF(normal), type);
}

Value HeldNoise::stream(ImplicitLocOpBuilder &builder) {
  // The bits of a held number name a stream that is held with it.
  Value normal = toFloat(builder, next(builder), builder.getF64Type());
  return arith::BitcastOp::create(builder, builder.getI64Type(), normal);
}

//===----------------------------------------------------------------------===//
// Counter-based noise
//===----------------------------------------------------------------------===//

Value CounterNoise::nextKey(ImplicitLocOpBuilder &builder) {
  // The first variable, the usual only one, is the key's own.
  if (variables++ == 0)
    return key;
  Value number =
      arith::ConstantOp::create(builder, builder.getI64IntegerAttr(variables));
  return rng::FoldInOp::create(builder, key, number);
}

Value CounterNoise::standardNormal(ImplicitLocOpBuilder &builder, Type type,
                                   ValueRange dynamicSizes) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Value stream = nextKey(builder);
  if (!tensor)
    return rng::NormalOp::create(builder, type, stream, index);
  Value member = rng::FoldInOp::create(builder, stream, index);
  Type element = tensor.getElementType();
  return tensor::GenerateOp::create(
      builder, tensor, dynamicSizes,
      [&](OpBuilder &inner, Location loc, ValueRange indices) {
        ImplicitLocOpBuilder b(loc, inner);
        Value linear;
        for (auto [dimension, position] : llvm::enumerate(indices)) {
          if (!linear) {
            linear = position;
            continue;
          }
          // Row-major with strides of 2^20: only distinctness counts.
          linear = arith::AddIOp::create(
              b,
              arith::MulIOp::create(b, linear,
                                    arith::ConstantIndexOp::create(b, 1 << 20)),
              position);
        }
        if (!linear)
          linear = arith::ConstantIndexOp::create(b, 0);
        Value counter = arith::IndexCastOp::create(b, b.getI64Type(), linear);
        tensor::YieldOp::create(
            b, rng::NormalOp::create(b, element, member, counter));
      });
}

Value CounterNoise::uniform(ImplicitLocOpBuilder &builder, Type type) {
  return rng::UniformOp::create(builder, type, nextKey(builder), index);
}

Value CounterNoise::stream(ImplicitLocOpBuilder &builder) {
  return rng::FoldInOp::create(builder, nextKey(builder), index);
}

//===----------------------------------------------------------------------===//
// Draws
//===----------------------------------------------------------------------===//

Value vi::buildDraw(ImplicitLocOpBuilder &builder, Value distribution,
                    Type type, ValueRange sizes, NoiseSource &noise) {
  auto family = distribution.getDefiningOp<DistributionOpInterface>();
  if (!family) {
    emitError(builder.getLoc(),
              "the distribution drawn from is not known here");
    return Value();
  }
  Type over = cast<DistType>(distribution.getType()).getValueType();
  unsigned batchRank = getBatchRank(distribution);
  if (type == over && batchRank == 0) {
    Value value = family.buildDraw(builder, noise);
    if (!value)
      emitError(builder.getLoc(), "cannot draw from ")
          << distribution.getDefiningOp()->getName();
    return value;
  }
  emitError(builder.getLoc(), "a draw of ")
      << type << " from a distribution over " << over
      << " has independent members; run vi-raise-to-plates first";
  return Value();
}

Value vi::buildNoiseCount(OpBuilder &builder, Value value, IRMapping &mapping) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  SmallVector<Value> shape;
  for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i) {
    Value size = buildDimension(builder, value, i, mapping);
    if (!size)
      return Value();
    shape.push_back(size);
  }
  return buildProduct(builder, value.getLoc(), shape);
}

Value vi::buildMemberIndex(OpBuilder &builder, Block *block, Operation *root) {
  SmallVector<Operation *> repetitions;
  for (Operation *parent = block->getParentOp(); parent && parent != root;
       parent = parent->getParentOp())
    if (isa<PlateOp, scf::ForOp>(parent))
      repetitions.insert(repetitions.begin(), parent);
  Value linear;
  for (Operation *repetition : repetitions) {
    ImplicitLocOpBuilder b(repetition->getLoc(), builder);
    auto plate = dyn_cast<PlateOp>(repetition);
    auto loop = dyn_cast<scf::ForOp>(repetition);
    Value number = plate ? plate.getIndex() : buildIterationNumber(b, loop);
    if (!linear) {
      linear = number;
      continue;
    }
    Value count = plate ? plate.getCount()
                        : buildTripCount(b, loop.getLowerBound(),
                                         loop.getUpperBound(), loop.getStep());
    linear = arith::AddIOp::create(b, arith::MulIOp::create(b, linear, count),
                                   number);
  }
  return linear;
}
