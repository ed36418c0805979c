// RUN: vi-opt %S/Inputs/functions.mlir --vi-to-llvm \
// RUN:   --mlir-print-ir-after=convert-bufferization-to-memref -o /dev/null 2>&1 | FileCheck %s

// After bufferization no loop of a plate allocates or copies, and no buffer is
// as long as the data: sums and stacks are in the caller's memory. (Chunks of
// members have sums of their own, which later passes make.)

// CHECK-LABEL: func.func @regression(
// CHECK-NOT:     memref.alloc(
// CHECK-NOT:     memref.copy
// CHECK:         vi.chunks @regression.row
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.copy
// CHECK:         return
// CHECK-LABEL: func.func private @regression.row(
// CHECK-NOT:     memref.alloc(
// CHECK-NOT:     memref.copy
// CHECK:         scf.for
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.copy
// CHECK:         return
// CHECK-LABEL: func.func @by_group
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.copy
// CHECK:         return

// RUN: vi-opt %S/Inputs/functions.mlir --emit=llvm | FileCheck %s \
// RUN:   --check-prefix=LLVM
// LLVM-NOT:  call {{.*}}@memrefCopy
// LLVM:      define internal {{.*}}void @regression.row(
// LLVM-NOT:  call {{.*}}@malloc
// LLVM:      ret void
