// The forms that random numbers are lowered to; their values are in samplers.py
// and the unit test of Philox.
//
// RUN: vi-opt %s --vi-lower-rng --split-input-file | FileCheck %s
// RUN: vi-opt %s --vi-lower-rng --vi-lower-special --split-input-file \
// RUN:   | FileCheck %s --check-prefix=BOTH --implicit-check-not="= rng." \
// RUN:     --implicit-check-not="= special."
// BOTH: func.func

// CHECK-LABEL: func.func @normal(
// CHECK-SAME:    %[[KEY:.*]]: i64, %[[INDEX:.*]]: i64)
func.func @normal(%key: i64, %index: i64) -> f64 {
  // CHECK: %[[U:.*]] = call @rng.uniform(%[[KEY]], %[[INDEX]]) : (i64, i64) -> f64
  // CHECK: special.normal_quantile %[[U]] : f64
  %z = rng.normal %key, %index : f64
  return %z : f64
}
// CHECK: func.func private @rng.uniform(%{{.*}}: i64, %{{.*}}: i64) -> f64
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
// Ten rounds of two products.
// CHECK-COUNT-20: arith.muli
// CHECK-NOT: arith.muli

// -----

// Cells of an f32 number are wider: it has a function of its own.
// CHECK-LABEL: func.func @single
func.func @single(%key: i64, %index: i64, %a: f32) -> (f32, f32) {
  // CHECK-DAG: call @rng.uniform.f32(%{{.*}}) : (i64, i64) -> f64
  // CHECK-DAG: arith.truncf
  %0 = rng.uniform %key, %index : f32
  // CHECK-DAG: call @rng.gamma(%{{.*}}) : (i64, i64, f64) -> f64
  %1 = rng.gamma %key, %index, %a : f32
  return %0, %1 : f32, f32
}

// -----

// Vector code for what has no loop.
// CHECK-LABEL: func.func @vector
func.func @vector(%key: vector<4xi64>, %index: vector<4xi64>) -> vector<4xf64> {
  // CHECK-COUNT-20: arith.muli {{.*}} : vector<4xi64>
  // CHECK: %[[N:.*]] = arith.sitofp {{.*}} : vector<4xi64> to vector<4xf64>
  // CHECK: special.normal_quantile {{.*}} : vector<4xf64>
  %z = rng.normal %key, %index : vector<4xf64>
  return %z : vector<4xf64>
}

// -----

// CHECK-LABEL: func.func @samplers
func.func @samplers(%key: vector<2xi64>, %a: vector<2xf64>,
                    %keys: tensor<?xi64>, %rates: tensor<?xf64>)
    -> (vector<2xf64>, tensor<?xi64>) {
  // CHECK-COUNT-2: call @rng.gamma
  %0 = rng.gamma %key, %key, %a : vector<2xf64>
  // CHECK: linalg.generic
  // CHECK: ^bb0(%[[K:.*]]: i64, %[[I:.*]]: i64, %[[R:.*]]: f64, %{{.*}}: i64):
  // CHECK: func.call @rng.poisson(%[[K]], %[[I]], %[[R]]) : (i64, i64, f64) -> i64
  %1 = rng.poisson %keys, %keys, %rates : tensor<?xf64>
  return %0, %1 : vector<2xf64>, tensor<?xi64>
}

// -----

// Nothing to do.
// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: return
func.func @nothing() {
  return
}
