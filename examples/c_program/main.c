/*===- main.c - an ELBO and its gradient from C ---------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls the functions that vi-opt compiled from the eight schools model: the
// evidence lower bound and its gradient where a fit starts, the gradient beside
// central differences, and the bound after some steps of gradient ascent. Ends
// with 1 where something does not agree.
//
//===----------------------------------------------------------------------===*/

#include "eight_schools.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { schools = 8, draws = 64 };

/* Effects of coaching in eight schools, and their standard errors. */
static const double y[schools] = {28, 8, -3, 7, -1, 1, 18, 12};
static const double sigma[schools] = {15, 10, 16, 11, 9, 11, 10, 18};

/* Standard normals, a row for each draw; held fixed, so that the ELBO is a
   deterministic function of the parameters. */
static double *noise;
static int64_t parameters, normals;

static double elbo(const double *phi) {
  return eight_schools_noncentered_elbo(schools, y, schools, sigma, schools,
                                        phi, parameters, 0, schools, 1.0, noise,
                                        draws, normals);
}

static double elbo_gradient(const double *phi, double *gradient) {
  return eight_schools_noncentered_elbo_gradient(
      schools, y, schools, sigma, schools, phi, parameters, 0, schools, 1.0,
      noise, draws, normals, gradient);
}

/* Uniform on (0, 1), the same on every machine. */
static double uniform(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return ((state >> 11) + 0.5) / 9007199254740992.0;
}

int main(void) {
  const double two_pi = 6.283185307179586;
  int64_t latents, members, size[7];
  int failures = 0;

  parameters = eight_schools_noncentered_shapes(
      schools, y, schools, sigma, schools, &latents, &normals, &members,
      &size[0], &size[1], &size[2], &size[3], &size[4], &size[5], &size[6]);
  printf("parameters %d, latents %d\n", (int)parameters, (int)latents);

  /* Pairs z, -z by the method of Box and Muller. */
  noise = malloc(sizeof(double) * draws * normals);
  double *phi = malloc(sizeof(double) * parameters);
  double *gradient = malloc(sizeof(double) * parameters);
  if (!noise || !phi || !gradient)
    return 1;
  for (int64_t i = 0; i < draws / 2 * normals; ++i) {
    double radius = sqrt(-2 * log(uniform()));
    noise[i] = radius * cos(two_pi * uniform());
    noise[draws / 2 * normals + i] = -noise[i];
  }

  eight_schools_noncentered_initial(schools, y, schools, sigma, schools, phi);
  double start = elbo_gradient(phi, gradient);
  printf("ELBO at the start     %.6f\n", start);
  failures += !(fabs(elbo(phi) - start) <= 1e-12 * fabs(start));
  for (int64_t i = 0; i < parameters; ++i) {
    double kept = phi[i], h = 1e-5;
    phi[i] = kept + h;
    double above = elbo(phi);
    phi[i] = kept - h;
    double below = elbo(phi);
    phi[i] = kept;
    double difference = (above - below) / (2 * h);
    if (i < 4)
      printf("gradient[%d] %.6f, by differences %.6f\n", (int)i, gradient[i],
             difference);
    failures +=
        !(fabs(gradient[i] - difference) <= 1e-6 * (1 + fabs(gradient[i])));
  }

  for (int step = 0; step < 2000; ++step) {
    elbo_gradient(phi, gradient);
    for (int64_t i = 0; i < parameters; ++i)
      phi[i] += 0.01 * gradient[i];
  }
  double end = elbo(phi);
  printf("ELBO after 2000 steps %.6f\n", end);
  failures += !(end > start);

  free(gradient);
  free(phi);
  free(noise);
  return failures != 0;
}
