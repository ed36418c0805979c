//===- vi-fuzz-data.cpp - libFuzzer target of the data readers -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first byte chooses a format and what the arguments are; the others are
// the file. An error that is reported is a good end.
//
//   build-fuzz/bin/vi-fuzz-data -max_total_time=600 CORPUS
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Binding.h"
#include "vi/Data/DataSet.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace vi::data;

/// A file in memory with these contents.
static std::string writeFile(const uint8_t *data, size_t size) {
  static int descriptor = memfd_create("data", 0);
  if (descriptor < 0 || ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size))
    std::abort();
  return "/proc/self/fd/" + std::to_string(descriptor);
}

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  unsigned choice = data[0];
  std::string path = writeFile(data + 1, size - 1);
  DataSet set;
  set.files.push_back(path);
  llvm::Error error = choice % 3 == 0   ? readJSON(path, set)
                      : choice % 3 == 1 ? readCSV(path, set)
                                        : readNPY(path, "x", set);
  llvm::consumeError(std::move(error));

  // What was read before an error is bound, too.
  constexpr size_t limit = 50;
  std::vector<ArgumentDescription> arguments;
  for (const DataArray &entry : set.getEntries().take_front(limit)) {
    ArgumentDescription argument;
    argument.name = entry.name;
    argument.kind = static_cast<ElementKind>(choice / 3 % 8);
    argument.sizes.assign(entry.shape.size(), ArgumentDescription::kDynamic);
    if (choice & 128)
      argument.index = IndexDescription{1, "J", 3};
    arguments.push_back(std::move(argument));
  }
  ArgumentDescription matrix;
  matrix.name = "x";
  matrix.sizes.assign(2, ArgumentDescription::kDynamic);
  arguments.push_back(matrix);
  ArgumentDescription count;
  count.name = "J";
  count.kind = ElementKind::Int64;
  arguments.push_back(count);
  llvm::Expected<std::vector<BoundArgument>> bound =
      bindArguments(arguments, set);
  if (!bound)
    (void)llvm::toString(bound.takeError());
  return 0;
}
