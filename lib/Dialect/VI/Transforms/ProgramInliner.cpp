//===- ProgramInliner.cpp - put the body of a model or guide into a function -*-
// C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/Transforms/ProgramInliner.h"

#include "vi/Dialect/VI/IR/Bijectors.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/Transforms/Observations.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace vi;

ProgramInliner::~ProgramInliner() = default;

/// Whether an op, or an op inside it, is a site.
static bool containsSites(Operation &op) {
  return op
      .walk([](Operation *nested) {
        return isa<SampleOp, ObserveOp, FactorOp, DeterministicOp, PredictOp,
                   ParamOp>(nested)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Emits base + index for every element that the data hold as indices of
/// another base; inside a model indices count from 0.
static Value rebase(OpBuilder &builder, Location loc, Value value,
                    int64_t base) {
  Type type = value.getType();
  Type element = getElementTypeOrSelf(type);
  Value constant = arith::ConstantOp::create(
      builder, loc, builder.getIntegerAttr(element, base));
  if (auto tensor = dyn_cast<RankedTensorType>(type)) {
    SmallVector<Value> sizes;
    for (int64_t i = 0, e = tensor.getRank(); i < e; ++i)
      if (tensor.isDynamicDim(i))
        sizes.push_back(tensor::DimOp::create(builder, loc, value, i));
    constant = tensor::SplatOp::create(builder, loc, constant,
                                       tensor.getShape(), sizes);
  }
  return arith::SubIOp::create(builder, loc, value, constant);
}

/// Makes all reads of index data count from 0: each slice and each element
/// where it is read, so that no array of the data's length arises.
static void rebaseReads(OpBuilder &builder, Value data, int64_t base) {
  for (OpOperand &use : llvm::make_early_inc_range(data.getUses())) {
    Operation *user = use.getOwner();
    OpBuilder::InsertionGuard guard(builder);
    if (auto plate = dyn_cast<PlateOp>(user)) {
      unsigned first = plate.getSlices().getBeginOperandIndex();
      if (use.getOperandNumber() < first)
        continue;
      BlockArgument member =
          plate.getMemberArguments()[use.getOperandNumber() - first];
      if (isa<RankedTensorType>(member.getType())) {
        rebaseReads(builder, member, base);
        continue;
      }
      builder.setInsertionPointToStart(plate.getBlock());
      Value index = rebase(builder, member.getLoc(), member, base);
      member.replaceAllUsesExcept(index, index.getDefiningOp());
      continue;
    }
    if (isa<tensor::DimOp>(user))
      continue;
    if (auto extract = dyn_cast<tensor::ExtractOp>(user)) {
      builder.setInsertionPointAfter(extract);
      Value index =
          rebase(builder, extract.getLoc(), extract.getResult(), base);
      extract.getResult().replaceAllUsesExcept(index, index.getDefiningOp());
      continue;
    }
    if (isa<tensor::ExtractSliceOp, tensor::CastOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp>(user)) {
      rebaseReads(builder, user->getResult(0), base);
      continue;
    }
    builder.setInsertionPoint(user);
    use.set(rebase(builder, user->getLoc(), data, base));
  }
}

LogicalResult ProgramInliner::inlineProgram(FunctionOpInterface program,
                                            ValueRange data) {
  Block &block = program.getFunctionBody().front();
  arguments.assign(data.begin(), data.end());
  IRMapping mapping;
  // Index data are rebased behind an alias of the argument, so that only the
  // reads of this program are touched.
  SmallVector<std::pair<Value, int64_t>> aliases;
  for (auto [index, argument, value] :
       llvm::enumerate(block.getArguments(), data)) {
    auto attribute = program.getArgAttrOfType<IndexAttr>(index, "vi.index");
    if (!attribute || attribute.getBase() == 0) {
      mapping.map(argument, value);
      continue;
    }
    if (!isa<RankedTensorType>(value.getType())) {
      mapping.map(argument, rebase(builder, argument.getLoc(), value,
                                   attribute.getBase()));
      continue;
    }
    Value alias = UnrealizedConversionCastOp::create(builder, argument.getLoc(),
                                                     value.getType(), value)
                      .getResult(0);
    mapping.map(argument, alias);
    aliases.emplace_back(alias, attribute.getBase());
  }
  LogicalResult result = inlineBlock(block, mapping);
  for (auto [alias, base] : aliases) {
    if (succeeded(result))
      rebaseReads(builder, alias, base);
    Operation *cast = alias.getDefiningOp();
    alias.replaceAllUsesWith(cast->getOperand(0));
    cast->erase();
  }
  return result;
}

Value ProgramInliner::getTotal(Location loc) {
  Value total;
  for (Value term : terms)
    total = total ? arith::AddFOp::create(builder, loc, total, term) : term;
  if (!total)
    total = arith::ConstantOp::create(builder, loc,
                                      builder.getFloatAttr(floatType, 0.0));
  return total;
}

Value ProgramInliner::buildLogProb(Location loc, Value distribution,
                                   Value value, Value mask) {
  // Each density in the precision of its family, the sum in that of the bound.
  FloatType type = floatType;
  if (auto family = distribution.getDefiningOp<DistributionOpInterface>())
    type = family.getFloatType();
  Value density =
      LogProbOp::create(builder, loc, type, distribution, value, mask);
  return convertFloats(builder, loc, density, floatType);
}

void ProgramInliner::addLatentTerm(Location loc, Value distribution,
                                   Value value) {
  Value term = buildLogProb(loc, distribution, value);
  if (latentWeight)
    term = arith::MulFOp::create(builder, loc, latentWeight, term);
  terms.push_back(term);
}

FailureOr<Value> ProgramInliner::emitParam(ParamOp op, ValueRange bounds,
                                           ValueRange sizes) {
  return reader.read(builder, op, bounds, sizes);
}

LogicalResult ProgramInliner::emitObserve(ObserveOp op, Value distribution,
                                          Value value, Value mask) {
  terms.push_back(buildLogProb(op.getLoc(), distribution, value, mask));
  return success();
}

LogicalResult ProgramInliner::emitFactor(FactorOp op, Value value) {
  value = convertFloats(builder, op.getLoc(), value, floatType);
  terms.push_back(value);
  return success();
}

LogicalResult ProgramInliner::emitDeterministic(DeterministicOp, Value) {
  return success();
}

FailureOr<Value> ProgramInliner::emitPredict(PredictOp, Value, ValueRange) {
  return Value();
}

LogicalResult ProgramInliner::inlineBlock(Block &block, IRMapping &mapping) {
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      break;
    if (auto plate = dyn_cast<PlateOp>(op);
        plate && llvm::all_of(plate->getOperands(), [&](Value value) {
          return mapping.contains(value);
        })) {
      if (failed(inlinePlate(plate, mapping)))
        return failure();
      continue;
    }
    auto lookup = [&](ValueRange values) {
      return llvm::map_to_vector(
          values, [&](Value value) { return mapping.lookup(value); });
    };
    // What a generated draw reaches is missing where draws are not generated.
    bool missing = !llvm::all_of(
        op.getOperands(), [&](Value value) { return mapping.contains(value); });
    for (Region &region : op.getRegions())
      visitUsedValuesDefinedAbove(region, [&](OpOperand *operand) {
        missing = missing || !mapping.contains(operand->get());
      });
    if (missing) {
      if (isa<SampleOp, ObserveOp, FactorOp, ParamOp>(op) ||
          (op.getNumRegions() && containsSites(op)))
        return op.emitError("the log-density must not depend on a generated "
                            "draw (vi.predict)");
      continue;
    }
    if (auto sample = dyn_cast<SampleOp>(op)) {
      FailureOr<Value> value =
          emitSample(sample, mapping.lookup(sample.getDistribution()),
                     lookup(sample.getSizes()));
      if (failed(value))
        return failure();
      mapping.map(sample.getValue(), *value);
    } else if (auto param = dyn_cast<ParamOp>(op)) {
      FailureOr<Value> value =
          emitParam(param, lookup(param.getBounds()), lookup(param.getSizes()));
      if (failed(value))
        return failure();
      mapping.map(param.getValue(), *value);
    } else if (auto observe = dyn_cast<ObserveOp>(op)) {
      Value mask =
          observe.getMask() ? mapping.lookup(observe.getMask()) : Value();
      if (failed(emitObserve(observe, mapping.lookup(observe.getDistribution()),
                             mapping.lookup(observe.getValue()), mask)))
        return failure();
    } else if (auto factor = dyn_cast<FactorOp>(op)) {
      if (failed(emitFactor(factor, mapping.lookup(factor.getLogDensity()))))
        return failure();
    } else if (auto deterministic = dyn_cast<DeterministicOp>(op)) {
      if (failed(emitDeterministic(deterministic,
                                   mapping.lookup(deterministic.getValue()))))
        return failure();
    } else if (auto predict = dyn_cast<PredictOp>(op)) {
      FailureOr<Value> value =
          emitPredict(predict, mapping.lookup(predict.getDistribution()),
                      lookup(predict.getSizes()));
      if (failed(value))
        return failure();
      if (*value)
        mapping.map(predict.getValue(), *value);
    } else if (failed(inlineOther(op, mapping))) {
      return failure();
    }
  }
  return success();
}

LogicalResult ProgramInliner::inlineOther(Operation &op, IRMapping &mapping) {
  if (op.getNumRegions() && containsSites(op))
    return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
        .Case([&](scf::ForOp loop) { return inlineLoop(loop, mapping); })
        .Case([&](scf::IfOp branch) { return inlineBranch(branch, mapping); })
        .Default([](Operation *other) {
          return other->emitError("sites may stand in plates, scf.for and "
                                  "scf.if, not in ")
                 << other->getName();
        });
  builder.clone(op, mapping);
  return success();
}

namespace {
/// The part of a tensor at an index of its leading dimension: where it lies.
struct PartOfTensor {
  PartOfTensor(OpBuilder &builder, Location loc, Value tensor, Value index)
      : sizes(tensor::getMixedSizes(builder, loc, tensor)),
        offsets(sizes.size(), builder.getIndexAttr(0)),
        strides(sizes.size(), builder.getIndexAttr(1)) {
    offsets[0] = index;
    sizes[0] = builder.getIndexAttr(1);
  }
  SmallVector<OpFoldResult> sizes, offsets, strides;
};
} // namespace

/// The part of a tensor at an index of its leading dimension.
static Value buildPart(OpBuilder &builder, Location loc, Value tensor,
                       Value index) {
  auto part = dyn_cast<RankedTensorType>(
      PlateOp::getMemberType(cast<RankedTensorType>(tensor.getType())));
  if (!part)
    return tensor::ExtractOp::create(builder, loc, tensor, index);
  PartOfTensor at(builder, loc, tensor, index);
  return tensor::ExtractSliceOp::create(builder, loc, part, tensor, at.offsets,
                                        at.sizes, at.strides);
}

/// A tensor with `part` at an index of its leading dimension.
static Value insertPart(OpBuilder &builder, Location loc, Value part,
                        Value tensor, Value index) {
  if (!isa<RankedTensorType>(part.getType()))
    return tensor::InsertOp::create(builder, loc, part, tensor, index);
  PartOfTensor at(builder, loc, tensor, index);
  return tensor::InsertSliceOp::create(builder, loc, part, tensor, at.offsets,
                                       at.sizes, at.strides);
}

LogicalResult ProgramInliner::inlineLoop(scf::ForOp loop, IRMapping &mapping) {
  Location loc = loop.getLoc();
  SmallVector<Value> inits;
  for (Value init : loop.getInitArgs())
    inits.push_back(mapping.lookup(init));
  inits.push_back(arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(floatType, 0.0)));
  auto clone =
      scf::ForOp::create(builder, loc, mapping.lookup(loop.getLowerBound()),
                         mapping.lookup(loop.getUpperBound()),
                         mapping.lookup(loop.getStep()), inits);
  clone->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  mapping.map(loop.getInductionVar(), clone.getInductionVar());
  for (auto [argument, replacement] :
       llvm::zip(loop.getRegionIterArgs(), clone.getRegionIterArgs()))
    mapping.map(argument, replacement);

  llvm::StringMap<Value> outerInputs = inputs;
  SmallVector<Value> outerTerms = std::move(terms);
  terms.clear();
  auto outerOutputs = std::move(outputs);
  outputs.clear();
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(clone.getBody());
    // Named values of sites inside enter as their element.
    Value number;
    loop.walk([&](Operation *site) {
      auto name = site->getAttrOfType<StringAttr>("name");
      if (!name || isa<PlateOp>(site) || !outerInputs.count(name.getValue()))
        return;
      ImplicitLocOpBuilder implicit(loc, builder);
      if (!number)
        number = buildIterationNumber(implicit, clone);
      inputs[name.getValue()] =
          buildPart(builder, loc, outerInputs[name.getValue()], number);
    });
    terms.push_back(clone.getRegionIterArgs().back());
    ++depth;
    LogicalResult result = inlineBlock(*loop.getBody(), mapping);
    --depth;
    if (failed(result))
      return failure();
    SmallVector<Value> yielded;
    for (auto [value, argument] :
         llvm::zip(loop.getYieldedValues(), clone.getRegionIterArgs())) {
      // A state of generated draws is there in reports only.
      Value inner = mapping.lookupOrNull(value);
      yielded.push_back(inner ? inner : Value(argument));
    }
    yielded.push_back(getTotal(loc));
    scf::YieldOp::create(builder, loc, yielded);
  }
  unsigned total = clone.getNumResults() - 1;
  FailureOr<scf::ForOp> stacked = stackOutputs(clone);
  if (failed(stacked))
    return failure();
  for (auto [result, value, replacement] : llvm::zip(
           loop.getResults(), loop.getYieldedValues(), stacked->getResults()))
    if (mapping.contains(value))
      mapping.map(result, replacement);
  unsigned next = total + 1;
  for (auto &[name, value] : outputs)
    outerOutputs[name] = stacked->getResult(next++);
  inputs = std::move(outerInputs);
  outputs = std::move(outerOutputs);
  terms = std::move(outerTerms);
  terms.push_back(stacked->getResult(total));
  return success();
}

FailureOr<scf::ForOp> ProgramInliner::stackOutputs(scf::ForOp loop) {
  if (outputs.empty())
    return loop;
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  Value count = buildTripCount(b, loop.getLowerBound(), loop.getUpperBound(),
                               loop.getStep());
  int64_t number = getConstantIntValue(count).value_or(ShapedType::kDynamic);
  SizeBuilder sizes(b, loop.getLoc(), [&](Value value) {
    return !loop.getRegion().isAncestor(value.getParentRegion());
  });
  IRMapping data;
  for (Value argument : arguments)
    data.map(argument, argument);
  SmallVector<Value> empties;
  for (auto &[name, value] : outputs) {
    RankedTensorType type = PlateOp::getStackType(value.getType(), number);
    SmallVector<Value> dynamic;
    if (type.isDynamicDim(0))
      dynamic.push_back(count);
    for (int64_t i = 1, e = type.getRank(); i < e; ++i) {
      if (!type.isDynamicDim(i))
        continue;
      // A draw has the size that its distribution has.
      Value size = sizes.getSize(value, i - 1);
      if (!size)
        size = buildDimension(b, value, i - 1, data);
      if (!size)
        return loop.emitError("the size of the values of '")
               << name << "' depends on the iteration";
      dynamic.push_back(size);
    }
    empties.push_back(tensor::EmptyOp::create(b, type, dynamic));
  }
  IRRewriter rewriter(builder);
  FailureOr<LoopLikeOpInterface> replaced = loop.replaceWithAdditionalYields(
      rewriter, empties, /*replaceInitOperandUsesInLoop=*/false,
      [&](OpBuilder &nested, Location loc, ArrayRef<BlockArgument> stacks) {
        ImplicitLocOpBuilder inside(loc, nested);
        Value iteration = buildIterationNumber(
            inside, cast<scf::ForOp>(stacks.front().getOwner()->getParentOp()));
        SmallVector<Value> yielded;
        for (auto [output, stack] : llvm::zip(outputs, stacks))
          yielded.push_back(
              insertPart(nested, loc, output.second, stack, iteration));
        return yielded;
      });
  if (failed(replaced))
    return failure();
  return cast<scf::ForOp>(replaced->getOperation());
}

LogicalResult ProgramInliner::inlineBranch(scf::IfOp branch,
                                           IRMapping &mapping) {
  Location loc = branch.getLoc();
  WalkResult conditional = branch.walk([&](Operation *site) {
    if (!isa<SampleOp, DeterministicOp, PredictOp>(site))
      return WalkResult::advance();
    InFlightDiagnostic diagnostic =
        site->emitError("latent and reported sites cannot stand in scf.if: "
                        "they are there whatever its condition; declare the "
                        "site outside and use its value inside");
    diagnostic.attachNote(loc) << "the branch is here";
    return WalkResult::interrupt();
  });
  if (conditional.wasInterrupted())
    return failure();
  SmallVector<Type> types(branch.getResultTypes());
  types.push_back(floatType);
  auto clone = scf::IfOp::create(builder, loc, types,
                                 mapping.lookup(branch.getCondition()),
                                 /*addThenBlock=*/true, /*addElseBlock=*/true);
  clone->setDiscardableAttrs(branch->getDiscardableAttrDictionary());
  SmallVector<Value> outer = std::move(terms);
  for (auto [region, into] :
       llvm::zip(branch->getRegions(), clone->getRegions())) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&into.front());
    terms.clear();
    SmallVector<Value> yielded;
    if (!region.empty()) {
      if (failed(inlineBlock(region.front(), mapping)))
        return failure();
      for (Value value : region.front().getTerminator()->getOperands())
        yielded.push_back(mapping.lookup(value));
    }
    yielded.push_back(getTotal(loc));
    scf::YieldOp::create(builder, loc, yielded);
  }
  for (auto [result, replacement] :
       llvm::zip(branch.getResults(), clone.getResults()))
    mapping.map(result, replacement);
  terms = std::move(outer);
  terms.push_back(clone.getResults().back());
  return success();
}

LogicalResult ProgramInliner::inlinePlate(PlateOp op, IRMapping &mapping) {
  Location loc = op.getLoc();
  SmallVector<Value> slices, inits;
  for (Value slice : op.getSlices())
    slices.push_back(mapping.lookup(slice));
  for (Value init : op.getInits())
    inits.push_back(mapping.lookup(init));

  // Named values of sites inside enter as slices.
  SmallVector<StringRef> entering;
  op.walk([&](Operation *site) {
    auto name = site->getAttrOfType<StringAttr>("name");
    if (!name || isa<PlateOp>(site) || !inputs.count(name.getValue()))
      return;
    entering.push_back(name.getValue());
    slices.push_back(inputs[name.getValue()]);
  });
  unsigned density = inits.size();
  inits.push_back(arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(floatType, 0.0)));

  // Values of different number for each member: each knows where its start.
  SmallVector<StringRef> joined;
  unsigned firstStart = slices.size();
  for (auto &[name, nest] : ragged) {
    auto *here = llvm::find(nest, op);
    if (here == nest.end() || op == nest.back())
      continue;
    IRMapping sizes = mapping;
    auto [starts, total] = buildIterationOffsets(
        builder, ArrayRef<Operation *>(nest).drop_front(here - nest.begin()),
        sizes);
    if (!starts)
      return op.emitError("the number of values of '")
             << name << "' must be a function of the data alone";
    Value zero = arith::ConstantOp::create(
        builder, loc, builder.getFloatAttr(floatType, 0.0));
    joined.push_back(name);
    slices.push_back(starts);
    inits.push_back(tensor::SplatOp::create(
        builder, loc, zero, ArrayRef<int64_t>{ShapedType::kDynamic},
        ValueRange(total)));
  }

  Batch batch;
  if (depth == 0)
    if (auto found = batches.find(op.getName()); found != batches.end())
      batch = found->second;
  Value count = mapping.lookup(op.getCount());
  Value begin = batch.begin, end = batch.end;
  if (!begin && op.getBegin()) {
    begin = mapping.lookup(op.getBegin());
    end = mapping.lookup(op.getEnd());
  }

  // The body is cloned into a plate without stacks; what there is to stack is
  // known afterwards.
  auto open = PlateOp::create(builder, loc, op.getName(), count, begin, end,
                              slices, inits, TypeRange());
  mapping.map(op.getIndex(), open.getIndex());
  auto members = open.getMemberArguments();
  for (auto [index, argument] : llvm::enumerate(op.getMemberArguments()))
    mapping.map(argument, members[index]);
  auto sums = open.getSumArguments();
  for (auto [index, argument] : llvm::enumerate(op.getSumArguments()))
    mapping.map(argument, sums[index]);

  llvm::StringMap<Value> outerInputs = inputs;
  for (auto [index, name] : llvm::enumerate(entering))
    inputs[name] = members[op.getSlices().size() + index];
  SmallVector<Value> outerTerms = std::move(terms);
  terms.clear();
  auto outerOutputs = std::move(outputs);
  outputs.clear();

  SmallVector<Type> stackTypes;
  SmallVector<Value> sumValues, stackValues;
  SmallVector<StringRef> leaving;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(open.getBlock());
    ++depth;
    LogicalResult result = inlineBlock(*op.getBlock(), mapping);
    --depth;
    if (failed(result)) {
      open.erase();
      return failure();
    }
    YieldOp yield = op.getYield();
    int64_t size = open.getStaticCount();
    for (Value sum : yield.getSums()) {
      // The sum of generated draws, for reports.
      Value inner = mapping.lookupOrNull(sum);
      if (!inner)
        inner = open.getSumArguments()[sumValues.size()];
      sumValues.push_back(inner);
    }
    if (depth == 0 && op.getName() == memberTotals)
      outputs[memberTotals] = getTotal(loc);
    Value total = open.getSumArguments()[density];
    for (Value term : terms)
      total = arith::AddFOp::create(builder, loc, total, term);
    sumValues.push_back(total);
    for (auto [index, name] : llvm::enumerate(joined)) {
      Value values = outputs.lookup(name);
      outputs.erase(name);
      OpFoldResult number = tensor::getMixedSize(builder, loc, values, 0);
      sumValues.push_back(tensor::InsertSliceOp::create(
          builder, loc, values, open.getSumArguments()[density + 1 + index],
          ArrayRef<OpFoldResult>{members[firstStart + index]},
          ArrayRef<OpFoldResult>{number},
          ArrayRef<OpFoldResult>{builder.getIndexAttr(1)}));
    }
    for (auto [stack, value] : llvm::zip(op.getStacks(), yield.getValues())) {
      // A stack of generated draws that only reports use is not there.
      Value inner = mapping.lookupOrNull(value);
      if (!inner)
        continue;
      stackTypes.push_back(stack.getType());
      stackValues.push_back(inner);
    }
    for (auto &[name, value] : outputs) {
      leaving.push_back(name);
      stackTypes.push_back(PlateOp::getStackType(value.getType(), size));
      stackValues.push_back(value);
    }
    YieldOp::create(builder, loc, sumValues, stackValues);
  }

  auto plate = PlateOp::create(builder, loc, op.getName(), count, begin, end,
                               slices, inits, stackTypes);
  plate->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  plate.getBody().takeBody(open.getBody());
  open.erase();

  inputs = std::move(outerInputs);
  outputs = std::move(outerOutputs);
  terms = std::move(outerTerms);
  Value term = plate.getSums()[density];
  if (batch.scale)
    term = arith::MulFOp::create(builder, loc, term, batch.scale);
  terms.push_back(term);
  for (auto [index, name] : llvm::enumerate(joined))
    outputs[name] = plate.getSums()[density + 1 + index];
  for (auto [result, sum, replacement] :
       llvm::zip(op.getSums(), op.getYield().getSums(), plate.getSums()))
    if (mapping.contains(sum))
      mapping.map(result, replacement);
  unsigned next = 0;
  for (auto [stack, value] :
       llvm::zip(op.getStacks(), op.getYield().getValues()))
    if (mapping.contains(value))
      mapping.map(stack, plate.getStacks()[next++]);
  for (StringRef name : leaving)
    outputs[name] = plate.getStacks()[next++];
  return success();
}

FailureOr<Value> ParameterReader::read(OpBuilder &builder, ParamOp op,
                                       ValueRange bounds, ValueRange sizes) {
  Location loc = op.getLoc();
  auto type = dyn_cast<RankedTensorType>(op.getValue().getType());
  const Bijector *bijector = getBijector(op.getSupport());
  SmallVector<Value> shape;
  unsigned dynamic = 0;
  for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i)
    shape.push_back(type.isDynamicDim(i) ? sizes[dynamic++]
                                         : arith::ConstantIndexOp::create(
                                               builder, loc, type.getDimSize(i))
                                               .getResult());
  if (bijector->lostDimensions)
    shape.back() = builder.createOrFold<arith::SubIOp>(
        loc, shape.back(),
        arith::ConstantIndexOp::create(builder, loc, bijector->lostDimensions));
  Value start = getOffset(builder, loc);
  Type unconstrained =
      getUnconstrainedType(op.getSupport(), op.getValue().getType());
  Value value =
      buildUnflatten(builder, loc, parameters, start, shape, unconstrained);
  offset = builder.createOrFold<arith::AddIOp>(
      loc, start, buildProduct(builder, loc, shape));
  if (op.getSupport() != SupportKind::Real)
    value = ConstrainOp::create(builder, loc, op.getValue().getType(),
                                op.getSupport(), value, bounds);
  return value;
}

Value ParameterReader::getOffset(OpBuilder &builder, Location loc) {
  if (!offset)
    offset = arith::ConstantIndexOp::create(builder, loc, 0);
  return offset;
}
