//===- Progress.cpp - progress of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Progress.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace vi::data;
using Clock = std::chrono::steady_clock;

Progress::Style Progress::chooseStyle(llvm::raw_ostream &os, bool quiet) {
  if (quiet)
    return Style::Quiet;
  return os.is_displayed() ? Style::Bar : Style::Plain;
}

Progress::Progress(llvm::raw_ostream &os, Style style, int64_t total)
    : os(os), style(style), total(total), begin(Clock::now()), last(begin) {}

Progress::~Progress() {
  if (!finished)
    finish();
}

void Progress::update(int64_t newIteration, double newELBO,
                      double newGradientNorm) {
  if (style == Style::Quiet)
    return;
  iteration = newIteration;
  elbo = newELBO;
  gradientNorm = newGradientNorm;
  pending = true;
  Clock::time_point now = Clock::now();
  auto interval = style == Style::Bar ? std::chrono::milliseconds(100)
                                      : std::chrono::milliseconds(1000);
  if (shown && now - last < interval)
    return;
  last = now;
  show();
}

void Progress::finish() {
  finished = true;
  if (style == Style::Quiet)
    return;
  if (pending)
    show();
  if (style == Style::Bar && shown)
    os << '\n';
  os.flush();
}

void Progress::show() {
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (style == Style::Bar) {
    // "\r" and "erase to the end of the line": the line is redrawn in place.
    os << "\r\033[K";
    if (total > 0) {
      constexpr int64_t width = 24;
      int64_t done = std::clamp<int64_t>(iteration * width / total, 0, width);
      os << '[' << std::string(done, '#') << std::string(width - done, '.')
         << "] " << iteration << '/' << total;
    } else {
      os << "iteration " << iteration;
    }
    os << llvm::format("  ELBO %.6g  |gradient| %.2g  %.1f s", elbo,
                       gradientNorm, seconds);
  } else {
    if (!shown)
      os << " iteration           ELBO  |gradient|   seconds\n";
    os << llvm::format("%10lld %14.6g %11.3g %9.2f\n",
                       static_cast<long long>(iteration), elbo, gradientNorm,
                       seconds);
  }
  os.flush();
  shown = true;
  pending = false;
}
