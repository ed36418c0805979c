//===- PrepareData.cpp - computations on data alone, done once -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace vi {
#define GEN_PASS_DEF_PREPAREDATA
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

struct PrepareData : vi::impl::PrepareDataBase<PrepareData> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp func : functions)
      if (func->hasAttr("vi.differentiate") && func->hasAttr("vi.model") &&
          !func.isExternal())
        prepare(func);
  }

private:
  void prepare(func::FuncOp func);
};

} // namespace

/// The number of elements of a value that can be kept, or 0: real numbers, and
/// tensors of them of a known size.
static int64_t getKeptSize(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.hasStaticShape() && tensor.getElementType().isF64()
               ? tensor.getNumElements()
               : 0;
  return type.isF64() ? 1 : 0;
}

void PrepareData::prepare(func::FuncOp func) {
  Block &block = func.getBody().front();
  // Data come before the parameters. A function that is no entry point need not
  // have either.
  auto name = func->getAttrOfType<StringAttr>("vi.model");
  auto wrt = func->getAttrOfType<ArrayAttr>("vi.wrt");
  auto first =
      wrt && !wrt.empty() ? dyn_cast<IntegerAttr>(wrt[0]) : IntegerAttr();
  if (!name || !first || first.getInt() < 0 ||
      first.getInt() >= func.getNumArguments())
    return;
  unsigned dataCount = first.getInt();

  // Operations on data alone, and those of them that cost as much as the data
  // are long, or need such ones.
  llvm::DenseSet<Operation *> onData, costly;
  for (Operation &op : block.without_terminator()) {
    if (!isMemoryEffectFree(&op))
      continue;
    bool dataOnly = true, needsCostly = false;
    auto visit = [&](Value value) {
      if (auto argument = dyn_cast<BlockArgument>(value)) {
        dataOnly &= argument.getOwner() != &block ||
                    argument.getArgNumber() < dataCount;
        return;
      }
      Operation *producer = block.findAncestorOpInBlock(*value.getDefiningOp());
      if (producer == &op)
        return;
      dataOnly &= onData.contains(producer);
      needsCostly |= costly.contains(producer);
    };
    for (Value operand : op.getOperands())
      visit(operand);
    for (Region &region : op.getRegions())
      visitUsedValuesDefinedAbove(
          region, [&](OpOperand *operand) { visit(operand->get()); });
    if (!dataOnly)
      continue;
    onData.insert(&op);
    if (needsCostly || op.getNumRegions())
      costly.insert(&op);
  }

  // What crosses over to the rest of the function.
  SmallVector<Value> kept;
  int64_t total = 0;
  for (Operation &op : block) {
    if (!costly.contains(&op))
      continue;
    for (Value result : op.getResults()) {
      int64_t size = getKeptSize(result.getType());
      bool crosses = llvm::any_of(result.getUsers(), [&](Operation *user) {
        Operation *ancestor = block.findAncestorOpInBlock(*user);
        return !onData.contains(ancestor);
      });
      if (!size || !crosses)
        continue;
      kept.push_back(result);
      total += size;
    }
  }
  if (kept.empty())
    return;

  // NAME_prepare computes them all into one vector.
  Location loc = func.getLoc();
  OpBuilder builder(func);
  StringRef model = name.getValue();
  auto vector = RankedTensorType::get({total}, builder.getF64Type());
  SmallVector<Type> inputs(func.getArgumentTypes().take_front(dataCount));
  auto prepare = func::FuncOp::create(builder, loc, (model + "_prepare").str(),
                                      builder.getFunctionType(inputs, vector));
  prepare->setAttr("vi.export", builder.getUnitAttr());
  prepare->setAttr("vi.model", func->getAttr("vi.model"));
  prepare->setAttr("vi.doc",
                   builder.getStringAttr(
                       "What the model computes of the data alone: to be "
                       "called once, for the functions that take `prepared`."));
  for (unsigned i = 0; i < dataCount; ++i)
    if (DictionaryAttr attributes = func.getArgAttrDict(i))
      prepare.setArgAttrs(i, attributes);
  prepare.setResultAttr(0, "vi.name", builder.getStringAttr("prepared"));
  Block *entry = prepare.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  for (unsigned i = 0; i < dataCount; ++i)
    mapping.map(block.getArgument(i), entry->getArgument(i));
  for (Operation &op : block)
    if (onData.contains(&op))
      builder.clone(op, mapping);
  Value result = tensor::EmptyOp::create(builder, loc, vector.getShape(),
                                         vector.getElementType());

  // The function takes them as an argument instead.
  unsigned number = func.getNumArguments();
  (void)func.insertArgument(
      number, vector,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("vi.name", builder.getStringAttr("prepared")),
           builder.getNamedAttr(
               "vi.doc",
               builder.getStringAttr("what " + model +
                                     "_prepare computes of the data"))}),
      loc);
  Value argument = block.getArgument(number);
  OpBuilder reader = OpBuilder::atBlockBegin(&block);
  int64_t offset = 0;
  for (Value value : kept) {
    int64_t size = getKeptSize(value.getType());
    auto tensor = dyn_cast<RankedTensorType>(value.getType());
    Value source = mapping.lookup(value);
    SmallVector<OpFoldResult> offsets{builder.getIndexAttr(offset)},
        sizes{builder.getIndexAttr(size)}, strides{builder.getIndexAttr(1)};
    Value replacement;
    if (!tensor || tensor.getRank() == 0) {
      Value place = arith::ConstantIndexOp::create(builder, loc, offset);
      if (tensor)
        source = tensor::ExtractOp::create(builder, loc, source, ValueRange());
      result = tensor::InsertOp::create(builder, loc, source, result, place);
      Value from = arith::ConstantIndexOp::create(reader, loc, offset);
      replacement = tensor::ExtractOp::create(reader, loc, argument, from);
      if (tensor)
        replacement =
            tensor::FromElementsOp::create(reader, loc, tensor, replacement);
    } else {
      auto flat = RankedTensorType::get({size}, tensor.getElementType());
      SmallVector<ReassociationIndices> all{
          llvm::to_vector<2>(llvm::seq<int64_t>(0, tensor.getRank()))};
      if (tensor.getRank() > 1)
        source =
            tensor::CollapseShapeOp::create(builder, loc, flat, source, all);
      result = tensor::InsertSliceOp::create(builder, loc, source, result,
                                             offsets, sizes, strides);
      replacement = tensor::ExtractSliceOp::create(reader, loc, flat, argument,
                                                   offsets, sizes, strides);
      if (tensor.getRank() > 1)
        replacement = tensor::ExpandShapeOp::create(reader, loc, tensor,
                                                    replacement, all);
    }
    value.replaceUsesWithIf(replacement, [&](OpOperand &use) {
      return !onData.contains(block.findAncestorOpInBlock(*use.getOwner()));
    });
    offset += size;
  }
  func::ReturnOp::create(builder, loc, result);
  // What only the kept values needed is dead now.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (onData.contains(&op) && isOpTriviallyDead(&op))
      op.erase();
}
