//===- Tensors.h - named tensors in one binary file -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_TENSORS_H
#define VI_DATA_TENSORS_H

#include "vi/Data/Results.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <string>
#include <vector>

namespace vi {
namespace data {

/// Named arrays of f64 and text by name, as a file in the safetensors format:
/// the length of a header (8 bytes, little-endian), the header (JSON: for each
/// array its dtype, shape and place, and `__metadata__`), and the bytes of the
/// arrays, one after the other.
struct TensorFile {
  std::vector<NamedArray> arrays;
  std::map<std::string, std::string> metadata;

  /// The array of that name, or null.
  const NamedArray *find(llvm::StringRef name) const;
};

/// Writes the file whole or not at all (`OutputFile`).
llvm::Error writeTensors(llvm::StringRef path, const TensorFile &file);

/// Reads it. What is no such file, is cut short, or has arrays of another type
/// is an error that names the file.
llvm::Expected<TensorFile> readTensors(llvm::StringRef path);

} // namespace data
} // namespace vi

#endif // VI_DATA_TENSORS_H
