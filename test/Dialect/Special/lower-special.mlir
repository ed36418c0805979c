// The forms that the special functions are lowered to; their values are in
// accuracy.py and edges.py.
//
// RUN: vi-opt %s --vi-lower-special --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @short_formula(
// CHECK-SAME:    %[[X:.*]]: f64)
func.func @short_formula(%x: f64) -> f64 {
  // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f64
  // CHECK: %[[MIN:.*]] = arith.minimumf %[[X]], %[[ZERO]] : f64
  // CHECK: %[[ABS:.*]] = math.absf %[[X]] : f64
  // CHECK: %[[NEG:.*]] = arith.negf %[[ABS]] : f64
  // CHECK: %[[EXP:.*]] = math.exp %[[NEG]] : f64
  // CHECK: %[[LOG:.*]] = math.log1p %[[EXP]] : f64
  // CHECK: %[[Y:.*]] = arith.subf %[[MIN]], %[[LOG]] : f64
  // CHECK: return %[[Y]]
  %y = special.log_sigmoid %x : f64
  return %y : f64
}

// -----

// A scalar takes one branch; a vector takes both and selects.
// CHECK-LABEL: func.func @branches
func.func @branches(%x: f32, %v: vector<8xf32>) -> (f32, vector<8xf32>) {
  // CHECK: scf.if {{.*}} -> (f32)
  // CHECK: math.expm1 {{.*}} : f32
  // CHECK: else
  // CHECK: math.log1p {{.*}} : f32
  %0 = special.log1mexp %x : f32
  // CHECK: math.expm1 {{.*}} : vector<8xf32>
  // CHECK: math.log1p {{.*}} : vector<8xf32>
  // CHECK: arith.select {{.*}} : vector<8xi1>, vector<8xf32>
  %1 = special.log1mexp %v : vector<8xf32>
  return %0, %1 : f32, vector<8xf32>
}

// -----

// A private function each, made once, with those that it needs.
// CHECK-LABEL: func.func @functions
// CHECK-COUNT-2: call @special.gamma_draw_derivative(%{{.*}}) : (f64, f64) -> f64
// CHECK-NOT: special.
// CHECK: func.func private @special.gamma_draw_derivative(%{{.*}}: f64, %{{.*}}: f64) -> f64
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
// CHECK: call @special.digamma
// CHECK: scf.while
// CHECK: func.func private @special.digamma(%{{.*}}: f64) -> f64
// CHECK-NOT: func.func
func.func @functions(%a: f64, %x: f64) -> (f64, f64) {
  %0 = special.gamma_draw_derivative %a, %x : f64
  %1 = special.gamma_draw_derivative %x, %a : f64
  return %0, %1 : f64, f64
}

// -----

// The C library's lgamma, in both precisions.
// CHECK-LABEL: func.func @library
func.func @library(%x: f64, %y: f32) -> (f64, f32) {
  // CHECK: call @lgamma(%{{.*}}) : (f64) -> f64
  %0 = special.lgamma %x : f64
  // CHECK: call @lgammaf(%{{.*}}) : (f32) -> f32
  %1 = special.lgamma %y : f32
  return %0, %1 : f64, f32
}
// CHECK-DAG: func.func private @lgamma(f64) -> f64 attributes {llvm.readnone}
// CHECK-DAG: func.func private @lgammaf(f32) -> f32 attributes {llvm.readnone}

// -----

// f32 by way of f64.
// CHECK-LABEL: func.func @single
func.func @single(%x: f32) -> f32 {
  // CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} : f32 to f64
  // CHECK: %[[Y:.*]] = call @special.trigamma(%[[WIDE]]) : (f64) -> f64
  // CHECK: arith.truncf %[[Y]] : f64 to f32
  %y = special.trigamma %x : f32
  return %y : f32
}

// -----

// CHECK-LABEL: func.func @unrolled
func.func @unrolled(%v: vector<2xf64>) -> vector<2xf64> {
  // CHECK: %[[E:.*]]:2 = vector.to_elements %{{.*}} : vector<2xf64>
  // CHECK: call @special.digamma(%[[E]]#0)
  // CHECK: call @special.digamma(%[[E]]#1)
  // CHECK: vector.from_elements
  %0 = special.digamma %v : vector<2xf64>
  return %0 : vector<2xf64>
}

// -----

// CHECK-LABEL: func.func @tensor(
// CHECK-SAME:    %[[A:.*]]: tensor<?x3xf64>, %[[B:.*]]: tensor<?x3xf64>)
func.func @tensor(%a: tensor<?x3xf64>, %b: tensor<?x3xf64>) -> tensor<?x3xf64> {
  // CHECK: %[[N:.*]] = tensor.dim %[[A]]
  // CHECK: %[[EMPTY:.*]] = tensor.empty(%[[N]]) : tensor<?x3xf64>
  // CHECK: linalg.generic
  // CHECK-SAME: ins(%[[A]], %[[B]] : tensor<?x3xf64>, tensor<?x3xf64>) outs(%[[EMPTY]] : tensor<?x3xf64>)
  // CHECK: ^bb0(%[[X:.*]]: f64, %[[Y:.*]]: f64, %{{.*}}: f64):
  // CHECK: func.call @special.log_beta(%[[X]], %[[Y]])
  %0 = special.log_beta %a, %b : tensor<?x3xf64>
  return %0 : tensor<?x3xf64>
}

// -----

// Nothing to do.
// CHECK-LABEL: func.func @nothing
// CHECK-NEXT: math.exp
// CHECK-NEXT: return
func.func @nothing(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}

// -----

// In place, on vectors, without a branch: 14 terms.
// CHECK-LABEL: func.func @gaussian_softplus
// CHECK-NOT: {{call|scf}}
// CHECK-COUNT-14: math.exp %{{.*}} : vector<4xf64>
// CHECK-NOT: math.exp
// CHECK: return
func.func @gaussian_softplus(%m: vector<4xf64>, %v: vector<4xf64>) -> vector<4xf64> {
  %0 = special.gaussian_softplus %m, %v {derivative = 2 : i64} : vector<4xf64>
  return %0 : vector<4xf64>
}

// The attribute reaches the scalars of a tensor.
// CHECK-LABEL: func.func @gaussian_softplus_tensor
// CHECK: linalg.generic
// CHECK-COUNT-7: math.exp %{{.*}} : f32
// CHECK-NOT: arith.select
// CHECK: linalg.yield
func.func @gaussian_softplus_tensor(%m: tensor<?xf32>, %v: tensor<?xf32>) -> tensor<?xf32> {
  %0 = special.gaussian_softplus %m, %v {derivative = 2 : i64} : tensor<?xf32>
  return %0 : tensor<?xf32>
}
