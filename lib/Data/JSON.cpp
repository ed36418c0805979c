//===- JSON.cpp - data in CmdStan's JSON form -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReaderSupport.h"
#include "llvm/ADT/StringExtras.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

// What the input may violate is reported, not asserted.
#define RAPIDJSON_ASSERT(x) assert(x)
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

using namespace vi::data;

namespace {
/// Receives the events of the parser and builds the entries. A problem with
/// an entry ends the entry, not the file.
class Handler {
public:
  Handler(llvm::StringRef path, DataSet &set) : path(path), set(set) {}

  // RapidJSON calls these by its own names.
  // NOLINTBEGIN(readability-identifier-naming)
  bool Null() {
    if (!isInEntry())
      return failAtRoot();
    if (isWanted())
      reject("null: expected a number");
    return endValue();
  }

  bool Bool(bool value) {
    if (!isInEntry())
      return failAtRoot();
    if (isWanted())
      addBoolean(value);
    return endValue();
  }

  bool RawNumber(const char *data, rapidjson::SizeType length, bool) {
    if (!isInEntry())
      return failAtRoot();
    if (isWanted())
      addNumber(llvm::StringRef(data, length));
    return endValue();
  }

  bool String(const char *data, rapidjson::SizeType length, bool) {
    if (!isInEntry())
      return failAtRoot();
    if (isWanted())
      addString(llvm::StringRef(data, length));
    return endValue();
  }

  bool StartObject() {
    if (++depth > depthLimit)
      return fail("nested too deeply");
    if (depth == 1)
      return true;
    if (!isInEntry())
      return failAtRoot();
    if (isWanted())
      reject("an object: expected a number or nested lists of numbers");
    ++objectDepth;
    return true;
  }

  bool EndObject(rapidjson::SizeType) {
    --depth;
    if (objectDepth == 0)
      return true;
    --objectDepth;
    return endValue();
  }

  bool Key(const char *data, rapidjson::SizeType length, bool) {
    if (objectDepth > 0)
      return true;
    entry = DataArray();
    entry.name.assign(data, length);
    entry.file = path.str();
    kind = Kind::None;
    counts.clear();
    leafRank.reset();
    started = true;
    return true;
  }

  bool StartArray() {
    if (++depth > depthLimit)
      return fail("nested too deeply");
    if (!isInEntry())
      return failAtRoot();
    if (objectDepth > 0)
      return true;
    if (leafRank && counts.size() >= *leafRank)
      reject("a list where others are numbers");
    counts.push_back(0);
    if (entry.shape.size() < counts.size())
      entry.shape.push_back(-1);
    return true;
  }

  bool EndArray(rapidjson::SizeType) {
    --depth;
    if (objectDepth > 0)
      return true;
    int64_t count = counts.back();
    counts.pop_back();
    int64_t &size = entry.shape[counts.size()];
    if (size < 0)
      size = count;
    else if (size != count)
      setProblem("`" + getElementName() + "` has " + std::to_string(count) +
                 (count == 1 ? " element" : " elements") +
                 " where the lists before it have " + std::to_string(size) +
                 ": the array is ragged");
    return endValue();
  }

  // Numbers arrive as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  // NOLINTEND(readability-identifier-naming)

  /// What is wrong with the file as a whole, or empty.
  llvm::StringRef getFailure() const { return failure; }
  /// The message on an entry that another one has the name of, or empty.
  llvm::StringRef getDuplicate() const { return duplicate; }

private:
  enum class Kind { None, Boolean, Integer, Real };
  static constexpr unsigned depthLimit = 64;

  bool isInEntry() const { return started; }

  bool fail(llvm::StringRef message) {
    failure = message.str();
    return false;
  }
  bool failAtRoot() {
    return fail("expected an object of named entries, {\"name\": value, ...}");
  }

  /// The name of the value being read: `x[2,3]`, from 1.
  std::string getElementName() const {
    std::string name = entry.name;
    for (size_t d = 0; d < counts.size(); ++d)
      name += (d == 0 ? "[" : ",") + std::to_string(counts[d] + 1);
    return counts.empty() ? name : name + "]";
  }

  /// Notes the first problem of the entry.
  void setProblem(std::string problem) {
    if (!entry.problem.empty())
      return;
    entry.problem = std::move(problem);
    // The elements so far are of no use.
    booleans = {};
    integers = {};
    reals = {};
  }
  void reject(const std::string &what) {
    setProblem("`" + getElementName() + "` is " + what);
  }

  /// Whether a value that begins here is an element of the entry: none is
  /// inside an object, after a problem, or among lists.
  bool isWanted() {
    if (objectDepth > 0 || !entry.problem.empty())
      return false;
    if (!leafRank && entry.shape.size() == counts.size())
      leafRank = counts.size();
    if (leafRank == counts.size())
      return true;
    reject("a number where others are lists");
    return false;
  }

  void addBoolean(bool value) {
    if (kind == Kind::Integer || kind == Kind::Real)
      return reject("a boolean among numbers");
    kind = Kind::Boolean;
    booleans.push_back(value);
  }

  void addReal(double value) {
    if (kind == Kind::Boolean)
      return reject("a number among booleans");
    if (kind == Kind::Integer) {
      reals.assign(integers.begin(), integers.end());
      integers = {};
    }
    kind = Kind::Real;
    reals.push_back(value);
  }

  void addNumber(llvm::StringRef text) {
    if (text == "NaN")
      return addReal(std::numeric_limits<double>::quiet_NaN());
    // As an integer, -0 would lose its sign.
    if ((kind == Kind::None || kind == Kind::Integer) && text != "-0") {
      if (std::optional<int64_t> integer = parseInteger(text)) {
        kind = Kind::Integer;
        integers.push_back(*integer);
        return;
      }
    }
    std::optional<double> real = parseReal(text);
    if (!real)
      return reject(quoteForMessage(text) + ": expected a number");
    if (std::isinf(*real) && !text.contains('I'))
      return reject(quoteForMessage(text) +
                    ": beyond the range of 64-bit real numbers");
    addReal(*real);
  }

  void addString(llvm::StringRef text) {
    if (text.equals_insensitive("nan"))
      return addReal(std::numeric_limits<double>::quiet_NaN());
    if (text.ends_with_insensitive("inf") ||
        text.ends_with_insensitive("infinity"))
      if (std::optional<double> real = parseReal(text))
        return addReal(*real);
    reject("the string " + quoteForMessage(text) + ": expected a number");
  }

  /// Counts the value in its list, or finishes the entry.
  bool endValue() {
    if (objectDepth > 0)
      return true;
    if (!counts.empty()) {
      ++counts.back();
      return true;
    }
    started = false;
    switch (kind) {
    case Kind::Boolean:
      setElements(entry, ElementKind::Bool, std::exchange(booleans, {}));
      break;
    case Kind::None:
    case Kind::Integer:
      setElements(entry, ElementKind::Int64, std::exchange(integers, {}));
      break;
    case Kind::Real:
      setElements(entry, ElementKind::Float64, std::exchange(reals, {}));
      break;
    }
    llvm::Error error = set.add(std::move(entry));
    if (!error)
      return true;
    duplicate = llvm::toString(std::move(error));
    return false;
  }

  llvm::StringRef path;
  DataSet &set;
  std::string failure, duplicate;

  /// The entry being read, and whether one is.
  DataArray entry;
  bool started = false;
  /// Open lists and objects, and the objects among them inside the entry.
  unsigned depth = 0, objectDepth = 0;
  /// For each open list of the entry, the number of values read.
  std::vector<int64_t> counts;
  /// The number of lists around each number.
  std::optional<size_t> leafRank;
  Kind kind = Kind::None;
  std::vector<uint8_t> booleans;
  std::vector<int64_t> integers;
  std::vector<double> reals;
};
} // namespace

llvm::Error vi::data::readJSON(llvm::StringRef path, DataSet &set) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef text = (*buffer)->getBuffer();
  if (llvm::Error error = checkText(path, text))
    return error;
  text.consume_front("\xEF\xBB\xBF");

  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Handler handler(path, set);
  constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag |
                             rapidjson::kParseNanAndInfFlag |
                             rapidjson::kParseValidateEncodingFlag;
  rapidjson::ParseResult result = reader.Parse<flags>(stream, handler);
  if (!handler.getDuplicate().empty())
    return llvm::createStringError(handler.getDuplicate());
  if (!result) {
    std::string message = handler.getFailure().str();
    size_t offset = std::min(result.Offset(), text.size());
    if (message.empty()) {
      message = llvm::StringRef(rapidjson::GetParseError_En(result.Code()))
                    .rtrim('.')
                    .str();
      message[0] = llvm::toLower(message[0]);
      if (text.drop_front(offset).trim().empty())
        message += " (the file ends here)";
    }
    return makeErrorAt(path, text, offset, message);
  }
  return llvm::Error::success();
}
