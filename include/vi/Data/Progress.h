//===- Progress.h - progress of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_PROGRESS_H
#define VI_DATA_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace vi {
namespace data {

/// Shows how far a fit is: a bar with the ELBO, redrawn in place, on a
/// terminal; a line at growing intervals otherwise; nothing when quiet.
class Progress {
public:
  enum class Style {
    Quiet,
    /// Lines: the first iterations' and then at least a second apart.
    Plain,
    /// One line, redrawn at most ten times a second.
    Bar
  };

  /// The style for a stream: nothing if `quiet`, a bar if `os` is a terminal,
  /// lines otherwise.
  static Style chooseStyle(llvm::raw_ostream &os, bool quiet);

  /// `total` is the most iterations that there can be, and `target` the
  /// gradient norm to reach; 0 if that is not known. The bar shows the greater
  /// part of the way: of the iterations, or from the first gradient norm down
  /// to the target on a logarithmic scale.
  Progress(llvm::raw_ostream &os, Style style, int64_t total,
           double target = 0);
  ~Progress();

  /// Shows an iteration, if it is time to.
  void update(int64_t iteration, double elbo, double gradientNorm);

  /// Shows the last iteration, and leaves the line.
  void finish();

private:
  void show();
  /// The part of the way that is done, 0 to 1.
  double getDone() const;

  llvm::raw_ostream &os;
  Style style;
  int64_t total;
  double target;
  double firstGradientNorm = 0;
  /// What the bar has shown: it does not go back.
  double done = 0;
  bool pending = false, shown = false, finished = false;
  int64_t iteration = 0;
  double elbo = 0, gradientNorm = 0;
  std::chrono::steady_clock::time_point begin, last;
};

} // namespace data
} // namespace vi

#endif // VI_DATA_PROGRESS_H
