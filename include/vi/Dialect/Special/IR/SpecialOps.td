//===- SpecialOps.td - special functions -*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_SPECIALOPS_TD
#define VI_DIALECT_SPECIAL_IR_SPECIALOPS_TD

include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/VectorInterfaces.td"
include "vi/Dialect/Special/IR/SpecialDialect.td"

/// `f32` or `f64`, or a vector or tensor of them.
def Special_FloatLike
    : TypeConstraint<Or<[AnyTypeOf<[F32, F64]>.predicate,
                         VectorOfNonZeroRankOf<[F32, F64]>.predicate,
                         TensorOf<[F32, F64]>.predicate]>,
                     "f32 or f64, or a vector or tensor of them">;

class Special_Op<string mnemonic, list<Trait> traits = []>
    : Op<Special_Dialect, mnemonic, traits # [Pure, SameOperandsAndResultType,
        DeclareOpInterfaceMethods<VectorUnrollOpInterface>]
        # ElementwiseMappable.traits> {
  let results = (outs Special_FloatLike:$result);
  let hasFolder = 1;
}

class Special_UnaryOp<string mnemonic> : Special_Op<mnemonic> {
  let arguments = (ins Special_FloatLike:$operand);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// The gamma function's family
//===----------------------------------------------------------------------===//

def Special_LgammaOp : Special_UnaryOp<"lgamma"> {
  let summary = "logarithm of the absolute value of the gamma function";
  let description = [{
    log |Gamma(x)|.

    - Domain: all real numbers.
    - Edges: +inf at 0, -1, -2, ... and at both infinities; 0 at 1 and 2.
    - Accuracy: expanded, 8 ulp for x > 0, around the zeros at 1 and 2 too; for
      x < 0 relative to the largest of 1 and the terms of the reflection.
      Otherwise the C library's `lgamma` (`lgammaf`) is called: glibc documents
      4 ulp, near the zeros on the negative axis relative to 1. The C function
      also writes the sign of Gamma to the global `signgam`, which nothing here
      reads, so that calls from several threads give the right value.
    - Method of the expansion: by Gamma(x + 1) = x Gamma(x) from below 5/2 into
      [3/2, 5/2], where a polynomial multiplies the distance from 2; above,
      Stirling's formula (dlmf.nist.gov 5.11.1) with a polynomial for its
      remainder; for x < 0, Gamma(x) Gamma(-x) = -pi / (x sin(pi x)) (5.5.3).
    - Derivative: digamma(x).

    Example:

    ```mlir
    %y = special.lgamma %x : f64   // lgamma(5) = log 24 = 3.178053830347946
    ```
  }];
}

def Special_DigammaOp : Special_UnaryOp<"digamma"> {
  let summary = "derivative of lgamma";
  let description = [{
    psi(x) = d/dx log Gamma(x).

    - Domain: all real numbers but 0, -1, -2, ...
    - Edges: -inf at +0, +inf at -0, NaN at negative integers and -inf; +inf at
      +inf.
    - Accuracy: expanded, 8 ulp for x > 0, of results below 1 (around the zero
      at 1.4616...) relative to 1. Otherwise 5 ulp for x > 0, around the zero
      too. For x < 0 relative to the largest of 1 and the terms of the
      reflection.
    - Method of the expansion: that of `lgamma`, with which it shares the
      logarithm and the quotient. Otherwise: from x = 10 on the asymptotic series (NIST Digital Library of
      Mathematical Functions, dlmf.nist.gov, 5.11.2). Below, by
      psi(x + 1) = psi(x) + 1/x (5.5.2), from the value on [1, 2], which is the
      distance from the zero times a polynomial interpolated at Chebyshev nodes.
      For x < 0 the reflection psi(x) = psi(1 - x) - pi / tan(pi x) (5.5.4).
    - Derivative: trigamma(x).

    Example:

    ```mlir
    %y = special.digamma %x : f64   // digamma(1) = -0.5772156649015329
    ```
  }];
}

def Special_TrigammaOp : Special_UnaryOp<"trigamma"> {
  let summary = "second derivative of lgamma";
  let description = [{
    psi'(x) = d^2/dx^2 log Gamma(x) > 0 for x > 0.

    - Domain: all real numbers.
    - Edges: +inf at 0, -1, -2, ...; 0 at +inf; NaN at -inf.
    - Accuracy: 6 ulp.
    - Method: psi'(x) = psi'(x + 1) + 1/x^2 up to x >= 10, then the asymptotic
      series (dlmf.nist.gov 5.15.5 and 5.15.8); for x < 0 the reflection
      psi'(x) = (pi / sin(pi x))^2 - psi'(1 - x) (5.15.6).
    - Derivative: no op of this dialect.

    Example:

    ```mlir
    %y = special.trigamma %x : f64   // trigamma(1) = pi^2 / 6
    ```
  }];
}

def Special_LogBetaOp : Special_Op<"log_beta"> {
  let summary = "logarithm of the beta function";
  let description = [{
    log B(a, b) = lgamma(a) + lgamma(b) - lgamma(a + b), without the
    cancellation of that formula where an argument is large.

    - Domain: a >= 0, b >= 0.
    - Edges: +inf where an argument is 0; -inf where an argument is +inf and the
      other is positive; NaN for 0 with +inf.
    - Accuracy: error below 1e-14 of the largest of 1, |log B| and |lgamma| of
      the smaller argument.
    - Method: Stirling's formula with its remainder for arguments of 10 and
      above, which leaves no large terms to cancel: A. R. DiDonato and
      A. H. Morris (1992), "Algorithm 708", ACM Transactions on Mathematical
      Software 18, 360-373.
    - Derivative: in a, digamma(a) - digamma(a + b); in b likewise.

    Example:

    ```mlir
    %y = special.log_beta %a, %b : f64   // log_beta(2, 3) = -log 12
    ```
  }];
  let arguments = (ins Special_FloatLike:$a, Special_FloatLike:$b);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Around the logistic function
//===----------------------------------------------------------------------===//

def Special_SigmoidOp : Special_UnaryOp<"sigmoid"> {
  let summary = "the logistic function";
  let description = [{
    1 / (1 + exp(-x)).

    - Domain: all real numbers. Edges: 0 at -inf, 1 at +inf.
    - Accuracy: 1.7 ulp expanded, else 3 ulp; in the lower tail too, where it is
      exp(x).
    - Method: exp(-|x|) is at most 1: 1 / (1 + exp(-x)) for x >= 0,
      exp(x) / (1 + exp(x)) below.
    - Derivative: sigmoid(x) sigmoid(-x).

    Example:

    ```mlir
    %y = special.sigmoid %x : f64   // sigmoid(0) = 0.5
    ```
  }];
}

def Special_SoftplusOp : Special_UnaryOp<"softplus"> {
  let summary = "log(1 + exp(x))";
  let description = [{
    log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), the negative log-likelihood
    of the logistic model.

    - Domain: all real numbers. Edges: 0 at -inf, +inf at +inf.
    - Accuracy: expanded, 1.5 ulp in f64 and 1.6 in f32, else 3 ulp; in the lower
      tail too, where it is exp(x).
    - Derivative: sigmoid(x).

    Example:

    ```mlir
    %y = special.softplus %x : f64   // softplus(0) = log 2
    ```
  }];
}

def Special_Log1pSquareOp : Special_UnaryOp<"log1p_square"> {
  let summary = "log(1 + x^2)";
  let description = [{
    log(1 + x^2), the logarithm of the Cauchy and Student t kernels, without
    overflow of the square. For positive x it is softplus(2 log x).

    - Domain: all real numbers. Edges: 0 at 0, +inf at -inf and +inf.
    - Accuracy: 3 ulp.
    - Derivative: 2 x / (1 + x^2).

    Example:

    ```mlir
    %y = special.log1p_square %x : f64   // log1p_square(1) = log 2
    ```
  }];
}

def Special_LogSigmoidOp : Special_UnaryOp<"log_sigmoid"> {
  let summary = "logarithm of the logistic function";
  let description = [{
    log(1 / (1 + exp(-x))) = -softplus(-x) = min(x, 0) - log1p(exp(-|x|)).

    - Domain: all real numbers. Edges: -inf at -inf, 0 at +inf.
    - Accuracy: expanded, 1.5 ulp in f64 and 1.6 in f32, else 3 ulp.
    - Derivative: sigmoid(-x).

    Example:

    ```mlir
    %y = special.log_sigmoid %x : f64   // log_sigmoid(0) = -log 2
    ```
  }];
}

def Special_Log1mExpOp : Special_UnaryOp<"log1mexp"> {
  let summary = "log(1 - exp(-x)) for x > 0";
  let description = [{
    log(1 - exp(-x)) **with the minus sign on x**: the operand is the positive
    distance. (Some libraries call log(1 - exp(x)) for x < 0 by this name.) So
    log(exp(a) - exp(b)) = a + log1mexp(a - b) for a > b.

    - Domain: x >= 0. Edges: -inf at 0, -0 at +inf, NaN for x < 0.
    - Accuracy: 3 ulp.
    - Method: log(-expm1(-x)) for x <= log 2, log1p(-exp(-x)) above:
      M. Maechler (2012), "Accurately computing log(1 - exp(-|a|))", vignette of
      the R package Rmpfr.
    - Derivative: 1 / expm1(x).

    Example:

    ```mlir
    %y = special.log1mexp %x : f64   // log1mexp(log 2) = -log 2
    ```
  }];
}

def Special_GaussianSoftplusOp : Special_Op<"gaussian_softplus"> {
  let summary = "Gaussian expectation of softplus or of a derivative of it";
  let description = [{
    E[softplus^(k)(eta)] for eta ~ N(mean, variance), with k = `derivative` from
    0 to 6: of softplus(eta) = log(1 + exp(eta)) for 0, the default, of
    sigmoid(eta) for 1, of sigmoid'(eta) for 2, and so on. This is the expected
    negative log-likelihood of a logistic model whose linear predictor is
    Gaussian, and of whatever else is log(1 + exp(.)) of a Gaussian.

    - Domain: all means, variance >= 0 (not the standard deviation). At variance
      0 it is the function itself.
    - Edges: for mean -inf, 0; for mean +inf, that is +inf, 1, 0, 0, ...; for
      variance +inf, that is +inf, 1/2, 0, 0, ...; NaN for a negative variance,
      and where both operands are infinite.
    - Accuracy: the absolute error of the mixture below is, for every mean and
      every variance alike, at most

      | | k = 0 | 1 | 2 | 3 | 4 | 5 | 6 | k = 0, derivative in sqrt(variance) |
      |---|---|---|---|---|---|---|---|---|
      | f64 | 1.4e-12 | 8.9e-12 | 5.8e-11 | 3.7e-10 | 2.5e-9 | 1.6e-8 | 1.2e-7 | 7.1e-12 |
      | f32 | 1.2e-7 | 4.1e-7 | 1.7e-6 | 6.4e-6 | 2.8e-5 | 1.2e-4 | 5.1e-4 | 3.3e-7 |

      To this k = 0 adds 7e-14 (2 + sqrt(variance)) and k = 1 adds 7e-14 for
      the error of Phi (3.2e-8 in f32), and each its rounding, 4 ulp of the
      largest of 1, |mean| and sqrt(variance) for k = 0, and of 1 for the others.
      So value and first derivatives are within 1e-10 for |mean| <= 100 and
      variance <= 900. Far in the lower tail the error is not relative to the
      value.
    - Method: the logistic function as a scale mixture of normal distribution
      functions, sum of w_j Phi(eta / c_j), with 14 terms (7 for f32), positive
      weights of sum 1, and scales in a geometric sequence:
      J. F. Monahan and L. A. Stefanski (1992), "Normal scale mixture
      approximations to F*(z) and computation of the logistic-normal integral",
      Handbook of the Logistic Distribution, 529-540. With
      S_j = sqrt(variance + c_j^2) and u_j = mean / S_j,

      ```
      k = 0:   sum of w_j (mean Phi(u_j) + S_j phi(u_j))
      k = 1:   sum of w_j Phi(u_j)
      k >= 2:  (-1)^k sum of w_j He_{k-2}(u_j) phi(u_j) / S_j^(k-1)
      ```

      where He are the Hermite polynomials 1, u, u^2 - 1, u^3 - 3 u, ... Weights and scales
      are minimax in softplus, see utils/coefficients/logistic_mixture.py.
      What bounds the error of a function of one variable bounds the error of
      every expectation of it; the derivative in s = sqrt(variance) is
      E[z softplus'(mean + s z)], z ~ N(0, 1), and so has at most E|z| = 0.798
      times the error of sigmoid.
    - Derivative: in the mean, the op with k + 1; in the variance, by the heat
      equation, half the op with k + 2; no op of this dialect beyond 6.

    Example:

    ```mlir
    // At (0, 1): 0.8060591833...
    %f = special.gaussian_softplus %m, %v : f64
    // At (1, 1): 0.6967346701...
    %p = special.gaussian_softplus %m, %v {derivative = 1 : i64} : f64
    ```
  }];
  let arguments = (ins
    Special_FloatLike:$mean, Special_FloatLike:$variance,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<6>]>,
                      "0">:$derivative);
  let assemblyFormat = "$mean `,` $variance attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// The normal distribution function
//===----------------------------------------------------------------------===//

def Special_NormalCDFOp : Special_UnaryOp<"normal_cdf"> {
  let summary = "distribution function of the standard normal distribution";
  let description = [{
    Phi(x) = erfc(-x / sqrt 2) / 2, the probability that a standard normal
    variable is at most x.

    - Domain: all real numbers. Edges: 0 at -inf, 1 at +inf.
    - Accuracy: expanded, 4 ulp in f64 and 2.5 in f32, in the lower tail too,
      else 5 ulp as long as the result is a normal number. The rounding of x^2
      (or of x / sqrt 2), which the tail magnifies, is found (T. J. Dekker) and
      put right.
    - Derivative: exp(-x^2/2) / sqrt(2 pi).

    Example:

    ```mlir
    %y = special.normal_cdf %x : f64   // normal_cdf(1.96) = 0.9750021048517795
    ```
  }];
}

def Special_NormalLogCDFOp : Special_UnaryOp<"normal_log_cdf"> {
  let summary = "logarithm of the standard normal distribution function";
  let description = [{
    log Phi(x), in the far lower tail too, where Phi(x) underflows.

    - Domain: all real numbers. Edges: -inf at -inf, -0 at +inf.
    - Accuracy: expanded, 4 ulp in f64 and 3 in f32, else 5 ulp.
    - Method of the expansion: below 0, -x^2/2 and the logarithm of the tail times
      exp(x^2/2), which is a polynomial in (x - c) / (x + c) over 1 + 5/4 x;
      above, the logarithm of 1 less the tail. Otherwise: log1p(-erfc(x / sqrt 2) / 2) for x > -1; log(erfc(-x / sqrt 2) / 2)
      for -20 < x <= -1; below, -x^2/2 - log(-x sqrt(2 pi)) + log1p of the
      asymptotic series of Mills' ratio (dlmf.nist.gov 7.12.1).
    - Derivative: exp(-x^2/2 - log Phi(x)) / sqrt(2 pi), which stays accurate to
      about x^2 ulp in the lower tail.

    Example:

    ```mlir
    %y = special.normal_log_cdf %x : f64   // at -40: -804.6084420137538
    ```
  }];
}

def Special_NormalQuantileOp : Special_UnaryOp<"normal_quantile"> {
  let summary = "inverse of the standard normal distribution function";
  let description = [{
    The x with Phi(x) = p.

    - Domain: [0, 1]. Edges: -inf at 0, 0 at 1/2, +inf at 1.
    - Accuracy: 6 ulp, expanded in f32 5; where p is near 1 it is p's own rounding that limits what
      it can say about the upper tail.
    - Method: three rational functions: M. J. Wichura (1988), "Algorithm AS 241:
      The percentage points of the normal distribution", Applied Statistics 37,
      477-484, function PPND16.
    - Derivative: sqrt(2 pi) exp(x^2/2) at x = normal_quantile(p).

    Example:

    ```mlir
    %x = special.normal_quantile %p : f64   // at 0.975: 1.959963984540054
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Incomplete gamma and beta functions
//===----------------------------------------------------------------------===//

class Special_RegularizedGammaOp<string mnemonic> : Special_Op<mnemonic> {
  let arguments = (ins Special_FloatLike:$a, Special_FloatLike:$x);
  let assemblyFormat = "$a `,` $x attr-dict `:` type($result)";
}

def Special_RegularizedGammaPOp
    : Special_RegularizedGammaOp<"regularized_gamma_p"> {
  let summary = "lower regularized incomplete gamma function";
  let description = [{
    P(a, x) = (integral of t^(a-1) exp(-t) over t from 0 to x) / Gamma(a), the
    distribution function of the standard gamma distribution of shape a.

    - Domain: a >= 0, x >= 0. Edges: 0 at x = 0 (a > 0), 1 at x = +inf; at
      a = 0 the limit 1 for x > 0.
    - Accuracy: relative error below 1e-12 wherever the result is a normal
      number.
    - Method: the power series for x < a + 1, else one minus the continued
      fraction of Q (dlmf.nist.gov 8.11.4 and 8.9.2, the latter by the modified
      Lentz algorithm). For a >= 10^6 and x within a tenth of it, where both are
      slow, Temme's uniform expansion: N. M. Temme (1979), "The asymptotic
      expansion of the incomplete gamma functions", SIAM Journal on Mathematical
      Analysis 10, 757-766.
    - Derivative: in x, x^(a-1) exp(-x) / Gamma(a); in a, that times
      -gamma_draw_derivative(a, x).

    Example:

    ```mlir
    %p = special.regularized_gamma_p %a, %x : f64   // at (1, 1): 1 - 1/e
    ```
  }];
}

def Special_RegularizedGammaQOp
    : Special_RegularizedGammaOp<"regularized_gamma_q"> {
  let summary = "upper regularized incomplete gamma function";
  let description = [{
    Q(a, x) = 1 - P(a, x), accurate where it is small.

    - Domain: a >= 0, x >= 0. Edges: 1 at x = 0 (a > 0), 0 at x = +inf; at
      a = 0 the limit 0 for x > 0.
    - Accuracy and method: as `regularized_gamma_p`; where x < a + 1 the error
      is relative to 1.
    - Derivative: minus those of `regularized_gamma_p`.

    Example:

    ```mlir
    %q = special.regularized_gamma_q %a, %x : f64   // at (1, 1): 1/e
    ```
  }];
}

def Special_RegularizedBetaOp : Special_Op<"regularized_beta"> {
  let summary = "regularized incomplete beta function";
  let description = [{
    I_x(a, b) = (integral of t^(a-1) (1-t)^(b-1) over t from 0 to x) / B(a, b),
    the distribution function of the beta distribution.

    - Domain: a > 0, b > 0, 0 <= x <= 1. Edges: 0 at x = 0, 1 at x = 1.
    - Accuracy: for a and b in [0.01, 10000], error below 1e-12 of the result,
      or of 1 where it is computed as a complement.
    - Method: the continued fraction dlmf.nist.gov 8.17.22 by the modified Lentz
      algorithm for x < (a + 1) / (a + b + 2), else
      1 - I_{1-x}(b, a).
    - Derivative: in x, x^(a-1) (1-x)^(b-1) / B(a, b); in a and b no op of this
      dialect.

    Example:

    ```mlir
    %p = special.regularized_beta %a, %b, %x : f64   // at (2, 2, 0.5): 0.5
    ```
  }];
  let arguments = (ins Special_FloatLike:$a, Special_FloatLike:$b,
                       Special_FloatLike:$x);
  let assemblyFormat = "$a `,` $b `,` $x attr-dict `:` type($result)";
}

def Special_GammaDrawDerivativeOp : Special_Op<"gamma_draw_derivative"> {
  let summary = "derivative of a standard gamma draw in its concentration";
  let description = [{
    dx/da = -(dP(a, x)/da) / f(x; a) with f(x; a) = x^(a-1) exp(-x) / Gamma(a):
    how a draw x of the standard gamma distribution of concentration a moves
    with a when its probability P(a, x) is held fixed. This implicit
    reparameterization gives pathwise gradients for gamma, beta, Dirichlet and
    Student t variables, whatever sampler made the draw: M. Figurnov, S. Mohamed
    and A. Mnih (2018), "Implicit Reparameterization Gradients", NeurIPS.

    - Domain: a > 0, x >= 0. Edges: 0 at x = 0.
    - Accuracy: relative error below 1e-12 for a in [0.01, 1e12] at draws between
      the quantiles 1e-9 and 1 - 1e-9.
    - Method: the power series of P differentiated term by term for
      x <= max(1, a), the continued fraction of Q differentiated step by step
      elsewhere; for a >= 10^6 and x within a tenth of it, Temme's expansion
      (see `regularized_gamma_p`) differentiated term by term.
    - Derivative: no op of this dialect.

    Example:

    ```mlir
    %dx = special.gamma_draw_derivative %a, %x : f64   // at (1, 1): 1.1735630...
    ```
  }];
  let arguments = (ins Special_FloatLike:$concentration,
                       Special_FloatLike:$draw);
  let assemblyFormat =
      "$concentration `,` $draw attr-dict `:` type($result)";
}

#endif // VI_DIALECT_SPECIAL_IR_SPECIALOPS_TD
