// RUN: vi-opt %s --split-input-file --verify-diagnostics

func.func @integer(%x: i64) {
  // expected-error@+1 {{operand #0 must be f32 or f64, or a vector or tensor of them, but got 'i64'}}
  %0 = special.lgamma %x : i64
  return
}

// -----

func.func @half(%x: f16) {
  // expected-error@+1 {{operand #0 must be f32 or f64, or a vector or tensor of them, but got 'f16'}}
  %0 = special.sigmoid %x : f16
  return
}

// -----

func.func @memref(%x: memref<4xf64>) {
  // expected-error@+1 {{operand #0 must be f32 or f64, or a vector or tensor of them, but got 'memref<4xf64>'}}
  %0 = special.digamma %x : memref<4xf64>
  return
}

// -----

func.func @type_differs(%x: f64) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %0 = "special.sigmoid"(%x) : (f64) -> f32
  return
}

// -----

func.func @operands_differ(%x: tensor<4xf64>, %y: tensor<5xf64>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %0 = "special.log_beta"(%x, %y) : (tensor<4xf64>, tensor<5xf64>) -> tensor<4xf64>
  return
}

// -----

func.func @too_few(%x: f64) {
  // expected-error@+1 {{expected ','}}
  %0 = special.log_beta %x : f64
  return
}

// -----

func.func @derivative_too_high(%m: f64, %v: f64) {
  // expected-error@+1 {{attribute 'derivative' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative whose maximum value is 6}}
  %0 = special.gaussian_softplus %m, %v {derivative = 7 : i64} : f64
  return
}

// -----

func.func @derivative_negative(%m: f64, %v: f64) {
  // expected-error@+1 {{attribute 'derivative' failed to satisfy constraint}}
  %0 = special.gaussian_softplus %m, %v {derivative = -1 : i64} : f64
  return
}

// -----

func.func @variance_of_another_type(%m: f64, %v: f32) {
  // expected-note@-1 {{prior use here}}
  // expected-error@+1 {{use of value '%v' expects different type than prior uses: 'f64' vs 'f32'}}
  %0 = special.gaussian_softplus %m, %v : f64
  return
}
