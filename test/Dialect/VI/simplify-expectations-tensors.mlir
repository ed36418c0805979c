// RUN: vi-opt %s --vi-simplify-expectations --canonicalize --cse | FileCheck %s
// RUN: vi-opt %s --vi-simplify-expectations --remarks-filter=vi-expectations --remark-policy=all -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Latents arrive in tensors: the member of a stack, elements of elementwise
// operations, dot products.

// E[(y - (mu + tau z_j))^2] of a gathered latent, tau = exp(u): the moments of
// z_j are those of member j's guide.
// CHECK-LABEL: func.func @hierarchy
// CHECK-SAME:    (%[[Y:.*]]: tensor<?xf64>, %[[GROUP:.*]]: tensor<?xindex>, %[[LOC:.*]]: tensor<?xf64>, %[[SCALE:.*]]: tensor<?xf64>,
// CHECK-NOT:     vi.expect
// CHECK:         %[[VARIANCES:.*]] = vi.plate "z" {{.*}}%[[S:[a-z0-9]+]] = %[[SCALE]]
// CHECK:           arith.mulf %[[S]], %[[S]]
// CHECK:         vi.plate "obs" {{.*}} (%[[Y_I:.*]] = %[[Y]] : tensor<?xf64>, %[[J:.*]] = %[[GROUP]] : tensor<?xindex>)
// CHECK-DAG:       tensor.extract %[[LOC]][%[[J]]]
// CHECK-DAG:       tensor.extract %[[VARIANCES]][%[[J]]]
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @hierarchy(%y: tensor<?xf64>, %group: tensor<?xindex>, %loc: tensor<?xf64>, %scale: tensor<?xf64>, %n: index, %groups: index) -> f64 {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %half = arith.constant 0.5 : f64
  %q = vi.normal %zero, %half : f64, f64
  %e = vi.expect {
    %u = vi.draw "tau.unconstrained" from %q : f64
    %tau = vi.constrain positive %u : f64 -> f64
    %mu = vi.draw "mu" from %q : f64
    %z = vi.plate "z" %j in %groups (%l_j = %loc : tensor<?xf64>, %s_j = %scale : tensor<?xf64>) -> tensor<?xf64> {
      %q_j = vi.normal %l_j, %s_j : f64, f64
      %z_j = vi.draw "z" from %q_j : f64
      vi.yield %z_j : f64
    }
    %mus = tensor.splat %mu[%groups] : tensor<?xf64>
    %taus = tensor.splat %tau[%groups] : tensor<?xf64>
    %deviation = arith.mulf %taus, %z : tensor<?xf64>
    %alpha = arith.addf %mus, %deviation : tensor<?xf64>
    %total = vi.plate "obs" %i in %n (%y_i = %y : tensor<?xf64>, %g_i = %group : tensor<?xindex>) sums(%s = %zero : f64) {
      %a = tensor.extract %alpha[%g_i] : tensor<?xf64>
      %lik = vi.normal %a, %one : f64, f64
      %v = vi.log_prob %lik, %y_i : f64, f64 -> f64
      %next = arith.addf %s, %v : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %total : f64
  } : f64
  return %e : f64
}

// A linear predictor under independent normals is one normal variable: its mean
// is the product with the means, its variance that of squares with variances.
// CHECK-LABEL: func.func @regression
// CHECK-SAME:    (%[[X:.*]]: tensor<?x?xf64>, %[[Y:.*]]: tensor<?xf64>, %[[LOC:.*]]: tensor<?xf64>, %[[SCALE:.*]]: tensor<?xf64>,
// CHECK-NOT:     vi.expect
// CHECK:         %[[VARIANCE:.*]] = vi.plate "beta" {{.*}}%[[S:[a-z0-9]+]] = %[[SCALE]]
// CHECK:           %[[SQUARE:.*]] = arith.mulf %[[S]], %[[S]]
// CHECK:           vi.yield %[[SQUARE]]
// CHECK:         vi.plate "obs" {{.*}}%[[X_I:[a-z0-9]+]] = %[[X]] : tensor<?x?xf64>
// CHECK:           linalg.generic {{.*}} ins(%[[X_I]], %{{.*}} : tensor<?xf64>, tensor<?xf64>)
// CHECK:           linalg.generic {{.*}} ins(%[[X_I]], %[[VARIANCE]] : tensor<?xf64>, tensor<?xf64>)
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @regression(%x: tensor<?x?xf64>, %y: tensor<?xf64>, %loc: tensor<?xf64>, %scale: tensor<?xf64>, %n: index, %d: index) -> f64 {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %init = arith.constant dense<0.0> : tensor<f64>
  %e = vi.expect {
    %beta = vi.plate "beta" %j in %d (%l_j = %loc : tensor<?xf64>, %s_j = %scale : tensor<?xf64>) -> tensor<?xf64> {
      %q_j = vi.normal %l_j, %s_j : f64, f64
      %b_j = vi.draw "beta" from %q_j : f64
      vi.yield %b_j : f64
    }
    %total = vi.plate "obs" %i in %n (%x_i = %x : tensor<?x?xf64>, %y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
      %dot = linalg.dot ins(%x_i, %beta : tensor<?xf64>, tensor<?xf64>) outs(%init : tensor<f64>) -> tensor<f64>
      %m = tensor.extract %dot[] : tensor<f64>
      %lik = vi.normal %m, %one : f64, f64
      %v = vi.log_prob %lik, %y_i : f64, f64 -> f64
      %next = arith.addf %s, %v : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %total : f64
  } : f64
  return %e : f64
}

// Two members of one site may be the same one: the variance of their difference
// is not the sum of variances. It is left to the estimator, with the reason.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a product of different functions of one latent"
// CHECK-LABEL: func.func @comparison
// CHECK:         vi.expect
func.func @comparison(%first: tensor<?xindex>, %second: tensor<?xindex>, %y: tensor<?xf64>, %loc: tensor<?xf64>, %n: index, %players: index) -> f64 {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %e = vi.expect {
    %skill = vi.plate "skill" %j in %players (%l_j = %loc : tensor<?xf64>) -> tensor<?xf64> {
      %q_j = vi.normal %l_j, %one : f64, f64
      %s_j = vi.draw "skill" from %q_j : f64
      vi.yield %s_j : f64
    }
    %total = vi.plate "game" %i in %n (%a_i = %first : tensor<?xindex>, %b_i = %second : tensor<?xindex>, %y_i = %y : tensor<?xf64>) sums(%s = %zero : f64) {
      %a = tensor.extract %skill[%a_i] : tensor<?xf64>
      %b = tensor.extract %skill[%b_i] : tensor<?xf64>
      %m = arith.subf %a, %b : f64
      %lik = vi.normal %m, %one : f64, f64
      %v = vi.log_prob %lik, %y_i : f64, f64 -> f64
      %next = arith.addf %s, %v : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %total : f64
  } : f64
  return %e : f64
}

// A divergence from a prior whose location is a latent: its formula is a square of
// that latent, at numbers KL(N(2, 1) || N(z, 1)) with z ~ N(1, 1), which is
// ((2 - 1)^2 + 1) / 2 = 1, so that the expectation of log p - log q is -1.
// CHECK-LABEL: func.func @divergence
// CHECK-NOT:     vi.expect
// CHECK:         %[[E:.*]] = arith.constant -1.000000e+00 : f64
// CHECK:         return %[[E]]
func.func @divergence() -> f64 {
  %one = arith.constant 1.0 : f64
  %two = arith.constant 2.0 : f64
  %qz = vi.normal %one, %one : f64, f64
  %qw = vi.normal %two, %one : f64, f64
  %e = vi.expect {
    %z = vi.draw "z" from %qz : f64
    %w = vi.draw "w" from %qw : f64
    %p = vi.normal %z, %one : f64, f64
    %lp = vi.log_prob %p, %w : f64, f64 -> f64
    %lq = vi.log_prob %qw, %w : f64, f64 -> f64
    %d = arith.subf %lp, %lq : f64
    vi.yield %d : f64
  } : f64
  return %e : f64
}

// A logistic likelihood is the softplus of a linear predictor: certified.
// REMARK: [Passed] certified
// CHECK-LABEL: func.func @logistic
// CHECK-NOT:     vi.expect
// CHECK:         special.gaussian_softplus
// CHECK-NOT:     vi.expect
// CHECK:         return
func.func @logistic(%y: i1, %x: f64, %l: f64, %s: f64) -> f64 {
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %b = vi.draw "b" from %q : f64
    %m = arith.mulf %x, %b : f64
    %lik = vi.bernoulli_logits %m : f64
    %v = vi.log_prob %lik, %y : i1, i1 -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}

// log1p((tau / 2)^2) of tau = exp(u) is softplus(2 u - 2 log 2).
// REMARK: [Passed] certified
// CHECK-LABEL: func.func @half_cauchy
// CHECK-NOT:     vi.expect
// CHECK:         special.gaussian_softplus
func.func @half_cauchy(%l: f64, %s: f64) -> f64 {
  %two = arith.constant 2.0 : f64
  %q = vi.normal %l, %s : f64, f64
  %p = vi.half_cauchy %two : f64
  %e = vi.expect {
    %u = vi.draw "tau.unconstrained" from %q : f64
    %tau = vi.constrain positive %u : f64 -> f64
    %v = vi.log_prob %p, %tau : f64, f64 -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}

// A multivariate normal prior of a stack of draws: its cross-entropy with the
// batch of the members' distributions, whose computed scales are stacked.
// CHECK-LABEL: func.func @joint_prior
// CHECK-SAME:    (%[[LOC:[a-z0-9]+]]: tensor<?xf64>
// CHECK-NOT:     vi.expect
// CHECK-DAG:     %[[P:.*]] = vi.multivariate_normal
// CHECK-DAG:     %[[SCALES:.*]] = vi.plate "z" {{.*}} -> tensor<?xf64>
// CHECK:         %[[Q:.*]] = vi.normal %[[LOC]], %[[SCALES]] : tensor<?xf64>, tensor<?xf64>
// CHECK:         %[[CE:.*]] = vi.cross_entropy %[[Q]], %[[P]]
// CHECK:         %[[R:.*]] = arith.negf %[[CE]]
// CHECK:         return %[[R]]
// REMARK: remark: [Passed] cross-entropy | {{.*}} | Remark="E_q[log p] of 'z' in closed form"
func.func @joint_prior(%loc: tensor<?xf64>, %raw: tensor<?xf64>, %m: tensor<?xf64>, %l: tensor<?x?xf64>, %n: index) -> f64 {
  %p = vi.multivariate_normal %m, %l : tensor<?xf64>, tensor<?x?xf64>
  %e = vi.expect {
    %z = vi.plate "z" %i in %n (%m_i = %loc : tensor<?xf64>, %r_i = %raw : tensor<?xf64>) -> tensor<?xf64> {
      %s_i = math.exp %r_i : f64
      %q_i = vi.normal %m_i, %s_i : f64, f64
      %z_i = vi.draw "z" from %q_i : f64
      vi.yield %z_i : f64
    }
    %v = vi.log_prob %p, %z : tensor<?xf64>, tensor<?xf64> -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}

// A sum that a loop carries through the members of a plate is a dot product with
// weights from data: an autoregression is one linear predictor.
// REMARK: [Passed] exact
// CHECK-LABEL: func.func @autoregression
// CHECK-NOT:     vi.expect
// CHECK-NOT:     scf.for
// CHECK:         vi.plate "lag" %[[K:.*]] in %{{.*}} -> tensor<?xf64>
// CHECK:           tensor.extract %{{.*}}[%{{.*}}]
// CHECK:           vi.yield
// CHECK:         linalg.generic
// CHECK:         linalg.generic
// CHECK:         return
func.func @autoregression(%n: index, %t: index, %y: tensor<?xf64>, %y_t: f64, %l: f64, %s: f64) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %alpha = vi.draw "alpha" from %q : f64
    %beta = vi.plate "lag" %k in %n -> tensor<?xf64> {
      %b = vi.draw "beta" from %q : f64
      vi.yield %b : f64
    }
    %mean = scf.for %k = %c0 to %n step %c1 iter_args(%sum = %alpha) -> f64 {
      %then = arith.subi %t, %k : index
      %y_then = tensor.extract %y[%then] : tensor<?xf64>
      %b = tensor.extract %beta[%k] : tensor<?xf64>
      %term = arith.mulf %b, %y_then : f64
      %next = arith.addf %sum, %term : f64
      scf.yield %next : f64
    }
    %lik = vi.normal %mean, %one : f64, f64
    %v = vi.log_prob %lik, %y_t : f64, f64 -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}


// The state of a recurrence is no sum.
// REMARK: [Missed] exact | Category:vi-expectations | Reason="a loop over latents that is no sum over members"
// CHECK-LABEL: func.func @recurrence
// CHECK:         vi.expect
func.func @recurrence(%n: index, %y_t: f64, %l: f64, %s: f64) -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f64
  %q = vi.normal %l, %s : f64, f64
  %e = vi.expect {
    %alpha = vi.draw "alpha" from %q : f64
    %mean = scf.for %k = %c0 to %n step %c1 iter_args(%state = %one) -> f64 {
      %next = arith.mulf %state, %alpha : f64
      scf.yield %next : f64
    }
    %lik = vi.normal %mean, %one : f64, f64
    %v = vi.log_prob %lik, %y_t : f64, f64 -> f64
    vi.yield %v : f64
  } : f64
  return %e : f64
}

// Moments of a member that is read by its index are computed once for each member,
// not where they are read.
// CHECK-LABEL: func.func @gathered
// CHECK-SAME:    %[[OMEGA:[a-z0-9]+]]: tensor<?xf64>, %{{[a-z0-9]+}}: tensor<?xindex>
// CHECK-NOT:     vi.expect
// CHECK:         %[[VARIANCES:.*]] = vi.plate "group"
// CHECK:           math.exp
// CHECK:         vi.plate "member"
// CHECK-NOT:       math.exp
// CHECK-DAG:       tensor.extract %[[OMEGA]]
// CHECK-DAG:       tensor.extract %[[VARIANCES]]
// CHECK:         return
func.func @gathered(%j: index, %n: index, %omega: tensor<?xf64>, %group: tensor<?xindex>, %y: tensor<?xf64>) -> f64 {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  %e = vi.expect {
    %alpha = vi.plate "group" %i in %j (%w = %omega : tensor<?xf64>) -> tensor<?xf64> {
      %s = math.exp %w : f64
      %q = vi.normal %w, %s : f64, f64
      %a = vi.draw "alpha" from %q : f64
      vi.yield %a : f64
    }
    %t = vi.plate "member" %i in %n (%g = %group : tensor<?xindex>, %y_i = %y : tensor<?xf64>) sums(%sum = %zero : f64) {
      %a = tensor.extract %alpha[%g] : tensor<?xf64>
      %lik = vi.normal %a, %one : f64, f64
      %v = vi.log_prob %lik, %y_i : f64, f64 -> f64
      %next = arith.addf %sum, %v : f64
      vi.yield sums(%next : f64)
    }
    vi.yield %t : f64
  } : f64
  return %e : f64
}
