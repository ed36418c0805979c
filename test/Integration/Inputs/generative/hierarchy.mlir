// Two layers of latents: z2 ~ N(0, 1), z1 ~ N(a z2, t^2), x ~ N(z1 + b, s^2); the
// guide goes up, z1 from x and z2 from z1.

vi.model @hierarchy(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %a = vi.param "a" real initial(0.5) : f64
  %t = vi.param "t" positive : f64
  %b = vi.param "b" real : f64
  %s = vi.param "s" positive : f64
  %top = vi.normal %zero, %one : f64, f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %z2 = vi.sample "z2" from %top : f64
    %mean1 = arith.mulf %a, %z2 : f64
    %middle = vi.normal %mean1, %t : f64, f64
    %z1 = vi.sample "z1" from %middle : f64
    %mean = arith.addf %z1, %b : f64
    %likelihood = vi.normal %mean, %s : f64, f64
    vi.observe "x" from %likelihood, %x_n : f64, f64
    vi.yield
  }
}

vi.guide @upwards for @hierarchy(%x: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %N = tensor.dim %x, %c0 : tensor<?xf64>
  %v1 = vi.param "v1" real initial(0.3) : f64
  %c1 = vi.param "c1" real : f64
  %s1 = vi.param "s1" positive : f64
  %v2 = vi.param "v2" real initial(0.3) : f64
  %s2 = vi.param "s2" positive : f64
  vi.plate "datum" %n in %N (%x_n = %x : tensor<?xf64>) {
    %slope1 = arith.mulf %v1, %x_n : f64
    %mean1 = arith.addf %slope1, %c1 : f64
    %q1 = vi.normal %mean1, %s1 : f64, f64
    %z1 = vi.sample "z1" from %q1 : f64
    %mean2 = arith.mulf %v2, %z1 : f64
    %q2 = vi.normal %mean2, %s2 : f64, f64
    %z2 = vi.sample "z2" from %q2 : f64
    vi.yield
  }
}
