//===- ModuleText.h - modules from text that may be anything -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parser of MLIR 22 ends some wrong texts by a crash instead of an error.
// All text that the tools read comes through here.
//
//===----------------------------------------------------------------------===//

#ifndef VI_PIPELINES_MODULETEXT_H
#define VI_PIPELINES_MODULETEXT_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SourceMgr.h"

#include <cstddef>
#include <optional>
#include <string>

namespace vi {

/// A place in a text that MLIR's parser must not see.
struct TextDefect {
  /// Bytes before it.
  size_t offset;
  /// What is wrong, as an error says it.
  std::string message;
};

/// Brackets of any kind that may be open at once, those of what names stand for
/// (`#a = [...]`) included. The parser, and all that walk over IR, recurse once
/// or more for each.
inline constexpr unsigned maxNesting = 256;

/// The first place in `text` where MLIR's parser would crash: brackets deeper
/// than `maxNesting`, an affine map or set of thousands of operators, or a
/// dense array of `index` (`array<index: 0>`, by an alias of the type, too),
/// which has no element width. Comments and strings are passed over.
std::optional<TextDefect> findTextDefect(llvm::StringRef text);

/// Reports the first defect of the main buffer of `sources`, if it has one, as
/// an error at its line and column. Bytecode is not text and has none.
llvm::LogicalResult checkModuleText(const llvm::SourceMgr &sources,
                                    mlir::MLIRContext &context);

/// Parses the main buffer of `sources` if it may be. A text that is refused
/// gives a diagnostic and nothing.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(const llvm::SourceMgr &sources,
                                              const mlir::ParserConfig &config);

} // namespace vi

#endif // VI_PIPELINES_MODULETEXT_H
