// Whole-tensor sites become plates, and what computes their parameters moves in.
// RUN: vi-opt %s --vi-raise-to-plates --canonicalize | FileCheck %s

// The matrix-vector product becomes the dot product of a row; nothing of the
// length of the data is left.
// CHECK-LABEL: vi.model @regression
// CHECK:         %[[B:.*]] = vi.plate "b" %{{.*}} in %c3 -> tensor<3xf64> {
// CHECK:           %[[B_I:.*]] = vi.sample "b" from %{{.*}} : f64
// CHECK:           vi.yield %[[B_I]] : f64
// CHECK-NOT:     tensor.splat
// CHECK-NOT:     linalg.matvec
// CHECK:         %[[N:.*]] = tensor.dim %y
// CHECK:         vi.plate "y" %{{.*}} in %[[N]] (%[[X_I:.*]] = %x : tensor<?x3xf64>, %[[Y_I:.*]] = %y : tensor<?xf64>) {
// CHECK:           %[[DOT:.*]] = linalg.generic {{.*}}iterator_types = ["reduction"]{{.*}} ins(%[[X_I]], %[[B]] : tensor<3xf64>, tensor<3xf64>)
// CHECK:           %[[MEAN:.*]] = tensor.extract %[[DOT]][]
// CHECK:           %[[EXP:.*]] = math.exp %[[MEAN]] : f64
// CHECK:           %[[L:.*]] = vi.normal %[[EXP]], %{{.*}} : f64, f64
// CHECK:           vi.observe "y" from %[[L]], %[[Y_I]] : f64, f64
vi.model @regression(%x: tensor<?x3xf64>, %y: tensor<?xf64>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %b = vi.sample "b" from %p : f64 -> tensor<3xf64>
  %zeros = tensor.splat %zero[%n] : tensor<?xf64>
  %mean = linalg.matvec ins(%x, %b : tensor<?x3xf64>, tensor<3xf64>)
      outs(%zeros : tensor<?xf64>) -> tensor<?xf64>
  %exp = math.exp %mean : tensor<?xf64>
  %l = vi.normal %exp, %one : tensor<?xf64>, f64
  vi.observe "y" from %l, %y : tensor<?xf64>, tensor<?xf64>
}

// A plate for each dimension, until members are events; masks are sliced too,
// and stacks take the place of the values.
// CHECK-LABEL: vi.model @matrix
// CHECK:         %[[Z:.*]] = vi.plate "z" %{{.*}} in %c2 -> tensor<2x?xf64> {
// CHECK:           vi.plate "z_1" %{{.*}} in %n -> tensor<?xf64> {
// CHECK:             vi.sample "z" from %{{.*}} : f64
// CHECK:         vi.plate "y" %{{.*}} in %c2 (%[[Z_I:.*]] = %[[Z]] : tensor<2x?xf64>, %[[Y_I:.*]] = %y : tensor<2x?xf64>, %[[SEEN_I:.*]] = %seen : tensor<2x?xi1>) {
// CHECK:           vi.plate "y_1" %{{.*}} in %{{.*}} (%[[Z_IJ:.*]] = %[[Z_I]] : tensor<?xf64>, %[[Y_IJ:.*]] = %[[Y_I]] : tensor<?xf64>, %[[SEEN_IJ:.*]] = %[[SEEN_I]] : tensor<?xi1>) {
// CHECK:             %[[L:.*]] = vi.normal %[[Z_IJ]], %{{.*}} : f64, f64
// CHECK:             vi.observe "y" from %[[L]], %[[Y_IJ]] if %[[SEEN_IJ]] : f64, f64, i1
// CHECK:         %[[R:.*]] = vi.plate "r"
// CHECK:           vi.plate "r_1"
// CHECK:             vi.predict "r" from %{{.*}} : f64
// CHECK:         vi.deterministic "copy" %[[R]] : tensor<2x?xf64>
vi.model @matrix(%y: tensor<2x?xf64>, %seen: tensor<2x?xi1>, %n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %z = vi.sample "z" from %p [%n] : f64 -> tensor<2x?xf64>
  %l = vi.normal %z, %one : tensor<2x?xf64>, f64
  vi.observe "y" from %l, %y if %seen : tensor<2x?xf64>, tensor<2x?xf64>, tensor<2x?xi1>
  %r = vi.predict "r" from %l : tensor<2x?xf64>
  vi.deterministic "copy" %r : tensor<2x?xf64>
}

// An event of a multivariate family stays one site.
// CHECK-LABEL: vi.model @events
// CHECK:         %[[P:.*]] = vi.multivariate_normal
// CHECK-NEXT:    vi.sample "one" from %[[P]] : tensor<2xf64>
// CHECK:         vi.plate "many" %{{.*}} in %n {
// CHECK:           vi.sample "many" from %[[P]] : tensor<2xf64>
vi.model @events(%l: tensor<2x2xf64>, %m: tensor<2xf64>, %n: index) {
  %p = vi.multivariate_normal %m, %l : tensor<2xf64>, tensor<2x2xf64>
  %one = vi.sample "one" from %p : tensor<2xf64>
  %many = vi.sample "many" from %p [%n] : tensor<2xf64> -> tensor<?x2xf64>
}

// Slices of a series are read where they lie.
// CHECK-LABEL: vi.model @slices
// CHECK:         vi.plate "y" %[[I:.*]] in %{{.*}} {
// CHECK:           %[[THEN:.*]] = tensor.extract %y[%[[I]]]
// CHECK:           %[[L:.*]] = vi.normal %[[THEN]], %{{.*}} : f64, f64
// CHECK:           %[[PLACE:.*]] = arith.addi %[[I]], %k : index
// CHECK:           %[[NOW:.*]] = tensor.extract %y[%[[PLACE]]]
// CHECK:           vi.observe "y" from %[[L]], %[[NOW]] : f64, f64
vi.model @slices(%y: tensor<?xf64>, %k: index, %len: index) {
  %one = arith.constant 1.0 : f64
  %now = tensor.extract_slice %y[%k] [%len] [1] : tensor<?xf64> to tensor<?xf64>
  %then = tensor.extract_slice %y[0] [%len] [1] : tensor<?xf64> to tensor<?xf64>
  %l = vi.normal %then, %one : tensor<?xf64>, f64
  vi.observe "y" from %l, %now : tensor<?xf64>, tensor<?xf64>
}

// A plate that is there stays, and its sites of one member with it.
// CHECK-LABEL: vi.model @plate
// CHECK-COUNT-1: vi.plate
// CHECK-NOT:     vi.plate
// CHECK:         vi.observe "y" from %{{.*}}, %{{.*}} : f64, f64
vi.model @plate(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>) {
    %l = vi.normal %one, %one : f64, f64
    vi.observe "y" from %l, %y_i : f64, f64
  }
}

// The product with a matrix of one column is a number for each member.
// CHECK-LABEL: vi.model @one_column
// CHECK-NOT:     tensor<?x1xf64>
// CHECK:         vi.plate "y" {{.*}} (%{{.*}} = %x : tensor<?x3xf64>, %{{.*}} = %y : tensor<?xf64>) {
// CHECK:           } -> tensor<1xf64>
// CHECK:           tensor.extract %{{.*}}[%c0] : tensor<1xf64>
vi.model @one_column(%x: tensor<?x3xf64>, %y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %p = vi.normal %zero, %one : f64, f64
  %w = vi.sample "w" from %p : f64 -> tensor<3x1xf64>
  %empty = tensor.empty(%n) : tensor<?x1xf64>
  %zeros = linalg.fill ins(%zero : f64) outs(%empty : tensor<?x1xf64>) -> tensor<?x1xf64>
  %o = linalg.matmul ins(%x, %w : tensor<?x3xf64>, tensor<3x1xf64>) outs(%zeros : tensor<?x1xf64>) -> tensor<?x1xf64>
  %mean = tensor.collapse_shape %o [[0, 1]] : tensor<?x1xf64> into tensor<?xf64>
  %d = vi.normal %mean, %one : tensor<?xf64>, f64
  vi.observe "y" from %d, %y : tensor<?xf64>, tensor<?xf64>
}

// A design matrix of columns, and one made element by element: a row of each in
// the plate, and nothing as long as it.
// CHECK-LABEL: vi.model @design
// CHECK-SAME:    %[[Y:[a-z0-9_]+]]: tensor<?xf64>, %[[A:[a-z0-9_]+]]: tensor<?xf64>, %[[B:[a-z0-9_]+]]: tensor<?x2xf64>
// CHECK-NOT:     tensor<?x4xf64>
// CHECK:         vi.plate "y" %[[I:.*]] in %{{.*}} (%[[B_I:.*]] = %[[B]] : tensor<?x2xf64>, %[[A_I:.*]] = %[[A]] : tensor<?xf64>, %{{.*}} = %[[Y]] : tensor<?xf64>) {
// CHECK-NEXT:      %[[ROW:.*]] = tensor.empty() : tensor<4xf64>
// CHECK-NEXT:      %[[ROW1:.*]] = tensor.insert %{{.*}} into %[[ROW]][%c0] : tensor<4xf64>
// CHECK-NEXT:      %[[ROW2:.*]] = tensor.insert %[[A_I]] into %[[ROW1]][%c1] : tensor<4xf64>
// CHECK-NEXT:      tensor.insert_slice %[[B_I]] into %[[ROW2]][2] [2] [1] : tensor<2xf64> into tensor<4xf64>
// CHECK:           tensor.generate
// CHECK-NEXT:      ^bb0(%[[J:.*]]: index):
// CHECK:             arith.addi %[[I]], %[[J]]
// CHECK:             } : tensor<4xf64>
vi.model @design(%y: tensor<?xf64>, %a: tensor<?xf64>, %b: tensor<?x2xf64>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %ones = tensor.splat %one[%n] : tensor<?xf64>
  %x0 = tensor.empty(%n) : tensor<?x4xf64>
  %x1 = tensor.insert_slice %ones into %x0[0, 0] [%n, 1] [1, 1] : tensor<?xf64> into tensor<?x4xf64>
  %x2 = tensor.insert_slice %a into %x1[0, 1] [%n, 1] [1, 1] : tensor<?xf64> into tensor<?x4xf64>
  %x3 = tensor.insert_slice %b into %x2[0, 2] [%n, 2] [1, 1] : tensor<?x2xf64> into tensor<?x4xf64>
  %g = tensor.generate %n {
  ^bb0(%i: index, %j: index):
    %k = arith.addi %i, %j : index
    %k64 = arith.index_cast %k : index to i64
    %f = arith.sitofp %k64 : i64 to f64
    tensor.yield %f : f64
  } : tensor<?x4xf64>
  %x = arith.addf %x3, %g : tensor<?x4xf64>
  %flat = vi.flat real : f64
  %w = vi.sample "w" from %flat : f64 -> tensor<4xf64>
  %zeros = tensor.empty(%n) : tensor<?xf64>
  %mean = linalg.matvec ins(%x, %w : tensor<?x4xf64>, tensor<4xf64>) outs(%ones : tensor<?xf64>) -> tensor<?xf64>
  %d = vi.normal %mean, %one : tensor<?xf64>, f64
  vi.observe "y" from %d, %y : tensor<?xf64>, tensor<?xf64>
}
