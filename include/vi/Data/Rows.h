//===- Rows.h - rows of arrays, wherever they are -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_ROWS_H
#define VI_DATA_ROWS_H

#include "vi/Data/DataSet.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace vi {
namespace data {

/// The rows of an array along its first dimension, which may be in several
/// files, mapped, and of another kind than is asked for. They are read where
/// they are when they are gathered.
class RowSource {
public:
  /// `kind` is what rows are converted to. That all elements can be is the
  /// caller's to know (`bindArguments` looks at each).
  RowSource(const DataArray &array, ElementKind kind);

  int64_t getRowCount() const { return starts.back(); }
  /// Bytes of a row that was gathered.
  size_t getRowSize() const { return rowElements * getElementSize(kind); }
  /// Bytes that the rows take in the files.
  uint64_t getBytesInFiles() const { return rowBytes * getRowCount(); }

  /// Copies rows to consecutive places.
  void gather(llvm::ArrayRef<int64_t> rows, void *to) const;
  /// The same for `count` consecutive rows.
  void gather(int64_t begin, int64_t count, void *to) const;
  /// Asks the system to read rows from disk, and waits for them: gathering does
  /// not, afterwards.
  void prefetch(llvm::ArrayRef<int64_t> rows) const;
  /// Tells the system that rows are taken in random order, so that it reads
  /// none ahead by itself.
  void adviseRandom() const;
  /// A hash of the elements as the files have them, of their kind and sizes. It
  /// does not depend on how rows are divided among files.
  uint64_t hash() const;

private:
  const char *getPlace(int64_t row) const;

  std::vector<DataArray> parts;
  /// The first row of each part, and the number of all.
  std::vector<int64_t> starts;
  ElementKind kind;
  size_t rowElements = 0, rowBytes = 0;
  void (*convert)(const char *from, void *to, size_t count) = nullptr;
};

/// A thread that prefetches rows. What is asked for while it is busy takes the
/// place of what it has not begun with: it never holds up the caller.
class Prefetcher {
public:
  Prefetcher();
  /// Waits for what has been begun.
  ~Prefetcher();

  void request(llvm::ArrayRef<const RowSource *> sources,
               llvm::ArrayRef<int64_t> rows);

private:
  void run();

  std::mutex mutex;
  std::condition_variable wake;
  std::vector<const RowSource *> sources;
  std::vector<int64_t> rows;
  bool isRequested = false, isDone = false;
  std::thread thread;
};

} // namespace data
} // namespace vi

#endif // VI_DATA_ROWS_H
