//===- ExpandSpecial.cpp - functions to straight arithmetic -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/Special/Transforms/Passes.h"

#include "vi/Dialect/Special/IR/ElementaryFunctions.h"
#include "vi/Dialect/Special/IR/GaussianSoftplus.h"
#include "vi/Dialect/Special/IR/HyperbolicFunctions.h"
#include "vi/Dialect/Special/IR/PowerFunctions.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/Special/IR/TrigonometricFunctions.h"
#include "vi/Dialect/Special/Transforms/StraightCode.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

namespace vi::special {
#define GEN_PASS_DEF_EXPANDSPECIALPASS
#include "vi/Dialect/Special/Transforms/Passes.h.inc"
} // namespace vi::special

using namespace mlir;
using namespace vi::special;

namespace {

using Real = StraightCode::Real;
/// Emits an op's function of its operands.
using Expansion = Value (*)(StraightCode &, Operation *);

template <Real (*function)(StraightCode &, Real)>
Value unary(StraightCode &code, Operation *op) {
  return function(code, code.real(op->getOperand(0))).value;
}

template <Real (*function)(StraightCode &, Real, Real)>
Value binary(StraightCode &code, Operation *op) {
  return function(code, code.real(op->getOperand(0)),
                  code.real(op->getOperand(1)))
      .value;
}

Real rsqrt(StraightCode &code, Real x) { return 1.0 / code.sqrt(x); }

/// Halves away from zero.
Real round(StraightCode &code, Real x) {
  Real size = code.abs(x);
  double whole = elementary::formatOf(code, x).whole();
  // The whole number below: the nearest one, or one less.
  Real nearest = (size + whole) - whole;
  Real down = nearest - code.select(nearest > size, code.constant(1.0, x),
                                    code.constant(0.0, x));
  Real up = down + 1.0;
  Real rounded = code.select(size - down >= 0.5, up, down);
  return code.copysign(code.select(size < whole, rounded, size), x);
}

/// The sum of all lanes, as a tree of halves.
Value sumLanes(ImplicitLocOpBuilder &builder, Value lanes) {
  auto type = cast<VectorType>(lanes.getType());
  for (int64_t half = type.getNumElements() / 2; half > 0; half /= 2) {
    auto slice = [&](int64_t offset) -> Value {
      return vector::ExtractStridedSliceOp::create(
          builder, lanes, ArrayRef<int64_t>(offset), ArrayRef<int64_t>(half),
          ArrayRef<int64_t>(1));
    };
    Value low = slice(0);
    lanes = arith::AddFOp::create(builder, low, slice(half));
  }
  return vector::ExtractOp::create(builder, lanes, 0);
}

/// A single number's components are lanes, which is a fraction of the code, and
/// of the time, of one after the other.
Value expandGaussianSoftplus(StraightCode &code, Operation *op) {
  auto softplus = cast<GaussianSoftplusOp>(op);
  Real mean = code.real(softplus.getMean());
  Real variance = code.real(softplus.getVariance());
  unsigned derivative = softplus.getDerivative();
  if (isa<VectorType>(mean.value.getType()))
    return functions::gaussianSoftplus(code, mean, variance, derivative).value;

  coefficients::LogisticMixture mixture =
      coefficients::logisticMixture(code.isF32(mean));
  // Lanes that are left over take half of a component's weight: with a weight
  // of zero they would be NaN where another lane is infinite.
  SmallVector<double> squaredScales, weights;
  for (auto [scale, weight] :
       llvm::zip_equal(mixture.scales, mixture.weights)) {
    squaredScales.push_back(scale * scale);
    weights.push_back(weight * functions::rsqrt2Pi);
  }
  for (size_t i = 0, e = llvm::PowerOf2Ceil(weights.size()) - weights.size();
       i != e; ++i) {
    squaredScales.push_back(squaredScales[i]);
    weights[i] *= 0.5;
    weights.push_back(weights[i]);
  }

  ImplicitLocOpBuilder &builder = *mean.builder;
  Type element = mean.value.getType();
  auto type = VectorType::get({static_cast<int64_t>(weights.size())}, element);
  auto constant = [&](ArrayRef<double> values) {
    SmallVector<Attribute> attributes;
    for (double value : values)
      attributes.push_back(FloatAttr::get(element, value));
    return code.real(arith::ConstantOp::create(
        builder, DenseElementsAttr::get(type, attributes)));
  };
  auto splat = [&](Real number) {
    return code.real(vector::BroadcastOp::create(builder, type, number.value));
  };
  Real means = splat(mean);
  functions::GaussianSoftplus<StraightCode> components(
      code, means, splat(variance), derivative);
  Real terms =
      components.add(code.constant(0.0, means), constant(squaredScales),
                     constant(weights), mixture);
  Real sum = code.real(sumLanes(builder, terms.value));
  return functions::GaussianSoftplus<StraightCode>::finish(code, mean, sum,
                                                           derivative)
      .value;
}

/// The ops that have an expansion.
class Expansions {
public:
  Expansions() {
    using namespace elementary;
    add<math::ExpOp>(unary<exp>);
    add<math::SinOp>(unary<sin>);
    add<math::CosOp>(unary<cos>);
    add<math::TanOp>(unary<tan>);
    add<math::AsinOp>(unary<asin>);
    add<math::AcosOp>(unary<acos>);
    add<math::AtanOp>(unary<atan>);
    add<math::Atan2Op>(binary<atan2>);
    add<math::SinhOp>(unary<sinh>);
    add<math::CoshOp>(unary<cosh>);
    add<math::AsinhOp>(unary<asinh>);
    add<math::AcoshOp>(unary<acosh>);
    add<math::AtanhOp>(unary<atanh>);
    add<math::PowFOp>(binary<pow>);
    add<math::CbrtOp>(unary<cbrt>);
    add<math::RsqrtOp>(unary<rsqrt>);
    add<math::RoundOp>(unary<round>);
    add<math::Log2Op>(unary<log2>);
    add<math::Log10Op>(unary<log10>);
    add<math::Exp2Op>(unary<exp2>);
    add<math::ExpM1Op>(unary<expm1>);
    add<math::LogOp>(unary<log>);
    add<math::Log1pOp>(unary<log1p>);
    add<math::TanhOp>(unary<tanh>);
    add<SigmoidOp>(unary<sigmoid>);
    add<SoftplusOp>(unary<softplus>);
    add<LogSigmoidOp>(unary<logSigmoid>);
    add<math::ErfOp>(unary<erf>);
    add<math::ErfcOp>(unary<erfc>);
    add<NormalCDFOp>(unary<normalCDF>);
    add<NormalLogCDFOp>(unary<normalLogCDF>);
    add<NormalQuantileOp>(unary<normalQuantile>);
    add<LgammaOp>(unary<lgamma>);
    add<DigammaOp>(unary<digamma>);
    add<GaussianSoftplusOp>(expandGaussianSoftplus);
  }

  /// The op's expansion, or null where it has none, or not of its type.
  Expansion lookup(Operation *op) const {
    auto it = table.find(op->getName().getTypeID());
    if (it == table.end())
      return nullptr;
    return isSuitable(op) ? it->second : nullptr;
  }

  /// Whether `op` is of f32, f64 or vectors of them.
  static bool isSuitable(Operation *op) {
    Type type = op->getResult(0).getType();
    if (auto vector = dyn_cast<VectorType>(type))
      type = vector.getElementType();
    return type.isF32() || type.isF64();
  }

private:
  template <class Op> void add(Expansion expansion) {
    table[TypeID::get<Op>()] = expansion;
  }

  llvm::DenseMap<TypeID, Expansion> table;
};

struct ExpandSpecial
    : public vi::special::impl::ExpandSpecialPassBase<ExpandSpecial> {
  using ExpandSpecialPassBase::ExpandSpecialPassBase;

  void runOnOperation() override {
    bool changed = false;
    pairSinesAndCosines();
    getOperation()->walk([&](math::SincosOp op) {
      if (!Expansions::isSuitable(op))
        return;
      ImplicitLocOpBuilder builder(op.getLoc(), op);
      StraightCode code(builder, fma, mayBranch(op));
      auto [sine, cosine] =
          elementary::sincos(code, code.real(op.getOperand()));
      op->replaceAllUsesWith(ValueRange{sine.value, cosine.value});
      op->erase();
      changed = true;
    });
    getOperation()->walk([&](Operation *op) {
      Expansion expansion = expansions.lookup(op);
      if (!expansion)
        return;
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      StraightCode code(builder, fma, mayBranch(op));
      Value value = expansion(code, op);
      op->getResult(0).replaceAllUsesWith(value);
      op->erase();
      changed = true;
    });
    if (!changed)
      markAllAnalysesPreserved();
  }

private:
  /// What is in a linalg operation is to become vectors later.
  static bool mayBranch(Operation *op) {
    return !op->getParentOfType<linalg::LinalgOp>();
  }

  /// Makes one op of the sine and the cosine of a number, as derivatives have
  /// them.
  void pairSinesAndCosines() {
    llvm::DenseMap<std::pair<Block *, Value>, Operation *> known;
    getOperation()->walk([&](Operation *op) {
      if (!isa<math::SinOp, math::CosOp>(op) || !Expansions::isSuitable(op))
        return;
      auto [it, isNew] =
          known.try_emplace({op->getBlock(), op->getOperand(0)}, op);
      Operation *first = it->second;
      if (isNew || !first || first->getName() == op->getName())
        return;
      OpBuilder builder(first);
      auto both = math::SincosOp::create(builder, first->getLoc(),
                                         first->getOperand(0));
      for (Operation *each : {first, op}) {
        each->getResult(0).replaceAllUsesWith(
            isa<math::SinOp>(each) ? both.getSin() : both.getCos());
        each->erase();
      }
      it->second = nullptr;
    });
  }

  const Expansions expansions;
};

} // namespace
