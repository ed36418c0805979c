//===- VIInterfaces.td - interfaces -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIINTERFACES_TD
#define VI_DIALECT_VI_IR_VIINTERFACES_TD

include "mlir/IR/OpBase.td"

def VI_DistributionOpInterface : OpInterface<"DistributionOpInterface"> {
  let cppNamespace = "::vi";
  let description = [{
    What every family of distributions answers. A pass asks a distribution
    through this interface only; adding a family touches no pass.

    The builders below are called for *one* event: a scalar for families of
    event rank 0, a tensor of the event's shape otherwise. Operands of the
    distribution that are tensors of batches are sliced before
    (`buildMember`).
  }];
  let methods = [
    InterfaceMethod<[{
      Number of trailing dimensions of a value that are one joint event: 0 for
      elementwise families, 1 for vectors.}],
      "unsigned", "getEventRank", (ins), "", "return 0;">,
    InterfaceMethod<[{
      Rank of operand `index` for one event: 0 for scalar parameters, 1 for a
      vector of logits, 2 for a Cholesky factor.}],
      "unsigned", "getParameterRank", (ins "unsigned":$index), "",
      "return 0;">,
    InterfaceMethod<[{
      The name of operand `index`, as the field has it: `loc`, `scale`, `logits`.
      Empty for what is no family.}],
      "::llvm::StringRef", "getParameterName", (ins "unsigned":$index), "",
      "return {};">,
    InterfaceMethod<[{
      The set of values of positive probability or density, with the bounds
      that are operands of the distribution.}],
      "::vi::Support", "getSupport">,
    InterfaceMethod<[{
      Emits the number of values of positive probability, as an `index`, where
      it is finite; null otherwise. The values are consecutive, from the lower
      bound of the support (`buildSupportValue`).}],
      "::mlir::Value", "buildSupportSize",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder), "", [{
        return ::vi::buildSupportSize(builder, $_op.getSupport());
      }]>,
    InterfaceMethod<[{
      The floating-point type that densities are computed in.}],
      "::mlir::FloatType", "getFloatType", (ins), "", [{
        for (::mlir::Value operand : $_op->getOperands())
          if (auto type = ::llvm::dyn_cast<::mlir::FloatType>(
                  ::mlir::getElementTypeOrSelf(operand.getType())))
            return type;
        return ::mlir::Float64Type::get($_op->getContext());
      }]>,
    InterfaceMethod<[{
      Emits log p(x), the natural logarithm of the normalized density (for
      discrete families, of the probability) at `value`, an event. Integer
      values come as integers of any width. Outside the support the result is
      -inf.}],
      "::mlir::Value", "buildLogProb",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::Value":$value)>,
    InterfaceMethod<[{
      Emits one draw (an event) from the noise given. For families where
      `isReparameterized` holds, the draw is a differentiable function of the
      parameters at fixed noise.}],
      "::mlir::Value", "buildDraw",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder,
           "::vi::NoiseSource &":$noise)>,
    InterfaceMethod<[{
      Whether the pathwise derivative of a draw with respect to the parameters
      exists and is what differentiating `buildDraw` gives.}],
      "bool", "isReparameterized", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether the density integrates to one; false for improper priors, whose
      log-density is known up to a constant.}],
      "bool", "isNormalized", (ins), "", "return true;">,
    InterfaceMethod<[{
      Emits the entropy -E[log p(x)] in nats (differential for continuous
      families), or returns null where no closed form is known.}],
      "::mlir::Value", "buildEntropy",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder), "",
      "return ::mlir::Value();">,
    InterfaceMethod<[{
      Emits E[s(x)] for a statistic s of one event, or returns null where no
      closed form is known (or the expectation does not exist).}],
      "::mlir::Value", "buildExpectedStatistic",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder,
           "const ::vi::Statistic &":$statistic), "",
      "return ::mlir::Value();">,
    InterfaceMethod<[{
      Emits the distribution, of this family, that a linear combination of
      independent variables of this family has, from its mean and its variance;
      null where such combinations leave the family.}],
      "::mlir::Value", "buildSum",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder, "::mlir::Value":$mean,
           "::mlir::Value":$variance), "",
      "return ::mlir::Value();">,
    InterfaceMethod<[{
      Emits E[log p(x)] of one event x whose expected statistics `expectation`
      emits (null where it knows none), or returns null where the log-density is
      no combination of statistics that are known. Assumes that x lies in the
      support.}],
      "::mlir::Value", "buildExpectedLogProb",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder,
           "::vi::ExpectationFunction":$expectation), "",
      "return ::mlir::Value();">
  ];
}

def VI_ExponentialFamilyOpInterface
    : OpInterface<"ExponentialFamilyOpInterface",
                  [VI_DistributionOpInterface]> {
  let cppNamespace = "::vi";
  let description = [{
    Families with density h(x) exp(eta . T(x) - A(eta)). From natural
    parameters, log-partition and mean statistics follows the divergence
    between two members of one family,

        KL(q || p) = A(eta_p) - A(eta_q) - (eta_p - eta_q) . E_q[T(x)].

    Each entry is a scalar or a tensor (of which the dot product is taken).
  }];
  let methods = [
    InterfaceMethod<"Emits the natural parameters eta, in the order of T.",
      "::llvm::SmallVector<::mlir::Value>", "buildNaturalParameters",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder)>,
    InterfaceMethod<"Emits the log-partition A(eta).",
      "::mlir::Value", "buildLogPartition",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder)>,
    InterfaceMethod<"Emits the mean statistics E[T(x)], the gradient of A.",
      "::llvm::SmallVector<::mlir::Value>", "buildMeanStatistics",
      (ins "::mlir::ImplicitLocOpBuilder &":$builder)>
  ];
}

#endif // VI_DIALECT_VI_IR_VIINTERFACES_TD
