//===- Shapes.h - sizes of values as functions of the data -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DIALECT_VI_TRANSFORMS_SHAPES_H
#define VI_DIALECT_VI_TRANSFORMS_SHAPES_H

#include "vi/Dialect/VI/IR/VI.h"

#include "mlir/IR/IRMapping.h"

namespace vi {

/// Emits, at the builder's insertion point, the value of an index expression
/// of another place, by cloning the pure operations that it is made of.
/// `mapping` gives the values that stand for the data arguments there; cloned
/// values are added to it. Sizes of sites, parameters, slices and stacks are
/// traced to what they are declared with. Null where the expression depends on
/// anything but data.
mlir::Value buildSize(mlir::OpBuilder &builder, mlir::Value size,
                      mlir::IRMapping &mapping);

/// Emits the size of dimension `dimension` of a tensor of another place; see
/// `buildSize`.
mlir::Value buildDimension(mlir::OpBuilder &builder, mlir::Value tensor,
                           unsigned dimension, mlir::IRMapping &mapping);

/// Emits the number of members of a plate or of iterations of a loop of another
/// place; see `buildSize`.
mlir::Value buildRepetitionCount(mlir::OpBuilder &builder,
                                 mlir::Operation *repetition,
                                 mlir::IRMapping &mapping);

/// Emits how often a site is met: the number of members of each plate and of
/// iterations of each loop around it, outermost first. An error at the site
/// where a number depends on more than the data.
llvm::LogicalResult
buildRepetitionCounts(mlir::OpBuilder &builder, mlir::Operation *site,
                      mlir::IRMapping &mapping,
                      llvm::SmallVectorImpl<mlir::Value> &counts);

/// Emits the whole shape of a site: how often it is met
/// (`buildRepetitionCounts`), then the dimensions of its value. An error at the
/// site where a size depends on more than the data.
llvm::LogicalResult buildSiteShape(mlir::OpBuilder &builder,
                                   mlir::Operation *site, mlir::Value value,
                                   mlir::IRMapping &mapping,
                                   llvm::SmallVectorImpl<mlir::Value> &shape);

/// The product of sizes.
mlir::Value buildProduct(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::ValueRange sizes);

/// The type of a tensor of `shape`, static where sizes are constants.
mlir::RankedTensorType getTensorType(mlir::ValueRange shape,
                                     mlir::Type element);

/// Places for arrays that lie one after the other in a flat vector.
class FlatLayout {
public:
  /// The first array is at 0.
  FlatLayout(mlir::OpBuilder &builder, mlir::Location loc);
  /// Emits the offset of the next array, which has that shape.
  mlir::Value add(mlir::ValueRange shape);
  /// The number of elements of all arrays so far.
  mlir::Value getCount() const { return end; }

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value end;
};

/// A number or tensor of floats with elements of type `element`, extended or
/// rounded.
mlir::Value convertFloats(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value value, mlir::Type element);

/// The tensor of shape `shape` (sizes as values, of which constants make static
/// dimensions) that lies row-major at `offset` in the vector `flat`; its scalar
/// where the shape is empty.
mlir::Value buildUnflatten(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value flat, mlir::Value offset,
                           mlir::ValueRange shape, mlir::Type type);

/// `flat` with the elements of `value` written row-major at `offset`.
mlir::Value buildFlatten(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value value, mlir::ValueRange shape,
                         mlir::Value flat, mlir::Value offset);

} // namespace vi

#endif // VI_DIALECT_VI_TRANSFORMS_SHAPES_H
