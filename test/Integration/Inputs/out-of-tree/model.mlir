vi.model @coin(%y: tensor<?xi1>) {
  %one = arith.constant 1.0 : f64
  %prior = vi.beta %one, %one : f64, f64
  outer.describe %prior : !vi.dist<f64>
  %theta = vi.sample "theta" from %prior : f64
  %likelihood = vi.bernoulli %theta : f64
  vi.observe "y" from %likelihood, %y : i1, tensor<?xi1>
}
