//===- MappedFiles.h - files that change while they are read ----*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data are read in place, from files that are mapped into memory, for as long
// as a fit takes. When such a file is cut short meanwhile, the system has no
// bytes to give: pages behind the new end are a bus error, and the rest of the
// last page reads as zeros.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_MAPPEDFILES_H
#define VI_DATA_MAPPEDFILES_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace vi {
namespace data {

/// Remembers, as long as the result lives, that the contents of `path` are
/// mapped, if `buffer` is a mapping; the result has the same contents.
std::unique_ptr<llvm::MemoryBuffer>
watchMapping(llvm::StringRef path, std::unique_ptr<llvm::MemoryBuffer> buffer);

/// An error that names the file if one whose contents are mapped is shorter
/// than it was. A file that has another one in its place by now is still whole.
llvm::Error checkMappedFiles();

/// From now on, reading behind the end of a mapped file that was cut short
/// writes "`tool`: error: " and a message that names the file to standard error
/// and ends the process with `status`, whichever thread it is. Other bus errors
/// stay what they are.
void endOnTruncatedFile(llvm::StringRef tool, int status);

} // namespace data
} // namespace vi

#endif // VI_DATA_MAPPEDFILES_H
