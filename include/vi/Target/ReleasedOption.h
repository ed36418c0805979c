//===- ReleasedOption.h - take an option's name from LLVM -*- C++ -*-------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_TARGET_RELEASEDOPTION_H
#define VI_TARGET_RELEASEDOPTION_H

#include "llvm/Support/CommandLine.h"

namespace vi {

/// Makes the name of a command-line option available to a tool. The libraries
/// of LLVM register options of their own, and two of the same name are an
/// error. A static object of this type stands in front of the tool's option.
///
/// Example:
///
///     static vi::ReleasedOption released("threads");
///     static llvm::cl::opt<unsigned> threads("threads", ...);
struct ReleasedOption {
  explicit ReleasedOption(llvm::StringRef name) {
    auto &options = llvm::cl::getRegisteredOptions();
    auto option = options.find(name);
    if (option != options.end())
      option->second->removeArgument();
  }
};

} // namespace vi

#endif // VI_TARGET_RELEASEDOPTION_H
