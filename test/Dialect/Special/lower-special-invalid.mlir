// RUN: vi-opt %s --vi-lower-special --split-input-file --verify-diagnostics

func.func @unranked(%x: tensor<*xf64>) -> tensor<*xf64> {
  // expected-error@+1 {{'special.digamma' op on an unranked tensor cannot be lowered}}
  %0 = special.digamma %x : tensor<*xf64>
  return %0 : tensor<*xf64>
}

// -----

func.func @scalable(%x: vector<[4]xf64>) -> vector<[4]xf64> {
  // expected-error@+1 {{'special.digamma' op on a scalable vector cannot be lowered}}
  %0 = special.digamma %x : vector<[4]xf64>
  return %0 : vector<[4]xf64>
}
