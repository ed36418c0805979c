// The arguments of a model have names, which are printed.
// RUN: vi-opt %s --split-input-file --verify-diagnostics | vi-opt | FileCheck %s

// CHECK: vi.model @named(%x: tensor<?xf64>, %y: f64) {
vi.model @named(%x: tensor<?xf64>, %y: f64) {
}

// -----

// expected-error @+1 {{arguments of a model or guide have names}}
vi.model @unnamed(tensor<?xf64>) {
}
