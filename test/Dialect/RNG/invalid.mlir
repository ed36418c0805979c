// RUN: vi-opt %s --split-input-file --verify-diagnostics

func.func @result_type(%key: i64) {
  // expected-error@+1 {{custom op 'rng.uniform' 'result' must be f32 or f64, or a vector or tensor of them, but got 'i64'}}
  %0 = rng.uniform %key, %key : i64
  return
}

// -----

// expected-note@+1 {{prior use here}}
func.func @key_type(%key: i32) {
  // expected-error@+1 {{expects different type than prior uses: 'i64' vs 'i32'}}
  %0 = rng.uniform %key, %key : f64
  return
}

// -----

func.func @shapes(%key: i64, %rate: tensor<4xf64>) {
  // expected-error@+1 {{failed to verify that 'key' is i64 in the shape of 'rate'}}
  %0 = "rng.poisson"(%key, %key, %rate) : (i64, i64, tensor<4xf64>) -> tensor<4xi64>
  return
}

// -----

func.func @count_type(%key: i64, %rate: f64) {
  // expected-error@+1 {{result #0 must be i64, or a vector or tensor of it, but got 'i32'}}
  %0 = "rng.poisson"(%key, %key, %rate) : (i64, i64, f64) -> i32
  return
}
