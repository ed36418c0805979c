//===- Binding.h - data arrays for a model's arguments -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_BINDING_H
#define VI_DATA_BINDING_H

#include "vi/Data/DataSet.h"
#include "vi/Data/Rows.h"

#include <optional>

namespace vi {
namespace data {

/// An argument's declaration that its elements are indices (`#vi.index`).
struct IndexDescription {
  /// What indices count from in the data.
  int64_t base = 0;
  /// The integer argument that holds the size of what they index; if empty,
  /// `size` is the size.
  std::string sizeArgument;
  int64_t size = 0;
};

/// A data argument of a model.
struct ArgumentDescription {
  /// A size that the data decides.
  static constexpr int64_t kDynamic = -1;

  std::string name;
  /// `index` is `Int64`; `i1` is `Bool`.
  ElementKind kind = ElementKind::Float64;
  /// The sizes, or `kDynamic`; empty for a scalar.
  std::vector<int64_t> sizes;
  std::optional<IndexDescription> index;
  /// Whether rows (along the first dimension) are gathered of it, a few at a
  /// time: it is then checked, but neither converted nor put together.
  bool isStreamed = false;
  /// Where the model declares it, e.g. "model.mlir:3:20"; may be empty.
  std::string location;
};

/// The array for an argument, in the argument's kind and rank. Indices are as
/// in the data, counted from their base.
struct BoundArgument {
  std::string name;
  ElementKind kind = ElementKind::Float64;
  std::vector<int64_t> shape;
  /// Row-major; a scalar is one element. Null only where the argument is
  /// streamed, and the files have it in several parts or in another kind.
  const void *data = nullptr;
  /// The rows of a streamed argument, wherever they are.
  std::shared_ptr<const RowSource> rows;
  std::shared_ptr<const void> owner;
  /// The level names of a text column, in the order of the codes.
  std::vector<std::string> levels;
  /// The files' parts of it, where there are several.
  std::vector<DataArray> shards;
  /// The file that the data came from; empty if none has them.
  std::string file;
  /// Of a table: the line of each row.
  std::shared_ptr<const std::vector<int64_t>> lines;

  int64_t getElementCount() const;

  /// Puts the whole array into memory, if it is not.
  void materialize();

  /// How messages name the element at a row-major position, counted from 1:
  /// "data.csv: `x[2,3]` (line 4)".
  std::string describeElement(int64_t position) const;
};

/// Finds the entry for each argument, converts it where types differ (no copy
/// where they do not), and checks ranks, sizes, ranges of indices, and that
/// every number is finite. Entries that no argument names are ignored. The
/// error holds a message for each argument at fault.
///
/// - A matrix argument `x` may come from columns `x.1`, `x.2`, ... or `x[1]`,
///   `x[2]`, ... of a CSV file, CmdStan's names: rows are the first dimension.
/// - A column of one row may be a scalar.
/// - An integer argument that no file has and that is the size of an index
///   argument bound to a text column is the number of that column's levels.
llvm::Expected<std::vector<BoundArgument>>
bindArguments(llvm::ArrayRef<ArgumentDescription> arguments,
              const DataSet &set);

} // namespace data
} // namespace vi

#endif // VI_DATA_BINDING_H
