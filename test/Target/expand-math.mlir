// RUN: vi-opt %s --vi-expand-math | FileCheck %s

// CHECK-LABEL: func.func @clamp(
// CHECK-SAME: %[[X:.*]]: vector<4xf32>, %[[LOW:.*]]: vector<4xf32>, %[[HIGH:.*]]: vector<4xf32>
// CHECK: %[[BOUNDED:.*]] = arith.minimumf %[[X]], %[[HIGH]]
// CHECK: %[[Y:.*]] = arith.maximumf %[[BOUNDED]], %[[LOW]]
// CHECK: return %[[Y]]
func.func @clamp(%x: vector<4xf32>, %low: vector<4xf32>, %high: vector<4xf32>) -> vector<4xf32> {
  %y = math.clampf %x to [%low, %high] : vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: func.func @classes(
// CHECK-DAG: %[[SIZE:.*]] = math.absf %{{.*}} : f64
// CHECK-DAG: %[[INF:.*]] = arith.constant 0x7FF0000000000000 : f64
// CHECK: arith.cmpf oeq, %[[SIZE]], %[[INF]] : f64
// CHECK-DAG: %[[NORMAL:.*]] = math.absf %{{.*}} : f64
// CHECK-DAG: %[[LEAST:.*]] = arith.constant 2.2250738585072014E-308 : f64
// CHECK: %[[LARGE:.*]] = arith.cmpf oge, %[[NORMAL]], %[[LEAST]] : f64
// CHECK: %[[FINITE:.*]] = arith.cmpf olt, %[[NORMAL]], %{{.*}} : f64
// CHECK: arith.andi %[[LARGE]], %[[FINITE]] : i1
// CHECK: math.isnan
func.func @classes(%x: f64) -> (i1, i1, i1) {
  %i = math.isinf %x : f64
  %n = math.isnormal %x : f64
  %u = math.isnan %x : f64
  return %i, %n, %u : i1, i1, i1
}
