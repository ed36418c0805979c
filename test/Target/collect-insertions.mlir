// RUN: vi-opt %s --vi-collect-insertions --split-input-file | FileCheck %s

// A gradient of eight numbers, one place twice, into a vector of zeros.

// CHECK-LABEL: func.func @gradient(
// CHECK-SAME: %[[N:.*]]: index, %[[A:.*]]: f64, %[[B:.*]]: f64)
// CHECK: %[[ZERO:.*]] = arith.constant 0.0
// CHECK: %[[ZEROS:.*]] = tensor.splat %[[ZERO]]
// CHECK-NOT: tensor.extract
// CHECK: %[[FIRST:.*]] = arith.addf %[[ZERO]], %[[A]]
// CHECK: %[[SUM:.*]] = arith.addf %[[FIRST]], %[[B]]
// CHECK-NOT: tensor.insert{{ }}
// CHECK: %[[PART:.*]] = tensor.from_elements %[[SUM]], %[[A]], %[[B]], %[[A]], %[[B]], %[[A]], %[[B]], %[[A]]
// CHECK-NEXT: %[[RESULT:.*]] = tensor.insert_slice %[[PART]] into %[[ZEROS]][1] [8] [1]
// CHECK-NEXT: return %[[RESULT]]
func.func @gradient(%n: index, %a: f64, %b: f64) -> tensor<?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f64
  %zeros = tensor.splat %zero[%n] : tensor<?xf64>
  %7 = tensor.insert %b into %zeros[%c7] : tensor<?xf64>
  %6 = tensor.insert %a into %7[%c6] : tensor<?xf64>
  %5 = tensor.insert %b into %6[%c5] : tensor<?xf64>
  %4 = tensor.insert %a into %5[%c4] : tensor<?xf64>
  %3 = tensor.insert %b into %4[%c3] : tensor<?xf64>
  %2 = tensor.insert %a into %3[%c2] : tensor<?xf64>
  %old = tensor.extract %2[%c1] : tensor<?xf64>
  %first = arith.addf %old, %a : f64
  %1 = tensor.insert %first into %2[%c1] : tensor<?xf64>
  %8 = tensor.insert %a into %1[%c8] : tensor<?xf64>
  %again = tensor.extract %8[%c1] : tensor<?xf64>
  %sum = arith.addf %again, %b : f64
  %last = tensor.insert %sum into %8[%c1] : tensor<?xf64>
  return %last : tensor<?xf64>
}

// -----

// Places after a part whose size is known at run time; elements that were not
// inserted come from the vector before.

// CHECK-LABEL: func.func @after(
// CHECK-SAME: %[[X:.*]]: tensor<?xf64>, %[[N:.*]]: index, %[[A:.*]]: f64)
// CHECK: %[[EARLIER:.*]] = tensor.extract %[[X]][
// CHECK: %[[PART:.*]] = tensor.from_elements %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[EARLIER]]
// CHECK: %[[START:.*]] = arith.addi %[[N]], %
// CHECK: tensor.insert_slice %[[PART]] into %[[X]][%[[START]]] [8] [1]
func.func @after(%x: tensor<?xf64>, %n: index, %a: f64) -> tensor<?xf64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %n1 = arith.addi %n, %c1 : index
  %n2 = arith.addi %n, %c2 : index
  %n3 = arith.addi %n, %c3 : index
  %n4 = arith.addi %n, %c4 : index
  %n5 = arith.addi %n, %c5 : index
  %n6 = arith.addi %n, %c6 : index
  %n7 = arith.addi %n, %c7 : index
  %0 = tensor.insert %a into %x[%n] : tensor<?xf64>
  %1 = tensor.insert %a into %0[%n1] : tensor<?xf64>
  %2 = tensor.insert %a into %1[%n2] : tensor<?xf64>
  %3 = tensor.insert %a into %2[%n3] : tensor<?xf64>
  %4 = tensor.insert %a into %3[%n4] : tensor<?xf64>
  %5 = tensor.insert %a into %4[%n5] : tensor<?xf64>
  %6 = tensor.insert %a into %5[%n6] : tensor<?xf64>
  %earlier = tensor.extract %6[%n7] : tensor<?xf64>
  %7 = tensor.insert %earlier into %6[%n7] : tensor<?xf64>
  return %7 : tensor<?xf64>
}

// -----

// Few elements, places that may be equal, and a vector that is used in between
// stay as they are.

// CHECK-LABEL: func.func @kept
// CHECK-COUNT-5: tensor.insert{{ }}
// CHECK: tensor.extract
// CHECK-COUNT-4: tensor.insert{{ }}
// CHECK-NOT: tensor.from_elements
func.func @kept(%x: tensor<?xf64>, %i: index, %a: f64)
    -> (tensor<?xf64>, tensor<?xf64>, f64) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %0 = tensor.insert %a into %x[%c0] : tensor<?xf64>
  %1 = tensor.insert %a into %0[%c1] : tensor<?xf64>
  %2 = tensor.insert %a into %1[%c2] : tensor<?xf64>
  %3 = tensor.insert %a into %2[%c3] : tensor<?xf64>
  %unknown = tensor.insert %a into %3[%i] : tensor<?xf64>
  %number = tensor.extract %unknown[%c0] : tensor<?xf64>
  %4 = tensor.insert %a into %unknown[%c4] : tensor<?xf64>
  %5 = tensor.insert %a into %4[%c5] : tensor<?xf64>
  %6 = tensor.insert %a into %5[%c6] : tensor<?xf64>
  %7 = tensor.insert %a into %6[%c7] : tensor<?xf64>
  return %6, %7, %number : tensor<?xf64>, tensor<?xf64>, f64
}
