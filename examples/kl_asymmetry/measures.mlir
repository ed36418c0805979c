// Two divergences between a normal q = N(m, exp(omega)^2) and the bimodal
// mixture p = 0.6 N(-3, 0.7^2) + 0.4 N(3, 1^2): functions of q's parameters,
// without any model. `draws` and `seed` are of the Monte Carlo estimate of what
// has no closed form: one seed, one function.

// KL(q || p) = -E_q[log p(z)] - H(q). The entropy is exact. The logarithm of a
// sum is not a combination of statistics: its expectation is sampled.
func.func @kl_q_p(%m: f64 {vi.name = "m"}, %omega: f64 {vi.name = "omega"},
                  %draws: index {vi.name = "draws", vi.samples},
                  %seed: i64 {vi.name = "seed", vi.seed}) -> f64
    attributes {vi.export, vi.differentiate = "kl_q_p_gradient", vi.wrt = [0, 1],
                vi.doc = "KL(q || p), in nats"} {
  %mean1 = arith.constant -3.0 : f64
  %sd1 = arith.constant 0.7 : f64
  %mean2 = arith.constant 3.0 : f64
  %sd2 = arith.constant 1.0 : f64
  %log_weight1 = arith.constant -0.51082562376599072 : f64   // log 0.6
  %log_weight2 = arith.constant -0.916290731874155 : f64     // log 0.4
  %p1 = vi.normal %mean1, %sd1 : f64, f64
  %p2 = vi.normal %mean2, %sd2 : f64, f64

  %s = math.exp %omega : f64
  %q = vi.normal %m, %s : f64, f64
  %entropy = vi.entropy %q : f64 -> f64
  %expected = vi.expect {
    %z = vi.draw "z" from %q : f64
    %d1 = vi.log_prob %p1, %z : f64, f64 -> f64
    %d2 = vi.log_prob %p2, %z : f64, f64 -> f64
    %l1 = arith.addf %log_weight1, %d1 : f64
    %l2 = arith.addf %log_weight2, %d2 : f64
    // log(exp l1 + exp l2)
    %ratio = arith.subf %l2, %l1 : f64
    %rest = special.softplus %ratio : f64
    %log_p = arith.addf %l1, %rest : f64
    vi.yield %log_p : f64
  } : f64
  %sum = arith.addf %expected, %entropy : f64
  %kl = arith.negf %sum : f64
  return %kl : f64
}

// KL(p || q) = E_p[log p(z)] - E_p[log q(z)]. The expectation under a mixture is
// the weighted sum of those under its components, and the cross-entropy of two
// normals is exact: all that depends on q is. Only the entropy of p, a constant,
// is sampled.
func.func @kl_p_q(%m: f64 {vi.name = "m"}, %omega: f64 {vi.name = "omega"},
                  %draws: index {vi.name = "draws", vi.samples},
                  %seed: i64 {vi.name = "seed", vi.seed}) -> f64
    attributes {vi.export, vi.differentiate = "kl_p_q_gradient", vi.wrt = [0, 1],
                vi.doc = "KL(p || q), in nats"} {
  %mean1 = arith.constant -3.0 : f64
  %sd1 = arith.constant 0.7 : f64
  %mean2 = arith.constant 3.0 : f64
  %sd2 = arith.constant 1.0 : f64
  %weight1 = arith.constant 0.6 : f64
  %weight2 = arith.constant 0.4 : f64
  %log_weight1 = arith.constant -0.51082562376599072 : f64
  %log_weight2 = arith.constant -0.916290731874155 : f64
  %p1 = vi.normal %mean1, %sd1 : f64, f64
  %p2 = vi.normal %mean2, %sd2 : f64, f64

  %s = math.exp %omega : f64
  %q = vi.normal %m, %s : f64, f64
  %cross1 = vi.cross_entropy %p1, %q : f64, f64 -> f64
  %cross2 = vi.cross_entropy %p2, %q : f64, f64 -> f64
  %weighted1 = arith.mulf %weight1, %cross1 : f64
  %weighted2 = arith.mulf %weight2, %cross2 : f64
  %cross = arith.addf %weighted1, %weighted2 : f64

  %expected:2 = vi.expect {
    %x = vi.draw "x" from %p1 : f64
    %x1 = vi.log_prob %p1, %x : f64, f64 -> f64
    %x2 = vi.log_prob %p2, %x : f64, f64 -> f64
    %k1 = arith.addf %log_weight1, %x1 : f64
    %k2 = arith.addf %log_weight2, %x2 : f64
    %kr = arith.subf %k2, %k1 : f64
    %ks = special.softplus %kr : f64
    %log_px = arith.addf %k1, %ks : f64
    %y = vi.draw "y" from %p2 : f64
    %y1 = vi.log_prob %p1, %y : f64, f64 -> f64
    %y2 = vi.log_prob %p2, %y : f64, f64 -> f64
    %l1 = arith.addf %log_weight1, %y1 : f64
    %l2 = arith.addf %log_weight2, %y2 : f64
    %lr = arith.subf %l2, %l1 : f64
    %ls = special.softplus %lr : f64
    %log_py = arith.addf %l1, %ls : f64
    vi.yield %log_px, %log_py : f64, f64
  } : f64, f64
  %e1 = arith.mulf %weight1, %expected#0 : f64
  %e2 = arith.mulf %weight2, %expected#1 : f64
  %negative_entropy = arith.addf %e1, %e2 : f64
  %kl = arith.addf %cross, %negative_entropy : f64
  return %kl : f64
}
