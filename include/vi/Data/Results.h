//===- Results.h - what a fit reports -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The results of a fit as plain structs, the files that they are written to,
// and the table that a terminal shows.
//
//===----------------------------------------------------------------------===//

#ifndef VI_DATA_RESULTS_H
#define VI_DATA_RESULTS_H

#include "vi/Data/DataSet.h"
#include "vi/Data/OutputFile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vi {
namespace data {

/// A named array of numbers, row-major; a scalar has an empty shape.
struct NamedArray {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// The names of the levels of a text column, in the order of their codes.
struct LevelNames {
  /// The data argument that the column was bound to.
  std::string name;
  std::vector<std::string> levels;
};

/// The marginal posterior of a site or generated quantity on its constrained
/// scale. All arrays are row-major and as long as the shape says.
struct SiteSummary {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> mean;
  /// The standard deviation to report: the linear-response one where it is
  /// defined, else the guide's own.
  std::vector<double> sd;
  /// The guide's own standard deviation; may be empty where there is none (a
  /// generated quantity), and is then left out of the files.
  std::vector<double> guideSD;
  std::vector<double> q05, q50, q95;
  /// For each dimension, the data argument whose levels its elements are, or
  /// an empty string; may be empty where no dimension has any.
  std::vector<std::string> levelsOf;
  /// By importance sampling; empty where nothing was sampled.
  std::vector<double> correctedMean = {}, correctedSD = {};
};

/// How far the results are to be trusted.
struct VerdictSummary {
  /// On the means, the standard deviations, or the tails.
  struct Part {
    /// "good", "corrected", "suspect" or "not judged".
    std::string judgement;
    /// Without a final stop, in lower case.
    std::string reason;
  };
  /// A distribution whose draws were weighted.
  struct Proposal {
    std::string name;
    double khat = 0, khatError = 0, effectiveSize = 0;
  };
  Part means, sds, tails;
  std::vector<Proposal> proposals;
  /// The number of the best one.
  size_t best = 0;
  /// Draws of each.
  int64_t draws = 0;
  /// log p(x), and its standard error.
  double logEvidence = std::numeric_limits<double>::quiet_NaN();
  double logEvidenceError = std::numeric_limits<double>::quiet_NaN();
  /// The evidence is that of one mode of several.
  bool isOneMode = false;
  /// What several starts have found; empty for a single one.
  std::string starts;
};

/// The results of a fit.
struct FitSummary {
  /// Says in a line what was fitted, e.g. "eight_schools, mean-field normal".
  std::string title;
  double elbo = std::numeric_limits<double>::quiet_NaN();
  /// The Monte Carlo standard error of `elbo`.
  double elboMCSE = std::numeric_limits<double>::quiet_NaN();
  /// All terms of the ELBO have closed forms: nothing is sampled. (The error
  /// can be 0 without, where held draws make a term exact.)
  bool elboIsExact = false;
  /// How far it may be off beside that, through terms by operations with a
  /// certified error or by quadrature, whose error is an estimate.
  double elboErrorBound = 0;
  bool elboErrorIsEstimated = false;
  /// The ELBO is known up to a constant: a prior is improper, or a factor is
  /// not normalized.
  bool elboUpToConstant = false;
  /// Draws that the fit held fixed (0: none), and how far they move the optimum
  /// from that over all draws, at most and in standard deviations.
  int64_t heldDraws = 0;
  std::optional<double> heldShift;
  bool converged = false;
  /// By what measure, e.g. "Newton decrement 2e-06"; may be empty.
  std::string measure;
  int64_t iterations = 0;
  /// Products of the Hessian count as two each.
  int64_t gradientEvaluations = 0;
  int64_t hessianVectorProducts = 0;
  /// The optimizer, and why it was taken.
  std::string method, methodReason;
  /// The Newton decrement; NaN where there is no Hessian. Then the norm of the
  /// natural gradient is what convergence is judged by.
  double newtonDecrement = std::numeric_limits<double>::quiet_NaN();
  double naturalGradientNorm = std::numeric_limits<double>::quiet_NaN();
  double compileSeconds = 0, fitSeconds = 0;
  /// Not there where nobody judged.
  std::optional<VerdictSummary> verdict;
  /// Full sentences without a final stop, in lower case.
  std::vector<std::string> warnings;
  std::vector<SiteSummary> sites;
  /// The levels of text columns, for the sites' `levelsOf`.
  std::vector<LevelNames> levels;
};

/// One line of `elbo.csv`.
struct TraceEntry {
  int64_t iteration = 0;
  int64_t gradientEvaluations = 0;
  double elbo = 0;
  double gradientNorm = 0;
  double seconds = 0;
};

/// A number as JSON: the shortest decimal form that reads back as the same
/// double; "NaN", "Inf" and "-Inf" (with the quotation marks) where JSON has
/// none.
std::string formatJSONNumber(double value);

/// A number in a CSV file: the shortest decimal form that reads back as the
/// same double, or `nan`, `inf`, `-inf`.
std::string formatCSVNumber(double value);

/// Writes `summary.json`: {"elbo", "elbo_mcse", "elbo_error_bound",
/// "converged", "iterations", "gradient_evaluations", "hessian_vector_products"
/// (each of which is two of the former), "method", "method_reason",
/// "newton_decrement" or, where there is no Hessian, "natural_gradient_norm",
/// "seconds": {"compile", "fit"}, "warnings", "sites": {NAME: {"shape", "mean",
/// "sd", "sd_q", "q05", "q50", "q95"}}}, arrays nested row-major; where there
/// are any, "held_draws" and "held_draws_shift", "elbo_up_to_constant": true
/// and "levels": {NAME: [...]}, to which "levels_of" of a site refers; with a
/// verdict, "khat", "khat_error", "effective_sample_size", "log_evidence",
/// "log_evidence_error" (null where nothing was sampled), "verdict": {"means",
/// "sds", "tails", "reasons", "starts", "draws", "proposals": [{"name", "khat",
/// "khat_error", "effective_sample_size"}]}; and where there are weights
/// "mean_corrected" and "sd_corrected" of each site.
llvm::Error writeSummary(llvm::StringRef path, const FitSummary &summary);

/// Writes `elbo.csv`, with a header.
llvm::Error writeTrace(llvm::StringRef path, llvm::ArrayRef<TraceEntry> trace);

/// Writes `parameters.json`: an object of nested row-major arrays by name.
llvm::Error writeParameters(llvm::StringRef path,
                            llvm::ArrayRef<NamedArray> parameters);

/// Writes an array as `.npy`, format 1.0: `f8`, `i8`, `i4` or `b1`, as `kind`
/// says. Whole numbers are exact.
llvm::Error writeNPY(llvm::StringRef path, ElementKind kind,
                     llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<double> values);

/// Prints {"elbo": ..., "gradient": {NAME: ...}}, the gradient in the form of
/// `parameters.json`.
void printEvaluation(llvm::raw_ostream &os, double elbo,
                     llvm::ArrayRef<NamedArray> gradient);

/// Reads `parameters.json` into `parameters`, whose names and shapes say what
/// is expected; their values are replaced. Each must be in the file, finite
/// and of its shape; an entry of the file that is not asked for is an error.
llvm::Error readParameters(llvm::StringRef path,
                           llvm::MutableArrayRef<NamedArray> parameters);

/// Reads `NAME=FILE.npy` for some of the parameters, whose other values stay as
/// they are.
llvm::Error readParameterArrays(llvm::ArrayRef<std::string> files,
                                llvm::MutableArrayRef<NamedArray> parameters);

/// What the head of `draws.csv` says about the draws.
struct DrawsDescription {
  /// The name of the model.
  std::string model;
  /// The number of rows that will be written.
  int64_t draws = 0;
  uint64_t seed = 0;
  /// More lines for people; none of the form "key = value".
  std::vector<std::string> comments;
};

/// Writes `draws.csv` row by row: `#` comment lines, a header of CmdStan's
/// column names (`lp__,log_p__,log_g__`, then `theta`, `theta.1`, `x.1.2`, the
/// elements of an array in column-major order), and a row for each draw.
///
/// The comments are those of CmdStan's sampling output with fixed parameters,
/// not those of its variational output: readers take the first row of the
/// latter for a mean and drop it, while here every row is a draw.
class DrawsWriter {
public:
  /// The name and shape of one site or generated quantity of a draw.
  struct Column {
    std::string name;
    std::vector<int64_t> shape;
  };

  /// Opens a temporary file beside `path` and writes comments and header.
  static llvm::Expected<std::unique_ptr<DrawsWriter>>
  create(llvm::StringRef path, const DrawsDescription &description,
         llvm::ArrayRef<Column> columns);

  /// Writes a draw: `values[c]` are the elements of column c in row-major
  /// order. `logP` is the log joint density on the unconstrained scale, `logG`
  /// the guide's log-density there; `lp__` is the same as `logP`.
  llvm::Error write(double logP, double logG,
                    llvm::ArrayRef<llvm::ArrayRef<double>> values);

  /// Writes the closing comments and makes the file appear under its name.
  /// Without it the file is dropped.
  llvm::Error commit();

private:
  DrawsWriter() = default;
  std::unique_ptr<OutputFile> file;
  std::vector<Column> columns;
  /// For each column, the row-major position of each element in the order of
  /// the file.
  std::vector<std::vector<int64_t>> order;
};

/// Prints the warnings, the table of sites (name[1,2], mean, sd, sd_q, 5%,
/// 50%, 95%), and the lines on the ELBO, convergence and the verdict. At most
/// `maxRows` rows of each site are printed (0: all).
void printSummary(llvm::raw_ostream &os, const FitSummary &summary,
                  int64_t maxRows = 0);

/// CmdStan's names of the elements of an array, 1-based, in row-major order:
/// `theta[1,2]`.
std::vector<std::string> getElementNames(llvm::StringRef name,
                                         llvm::ArrayRef<int64_t> shape);

} // namespace data
} // namespace vi

#endif // VI_DATA_RESULTS_H
