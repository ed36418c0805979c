// RUN: vi-opt %s --vi-call-accurate-math | FileCheck %s
// The whole lowering has nothing left to call.
// RUN: vi-opt %s --vi-to-llvm | FileCheck %s --check-prefix=LLVM

// CHECK-LABEL: func.func @f
// LLVM-LABEL: llvm.func @f
func.func @f(%x: f64, %y: f32) -> f64 attributes {vi.export} {
  // CHECK: call @expm1(%{{.*}}) : (f64) -> f64
  // LLVM-NOT: llvm.call
  // LLVM-NOT: llvm.intr.exp
  %0 = math.expm1 %x : f64
  // CHECK: call @log1p(%{{.*}}) : (f64) -> f64
  %1 = math.log1p %0 : f64
  // CHECK: call @expm1f(%{{.*}}) : (f32) -> f32
  %2 = math.expm1 %y : f32
  // CHECK: math.exp
  %3 = math.exp %1 : f64
  %4 = arith.extf %2 : f32 to f64
  %5 = arith.addf %3, %4 : f64
  // LLVM: llvm.return
  return %5 : f64
}

// CHECK-LABEL: func.func @vector
func.func @vector(%x: vector<2xf64>) -> vector<2xf64> {
  // CHECK-COUNT-2: call @expm1
  // CHECK-NOT: math.expm1
  %0 = math.expm1 %x : vector<2xf64>
  return %0 : vector<2xf64>
}
