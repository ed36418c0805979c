//===- VIModels.cpp - models and guides -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Dialect/VI/IR/Calls.h"
#include "vi/Dialect/VI/IR/Loops.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "vi/Dialect/VI/IR/Divergences.h"

#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace vi;

//===----------------------------------------------------------------------===//
// Syntax common to models and guides
//===----------------------------------------------------------------------===//

/// Parses `(%a: T {attrs}, ...) attributes {...} { ... }` and records the
/// names of the arguments, which are those of the data.
static ParseResult
parseArgumentsAndBody(OpAsmParser &parser, OperationState &state,
                      StringAttr functionTypeName, StringAttr argNamesName,
                      StringAttr argAttrsName, StringAttr resAttrsName) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> resultTypes;
  SmallVector<DictionaryAttr> resultAttrs;
  bool isVariadic = false;
  SMLoc loc = parser.getCurrentLocation();
  if (function_interface_impl::parseFunctionSignatureWithArguments(
          parser, /*allowVariadic=*/false, arguments, isVariadic, resultTypes,
          resultAttrs))
    return failure();
  if (!resultTypes.empty())
    return parser.emitError(loc, "a model or guide has no results");

  Builder &builder = parser.getBuilder();
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  for (OpAsmParser::Argument &argument : arguments) {
    if (argument.ssaName.name.empty())
      return parser.emitError(loc, "arguments of a model or guide have names");
    types.push_back(argument.type);
    // The parser hands the name over with its sigil.
    names.push_back(builder.getStringAttr(argument.ssaName.name.drop_front(1)));
  }
  state.addAttribute(functionTypeName,
                     TypeAttr::get(builder.getFunctionType(types, {})));
  state.addAttribute(argNamesName, builder.getArrayAttr(names));
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes))
    return failure();
  call_interface_impl::addArgAndResultAttrs(
      builder, state, arguments, resultAttrs, argAttrsName, resAttrsName);
  Region *body = state.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

static void printArgumentsAndBody(OpAsmPrinter &printer, FunctionOpInterface op,
                                  ArrayRef<StringRef> elided) {
  call_interface_impl::printFunctionSignature(
      printer, op.getArgumentTypes(), op.getArgAttrsAttr(),
      /*isVariadic=*/false, /*resultTypes=*/{}, /*resultAttrs=*/nullptr,
      &op.getFunctionBody(), /*printEmptyResult=*/false);
  function_interface_impl::printFunctionAttributes(printer, op, elided);
  printer << ' ';
  printer.printRegion(op.getFunctionBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/true);
}

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             state.attributes))
    return failure();
  return parseArgumentsAndBody(
      parser, state, getFunctionTypeAttrName(state.name),
      getArgNamesAttrName(state.name), getArgAttrsAttrName(state.name),
      getResAttrsAttrName(state.name));
}

void ModelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printArgumentsAndBody(printer, *this,
                        {getFunctionTypeAttrName(), getArgNamesAttrName(),
                         getArgAttrsAttrName(), getResAttrsAttrName()});
}

ParseResult GuideOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  FlatSymbolRefAttr model;
  if (parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             state.attributes) ||
      parser.parseKeyword("for") ||
      parser.parseAttribute(model, getModelAttrName(state.name),
                            state.attributes))
    return failure();
  return parseArgumentsAndBody(
      parser, state, getFunctionTypeAttrName(state.name),
      getArgNamesAttrName(state.name), getArgAttrsAttrName(state.name),
      getResAttrsAttrName(state.name));
}

void GuideOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << " for ";
  printer.printAttribute(getModelAttr());
  printArgumentsAndBody(printer, *this,
                        {getFunctionTypeAttrName(), getArgNamesAttrName(),
                         getArgAttrsAttrName(), getResAttrsAttrName(),
                         getModelAttrName()});
}

static void setArgumentNames(Region &region, ArrayAttr names,
                             OpAsmSetValueNameFn setName) {
  if (region.empty())
    return;
  for (auto [argument, name] :
       llvm::zip(region.getArguments(), names.getAsRange<StringAttr>()))
    setName(argument, name.getValue());
}

void ModelOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setNameFn) {
  setArgumentNames(region, getArgNames(), setNameFn);
}

void GuideOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setNameFn) {
  setArgumentNames(region, getArgNames(), setNameFn);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Types that data can have.
static bool isDataType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    type = tensor.getElementType();
  else if (isa<ShapedType>(type))
    return false;
  return type.isF32() || type.isF64() || type.isIndex() ||
         type.isSignlessInteger(1) || type.isSignlessInteger(8) ||
         type.isSignlessInteger(16) || type.isSignlessInteger(32) ||
         type.isSignlessInteger(64);
}

/// What sites of models and guides have in common.
static LogicalResult verifyArguments(Operation *op, Region &body,
                                     FunctionType type, ArrayAttr names,
                                     ArrayAttr argAttrs) {
  if (type.getNumResults())
    return op->emitOpError("has no results");
  if (names.size() != type.getNumInputs())
    return op->emitOpError("has ") << type.getNumInputs() << " arguments and "
                                   << names.size() << " argument names";
  if (body.getNumArguments() != type.getNumInputs())
    return op->emitOpError("has ")
           << type.getNumInputs() << " arguments in its type and "
           << body.getNumArguments() << " in its body";
  llvm::StringMap<Type> types;
  for (auto [index, name] : llvm::enumerate(names.getAsRange<StringAttr>())) {
    Type argument = type.getInput(index);
    if (body.getArgument(index).getType() != argument)
      return op->emitOpError("argument '")
             << name.getValue() << "' has type " << argument
             << " in the function type and "
             << body.getArgument(index).getType() << " in the body";
    if (!isDataType(argument))
      return op->emitOpError("argument '")
             << name.getValue() << "' has type " << argument
             << "; data are scalars or ranked tensors of f32, f64, integers, "
                "i1 or index";
    if (isRankZeroTensor(argument))
      return op->emitOpError("argument '")
             << name.getValue() << "' has type " << argument
             << "; a single number has type " << getElementTypeOrSelf(argument);
    if (!types.try_emplace(name.getValue(), argument).second)
      return op->emitOpError("has two arguments named '")
             << name.getValue() << "'";
  }
  if (!argAttrs)
    return success();
  for (auto [index, attributes] :
       llvm::enumerate(argAttrs.getAsRange<DictionaryAttr>())) {
    Attribute attribute = attributes.get("vi.index");
    if (!attribute)
      continue;
    StringRef name = cast<StringAttr>(names[index]).getValue();
    auto indexAttr = dyn_cast<IndexAttr>(attribute);
    if (!indexAttr)
      return op->emitOpError("argument '")
             << name << "': vi.index must be a #vi.index attribute";
    Type element = getElementTypeOrSelf(type.getInput(index));
    if (!element.isIntOrIndex() || element.isInteger(1))
      return op->emitOpError("argument '")
             << name << "' holds indices and must be of integers, not of "
             << element;
    auto size = dyn_cast<StringAttr>(indexAttr.getSize());
    if (!size)
      continue;
    auto found = types.find(size.getValue());
    if (found == types.end() || !found->second.isIntOrIndex())
      return op->emitOpError("argument '")
             << name << "' indexes something of size '" << size.getValue()
             << "', which is no integer argument";
  }
  return success();
}

/// Reported sites (of every kind) share one set of names.
static LogicalResult verifySiteNames(Region &body) {
  llvm::StringMap<Operation *> seen;
  WalkResult result = body.walk([&](Operation *op) {
    if (!isa<SampleOp, ObserveOp, FactorOp, DeterministicOp, PredictOp,
             ParamOp>(op))
      return WalkResult::advance();
    StringRef name = op->getAttrOfType<StringAttr>("name").getValue();
    if (name.empty()) {
      op->emitOpError("has an empty name");
      return WalkResult::interrupt();
    }
    auto [entry, inserted] = seen.try_emplace(name, op);
    if (inserted)
      return WalkResult::advance();
    InFlightDiagnostic diagnostic = op->emitOpError("is a second site named '")
                                    << name << "'";
    diagnostic.attachNote(entry->second->getLoc()) << "the first site is here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// An error at a plate that has other members than one of its name.
static InFlightDiagnostic emitOtherMembers(PlateOp plate, PlateOp other,
                                           StringRef where) {
  InFlightDiagnostic diagnostic = plate.emitOpError("'")
                                  << plate.getName() << "' has "
                                  << plate.getStaticCount()
                                  << " members, but a plate of that name"
                                  << where << " has " << other.getStaticCount();
  diagnostic.attachNote(other.getLoc()) << "the other plate is here";
  return diagnostic;
}

static bool haveOtherMembers(PlateOp plate, PlateOp other) {
  int64_t here = plate.getStaticCount(), there = other.getStaticCount();
  return here != there && !ShapedType::isDynamic(here) &&
         !ShapedType::isDynamic(there);
}

/// Plates of one name side by side have the same members.
static LogicalResult verifyPlates(Region &body) {
  WalkResult result = body.walk([&](Block *block) {
    llvm::StringMap<PlateOp> seen;
    for (auto plate : block->getOps<PlateOp>()) {
      auto [entry, inserted] = seen.try_emplace(plate.getName(), plate);
      if (inserted || !haveOtherMembers(plate, entry->second))
        continue;
      emitOtherMembers(plate, entry->second, "");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult ModelOp::verify() {
  if (failed(verifyArguments(*this, getBody(), getFunctionType(), getArgNames(),
                             getArgAttrsAttr())))
    return failure();
  WalkResult auxiliary = getBody().walk([&](SampleOp site) {
    if (!site.getAuxiliary())
      return WalkResult::advance();
    site.emitOpError("auxiliary sites belong to guides");
    return WalkResult::interrupt();
  });
  if (auxiliary.wasInterrupted() || failed(verifyPlates(getBody())))
    return failure();
  return verifySiteNames(getBody());
}

LogicalResult GuideOp::verify() {
  if (failed(verifyArguments(*this, getBody(), getFunctionType(), getArgNames(),
                             getArgAttrsAttr())))
    return failure();
  WalkResult observed = getBody().walk([&](Operation *op) {
    if (!isa<ObserveOp, FactorOp, PredictOp>(op))
      return WalkResult::advance();
    op->emitOpError("has no place in a guide, which only samples latents");
    return WalkResult::interrupt();
  });
  if (observed.wasInterrupted() || failed(verifyPlates(getBody())))
    return failure();
  return verifySiteNames(getBody());
}

/// Notes where a site of the other program is.
static void noteSite(InFlightDiagnostic &diagnostic, Operation *site,
                     StringRef where) {
  diagnostic.attachNote(site->getLoc()) << "the site of the " << where;
}

/// The number of dimensions of a site with those of the plates and loops around
/// it.
static size_t getWholeRank(SampleOp site) {
  auto type = dyn_cast<RankedTensorType>(site.getValue().getType());
  return getRepetitions(site).size() + (type ? type.getRank() : 0);
}

LogicalResult GuideOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto model =
      symbolTable.lookupNearestSymbolFrom<ModelOp>(*this, getModelAttr());
  if (!model)
    return emitOpError("is for a model @")
           << getModel() << " that does not exist";
  if (model.getFunctionType() != getFunctionType() ||
      model.getArgNames() != getArgNames()) {
    InFlightDiagnostic diagnostic =
        emitOpError("must have the arguments of its model @") << getModel();
    diagnostic.attachNote(model.getLoc()) << "the model is here";
    return diagnostic;
  }

  llvm::StringMap<PlateOp> plates;
  for (auto plate : model.getBody().getOps<PlateOp>())
    plates.try_emplace(plate.getName(), plate);
  for (auto plate : getBody().getOps<PlateOp>())
    if (PlateOp other = plates.lookup(plate.getName());
        other && haveOtherMembers(plate, other))
      return emitOtherMembers(plate, other, " in the model");

  llvm::StringMap<SampleOp> ours;
  getBody().walk([&](SampleOp site) { ours[site.getName()] = site; });
  WalkResult result = model.getBody().walk([&](SampleOp site) {
    auto found = ours.find(site.getName());
    if (found == ours.end()) {
      // It is summed out (vi-marginalize).
      auto prior =
          site.getDistribution().getDefiningOp<DistributionOpInterface>();
      if (prior && isFinite(prior.getSupport()))
        return WalkResult::advance();
      InFlightDiagnostic diagnostic =
          emitOpError("does not sample latent site '")
          << site.getName() << "' of its model";
      noteSite(diagnostic, site, "model");
      return WalkResult::interrupt();
    }
    SampleOp sample = found->second;
    ours.erase(found);
    if (getElementTypeOrSelf(sample.getValue().getType()) !=
            getElementTypeOrSelf(site.getValue().getType()) ||
        getWholeRank(sample) != getWholeRank(site)) {
      InFlightDiagnostic diagnostic =
          sample.emitOpError("samples '")
          << site.getName() << "' as " << sample.getValue().getType()
          << ", but the model's site is of type " << site.getValue().getType();
      noteSite(diagnostic, site, "model");
      return WalkResult::interrupt();
    }
    // A site in plates of the one may be a whole tensor in the other; a loop of
    // the one may be a plate of any name.
    bool agree = true;
    for (auto [here, there] :
         llvm::zip(getRepetitions(sample), getRepetitions(site)))
      if (auto a = dyn_cast<PlateOp>(here), b = dyn_cast<PlateOp>(there);
          a && b)
        agree &= a.getName() == b.getName();
    if (!agree) {
      InFlightDiagnostic diagnostic = sample.emitOpError("samples '")
                                      << site.getName()
                                      << "' in other plates than the model";
      noteSite(diagnostic, site, "model");
      return WalkResult::interrupt();
    }
    auto q = sample.getDistribution().getDefiningOp<DistributionOpInterface>();
    auto p = site.getDistribution().getDefiningOp<DistributionOpInterface>();
    if (q && p && !isa<DeltaOp>(q.getOperation())) {
      Support inner = q.getSupport(), outer = p.getSupport();
      std::optional<bool> inside = isInside(inner, outer);
      if (inside && !*inside) {
        InFlightDiagnostic diagnostic =
            sample.emitOpError("samples '")
            << site.getName() << "' from a distribution on "
            << stringifySupportKind(inner.kind)
            << ", which is not inside the support "
            << stringifySupportKind(outer.kind)
            << " of the model's: KL(q || p) would be infinite";
        noteSite(diagnostic, site, "model");
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  // In the order of the text, for messages that do not depend on hashing.
  result = getBody().walk([&](SampleOp site) {
    if (site.getAuxiliary() || !ours.count(site.getName()))
      return WalkResult::advance();
    InFlightDiagnostic diagnostic = site.emitOpError("samples '")
                                    << site.getName()
                                    << "', which is no latent site of model @"
                                    << getModel();
    diagnostic.attachNote(model.getLoc()) << "the model is here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Type vi::getSinglePrecision(Type type) {
  Type single = Float32Type::get(type.getContext());
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getElementType().isF64()
               ? RankedTensorType::get(tensor.getShape(), single,
                                       tensor.getEncoding())
               : type;
  return type.isF64() ? single : type;
}

bool vi::takesSinglePrecision(CallOp call, FunctionOpInterface callee) {
  auto isOf = [](TypeRange types, unsigned width) {
    return llvm::any_of(types, [&](Type type) {
      auto real = dyn_cast<FloatType>(getElementTypeOrSelf(type));
      return real && real.getWidth() == width;
    });
  };
  auto has = [&](TypeRange operands, TypeRange results, unsigned width) {
    return isOf(operands, width) || isOf(results, width);
  };
  return has(callee.getArgumentTypes(), callee.getResultTypes(), 64) &&
         !has(callee.getArgumentTypes(), callee.getResultTypes(), 32) &&
         has(call.getOperandTypes(), call.getResultTypes(), 32) &&
         !has(call.getOperandTypes(), call.getResultTypes(), 64);
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto callee = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getCalleeAttr());
  // It may come from a file that is included later.
  if (!callee)
    return success();
  if (isa<ModelOp, GuideOp>(callee.getOperation()))
    return emitOpError("is of @") << getCallee() << ", which is no function";
  auto describe = [&](InFlightDiagnostic diagnostic) {
    diagnostic.attachNote(callee.getLoc()) << "the function is here";
    return diagnostic;
  };
  // Dimensions that are dynamic in the function may be static here.
  auto isCompatible = [](Type here, Type there) {
    auto tensor = dyn_cast<RankedTensorType>(here),
         wanted = dyn_cast<RankedTensorType>(there);
    if (!tensor || !wanted)
      return here == there;
    if (tensor.getElementType() != wanted.getElementType() ||
        tensor.getRank() != wanted.getRank())
      return false;
    return llvm::all_of(llvm::zip(tensor.getShape(), wanted.getShape()),
                        [](auto sizes) {
                          auto [size, other] = sizes;
                          return ShapedType::isDynamic(size) ||
                                 ShapedType::isDynamic(other) || size == other;
                        });
  };
  auto check = [&](TypeRange here, TypeRange there,
                   const char *what) -> LogicalResult {
    if (here.size() != there.size())
      return describe(emitOpError("has ")
                      << here.size() << " " << what << "s; @" << getCallee()
                      << " has " << there.size());
    for (auto [i, type, wanted] : llvm::enumerate(here, there))
      if (!isCompatible(type, wanted))
        return describe(emitOpError(what) << " " << i << " is of type " << type
                                          << ", not " << wanted);
    return success();
  };
  SmallVector<Type> operands(callee.getArgumentTypes()),
      results(callee.getResultTypes());
  if (takesSinglePrecision(*this, callee))
    for (Type &type : llvm::concat<Type>(operands, results))
      type = getSinglePrecision(type);
  if (failed(check(getOperandTypes(), operands, "operand")))
    return failure();
  return check(getResultTypes(), results, "result");
}
