//===- VI.h - the vi dialect -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_IR_VI_H
#define VI_DIALECT_VI_IR_VI_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "vi/Dialect/VI/IR/VIDialect.h.inc"

#include "vi/Dialect/VI/IR/VIEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "vi/Dialect/VI/IR/VITypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "vi/Dialect/VI/IR/VIAttributes.h.inc"

#include "vi/Dialect/VI/IR/Distribution.h"

#include "vi/Dialect/VI/IR/VIInterfaces.h.inc"

namespace vi {
class YieldOp;
} // namespace vi

#define GET_OP_CLASSES
#include "vi/Dialect/VI/IR/VIOps.h.inc"

#endif // VI_DIALECT_VI_IR_VI_H
