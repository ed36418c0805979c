// RUN: vi-opt %s --vi-raise-to-plates | FileCheck %s

// CHECK: vi.plate "a" %{{.*}} in %c3
// CHECK: vi.sample "a" from %{{.*}} : f64
vi.model @m() {
  %p = vi.flat real : tensor<3xf64>
  %a = vi.sample "a" from %p : tensor<3xf64>
}
