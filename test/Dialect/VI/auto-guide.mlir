// A guide for every model that has none.
// RUN: vi-opt %s --vi-auto-guide="family=meanfield scale=0.5" | FileCheck %s --check-prefixes=CHECK,MEANFIELD
// RUN: vi-opt %s --vi-auto-guide="family=fullrank scale=0.5" --canonicalize | FileCheck %s --check-prefixes=CHECK,FULLRANK
// RUN: vi-opt %s --vi-auto-guide="family=lowrank rank=2 scale=0.5" --canonicalize | FileCheck %s --check-prefixes=CHECK,LOWRANK
// RUN: vi-opt %s --vi-auto-guide="family=delta" | FileCheck %s --check-prefixes=CHECK,DELTA

// CHECK-LABEL: vi.model @m(
vi.model @m(%n: index, %y: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %one, %one : f64, f64
  %mu = vi.sample "mu" from %p : f64
  %w = vi.sample "w" from %p : f64 -> tensor<2xf64>
  vi.plate "s" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z.unconstrained" from %p : f64
    %l = vi.normal %z, %one : f64, f64
    vi.observe "y" from %l, %y_i : f64, f64
  }
}

// Parameters have the names of the sites as the model gives them.
// CHECK-LABEL: vi.guide @m_guide for @m(%n: index, %y: tensor<?xf64>) {

// MEANFIELD:      %[[LOC:.*]] = vi.param "mu.loc" real initial(0.000000e+00 : f64) : f64
// MEANFIELD-NEXT: %[[SCALE:.*]] = vi.param "mu.scale" positive initial(5.000000e-01 : f64) : f64
// MEANFIELD-NEXT: %[[Q:.*]] = vi.normal %[[LOC]], %[[SCALE]] : f64, f64
// MEANFIELD-NEXT: vi.sample "mu" from %[[Q]] : f64
// MEANFIELD-NEXT: %[[LOCS:.*]] = vi.param "w.loc" real initial(0.000000e+00 : f64) : tensor<2xf64>
// MEANFIELD-NEXT: %[[SCALES:.*]] = vi.param "w.scale" positive initial(5.000000e-01 : f64) : tensor<2xf64>
// MEANFIELD-NEXT: %[[Q:.*]] = vi.normal %[[LOCS]], %[[SCALES]] : tensor<2xf64>, tensor<2xf64>
// MEANFIELD-NEXT: vi.sample "w" from %[[Q]] : tensor<2xf64>
// MEANFIELD-NEXT: %[[LOCS:.*]] = vi.param "z.loc" real [%n] initial(0.000000e+00 : f64) : tensor<?xf64>
// MEANFIELD-NEXT: %[[SCALES:.*]] = vi.param "z.scale" positive [%n] initial(5.000000e-01 : f64) : tensor<?xf64>
// MEANFIELD-NEXT: vi.plate "s" %{{.*}} in %n (%[[LOC:.*]] = %[[LOCS]] : tensor<?xf64>, %[[SCALE:.*]] = %[[SCALES]] : tensor<?xf64>) {
// MEANFIELD-NEXT:   %[[Q:.*]] = vi.normal %[[LOC]], %[[SCALE]] : f64, f64
// MEANFIELD-NEXT:   vi.sample "z.unconstrained" from %[[Q]] : f64

// One scalar, two elements, n members: n + 3 numbers, (n + 3) (n + 2) / 2 of
// them below the diagonal.
// FULLRANK:      %[[D:.*]] = arith.addi %n, %c3 : index
// FULLRANK:      %[[LOC:.*]] = vi.param "joint.loc" real [%[[D]]] initial(0.000000e+00 : f64) : tensor<?xf64>
// FULLRANK:      vi.param "joint.scale" positive [%[[D]]] initial(5.000000e-01 : f64) : tensor<?xf64>
// FULLRANK:      %[[LESS:.*]] = arith.addi %n, %c2 : index
// FULLRANK:      %[[SQUARE:.*]] = arith.muli %[[D]], %[[LESS]] : index
// FULLRANK:      %[[BELOW:.*]] = arith.divui %[[SQUARE]], %c2 : index
// FULLRANK:      vi.param "joint.lower" real [%[[BELOW]]] initial(0.000000e+00 : f64) : tensor<?xf64>
// FULLRANK:      %[[FACTOR:.*]] = tensor.generate %[[D]], %[[D]]
// FULLRANK:      %[[Q:.*]] = vi.multivariate_normal %[[LOC]], %[[FACTOR]]
// FULLRANK:      %[[U:.*]] = vi.sample "joint" auxiliary from %[[Q]] : tensor<?xf64>
// FULLRANK:      %[[MU:.*]] = tensor.extract %[[U]][%c0]
// FULLRANK:      %[[Q:.*]] = vi.delta %[[MU]] : f64
// FULLRANK:      vi.sample "mu" from %[[Q]] : f64
// FULLRANK:      %[[W:.*]] = tensor.extract_slice %[[U]][1] [2] [1]
// FULLRANK:      %[[Q:.*]] = vi.delta %[[W]] : tensor<2xf64>
// FULLRANK:      vi.sample "w" from %[[Q]] : tensor<2xf64>
// FULLRANK:      %[[Z:.*]] = tensor.extract_slice %[[U]][3] [%n] [1]
// FULLRANK:      vi.plate "s" %{{.*}} in %n (%[[Z_I:.*]] = %[[Z]] : tensor<?xf64>) {
// FULLRANK:        %[[Q:.*]] = vi.delta %[[Z_I]] : f64
// FULLRANK:        vi.sample "z.unconstrained" from %[[Q]] : f64

// B has two columns, and a row less of the first two.
// LOWRANK:       %[[D:.*]] = arith.addi %n, %c3 : index
// LOWRANK:       %[[LOC:.*]] = vi.param "joint.loc" real [%[[D]]] initial(0.000000e+00 : f64) : tensor<?xf64>
// LOWRANK:       %[[SCALES:.*]] = vi.param "joint.scale" positive [%[[D]]] initial(5.000000e-01 : f64) : tensor<?xf64>
// LOWRANK:       %[[COLUMNS:.*]] = arith.minui %[[D]], %c2 : index
// LOWRANK:       %[[NUMBERS:.*]] = vi.param "joint.factor" real [%{{.*}}] initial(5.000000e-02 : f64) : tensor<?xf64>
// LOWRANK:       %[[B:.*]] = tensor.generate %[[D]], %[[COLUMNS]]
// LOWRANK:         tensor.extract %[[NUMBERS]]
// LOWRANK:       %[[DIAGONAL:.*]] = tensor.generate %[[D]], %[[D]]
// LOWRANK:         tensor.extract %[[SCALES]]
// LOWRANK:       %[[COVARIANCE:.*]] = linalg.generic
// LOWRANK-SAME:    ins(%[[B]], %[[B]] : tensor<?x?xf64>, tensor<?x?xf64>) outs(%[[DIAGONAL]] : tensor<?x?xf64>)
// LOWRANK:       %[[FACTOR:.*]] = vi.cholesky %[[COVARIANCE]]
// LOWRANK:       vi.multivariate_normal %[[LOC]], %[[FACTOR]]

// DELTA-NOT:     .scale
// DELTA:         %[[LOC:.*]] = vi.param "mu.loc" real initial(0.000000e+00 : f64) : f64
// DELTA:         %[[Q:.*]] = vi.delta %[[LOC]] : f64
// DELTA:         vi.sample "mu" from %[[Q]] : f64
// DELTA:         %[[LOC:.*]] = vi.param "w.loc" real initial(0.000000e+00 : f64) : tensor<2xf64>
// DELTA:         %[[Q:.*]] = vi.delta %[[LOC]] : tensor<2xf64>
// DELTA:         %[[LOC:.*]] = vi.param "z.loc" real [%n] initial(0.000000e+00 : f64) : tensor<?xf64>
// DELTA:         vi.plate "s" %{{.*}} in %n (%[[Z_I:.*]] = %[[LOC]] : tensor<?xf64>) {
// DELTA:           %[[Q:.*]] = vi.delta %[[Z_I]] : f64
// DELTA:           vi.sample "z.unconstrained" from %[[Q]] : f64
// DELTA-NOT:     .scale

// A model that has a guide keeps it, and gets no other.
// CHECK-LABEL: vi.guide @by_hand
// CHECK-NOT:   vi.guide
vi.model @guided(%y: f64) {
  %one = arith.constant 1.0 : f64
  %p = vi.normal %y, %one : f64, f64
  %z = vi.sample "z" from %p : f64
}
vi.guide @by_hand for @guided(%y: f64) {
  %one = arith.constant 1.0 : f64
  %q = vi.normal %y, %one : f64, f64
  %z = vi.sample "z" from %q : f64
}
