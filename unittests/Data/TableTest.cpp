//===- TableTest.cpp - tests of what a terminal shows -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Progress.h"
#include "vi/Data/Results.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <limits>

using namespace vi::data;

namespace {
std::string print(const FitSummary &summary, int64_t maxRows = 0) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printSummary(os, summary, maxRows);
  return text;
}

FitSummary makeSummary() {
  FitSummary summary;
  summary.elbo = -31.25;
  summary.elboMCSE = 0.0123;
  summary.converged = true;
  summary.iterations = 12;
  summary.gradientEvaluations = 15;
  summary.compileSeconds = 0.25;
  summary.fitSeconds = 1.5;
  SiteSummary mu{"mu",    {},    {4.404}, {3.313}, {3.313},
                 {-1.05}, {4.4}, {9.85},  {}};
  SiteSummary x{"theta",          {2},
                {1234.5, 0.0213}, {12.25, 0.00114},
                {12.25, 0.00114}, {1214.2, 0.0194},
                {1234.4, 0.0213}, {1254.8, 0.0232},
                {"county"}};
  summary.sites = {mu, x};
  summary.levels = {{"county", {"AITKIN", "ANOKA"}}};
  return summary;
}
} // namespace

TEST(TableTest, Summary) {
  FitSummary summary = makeSummary();
  summary.title = "eight_schools";
  EXPECT_EQ(
      print(summary),
      "eight_schools\n\n"
      "                mean        sd          5%         50%         "
      "95%\n"
      "mu           4.40      3.31       -1.05        4.40        9.85\n"
      "theta[1]  1234.5      12.2      1214.2      1234.4      1254.8     "
      " AITKIN\n"
      "theta[2]     0.02130   0.00114     0.01940     0.02130     "
      "0.02320  ANOKA\n\n"
      "ELBO -31.2500 (Monte Carlo error 0.012)\n"
      "converged after 12 iterations, 15 gradients; 0.25 s to compile, "
      "1.50 s to fit\n");
}

TEST(TableTest, GuideDeviationsAndWarnings) {
  FitSummary summary = makeSummary();
  summary.sites.pop_back();
  summary.sites[0].guideSD = {1.1};
  summary.warnings = {"first", "second\x1b[31m"};
  summary.converged = false;
  summary.elboUpToConstant = true;
  EXPECT_EQ(print(summary),
            "warning: first\nwarning: second?[31m\n\n"
            "    mean    sd  sd_q     5%   50%   95%\n"
            "mu  4.40  3.31  1.10  -1.05  4.40  9.85\n\n"
            "ELBO -31.2500 (Monte Carlo error 0.012), up to a constant\n"
            "not converged after 12 iterations, 15 gradients; 0.25 s to "
            "compile, 1.50 s to fit\n");
}

TEST(TableTest, Verdict) {
  FitSummary summary = makeSummary();
  summary.sites.clear();
  summary.measure = "Newton decrement 2e-06";
  summary.heldDraws = 64;
  summary.heldShift = 0.0021;
  summary.elboUpToConstant = true;
  summary.verdict.emplace();
  VerdictSummary &verdict = *summary.verdict;
  verdict.means = {"good", "a reason"};
  verdict.sds = {"corrected", ""};
  verdict.tails = {"not judged", "another"};
  std::string lines =
      "ELBO -31.2500 (Monte Carlo error 0.012), up to a constant\n"
      "held draws: 64, which move no parameter by more than 0.003 sd\n"
      "converged after 12 iterations, 15 gradients, Newton decrement 2e-06; "
      "0.25 s to compile, 1.50 s to fit\n";
  std::string words = "\nmeans  good: a reason\nsds    corrected\n"
                      "tails  not judged: another\n";
  EXPECT_EQ(print(summary), lines + words);
  verdict.starts = "4 starts, one optimum";
  verdict.draws = 4000;
  verdict.proposals = {{"guide", 1.2, 0.15, 20},
                       {"linear response", 0.5, 0.1, 3000}};
  verdict.best = 1;
  verdict.logEvidence = -30;
  verdict.logEvidenceError = 0.003;
  EXPECT_EQ(print(summary),
            lines +
                "4 starts, one optimum\n"
                "log evidence -30.0000 (Monte Carlo error 0.003), up to a "
                "constant\n"
                "importance weights: guide k-hat 1.20 +- 0.15; linear response "
                "k-hat 0.50 +- 0.10, 3000 of 4000 draws effective\n" +
                words);
}

TEST(TableTest, OddNumbers) {
  FitSummary summary = makeSummary();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  SiteSummary odd{"x",
                  {4},
                  {nan, 1e12, 1e-9, -0.0001},
                  {nan, 1e11, 1e-10, 1},
                  {nan, 1e11, 1e-10, 1},
                  {-inf, 9e11, 1e-9, -1},
                  {inf, 1e12, 1e-9, 0},
                  {0, 2e12, 1e-9, 1},
                  {}};
  summary.sites = {odd};
  std::string text = print(summary);
  EXPECT_NE(text.find("1e+12"), std::string::npos) << text;
  EXPECT_NE(text.find("1e-09"), std::string::npos) << text;
  EXPECT_NE(text.find("-inf"), std::string::npos) << text;
  EXPECT_EQ(text.find("-0.00"), std::string::npos) << text;
}

TEST(TableTest, LongSites) {
  FitSummary summary = makeSummary();
  SiteSummary y{"y", {100, 2}, {}, {}, {}, {}, {}, {}, {}};
  for (std::vector<double> *values :
       {&y.mean, &y.sd, &y.guideSD, &y.q05, &y.q50, &y.q95})
    values->assign(200, 1.0);
  summary.sites = {y};
  std::string text = print(summary, 10);
  EXPECT_NE(text.find("y[5,2]"), std::string::npos) << text;
  EXPECT_EQ(text.find("y[6,1]"), std::string::npos) << text;
  EXPECT_NE(text.find("(190 more of y)"), std::string::npos) << text;
}

TEST(TableTest, ElementNames) {
  EXPECT_EQ(getElementNames("a", {}), std::vector<std::string>{"a"});
  EXPECT_EQ(getElementNames("a", {2, 2}),
            (std::vector<std::string>{"a[1,1]", "a[1,2]", "a[2,1]", "a[2,2]"}));
  EXPECT_TRUE(getElementNames("a", {3, 0}).empty());
}

TEST(ProgressTest, Quiet) {
  std::string text;
  llvm::raw_string_ostream os(text);
  {
    Progress progress(os, Progress::chooseStyle(os, /*quiet=*/true), 100);
    progress.update(1, -3, 2);
  }
  EXPECT_EQ(text, "");
}

TEST(ProgressTest, Plain) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Progress::Style style = Progress::chooseStyle(os, /*quiet=*/false);
  EXPECT_EQ(style, Progress::Style::Plain);
  {
    Progress progress(os, style, 100);
    for (int i = 0; i < 50; ++i)
      progress.update(i, -3 - i, 2);
  }
  // The first and the last: less than a second passed in between.
  EXPECT_EQ(llvm::StringRef(text).count('\n'), 3u) << text;
  EXPECT_NE(text.find("-52"), std::string::npos) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(ProgressTest, Bar) {
  std::string text;
  llvm::raw_string_ostream os(text);
  {
    Progress progress(os, Progress::Style::Bar, 100);
    progress.update(25, -31.5, 0.5);
    progress.update(50, -31.25, 0.5);
  }
  EXPECT_NE(text.find("[######..................] 25/100  ELBO -31.5"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("[############............] 50/100  ELBO -31.25"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.back(), '\n');
}

TEST(ProgressTest, BarTowardsAGradientNorm) {
  auto show = [](std::vector<double> norms) {
    std::string text;
    llvm::raw_string_ostream os(text);
    {
      Progress progress(os, Progress::Style::Bar, 0, 1e-6);
      for (auto [i, norm] : llvm::enumerate(norms))
        progress.update(i, -1, norm);
    }
    return text.substr(text.rfind('['), 26);
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(show({1}), "[........................]");
  // Half of the way from 1 to 1e-6; and the bar does not go back.
  EXPECT_EQ(show({1, 1e-3}), "[############............]");
  EXPECT_EQ(show({1, 1e-3, 10}), "[############............]");
  EXPECT_EQ(show({1, 1e-3, nan}), "[############............]");
  EXPECT_EQ(show({1, 1e-9}), "[########################]");
  EXPECT_EQ(show({0, 0}), "[........................]");
}
