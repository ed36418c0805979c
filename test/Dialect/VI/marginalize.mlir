// Discrete latents leave the model: their terms become the logarithm of a sum over
// their values, in their plate.
// RUN: vi-opt %s --vi-marginalize --canonicalize --cse | FileCheck %s

// Few states are written out. What does not depend on the state stays.
// CHECK-LABEL: vi.model @few
// CHECK:         %[[COIN:.*]] = vi.bernoulli
// CHECK:         vi.plate "n" %{{.*}} in %{{.*}} (%[[Y_I:.*]] = %{{.*}} : tensor<?xf64>) {
// CHECK-NEXT:      %[[W:.*]] = vi.sample "w"
// CHECK:           vi.observe "x"
// CHECK-DAG:       %[[P0:.*]] = vi.log_prob %[[COIN]], %false
// CHECK-DAG:       %[[P1:.*]] = vi.log_prob %[[COIN]], %true
// CHECK-DAG:       %[[L0:.*]] = vi.log_prob %{{.*}}, %[[Y_I]]
// CHECK-DAG:       %[[L1:.*]] = vi.log_prob %{{.*}}, %[[Y_I]]
// CHECK:           %[[MAX:.*]] = arith.maximumf
// CHECK:           vi.stop_gradient
// CHECK:           %[[SUM:.*]] = math.log
// CHECK-NEXT:      %[[DENSITY:.*]] = arith.addf %{{.*}}, %[[SUM]]
// CHECK-NEXT:      vi.factor "y" normalized %[[DENSITY]]
// CHECK:           vi.deterministic "z.probs" %{{.*}} : tensor<2xf64>
// CHECK-NOT:       vi.sample
// CHECK-NOT:       vi.observe
vi.model @few(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %unit = vi.normal %zero, %one : f64, f64
  %coin = vi.bernoulli %half : f64
  vi.plate "n" %i in %n (%y_i = %y : tensor<?xf64>) {
    %z = vi.sample "z" from %coin : i1
    %w = vi.sample "w" from %unit : f64
    %x_given = vi.normal %w, %one : f64, f64
    vi.observe "x" from %x_given, %y_i : f64, f64
    %loc = arith.select %z, %w, %zero : f64
    %y_given = vi.normal %loc, %one : f64, f64
    vi.observe "y" from %y_given, %y_i : f64, f64
    vi.yield
  }
}

// More are a plate, of as many members as the data say. A value that depends on the
// site is reported of a draw from its posterior probabilities.
// CHECK-LABEL: vi.model @many
// CHECK-SAME:    (%{{.*}}: f64, %[[P:.*]]: tensor<?xf64>)
// CHECK:         %[[K:.*]] = tensor.dim %[[P]]
// CHECK:         %[[T:.*]] = vi.plate "z.states" %[[I:.*]] in %[[K]] -> tensor<?xf64> {
// CHECK-NEXT:      %[[VALUE:.*]] = arith.index_cast %[[I]] : index to i64
// CHECK-NEXT:      %[[PRIOR:.*]] = vi.log_prob %{{.*}}, %[[VALUE]]
// CHECK:           %[[LIKELIHOOD:.*]] = vi.log_prob
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[PRIOR]], %[[LIKELIHOOD]]
// CHECK-NEXT:      vi.yield %[[SUM]] : f64
// CHECK:         vi.factor "y" normalized
// CHECK:         vi.deterministic "z.probs" %{{.*}} : tensor<?xf64>
// CHECK:         %[[POSTERIOR:.*]] = vi.categorical_logits %[[T]]
// CHECK-NEXT:    %[[DRAW:.*]] = vi.predict "z" from %[[POSTERIOR]] : i64
// CHECK-NEXT:    %[[LOC:.*]] = arith.sitofp %[[DRAW]]
// CHECK-NEXT:    vi.deterministic "loc" %[[LOC]] : f64
vi.model @many(%y: f64, %p: tensor<?xf64>) {
  %one = arith.constant 1.0 : f64
  %prior = vi.categorical %p : tensor<?xf64>
  %z = vi.sample "z" from %prior : i64
  %loc = arith.sitofp %z : i64 to f64
  vi.deterministic "loc" %loc : f64
  %y_given = vi.normal %loc, %one : f64, f64
  vi.observe "y" from %y_given, %y : f64, f64
}

// A latent whose prior depends on the site has it as a term, and a mark that it
// is proper.
// CHECK-LABEL: vi.model @slab
// CHECK:         %[[FLAT:.*]] = vi.flat real : f64
// CHECK:         %[[W:.*]] = vi.sample "w" from %[[FLAT]] {vi.proper_prior} : f64
// CHECK:         vi.log_prob %{{.*}}, %[[W]]
// CHECK:         vi.log_prob %{{.*}}, %[[W]]
// CHECK:         vi.factor "in" %{{.*}} {vi.proper_prior} : f64
vi.model @slab() {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %coin = vi.bernoulli %half : f64
  %in = vi.sample "in" from %coin : i1
  %scale = arith.select %in, %one, %half : f64
  %prior = vi.normal %zero, %scale : f64, f64
  %w = vi.sample "w" from %prior : f64
}

// The forward algorithm: the loop carries a number for each state.
// CHECK-LABEL: vi.model @chain
// CHECK:         %[[START0:.*]] = vi.log_prob %{{.*}}, %false
// CHECK:         %[[START1:.*]] = vi.log_prob %{{.*}}, %true
// CHECK:         %[[END:.*]]:2 = scf.for %{{.*}} iter_args(%[[A0:.*]] = %{{.*}}, %[[A1:.*]] = %{{.*}}) -> (f64, f64) {
// CHECK-DAG:       arith.addf %[[A0]]
// CHECK-DAG:       arith.addf %[[A1]]
// CHECK:           scf.yield %{{.*}}, %{{.*}} : f64, f64
// CHECK:         vi.factor "y" normalized
// CHECK-NOT:     vi.sample
vi.model @chain(%y: tensor<?xf64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %tenth = arith.constant 0.1 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %coin = vi.bernoulli %half : f64
  %z0 = vi.sample "z0" from %coin : i1
  %end = scf.for %t = %c0 to %n step %c1 iter_args(%before = %z0) -> i1 {
    %p = arith.select %before, %half, %tenth : f64
    %transition = vi.bernoulli %p : f64
    %z = vi.sample "z" from %transition : i1
    %loc = arith.select %z, %one, %zero : f64
    %y_given = vi.normal %loc, %one : f64, f64
    %y_t = tensor.extract %y[%t] : tensor<?xf64>
    vi.observe "y" from %y_given, %y_t : f64, f64
    scf.yield %z : i1
  }
}

// A site that a guide samples stays.
// CHECK-LABEL: vi.model @kept
// CHECK:         vi.sample "z"
vi.model @kept(%y: f64) {
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %coin = vi.bernoulli %half : f64
  %z = vi.sample "z" from %coin : i1
  %loc = arith.uitofp %z : i1 to f64
  %y_given = vi.normal %loc, %one : f64, f64
  vi.observe "y" from %y_given, %y : f64, f64
}
vi.guide @by_hand for @kept(%y: f64) {
  %p = vi.param "p" unit_interval : f64
  %q = vi.bernoulli %p : f64
  %z = vi.sample "z" from %q : i1
}
