//===- DataSet.h - named arrays read from files -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_DATASET_H
#define VI_DATA_DATASET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vi {
namespace data {

/// What the elements of an array are. `Bool` has one byte an element, 0 or 1.
enum class ElementKind {
  Float64,
  Float32,
  Float16,
  Int64,
  Int32,
  Int16,
  Int8,
  UInt64,
  UInt32,
  UInt16,
  UInt8,
  Bool
};

/// The size of an element in bytes.
unsigned getElementSize(ElementKind kind);

/// How messages name the kind: "64-bit real numbers", "integers", ...
llvm::StringRef describeElementKind(ElementKind kind);

/// An array: row-major, contiguous, owned or mapped from a file. An array that
/// several files hold, one after the other along the first dimension, is that
/// of its `shards`, and has no `data`.
struct DataArray {
  std::string name;
  /// The file, as the user spelled it.
  std::string file;
  ElementKind kind = ElementKind::Float64;
  /// The sizes, outermost first; empty for a scalar.
  std::vector<int64_t> shape;
  const void *data = nullptr;
  /// Keeps `data` alive.
  std::shared_ptr<const void> owner;

  /// Text: the elements are `Int64` codes that count from 0 in these names,
  /// which are sorted by their bytes.
  std::vector<std::string> levels;
  bool isText = false;
  /// The first cell of a text column that is no number, e.g. `"low" in line 3`.
  std::string exampleOfText;

  /// A column of a CSV file.
  bool isColumn = false;
  /// The line of each element of a column, from 1.
  std::shared_ptr<const std::vector<int64_t>> lines;

  /// The parts, which have the array's kind and sizes, but for the first size.
  std::vector<DataArray> shards;

  /// What is wrong with the entry, if anything is: told to whoever asks for
  /// it, so that entries that no model uses may be what they want.
  std::string problem;

  int64_t getElementCount() const;
};

/// The entries of one or more data files.
class DataSet {
public:
  /// Adds an entry; the name must be new.
  llvm::Error add(DataArray array);

  /// The entry of that name, or null.
  const DataArray *lookup(llvm::StringRef name) const;

  /// All entries in the order of the files.
  llvm::ArrayRef<DataArray> getEntries() const { return entries; }

  /// The files read, as the user spelled them.
  std::vector<std::string> files;

private:
  std::vector<DataArray> entries;
  llvm::StringMap<size_t> positions;
};

/// Reads a data file into the set. `argument` is `FILE` or, for `.npy`,
/// `NAME=FILES`, where FILES is a file, a pattern (`part-*.npy`: the files that
/// match, numbers in their names in the order of numbers), or several of these
/// with commas between: the shards of one array. JSON, CSV and `.npy` are told
/// apart by the file's suffix and, where it has none of these, by its first
/// bytes.
llvm::Error readDataFile(llvm::StringRef argument, DataSet &set);

/// Reads one JSON object in CmdStan's form: name -> number, or nested lists of
/// numbers (row-major arrays). Booleans are 0 and 1 of kind `Bool`. Integers
/// stay integers where all of an entry's elements are. NaN and infinities are
/// bare atoms (NaN, Infinity, Inf, -Inf) or strings. The file is parsed as a
/// stream, without a document tree.
llvm::Error readJSON(llvm::StringRef path, DataSet &set);

/// Reads a CSV file (RFC 4180) with a header: each column is an array. A
/// column is boolean (true, false in any case), integer, real or text. Text
/// becomes levels, sorted by their bytes as in R's factor() in the C locale,
/// so that the codes depend on the names alone and not on the order of rows.
/// A missing cell (empty, NA, NaN) makes its column unusable.
llvm::Error readCSV(llvm::StringRef path, DataSet &set);

/// Maps a `.npy` file (format 1.0 to 3.0, little-endian) from disk. Arrays in
/// Fortran order are copied to C order.
llvm::Error readNPY(llvm::StringRef path, llvm::StringRef name, DataSet &set);

} // namespace data
} // namespace vi

#endif // VI_DATA_DATASET_H
