// Every op, on every kind of type, through the printer and the parser, in both
// the custom and the generic form.
//
// RUN: vi-opt %s | vi-opt | FileCheck %s
// RUN: vi-opt %s --mlir-print-op-generic | vi-opt | FileCheck %s

// CHECK-LABEL: @unary
func.func @unary(%x: f64) {
  // CHECK: special.lgamma %{{.*}} : f64
  %0 = special.lgamma %x : f64
  // CHECK: special.digamma %{{.*}} : f64
  %1 = special.digamma %x : f64
  // CHECK: special.trigamma %{{.*}} : f64
  %2 = special.trigamma %x : f64
  // CHECK: special.sigmoid %{{.*}} : f64
  %3 = special.sigmoid %x : f64
  // CHECK: special.softplus %{{.*}} : f64
  %4 = special.softplus %x : f64
  // CHECK: special.log_sigmoid %{{.*}} : f64
  %5 = special.log_sigmoid %x : f64
  // CHECK: special.log1p_square %{{.*}} : f64
  %log1p_square = special.log1p_square %x : f64
  // CHECK: special.log1mexp %{{.*}} : f64
  %6 = special.log1mexp %x : f64
  // CHECK: special.normal_cdf %{{.*}} : f64
  %7 = special.normal_cdf %x : f64
  // CHECK: special.normal_log_cdf %{{.*}} : f64
  %8 = special.normal_log_cdf %x : f64
  // CHECK: special.normal_quantile %{{.*}} : f64
  %9 = special.normal_quantile %x : f64
  return
}

// CHECK-LABEL: @several
func.func @several(%a: f64, %b: f64, %x: f64) {
  // CHECK: special.log_beta %{{.*}}, %{{.*}} : f64
  %0 = special.log_beta %a, %b : f64
  // CHECK: special.regularized_gamma_p %{{.*}}, %{{.*}} : f64
  %1 = special.regularized_gamma_p %a, %x : f64
  // CHECK: special.regularized_gamma_q %{{.*}}, %{{.*}} : f64
  %2 = special.regularized_gamma_q %a, %x : f64
  // CHECK: special.regularized_beta %{{.*}}, %{{.*}}, %{{.*}} : f64
  %3 = special.regularized_beta %a, %b, %x : f64
  // CHECK: special.gamma_draw_derivative %{{.*}}, %{{.*}} : f64
  %4 = special.gamma_draw_derivative %a, %x : f64
  return
}

// CHECK-LABEL: @gaussian_softplus
func.func @gaussian_softplus(%m: f64, %v: f64, %t: tensor<?xf32>, %x: vector<4xf64>) {
  // CHECK: special.gaussian_softplus %{{.*}}, %{{.*}} : f64
  %0 = special.gaussian_softplus %m, %v : f64
  // CHECK: special.gaussian_softplus %{{.*}}, %{{.*}} : f64
  %1 = special.gaussian_softplus %m, %v {derivative = 0 : i64} : f64
  // CHECK: special.gaussian_softplus %{{.*}}, %{{.*}} {derivative = 2 : i64} : tensor<?xf32>
  %2 = special.gaussian_softplus %t, %t {derivative = 2 : i64} : tensor<?xf32>
  // CHECK: special.gaussian_softplus %{{.*}}, %{{.*}} {derivative = 4 : i64, note = "kept"} : vector<4xf64>
  %3 = special.gaussian_softplus %x, %x {derivative = 4, note = "kept"} : vector<4xf64>
  return
}

// CHECK-LABEL: @types
func.func @types(%a: f32, %b: vector<4xf32>, %c: tensor<?x3xf64>,
                 %d: tensor<*xf64>, %e: tensor<f32>, %f: vector<[4]xf64>) {
  // CHECK: special.sigmoid %{{.*}} : f32
  %0 = special.sigmoid %a : f32
  // CHECK: special.sigmoid %{{.*}} : vector<4xf32>
  %1 = special.sigmoid %b : vector<4xf32>
  // CHECK: special.log_beta %{{.*}}, %{{.*}} : tensor<?x3xf64>
  %2 = special.log_beta %c, %c : tensor<?x3xf64>
  // CHECK: special.digamma %{{.*}} : tensor<*xf64>
  %3 = special.digamma %d : tensor<*xf64>
  // CHECK: special.digamma %{{.*}} {note = "kept"} : tensor<f32>
  %4 = special.digamma %e {note = "kept"} : tensor<f32>
  // CHECK: special.softplus %{{.*}} : vector<[4]xf64>
  %5 = special.softplus %f : vector<[4]xf64>
  return
}
