//===- VIPlate.cpp - plates and their terminator -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace vi;

Type PlateOp::getMemberType(RankedTensorType type) {
  if (type.getRank() == 1)
    return type.getElementType();
  return RankedTensorType::get(type.getShape().drop_front(),
                               type.getElementType());
}

RankedTensorType PlateOp::getStackType(Type member, int64_t count) {
  SmallVector<int64_t> shape{count};
  if (auto tensor = dyn_cast<RankedTensorType>(member))
    llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, getElementTypeOrSelf(member));
}

int64_t PlateOp::getStaticCount() {
  if (std::optional<int64_t> count = getConstantIntValue(getCount()))
    return *count;
  for (Value slice : getSlices()) {
    int64_t size = cast<RankedTensorType>(slice.getType()).getDimSize(0);
    if (!ShapedType::isDynamic(size))
      return size;
  }
  return ShapedType::kDynamic;
}

YieldOp PlateOp::getYield() {
  return cast<YieldOp>(getBlock()->getTerminator());
}

YieldOp ExpectOp::getYield() {
  return cast<YieldOp>(getBlock()->getTerminator());
}

/// Builds the plate with an empty block (no terminator) whose arguments are in
/// place.
void PlateOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                    Value count, Value begin, Value end, ValueRange slices,
                    ValueRange inits, TypeRange stackTypes) {
  state.addAttribute(getNameAttrName(state.name), builder.getStringAttr(name));
  state.addOperands(count);
  if (begin)
    state.addOperands({begin, end});
  state.addOperands(slices);
  state.addOperands(inits);
  int32_t ranged = begin ? 1 : 0;
  state.getOrAddProperties<Properties>().operandSegmentSizes = {
      1, ranged, ranged, static_cast<int32_t>(slices.size()),
      static_cast<int32_t>(inits.size())};
  state.getOrAddProperties<Properties>().resultSegmentSizes = {
      static_cast<int32_t>(inits.size()),
      static_cast<int32_t>(stackTypes.size())};
  state.addTypes(inits.getTypes());
  state.addTypes(stackTypes);

  Region *body = state.addRegion();
  Block *block = new Block();
  body->push_back(block);
  block->addArgument(builder.getIndexType(), state.location);
  for (Value slice : slices)
    block->addArgument(getMemberType(cast<RankedTensorType>(slice.getType())),
                       state.location);
  for (Value init : inits)
    block->addArgument(init.getType(), state.location);
}

void PlateOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setNameFn) {
  if (!region.empty() && region.getNumArguments())
    setNameFn(region.getArgument(0), "i");
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

/// Parses `(%a = %x : T, ...)`, after the opening keyword if there is one.
static ParseResult
parseBindings(OpAsmParser &parser,
              SmallVectorImpl<OpAsmParser::Argument> &arguments,
              SmallVectorImpl<Value> &operands) {
  return parser.parseCommaSeparatedList(
      OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
        OpAsmParser::UnresolvedOperand operand;
        Type type;
        if (parser.parseArgument(arguments.emplace_back()) ||
            parser.parseEqual() || parser.parseOperand(operand) ||
            parser.parseColonType(type))
          return failure();
        arguments.back().type = type;
        SmallVector<Value> resolved;
        if (parser.resolveOperand(operand, type, resolved))
          return failure();
        operands.push_back(resolved.front());
        return success();
      });
}

ParseResult PlateOp::parse(OpAsmParser &parser, OperationState &state) {
  Builder &builder = parser.getBuilder();
  Type indexType = builder.getIndexType();
  StringAttr name;
  OpAsmParser::Argument index;
  OpAsmParser::UnresolvedOperand count;
  if (parser.parseAttribute(name, getNameAttrName(state.name),
                            state.attributes) ||
      parser.parseArgument(index) || parser.parseKeyword("in") ||
      parser.parseOperand(count) ||
      parser.resolveOperand(count, indexType, state.operands))
    return failure();
  index.type = indexType;

  int32_t ranged = 0;
  if (succeeded(parser.parseOptionalKeyword("from"))) {
    OpAsmParser::UnresolvedOperand begin, end;
    if (parser.parseOperand(begin) || parser.parseKeyword("to") ||
        parser.parseOperand(end) ||
        parser.resolveOperand(begin, indexType, state.operands) ||
        parser.resolveOperand(end, indexType, state.operands))
      return failure();
    ranged = 1;
  }

  SmallVector<OpAsmParser::Argument> arguments{index};
  SmallVector<Value> slices, inits;
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalLParen())) {
    do {
      OpAsmParser::UnresolvedOperand operand;
      Type type;
      if (parser.parseArgument(arguments.emplace_back()) ||
          parser.parseEqual() || parser.parseOperand(operand) ||
          parser.parseColonType(type))
        return failure();
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || tensor.getRank() == 0)
        return parser.emitError(loc, "a plate's slices are of ranked tensors "
                                     "of rank one or more, not of ")
               << type;
      arguments.back().type = getMemberType(tensor);
      if (parser.resolveOperand(operand, type, slices))
        return failure();
    } while (succeeded(parser.parseOptionalComma()));
    if (parser.parseRParen())
      return failure();
  }
  if (succeeded(parser.parseOptionalKeyword("sums")))
    if (parseBindings(parser, arguments, inits))
      return failure();
  SmallVector<Type> stackTypes;
  if (parser.parseOptionalArrowTypeList(stackTypes) ||
      parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();

  Region *body = state.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  if (body->back().empty() ||
      !body->back().back().hasTrait<OpTrait::IsTerminator>()) {
    OpBuilder bodyBuilder(builder.getContext());
    bodyBuilder.setInsertionPointToEnd(&body->back());
    YieldOp::create(bodyBuilder, state.location);
  }

  state.addOperands(slices);
  state.addOperands(inits);
  for (Value init : inits)
    state.addTypes(init.getType());
  state.addTypes(stackTypes);
  state.getOrAddProperties<Properties>().operandSegmentSizes = {
      1, ranged, ranged, static_cast<int32_t>(slices.size()),
      static_cast<int32_t>(inits.size())};
  state.getOrAddProperties<Properties>().resultSegmentSizes = {
      static_cast<int32_t>(inits.size()),
      static_cast<int32_t>(stackTypes.size())};
  return success();
}

void PlateOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printAttributeWithoutType(getNameAttr());
  printer << ' ';
  printer.printRegionArgument(getIndex(), {}, /*omitType=*/true);
  printer << " in " << getCount();
  if (getBegin())
    printer << " from " << getBegin() << " to " << getEnd();
  auto printBinding = [&](auto pair) {
    auto [argument, operand] = pair;
    printer.printRegionArgument(argument, {}, /*omitType=*/true);
    printer << " = " << operand << " : " << operand.getType();
  };
  if (!getSlices().empty()) {
    printer << " (";
    llvm::interleaveComma(llvm::zip(getMemberArguments(), getSlices()), printer,
                          printBinding);
    printer << ')';
  }
  if (!getInits().empty()) {
    printer << " sums(";
    llvm::interleaveComma(llvm::zip(getSumArguments(), getInits()), printer,
                          printBinding);
    printer << ')';
  }
  if (!getStacks().empty())
    printer.printArrowTypeList(getStacks().getTypes());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getNameAttrName(), "operandSegmentSizes", "resultSegmentSizes"});
  printer << ' ';
  YieldOp yield = getYield();
  bool hasYield = !yield.getSums().empty() || !yield.getValues().empty();
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false, hasYield);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult PlateOp::verify() {
  if (static_cast<bool>(getBegin()) != static_cast<bool>(getEnd()))
    return emitOpError("has one end of a range without the other");
  Block *block = getBlock();
  unsigned expected = 1 + getSlices().size() + getInits().size();
  if (block->getNumArguments() != expected)
    return emitOpError("region has ")
           << block->getNumArguments() << " arguments; expected the index, "
           << getSlices().size() << " slices and " << getInits().size()
           << " sums";
  if (!getIndex().getType().isIndex())
    return emitOpError("member index has type ")
           << getIndex().getType() << ", not index";
  std::optional<int64_t> count = getConstantIntValue(getCount());
  if (count && *count < 0)
    return emitOpError("has ") << *count << " members";
  int64_t known = count ? *count : ShapedType::kDynamic;
  for (auto [argument, slice] : llvm::zip(getMemberArguments(), getSlices())) {
    auto type = cast<RankedTensorType>(slice.getType());
    if (type.getRank() == 0)
      return emitOpError("slices a tensor of rank 0");
    if (argument.getType() != getMemberType(type))
      return emitOpError("slices ")
             << type << " into members of type " << argument.getType()
             << "; expected " << getMemberType(type);
    int64_t size = type.getDimSize(0);
    if (ShapedType::isDynamic(size))
      continue;
    if (!ShapedType::isDynamic(known) && known != size) {
      InFlightDiagnostic diagnostic =
          emitOpError("'") << getName() << "' has " << known
                           << " members, but slices a tensor of " << size;
      diagnostic.attachNote(slice.getLoc()) << "the tensor is here";
      return diagnostic;
    }
    known = size;
  }
  if (getSums().getTypes() != getInits().getTypes())
    return emitOpError("sums and their initial values differ in type");
  for (auto [argument, init] : llvm::zip(getSumArguments(), getInits()))
    if (argument.getType() != init.getType())
      return emitOpError("running sum has type ")
             << argument.getType() << ", its initial value " << init.getType();

  auto yield = dyn_cast<YieldOp>(block->getTerminator());
  if (!yield)
    return emitOpError("region must end with vi.yield");
  if (yield.getSums().getTypes() != getSums().getTypes()) {
    InFlightDiagnostic diagnostic = emitOpError("has ")
                                    << getSums().size() << " sums of types ["
                                    << getSums().getTypes() << "], but yields ["
                                    << yield.getSums().getTypes() << "]";
    diagnostic.attachNote(yield.getLoc()) << "yielded here";
    return diagnostic;
  }
  if (yield.getValues().size() != getStacks().size()) {
    InFlightDiagnostic diagnostic =
        emitOpError("has ") << getStacks().size() << " stacks, but yields "
                            << yield.getValues().size() << " values";
    diagnostic.attachNote(yield.getLoc()) << "yielded here";
    return diagnostic;
  }
  for (auto [value, stack] : llvm::zip(yield.getValues(), getStacks())) {
    auto type = cast<RankedTensorType>(stack.getType());
    if (type.getRank() == 0 || getMemberType(type) != value.getType()) {
      InFlightDiagnostic diagnostic = emitOpError("stacks values of type ")
                                      << value.getType() << " into " << type
                                      << "; expected "
                                      << getStackType(value.getType(), known);
      diagnostic.attachNote(yield.getLoc()) << "yielded here";
      return diagnostic;
    }
    int64_t size = type.getDimSize(0);
    if (!ShapedType::isDynamic(known) && !ShapedType::isDynamic(size) &&
        size != known)
      return emitOpError("'") << getName() << "' has " << known
                              << " members, but a stack of " << size;
  }
  // Plates of one name around each other would be the same members twice.
  for (auto outer = (*this)->getParentOfType<PlateOp>(); outer;
       outer = outer->getParentOfType<PlateOp>())
    if (outer.getName() == getName()) {
      InFlightDiagnostic diagnostic = emitOpError("'")
                                      << getName() << "' is inside itself";
      diagnostic.attachNote(outer.getLoc()) << "the outer plate is here";
      return diagnostic;
    }
  return success();
}

LogicalResult ExpectOp::verify() {
  if (auto outer = (*this)->getParentOfType<ExpectOp>()) {
    InFlightDiagnostic diagnostic =
        emitOpError("is inside another expectation; an expectation is over "
                    "all the draws in it");
    diagnostic.attachNote(outer.getLoc()) << "the outer expectation is here";
    return diagnostic;
  }
  auto yield = dyn_cast<YieldOp>(getBlock()->getTerminator());
  if (!yield)
    return emitOpError("region must end with vi.yield");
  if (!yield.getSums().empty())
    return emitOpError("yields values, not sums");
  if (yield.getValues().getTypes() != getResults().getTypes())
    return emitOpError("has results of types [")
           << getResults().getTypes() << "], but yields ["
           << yield.getValues().getTypes() << "]";
  llvm::StringMap<DrawOp> seen;
  WalkResult result = getBody().walk([&](DrawOp draw) {
    auto [entry, inserted] = seen.try_emplace(draw.getSite(), draw);
    if (inserted || (entry->second.getDistribution() == draw.getDistribution()))
      return WalkResult::advance();
    InFlightDiagnostic diagnostic =
        draw.emitOpError("draws site '")
        << draw.getSite() << "' from another distribution than before";
    diagnostic.attachNote(entry->second.getLoc()) << "drawn here before";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
