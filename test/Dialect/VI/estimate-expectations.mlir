// Monte Carlo for what has no closed form.
// RUN: vi-opt %s --vi-estimate-expectations="samples=7 seed=5 estimator=sticking-the-landing" --canonicalize | FileCheck %s --check-prefixes=CHECK,STL
// RUN: vi-opt %s --vi-estimate-expectations="samples=7 seed=5" --canonicalize | FileCheck %s --check-prefixes=CHECK,PATH

// Row k of the noise is the noise of draw k; the parameters of q are held in
// log q, not in the draw.
// CHECK-LABEL: func.func @moment
// CHECK-SAME:    %[[L:[a-z0-9]+]]: f64, %[[S:[a-z0-9]+]]: f64, %[[NOISE:[a-z0-9]+]]: tensor<?x?xf64> {vi.noise}
// CHECK:         %[[COUNT:.*]] = tensor.dim %[[NOISE]], %c0
// CHECK:         %[[SUM:.*]] = vi.plate "draws" %[[K:.*]] in %[[COUNT]] sums(%[[A:.*]] = %{{.*}} : f64) {
// CHECK:           %[[ROW:.*]] = tensor.extract_slice %[[NOISE]][%[[K]], 0]
// CHECK:           %[[EPSILON:.*]] = tensor.extract %[[ROW]][%c0]
// CHECK:           %[[SCALED:.*]] = arith.mulf %[[S]], %[[EPSILON]] : f64
// CHECK:           %[[Z:.*]] = arith.addf %[[L]], %[[SCALED]] : f64
// STL:             %[[HL:.*]] = vi.stop_gradient %[[L]] : f64
// STL:             %[[HS:.*]] = vi.stop_gradient %[[S]] : f64
// STL:             %[[HQ:.*]] = vi.normal %[[HL]], %[[HS]] : f64, f64
// STL:             %[[LQ:.*]] = vi.log_prob %[[HQ]], %[[Z]] : f64, f64 -> f64
// PATH-NOT:        vi.stop_gradient
// PATH:            %[[LQ:.*]] = vi.log_prob %{{.*}}, %[[Z]] : f64, f64 -> f64
// CHECK:           %[[NEXT:.*]] = arith.addf %[[A]], %[[LQ]] : f64
// CHECK:           vi.yield sums(%[[NEXT]] : f64)
// CHECK:         %[[INT:.*]] = arith.index_cast %[[COUNT]] : index to i64
// CHECK:         %[[NUMBER:.*]] = arith.sitofp %[[INT]] : i64 to f64
// CHECK:         %[[MEAN:.*]] = arith.divf %[[SUM]], %[[NUMBER]] : f64
// CHECK:         return %[[MEAN]]
func.func @moment(%l: f64, %s: f64, %noise: tensor<?x?xf64> {vi.noise}) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %m = vi.expect {
    %z = vi.draw "z" from %q : f64
    %lq = vi.log_prob %q, %z : f64, f64 -> f64
    vi.yield %lq : f64
  } : f64
  return %m : f64
}

// The first site takes number 0 of the row, members of the second the next ones.
// CHECK-LABEL: func.func @two
// CHECK:           %[[ROW:.*]] = tensor.extract_slice
// CHECK:           tensor.extract %[[ROW]][%c0]
// CHECK:           vi.plate "p" %[[I:.*]] in
// CHECK:             %[[PLACE:.*]] = arith.addi %[[I]], %c1 : index
// CHECK:             tensor.extract %[[ROW]][%[[PLACE]]]
func.func @two(%l: f64, %s: f64, %n: index, %zero: f64, %noise: tensor<?x?xf64> {vi.noise}) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %m = vi.expect {
    %a = vi.draw "a" from %q : f64
    %t = vi.plate "p" %i in %n sums(%x = %zero : f64) {
      %b = vi.draw "b" from %q : f64
      %c = arith.addf %x, %b : f64
      vi.yield sums(%c : f64)
    }
    %d = arith.addf %a, %t : f64
    vi.yield %d : f64
  } : f64
  return %m : f64
}

// Without an array, noise is a function of seed, draw, site and member.
// CHECK-LABEL: func.func @counter
// CHECK-SAME:    %[[COUNT:[a-z0-9]+]]: index {vi.samples}, %[[SEED:[a-z0-9]+]]: i64 {vi.seed}
// CHECK:         %[[SUM:.*]] = vi.plate "draws" %[[K:.*]] in %[[COUNT]]
// CHECK:           %[[DRAW:.*]] = arith.index_cast %[[K]] : index to i64
// CHECK:           %[[KEY:.*]] = rng.fold_in %[[SEED]], %[[DRAW]] : i64
// CHECK:           %[[SITE:.*]] = rng.fold_in %[[KEY]], %c0_i64 : i64
// CHECK:           rng.normal %[[SITE]], %c0_i64 : f64
func.func @counter(%l: f64, %s: f64, %k: index {vi.samples}, %seed: i64 {vi.seed}) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %m = vi.expect {
    %z = vi.draw "z" from %q : f64
    vi.yield %z : f64
  } : f64
  return %m : f64
}

// Without arguments, number and seed are options.
// CHECK-LABEL: func.func @options
// CHECK-DAG:     %[[COUNT:.*]] = arith.constant 7 : index
// CHECK-DAG:     %[[SEED:.*]] = arith.constant 5 : i64
// CHECK-DAG:     %[[NUMBER:.*]] = arith.constant 7.000000e+00 : f64
// CHECK:         %[[SUM:.*]] = vi.plate "draws" %{{.*}} in %[[COUNT]]
// CHECK:           rng.fold_in %[[SEED]]
// CHECK:         arith.divf %[[SUM]], %[[NUMBER]]
func.func @options(%l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %m = vi.expect {
    %z = vi.draw "z" from %q : f64
    vi.yield %z : f64
  } : f64
  return %m : f64
}

// Nothing random: nothing is sampled.
// CHECK-LABEL: func.func @fixed
// CHECK-NOT:     vi.
// CHECK:         %[[V:.*]] = arith.mulf
// CHECK-NEXT:    return %[[V]]
func.func @fixed(%l: f64, %s: f64) -> f64 {
  %m = vi.expect {
    %z = arith.mulf %l, %s : f64
    vi.yield %z : f64
  } : f64
  return %m : f64
}
