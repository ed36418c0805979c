// RUN: vi-opt %s --vi-expand-special=fma --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,FMA
// RUN: vi-opt %s --vi-expand-special --cse --split-input-file | FileCheck %s --check-prefixes=CHECK,NOFMA

// The exponent in the last bits of a number, two constants for log 2, a
// polynomial, two powers of two.
// CHECK-LABEL: func.func @exp
// CHECK-SAME: %[[X:.*]]: f64
// CHECK: %[[CAPPED:.*]] = arith.select %{{.*}}, %{{.*}}, %[[X]] : f64
// CHECK: %[[CLAMPED:.*]] = arith.select %{{.*}}, %{{.*}}, %[[CAPPED]] : f64
// FMA: %[[SHIFTED:.*]] = math.fma %[[CLAMPED]]
// FMA-NOT: arith.mulf {{.*}}%[[CLAMPED]]
// NOFMA-NOT: math.fma
// NOFMA: %[[PRODUCT:.*]] = arith.mulf %[[CLAMPED]]
// NOFMA: %[[SHIFTED:.*]] = arith.addf %[[PRODUCT]]
// NOFMA-NOT: math.fma
// CHECK: %[[BITS:.*]] = arith.bitcast %[[SHIFTED]] : f64 to i64
// CHECK: %[[HALF:.*]] = arith.shrui %[[BITS]]
// CHECK: arith.subi %[[BITS]], %[[HALF]]
// CHECK-NOT: math.exp
// CHECK: return
func.func @exp(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}

// -----

// The same operations on vectors of any shape.
// CHECK-LABEL: func.func @vectors
// CHECK-NOT: math.{{exp|log|tanh}}
// CHECK-NOT: special.
// CHECK: arith.bitcast %{{.*}} : vector<8xf32> to vector<8xi32>
// CHECK: arith.bitcast %{{.*}} : vector<2x4xf64> to vector<2x4xi64>
// CHECK: arith.bitcast %{{.*}} : vector<[4]xf32> to vector<[4]xi32>
// CHECK: return
func.func @vectors(%a: vector<8xf32>, %b: vector<2x4xf64>, %c: vector<[4]xf32>)
    -> (vector<8xf32>, vector<2x4xf64>, vector<[4]xf32>) {
  %0 = math.tanh %a : vector<8xf32>
  %1 = special.softplus %b : vector<2x4xf64>
  %2 = math.log %c : vector<[4]xf32>
  return %0, %1, %2 : vector<8xf32>, vector<2x4xf64>, vector<[4]xf32>
}

// -----

// Softplus, its relatives and exp(-|x|) have one exp, which clamps once, and
// two quotients.
// CHECK-LABEL: func.func @shared
// CHECK-COUNT-1: arith.shrui
// CHECK-NOT: arith.shrui
// CHECK: return
func.func @shared(%x: f64) -> (f64, f64, f64, f64) {
  %0 = special.softplus %x : f64
  %1 = special.sigmoid %x : f64
  %2 = special.log_sigmoid %x : f64
  %3 = math.absf %x : f64
  %4 = arith.negf %3 : f64
  %5 = math.exp %4 : f64
  return %0, %1, %2, %5 : f64, f64, f64, f64
}

// -----

// Tensors, other types and other ops stay.
// CHECK-LABEL: func.func @others
// CHECK-DAG: math.exp %{{.*}} : tensor<4xf32>
// CHECK-DAG: math.exp %{{.*}} : f16
// CHECK-DAG: math.sqrt %{{.*}} : f64
// CHECK-DAG: special.regularized_gamma_p
// CHECK-NEXT: return
func.func @others(%a: tensor<4xf32>, %b: f16, %c: f64)
    -> (tensor<4xf32>, f16, f64, f64) {
  %0 = math.exp %a : tensor<4xf32>
  %1 = math.exp %b : f16
  %2 = math.sqrt %c : f64
  %3 = special.regularized_gamma_p %c, %c : f64
  return %0, %1, %2, %3 : tensor<4xf32>, f16, f64, f64
}

// -----

// The value and both derivatives have 14 terms (7 in f32), with one exp for
// each.
// CHECK-LABEL: func.func @gaussian_softplus
// CHECK-COUNT-14: arith.shrui {{.*}} : vector<4xi64>
// CHECK-NOT: arith.shrui
// CHECK-NOT: math.{{exp|erf}}
// CHECK-NOT: special.
// CHECK: return
func.func @gaussian_softplus(%m: vector<4xf64>, %v: vector<4xf64>)
    -> (vector<4xf64>, vector<4xf64>, vector<4xf64>) {
  %0 = special.gaussian_softplus %m, %v : vector<4xf64>
  %1 = special.gaussian_softplus %m, %v {derivative = 1 : i64} : vector<4xf64>
  %2 = special.gaussian_softplus %m, %v {derivative = 2 : i64} : vector<4xf64>
  return %0, %1, %2 : vector<4xf64>, vector<4xf64>, vector<4xf64>
}

// CHECK-LABEL: func.func @gaussian_softplus_f32
// CHECK-COUNT-7: arith.shrui {{.*}} : vector<4xi32>
// CHECK-NOT: arith.shrui
// CHECK: return
func.func @gaussian_softplus_f32(%m: vector<4xf32>, %v: vector<4xf32>)
    -> vector<4xf32> {
  %0 = special.gaussian_softplus %m, %v : vector<4xf32>
  return %0 : vector<4xf32>
}

// -----

// Those of a single number are lanes: 14 components in 16 lanes, added as a
// tree.
// CHECK-LABEL: func.func @single_gaussian_softplus
// CHECK-COUNT-1: arith.shrui {{.*}} : vector<16xi64>
// CHECK-NOT: arith.shrui
// CHECK: vector.extract_strided_slice {{.*}} : vector<16xf64> to vector<8xf64>
// CHECK: vector.extract %{{.*}}[0] : f64 from vector<1xf64>
// CHECK: return
func.func @single_gaussian_softplus(%m: f64, %v: f64) -> f64 {
  %0 = special.gaussian_softplus %m, %v {derivative = 2 : i64} : f64
  return %0 : f64
}

// -----

// A sine's reduction of large numbers is in a branch, but not where vectors are
// to be made of scalars; sine and cosine share the reduction.
// CHECK-LABEL: func.func @sine
// CHECK: %[[LARGE:.*]] = arith.cmpf ogt
// CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[LARGE]] : vector<8xi1> into i1
// CHECK: scf.if %[[ANY]] -> (vector<8xf64>, vector<8xf64>, vector<8xf64>)
// CHECK-NOT: scf.if
// CHECK-NOT: math.{{sin|cos}}
// CHECK: return
func.func @sine(%x: vector<8xf64>) -> (vector<8xf64>, vector<8xf64>) {
  %s = math.sin %x : vector<8xf64>
  %c = math.cos %x : vector<8xf64>
  return %s, %c : vector<8xf64>, vector<8xf64>
}

// CHECK-LABEL: func.func @elements
// CHECK: linalg.generic
// CHECK-NOT: scf.if
// CHECK-NOT: math.sin
// CHECK: return
func.func @elements(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.generic {
      indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = math.sin %in : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Nothing that the C library would be called for is left.
// CHECK-LABEL: func.func @all
// CHECK-NOT: math.{{tan|asin|acos|atan|sinh|cosh|asinh|acosh|atanh|pow|cbrt|rsqrt|round |log|exp}}
// CHECK: return
func.func @all(%x: f32, %y: f32) -> f32 {
  %0 = math.tan %x : f32
  %1 = math.asin %0 : f32
  %2 = math.acos %1 : f32
  %3 = math.atan %2 : f32
  %4 = math.atan2 %3, %y : f32
  %5 = math.sinh %4 : f32
  %6 = math.cosh %5 : f32
  %7 = math.asinh %6 : f32
  %8 = math.acosh %7 : f32
  %9 = math.atanh %8 : f32
  %10 = math.powf %9, %y : f32
  %11 = math.cbrt %10 : f32
  %12 = math.rsqrt %11 : f32
  %13 = math.round %12 : f32
  %14 = math.log2 %13 : f32
  %15 = math.log10 %14 : f32
  return %15 : f32
}
