// The report says on which set each of its values lies, a latent's on its own
// scale; keywords of sets are printed after one space.
// RUN: vi-opt %s --vi-unconstrain --vi-auto-guide --vi-entry-points | FileCheck %s
// RUN: vi-opt %s | FileCheck %s --check-prefix=TEXT --strict-whitespace

// CHECK:      vi.sites = [
// CHECK-SAME: {kind = "parameter", name = "rate", support = "unit_interval", type = f64}
// CHECK-SAME: {kind = "latent", name = "sigma", support = "positive", type = f64}
// CHECK-SAME: {kind = "latent", name = "mu", support = "real", type = f64}
// CHECK-SAME: {kind = "latent", name = "tau", support = "greater_than", type = f64}
// CHECK-SAME: {kind = "generated", name = "difference", support = "real", type = f64}
// CHECK-SAME: {kind = "generated", name = "above", support = "boolean", type = i1}
// CHECK-SAME: {kind = "prediction", name = "y_rep", support = "nonnegative_integer", type = i64}
vi.model @m(%low: f64) {
  %zero = arith.constant 0.0 : f64
  %one = arith.constant 1.0 : f64
  // TEXT: %{{.*}} = vi.param "rate" unit_interval : f64
  %rate = vi.param "rate" unit_interval : f64
  %half = vi.half_normal %one : f64
  %sigma = vi.sample "sigma" from %half : f64
  %prior = vi.normal %zero, %sigma : f64, f64
  %mu = vi.sample "mu" from %prior : f64
  // TEXT: %{{.*}} = vi.flat greater_than bounds(%{{.*}} : f64) : f64
  %flat = vi.flat greater_than bounds(%low : f64) : f64
  %tau = vi.sample "tau" from %flat : f64
  %difference = arith.subf %tau, %mu : f64
  vi.deterministic "difference" %difference : f64
  %above = arith.cmpf ogt, %mu, %rate : f64
  vi.deterministic "above" %above : i1
  %counts = vi.poisson %tau : f64
  %y = vi.predict "y_rep" from %counts : i64
}
