//===- DataChecks.cpp - what a model assumes of its data -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/DataChecks.h"

#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace vi;

/// Where an operation is in the model's text, for messages.
static std::string describeLocation(Location loc) {
  if (auto position = loc->findInstanceOf<FileLineColLoc>())
    return (position.getFilename().getValue() + ":" +
            Twine(position.getLine()) + ":" + Twine(position.getColumn()) +
            ": ")
        .str();
  return "";
}

/// The data argument that a value is, or is a slice or element of.
static BlockArgument getDataArgument(Value value, Block *entry) {
  while (true) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == entry)
        return argument;
      auto plate = dyn_cast<PlateOp>(argument.getOwner()->getParentOp());
      unsigned number = argument.getArgNumber();
      if (!plate || number == 0 || number > plate.getSlices().size())
        return BlockArgument();
      value = plate.getSlices()[number - 1];
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
            arith::ExtUIOp, arith::TruncIOp, tensor::ExtractOp,
            tensor::ExtractSliceOp, tensor::CastOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    return BlockArgument();
  }
}

/// How messages call a tensor: by its argument, or by what it is.
static std::string describe(Value value, FunctionOpInterface program) {
  Block *entry = &program.getFunctionBody().front();
  auto names = program->getAttrOfType<ArrayAttr>("arg_names");
  if (BlockArgument argument = getDataArgument(value, entry))
    return "'" +
           cast<StringAttr>(names[argument.getArgNumber()]).getValue().str() +
           "'";
  if (auto sample = value.getDefiningOp<SampleOp>())
    return "site '" + sample.getName().str() + "'";
  if (auto param = value.getDefiningOp<ParamOp>())
    return "parameter '" + param.getName().str() + "'";
  return "a tensor";
}

LogicalResult vi::collectDataChecks(OpBuilder &builder,
                                    FunctionOpInterface program,
                                    IRMapping &mapping,
                                    SmallVectorImpl<DataCheck> &checks) {
  Block *entry = &program.getFunctionBody().front();
  auto names = program->getAttrOfType<ArrayAttr>("arg_names");
  using Predicate = arith::CmpIPredicate;
  auto addCheck = [&](Value left, Predicate violation, Value right,
                      const Twine &message) {
    if (!left || !right)
      return;
    std::optional<int64_t> a = getConstantIntValue(left);
    std::optional<int64_t> b = getConstantIntValue(right);
    if (a && b &&
        !arith::applyCmpPredicate(violation, APInt(64, *a, /*isSigned=*/true),
                                  APInt(64, *b, /*isSigned=*/true)))
      return;
    checks.push_back({left, right, violation, message.str()});
  };
  auto add = [&](Value left, Value right, const Twine &message) {
    if (left != right)
      addCheck(left, Predicate::ne, right, message);
  };
  auto getConstant = [&](int64_t number) -> Value {
    return arith::ConstantIndexOp::create(builder, program.getLoc(), number);
  };
  auto getSize = [&](OpFoldResult size) -> Value {
    if (auto value = dyn_cast<Value>(size))
      return buildSize(builder, value, mapping);
    return getConstant(cast<IntegerAttr>(cast<Attribute>(size)).getInt());
  };
  auto getDimensionText = [](Value tensor, int64_t dimension) {
    return cast<RankedTensorType>(tensor.getType()).getRank() > 1
               ? " along dimension " + std::to_string(dimension)
               : std::string();
  };
  // That an element is there.
  auto addElement = [&](Value tensor, ValueRange indices, StringRef where) {
    for (auto [dimension, index] : llvm::enumerate(indices)) {
      Value place = buildSize(builder, index, mapping);
      std::string text =
          (where + "element {0} (counted from 0) of " +
           describe(tensor, program) + getDimensionText(tensor, dimension) +
           " does not exist")
              .str();
      addCheck(place, Predicate::slt, getConstant(0), text);
      addCheck(place, Predicate::sge,
               buildDimension(builder, tensor, dimension, mapping),
               text + ": there are {1}");
    }
  };
  // That a slice is inside.
  auto addSlice = [&](Value tensor, OffsetSizeAndStrideOpInterface slice,
                      StringRef where) {
    Location loc = slice.getLoc();
    for (auto [dimension, mixedOffset, mixedSize, mixedStride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedSizes(),
                         slice.getMixedStrides())) {
      Value offset = getSize(mixedOffset), size = getSize(mixedSize);
      Value stride = getSize(mixedStride);
      std::string text = (where + "the slice of " + describe(tensor, program) +
                          getDimensionText(tensor, dimension))
                             .str();
      addCheck(offset, Predicate::slt, getConstant(0), text + " begins at {0}");
      addCheck(size, Predicate::slt, getConstant(0),
               text + " has {0} elements");
      if (!offset || !size || !stride)
        continue;
      // One past the last: offset + (size - 1) stride + 1.
      Value steps =
          builder.createOrFold<arith::SubIOp>(loc, size, getConstant(1));
      Value last = builder.createOrFold<arith::AddIOp>(
          loc, offset, builder.createOrFold<arith::MulIOp>(loc, steps, stride));
      addCheck(builder.createOrFold<arith::AddIOp>(loc, last, getConstant(1)),
               Predicate::sgt,
               buildDimension(builder, tensor, dimension, mapping),
               text + " ends at element {0}, but there are {1}");
    }
  };

  WalkResult walked = program.getFunctionBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) -> WalkResult {
        std::string where = describeLocation(op->getLoc());
        if (auto plate = dyn_cast<PlateOp>(op)) {
          Value count = buildSize(builder, plate.getCount(), mapping);
          addCheck(count, Predicate::slt, getConstant(0),
                   where + "plate '" + plate.getName() + "' has {0} members");
          for (Value slice : plate.getSlices())
            add(count, buildDimension(builder, slice, 0, mapping),
                where + "plate '" + plate.getName() +
                    "' has {0} members, but slices " +
                    describe(slice, program) + " of length {1}");
          return WalkResult::advance();
        }
        if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
          // The first operand that a loop's size is read from, for each loop.
          SmallVector<std::pair<Value, Value>> sizes(linalgOp.getNumLoops());
          SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
          for (auto [operand, map] : llvm::zip(op->getOperands(), maps)) {
            auto type = dyn_cast<RankedTensorType>(operand.getType());
            if (!type)
              continue;
            for (auto [position, expr] : llvm::enumerate(map.getResults())) {
              auto dim = dyn_cast<AffineDimExpr>(expr);
              if (!dim)
                continue;
              Value size = buildDimension(builder, operand, position, mapping);
              if (!size)
                continue;
              auto &[first, source] = sizes[dim.getPosition()];
              if (!first) {
                first = size;
                source = operand;
                continue;
              }
              add(first, size,
                  where + op->getName().getStringRef() + " of " +
                      describe(source, program) + ", of size {0}, and " +
                      describe(operand, program) + ", of size {1}");
            }
          }
          return WalkResult::advance();
        }
        // What stands in a region need not run.
        bool runs = op->getParentOp() == program.getOperation();
        if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
          if (runs)
            addSlice(slice.getSource(), slice, where);
          return WalkResult::advance();
        }
        if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
          if (runs)
            addElement(extract.getTensor(), extract.getIndices(), where);
          for (auto [position, index] : llvm::enumerate(extract.getIndices())) {
            BlockArgument argument = getDataArgument(index, entry);
            if (!argument)
              continue;
            auto attribute = program.getArgAttrOfType<IndexAttr>(
                argument.getArgNumber(), "vi.index");
            if (!attribute) {
              if (!isa<RankedTensorType>(argument.getType()))
                continue;
              extract.emitError("argument ")
                  << describe(index, program) << " holds indices of "
                  << describe(extract.getTensor(), program)
                  << " and must say so, that they can be checked: {vi.index = "
                     "#vi.index<base = 1, size = ...>}";
              return WalkResult::interrupt();
            }
            Value declared;
            if (auto size = dyn_cast<StringAttr>(attribute.getSize())) {
              auto found = llvm::find(names, Attribute(size));
              if (found == names.end())
                continue;
              Value number = mapping.lookupOrNull(
                  entry->getArgument(found - names.begin()));
              if (!number || isa<RankedTensorType>(number.getType()))
                continue;
              declared = number.getType().isIndex()
                             ? number
                             : arith::IndexCastOp::create(
                                   builder, op->getLoc(),
                                   builder.getIndexType(), number)
                                   .getResult();
            } else {
              declared = arith::ConstantIndexOp::create(
                  builder, op->getLoc(),
                  cast<IntegerAttr>(attribute.getSize()).getInt());
            }
            add(declared,
                buildDimension(builder, extract.getTensor(), position, mapping),
                where + describe(index, program) +
                    " holds indices into something of size {0}, but " +
                    describe(extract.getTensor(), program) + " has size {1}");
          }
        }
        return WalkResult::advance();
      });
  return failure(walked.wasInterrupted());
}

ArrayAttr vi::getObservedArguments(ModelOp model) {
  Builder builder(model.getContext());
  SmallVector<Attribute> observed;
  Block *entry = &model.getBody().front();
  model.getBody().walk([&](ObserveOp op) {
    BlockArgument argument = getDataArgument(op.getValue(), entry);
    auto family = op.getDistribution().getDefiningOp<DistributionOpInterface>();
    if (!argument || !family || op.getMask())
      return;
    observed.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("site", op.getNameAttr()),
         builder.getNamedAttr("argument",
                              model.getArgNames()[argument.getArgNumber()]),
         builder.getNamedAttr(
             "support", builder.getStringAttr(
                            stringifySupportKind(family.getSupport().kind)))}));
  });
  return builder.getArrayAttr(observed);
}
