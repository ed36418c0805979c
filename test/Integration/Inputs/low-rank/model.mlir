// A normal distribution of covariance diag(1, 2, 1/2) + b b^T, b = (1, -2, 1/2),
// by its Cholesky factor.
vi.model @factor() {
  %loc = arith.constant dense<[1.0, -2.0, 3.0]> : tensor<3xf64>
  %factor = arith.constant dense<[
    [1.4142135623730951, 0.0, 0.0],
    [-1.4142135623730951, 2.0, 0.0],
    [0.35355339059327373, -0.25, 0.75]]> : tensor<3x3xf64>
  %prior = vi.multivariate_normal %loc, %factor : tensor<3xf64>, tensor<3x3xf64>
  %u = vi.sample "u" from %prior : tensor<3xf64>
}
