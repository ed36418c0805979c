//===- Marginalize.cpp - sum finite discrete latents out -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SiteDependence.h"
#include "TermCloner.h"

#include "vi/Dialect/VI/IR/Expression.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Shapes.h"
#include "vi/Dialect/VI/Transforms/Sites.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <limits>

namespace vi {
#define GEN_PASS_DEF_MARGINALIZE
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// States up to this number are written out one by one.
constexpr int64_t maximalWrittenStates = 4;

/// A number of states, known from the text or not.
struct Count {
  Value value;
  std::optional<int64_t> number;

  Count(Value value) : value(value), number(getConstantIntValue(value)) {}
  bool isWrittenOut() const {
    return number && *number >= 1 && *number <= maximalWrittenStates;
  }
  bool operator==(const Count &other) const {
    return value == other.value || (number && number == other.number);
  }
};

/// The joint values of some discrete sites, numbered with the last site's value
/// fastest.
struct StateSpace {
  SmallVector<SampleOp> sites;
  SmallVector<Support> supports;
  SmallVector<Value> sizes;
  Value count;

  /// Maps the sites' values to those of state `index`.
  void assign(ImplicitLocOpBuilder &b, Value index, IRMapping &mapping) const;
};

/// One number for each state: numbers where states are written out, otherwise a
/// vector.
struct Table {
  SmallVector<Value> numbers;
  Value vector;

  Value get(ImplicitLocOpBuilder &b, Value index) const;
  /// log sum exp over the states.
  Value logSumExp(ImplicitLocOpBuilder &b) const;
  /// The numbers as a vector.
  Value getVector(ImplicitLocOpBuilder &b) const;
  /// What a loop carries.
  SmallVector<Value> getCarried() const {
    return vector ? SmallVector<Value>{vector} : numbers;
  }
  static Table fromCarried(ValueRange values, bool isWrittenOut);
};

/// Sums the discrete sites of one model out.
class Marginalizer {
public:
  Marginalizer(ModelOp model, std::function<bool(SampleOp)> isKept)
      : model(model), isKept(std::move(isKept)) {}
  LogicalResult run();
  /// The names of the sites that were summed out.
  llvm::StringSet<> removed;

private:
  LogicalResult checkPlace(SampleOp site);
  bool sinkIntoConsumer(PlateOp plate);
  LogicalResult flattenPriors(const SiteDependence &dependence, Block *block);
  LogicalResult eliminate(SampleOp site);
  struct Chain;
  FailureOr<Chain> findChain(scf::ForOp loop);
  void findStarts(Chain &chain);
  LogicalResult eliminateChain(scf::ForOp loop);
  FailureOr<StateSpace> buildStates(ImplicitLocOpBuilder &b,
                                    ArrayRef<SampleOp> sites,
                                    function_ref<bool(Value)> isAvailable);
  FailureOr<Table> buildTable(
      ImplicitLocOpBuilder &b, Count count, StringRef name,
      function_ref<FailureOr<Value>(ImplicitLocOpBuilder &, Value)> build);
  FailureOr<Value> buildTerms(ImplicitLocOpBuilder &b,
                              ArrayRef<Operation *> ops, IRMapping &mapping,
                              StringRef suffix,
                              function_ref<bool(Operation *)> takesTerm);
  void addFactor(ImplicitLocOpBuilder &b, ArrayRef<Operation *> terms,
                 StringRef name, Value logDensity);
  void finish(ArrayRef<Operation *> terms, ArrayRef<Operation *> touched);
  bool isDiscreteToSum(Operation *op);

  ModelOp model;
  std::function<bool(SampleOp)> isKept;
  /// The type in which log-densities are added.
  FloatType type;
};

struct Marginalize : vi::impl::MarginalizeBase<Marginalize> {
  using MarginalizeBase::MarginalizeBase;
  void runOnOperation() override;
};

} // namespace

//===----------------------------------------------------------------------===//
// States and tables
//===----------------------------------------------------------------------===//

void StateSpace::assign(ImplicitLocOpBuilder &b, Value index,
                        IRMapping &mapping) const {
  Value rest = index;
  for (size_t number = sites.size(); number-- > 0;) {
    Value place = rest;
    if (number > 0) {
      place = b.createOrFold<arith::RemUIOp>(rest, sizes[number]);
      rest = b.createOrFold<arith::DivUIOp>(rest, sizes[number]);
    }
    SampleOp site = sites[number];
    mapping.map(site.getValue(),
                buildSupportValue(b, supports[number],
                                  site.getValue().getType(), place));
  }
}

Value Table::get(ImplicitLocOpBuilder &b, Value index) const {
  if (vector)
    return tensor::ExtractOp::create(b, vector, index);
  return numbers[*getConstantIntValue(index)];
}

Value Table::logSumExp(ImplicitLocOpBuilder &b) const {
  if (vector)
    return vi::logSumExp(Expression(b, vector));
  return vi::logSumExp(llvm::map_to_vector(
      numbers, [&](Value number) { return Expression(b, number); }));
}

Value Table::getVector(ImplicitLocOpBuilder &b) const {
  return vector ? vector : tensor::FromElementsOp::create(b, numbers);
}

Table Table::fromCarried(ValueRange values, bool isWrittenOut) {
  Table table;
  if (isWrittenOut)
    table.numbers.assign(values.begin(), values.end());
  else
    table.vector = values.front();
  return table;
}

FailureOr<Table> Marginalizer::buildTable(
    ImplicitLocOpBuilder &b, Count count, StringRef name,
    function_ref<FailureOr<Value>(ImplicitLocOpBuilder &, Value)> build) {
  Table table;
  if (count.isWrittenOut()) {
    for (int64_t i = 0; i < *count.number; ++i) {
      FailureOr<Value> value = build(b, arith::ConstantIndexOp::create(b, i));
      if (failed(value))
        return failure();
      table.numbers.push_back(*value);
    }
    return table;
  }
  auto plate = PlateOp::create(
      b, name, count.value, Value(), Value(), ValueRange(), ValueRange(),
      PlateOp::getStackType(type, count.number.value_or(ShapedType::kDynamic)));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(plate.getBlock());
  FailureOr<Value> value = build(b, plate.getIndex());
  if (failed(value))
    return failure();
  YieldOp::create(b, ValueRange(), *value);
  table.vector = plate.getStacks().front();
  return table;
}

FailureOr<StateSpace>
Marginalizer::buildStates(ImplicitLocOpBuilder &b, ArrayRef<SampleOp> sites,
                          function_ref<bool(Value)> isAvailable) {
  StateSpace space;
  SizeBuilder here(b, b.getLoc(), isAvailable);
  auto depends = [&](SampleOp site) {
    return site.emitError("the number of values of '")
           << site.getName()
           << "' depends on the value of a site that is summed out";
  };
  for (SampleOp site : sites) {
    auto family =
        site.getDistribution().getDefiningOp<DistributionOpInterface>();
    ImplicitLocOpBuilder beside(family.getLoc(), family->getContext());
    beside.setInsertionPointAfter(family);
    Value size = family.buildSupportSize(beside);
    size = size ? here.getIndex(size) : Value();
    if (!size)
      return depends(site);
    Support support = family.getSupport();
    for (Value &bound : support.bounds)
      if (bound && !(bound = here.getIndex(bound)))
        return depends(site);
    space.sites.push_back(site);
    space.supports.push_back(support);
    space.sizes.push_back(size);
    space.count =
        space.count ? b.createOrFold<arith::MulIOp>(space.count, size) : size;
  }
  if (!space.count)
    space.count = arith::ConstantIndexOp::create(b, 1);
  return space;
}

//===----------------------------------------------------------------------===//
// Terms
//===----------------------------------------------------------------------===//

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("vi-expectations");
}

static bool isTerm(Operation *op) {
  return isa<SampleOp, ObserveOp, FactorOp>(op);
}

bool Marginalizer::isDiscreteToSum(Operation *op) {
  auto site = dyn_cast<SampleOp>(op);
  if (!site || isKept(site))
    return false;
  auto family = site.getDistribution().getDefiningOp<DistributionOpInterface>();
  return family && isFinite(family.getSupport());
}

FailureOr<Value>
Marginalizer::buildTerms(ImplicitLocOpBuilder &b, ArrayRef<Operation *> ops,
                         IRMapping &mapping, StringRef suffix,
                         function_ref<bool(Operation *)> takesTerm) {
  TermCloner cloner(type, suffix, takesTerm);
  for (Operation *op : ops)
    if (failed(cloner.clone(b, op, mapping)))
      return failure();
  return cloner.getTotal(b);
}

/// All terms of `touched`, and in what these contain, that depend.
static SmallVector<Operation *> collectTerms(ArrayRef<Operation *> touched,
                                             const SiteDependence &dependence) {
  SmallVector<Operation *> terms;
  for (Operation *op : touched)
    op->walk<WalkOrder::PreOrder>([&](Operation *nested) {
      if (isTerm(nested) && dependence.depends(nested))
        terms.push_back(nested);
    });
  return terms;
}

/// The operations of a block that depend, or contain what does.
static SmallVector<Operation *>
collectTouched(Block *block, const SiteDependence &dependence) {
  SmallVector<Operation *> touched;
  for (Operation &op : *block)
    if (!op.hasTrait<OpTrait::IsTerminator>() && dependence.reaches(&op))
      touched.push_back(&op);
  return touched;
}

void Marginalizer::addFactor(ImplicitLocOpBuilder &b,
                             ArrayRef<Operation *> terms, StringRef name,
                             Value logDensity) {
  // One observation gives its name; only densities of data are normalized.
  StringRef observation;
  unsigned observations = 0;
  bool normalized = true, proper = true;
  for (Operation *term : terms) {
    auto factor = dyn_cast<FactorOp>(term);
    if (isa<ObserveOp>(term) || (factor && factor.getNormalized())) {
      ++observations;
      observation = term->getAttrOfType<StringAttr>("name").getValue();
    } else if (factor) {
      normalized = false;
      proper &= isProperPrior(factor);
    }
  }
  if (observations == 1)
    name = observation;
  bool isDensityOfData = normalized && observations;
  auto sum = FactorOp::create(b, b.getStringAttr(name),
                              isDensityOfData ? b.getUnitAttr() : UnitAttr(),
                              logDensity);
  if (!isDensityOfData && proper)
    markProperPrior(sum);
}

LogicalResult Marginalizer::flattenPriors(const SiteDependence &dependence,
                                          Block *block) {
  SmallVector<SampleOp> sites;
  block->walk([&](SampleOp site) {
    if (dependence.depends(site.getOperation()) && !isDiscreteToSum(site))
      sites.push_back(site);
  });
  for (SampleOp site : sites) {
    auto prior =
        site.getDistribution().getDefiningOp<DistributionOpInterface>();
    auto value = dyn_cast<FloatType>(getElementTypeOrSelf(site.getValue()));
    if (!prior || !value)
      return site.emitError("the distribution of '")
             << site.getName()
             << "', which the guide samples, depends on a site that is summed "
                "out; the guide must sample that one, too";
    Support support = prior.getSupport();
    for (Value bound : support.bounds)
      if (bound && dependence.depends(bound))
        return site.emitError("the support of '")
               << site.getName() << "' depends on a site that is summed out";
    OpBuilder builder(site);
    Value distribution = site.getDistribution();
    Value flat = FlatOp::create(builder, site.getLoc(), distribution.getType(),
                                support.kind, support.bounds);
    site.getDistributionMutable().assign(flat);
    builder.setInsertionPointAfter(site);
    Value density = LogProbOp::create(builder, site.getLoc(), value,
                                      distribution, site.getValue(), Value());
    auto name = builder.getStringAttr(site.getName() + ".prior");
    auto factor =
        FactorOp::create(builder, site.getLoc(), name, UnitAttr(), density);
    if (prior.isNormalized()) {
      markProperPrior(site);
      markProperPrior(factor);
    }
  }
  return success();
}

/// Erases what is left of operations that are not used any more.
void Marginalizer::finish(ArrayRef<Operation *> terms,
                          ArrayRef<Operation *> touched) {
  llvm::SmallPtrSet<Operation *, 16> erased;
  for (Operation *term : terms) {
    erased.insert(term);
    term->erase();
  }
  for (Operation *op : llvm::reverse(touched))
    if (!erased.contains(op) && isOpTriviallyDead(op))
      op->erase();
}

//===----------------------------------------------------------------------===//
// One site
//===----------------------------------------------------------------------===//

LogicalResult Marginalizer::checkPlace(SampleOp site) {
  if (!isa<ModelOp, PlateOp, scf::ForOp>(site->getParentOp())) {
    InFlightDiagnostic diagnostic =
        site.emitError("latent site '")
        << site.getName()
        << "' cannot stand in scf.if: it is there whatever its condition; "
           "declare the site outside and use its value inside";
    diagnostic.attachNote(site->getParentOp()->getLoc())
        << "the branch is here";
    return diagnostic;
  }
  if (isa<RankedTensorType>(site.getValue().getType()))
    return site.emitError("discrete latent site '")
           << site.getName() << "' of type " << site.getValue().getType()
           << " cannot be summed out: it must be a plate with a site for one "
              "member";
  return success();
}

/// The plate that reads a stack at its own members, as a slice or element by
/// element; null where the use is another one.
static PlateOp getReader(OpOperand &use) {
  if (auto plate = dyn_cast<PlateOp>(use.getOwner())) {
    unsigned first = plate.getSlices().getBeginOperandIndex();
    unsigned number = use.getOperandNumber();
    bool isSlice = number >= first && number < first + plate.getSlices().size();
    return isSlice ? plate : nullptr;
  }
  auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner());
  if (!extract || extract.getIndices().size() != 1)
    return nullptr;
  auto index = dyn_cast<BlockArgument>(extract.getIndices()[0]);
  auto plate =
      index ? dyn_cast<PlateOp>(index.getOwner()->getParentOp()) : nullptr;
  auto producer = use.get().getDefiningOp<PlateOp>();
  return plate && index == plate.getIndex() && producer &&
                 plate.getCount() == producer.getCount()
             ? plate
             : nullptr;
}

/// Moves the body of a plate, whose stacks one later plate reads and nothing
/// else, into that plate. Whether that could be done.
bool Marginalizer::sinkIntoConsumer(PlateOp plate) {
  if (!plate.getSums().empty() || plate.getBegin())
    return false;
  PlateOp consumer;
  for (OpOperand &use : plate->getUses()) {
    PlateOp reader = getReader(use);
    if (!reader || (consumer && reader != consumer) ||
        reader->getBlock() != plate->getBlock() || reader.getBegin())
      return false;
    consumer = reader;
  }
  if (!consumer)
    return false;

  // The consumer with the producer's slices in place of its stacks.
  OpBuilder builder(consumer);
  SmallVector<Value> slices(plate.getSlices());
  SmallVector<unsigned> kept;
  for (auto [number, slice] : llvm::enumerate(consumer.getSlices()))
    if (slice.getDefiningOp() != plate) {
      slices.push_back(slice);
      kept.push_back(number);
    }
  auto merged =
      PlateOp::create(builder, consumer.getLoc(), consumer.getName(),
                      consumer.getCount(), Value(), Value(), slices,
                      consumer.getInits(), consumer.getStacks().getTypes());
  merged->setDiscardableAttrs(consumer->getDiscardableAttrDictionary());
  builder.setInsertionPointToEnd(merged.getBlock());
  IRMapping mapping;
  auto members = merged.getMemberArguments();
  mapping.map(plate.getIndex(), merged.getIndex());
  for (auto [argument, member] : llvm::zip(plate.getMemberArguments(), members))
    mapping.map(argument, member);
  for (Operation &op : plate.getBlock()->without_terminator())
    builder.clone(op, mapping);
  mapping.map(consumer.getIndex(), merged.getIndex());
  for (auto [place, number] : llvm::enumerate(kept))
    mapping.map(consumer.getMemberArguments()[number],
                members[plate.getSlices().size() + place]);
  for (auto [number, slice] : llvm::enumerate(consumer.getSlices()))
    if (slice.getDefiningOp() == plate) {
      unsigned stack = cast<OpResult>(slice).getResultNumber();
      mapping.map(consumer.getMemberArguments()[number],
                  mapping.lookupOrDefault(plate.getYield().getValues()[stack]));
    }
  for (auto [argument, sum] :
       llvm::zip(consumer.getSumArguments(), merged.getSumArguments()))
    mapping.map(argument, sum);
  for (Operation &op : *consumer.getBlock())
    builder.clone(op, mapping);
  consumer->replaceAllUsesWith(merged->getResults());
  consumer.erase();
  for (OpOperand &use : llvm::make_early_inc_range(plate->getUses())) {
    unsigned stack = cast<OpResult>(use.get()).getResultNumber();
    use.getOwner()->getResult(0).replaceAllUsesWith(
        mapping.lookupOrDefault(plate.getYield().getValues()[stack]));
    use.getOwner()->erase();
  }
  plate.erase();
  return true;
}

/// A value of the type of a site's, for what is left without effect.
static Value buildAnyValue(SampleOp site) {
  OpBuilder builder(site);
  return arith::ConstantOp::create(
      builder, site.getLoc(), builder.getZeroAttr(site.getValue().getType()));
}

LogicalResult Marginalizer::eliminate(SampleOp site) {
  Block *block = site->getBlock();
  if (failed(flattenPriors(SiteDependence(*block, site.getValue()), block)))
    return failure();
  SiteDependence dependence(*block, site.getValue());
  SmallVector<Operation *> touched = collectTouched(block, dependence);
  SmallVector<Operation *> terms = collectTerms(touched, dependence);
  terms.insert(terms.begin(), site);

  if (!isa<ModelOp>(site->getParentOp()))
    for (Value value : block->getTerminator()->getOperands())
      if (dependence.depends(value)) {
        InFlightDiagnostic diagnostic =
            site.emitError("the values of '")
            << site.getName()
            << "' cannot be summed out one member at a time: they leave the "
               "plate, and what depends on several of them would have to be "
               "summed over all combinations";
        diagnostic.attachNote(value.getLoc()) << "this leaves the plate";
        return diagnostic;
      }

  ImplicitLocOpBuilder b(site.getLoc(), site.getContext());
  auto setInsertionPointToEnd = [&] {
    if (isa<ModelOp>(site->getParentOp()))
      b.setInsertionPointToEnd(block);
    else
      b.setInsertionPoint(block->getTerminator());
  };
  setInsertionPointToEnd();
  FailureOr<StateSpace> states = buildStates(b, site, [&](Value value) {
    // All of the block and of what is around it is above its end.
    return value.getParentRegion()->isAncestor(block->getParent()) &&
           !dependence.depends(value);
  });
  if (failed(states))
    return failure();
  Count count(states->count);

  std::string name = site.getName().str();
  SmallVector<Operation *> program(touched);
  program.insert(program.begin(), site);
  std::string suffix = "." + name;
  FailureOr<Table> table = buildTable(
      b, count, name + ".states",
      [&](ImplicitLocOpBuilder &inner, Value index) {
        IRMapping mapping;
        states->assign(inner, index, mapping);
        return buildTerms(inner, program, mapping, suffix, [&](Operation *op) {
          return op == site || dependence.depends(op);
        });
      });
  if (failed(table))
    return failure();
  Value logDensity = table->logSumExp(b);
  if (terms.size() > 1)
    addFactor(b, terms, name, logDensity);

  remark::passed(site.getLoc(), remarkOptions("enumerated"))
      << remark::add("'{0}' is summed out of the model, enumerated ({1})", name,
                     count.number ? std::to_string(*count.number) + " states"
                                  : std::string("as many states as data say"));

  // The posterior probabilities given everything else.
  Expression logJoint(b, table->getVector(b)), total(b, logDensity);
  Expression probabilities = map(logJoint, [&](Expression element) {
    return exp(element - element.with(total.getValue()));
  });
  auto report = DeterministicOp::create(b, b.getStringAttr(name + ".probs"),
                                        UnitAttr(), probabilities.getValue());
  report->setAttr("vi.summed_out", b.getStringAttr(name));
  // What is reported of it is reported of a draw.
  bool isReported = false, isMixed = false;
  for (Operation *op : touched)
    op->walk([&](Operation *nested) {
      isReported |=
          isa<DeterministicOp, PredictOp>(nested) && dependence.depends(nested);
      isMixed |= isTerm(nested) && !dependence.depends(nested);
    });
  Value stand;
  if (isReported) {
    if (isMixed)
      return site.emitError("a value that depends on '")
             << name
             << "', which is summed out, is reported in a plate or loop with "
                "sites that do not depend on it";
    Value posterior = CategoricalLogitsOp::create(b, logJoint.getValue());
    Value draw = PredictOp::create(b, b.getI64Type(), b.getStringAttr(name),
                                   posterior, ValueRange());
    stand = buildSupportValue(
        b, states->supports.front(), site.getValue().getType(),
        arith::IndexCastOp::create(b, b.getIndexType(), draw));
    Operation *last =
        isa<ModelOp>(site->getParentOp()) ? nullptr : block->getTerminator();
    for (Operation *op : touched)
      if (!isTerm(op)) {
        if (last)
          op->moveBefore(last);
        else
          op->moveBefore(block, block->end());
      }
  } else {
    stand = buildAnyValue(site);
  }
  site.getValue().replaceAllUsesWith(stand);
  finish(terms, touched);
  removed.insert(name);
  return success();
}

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

/// Emits a value again, from values that `mapping` gives: what `isOpen` says
/// must be computed again is; everything else is itself. Null where something
/// cannot be.
static Value buildAgain(ImplicitLocOpBuilder &b, Value value,
                        IRMapping &mapping, function_ref<bool(Value)> isOpen) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  if (!isOpen(value))
    return value;
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() || !isPure(op))
    return Value();
  for (Value operand : op->getOperands()) {
    Value again = buildAgain(b, operand, mapping, isOpen);
    if (!again)
      return Value();
    mapping.map(operand, again);
  }
  b.clone(*op, mapping);
  return mapping.lookup(value);
}

/// A chain of states along a loop: what becomes a table that the loop carries.
struct Marginalizer::Chain {
  scf::ForOp loop;
  /// The sites of an iteration whose values the next one sees, and the numbers
  /// of the carried values that depend on them.
  SmallVector<SampleOp> sites;
  llvm::SetVector<unsigned> carried;
  /// Sites before the loop that the carried values start with.
  SmallVector<SampleOp> starts;

  SmallVector<Value> getArguments() {
    return llvm::map_to_vector(carried, [&](unsigned number) -> Value {
      return loop.getRegionIterArg(number);
    });
  }
  SmallVector<Value> getResults() {
    return llvm::map_to_vector(carried, [&](unsigned number) -> Value {
      return loop.getResult(number);
    });
  }
  static SmallVector<Value> getValues(ArrayRef<SampleOp> sites) {
    return llvm::map_to_vector(
        sites, [](SampleOp site) -> Value { return site.getValue(); });
  }
};

/// Whether a site in a loop, or a value computed from it, is carried to the
/// next iteration.
static bool isCarried(SampleOp site) {
  auto loop = dyn_cast<scf::ForOp>(site->getParentOp());
  if (!loop)
    return false;
  SiteDependence dependence(*loop.getBody(), site.getValue());
  return llvm::any_of(loop.getYieldedValues(),
                      [&](Value value) { return dependence.depends(value); });
}

FailureOr<Marginalizer::Chain> Marginalizer::findChain(scf::ForOp loop) {
  Chain chain;
  chain.loop = loop;
  for (auto site : loop.getBody()->getOps<SampleOp>())
    if (isDiscreteToSum(site) && isCarried(site))
      chain.sites.push_back(site);
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<Value> roots = Chain::getValues(chain.sites);
    llvm::append_range(roots, chain.getArguments());
    SiteDependence dependence(*loop.getBody(), roots);
    for (auto [number, value] : llvm::enumerate(loop.getYieldedValues()))
      if (dependence.depends(value))
        changed |= chain.carried.insert(number);
  }
  return chain;
}

/// Looks for the sites that a chain starts with. They must reach the loop
/// through the carried values alone, and no term that also depends on where
/// the loop ends.
void Marginalizer::findStarts(Chain &chain) {
  scf::ForOp loop = chain.loop;
  Block *block = loop->getBlock();
  SmallVector<SampleOp> starts;
  for (auto site : block->getOps<SampleOp>()) {
    if (!site->isBeforeInBlock(loop) || !isDiscreteToSum(site))
      continue;
    SiteDependence dependence(*block, site.getValue(), loop);
    if (llvm::any_of(chain.carried, [&](unsigned number) {
          return dependence.depends(loop.getInitArgs()[number]);
        }))
      starts.push_back(site);
  }
  if (starts.empty())
    return;
  SiteDependence start(*block, Chain::getValues(starts), loop);
  SiteDependence end(*block, chain.getResults());
  auto isDependent = [&](Value value) { return start.depends(value); };
  for (auto [number, init] : llvm::enumerate(loop.getInitArgs()))
    if (isDependent(init) && !chain.carried.contains(number))
      return;
  if (isDependent(loop.getLowerBound()) || isDependent(loop.getUpperBound()) ||
      isDependent(loop.getStep()))
    return;
  bool seen = false;
  loop.getBody()->walk([&](Operation *op) {
    seen |= llvm::any_of(op->getOperands(), isDependent);
  });
  if (seen)
    return;
  for (Operation &op : *block) {
    if (&op == loop.getOperation() || !start.reaches(&op))
      continue;
    if (!op.isBeforeInBlock(loop))
      return;
    bool isOpen = false;
    op.walk([&](Operation *nested) {
      isOpen |= isDiscreteToSum(nested) &&
                !llvm::is_contained(starts, cast<SampleOp>(nested));
      isOpen |= isTerm(nested) && start.depends(nested) && end.depends(nested);
    });
    if (isOpen)
      return;
  }
  chain.starts = std::move(starts);
}

LogicalResult Marginalizer::eliminateChain(scf::ForOp loop) {
  Block *body = loop.getBody(), *block = loop->getBlock();
  FailureOr<Chain> found = findChain(loop);
  if (failed(found))
    return failure();
  Chain chain = std::move(*found);
  std::string name = chain.sites.back().getName().str();
  std::string suffix = "." + name;

  // A latent whose prior depends on a state has it as a term.
  SmallVector<Value> roots = Chain::getValues(chain.sites);
  llvm::append_range(roots, chain.getArguments());
  if (failed(flattenPriors(SiteDependence(*body, roots), body)) ||
      failed(flattenPriors(SiteDependence(*block, chain.getResults()), block)))
    return failure();
  findStarts(chain);
  if (failed(flattenPriors(
          SiteDependence(*block, Chain::getValues(chain.starts), loop), block)))
    return failure();
  SiteDependence start(*block, Chain::getValues(chain.starts), loop);

  // The states of an iteration, of the start, and the places of a table for
  // both.
  ImplicitLocOpBuilder b(chain.sites.back().getLoc(), loop);
  auto isAvailable = [&](Value value) {
    Operation *op = value.getDefiningOp();
    return value.getParentRegion()->isAncestor(block->getParent()) &&
           !start.depends(value) &&
           (!op || op->getBlock() != block || op->isBeforeInBlock(loop));
  };
  FailureOr<StateSpace> states = buildStates(b, chain.sites, isAvailable);
  FailureOr<StateSpace> starts = buildStates(b, chain.starts, isAvailable);
  if (failed(states) || failed(starts))
    return failure();
  // What was emitted for the sizes depends like everything else.
  SiteDependence before(*body, chain.getArguments()),
      now(*body, Chain::getValues(chain.sites)), both(*body, roots),
      end(*block, chain.getResults());

  if (!isa<ModelOp>(block->getParentOp()))
    for (Value value : block->getTerminator()->getOperands())
      if (end.depends(value) || start.depends(value)) {
        InFlightDiagnostic diagnostic =
            chain.sites.back().emitError("the values of '")
            << name
            << "' cannot be summed out: what its loop ends with leaves the "
               "plate or loop around it";
        diagnostic.attachNote(value.getLoc()) << "this leaves it";
        return diagnostic;
      }

  // What depends, and its terms.
  SmallVector<Operation *> inside = collectTouched(body, both);
  SmallVector<Operation *> head = collectTouched(block, start);
  SmallVector<Operation *> tail = collectTouched(block, end);
  llvm::erase(head, loop.getOperation());
  for (SampleOp site : chain.sites)
    if (!llvm::is_contained(inside, site.getOperation()))
      inside.push_back(site);
  for (SampleOp site : chain.starts)
    if (!llvm::is_contained(head, site.getOperation()))
      head.insert(head.begin(), site);
  llvm::sort(inside,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  auto isSite = [&](Operation *op) {
    auto site = dyn_cast<SampleOp>(op);
    return site && (llvm::is_contained(chain.sites, site) ||
                    llvm::is_contained(chain.starts, site));
  };
  SmallVector<Operation *> terms;
  auto collect = [&](ArrayRef<Operation *> touched,
                     const SiteDependence &dependence) {
    for (Operation *op : touched) {
      WalkResult result = op->walk<WalkOrder::PreOrder>([&](Operation *nested) {
        if (isTerm(nested)) {
          if (dependence.depends(nested) || isSite(nested)) {
            terms.push_back(nested);
          } else if (nested != op) {
            InFlightDiagnostic diagnostic =
                nested->emitError("this site does not depend on the state '");
            diagnostic << name << "', which is summed out, but stands in one "
                       << op->getName() << " with sites that do";
            diagnostic.attachNote(op->getLoc()) << "they stand in this";
            return WalkResult::interrupt();
          }
        } else if (isa<DeterministicOp, PredictOp>(nested) &&
                   dependence.depends(nested)) {
          if (auto site = nested->getAttrOfType<StringAttr>("vi.summed_out"))
            remark::analysis(nested->getLoc(), remarkOptions("enumerated"))
                << remark::add("the values of '{0}' are not reported: they "
                               "depend on the state '{1}'",
                               site.getValue(), name);
          else
            nested->emitWarning("'")
                << nested->getAttrOfType<StringAttr>("name").getValue()
                << "' is not reported: it depends on the state '" << name
                << "', which is summed out along its loop";
          terms.push_back(nested);
        }
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return failure();
    }
    return success();
  };
  if (failed(collect(inside, both)) || failed(collect(head, start)) ||
      failed(collect(tail, end)))
    return failure();

  Count stateCount(states->count), startCount(starts->count);
  bool fits = startCount == stateCount || startCount.number == 1;
  Count places(fits ? stateCount.value
                    : b.createOrFold<arith::MaxUIOp>(stateCount.value,
                                                     startCount.value));
  Value impossible =
      floatConstant(b, type, -std::numeric_limits<double>::infinity());
  // `value` where the place is below `count`, and nothing elsewhere.
  auto restrict = [&](ImplicitLocOpBuilder &at, Value place, Count count,
                      Value value) -> Value {
    std::optional<int64_t> number = getConstantIntValue(place);
    if (count == places || (number && count.number && *number < *count.number))
      return value;
    if (number && count.number)
      return impossible;
    Value exists = arith::CmpIOp::create(at, arith::CmpIPredicate::ult, place,
                                         count.value);
    return arith::SelectOp::create(at, exists, value, impossible);
  };
  auto clamp = [&](ImplicitLocOpBuilder &at, Value place,
                   Count count) -> Value {
    if (count == places)
      return place;
    if (count.number == 1)
      return arith::ConstantIndexOp::create(at, 0);
    Value last = at.createOrFold<arith::SubIOp>(
        count.value, arith::ConstantIndexOp::create(at, 1));
    return at.createOrFold<arith::MinUIOp>(place, last);
  };
  auto isInside = [&](Value value) {
    return loop.getRegion().isAncestor(value.getParentRegion());
  };
  // Maps `targets`, the carried values, to what they are at a place of the
  // table: those of the start where `isStart` holds.
  auto assignCarried = [&](ImplicitLocOpBuilder &at, Value place, Value isStart,
                           ValueRange targets,
                           IRMapping &mapping) -> LogicalResult {
    IRMapping atStart, after;
    starts->assign(at, clamp(at, place, startCount), atStart);
    states->assign(at, clamp(at, place, stateCount), after);
    for (auto [number, target] : llvm::zip(chain.carried, targets)) {
      Value init =
          buildAgain(at, loop.getInitArgs()[number], atStart,
                     [&](Value value) { return start.depends(value); });
      Value next =
          buildAgain(at, loop.getYieldedValues()[number], after, isInside);
      if (!init || !next) {
        InFlightDiagnostic diagnostic =
            chain.sites.back().emitError("the values of '")
            << name
            << "' cannot be summed out along the loop: a value that it carries "
               "depends on more than the sites of the last iteration, so that "
               "the number of its values grows exponentially";
        for (SampleOp site : ArrayRef(chain.sites).drop_back())
          diagnostic.attachNote(site.getLoc())
              << "together with site '" << site.getName() << "'";
        diagnostic.attachNote(loop.getYieldedValues()[number].getLoc())
            << "the value is computed here";
        return diagnostic;
      }
      mapping.map(target, init == next ? init
                                       : at.createOrFold<arith::SelectOp>(
                                             isStart, init, next));
    }
    return success();
  };

  // log p(terms before the loop, state).
  FailureOr<Table> table = buildTable(
      b, places, name + ".states",
      [&](ImplicitLocOpBuilder &at, Value place) -> FailureOr<Value> {
        if (chain.starts.empty()) {
          Value zero = floatConstant(at, type, 0.0);
          return restrict(at, place, startCount, zero);
        }
        IRMapping mapping;
        starts->assign(at, clamp(at, place, startCount), mapping);
        FailureOr<Value> total =
            buildTerms(at, head, mapping, suffix, [&](Operation *op) {
              return isSite(op) || start.depends(op);
            });
        if (failed(total))
          return failure();
        return restrict(at, place, startCount, *total);
      });
  if (failed(table))
    return failure();

  // The loop, with the table in place of the states.
  SmallVector<Value> inits;
  SmallVector<unsigned> kept;
  for (auto [number, init] : llvm::enumerate(loop.getInitArgs()))
    if (!chain.carried.contains(number)) {
      inits.push_back(init);
      kept.push_back(number);
    }
  llvm::append_range(inits, table->getCarried());
  auto forward = scf::ForOp::create(
      b, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), inits);
  forward->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(forward.getBody());
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), forward.getInductionVar());
    for (auto [place, number] : llvm::enumerate(kept))
      mapping.map(loop.getRegionIterArg(number),
                  forward.getRegionIterArg(place));
    for (Operation &op : body->without_terminator())
      if (!llvm::is_contained(inside, &op))
        b.clone(op, mapping);
    Value isFirst =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                              forward.getInductionVar(), loop.getLowerBound());
    Table alpha =
        Table::fromCarried(forward.getRegionIterArgs().drop_front(kept.size()),
                           places.isWrittenOut());
    auto dependsOnBefore = [&](Operation *op) { return before.depends(op); };
    auto dependsOnNow = [&](Operation *op) {
      return now.depends(op) || isSite(op);
    };
    SmallVector<Value> arguments = chain.getArguments();
    // Terms of the state before alone.
    FailureOr<Table> weighted = buildTable(
        b, places, name + ".before",
        [&](ImplicitLocOpBuilder &at, Value place) -> FailureOr<Value> {
          IRMapping inner = mapping;
          if (failed(assignCarried(at, place, isFirst, arguments, inner)))
            return failure();
          // Clones at this level see some value of the state now.
          states->assign(at, arith::ConstantIndexOp::create(at, 0), inner);
          FailureOr<Value> total =
              buildTerms(at, inside, inner, suffix, [&](Operation *op) {
                return dependsOnBefore(op) && !dependsOnNow(op);
              });
          if (failed(total))
            return failure();
          return arith::AddFOp::create(at, alpha.get(at, place), *total)
              .getResult();
        });
    if (failed(weighted))
      return failure();
    FailureOr<Table> next = buildTable(
        b, places, name + ".states",
        [&](ImplicitLocOpBuilder &at, Value place) -> FailureOr<Value> {
          IRMapping outer = mapping;
          states->assign(at, clamp(at, place, stateCount), outer);
          // And here, of the state before.
          IRMapping alone = outer;
          for (auto [argument, number] : llvm::zip(arguments, chain.carried))
            alone.map(argument, loop.getInitArgs()[number]);
          FailureOr<Value> emission =
              buildTerms(at, inside, alone, suffix, [&](Operation *op) {
                return dependsOnNow(op) && !dependsOnBefore(op);
              });
          if (failed(emission))
            return failure();
          FailureOr<Table> paths = buildTable(
              at, places, name + ".before",
              [&](ImplicitLocOpBuilder &inmost,
                  Value origin) -> FailureOr<Value> {
                IRMapping inner = outer;
                if (failed(assignCarried(inmost, origin, isFirst, arguments,
                                         inner)))
                  return failure();
                FailureOr<Value> transition = buildTerms(
                    inmost, inside, inner, suffix, [&](Operation *op) {
                      return dependsOnNow(op) && dependsOnBefore(op);
                    });
                if (failed(transition))
                  return failure();
                return arith::AddFOp::create(
                           inmost, weighted->get(inmost, origin), *transition)
                    .getResult();
              });
          if (failed(paths))
            return failure();
          Value total =
              arith::AddFOp::create(at, paths->logSumExp(at), *emission);
          return restrict(at, place, stateCount, total);
        });
    if (failed(next))
      return failure();
    SmallVector<Value> yielded;
    for (unsigned number : kept)
      yielded.push_back(
          mapping.lookupOrDefault(loop.getYieldedValues()[number]));
    llvm::append_range(yielded, next->getCarried());
    scf::YieldOp::create(b, yielded);
  }

  // After the loop.
  if (isa<ModelOp>(block->getParentOp()))
    b.setInsertionPointToEnd(block);
  else
    b.setInsertionPoint(block->getTerminator());
  Table alpha = Table::fromCarried(forward.getResults().drop_front(kept.size()),
                                   places.isWrittenOut());
  Value isStart = arith::CmpIOp::create(
      b, arith::CmpIPredicate::sge, loop.getLowerBound(), loop.getUpperBound());
  FailureOr<Table> last = buildTable(
      b, places, name + ".states",
      [&](ImplicitLocOpBuilder &at, Value place) -> FailureOr<Value> {
        IRMapping mapping;
        if (!tail.empty() && failed(assignCarried(at, place, isStart,
                                                  chain.getResults(), mapping)))
          return failure();
        FailureOr<Value> total =
            buildTerms(at, tail, mapping, suffix,
                       [&](Operation *op) { return end.depends(op); });
        if (failed(total))
          return failure();
        return arith::AddFOp::create(at, alpha.get(at, place), *total)
            .getResult();
      });
  if (failed(last))
    return failure();
  addFactor(b, terms, name, last->logSumExp(b));

  std::string number = stateCount.number
                           ? std::to_string(*stateCount.number) + " states"
                           : std::string("as many states as data say");
  auto report = [&](SampleOp site) {
    remark::passed(site.getLoc(), remarkOptions("enumerated")) << remark::add(
        "'{0}' is summed out of the model by the forward algorithm, enumerated "
        "({1}); its values are not reported",
        site.getName(), number);
    removed.insert(site.getName());
  };
  llvm::for_each(chain.sites, report);
  llvm::for_each(chain.starts, report);

  // What is left of the old program has no effect.
  for (auto [place, result] : llvm::enumerate(kept))
    loop.getResult(result).replaceAllUsesWith(forward.getResult(place));
  for (unsigned carried : chain.carried)
    loop.getResult(carried).replaceAllUsesWith(loop.getInitArgs()[carried]);
  llvm::SmallPtrSet<Operation *, 16> gone;
  for (Operation *op : inside)
    op->walk([&](Operation *nested) { gone.insert(nested); });
  loop->walk([&](Operation *nested) { gone.insert(nested); });
  llvm::erase_if(terms, [&](Operation *term) { return gone.contains(term); });
  for (SampleOp site : chain.starts)
    site.getValue().replaceAllUsesWith(buildAnyValue(site));
  loop.erase();
  SmallVector<Operation *> touched(head);
  llvm::append_range(touched, tail);
  finish(terms, touched);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

LogicalResult Marginalizer::run() {
  // Single precision only where all of the model is.
  type = Float32Type::get(model.getContext());
  model.getBody().walk([&](DistributionOpInterface family) {
    if (family.getFloatType().isF64())
      type = family.getFloatType();
  });
  // The last one of the text first, but what is summed out within an iteration
  // before the states that a loop carries.
  while (true) {
    SmallVector<SampleOp> sites;
    model.getBody().walk<WalkOrder::PreOrder>([&](SampleOp site) {
      if (isDiscreteToSum(site))
        sites.push_back(site);
    });
    if (sites.empty())
      return success();
    SampleOp site = sites.back();
    if (failed(checkPlace(site)))
      return failure();
    if (isCarried(site)) {
      auto loop = cast<scf::ForOp>(site->getParentOp());
      SampleOp local;
      for (SampleOp other : sites)
        if (loop->isAncestor(other) &&
            !(other->getParentOp() == loop && isCarried(other)))
          local = other;
      if (!local) {
        if (failed(eliminateChain(loop)))
          return failure();
        continue;
      }
      site = local;
      if (failed(checkPlace(site)))
        return failure();
    }
    if (auto plate = dyn_cast<PlateOp>(site->getParentOp());
        plate && sinkIntoConsumer(plate))
      continue;
    if (failed(eliminate(site)))
      return failure();
  }
}

void Marginalize::runOnOperation() {
  SmallVector<ModelOp> models(getOperation().getOps<ModelOp>());
  for (ModelOp model : models) {
    SmallVector<GuideOp> guides, others;
    for (auto guideOp : getOperation().getOps<GuideOp>())
      if (guideOp.getModel() == model.getSymName()) {
        bool counts =
            !replaceGuides && (guide.empty() || guideOp.getSymName() == guide);
        (counts ? guides : others).push_back(guideOp);
      }
    llvm::StringSet<> kept;
    for (GuideOp guideOp : guides)
      guideOp.getBody().walk(
          [&](SampleOp site) { kept.insert(site.getName()); });
    Marginalizer marginalizer(
        model, [&](SampleOp site) { return kept.contains(site.getName()); });
    if (failed(marginalizer.run()))
      return signalPassFailure();
    // A guide that is not chosen may sample what is gone.
    for (GuideOp other : others) {
      bool isStale = false;
      other.getBody().walk([&](SampleOp site) {
        isStale |= marginalizer.removed.contains(site.getName());
      });
      if (isStale)
        other.erase();
    }
  }
}
