//===- VIDialect.cpp - dialect, types and attributes -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"

#include "ScopeNotes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace vi;

#include "vi/Dialect/VI/IR/VIDialect.cpp.inc"

#include "vi/Dialect/VI/IR/VIEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "vi/Dialect/VI/IR/VITypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "vi/Dialect/VI/IR/VIAttributes.cpp.inc"

#include "vi/Dialect/VI/IR/VIInterfaces.cpp.inc"

namespace {
/// Everything of the dialect may be inlined anywhere: regions of plates and
/// expectations hold ordinary code.
struct VIInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;

  bool isLegalToInline(Operation *, Operation *, bool) const final {
    return true;
  }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const final {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void VIDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "vi/Dialect/VI/IR/VITypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "vi/Dialect/VI/IR/VIAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "vi/Dialect/VI/IR/VIOps.cpp.inc"
      >();
  addInterfaces<VIInlinerInterface>();
  registerScopeNotes(getContext());
}

LogicalResult
InitializerAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        InitializerKind, FloatAttr scale) {
  if (!scale)
    return success();
  double value = scale.getValueAsDouble();
  if (!(value > 0) || !std::isfinite(value))
    return emitError() << "the scale of random weights must be positive, not "
                       << value;
  return success();
}

LogicalResult DistType::verify(function_ref<InFlightDiagnostic()> emitError,
                               Type valueType) {
  if (auto shaped = dyn_cast<ShapedType>(valueType))
    if (!isa<RankedTensorType>(valueType))
      return emitError() << "a distribution is over a scalar or a ranked "
                            "tensor, not over "
                         << valueType;
  if (isRankZeroTensor(valueType))
    return emitError() << "a distribution over single numbers is over "
                       << getElementTypeOrSelf(valueType) << ", not over "
                       << valueType;
  Type element = getElementTypeOrSelf(valueType);
  if (element.isF32() || element.isF64() || element.isInteger(1) ||
      element.isInteger(32) || element.isInteger(64))
    return success();
  return emitError() << "a distribution is over values of f32, f64, i1, i32 "
                        "or i64, not of "
                     << element;
}

LogicalResult IndexAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t base, Attribute size) {
  if (base != 0 && base != 1)
    return emitError() << "indices count from base 0 or 1, not from " << base;
  if (isa<StringAttr>(size))
    return success();
  if (auto number = dyn_cast<IntegerAttr>(size)) {
    if (number.getInt() > 0)
      return success();
    return emitError() << "the size of what is indexed must be positive, not "
                       << number.getInt();
  }
  return emitError() << "the size of what is indexed is the name of an integer "
                        "argument or a number, not "
                     << size;
}

/// Both forms of a site's types: `f64`, where the value has the distribution's
/// type, and `f64 -> tensor<?xf64>`, where it holds independent draws.
static ParseResult parseSampleTypes(OpAsmParser &parser, Type &distribution,
                                    Type &value) {
  SMLoc loc = parser.getCurrentLocation();
  Type over;
  if (parser.parseType(over))
    return failure();
  distribution = DistType::getChecked([&] { return parser.emitError(loc); },
                                      parser.getContext(), over);
  if (!distribution)
    return failure();
  value = over;
  if (succeeded(parser.parseOptionalArrow()))
    return parser.parseType(value);
  return success();
}

static void printSampleTypes(OpAsmPrinter &printer, Operation *,
                             Type distribution, Type value) {
  Type over = cast<DistType>(distribution).getValueType();
  printer << over;
  if (over != value)
    printer << " -> " << value;
}

/// A distribution's type by the type of its values.
static ParseResult parseDistValueType(OpAsmParser &parser, Type &distribution) {
  SMLoc loc = parser.getCurrentLocation();
  Type over;
  if (parser.parseType(over))
    return failure();
  distribution = DistType::getChecked([&] { return parser.emitError(loc); },
                                      parser.getContext(), over);
  return success(static_cast<bool>(distribution));
}

static void printDistValueType(OpAsmPrinter &printer, Operation *,
                               Type distribution) {
  printer << cast<DistType>(distribution).getValueType();
}

/// The keyword of a set of values.
static ParseResult parseSupport(OpAsmParser &parser, SupportKindAttr &support) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<SupportKind> kind = symbolizeSupportKind(keyword);
  if (!kind) {
    InFlightDiagnostic diagnostic = parser.emitError(loc, "unknown support '")
                                    << keyword << "'; expected ";
    llvm::interleaveComma(
        llvm::seq<unsigned>(0, getMaxEnumValForSupportKind() + 1), diagnostic,
        [&](unsigned value) {
          diagnostic << stringifySupportKind(static_cast<SupportKind>(value));
        });
    return diagnostic;
  }
  support = SupportKindAttr::get(parser.getContext(), *kind);
  return success();
}

static void printSupport(OpAsmPrinter &printer, Operation *,
                         SupportKindAttr support) {
  printer << stringifySupportKind(support.getValue());
}

#define GET_OP_CLASSES
#include "vi/Dialect/VI/IR/VIOps.cpp.inc"
