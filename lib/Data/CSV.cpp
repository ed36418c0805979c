//===- CSV.cpp - tables with a header -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReaderSupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

#include <csv.h>
#include <limits>

using namespace vi::data;

namespace {
/// Reads the rows of a table: libcsv finds the cells, this class knows the
/// lines.
class RowReader {
public:
  using Visitor = llvm::function_ref<llvm::Error(
      llvm::ArrayRef<std::string> cells, int64_t line)>;

  RowReader(llvm::StringRef path, llvm::StringRef text)
      : path(path), text(text) {}

  /// Calls `visit` for each row, the header included.
  llvm::Error read(Visitor visit) {
    csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
      return llvm::createStringError("cannot start the parser of CSV");
    // The buffer of a cell grows by this much at a time.
    csv_set_blk_size(&parser, 1 << 16);
    State state;
    llvm::Error error = readLines(parser, state, visit);
    csv_free(&parser);
    return error;
  }

private:
  struct State {
    std::vector<std::string> cells;
    bool complete = false;
  };
  static void onCell(void *data, size_t size, void *state) {
    static_cast<State *>(state)->cells.emplace_back(
        static_cast<const char *>(data), size);
  }
  static void onRow(int, void *state) {
    static_cast<State *>(state)->complete = true;
  }

  llvm::Error readLines(csv_parser &parser, State &state, Visitor visit) {
    llvm::StringRef rest = text;
    int64_t line = 1;
    for (; !rest.empty(); ++line) {
      // Up to "\n", "\r\n" or "\r".
      size_t end = rest.find_first_of("\r\n");
      end = end == llvm::StringRef::npos ? rest.size() : end + 1;
      if (rest.substr(end - 1, 2) == "\r\n")
        ++end;
      llvm::StringRef piece = rest.take_front(end);
      rest = rest.drop_front(end);
      size_t parsed =
          csv_parse(&parser, piece.data(), piece.size(), onCell, onRow, &state);
      if (parsed != piece.size())
        return makeError(parser, line, parsed + 1);
      if (llvm::Error error = takeRow(state, line, visit))
        return error;
    }
    if (csv_fini(&parser, onCell, onRow, &state) != 0)
      return llvm::createStringError(path +
                                     ": the file ends inside a quoted cell");
    return takeRow(state, line - 1, visit);
  }

  llvm::Error takeRow(State &state, int64_t line, Visitor visit) {
    if (!state.complete)
      return llvm::Error::success();
    llvm::Error error = visit(state.cells, line);
    state.cells.clear();
    state.complete = false;
    return error;
  }

  llvm::Error makeError(csv_parser &parser, int64_t line, size_t column) {
    std::string message = csv_error(&parser) == CSV_EPARSE
                              ? "a quotation mark inside a cell: quoted cells "
                                "are quoted as a whole, with \"\" for each "
                                "mark inside"
                              : "out of memory";
    return llvm::createStringError(path + ":" + llvm::Twine(line) + ":" +
                                   llvm::Twine(column) + ": " + message);
  }

  llvm::StringRef path, text;
};

/// What the cells of a column can be read as, and their values.
struct Column {
  std::string name;
  bool canBeBoolean = true, canBeInteger = true, canBeReal = true;
  /// A problem of the column: a missing cell.
  std::string problem;
  /// The first cell that is no number, for messages.
  std::string exampleOfText;

  std::vector<uint8_t> booleans;
  std::vector<int64_t> integers;
  std::vector<double> reals;
  llvm::StringMap<int64_t> levels;

  bool isUsed() const { return !name.empty() && problem.empty(); }
  bool isText() const { return !canBeBoolean && !canBeReal; }
};
} // namespace

static bool isMissing(llvm::StringRef cell) {
  return cell.empty() || cell == "NA" || cell.equals_insensitive("nan");
}

static std::optional<bool> parseBoolean(llvm::StringRef cell) {
  if (cell.equals_insensitive("true"))
    return true;
  if (cell.equals_insensitive("false"))
    return false;
  return std::nullopt;
}

/// The first pass: narrows down what the column is.
static void inspectCell(Column &column, llvm::StringRef cell, int64_t line) {
  if (!column.isUsed())
    return;
  cell = cell.trim(" \t");
  if (isMissing(cell)) {
    column.problem = "the cell of column `" + column.name + "` in line " +
                     std::to_string(line) + " is " +
                     (cell.empty() ? "empty" : "missing (" + cell.str() + ")") +
                     ": data must be complete";
    return;
  }
  if (column.canBeBoolean && !parseBoolean(cell))
    column.canBeBoolean = false;
  if (column.canBeInteger && !parseInteger(cell))
    column.canBeInteger = false;
  if (column.canBeReal && !column.canBeInteger && !parseReal(cell)) {
    column.canBeReal = false;
    column.exampleOfText =
        quoteForMessage(cell) + " in line " + std::to_string(line);
  }
  if (!column.isText())
    return;
  if (!llvm::json::isUTF8(cell))
    column.problem = "the cell of column `" + column.name + "` in line " +
                     std::to_string(line) +
                     " is not in UTF-8: convert the file";
}

/// The second pass: keeps the values.
static void readCell(Column &column, llvm::StringRef cell) {
  if (!column.isUsed())
    return;
  cell = cell.trim(" \t");
  if (column.canBeBoolean)
    column.booleans.push_back(*parseBoolean(cell));
  else if (column.canBeInteger)
    column.integers.push_back(*parseInteger(cell));
  else if (column.canBeReal)
    column.reals.push_back(*parseReal(cell));
  else
    // Codes in the order of appearance, for now.
    column.integers.push_back(
        column.levels.try_emplace(cell, column.levels.size()).first->second);
}

/// Sorts the levels of a text column and renumbers the codes.
static std::vector<std::string> sortLevels(Column &column) {
  std::vector<std::string> names;
  for (const auto &level : column.levels)
    names.push_back(level.getKey().str());
  llvm::sort(names);
  std::vector<int64_t> code(names.size());
  for (auto [position, name] : llvm::enumerate(names))
    code[column.levels.lookup(name)] = position;
  for (int64_t &value : column.integers)
    value = code[value];
  return names;
}

static llvm::Error readHeader(llvm::StringRef path,
                              llvm::ArrayRef<std::string> cells,
                              std::vector<Column> &columns) {
  for (llvm::StringRef cell : cells) {
    if (!llvm::json::isUTF8(cell))
      return llvm::createStringError(
          path + ":1: the header is not in UTF-8: convert the file");
    columns.emplace_back().name = cell.trim(" \t").str();
  }
  if (columns.size() == 1 &&
      columns.front().name.find_first_of(";\t") != std::string::npos)
    return llvm::createStringError(path + ":1: one column named " +
                                   quoteForMessage(columns.front().name) +
                                   ": cells must be separated by commas");
  return llvm::Error::success();
}

llvm::Error vi::data::readCSV(llvm::StringRef path, DataSet &set) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = openFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef text = (*buffer)->getBuffer();
  if (llvm::Error error = checkText(path, text))
    return error;
  text.consume_front("\xEF\xBB\xBF");
  RowReader reader(path, text);

  // What a column is shows only at its end, and text is not worth keeping for
  // columns of numbers: the file is read twice.
  std::vector<Column> columns;
  auto lines = std::make_shared<std::vector<int64_t>>();
  llvm::Error error = reader.read([&](llvm::ArrayRef<std::string> cells,
                                      int64_t line) -> llvm::Error {
    if (columns.empty())
      return readHeader(path, cells, columns);
    if (cells.size() != columns.size())
      return llvm::createStringError(
          path + ":" + llvm::Twine(line) + ": the row has " +
          llvm::Twine(cells.size()) + (cells.size() == 1 ? " cell" : " cells") +
          ", the header has " + llvm::Twine(columns.size()));
    for (auto [column, cell] : llvm::zip_equal(columns, cells))
      inspectCell(column, cell, line);
    lines->push_back(line);
    return llvm::Error::success();
  });
  if (error)
    return error;

  bool isHeader = true;
  error = reader.read(
      [&](llvm::ArrayRef<std::string> cells, int64_t) -> llvm::Error {
        if (!std::exchange(isHeader, false))
          for (auto [column, cell] : llvm::zip_equal(columns, cells))
            readCell(column, cell);
        return llvm::Error::success();
      });
  if (error)
    return error;

  for (Column &column : columns) {
    // R names the column of row numbers so.
    if (column.name.empty())
      continue;
    DataArray array;
    array.name = column.name;
    array.file = path.str();
    array.shape = {static_cast<int64_t>(lines->size())};
    array.isColumn = true;
    array.lines = lines;
    array.problem = column.problem;
    array.exampleOfText = column.exampleOfText;
    if (!column.problem.empty()) {
      setElements(array, ElementKind::Float64, std::vector<double>());
    } else if (column.canBeInteger) {
      setElements(array, ElementKind::Int64, std::move(column.integers));
    } else if (column.canBeBoolean) {
      setElements(array, ElementKind::Bool, std::move(column.booleans));
    } else if (column.canBeReal) {
      setElements(array, ElementKind::Float64, std::move(column.reals));
    } else {
      array.isText = true;
      array.levels = sortLevels(column);
      setElements(array, ElementKind::Int64, std::move(column.integers));
    }
    if (llvm::Error duplicate = set.add(std::move(array)))
      return duplicate;
  }
  return llvm::Error::success();
}
