//===- Rows.cpp - rows of arrays, wherever they are -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Rows.h"

#include "ElementConversion.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <type_traits>
#include <unistd.h>

using namespace vi::data;

template <typename From, typename To>
static void convertRow(const char *from, void *to, size_t count) {
  auto *elements = static_cast<To *>(to);
  for (size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, from + i * sizeof(From), sizeof(From));
    if constexpr (std::is_same_v<From, To>)
      elements[i] = value;
    else if constexpr (std::is_same_v<From, Boolean>)
      elements[i] = static_cast<To>(value.value);
    else if constexpr (std::is_same_v<To, Boolean>)
      elements[i].value = static_cast<NumberOf<From>>(value) != 0;
    else
      elements[i] = static_cast<To>(static_cast<NumberOf<From>>(value));
  }
}

RowSource::RowSource(const DataArray &array, ElementKind kind) : kind(kind) {
  if (array.shards.empty())
    parts = {array};
  else
    parts = array.shards;
  int64_t rows = 0;
  for (const DataArray &part : parts) {
    starts.push_back(rows);
    rows += part.shape.front();
  }
  starts.push_back(rows);
  rowElements = 1;
  for (int64_t size : llvm::ArrayRef(array.shape).drop_front())
    rowElements *= size;
  rowBytes = rowElements * getElementSize(array.kind);
  if (array.kind == kind)
    return;
  convert = withElementType(array.kind, [&](auto from) {
    return withElementType(kind, [&](auto to) {
      using To = decltype(to);
      // No argument is of 16-bit real numbers.
      if constexpr (std::is_same_v<To, Half>)
        return static_cast<void (*)(const char *, void *, size_t)>(nullptr);
      else
        return static_cast<void (*)(const char *, void *, size_t)>(
            convertRow<decltype(from), To>);
    });
  });
}

const char *RowSource::getPlace(int64_t row) const {
  size_t part = parts.size() == 1
                    ? 0
                    : llvm::upper_bound(starts, row) - starts.begin() - 1;
  return static_cast<const char *>(parts[part].data) +
         (row - starts[part]) * rowBytes;
}

void RowSource::gather(llvm::ArrayRef<int64_t> rows, void *to) const {
  auto *place = static_cast<char *>(to);
  for (int64_t row : rows) {
    if (convert)
      convert(getPlace(row), place, rowElements);
    else
      std::memcpy(place, getPlace(row), rowBytes);
    place += getRowSize();
  }
}

void RowSource::gather(int64_t begin, int64_t count, void *to) const {
  auto *place = static_cast<char *>(to);
  for (auto [part, start] : llvm::zip(parts, starts)) {
    int64_t first = std::max(begin, start);
    int64_t rows = std::min(begin + count, start + part.shape.front()) - first;
    if (rows <= 0 || rowElements == 0)
      continue;
    if (convert)
      convert(getPlace(first), place, rows * rowElements);
    else
      std::memcpy(place, getPlace(first), rows * rowBytes);
    place += rows * getRowSize();
  }
}

/// The pages that hold some bytes.
static std::pair<char *, size_t> getPages(const char *begin, size_t size) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  uintptr_t first = address & ~(page - 1);
  return {reinterpret_cast<char *>(first), address + size - first};
}

void RowSource::prefetch(llvm::ArrayRef<int64_t> rows) const {
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (rowBytes == 0)
    return;
  // First all of them, so that the disk may choose their order. Advice on
  // memory that is no file does nothing.
  for (int64_t row : rows) {
    auto [begin, size] = getPages(getPlace(row), rowBytes);
    (void)::madvise(begin, size, MADV_WILLNEED);
  }
  for (int64_t row : rows) {
    const char *place = getPlace(row);
    for (size_t offset = 0; offset < rowBytes; offset += page)
      (void)*static_cast<const volatile char *>(place + offset);
    (void)*static_cast<const volatile char *>(place + rowBytes - 1);
  }
}

void RowSource::adviseRandom() const {
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (const DataArray &part : parts) {
    auto [begin, size] =
        getPages(static_cast<const char *>(part.data),
                 part.getElementCount() * getElementSize(part.kind));
    // Not of memory that is shared with others: small arrays are not mapped.
    if (size >= 64 * page)
      (void)::madvise(begin, size, MADV_RANDOM);
  }
}

uint64_t RowSource::hash() const {
  // Blocks of rows, whatever the files are.
  int64_t blockRows =
      std::max<int64_t>(1, (int64_t(1) << 20) / std::max<int64_t>(rowBytes, 1));
  std::vector<uint64_t> state = {0, static_cast<uint64_t>(parts[0].kind),
                                 static_cast<uint64_t>(getRowCount())};
  for (int64_t size : llvm::ArrayRef(parts[0].shape).drop_front())
    state.push_back(size);
  auto getBytes = [](const auto &values) {
    return llvm::ArrayRef<uint8_t>(
        reinterpret_cast<const uint8_t *>(values.data()),
        values.size() * sizeof(values[0]));
  };
  std::vector<char> block;
  for (int64_t begin = 0; begin < getRowCount(); begin += blockRows) {
    int64_t count = std::min(blockRows, getRowCount() - begin);
    block.clear();
    for (auto [part, start] : llvm::zip(parts, starts)) {
      int64_t first = std::max(begin, start);
      int64_t last = std::min(begin + count, start + part.shape.front());
      if (first >= last)
        continue;
      const char *place =
          static_cast<const char *>(part.data) + (first - start) * rowBytes;
      block.insert(block.end(), place, place + (last - first) * rowBytes);
    }
    state[0] =
        llvm::xxh3_64bits(getBytes(state)) ^ llvm::xxh3_64bits(getBytes(block));
  }
  return llvm::xxh3_64bits(getBytes(state));
}

//===----------------------------------------------------------------------===//
// Prefetching
//===----------------------------------------------------------------------===//

Prefetcher::Prefetcher() : thread([this] { run(); }) {}

Prefetcher::~Prefetcher() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isDone = true;
  }
  wake.notify_one();
  thread.join();
}

void Prefetcher::request(llvm::ArrayRef<const RowSource *> newSources,
                         llvm::ArrayRef<int64_t> newRows) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    sources.assign(newSources.begin(), newSources.end());
    rows.assign(newRows.begin(), newRows.end());
    isRequested = true;
  }
  wake.notify_one();
}

void Prefetcher::run() {
  std::vector<const RowSource *> currentSources;
  std::vector<int64_t> currentRows;
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex);
      wake.wait(lock, [this] { return isRequested || isDone; });
      if (isDone)
        return;
      std::swap(sources, currentSources);
      std::swap(rows, currentRows);
      isRequested = false;
    }
    for (const RowSource *source : currentSources)
      source->prefetch(currentRows);
  }
}
