//===- LowerMatrix.cpp - factorizations and solves to loops ---------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/VI.h"
#include "vi/Dialect/VI/Transforms/Passes.h"

namespace vi {
#define GEN_PASS_DEF_LOWERMATRIX
#include "vi/Dialect/VI/Transforms/Passes.h.inc"
} // namespace vi

using namespace mlir;

namespace {

/// Writes loops over tensors: a body gets the loop's index and the carried
/// values and returns their next values.
class LoopBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Body = llvm::function_ref<Value(Value index, Value carried)>;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }

  /// for index = lower .. upper - 1: carried = body(index, carried)
  Value loop(Value lower, Value upper, Value init, Body body) {
    auto op = scf::ForOp::create(
        *this, lower, upper, index(1), ValueRange{init},
        [&](OpBuilder &nested, Location loc, Value i, ValueRange carried) {
          InsertionGuard guard(*this);
          setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
          Value next = body(i, carried.front());
          scf::YieldOp::create(*this, next);
          nested.setInsertionPointToEnd(getInsertionBlock());
        });
    return op.getResult(0);
  }

  Value extract(Value tensor, ValueRange indices) {
    return tensor::ExtractOp::create(*this, tensor, indices);
  }
  Value insert(Value element, Value tensor, ValueRange indices) {
    return tensor::InsertOp::create(*this, element, tensor, indices);
  }
  Value add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
  Value subtract(Value a, Value b) {
    return arith::SubIOp::create(*this, a, b);
  }
  Value subf(Value a, Value b) { return arith::SubFOp::create(*this, a, b); }
  Value mulf(Value a, Value b) { return arith::MulFOp::create(*this, a, b); }
  Value divf(Value a, Value b) { return arith::DivFOp::create(*this, a, b); }
};

/// L by rows: L[i, j] = (A[i, j] - L[i, :j] . L[j, :j]) / L[j, j] for j < i,
/// and the square root of that difference for j = i.
void lowerCholesky(vi::CholeskyOp op, RewriterBase &rewriter) {
  LoopBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value matrix = op.getMatrix();
  auto type = cast<RankedTensorType>(matrix.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value zero = b.index(0);
  Value size = tensor::DimOp::create(b, matrix, zero);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), matrix);
  Value zeroElement =
      arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
  Value nan = arith::ConstantOp::create(
      b,
      b.getFloatAttr(element, APFloat::getQNaN(element.getFloatSemantics())));
  Value empty = tensor::EmptyOp::create(b, sizes, element);
  if (empty.getType() != type)
    empty = tensor::CastOp::create(b, type, empty);
  Value factor = linalg::FillOp::create(b, zeroElement, empty).getResult(0);

  // A[i, j] - sum over k < j of L[i, k] L[j, k].
  auto remainder = [&](Value factor, Value i, Value j) {
    return b.loop(zero, j, b.extract(matrix, {i, j}), [&](Value k, Value sum) {
      return b.subf(
          sum, b.mulf(b.extract(factor, {i, k}), b.extract(factor, {j, k})));
    });
  };
  factor = b.loop(zero, size, factor, [&](Value i, Value factor) {
    factor = b.loop(zero, i, factor, [&](Value j, Value factor) {
      Value quotient =
          b.divf(remainder(factor, i, j), b.extract(factor, {j, j}));
      return b.insert(quotient, factor, {i, j});
    });
    Value square = remainder(factor, i, i);
    Value positive = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, square,
                                           zeroElement);
    Value root = math::SqrtOp::create(b, square);
    root = arith::SelectOp::create(b, positive, root, nan);
    return b.insert(root, factor, {i, i});
  });
  rewriter.replaceOp(op, factor);
}

/// Solves in place, starting from the right-hand side.
/// L x = b by rows: x[i] = (b[i] - sum over k < i of L[i, k] x[k]) / L[i, i].
/// L^T x = b from the last row up, still reading L by rows:
/// x[i] = b[i] / L[i, i], then b[k] -= L[i, k] x[i] for k < i.
void lowerTriangularSolve(vi::TriangularSolveOp op, RewriterBase &rewriter) {
  LoopBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value factor = op.getFactor(), rhs = op.getRhs();
  bool isMatrix = cast<RankedTensorType>(rhs.getType()).getRank() == 2;
  Value zero = b.index(0), one = b.index(1);
  Value size = tensor::DimOp::create(b, rhs, zero);
  Value columns =
      isMatrix ? Value(tensor::DimOp::create(b, rhs, one)) : Value();

  // Runs `body` for each element of row i.
  auto forColumns =
      [&](Value x, Value i,
          llvm::function_ref<Value(Value x, SmallVector<Value> element,
                                   SmallVector<Value> column)>
              body) {
        if (!isMatrix)
          return body(x, {i}, {});
        return b.loop(zero, columns, x,
                      [&](Value c, Value x) { return body(x, {i, c}, {c}); });
      };
  auto at = [&](Value row, ArrayRef<Value> column) {
    SmallVector<Value> indices{row};
    llvm::append_range(indices, column);
    return indices;
  };
  auto divideRow = [&](Value x, Value i) {
    Value pivot = b.extract(factor, {i, i});
    return forColumns(x, i, [&](Value x, ArrayRef<Value> element, auto) {
      return b.insert(b.divf(b.extract(x, element), pivot), x, element);
    });
  };
  // x[to, :] -= scale * x[from, :]
  auto subtractRow = [&](Value x, Value to, Value from, Value scale) {
    return forColumns(
        x, to, [&](Value x, ArrayRef<Value> element, ArrayRef<Value> column) {
          Value product = b.mulf(scale, b.extract(x, at(from, column)));
          return b.insert(b.subf(b.extract(x, element), product), x, element);
        });
  };

  // The loops work on a copy of the right-hand side, element by element: as one
  // operation on tensors it would be folded away, and made again by
  // bufferization in a buffer of its own.
  Value start = tensor::EmptyOp::create(
      b, tensor::getMixedSizes(b, b.getLoc(), rhs),
      cast<RankedTensorType>(rhs.getType()).getElementType());
  if (start.getType() != rhs.getType())
    start = tensor::CastOp::create(b, rhs.getType(), start);
  start = b.loop(zero, size, start, [&](Value i, Value x) {
    return forColumns(x, i, [&](Value x, ArrayRef<Value> element, auto) {
      return b.insert(b.extract(rhs, element), x, element);
    });
  });
  Value solution;
  if (!op.getTranspose()) {
    solution = b.loop(zero, size, start, [&](Value i, Value x) {
      x = b.loop(zero, i, x, [&](Value k, Value x) {
        return subtractRow(x, i, k, b.extract(factor, {i, k}));
      });
      return divideRow(x, i);
    });
  } else {
    solution = b.loop(zero, size, start, [&](Value step, Value x) {
      Value i = b.subtract(b.subtract(size, one), step);
      x = divideRow(x, i);
      return b.loop(zero, i, x, [&](Value k, Value x) {
        return subtractRow(x, k, i, b.extract(factor, {i, k}));
      });
    });
  }
  rewriter.replaceOp(op, solution);
}

struct LowerMatrix : vi::impl::LowerMatrixBase<LowerMatrix> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<vi::CholeskyOp, vi::TriangularSolveOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      if (auto cholesky = dyn_cast<vi::CholeskyOp>(op))
        lowerCholesky(cholesky, rewriter);
      else
        lowerTriangularSolve(cast<vi::TriangularSolveOp>(op), rewriter);
    }
  }
};

} // namespace
