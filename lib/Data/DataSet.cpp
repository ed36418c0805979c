//===- DataSet.cpp - named arrays read from files -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/DataSet.h"

#include "ReaderSupport.h"
#include "vi/Data/MappedFiles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <glob.h>
#include <limits>

using namespace vi::data;

unsigned vi::data::getElementSize(ElementKind kind) {
  switch (kind) {
  case ElementKind::Float64:
  case ElementKind::Int64:
  case ElementKind::UInt64:
    return 8;
  case ElementKind::Float32:
  case ElementKind::Int32:
  case ElementKind::UInt32:
    return 4;
  case ElementKind::Float16:
  case ElementKind::Int16:
  case ElementKind::UInt16:
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
  case ElementKind::Float16:
    return "real numbers (16 bits)";
  case ElementKind::Int64:
    return "integers (64 bits)";
  case ElementKind::Int32:
    return "integers (32 bits)";
  case ElementKind::Int16:
    return "integers (16 bits)";
  case ElementKind::Int8:
    return "integers (8 bits)";
  case ElementKind::UInt64:
    return "unsigned integers (64 bits)";
  case ElementKind::UInt32:
    return "unsigned integers (32 bits)";
  case ElementKind::UInt16:
    return "unsigned integers (16 bits)";
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
  return watchMapping(path, std::move(*buffer));
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
// Shards
//===----------------------------------------------------------------------===//

/// The files that a part of a list stands for: one of that very name, else
/// those that match it as a pattern.
static llvm::Error expandPattern(llvm::StringRef pattern,
                                 std::vector<std::string> &files) {
  if (llvm::sys::fs::exists(pattern) ||
      pattern.find_first_of("*?[") == llvm::StringRef::npos) {
    files.push_back(pattern.str());
    return llvm::Error::success();
  }
  glob_t found;
  int status = ::glob(pattern.str().c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> matches;
  if (status == 0)
    matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (matches.empty())
    return llvm::createStringError(pattern + ": no file matches");
  // `part-2` comes before `part-10`.
  llvm::sort(matches, [](llvm::StringRef a, llvm::StringRef b) {
    int order = a.compare_numeric(b);
    return order != 0 ? order < 0 : a < b;
  });
  llvm::append_range(files, matches);
  return llvm::Error::success();
}

/// One array of the shards, which agree in all but their first size.
static llvm::Error joinShards(llvm::StringRef argument, llvm::StringRef name,
                              std::vector<DataArray> shards, DataSet &set) {
  DataArray array;
  const DataArray &first = shards.front();
  array.name = name.str();
  array.file = argument.str();
  array.kind = first.kind;
  array.shape = first.shape;
  if (first.shape.empty())
    return llvm::createStringError(
        first.file + ": a single number: shards are arrays, whose first "
                     "dimension is divided among them");
  array.shape.front() = 0;
  for (const DataArray &shard : shards) {
    if (shard.kind != first.kind)
      return llvm::createStringError(
          shard.file + ": " + describeElementKind(shard.kind) + ", but " +
          first.file + ", a shard of the same array, has " +
          describeElementKind(first.kind));
    if (llvm::ArrayRef(shard.shape).drop_front(shard.shape.empty() ? 0 : 1) !=
            llvm::ArrayRef(first.shape).drop_front() ||
        shard.shape.size() != first.shape.size()) {
      auto describe = [](const DataArray &array) {
        std::string text = "(";
        for (auto [d, size] : llvm::enumerate(array.shape))
          text += (d == 0 ? "" : ", ") + std::to_string(size);
        return text + ")";
      };
      return llvm::createStringError(
          shard.file + ": an array of shape " + describe(shard) + ", but " +
          first.file + ", a shard of the same array, is one of " +
          describe(first) + ": only the first size may differ");
    }
    array.shape.front() += shard.shape.front();
  }
  array.shards = std::move(shards);
  return set.add(std::move(array));
}

/// Reads the shards of an array. Nothing where `paths` is the name of one file.
static llvm::Expected<bool> readShards(llvm::StringRef name,
                                       llvm::StringRef paths, DataSet &set) {
  if (llvm::sys::fs::exists(paths) ||
      paths.find_first_of(",*?[") == llvm::StringRef::npos)
    return false;
  std::vector<std::string> files;
  for (llvm::StringRef part : llvm::split(paths, ',')) {
    if (part.empty())
      return llvm::createStringError(
          paths + ": the name of a file in the list is empty");
    if (llvm::Error error = expandPattern(part, files))
      return std::move(error);
  }
  std::vector<DataArray> shards;
  for (const std::string &file : files) {
    DataSet one;
    if (llvm::Error error = readNPY(file, name, one))
      return std::move(error);
    shards.push_back(one.getEntries().front());
    set.files.push_back(file);
  }
  // Bytes that are booleans in one shard may be numbers in another.
  auto isBytes = [](const DataArray &shard) {
    return shard.kind == ElementKind::Bool || shard.kind == ElementKind::UInt8;
  };
  if (llvm::all_of(shards, isBytes) &&
      !llvm::all_equal(llvm::map_range(
          shards, [](const DataArray &shard) { return shard.kind; })))
    for (DataArray &shard : shards)
      shard.kind = ElementKind::UInt8;
  if (shards.size() == 1) {
    if (llvm::Error error = set.add(std::move(shards.front())))
      return std::move(error);
    return true;
  }
  if (llvm::Error error = joinShards(paths, name, std::move(shards), set))
    return std::move(error);
  return true;
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
  if (!name.empty()) {
    llvm::Expected<bool> isRead = readShards(name, path, set);
    if (!isRead)
      return isRead.takeError();
    if (*isRead)
      return llvm::Error::success();
  }

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
