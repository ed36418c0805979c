//===- AccuracyTest.cpp - errors of expanded functions --------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `vi-expand-special` makes of each function, compiled, against MPFR: in
// units in the last place of the result, over the whole domain, subnormal
// numbers included, and at its edges; with and without fused multiply-add. With
// VI_EXHAUSTIVE=1 in the environment there are many more points; and
// --gtest_also_run_disabled_tests runs f32 through from end to end.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "vi/InitAll.h"
#include "vi/Target/JIT.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mpfr.h>
#include <random>

using namespace mlir;

namespace {

/// A function: the op, its value by MPFR, and where to look closely.
struct Function {
  const char *op;
  void (*reference)(mpfr_t value, mpfr_t x);
  double low, high;
  /// The largest error in ulp, in f64 and in f32.
  double bound, boundF32;
  /// Points below are not looked at (they take long, or are poles); and of
  /// results closer to 0 the error is relative to this.
  double lowest = -std::numeric_limits<double>::infinity();
  double smallest = 0;
};

/// Numbers of enough digits for 1 + exp(-700).
struct Number {
  mpfr_t value;
  explicit Number(mpfr_prec_t bits = 1200) { mpfr_init2(value, bits); }
  ~Number() { mpfr_clear(value); }
  operator mpfr_ptr() { return value; }
};

/// log(1 + exp(x)).
void softplus(mpfr_t value, mpfr_t x) {
  if (mpfr_cmp_si(x, 100000) > 0) {
    mpfr_set(value, x, MPFR_RNDN);
    return;
  }
  Number e;
  mpfr_exp(e, x, MPFR_RNDN);
  mpfr_log1p(value, e, MPFR_RNDN);
}

void logSigmoid(mpfr_t value, mpfr_t x) {
  Number minus;
  mpfr_neg(minus, x, MPFR_RNDN);
  softplus(value, minus);
  mpfr_neg(value, value, MPFR_RNDN);
}

void sigmoid(mpfr_t value, mpfr_t x) {
  Number e;
  mpfr_neg(e, x, MPFR_RNDN);
  mpfr_exp(e, e, MPFR_RNDN);
  mpfr_add_ui(e, e, 1, MPFR_RNDN);
  mpfr_ui_div(value, 1, e, MPFR_RNDN);
}

/// P(Z <= x), or P(Z > x), of a standard normal variable Z.
void normalTail(mpfr_t value, mpfr_t x, bool upper) {
  Number root(250);
  mpfr_sqrt_ui(root, 2, MPFR_RNDN);
  mpfr_div(root, x, root, MPFR_RNDN);
  if (!upper)
    mpfr_neg(root, root, MPFR_RNDN);
  mpfr_erfc(value, root, MPFR_RNDN);
  mpfr_div_2ui(value, value, 1, MPFR_RNDN);
}

void normalCDF(mpfr_t value, mpfr_t x) {
  normalTail(value, x, /*upper=*/false);
}

void normalLogCDF(mpfr_t value, mpfr_t x) {
  Number tail(250);
  if (mpfr_sgn(x) > 0) {
    normalTail(tail, x, /*upper=*/true);
    mpfr_neg(tail, tail, MPFR_RNDN);
    mpfr_log1p(value, tail, MPFR_RNDN);
    return;
  }
  if (!(mpfr_cmp_si(x, -20000) < 0)) {
    normalTail(tail, x, /*upper=*/false);
    mpfr_log(value, tail, MPFR_RNDN);
    return;
  }
  // -x^2/2 - log(-x sqrt(2 pi)), but for x^-2.
  Number square(250);
  mpfr_sqr(square, x, MPFR_RNDN);
  mpfr_div_2ui(square, square, 1, MPFR_RNDN);
  mpfr_const_pi(tail, MPFR_RNDN);
  mpfr_mul_2ui(tail, tail, 1, MPFR_RNDN);
  mpfr_sqrt(tail, tail, MPFR_RNDN);
  mpfr_mul(tail, tail, x, MPFR_RNDN);
  mpfr_neg(tail, tail, MPFR_RNDN);
  mpfr_log(tail, tail, MPFR_RNDN);
  mpfr_add(value, square, tail, MPFR_RNDN);
  mpfr_neg(value, value, MPFR_RNDN);
}

/// By Newton's method on the logarithm of the nearer tail.
void normalQuantile(mpfr_t value, mpfr_t p) {
  if (mpfr_nan_p(p) || mpfr_sgn(p) < 0 || mpfr_cmp_ui(p, 1) > 0) {
    mpfr_set_nan(value);
    return;
  }
  bool upper = mpfr_cmp_d(p, 0.5) > 0;
  Number q(200), x(200), logQ(200), tail(200), step(200), density(200);
  if (upper)
    mpfr_ui_sub(q, 1, p, MPFR_RNDN);
  else
    mpfr_set(q, p, MPFR_RNDN);
  mpfr_log(logQ, q, MPFR_RNDN);
  mpfr_mul_si(x, logQ, -2, MPFR_RNDN);
  mpfr_sqrt(x, x, MPFR_RNDN);
  mpfr_neg(x, x, MPFR_RNDN);
  if (mpfr_cmp_d(q, 0.05) > 0) {
    mpfr_sub_d(x, q, 0.5, MPFR_RNDN);
    mpfr_mul_d(x, x, 2.5, MPFR_RNDN);
  }
  for (int i = 0; i < 60 && mpfr_regular_p(x.value); ++i) {
    normalTail(tail, x, /*upper=*/false);
    mpfr_log(step, tail, MPFR_RNDN);
    mpfr_sub(step, step, logQ, MPFR_RNDN);
    mpfr_mul(step, step, tail, MPFR_RNDN);
    mpfr_sqr(density, x, MPFR_RNDN);
    mpfr_div_2ui(density, density, 1, MPFR_RNDN);
    mpfr_exp(density, density, MPFR_RNDN);
    mpfr_mul(step, step, density, MPFR_RNDN);
    mpfr_const_pi(density, MPFR_RNDN);
    mpfr_mul_2ui(density, density, 1, MPFR_RNDN);
    mpfr_sqrt(density, density, MPFR_RNDN);
    mpfr_mul(step, step, density, MPFR_RNDN);
    mpfr_sub(x, x, step, MPFR_RNDN);
    if (!mpfr_regular_p(step.value) || !mpfr_regular_p(x.value) ||
        mpfr_get_exp(step.value) < mpfr_get_exp(x.value) - 120)
      break;
  }
  mpfr_set(value, x, MPFR_RNDN);
  if (upper)
    mpfr_neg(value, value, MPFR_RNDN);
}

/// MPFR's takes long for large numbers: there, Stirling's series.
void lgammaOf(mpfr_t value, mpfr_t x) {
  int sign;
  if (mpfr_cmp_d(x, 1e5) < 0 || !mpfr_number_p(x)) {
    mpfr_lgamma(value, &sign, x, MPFR_RNDN);
    return;
  }
  Number term(300), sum(300);
  mpfr_log(sum, x, MPFR_RNDN);
  mpfr_set(term, x, MPFR_RNDN);
  mpfr_sub_d(term, term, 0.5, MPFR_RNDN);
  mpfr_mul(sum, sum, term, MPFR_RNDN);
  mpfr_sub(sum, sum, x, MPFR_RNDN);
  mpfr_const_pi(term, MPFR_RNDN);
  mpfr_mul_2ui(term, term, 1, MPFR_RNDN);
  mpfr_log(term, term, MPFR_RNDN);
  mpfr_div_2ui(term, term, 1, MPFR_RNDN);
  mpfr_add(sum, sum, term, MPFR_RNDN);
  mpfr_ui_div(term, 1, x, MPFR_RNDN);
  mpfr_div_ui(term, term, 12, MPFR_RNDN);
  mpfr_add(value, sum, term, MPFR_RNDN);
}

void digammaOf(mpfr_t value, mpfr_t x) {
  if (mpfr_cmp_d(x, 1e5) < 0 || !mpfr_number_p(x)) {
    mpfr_digamma(value, x, MPFR_RNDN);
    return;
  }
  Number term(300), sum(300);
  mpfr_log(sum, x, MPFR_RNDN);
  mpfr_ui_div(term, 1, x, MPFR_RNDN);
  mpfr_div_2ui(term, term, 1, MPFR_RNDN);
  mpfr_sub(sum, sum, term, MPFR_RNDN);
  mpfr_sqr(term, term, MPFR_RNDN);
  mpfr_div_ui(term, term, 3, MPFR_RNDN);
  mpfr_sub(value, sum, term, MPFR_RNDN);
}

/// Of -0 it is -infinity, as in IEEE 754, not MPFR's infinity.
void reciprocalRoot(mpfr_t value, mpfr_t x) {
  mpfr_sqrt(value, x, MPFR_RNDN);
  mpfr_ui_div(value, 1, value, MPFR_RNDN);
}

#define VI_MPFR(FUNCTION)                                                      \
  [](mpfr_t value, mpfr_t x) { FUNCTION(value, x, MPFR_RNDN); }

const Function functions[] = {
    {"math.exp", VI_MPFR(mpfr_exp), -10, 10, 1.1, 1.1},
    {"math.exp2", VI_MPFR(mpfr_exp2), -10, 10, 1.1, 1.1},
    {"math.expm1", VI_MPFR(mpfr_expm1), -2, 3, 1.2, 1.2},
    {"math.log", VI_MPFR(mpfr_log), 0.5, 2, 0.8, 0.8},
    {"math.log1p", VI_MPFR(mpfr_log1p), -1, 2, 0.8, 1.0},
    {"math.log2", VI_MPFR(mpfr_log2), 0.5, 2, 0.8, 0.8},
    {"math.log10", VI_MPFR(mpfr_log10), 0.5, 2, 0.8, 0.8},
    {"math.tanh", VI_MPFR(mpfr_tanh), -20, 20, 1.5, 1.5},
    {"math.sin", VI_MPFR(mpfr_sin), -10, 10, 0.8, 0.8},
    {"math.cos", VI_MPFR(mpfr_cos), -10, 10, 0.8, 0.8},
    {"math.tan", VI_MPFR(mpfr_tan), -10, 10, 1.0, 0.8},
    {"math.asin", VI_MPFR(mpfr_asin), -1, 1, 0.8, 0.8},
    {"math.acos", VI_MPFR(mpfr_acos), -1, 1, 0.8, 0.8},
    {"math.atan", VI_MPFR(mpfr_atan), -4, 4, 0.8, 0.8},
    {"math.sinh", VI_MPFR(mpfr_sinh), -3, 3, 1.6, 1.6},
    {"math.cosh", VI_MPFR(mpfr_cosh), -3, 3, 1.2, 1.2},
    {"math.asinh", VI_MPFR(mpfr_asinh), -3, 3, 1.0, 1.0},
    {"math.acosh", VI_MPFR(mpfr_acosh), 1, 4, 1.0, 1.0},
    {"math.atanh", VI_MPFR(mpfr_atanh), -1, 1, 1.0, 1.0},
    {"math.cbrt", VI_MPFR(mpfr_cbrt), -3, 3, 0.6, 0.6},
    {"math.rsqrt", reciprocalRoot, 0, 4, 1.5, 1.5},
    {"math.round", [](mpfr_t value, mpfr_t x) { mpfr_round(value, x); }, -9, 9,
     0.0, 0.0},
    {"special.sigmoid", sigmoid, -40, 10, 1.7, 1.7},
    {"special.softplus", softplus, -40, 10, 1.5, 1.6},
    {"special.log_sigmoid", logSigmoid, -10, 40, 1.5, 1.6},
    {"math.erf", VI_MPFR(mpfr_erf), -3, 3, 1.5, 1.5},
    {"math.erfc", VI_MPFR(mpfr_erfc), -3, 27, 2.0, 2.0},
    {"special.normal_cdf", normalCDF, -38, 5, 4.0, 2.5},
    {"special.normal_log_cdf", normalLogCDF, -40, 5, 4.0, 3.0},
    {"special.normal_quantile", normalQuantile, 0, 1, 6.0, 5.0},
    {"special.lgamma", lgammaOf, 0, 12, 8.0, 8.0, -100.0},
    {"special.digamma", digammaOf, 0, 12, 8.0, 8.0, -100.0, 1},
};

bool isExhaustive() { return std::getenv("VI_EXHAUSTIVE") != nullptr; }

template <class T> T fromBits(uint64_t bits) {
  T value;
  if constexpr (sizeof(T) == 4) {
    uint32_t word = static_cast<uint32_t>(bits);
    std::memcpy(&value, &word, sizeof(value));
  } else {
    std::memcpy(&value, &bits, sizeof(value));
  }
  return value;
}

/// Points of each kind: where the function bends, of every exponent, close to 0
/// and 1, at the edges of the format and of what exp can represent.
template <class T> std::vector<T> getPoints(const Function &function) {
  std::mt19937_64 random(20240611);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<T> points = {
      T(0.0), T(-0.0), T(1), T(-1), std::numeric_limits<T>::infinity(),
      -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(),
      std::numeric_limits<T>::denorm_min(),
      -std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::min(),
      std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest(),
      // As close to a multiple of pi / 2 as any.
      T(6381956970095103 * 0x1p797), T(0x1.f9cbe2p+7f * 0x1p89f)};
  int count = isExhaustive() ? 100000 : 500;
  for (int i = 0; i < count; ++i) {
    points.push_back(
        T(function.low + (function.high - function.low) * uniform(random)));
    points.push_back(fromBits<T>(random()));
    double near = std::ldexp(uniform(random) - 0.5, -int(uniform(random) * 60));
    points.push_back(T(near));
    points.push_back(T(1 + near));
    points.push_back(T(-1 + near));
    // Close to a multiple of a quarter turn; and halves.
    double quarters = std::round(uniform(random) * 4e6 - 2e6);
    points.push_back(T(quarters * 1.5707963267948966));
    points.push_back(T(std::ldexp(quarters, -1)));
    points.push_back(
        T((uniform(random) - 0.5) * (sizeof(T) == 4 ? 220 : 1500)));
  }
  for (double edge : {function.low, function.high, 709.782712893384,
                      -745.1332191019411, -708.3964185322641, 88.72283905206835,
                      -103.97207708399179, -87.33654475055310})
    for (int i = -100; i <= 100; ++i)
      points.push_back(T(edge * (1 + i * std::numeric_limits<T>::epsilon())));
  return points;
}

template <class T> const char *getTypeName() {
  return sizeof(T) == 4 ? "f32" : "f64";
}

class AccuracyTest : public ::testing::TestWithParam<Function> {
protected:
  AccuracyTest() {
    DialectRegistry registry;
    vi::registerAllDialects(registry);
    vi::registerAllExtensions(registry);
    context.appendDialectRegistry(registry);
  }

  /// The function as code on arrays and on one number.
  std::unique_ptr<vi::JIT> compile(const std::string &type, bool fma) {
    std::string op = GetParam().op;
    std::string source =
        "func.func @array(%x: tensor<?x" + type + ">) -> tensor<?x" + type +
        "> attributes {vi.export} { %y = " + op + " %x : tensor<?x" + type +
        "> return %y : tensor<?x" + type + "> } func.func @one(%x: " + type +
        ") -> " + type + " attributes {vi.export} { %y = " + op +
        " %x : " + type + " return %y : " + type + " }";
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source, &context);
    EXPECT_TRUE(module);
    vi::JIT::Options options;
    if (!fma)
      options.target.features = "-fma,-avx512f";
    auto jit = vi::JIT::compile(*module, options);
    EXPECT_TRUE(static_cast<bool>(jit)) << llvm::toString(jit.takeError());
    return std::move(*jit);
  }

  template <class T>
  std::vector<T> run(const vi::JIT &jit, std::vector<T> &points) {
    std::vector<T> values(points.size());
    T *x = points.data(), *y = values.data();
    int64_t size = points.size();
    void *arguments[] = {&x, &size, &y};
    llvm::cantFail(jit.lookup("array"))(arguments);
    return values;
  }

  template <class T> void check(bool fma);

  MLIRContext context;
};

/// |value - exact| in ulp of the exact number, or of `smallest` if that is
/// larger; infinite where only one of them is a number.
template <class T> double getError(T value, mpfr_t exact, double smallest) {
  T rounded = sizeof(T) == 4 ? T(mpfr_get_flt(exact, MPFR_RNDN))
                             : T(mpfr_get_d(exact, MPFR_RNDN));
  if (std::isnan(rounded) || std::isnan(value))
    return std::isnan(rounded) && std::isnan(value)
               ? 0
               : std::numeric_limits<double>::infinity();
  // The largest number stands for the infinity next to it.
  if (std::isinf(rounded) || std::isinf(value))
    return rounded == value || std::nextafter(rounded, value) == value
               ? 0
               : std::numeric_limits<double>::infinity();
  constexpr int lowest =
      std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
  long exponent = lowest;
  if (!mpfr_zero_p(exact))
    exponent = std::max<long>(
        mpfr_get_exp(exact) - std::numeric_limits<T>::digits, lowest);
  if (smallest != 0)
    exponent = std::max<long>(exponent, std::ilogb(smallest) + 1 -
                                            std::numeric_limits<T>::digits);
  Number difference(200);
  mpfr_set_d(difference, value, MPFR_RNDN);
  mpfr_sub(difference, difference, exact, MPFR_RNDN);
  mpfr_mul_2si(difference, difference, -exponent, MPFR_RNDN);
  return std::fabs(mpfr_get_d(difference, MPFR_RNDN));
}

template <class T> void AccuracyTest::check(bool fma) {
  const Function &function = GetParam();
  std::unique_ptr<vi::JIT> jit = compile(getTypeName<T>(), fma);
  std::vector<T> points = getPoints<T>(function);
  std::vector<T> values = run<T>(*jit, points);
  Number x(64), exact(200);
  double worst = 0;
  T worstPoint = 0, worstValue = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i] < function.lowest)
      continue;
    mpfr_set_d(x, points[i], MPFR_RNDN);
    function.reference(exact, x);
    // On the negative axis the error is that of the terms of the reflection.
    double smallest = function.smallest;
    if (points[i] < 0 && std::isfinite(function.lowest)) {
      Number reflected(200);
      mpfr_ui_sub(x, 1, x, MPFR_RNDN);
      function.reference(reflected, x);
      smallest = std::max(1.0, std::fabs(mpfr_get_d(reflected, MPFR_RNDN)));
    }
    double error = getError(values[i], exact, smallest);
    if (error > worst) {
      worst = error;
      worstPoint = points[i];
      worstValue = values[i];
    }
  }
  double bound = sizeof(T) == 4 ? function.boundF32 : function.bound;
  RecordProperty("ulp", std::to_string(worst));
  EXPECT_LE(worst, bound) << function.op << " on " << getTypeName<T>() << " at "
                          << worstPoint << " is " << worstValue;
  if (isExhaustive())
    std::printf("%s %s%s: %.3f ulp at %a\n", function.op, getTypeName<T>(),
                fma ? "" : " without fma", worst, double(worstPoint));

  // A number alone has the bits that it has in a vector.
  auto one = llvm::cantFail(jit->lookup("one"));
  for (size_t i = 0; i < points.size(); i += 7) {
    T value;
    void *arguments[] = {&points[i], &value};
    one(arguments);
    if (std::isnan(value) && std::isnan(values[i]))
      continue;
    ASSERT_EQ(std::memcmp(&value, &values[i], sizeof(T)), 0)
        << function.op << " at " << points[i];
  }
}

TEST_P(AccuracyTest, F64) { check<double>(/*fma=*/true); }
TEST_P(AccuracyTest, F64WithoutFMA) { check<double>(/*fma=*/false); }
TEST_P(AccuracyTest, F32) { check<float>(/*fma=*/true); }
TEST_P(AccuracyTest, F32WithoutFMA) { check<float>(/*fma=*/false); }

/// All numbers of f32, against what f64 gives, whose error is nothing beside
/// that of f32.
TEST_P(AccuracyTest, DISABLED_F32EndToEnd) {
  const Function &function = GetParam();
  std::unique_ptr<vi::JIT> jit = compile("f32", /*fma=*/true);
  std::unique_ptr<vi::JIT> jitF64 = compile("f64", /*fma=*/true);
  constexpr uint64_t block = 1 << 16;
  double worst = 0;
  float worstPoint = 0;
  for (uint64_t first = 0; first < (uint64_t(1) << 32); first += block) {
    std::vector<float> points(block);
    for (uint64_t i = 0; i < block; ++i)
      points[i] = fromBits<float>(first + i);
    std::vector<float> values = run<float>(*jit, points);
    std::vector<double> wide(points.begin(), points.end());
    std::vector<double> exact = run<double>(*jitF64, wide);
    for (uint64_t i = 0; i < block; ++i) {
      float rounded = static_cast<float>(exact[i]);
      if (rounded == values[i])
        continue;
      if (std::isnan(rounded) && std::isnan(values[i]))
        continue;
      double error = std::numeric_limits<double>::infinity();
      if (std::isfinite(rounded) && std::isfinite(values[i])) {
        int exponent = std::max(std::ilogb(exact[i]), -126) - 23;
        error = std::fabs(std::ldexp(values[i] - exact[i], -exponent));
      } else if (std::nextafter(rounded, values[i]) == values[i]) {
        error = 0;
      }
      if (error > worst) {
        worst = error;
        worstPoint = points[i];
      }
    }
  }
  std::printf("%s f32, all: %.3f ulp at %a\n", function.op, worst,
              double(worstPoint));
  EXPECT_LE(worst, function.boundF32) << function.op << " at " << worstPoint;
}

//===----------------------------------------------------------------------===//
// Functions of two numbers
//===----------------------------------------------------------------------===//

struct BinaryFunction {
  const char *op;
  int (*reference)(mpfr_t value, const mpfr_t a, const mpfr_t b, mpfr_rnd_t);
  double bound, boundF32;
};

int power(mpfr_t value, const mpfr_t x, const mpfr_t y, mpfr_rnd_t rounding) {
  return mpfr_pow(value, x, y, rounding);
}
int angle(mpfr_t value, const mpfr_t y, const mpfr_t x, mpfr_rnd_t rounding) {
  return mpfr_atan2(value, y, x, rounding);
}

class BinaryAccuracyTest : public ::testing::TestWithParam<BinaryFunction> {
protected:
  BinaryAccuracyTest() {
    DialectRegistry registry;
    vi::registerAllDialects(registry);
    vi::registerAllExtensions(registry);
    context.appendDialectRegistry(registry);
  }

  template <class T> void check(bool fma) {
    const BinaryFunction &function = GetParam();
    std::string array = std::string("tensor<?x") + getTypeName<T>() + ">";
    std::string source = "func.func @array(%a: " + array + ", %b: " + array +
                         ") -> " + array +
                         " attributes {vi.export} { %y = " + function.op +
                         " %a, %b : " + array + " return %y : " + array + " }";
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source, &context);
    ASSERT_TRUE(module);
    vi::JIT::Options options;
    if (!fma)
      options.target.features = "-fma,-avx512f";
    auto jit = llvm::cantFail(vi::JIT::compile(*module, options));

    // All pairs of edges, then numbers of every size and pairs whose power is
    // in range.
    using Limits = std::numeric_limits<T>;
    std::vector<T> edges = {T(0.0),
                            T(-0.0),
                            T(0.5),
                            T(-0.5),
                            T(1),
                            T(-1),
                            T(2),
                            T(-2),
                            T(3),
                            T(-3),
                            Limits::infinity(),
                            -Limits::infinity(),
                            Limits::quiet_NaN(),
                            Limits::denorm_min(),
                            -Limits::denorm_min(),
                            Limits::min(),
                            Limits::max(),
                            Limits::lowest(),
                            T(1) + Limits::epsilon(),
                            T(1) - Limits::epsilon() / 2,
                            T(0x1p60)};
    std::vector<T> first, second;
    for (T a : edges)
      for (T b : edges) {
        first.push_back(a);
        second.push_back(b);
      }
    std::mt19937_64 random(20261128);
    std::uniform_real_distribution<double> uniform(0, 1);
    int count = isExhaustive() ? 100000 : 1000;
    for (int i = 0; i < count; ++i) {
      first.push_back(fromBits<T>(random()));
      second.push_back(fromBits<T>(random()));
      first.push_back(T(uniform(random) * 8 - 4));
      second.push_back(T(uniform(random) * 8 - 4));
      first.push_back(T(uniform(random) * 8 - 4));
      second.push_back(T(std::round(uniform(random) * 60 - 30)));
      for (T x : {std::abs(fromBits<T>(random())), T(uniform(random) * 4),
                  T(1 + std::ldexp(uniform(random) - 0.5,
                                   -int(uniform(random) * 50)))}) {
        first.push_back(x);
        second.push_back(
            T((uniform(random) - 0.5) * (sizeof(T) == 4 ? 220 : 1500) /
              std::log(double(x))));
      }
    }
    std::vector<T> values(first.size());
    T *a = first.data(), *b = second.data(), *y = values.data();
    int64_t size = first.size(), sizeB = size;
    void *arguments[] = {&a, &size, &b, &sizeB, &y};
    llvm::cantFail(jit->lookup("array"))(arguments);

    Number x(64), z(64), exact(200);
    double worst = 0,
           bound = sizeof(T) == 4 ? function.boundF32 : function.bound;
    size_t at = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      mpfr_set_d(x, a[i], MPFR_RNDN);
      mpfr_set_d(z, b[i], MPFR_RNDN);
      function.reference(exact, x, z, MPFR_RNDN);
      double error = getError(values[i], exact, 0);
      if (values[i] == 0 && mpfr_zero_p(exact) &&
          std::signbit(values[i]) != (mpfr_signbit(exact.value) != 0))
        error = std::numeric_limits<double>::infinity();
      if (error > worst) {
        worst = error;
        at = i;
      }
    }
    EXPECT_LE(worst, bound)
        << function.op << " on " << getTypeName<T>() << " of " << a[at]
        << " and " << b[at] << " is " << values[at];
    if (isExhaustive())
      std::printf("%s %s%s: %.3f ulp at %a, %a\n", function.op,
                  getTypeName<T>(), fma ? "" : " without fma", worst,
                  double(a[at]), double(b[at]));
  }

  MLIRContext context;
};

TEST_P(BinaryAccuracyTest, F64) { check<double>(/*fma=*/true); }
TEST_P(BinaryAccuracyTest, F64WithoutFMA) { check<double>(/*fma=*/false); }
TEST_P(BinaryAccuracyTest, F32) { check<float>(/*fma=*/true); }
TEST_P(BinaryAccuracyTest, F32WithoutFMA) { check<float>(/*fma=*/false); }

INSTANTIATE_TEST_SUITE_P(
    Special, BinaryAccuracyTest,
    ::testing::Values(BinaryFunction{"math.powf", power, 0.8, 0.6},
                      BinaryFunction{"math.atan2", angle, 0.8, 0.8}),
    [](const ::testing::TestParamInfo<BinaryFunction> &info) {
      return std::string(info.param.op).substr(5);
    });

INSTANTIATE_TEST_SUITE_P(Special, AccuracyTest, ::testing::ValuesIn(functions),
                         [](const ::testing::TestParamInfo<Function> &info) {
                           std::string name = info.param.op;
                           name.erase(0, name.find('.') + 1);
                           name.erase(
                               std::remove(name.begin(), name.end(), '_'),
                               name.end());
                           return name;
                         });

} // namespace
