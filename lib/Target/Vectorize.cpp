//===- Vectorize.cpp - nests of loops over vectors ------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A `linalg.generic` on buffers is described to the cost model by the strides
// of its operands, and the chosen nest is written as loops over vectors. There
// is one writer for all nests: a block is the set of iterations that are done
// at once, one loop after the other is entered, and what the computation needs
// is evaluated in the outermost loop in which it is known, once for each
// combination of the dimensions that it depends on.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "vi/Target/Passes.h"
#include "vi/Target/RegisterBlocking.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"
#include <map>

namespace vi {
#define GEN_PASS_DEF_VECTORIZE
#include "vi/Target/Passes.h.inc"
} // namespace vi

using namespace mlir;
using vi::LoopNest;
using vi::RegisterBlocking;

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

/// Whether an operation can be one on vectors, as far as what follows can lower
/// it. `math` and other dialects' functions need their expansion on vectors.
static bool hasVectorLowering(Operation *op) {
  if (isa<arith::ArithDialect>(op->getDialect()))
    return true;
  return isa<math::FmaOp, math::AbsFOp, math::AbsIOp, math::SqrtOp,
             math::CopySignOp, math::FloorOp, math::CeilOp>(op);
}

/// Whether values of a type can be lanes, and its width.
static std::optional<unsigned> getLaneBits(Type type) {
  if (type.isIndex())
    return 64;
  if (type.isIntOrFloat() && type.getIntOrFloatBitWidth() <= 64)
    return type.getIntOrFloatBitWidth();
  return std::nullopt;
}

/// Whether `op` asks if an adjoint is zero, and so its products with whatever
/// may be infinite.
static bool isGuard(Operation *op) {
  return isa<arith::CmpFOp>(op) && op->hasAttr("vi.guard");
}

/// Writes sums of guarded products, `out + (guard ? product : 0)`, as sums
/// under a guard, `guard ? out + product : out`: one fused multiply-add under a
/// mask, where there are masks.
static void guardSums(linalg::GenericOp op) {
  SmallVector<arith::AddFOp> sums;
  op.getBody()->walk([&](arith::AddFOp add) { sums.push_back(add); });
  for (arith::AddFOp add : sums)
    for (unsigned at : {0, 1}) {
      auto select = add->getOperand(at).getDefiningOp<arith::SelectOp>();
      if (!select || !select->hasOneUse() ||
          !matchPattern(select.getFalseValue(), m_AnyZeroFloat()) ||
          !select.getCondition().getDefiningOp() ||
          !isGuard(select.getCondition().getDefiningOp()))
        continue;
      OpBuilder builder(add);
      auto sum = cast<arith::AddFOp>(builder.clone(*add));
      sum->setOperand(at, select.getTrueValue());
      Value guarded =
          arith::SelectOp::create(builder, add.getLoc(), select.getCondition(),
                                  sum.getResult(), add->getOperand(1 - at));
      add.replaceAllUsesWith(guarded);
      add.erase();
      select.erase();
      break;
    }
}

namespace {

/// A product that counts where its first factor is not zero.
struct GuardedProduct {
  arith::SelectOp select;
  arith::MulFOp product;
  Value other;
};

} // namespace

/// The guarded products of a body; none if it has a guard of another form.
static SmallVector<GuardedProduct> matchGuardedProducts(Block *body) {
  SmallVector<GuardedProduct> found;
  for (Operation &op : *body) {
    if (!isGuard(&op))
      continue;
    auto guard = cast<arith::CmpFOp>(op);
    for (Operation *user : guard->getUsers()) {
      auto select = dyn_cast<arith::SelectOp>(user);
      auto product = select
                         ? select.getTrueValue().getDefiningOp<arith::MulFOp>()
                         : arith::MulFOp();
      if (!product || guard.getPredicate() != arith::CmpFPredicate::UNE ||
          !matchPattern(guard.getRhs(), m_AnyZeroFloat()) ||
          !matchPattern(select.getFalseValue(), m_AnyZeroFloat()) ||
          !llvm::is_contained(product->getOperands(), guard.getLhs()))
        return {};
      bool first = product.getLhs() == guard.getLhs();
      found.push_back(
          {select, product, first ? product.getRhs() : product.getLhs()});
    }
  }
  return found;
}

/// A scalar on the stack of the function (or the like) around `op`, zero in
/// front of `op`.
static Value createZeroCell(OpBuilder &builder, Operation *op, Type type) {
  Operation *scope =
      op->getParentWithTrait<OpTrait::AutomaticAllocationScope>();
  Region *region = op->getParentRegion();
  while (region->getParentOp() != scope)
    region = region->getParentOp()->getParentRegion();
  OpBuilder start = OpBuilder::atBlockBegin(&region->front());
  Value cell =
      memref::AllocaOp::create(start, op->getLoc(), MemRefType::get({}, type));
  Value zero = arith::ConstantOp::create(builder, op->getLoc(),
                                         builder.getZeroAttr(type));
  memref::StoreOp::create(builder, op->getLoc(), zero, cell);
  return cell;
}

/// Guards of a product of matrices matter only where what the adjoint is
/// multiplied by is not finite, and it is read many times: looks once whether
/// all of it is finite, and if so does without the guards. Otherwise `op` runs
/// as it is, and not on vectors. Gives the operations made for the first case.
static SmallVector<linalg::GenericOp> splitGuards(linalg::GenericOp op,
                                                  RewriterBase &rewriter) {
  // So often an element must be read that looking at it first costs little.
  constexpr int64_t leastUses = 16;
  if (op.getNumLoops() < 3 || !op.hasPureBufferSemantics())
    return {};
  SmallVector<GuardedProduct> products = matchGuardedProducts(op.getBody());
  if (products.size() != 1)
    return {};
  GuardedProduct guarded = products.front();
  auto factor = dyn_cast<BlockArgument>(guarded.other);
  if (!factor || factor.getOwner() != op.getBody() ||
      factor.getArgNumber() >= op.getNumDpsInputs())
    return {};
  OpOperand &operand = op->getOpOperand(factor.getArgNumber());
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!isa<MemRefType>(operand.get().getType()) ||
      !map.isProjectedPermutation())
    return {};
  int64_t uses = 1;
  for (auto [dimension, size] : llvm::enumerate(op.getStaticLoopRanges()))
    if (!map.isFunctionOfDim(dimension) && !ShapedType::isDynamic(size))
      uses *= size;
  if (uses < leastUses)
    return {};

  Location loc = op.getLoc();
  rewriter.setInsertionPoint(op);
  Type type = factor.getType();
  Value cell = createZeroCell(rewriter, op, type);
  unsigned rank = map.getNumResults();
  auto look = linalg::GenericOp::create(
      rewriter, loc, ValueRange(operand.get()), ValueRange(cell),
      ArrayRef<AffineMap>{rewriter.getMultiDimIdentityMap(rank),
                          AffineMap::get(rank, 0, rewriter.getContext())},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::reduction),
      [&](OpBuilder &b, Location l, ValueRange elements) {
        // Infinite times zero is no number.
        Value zero = arith::ConstantOp::create(b, l, b.getZeroAttr(type));
        Value none = arith::MulFOp::create(b, l, elements[0], zero);
        linalg::YieldOp::create(
            b, l, arith::AddFOp::create(b, l, elements[1], none).getResult());
      });
  Value total = memref::LoadOp::create(rewriter, loc, cell);
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(type));
  Value isFinite = arith::CmpFOp::create(
      rewriter, loc, arith::CmpFPredicate::OEQ, total, zero);
  auto branch =
      scf::IfOp::create(rewriter, loc, isFinite, /*withElseRegion=*/true);
  rewriter.setInsertionPointToStart(&branch.getThenRegion().front());
  auto plain = cast<linalg::GenericOp>(rewriter.clone(*op));
  rewriter.moveOpBefore(op, branch.getElseRegion().front().getTerminator());
  GuardedProduct cloned = matchGuardedProducts(plain.getBody()).front();
  Operation *guard = cloned.select.getCondition().getDefiningOp();
  rewriter.replaceOp(cloned.select, cloned.product.getResult());
  rewriter.eraseOp(guard);
  return {look, plain};
}

/// How an output's next value is made from its last: `out + f(...)` or the like
/// for another associative operation.
static Operation *matchCombiner(Value yielded, BlockArgument out) {
  SetVector<Operation *> onPath;
  // The operations that `out` reaches.
  SmallVector<Value> worklist{out};
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (Operation *user : value.getUsers())
      if (onPath.insert(user))
        worklist.append(user->result_begin(), user->result_end());
  }
  auto dependsOnOut = [&](Value value) {
    return value == out ||
           (value.getDefiningOp() && onPath.contains(value.getDefiningOp()));
  };
  Operation *combiner = nullptr;
  auto matches = [&](auto &&self, Value value) -> bool {
    if (value == out)
      return true;
    Operation *op = value.getDefiningOp();
    if (!op || !onPath.contains(op))
      return false;
    if (auto select = dyn_cast<arith::SelectOp>(op))
      return !dependsOnOut(select.getCondition()) &&
             self(self, select.getTrueValue()) &&
             self(self, select.getFalseValue());
    if (!isa<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp, arith::AddIOp, arith::MulIOp,
             arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::MaxSIOp,
             arith::MinSIOp, arith::MaxUIOp, arith::MinUIOp>(op))
      return false;
    if (combiner && combiner->getName() != op->getName())
      return false;
    if (!combiner)
      combiner = op;
    bool left = dependsOnOut(op->getOperand(0));
    bool right = dependsOnOut(op->getOperand(1));
    if (left == right)
      return false;
    return self(self, op->getOperand(left ? 0 : 1));
  };
  if (!matches(matches, yielded) || !combiner)
    return nullptr;
  // What else `out` reaches would see a partial sum.
  for (Operation *op : onPath) {
    if (isa<linalg::YieldOp>(op)) {
      if (llvm::count_if(op->getOperands(), dependsOnOut) != 1)
        return nullptr;
      continue;
    }
    if (!isa<arith::SelectOp>(op) && op->getName() != combiner->getName())
      return nullptr;
  }
  return combiner;
}

/// The value that an associative operation ignores.
static TypedAttr getNeutral(Operation *combiner) {
  std::optional<TypedAttr> neutral = arith::getNeutralElement(combiner);
  return neutral ? *neutral : TypedAttr();
}

/// Whether a product only goes into one sum: a fused multiply-add, or a product
/// for which no sum waits.
static bool isPartOfSum(Operation *op) {
  return isa<arith::MulFOp>(op) && op->hasOneUse() &&
         isa<arith::AddFOp, arith::SubFOp>(*op->user_begin());
}

namespace {

/// A `linalg.generic` that can be vectorized.
class Nest {
public:
  static FailureOr<Nest> analyze(linalg::GenericOp op);

  linalg::GenericOp op;
  LoopNest shape;
  /// For each output, the operation that accumulates, if it is one that may be
  /// reordered.
  SmallVector<Operation *> combiners;
  /// For each value of the body, the dimensions that it depends on.
  DenseMap<Value, llvm::SmallBitVector> dependencies;
  /// The values of the body that depend on an output's.
  llvm::SmallDenseSet<Value> onOutput;

  unsigned getRank() const { return shape.dimensions.size(); }
  unsigned getNumInputs() { return op.getNumDpsInputs(); }

  /// Elements whose vectors cannot be accessed in memory: bits are bytes there.
  bool hasLaneElements(unsigned lane);
  /// The widest value that depends on `lane`.
  unsigned getElementBits(unsigned lane);

private:
  LogicalResult analyzeAccesses();
  LogicalResult analyzeBody();
};

} // namespace

/// The stride of a buffer along each dimension of the nest.
static std::optional<SmallVector<LoopNest::Stride>> getStrides(MemRefType type,
                                                               AffineMap map) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  SmallVector<LoopNest::Stride> result(map.getNumDims(),
                                       LoopNest::Stride::Zero);
  for (auto [position, expression] : llvm::enumerate(map.getResults())) {
    if (isa<AffineConstantExpr>(expression))
      continue;
    auto dimension = dyn_cast<AffineDimExpr>(expression);
    if (!dimension)
      return std::nullopt;
    LoopNest::Stride &stride = result[dimension.getPosition()];
    // Vectors are loaded along the last dimension of a buffer.
    bool isUnit = stride == LoopNest::Stride::Zero && strides[position] == 1 &&
                  position + 1 == map.getNumResults();
    stride = isUnit ? LoopNest::Stride::One : LoopNest::Stride::Other;
  }
  return result;
}

LogicalResult Nest::analyzeAccesses() {
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    LoopNest::Access access;
    access.output = op.isDpsInit(&operand);
    if (!type) {
      // A scalar.
      if (access.output || isa<ShapedType>(operand.get().getType()))
        return failure();
      access.strides.assign(map.getNumDims(), LoopNest::Stride::Zero);
    } else {
      auto strides = getStrides(type, map);
      if (!strides)
        return failure();
      access.strides = *strides;
    }
    shape.accesses.push_back(access);
  }
  return success();
}

LogicalResult Nest::analyzeBody() {
  Block *body = op.getBody();
  unsigned rank = getRank();
  for (BlockArgument argument : body->getArguments()) {
    llvm::SmallBitVector dims(rank);
    const LoopNest::Access &access = shape.accesses[argument.getArgNumber()];
    if (access.output)
      onOutput.insert(argument);
    for (unsigned d = 0; d < rank; ++d)
      dims[d] = access.dependsOn(d);
    dependencies[argument] = dims;
  }
  shape.operations = 0;
  for (Operation &inner : body->without_terminator()) {
    llvm::SmallBitVector dims(rank);
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      dims.set(index.getDim());
    } else {
      if (inner.getNumRegions() || inner.getNumResults() != 1 ||
          !getLaneBits(inner.getResult(0).getType()) || !isPure(&inner))
        return failure();
      if (!inner.hasTrait<OpTrait::ConstantLike>() &&
          (!inner.hasTrait<OpTrait::Elementwise>() ||
           !hasVectorLowering(&inner)))
        return failure();
      for (Value operand : inner.getOperands()) {
        if (!getLaneBits(operand.getType()))
          return failure();
        if (operand.getParentBlock() != body)
          continue;
        dims |= dependencies[operand];
        if (onOutput.contains(operand))
          onOutput.insert(inner.getResult(0));
      }
      if (!inner.hasTrait<OpTrait::ConstantLike>() && !isPartOfSum(&inner))
        ++shape.operations;
    }
    dependencies[inner.getResult(0)] = dims;
  }
  for (OpOperand &out : op.getDpsInitsMutable()) {
    BlockArgument argument = op.getMatchingBlockArgument(&out);
    LoopNest::Access &access = shape.accesses[out.getOperandNumber()];
    unsigned number = out.getOperandNumber() - getNumInputs();
    Value yielded = body->getTerminator()->getOperand(number);
    access.accumulates = !argument.use_empty();
    Operation *combiner = matchCombiner(yielded, argument);
    if (combiner && !getNeutral(combiner))
      combiner = nullptr;
    access.reassociable = combiner != nullptr;
    combiners.push_back(combiner);
    for (unsigned d = 0; d < rank; ++d)
      if (!access.dependsOn(d)) {
        // An output over which no dimension runs in parallel.
        if (op.getIteratorTypesArray()[d] != utils::IteratorType::reduction)
          return failure();
        shape.dimensions[d].reduction = true;
      }
  }
  return success();
}

unsigned Nest::getElementBits(unsigned lane) {
  unsigned bits = 8;
  auto widen = [&](Value value) {
    if (!dependencies[value][lane] && !onOutput.contains(value))
      return;
    if (!value.getType().isInteger(1))
      bits = std::max(bits, *getLaneBits(value.getType()));
  };
  for (BlockArgument argument : op.getBody()->getArguments())
    widen(argument);
  for (Operation &inner : op.getBody()->without_terminator())
    widen(inner.getResult(0));
  return bits;
}

bool Nest::hasLaneElements(unsigned lane) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    if (!shape.accesses[operand.getOperandNumber()].dependsOn(lane))
      return true;
    auto type = cast<MemRefType>(operand.get().getType());
    std::optional<unsigned> bits = getLaneBits(type.getElementType());
    return bits && *bits % 8 == 0;
  });
}

FailureOr<Nest> Nest::analyze(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumLoops() == 0)
    return failure();
  Nest nest;
  nest.op = op;
  for (int64_t size : op.getStaticLoopRanges()) {
    LoopNest::Dimension dimension;
    if (!ShapedType::isDynamic(size))
      dimension.size = size;
    nest.shape.dimensions.push_back(dimension);
  }
  for (BlockArgument argument : op.getBody()->getArguments())
    if (!getLaneBits(argument.getType()))
      return failure();
  if (failed(nest.analyzeAccesses()) || failed(nest.analyzeBody()))
    return failure();
  return nest;
}

//===----------------------------------------------------------------------===//
// Reductions over lanes
//===----------------------------------------------------------------------===//

namespace {

/// Reduces vectors over their lanes by a tree whose shape is that of the number
/// of lanes: lane i and lane i + W/2 first, then i and i + W/4, to the end. The
/// vectors of several sums are merged on the way, so that a step works for as
/// many of them as there is room for in one register.
class LaneReducer {
public:
  LaneReducer(OpBuilder &builder, Location loc, Operation *combiner)
      : builder(builder), loc(loc), combiner(combiner) {}

  /// The sums of `vectors`, a power of two that is at most the number of lanes,
  /// as one vector in their order, or as a scalar if there is one.
  Value reduce(ArrayRef<Value> vectors);

private:
  Value combine(Value a, Value b);
  Value shuffle(Value a, Value b, ArrayRef<int64_t> mask) {
    return vector::ShuffleOp::create(builder, loc, a, b, mask);
  }

  OpBuilder &builder;
  Location loc;
  Operation *combiner;
};

} // namespace

Value LaneReducer::combine(Value a, Value b) {
  OperationState state(loc, combiner->getName());
  state.addOperands({a, b});
  state.addTypes(a.getType());
  state.addAttributes(combiner->getAttrs());
  return builder.create(state)->getResult(0);
}

/// The lanes of two vectors of `lanes` lanes, in segments of `segment` lanes of
/// one sum each, whose first (or second) halves of segments make a vector. Two
/// 128-bit parts of a register never mix where they need not: `blockLanes` is
/// how many lanes one has.
static SmallVector<int64_t> getMergeMask(int64_t lanes, int64_t segment,
                                         int64_t blockLanes, bool second) {
  int64_t half = segment / 2;
  SmallVector<int64_t> mask;
  auto append = [&](int64_t vector, int64_t begin, int64_t end) {
    for (int64_t lane = begin; lane < end; lane += segment)
      for (int64_t i = 0; i < half; ++i)
        mask.push_back(vector * lanes + lane + (second ? half : 0) + i);
  };
  int64_t block = half >= blockLanes ? lanes : std::min(lanes, blockLanes);
  for (int64_t begin = 0; begin < lanes; begin += block) {
    append(0, begin, begin + block);
    append(1, begin, begin + block);
  }
  return mask;
}

Value LaneReducer::reduce(ArrayRef<Value> vectors) {
  auto type = cast<VectorType>(vectors.front().getType());
  int64_t lanes = type.getNumElements();
  int64_t bits = *getLaneBits(type.getElementType());
  int64_t blockLanes = std::max<int64_t>(1, 128 / bits);

  // The order of sums in the merged vector, by the positions of its leaves.
  SmallVector<SmallVector<int64_t>> labels;
  for (int64_t i = 0, end = vectors.size(); i < end; ++i)
    labels.push_back(SmallVector<int64_t>(lanes, i));
  auto mergeLabels = [&](ArrayRef<int64_t> a, ArrayRef<int64_t> b,
                         ArrayRef<int64_t> mask) {
    SmallVector<int64_t> result;
    for (int64_t lane : mask)
      result.push_back(lane < lanes ? a[lane] : b[lane - lanes]);
    return result;
  };
  int64_t segment = lanes;
  for (; labels.size() > 1; segment /= 2) {
    SmallVector<int64_t> mask = getMergeMask(lanes, segment, blockLanes, false);
    SmallVector<SmallVector<int64_t>> merged;
    for (unsigned i = 0; i < labels.size(); i += 2)
      merged.push_back(mergeLabels(labels[i], labels[i + 1], mask));
    labels = std::move(merged);
  }
  SmallVector<Value> current(vectors.size());
  for (int64_t i = 0, end = vectors.size(); i < end; ++i)
    current[labels[0][i * segment]] = vectors[i];

  for (segment = lanes; current.size() > 1; segment /= 2) {
    SmallVector<int64_t> first =
        getMergeMask(lanes, segment, blockLanes, false);
    SmallVector<int64_t> second =
        getMergeMask(lanes, segment, blockLanes, true);
    SmallVector<Value> merged;
    for (unsigned i = 0; i < current.size(); i += 2) {
      Value a = current[i], b = current[i + 1];
      merged.push_back(combine(shuffle(a, b, first), shuffle(a, b, second)));
    }
    current = std::move(merged);
  }
  Value sums = current.front();
  for (; segment > 1; segment /= 2) {
    int64_t half = segment / 2;
    SmallVector<int64_t> first, second;
    for (int64_t lane = 0; lane < lanes; lane += segment)
      for (int64_t i = 0; i < half; ++i) {
        first.push_back(lane + i);
        second.push_back(lane + half + i);
      }
    sums = combine(shuffle(sums, sums, first), shuffle(sums, sums, second));
    lanes /= 2;
  }
  if (vectors.size() == 1)
    return vector::ExtractOp::create(builder, loc, sums, 0);
  return sums;
}

//===----------------------------------------------------------------------===//
// The writer
//===----------------------------------------------------------------------===//

namespace {

/// Writes the vectorized nest.
class NestWriter {
public:
  NestWriter(OpBuilder &builder, Nest &nest, const RegisterBlocking &blocking,
             SmallVector<int64_t> tiles)
      : builder(builder), loc(nest.op.getLoc()), nest(nest), blocking(blocking),
        tiles(std::move(tiles)), origins(nest.getRank()),
        order(vi::getLoopOrder(nest.shape, blocking.laneDimension)),
        positions(nest.getRank()), levels(nest.getRank()) {
    for (unsigned level = 0; level < order.size(); ++level)
      levels[order[level]] = level;
  }

  void write();

private:
  /// Where the block is along a dimension: at `base`, `count` iterations
  /// (vectors), of the last of which only the lanes of `mask` exist.
  struct Position {
    Value base;
    int64_t count = 1;
    Value mask;
  };
  /// A point of the block: an offset for each dimension.
  using Point = SmallVector<int64_t>;
  /// The accumulators of the outputs that loops carry.
  using Accumulators = SmallVector<SmallVector<Value>>;

  unsigned getLane() const { return blocking.laneDimension; }
  const LoopNest::Access &getOutput(unsigned number) {
    return nest.shape.accesses[nest.getNumInputs() + number];
  }
  unsigned getNumOutputs() { return nest.combiners.size(); }

  /// The level of the innermost loop over one of `dims`; -1 outside of all.
  int getLevel(const llvm::SmallBitVector &dims) const {
    int level = -1;
    for (unsigned dimension : dims.set_bits())
      level = std::max<int>(level, levels[dimension]);
    return level;
  }
  llvm::SmallBitVector getDims(const LoopNest::Access &access) const {
    llvm::SmallBitVector dims(nest.getRank());
    for (unsigned d = 0; d < nest.getRank(); ++d)
      dims[d] = access.dependsOn(d);
    return dims;
  }

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  VectorType getVectorType(Type element) const {
    return VectorType::get(blocking.lanes, element);
  }
  Value broadcast(Value value) {
    if (isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(builder, loc,
                                       getVectorType(value.getType()), value);
  }

  /// All points of the block along `dims`, those of outer loops slowest.
  SmallVector<Point> getPoints(const llvm::SmallBitVector &dims);
  /// `point` along `dims` only.
  Point restrict(const Point &point, const llvm::SmallBitVector &dims) const {
    Point result(point);
    for (unsigned d = 0; d < nest.getRank(); ++d)
      if (!dims[d])
        result[d] = 0;
    return result;
  }

  Value getIndex(unsigned dimension, const Point &point);
  SmallVector<Value> getIndices(OpOperand &operand, const Point &point);
  /// The mask of a point's lanes, if not all exist.
  Value getMask(const Point &point);
  Value load(OpOperand &operand, const Point &point);
  void store(OpOperand &operand, const Point &point, Value value);

  /// The value of the body at a point. Outputs have the values of `outputs`.
  Value evaluate(Value value, const Point &point, ArrayRef<Value> outputs);
  Value evaluateOperation(Operation *op, const Point &point,
                          ArrayRef<Value> outputs);

  /// Evaluates what depends on no loop inside of `level`.
  void evaluateLevel(int level);
  /// The first values of an output's accumulators, and what is made of the
  /// last.
  SmallVector<Value> openOutput(unsigned number);
  void closeOutput(unsigned number, ArrayRef<Value> accumulators);
  void closeReduced(unsigned number, ArrayRef<Value> accumulators);
  /// Which accumulator of an output takes part at a point.
  unsigned getAccumulator(unsigned number, const Point &point);
  llvm::SmallBitVector getAccumulatorDims(unsigned number);

  /// The loops over tiles of the dimensions from `dimension` on, and what is in
  /// them.
  void writeTiles(unsigned dimension);
  void writeNest();
  void writeLevel(unsigned level, Accumulators &accumulators);
  void writeSegment(unsigned level, OpFoldResult begin, OpFoldResult end,
                    int64_t unroll, std::optional<int64_t> lastLanes,
                    bool masked, Accumulators &accumulators);
  void writeIteration(unsigned level, Accumulators &accumulators);
  void writePoints(Accumulators &accumulators);

  OpBuilder &builder;
  Location loc;
  Nest &nest;
  const RegisterBlocking &blocking;
  SmallVector<int64_t> tiles;
  /// Where the tile begins along each dimension, if there are tiles.
  SmallVector<Value> origins;
  SmallVector<unsigned> order;
  SmallVector<Position> positions;
  SmallVector<unsigned> levels;
  SmallVector<OpFoldResult> sizes;
  /// Values that are known in the loops that are being written.
  using Key = std::pair<void *, Point>;
  std::map<Key, Value> known;
};

} // namespace

SmallVector<NestWriter::Point>
NestWriter::getPoints(const llvm::SmallBitVector &dims) {
  SmallVector<Point> points{Point(nest.getRank(), 0)};
  for (unsigned dimension : order) {
    if (!dims[dimension])
      continue;
    SmallVector<Point> next;
    for (const Point &point : points)
      for (int64_t i = 0; i < positions[dimension].count; ++i) {
        next.push_back(point);
        next.back()[dimension] = i;
      }
    points = std::move(next);
  }
  return points;
}

Value NestWriter::getIndex(unsigned dimension, const Point &point) {
  int64_t offset = point[dimension];
  if (dimension == getLane())
    offset *= blocking.lanes;
  Value base = positions[dimension].base;
  if (offset == 0)
    return base;
  if (std::optional<int64_t> value = getConstantIntValue(base))
    return constant(*value + offset);
  return arith::AddIOp::create(builder, loc, base, constant(offset));
}

SmallVector<Value> NestWriter::getIndices(OpOperand &operand,
                                          const Point &point) {
  SmallVector<Value> indices;
  for (AffineExpr expression :
       nest.op.getMatchingIndexingMap(&operand).getResults()) {
    if (auto fixed = dyn_cast<AffineConstantExpr>(expression))
      indices.push_back(constant(fixed.getValue()));
    else
      indices.push_back(
          getIndex(cast<AffineDimExpr>(expression).getPosition(), point));
  }
  return indices;
}

Value NestWriter::getMask(const Point &point) {
  const Position &position = positions[getLane()];
  return point[getLane()] + 1 == position.count ? position.mask : Value();
}

Value NestWriter::load(OpOperand &operand, const Point &point) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return operand.get();
  SmallVector<Value> indices = getIndices(operand, point);
  const LoopNest::Access &access =
      nest.shape.accesses[operand.getOperandNumber()];
  if (!access.dependsOn(getLane()))
    return memref::LoadOp::create(builder, loc, operand.get(), indices);
  VectorType vectorType = getVectorType(type.getElementType());
  Value mask = getMask(point);
  if (!mask)
    return vector::LoadOp::create(builder, loc, vectorType, operand.get(),
                                  indices);
  Value zero = arith::ConstantOp::create(builder, loc, vectorType,
                                         builder.getZeroAttr(vectorType));
  return vector::MaskedLoadOp::create(builder, loc, vectorType, operand.get(),
                                      indices, mask, zero);
}

void NestWriter::store(OpOperand &operand, const Point &point, Value value) {
  SmallVector<Value> indices = getIndices(operand, point);
  const LoopNest::Access &access =
      nest.shape.accesses[operand.getOperandNumber()];
  if (!access.dependsOn(getLane())) {
    memref::StoreOp::create(builder, loc, value, operand.get(), indices);
    return;
  }
  value = broadcast(value);
  if (Value mask = getMask(point))
    vector::MaskedStoreOp::create(builder, loc, operand.get(), indices, mask,
                                  value);
  else
    vector::StoreOp::create(builder, loc, value, operand.get(), indices);
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

Value NestWriter::evaluate(Value value, const Point &point,
                           ArrayRef<Value> outputs) {
  if (value.getParentBlock() != nest.op.getBody())
    return value;
  bool isKnown = !nest.onOutput.contains(value);
  Key key;
  if (isKnown) {
    key = {value.getAsOpaquePointer(),
           restrict(point, nest.dependencies[value])};
    auto found = known.find(key);
    if (found != known.end())
      return found->second;
  }
  Value result;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    if (nest.shape.accesses[number].output)
      return outputs[number - nest.getNumInputs()];
    result = load(nest.op->getOpOperand(number), key.second);
  } else {
    result = evaluateOperation(value.getDefiningOp(), point, outputs);
  }
  if (isKnown)
    known[key] = result;
  return result;
}

Value NestWriter::evaluateOperation(Operation *op, const Point &point,
                                    ArrayRef<Value> outputs) {
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    Value base = getIndex(index.getDim(), point);
    if (index.getDim() != getLane())
      return base;
    Value step = vector::StepOp::create(builder, loc,
                                        getVectorType(builder.getIndexType()));
    return arith::AddIOp::create(builder, loc, broadcast(base), step);
  }
  SmallVector<Value> operands;
  // A guard selects sums, lane by lane: as a scalar it would be a branch.
  bool onVectors = isGuard(op);
  for (Value operand : op->getOperands()) {
    operands.push_back(evaluate(operand, point, outputs));
    onVectors |= isa<VectorType>(operands.back().getType());
  }
  IRMapping mapping;
  Operation *clone = builder.clone(*op, mapping);
  if (onVectors) {
    builder.setInsertionPoint(clone);
    for (auto [i, operand] : llvm::enumerate(operands)) {
      // One condition may select between whole vectors.
      if (!(isa<arith::SelectOp>(op) && i == 0))
        operand = broadcast(operand);
    }
    builder.setInsertionPointAfter(clone);
    clone->getResult(0).setType(getVectorType(op->getResult(0).getType()));
  }
  clone->setOperands(operands);
  return clone->getResult(0);
}

void NestWriter::evaluateLevel(int level) {
  // The innermost loop evaluates where values are used.
  if (level + 1 == static_cast<int>(order.size()))
    return;
  Block *body = nest.op.getBody();
  auto visit = [&](Value value) {
    const llvm::SmallBitVector &dims = nest.dependencies[value];
    if (nest.onOutput.contains(value) || getLevel(dims) != level)
      return;
    for (const Point &point : getPoints(dims))
      evaluate(value, point, {});
  };
  for (BlockArgument argument : body->getArguments())
    if (!argument.use_empty())
      visit(argument);
  for (Operation &op : body->without_terminator())
    visit(op.getResult(0));
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

llvm::SmallBitVector NestWriter::getAccumulatorDims(unsigned number) {
  llvm::SmallBitVector dims = getDims(getOutput(number));
  return dims;
}

unsigned NestWriter::getAccumulator(unsigned number, const Point &point) {
  llvm::SmallBitVector dims = getDims(getOutput(number));
  unsigned index = 0;
  for (unsigned dimension : order)
    if (dims[dimension])
      index = index * positions[dimension].count + point[dimension];
  // Partial sums.
  if (!dims[getLane()])
    index = index * blocking.unroll[getLane()] + point[getLane()];
  return index;
}

SmallVector<Value> NestWriter::openOutput(unsigned number) {
  OpOperand &operand = nest.op.getDpsInitsMutable()[number];
  const LoopNest::Access &access = getOutput(number);
  SmallVector<Point> points = getPoints(getDims(access));
  SmallVector<Value> accumulators;
  if (access.dependsOn(getLane())) {
    for (const Point &point : points) {
      if (access.accumulates) {
        accumulators.push_back(load(operand, point));
        continue;
      }
      VectorType type =
          getVectorType(getElementTypeOrSelf(operand.get().getType()));
      accumulators.push_back(arith::ConstantOp::create(
          builder, loc, type, builder.getZeroAttr(type)));
    }
    return accumulators;
  }
  TypedAttr neutral = getNeutral(nest.combiners[number]);
  VectorType type = getVectorType(neutral.getType());
  Value value = arith::ConstantOp::create(
      builder, loc, type, DenseElementsAttr::get(type, Attribute(neutral)));
  accumulators.assign(points.size() * blocking.unroll[getLane()], value);
  return accumulators;
}

void NestWriter::closeOutput(unsigned number, ArrayRef<Value> accumulators) {
  const LoopNest::Access &access = getOutput(number);
  if (!access.dependsOn(getLane())) {
    closeReduced(number, accumulators);
    return;
  }
  OpOperand &operand = nest.op.getDpsInitsMutable()[number];
  for (const Point &point : getPoints(getDims(access)))
    store(operand, point, accumulators[getAccumulator(number, point)]);
}

void NestWriter::closeReduced(unsigned number, ArrayRef<Value> accumulators) {
  OpOperand &operand = nest.op.getDpsInitsMutable()[number];
  Operation *combiner = nest.combiners[number];
  const LoopNest::Access &access = getOutput(number);
  auto combine = [&](Value a, Value b) -> Value {
    OperationState state(loc, combiner->getName());
    state.addOperands({a, b});
    state.addTypes(a.getType());
    state.addAttributes(combiner->getAttrs());
    return builder.create(state)->getResult(0);
  };
  SmallVector<Point> points = getPoints(getDims(access));

  // Partial sums: a tree over neighbors.
  int64_t partial = blocking.unroll[getLane()];
  SmallVector<Value> sums;
  for (size_t i = 0; i < points.size(); ++i) {
    SmallVector<Value> parts(accumulators.slice(i * partial, partial));
    while (parts.size() > 1) {
      SmallVector<Value> next;
      for (size_t j = 0; j < parts.size(); j += 2)
        next.push_back(j + 1 < parts.size() ? combine(parts[j], parts[j + 1])
                                            : parts[j]);
      parts = std::move(next);
    }
    sums.push_back(parts.front());
  }

  // The dimension along which neighboring sums are neighbors in memory.
  std::optional<unsigned> unit;
  for (unsigned d = 0; d < nest.getRank(); ++d)
    if (access.strides[d] == LoopNest::Stride::One && positions[d].count > 1)
      unit = d;
  LaneReducer reducer(builder, loc, combiner);
  llvm::SmallBitVector done(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    if (done[i])
      continue;
    SmallVector<Value> group{sums[i]};
    done.set(i);
    if (unit) {
      int64_t room = std::min<int64_t>(blocking.lanes, positions[*unit].count -
                                                           points[i][*unit]);
      int64_t count = llvm::bit_floor(static_cast<uint64_t>(room));
      Point point = points[i];
      for (int64_t j = 1; j < count; ++j) {
        ++point[*unit];
        size_t other = llvm::find(points, point) - points.begin();
        group.push_back(sums[other]);
        done.set(other);
      }
    }
    Value sum = reducer.reduce(group);
    SmallVector<Value> indices = getIndices(operand, points[i]);
    if (auto type = dyn_cast<VectorType>(sum.getType())) {
      Value before =
          vector::LoadOp::create(builder, loc, type, operand.get(), indices);
      vector::StoreOp::create(builder, loc, combine(before, sum), operand.get(),
                              indices);
      continue;
    }
    Value before = memref::LoadOp::create(builder, loc, operand.get(), indices);
    memref::StoreOp::create(builder, loc, combine(before, sum), operand.get(),
                            indices);
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void NestWriter::writePoints(Accumulators &accumulators) {
  llvm::SmallBitVector all(nest.getRank(), true);
  Operation *terminator = nest.op.getBody()->getTerminator();
  for (const Point &point : getPoints(all)) {
    SmallVector<Value> outputs;
    for (unsigned i = 0; i < getNumOutputs(); ++i)
      outputs.push_back(accumulators[i][getAccumulator(i, point)]);
    for (unsigned i = 0; i < getNumOutputs(); ++i) {
      Value value = evaluate(terminator->getOperand(i), point, outputs);
      Value mask = getMask(point);
      if (!getOutput(i).dependsOn(getLane())) {
        value = broadcast(value);
        if (mask)
          value =
              arith::SelectOp::create(builder, loc, mask, value, outputs[i]);
      } else {
        value = broadcast(value);
      }
      accumulators[i][getAccumulator(i, point)] = value;
    }
  }
}

void NestWriter::writeIteration(unsigned level, Accumulators &accumulators) {
  SmallVector<unsigned> opened;
  for (unsigned i = 0; i < getNumOutputs(); ++i)
    if (getLevel(getDims(getOutput(i))) == static_cast<int>(level)) {
      accumulators[i] = openOutput(i);
      opened.push_back(i);
    }
  evaluateLevel(level);
  writeLevel(level + 1, accumulators);
  for (unsigned i : opened) {
    closeOutput(i, accumulators[i]);
    accumulators[i].clear();
  }
}

void NestWriter::writeSegment(unsigned level, OpFoldResult begin,
                              OpFoldResult end, int64_t unroll,
                              std::optional<int64_t> lastLanes, bool masked,
                              Accumulators &accumulators) {
  unsigned dimension = order[level];
  bool isLane = dimension == getLane();
  int64_t step = unroll * (isLane ? blocking.lanes : 1);
  auto saved = known;
  Position position;
  position.count = unroll;
  auto makeMask = [&]() -> Value {
    VectorType type = getVectorType(builder.getI1Type());
    if (lastLanes)
      return vector::ConstantMaskOp::create(
          builder, loc, type, builder.getDenseI64ArrayAttr({*lastLanes}));
    Value rest = arith::SubIOp::create(
        builder, loc, getValueOrCreateConstantIndexOp(builder, loc, end),
        position.base);
    return vector::CreateMaskOp::create(builder, loc, type, rest);
  };

  auto fromOrigin = [&](Value base) -> Value {
    Value origin = origins[dimension];
    return origin ? arith::AddIOp::create(builder, loc, origin, base) : base;
  };

  std::optional<int64_t> first = getConstantIntValue(begin);
  std::optional<int64_t> last = getConstantIntValue(end);
  if (first && last && *last - *first <= step) {
    position.base = constant(*first);
    if (masked)
      position.mask = makeMask();
    position.base = fromOrigin(position.base);
    positions[dimension] = position;
    writeIteration(level, accumulators);
    known = std::move(saved);
    return;
  }

  SmallVector<Value> carried;
  for (const SmallVector<Value> &values : accumulators)
    carried.append(values);
  auto loop = scf::ForOp::create(
      builder, loc, getValueOrCreateConstantIndexOp(builder, loc, begin),
      getValueOrCreateConstantIndexOp(builder, loc, end), constant(step),
      carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  unsigned next = 0;
  for (SmallVector<Value> &values : accumulators)
    for (Value &value : values)
      value = loop.getRegionIterArg(next++);
  position.base = loop.getInductionVar();
  if (masked)
    position.mask = makeMask();
  position.base = fromOrigin(position.base);
  positions[dimension] = position;
  writeIteration(level, accumulators);
  SmallVector<Value> yielded;
  for (const SmallVector<Value> &values : accumulators)
    yielded.append(values);
  if (!carried.empty())
    scf::YieldOp::create(builder, loc, yielded);
  next = 0;
  for (SmallVector<Value> &values : accumulators)
    for (Value &value : values)
      value = loop.getResult(next++);
  known = std::move(saved);
}

void NestWriter::writeLevel(unsigned level, Accumulators &accumulators) {
  if (level == order.size()) {
    writePoints(accumulators);
    return;
  }
  unsigned dimension = order[level];
  bool isLane = dimension == getLane();
  int64_t unroll = blocking.unroll[dimension];
  int64_t lanes = isLane ? blocking.lanes : 1;
  int64_t step = unroll * lanes;
  OpFoldResult size = sizes[dimension];
  if (std::optional<int64_t> fixed = getConstantIntValue(size)) {
    // Whole blocks, and the rest at once (lanes) or one by one.
    int64_t main = *fixed - *fixed % step;
    int64_t rest = *fixed - main;
    auto index = [&](int64_t value) -> OpFoldResult {
      return builder.getIndexAttr(value);
    };
    if (main)
      writeSegment(level, index(0), index(main), unroll, std::nullopt, false,
                   accumulators);
    if (!rest)
      return;
    if (!isLane) {
      writeSegment(level, index(main), index(*fixed), 1, std::nullopt, false,
                   accumulators);
      return;
    }
    int64_t lastLanes = rest % lanes;
    writeSegment(level, index(main), index(*fixed),
                 llvm::divideCeil(rest, lanes),
                 lastLanes ? std::optional(lastLanes) : std::nullopt,
                 lastLanes != 0, accumulators);
    return;
  }
  Value end = getValueOrCreateConstantIndexOp(builder, loc, size);
  // The end of the part that is done `step` elements at a time.
  auto roundDown = [&](int64_t step) -> Value {
    if (step == 1)
      return end;
    Value rest = arith::RemUIOp::create(builder, loc, end, constant(step));
    return arith::SubIOp::create(builder, loc, end, rest);
  };
  Value begin = constant(0);
  Value main = roundDown(step);
  writeSegment(level, builder.getIndexAttr(0), main, unroll, std::nullopt,
               false, accumulators);
  begin = main;
  if (unroll > 1) {
    Value single = roundDown(lanes);
    writeSegment(level, begin, single, 1, std::nullopt, false, accumulators);
    begin = single;
  }
  if (isLane && lanes > 1)
    writeSegment(level, begin, end, 1, std::nullopt, true, accumulators);
}

void NestWriter::write() {
  auto op = cast<linalg::LinalgOp>(nest.op.getOperation());
  for (const Range &range : op.createLoopRanges(builder, loc))
    sizes.push_back(range.size);
  writeTiles(0);
}

void NestWriter::writeTiles(unsigned dimension) {
  if (dimension == nest.getRank()) {
    writeNest();
    return;
  }
  int64_t tile = tiles[dimension];
  if (tile == 0) {
    writeTiles(dimension + 1);
    return;
  }
  OpFoldResult size = sizes[dimension];
  Value end = getValueOrCreateConstantIndexOp(builder, loc, size);
  auto loop =
      scf::ForOp::create(builder, loc, constant(0), end, constant(tile));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  origins[dimension] = loop.getInductionVar();
  std::optional<int64_t> fixed = getConstantIntValue(size);
  if (fixed && *fixed % tile == 0) {
    sizes[dimension] = builder.getIndexAttr(tile);
  } else {
    Value rest = arith::SubIOp::create(builder, loc, end, origins[dimension]);
    sizes[dimension] =
        arith::MinUIOp::create(builder, loc, rest, constant(tile)).getResult();
  }
  writeTiles(dimension + 1);
  sizes[dimension] = size;
}

void NestWriter::writeNest() {
  Accumulators accumulators(getNumOutputs());
  SmallVector<unsigned> opened;
  for (unsigned i = 0; i < getNumOutputs(); ++i)
    if (getLevel(getDims(getOutput(i))) < 0) {
      accumulators[i] = openOutput(i);
      opened.push_back(i);
    }
  evaluateLevel(-1);
  writeLevel(0, accumulators);
  for (unsigned i : opened)
    closeOutput(i, accumulators[i]);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct Vectorize : vi::impl::VectorizeBase<Vectorize> {
  using VectorizeBase::VectorizeBase;

  void runOnOperation() override {
    vi::MachineModel model;
    model.vectorBits = vectorBits;
    model.vectorRegisters = vectorRegisters;
    model.l2Bytes = l2Bytes;

    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> named;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() && !isa<linalg::GenericOp>(op))
        named.push_back(op);
    });
    for (linalg::LinalgOp op : named) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
    SmallVector<linalg::GenericOp> generics;
    getOperation()->walk([&](linalg::GenericOp op) { generics.push_back(op); });
    SmallVector<linalg::GenericOp> split;
    llvm::erase_if(generics, [&](linalg::GenericOp op) {
      SmallVector<linalg::GenericOp> made = splitGuards(op, rewriter);
      llvm::append_range(split, made);
      return !made.empty();
    });
    llvm::append_range(generics, split);
    for (linalg::GenericOp op : generics) {
      guardSums(op);
      FailureOr<Nest> nest = Nest::analyze(op);
      if (failed(nest))
        continue;
      std::optional<RegisterBlocking> blocking = chooseBlocking(*nest, model);
      if (!blocking)
        continue;
      rewriter.setInsertionPoint(op);
      NestWriter(rewriter, *nest, *blocking,
                 vi::chooseTiles(nest->shape, *blocking, model))
          .write();
      op.erase();
    }
  }

private:
  /// The width of elements may depend on the lane dimension, and not all
  /// dimensions can be lanes for all elements.
  static std::optional<RegisterBlocking>
  chooseBlocking(Nest &nest, const vi::MachineModel &model) {
    LoopNest shape = nest.shape;
    shape.elementBits = 8;
    for (unsigned d = 0; d < nest.getRank(); ++d) {
      if (!nest.hasLaneElements(d)) {
        // Elements that are no lanes.
        for (LoopNest::Access &access : shape.accesses)
          if (access.dependsOn(d))
            access.strides[d] = LoopNest::Stride::Other;
        continue;
      }
      shape.elementBits = std::max(shape.elementBits, nest.getElementBits(d));
    }
    return vi::chooseBlocking(shape, model);
  }
};

} // namespace
