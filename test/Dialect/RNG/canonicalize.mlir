// Exact numbers are folded; a normal variable is not, because its last bit may
// depend on the C library.
//
// RUN: vi-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @constants
func.func @constants() -> (f64, i64, f64) {
  // The published answer for the counter and the key of zeros begins 6627e8d5
  // e169c58d: 0xe169c58d6627e + 1/2 of 2^-52.
  // CHECK-DAG: arith.constant 0.880520197888614{{.*}} : f64
  // CHECK-DAG: arith.constant 1389609246023119845 : i64
  // CHECK-NOT: rng.uniform
  // CHECK-NOT: rng.fold_in
  // CHECK: rng.normal
  %zero = arith.constant 0 : i64
  %0 = rng.uniform %zero, %zero : f64
  %1 = rng.fold_in %zero, %zero : i64
  %2 = rng.normal %zero, %zero : f64
  return %0, %1, %2 : f64, i64, f64
}

// Without a use a draw goes: it changes no state.
// CHECK-LABEL: @pure
func.func @pure(%key: i64, %x: f64) {
  // CHECK-NEXT: return
  %0 = rng.gamma %key, %key, %x : f64
  return
}
