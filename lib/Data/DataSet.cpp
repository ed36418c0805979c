//===- DataSet.cpp - named arrays read from files -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/DataSet.h"

#include "ReaderSupport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

using namespace vi::data;

unsigned vi::data::getElementSize(ElementKind kind) {
  switch (kind) {
  case ElementKind::Float64:
  case ElementKind::Int64:
    return 8;
  case ElementKind::Float32:
  case ElementKind::Int32:
    return 4;
  case ElementKind::Int16:
    return 2;
  case ElementKind::Int8:
  case ElementKind::UInt8:
  case ElementKind::Bool:
    return 1;
  }
  llvm_unreachable("unknown element kind");
}

llvm::StringRef vi::data::describeElementKind(ElementKind kind) {
  switch (kind) {
  case ElementKind::Float64:
    return "real numbers (64 bits)";
  case ElementKind::Float32:
    return "real numbers (32 bits)";
  case ElementKind::Int64:
    return "integers (64 bits)";
  case ElementKind::Int32:
    return "integers (32 bits)";
  case ElementKind::Int16:
    return "integers (16 bits)";
  case ElementKind::Int8:
    return "integers (8 bits)";
  case ElementKind::UInt8:
    return "unsigned integers (8 bits)";
  case ElementKind::Bool:
    return "booleans";
  }
  llvm_unreachable("unknown element kind");
}

int64_t DataArray::getElementCount() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

llvm::Error DataSet::add(DataArray array) {
  auto [position, inserted] = positions.try_emplace(array.name, entries.size());
  if (!inserted) {
    const std::string &first = entries[position->second].file;
    return llvm::createStringError(
        array.file + ": " + (array.isColumn ? "column" : "entry") + " `" +
        shortenForMessage(array.name) + "` is given twice" +
        (first == array.file ? "" : ": " + first + " has it, too"));
  }
  entries.push_back(std::move(array));
  return llvm::Error::success();
}

const DataArray *DataSet::lookup(llvm::StringRef name) const {
  auto position = positions.find(name);
  return position == positions.end() ? nullptr : &entries[position->second];
}

//===----------------------------------------------------------------------===//
// Help for the readers
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
vi::data::openFile(llvm::StringRef path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::sys::fs::is_directory(path)
          ? llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>>(
                std::make_error_code(std::errc::is_a_directory))
          : llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                        /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createStringError(
        buffer.getError(),
        path + ": cannot read the file: " + buffer.getError().message());
  return std::move(*buffer);
}

std::pair<int64_t, int64_t> vi::data::getLineAndColumn(llvm::StringRef text,
                                                       size_t offset) {
  llvm::StringRef before = text.take_front(offset);
  size_t newline = before.rfind('\n');
  size_t begin = newline == llvm::StringRef::npos ? 0 : newline + 1;
  return {before.count('\n') + 1, before.size() - begin + 1};
}

llvm::Error vi::data::makeErrorAt(llvm::StringRef path, llvm::StringRef text,
                                  size_t offset, const llvm::Twine &message) {
  auto [line, column] = getLineAndColumn(text, offset);
  return llvm::createStringError(path + ":" + llvm::Twine(line) + ":" +
                                 llvm::Twine(column) + ": " + message);
}

llvm::Error vi::data::checkText(llvm::StringRef path, llvm::StringRef text) {
  if (text.trim().empty())
    return llvm::createStringError(path + ": the file is empty");
  size_t nul = text.find('\0');
  if (nul != llvm::StringRef::npos)
    return makeErrorAt(path, text, nul,
                       "a NUL byte: the file is not text in UTF-8");
  return llvm::Error::success();
}

std::optional<int64_t> vi::data::parseInteger(llvm::StringRef text) {
  if (text.consume_front("+") && text.starts_with("-"))
    return std::nullopt;
  int64_t value = 0;
  std::from_chars_result result =
      std::from_chars(text.begin(), text.end(), value);
  if (result.ec != std::errc() || result.ptr != text.end())
    return std::nullopt;
  return value;
}

std::optional<double> vi::data::parseReal(llvm::StringRef text) {
  if (text.consume_front("+") && text.starts_with("-"))
    return std::nullopt;
  double value = 0;
  std::from_chars_result result =
      std::from_chars(text.begin(), text.end(), value);
  if (result.ptr != text.end() || result.ec == std::errc::invalid_argument ||
      std::isnan(value))
    return std::nullopt;
  // Overflow and underflow are one error there; strtod tells them apart.
  if (result.ec == std::errc::result_out_of_range)
    return std::strtod(text.str().c_str(), nullptr);
  return value;
}

std::string vi::data::shortenForMessage(llvm::StringRef name) {
  constexpr size_t limit = 40;
  std::string result = llvm::json::fixUTF8(name.take_front(limit));
  for (char &c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return name.size() > limit ? result + "..." : result;
}

std::string vi::data::quoteForMessage(llvm::StringRef text) {
  return '"' + shortenForMessage(text) + '"';
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::Error vi::data::readDataFile(llvm::StringRef argument, DataSet &set) {
  llvm::StringRef name, path = argument;
  // A file of this very name comes first, whatever it contains.
  size_t equals = argument.find('=');
  if (equals != llvm::StringRef::npos && !llvm::sys::fs::exists(argument)) {
    name = argument.take_front(equals);
    path = argument.drop_front(equals + 1);
    if (name.empty())
      return llvm::createStringError(argument +
                                     ": no name before the equals sign");
  }
  if (path.empty())
    return llvm::createStringError("the name of a data file is empty");

  llvm::StringRef suffix = llvm::sys::path::extension(path);
  enum { JSON, CSV, NPY, Unknown } format = Unknown;
  if (suffix.equals_insensitive(".json"))
    format = JSON;
  else if (suffix.equals_insensitive(".csv"))
    format = CSV;
  else if (suffix.equals_insensitive(".npy"))
    format = NPY;
  if (format == Unknown) {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openFile(path);
    if (!buffer)
      return buffer.takeError();
    llvm::StringRef begin = (*buffer)->getBuffer();
    begin.consume_front("\xEF\xBB\xBF");
    if (begin.starts_with("\x93NUMPY"))
      format = NPY;
    else if (begin.ltrim().starts_with("{"))
      format = JSON;
  }
  if (format == Unknown)
    return llvm::createStringError(
        path + ": unknown format: expected a .json, .csv or .npy file");
  if (!name.empty() && format != NPY)
    return llvm::createStringError(
        argument + ": only a .npy file takes a name; the entries of JSON and "
                   "CSV files have names of their own");
  set.files.push_back(path.str());
  switch (format) {
  case JSON:
    return readJSON(path, set);
  case CSV:
    return readCSV(path, set);
  default:
    return readNPY(path, name.empty() ? llvm::sys::path::stem(path) : name,
                   set);
  }
}
