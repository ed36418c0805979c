// A mean with a normal prior and guide; the scale is known.

vi.model @normal_normal(%y: tensor<?xf64>) {
  %loc = arith.constant 1.0 : f64
  %scale = arith.constant 3.0 : f64
  %noise = arith.constant 0.7 : f64
  %prior = vi.normal %loc, %scale : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  %likelihood = vi.normal %mu, %noise : f64, f64
  vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
}

vi.guide @guide for @normal_normal(%y: tensor<?xf64>) {
  %m = vi.param "m" real : f64
  %s = vi.param "s" positive : f64
  %q = vi.normal %m, %s : f64, f64
  %mu = vi.sample "mu" from %q : f64
}
