// RUN: vi-opt %s | vi-opt | FileCheck %s

// Every family: what it prints is what it parses.

// CHECK-LABEL: func.func @scalars
func.func @scalars(%a: f64, %b: f64, %c: f64, %n: i64, %m: index,
                   %f: f32) {
  // CHECK: vi.normal %{{.*}}, %{{.*}} : f64, f64
  %0 = vi.normal %a, %b : f64, f64
  // CHECK: vi.half_normal %{{.*}} : f64
  %1 = vi.half_normal %b : f64
  // CHECK: vi.log_normal %{{.*}}, %{{.*}} : f64, f64
  %2 = vi.log_normal %a, %b : f64, f64
  // CHECK: vi.cauchy %{{.*}}, %{{.*}} : f64, f64
  %3 = vi.cauchy %a, %b : f64, f64
  // CHECK: vi.half_cauchy %{{.*}} : f64
  %4 = vi.half_cauchy %b : f64
  // CHECK: vi.student_t %{{.*}}, %{{.*}}, %{{.*}} : f64, f64, f64
  %5 = vi.student_t %c, %a, %b : f64, f64, f64
  // CHECK: vi.exponential %{{.*}} : f64
  %6 = vi.exponential %b : f64
  // CHECK: vi.gamma %{{.*}}, %{{.*}} : f64, f64
  %7 = vi.gamma %c, %b : f64, f64
  // CHECK: vi.inverse_gamma %{{.*}}, %{{.*}} : f64, f64
  %8 = vi.inverse_gamma %c, %b : f64, f64
  // CHECK: vi.beta %{{.*}}, %{{.*}} : f64, f64
  %9 = vi.beta %c, %b : f64, f64
  // CHECK: vi.uniform %{{.*}}, %{{.*}} : f64, f64
  %10 = vi.uniform %a, %c : f64, f64
  // CHECK: vi.laplace %{{.*}}, %{{.*}} : f64, f64
  %11 = vi.laplace %a, %b : f64, f64
  // CHECK: vi.logistic %{{.*}}, %{{.*}} : f64, f64
  %12 = vi.logistic %a, %b : f64, f64
  // CHECK: vi.bernoulli %{{.*}} : f64
  %13 = vi.bernoulli %a : f64
  // CHECK: vi.bernoulli_logits %{{.*}} : f32
  %14 = vi.bernoulli_logits %f : f32
  // CHECK: vi.binomial %{{.*}}, %{{.*}} : i64, f64
  %15 = vi.binomial %n, %a : i64, f64
  // CHECK: vi.binomial_logits %{{.*}}, %{{.*}} : index, f64
  %16 = vi.binomial_logits %m, %a : index, f64
  // CHECK: vi.poisson %{{.*}} : f64
  %17 = vi.poisson %b : f64
  // CHECK: vi.poisson_log %{{.*}} : f64
  %18 = vi.poisson_log %a : f64
  // CHECK: vi.negative_binomial %{{.*}}, %{{.*}} : f64, f64
  %19 = vi.negative_binomial %b, %c : f64, f64
  // CHECK: vi.negative_binomial_log %{{.*}}, %{{.*}} : f64, f64
  %20 = vi.negative_binomial_log %a, %c : f64, f64
  // CHECK: vi.delta %{{.*}} : f64
  %21 = vi.delta %a : f64
  // CHECK: vi.flat real : f64
  %22 = vi.flat real : f64
  // CHECK: vi.flat interval bounds(%{{.*}}, %{{.*}} : f64, f64) : f64
  %23 = vi.flat interval bounds(%a, %c : f64, f64) : f64
  // CHECK: %[[PUSHED:.*]] = vi.pushforward positive %{{.*}} : f64 -> f64
  %24 = vi.pushforward positive %0 : f64 -> f64
  // CHECK: vi.pullback positive %[[PUSHED]] : f64 -> f64
  %25 = vi.pullback positive %24 : f64 -> f64
  return
}

// The type of the values follows from the parameters: a batch of events, with
// parameters that the members share and parameters that they do not.
// CHECK-LABEL: func.func @batches
func.func @batches(%a: f64, %v: tensor<?xf64>, %w: tensor<4xf64>,
                   %m: tensor<?x?xf64>, %t: tensor<5x3x3xf64>,
                   %l: tensor<5x3xf64>, %x: f64, %k: i64) {
  %0 = vi.normal %v, %a : tensor<?xf64>, f64
  // CHECK: vi.entropy %{{.*}} : tensor<4xf64> -> f64
  %1 = vi.normal %v, %w : tensor<?xf64>, tensor<4xf64>
  %h1 = vi.entropy %1 : tensor<4xf64> -> f64
  %2 = vi.multivariate_normal %v, %m : tensor<?xf64>, tensor<?x?xf64>
  // CHECK: vi.entropy %{{.*}} : tensor<?xf64> -> f64
  %h2 = vi.entropy %2 : tensor<?xf64> -> f64
  %3 = vi.multivariate_normal %l, %t : tensor<5x3xf64>, tensor<5x3x3xf64>
  // CHECK: vi.entropy %{{.*}} : tensor<5x3xf64> -> f64
  %h3 = vi.entropy %3 : tensor<5x3xf64> -> f64
  %4 = vi.categorical_logits %l : tensor<5x3xf64>
  // CHECK: vi.entropy %{{.*}} : tensor<5xi64> -> f64
  %h4 = vi.entropy %4 : tensor<5xi64> -> f64
  %5 = vi.categorical %v : tensor<?xf64>
  // CHECK: vi.log_prob %{{.*}}, %{{.*}} : i64, i64 -> f64
  %6 = vi.log_prob %5, %k : i64, i64 -> f64
  %7 = vi.dirichlet %l : tensor<5x3xf64>
  // CHECK: vi.entropy %{{.*}} : tensor<5x3xf64> -> f64
  %h7 = vi.entropy %7 : tensor<5x3xf64> -> f64
  %8 = vi.normal %w, %a : tensor<4xf64>, f64
  // CHECK: vi.pushforward simplex %{{.*}} : tensor<4xf64> -> tensor<5xf64>
  %9 = vi.pushforward simplex %8 : tensor<4xf64> -> tensor<5xf64>
  // CHECK: vi.flat simplex : tensor<?xf64>
  %10 = vi.flat simplex : tensor<?xf64>
  return
}
