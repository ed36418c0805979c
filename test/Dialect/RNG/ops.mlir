// Every op, on every kind of type, through the printer and the parser, in both
// the custom and the generic form.
//
// RUN: vi-opt %s | vi-opt | FileCheck %s
// RUN: vi-opt %s --mlir-print-op-generic | vi-opt | FileCheck %s

// CHECK-LABEL: @scalars
func.func @scalars(%key: i64, %index: i64, %n: i64, %x: f64, %y: f32) {
  // CHECK: rng.fold_in %{{.*}}, %{{.*}} : i64
  %0 = rng.fold_in %key, %index : i64
  // CHECK: rng.uniform %{{.*}}, %{{.*}} : f64
  %1 = rng.uniform %key, %index : f64
  // CHECK: rng.uniform %{{.*}}, %{{.*}} : f32
  %2 = rng.uniform %key, %index : f32
  // CHECK: rng.normal %{{.*}}, %{{.*}} : f64
  %3 = rng.normal %key, %index : f64
  // CHECK: rng.gamma %{{.*}}, %{{.*}}, %{{.*}} : f64
  %4 = rng.gamma %key, %index, %x : f64
  // CHECK: rng.poisson %{{.*}}, %{{.*}}, %{{.*}} : f32
  %5 = rng.poisson %key, %index, %y : f32
  // CHECK: rng.binomial %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : f64
  %6 = rng.binomial %key, %index, %n, %x : f64
  return
}

// CHECK-LABEL: @shaped
func.func @shaped(%key: vector<8xi64>, %index: vector<8xi64>,
                  %keys: tensor<?xi64>, %rates: tensor<?xf64>) {
  // CHECK: rng.fold_in %{{.*}}, %{{.*}} : vector<8xi64>
  %0 = rng.fold_in %key, %index : vector<8xi64>
  // CHECK: rng.normal %{{.*}}, %{{.*}} : vector<8xf32>
  %1 = rng.normal %key, %index : vector<8xf32>
  // CHECK: rng.poisson %{{.*}}, %{{.*}}, %{{.*}} : tensor<?xf64>
  %2 = rng.poisson %keys, %keys, %rates : tensor<?xf64>
  return
}
