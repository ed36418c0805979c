// RUN: vi-opt %s --vi-simplify-expectations=error-bounds=true --remarks-filter=vi-expectations --remark-policy=all 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: vi-opt %s --vi-simplify-expectations=error-bounds=true 2>/dev/null | FileCheck %s
// RUN: vi-opt %s --vi-simplify-expectations 2>/dev/null | FileCheck %s --check-prefix=PLAIN

// Given the discrimination, softplus of a normal variable.
// REMARK: quadrature | Category:vi-expectations | Remark="expected factor by quadrature with 32 nodes in 'a', given which it is certified"
// CHECK-LABEL: func.func @item
// CHECK-NOT:     vi.expect
// CHECK:         vi.plate "nodes.32"
// CHECK:           special.gaussian_softplus
// CHECK:           vi.approximate %{{.*}} within %{{.*}} : f64
// CHECK:         vi.plate "nodes.125"
// CHECK:         vi.approximate %{{.*}} within estimated %{{.*}} : f64
// Without error bounds it is left alone.
// PLAIN-LABEL: func.func @item
// PLAIN:         vi.expect
func.func @item(%m: f64, %s: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %a = vi.draw "a" from %q : f64
    %t = vi.draw "t" from %q : f64
    %scale = math.exp %a : f64
    %eta = arith.mulf %scale, %t : f64
    %f = special.softplus %eta : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Given u it is a number, but has no expectation: 1 / u.
// CHECK-LABEL: func.func @pole
// CHECK:         vi.expect
func.func @pole(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %w = vi.draw "w" from %q : f64
    %d = arith.addf %u, %c : f64
    %f = arith.divf %w, %d : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Nor are kinks resolved by nodes.
// CHECK-LABEL: func.func @kink
// CHECK:         vi.expect
func.func @kink(%m: f64, %s: f64, %c: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.draw "u" from %q : f64
    %d = math.absf %u : f64
    %t = math.tanh %u : f64
    %f = arith.mulf %d, %t : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}

// Two members that may be the same cannot be held apart.
// CHECK-LABEL: func.func @members
// CHECK:         vi.expect
func.func @members(%n: index, %i: index, %j: index, %m: f64, %s: f64) -> f64 {
  %q = vi.normal %m, %s : f64, f64
  %e = vi.expect {
    %u = vi.plate "p" %k in %n -> tensor<?xf64> {
      %draw = vi.draw "u" from %q : f64
      vi.yield %draw : f64
    }
    %a = tensor.extract %u[%i] : tensor<?xf64>
    %b = tensor.extract %u[%j] : tensor<?xf64>
    %d = arith.mulf %a, %b : f64
    %f = special.softplus %d : f64
    vi.yield %f : f64
  } : f64
  return %e : f64
}
