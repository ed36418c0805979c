//===- DataTestSupport.h - files and arrays for the tests of ViData -*- C++
//-*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_UNITTESTS_DATA_DATATESTSUPPORT_H
#define VI_UNITTESTS_DATA_DATATESTSUPPORT_H

#include "vi/Data/Binding.h"
#include "vi/Data/DataSet.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <fstream>

namespace vi {
namespace data {

/// A directory that goes when the test ends.
class DataTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("vi-data", directory));
  }
  void TearDown() override {
    (void)llvm::sys::fs::remove_directories(directory);
  }

  std::string getPath(llvm::StringRef name) const {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  std::string writeFile(llvm::StringRef name, llvm::StringRef contents) const {
    std::string path = getPath(name);
    std::ofstream(path, std::ios::binary)
        .write(contents.data(), contents.size());
    return path;
  }
  static std::string readFile(llvm::StringRef path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : std::string("<no file>");
  }
  /// The number of files in the directory.
  int countFiles() const {
    std::error_code code;
    int count = 0;
    for (llvm::sys::fs::directory_iterator file(directory, code), end;
         file != end && !code; file.increment(code))
      ++count;
    return count;
  }

  /// The message with the directory's name taken away, so that files have
  /// their names only; "ok" if there is none.
  std::string getMessage(llvm::Error error) const {
    if (!error)
      return "ok";
    std::string text = llvm::toString(std::move(error));
    std::string prefix = (directory + "/").str();
    for (size_t at; (at = text.find(prefix)) != std::string::npos;)
      text.erase(at, prefix.size());
    return text;
  }

  llvm::SmallString<128> directory;
};

template <typename T> std::vector<T> getElements(const DataArray &array) {
  EXPECT_EQ(getElementSize(array.kind), sizeof(T));
  const T *data = static_cast<const T *>(array.data);
  return std::vector<T>(data, data + array.getElementCount());
}
template <typename T> std::vector<T> getElements(const BoundArgument &array) {
  EXPECT_EQ(getElementSize(array.kind), sizeof(T));
  const T *data = static_cast<const T *>(array.data);
  return std::vector<T>(data, data + array.getElementCount());
}

/// A description of an argument.
inline ArgumentDescription describe(std::string name, ElementKind kind,
                                    std::vector<int64_t> sizes = {}) {
  ArgumentDescription argument;
  argument.name = std::move(name);
  argument.kind = kind;
  argument.sizes = std::move(sizes);
  return argument;
}

} // namespace data
} // namespace vi

#endif // VI_UNITTESTS_DATA_DATATESTSUPPORT_H
