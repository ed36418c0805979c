//===- Tensors.cpp - named tensors in one binary file -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Tensors.h"
#include "vi/Data/OutputFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>

using namespace vi::data;

static constexpr llvm::StringLiteral metadataKey = "__metadata__";

const NamedArray *TensorFile::find(llvm::StringRef name) const {
  for (const NamedArray &array : arrays)
    if (array.name == name)
      return &array;
  return nullptr;
}

llvm::Error vi::data::writeTensors(llvm::StringRef path,
                                   const TensorFile &file) {
  auto output = OutputFile::create(path);
  if (!output)
    return output.takeError();
  std::string header;
  llvm::raw_string_ostream stream(header);
  llvm::json::OStream json(stream);
  json.object([&] {
    json.attributeObject(metadataKey, [&] {
      for (const auto &[key, value] : file.metadata)
        json.attribute(key, value);
    });
    int64_t begin = 0;
    for (const NamedArray &array : file.arrays) {
      int64_t end = begin + int64_t(8 * array.values.size());
      json.attributeObject(array.name, [&] {
        json.attribute("dtype", "F64");
        json.attributeArray("shape", [&] {
          for (int64_t size : array.shape)
            json.value(size);
        });
        json.attributeArray("data_offsets", [&] {
          json.value(begin);
          json.value(end);
        });
      });
      begin = end;
    }
  });
  // The arrays begin at a multiple of eight.
  header.resize(llvm::alignTo(header.size(), 8), ' ');
  llvm::raw_ostream &os = (*output)->os();
  char length[8];
  llvm::support::endian::write64le(length, header.size());
  os.write(length, 8);
  os << header;
  for (const NamedArray &array : file.arrays) {
    std::vector<char> bytes(8 * array.values.size());
    for (size_t i = 0; i < array.values.size(); ++i) {
      uint64_t bits;
      std::memcpy(&bits, &array.values[i], 8);
      llvm::support::endian::write64le(bytes.data() + 8 * i, bits);
    }
    os.write(bytes.data(), bytes.size());
    if (llvm::Error error = (*output)->check())
      return error;
  }
  return (*output)->commit();
}

llvm::Expected<TensorFile> vi::data::readTensors(llvm::StringRef path) {
  auto makeError = [&](const llvm::Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   path + ": " + message);
  };
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read the file: " + buffer.getError().message());
  llvm::StringRef bytes = (*buffer)->getBuffer();
  if (bytes.size() < 8)
    return makeError("is no safetensors file, or is cut short");
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  bytes = bytes.drop_front(8);
  if (length > bytes.size())
    return makeError("is no safetensors file, or is cut short");
  llvm::Expected<llvm::json::Value> header =
      llvm::json::parse(bytes.take_front(length));
  bytes = bytes.drop_front(length);
  if (!header) {
    llvm::consumeError(header.takeError());
    return makeError("is no safetensors file: its header is not JSON");
  }
  const llvm::json::Object *object = header->getAsObject();
  if (!object)
    return makeError("is no safetensors file: its header is no object");
  TensorFile file;
  for (const auto &[key, value] : *object) {
    const llvm::json::Object *entry = value.getAsObject();
    if (!entry)
      return makeError("the entry `" + llvm::StringRef(key) +
                       "` of the header is no object");
    if (llvm::StringRef(key) == metadataKey) {
      for (const auto &[name, text] : *entry)
        if (auto string = text.getAsString())
          file.metadata[llvm::StringRef(name).str()] = string->str();
      continue;
    }
    NamedArray array;
    array.name = llvm::StringRef(key).str();
    auto type = entry->getString("dtype");
    const llvm::json::Array *shape = entry->getArray("shape"),
                            *offsets = entry->getArray("data_offsets");
    if (!type || *type != "F64" || !shape || !offsets || offsets->size() != 2)
      return makeError("the array `" + array.name + "` is not one of f64");
    uint64_t count = 1;
    for (const llvm::json::Value &size : *shape) {
      std::optional<int64_t> number = size.getAsInteger();
      if (!number || *number < 0)
        return makeError("the array `" + array.name + "` has no sizes");
      array.shape.push_back(*number);
      count = llvm::SaturatingMultiply<uint64_t>(count, *number);
    }
    std::optional<int64_t> begin = (*offsets)[0].getAsInteger(),
                           end = (*offsets)[1].getAsInteger();
    if (!begin || !end || *begin < 0 || *end < *begin ||
        uint64_t(*end - *begin) / 8 != count ||
        uint64_t(*end - *begin) % 8 != 0)
      return makeError("the array `" + array.name + "` has no place");
    if (uint64_t(*end) > bytes.size())
      return makeError("is cut short: the array `" + array.name +
                       "` ends behind its end");
    array.values.resize(count);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t bits =
          llvm::support::endian::read64le(bytes.data() + *begin + 8 * i);
      std::memcpy(&array.values[i], &bits, 8);
    }
    file.arrays.push_back(std::move(array));
  }
  return file;
}
