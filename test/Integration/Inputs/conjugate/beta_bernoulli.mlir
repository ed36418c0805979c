// A coin with a beta prior and guide.

vi.model @beta_bernoulli(%y: tensor<?xi1>) {
  %a = arith.constant 2.0 : f64
  %b = arith.constant 3.5 : f64
  %prior = vi.beta %a, %b : f64, f64
  %theta = vi.sample "theta" from %prior : f64
  %likelihood = vi.bernoulli %theta : f64
  vi.observe "y" from %likelihood, %y : i1, tensor<?xi1>
}

vi.guide @guide for @beta_bernoulli(%y: tensor<?xi1>) {
  %a = vi.param "a" positive : f64
  %b = vi.param "b" positive : f64
  %q = vi.beta %a, %b : f64, f64
  %theta = vi.sample "theta" from %q : f64
}
