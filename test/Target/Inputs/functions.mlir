// Functions whose values have closed forms, exported to C.

// Log-likelihood of a linear regression with unit variance, up to a constant,
// its gradient, and the residuals: one pass over the rows lo .. hi - 1.
func.func @regression(%x: tensor<?x?xf64> {vi.name = "x"},
                      %y: tensor<?xf64> {vi.name = "y"},
                      %beta: tensor<?xf64> {vi.name = "beta"},
                      %lo: index {vi.name = "begin"},
                      %hi: index {vi.name = "end"})
    -> (f64, tensor<?xf64> {vi.name = "gradient"},
        tensor<?xf64> {vi.name = "residuals"}) attributes {vi.export} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %half = arith.constant -0.5 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %d = tensor.dim %beta, %c0 : tensor<?xf64>
  %empty = tensor.empty(%d) : tensor<?xf64>
  %zeros = linalg.fill ins(%zero : f64) outs(%empty : tensor<?xf64>)
      -> tensor<?xf64>
  %value, %gradient, %residuals = vi.plate "row" %i in %n from %lo to %hi
      (%x_i = %x : tensor<?x?xf64>, %y_i = %y : tensor<?xf64>)
      sums(%v = %zero : f64, %g = %zeros : tensor<?xf64>) -> tensor<?xf64> {
    %e0 = tensor.empty() : tensor<f64>
    %z0 = linalg.fill ins(%zero : f64) outs(%e0 : tensor<f64>) -> tensor<f64>
    %dot = linalg.dot ins(%x_i, %beta : tensor<?xf64>, tensor<?xf64>)
        outs(%z0 : tensor<f64>) -> tensor<f64>
    %eta = tensor.extract %dot[] : tensor<f64>
    %r = arith.subf %y_i, %eta : f64
    %rr = arith.mulf %r, %r : f64
    %term = arith.mulf %half, %rr : f64
    %v1 = arith.addf %v, %term : f64
    %splat = tensor.splat %r[%d] : tensor<?xf64>
    %contribution = arith.mulf %splat, %x_i : tensor<?xf64>
    %g1 = arith.addf %g, %contribution : tensor<?xf64>
    vi.yield sums(%v1, %g1 : f64, tensor<?xf64>) %r : f64
  }
  return %value, %gradient, %residuals : f64, tensor<?xf64>, tensor<?xf64>
}

// Solves A x = b through the Cholesky factor, and log det A.
func.func @solve(%a: tensor<?x?xf64> {vi.name = "a"},
                 %b: tensor<?xf64> {vi.name = "b"})
    -> (f64, tensor<?xf64> {vi.name = "x"},
        tensor<?x?xf64> {vi.name = "factor"}) attributes {vi.export} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %two = arith.constant 2.0 : f64
  %n = tensor.dim %b, %c0 : tensor<?xf64>
  %l = vi.cholesky %a : tensor<?x?xf64>
  %z = vi.triangular_solve %l, %b : tensor<?x?xf64>, tensor<?xf64>
  %x = vi.triangular_solve %l, %z transpose : tensor<?x?xf64>, tensor<?xf64>
  %log_det = vi.plate "diagonal" %i in %n sums(%s = %zero : f64) {
    %d = tensor.extract %l[%i, %i] : tensor<?x?xf64>
    %log = math.log %d : f64
    %term = arith.mulf %two, %log : f64
    %next = arith.addf %s, %term : f64
    vi.yield sums(%next : f64)
  }
  return %log_det, %x, %l : f64, tensor<?xf64>, tensor<?x?xf64>
}

// A right-hand side of several columns.
func.func @solve_columns(%l: tensor<?x?xf64>, %b: tensor<?x?xf64>)
    -> (tensor<?x?xf64>, tensor<?x?xf64>) attributes {vi.export} {
  %x = vi.triangular_solve %l, %b : tensor<?x?xf64>, tensor<?x?xf64>
  %z = vi.triangular_solve %l, %b transpose : tensor<?x?xf64>, tensor<?x?xf64>
  return %x, %z : tensor<?x?xf64>, tensor<?x?xf64>
}

// Sums by group: an accumulator of which a member updates one element.
func.func @by_group(%y: tensor<?xf32>, %group: tensor<?xi64>,
                    %seen: tensor<?xi1>, %groups: index)
    -> (tensor<?xf32>, i1 {vi.name = "all"}) attributes {vi.export} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %true = arith.constant true
  %n = tensor.dim %y, %c0 : tensor<?xf32>
  %empty = tensor.empty(%groups) : tensor<?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>)
      -> tensor<?xf32>
  %sums, %all = vi.plate "obs" %i in %n
      (%y_i = %y : tensor<?xf32>, %g_i = %group : tensor<?xi64>,
       %s_i = %seen : tensor<?xi1>)
      sums(%acc = %zeros : tensor<?xf32>, %a = %true : i1) {
    %g = arith.index_cast %g_i : i64 to index
    %old = tensor.extract %acc[%g] : tensor<?xf32>
    %masked = arith.select %s_i, %y_i, %zero : f32
    %new = arith.addf %old, %masked : f32
    %next = tensor.insert %new into %acc[%g] : tensor<?xf32>
    %a1 = arith.andi %a, %s_i : i1
    vi.yield sums(%next, %a1 : tensor<?xf32>, i1)
  }
  return %sums, %all : tensor<?xf32>, i1
}

// Small arguments of log1p and expm1 keep their digits.
func.func @small(%x: f64, %on: i1) -> (f64, f64, i1, i32)
    attributes {vi.export} {
  %a = math.log1p %x : f64
  %b = math.expm1 %x : f64
  %true = arith.constant true
  %not = arith.xori %on, %true : i1
  %seven = arith.constant 7 : i32
  return %a, %b, %not, %seven : f64, f64, i1, i32
}
