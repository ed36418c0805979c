//===- FormElements.cpp - forms of elements of tensors -------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Analysis/Forms.h"

#include "vi/Dialect/VI/IR/Expression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace vi;

Value FormAnalysis::resolve(Value value) {
  return member ? resolve(value, *member) : value;
}

Value FormAnalysis::resolve(Value value, const Member &from) {
  Region &region = from.owner->getRegion(0);
  if (!region.isAncestor(value.getParentRegion()))
    return value;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    if (argument.getOwner() != &region.front())
      return Value();
    if (number == 0)
      return from.index;
    auto plate = dyn_cast<PlateOp>(from.owner);
    if (!plate || number > plate.getSlices().size() ||
        isa<RankedTensorType>(argument.getType()))
      return Value();
    return tensor::ExtractOp::create(*builder, plate.getSlices()[number - 1],
                                     from.index);
  }
  Operation *op = value.getDefiningOp();
  if (op->getNumRegions() || !isMemoryEffectFree(op) || isa<DrawOp>(op))
    return Value();
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value here = resolve(operand, from);
    if (!here)
      return Value();
    mapping.map(operand, here);
  }
  unsigned number = cast<OpResult>(value).getResultNumber();
  return builder->clone(*op, mapping)->getResult(number);
}

std::optional<Form> FormAnalysis::getStackElement(PlateOp plate, unsigned stack,
                                                  Value index) {
  // A range stacks zeros outside of it.
  bool isOfMember = member && isa<PlateOp>(member->owner);
  if (plate.getBegin() || isOfMember)
    return fail("a latent of other members");
  Value value = plate.getYield().getValues()[stack];
  std::optional<Member> outer = member;
  member = Member{plate, index};
  std::optional<Form> form = getForm(value);
  member = outer;
  return form;
}

std::optional<Form> FormAnalysis::getGenericElement(linalg::GenericOp generic,
                                                    unsigned result,
                                                    ValueRange indices) {
  if (elements || !generic.isAllParallelLoops())
    return fail("a reduction of latents");
  OpOperand *output = generic.getDpsInitOperand(result);
  AffineMap map = generic.getMatchingIndexingMap(output);
  if (!map.isPermutation() || generic.payloadUsesValueFromOperand(output))
    return fail("an operation on tensors of latents");
  SmallVector<Value> loops(map.getNumDims());
  for (auto [expression, index] : llvm::zip(map.getResults(), indices))
    loops[cast<AffineDimExpr>(expression).getPosition()] = index;
  llvm::DenseMap<Value, Form> bound;
  for (OpOperand *input : generic.getDpsInputOperands()) {
    BlockArgument argument = generic.getMatchingBlockArgument(input);
    if (argument.use_empty())
      continue;
    AffineMap from = generic.getMatchingIndexingMap(input);
    if (!from.isProjectedPermutation())
      return fail("an operation on tensors of latents");
    SmallVector<Value> at;
    for (AffineExpr expression : from.getResults())
      at.push_back(loops[cast<AffineDimExpr>(expression).getPosition()]);
    std::optional<Form> form = isa<RankedTensorType>(input->get().getType())
                                   ? getElement(input->get(), at)
                                   : getForm(input->get());
    if (!form)
      return std::nullopt;
    bound.try_emplace(argument, *form);
  }
  arguments = std::move(bound);
  elements = &generic.getRegion();
  std::optional<Form> form =
      getForm(generic.getBody()->getTerminator()->getOperand(result));
  elements = nullptr;
  arguments.clear();
  return form;
}

/// `index` in the tensor that is sliced.
static Value getSourceIndex(ImplicitLocOpBuilder &builder,
                            tensor::ExtractSliceOp slice, Value index) {
  Value offset = getValueOrCreateConstantIndexOp(builder, builder.getLoc(),
                                                 slice.getMixedOffsets()[0]);
  return builder.createOrFold<arith::AddIOp>(offset, index);
}

Value FormAnalysis::getPoint(DrawOp draw) {
  auto delta = draw.getDistribution().getDefiningOp<DeltaOp>();
  return delta && dependence.dependsOn(delta.getLocation())
             ? delta.getLocation()
             : Value();
}

std::optional<std::pair<DrawOp, Value>>
FormAnalysis::getJointPart(Value tensor) {
  if (auto cast = tensor.getDefiningOp<tensor::CastOp>())
    return getJointPart(cast.getSource());
  if (auto draw = tensor.getDefiningOp<DrawOp>()) {
    if (Value point = getPoint(draw))
      return getJointPart(point);
    if (!options.correlated || !isJointNormal(draw.getDistribution()))
      return std::nullopt;
    Value zero = arith::ConstantIndexOp::create(*builder, 0);
    return std::pair(draw, zero);
  }
  if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>()) {
    if (slice.getSourceType().getRank() != 1 || !slice.hasUnitStride())
      return std::nullopt;
    auto part = getJointPart(slice.getSource());
    if (part)
      part->second = getSourceIndex(*builder, slice, part->second);
    return part;
  }
  // A stack of draws that are elements of a slice.
  auto plate = tensor.getDefiningOp<PlateOp>();
  if (!plate || plate.getBegin())
    return std::nullopt;
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  if (number < plate.getSums().size())
    return std::nullopt;
  Value value = plate.getYield().getValues()[number - plate.getSums().size()];
  if (auto draw = value.getDefiningOp<DrawOp>())
    value = getPoint(draw);
  // By the member's index, or from an element on.
  if (auto extract = value ? value.getDefiningOp<tensor::ExtractOp>()
                           : tensor::ExtractOp()) {
    if (extract.getIndices().size() != 1)
      return std::nullopt;
    Value index = extract.getIndices()[0], start;
    if (auto sum = index.getDefiningOp<arith::AddIOp>()) {
      bool first = sum.getLhs() == plate.getIndex();
      start = first ? sum.getRhs() : sum.getLhs();
      index = first ? sum.getLhs() : sum.getRhs();
      if (plate.getBody().isAncestor(start.getParentRegion()))
        return std::nullopt;
    }
    if (index != plate.getIndex() ||
        plate.getBody().isAncestor(extract.getTensor().getParentRegion()))
      return std::nullopt;
    auto part = getJointPart(extract.getTensor());
    if (part && start)
      part->second = builder->createOrFold<arith::AddIOp>(part->second, start);
    return part;
  }
  auto argument = dyn_cast_or_null<BlockArgument>(value);
  if (!argument || argument.getOwner() != plate.getBlock() ||
      argument.getArgNumber() == 0 ||
      argument.getArgNumber() > plate.getSlices().size())
    return std::nullopt;
  return getJointPart(plate.getSlices()[argument.getArgNumber() - 1]);
}

std::optional<Form> FormAnalysis::getElement(Value tensor, ValueRange indices) {
  if (!isa<FloatType>(getElementTypeOrSelf(tensor.getType())))
    return fail("a value that is no real number");
  if (!dependence.dependsOn(tensor)) {
    Value element = tensor::ExtractOp::create(*builder, tensor, indices);
    return Form{{element, {}}};
  }
  for (Value index : indices)
    if (dependence.dependsOn(index))
      return fail("an index that depends on latents");
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return fail("a tensor of latents carried by a loop");
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  if (auto plate = dyn_cast<PlateOp>(op)) {
    unsigned sums = plate.getSums().size();
    if (number < sums || indices.size() != 1)
      return fail("a sum over members, or a matrix of latents");
    return getStackElement(plate, number - sums, indices[0]);
  }
  if (indices.empty() && isa<linalg::DotOp, linalg::GenericOp>(op))
    return getDot(tensor);
  if (auto draw = dyn_cast<DrawOp>(op)) {
    if (!options.correlated)
      return fail("the guide's density is left to the estimator, and what is "
                  "to cancel its noise with it");
    if (indices.size() != 1 || !isJointNormal(draw.getDistribution()))
      return fail("an element of a draw whose moments are not known");
    FormFactor variable;
    variable.draw = draw;
    variable.index = indices[0];
    return getVariable(variable, getElementTypeOrSelf(tensor.getType()));
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    if (indices.size() != 1 || slice.getSourceType().getRank() != 1 ||
        !slice.hasUnitStride())
      return fail("a slice of a tensor of latents");
    return getElement(slice.getSource(),
                      getSourceIndex(*builder, slice, indices[0]));
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return getForm(splat.getInput());
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return getElement(cast.getSource(), indices);
  if (auto from = dyn_cast<tensor::FromElementsOp>(op)) {
    std::optional<int64_t> at;
    if (indices.empty())
      at = 0;
    else if (indices.size() == 1)
      at = getConstantIntValue(indices[0]);
    if (!at || *at < 0 ||
        *at >= static_cast<int64_t>(from.getElements().size()))
      return fail("an element chosen by the data");
    return getForm(from.getElements()[*at]);
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return getGenericElement(generic, number, indices);
  if (OpTrait::hasElementwiseMappableTraits(op) || isa<ConstrainOp>(op))
    return getOpForm(op, [&](unsigned operand) -> std::optional<Form> {
      Value value = op->getOperand(operand);
      return isa<RankedTensorType>(value.getType()) ? getElement(value, indices)
                                                    : getForm(value);
    });
  reason =
      ("a tensor of latents made by " + op->getName().getStringRef()).str();
  return std::nullopt;
}

/// Whether the body is `out + a * b`, in any order.
static bool isDotProduct(linalg::LinalgOp op) {
  if (isa<linalg::DotOp>(op))
    return true;
  if (op.getNumLoops() != 1 || op.getNumReductionLoops() != 1 ||
      op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingIndexingMap(input).isIdentity())
      return false;
  Block *body = op.getBlock();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = body->getArgument(2);
  Value rest = add.getLhs() == out   ? add.getRhs()
               : add.getRhs() == out ? add.getLhs()
                                     : Value();
  auto product = rest ? rest.getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  Value a = body->getArgument(0), b = body->getArgument(1);
  return product && ((product.getLhs() == a && product.getRhs() == b) ||
                     (product.getLhs() == b && product.getRhs() == a));
}

std::optional<Form> FormAnalysis::getDot(Value tensor) {
  auto op = dyn_cast<linalg::LinalgOp>(tensor.getDefiningOp());
  if (!op || !isDotProduct(op))
    return fail("a reduction of latents");
  Value weights = op->getOperand(0), latents = op->getOperand(1);
  if (dependence.dependsOn(weights))
    std::swap(weights, latents);
  if (dependence.dependsOn(weights))
    return fail("a product of latents");
  // The sum that it starts from.
  std::optional<Form> start =
      getElement(op.getDpsInitOperand(0)->get(), ValueRange());
  if (!start)
    return std::nullopt;
  DrawOp draw;
  Value first;
  if (auto part = getJointPart(latents)) {
    std::tie(draw, first) = *part;
  } else {
    auto plate = latents.getDefiningOp<PlateOp>();
    if (!plate || plate.getBegin())
      return fail("a product with a function of latents");
    unsigned stack = cast<OpResult>(latents).getResultNumber();
    if (stack < plate.getSums().size())
      return fail("a product with a function of latents");
    draw = plate.getYield()
               .getValues()[stack - plate.getSums().size()]
               .getDefiningOp<DrawOp>();
    if (!draw || draw->getBlock() != plate.getBlock())
      return fail("a product with a function of latents");
  }
  Value one =
      floatConstant(*builder, getElementTypeOrSelf(tensor.getType()), 1.0);
  FormFactor variable;
  variable.draw = draw;
  variable.index = first;
  variable.weights = weights;
  if (held && variable.mayOverlap(held->first))
    return fail("latents of one site that may be the same");
  FormTerm term{one, {variable}};
  std::optional<double> zero;
  if (start->size() == 1 && start->front().factors.empty())
    if (auto extract =
            start->front().coefficient.getDefiningOp<tensor::ExtractOp>())
      if (SplatElementsAttr splat;
          matchPattern(extract.getTensor(), m_Constant(&splat)))
        zero = splat.getSplatValue<APFloat>().convertToDouble();
  if (zero && *zero == 0)
    return Form{term};
  start->push_back(term);
  return start;
}

/// Whether two numbers of members are the same.
static bool isSameSize(Value a, Value b) {
  std::optional<int64_t> first = getConstantIntValue(a);
  return a == b || (first && first == getConstantIntValue(b));
}

/// What one iteration adds to a sum that a loop carries; nothing where the sum
/// is used otherwise.
static std::optional<SmallVector<LinearTerm>> getIteration(scf::ForOp loop,
                                                           unsigned result) {
  SmallVector<LinearTerm> terms;
  collectLinearTerms(
      loop.getYieldedValues()[result], [](Value) { return false; }, terms);
  BlockArgument carried = loop.getRegionIterArg(result);
  auto *sum = llvm::find_if(
      terms, [&](const LinearTerm &term) { return term.value == carried; });
  if (sum == terms.end() || sum->coefficient.negative || !carried.hasOneUse())
    return std::nullopt;
  terms.erase(sum);
  return terms;
}

/// The number that is added to the iteration's index; null where something else
/// is done with it.
static Value getStart(ImplicitLocOpBuilder &builder, Value value, Value index,
                      PlateOp loop) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop);
  if (value == index)
    return arith::ConstantIndexOp::create(builder, 0);
  auto add = value.getDefiningOp<arith::AddIOp>();
  if (!add || (add.getLhs() != index && add.getRhs() != index))
    return Value();
  Value start = add.getLhs() == index ? add.getRhs() : add.getLhs();
  if (std::optional<int64_t> number = getConstantIntValue(start))
    return arith::ConstantIndexOp::create(builder, *number);
  return loop.getBody().isAncestor(start.getParentRegion()) ? Value() : start;
}

/// The sum of what is linear in the members of plates that the loop runs
/// through: coefficients are stacked, and are the weights of the members.
std::optional<Form> FormAnalysis::getLoopSum(scf::ForOp loop, unsigned result) {
  std::optional<SmallVector<LinearTerm>> terms = getIteration(loop, result);
  Value count = loop.getUpperBound();
  if (!terms || member || elements || dependence.dependsOn(count) ||
      getConstantIntValue(loop.getLowerBound()) != 0 ||
      getConstantIntValue(loop.getStep()) != 1)
    return fail("a loop over latents that is no sum over members");
  std::optional<Form> form = getForm(loop.getInitArgs()[result]);
  if (!form)
    return std::nullopt;

  // The coefficients, for the iterations of a plate.
  Type type = loop.getResult(result).getType();
  Value zero = floatConstant(*builder, type, 0.0);
  auto draft = PlateOp::create(*builder, "", count, Value(), Value(),
                               ValueRange(), ValueRange(), TypeRange());
  Value index = draft.getIndex();
  SmallVector<std::pair<FormFactor, Value>, 0> weighted, shared;
  std::optional<Expression> offset;
  StringRef name;
  std::string names = "iterations." + std::to_string(loops++);
  auto analyze = [&]() -> bool {
    bool found = true;
    OpBuilder::InsertionGuard guard(*builder);
    builder->setInsertionPointToStart(draft.getBlock());
    for (const LinearTerm &term : *terms) {
      std::optional<Form> part = getForm(term.value);
      if (!part)
        return false;
      for (const FormTerm &piece : *part) {
        Expression c(*builder, piece.coefficient);
        if (term.coefficient.negative)
          c = -c;
        if (piece.factors.empty()) {
          offset = offset ? *offset + c : c;
          continue;
        }
        const FormFactor &factor = piece.factors[0];
        DrawOp draw = factor.draw;
        if (piece.factors.size() > 1 || !factor.isVariable() ||
            factor.constrained || factor.predictor || factor.weights) {
          fail("a loop over what is not linear in the latents");
          return false;
        }
        if (!factor.index) {
          shared.push_back({factor, c});
          continue;
        }
        if (factor.isJoint()) {
          // From an element on, one after the other.
          FormFactor variable = factor;
          Value element = factor.index;
          variable.index = getStart(*builder, element, index, draft);
          if (variable.index)
            weighted.push_back({variable, c});
          else if (draft.getBody().isAncestor(element.getParentRegion()))
            found = false;
          else
            shared.push_back({factor, c});
          if (!found)
            fail("a loop that does not run through latents in their order");
          name = names;
          continue;
        }
        auto plate = draw->getParentOfType<PlateOp>();
        if (factor.index != index || !isSameSize(plate.getCount(), count)) {
          fail("a loop that does not run through the members of a plate");
          return false;
        }
        name = plate.getName();
        auto *same = llvm::find_if(weighted, [&](const auto &other) {
          return other.first.hasSameVariable(factor);
        });
        if (same == weighted.end())
          weighted.push_back({factor, c});
        else
          same->second = Expression(*builder, same->second) + c;
      }
    }
    return found;
  };
  member = Member{loop, index};
  bool found = analyze();
  member.reset();
  if (found && name.empty()) {
    fail("a loop over latents of no plate");
    found = false;
  }
  if (!found) {
    draft.erase();
    return std::nullopt;
  }
  // Sums: of what is no latent's coefficient, and of coefficients of latents
  // that all iterations share. Stacks: the weights of members.
  SmallVector<Value> sums, zeros;
  if (offset)
    sums.push_back(*offset);
  for (const auto &[factor, c] : shared)
    sums.push_back(c);
  zeros.assign(sums.size(), zero);
  IntegerAttr constant;
  int64_t size = ShapedType::kDynamic;
  if (matchPattern(count, m_Constant(&constant)))
    size = constant.getInt();
  SmallVector<Type> stackTypes(weighted.size(),
                               PlateOp::getStackType(type, size));
  auto plate = PlateOp::create(*builder, name, count, Value(), Value(),
                               ValueRange(), zeros, stackTypes);
  index.replaceAllUsesWith(plate.getIndex());
  plate.getBlock()->getOperations().splice(plate.getBlock()->end(),
                                           draft.getBlock()->getOperations());
  draft.erase();
  {
    OpBuilder::InsertionGuard guard(*builder);
    builder->setInsertionPointToEnd(plate.getBlock());
    SmallVector<Value> next, stacks;
    for (auto [sum, argument] : llvm::zip(sums, plate.getSumArguments()))
      next.push_back(Expression(*builder, argument) +
                     Expression(*builder, sum));
    for (const auto &[factor, c] : weighted)
      stacks.push_back(c);
    YieldOp::create(*builder, next, stacks);
  }
  unsigned number = 0;
  if (offset)
    form->push_back({plate.getSums()[number++], {}});
  for (auto &[factor, c] : shared)
    form->push_back({plate.getSums()[number++], {factor}});
  Value one = floatConstant(*builder, type, 1.0);
  for (auto [i, part] : llvm::enumerate(weighted)) {
    FormFactor factor = part.first;
    if (!factor.isJoint())
      factor.index = Value();
    factor.weights = plate.getStacks()[i];
    form->push_back({one, {factor}});
  }
  return form;
}
