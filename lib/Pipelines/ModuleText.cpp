//===- ModuleText.cpp - modules from text that may be anything -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Pipelines/ModuleText.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace vi;

namespace {

/// Tokens that an affine map or set may have.
constexpr unsigned maxAffineTokens = 4096;

/// Walks over the text of a module token by token, as far as the defects need
/// it: words, brackets, and all other characters one by one.
class TextScanner {
public:
  explicit TextScanner(StringRef text) : text(text) {}

  std::optional<TextDefect> scan() {
    for (StringRef token = next(); !token.empty(); token = next()) {
      if (std::optional<TextDefect> defect = nest(token))
        return defect;
      if (token.front() == '!' || token.front() == '#') {
        if (std::optional<TextDefect> defect = readAlias(token))
          return defect;
      } else if (token == "affine_map" || token == "affine_set") {
        if (std::optional<TextDefect> defect = readAffine(token))
          return defect;
      } else if (token == "array") {
        if (std::optional<TextDefect> defect = readDenseArray())
          return defect;
      }
    }
    return std::nullopt;
  }

private:
  size_t getOffset(StringRef token) const { return token.data() - text.data(); }

  /// The next token, empty at the end.
  StringRef next() {
    while (position < text.size()) {
      StringRef rest = text.substr(position);
      if (llvm::isSpace(rest.front())) {
        ++position;
      } else if (rest.starts_with("//")) {
        position += std::min(rest.find('\n'), rest.size());
      } else if (rest.front() == '"') {
        skipString(rest);
      } else {
        break;
      }
    }
    if (position >= text.size())
      return {};
    StringRef rest = text.substr(position);
    auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
    size_t length = 1;
    if (isWord(rest.front()) || ((rest.front() == '!' || rest.front() == '#') &&
                                 rest.size() > 1 && isWord(rest[1])))
      length = rest.drop_front().take_while(isWord).size() + 1;
    else if (rest.starts_with("->") || rest.starts_with(">=") ||
             rest.starts_with("<="))
      length = 2;
    position += length;
    return rest.take_front(length);
  }

  void skipString(StringRef rest) {
    size_t i = 1;
    while (i < rest.size() && rest[i] != '"' && rest[i] != '\n')
      i += rest[i] == '\\' ? 2 : 1;
    position = std::min(position + i + 1, text.size());
  }

  /// What comes after the last token, which stays unread.
  StringRef peek() {
    size_t saved = position;
    StringRef token = next();
    position = saved;
    return token;
  }

  /// Opens or closes a bracket.
  std::optional<TextDefect> nest(StringRef token) {
    if (token == "(" || token == "[" || token == "{" || token == "<") {
      open.push_back(token.front());
      return deepen(token, open.size());
    }
    char opening = token == ")"   ? '('
                   : token == "]" ? '['
                   : token == "}" ? '{'
                   : token == ">" ? '<'
                                  : 0;
    if (!opening)
      return std::nullopt;
    // A '<' may be a comparison in text of a dialect: other brackets close it.
    size_t last = open.size();
    while (last > 0 && open[last - 1] == '<' && opening != '<')
      --last;
    if (last > 0 && open[last - 1] == opening)
      open.truncate(last - 1);
    return std::nullopt;
  }

  /// A name of a type or an attribute: its definition, or a use, which is as
  /// deep as what it stands for.
  std::optional<TextDefect> readAlias(StringRef name) {
    if (open.empty() && peek() == "=") {
      next();
      defined = name;
      definedAt = position;
      depths[name] = 0;
      if (isIndex(peek()))
        indexNames.insert(name);
      return std::nullopt;
    }
    auto depth = depths.find(name);
    if (depth == depths.end())
      return std::nullopt;
    return deepen(name, open.size() + depth->second);
  }

  /// Something at `token` is `depth` deep.
  std::optional<TextDefect> deepen(StringRef token, size_t depth) {
    if (depth > maxNesting)
      return TextDefect{getOffset(token), "nested more than " +
                                              std::to_string(maxNesting) +
                                              " deep"};
    // A definition ends where something begins on another line.
    if (!defined.empty() && open.size() <= 1 &&
        text.slice(definedAt, getOffset(token)).contains('\n'))
      defined = {};
    if (!defined.empty())
      depths[defined] = std::max(depths[defined], depth);
    return std::nullopt;
  }

  /// After `affine_map` or `affine_set`: the parser recurses for each operator.
  std::optional<TextDefect> readAffine(StringRef name) {
    size_t saved = position;
    if (next() != "<") {
      position = saved;
      return std::nullopt;
    }
    unsigned depth = 1, count = 0;
    while (depth > 0) {
      StringRef token = next();
      if (token.empty())
        break;
      depth += token == "<";
      depth -= token == ">";
      if (++count > maxAffineTokens)
        return TextDefect{getOffset(name),
                          ("an " + name + " of more than " +
                           llvm::Twine(maxAffineTokens) + " tokens")
                              .str()};
    }
    // Brackets in it count as elsewhere.
    position = saved;
    return std::nullopt;
  }

  bool isIndex(StringRef token) const {
    return token == "index" || indexNames.contains(token);
  }

  /// After `array`.
  std::optional<TextDefect> readDenseArray() {
    size_t saved = position;
    if (next() == "<") {
      StringRef type = next();
      StringRef after = peek();
      if (isIndex(type) && (after == ":" || after == ">"))
        return TextDefect{getOffset(type),
                          "a dense array cannot have elements of type 'index'; "
                          "take i64"};
    }
    position = saved;
    return std::nullopt;
  }

  StringRef text;
  size_t position = 0;
  SmallVector<char> open;
  /// How deep what a name stands for is.
  llvm::StringMap<size_t> depths;
  /// The name whose definition is being read, and where that began.
  StringRef defined;
  size_t definedAt = 0;
  llvm::StringSet<> indexNames;
};

} // namespace

std::optional<TextDefect> vi::findTextDefect(StringRef text) {
  return TextScanner(text).scan();
}

LogicalResult vi::checkModuleText(const llvm::SourceMgr &sources,
                                  MLIRContext &context) {
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  if (isBytecode(buffer->getMemBufferRef()))
    return success();
  std::optional<TextDefect> defect = findTextDefect(buffer->getBuffer());
  if (!defect)
    return success();
  auto [line, column] = sources.getLineAndColumn(
      llvm::SMLoc::getFromPointer(buffer->getBufferStart() + defect->offset),
      sources.getMainFileID());
  return emitError(FileLineColLoc::get(&context, buffer->getBufferIdentifier(),
                                       line, column))
         << defect->message;
}

OwningOpRef<ModuleOp> vi::parseModule(const llvm::SourceMgr &sources,
                                      const ParserConfig &config) {
  MLIRContext *context = config.getContext();
  if (failed(checkModuleText(sources, *context)))
    return nullptr;
  return parseSourceFile<ModuleOp>(sources, config);
}
