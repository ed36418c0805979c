//===- Picture.h - arrays as pictures -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TOOLS_VI_FIT_PICTURE_H
#define VI_TOOLS_VI_FIT_PICTURE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace vi {

/// Writes images as tiles of one picture, `columns` in a row, as PNG in shades
/// of gray: `low` is white, `high` black. Each image has `height` rows of
/// `width` numbers and is enlarged to some 48 pixels; what is beyond the range
/// is cut off.
llvm::Error writePicture(llvm::StringRef path, int64_t height, int64_t width,
                         int64_t columns, double low, double high,
                         llvm::ArrayRef<llvm::ArrayRef<double>> images);

} // namespace vi

#endif // VI_TOOLS_VI_FIT_PICTURE_H
