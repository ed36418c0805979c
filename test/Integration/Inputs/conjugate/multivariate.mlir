// A multivariate normal prior of all means, and independent normals as guide.
vi.model @multivariate(%m: tensor<?xf64>, %L: tensor<?x?xf64>,
                       %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %scale = arith.constant 0.5 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.multivariate_normal %m, %L : tensor<?xf64>, tensor<?x?xf64>
  %z = vi.sample "z" from %prior : tensor<?xf64>
  vi.plate "n" %n in %N (%z_n = %z : tensor<?xf64>, %y_n = %y : tensor<?xf64>) {
    %likelihood = vi.normal %z_n, %scale : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
  }
}
