//===- LowerChunks.cpp - calls of the functions of chunks -----------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Target/Passes.h"

namespace vi {
#define GEN_PASS_DEF_LOWERCHUNKS
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;

/// Memories of sums that chunks have at the same time: between these, as many
/// as `memoryBytes` hold.
static constexpr int64_t minMemories = 16, maxMemories = 64;
static constexpr int64_t memoryBytes = int64_t(1) << 20;
/// The sums of different chunks share no cache line.
static constexpr int64_t alignment = 64;
/// Elements of a sum that are added at once.
static constexpr int64_t blockElements = 4096;
/// Sums of known sizes that take so many bytes are on the stack.
static constexpr int64_t stackBytes = 4096;
/// So many elements are set to zero one by one.
static constexpr int64_t fewElements = 16;

namespace {

/// Writes the loops of one operation.
class Lowering {
public:
  Lowering(vi::ChunksOp op, const LLVMTypeConverter &converter, bool parallel)
      : op(op), converter(converter), parallel(parallel),
        b(op.getLoc(), op.getContext()),
        pointer(LLVM::LLVMPointerType::get(op.getContext())),
        index(b.getIndexType()), i64(b.getI64Type()) {
    b.setInsertionPoint(op);
  }

  LogicalResult run();

private:
  /// A sum or a stack.
  struct Output {
    Value address;
    /// The sizes of its dimensions.
    SmallVector<Value> sizes;
    Type element;
    /// Of a sum, the number of elements and the place in a chunk's memory.
    Value count, offset;
  };

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value toI64(Value value) { return arith::IndexCastOp::create(b, i64, value); }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value subtract(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value multiply(Value x, Value y) { return arith::MulIOp::create(b, x, y); }
  Value smaller(Value x, Value y) { return arith::MinSIOp::create(b, x, y); }
  Value divideUp(Value x, Value y) {
    return arith::DivUIOp::create(b, subtract(add(x, y), constant(1)), y);
  }
  /// The address of element `at` of an array of `element`.
  Value getElement(Value address, Type element, Value at) {
    return LLVM::GEPOp::create(b, pointer, element, address,
                               ArrayRef<LLVM::GEPArg>{toI64(at)});
  }
  /// The type of `element` in memory.
  Type getStored(Type element) {
    if (element.isIndex())
      return i64;
    return element.isInteger(1) ? Type(b.getI8Type()) : element;
  }
  int64_t getBytes(Type element) {
    return llvm::divideCeil(getStored(element).getIntOrFloatBitWidth(), 8);
  }

  Output getOutput(Value buffer);
  /// Calls the function for members `first` .. `last` - 1.
  void call(Value first, Value last, ValueRange sums);
  /// A loop whose iterations may run at the same time.
  void emitLoop(Value from, Value to, function_ref<void(Value)> body);
  /// Adds the sums of chunks `first` .. `last` - 1 to the results.
  void addSums(Value first, Value last, Value firstMemory, Value memory,
               Value bytes);
  /// Memory for the sums of `memories` chunks, and whether it must be freed.
  std::pair<Value, bool> getMemory(Value memories, Value bytes);
  /// Sets the sums in a chunk's memory to zero.
  void clear(Value slot);
  void emitChunks(Value count);

  vi::ChunksOp op;
  const LLVMTypeConverter &converter;
  bool parallel;
  ImplicitLocOpBuilder b;
  Type pointer, index, i64;
  SmallVector<Value> inputs;
  SmallVector<Output> sums, stacks;
};

Lowering::Output Lowering::getOutput(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  Output output;
  Value cast =
      UnrealizedConversionCastOp::create(b, converter.convertType(type), buffer)
          .getResult(0);
  output.address =
      MemRefDescriptor(cast).bufferPtr(b, b.getLoc(), converter, type);
  output.element = type.getElementType();
  output.count = constant(1);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    output.sizes.push_back(type.isDynamicDim(dim)
                               ? Value(memref::DimOp::create(b, buffer, dim))
                               : constant(type.getDimSize(dim)));
    std::optional<int64_t> factor = getConstantIntValue(output.sizes.back()),
                           before = getConstantIntValue(output.count);
    output.count = factor && before
                       ? constant(*factor * *before)
                       : multiply(output.count, output.sizes.back());
  }
  return output;
}

void Lowering::call(Value first, Value last, ValueRange addresses) {
  SmallVector<Value> arguments{toI64(first), toI64(last)};
  llvm::append_range(arguments, inputs);
  for (auto [sum, address] : llvm::zip(sums, addresses)) {
    arguments.push_back(address);
    for (Value size : sum.sizes)
      arguments.push_back(toI64(size));
  }
  for (Output &stack : stacks) {
    Value at = first;
    for (Value size : ArrayRef(stack.sizes).drop_front())
      at = multiply(at, size);
    arguments.push_back(
        getElement(stack.address, getStored(stack.element), at));
    arguments.push_back(toI64(subtract(last, first)));
    for (Value size : ArrayRef(stack.sizes).drop_front())
      arguments.push_back(toI64(size));
  }
  func::CallOp::create(b, op.getCallee(), TypeRange(), arguments);
}

void Lowering::emitLoop(Value from, Value to, function_ref<void(Value)> body) {
  OpBuilder::InsertionGuard guard(b);
  Value one = constant(1);
  if (!parallel) {
    auto loop = scf::ForOp::create(b, from, to, one);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
    return;
  }
  auto loop = scf::ParallelOp::create(b, from, to, one);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVars().front());
}

void Lowering::addSums(Value first, Value last, Value firstMemory, Value memory,
                       Value bytes) {
  Value zero = constant(0), one = constant(1);
  // The first chunk has added to the results itself.
  Value start = arith::MaxSIOp::create(b, first, one);
  for (Output &sum : sums) {
    Type element = getStored(sum.element);
    auto addBlock = [&](Value from, Value to) {
      OpBuilder::InsertionGuard guard(b);
      auto chunks = scf::ForOp::create(b, start, last, one);
      b.setInsertionPointToStart(chunks.getBody());
      Value slot =
          multiply(subtract(chunks.getInductionVar(), firstMemory), bytes);
      Value part = getElement(memory, b.getI8Type(), add(slot, sum.offset));
      auto elements = scf::ForOp::create(b, from, to, one);
      b.setInsertionPointToStart(elements.getBody());
      Value at = elements.getInductionVar();
      Value result = getElement(sum.address, element, at);
      Value x = LLVM::LoadOp::create(b, element, result);
      Value y = LLVM::LoadOp::create(b, element, getElement(part, element, at));
      Value total = isa<FloatType>(element)
                        ? arith::AddFOp::create(b, x, y).getResult()
                        : arith::AddIOp::create(b, x, y).getResult();
      LLVM::StoreOp::create(b, total, result);
    };
    std::optional<int64_t> known = getConstantIntValue(sum.count);
    if (!parallel || (known && *known <= blockElements)) {
      addBlock(zero, sum.count);
      continue;
    }
    Value size = constant(blockElements);
    Value large =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, sum.count, size);
    auto branch = scf::IfOp::create(b, large, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value blocks = divideUp(sum.count, size);
    emitLoop(zero, blocks, [&](Value block) {
      Value from = multiply(block, size);
      addBlock(from, smaller(add(from, size), sum.count));
    });
    b.setInsertionPointToStart(branch.elseBlock());
    addBlock(zero, sum.count);
  }
}

std::pair<Value, bool> Lowering::getMemory(Value memories, Value bytes) {
  int64_t known = 0;
  for (Output &sum : sums) {
    std::optional<int64_t> count = getConstantIntValue(sum.count);
    if (!count || *count > stackBytes || parallel) {
      known = stackBytes + 1;
      break;
    }
    known += llvm::alignTo(*count * getBytes(sum.element), alignment);
  }
  IntegerAttr aligned = b.getI64IntegerAttr(alignment);
  if (known > stackBytes)
    return {memref::AllocOp::create(
                b, MemRefType::get({ShapedType::kDynamic}, b.getI8Type()),
                ValueRange(multiply(memories, bytes)), aligned),
            true};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(
      &op->getParentOfType<func::FuncOp>().getBody().front());
  return {memref::AllocaOp::create(b, MemRefType::get({known}, b.getI8Type()),
                                   aligned),
          false};
}

void Lowering::clear(Value slot) {
  for (Output &sum : sums) {
    Value address = getElement(slot, b.getI8Type(), sum.offset);
    Type element = getStored(sum.element);
    std::optional<int64_t> count = getConstantIntValue(sum.count);
    if (count && *count <= fewElements) {
      Value zero = LLVM::ConstantOp::create(b, element, b.getZeroAttr(element));
      for (int64_t at = 0; at < *count; ++at)
        LLVM::StoreOp::create(b, zero,
                              getElement(address, element, constant(at)));
      continue;
    }
    Value none =
        LLVM::ConstantOp::create(b, b.getI8Type(), b.getI8IntegerAttr(0));
    Value bytes = multiply(sum.count, constant(getBytes(sum.element)));
    LLVM::MemsetOp::create(b, address, none, toI64(bytes),
                           /*isVolatile=*/false);
  }
}

void Lowering::emitChunks(Value count) {
  Value zero = constant(0), one = constant(1);
  // Where the sums are in the memory of a chunk.
  Value bytes = zero;
  Value mask = constant(-alignment);
  for (Output &sum : sums) {
    sum.offset = bytes;
    Value size = multiply(sum.count, constant(getBytes(sum.element)));
    Value end = add(add(bytes, size), constant(alignment - 1));
    bytes = arith::AndIOp::create(b, end, mask);
  }
  Value memories = one;
  if (parallel) {
    Value fitting = arith::DivUIOp::create(
        b, constant(memoryBytes), arith::MaxUIOp::create(b, bytes, one));
    memories =
        smaller(arith::MaxSIOp::create(b, fitting, constant(minMemories)),
                constant(maxMemories));
    memories = smaller(memories, count);
  }
  auto [memory, isAllocated] = getMemory(memories, bytes);
  Value start = getOutput(memory).address;

  auto rounds = scf::ForOp::create(b, zero, count, memories);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rounds.getBody());
    Value first = rounds.getInductionVar();
    Value last = smaller(add(first, memories), count);
    emitLoop(first, last, [&](Value chunk) {
      Value begin = add(op.getBegin(), multiply(chunk, op.getLength()));
      Value end = smaller(add(begin, op.getLength()), op.getEnd());
      Value slot = getElement(start, b.getI8Type(),
                              multiply(subtract(chunk, first), bytes));
      Value isFirst =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, chunk, zero);
      if (!sums.empty()) {
        auto branch = scf::IfOp::create(b, isFirst, /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(branch.elseBlock());
        clear(slot);
      }
      SmallVector<Value> addresses;
      for (Output &sum : sums)
        addresses.push_back(arith::SelectOp::create(
            b, isFirst, sum.address,
            getElement(slot, b.getI8Type(), sum.offset)));
      call(begin, end, addresses);
    });
    addSums(first, last, first, start, bytes);
  }
  if (isAllocated)
    memref::DeallocOp::create(b, memory);
}

LogicalResult Lowering::run() {
  for (Value input : op.getInputs()) {
    auto type = dyn_cast<MemRefType>(input.getType());
    if (!type) {
      inputs.push_back(input.getType().isIndex() ? toI64(input) : input);
      continue;
    }
    Output buffer = getOutput(input);
    inputs.push_back(buffer.address);
    for (Value size : buffer.sizes)
      inputs.push_back(toI64(size));
  }
  for (Value operand : op.getDpsInits())
    if (!isa<MemRefType>(operand.getType()))
      return op.emitOpError("is on tensors: bufferize it first");
  for (Value sum : op.getSums())
    sums.push_back(getOutput(sum));
  for (Value stack : op.getStacks())
    stacks.push_back(getOutput(stack));

  Value members = subtract(op.getEnd(), op.getBegin());
  Value count = divideUp(members, op.getLength());
  Value single =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sle, count, constant(1));
  auto branch = scf::IfOp::create(b, single, /*withElseRegion=*/true);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> addresses;
  for (Output &sum : sums)
    addresses.push_back(sum.address);
  call(op.getBegin(), op.getEnd(), addresses);
  b.setInsertionPointToStart(branch.elseBlock());
  emitChunks(count);
  op.erase();
  return success();
}

struct LowerChunks : vi::impl::LowerChunksBase<LowerChunks> {
  using Base::Base;

  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SmallVector<vi::ChunksOp> ops;
    getOperation()->walk([&](vi::ChunksOp op) { ops.push_back(op); });
    for (vi::ChunksOp op : ops)
      if (failed(Lowering(op, converter, parallel).run()))
        return signalPassFailure();
  }
};

} // namespace
