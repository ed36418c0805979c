/*===- main.c - an ELBO and its gradient from C ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls the function that vi-opt compiled from gaussian.mlir: the evidence
// lower bound at the exact posterior, which is the log evidence there, and the
// gradient beside central differences. Ends with 1 where they disagree.
//
//===----------------------------------------------------------------------===*/

#include "gaussian.h"

#include <math.h>
#include <stdio.h>

enum { size = 5 };

static const double y[size] = {1.25, -0.5, 2.0, 0.75, 1.5};

static double evaluate(double m, double s, double *gradient) {
  double phi[2] = {m, s};
  return gaussian_elbo_gradient(y, size, phi, 2, 0, size, 1.0, gradient);
}

static int differs(double a, double b, double tolerance) {
  return !(fabs(a - b) <= tolerance * (1 + fabs(b)));
}

int main(void) {
  const double pi = 3.14159265358979323846;
  double gradient[2], unused[2];
  int failures = 0;

  /* The posterior is Gaussian, with the precisions added. */
  double sum = 0, squares = 0;
  for (int i = 0; i < size; ++i) {
    sum += y[i];
    squares += y[i] * y[i];
  }
  double precision = size + 0.01;
  double elbo = evaluate(sum / precision, -0.5 * log(precision), gradient);
  double evidence = -0.5 * (size * log(2 * pi) + log(100 * precision) +
                            squares - sum * sum / precision);
  printf("ELBO at the posterior  %.10f\n", elbo);
  printf("log evidence           %.10f\n", evidence);
  printf("gradient there         %.1e %.1e\n", gradient[0], gradient[1]);
  failures += differs(elbo, evidence, 1e-13);
  failures += differs(gradient[0], 0, 1e-13) + differs(gradient[1], 0, 1e-13);

  /* Elsewhere: against central differences. */
  double m = 0.3, s = -0.2, h = 1e-5;
  elbo = evaluate(m, s, gradient);
  double dm =
      (evaluate(m + h, s, unused) - evaluate(m - h, s, unused)) / (2 * h);
  double ds =
      (evaluate(m, s + h, unused) - evaluate(m, s - h, unused)) / (2 * h);
  printf("ELBO at (%.1f, %.1f)    %.10f\n", m, s, elbo);
  printf("gradient               %.6f %.6f\n", gradient[0], gradient[1]);
  printf("central differences    %.6f %.6f\n", dm, ds);
  failures += differs(gradient[0], dm, 1e-8) + differs(gradient[1], ds, 1e-8);

  /* Batches of a weight that makes up for their size have the right mean. */
  double mean = 0, phi[2] = {m, s};
  for (int i = 0; i < size; ++i)
    mean +=
        gaussian_elbo_gradient(y, size, phi, 2, i, i + 1, size, unused) / size;
  printf("mean over batches      %.10f\n", mean);
  failures += differs(mean, elbo, 1e-13);
  return failures != 0;
}
