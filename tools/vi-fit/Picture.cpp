//===- Picture.cpp - arrays as pictures -----------------------------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Picture.h"

#include "vi/Data/OutputFile.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Compression.h"
#include "llvm/Support/Endian.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace vi;

/// A chunk of a PNG: its length, its name and bytes, and their CRC (ISO/IEC
/// 15948, section 5.3).
static void writeChunk(llvm::raw_ostream &os, llvm::StringRef name,
                       llvm::ArrayRef<uint8_t> bytes) {
  llvm::SmallVector<uint8_t, 0> chunk(name.begin(), name.end());
  chunk.append(bytes.begin(), bytes.end());
  char number[4];
  llvm::support::endian::write32be(number, bytes.size());
  os.write(number, 4);
  os.write(reinterpret_cast<const char *>(chunk.data()), chunk.size());
  llvm::support::endian::write32be(number, llvm::crc32(chunk));
  os.write(number, 4);
}

llvm::Error vi::writePicture(llvm::StringRef path, int64_t height,
                             int64_t width, int64_t columns, double low,
                             double high,
                             llvm::ArrayRef<llvm::ArrayRef<double>> images) {
  if (!llvm::compression::zlib::isAvailable())
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        path + ": pictures need an LLVM that was built with zlib");
  int64_t scale = std::max<int64_t>(1, 48 / std::max(height, width));
  const int64_t gap = 4;
  int64_t count = images.size();
  columns = std::min(columns, std::max<int64_t>(count, 1));
  int64_t rows = (count + columns - 1) / columns;
  int64_t pictureWidth = columns * (width * scale + gap) + gap;
  int64_t pictureHeight = rows * (height * scale + gap) + gap;
  // Each row is preceded by its filter: none.
  std::vector<uint8_t> pixels((pictureWidth + 1) * pictureHeight, 0xdd);
  for (int64_t y = 0; y < pictureHeight; ++y)
    pixels[y * (pictureWidth + 1)] = 0;
  double range = high > low ? high - low : 1;
  for (int64_t i = 0; i < count; ++i) {
    int64_t top = gap + i / columns * (height * scale + gap);
    int64_t left = gap + i % columns * (width * scale + gap);
    for (int64_t y = 0; y < height * scale; ++y)
      for (int64_t x = 0; x < width * scale; ++x) {
        double value = images[i][y / scale * width + x / scale];
        double ink = std::clamp((value - low) / range, 0.0, 1.0);
        pixels[(top + y) * (pictureWidth + 1) + 1 + left + x] =
            uint8_t(std::lround(255 * (1 - ink)));
      }
  }
  llvm::SmallVector<uint8_t, 0> compressed;
  llvm::compression::zlib::compress(pixels, compressed);
  auto file = data::OutputFile::create(path);
  if (!file)
    return file.takeError();
  llvm::raw_ostream &os = (*file)->os();
  os << llvm::StringRef("\x89PNG\r\n\x1a\n", 8);
  uint8_t header[13] = {};
  llvm::support::endian::write32be(header, uint32_t(pictureWidth));
  llvm::support::endian::write32be(header + 4, uint32_t(pictureHeight));
  // Eight bits, gray.
  header[8] = 8;
  writeChunk(os, "IHDR", header);
  writeChunk(os, "IDAT", compressed);
  writeChunk(os, "IEND", {});
  return (*file)->commit();
}
