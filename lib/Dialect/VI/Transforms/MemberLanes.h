//===- MemberLanes.h - members of a plate as lanes of vectors -*- C++ -*---===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERLANES_H
#define VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERLANES_H

#include "mlir/IR/PatternMatch.h"
#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"

namespace vi {

/// Writes the program of one member of a plate for `lanes` members at once.
///
/// What is the same for all members stays as it is. What differs is kept in one
/// of these forms:
///
/// - a scalar: `vector<lanes x T>`;
/// - a slice of a tensor that has a row for each member: the rows of the tile,
///   `tensor<lanes x D x T>`, or, for a few elements, as the next;
/// - another tensor: a *tile*, `tensor<D x lanes x T>`, members innermost;
/// - a running sum, scalar: a vector of partial sums, one for each lane;
/// - a running sum, tensor: the tensor itself, with all members added, or a
/// tile
///   of partial sums, one for each lane.
///
/// A computation without a form of this kind (a branch, a loop whose bounds
/// differ between members) makes `emitTile` return failure; what was emitted so
/// far is of no use then.
class MemberLanes {
public:
  /// The tile holds members `base` .. `base + lanes - 1`, all of them valid.
  MemberLanes(mlir::OpBuilder &builder, int64_t lanes, mlir::Value base)
      : builder(builder), lanes(lanes), base(base) {}

  /// Writes the body of `plate` for the tile. `sums` are the partial sums so
  /// far, `stacks` the stacked tensors; on success they are those after the
  /// tile. The first row of the stacks is that of member `firstRow`, of member
  /// 0 where it is null.
  mlir::LogicalResult emitTile(PlateOp plate,
                               llvm::SmallVectorImpl<mlir::Value> &sums,
                               llvm::SmallVectorImpl<mlir::Value> &stacks,
                               mlir::Value firstRow = {});

  /// Whether a sum of type `type` can be kept for each lane.
  static bool canKeepForEachLane(mlir::Type type, int64_t lanes);

  /// The number of a sum that must not be kept for each lane, after a failure
  /// that is due to that; none where it is due to something else.
  std::optional<unsigned> getUnsuitableSum() const { return unsuitableSum; }

private:
  /// How the value of one member is kept.
  enum class Form {
    /// The same for all members.
    Uniform,
    /// A scalar: a vector of lanes.
    Lanes,
    /// A scalar of index type: `value + lane`.
    Consecutive,
    /// A tensor of this tile's members, `D x lanes`.
    Tile,
    /// Rows of a tensor, `lanes x D`.
    Rows,
    /// A running sum that is a tensor.
    Sum,
    /// The same, kept for each lane: `D x lanes`.
    LaneSum,
    /// An element of a running sum with contributions added to it.
    Element
  };
  struct Entry {
    Form form = Form::Uniform;
    mlir::Value value;
    /// Of an element: the running sum's indices, as of one member.
    llvm::SmallVector<mlir::Value> indices;
    /// Of a running sum and its elements: its number, and whether it is kept
    /// for each lane.
    unsigned sum = 0;
    bool eachLane = false;
    /// Of an element: vector of contributions, null where there are none.
    mlir::Value contribution;
  };

  mlir::LogicalResult emitBlock(mlir::Block *block);
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitElementwise(mlir::Operation *op);
  mlir::LogicalResult emitEachLane(mlir::Operation *op);
  mlir::LogicalResult emitExtract(mlir::Operation *op);
  mlir::LogicalResult emitInsert(mlir::Operation *op);
  mlir::LogicalResult emitExtractSlice(mlir::Operation *op);
  mlir::LogicalResult emitGatheredSlice(mlir::tensor::ExtractSliceOp op);
  mlir::LogicalResult emitInsertSlice(mlir::Operation *op);
  mlir::LogicalResult emitFromElements(mlir::Operation *op);
  mlir::LogicalResult emitSplat(mlir::Operation *op);
  mlir::LogicalResult emitDim(mlir::Operation *op);
  mlir::LogicalResult emitGeneric(mlir::Operation *op);
  /// Writes the results `results` of `generic`, which are all sums over lanes,
  /// or none is.
  mlir::LogicalResult emitGeneric(mlir::linalg::GenericOp generic,
                                  llvm::ArrayRef<unsigned> results,
                                  bool areSums);
  mlir::LogicalResult emitFor(mlir::Operation *op);
  mlir::LogicalResult emitPlate(PlateOp plate);
  /// What a loop inside a member carries: the entries of `inits` as they are
  /// carried, and their values.
  mlir::LogicalResult getCarried(mlir::ValueRange inits,
                                 llvm::SmallVectorImpl<Entry> &carried,
                                 llvm::SmallVectorImpl<mlir::Value> &values);
  /// Enters the values `after` of what is carried for the member's `before`.
  void setCarried(llvm::ArrayRef<Entry> carried, mlir::ValueRange before,
                  mlir::ValueRange after);
  /// The next values of what is carried, from those that the member yields.
  mlir::LogicalResult getNext(llvm::ArrayRef<Entry> carried,
                              mlir::ValueRange yielded,
                              llvm::SmallVectorImpl<mlir::Value> &next);
  mlir::LogicalResult addToLaneSum(mlir::Operation *op, const Entry &target,
                                   const Entry &element);
  mlir::LogicalResult addToElements(mlir::Operation *op, const Entry &element);

  /// The entry of a value of the member's program, or of one from outside.
  Entry lookup(mlir::Value value);
  bool isUniform(mlir::Value value) {
    return lookup(value).form == Form::Uniform;
  }
  /// Whether neither operands nor captured values differ between members.
  bool isUniform(mlir::Operation *op);
  void set(mlir::Value value, Form form, mlir::Value replacement);
  /// The value of running sum `like` is now `replacement`.
  void setSum(mlir::Value value, const Entry &like, mlir::Value replacement);
  /// The rows of members from `base` on of a tensor whose rows have a few
  /// elements, as a tile; null where that is not possible without a copy.
  mlir::Value readColumns(mlir::Value tensor);

  /// A scalar as a vector of lanes; null where it has no such form.
  mlir::Value getLanes(mlir::Value value);
  /// A scalar of one lane.
  mlir::Value getLane(mlir::Value value, int64_t lane);
  /// A member's tensor as a tile, or a scalar as a tensor of lanes; null where
  /// it has no such form.
  mlir::Value getTile(mlir::Value value);
  /// A tile of booleans, `D x lanes`, as bytes: in memory, vectors have none
  /// of bits.
  mlir::Value getBytes(mlir::Value rows);
  /// `rows`, `lanes x D`, with members innermost, or a tile, `D x lanes`, with
  /// members outermost: written where the tensor is defined, once.
  mlir::Value transpose(mlir::Value tensor);
  /// Whether an input of `generic`, whose results are (not) sums over lanes, is
  /// better read in the other order of dimensions than it has, as it is read
  /// many times.
  bool isBetterTransposed(mlir::linalg::GenericOp generic,
                          mlir::OpOperand &operand, bool areSums);
  /// A tile of uninitialized members shaped like `like`.
  mlir::Value createTile(mlir::Value like);
  mlir::Value readLanes(mlir::Value tensor, mlir::ValueRange indices);
  mlir::Value writeLanes(mlir::Value lanes, mlir::Value tensor,
                         mlir::ValueRange indices);
  mlir::VectorType getLanesType(mlir::Type scalar);
  mlir::Value getIndex(int64_t value);
  /// The indices `values` as of lane `lane`.
  llvm::SmallVector<mlir::Value> getLaneIndices(mlir::ValueRange values,
                                                int64_t lane);

  mlir::OpBuilder &builder;
  int64_t lanes;
  mlir::Value base;
  llvm::DenseMap<mlir::Value, Entry> entries;
  llvm::DenseMap<mlir::Value, mlir::Value> bytes, transposed;
  /// Whether the plate is one of data: it has a range.
  bool isData = false;

  std::optional<unsigned> unsuitableSum;
};

} // namespace vi

#endif // VI_LIB_DIALECT_VI_TRANSFORMS_MEMBERLANES_H
