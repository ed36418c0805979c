//===- VI.td - all of the vi dialect ------------------------*- tablegen -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VI_TD
#define VI_DIALECT_VI_IR_VI_TD

include "vi/Dialect/VI/IR/VIDialect.td"
include "vi/Dialect/VI/IR/VITypes.td"
include "vi/Dialect/VI/IR/VIAttributes.td"
include "vi/Dialect/VI/IR/VIInterfaces.td"
include "vi/Dialect/VI/IR/VIStructure.td"
include "vi/Dialect/VI/IR/VIMeasures.td"
include "vi/Dialect/VI/IR/VIBijectors.td"
include "vi/Dialect/VI/IR/VIMatrix.td"
include "vi/Dialect/VI/IR/VIDistributions.td"

#endif // VI_DIALECT_VI_IR_VI_TD
