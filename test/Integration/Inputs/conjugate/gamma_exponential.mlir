// Waiting times with a gamma prior and guide of their rate.

vi.model @gamma_exponential(%y: tensor<?xf64>) {
  %a = arith.constant 2.0 : f64
  %b = arith.constant 0.5 : f64
  %prior = vi.gamma %a, %b : f64, f64
  %rate = vi.sample "rate" from %prior : f64
  %likelihood = vi.exponential %rate : f64
  vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
}

vi.guide @guide for @gamma_exponential(%y: tensor<?xf64>) {
  %a = vi.param "a" positive : f64
  %b = vi.param "b" positive : f64
  %q = vi.gamma %a, %b : f64, f64
  %rate = vi.sample "rate" from %q : f64
}
