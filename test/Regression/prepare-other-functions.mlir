// RUN: vi-opt %s --vi-prepare-data | FileCheck %s

// Functions that claim to be a model's, but do not say where the parameters are,
// or say it wrongly, are left to the passes that report it.

// CHECK-LABEL: func.func @unsaid
// CHECK-NOT: _prepare
func.func @unsaid(%m: f64) -> f64
    attributes {vi.differentiate = "unsaid_gradient", vi.model = "m"} {
  return %m : f64
}

// CHECK-LABEL: func.func @empty
func.func @empty(%m: f64) -> f64
    attributes {vi.differentiate = "empty_gradient", vi.model = "m",
                vi.wrt = []} {
  return %m : f64
}

// CHECK-LABEL: func.func @beyond
func.func @beyond(%m: f64) -> f64
    attributes {vi.differentiate = "beyond_gradient", vi.model = "m",
                vi.wrt = [7]} {
  return %m : f64
}

// CHECK-LABEL: func.func @not_a_name
func.func @not_a_name(%m: f64) -> f64
    attributes {vi.differentiate = "not_a_name_gradient", vi.model = 1,
                vi.wrt = [0]} {
  return %m : f64
}

// CHECK-LABEL: func.func @not_a_number
func.func @not_a_number(%m: f64) -> f64
    attributes {vi.differentiate = "not_a_number_gradient", vi.model = "m",
                vi.wrt = ["m"]} {
  return %m : f64
}
