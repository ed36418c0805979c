// Logistic regression with flat priors.

vi.model @separable(%x: tensor<?xf64>, %y: tensor<?xi1>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %y, %c0 : tensor<?xi1>
  %flat = vi.flat real : f64
  %alpha = vi.sample "alpha" from %flat : f64
  %beta = vi.sample "beta" from %flat : f64
  vi.plate "obs" %n in %N (%x_n = %x : tensor<?xf64>,
                           %y_n = %y : tensor<?xi1>) {
    %rise = arith.mulf %beta, %x_n : f64
    %logits = arith.addf %alpha, %rise : f64
    %likelihood = vi.bernoulli_logits %logits : f64
    vi.observe "y" from %likelihood, %y_n : i1, i1
    vi.yield
  }
}
