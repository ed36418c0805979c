// A line with normal priors and known noise: the posterior is a correlated
// normal, the guide has independent parts.

vi.model @line(%x: tensor<?xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %wide = arith.constant 2.0 : f64
  %noise = arith.constant 0.5 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %prior = vi.normal %zero, %wide : f64, f64
  %a = vi.sample "a" from %prior : f64
  %b = vi.sample "b" from %prior : f64
  vi.plate "point" %n in %N (%x_n = %x : tensor<?xf64>,
                             %y_n = %y : tensor<?xf64>) {
    %rise = arith.mulf %b, %x_n : f64
    %mean = arith.addf %a, %rise : f64
    %likelihood = vi.normal %mean, %noise : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
}

vi.guide @guide for @line(%x: tensor<?xf64>, %y: tensor<?xf64>) {
  %ma = vi.param "a.loc" real : f64
  %sa = vi.param "a.scale" positive : f64
  %mb = vi.param "b.loc" real : f64
  %sb = vi.param "b.scale" positive : f64
  %qa = vi.normal %ma, %sa : f64, f64
  %a = vi.sample "a" from %qa : f64
  %qb = vi.normal %mb, %sb : f64, f64
  %b = vi.sample "b" from %qb : f64
}
