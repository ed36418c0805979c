// Elements of a multivariate normal draw are correlated variables. The numbers are
// tested in joint-normal.py.
// RUN: vi-opt %s --vi-simplify-expectations --canonicalize --cse | FileCheck %s
// RUN: vi-opt %s --vi-simplify-expectations --remarks-filter=vi-expectations --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// E[u v] = E[u] E[v] + Cov(u, v), with the covariance L L'.
// REMARK: [Passed] exact
// CHECK-LABEL: func.func @product
// CHECK-SAME:    (%[[M:.*]]: tensor<?xf64>, %[[L:.*]]: tensor<?x?xf64>)
// CHECK-NOT:     vi.expect
// CHECK:         %[[LOWER:.*]] = linalg.generic {{.*}} ins(%[[L]] : tensor<?x?xf64>)
// CHECK:         %[[COV:.*]] = linalg.generic {{.*}} ins(%[[LOWER]], %[[LOWER]] : tensor<?x?xf64>, tensor<?x?xf64>)
// CHECK-DAG:     %[[A:.*]] = tensor.extract %[[M]][%c0]
// CHECK-DAG:     %[[B:.*]] = tensor.extract %[[M]][%c1]
// CHECK-DAG:     %[[C:.*]] = tensor.extract %[[COV]][%c0, %c1]
// CHECK:         %[[AB:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK:         %[[E:.*]] = arith.addf %[[AB]], %[[C]]
// CHECK:         return %[[E]]
func.func @product(%m: tensor<?xf64>, %l: tensor<?x?xf64>) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %q = vi.multivariate_normal %m, %l : tensor<?xf64>, tensor<?x?xf64>
  %e = vi.expect {
    %x = vi.draw "x" from %q : tensor<?xf64>
    %u = tensor.extract %x[%c0] : tensor<?xf64>
    %v = tensor.extract %x[%c1] : tensor<?xf64>
    %f = arith.mulf %u, %v : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// A full-rank guide's sites are points at elements of one draw; a logistic
// regression is a function of one predictor with variance x' S x.
// REMARK: [Passed] certified
// CHECK-LABEL: func.func @regression
// CHECK-NOT:     vi.expect
// CHECK:         special.gaussian_softplus
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @regression(%m: tensor<4xf64>, %l: tensor<4x4xf64>, %row: tensor<3xf64>, %y: i1) -> f64 {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %zeros = arith.constant dense<0.0> : tensor<f64>
  %q = vi.multivariate_normal %m, %l : tensor<4xf64>, tensor<4x4xf64>
  %e = vi.expect {
    %x = vi.draw "joint" from %q : tensor<4xf64>
    %first = tensor.extract %x[%c0] : tensor<4xf64>
    %alpha_point = vi.delta %first : f64
    %alpha = vi.draw "alpha" from %alpha_point : f64
    %rest = tensor.extract_slice %x[1] [3] [1] : tensor<4xf64> to tensor<3xf64>
    %beta = vi.plate "beta" %k in %c3 (%x_k = %rest : tensor<3xf64>) -> tensor<3xf64> {
      %point = vi.delta %x_k : f64
      %beta_k = vi.draw "beta" from %point : f64
      vi.yield %beta_k : f64
    }
    %dot = linalg.dot ins(%row, %beta : tensor<3xf64>, tensor<3xf64>) outs(%zeros : tensor<f64>) -> tensor<f64>
    %d = tensor.extract %dot[] : tensor<f64>
    %eta = arith.addf %alpha, %d : f64
    %lik = vi.bernoulli_logits %eta : f64
    %v = vi.log_prob %lik, %y : i1, i1 -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}

// Two general functions of correlated latents are no expectation in one dimension.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a product of different functions of one latent"
// CHECK-LABEL: func.func @functions
// CHECK:         vi.expect
func.func @functions(%m: tensor<?xf64>, %l: tensor<?x?xf64>) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %q = vi.multivariate_normal %m, %l : tensor<?xf64>, tensor<?x?xf64>
  %e = vi.expect {
    %x = vi.draw "x" from %q : tensor<?xf64>
    %u = tensor.extract %x[%c0] : tensor<?xf64>
    %v = tensor.extract %x[%c1] : tensor<?xf64>
    %a = math.tanh %u : f64
    %b = math.tanh %v : f64
    %f = arith.mulf %a, %b : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}
