/*===- limits.c - what the machine can do ---------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// limits THREADS BYTES...: prints as JSON, for each number of bytes, the best
// rate in GB/s at which that many are read again and again (so from the level
// of cache where they fit), and the peak of fused multiply-adds in GFLOP/s, two
// operations each, in f64 and f32. Threads share the bytes; the caller pins
// them.
//
//===----------------------------------------------------------------------===*/

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { lanes64 = 8, lanes32 = 16, chains = 16, max_threads = 64 };
typedef uint64_t words __attribute__((vector_size(64), aligned(64)));
typedef double doubles __attribute__((vector_size(64)));
typedef float floats __attribute__((vector_size(64)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

struct task {
  void (*run)(struct task *);
  const words *begin;
  size_t count;
  int repeats;
  double sink;
  pthread_barrier_t *barrier;
  double start, end;
};

static void read_all(struct task *task) {
  words sum[8] = {{0}};
  for (int r = 0; r < task->repeats; ++r) {
    const words *p = task->begin;
    for (size_t i = 0; i + 8 <= task->count; i += 8)
      for (int k = 0; k < 8; ++k)
        sum[k] ^= p[i + k];
    for (size_t i = task->count / 8 * 8; i < task->count; ++i)
      sum[0] ^= p[i];
    __asm__ volatile("" : : "r"(sum) : "memory");
  }
  for (int k = 1; k < 8; ++k)
    sum[0] ^= sum[k];
  task->sink = (double)sum[0][0];
}

#define MULTIPLY_ADD(NAME, TYPE, ONE)                                          \
  static void NAME(struct task *task) {                                        \
    TYPE x[chains], a = (TYPE){0} + ONE, b = (TYPE){0} + ONE / 1024;           \
    __asm__ volatile("" : "+v"(a), "+v"(b));                                   \
    for (int k = 0; k < chains; ++k)                                           \
      x[k] = (TYPE){0} + ONE * k;                                              \
    for (int r = 0; r < task->repeats; ++r)                                    \
      for (int k = 0; k < chains; ++k)                                         \
        x[k] = x[k] * a + b;                                                   \
    for (int k = 1; k < chains; ++k)                                           \
      x[0] += x[k];                                                            \
    task->sink = x[0][0];                                                      \
  }
MULTIPLY_ADD(multiply_add64, doubles, 1.0)
MULTIPLY_ADD(multiply_add32, floats, 1.0f)

static void *start(void *argument) {
  struct task *task = argument;
  pthread_barrier_wait(task->barrier);
  task->start = now();
  task->run(task);
  task->end = now();
  return NULL;
}

/* Seconds from the first thread's start to the last one's end. */
static double run(struct task *tasks, int threads) {
  pthread_t ids[max_threads];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, threads);
  for (int t = 0; t < threads; ++t) {
    tasks[t].barrier = &barrier;
    if (pthread_create(&ids[t], NULL, start, &tasks[t]))
      exit(1);
  }
  double first = 1e300, last = 0;
  for (int t = 0; t < threads; ++t) {
    pthread_join(ids[t], NULL);
    first = tasks[t].start < first ? tasks[t].start : first;
    last = tasks[t].end > last ? tasks[t].end : last;
  }
  pthread_barrier_destroy(&barrier);
  return last - first;
}

/* The best of several times for `repeats` that take some milliseconds. */
static double best_rate(struct task *tasks, int threads, double work) {
  int repeats = 1;
  double best = 0;
  for (;;) {
    for (int t = 0; t < threads; ++t)
      tasks[t].repeats = repeats;
    /* The least of some times, as something may hold a thread's start. */
    double least = 1e300;
    for (int i = 0; i < 4; ++i) {
      double seconds = run(tasks, threads);
      least = seconds < least ? seconds : least;
    }
    if (least > 5e-3 || repeats > 1 << 28)
      break;
    repeats *= 2;
  }
  for (int i = 0; i < 15; ++i) {
    double rate = work * repeats / run(tasks, threads);
    best = rate > best ? rate : best;
  }
  return best;
}

int main(int argc, char **argv) {
  struct task tasks[max_threads] = {{0}};
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  if (threads < 1 || threads > max_threads)
    return 2;
  printf("{\"read_gbs\": {");
  for (int i = 2; i < argc; ++i) {
    size_t bytes = strtoull(argv[i], NULL, 10);
    size_t count = (bytes + sizeof(words) - 1) / sizeof(words);
    count = count < (size_t)threads ? (size_t)threads : count;
    words *data = aligned_alloc(64, count * sizeof(words));
    if (!data)
      return 1;
    memset(data, 1, count * sizeof(words));
    for (int t = 0; t < threads; ++t) {
      tasks[t].run = read_all;
      tasks[t].begin = data + count * t / threads;
      tasks[t].count = count * (t + 1) / threads - count * t / threads;
    }
    double rate =
        best_rate(tasks, threads, 1e-9 * (double)(count * sizeof(words)));
    printf("%s\"%zu\": %.3f", i > 2 ? ", " : "", bytes, rate);
    free(data);
  }
  for (int t = 0; t < threads; ++t)
    tasks[t].run = multiply_add64;
  double f64 = best_rate(tasks, threads, 2e-9 * chains * lanes64 * threads);
  for (int t = 0; t < threads; ++t)
    tasks[t].run = multiply_add32;
  double f32 = best_rate(tasks, threads, 2e-9 * chains * lanes32 * threads);
  printf("}, \"f64_gflops\": %.3f, \"f32_gflops\": %.3f}\n", f64, f32);
  return 0;
}
