//===- VIDistributions.td - families of distributions -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VIDISTRIBUTIONS_TD
#define VI_DIALECT_VI_IR_VIDISTRIBUTIONS_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "vi/Dialect/VI/IR/VIInterfaces.td"
include "vi/Dialect/VI/IR/VITypes.td"
include "vi/Dialect/VI/IR/VIAttributes.td"

/// One parameter of a family: its name, its rank for one event, and the set
/// that it must lie in (checked where it is a constant).
class VI_Parameter<string name_, int rank_ = 0, string support_ = "Real"> {
  string name = name_;
  int rank = rank_;
  string support = support_;
}

def VI_ExpFam : DeclareOpInterfaceMethods<VI_ExponentialFamilyOpInterface>;

/// A family of distributions. `parameters` describes the operands; `event` is
/// the kind of the values (`Real`, `Boolean`, `Integer`) and `eventRank` the
/// rank of one event. `verification` checks what concerns several parameters.
/// Operands are scalars, or tensors whose leading
/// dimensions are a batch of independent members; the result type follows.
class VI_Family<string mnemonic, list<VI_Parameter> parameters,
                string event = "Real", int eventRank = 0,
                list<string> methods = [], list<Trait> traits = [],
                string verification = "return ::mlir::success();">
    : VI_Op<mnemonic, traits # [
        Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>,
        DeclareOpInterfaceMethods<VI_DistributionOpInterface,
          methods # ["getEventRank", "getParameterRank", "getParameterName"]>]> {
  let results = (outs VI_DistType:$distribution);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
  code familyDeclaration = [{
    /// What the operands are, in order.
    static ::llvm::ArrayRef<::vi::ParameterDescription> getParameters() {
      static const ::vi::ParameterDescription parameters[] = {
        }] # !interleave(!foreach(p, parameters,
             "{\"" # p.name # "\", " # p.rank # ", ::vi::SupportKind::"
             # p.support # "}"), ", ") # [{};
      return parameters;
    }
    static ::vi::EventKind getEventKind() { return ::vi::EventKind::}]
      # event # [{; }
  }];
  let extraClassDeclaration = familyDeclaration;
  let extraClassDefinition = [{
    unsigned $cppClass::getEventRank() { return }] # eventRank # [{; }
    unsigned $cppClass::getParameterRank(unsigned index) {
      return getParameters()[index].rank;
    }
    ::llvm::StringRef $cppClass::getParameterName(unsigned index) {
      return getParameters()[index].name;
    }
    ::llvm::LogicalResult $cppClass::verify() {
      if (::mlir::failed(::vi::verifyFamily(*this, getParameters())))
        return ::mlir::failure();
      }] # verification # [{
    }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr,
        ::mlir::OpaqueProperties, ::mlir::RegionRange,
        ::llvm::SmallVectorImpl<::mlir::Type> &inferredReturnTypes) {
      return ::vi::inferFamilyType(context, location, operands,
                                   getParameters(), getEventKind(), }]
      # eventRank # [{, inferredReturnTypes);
    }
  }];
}

def VI_NormalOp : VI_Family<"normal",
    [VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb", "buildSum"], [VI_ExpFam]> {
  let summary = "normal distribution";
  let description = [{
    log p(x) = -((x - loc) / scale)^2 / 2 - log scale - log(2 pi) / 2, for real x;
    scale > 0 is the standard deviation.

    Example:

    ```mlir
    %d = vi.normal %loc, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale);
}

def VI_HalfNormalOp : VI_Family<"half_normal",
    [VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "half-normal distribution";
  let description = [{
    The absolute value of a normal variable with mean 0:
    log p(x) = log 2 - (x / scale)^2 / 2 - log scale - log(2 pi) / 2, for x > 0.

    Example:

    ```mlir
    %d = vi.half_normal %scale : f64
    ```
  }];
  let arguments = (ins AnyType:$scale);
}

def VI_LogNormalOp : VI_Family<"log_normal",
    [VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "log-normal distribution";
  let description = [{
    log x is normal(loc, scale):
    log p(x) = -((log x - loc) / scale)^2 / 2 - log x - log scale - log(2 pi) / 2,
    for x > 0.

    Example:

    ```mlir
    %d = vi.log_normal %loc, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale);
}

def VI_CauchyOp : VI_Family<"cauchy",
    [VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy"]> {
  let summary = "Cauchy distribution";
  let description = [{
    log p(x) = -log(pi scale) - log1p(((x - loc) / scale)^2), for real x. No moment exists.

    Example:

    ```mlir
    %d = vi.cauchy %loc, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale);
}

def VI_HalfCauchyOp : VI_Family<"half_cauchy",
    [VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy"]> {
  let summary = "half-Cauchy distribution";
  let description = [{
    log p(x) = log 2 - log(pi scale) - log1p((x / scale)^2), for x > 0. Normalized
    over the positive half-line (Stan leaves log 2 out).

    Example:

    ```mlir
    %d = vi.half_cauchy %scale : f64
    ```
  }];
  let arguments = (ins AnyType:$scale);
}

def VI_StudentTOp : VI_Family<"student_t",
    [VI_Parameter<"dof", 0, "Positive">, VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic"]> {
  let summary = "Student's t distribution";
  let description = [{
    log p(x) = lgamma((dof + 1) / 2) - lgamma(dof / 2) - log(dof pi) / 2 - log scale
    - (dof + 1) / 2 log1p(((x - loc) / scale)^2 / dof), for real x.

    Example:

    ```mlir
    %d = vi.student_t %dof, %loc, %scale : f64, f64, f64
    ```
  }];
  let arguments = (ins AnyType:$dof, AnyType:$location, AnyType:$scale);
}

def VI_ExponentialOp : VI_Family<"exponential",
    [VI_Parameter<"rate", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "exponential distribution";
  let description = [{
    log p(x) = log rate - rate x, for x >= 0; mean 1 / rate.

    Example:

    ```mlir
    %d = vi.exponential %rate : f64
    ```
  }];
  let arguments = (ins AnyType:$rate);
}

def VI_GammaOp : VI_Family<"gamma",
    [VI_Parameter<"concentration", 0, "Positive">, VI_Parameter<"rate", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "gamma distribution";
  let description = [{
    log p(x) = a log b - lgamma(a) + (a - 1) log x - b x, for x > 0, with concentration
    (shape) a and rate b; mean a / b.

    Example:

    ```mlir
    %d = vi.gamma %concentration, %rate : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$concentration, AnyType:$rate);
}

def VI_InverseGammaOp : VI_Family<"inverse_gamma",
    [VI_Parameter<"concentration", 0, "Positive">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "inverse gamma distribution";
  let description = [{
    1 / x is gamma(concentration a, rate b = scale):
    log p(x) = a log b - lgamma(a) - (a + 1) log x - b / x, for x > 0.

    Example:

    ```mlir
    %d = vi.inverse_gamma %concentration, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$concentration, AnyType:$scale);
}

def VI_BetaOp : VI_Family<"beta",
    [VI_Parameter<"concentration1", 0, "Positive">, VI_Parameter<"concentration0", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "beta distribution";
  let description = [{
    log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b), for 0 < x < 1, with
    concentrations a (of 1) and b (of 0); mean a / (a + b).

    Example:

    ```mlir
    %d = vi.beta %a, %b : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$concentration1, AnyType:$concentration0);
}

def VI_UniformOp : VI_Family<"uniform",
    [VI_Parameter<"lower">, VI_Parameter<"upper">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [],
    "return verifyBounds();"> {
  let summary = "uniform distribution on an interval";
  let description = [{
    log p(x) = -log(upper - lower), for lower <= x <= upper; lower < upper.

    Example:

    ```mlir
    %d = vi.uniform %lower, %upper : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$lower, AnyType:$upper);
  let extraClassDeclaration = familyDeclaration # [{
    /// Constant bounds must be in order.
    ::llvm::LogicalResult verifyBounds();
  }];
}

def VI_LaplaceOp : VI_Family<"laplace",
    [VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"]> {
  let summary = "Laplace distribution";
  let description = [{
    log p(x) = -|x - loc| / scale - log(2 scale), for real x.

    Example:

    ```mlir
    %d = vi.laplace %loc, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale);
}

def VI_LogisticOp : VI_Family<"logistic",
    [VI_Parameter<"loc">, VI_Parameter<"scale", 0, "Positive">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic"]> {
  let summary = "logistic distribution";
  let description = [{
    With u = (x - loc) / scale: log p(x) = -u - 2 softplus(-u) - log scale, for real x.

    Example:

    ```mlir
    %d = vi.logistic %loc, %scale : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale);
}

def VI_BernoulliOp : VI_Family<"bernoulli",
    [VI_Parameter<"probs", 0, "UnitInterval">],
    "Boolean", 0, ["buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "Bernoulli distribution";
  let description = [{
    log p(x) = log probs if x = 1, log(1 - probs) if x = 0; values `i1`.

    Example:

    ```mlir
    %d = vi.bernoulli %probs : f64
    ```
  }];
  let arguments = (ins AnyType:$probs);
}

def VI_BernoulliLogitsOp : VI_Family<"bernoulli_logits",
    [VI_Parameter<"logits">],
    "Boolean", 0, ["buildEntropy", "buildExpectedStatistic",
     "buildExpectedLogProb"], [VI_ExpFam]> {
  let summary = "Bernoulli distribution by log-odds";
  let description = [{
    Bernoulli with probs = sigmoid(logits): log p(x) = log_sigmoid(logits) if x = 1,
    log_sigmoid(-logits) if x = 0; values `i1`.

    Example:

    ```mlir
    %d = vi.bernoulli_logits %logits : f64
    ```
  }];
  let arguments = (ins AnyType:$logits);
}

def VI_BinomialOp : VI_Family<"binomial",
    [VI_Parameter<"total_count", 0, "NonnegativeInteger">, VI_Parameter<"probs", 0, "UnitInterval">],
    "Integer", 0, ["buildExpectedStatistic"]> {
  let summary = "binomial distribution";
  let description = [{
    log p(x) = log C(n, x) + x log probs + (n - x) log(1 - probs), x = 0 .. n, with
    n = total_count an integer; 0 log 0 = 0.

    Example:

    ```mlir
    %d = vi.binomial %n, %probs : i64, f64
    ```
  }];
  let arguments = (ins AnyType:$total_count, AnyType:$probs);
}

def VI_BinomialLogitsOp : VI_Family<"binomial_logits",
    [VI_Parameter<"total_count", 0, "NonnegativeInteger">, VI_Parameter<"logits">],
    "Integer", 0, ["buildExpectedStatistic"]> {
  let summary = "binomial distribution by log-odds";
  let description = [{
    Binomial with probs = sigmoid(logits):
    log p(x) = log C(n, x) + x logits - n softplus(logits), x = 0 .. n.

    Example:

    ```mlir
    %d = vi.binomial_logits %n, %logits : i64, f64
    ```
  }];
  let arguments = (ins AnyType:$total_count, AnyType:$logits);
}

def VI_DiscreteUniformOp : VI_Family<"discrete_uniform",
    [VI_Parameter<"lower", 0, "IntegerInterval">,
     VI_Parameter<"upper", 0, "IntegerInterval">],
    "Integer", 0, ["buildEntropy", "buildExpectedStatistic"], [],
    "return verifyBounds();"> {
  let summary = "uniform distribution on integers";
  let description = [{
    log p(x) = -log(upper - lower + 1), x = lower, lower + 1, ..., upper;
    lower <= upper.

    Example:

    ```mlir
    %d = vi.discrete_uniform %lower, %upper : i64, i64
    ```
  }];
  let arguments = (ins AnyType:$lower, AnyType:$upper);
  let extraClassDeclaration = familyDeclaration # [{
    /// Constant bounds must be in order.
    ::llvm::LogicalResult verifyBounds();
  }];
}

def VI_PoissonOp : VI_Family<"poisson",
    [VI_Parameter<"rate", 0, "Positive">],
    "Integer", 0, ["buildExpectedStatistic"], [VI_ExpFam]> {
  let summary = "Poisson distribution";
  let description = [{
    log p(x) = x log rate - rate - lgamma(x + 1), x = 0, 1, 2, ...

    Example:

    ```mlir
    %d = vi.poisson %rate : f64
    ```
  }];
  let arguments = (ins AnyType:$rate);
}

def VI_PoissonLogOp : VI_Family<"poisson_log",
    [VI_Parameter<"log_rate">],
    "Integer", 0, ["buildExpectedStatistic"], [VI_ExpFam]> {
  let summary = "Poisson distribution by log rate";
  let description = [{
    Poisson with rate = exp(log_rate): log p(x) = x log_rate - exp(log_rate) - lgamma(x + 1).

    Example:

    ```mlir
    %d = vi.poisson_log %eta : f64
    ```
  }];
  let arguments = (ins AnyType:$log_rate);
}

def VI_NegativeBinomialOp : VI_Family<"negative_binomial",
    [VI_Parameter<"mean", 0, "Positive">, VI_Parameter<"concentration", 0, "Positive">],
    "Integer", 0, ["buildExpectedStatistic"]> {
  let summary = "negative binomial distribution by mean and concentration";
  let description = [{
    A Poisson variable with a gamma(concentration c, rate c / mean) rate (Stan's
    neg_binomial_2): variance mean + mean^2 / c;
    log p(x) = lgamma(x + c) - lgamma(c) - lgamma(x + 1) + c log(c / (c + mean))
    + x log(mean / (c + mean)), x = 0, 1, 2, ...

    Example:

    ```mlir
    %d = vi.negative_binomial %mean, %c : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$mean, AnyType:$concentration);
}

def VI_NegativeBinomialLogOp : VI_Family<"negative_binomial_log",
    [VI_Parameter<"log_mean">, VI_Parameter<"concentration", 0, "Positive">],
    "Integer", 0, ["buildExpectedStatistic"]> {
  let summary = "negative binomial distribution by log mean";
  let description = [{
    Negative binomial with mean = exp(log_mean).

    Example:

    ```mlir
    %d = vi.negative_binomial_log %eta, %c : f64, f64
    ```
  }];
  let arguments = (ins AnyType:$log_mean, AnyType:$concentration);
}

def VI_CategoricalOp : VI_Family<"categorical",
    [VI_Parameter<"probs", 1, "Simplex">],
    "Integer", 0, ["buildEntropy", "buildSupportSize"]> {
  let summary = "categorical distribution";
  let description = [{
    log p(x) = log probs[x], x = 0 .. K - 1 (counted from 0); probs sum to 1.

    Example:

    ```mlir
    %d = vi.categorical %probs : tensor<3xf64>
    ```
  }];
  let arguments = (ins AnyType:$probs);
}

def VI_CategoricalLogitsOp : VI_Family<"categorical_logits",
    [VI_Parameter<"logits", 1, "Real">],
    "Integer", 0, ["buildEntropy", "buildSupportSize"]> {
  let summary = "categorical distribution by logits";
  let description = [{
    log p(x) = logits[x] - log sum_k exp(logits[k]), x = 0 .. K - 1.

    Example:

    ```mlir
    %d = vi.categorical_logits %logits : tensor<?xf64>
    ```
  }];
  let arguments = (ins AnyType:$logits);
}

def VI_MultivariateNormalOp : VI_Family<"multivariate_normal",
    [VI_Parameter<"loc", 1, "Real">, VI_Parameter<"scale_tril", 2, "Real">],
    "Real", 1, ["isReparameterized", "buildEntropy"], [],
    "return verifyShapes();"> {
  let summary = "multivariate normal distribution by Cholesky factor";
  let description = [{
    Mean loc, covariance L L^T with L = scale_tril lower triangular, positive diagonal
    (only the lower triangle is read):
    log p(x) = -|L^-1 (x - loc)|^2 / 2 - sum_k log L_kk - D log(2 pi) / 2.

    Example:

    ```mlir
    %d = vi.multivariate_normal %loc, %l : tensor<?xf64>, tensor<?x?xf64>
    ```
  }];
  let arguments = (ins AnyType:$location, AnyType:$scale_tril);
  let extraClassDeclaration = familyDeclaration # [{
    /// The factor is square and of the location's size.
    ::llvm::LogicalResult verifyShapes();
  }];
}

def VI_DirichletOp : VI_Family<"dirichlet",
    [VI_Parameter<"concentration", 1, "Positive">],
    "Real", 1, ["isReparameterized", "buildEntropy"], [VI_ExpFam]> {
  let summary = "Dirichlet distribution";
  let description = [{
    log p(x) = lgamma(sum a_k) - sum lgamma(a_k) + sum (a_k - 1) log x_k, for x on the
    simplex; a density with respect to the first K - 1 coordinates.

    Example:

    ```mlir
    %d = vi.dirichlet %a : tensor<?xf64>
    ```
  }];
  let arguments = (ins AnyType:$concentration);
}

def VI_DeltaOp : VI_Family<"delta",
    [VI_Parameter<"loc">],
    "Real", 0, ["isReparameterized", "buildEntropy", "buildExpectedStatistic"]> {
  let summary = "point mass";
  let description = [{
    All mass at loc. As a guide it makes the ELBO the log joint density at the point
    (maximum a posteriori on the unconstrained scale): the density of a point mass is
    taken with respect to counting measure, log p(loc) = 0, so its entropy is 0.

    Example:

    ```mlir
    %d = vi.delta %x : f64
    ```
  }];
  let arguments = (ins AnyType:$location);
}

//===----------------------------------------------------------------------===//
// Distributions that are not parametric families
//===----------------------------------------------------------------------===//

def VI_FlatOp : VI_Op<"flat", [Pure,
    DeclareOpInterfaceMethods<VI_DistributionOpInterface,
      ["getEventRank", "isNormalized", "getFloatType"]>]> {
  let summary = "improper uniform prior on a support";
  let description = [{
    log p(x) = 0 on the support. Not normalized: the ELBO is then known up to a
    constant, which is reported. Cannot be drawn from.

    Example:

    ```mlir
    %prior = vi.flat positive : f64
    %p = vi.flat interval bounds(%a, %b : f64, f64) : f64
    ```
  }];
  let arguments = (ins VI_SupportKindAttr:$support_kind, Variadic<AnyFloat>:$bounds);
  let results = (outs VI_DistType:$distribution);
  let assemblyFormat = [{
    custom<Support>($support_kind) (`bounds` `(` $bounds^ `:` type($bounds) `)`)? attr-dict `:`
    custom<DistValueType>(type($distribution))
  }];
  let hasVerifier = 1;
}

class VI_TransformedOp<string mnemonic> : VI_Op<mnemonic, [Pure,
    DeclareOpInterfaceMethods<VI_DistributionOpInterface,
      ["getEventRank", "isNormalized", "isReparameterized", "getFloatType",
       "buildEntropy", "buildExpectedStatistic", "buildExpectedLogProb"]>]> {
  let arguments = (ins VI_SupportKindAttr:$support_kind, VI_DistType:$base,
                   Variadic<AnyFloat>:$bounds);
  let results = (outs VI_DistType:$distribution);
  let assemblyFormat = [{
    custom<Support>($support_kind) $base (`bounds` `(` $bounds^ `:` type($bounds) `)`)? attr-dict `:`
    custom<DistValueType>(type($base)) `->`
    custom<DistValueType>(type($distribution))
  }];
  let hasVerifier = 1;
}

def VI_PushforwardOp : VI_TransformedOp<"pushforward"> {
  let summary = "distribution of T(u) for u from a base distribution";
  let description = [{
    The image of a distribution over reals under the bijector T of a support
    (`vi.constrain`): log p(z) = log base(T^-1(z)) - log |det dT/du|.

    Example:

    ```mlir
    %q = vi.pushforward positive %normal : f64 -> f64   // log-normal
    ```
  }];
}

def VI_PullbackOp : VI_TransformedOp<"pullback"> {
  let summary = "distribution of T^-1(z) for z from a base distribution";
  let description = [{
    The distribution on the unconstrained scale, of u with T(u) distributed as
    the base: log p(u) = log base(T(u)) + log |det dT/du|.

    Example:

    ```mlir
    %p = vi.pullback positive %gamma : f64 -> f64
    ```
  }];
}

#endif // VI_DIALECT_VI_IR_VIDISTRIBUTIONS_TD
