//===- Binding.cpp - data arrays for a model's arguments -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Binding.h"

#include "ElementConversion.h"
#include "ReaderSupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <type_traits>

using namespace vi::data;

int64_t BoundArgument::getElementCount() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

static bool isReal(ElementKind kind) {
  return kind == ElementKind::Float64 || kind == ElementKind::Float32 ||
         kind == ElementKind::Float16;
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static llvm::Error makeError(const ArgumentDescription &argument,
                             const llvm::Twine &message) {
  std::string location;
  if (!argument.location.empty())
    location = " (argument `" + argument.name + "`, " + argument.location + ")";
  return llvm::createStringError(message + location);
}

/// "column `x`" or "`x`".
static std::string getEntryName(const DataArray &entry) {
  return (entry.isColumn ? "column `" : "`") + entry.name + "`";
}

/// "`x[2,3]`", from 1; with the line for a cell of a table.
static std::string getElementName(llvm::StringRef name,
                                  llvm::ArrayRef<int64_t> shape,
                                  const std::vector<int64_t> *lines,
                                  int64_t position) {
  std::string indices;
  int64_t row = position;
  for (size_t d = shape.size(); d-- > 0;) {
    std::string index = std::to_string(row % shape[d] + 1);
    indices = index + (indices.empty() ? "" : "," + indices);
    if (d > 0)
      row /= shape[d];
  }
  std::string text = ("`" + name).str();
  if (!indices.empty())
    text += "[" + indices + "]";
  text += "`";
  if (lines)
    text += " (line " + std::to_string((*lines)[row]) + ")";
  return text;
}

static std::string getElementName(const DataArray &entry, int64_t position) {
  return getElementName(entry.name, entry.shape, entry.lines.get(), position);
}

void BoundArgument::materialize() {
  if (data)
    return;
  size_t bytes = getElementCount() * getElementSize(kind);
  auto storage = std::make_shared<std::vector<uint64_t>>(bytes / 8 + 1);
  rows->gather(0, rows->getRowCount(), storage->data());
  data = storage->data();
  owner = std::move(storage);
}

std::string BoundArgument::describeElement(int64_t position) const {
  // In the shard that has it.
  for (const DataArray &shard : shards) {
    if (position < shard.getElementCount())
      return shard.file + ": " + getElementName(shard, position);
    position -= shard.getElementCount();
  }
  return (file.empty() ? "" : file + ": ") +
         getElementName(name, shape, lines.get(), position);
}

/// "a number", "a vector of 5", "an array of 3 x 4"; unknown sizes are "?".
static std::string describeShape(llvm::ArrayRef<int64_t> sizes) {
  if (sizes.empty())
    return "a single number";
  std::string text = sizes.size() == 1   ? "a vector of "
                     : sizes.size() == 2 ? "a matrix of "
                                         : "an array of ";
  if (llvm::all_of(sizes, [](int64_t size) {
        return size == ArgumentDescription::kDynamic;
      }))
    return sizes.size() == 1 ? "a vector"
           : sizes.size() == 2
               ? "a matrix"
               : "an array of " + std::to_string(sizes.size()) + " dimensions";
  for (auto [d, size] : llvm::enumerate(sizes))
    text +=
        (d == 0 ? "" : " x ") +
        (size == ArgumentDescription::kDynamic ? "?" : std::to_string(size));
  return text;
}

static std::string formatValue(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value > 0 ? "Inf" : "-Inf";
  char buffer[32];
  snprintf(buffer, sizeof(buffer), "%.15g", value);
  return buffer;
}

/// The entries that are there, and those that may be meant.
static llvm::Error makeMissingError(const ArgumentDescription &argument,
                                    const DataSet &set) {
  if (set.files.empty())
    return makeError(argument, "no data for `" + argument.name +
                                   "`: no data file is given");
  std::string message = llvm::join(set.files, ", ") +
                        (set.files.size() == 1 ? " has" : " have") + " no `" +
                        argument.name + "`";
  // Names that differ in case or by a slip of the keys; the nearest counts.
  std::string near;
  unsigned nearest = (argument.name.size() + 2) / 3 + 1;
  constexpr size_t limit = 12;
  std::string names;
  for (auto [i, entry] : llvm::enumerate(set.getEntries())) {
    llvm::StringRef name = entry.name;
    unsigned distance = name.equals_insensitive(argument.name) ? 0
                        : argument.name.size() < 2
                            ? nearest
                            : name.edit_distance(argument.name, true, nearest);
    if (distance < nearest) {
      nearest = distance;
      near = name.str();
    }
    if (i < limit)
      names += (i == 0 ? "`" : ", `") + shortenForMessage(name) + "`";
    else if (i == limit)
      names +=
          ", and " + std::to_string(set.getEntries().size() - limit) + " more";
  }
  message += names.empty() ? ", nor any other entry" : ", but " + names;
  if (!near.empty())
    message += "; is `" + near + "` meant?";
  const DataArray *column = llvm::find_if(
      set.getEntries(), [](const DataArray &entry) { return entry.isColumn; });
  if (argument.sizes.empty() && !isReal(argument.kind) &&
      column != set.getEntries().end())
    message += "; a table holds no single numbers: give it in a JSON file of "
               "its own, {\"" +
               argument.name +
               "\": " + std::to_string(column->getElementCount()) + "}";
  return makeError(argument, message);
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

namespace {
/// Where the elements of an entry go: every `stride`-th element of an array.
struct Destination {
  void *data = nullptr;
  int64_t stride = 1;
  int64_t offset = 0;
  /// What is added to a text column's codes.
  int64_t base = 0;
};
} // namespace

template <typename T> static std::string formatElement(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return formatValue(value);
  else
    return std::to_string(value);
}

/// Why the value does not fit, or null. `converted` receives the value.
template <typename To, typename From>
static const char *convertElement(From value, To &converted) {
  if constexpr (std::is_floating_point_v<From>)
    if (!std::isfinite(value))
      return "expected a finite number";
  if constexpr (std::is_same_v<To, Boolean>) {
    if (value != From(0) && value != From(1))
      return "expected 0 or 1";
    converted.value = value != From(0);
  } else if constexpr (std::is_floating_point_v<To>) {
    converted = static_cast<To>(value);
    if (!std::isfinite(converted))
      return "beyond the range of 32-bit real numbers";
  } else if constexpr (std::is_floating_point_v<From>) {
    if (value != std::trunc(value))
      return "expected an integer";
    // The bounds are powers of two, thus exact as real numbers.
    const double low = static_cast<double>(std::numeric_limits<To>::min());
    const double high = std::ldexp(1.0, std::numeric_limits<To>::digits);
    if (value < low || value >= high)
      return "beyond the range of the argument's integers";
    converted = static_cast<To>(value);
  } else {
    if constexpr (std::is_same_v<From, uint64_t>)
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        return "beyond the range of the argument's integers";
    if (static_cast<int64_t>(value) <
            static_cast<int64_t>(std::numeric_limits<To>::min()) ||
        static_cast<int64_t>(value) >
            static_cast<int64_t>(std::numeric_limits<To>::max()))
      return "beyond the range of the argument's integers";
    converted = static_cast<To>(value);
  }
  return nullptr;
}

template <typename To, typename From>
static llvm::Error convertElements(const DataArray &entry,
                                   const ArgumentDescription &argument,
                                   const Destination &destination) {
  using Number = NumberOf<From>;
  const From *from = static_cast<const From *>(entry.data);
  To *to = static_cast<To *>(destination.data);
  int64_t count = entry.getElementCount();
  for (int64_t i = 0; i < count; ++i) {
    Number value = from[i];
    if constexpr (std::is_same_v<From, int64_t>)
      value += destination.base;
    To converted{};
    if (const char *problem = convertElement<To, Number>(value, converted))
      return makeError(argument, entry.file + ": " + getElementName(entry, i) +
                                     " is " + formatElement(value) + ": " +
                                     problem);
    if (to)
      to[destination.offset + i * destination.stride] = converted;
  }
  return llvm::Error::success();
}

/// Converts the elements to the argument's kind, or only checks them where
/// the destination has no data.
static llvm::Error convert(const DataArray &entry,
                           const ArgumentDescription &argument,
                           const Destination &destination) {
  Destination next = destination;
  for (const DataArray &shard : entry.shards) {
    if (llvm::Error error = convert(shard, argument, next))
      return error;
    next.offset += shard.getElementCount() * next.stride;
  }
  if (!entry.shards.empty())
    return llvm::Error::success();
  return withElementType(entry.kind, [&](auto from) {
    return withElementType(argument.kind, [&](auto to) -> llvm::Error {
      using To = decltype(to);
      using From = std::conditional_t<std::is_same_v<decltype(from), Boolean>,
                                      uint8_t, decltype(from)>;
      // No argument is of 16-bit real numbers.
      if constexpr (std::is_same_v<To, Half>)
        return llvm::Error::success();
      else
        return convertElements<To, From>(entry, argument, destination);
    });
  });
}

/// Storage for the elements of an argument.
static void allocate(BoundArgument &bound) {
  size_t bytes = bound.getElementCount() * getElementSize(bound.kind);
  auto storage = std::make_shared<std::vector<uint64_t>>(
      std::max<size_t>(1, bytes / 8 + 1));
  bound.data = storage->data();
  bound.owner = std::move(storage);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// Text has no place where the argument is not an index.
static llvm::Error checkUsable(const DataArray &entry,
                               const ArgumentDescription &argument) {
  if (!entry.problem.empty())
    return makeError(argument, entry.file + ": " + entry.problem);
  if (entry.isText && !argument.index)
    return makeError(
        argument, entry.file + ": " + getEntryName(entry) + " is text (" +
                      entry.exampleOfText + "): expected " +
                      describeElementKind(argument.kind) +
                      ", as only an argument of indices takes names of levels");
  return llvm::Error::success();
}

/// The shape that the entry gives to the argument.
static llvm::Expected<std::vector<int64_t>>
matchShape(const DataArray &entry, const ArgumentDescription &argument) {
  std::vector<int64_t> shape = entry.shape;
  llvm::ArrayRef<int64_t> sizes = argument.sizes;
  auto mismatch = [&]() {
    return makeError(argument, entry.file + ": " + getEntryName(entry) +
                                   " is " + describeShape(entry.shape) +
                                   ": expected " + describeShape(sizes));
  };
  // A table of one row.
  if (entry.isColumn && sizes.empty() && entry.getElementCount() == 1)
    return std::vector<int64_t>();
  // `[]` may stand for an empty array of any rank.
  if (!entry.isColumn && entry.getElementCount() == 0 &&
      shape.size() < sizes.size())
    for (size_t d = shape.size(); d < sizes.size(); ++d)
      shape.push_back(std::max<int64_t>(0, sizes[d]));
  if (shape.size() != sizes.size())
    return mismatch();
  for (auto [size, expected] : llvm::zip_equal(shape, sizes))
    if (expected != ArgumentDescription::kDynamic && size != expected)
      return mismatch();
  return shape;
}

static llvm::Expected<BoundArgument>
bindEntry(const DataArray &entry, const ArgumentDescription &argument) {
  if (llvm::Error error = checkUsable(entry, argument))
    return std::move(error);
  llvm::Expected<std::vector<int64_t>> shape = matchShape(entry, argument);
  if (!shape)
    return shape.takeError();
  BoundArgument bound;
  bound.name = argument.name;
  bound.kind = argument.kind;
  bound.shape = std::move(*shape);
  bound.levels = entry.levels;
  bound.file = entry.file;
  bound.lines = entry.lines;
  bound.shards = entry.shards;
  Destination destination;
  if (entry.isText)
    destination.base = argument.index->base;
  bool isStreamed = argument.isStreamed && !argument.sizes.empty() &&
                    !entry.isText && entry.shape.size() == bound.shape.size() &&
                    entry.getElementCount() > 0;
  if (isStreamed)
    bound.rows = std::make_shared<RowSource>(entry, argument.kind);
  bool isCopied = entry.kind != argument.kind || destination.base != 0 ||
                  entry.data == nullptr;
  if (isCopied && !isStreamed) {
    allocate(bound);
    destination.data = const_cast<void *>(bound.data);
  } else if (!isCopied) {
    bound.data = entry.data;
    bound.owner = entry.owner;
  }
  if (llvm::Error error = convert(entry, argument, destination))
    return std::move(error);
  return bound;
}

/// The indices that a column's name has behind the argument's: `x.1.2`,
/// `x[1,2]`; empty if it is another name.
static std::vector<int64_t> parseColumnIndices(llvm::StringRef column,
                                               llvm::StringRef argument) {
  if (!column.consume_front(argument))
    return {};
  char separator = '.';
  if (column.consume_front("[")) {
    separator = ',';
    if (!column.consume_back("]"))
      return {};
  } else if (!column.consume_front(".")) {
    return {};
  }
  std::vector<int64_t> indices;
  for (llvm::StringRef part : llvm::split(column, separator)) {
    int64_t index = 0;
    if (part.trim().getAsInteger(10, index) || index < 1 || index > (1 << 24))
      return {};
    indices.push_back(index);
  }
  return indices;
}

/// Puts a matrix (or an array of more dimensions) together from columns. Null
/// if there are none for it.
static llvm::Expected<std::optional<BoundArgument>>
bindColumns(const DataSet &set, const ArgumentDescription &argument) {
  size_t rank = argument.sizes.size();
  if (rank < 2)
    return std::nullopt;
  // By indices, the last one fastest: the order of a row's elements.
  std::map<std::vector<int64_t>, const DataArray *> columns;
  std::vector<int64_t> sizes(rank - 1, 0);
  for (const DataArray &entry : set.getEntries()) {
    if (!entry.isColumn)
      continue;
    std::vector<int64_t> indices =
        parseColumnIndices(entry.name, argument.name);
    if (indices.size() != rank - 1)
      continue;
    auto [position, inserted] = columns.try_emplace(indices, &entry);
    if (!inserted)
      return makeError(argument,
                       entry.file + ": columns `" + position->second->name +
                           "` and `" + entry.name +
                           "` are the same element of `" + argument.name + "`");
    for (auto [size, index] : llvm::zip_equal(sizes, indices))
      size = std::max(size, index);
  }
  if (columns.empty())
    return std::nullopt;

  const DataArray &first = *columns.begin()->second;
  // The first gap, if any: indices count up without one.
  std::vector<int64_t> expected(rank - 1, 1);
  for (const auto &[indices, column] : columns) {
    if (indices != expected)
      break;
    for (size_t d = rank - 1; d-- > 0;) {
      if (++expected[d] <= sizes[d] || d == 0)
        break;
      expected[d] = 1;
    }
  }
  if (expected[0] <= sizes[0]) {
    std::string name = argument.name;
    for (int64_t index : expected)
      name += "." + std::to_string(index);
    return makeError(argument, first.file + ": column `" + name +
                                   "` is missing between those of `" +
                                   argument.name + "`");
  }

  BoundArgument bound;
  bound.name = argument.name;
  bound.kind = argument.kind;
  bound.shape = {first.shape.front()};
  llvm::append_range(bound.shape, sizes);
  for (auto [size, wanted] : llvm::zip_equal(bound.shape, argument.sizes))
    if (wanted != ArgumentDescription::kDynamic && size != wanted)
      return makeError(argument,
                       first.file + ": the columns of `" + argument.name +
                           "` are " + describeShape(bound.shape) +
                           ": expected " + describeShape(argument.sizes));
  bound.file = first.file;
  bound.lines = first.lines;
  allocate(bound);
  Destination destination;
  destination.data = const_cast<void *>(bound.data);
  destination.stride = columns.size();
  for (const auto &[indices, column] : columns) {
    if (llvm::Error error = checkUsable(*column, argument))
      return std::move(error);
    if (column->isText)
      return makeError(argument, column->file + ": " + getEntryName(*column) +
                                     " is text (" + column->exampleOfText +
                                     "): the columns of a matrix are numbers");
    if (column->shape != first.shape)
      return makeError(argument, column->file + ": " + getEntryName(*column) +
                                     " has " +
                                     llvm::Twine(column->shape.front()) +
                                     " rows, " + getEntryName(first) + " has " +
                                     llvm::Twine(first.shape.front()));
    if (llvm::Error error = convert(*column, argument, destination))
      return std::move(error);
    ++destination.offset;
  }
  return bound;
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

static int64_t getInteger(const BoundArgument &bound, int64_t i) {
  switch (bound.kind) {
  case ElementKind::Int64:
    return static_cast<const int64_t *>(bound.data)[i];
  case ElementKind::Int32:
    return static_cast<const int32_t *>(bound.data)[i];
  case ElementKind::Int16:
    return static_cast<const int16_t *>(bound.data)[i];
  case ElementKind::Int8:
    return static_cast<const int8_t *>(bound.data)[i];
  case ElementKind::UInt64:
    return static_cast<const uint64_t *>(bound.data)[i];
  case ElementKind::UInt32:
    return static_cast<const uint32_t *>(bound.data)[i];
  case ElementKind::UInt16:
    return static_cast<const uint16_t *>(bound.data)[i];
  case ElementKind::UInt8:
  case ElementKind::Bool:
    return static_cast<const uint8_t *>(bound.data)[i];
  case ElementKind::Float64:
  case ElementKind::Float32:
  case ElementKind::Float16:
    break;
  }
  llvm_unreachable("indices are integers");
}

static llvm::Error checkIndices(const ArgumentDescription &argument,
                                const BoundArgument &bound,
                                llvm::ArrayRef<BoundArgument> all) {
  const IndexDescription &index = *argument.index;
  if (isReal(bound.kind))
    return makeError(argument, "the argument `" + argument.name +
                                   "` holds indices, but is of real numbers");
  int64_t size = index.size;
  std::string name;
  if (!index.sizeArgument.empty()) {
    const BoundArgument *sizeArgument =
        llvm::find_if(all, [&](const BoundArgument &other) {
          return other.name == index.sizeArgument;
        });
    // A size without data is an error of its own.
    if (sizeArgument == all.end())
      return llvm::Error::success();
    if (!sizeArgument->shape.empty() || isReal(sizeArgument->kind))
      return makeError(argument, "the size of what `" + argument.name +
                                     "` indexes, `" + index.sizeArgument +
                                     "`, is no single integer");
    size = getInteger(*sizeArgument, 0);
    name = index.sizeArgument;
  }
  int64_t count = bound.getElementCount();
  std::vector<uint64_t> block;
  int64_t blockBegin = 0, blockEnd = 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t value;
    if (bound.data) {
      value = getInteger(bound, i);
    } else {
      // A streamed argument: some rows at a time.
      int64_t rowElements = count / bound.rows->getRowCount();
      if (i == blockEnd) {
        int64_t begin = i / rowElements;
        int64_t rows = std::min<int64_t>(1 + 65536 / rowElements,
                                         bound.rows->getRowCount() - begin);
        block.resize(rows * bound.rows->getRowSize() / 8 + 1);
        bound.rows->gather(begin, rows, block.data());
        blockBegin = i;
        blockEnd = i + rows * rowElements;
      }
      BoundArgument part;
      part.kind = bound.kind;
      part.data = block.data();
      value = getInteger(part, i - blockBegin);
    }
    // The difference may be beyond the signed range.
    uint64_t offset =
        static_cast<uint64_t>(value) - static_cast<uint64_t>(index.base);
    if (size > 0 && value >= index.base && offset < static_cast<uint64_t>(size))
      continue;
    std::string range;
    if (size <= 0)
      range =
          "there are no indices of " + argument.name + ", as " +
          (name.empty() ? std::string("the size of what they index") : name) +
          " is " + std::to_string(size);
    else
      range = "indices of " + argument.name + " count from " +
              std::to_string(index.base) + " to " +
              (name.empty() ? ""
               : index.base == 1
                   ? name + " = "
                   : name +
                         (index.base == 0
                              ? " - 1"
                              : (index.base > 1 ? " + " : " - ") +
                                    std::to_string(std::abs(index.base - 1))) +
                         " = ") +
              std::to_string(index.base + (size - 1));
    std::string element = bound.describeElement(i);
    if (!bound.levels.empty())
      element += " (level " + quoteForMessage(bound.levels[offset]) + ")";
    return makeError(argument,
                     element + " is " + std::to_string(value) + ": " + range);
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<BoundArgument>>
vi::data::bindArguments(llvm::ArrayRef<ArgumentDescription> arguments,
                        const DataSet &set) {
  llvm::Error errors = llvm::Error::success();
  auto add = [&](llvm::Error error) {
    errors = llvm::joinErrors(std::move(errors), std::move(error));
  };
  /// The number of levels of the text column that the argument is the size of.
  auto countLevels =
      [&](const ArgumentDescription &argument) -> std::optional<int64_t> {
    if (!argument.sizes.empty())
      return std::nullopt;
    for (const ArgumentDescription &other : arguments) {
      if (!other.index || other.index->sizeArgument != argument.name)
        continue;
      const DataArray *entry = set.lookup(other.name);
      if (entry && entry->isText && entry->problem.empty())
        return entry->levels.size();
    }
    return std::nullopt;
  };

  std::vector<BoundArgument> result;
  for (const ArgumentDescription &argument : arguments) {
    if (const DataArray *entry = set.lookup(argument.name)) {
      llvm::Expected<BoundArgument> bound = bindEntry(*entry, argument);
      if (bound)
        result.push_back(std::move(*bound));
      else
        add(bound.takeError());
      continue;
    }
    llvm::Expected<std::optional<BoundArgument>> columns =
        bindColumns(set, argument);
    if (!columns) {
      add(columns.takeError());
      continue;
    }
    if (*columns) {
      result.push_back(std::move(**columns));
      continue;
    }
    if (std::optional<int64_t> levels = countLevels(argument)) {
      DataArray count;
      count.name = argument.name;
      setElements(count, ElementKind::Int64, std::vector<int64_t>{*levels});
      llvm::Expected<BoundArgument> bound = bindEntry(count, argument);
      if (bound)
        result.push_back(std::move(*bound));
      else
        add(bound.takeError());
      continue;
    }
    add(makeMissingError(argument, set));
  }
  for (const BoundArgument &bound : result) {
    const ArgumentDescription *argument =
        llvm::find_if(arguments, [&](const ArgumentDescription &description) {
          return description.name == bound.name;
        });
    if (argument->index)
      if (llvm::Error error = checkIndices(*argument, bound, result))
        add(std::move(error));
  }
  if (errors)
    return std::move(errors);
  return result;
}
