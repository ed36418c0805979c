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

Progress::Progress(llvm::raw_ostream &os, Style style, int64_t total,
                   double target)
    : os(os), style(style), total(total), target(target), begin(Clock::now()),
      last(begin) {}

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
  if (firstGradientNorm == 0)
    firstGradientNorm = gradientNorm;
  done = std::max(done, getDone());
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

double Progress::getDone() const {
  double part = 0;
  if (total > 0)
    part = static_cast<double>(iteration) / static_cast<double>(total);
  if (target > 0 && gradientNorm > 0 && firstGradientNorm > target)
    part = std::max(part, std::log(firstGradientNorm / gradientNorm) /
                              std::log(firstGradientNorm / target));
  // Not a number compares false.
  return part > 0 ? std::min(part, 1.0) : 0;
}

void Progress::show() {
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (style == Style::Bar) {
    // "\r" and "erase to the end of the line": the line is redrawn in place.
    os << "\r\033[K";
    if (total > 0 || target > 0) {
      constexpr int width = 24;
      int filled = static_cast<int>(std::lround(done * width));
      os << '[' << std::string(filled, '#') << std::string(width - filled, '.')
         << "] ";
    }
    os << iteration;
    if (total > 0)
      os << '/' << total;
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
