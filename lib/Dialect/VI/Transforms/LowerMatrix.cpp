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
#include "llvm/ADT/TypeSwitch.h"

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

  /// for index = lower .. upper - 1 by step: carried = body(index, carried)
  Value loop(Value lower, Value upper, Value init, Body body,
             int64_t step = 1) {
    auto op = scf::ForOp::create(
        *this, lower, upper, index(step), ValueRange{init},
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
  Value smaller(Value a, Value b) {
    return arith::MinSIOp::create(*this, a, b);
  }
  Value subf(Value a, Value b) { return arith::SubFOp::create(*this, a, b); }
  Value mulf(Value a, Value b) { return arith::MulFOp::create(*this, a, b); }
  Value divf(Value a, Value b) { return arith::DivFOp::create(*this, a, b); }
};

/// A tensor shaped like `like`, uninitialized.
Value createLike(LoopBuilder &b, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  Value empty = tensor::EmptyOp::create(
      b, tensor::getMixedSizes(b, b.getLoc(), like), type.getElementType());
  return empty.getType() == type ? empty
                                 : tensor::CastOp::create(b, type, empty);
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

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
  Value zeroElement =
      arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
  Value nan = arith::ConstantOp::create(
      b,
      b.getFloatAttr(element, APFloat::getQNaN(element.getFloatSemantics())));
  Value factor = linalg::FillOp::create(b, zeroElement, createLike(b, matrix))
                     .getResult(0);

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
  Value start = b.loop(zero, size, createLike(b, rhs), [&](Value i, Value x) {
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

/// The algorithm of S. P. Smith (1995), "Differentiation of the Cholesky
/// Algorithm", in place on a copy X of Lbar's lower triangle: for the last
/// column j first, with d = L[j, j],
///
///   X[j, j] = (X[j, j] - X[j+1:, j] . L[j+1:, j] / d) / d, X[j+1:, j] /= d,
///   X[j, :j] -= X[j:, j]^T L[j:, :j], X[j+1:, :j] -= X[j+1:, j] L[j, :j],
///   X[j, j] /= 2.
void lowerCholeskyAdjoint(vi::CholeskyAdjointOp op, RewriterBase &rewriter) {
  LoopBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value factor = op.getFactor(), adjoint = op.getAdjoint();
  auto element = cast<FloatType>(
      cast<RankedTensorType>(factor.getType()).getElementType());
  Value zero = b.index(0), one = b.index(1);
  Value size = tensor::DimOp::create(b, factor, zero);
  auto constant = [&](double number) {
    return arith::ConstantOp::create(b, b.getFloatAttr(element, number));
  };
  Value x = linalg::FillOp::create(b, constant(0.0).getResult(),
                                   createLike(b, factor))
                .getResult(0);
  x = b.loop(zero, size, x, [&](Value i, Value x) {
    return b.loop(zero, b.add(i, one), x, [&](Value j, Value x) {
      return b.insert(b.extract(adjoint, {i, j}), x, {i, j});
    });
  });
  // x[i, k] -= p q
  auto subtract = [&](Value x, Value i, Value k, Value p, Value q) {
    return b.insert(b.subf(b.extract(x, {i, k}), b.mulf(p, q)), x, {i, k});
  };
  x = b.loop(zero, size, x, [&](Value step, Value x) {
    Value j = b.subtract(b.subtract(size, one), step);
    Value behind = b.add(j, one);
    Value pivot = b.extract(factor, {j, j});
    x = b.loop(behind, size, x, [&](Value i, Value x) {
      Value quotient = b.divf(b.extract(x, {i, j}), pivot);
      x = b.insert(quotient, x, {i, j});
      return subtract(x, j, j, quotient, b.extract(factor, {i, j}));
    });
    x = b.insert(b.divf(b.extract(x, {j, j}), pivot), x, {j, j});
    x = b.loop(j, size, x, [&](Value i, Value x) {
      Value scale = b.extract(x, {i, j});
      return b.loop(zero, j, x, [&](Value k, Value x) {
        return subtract(x, j, k, scale, b.extract(factor, {i, k}));
      });
    });
    x = b.loop(behind, size, x, [&](Value i, Value x) {
      Value scale = b.extract(x, {i, j});
      return b.loop(zero, j, x, [&](Value k, Value x) {
        return subtract(x, i, k, scale, b.extract(factor, {j, k}));
      });
    });
    return b.insert(b.mulf(b.extract(x, {j, j}), constant(0.5)), x, {j, j});
  });
  rewriter.replaceOp(op, x);
}

//===----------------------------------------------------------------------===//
// By blocks
//===----------------------------------------------------------------------===//

/// Rows of a block. Nearly all of the work is in products of matrices, which
/// are vectorized and blocked for caches and registers later; inside of a block
/// it is in products of a vector and a matrix, whose share grows with the
/// block.
constexpr int64_t blockSize = 32;

/// Builds with parts of tensors.
class BlockBuilder : public LoopBuilder {
public:
  using LoopBuilder::LoopBuilder;

  /// The part of `tensor` from `offsets` on. A size of null drops the
  /// dimension.
  Value slice(Value tensor, ArrayRef<Value> offsets, ArrayRef<Value> sizes) {
    Slice part = getSlice(offsets, sizes);
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<int64_t> shape;
    for (auto [size, mixed] : llvm::zip(sizes, part.sizes))
      if (size)
        shape.push_back(
            getConstantIntValue(mixed).value_or(ShapedType::kDynamic));
    return tensor::ExtractSliceOp::create(
        *this, RankedTensorType::get(shape, type.getElementType()), tensor,
        part.offsets, part.sizes, part.strides);
  }
  /// `tensor` with `part` in the place that `slice` would read.
  Value replace(Value tensor, Value part, ArrayRef<Value> offsets,
                ArrayRef<Value> sizes) {
    Slice place = getSlice(offsets, sizes);
    return tensor::InsertSliceOp::create(*this, part, tensor, place.offsets,
                                         place.sizes, place.strides);
  }

  Value empty(Type element, ArrayRef<Value> sizes) {
    return tensor::EmptyOp::create(*this, getAsOpFoldResult(sizes), element);
  }

  /// A map of `dims` dimensions.
  AffineMap map(unsigned dims, ArrayRef<unsigned> results) {
    SmallVector<AffineExpr> expressions;
    for (unsigned result : results)
      expressions.push_back(getAffineDimExpr(result));
    return AffineMap::get(dims, 0, expressions, getContext());
  }

  /// `init` with elements computed from `inputs`, all through maps.
  Value generic(ValueRange inputs, Value init, ArrayRef<AffineMap> maps,
                llvm::function_ref<Value(LoopBuilder &, ValueRange)> body) {
    AffineMap out = maps.back();
    SmallVector<utils::IteratorType> iterators(out.getNumDims(),
                                               utils::IteratorType::reduction);
    for (AffineExpr result : out.getResults())
      iterators[cast<AffineDimExpr>(result).getPosition()] =
          utils::IteratorType::parallel;
    return linalg::GenericOp::create(
               *this, TypeRange(init.getType()), inputs, ValueRange(init), maps,
               iterators,
               [&](OpBuilder &nested, Location loc, ValueRange elements) {
                 LoopBuilder b(loc, getContext());
                 b.setInsertionPoint(nested.getInsertionBlock(),
                                     nested.getInsertionPoint());
                 linalg::YieldOp::create(b, body(b, elements));
               })
        .getResult(0);
  }

  /// `part` in memory of its own: reading other parts of the same tensor and
  /// writing this one then needs no proof that they do not meet.
  Value copy(Value part, Value target) {
    auto rank = cast<RankedTensorType>(part.getType()).getRank();
    SmallVector<AffineMap> maps(2, getMultiDimIdentityMap(rank));
    return generic(part, target, maps, [](LoopBuilder &, ValueRange elements) {
      return elements[0];
    });
  }

  /// `init` minus a sum of products, written as a sum, which may be added up in
  /// any order.
  Value subtractProducts(Value init, Value left, Value right,
                         ArrayRef<AffineMap> maps) {
    return generic({left, right}, init, maps,
                   [](LoopBuilder &b, ValueRange elements) {
                     Value minus = arith::NegFOp::create(b, elements[0]);
                     return arith::AddFOp::create(b, elements[2],
                                                  b.mulf(minus, elements[1]))
                         .getResult();
                   });
  }

private:
  struct Slice {
    SmallVector<OpFoldResult> offsets, sizes, strides;
  };
  Slice getSlice(ArrayRef<Value> offsets, ArrayRef<Value> sizes) {
    Slice result;
    result.offsets = getAsOpFoldResult(offsets);
    for (Value size : sizes)
      result.sizes.push_back(size ? getAsOpFoldResult(size)
                                  : OpFoldResult(getIndexAttr(1)));
    result.strides.assign(offsets.size(), getIndexAttr(1));
    return result;
  }
};

/// Block after block of columns J, with those before done. The block is kept
/// transposed, R[k, c] = L[c, J[k]], so that it is solved along rows:
///
///   R = A[J:, J]^T - L[J, :J] L[J:, :J]^T, then for each row k
///   R[k, :] = (R[k, :] - sum over l < k of R[l, k] R[l, :]) / sqrt(R[k, k]).
///
/// What stands left of R's diagonal is never read.
void blockCholesky(vi::CholeskyOp op, RewriterBase &rewriter) {
  BlockBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value matrix = op.getMatrix();
  auto type = cast<RankedTensorType>(matrix.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value zero = b.index(0), null;
  Value size = tensor::DimOp::create(b, matrix, zero);
  Value zeroElement =
      arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
  Value nan = arith::ConstantOp::create(
      b,
      b.getFloatAttr(element, APFloat::getQNaN(element.getFloatSemantics())));
  Value factor = linalg::FillOp::create(b, zeroElement, createLike(b, matrix))
                     .getResult(0);
  AffineMap straight = b.map(2, {0, 1}), transposed = b.map(2, {1, 0});

  auto solveRows = [&](Value block, Value rows, Value width) {
    return b.loop(zero, rows, block, [&](Value k, Value block) {
      Value row = b.copy(b.slice(block, {k, zero}, {null, width}),
                         b.empty(element, {width}));
      row =
          b.subtractProducts(row, b.slice(block, {zero, k}, {k, null}),
                             b.slice(block, {zero, zero}, {k, width}),
                             {b.map(2, {1}), b.map(2, {1, 0}), b.map(2, {0})});
      Value square = b.extract(row, {k});
      Value positive = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                             square, zeroElement);
      Value root = math::SqrtOp::create(b, square);
      root = arith::SelectOp::create(b, positive, root, nan);
      row = b.generic(ValueRange(), row, {b.map(1, {0})},
                      [&](LoopBuilder &b, ValueRange elements) {
                        return b.divf(elements[0], root);
                      });
      return b.replace(block, row, {k, zero}, {null, width});
    });
  };
  factor = b.loop(
      zero, size, factor,
      [&](Value begin, Value factor) {
        Value width = b.subtract(size, begin);
        Value rows = b.smaller(b.index(blockSize), width);
        Value block = b.generic(
            b.slice(matrix, {begin, begin}, {width, rows}),
            b.empty(element, {rows, width}), {transposed, straight},
            [](LoopBuilder &, ValueRange elements) { return elements[0]; });
        block = b.subtractProducts(
            block, b.slice(factor, {begin, zero}, {rows, begin}),
            b.slice(factor, {begin, zero}, {width, begin}),
            {b.map(3, {0, 2}), b.map(3, {1, 2}), b.map(3, {0, 1})});
        block = solveRows(block, rows, width);
        Value columns = b.generic(
            block, b.slice(factor, {begin, begin}, {width, rows}),
            {transposed, straight}, [&](LoopBuilder &b, ValueRange elements) {
              Value row = linalg::IndexOp::create(b, 0);
              Value column = linalg::IndexOp::create(b, 1);
              Value isLower = arith::CmpIOp::create(
                  b, arith::CmpIPredicate::sge, row, column);
              return arith::SelectOp::create(b, isLower, elements[0],
                                             zeroElement)
                  .getResult();
            });
        return b.replace(factor, columns, {begin, begin}, {width, rows});
      },
      blockSize);
  rewriter.replaceOp(op, factor);
}

/// Block after block of rows J of the solution, with those before (transposed:
/// behind) done: X = B[J] - L[J, :J] X[:J], or B[J] - L[J:, J]^T X[J:], then
/// row after row of the block the same.
void blockTriangularSolve(vi::TriangularSolveOp op, RewriterBase &rewriter) {
  BlockBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value factor = op.getFactor(), rhs = op.getRhs();
  auto type = cast<RankedTensorType>(rhs.getType());
  Type element = type.getElementType();
  bool transpose = op.getTranspose();
  Value zero = b.index(0), one = b.index(1);
  Value size = tensor::DimOp::create(b, rhs, zero);
  // A vector has no columns.
  SmallVector<Value> columns, columnOffset;
  if (type.getRank() == 2) {
    columns.push_back(tensor::DimOp::create(b, rhs, one));
    columnOffset.push_back(zero);
  }
  auto at = [&](Value row) {
    SmallVector<Value> offsets{row};
    llvm::append_range(offsets, columnOffset);
    return offsets;
  };
  auto sizes = [&](Value rows) {
    SmallVector<Value> all{rows};
    llvm::append_range(all, columns);
    return all;
  };
  // Dimensions: row, column (if there are any), summed.
  unsigned summed = 1 + columns.size();
  auto map = [&](SmallVector<unsigned> results, bool withColumns) {
    if (withColumns && !columns.empty())
      results.push_back(1);
    return b.map(summed + 1, results);
  };
  SmallVector<AffineMap> maps{transpose ? map({summed, 0}, false)
                                        : map({0, summed}, false),
                              map({summed}, true), map({0}, true)};
  auto factorPart = [&](Value rows, Value rowCount, Value begin, Value count) {
    return transpose ? b.slice(factor, {begin, rows}, {count, rowCount})
                     : b.slice(factor, {rows, begin}, {rowCount, count});
  };
  // The last row first, where `transpose`.
  auto reverse = [&](Value index, Value count) {
    return transpose ? b.subtract(b.subtract(count, one), index) : index;
  };

  auto solveRows = [&](Value block, Value begin, Value rows) {
    return b.loop(zero, rows, block, [&](Value step, Value block) {
      Value i = reverse(step, rows), row = b.add(begin, i);
      Value x = b.copy(b.slice(block, at(i), sizes(one)),
                       b.empty(element, sizes(one)));
      Value known = transpose ? b.add(i, one) : zero;
      Value count = step;
      x = b.subtractProducts(x,
                             factorPart(row, one, b.add(begin, known), count),
                             b.slice(block, at(known), sizes(count)), maps);
      Value pivot = b.extract(factor, {row, row});
      x = b.generic(ValueRange(), x, {b.getMultiDimIdentityMap(type.getRank())},
                    [&](LoopBuilder &b, ValueRange elements) {
                      return b.divf(elements[0], pivot);
                    });
      return b.replace(block, x, at(i), sizes(one));
    });
  };
  Value blocks = arith::CeilDivUIOp::create(b, size, b.index(blockSize));
  Value solution =
      b.loop(zero, blocks, createLike(b, rhs), [&](Value step, Value solution) {
        Value number = reverse(step, blocks);
        Value begin = arith::MulIOp::create(b, number, b.index(blockSize));
        Value rows = b.smaller(b.index(blockSize), b.subtract(size, begin));
        Value block = b.copy(b.slice(rhs, at(begin), sizes(rows)),
                             b.empty(element, sizes(rows)));
        Value known = transpose ? b.add(begin, rows) : zero;
        Value count = transpose ? b.subtract(size, known) : begin;
        block = b.subtractProducts(block, factorPart(begin, rows, known, count),
                                   b.slice(solution, at(known), sizes(count)),
                                   maps);
        block = solveRows(block, begin, rows);
        return b.replace(solution, block, at(begin), sizes(rows));
      });
  rewriter.replaceOp(op, solution);
}

/// Block after block of columns J, the last first, with the symmetric matrix S
/// = Abar + Abar^T = L^-T P L^-1 done for the rows and columns K behind them
/// (I. Murray, 2016, arXiv:1602.07527, section 3.2, with all updates of a block
/// at once when it is its turn):
///
///   S[K, J] = (Lbar[K, J] - S[K, K] L[K, J]) L[J, J]^-1,
///   D = Lbar[J, J] - S[J, K] L[K, J],
///   S[J, J] = L[J, J]^-T (L[J, J]^T D) L[J, J]^-1, the product in the middle
///
/// with its strict upper part replaced by the mirror image of the lower one.
/// Half of the operations of the formula by products and solves of whole
/// matrices go into zeros, and half of the rest into mirror images.
void blockCholeskyAdjoint(vi::CholeskyAdjointOp op, RewriterBase &rewriter) {
  BlockBuilder b(op.getLoc(), rewriter.getContext());
  b.setInsertionPoint(op);
  Value factor = op.getFactor(), adjoint = op.getAdjoint();
  auto type = cast<RankedTensorType>(factor.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value zero = b.index(0);
  Value size = tensor::DimOp::create(b, factor, zero);
  Value zeroElement =
      arith::ConstantOp::create(b, b.getFloatAttr(element, 0.0));
  AffineMap straight = b.map(2, {0, 1}), transposed = b.map(2, {1, 0});
  auto isLower = [](LoopBuilder &b) -> Value {
    Value row = linalg::IndexOp::create(b, 0);
    Value column = linalg::IndexOp::create(b, 1);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, row, column);
  };
  SmallVector<vi::TriangularSolveOp> solves;
  // L[J, J]^-T rhs
  auto solve = [&](Value pivots, Value rhs) {
    solves.push_back(vi::TriangularSolveOp::create(b, rhs.getType(), pivots,
                                                   rhs, /*transpose=*/true));
    return solves.back().getSolution();
  };

  Value blocks = arith::CeilDivUIOp::create(b, size, b.index(blockSize));
  Value all =
      b.loop(zero, blocks, createLike(b, factor), [&](Value step, Value all) {
        Value number = b.subtract(b.subtract(blocks, b.index(1)), step);
        Value begin = arith::MulIOp::create(b, number, b.index(blockSize));
        Value rows = b.smaller(b.index(blockSize), b.subtract(size, begin));
        Value behind = b.add(begin, rows);
        Value below = b.subtract(size, behind);
        Value pivots = b.slice(factor, {begin, begin}, {rows, rows});
        Value column = b.slice(factor, {behind, begin}, {below, rows});

        // Transposed: block[p, i] = S[K[i], J[p]], so that rows are long.
        Value block = b.generic(
            b.slice(adjoint, {behind, begin}, {below, rows}),
            b.empty(element, {rows, below}), {transposed, straight},
            [](LoopBuilder &, ValueRange elements) { return elements[0]; });
        block = b.subtractProducts(
            block, column, b.slice(all, {behind, behind}, {below, below}),
            {b.map(3, {2, 0}), b.map(3, {2, 1}), b.map(3, {0, 1})});
        block = solve(pivots, block);

        Value corner = b.generic(
            b.slice(adjoint, {begin, begin}, {rows, rows}),
            b.empty(element, {rows, rows}), {straight, straight},
            [](LoopBuilder &, ValueRange elements) { return elements[0]; });
        corner = b.subtractProducts(
            corner, block, column,
            {b.map(3, {0, 2}), b.map(3, {2, 1}), b.map(3, {0, 1})});
        auto lower = [&](Value matrix) {
          return b.generic(matrix, b.empty(element, {rows, rows}),
                           {straight, straight},
                           [&](LoopBuilder &b, ValueRange elements) {
                             return arith::SelectOp::create(
                                        b, isLower(b), elements[0], zeroElement)
                                 .getResult();
                           });
        };
        Value product = linalg::FillOp::create(b, zeroElement,
                                               b.empty(element, {rows, rows}))
                            .getResult(0);
        product = b.generic(
            {lower(pivots), lower(corner)}, product,
            {b.map(3, {2, 0}), b.map(3, {2, 1}), b.map(3, {0, 1})},
            [](LoopBuilder &b, ValueRange elements) {
              return arith::AddFOp::create(b, elements[2],
                                           b.mulf(elements[0], elements[1]))
                  .getResult();
            });
        Value mirrored =
            b.generic({product, product}, b.empty(element, {rows, rows}),
                      {straight, transposed, straight},
                      [&](LoopBuilder &b, ValueRange elements) {
                        return arith::SelectOp::create(b, isLower(b),
                                                       elements[0], elements[1])
                            .getResult();
                      });
        Value turned = b.generic(
            solve(pivots, mirrored), b.empty(element, {rows, rows}),
            {transposed, straight},
            [](LoopBuilder &, ValueRange elements) { return elements[0]; });
        corner = solve(pivots, turned);

        all = b.replace(all, corner, {begin, begin}, {rows, rows});
        all = b.replace(all, block, {begin, behind}, {rows, below});
        Value columns = b.generic(
            block, b.slice(all, {behind, begin}, {below, rows}),
            {transposed, straight},
            [](LoopBuilder &, ValueRange elements) { return elements[0]; });
        return b.replace(all, columns, {behind, begin}, {below, rows});
      });
  Value half = arith::ConstantOp::create(b, b.getFloatAttr(element, 0.5));
  Value result = b.generic(
      all, createLike(b, factor), {straight, straight},
      [&](LoopBuilder &b, ValueRange elements) {
        Value row = linalg::IndexOp::create(b, 0);
        Value column = linalg::IndexOp::create(b, 1);
        Value isDiagonal =
            arith::CmpIOp::create(b, arith::CmpIPredicate::eq, row, column);
        Value weighted = arith::SelectOp::create(
            b, isDiagonal, b.mulf(elements[0], half), elements[0]);
        return arith::SelectOp::create(b, isLower(b), weighted, zeroElement)
            .getResult();
      });
  for (vi::TriangularSolveOp inner : solves)
    blockTriangularSolve(inner, rewriter);
  rewriter.replaceOp(op, result);
}

/// Whether `op` is so small that blocks would be a part of it.
bool isSmall(Operation *op) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  return llvm::any_of(type.getShape(), [](int64_t size) {
    return !ShapedType::isDynamic(size) && size <= blockSize;
  });
}

struct LowerMatrix : vi::impl::LowerMatrixBase<LowerMatrix> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<vi::CholeskyOp, vi::CholeskyAdjointOp, vi::TriangularSolveOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      bool byBlocks = blocked && !isSmall(op);
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](vi::CholeskyOp cholesky) {
            (byBlocks ? blockCholesky : lowerCholesky)(cholesky, rewriter);
          })
          .Case([&](vi::CholeskyAdjointOp adjoint) {
            (byBlocks ? blockCholeskyAdjoint : lowerCholeskyAdjoint)(adjoint,
                                                                     rewriter);
          })
          .Case([&](vi::TriangularSolveOp solve) {
            (byBlocks ? blockTriangularSolve : lowerTriangularSolve)(solve,
                                                                     rewriter);
          });
    }
  }
};

} // namespace
