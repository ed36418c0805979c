//===- RNG.h - the rng dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_RNG_IR_RNG_H
#define VI_DIALECT_RNG_IR_RNG_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/VectorInterfaces.h"

namespace vi::rng {

/// `i64`, or a vector or tensor of it in the shape of `type`.
mlir::Type getI64InShapeOf(mlir::Type type);

} // namespace vi::rng

#include "vi/Dialect/RNG/IR/RNGDialect.h.inc"

#define GET_OP_CLASSES
#include "vi/Dialect/RNG/IR/RNGOps.h.inc"

#endif // VI_DIALECT_RNG_IR_RNG_H
