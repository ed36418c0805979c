//===- Starts.h - several starts of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef VI_FIT_STARTS_H
#define VI_FIT_STARTS_H

#include "vi/Fit/Fit.h"

#include <string>
#include <vector>

namespace vi {
namespace fit {

/// An optimum of the ELBO that is not the one that was kept.
struct OtherOptimum {
  /// How much lower its ELBO is.
  double elboDifference = 0;
  /// The latent whose mean differs most, and by how many standard deviations of
  /// the wider of both guides.
  std::string latent;
  double distance = 0;
};

/// The best of several fits, and what the others have found.
struct StartsResult {
  FitResult best;
  int64_t starts = 1;
  /// Starts that have not converged, and say nothing.
  int64_t failures = 0;
  /// Each once, the best first.
  std::vector<OtherOptimum> others;
};

/// Fits from `start` and from `starts` - 1 other points, and keeps the fit with
/// the highest ELBO. These fits hold few draws; the best one then goes on with
/// as many as it takes. Two fits have the same optimum if no mean differs by
/// more than half a standard deviation.
///
/// Each other point is the one of eight with the highest ELBO. Their locations
/// are uniform in (-2, 2), times the size of the first fit's means where these
/// are larger than one: a mode that is a permutation or a reflection of the
/// first is in reach, whatever the units. If the first fit has failed, they are
/// those from (-2, 2) and (-10, 10), where scales of data of any unit are.
///
/// `starts` = 0 chooses: four where the first fit has been cheap, else one. A
/// start that is to be kept, and a stochastic objective, have one; so has a
/// guide without locations of its own.
StartsResult fitFromStarts(CompiledModel &model, llvm::ArrayRef<double> start,
                           const FitOptions &options, const FitMonitor &monitor,
                           int64_t starts);

} // namespace fit
} // namespace vi

#endif // VI_FIT_STARTS_H
