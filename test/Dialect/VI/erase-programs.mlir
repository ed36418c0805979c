// Programs go once nothing refers to them; those of a bound that is left stay.
// RUN: vi-opt %s --vi-erase-programs | FileCheck %s

// CHECK-NOT: @gone
// CHECK:     vi.model @kept(
// CHECK:     vi.guide @kept_guide
// CHECK-NOT: vi.model
// CHECK-NOT: vi.guide
// CHECK:     func.func @bound
// CHECK:       vi.elbo @kept, @kept_guide
// CHECK-NOT: @gone
vi.model @gone(%y: f64) {
}
vi.model @kept(%y: f64) {
}
vi.guide @kept_guide for @kept(%y: f64) {
}
vi.guide @kept_other for @kept(%y: f64) {
}
vi.guide @gone_guide for @gone(%y: f64) {
}
func.func @bound(%y: f64, %phi: tensor<?xf64>) -> f64 {
  %e = vi.elbo @kept, @kept_guide data(%y : f64) parameters(%phi) : tensor<?xf64> -> f64
  return %e : f64
}
