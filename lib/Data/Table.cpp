//===- Table.cpp - the summary on a terminal -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Results.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace vi::data;

/// The text without control characters, which would disturb the terminal.
static std::string makePrintable(llvm::StringRef text) {
  std::string result = text.str();
  for (char &c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  return result;
}

/// The number of columns that a text takes on a terminal.
static size_t getWidth(llvm::StringRef text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : width;
}

namespace {
/// A cell, split at the decimal point so that points stand below each other.
struct Cell {
  std::string whole, fraction;
};

struct Row {
  std::string name, level;
  std::vector<Cell> cells;
  /// A remark in place of the cells.
  std::string remark;
};
} // namespace

static std::string printNumber(const char *format, int precision,
                               double value) {
  char buffer[400];
  int length = snprintf(buffer, sizeof(buffer), format, precision, value);
  return std::string(buffer, std::min<int>(length, sizeof(buffer) - 1));
}

/// A number with `decimals` digits after the point, or four significant ones
/// where a negative `decimals` says that its size calls for an exponent.
static Cell formatCell(double value, int decimals) {
  if (std::isnan(value))
    return {"-", ""};
  if (std::isinf(value))
    return {value > 0 ? "inf" : "-inf", ""};
  std::string text = decimals < 0 ? printNumber("%.*g", 4, value)
                                  : printNumber("%.*f", decimals, value);
  // "-0.00" tells nobody anything.
  if (decimals >= 0 && text[0] == '-' &&
      text.find_first_not_of("-0.") == std::string::npos)
    text.erase(0, 1);
  size_t point = text.find_first_of(".e");
  if (point == std::string::npos)
    return {text, ""};
  return {text.substr(0, point), text.substr(point)};
}

/// The digits after the point that a row deserves: so many that its standard
/// deviation shows three significant ones; negative for an exponent.
static int chooseDecimals(llvm::ArrayRef<double> values, double sd) {
  double largest = 0;
  for (double value : values)
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  double unit = std::isfinite(sd) && sd > 0 ? sd : largest;
  if (unit == 0)
    return 2;
  int decimals = 2 - static_cast<int>(std::floor(std::log10(unit)));
  if (decimals > 6 || largest >= 1e8)
    return -1;
  return std::clamp(decimals, 0, 6);
}

static double getElement(llvm::ArrayRef<double> values, size_t i) {
  return i < values.size() ? values[i] : std::nan("");
}

/// The name of the level that an element stands for, from the first dimension
/// that has levels.
static std::string getLevel(const FitSummary &summary, const SiteSummary &site,
                            size_t element) {
  size_t stride = 1;
  std::string result;
  for (size_t d = std::min(site.shape.size(), site.levelsOf.size()); d-- > 0;) {
    size_t size = site.shape[d];
    size_t i = element / stride % size;
    const auto *names = llvm::find_if(llvm::ArrayRef(summary.levels),
                                      [&](const LevelNames &levels) {
                                        return levels.name == site.levelsOf[d];
                                      });
    bool found = names != llvm::ArrayRef(summary.levels).end();
    if (!site.levelsOf[d].empty() && found && i < names->levels.size())
      result = makePrintable(names->levels[i]) + (result.empty() ? "" : ", ") +
               result;
    stride *= size;
  }
  return result;
}

static void printTable(llvm::raw_ostream &os,
                       llvm::ArrayRef<std::string> header,
                       llvm::ArrayRef<Row> rows) {
  size_t nameWidth = getWidth(header.front());
  std::vector<size_t> whole(header.size() - 1, 0), fraction(whole),
      width(whole);
  for (const Row &row : rows) {
    nameWidth = std::max(nameWidth, getWidth(row.name));
    for (auto [c, cell] : llvm::enumerate(row.cells)) {
      whole[c] = std::max(whole[c], cell.whole.size());
      fraction[c] = std::max(fraction[c], cell.fraction.size());
    }
  }
  os << header.front();
  os.indent(nameWidth - getWidth(header.front()));
  for (size_t c = 0; c < width.size(); ++c) {
    width[c] = std::max(whole[c] + fraction[c], header[c + 1].size());
    os << "  " << llvm::right_justify(header[c + 1], width[c]);
  }
  os << '\n';
  for (const Row &row : rows) {
    std::string line = row.name;
    if (!row.remark.empty()) {
      os << line << row.remark << '\n';
      continue;
    }
    line.append(nameWidth - getWidth(row.name), ' ');
    for (auto [c, cell] : llvm::enumerate(row.cells)) {
      line.append(2 + width[c] - fraction[c] - cell.whole.size(), ' ');
      line += cell.whole + cell.fraction;
      line.append(fraction[c] - cell.fraction.size(), ' ');
    }
    if (!row.level.empty())
      line += "  " + row.level;
    os << llvm::StringRef(line).rtrim(' ') << '\n';
  }
}

static void printVerdict(llvm::raw_ostream &os, const VerdictSummary &verdict,
                         bool isUpToConstant) {
  if (!verdict.starts.empty())
    os << makePrintable(verdict.starts) << '\n';
  if (!verdict.proposals.empty()) {
    if (std::isfinite(verdict.logEvidence)) {
      os << llvm::format("log evidence %.4f (Monte Carlo error %.2g)",
                         verdict.logEvidence, verdict.logEvidenceError);
      os << (verdict.isOneMode ? ", of this mode" : "")
         << (isUpToConstant ? ", up to a constant\n" : "\n");
    }
    os << "importance weights:";
    const char *separator = " ";
    for (auto [i, proposal] : llvm::enumerate(verdict.proposals)) {
      os << separator << makePrintable(proposal.name)
         << llvm::format(" k-hat %.2f +- %.2f", proposal.khat,
                         proposal.khatError);
      if (i == verdict.best)
        os << llvm::format(", %.0f of ", proposal.effectiveSize)
           << verdict.draws << " draws effective";
      separator = "; ";
    }
    os << '\n';
  }
  os << '\n';
  const std::pair<const char *, const VerdictSummary::Part *> parts[] = {
      {"means  ", &verdict.means},
      {"sds    ", &verdict.sds},
      {"tails  ", &verdict.tails}};
  for (auto [label, part] : parts) {
    os << label << part->judgement;
    if (!part->reason.empty())
      os << ": " << makePrintable(part->reason);
    os << '\n';
  }
}

/// How far the ELBO may be off beside its Monte Carlo error, rounded up. Below
/// 1e-10 an estimate is of rounding.
static std::string describeError(const FitSummary &summary) {
  double error = summary.elboErrorBound;
  if (!(error > 0))
    return "";
  bool isEstimate = summary.elboErrorIsEstimated && error > 1e-10;
  if (summary.elboErrorIsEstimated)
    error = std::max(error, 1e-10);
  double unit = std::pow(10.0, std::floor(std::log10(error)));
  double shown = std::ceil(error / unit * (1 - 1e-9)) * unit;
  return llvm::formatv("; {0} {1}",
                       isEstimate ? "quadrature errs by about" : "error below",
                       llvm::format("%.0e", shown))
      .str();
}

void vi::data::printSummary(llvm::raw_ostream &os, const FitSummary &summary,
                            int64_t maxRows) {
  for (const std::string &warning : summary.warnings)
    os << "warning: " << makePrintable(warning) << '\n';
  if (!summary.warnings.empty())
    os << '\n';
  if (!summary.title.empty())
    os << makePrintable(summary.title) << "\n\n";

  // The guide's own deviation is worth a column where it is another one.
  bool showGuideSD = llvm::any_of(summary.sites, [](const SiteSummary &site) {
    return !site.guideSD.empty() && site.guideSD != site.sd;
  });
  std::vector<std::string> header = {"", "mean", "sd"};
  if (showGuideSD)
    header.push_back("sd_q");
  header.insert(header.end(), {"5%", "50%", "95%"});

  std::vector<Row> rows;
  for (const SiteSummary &site : summary.sites) {
    std::vector<std::string> names =
        getElementNames(makePrintable(site.name), site.shape);
    size_t shown = names.size();
    // A remark in place of a single row would save nothing.
    if (maxRows > 0 && shown > static_cast<size_t>(maxRows) + 1)
      shown = maxRows;
    for (size_t i = 0; i < shown; ++i) {
      Row row;
      row.name = names[i];
      row.level = getLevel(summary, site, i);
      double sd = getElement(site.sd, i);
      std::vector<double> values = {getElement(site.mean, i), sd};
      if (showGuideSD)
        values.push_back(getElement(site.guideSD, i));
      values.push_back(getElement(site.q05, i));
      values.push_back(getElement(site.q50, i));
      values.push_back(getElement(site.q95, i));
      int decimals = chooseDecimals(values, sd);
      for (double value : values)
        row.cells.push_back(formatCell(value, decimals));
      rows.push_back(std::move(row));
    }
    if (shown < names.size()) {
      Row row;
      row.remark = "  (" + std::to_string(names.size() - shown) + " more of " +
                   makePrintable(site.name) + ")";
      rows.push_back(std::move(row));
    }
  }
  if (!rows.empty()) {
    printTable(os, header, rows);
    os << '\n';
  }

  os << "ELBO " << llvm::format("%.4f", summary.elbo);
  if (summary.elboIsExact)
    os << " (no term is sampled" << describeError(summary) << ")";
  else if (std::isfinite(summary.elboMCSE))
    os << llvm::format(" (Monte Carlo error %.2g", summary.elboMCSE)
       << describeError(summary) << ")";
  if (summary.elboUpToConstant)
    os << ", up to a constant";
  if (summary.heldDraws > 0 && summary.heldShift)
    os << "\nheld draws: " << summary.heldDraws
       << llvm::format(", which move no parameter by more than %.3f sd",
                       std::ceil(1e3 * *summary.heldShift) / 1e3);
  os << '\n'
     << (summary.converged ? "converged" : "not converged") << " after "
     << summary.iterations << " iterations, " << summary.gradientEvaluations
     << " gradients" << (summary.measure.empty() ? "" : ", ") << summary.measure
     << "; "
     << llvm::format("%.2f s to compile, %.2f s to fit", summary.compileSeconds,
                     summary.fitSeconds);
  if (!summary.method.empty())
    os << "; " << summary.method << ", as " << summary.methodReason;
  os << '\n';
  if (summary.verdict)
    printVerdict(os, *summary.verdict, summary.elboUpToConstant);
}
