//===- NPY.cpp - NumPy's array files, mapped from disk -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReaderSupport.h"
#include "vi/Data/OutputFile.h"
#include "vi/Data/Results.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <limits>

using namespace vi::data;

namespace {
/// The header of the format: a Python dictionary with the keys `descr`,
/// `fortran_order` and `shape`.
struct Header {
  std::string description;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  bool hasDescription = false, hasOrder = false, hasShape = false;
};

/// Parses the dictionary. Methods return false where the text is another one.
class HeaderParser {
public:
  explicit HeaderParser(llvm::StringRef text) : text(text) {}

  bool parse(Header &header) {
    if (!consume("{"))
      return false;
    while (!consume("}")) {
      std::string key;
      if (!parseString(key) || !consume(":"))
        return false;
      if (key == "descr") {
        header.hasDescription = true;
        // A list describes a record.
        if (peek() == '[')
          return header.description = "a record", true;
        if (!parseString(header.description))
          return false;
      } else if (key == "fortran_order") {
        header.hasOrder = true;
        header.fortranOrder = consume("True");
        if (!header.fortranOrder && !consume("False"))
          return false;
      } else if (key == "shape") {
        header.hasShape = true;
        if (!parseShape(header.shape))
          return false;
      } else {
        return false;
      }
      if (!consume(",") && peek() != '}')
        return false;
    }
    return header.hasDescription && header.hasOrder && header.hasShape &&
           text.trim().empty();
  }

private:
  char peek() {
    text = text.ltrim();
    return text.empty() ? '\0' : text.front();
  }
  bool consume(llvm::StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }
  bool parseString(std::string &result) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = text.find(quote, 1);
    if (end == llvm::StringRef::npos)
      return false;
    result = text.slice(1, end).str();
    text = text.drop_front(end + 1);
    return true;
  }
  bool parseShape(std::vector<int64_t> &shape) {
    if (!consume("("))
      return false;
    while (!consume(")")) {
      text = text.ltrim();
      int64_t size = 0;
      if (text.consumeInteger(10, size) || size < 0)
        return false;
      // Python 2 wrote long integers so.
      consume("L");
      shape.push_back(size);
      if (!consume(",") && peek() != ')')
        return false;
    }
    return true;
  }

  llvm::StringRef text;
};
} // namespace

/// Copies an array in Fortran order to C order.
static void transpose(const char *from, char *to, llvm::ArrayRef<int64_t> shape,
                      size_t elementSize) {
  size_t rank = shape.size();
  std::vector<int64_t> stride(rank, 1), index(rank, 0);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * shape[d - 1];
  int64_t count = 1, position = 0;
  for (int64_t size : shape)
    count *= size;
  for (int64_t n = 0; n < count; ++n) {
    std::memcpy(to + n * elementSize, from + position * elementSize,
                elementSize);
    for (size_t d = rank; d-- > 0;) {
      position += stride[d];
      if (++index[d] < shape[d])
        break;
      position -= stride[d] * shape[d];
      index[d] = 0;
    }
  }
}

llvm::Error vi::data::readNPY(llvm::StringRef path, llvm::StringRef name,
                              DataSet &set) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> opened = openFile(path);
  if (!opened)
    return opened.takeError();
  std::shared_ptr<llvm::MemoryBuffer> buffer = std::move(*opened);
  llvm::StringRef contents = buffer->getBuffer();
  auto makeError = [&](const llvm::Twine &message) {
    return llvm::createStringError(path + ": " + message);
  };
  if (contents.empty())
    return makeError("the file is empty");
  if (!contents.consume_front("\x93NUMPY"))
    return makeError("not a .npy file: it does not begin with \\x93NUMPY");

  // Two bytes for the version, then the length of the header.
  llvm::StringRef truncated = "the file is truncated: it ends in its header";
  if (contents.size() < 4)
    return makeError(truncated);
  unsigned major = static_cast<unsigned char>(contents[0]);
  unsigned minor = static_cast<unsigned char>(contents[1]);
  if (major < 1 || major > 3 || minor != 0)
    return makeError("format version " + llvm::Twine(major) + "." +
                     llvm::Twine(minor) + " of .npy is unknown");
  size_t lengthSize = major == 1 ? 2 : 4;
  if (contents.size() < 2 + lengthSize)
    return makeError(truncated);
  size_t length = major == 1
                      ? llvm::support::endian::read16le(contents.data() + 2)
                      : llvm::support::endian::read32le(contents.data() + 2);
  contents = contents.drop_front(2 + lengthSize);
  if (contents.size() < length)
    return makeError(truncated);
  Header header;
  llvm::StringRef headerText = contents.take_front(length);
  contents = contents.drop_front(length);
  if (!HeaderParser(headerText).parse(header))
    return makeError("cannot read the header of the array: " +
                     quoteForMessage(headerText.rtrim()));

  llvm::StringRef type = header.description;
  if (header.description == "a record")
    return makeError("an array of records: expected one of numbers");
  if (type.starts_with(">") && !type.ends_with("1"))
    return makeError("big-endian elements (" + type +
                     "): expected little-endian ones; "
                     "convert them with array.astype(array.dtype."
                     "newbyteorder(\"<\"))");
  std::optional<ElementKind> kind =
      llvm::StringSwitch<std::optional<ElementKind>>(
          type.drop_front(type.empty() ? 0 : 1))
          .Case("f8", ElementKind::Float64)
          .Case("f4", ElementKind::Float32)
          .Case("f2", ElementKind::Float16)
          .Case("i8", ElementKind::Int64)
          .Case("i4", ElementKind::Int32)
          .Case("i2", ElementKind::Int16)
          .Case("i1", ElementKind::Int8)
          .Case("u8", ElementKind::UInt64)
          .Case("u4", ElementKind::UInt32)
          .Case("u2", ElementKind::UInt16)
          .Case("u1", ElementKind::UInt8)
          .Case("b1", ElementKind::Bool)
          .Default(std::nullopt);
  if (!kind)
    return makeError("elements of type " + quoteForMessage(type) +
                     ": expected f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 or "
                     "b1");

  DataArray array;
  array.name = name.str();
  array.file = path.str();
  array.kind = *kind;
  array.shape = header.shape;
  size_t elementSize = getElementSize(*kind);
  uint64_t bytes = elementSize;
  for (int64_t size : array.shape)
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes))
      return makeError("the array is larger than memory can be");
  if (contents.size() < bytes)
    return makeError("the file is truncated: the array takes " +
                     llvm::Twine(bytes) + " bytes, the file has " +
                     llvm::Twine(contents.size()));
  if (contents.size() > bytes)
    return makeError("the file is longer than its array: " +
                     llvm::Twine(contents.size() - bytes) +
                     " bytes come after it");

  const char *data = contents.data();
  bool isAligned = reinterpret_cast<uintptr_t>(data) % elementSize == 0;
  bool isTransposed = header.fortranOrder && array.shape.size() > 1;
  if (isAligned && !isTransposed) {
    array.data = data;
    array.owner = buffer;
  } else {
    auto copy = std::make_shared<std::vector<char>>(bytes);
    if (isTransposed)
      transpose(data, copy->data(), array.shape, elementSize);
    else
      std::memcpy(copy->data(), data, bytes);
    array.data = copy->data();
    array.owner = copy;
  }
  // Any other byte would be no boolean.
  if (*kind == ElementKind::Bool) {
    const auto *values = static_cast<const uint8_t *>(array.data);
    for (uint64_t i = 0; i < bytes; ++i)
      if (values[i] > 1)
        array.kind = ElementKind::UInt8;
  }
  return set.add(std::move(array));
}

llvm::Error vi::data::writeNPY(llvm::StringRef path, ElementKind kind,
                               llvm::ArrayRef<int64_t> shape,
                               llvm::ArrayRef<double> values) {
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::string header = "{'descr': '";
  switch (kind) {
  case ElementKind::Bool:
    header += "|b1";
    break;
  case ElementKind::Int32:
    header += "<i4";
    break;
  case ElementKind::Int64:
    header += "<i8";
    break;
  default:
    header += "<f8";
    break;
  }
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t size : shape)
    header += std::to_string(size) + ", ";
  header += "), }";
  // The data begin at a multiple of 64, after ten bytes and the header.
  header.resize(llvm::alignTo(header.size() + 11, 64) - 11, ' ');
  header += '\n';
  llvm::raw_ostream &os = (*file)->os();
  os << llvm::StringRef("\x93NUMPY\x01\x00", 8) << char(header.size() & 0xff)
     << char(header.size() >> 8) << header;
  char bytes[8];
  for (double value : values) {
    switch (kind) {
    case ElementKind::Bool:
      os << char(value != 0);
      break;
    case ElementKind::Int32:
      llvm::support::endian::write32le(bytes, uint32_t(int32_t(value)));
      os.write(bytes, 4);
      break;
    case ElementKind::Int64:
      llvm::support::endian::write64le(bytes, uint64_t(int64_t(value)));
      os.write(bytes, 8);
      break;
    default:
      uint64_t bits;
      std::memcpy(&bits, &value, 8);
      llvm::support::endian::write64le(bytes, bits);
      os.write(bytes, 8);
      break;
    }
  }
  return (*file)->commit();
}
