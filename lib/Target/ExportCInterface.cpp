//===- ExportCInterface.cpp - C signatures --------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"
#include "vi/Target/CInterface.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_EXPORTCINTERFACE
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// Gives one function its C signature.
class Exporter {
public:
  Exporter(func::FuncOp func, const LLVMTypeConverter &converter)
      : func(func), converter(converter), b(func.getLoc(), func.getContext()),
        pointer(LLVM::LLVMPointerType::get(func.getContext())) {}

  LogicalResult run();

private:
  /// A buffer of type `type` at `address` with the sizes given.
  Value getBuffer(MemRefType type, Value address, ValueRange sizes);
  DictionaryAttr getAttributes(ArrayRef<StringRef> names) {
    SmallVector<NamedAttribute> attrs;
    for (StringRef name : names)
      attrs.push_back(b.getNamedAttr(name, b.getUnitAttr()));
    return b.getDictionaryAttr(attrs);
  }
  void addArgument(Type type, ArrayRef<StringRef> attributes) {
    argumentTypes.push_back(type);
    argumentAttributes.push_back(getAttributes(attributes));
    func.getBody().addArgument(type, func.getLoc());
  }

  func::FuncOp func;
  const LLVMTypeConverter &converter;
  ImplicitLocOpBuilder b;
  Type pointer;
  SmallVector<Type> argumentTypes, resultTypes;
  SmallVector<Attribute> argumentAttributes, resultAttributes;
};

Value Exporter::getBuffer(MemRefType type, Value address, ValueRange sizes) {
  Location loc = b.getLoc();
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, address);
  descriptor.setAlignedPtr(b, loc, address);
  descriptor.setConstantOffset(b, loc, 0);
  Value stride;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    Value size = type.isDynamicDim(dim)
                     ? sizes[dim]
                     : Value(LLVM::ConstantOp::create(
                           b, b.getI64Type(),
                           b.getI64IntegerAttr(type.getDimSize(dim))));
    descriptor.setSize(b, loc, dim, size);
    if (!stride)
      stride =
          LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(1));
    descriptor.setStride(b, loc, dim, stride);
    if (dim)
      stride = LLVM::MulOp::create(b, stride, size);
  }
  Value result = descriptor;
  return UnrealizedConversionCastOp::create(b, type, result).getResult(0);
}

LogicalResult Exporter::run() {
  // The last arguments of the function of a chunk are its results' places.
  bool isChunk = func->hasAttr("vi.chunk");
  unsigned firstPlace =
      func.getNumArguments() - (isChunk ? func.getNumResults() : 0);
  if (!isChunk && failed(vi::verifyExported(func)))
    return failure();
  Block &body = func.getBody().front();
  auto ret = cast<func::ReturnOp>(body.getTerminator());

  // Arguments. The new ones follow the old ones until the latter are dropped.
  unsigned oldArguments = func.getNumArguments();
  b.setInsertionPointToStart(&body);
  for (unsigned i = 0; i < oldArguments; ++i) {
    BlockArgument argument = func.getBody().getArgument(i);
    b.setLoc(argument.getLoc());
    Type type = argument.getType();
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor) {
      bool isBool = type.isInteger(1) && !isChunk;
      addArgument(type.isIndex() ? b.getI64Type() : type,
                  isBool ? ArrayRef<StringRef>{"llvm.zeroext"}
                         : ArrayRef<StringRef>{});
      Value value = body.getArguments().back();
      if (type.isIndex())
        value = arith::IndexCastOp::create(b, type, value);
      argument.replaceAllUsesWith(value);
      continue;
    }
    bool isPlace = i >= firstPlace;
    if (isPlace)
      addArgument(pointer, {"llvm.noalias", "llvm.nofree"});
    else
      addArgument(pointer, {"llvm.noalias", "llvm.readonly", "llvm.nofree"});
    Value address = body.getArguments().back();
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < tensor.getRank(); ++dim) {
      addArgument(b.getI64Type(), {});
      sizes.push_back(body.getArguments().back());
    }
    auto buffer = MemRefType::get(tensor.getShape(), tensor.getElementType());
    Value memory = getBuffer(buffer, address, sizes);
    Value value = bufferization::ToTensorOp::create(
        b, tensor, memory, /*restrict=*/true, /*writable=*/isPlace);
    argument.replaceAllUsesWith(value);
    if (!isPlace)
      continue;
    // As for results below: the tensor takes part in the analysis.
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(ret);
    Value result = ret.getOperand(i - firstPlace);
    if (result != value)
      result = bufferization::MaterializeInDestinationOp::create(
                   b, tensor, result, value, /*restrict=*/false,
                   /*writable=*/false)
                   .getResult();
    bufferization::MaterializeInDestinationOp::create(
        b, /*result=*/Type(), result, memory, /*restrict=*/true,
        /*writable=*/true);
  }

  // Results. The marker separates what is known at the start of the function
  // from the rest: destinations are set up there wherever their sizes are
  // known, so that results can be computed in place.
  Operation *marker = arith::ConstantIndexOp::create(b, 0);
  auto isKnownEarly = [&](Value value) {
    if (value.getParentBlock() != &body)
      return false;
    Operation *op = value.getDefiningOp();
    return !op || op->isBeforeInBlock(marker);
  };
  vi::SizeBuilder early(b, ret.getLoc(), isKnownEarly);
  SmallVector<Value> returned;
  b.setLoc(ret.getLoc());
  for (auto [i, operand] : llvm::enumerate(ret.getOperands())) {
    if (isChunk)
      break;
    Value result = operand;
    Type type = result.getType();
    b.setInsertionPoint(ret);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (i == 0 && !tensor) {
      if (type.isIndex())
        result = arith::IndexCastOp::create(b, b.getI64Type(), result);
      returned.push_back(result);
      resultTypes.push_back(result.getType());
      resultAttributes.push_back(type.isInteger(1)
                                     ? getAttributes({"llvm.zeroext"})
                                     : b.getDictionaryAttr({}));
      continue;
    }
    addArgument(pointer, {"llvm.noalias", "llvm.nofree"});
    Value address = body.getArguments().back();
    if (!tensor) {
      if (type.isIndex())
        result = arith::IndexCastOp::create(b, b.getI64Type(), result);
      else if (type.isInteger(1))
        result = arith::ExtUIOp::create(b, b.getI8Type(), result);
      LLVM::StoreOp::create(b, result, address);
      continue;
    }
    b.setInsertionPoint(marker);
    SmallVector<Value> sizes(tensor.getRank());
    bool allKnown = true;
    for (int64_t dim = 0; dim < tensor.getRank() && allKnown; ++dim)
      if (tensor.isDynamicDim(dim))
        allKnown = static_cast<bool>(sizes[dim] = early.getSize(result, dim));
    if (!allKnown) {
      b.setInsertionPoint(ret);
      for (int64_t dim = 0; dim < tensor.getRank(); ++dim)
        if (tensor.isDynamicDim(dim))
          sizes[dim] = tensor::DimOp::create(b, result, dim);
    }
    for (Value &size : sizes)
      if (size)
        size = arith::IndexCastOp::create(b, b.getI64Type(), size);
    Value buffer =
        getBuffer(MemRefType::get(tensor.getShape(), tensor.getElementType()),
                  address, sizes);
    if (allKnown) {
      // As a tensor, the destination takes part in the analysis of what may be
      // computed in place; the copy below is then one of a buffer to itself.
      Value destination = bufferization::ToTensorOp::create(
          b, tensor, buffer, /*restrict=*/true, /*writable=*/true);
      b.setInsertionPoint(ret);
      result = bufferization::MaterializeInDestinationOp::create(
                   b, tensor, result, destination, /*restrict=*/false,
                   /*writable=*/false)
                   .getResult();
    }
    b.setInsertionPoint(ret);
    bufferization::MaterializeInDestinationOp::create(
        b, /*result=*/Type(), result, buffer, /*restrict=*/true,
        /*writable=*/true);
  }
  marker->erase();
  ret.getOperandsMutable().assign(returned);
  body.eraseArguments(0, oldArguments);
  func.setFunctionType(b.getFunctionType(argumentTypes, resultTypes));
  func.setAllArgAttrs(argumentAttributes);
  func.setAllResultAttrs(resultAttributes);
  func->removeAttr("vi.export");
  func->removeAttr("vi.doc");
  SmallVector<Attribute> passthrough{b.getStringAttr("nounwind")};
  // Whatever runs a chunk runs the same code, to the same bits.
  if (isChunk)
    passthrough.push_back(b.getStringAttr("noinline"));
  func->setAttr("passthrough", b.getArrayAttr(passthrough));
  func->removeAttr("vi.chunk");
  func->removeAttr("arg_names");
  return success();
}

struct ExportCInterface : vi::impl::ExportCInterfaceBase<ExportCInterface> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func->hasAttr("vi.export")) {
        if (!func.isDeclaration()) {
          func.setPrivate();
          func->setAttr(
              "llvm.linkage",
              LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
        }
        if (!func->hasAttr("vi.chunk"))
          continue;
      }
      if (failed(Exporter(func, converter).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
