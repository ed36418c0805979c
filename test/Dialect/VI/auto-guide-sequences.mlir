// RUN: vi-opt %s --vi-auto-guide | FileCheck %s

// A sequence is a vector to the guide.
// CHECK-LABEL: vi.guide @walk_guide
// CHECK:       %[[SPAN:.*]] = arith.subi %n, %c3
// CHECK:       %[[HALF:.*]] = arith.ceildivsi %[[SPAN]], %c2
// CHECK:       %[[COUNT:.*]] = arith.maxsi %[[HALF]], %c0
// CHECK:       %[[LOC:.*]] = vi.param "x.loc" real [%[[COUNT]]] initial(0.000000e+00 : f64) : tensor<?xf64>
// CHECK:       %[[SCALE:.*]] = vi.param "x.scale" positive [%[[COUNT]]]
// CHECK:       vi.plate "x.t" %{{.*}} in %[[COUNT]] (%[[LOC_T:.*]] = %[[LOC]] : tensor<?xf64>, %[[SCALE_T:.*]] = %[[SCALE]] : tensor<?xf64>) {
// CHECK:         %[[Q:.*]] = vi.normal %[[LOC_T]], %[[SCALE_T]]
// CHECK:         vi.sample "x" from %[[Q]] : f64
vi.model @walk(%n: index) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %end = scf.for %t = %c3 to %n step %c2 iter_args(%before = %zero) -> f64 {
    %p = vi.normal %before, %one : f64, f64
    %x = vi.sample "x" from %p : f64
    scf.yield %x : f64
  }
}
