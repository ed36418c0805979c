//===- Special.h - the special dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_SPECIAL_IR_SPECIAL_H
#define VI_DIALECT_SPECIAL_IR_SPECIAL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/VectorInterfaces.h"

#include "vi/Dialect/Special/IR/SpecialDialect.h.inc"

#define GET_OP_CLASSES
#include "vi/Dialect/Special/IR/SpecialOps.h.inc"

#endif // VI_DIALECT_SPECIAL_IR_SPECIAL_H
