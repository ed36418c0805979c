//===- ScopeNotes.cpp - where a value is that is out of scope -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScopeNotes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

static bool isNameCharacter(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '$' || c == '.' || c == '-';
}

/// The column, from 0, at which a line gives a value its name: as a result, or
/// as an argument that stands for a slice or a sum.
static std::optional<size_t> findDefinition(StringRef line, StringRef name) {
  line = line.split("//").first;
  for (size_t at = line.find(name); at != StringRef::npos;
       at = line.find(name, at + 1)) {
    StringRef rest = line.substr(at + name.size());
    if (!rest.empty() && isNameCharacter(rest.front()))
      continue;
    // A pack of results has its number behind the name.
    if (rest.consume_front(":"))
      rest = rest.ltrim("0123456789");
    rest = rest.ltrim();
    if (rest.starts_with("=") && !rest.starts_with("=="))
      return at;
  }
  return std::nullopt;
}

/// Adds, to the parser's error that a value is not declared, where a value of
/// that name is: in a region that has ended.
static void addScopeNote(Diagnostic &diagnostic) {
  auto loc = dyn_cast<FileLineColLoc>(diagnostic.getLocation());
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error || !loc ||
      diagnostic.str() != "use of undeclared SSA value name")
    return;
  auto file = llvm::MemoryBuffer::getFile(loc.getFilename().getValue());
  if (!file)
    return;
  SmallVector<StringRef> lines;
  for (llvm::line_iterator line(**file, /*SkipBlanks=*/false);
       !line.is_at_end(); ++line)
    lines.push_back(*line);
  if (loc.getLine() > lines.size() || loc.getLine() == 0 ||
      loc.getColumn() == 0)
    return;
  StringRef name = lines[loc.getLine() - 1].substr(loc.getColumn() - 1);
  if (!name.consume_front("%"))
    return;
  name = name.take_while(isNameCharacter);
  std::string whole = ("%" + name).str();
  // The last one before the use.
  for (unsigned line = loc.getLine() - 1; line > 0; --line) {
    std::optional<size_t> column = findDefinition(lines[line - 1], whole);
    if (!column)
      continue;
    diagnostic.attachNote(
        FileLineColLoc::get(loc.getFilename(), line, unsigned(*column) + 1))
        << "a value of this name is here, in a region that has ended: what a "
           "plate computes for its members leaves it as a stack (vi.yield)";
    return;
  }
}

void vi::registerScopeNotes(MLIRContext *context) {
  context->getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    addScopeNote(diagnostic);
    // Others print it.
    return failure();
  });
}
