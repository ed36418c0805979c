// RUN: vi-opt %s -split-input-file -verify-diagnostics -vi-inline-calls | FileCheck %s

// Sizes of the call are those of the body; a private function is gone.

// CHECK-NOT: func.func private
// CHECK-LABEL: func.func @layer
// CHECK-SAME: (%[[W:.*]]: tensor<4x3xf64>, %[[B:.*]]: tensor<4xf64>, %[[X:.*]]: tensor<3xf64>)
// CHECK-NEXT: %[[Y:.*]] = linalg.matvec ins(%[[W]], %[[X]] : tensor<4x3xf64>, tensor<3xf64>) outs(%[[B]] : tensor<4xf64>) -> tensor<4xf64>
// CHECK-NEXT: %[[Z:.*]] = math.tanh %[[Y]] : tensor<4xf64>
// CHECK-NEXT: return %[[Z]] : tensor<4xf64>
func.func private @dense(%w: tensor<?x?xf64>, %b: tensor<?xf64>,
                         %x: tensor<?xf64>) -> tensor<?xf64> {
  %y = linalg.matvec ins(%w, %x : tensor<?x?xf64>, tensor<?xf64>)
      outs(%b : tensor<?xf64>) -> tensor<?xf64>
  %z = func.call @nonlinear(%y) : (tensor<?xf64>) -> tensor<?xf64>
  return %z : tensor<?xf64>
}
func.func private @nonlinear(%x: tensor<?xf64>) -> tensor<?xf64> {
  %y = math.tanh %x : tensor<?xf64>
  return %y : tensor<?xf64>
}
func.func @layer(%w: tensor<4x3xf64>, %b: tensor<4xf64>, %x: tensor<3xf64>)
    -> tensor<4xf64> {
  %y = vi.call @dense(%w, %b, %x)
      : (tensor<4x3xf64>, tensor<4xf64>, tensor<3xf64>) -> tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

// In the plate of a model; a function that is not private stays.

// CHECK-LABEL: vi.model @calls
// CHECK: vi.plate
// CHECK-NOT: call
// CHECK: arith.addf %{{.*}}, %{{.*}} : f64
// CHECK: func.func @double
vi.model @calls(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %m = vi.param "m" real : f64
  vi.plate "datum" %n in %N (%y_n = %y : tensor<?xf64>) {
    %mean = func.call @double(%m) : (f64) -> f64
    %d = vi.normal %mean, %one : f64, f64
    vi.observe "y" from %d, %y_n : f64, f64
    vi.yield
  }
}
func.func @double(%x: f64) -> f64 {
  %y = arith.addf %x, %x : f64
  return %y : f64
}

// -----

// Nothing to do: a call between functions stays.

// CHECK-LABEL: func.func @caller
// CHECK: call @callee
func.func @caller(%x: f64) -> f64 {
  %y = func.call @callee(%x) : (f64) -> f64
  return %y : f64
}
func.func private @callee(%x: f64) -> f64 {
  return %x : f64
}

// -----

func.func @f(%x: f64) -> f64 {
  // expected-error@+1 {{is of a function @missing that does not exist}}
  %y = vi.call @missing(%x) : (f64) -> f64
  return %y : f64
}

// -----

// expected-note@+1 {{the function is here}}
func.func private @outside(%x: f64) -> f64
func.func @f(%x: f64) -> f64 {
  // expected-error@+1 {{is of @outside, which has no body to inline}}
  %y = vi.call @outside(%x) : (f64) -> f64
  return %y : f64
}

// -----

// expected-note@+1 {{the function is here}}
func.func @f(%x: f64) -> f64 {
  // expected-error@+1 {{is of @f, which calls itself}}
  %y = vi.call @f(%x) : (f64) -> f64
  return %y : f64
}

// -----

// expected-note@+1 {{the function is here}}
func.func private @g(%x: tensor<?xf64>) -> tensor<?xf64> {
  return %x : tensor<?xf64>
}
func.func @f(%x: tensor<2xf32>) -> tensor<2xf64> {
  // expected-error@+1 {{operand 0 is of type 'tensor<2xf32>', not 'tensor<?xf64>'}}
  %y = vi.call @g(%x) : (tensor<2xf32>) -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// -----

vi.model @f(%x: f64) {
  // expected-error@+1 {{starts at random; that is for real parameters of rank two and more, not for real 'tensor<3xf64>'}}
  %w = vi.param "w" real initial(#vi.init<he_normal>) : tensor<3xf64>
}

// -----

vi.model @f(%x: f64) {
  // expected-error@+1 {{the scale of random weights must be positive, not -1}}
  %w = vi.param "w" real initial(#vi.init<normal, -1.0>) : tensor<3x2xf64>
}

// -----

// A function of f64 serves f32: types and constants of its body are others then.

// CHECK-LABEL: func.func @in_f32
// CHECK-SAME: (%[[X:.*]]: tensor<3xf32>)
// CHECK-NOT: f64
// CHECK: %[[C:.*]] = arith.constant dense<1.000000e-01> : tensor<3xf32>
// CHECK: %[[Y:.*]] = linalg.generic
// CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32):
// CHECK: linalg.yield %{{.*}} : f32
// CHECK: -> tensor<3xf32>
// CHECK-NEXT: return %[[Y]] : tensor<3xf32>
// CHECK-LABEL: func.func @in_f64
// CHECK-NOT: f32
#same = affine_map<(i) -> (i)>
func.func private @tenth(%x: tensor<?xf64>, %c: tensor<?xf64>)
    -> tensor<?xf64> {
  %y = linalg.generic {indexing_maps = [#same, #same, #same],
                       iterator_types = ["parallel"]}
      ins(%x, %c : tensor<?xf64>, tensor<?xf64>) outs(%x : tensor<?xf64>) {
    ^bb0(%e: f64, %d: f64, %out: f64):
      %half = arith.constant 0.5 : f64
      %s = arith.mulf %e, %half : f64
      %p = arith.mulf %s, %d : f64
      linalg.yield %p : f64
  } -> tensor<?xf64>
  return %y : tensor<?xf64>
}
func.func private @with_constant(%x: tensor<3xf64>) -> tensor<3xf64> {
  %c = arith.constant dense<0.1> : tensor<3xf64>
  %y = vi.call @tenth(%x, %c) : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
func.func @in_f32(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = vi.call @with_constant(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
func.func @in_f64(%x: tensor<3xf64>) -> tensor<3xf64> {
  %y = vi.call @with_constant(%x) : (tensor<3xf64>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}

// -----

// expected-note@+1 {{the function is here}}
func.func private @converts(%x: f64) -> f64 {
  %single = arith.truncf %x : f64 to f32
  %y = arith.extf %single : f32 to f64
  return %y : f64
}
func.func @f32_converts(%x: f32) -> f32 {
  // expected-error@+1 {{'vi.call' op has f32 for f64, but the function converts between real types}}
  %y = vi.call @converts(%x) : (f32) -> f32
  return %y : f32
}

// -----

// Not f32 here and f64 there.

// expected-note@+1 {{the function is here}}
func.func private @both(%x: f64, %y: f64) -> f64 {
  %z = arith.addf %x, %y : f64
  return %z : f64
}
func.func @mixed(%x: f32, %y: f64) -> f64 {
  // expected-error@+1 {{'vi.call' op operand 0 is of type 'f32', not 'f64'}}
  %z = vi.call @both(%x, %y) : (f32, f64) -> f64
  return %z : f64
}
