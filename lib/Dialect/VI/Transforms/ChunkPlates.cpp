//===- ChunkPlates.cpp - plates of data in chunks -------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlateLoops.h"

#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"
#include "vi/Dialect/VI/Transforms/Sizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

#include <functional>

namespace vi {
#define GEN_PASS_DEF_CHUNKPLATES
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;

// The grid; see the description of the pass.

/// Chunks that a plate has at most.
static constexpr int64_t maxChunks = 64;
/// Operations that a chunk has at least.
static constexpr int64_t minOperations = int64_t(1) << 17;
/// Operations for each element of a sum that a chunk has at least.
static constexpr int64_t operationsForElement = 256;
/// Elements of sums, where they are known, beyond which a plate is not divided.
static constexpr int64_t maxElements = int64_t(1) << 16;
/// The members of a chunk are a multiple of this.
static constexpr int64_t granule = 64;
/// Runs of a loop that is not known outside of the member.
static constexpr int64_t unknownRuns = 16;

namespace {

/// A number that depends on sizes: a sum of products of a constant and values.
class Polynomial {
public:
  using Factors = SmallVector<Value>;

  void add(int64_t coefficient, const Factors &factors) {
    // In the order in which they came: that of their addresses would differ
    // from run to run.
    for (Value factor : factors)
      order.try_emplace(factor, static_cast<unsigned>(order.size()));
    Factors sorted = factors;
    llvm::sort(sorted, [&](Value a, Value b) { return order[a] < order[b]; });
    for (auto &[coefficientSoFar, known] : terms)
      if (known == sorted) {
        coefficientSoFar += coefficient;
        return;
      }
    terms.emplace_back(coefficient, sorted);
  }

  /// The number, where it does not depend on values.
  std::optional<int64_t> getConstant() const {
    int64_t sum = 0;
    for (auto &[coefficient, factors] : terms) {
      if (!factors.empty())
        return std::nullopt;
      sum += coefficient;
    }
    return sum;
  }

  /// The part that does not depend on values.
  int64_t getConstantPart() const {
    int64_t sum = 0;
    for (auto &[coefficient, factors] : terms)
      if (factors.empty())
        sum += coefficient;
    return sum;
  }

  Value build(OpBuilder &b, Location loc) const {
    Value sum;
    for (auto &[coefficient, factors] : terms) {
      Value term = arith::ConstantIndexOp::create(b, loc, coefficient);
      for (Value factor : factors)
        term = arith::MulIOp::create(b, loc, term, factor);
      sum = sum ? arith::AddIOp::create(b, loc, sum, term) : term;
    }
    return sum ? sum : Value(arith::ConstantIndexOp::create(b, loc, 0));
  }

private:
  SmallVector<std::pair<int64_t, Factors>> terms;
  llvm::DenseMap<Value, unsigned> order;
};

/// Counts the operations of a member of a plate.
class WorkCounter {
public:
  WorkCounter(vi::PlateOp plate, OpBuilder &builder)
      : plate(plate), isOutside([plate](Value value) mutable {
          return !plate.getBody().isAncestor(value.getParentRegion());
        }),
        sizes(builder, plate.getLoc(), isOutside) {}

  Polynomial count() {
    countBlock(*plate.getBlock(), 1, {});
    return work;
  }

private:
  static int64_t getCost(Operation *op) {
    if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemFOp,
            arith::RemSIOp, arith::RemUIOp>(op))
      return 4;
    Dialect *dialect = op->getDialect();
    return isa_and_nonnull<math::MathDialect, vi::special::SpecialDialect>(
               dialect)
               ? 16
               : 1;
  }

  /// Multiplies by the number `runs`, or by a guess where it is not known
  /// outside.
  void multiply(Value runs, int64_t &coefficient,
                Polynomial::Factors &factors) {
    if (std::optional<int64_t> constant =
            runs ? getConstantIntValue(runs) : std::nullopt)
      coefficient *= *constant;
    else if (runs && isOutside(runs))
      factors.push_back(runs);
    else
      coefficient *= unknownRuns;
  }

  void countBlock(Block &block, int64_t coefficient,
                  const Polynomial::Factors &factors) {
    for (Operation &op : block.without_terminator()) {
      int64_t times = coefficient;
      Polynomial::Factors runs = factors;
      if (auto inner = dyn_cast<vi::PlateOp>(op)) {
        multiply(inner.getCount(), times, runs);
      } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
        if (std::optional<APInt> trips = loop.getStaticTripCount())
          times *= trips->getSExtValue();
        else
          times *= unknownRuns;
      } else if (auto generic = dyn_cast<linalg::LinalgOp>(op)) {
        for (unsigned dim = 0; dim < generic.getNumLoops(); ++dim)
          multiply(getLoopSize(generic, dim), times, runs);
      } else if (op.getNumResults() == 1 && op.getNumRegions() == 0) {
        // Elementwise operations on tensors.
        auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
        if (type && OpTrait::hasElementwiseMappableTraits(&op))
          for (int64_t dim = 0; dim < type.getRank(); ++dim)
            multiply(sizes.getSize(op.getResult(0), dim), times, runs);
      }
      if (op.getNumRegions() == 0) {
        work.add(times * getCost(&op), runs);
        continue;
      }
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          countBlock(inner, times, runs);
    }
  }

  Value getLoopSize(linalg::LinalgOp op, unsigned dim) {
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [position, expression] : llvm::enumerate(map.getResults()))
        if (auto id = dyn_cast<AffineDimExpr>(expression))
          if (id.getPosition() == dim)
            if (Value size = sizes.getSize(operand.get(), position))
              return size;
    }
    return {};
  }

  vi::PlateOp plate;
  std::function<bool(Value)> isOutside;
  vi::SizeBuilder sizes;
  Polynomial work;
};

/// Moves the program of one plate to a function that runs a chunk of it.
class Chunker {
public:
  Chunker(vi::PlateOp plate, SymbolTable &symbols)
      : plate(plate), symbols(symbols), rewriter(plate.getContext()),
        loc(plate.getLoc()) {}

  /// Does so unless the plate never has two chunks, or captures what a function
  /// cannot take.
  LogicalResult run();

private:
  /// The number of members of a chunk, computed in front of the plate; null
  /// where they are all in one.
  Value emitLength();
  /// The value `outside` as the function has it: an argument, or computed
  /// there.
  Value getInside(Value outside);
  bool canBeArgument(Value value);
  /// Whether `op` is computed in the function: it costs nothing, and what it
  /// computes has a form there that is known.
  static bool isCheap(Operation *op);
  LogicalResult captureAll();

  vi::PlateOp plate;
  SymbolTable &symbols;
  IRRewriter rewriter;
  Location loc;
  func::FuncOp function;
  IRMapping inside;
  SmallVector<Value> inputs;
};

Value Chunker::emitLength() {
  rewriter.setInsertionPoint(plate);
  Polynomial work = WorkCounter(plate, rewriter).count();
  // Elements of sums.
  Polynomial elements;
  for (Value init : plate.getInits()) {
    int64_t coefficient = 1;
    Polynomial::Factors factors;
    if (auto type = dyn_cast<RankedTensorType>(init.getType()))
      for (int64_t dim = 0; dim < type.getRank(); ++dim) {
        if (!type.isDynamicDim(dim))
          coefficient *= type.getDimSize(dim);
        else
          factors.push_back(tensor::DimOp::create(rewriter, loc, init, dim));
      }
    elements.add(coefficient, factors);
  }
  std::optional<int64_t> knownWork = work.getConstant();
  int64_t members = plate.getStaticCount();
  if (knownWork && !ShapedType::isDynamic(members) &&
      members <=
          std::max(granule, minOperations / std::max<int64_t>(1, *knownWork)))
    return {};

  // Weights of networks: their products want the members in one place.
  if (elements.getConstantPart() > maxElements)
    return {};

  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(rewriter, loc, value);
  };
  auto divide = [&](Value value, Value by) -> Value {
    Value one = constant(1);
    Value less = arith::SubIOp::create(rewriter, loc, by, one);
    Value sum = arith::AddIOp::create(rewriter, loc, value, less);
    return arith::DivUIOp::create(rewriter, loc, sum, by);
  };
  Value count =
      arith::SubIOp::create(rewriter, loc, plate.getEnd(), plate.getBegin());
  Value share = divide(count, constant(maxChunks));
  Value least;
  if (std::optional<int64_t> known = elements.getConstant())
    least = constant(std::max(minOperations, operationsForElement * *known));
  else
    least = arith::MaxUIOp::create(
        rewriter, loc, constant(minOperations),
        arith::MulIOp::create(rewriter, loc, constant(operationsForElement),
                              elements.build(rewriter, loc)));
  Value each = knownWork
                   ? constant(std::max<int64_t>(1, *knownWork))
                   : Value(arith::MaxUIOp::create(rewriter, loc, constant(1),
                                                  work.build(rewriter, loc)));
  Value length =
      arith::MaxUIOp::create(rewriter, loc, share, divide(least, each));
  // At least one, so that nothing is divided by zero.
  length = arith::MaxUIOp::create(rewriter, loc, length, constant(1));
  return arith::MulIOp::create(rewriter, loc, divide(length, constant(granule)),
                               constant(granule));
}

/// Whether `op` sets all elements of an empty tensor to one number: what starts
/// from such a tensor can have one of its own.
static bool isFill(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return isa<linalg::FillOp>(op) ||
         (generic && llvm::hasSingleElement(*generic.getBody()) &&
          llvm::none_of(
              generic.getInputs(),
              [](Value input) { return isa<ShapedType>(input.getType()); }) &&
          llvm::all_of(generic.getOutputs(), [](Value output) {
            return output.getDefiningOp<tensor::EmptyOp>();
          }));
}

bool Chunker::isCheap(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  if (isa<tensor::EmptyOp, tensor::DimOp, tensor::ExtractSliceOp,
          tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op) ||
      isFill(op))
    return true;
  return isa_and_nonnull<arith::ArithDialect>(op->getDialect()) &&
         op->getNumResults() == 1 && op->getResult(0).getType().isIndex();
}

bool Chunker::canBeArgument(Value value) {
  Type element = value.getType();
  if (auto tensor = dyn_cast<RankedTensorType>(element)) {
    if (tensor.getEncoding())
      return false;
    element = tensor.getElementType();
  }
  return element.isIndex() || element.isF64() || element.isF32() ||
         element.isInteger(64) || element.isInteger(32) || element.isInteger(1);
}

Value Chunker::getInside(Value value) {
  if (Value known = inside.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (op && isCheap(op)) {
    for (Value operand : op->getOperands())
      if (!getInside(operand))
        return {};
    for (Region &region : op->getRegions()) {
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(region, captured);
      for (Value operand : captured)
        if (!getInside(operand))
          return {};
    }
    // The operations of the function's beginning, in this order.
    OpBuilder builder = OpBuilder::atBlockEnd(&function.getBody().front());
    builder.clone(*op, inside);
    return inside.lookup(value);
  }
  if (!canBeArgument(value))
    return {};
  inputs.push_back(value);
  BlockArgument argument =
      function.getBody().addArgument(value.getType(), value.getLoc());
  inside.map(value, argument);
  return argument;
}

LogicalResult Chunker::captureAll() {
  llvm::SetVector<Value> captured;
  captured.insert(plate.getCount());
  captured.insert_range(plate.getSlices());
  getUsedValuesDefinedAbove(plate.getBody(), captured);
  for (Value value : captured)
    if (!getInside(value))
      return failure();
  return success();
}

LogicalResult Chunker::run() {
  if (!llvm::all_of(plate.getInits(),
                    [&](Value init) { return canBeArgument(init); }))
    return success();
  for (Value stack : plate.getStacks())
    if (!canBeArgument(stack))
      return success();
  Value length = emitLength();
  if (!length)
    return success();

  auto caller = plate->getParentOfType<func::FuncOp>();
  rewriter.setInsertionPointAfter(caller);
  function = func::FuncOp::create(
      rewriter, loc, (caller.getName() + "." + plate.getName()).str(),
      rewriter.getFunctionType({}, {}));
  function.setPrivate();
  function->setAttr("vi.chunk", rewriter.getUnitAttr());
  Block *block = function.addEntryBlock();
  Value begin = block->addArgument(rewriter.getIndexType(), loc);
  Value end = block->addArgument(rewriter.getIndexType(), loc);
  if (failed(captureAll())) {
    function.erase();
    return success();
  }
  symbols.insert(function, Block::iterator(caller->getNextNode()));

  // Sums and stacks outside: numbers are tensors of rank zero.
  rewriter.setInsertionPoint(plate);
  SmallVector<Value> sums, stacks;
  for (Value init : plate.getInits())
    sums.push_back(isa<RankedTensorType>(init.getType())
                       ? init
                       : tensor::FromElementsOp::create(
                             rewriter, loc,
                             RankedTensorType::get({}, init.getType()), init)
                             .getResult());
  FailureOr<SmallVector<Value>> created = vi::createStacks(plate, rewriter);
  if (failed(created))
    return failure();
  stacks = *created;

  // Inside.
  rewriter.setInsertionPointToEnd(block);
  SmallVector<Value> results;
  SmallVector<Value> starts;
  for (auto [init, sum] : llvm::zip(plate.getInits(), sums)) {
    Value start = block->addArgument(sum.getType(), loc);
    results.push_back(start);
    if (init.getType() != sum.getType())
      start = tensor::ExtractOp::create(rewriter, loc, start, ValueRange());
    starts.push_back(start);
  }
  // What are operands only, not captured by members, is put in place.
  auto copy = cast<vi::PlateOp>(rewriter.clone(*plate, inside));
  copy.getBeginMutable().assign(begin);
  copy.getEndMutable().assign(end);
  copy.getInitsMutable().assign(starts);
  for (auto [sum, result] : llvm::zip(copy.getSums(), results))
    result =
        isa<RankedTensorType>(sum.getType())
            ? Value(sum)
            : tensor::InsertOp::create(rewriter, loc, sum, result, ValueRange())
                  .getResult();
  Value count = arith::SubIOp::create(rewriter, loc, end, begin);
  for (Value stack : copy.getStacks()) {
    auto type = cast<RankedTensorType>(stack.getType());
    RankedTensorType rowsType = vi::ChunksOp::getRowsType(type);
    block->addArgument(rowsType, loc);
    vi::MemberSlice slice = vi::getMemberSlice(rewriter, loc, stack, begin);
    slice.sizes[0] = count;
    results.push_back(tensor::ExtractSliceOp::create(
        rewriter, loc, rowsType, stack, slice.offsets, slice.sizes,
        slice.strides));
  }
  func::ReturnOp::create(rewriter, loc, results);
  function.setFunctionType(rewriter.getFunctionType(
      block->getArgumentTypes(), ValueRange(results).getTypes()));

  // The call.
  rewriter.setInsertionPoint(plate);
  SmallVector<Type> types(ValueRange(sums).getTypes());
  llvm::append_range(types, ValueRange(stacks).getTypes());
  auto chunks = vi::ChunksOp::create(rewriter, loc, types, function.getName(),
                                     plate.getBegin(), plate.getEnd(), length,
                                     inputs, sums, stacks);
  SmallVector<Value> values(chunks.getResults());
  for (auto [value, sum] : llvm::zip(values, plate.getSums()))
    if (value.getType() != sum.getType())
      value = tensor::ExtractOp::create(rewriter, loc, value, ValueRange());
  rewriter.replaceOp(plate, values);
  return success();
}

struct ChunkPlates : vi::impl::ChunkPlatesBase<ChunkPlates> {
  void runOnOperation() override {
    SmallVector<vi::PlateOp> plates;
    getOperation()->walk([&](vi::PlateOp plate) {
      // What is around it must run its parts one after the other.
      if (plate.getBegin() && plate->getParentOfType<func::FuncOp>() &&
          !plate->getParentOfType<vi::PlateOp>())
        plates.push_back(plate);
    });
    SymbolTable symbols(getOperation());
    for (vi::PlateOp plate : plates)
      if (failed(Chunker(plate, symbols).run()))
        return signalPassFailure();
  }
};

} // namespace
