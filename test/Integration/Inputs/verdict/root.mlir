// A scale that is a square root: not a number for negative latents.

vi.model @root(%y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %two = arith.constant 2.0 : f64
  %prior = vi.normal %two, %two : f64, f64
  %v = vi.sample "v" from %prior : f64
  %sd = math.sqrt %v : f64
  %second = vi.normal %zero, %sd : f64, f64
  %mu = vi.sample "mu" from %second : f64
  %likelihood = vi.normal %mu, %two : f64, f64
  vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
}
