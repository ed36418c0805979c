//===- MultivariateFamilies.cpp - families of vectors -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace vi;

/// The number of elements of a vector, as a number.
static Expression size(Expression vector) {
  ImplicitLocOpBuilder &b = vector.getBuilder();
  return toFloat(b, dimension(b, vector, 0),
                 getElementTypeOrSelf(vector.getType()));
}

//===----------------------------------------------------------------------===//
// Multivariate normal
//===----------------------------------------------------------------------===//

Expression vi::logDeterminant(Expression factor) {
  ImplicitLocOpBuilder &b = factor.getBuilder();
  MLIRContext *context = b.getContext();
  Type element = getElementTypeOrSelf(factor.getType());
  Value zero = floatConstant(b, RankedTensorType::get({}, element), 0);
  AffineExpr d = b.getAffineDimExpr(0);
  auto generic = linalg::GenericOp::create(
      b, TypeRange(zero.getType()), ValueRange(factor.getValue()),
      ValueRange(zero),
      ArrayRef<AffineMap>{AffineMap::get(1, 0, {d, d}, context),
                          AffineMap::get(1, 0, context)},
      utils::IteratorType::reduction,
      [](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value term = log(Expression(inner, arguments[0]));
        linalg::YieldOp::create(
            inner,
            arith::AddFOp::create(inner, arguments[1], term).getResult());
      });
  return factor.with(
      tensor::ExtractOp::create(b, generic.getResult(0), ValueRange()));
}

Support MultivariateNormalOp::getSupport() { return {SupportKind::Real, {}}; }

Value MultivariateNormalOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression loc = parameter(b, *this, 0), factor = parameter(b, *this, 1);
  Expression x(b, value);
  Expression deviation =
      map(x, loc, [](Expression x, Expression loc) { return x - loc; });
  Expression u(b, TriangularSolveOp::create(b, deviation.getType(), factor,
                                            deviation, false));
  return -0.5 * dot(u, u) - logDeterminant(factor) - size(x) * halfLog2Pi;
}

Value MultivariateNormalOp::buildDraw(ImplicitLocOpBuilder &b,
                                      NoiseSource &noise) {
  Expression loc = parameter(b, *this, 0), factor = parameter(b, *this, 1);
  auto type = cast<RankedTensorType>(loc.getType());
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(dimension(b, loc, 0));
  Value u = noise.standardNormal(b, type, sizes);
  // loc + L u, of the lower triangle of L alone.
  AffineExpr i = b.getAffineDimExpr(0), j = b.getAffineDimExpr(1);
  MLIRContext *context = b.getContext();
  auto generic = linalg::GenericOp::create(
      b, TypeRange(type), ValueRange{factor.getValue(), u},
      ValueRange(loc.getValue()),
      ArrayRef<AffineMap>{AffineMap::get(2, 0, {i, j}, context),
                          AffineMap::get(2, 0, j), AffineMap::get(2, 0, i)},
      ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                    utils::IteratorType::reduction},
      [](OpBuilder &nested, Location where, ValueRange arguments) {
        ImplicitLocOpBuilder inner(where, nested);
        Value row = linalg::IndexOp::create(inner, 0);
        Value column = linalg::IndexOp::create(inner, 1);
        Value lower = arith::CmpIOp::create(inner, arith::CmpIPredicate::ule,
                                            column, row);
        Expression l(inner, arguments[0]);
        Expression term =
            select(lower, l, l.constant(0)) * l.with(arguments[1]);
        linalg::YieldOp::create(
            inner, arith::AddFOp::create(inner, arguments[2], term.getValue())
                       .getResult());
      });
  return generic.getResult(0);
}

bool MultivariateNormalOp::isReparameterized() { return true; }

Value MultivariateNormalOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression loc = parameter(b, *this, 0), factor = parameter(b, *this, 1);
  return logDeterminant(factor) + size(loc) * (halfLog2Pi + 0.5);
}

//===----------------------------------------------------------------------===//
// Dirichlet
//===----------------------------------------------------------------------===//

Support DirichletOp::getSupport() { return {SupportKind::Simplex, {}}; }

/// log B(a) = sum lgamma(a_k) - lgamma(sum a_k)
static Expression logMultivariateBeta(Expression a) {
  return sum(map(a, [](Expression a) { return lgamma(a); })) - lgamma(sum(a));
}

Value DirichletOp::buildLogProb(ImplicitLocOpBuilder &b, Value value) {
  Expression a = parameter(b, *this, 0), x = a.with(value);
  Expression density =
      sum(map(x, a,
              [](Expression x, Expression a) {
                Value outside = x < x.constant(0);
                x = select(outside, x.constant(1), x);
                return impossibleWhere(outside, xlogy(a - 1, x));
              })) -
      logMultivariateBeta(a);
  // Rounding leaves a vector close to the simplex.
  bool isDouble = getElementTypeOrSelf(x.getType()).isF64();
  Expression error = abs(sum(x) - 1);
  return impossibleWhere(error > error.constant(isDouble ? 1e-8 : 1e-4),
                         density);
}

Value DirichletOp::buildDraw(ImplicitLocOpBuilder &b, NoiseSource &noise) {
  Expression a = parameter(b, *this, 0);
  DrawStream stream(b, noise);
  Value gammaKey = stream.nextKey(), uniformKey = stream.nextKey();
  // The normalized gamma draws, as the softmax of their logarithms: for small
  // concentrations the draws themselves underflow.
  auto type = cast<RankedTensorType>(a.getType());
  AffineMap identity = b.getMultiDimIdentityMap(1);
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(dimension(b, a, 0));
  auto logs = linalg::GenericOp::create(
      b, TypeRange(type), ValueRange(a.getValue()),
      ValueRange(tensor::EmptyOp::create(b, type, sizes).getResult()),
      ArrayRef<AffineMap>{identity, identity}, utils::IteratorType::parallel,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value k = arith::IndexCastOp::create(inner, inner.getI64Type(),
                                             linalg::IndexOp::create(inner, 0));
        Expression a(inner, arguments[0]);
        Expression draw = logGammaDraw(a, gammaKey, uniformKey, k);
        linalg::YieldOp::create(inner, draw.getValue());
      });
  Value lowest = floatConstant(
      b, RankedTensorType::get({}, type.getElementType()), -infinity);
  auto maximum = linalg::GenericOp::create(
      b, TypeRange(lowest.getType()), ValueRange(logs.getResult(0)),
      ValueRange(lowest),
      ArrayRef<AffineMap>{identity, AffineMap::get(1, 0, b.getContext())},
      utils::IteratorType::reduction,
      [](OpBuilder &nested, Location loc, ValueRange arguments) {
        Value larger =
            arith::MaximumFOp::create(nested, loc, arguments[0], arguments[1]);
        linalg::YieldOp::create(nested, loc, larger);
      });
  Value largest =
      tensor::ExtractOp::create(b, maximum.getResult(0), ValueRange());
  largest = StopGradientOp::create(b, largest.getType(), largest);
  Expression weights = map(a.with(logs.getResult(0)), [&](Expression log) {
    return exp(log - log.with(largest));
  });
  Value total = sum(weights);
  return map(weights, [&](Expression w) { return w / w.with(total); });
}

bool DirichletOp::isReparameterized() { return true; }

Value DirichletOp::buildEntropy(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), total = sum(a);
  return logMultivariateBeta(a) + (total - size(a)) * digamma(total) -
         sum(map(a, [](Expression a) { return (a - 1) * digamma(a); }));
}

SmallVector<Value>
DirichletOp::buildNaturalParameters(ImplicitLocOpBuilder &b) {
  return {getConcentration()};
}

Value DirichletOp::buildLogPartition(ImplicitLocOpBuilder &b) {
  return logMultivariateBeta(parameter(b, *this, 0));
}

SmallVector<Value> DirichletOp::buildMeanStatistics(ImplicitLocOpBuilder &b) {
  Expression a = parameter(b, *this, 0), total = digamma(sum(a));
  return {map(
      a, [&](Expression a) { return digamma(a) - a.with(total.getValue()); })};
}
