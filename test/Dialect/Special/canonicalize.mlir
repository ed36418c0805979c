// Ops on constants are folded; every op and edge is in edges.py.
//
// RUN: vi-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: @scalars
func.func @scalars() -> (f64, f64, f64, f32) {
  // log Gamma(5) = log 24, digamma(1) = -0.577215664901532860606 (Euler's
  // constant), log B(2, 3) = -log 12.
  // CHECK-DAG: arith.constant 3.178053830347{{.*}} : f64
  // CHECK-DAG: arith.constant -0.5772156649015{{.*}} : f64
  // CHECK-DAG: arith.constant -2.4849066497880{{.*}} : f64
  // CHECK-DAG: arith.constant 5.000000e-01 : f32
  // CHECK-NOT: special.
  %five = arith.constant 5.0 : f64
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %three = arith.constant 3.0 : f64
  %zero = arith.constant 0.0 : f32
  %0 = special.lgamma %five : f64
  %1 = special.digamma %one : f64
  %2 = special.log_beta %two, %three : f64
  %3 = special.sigmoid %zero : f32
  return %0, %1, %2, %3 : f64, f64, f64, f32
}

// -----

// CHECK-LABEL: @elements
func.func @elements() -> (tensor<3xf64>, vector<4xf64>, tensor<2xf64>) {
  // CHECK-DAG: arith.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00]> : tensor<3xf64>
  // CHECK-DAG: arith.constant dense<5.000000e-01> : vector<4xf64>
  // CHECK-DAG: arith.constant dense<[0.000000e+00, -1.791759469228{{.*}}]> : tensor<2xf64>
  // CHECK-NOT: special.
  %several = arith.constant dense<[0xFFF0000000000000, 0.0, 0x7FF0000000000000]> : tensor<3xf64>
  %splat = arith.constant dense<0.0> : vector<4xf64>
  %mixed = arith.constant dense<[1.0, 2.0]> : tensor<2xf64>
  %0 = special.sigmoid %several : tensor<3xf64>
  %1 = special.sigmoid %splat : vector<4xf64>
  %2 = special.log_beta %mixed, %mixed : tensor<2xf64>
  return %0, %1, %2 : tensor<3xf64>, vector<4xf64>, tensor<2xf64>
}

// -----

// An attribute chooses the function.
// CHECK-LABEL: @gaussian_softplus
func.func @gaussian_softplus() -> (f64, tensor<2xf32>) {
  // CHECK-DAG: arith.constant 0.80605918334{{[0-9]*}} : f64
  // CHECK-DAG: arith.constant dense<[0.20662{{[0-9]*}}, 0.16247{{[0-9]*}}]> : tensor<2xf32>
  // CHECK-NOT: special.
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %means = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %variances = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = special.gaussian_softplus %zero, %one : f64
  %1 = special.gaussian_softplus %means, %variances {derivative = 2 : i64} : tensor<2xf32>
  return %0, %1 : f64, tensor<2xf32>
}

// -----

// CHECK-LABEL: @not_constant
func.func @not_constant(%x: f64) -> f64 {
  // CHECK: special.log_beta
  %one = arith.constant 1.0 : f64
  %0 = special.log_beta %one, %x : f64
  return %0 : f64
}

// -----

// Without a use, or twice the same: pure ops go.
// CHECK-LABEL: @pure
func.func @pure(%x: f64) {
  // CHECK-NEXT: return
  %0 = special.digamma %x : f64
  return
}
