// RUN: vi-opt %s --vi-differentiate --split-input-file --verify-diagnostics

func.func @unknown_operand(%x: f64) -> f64 attributes {vi.differentiate = "g"} {
  // expected-error @+1 {{'special.gamma_draw_derivative' op has no derivative rule in operand 0, and the result that is differentiated depends on it}}
  %y = special.gamma_draw_derivative %x, %x : f64
  return %y : f64
}

// -----

func.func @unknown_parameter(%a: f64) -> f64 attributes {vi.differentiate = "g"} {
  %half = arith.constant 0.5 : f64
  // expected-error @+1 {{'special.regularized_beta' op has no derivative rule in operand 0}}
  %y = special.regularized_beta %a, %a, %half : f64
  return %y : f64
}

// -----

func.func @unknown_op(%x: tensor<4xf64>, %i: tensor<1x1xindex>) -> f64
    attributes {vi.differentiate = "g"} {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'tensor.gather' op has no derivative rule, and the result that is differentiated depends on it}}
  %y = tensor.gather %x[%i] gather_dims([0]) : (tensor<4xf64>, tensor<1x1xindex>) -> tensor<1x1xf64>
  %e = tensor.extract %y[%c0, %c0] : tensor<1x1xf64>
  return %e : f64
}

// -----

func.func @while(%x: f64) -> f64 attributes {vi.differentiate = "g"} {
  %one = arith.constant 1.0 : f64
  // expected-error @+1 {{'scf.while' op has no derivative rule}}
  %y = scf.while (%v = %x) : (f64) -> f64 {
    %c = arith.cmpf olt, %v, %one : f64
    scf.condition(%c) %v : f64
  } do {
  ^bb0(%v: f64):
    %w = arith.mulf %v, %v : f64
    scf.yield %w : f64
  }
  return %y : f64
}

// -----

func.func @bits(%x: f16) -> bf16 attributes {vi.differentiate = "g"} {
  // expected-error @+1 {{'arith.bitcast' op has no derivative rule, and the result that is differentiated depends on it}}
  %y = arith.bitcast %x : f16 to bf16
  return %y : bf16
}

// -----

func.func private @external(f64) -> f64
func.func @call(%x: f64) -> f64 attributes {vi.differentiate = "g"} {
  // expected-error @+1 {{'func.call' op of 'external', whose body is not one block, has no derivative rule}}
  %y = call @external(%x) : (f64) -> f64
  return %y : f64
}

// -----

func.func @recursive(%x: f64) -> f64 {
  %y = call @recursive(%x) : (f64) -> f64
  return %y : f64
}
func.func @recursion(%x: f64) -> f64 attributes {vi.differentiate = "g"} {
  // expected-error-re @-4 {{'func.call' op of 'recursive' is recursive}}
  %y = call @recursive(%x) : (f64) -> f64
  return %y : f64
}

// -----

// expected-error @+1 {{must have one floating-point result to be differentiated}}
func.func @two(%x: f64) -> (f64, f64) attributes {vi.differentiate = "g"} {
  return %x, %x : f64, f64
}

// -----

// expected-error @+1 {{argument 1 of 'index' is no floating-point number or tensor}}
func.func @integer(%x: f64, %i: index) -> f64
    attributes {vi.differentiate = "g", vi.wrt = [1]} {
  return %x : f64
}

// -----

// expected-error @+1 {{has no argument 3, which 'vi.wrt' names}}
func.func @range(%x: f64) -> f64 attributes {vi.differentiate = "g", vi.wrt = [3]} {
  return %x : f64
}

// -----

// expected-note @+1 {{defined here}}
func.func private @taken()
// expected-error @+1 {{cannot name its gradient 'taken': there is such a symbol}}
func.func @name(%x: f64) -> f64 attributes {vi.differentiate = "taken"} {
  return %x : f64
}

// -----

// expected-error @+1 {{has more than one block}}
func.func @blocks(%x: f64) -> f64 attributes {vi.differentiate = "g"} {
  cf.br ^bb1
^bb1:
  return %x : f64
}

// -----

// The derivative in the variance is half the second one in the mean.
func.func @seventh_derivative(%m: f64, %v: f64) -> f64 attributes {vi.differentiate = "g"} {
  // expected-error @+1 {{'special.gaussian_softplus' op has no derivative rule in operand 1}}
  %y = special.gaussian_softplus %m, %v {derivative = 5 : i64} : f64
  return %y : f64
}

// -----

// The gradient has no derivative, and stays.
func.func @second(%x: f64) -> f64
    attributes {vi.differentiate = "g", vi.hessian_vector_product = "h"} {
  %one = arith.constant 1.0 : f64
  // expected-warning @below {{no 'h', as the gradient cannot be differentiated: 'special.gamma_draw_derivative' op has no derivative rule in operand 0}}
  %y = special.regularized_gamma_p %x, %one : f64
  return %y : f64
}

// -----

// expected-error @below {{attribute 'vi.hessian_vector_product' needs 'vi.differentiate' beside it}}
func.func @alone(%x: f64) -> f64 attributes {vi.hessian_vector_product = "h"} {
  return %x : f64
}

// -----

// expected-error @below {{attribute 'vi.jacobian_vector_product' must be the name of the Jacobian-vector product}}
func.func @number(%x: f64) -> f64 attributes {vi.jacobian_vector_product = 1} {
  return %x : f64
}

// -----

func.func @tangent(%x: f64) -> (f64, index)
    attributes {vi.jacobian_vector_product = "h"} {
  // expected-error @below {{has no derivative rule in operand 0, and the result that is differentiated depends on it}}
  %y = special.gamma_draw_derivative %x, %x : f64
  %n = arith.constant 1 : index
  return %y, %n : f64, index
}
