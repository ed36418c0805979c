//===- DataChecks.cpp - what a model assumes of its data -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/DataChecks.h"

#include "MemberSearch.h"

#include "vi/Dialect/VI/Transforms/Shapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

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
  for (Operation *user : value.getUsers())
    if (auto quantity = dyn_cast<DeterministicOp>(user))
      return "site '" + quantity.getName().str() + "'";
  Operation *op = value.getDefiningOp();
  if (auto sample = dyn_cast_or_null<SampleOp>(op))
    return "site '" + sample.getName().str() + "'";
  if (auto param = dyn_cast_or_null<ParamOp>(op))
    return "parameter '" + param.getName().str() + "'";
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op))
    return describe(cast.getSource(), program);
  // A stack is called as its members are.
  if (auto plate = dyn_cast_or_null<PlateOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    unsigned sums = plate.getSums().size();
    if (number >= sums)
      return describe(plate.getYield().getValues()[number - sums], program);
  }
  return "a tensor";
}

/// Which data arguments numbers are computed from, for messages.
static std::string describeSources(ValueRange numbers,
                                   FunctionOpInterface program) {
  Block *entry = &program.getFunctionBody().front();
  llvm::SetVector<Value> sources;
  SmallVector<Value> worklist(llvm::reverse(numbers));
  DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (BlockArgument argument = getDataArgument(value, entry))
      sources.insert(argument);
    else if (Operation *op = value.getDefiningOp();
             op && !isa<tensor::DimOp>(op))
      llvm::append_range(worklist, op->getOperands());
  }
  std::string text;
  for (Value source : sources)
    text +=
        (text.empty() ? "computed from " : " and ") + describe(source, program);
  return text;
}

//===----------------------------------------------------------------------===//
// All checks
//===----------------------------------------------------------------------===//

namespace {
/// Collects the checks of one program.
class CheckCollector {
public:
  CheckCollector(OpBuilder &builder, FunctionOpInterface program,
                 IRMapping &mapping, SmallVectorImpl<DataCheck> &checks)
      : builder(builder), program(program),
        entry(&program.getFunctionBody().front()), mapping(mapping),
        checks(checks) {}

  LogicalResult collect();

private:
  using Predicate = arith::CmpIPredicate;

  void add(Value left, Predicate violation, Value right, const Twine &message);
  /// Adds the check of two sizes that must be equal.
  void addEqual(Value left, Value right, const Twine &message) {
    if (left != right)
      add(left, Predicate::ne, right, message);
  }
  /// Adds a check of numbers that `build` emits: of one member where `op` is in
  /// a region, of which the first failure counts.
  /// `sources` are what the numbers are computed from.
  void addFor(Operation *op, Predicate violation, const Twine &message,
              ValueRange sources, MemberSearch::NumbersBuilder build);
  void addPlate(PlateOp plate);
  void addSameMembers(PlateOp plate);
  void addLinalg(linalg::LinalgOp op);
  void addSlice(OffsetSizeAndStrideOpInterface slice, Value tensor);
  LogicalResult addExtract(tensor::ExtractOp extract);
  /// Adds that a declared index fits what it indexes; failure where an index is
  /// not declared.
  LogicalResult addDeclared(tensor::ExtractOp extract, unsigned position,
                            BlockArgument argument);

  Value getConstant(int64_t number) {
    return arith::ConstantIndexOp::create(builder, program.getLoc(), number);
  }
  /// A number as an index; null where it is no function of the data.
  Value getNumber(OpFoldResult number, IRMapping &at);
  /// Whether all checks so far hold.
  Value getAllHold();

  OpBuilder &builder;
  FunctionOpInterface program;
  Block *entry;
  IRMapping &mapping;
  SmallVectorImpl<DataCheck> &checks;
  /// The first plate of each name in each block: the others have its members.
  DenseMap<std::pair<Block *, StringRef>, PlateOp> firstPlates;
  /// Whether the first `conjoined` checks hold.
  Value allHold;
  size_t conjoined = 0;
};
} // namespace

void CheckCollector::add(Value left, Predicate violation, Value right,
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
}

Value CheckCollector::getNumber(OpFoldResult number, IRMapping &at) {
  auto value = dyn_cast<Value>(number);
  return value
             ? buildSize(builder, value, at)
             : getConstant(cast<IntegerAttr>(cast<Attribute>(number)).getInt());
}

Value CheckCollector::getAllHold() {
  Location loc = program.getLoc();
  if (!allHold)
    allHold = arith::ConstantIntOp::create(builder, loc, 1, /*width=*/1);
  for (; conjoined < checks.size(); ++conjoined) {
    const DataCheck &check = checks[conjoined];
    Value holds = arith::CmpIOp::create(builder, loc,
                                        arith::invertPredicate(check.violation),
                                        check.left, check.right);
    allHold = arith::AndIOp::create(builder, loc, allHold, holds);
  }
  return allHold;
}

void CheckCollector::addFor(Operation *op, Predicate violation,
                            const Twine &message, ValueRange sources,
                            MemberSearch::NumbersBuilder build) {
  std::string text = describeLocation(op->getLoc()) + message.str();
  if (op->getParentOp() == program.getOperation()) {
    auto [left, right] = build(mapping);
    add(left, violation, right, text);
    return;
  }
  MemberSearch search(builder, op, violation);
  std::optional<SmallVector<Value>> first =
      search.emit(mapping, getAllHold(), build);
  if (!first)
    return;
  // Where to look: what the numbers come from, and of which member.
  std::string places = describeSources(sources, program);
  for (const std::string &place : search.describeMembers())
    places += (places.empty() ? "" : ", ") + place;
  checks.push_back({(*first)[0], (*first)[1], violation,
                    text + (places.empty() ? "" : " (" + places + ")"),
                    SmallVector<Value>(llvm::drop_begin(*first, 2))});
}

static std::string getDimensionText(Value tensor, int64_t dimension) {
  return cast<RankedTensorType>(tensor.getType()).getRank() > 1
             ? " along dimension " + std::to_string(dimension)
             : std::string();
}

void CheckCollector::addPlate(PlateOp plate) {
  std::string where = describeLocation(plate.getLoc());
  Value count = buildSize(builder, plate.getCount(), mapping);
  add(count, Predicate::slt, getConstant(0),
      where + "plate '" + plate.getName() + "' has {0} members");
  for (Value slice : plate.getSlices())
    addEqual(count, buildDimension(builder, slice, 0, mapping),
             where + "plate '" + plate.getName() +
                 "' has {0} members, but slices " + describe(slice, program) +
                 " of length {1}");
}

void CheckCollector::addSameMembers(PlateOp plate) {
  auto [entry, inserted] = firstPlates.try_emplace(
      std::make_pair(plate->getBlock(), plate.getName()), plate);
  PlateOp first = entry->second;
  if (inserted || first.getCount() == plate.getCount())
    return;
  addFor(plate, Predicate::ne,
         "plate '" + plate.getName() +
             "' has {0} members, but {1} where it is first named",
         {plate.getCount(), first.getCount()}, [&](IRMapping &at) {
           return std::pair(getNumber(plate.getCount(), at),
                            getNumber(first.getCount(), at));
         });
}

void CheckCollector::addLinalg(linalg::LinalgOp op) {
  // The first operand that a loop's size is read from, for each loop.
  SmallVector<std::pair<Value, Value>> sizes(op.getNumLoops());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
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
      addEqual(first, size,
               describeLocation(op.getLoc()) + op->getName().getStringRef() +
                   " of " + describe(source, program) + ", of size {0}, and " +
                   describe(operand, program) + ", of size {1}");
    }
  }
}

void CheckCollector::addSlice(OffsetSizeAndStrideOpInterface slice,
                              Value tensor) {
  Location loc = slice.getLoc();
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                            sizes = slice.getMixedSizes(),
                            strides = slice.getMixedStrides();
  for (unsigned dimension = 0; dimension < offsets.size(); ++dimension) {
    OpFoldResult offset = offsets[dimension], size = sizes[dimension],
                 stride = strides[dimension];
    std::string text = "the slice of " + describe(tensor, program) +
                       getDimensionText(tensor, dimension);
    auto addNonnegative = [&](OpFoldResult number, StringRef what) {
      // A constant is checked by the operation itself.
      if (auto value = dyn_cast<Value>(number))
        addFor(slice, Predicate::slt, text + what, {value}, [&](IRMapping &at) {
          return std::pair(getNumber(value, at), getConstant(0));
        });
    };
    SmallVector<Value> numbers;
    for (OpFoldResult number : {offset, size, stride})
      if (auto value = dyn_cast<Value>(number))
        numbers.push_back(value);
    addNonnegative(offset, " begins at {0}");
    addNonnegative(size, " has {0} elements");
    if (isa<Attribute>(offset) && isa<Attribute>(size) &&
        !cast<RankedTensorType>(tensor.getType()).isDynamicDim(dimension))
      continue;
    addFor(slice, Predicate::sgt,
           text + " ends at element {0}, but there are {1}", numbers,
           [&](IRMapping &at) -> std::pair<Value, Value> {
             Value begin = getNumber(offset, at), count = getNumber(size, at);
             Value step = getNumber(stride, at);
             Value bound = buildDimension(builder, tensor, dimension, at);
             if (!begin || !count || !step || !bound)
               return {};
             // One past the last: offset + (size - 1) stride + 1.
             Value steps = builder.createOrFold<arith::SubIOp>(loc, count,
                                                               getConstant(1));
             Value last = builder.createOrFold<arith::AddIOp>(
                 loc, begin,
                 builder.createOrFold<arith::MulIOp>(loc, steps, step));
             Value end =
                 builder.createOrFold<arith::AddIOp>(loc, last, getConstant(1));
             return {end, bound};
           });
  }
}

LogicalResult CheckCollector::addDeclared(tensor::ExtractOp extract,
                                          unsigned position,
                                          BlockArgument argument) {
  Value index = extract.getIndices()[position];
  auto attribute =
      program.getArgAttrOfType<IndexAttr>(argument.getArgNumber(), "vi.index");
  if (!attribute) {
    if (!isa<RankedTensorType>(argument.getType()))
      return success();
    return extract.emitError("argument ")
           << describe(index, program) << " holds indices of "
           << describe(extract.getTensor(), program)
           << " and must say so, that they can be checked: {vi.index = "
              "#vi.index<base = 1, size = ...>}";
  }
  Value declared;
  if (auto size = dyn_cast<StringAttr>(attribute.getSize())) {
    auto names = program->getAttrOfType<ArrayAttr>("arg_names");
    const auto *found = llvm::find(names, Attribute(size));
    if (found == names.end())
      return success();
    Value number =
        mapping.lookupOrNull(entry->getArgument(found - names.begin()));
    if (!number || isa<RankedTensorType>(number.getType()))
      return success();
    declared = number.getType().isIndex()
                   ? number
                   : arith::IndexCastOp::create(builder, extract.getLoc(),
                                                builder.getIndexType(), number)
                         .getResult();
  } else {
    declared = getConstant(cast<IntegerAttr>(attribute.getSize()).getInt());
  }
  addEqual(declared,
           buildDimension(builder, extract.getTensor(), position, mapping),
           describeLocation(extract.getLoc()) + describe(index, program) +
               " holds indices into something of size {0}, but " +
               describe(extract.getTensor(), program) + " has size {1}");
  return success();
}

LogicalResult CheckCollector::addExtract(tensor::ExtractOp extract) {
  Value tensor = extract.getTensor();
  for (auto [position, index] : llvm::enumerate(extract.getIndices())) {
    BlockArgument argument = getDataArgument(index, entry);
    if (argument && failed(addDeclared(extract, position, argument)))
      return failure();
    // What is declared is checked when the data are read.
    if (argument && isa<RankedTensorType>(argument.getType()))
      continue;
    // Less than zero is more than any number.
    addFor(extract, Predicate::uge,
           "element {0} (counted from 0) of " + describe(tensor, program) +
               getDimensionText(tensor, position) +
               " does not exist: there are {1}",
           {index}, [&, position = position, index = index](IRMapping &at) {
             Value place = getNumber(index, at);
             Value bound = place ? buildDimension(builder, tensor, position, at)
                                 : Value();
             return std::pair(place, bound);
           });
  }
  return success();
}

LogicalResult CheckCollector::collect() {
  WalkResult walked = program.getFunctionBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) -> WalkResult {
        if (auto plate = dyn_cast<PlateOp>(op)) {
          addPlate(plate);
          addSameMembers(plate);
        } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
          addLinalg(linalgOp);
        else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
          addSlice(slice, slice.getSource());
        else if (auto extract = dyn_cast<tensor::ExtractOp>(op))
          return addExtract(extract);
        return WalkResult::advance();
      });
  return failure(walked.wasInterrupted());
}

LogicalResult vi::collectDataChecks(OpBuilder &builder,
                                    FunctionOpInterface program,
                                    IRMapping &mapping,
                                    SmallVectorImpl<DataCheck> &checks) {
  return CheckCollector(builder, program, mapping, checks).collect();
}

void vi::collectPlateChecks(OpBuilder &builder, ModelOp model,
                            IRMapping &modelMapping, GuideOp guide,
                            IRMapping &guideMapping,
                            SmallVectorImpl<DataCheck> &checks) {
  llvm::StringMap<PlateOp> plates;
  for (auto plate : model.getBody().getOps<PlateOp>())
    plates.try_emplace(plate.getName(), plate);
  for (auto plate : guide.getBody().getOps<PlateOp>()) {
    PlateOp other = plates.lookup(plate.getName());
    if (!other)
      continue;
    Value here = buildSize(builder, plate.getCount(), guideMapping);
    Value there = buildSize(builder, other.getCount(), modelMapping);
    if (here && there && !isEqualConstantIntOrValue(here, there))
      checks.push_back({here, there, arith::CmpIPredicate::ne,
                        describeLocation(plate.getLoc()) + "plate '" +
                            plate.getName().str() +
                            "' has {0} members in the guide, but {1} in the "
                            "model"});
  }
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
