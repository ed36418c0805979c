// Solves A x = b without a C library: the status is 0 if x, the determinant and
// the factor are those of a matrix that is known.
#include "functions.h"

static int differs(double got, double expected) {
  double difference = got - expected;
  return difference > 1e-13 || difference < -1e-13;
}

static int run(void) {
  // L = [[2, 0, 0], [1, 3, 0], [4, 5, 6]], x = [1, 2, 3].
  static const double factor[9] = {2, 0, 0, 1, 3, 0, 4, 5, 6};
  double a[9], b[3], x[3], l[9];
  for (int i = 0; i < 3; ++i) {
    b[i] = 0;
    for (int j = 0; j < 3; ++j) {
      a[3 * i + j] = 0;
      for (int k = 0; k < 3; ++k)
        a[3 * i + j] += factor[3 * i + k] * factor[3 * j + k];
      b[i] += a[3 * i + j] * (j + 1);
    }
  }
  double log_det = solve(a, 3, 3, b, 3, x, l);
  // log det A = 2 log 36.
  int errors = differs(log_det, 7.16703787691222);
  for (int i = 0; i < 3; ++i)
    errors += differs(x[i], i + 1);
  for (int i = 0; i < 9; ++i)
    errors += differs(l[i], factor[i]);

  // The residuals of y = X beta are zero, but for the rows outside.
  double beta[3] = {1, -2, 0.5}, y[3], gradient[3], residuals[3];
  for (int i = 0; i < 3; ++i) {
    y[i] = 1;
    for (int j = 0; j < 3; ++j)
      y[i] += a[3 * i + j] * beta[j];
  }
  double value = regression(a, 3, 3, y, 3, beta, 3, 1, 3, gradient, residuals);
  errors += differs(value, -1);
  errors += differs(residuals[0], 0) + differs(residuals[1], 1) +
            differs(residuals[2], 1);
  for (int j = 0; j < 3; ++j)
    errors += differs(gradient[j], a[3 + j] + a[6 + j]);
  return errors;
}

_Noreturn void exit_with(long status);

#if defined(__x86_64__)
_Noreturn void exit_with(long status) {
  __asm__ volatile("syscall" ::"a"(60L), "D"(status) : "memory");
  __builtin_unreachable();
}
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  and $-16, %rsp\n"
        "  call start_in_c\n");
#elif defined(__aarch64__)
_Noreturn void exit_with(long status) {
  register long x0 __asm__("x0") = status;
  register long x8 __asm__("x8") = 93;
  __asm__ volatile("svc 0" ::"r"(x0), "r"(x8) : "memory");
  __builtin_unreachable();
}
__asm__(".globl _start\n_start:\n  bl start_in_c\n");
#endif

_Noreturn void start_in_c(void);
_Noreturn void start_in_c(void) { exit_with(run()); }
