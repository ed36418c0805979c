// The square of a number is observed: its sign is not.

vi.model @square(%y: tensor<?xf64>) {
  %zero = arith.constant 0.0 : f64
  %wide = arith.constant 3.0 : f64
  %noise = arith.constant 0.5 : f64
  %prior = vi.normal %zero, %wide : f64, f64
  %x = vi.sample "x" from %prior : f64
  %square = arith.mulf %x, %x : f64
  %likelihood = vi.normal %square, %noise : f64, f64
  vi.observe "y" from %likelihood, %y : f64, tensor<?xf64>
}
