//===- Explanation.cpp - how each term of the ELBO is taken ---------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Explanation.h"

#include "mlir/IR/Location.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace mlir;
using namespace vi;

class Explanation::Collector : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Collector(Explanation &into) : into(into) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    auto place = remark.getLocation()->findInstanceOf<FileLineColLoc>();
    if (!place)
      return;
    Entry entry;
    entry.line = place.getLine();
    entry.column = place.getColumn();
    entry.name = remark.getRemarkName().str();
    for (const remark::detail::Remark::Arg &argument : remark.getArgs())
      entry.text += (entry.text.empty() ? "" : " ") + argument.val;
    StringRef type = remark.getRemarkTypeString();
    entry.kind = type == "Passed"   ? Entry::Taken
                 : type == "Missed" ? Entry::Missed
                                    : Entry::Left;
    into.entries.push_back(std::move(entry));
  }

private:
  Explanation &into;
};

LogicalResult Explanation::attach(MLIRContext &context) {
  remark::RemarkCategories categories;
  categories.passed = categories.missed = categories.analysis =
      "vi-expectations";
  return remark::enableOptimizationRemarks(
      context, std::make_unique<Collector>(*this),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

void Explanation::print(llvm::raw_ostream &os, StringRef source) const {
  SmallVector<StringRef> lines;
  source.split(lines, '\n');
  // By lines, in each in the order of the compiler.
  std::multimap<unsigned, const Entry *> sorted;
  for (const Entry &entry : entries)
    sorted.emplace(entry.line, &entry);
  unsigned line = 0;
  std::vector<std::string> printed;
  for (const auto &[number, pointer] : sorted) {
    const Entry &entry = *pointer;
    // What was tried in vain is the reason of what is left.
    if (entry.kind == Entry::Missed)
      continue;
    std::string text = entry.text;
    if (entry.kind == Entry::Left)
      for (const Entry &other : entries)
        if (other.kind == Entry::Missed && other.line == entry.line &&
            other.column == entry.column)
          text += (other.name == "exact" ? ": " : "; ") + other.text;
    // By what the remark is named after, or in closed form.
    StringRef how = llvm::StringSwitch<StringRef>(entry.name)
                        .Cases({"kl", "entropy", "cross-entropy"}, "exact")
                        .Default(entry.name);
    if (entry.kind == Entry::Left)
      how = "sampled";
    std::string row = llvm::formatv("        {0,-11} {1}\n", how, text);
    if (entry.line != line) {
      line = entry.line;
      printed.clear();
      StringRef text = line <= lines.size() ? lines[line - 1].trim() : "";
      os << llvm::formatv("{0,6}  {1}\n", line, text);
    }
    if (llvm::is_contained(printed, row))
      continue;
    printed.push_back(row);
    os << row;
  }
  os << "\n";
}
