// Groups whose effects are known to be normal(0, 1): the posterior is normal.
vi.model @groups(%J: index,
                 %group: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "J">},
                 %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %ten = arith.constant 10.0 : f64
  %N = tensor.dim %y, %c0 : tensor<?xf64>
  %wide = vi.normal %zero, %ten : f64, f64
  %mu = vi.sample "mu" from %wide : f64
  %a = vi.plate "groups" %j in %J -> tensor<?xf64> {
    %prior = vi.normal %zero, %one : f64, f64
    %a_j = vi.sample "a" from %prior : f64
    vi.yield %a_j : f64
  }
  vi.plate "observations" %n in %N (%g_n = %group : tensor<?xi64>, %y_n = %y : tensor<?xf64>) {
    %g = arith.index_cast %g_n : i64 to index
    %a_n = tensor.extract %a[%g] : tensor<?xf64>
    %mean = arith.addf %mu, %a_n : f64
    %likelihood = vi.normal %mean, %one : f64, f64
    vi.observe "y" from %likelihood, %y_n : f64, f64
    vi.yield
  }
  %first = tensor.extract %a[%c0] : tensor<?xf64>
  %second = tensor.extract %a[%c1] : tensor<?xf64>
  %level = arith.addf %mu, %first : f64
  vi.deterministic "level" %level : f64
  %difference = arith.subf %first, %second : f64
  %ratio = math.exp %difference : f64
  vi.deterministic "ratio" %ratio : f64
}
