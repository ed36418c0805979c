//===- vi-fuzz.cpp - libFuzzer target of parser and passes -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any bytes are a module's text. It is parsed and verified; what is accepted is
// printed, parsed again, and taken through the passes. An error that is
// reported is a good end; a crash, a hang, a leak, or text that is printed and
// then not accepted is a find. The pass pipelines are run in turn on copies,
// each until one fails.
//
//===----------------------------------------------------------------------===//

#include "vi/InitAll.h"
#include "vi/Pipelines/ModuleText.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

using namespace mlir;

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

/// What is run on each module that parses. The first is the path of a model;
/// the others are single steps on any IR, which reach what the path does not.
const char *const pipelines[] = {
    "vi-objective",
    "vi-compile-model,vi-to-llvm",
    "vi-compile-model{family=fullrank estimator=sticking-the-landing}",
    "vi-raise-to-plates,vi-unconstrain",
    ("func.func(vi-simplify-expectations,vi-estimate-expectations),"
     "vi-lower-distributions,vi-fuse-plates,vi-lower-special,vi-lower-rng"),
    "vi-fuse-plates,vi-tile-plates,vi-lower-matrix",
    "vi-differentiate",
    "vi-to-llvm",
};

/// The registry of what models and the passes on them are made of.
DialectRegistry &getRegistry() {
  static DialectRegistry *registry = [] {
    auto *result = new DialectRegistry();
    result
        ->insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                 math::MathDialect, scf::SCFDialect, tensor::TensorDialect>();
    vi::registerDialects(*result);
    vi::registerAllExtensions(*result);
    vi::registerAllPasses();
    return result;
  }();
  return *registry;
}

OwningOpRef<ModuleOp> parse(StringRef text, MLIRContext &context) {
  // What the tools refuse before they parse is no find.
  if (vi::findTextDefect(text))
    return nullptr;
  return parseSourceString<ModuleOp>(text, ParserConfig(&context));
}

void runPipeline(ModuleOp module, StringRef pipeline) {
  PassManager manager(module.getContext());
  if (failed(parsePassPipeline(pipeline, manager, llvm::nulls())))
    return;
  (void)manager.run(module);
}

/// Pieces of text as a reader sees them: words, numbers, strings, and other
/// characters one by one. Blanks belong to the piece before them.
void split(StringRef text, SmallVectorImpl<std::string> &tokens) {
  auto isWord = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
           c == '.' || c == '%' || c == '@' || c == '!';
  };
  size_t i = 0;
  while (i < text.size()) {
    size_t begin = i;
    if (isWord(text[i]))
      while (i < text.size() && isWord(text[i]))
        ++i;
    else
      ++i;
    while (i < text.size() && (text[i] == ' ' || text[i] == '\n'))
      ++i;
    tokens.push_back(text.slice(begin, i).str());
  }
}

/// What a piece is to a reader: values, symbols, numbers, operations, types,
/// other words, and each other character are kinds of their own.
char getKind(StringRef token) {
  token = token.rtrim(" \n");
  if (token.empty())
    return ' ';
  char first = token.front();
  if (std::isdigit(static_cast<unsigned char>(first)))
    return '0';
  if (!std::isalpha(static_cast<unsigned char>(first)))
    return first;
  if (token.contains('.'))
    return '.';
  bool isType = token == "f64" || token == "f32" || token == "i1" ||
                token == "i32" || token == "i64" || token == "index";
  return isType ? 't' : 'w';
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  MLIRContext context(getRegistry(), MLIRContext::Threading::DISABLED);
  for (const char *pipeline : pipelines) {
    PassManager manager(&context);
    if (failed(parsePassPipeline(pipeline, manager, llvm::errs()))) {
      llvm::errs() << "vi-fuzz: no pipeline '" << pipeline << "'\n";
      std::exit(1);
    }
  }
  return 0;
}

/// Most mutations move whole pieces of the text about: bytes alone
/// rarely give text that still parses.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 4 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  SmallVector<std::string> tokens;
  split(StringRef(reinterpret_cast<char *>(data), size), tokens);
  if (tokens.size() < 2)
    return LLVMFuzzerMutate(data, size, maxSize);
  unsigned count = 1 + random() % 3;
  for (unsigned step = 0; step < count && tokens.size() > 1; ++step) {
    size_t from = random() % tokens.size();
    size_t to = random() % tokens.size();
    // Mostly, like replaces like.
    if (random() % 4)
      for (size_t tries = 0;
           tries < 50 && getKind(tokens[to]) != getKind(tokens[from]); ++tries)
        to = random() % tokens.size();
    switch (random() % 5) {
    case 0:
      tokens[to] = tokens[from];
      break;
    case 1:
      std::swap(tokens[to], tokens[from]);
      break;
    case 2:
      tokens.erase(tokens.begin() + to);
      break;
    case 3:
      tokens.insert(tokens.begin() + to, tokens[from]);
      break;
    case 4: {
      // A line, copied to the start of another one.
      size_t begin = from, end = from;
      while (begin > 0 && tokens[begin - 1].find('\n') == std::string::npos)
        --begin;
      while (end + 1 < tokens.size() &&
             tokens[end].find('\n') == std::string::npos)
        ++end;
      SmallVector<std::string> line(tokens.begin() + begin,
                                    tokens.begin() + end + 1);
      while (to > 0 && tokens[to - 1].find('\n') == std::string::npos)
        --to;
      tokens.insert(tokens.begin() + to, line.begin(), line.end());
      break;
    }
    }
  }
  std::string text = llvm::join(tokens, "");
  size_t length = std::min(text.size(), maxSize);
  std::memcpy(data, text.data(), length);
  return length;
}

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string text(reinterpret_cast<const char *>(data), size);
  MLIRContext context(getRegistry(), MLIRContext::Threading::DISABLED);
  context.allowUnregisteredDialects();
  context.getDiagEngine().registerHandler([](Diagnostic &) {});
  OwningOpRef<ModuleOp> module = parse(text, context);
  if (!module)
    return 0;

  std::string printed;
  llvm::raw_string_ostream stream(printed);
  module->print(stream);
  if (!parse(printed, context)) {
    llvm::errs() << "printed, and then not accepted:\n" << printed;
    std::abort();
  }

  for (const char *pipeline : pipelines) {
    OwningOpRef<ModuleOp> copy(module->clone());
    runPipeline(*copy, pipeline);
  }
  return 0;
}
