// RUN: vi-opt %s -split-input-file -verify-diagnostics

func.func @negative_scale(%x: f64) {
  // expected-note@+1 {{the constant is here}}
  %scale = arith.constant -1.5 : f64
  // expected-error@+1 {{'vi.normal' op scale must be positive and finite, but is the constant -1.5}}
  %d = vi.normal %x, %scale : f64, f64
  return
}

// -----

func.func @zero_rate() {
  // expected-note@+1 {{the constant is here}}
  %rate = arith.constant dense<[1.0, 0.0]> : tensor<2xf64>
  // expected-error@+1 {{'vi.exponential' op rate must be positive and finite, but is the constant 0}}
  %d = vi.exponential %rate : tensor<2xf64>
  return
}

// -----

func.func @probability_above_one() {
  // expected-note@+1 {{the constant is here}}
  %p = arith.constant 1.5 : f64
  // expected-error@+1 {{'vi.bernoulli' op probs must be in [0, 1], but is the constant 1.5}}
  %d = vi.bernoulli %p : f64
  return
}

// -----

func.func @negative_count(%p: f64) {
  // expected-note@+1 {{the constant is here}}
  %n = arith.constant -3 : i64
  // expected-error@+1 {{'vi.binomial' op total_count must not be negative, but is the constant -3}}
  %d = vi.binomial %n, %p : i64, f64
  return
}

// -----

func.func @probabilities_do_not_sum_to_one() {
  // expected-note@+1 {{the constant is here}}
  %p = arith.constant dense<[0.5, 0.4]> : tensor<2xf64>
  // expected-error@+1 {{'vi.categorical' op probs must sum to 1, but the constant sums to 9.000000e-01}}
  %d = vi.categorical %p : tensor<2xf64>
  return
}

// -----

func.func @infinite_location(%s: f64) {
  // expected-note@+1 {{the constant is here}}
  %m = arith.constant 0x7FF0000000000000 : f64
  // expected-error@+1 {{'vi.normal' op loc must be finite, but is the constant}}
  %d = vi.normal %m, %s : f64, f64
  return
}

// -----

func.func @bounds_out_of_order() {
  // expected-note@+1 {{the lower bound is here}}
  %low = arith.constant 2.0 : f64
  // expected-note@+1 {{the upper bound is here}}
  %high = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.uniform' op lower bound 2.000000e+00 is not below the upper bound 1.000000e+00}}
  %d = vi.uniform %low, %high : f64, f64
  return
}

// -----

// expected-note@+2 {{loc is here}}
// expected-note@+1 {{scale is here}}
func.func @types_differ(%m: f64, %s: f32) {
  // expected-error@+1 {{'vi.normal' op scale is of 'f32', but loc of 'f64'}}
  %d = vi.normal %m, %s : f64, f32
  return
}

// -----

func.func @not_a_number(%m: i64, %s: f64) {
  // expected-error@+1 {{'vi.normal' op loc must be of f32 or f64, not of 'i64'}}
  %d = vi.normal %m, %s : i64, f64
  return
}

// -----

func.func @count_is_no_integer(%n: f64, %p: f64) {
  // expected-error@+1 {{'vi.binomial' op total_count must be of i32, i64 or index, not of 'f64'}}
  %d = vi.binomial %n, %p : f64, f64
  return
}

// -----

// expected-note@+2 {{loc is here}}
// expected-note@+1 {{scale is here}}
func.func @batches_differ(%m: tensor<3xf64>, %s: tensor<4xf64>) {
  // expected-error@+1 {{'vi.normal' op scale 'tensor<4xf64>' has another batch shape than loc}}
  %d = vi.normal %m, %s : tensor<3xf64>, tensor<4xf64>
  return
}

// -----

func.func @rank_too_small(%l: f64) {
  // expected-error@+1 {{'vi.categorical_logits' op logits must have a rank of at least 1, but is 'f64'}}
  %d = vi.categorical_logits %l : f64
  return
}

// -----

func.func @factor_not_square(%m: tensor<3xf64>, %l: tensor<3x4xf64>) {
  // expected-error@+1 {{'vi.multivariate_normal' op scale_tril must be square, but is 'tensor<3x4xf64>'}}
  %d = vi.multivariate_normal %m, %l : tensor<3xf64>, tensor<3x4xf64>
  return
}

// -----

// expected-note@+2 {{loc is here}}
// expected-note@+1 {{scale_tril is here}}
func.func @factor_does_not_fit(%m: tensor<3xf64>, %l: tensor<4x4xf64>) {
  // expected-error@+1 {{'vi.multivariate_normal' op scale_tril 'tensor<4x4xf64>' does not fit loc 'tensor<3xf64>'}}
  %d = vi.multivariate_normal %m, %l : tensor<3xf64>, tensor<4x4xf64>
  return
}

// -----

func.func @flat_without_bounds() {
  // expected-error@+1 {{'vi.flat' op of support interval takes 2 bounds, not 0}}
  %d = vi.flat interval : f64
  return
}

// -----

func.func @flat_bounds_out_of_order() {
  // expected-note@+1 {{the lower bound is here}}
  %low = arith.constant 1.0 : f64
  // expected-note@+1 {{the upper bound is here}}
  %high = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.flat' op lower bound 1.000000e+00 is not below the upper bound 1.000000e+00}}
  %d = vi.flat interval bounds(%low, %high : f64, f64) : f64
  return
}

// -----

func.func @bijector_bounds_out_of_order(%u: f64) {
  // expected-note@+1 {{the lower bound is here}}
  %low = arith.constant 2.0 : f64
  // expected-note@+1 {{the upper bound is here}}
  %high = arith.constant 1.0 : f64
  // expected-error@+1 {{'vi.constrain' op lower bound 2.000000e+00 is not below the upper bound 1.000000e+00}}
  %z = vi.constrain interval %u bounds(%low, %high : f64, f64) : f64 -> f64
  return
}

// -----

func.func @infinite_bound() {
  // expected-note@+1 {{the bound is here}}
  %low = arith.constant 0xFFF0000000000000 : f64
  // expected-error@+1 {{'vi.flat' op bound -INF is not finite}}
  %d = vi.flat greater_than bounds(%low : f64) : f64
  return
}

// -----

func.func @unknown_support() {
  // expected-error@+1 {{unknown support 'negative'; expected real, positive, unit_interval, greater_than, less_than, interval, simplex, boolean, nonnegative_integer, integer_interval}}
  %d = vi.flat negative : f64
  return
}

// -----

// A single number has one form, the scalar.
func.func @parameter_of_rank_0(%m: tensor<f64>, %s: f64) {
  // expected-error@+1 {{'vi.normal' op loc has type 'tensor<f64>'; a single number has type 'f64'}}
  %d = vi.normal %m, %s : tensor<f64>, f64
  return
}

// -----

// expected-error@+1 {{a distribution over single numbers is over 'f64', not over 'tensor<f64>'}}
func.func @over_rank_0(%d: !vi.dist<tensor<f64>>) {
  return
}

// -----

func.func @flat_on_counts() {
  // expected-error@+1 {{'vi.flat' op has no density on the discrete support boolean}}
  %d = vi.flat boolean : i1
  return
}

// -----

func.func @flat_scalar_simplex() {
  // expected-error@+1 {{'vi.flat' op on support simplex is over vectors, not over 'f64'}}
  %d = vi.flat simplex : f64
  return
}

// -----

func.func @image_has_other_size(%m: tensor<4xf64>, %s: f64) {
  %q = vi.normal %m, %s : tensor<4xf64>, f64
  // expected-error@+1 {{'vi.pushforward' op relates 'tensor<4xf64>' to 'tensor<3xf64>', not to 'tensor<4xf64>'}}
  %d = vi.pushforward simplex %q : tensor<4xf64> -> tensor<4xf64>
  return
}

// -----

func.func @image_of_a_count(%r: f64) {
  %q = vi.poisson %r : f64
  // expected-error@+1 {{'vi.pushforward' op is of a distribution over real values, not over 'i64'}}
  %d = vi.pushforward positive %q : i64 -> i64
  return
}

// -----

func.func @bijector_of_booleans(%u: f64) {
  // expected-error@+1 {{'vi.constrain' op has no bijector for the discrete support boolean}}
  %z = vi.constrain boolean %u : f64 -> f64
  return
}

// -----

func.func @bijector_bounds(%u: f64, %a: f64) {
  // expected-error@+1 {{'vi.unconstrain' op of support positive takes 0 bounds, not 1}}
  %z = vi.unconstrain positive %u bounds(%a : f64) : f64 -> f64
  return
}

// -----

func.func @bijector_sizes(%u: tensor<3xf64>) {
  // expected-error@+1 {{'vi.constrain' op maps 'tensor<3xf64>' to 'tensor<2xf64>', not to 'tensor<3xf64>'}}
  %z = vi.constrain simplex %u : tensor<3xf64> -> tensor<3xf64>
  return
}

// -----

func.func @jacobian_type(%u: f64) {
  // expected-error@+1 {{'vi.log_det_jacobian' op of values of 'f64' is not a 'f32'}}
  %z = vi.log_det_jacobian positive %u : f64 -> f32
  return
}

// -----

func.func @cholesky_of_a_vector(%a: tensor<3xf64>) {
  // expected-error@+1 {{'vi.cholesky' op is of a square matrix, not of 'tensor<3xf64>'}}
  %l = vi.cholesky %a : tensor<3xf64>
  return
}

// -----

func.func @solve_sizes(%a: tensor<3x3xf64>, %b: tensor<4xf64>) {
  // expected-error@+1 {{'vi.triangular_solve' op has a factor 'tensor<3x3xf64>' that does not fit the right-hand side 'tensor<4xf64>'}}
  %l = vi.triangular_solve %a, %b : tensor<3x3xf64>, tensor<4xf64>
  return
}

// -----

func.func @outside_the_support(%a: f64, %b: f64) -> f64 {
  // expected-note@+1 {{q is here}}
  %q = vi.normal %a, %b : f64, f64
  // expected-note@+1 {{p is here}}
  %p = vi.gamma %a, %b : f64, f64
  // expected-error@+1 {{'vi.kl' op is infinite: q on real has mass outside the support of p, positive}}
  %d = vi.kl %q, %p : f64, f64 -> f64
  return %d : f64
}

// -----

func.func @outside_the_interval(%a: f64, %b: f64) -> f64 {
  %low = arith.constant -0.5 : f64
  // expected-note@+1 {{q is here}}
  %q = vi.uniform %low, %a : f64, f64
  // expected-note@+1 {{p is here}}
  %p = vi.beta %a, %b : f64, f64
  // expected-error@+1 {{'vi.cross_entropy' op is infinite: q on interval has mass outside the support of p, unit_interval}}
  %d = vi.cross_entropy %q, %p : f64, f64 -> f64
  return %d : f64
}
