//===- OutputFile.h - files that appear whole or not at all -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_OUTPUTFILE_H
#define VI_DATA_OUTPUTFILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>

namespace vi {
namespace data {

/// A file that is written under a temporary name in the same directory and
/// renamed when it is complete and on disk. Dropped without `commit`, or after
/// any error, it leaves nothing behind and an earlier file of that name as it
/// was.
class OutputFile {
public:
  static llvm::Expected<std::unique_ptr<OutputFile>>
  create(llvm::StringRef path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Where to write. Errors (a full disk) are kept until `check` or `commit`.
  llvm::raw_ostream &os() { return *stream; }

  /// An error of an earlier write, if there was one.
  llvm::Error check();

  /// Flushes, synchronizes with the disk, closes and renames.
  llvm::Error commit();

  llvm::StringRef getPath() const { return path; }

private:
  OutputFile() = default;
  /// Closes and removes the temporary file.
  void discard();

  std::string path, temporaryPath;
  int descriptor = -1;
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

/// Creates the directory `path` with its parents where it does not exist, and
/// checks that files can be created in it.
llvm::Error createOutputDirectory(llvm::StringRef path);

} // namespace data
} // namespace vi

#endif // VI_DATA_OUTPUTFILE_H
