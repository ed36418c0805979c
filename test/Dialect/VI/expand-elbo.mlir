// The bound is the expectation of log p - log q over the guide's draws.
// RUN: vi-opt %s --vi-expand-elbo --vi-erase-programs --canonicalize | FileCheck %s

vi.model @m(%n: index, %x: tensor<?xf64>, %seen: tensor<?xi1>) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %theta = vi.param "theta" positive : f64
  %p = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %p : f64
  vi.factor "penalty" %mu : f64
  vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>, %s_i = %seen : tensor<?xi1>) {
    %prior = vi.normal %mu, %theta : f64, f64
    %z = vi.sample "z" from %prior : f64
    %l = vi.normal %z, %one : f64, f64
    vi.observe "x" from %l, %x_i if %s_i : f64, f64, i1
    %r = vi.predict "r" from %l : f64
  }
}

// An amortized guide: q of a member depends on its data.
vi.guide @g for @m(%n: index, %x: tensor<?xf64>, %seen: tensor<?xi1>) {
  %loc = vi.param "loc" real : f64
  %a = vi.param "a" positive : f64
  %q = vi.normal %loc, %a : f64, f64
  %mu = vi.sample "mu" from %q : f64
  vi.plate "obs" %i in %n (%x_i = %x : tensor<?xf64>) {
    %m = arith.mulf %a, %x_i : f64
    %qz = vi.normal %m, %a : f64, f64
    %z = vi.sample "z" from %qz : f64
  }
}

// CHECK-LABEL: func.func @minibatch
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?xf64>, %[[SEEN:[a-z0-9]+]]: tensor<?xi1>, %[[PHI:[a-z0-9]+]]: tensor<?xf64>, %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index, %[[SCALE:[a-z0-9]+]]: f64
// CHECK:         vi.expect {
// The guide's parameters first, then the model's.
// CHECK:           %[[LOC:.*]] = tensor.extract %[[PHI]][%c0]
// CHECK:           %[[U:.*]] = tensor.extract %[[PHI]][%c1]
// CHECK:           %[[A:.*]] = vi.constrain positive %[[U]] : f64 -> f64
// CHECK:           %[[Q:.*]] = vi.normal %[[LOC]], %[[A]]
// CHECK:           %[[MU:.*]] = vi.draw "mu" from %[[Q]] : f64
// CHECK:           %[[LQ:.*]] = vi.log_prob %[[Q]], %[[MU]] : f64, f64 -> f64
// CHECK:           %[[GUIDE:.*]]:2 = vi.plate "obs" %{{.*}} in %[[N]] from %[[BEGIN]] to %[[END]] (%[[X_I:.*]] = %[[X]] : tensor<?xf64>) sums(%[[SUM:.*]] = %{{.*}} : f64) -> tensor<?xf64> {
// CHECK:             %[[M:.*]] = arith.mulf %[[A]], %[[X_I]]
// CHECK:             %[[QZ:.*]] = vi.normal %[[M]], %[[A]]
// CHECK:             %[[Z:.*]] = vi.draw "z" from %[[QZ]] : f64
// CHECK:             %[[LQZ:.*]] = vi.log_prob %[[QZ]], %[[Z]] : f64, f64 -> f64
// CHECK:             %[[NEXT:.*]] = arith.addf %[[SUM]], %[[LQZ]]
// CHECK:             vi.yield sums(%[[NEXT]] : f64) %[[Z]] : f64
// CHECK:           %[[SCALED_Q:.*]] = arith.mulf %[[GUIDE]]#0, %[[SCALE]]
// CHECK:           %[[V:.*]] = tensor.extract %[[PHI]][%c2]
// CHECK:           %[[THETA:.*]] = vi.constrain positive %[[V]]
// CHECK:           %[[LP:.*]] = vi.log_prob %{{.*}}, %[[MU]]
// The model's members take the guide's draws; generated draws are not there.
// CHECK:           %[[MODEL:.*]] = vi.plate "obs" %{{.*}} in %[[N]] from %[[BEGIN]] to %[[END]] (%[[X_I:.*]] = %[[X]] : tensor<?xf64>, %[[SEEN_I:.*]] = %[[SEEN]] : tensor<?xi1>, %[[Z_I:.*]] = %[[GUIDE]]#1 : tensor<?xf64>) sums(%[[SUM:.*]] = %{{.*}} : f64) {
// CHECK:             %[[PRIOR:.*]] = vi.normal %[[MU]], %[[THETA]]
// CHECK:             %[[LPZ:.*]] = vi.log_prob %[[PRIOR]], %[[Z_I]] : f64, f64 -> f64
// CHECK:             %[[L:.*]] = vi.normal %[[Z_I]], %{{.*}}
// CHECK:             %[[LPX:.*]] = vi.log_prob %[[L]], %[[X_I]] if %[[SEEN_I]] : f64, f64, i1 -> f64
// CHECK:             %[[S1:.*]] = arith.addf %[[SUM]], %[[LPZ]]
// CHECK:             %[[S2:.*]] = arith.addf %[[S1]], %[[LPX]]
// CHECK:             vi.yield sums(%[[S2]] : f64)
// CHECK-NOT:       "r"
// CHECK:           %[[SCALED_P:.*]] = arith.mulf %[[MODEL]], %[[SCALE]]
// The factor is a term like any other.
// CHECK:           %[[P1:.*]] = arith.addf %[[LP]], %[[MU]]
// CHECK:           %[[P:.*]] = arith.addf %[[P1]], %[[SCALED_P]]
// CHECK:           %[[LOGQ:.*]] = arith.addf %[[LQ]], %[[SCALED_Q]]
// CHECK:           %[[D:.*]] = arith.subf %[[P]], %[[LOGQ]]
// CHECK:           vi.yield %[[D]] : f64
func.func @minibatch(%n: index, %x: tensor<?xf64>, %seen: tensor<?xi1>, %phi: tensor<?xf64>, %b: index, %e: index, %s: f64) -> f64 {
  %r = vi.elbo @m, @g data(%n, %x, %seen : index, tensor<?xf64>, tensor<?xi1>) parameters(%phi) batches(%b, %e, %s : index, index, f64) : tensor<?xf64> -> f64
  return %r : f64
}

// Without batches, all members at scale 1.
// CHECK-LABEL: func.func @all
// CHECK-NOT:     from %{{.*}} to
// CHECK:         return
func.func @all(%n: index, %x: tensor<?xf64>, %seen: tensor<?xi1>, %phi: tensor<?xf64>) -> f64 {
  %r = vi.elbo @m, @g data(%n, %x, %seen : index, tensor<?xf64>, tensor<?xi1>) parameters(%phi) : tensor<?xf64> -> f64
  return %r : f64
}

// An observation in a loop: the loop carries the density. Indices of base 1 count
// from 0 where they are read.
vi.model @loop(%y: tensor<?xf64>, %n: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "n">}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %p = vi.normal %zero, %one : f64, f64
  %mu = vi.sample "mu" from %p : f64
  %last = scf.for %i = %c0 to %n step %c1 iter_args(%state = %mu) -> f64 {
    %k_i = tensor.extract %k[%i] : tensor<?xi64>
    %place = arith.index_cast %k_i : i64 to index
    %y_i = tensor.extract %y[%place] : tensor<?xf64>
    %l = vi.normal %state, %one : f64, f64
    vi.observe "y" from %l, %y_i : f64, f64
    %next = arith.mulf %state, %y_i : f64
    scf.yield %next : f64
  }
  vi.factor "last" %last : f64
}
vi.guide @loop_guide for @loop(%y: tensor<?xf64>, %n: index, %k: tensor<?xi64> {vi.index = #vi.index<base = 1, size = "n">}) {
  %loc = vi.param "loc" real : f64
  %a = vi.param "a" positive : f64
  %q = vi.normal %loc, %a : f64, f64
  %mu = vi.sample "mu" from %q : f64
}
// CHECK-LABEL: func.func @sequence
// CHECK-SAME:    %[[Y:[a-z0-9]+]]: tensor<?xf64>, %[[N:[a-z0-9]+]]: index, %[[K:[a-z0-9]+]]: tensor<?xi64>
// CHECK:         %[[ONE:.*]] = arith.constant 1 : i64
// CHECK:         %[[MU:.*]] = vi.draw "mu"
// CHECK:         %[[LQ:.*]] = vi.log_prob %{{.*}}, %[[MU]]
// CHECK:         %[[LP:.*]] = vi.log_prob %{{.*}}, %[[MU]]
// CHECK:         %[[LOOP:.*]]:2 = scf.for %[[I:.*]] = %c0 to %[[N]] step %c1 iter_args(%[[STATE:.*]] = %[[MU]], %[[SUM:.*]] = %{{.*}}) -> (f64, f64) {
// CHECK:           %[[K_I:.*]] = tensor.extract %[[K]][%[[I]]]
// CHECK:           %[[ZERO_BASED:.*]] = arith.subi %[[K_I]], %[[ONE]] : i64
// CHECK:           %[[PLACE:.*]] = arith.index_cast %[[ZERO_BASED]]
// CHECK:           %[[Y_I:.*]] = tensor.extract %[[Y]][%[[PLACE]]]
// CHECK:           %[[L:.*]] = vi.normal %[[STATE]]
// CHECK:           %[[TERM:.*]] = vi.log_prob %[[L]], %[[Y_I]]
// CHECK:           %[[NEXT:.*]] = arith.mulf %[[STATE]], %[[Y_I]]
// CHECK:           %[[TOTAL:.*]] = arith.addf %[[SUM]], %[[TERM]]
// CHECK:           scf.yield %[[NEXT]], %[[TOTAL]]
// CHECK:         %[[P1:.*]] = arith.addf %[[LP]], %[[LOOP]]#1
// CHECK:         %[[P:.*]] = arith.addf %[[P1]], %[[LOOP]]#0
// CHECK:         arith.subf %[[P]], %[[LQ]]
func.func @sequence(%y: tensor<?xf64>, %n: index, %k: tensor<?xi64>, %phi: tensor<?xf64>) -> f64 {
  %r = vi.elbo @loop, @loop_guide data(%y, %n, %k : tensor<?xf64>, index, tensor<?xi64>) parameters(%phi) : tensor<?xf64> -> f64
  return %r : f64
}

// A latent in a loop takes the guide's element of the iteration; a term in a
// branch is there where its condition holds.
vi.model @walk(%y: tensor<?xf64>, %seen: tensor<?xi1>) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %end = scf.for %t = %c1 to %n step %c1 iter_args(%before = %zero) -> f64 {
    %p = vi.normal %before, %one : f64, f64
    %x = vi.sample "x" from %p : f64
    %seen_t = tensor.extract %seen[%t] : tensor<?xi1>
    scf.if %seen_t {
      %y_t = tensor.extract %y[%t] : tensor<?xf64>
      %l = vi.normal %x, %one : f64, f64
      vi.observe "y" from %l, %y_t : f64, f64
    }
    scf.yield %x : f64
  }
}
vi.guide @walk_guide for @walk(%y: tensor<?xf64>, %seen: tensor<?xi1>) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f64
  %n = tensor.dim %y, %c0 : tensor<?xf64>
  %a = vi.param "a" positive : f64
  %end = scf.for %t = %c1 to %n step %c1 iter_args(%before = %zero) -> f64 {
    %q = vi.normal %before, %a : f64, f64
    %x = vi.sample "x" from %q : f64
    scf.yield %x : f64
  }
}
// CHECK-LABEL: func.func @states
// CHECK:         %[[STACK:.*]] = tensor.empty(%{{.*}}) : tensor<?xf64>
// CHECK:         %[[GUIDE:.*]]:3 = scf.for %[[T:.*]] = %c1 to %{{.*}} step %c1 iter_args(%[[BEFORE:.*]] = %{{.*}}, %[[SUM:.*]] = %{{.*}}, %[[XS:.*]] = %[[STACK]]) -> (f64, f64, tensor<?xf64>) {
// CHECK:           %[[Q:.*]] = vi.normal %[[BEFORE]]
// CHECK:           %[[X:.*]] = vi.draw "x" from %[[Q]]
// CHECK:           %[[LOG_Q:.*]] = vi.log_prob %[[Q]], %[[X]]
// CHECK:           %[[NEXT:.*]] = arith.addf %[[SUM]], %[[LOG_Q]]
// CHECK:           %[[NUMBER:.*]] = arith.subi %[[T]], %c1
// CHECK:           %[[INSERTED:.*]] = tensor.insert %[[X]] into %[[XS]][%[[NUMBER]]]
// CHECK:           scf.yield %[[X]], %[[NEXT]], %[[INSERTED]]
// CHECK:         %[[MODEL:.*]]:2 = scf.for %[[T:.*]] = %c1 to %{{.*}} step %c1 iter_args(%[[BEFORE:.*]] = %{{.*}}, %[[SUM:.*]] = %{{.*}}) -> (f64, f64) {
// CHECK:           %[[NUMBER:.*]] = arith.subi %[[T]], %c1
// CHECK:           %[[X:.*]] = tensor.extract %[[GUIDE]]#2[%[[NUMBER]]]
// CHECK:           %[[P:.*]] = vi.normal %[[BEFORE]]
// CHECK:           %[[LOG_P:.*]] = vi.log_prob %[[P]], %[[X]]
// CHECK:           %[[BRANCH:.*]] = scf.if %{{.*}} -> (f64) {
// CHECK:             %[[TERM:.*]] = vi.log_prob
// CHECK:             scf.yield %[[TERM]]
// CHECK:           } else {
// CHECK:             scf.yield %{{.*}} : f64
// CHECK:           }
// CHECK:           %[[S:.*]] = arith.addf %[[SUM]], %[[LOG_P]]
// CHECK:           %[[NEXT:.*]] = arith.addf %[[S]], %[[BRANCH]]
// CHECK:           scf.yield %[[X]], %[[NEXT]]
// CHECK:         arith.subf %[[MODEL]]#1, %[[GUIDE]]#1
func.func @states(%y: tensor<?xf64>, %seen: tensor<?xi1>, %phi: tensor<?xf64>) -> f64 {
  %r = vi.elbo @walk, @walk_guide data(%y, %seen : tensor<?xf64>, tensor<?xi1>) parameters(%phi) : tensor<?xf64> -> f64
  return %r : f64
}
