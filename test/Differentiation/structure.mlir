// RUN: vi-opt %s --vi-differentiate | FileCheck %s

// A product, in one of its factors.
func.func @scalar(%x: f64, %a: f64) -> f64
    attributes {vi.differentiate = "scalar_gradient", vi.wrt = [0], vi.export} {
  %y = math.log %x : f64
  %z = arith.mulf %a, %y : f64
  return %z : f64
}
// CHECK-LABEL: func.func @scalar(
// CHECK-NOT: vi.differentiate
// CHECK-LABEL: func.func @scalar_gradient(
// CHECK-SAME: %[[X:.*]]: f64, %[[A:.*]]: f64) -> (f64 {vi.name = "value"}, f64 {vi.name = "gradient"}) attributes {vi.export}
// CHECK-NEXT: %[[Y:.*]] = math.log %[[X]]
// CHECK-NEXT: %[[Z:.*]] = arith.mulf %[[A]], %[[Y]]
// CHECK-NEXT: %[[G:.*]] = arith.divf %[[A]], %[[X]]
// CHECK-NEXT: return %[[Z]], %[[G]]

// Along a direction: the tangent of each value behind the value, and only of
// what moves.
func.func @along(%x: f64, %a: f64) -> (f64, f64)
    attributes {vi.jacobian_vector_product = "along_tangent", vi.wrt = [0]} {
  %y = math.log %x : f64
  %z = arith.mulf %a, %y : f64
  %w = math.exp %a : f64
  return %z, %w : f64, f64
}
// CHECK-LABEL: func.func @along_tangent(
// CHECK-SAME: %[[X:.*]]: f64, %[[A:.*]]: f64, %[[T:.*]]: f64 {vi.doc = "the direction", vi.name = "tangent"}) -> (f64 {vi.name = "tangent_0"}, f64 {vi.name = "tangent_1"})
// CHECK-NEXT: %[[ZERO:.*]] = arith.constant 0.0
// CHECK-NEXT: %[[DY:.*]] = arith.divf %[[T]], %[[X]]
// CHECK-NEXT: %[[DZ:.*]] = arith.mulf %[[DY]], %[[A]]
// CHECK-NEXT: return %[[DZ]], %[[ZERO]]

// The Hessian's product with a direction is the gradient along it: the adjoint
// of a member and its tangent in one plate, whose sums are those of the
// product alone.
func.func @hessian(%y: tensor<?xf64>, %mu: f64) -> f64
    attributes {vi.differentiate = "hessian_gradient",
                vi.hessian_vector_product = "hessian_product", vi.wrt = [1]} {
  %zero = arith.constant 0.0 : f64
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %r = arith.subf %y_i, %mu : f64
    %e = math.exp %r : f64
    %next = arith.addf %s, %e : f64
    vi.yield sums(%next : f64)
  }
  return %total : f64
}
// CHECK-LABEL: func.func @hessian_product(
// CHECK-SAME: %[[Y:.*]]: tensor<?xf64>, %[[MU:.*]]: f64, %[[V:.*]]: f64 {vi.doc = "the direction", vi.name = "direction"}) -> (f64 {vi.name = "product"})
// CHECK: vi.plate "obs"
// CHECK-SAME: sums(%[[S:.*]] = %{{.*}} : f64)
// CHECK: %[[E:.*]] = math.exp
// CHECK-NOT: math.exp
// CHECK: vi.yield sums(%{{.*}} : f64)
// CHECK-NEXT: }
// CHECK-NEXT: return

// One pass over the data: a plate of draws, in it one plate of data that holds
// both sweeps; the gather's adjoint updates one element of a running sum.
func.func @regression(%y: tensor<?xf64>, %x: tensor<?x?xf64>,
                      %group: tensor<?xindex>, %phi: tensor<?xf64>,
                      %noise: tensor<?x?xf64>, %scale: f64) -> f64
    attributes {vi.differentiate = "regression_gradient",
                vi.hessian_vector_product = "regression_product", vi.wrt = [3]} {
  %zero = arith.constant 0.0 : f64
  %half = arith.constant -0.5 : f64
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %d = tensor.dim %x, %c1 : tensor<?x?xf64>
  %k = tensor.dim %noise, %c0 : tensor<?x?xf64>
  %p = tensor.dim %phi, %c0 : tensor<?xf64>
  %groups = arith.subi %p, %d : index
  %total = vi.plate "draws" %i in %k (%e = %noise : tensor<?x?xf64>)
      sums(%s = %zero : f64) {
    %u = linalg.add ins(%phi, %e : tensor<?xf64>, tensor<?xf64>)
        outs(%phi : tensor<?xf64>) -> tensor<?xf64>
    %beta = tensor.extract_slice %u[0] [%d] [1] : tensor<?xf64> to tensor<?xf64>
    %alpha = tensor.extract_slice %u[%d] [%groups] [1] : tensor<?xf64> to tensor<?xf64>
    %log_density = vi.plate "obs" %j in %n
        (%y_j = %y : tensor<?xf64>, %x_j = %x : tensor<?x?xf64>, %g = %group : tensor<?xindex>)
        sums(%t = %zero : f64) {
      %init = tensor.from_elements %zero : tensor<f64>
      %dot = linalg.dot ins(%x_j, %beta : tensor<?xf64>, tensor<?xf64>)
          outs(%init : tensor<f64>) -> tensor<f64>
      %eta = tensor.extract %dot[] : tensor<f64>
      %alpha_g = tensor.extract %alpha[%g] : tensor<?xf64>
      %mu = arith.addf %eta, %alpha_g : f64
      %r = arith.subf %y_j, %mu : f64
      %square = arith.mulf %r, %r : f64
      %term = arith.mulf %square, %half : f64
      %next = arith.addf %t, %term : f64
      vi.yield sums(%next : f64)
    }
    %weighted = arith.mulf %log_density, %scale : f64
    %sum = arith.addf %s, %weighted : f64
    vi.yield sums(%sum : f64)
  }
  return %total : f64
}
// CHECK-LABEL: func.func @regression_gradient(
// CHECK-NOT: vi.plate
// CHECK: vi.plate "draws"
// CHECK-NOT: vi.plate
// CHECK: vi.plate "obs"
// CHECK-NOT: vi.plate
// CHECK-LABEL: func.func @regression_product(
// CHECK-NOT: vi.plate
// CHECK: vi.plate "draws"
// CHECK-SAME: sums(%{{[^,]*}} : tensor<?xf64>)
// CHECK-NOT: vi.plate
// CHECK: vi.plate "obs"
// CHECK-SAME: sums(%{{[^,]*}} : tensor<?xf64>, %{{[^,]*}} : tensor<?xf64>)
// CHECK-NOT: vi.plate

// The adjoint of an element of a row is added in the matrix: no row is filled
// with zeros or added as a whole.
func.func @rows(%y: tensor<?xf64>, %at: index, %phi: tensor<?x?xf64>) -> f64
    attributes {vi.differentiate = "rows_gradient", vi.wrt = [2]} {
  %zero = arith.constant 0.0 : f64
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %draws = tensor.dim %phi, %c0 : tensor<?x?xf64>
  %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>)
      sums(%s = %zero : f64) {
    %sum = vi.plate "draws" %k in %draws (%row = %phi : tensor<?x?xf64>)
        sums(%t = %s : f64) {
      %e = tensor.extract %row[%at] : tensor<?xf64>
      %p = arith.mulf %e, %y_i : f64
      %u = arith.addf %t, %p : f64
      vi.yield sums(%u : f64)
    }
    vi.yield sums(%sum : f64)
  }
  return %total : f64
}
// CHECK-LABEL: func.func @rows(
// CHECK-LABEL: func.func @rows_gradient(
// CHECK: vi.plate "obs"
// CHECK: vi.plate "draws"
// CHECK-NOT: linalg.
// CHECK: %[[PART:.*]] = tensor.extract_slice
// CHECK-NOT: linalg.
// CHECK: %[[OLD:.*]] = tensor.extract %[[PART]][
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK-NEXT: %[[UPDATED:.*]] = tensor.insert %[[NEW]] into %[[PART]][
// CHECK-NOT: linalg.
// CHECK: tensor.insert_slice %[[UPDATED]]
