// Structure and measures survive printing and parsing, in both forms.
// RUN: vi-opt %s | vi-opt | FileCheck %s
// RUN: vi-opt %s --mlir-print-op-generic | vi-opt | FileCheck %s

// CHECK-LABEL: vi.model @sites(
// CHECK-SAME:    %n: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "n">}, %y: tensor<?xf64>, %seen: tensor<?xi1>) {
vi.model @sites(%n: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "n">},
                %y: tensor<?xf64>, %seen: tensor<?xi1>) {
  %one = arith.constant 1.0 : f64
  // CHECK: vi.param "a" real : f64
  %a = vi.param "a" real : f64
  // CHECK: vi.param "b" positive initial(2.000000e+00 : f64) : f64
  %b = vi.param "b" positive initial(2.0 : f64) : f64
  // CHECK: vi.param "c" real [%n] : tensor<?xf64>
  %c = vi.param "c" real [%n] : tensor<?xf64>
  // CHECK: vi.param "d" interval bounds(%{{.*}}, %{{.*}} : f64, f64) [%n] initial(5.000000e-01 : f64) : tensor<?xf64>
  %d = vi.param "d" interval bounds(%a, %b : f64, f64) [%n] initial(0.5 : f64) : tensor<?xf64>
  // CHECK: vi.param "e" simplex initial(dense<2.500000e-01> : tensor<4xf64>) : tensor<4xf64>
  %e = vi.param "e" simplex initial(dense<0.25> : tensor<4xf64>) : tensor<4xf64>
  // CHECK: %[[P:.*]] = vi.normal
  %p = vi.normal %a, %b : f64, f64
  // CHECK: vi.sample "scalar" from %[[P]] : f64
  %scalar = vi.sample "scalar" from %p : f64
  // CHECK: vi.sample "vector" from %[[P]][%n] : f64 -> tensor<?xf64>
  %vector = vi.sample "vector" from %p [%n] : f64 -> tensor<?xf64>
  // CHECK: vi.sample "matrix" from %[[P]][%n] : f64 -> tensor<2x?xf64>
  %matrix = vi.sample "matrix" from %p [%n] : f64 -> tensor<2x?xf64>
  // CHECK: vi.observe "y" from %[[P]], %y : f64, tensor<?xf64>
  vi.observe "y" from %p, %y : f64, tensor<?xf64>
  // CHECK: vi.observe "masked" from %[[P]], %y if %seen : f64, tensor<?xf64>, tensor<?xi1>
  vi.observe "masked" from %p, %y if %seen : f64, tensor<?xf64>, tensor<?xi1>
  // CHECK: vi.factor "penalty" %{{.*}} : f64
  vi.factor "penalty" %scalar : f64
  // CHECK: vi.factor "mixture" normalized %{{.*}} : f64
  vi.factor "mixture" normalized %scalar : f64
  // CHECK: vi.deterministic "twice" %{{.*}} : f64
  vi.deterministic "twice" %scalar : f64
  // CHECK: vi.deterministic "own" latent %{{.*}} : tensor<?xf64>
  vi.deterministic "own" latent %vector : tensor<?xf64>
  // CHECK: vi.predict "y_rep" from %[[P]] : f64
  %r = vi.predict "y_rep" from %p : f64
  // CHECK: vi.predict "ys_rep" from %[[P]][%n] : f64 -> tensor<?xf64>
  %rs = vi.predict "ys_rep" from %p [%n] : f64 -> tensor<?xf64>
}

// CHECK-LABEL: vi.model @line(%x: f64) attributes {vi.note = "kept"} {
vi.model @line(%x: f64) attributes {vi.note = "kept"} {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %z = vi.sample "z" from %p : f64
}

// CHECK-LABEL: vi.guide @line_guide for @line(%x: f64) {
vi.guide @line_guide for @line(%x: f64) {
  // CHECK: vi.sample "joint" auxiliary from %{{.*}} : f64
  %one = arith.constant 1.0 : f64
  %q = vi.normal %x, %one : f64, f64
  %joint = vi.sample "joint" auxiliary from %q : f64
  %d = vi.delta %joint : f64
  %z = vi.sample "z" from %d : f64
}

// CHECK-LABEL: func.func @plates
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?xf64>, %[[M:[a-z0-9]+]]: tensor<?x3xf64>, %[[ZERO:[a-z0-9]+]]: f64
func.func @plates(%n: index, %x: tensor<?xf64>, %m: tensor<?x3xf64>, %zero: f64)
    -> (f64, tensor<?xf64>, tensor<?x3xf64>, f64) {
  // CHECK:      vi.plate "empty" %{{.*}} in %[[N]] {
  // CHECK-NEXT: }
  vi.plate "empty" %i in %n {
  }
  // CHECK:      %{{.*}}:3 = vi.plate "full" %{{.*}} in %[[N]] (%[[A:.*]] = %[[X]] : tensor<?xf64>, %[[B:.*]] = %[[M]] : tensor<?x3xf64>) sums(%[[S:.*]] = %[[ZERO]] : f64) -> (tensor<?xf64>, tensor<?x3xf64>) attributes {vi.kept} {
  // CHECK-NEXT:   %[[T:.*]] = arith.addf %[[S]], %[[A]] : f64
  // CHECK-NEXT:   vi.yield sums(%[[T]] : f64) %[[A]], %[[B]] : f64, tensor<3xf64>
  // CHECK-NEXT: }
  %s, %as, %bs = vi.plate "full" %i in %n (%a = %x : tensor<?xf64>, %b = %m : tensor<?x3xf64>)
      sums(%sum = %zero : f64) -> (tensor<?xf64>, tensor<?x3xf64>)
      attributes {vi.kept} {
    %t = arith.addf %sum, %a : f64
    vi.yield sums(%t : f64) %a, %b : f64, tensor<3xf64>
  }
  %c1 = arith.constant 1 : index
  // CHECK:      vi.plate "range" %{{.*}} in %[[N]] from %{{.*}} to %[[N]] sums(%{{.*}} = %[[ZERO]] : f64) {
  // CHECK:        vi.yield sums(%{{.*}} : f64)
  %r = vi.plate "range" %i in %n from %c1 to %n sums(%sum = %zero : f64) {
    %t = arith.addf %sum, %zero : f64
    vi.yield sums(%t : f64)
  }
  return %s, %as, %bs, %r : f64, tensor<?xf64>, tensor<?x3xf64>, f64
}

// CHECK-LABEL: func.func @measures
func.func @measures(%l: f64, %s: f64, %x: tensor<4xf64>, %seen: tensor<4xi1>,
                    %n: index, %a: tensor<?x?xf64>, %b: tensor<?xf64>,
                    %phi: tensor<?xf64>) {
  // CHECK: %[[Q:.*]] = vi.normal
  %q = vi.normal %l, %s : f64, f64
  // CHECK: %[[P:.*]] = vi.laplace
  %p = vi.laplace %l, %s : f64, f64
  // CHECK: vi.log_prob %[[Q]], %{{.*}} : f64, tensor<4xf64> -> f64
  %lp = vi.log_prob %q, %x : f64, tensor<4xf64> -> f64
  // CHECK: vi.log_prob %[[Q]], %{{.*}} if %{{.*}} : f64, tensor<4xf64>, tensor<4xi1> -> f64
  %lm = vi.log_prob %q, %x if %seen : f64, tensor<4xf64>, tensor<4xi1> -> f64
  // CHECK: vi.entropy %[[Q]] : f64 -> f64
  %h = vi.entropy %q : f64 -> f64
  // CHECK: vi.kl %[[Q]], %[[P]] : f64, f64 -> f64
  %kl = vi.kl %q, %p : f64, f64 -> f64
  // CHECK: vi.cross_entropy %[[Q]], %[[P]] : f64, f64 -> f64
  %ce = vi.cross_entropy %q, %p : f64, f64 -> f64
  // CHECK:      vi.expect {
  // CHECK-NEXT:   %[[Z:.*]] = vi.draw "z" from %[[Q]] : f64
  // CHECK-NEXT:   vi.draw "v" from %[[Q]][%{{.*}}] : f64 -> tensor<?xf64>
  // CHECK-NEXT:   %[[C:.*]] = vi.stop_gradient %[[Z]] : f64
  // CHECK-NEXT:   vi.yield %[[Z]], %[[C]] : f64, f64
  // CHECK-NEXT: } : f64, f64
  %e:2 = vi.expect {
    %z = vi.draw "z" from %q : f64
    %v = vi.draw "v" from %q [%n] : f64 -> tensor<?xf64>
    %c = vi.stop_gradient %z : f64
    vi.yield %z, %c : f64, f64
  } : f64, f64
  // CHECK: vi.approximate %[[H:.*]] within %[[KL:.*]] : f64
  %approximate = vi.approximate %h within %kl : f64
  // CHECK: vi.approximate %{{.*}} within estimated %{{.*}} : f64
  %estimate = vi.approximate %h within estimated %kl : f64
  // CHECK: vi.elbo @line, @line_guide data(%{{.*}} : f64) parameters(%{{.*}}) batches(%{{.*}}, %{{.*}}, %{{.*}} : index, index, f64) : tensor<?xf64> -> f64
  %elbo = vi.elbo @line, @line_guide data(%l : f64) parameters(%phi)
      batches(%n, %n, %s : index, index, f64) : tensor<?xf64> -> f64
  // CHECK: vi.cholesky %{{.*}} : tensor<?x?xf64>
  %f = vi.cholesky %a : tensor<?x?xf64>
  // CHECK: vi.cholesky_adjoint %{{.*}}, %{{.*}} : tensor<?x?xf64>
  %f_bar = vi.cholesky_adjoint %f, %a : tensor<?x?xf64>
  // CHECK: vi.triangular_solve %{{.*}}, %{{.*}} : tensor<?x?xf64>, tensor<?xf64>
  %u = vi.triangular_solve %f, %b : tensor<?x?xf64>, tensor<?xf64>
  // CHECK: vi.triangular_solve %{{.*}}, %{{.*}} transpose : tensor<?x?xf64>, tensor<?xf64>
  %w = vi.triangular_solve %f, %b transpose : tensor<?x?xf64>, tensor<?xf64>
  return
}

// CHECK-LABEL: func.func private @types(!vi.dist<f64>, !vi.dist<tensor<?x3xi1>>)
func.func private @types(!vi.dist<f64>, !vi.dist<tensor<?x3xi1>>)
