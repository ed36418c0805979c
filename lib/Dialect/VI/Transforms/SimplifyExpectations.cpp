//===- SimplifyExpectations.cpp - closed forms before anything is sampled -*-
// C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DrawTerms.h"

#include "vi/Analysis/Forms.h"
#include "vi/Analysis/JointNormal.h"
#include "vi/Analysis/LinearTerms.h"
#include "vi/Dialect/Special/IR/LogisticMixture.h"
#include "vi/Dialect/Special/IR/Special.h"
#include "vi/Dialect/VI/IR/Divergences.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace vi {
#define GEN_PASS_DEF_SIMPLIFYEXPECTATIONS
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;
using namespace vi;

namespace {

/// Simplifies one expectation.
class Simplifier {
public:
  Simplifier(ExpectOp expect, const SimplifyExpectationsOptions &options)
      : expect(expect), dependence(expect), options(options),
        keepGuideDensity(options.keepGuideDensity) {}
  void run();

private:
  /// A log-density of a draw that enters the expectation linearly.
  struct DensityTerm {
    LogProbOp op;
    DrawOp draw;
    Coefficient coefficient;
  };

  void separateUses();
  void replaceDensities();
  void replaceStackDensities();
  void replaceJointDensities();
  Value buildStackDistribution(ImplicitLocOpBuilder &builder, PlateOp plate,
                               DrawOp draw);
  FormOptions getFormOptions() const {
    FormOptions result;
    result.correlated = !keepGuideDensity;
    result.errorBounds = options.errorBounds;
    result.quadratureNodes = options.quadratureNodes;
    return result;
  }
  void collectSummands(Value sum, SmallVectorImpl<Value> &summands);
  SmallVector<Value> getSummands();
  void replaceForms();
  bool replaceForm(FormAnalysis &forms, Value term);
  void splitPlates();
  void hoist();
  void splitResults();
  void remarkOnRest();

  bool isCandidate(LogProbOp op);
  /// Whether log q of a draw is left to the estimator.
  bool keepsDensity(DrawOp draw) {
    StringRef own = getEstimatorName(draw);
    return own.empty() ? keepGuideDensity : own == "sticking-the-landing";
  }
  void replace(LogProbOp op, Value value);
  void eraseSummand(LogProbOp op);

  ExpectOp expect;
  DrawDependence dependence;
  const SimplifyExpectationsOptions &options;
  bool keepGuideDensity;
};

struct SimplifyExpectations
    : vi::impl::SimplifyExpectationsBase<SimplifyExpectations> {
  using SimplifyExpectationsBase::SimplifyExpectationsBase;
  void runOnOperation() override {
    SmallVector<ExpectOp> expectations;
    getOperation().walk([&](ExpectOp op) { expectations.push_back(op); });
    SimplifyExpectationsOptions options;
    options.keepGuideDensity = keepGuideDensity;
    options.divergencesOnly = divergencesOnly;
    options.errorBounds = errorBounds;
    options.quadratureNodes = quadratureNodes;
    if (quadratureNodes < 16) {
      getOperation().emitError("quadrature needs 16 nodes at least, not ")
          << quadratureNodes;
      return signalPassFailure();
    }
    for (ExpectOp op : expectations)
      Simplifier(op, options).run();
  }
};

} // namespace

/// Whether `build` can emit a closed form; whatever it emits is taken back.
static bool hasClosedForm(Operation *at,
                          function_ref<Value(ImplicitLocOpBuilder &)> build) {
  // Emitted into a block of its own, so that taking it back is erasing it.
  Block scratch;
  ImplicitLocOpBuilder builder(at->getLoc(), at->getContext());
  builder.setInsertionPointToStart(&scratch);
  bool found = static_cast<bool>(build(builder));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(scratch))) {
    op.dropAllUses();
    op.erase();
  }
  return found;
}

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("vi-expectations");
}

/// Whether the forms of a log-density's formula are looked at.
bool Simplifier::isCandidate(LogProbOp op) {
  auto type = cast<DistType>(op.getDistribution().getType());
  if (isa<RankedTensorType>(op.getValue().getType()) ||
      isa<RankedTensorType>(type.getValueType()))
    return false;
  auto draw = op.getValue().getDefiningOp<DrawOp>();
  return !draw || !keepsDensity(draw) ||
         draw.getDistribution() != op.getDistribution();
}

/// The formula of a term; null where there is none.
static Value buildFormula(ImplicitLocOpBuilder &builder, Operation *op) {
  if (auto density = dyn_cast<LogProbOp>(op)) {
    auto family =
        density.getDistribution().getDefiningOp<DistributionOpInterface>();
    return family ? family.buildLogProb(builder, density.getValue()) : Value();
  }
  if (auto entropy = dyn_cast<EntropyOp>(op))
    return buildEntropy(builder, entropy.getDistribution());
  if (auto kl = dyn_cast<KLOp>(op))
    return buildKL(builder, kl->getOperand(0), kl->getOperand(1));
  return buildCrossEntropy(builder, op->getOperand(0), op->getOperand(1));
}

void Simplifier::replace(LogProbOp op, Value value) {
  op.getResult().replaceAllUsesWith(value);
  op.erase();
  dependence.invalidate();
}

/// Removes a log-density that enters a sum.
void Simplifier::eraseSummand(LogProbOp op) {
  Operation *user = *op.getResult().getUsers().begin();
  unsigned number = op.getResult().use_begin()->getOperandNumber();
  // x + 0 is not folded to x, as x may be -0.
  if (isa<arith::AddFOp>(user) || (isa<arith::SubFOp>(user) && number == 1)) {
    user->getResult(0).replaceAllUsesWith(user->getOperand(1 - number));
    user->erase();
    op.erase();
    dependence.invalidate();
    return;
  }
  OpBuilder builder(op);
  auto type = cast<FloatType>(op.getResult().getType());
  replace(op, arith::ConstantOp::create(builder, op.getLoc(),
                                        builder.getFloatAttr(type, 0.0)));
}

/// Gives each use of a log-density of a draw that enters the results as a
/// summand an op of its own: of a guide and a prior that are one distribution,
/// common subexpression elimination leaves one log-density.
void Simplifier::separateUses() {
  SmallVector<LogProbOp> shared;
  expect.walk([&](LogProbOp op) {
    if (op.getValue().getDefiningOp<DrawOp>() && !op.getResult().hasOneUse())
      shared.push_back(op);
  });
  for (LogProbOp op : shared) {
    OpBuilder builder(op);
    SmallVector<OpOperand *> uses = llvm::map_to_vector(
        op.getResult().getUses(), [](OpOperand &use) { return &use; });
    for (OpOperand *use : uses) {
      auto copy = cast<LogProbOp>(builder.clone(*op));
      use->set(copy.getResult());
      if (dependence.getCoefficient(copy.getResult()))
        continue;
      use->set(op.getResult());
      copy.erase();
    }
    if (op.getResult().use_empty())
      op.erase();
  }
  dependence.invalidate();
}

/// Replaces log-densities of draws by their expectations given everything that
/// is not downstream of the draw: the guide's own density by minus its
/// entropy, a pair of prior and guide density by minus their divergence, a
/// prior density alone by minus the cross-entropy.
///
/// E[log p(z; w)] = E_w[E_z[log p(z; w) | w]] needs that z given w is still
/// distributed as the guide says: that w, the parameters of p, do not depend
/// on z. This is verified, not assumed.
void Simplifier::replaceDensities() {
  SmallVector<DensityTerm> terms;
  expect.walk([&](LogProbOp op) {
    auto draw = op.getValue().getDefiningOp<DrawOp>();
    if (!draw || op.getMask() || op->getBlock() != draw->getBlock() ||
        op.getValue().getType() !=
            cast<DistType>(op.getDistribution().getType()).getValueType() ||
        draw.getValue().getType() !=
            cast<DistType>(draw.getDistribution().getType()).getValueType())
      return;
    std::optional<Coefficient> coefficient =
        dependence.getCoefficient(op.getResult());
    if (!coefficient) {
      remark::missed(op.getLoc(), remarkOptions("log-density"))
          << remark::reason("the log-density of '{0}' does not enter the "
                            "expectation as a summand",
                            draw.getSite());
      return;
    }
    terms.push_back({op, draw, *coefficient});
  });

  llvm::SmallPtrSet<Operation *, 8> done;
  // KL(q || q) = 0, whether or not there is a closed form for any other p.
  for (auto [number, term] : llvm::enumerate(terms))
    for (DensityTerm &other : llvm::drop_begin(terms, number + 1)) {
      if (done.contains(term.op) || done.contains(other.op) ||
          other.draw != term.draw ||
          !other.coefficient.cancels(term.coefficient) ||
          !isSameDistribution(other.op.getDistribution(),
                              term.op.getDistribution()))
        continue;
      remark::passed(term.op.getLoc(), remarkOptions("kl")) << remark::add(
          "KL(q || p) of '{0}' is zero: q is p", term.draw.getSite());
      done.insert(term.op);
      done.insert(other.op);
      eraseSummand(term.op);
      eraseSummand(other.op);
    }
  // Priors first, with the guide's density as partner where there is one.
  for (DensityTerm &term : terms) {
    if (done.contains(term.op))
      continue;
    Value q = term.draw.getDistribution(), p = term.op.getDistribution();
    if (q == p)
      continue;
    if (dependence.dependsOn(p, term.draw.getSite())) {
      remark::missed(term.op.getLoc(), remarkOptions("cross-entropy"))
          << remark::reason("the distribution of '{0}' depends on '{0}' "
                            "through other latents",
                            term.draw.getSite());
      continue;
    }
    DensityTerm *partner = nullptr;
    if (!keepsDensity(term.draw))
      for (DensityTerm &other : terms)
        if (!done.contains(other.op) && other.draw == term.draw &&
            other.op.getDistribution() == q &&
            other.coefficient.cancels(term.coefficient))
          partner = &other;
    ImplicitLocOpBuilder builder(term.op.getLoc(), term.op);
    Type type = term.op.getResult().getType();
    if (partner && hasClosedForm(term.op, [&](ImplicitLocOpBuilder &b) {
          return buildKL(b, q, p);
        })) {
      Value kl = KLOp::create(builder, type, q, p);
      remark::passed(term.op.getLoc(), remarkOptions("kl")) << remark::add(
          "KL(q || p) of '{0}' in closed form", term.draw.getSite());
      done.insert(term.op);
      done.insert(partner->op);
      eraseSummand(partner->op);
      replace(term.op, arith::NegFOp::create(builder, kl));
      continue;
    }
    if (hasClosedForm(term.op, [&](ImplicitLocOpBuilder &b) {
          return buildCrossEntropy(b, q, p);
        })) {
      Value entropy = CrossEntropyOp::create(builder, type, q, p);
      remark::passed(term.op.getLoc(), remarkOptions("cross-entropy"))
          << remark::add("E_q[log p] of '{0}' in closed form",
                         term.draw.getSite());
      done.insert(term.op);
      replace(term.op, arith::NegFOp::create(builder, entropy));
      continue;
    }
    remark::missed(term.op.getLoc(), remarkOptions("cross-entropy"))
        << remark::reason("E_q[log p] of '{0}' has no registered closed form",
                          term.draw.getSite());
  }

  for (DensityTerm &term : terms) {
    Value q = term.draw.getDistribution();
    if (done.contains(term.op) || term.op.getDistribution() != q)
      continue;
    if (keepsDensity(term.draw)) {
      remark::analysis(term.op.getLoc(), remarkOptions("entropy"))
          << remark::add("log q of '{0}' is kept for the estimator",
                         term.draw.getSite());
      continue;
    }
    if (!hasClosedForm(term.op, [&](ImplicitLocOpBuilder &b) -> Value {
          // A batch has the entropy of its members, which lower-distributions
          // adds up.
          auto family = q.getDefiningOp<DistributionOpInterface>();
          return family ? family.buildEntropy(b) : Value();
        })) {
      remark::missed(term.op.getLoc(), remarkOptions("entropy"))
          << remark::reason("the entropy of '{0}' has no closed form",
                            term.draw.getSite());
      continue;
    }
    ImplicitLocOpBuilder builder(term.op.getLoc(), term.op);
    Value entropy =
        EntropyOp::create(builder, term.op.getResult().getType(), q);
    remark::passed(term.op.getLoc(), remarkOptions("entropy"))
        << remark::add("entropy of '{0}' in closed form", term.draw.getSite());
    replace(term.op, arith::NegFOp::create(builder, entropy));
  }
}

/// Emits the distribution of the stack of the draws of a plate's members, as a
/// batch; null where the draws depend on others.
Value Simplifier::buildStackDistribution(ImplicitLocOpBuilder &builder,
                                         PlateOp plate, DrawOp draw) {
  auto family = draw.getDistribution().getDefiningOp<DistributionOpInterface>();
  if (!family || getBatchRank(family->getResult(0)))
    return Value();
  // Slices are the whole tensors here; what members compute is stacked.
  SmallVector<Value> operands, computed;
  for (Value operand : family->getOperands()) {
    if (dependence.dependsOn(operand) || isa<DistType>(operand.getType()))
      return Value();
    auto *found = llvm::find(plate.getMemberArguments(), operand);
    if (found != plate.getMemberArguments().end()) {
      unsigned number = found - plate.getMemberArguments().begin();
      operands.push_back(plate.getSlices()[number]);
    } else if (plate.getBody().isAncestor(operand.getParentRegion())) {
      computed.push_back(operand);
      operands.push_back(Value());
    } else if (isa<RankedTensorType>(operand.getType())) {
      // One vector for all members: a batch has one for each.
      return Value();
    } else {
      operands.push_back(operand);
    }
  }
  int64_t count = plate.getStaticCount();
  if (!computed.empty()) {
    SmallVector<Type> types;
    for (Value value : computed)
      types.push_back(PlateOp::getStackType(value.getType(), count));
    auto copy =
        PlateOp::create(builder, plate.getName(), plate.getCount(), Value(),
                        Value(), plate.getSlices(), ValueRange(), types);
    IRMapping mapping;
    mapping.map(plate.getIndex(), copy.getIndex());
    for (auto [from, to] :
         llvm::zip(plate.getMemberArguments(), copy.getMemberArguments()))
      mapping.map(from, to);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(copy.getBlock());
    for (Operation &op : plate.getBlock()->without_terminator())
      if (isMemoryEffectFree(&op) && !dependence.dependsOn(&op))
        builder.clone(op, mapping);
    YieldOp::create(builder, ValueRange(),
                    llvm::map_to_vector(computed, [&](Value value) {
                      return mapping.lookup(value);
                    }));
    auto stacks = copy.getStacks().begin();
    for (Value &operand : operands)
      if (!operand)
        operand = *stacks++;
  }
  OperationState state(builder.getLoc(), family->getName());
  state.addOperands(operands);
  state.addTypes(
      DistType::get(builder.getContext(),
                    PlateOp::getStackType(draw.getValue().getType(), count)));
  state.addAttributes(family->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = family->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

/// Replaces the log-density of a stack of draws, of a joint distribution of all
/// of them, by minus the cross-entropy: as `replaceDensities` does for a draw.
void Simplifier::replaceStackDensities() {
  SmallVector<LogProbOp> terms;
  expect.walk([&](LogProbOp op) { terms.push_back(op); });
  for (LogProbOp op : terms) {
    auto plate = op.getValue().getDefiningOp<PlateOp>();
    if (!plate || plate.getBegin() || op.getMask() ||
        op->getBlock() != plate->getBlock())
      continue;
    unsigned number = cast<OpResult>(op.getValue()).getResultNumber();
    unsigned sums = plate.getSums().size();
    if (number < sums)
      continue;
    auto draw =
        plate.getYield().getValues()[number - sums].getDefiningOp<DrawOp>();
    Value p = op.getDistribution();
    if (!draw || draw->getBlock() != plate.getBlock() ||
        draw.getValue().getType() !=
            cast<DistType>(draw.getDistribution().getType()).getValueType() ||
        op.getValue().getType() != cast<DistType>(p.getType()).getValueType() ||
        !dependence.getCoefficient(op.getResult()) ||
        dependence.dependsOn(p, draw.getSite()))
      continue;
    ImplicitLocOpBuilder builder(op.getLoc(), op);
    Value q = buildStackDistribution(builder, plate, draw);
    if (!q)
      continue;
    if (!hasClosedForm(op, [&](ImplicitLocOpBuilder &b) {
          return buildCrossEntropy(b, q, p);
        })) {
      remark::missed(op.getLoc(), remarkOptions("cross-entropy"))
          << remark::reason("E_q[log p] of '{0}' has no registered closed form",
                            draw.getSite());
      continue;
    }
    Value entropy =
        CrossEntropyOp::create(builder, op.getResult().getType(), q, p);
    remark::passed(op.getLoc(), remarkOptions("cross-entropy"))
        << remark::add("E_q[log p] of '{0}' in closed form", draw.getSite());
    replace(op, arith::NegFOp::create(builder, entropy));
  }
}

/// The certified error of `special.gaussian_softplus`.
static std::string getSoftplusError(Type type) {
  namespace coefficients = special::coefficients;
  double error = type.isF32() ? coefficients::mixtureErrorsF32[0]
                              : coefficients::mixtureErrorsF64[0];
  return llvm::formatv("{0}", llvm::format("%.1e", error)).str();
}

/// Replaces the log-density of a vector that is a part of a draw of several
/// correlated latents by minus the cross-entropy: of the part, whose covariance
/// is a block of theirs.
void Simplifier::replaceJointDensities() {
  FormAnalysis forms(expect, dependence, getFormOptions());
  SmallVector<LogProbOp> terms;
  expect.walk([&](LogProbOp op) { terms.push_back(op); });
  for (LogProbOp op : terms) {
    Value p = op.getDistribution();
    auto type = dyn_cast<RankedTensorType>(op.getValue().getType());
    auto family = p.getDefiningOp<DistributionOpInterface>();
    if (!type || type.getRank() != 1 || op.getMask() || !family ||
        type != cast<DistType>(p.getType()).getValueType() ||
        !dependence.getCoefficient(op.getResult()) || dependence.dependsOn(p))
      continue;
    ImplicitLocOpBuilder builder(op.getLoc(), op);
    // The draw has no size before it is drawn, but p has one.
    Value sized = family->getOperand(0);
    if (!isa<RankedTensorType>(sized.getType()))
      continue;
    auto part = forms.findJointPart(builder, op.getValue());
    if (!part || dependence.dependsOn(part->first.getDistribution()) ||
        part->first.getDistribution() == p)
      continue;
    OpFoldResult size = builder.getIndexAttr(type.getDimSize(0));
    if (type.isDynamicDim(0))
      size = dimension(builder, sized, 0);
    JointNormal all = buildJointNormal(builder, part->first.getDistribution());
    auto slice = [&](Value tensor) -> Value {
      unsigned rank = cast<RankedTensorType>(tensor.getType()).getRank();
      SmallVector<OpFoldResult> offsets(rank, getAsOpFoldResult(part->second)),
          sizes(rank, size), strides(rank, builder.getIndexAttr(1));
      SmallVector<int64_t> shape(rank, type.getDimSize(0));
      return tensor::ExtractSliceOp::create(
          builder, RankedTensorType::get(shape, type.getElementType()), tensor,
          offsets, sizes, strides);
    };
    Value covariance = slice(all.covariance);
    Value factor =
        CholeskyOp::create(builder, covariance.getType(), covariance);
    Value q = MultivariateNormalOp::create(builder, p.getType(),
                                           slice(all.mean), factor);
    if (!hasClosedForm(op, [&](ImplicitLocOpBuilder &b) {
          return buildCrossEntropy(b, q, p);
        }))
      continue;
    Value entropy =
        CrossEntropyOp::create(builder, op.getResult().getType(), q, p);
    remark::passed(op.getLoc(), remarkOptions("cross-entropy")) << remark::add(
        "E_q[log p] of a part of '{0}' in closed form", part->first.getSite());
    replace(op, arith::NegFOp::create(builder, entropy));
  }
}

/// Tells how the expectation of a term was taken.
static void remarkOnAccuracy(Location loc, Type type, Accuracy accuracy,
                             StringRef quadrature, StringRef what) {
  switch (accuracy) {
  case Accuracy::Exact:
    remark::passed(loc, remarkOptions("exact"))
        << remark::add("expected {0} in closed form", what);
    return;
  case Accuracy::Certified:
    remark::passed(loc, remarkOptions("certified")) << remark::add(
        "expected {0} in closed form, but for an error below {1} in each "
        "function of a linear predictor",
        what, getSoftplusError(type));
    return;
  case Accuracy::Quadrature:
    remark::passed(loc, remarkOptions("quadrature"))
        << remark::add("expected {0} by {1}", what, quadrature);
    return;
  }
}

/// What `sum` adds up, through plates and loops: values that draws reach and
/// that are no sums themselves.
void Simplifier::collectSummands(Value sum, SmallVectorImpl<Value> &summands) {
  SmallVector<LinearTerm> terms;
  auto isFactor = [&](Value value) { return !dependence.dependsOn(value); };
  collectLinearTerms(sum, isFactor, terms);
  for (LinearTerm &term : terms) {
    auto result = dyn_cast<OpResult>(term.value);
    if (!result || !dependence.dependsOn(term.value))
      continue;
    unsigned number = result.getResultNumber();
    if (auto plate = dyn_cast<PlateOp>(result.getOwner())) {
      if (number < plate.getSums().size())
        collectSummands(plate.getYield().getSums()[number], summands);
    } else if (auto loop = dyn_cast<scf::ForOp>(result.getOwner())) {
      collectSummands(loop.getYieldedValues()[number], summands);
    } else {
      summands.push_back(term.value);
    }
  }
}

/// The summands of all results, each once.
SmallVector<Value> Simplifier::getSummands() {
  SmallVector<Value> summands;
  for (Value value : expect.getYield().getValues())
    collectSummands(value, summands);
  llvm::SmallSetVector<Value, 16> unique(summands.begin(), summands.end());
  return unique.takeVector();
}

static StringRef describe(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case<LogProbOp>([](auto) { return "log-density"; })
      .Case<EntropyOp>([](auto) { return "entropy"; })
      .Case<KLOp>([](auto) { return "divergence"; })
      .Case<CrossEntropyOp>([](auto) { return "cross-entropy"; })
      .Default([](auto) { return "factor"; });
}

/// Erases dead code in the expectation.
static void eraseDeadCode(ExpectOp expect) {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<Operation *> dead;
    expect.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isOpTriviallyDead(op))
        return WalkResult::advance();
      // What is in its regions goes with it.
      dead.push_back(op);
      return WalkResult::skip();
    });
    for (Operation *op : llvm::reverse(dead)) {
      op->erase();
      changed = true;
    }
  }
}

/// Replaces summands that are sums of products of functions of independent
/// draws by the expectations of those: log-densities, divergences and
/// cross-entropies whose distributions have other draws as parameters, and
/// factors.
void Simplifier::replaceForms() {
  // Sticking the landing: log q and log p of the joint draw cancel only where
  // both are sampled.
  FormAnalysis forms(expect, dependence, getFormOptions());
  // What another term uses belongs to that: sampled without it, the other may
  // have a much larger variance. Where the other has an expectation, it is
  // free.
  llvm::SmallPtrSet<Operation *, 8> tried;
  bool isFree = true;
  while (isFree) {
    isFree = false;
    bool waits = false;
    for (Value term : getSummands()) {
      if (!isa<FloatType>(term.getType()) ||
          tried.contains(term.getDefiningOp()))
        continue;
      if (!dependence.getCoefficient(term)) {
        waits = true;
        continue;
      }
      if (replaceForm(forms, term))
        isFree = true;
      else
        tried.insert(term.getDefiningOp());
    }
    isFree &= waits;
    if (isFree)
      eraseDeadCode(expect);
    dependence.invalidate();
  }
  for (Value term : getSummands())
    if (isa<FloatType>(term.getType()) && !dependence.getCoefficient(term))
      remark::missed(term.getLoc(), remarkOptions("exact"))
          << remark::reason("another term is computed from it, and sampled "
                            "with it");
}

/// Replaces a summand by its expectation; false where it has no form.
bool Simplifier::replaceForm(FormAnalysis &forms, Value term) {
  Operation *op = term.getDefiningOp();
  auto density = dyn_cast<LogProbOp>(op);
  if (density && !isCandidate(density))
    return false;
  // The formula is written out in place, and taken back on failure.
  Operation *before = op->getPrevNode();
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  Value expectation;
  bool isMeasure = isa<LogProbOp, EntropyOp, KLOp, CrossEntropyOp>(op);
  if (Value formula = isMeasure ? buildFormula(builder, op) : term)
    expectation = forms.buildExpectation(builder, formula);
  if (expectation && density && density.getMask()) {
    Value zero = arith::ConstantOp::create(
        builder, builder.getFloatAttr(expectation.getType(), 0.0));
    expectation =
        arith::SelectOp::create(builder, density.getMask(), expectation, zero);
  }
  StringRef what = describe(op);
  if (expectation && !dependence.dependsOn(expectation) &&
      expectation.getType() == term.getType()) {
    remarkOnAccuracy(op->getLoc(), term.getType(), forms.getAccuracy(),
                     forms.getQuadrature(), what);
    term.replaceAllUsesWith(expectation);
    if (op->use_empty())
      op->erase();
    dependence.invalidate();
    return true;
  }
  remark::missed(op->getLoc(), remarkOptions("exact"))
      << remark::reason("{0}", forms.getReason());
  Operation *first = before ? before->getNextNode() : &op->getBlock()->front();
  SmallVector<Operation *> written;
  for (Operation *it = first; it != op; it = it->getNextNode())
    written.push_back(it);
  for (Operation *it : llvm::reverse(written))
    it->erase();
  dependence.invalidate();
  return false;
}

/// Splits each running sum of a plate in which some contributions depend on
/// draws and others do not: the others become a plate of their own, which can
/// leave the expectation.
void Simplifier::splitPlates() {
  SmallVector<PlateOp> plates;
  expect.walk([&](PlateOp plate) { plates.push_back(plate); });
  for (PlateOp plate : plates) {
    bool draws = dependence.dependsOn(plate.getOperation());
    if (!draws)
      continue;
    auto isFactor = [&](Value value) { return !dependence.dependsOn(value); };
    YieldOp yield = plate.getYield();
    // For each sum, what is and what is not random.
    SmallVector<SmallVector<LinearTerm>> random, fixed;
    bool split = false;
    for (auto [argument, value] :
         llvm::zip(plate.getSumArguments(), yield.getSums())) {
      SmallVector<LinearTerm> terms;
      collectLinearTerms(value, isFactor, terms);
      auto &randomTerms = random.emplace_back();
      auto &fixedTerms = fixed.emplace_back();
      unsigned carried = 0;
      for (LinearTerm &term : terms) {
        if (term.value == argument)
          ++carried;
        else if (dependence.dependsOn(term.value))
          randomTerms.push_back(term);
        else
          fixedTerms.push_back(term);
      }
      // A sum of another form is left alone.
      if (carried != 1 || !isa<FloatType>(argument.getType())) {
        randomTerms.clear();
        fixedTerms.clear();
      }
      split |= !fixedTerms.empty();
    }
    if (!split)
      continue;

    OpBuilder builder(plate);
    Location loc = plate.getLoc();
    // The second plate is a copy that keeps the fixed terms only.
    SmallVector<unsigned> numbers;
    SmallVector<Value> zeros;
    for (auto [number, terms] : llvm::enumerate(fixed)) {
      if (terms.empty())
        continue;
      numbers.push_back(number);
      auto type = cast<FloatType>(plate.getSums()[number].getType());
      zeros.push_back(arith::ConstantOp::create(
          builder, loc, builder.getFloatAttr(type, 0.0)));
    }
    auto exact = PlateOp::create(
        builder, loc, plate.getName(), plate.getCount(), plate.getBegin(),
        plate.getEnd(), plate.getSlices(), zeros, TypeRange());
    exact->setDiscardableAttrs(plate->getDiscardableAttrDictionary());
    IRMapping mapping;
    mapping.map(plate.getIndex(), exact.getIndex());
    for (auto [from, to] :
         llvm::zip(plate.getMemberArguments(), exact.getMemberArguments()))
      mapping.map(from, to);
    for (auto [argument, init] :
         llvm::zip(plate.getSumArguments(), plate.getInits()))
      mapping.map(argument, init);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToEnd(exact.getBlock());
      for (Operation &op : plate.getBlock()->without_terminator())
        if (!dependence.dependsOn(&op))
          builder.clone(op, mapping);
      SmallVector<Value> sums;
      for (auto [i, number] : llvm::enumerate(numbers)) {
        SmallVector<LinearTerm> mapped;
        for (LinearTerm term : fixed[number]) {
          term.value = mapping.lookupOrDefault(term.value);
          for (Value &factor : term.coefficient.factors)
            factor = mapping.lookupOrDefault(factor);
          for (Value &divisor : term.coefficient.divisors)
            divisor = mapping.lookupOrDefault(divisor);
          mapped.push_back(term);
        }
        sums.push_back(
            buildLinearSum(builder, loc, mapped, exact.getSumArguments()[i]));
      }
      YieldOp::create(builder, loc, sums, ValueRange());
    }
    // The first keeps the random ones.
    builder.setInsertionPoint(yield);
    for (unsigned number : numbers) {
      Value argument = plate.getSumArguments()[number];
      yield.getSumsMutable()[number].assign(
          buildLinearSum(builder, loc, random[number], argument));
    }
    builder.setInsertionPointAfter(plate);
    for (auto [i, number] : llvm::enumerate(numbers)) {
      Value sum = plate.getSums()[number];
      Value total =
          arith::AddFOp::create(builder, loc, sum, exact.getSums()[i]);
      sum.replaceAllUsesExcept(total, total.getDefiningOp());
    }
    dependence.invalidate();
  }
}

/// Moves before the expectation what no draw reaches.
void Simplifier::hoist() {
  for (Operation &op : llvm::make_early_inc_range(*expect.getBlock())) {
    if (op.hasTrait<OpTrait::IsTerminator>() || !isMemoryEffectFree(&op))
      continue;
    if (dependence.dependsOn(&op))
      continue;
    op.moveBefore(expect);
  }
  dependence.invalidate();
}

/// By linearity, takes out of the expectation the summands and factors that no
/// draw reaches.
void Simplifier::splitResults() {
  YieldOp yield = expect.getYield();
  auto isFactor = [&](Value value) { return !dependence.dependsOn(value); };
  OpBuilder builder(expect->getContext());
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    SmallVector<LinearTerm> terms, random, fixed;
    collectLinearTerms(value, isFactor, terms);
    for (LinearTerm &term : terms)
      (dependence.dependsOn(term.value) ? random : fixed).push_back(term);
    if (fixed.empty() && !random.empty())
      continue;
    builder.setInsertionPoint(yield);
    Location loc = expect.getLoc();
    auto type = cast<FloatType>(value.getType());
    auto getZero = [&]() -> Value {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getFloatAttr(type, 0.0));
    };
    Value rest = buildLinearSum(builder, loc, random);
    if (!rest)
      rest = getZero();
    yield.getValuesMutable()[number].assign(rest);
    // Fixed terms were moved before the expectation by now.
    builder.setInsertionPointAfter(expect);
    Value result = expect.getResult(number);
    Value outside =
        fixed.empty() ? getZero() : buildLinearSum(builder, loc, fixed);
    Value total =
        random.empty()
            ? outside
            : arith::AddFOp::create(builder, loc, outside, result).getResult();
    result.replaceAllUsesExcept(total, total.getDefiningOp());
  }
  dependence.invalidate();
}

void Simplifier::remarkOnRest() {
  for (Value summand : getSummands())
    remark::analysis(summand.getLoc(), remarkOptions("sampled")) << remark::add(
        "this {0} is left to the estimator", describe(summand.getDefiningOp()));
}

void Simplifier::run() {
  eraseDeadCode(expect);
  separateUses();
  replaceDensities();
  replaceStackDensities();
  if (!options.divergencesOnly) {
    replaceJointDensities();
    replaceForms();
  }
  eraseDeadCode(expect);
  splitPlates();
  eraseDeadCode(expect);
  hoist();
  splitResults();
  eraseDeadCode(expect);
  remarkOnRest();
  if (!expect->use_empty() || expect.getNumResults() == 0)
    return;
  expect.erase();
}
