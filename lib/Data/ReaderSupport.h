//===- ReaderSupport.h - what the readers of data files share -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_LIB_DATA_READERSUPPORT_H
#define VI_LIB_DATA_READERSUPPORT_H

#include "vi/Data/DataSet.h"
#include "llvm/Support/MemoryBuffer.h"

#include <optional>

namespace vi {
namespace data {

/// The contents of a file; a large one is mapped, not read.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
openFile(llvm::StringRef path);

/// The line and column, from 1, of a byte of a text.
std::pair<int64_t, int64_t> getLineAndColumn(llvm::StringRef text,
                                             size_t offset);

/// An error at a byte of a text file: "path:line:column: message".
llvm::Error makeErrorAt(llvm::StringRef path, llvm::StringRef text,
                        size_t offset, const llvm::Twine &message);

/// An error if the text is empty or has a NUL byte, which no text has.
llvm::Error checkText(llvm::StringRef path, llvm::StringRef text);

/// A decimal integer of 64 bits, with an optional sign.
std::optional<int64_t> parseInteger(llvm::StringRef text);

/// A decimal number, "inf" or "infinity" in any case, with an optional sign.
/// Too large a number is infinite, too small a one is rounded to zero.
std::optional<double> parseReal(llvm::StringRef text);

/// A name for a message: without control characters, and cut where it is long.
std::string shortenForMessage(llvm::StringRef name);

/// The same for a text, in quotation marks.
std::string quoteForMessage(llvm::StringRef text);

/// Moves a vector's elements into an array, which owns them from then on.
template <typename T>
void setElements(DataArray &array, ElementKind kind, std::vector<T> elements) {
  auto owner = std::make_shared<std::vector<T>>(std::move(elements));
  array.kind = kind;
  array.data = owner->data();
  array.owner = std::move(owner);
}

} // namespace data
} // namespace vi

#endif // VI_LIB_DATA_READERSUPPORT_H
