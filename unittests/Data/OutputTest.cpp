//===- OutputTest.cpp - tests of the files that a fit writes -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DataTestSupport.h"
#include "vi/Data/OutputFile.h"
#include "vi/Data/Results.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

using namespace vi::data;

namespace {
class OutputTest : public DataTest {};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
} // namespace

TEST_F(OutputTest, FilesAppearWhole) {
  std::string path = getPath("f.txt");
  {
    auto file = OutputFile::create(path);
    ASSERT_TRUE(static_cast<bool>(file));
    (*file)->os() << "contents";
    EXPECT_FALSE(llvm::sys::fs::exists(path));
    EXPECT_EQ(getMessage((*file)->commit()), "ok");
  }
  EXPECT_EQ(readFile(path), "contents");
  EXPECT_EQ(countFiles(), 1);
  // Dropped: nothing changes, and nothing is left.
  {
    auto file = OutputFile::create(path);
    ASSERT_TRUE(static_cast<bool>(file));
    (*file)->os() << "other";
    (*file)->os().flush();
  }
  EXPECT_EQ(readFile(path), "contents");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(OutputTest, FullDisk) {
  // A limit on the size of files makes write() fail as a full disk does.
  struct rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit limit = old;
  limit.rlim_cur = 1 << 16;
  void (*handler)(int) = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);

  std::string path = writeFile("draws.csv", "old");
  auto writer = DrawsWriter::create(path, {"m", 1000, 1, {}}, {{"x", {100}}});
  ASSERT_TRUE(static_cast<bool>(writer));
  std::vector<double> values(100, 1.0 / 3.0);
  std::string message = "ok";
  for (int i = 0; i < 1000 && message == "ok"; ++i)
    message = getMessage((*writer)->write(0, 0, {values}));
  EXPECT_EQ(message, std::string("draws.csv: cannot write the file: ") +
                         std::strerror(EFBIG));
  writer->reset();

  // An error that shows at the end only.
  std::vector<NamedArray> parameters = {{"x", {20000}, {}}};
  parameters[0].values.assign(20000, 1.5);
  EXPECT_EQ(getMessage(writeParameters(getPath("p.json"), parameters)),
            std::string("p.json: cannot write the file: ") +
                std::strerror(EFBIG));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(readFile(path), "old");
  EXPECT_EQ(countFiles(), 1);
}

TEST_F(OutputTest, Unwritable) {
  EXPECT_EQ(getMessage(writeTrace(getPath("none/elbo.csv"), {})),
            "none/elbo.csv: cannot create the file: No such file or directory");
  EXPECT_NE(getMessage(writeTrace(directory, {})).find("Is a directory"),
            std::string::npos);
  writeFile("file", "");
  EXPECT_EQ(getMessage(createOutputDirectory(getPath("file"))),
            "file: cannot create the output directory: Not a directory");
  EXPECT_NE(getMessage(createOutputDirectory(getPath("file/sub"))), "ok");
  EXPECT_EQ(getMessage(createOutputDirectory("")),
            "the name of the output directory is empty");
  EXPECT_EQ(getMessage(createOutputDirectory(getPath("a/b/c"))), "ok");
  EXPECT_TRUE(llvm::sys::fs::is_directory(getPath("a/b/c")));
  if (geteuid() == 0)
    GTEST_SKIP() << "permissions do not bind the superuser";
  ASSERT_FALSE(
      llvm::sys::fs::setPermissions(getPath("a/b/c"), llvm::sys::fs::all_read));
  EXPECT_EQ(getMessage(createOutputDirectory(getPath("a/b/c"))),
            "a/b/c: cannot write to the output directory: Permission denied");
}

TEST_F(OutputTest, Numbers) {
  EXPECT_EQ(formatJSONNumber(0.1), "0.1");
  EXPECT_EQ(formatJSONNumber(-2), "-2");
  EXPECT_EQ(formatJSONNumber(1e22), "1e+22");
  EXPECT_EQ(formatJSONNumber(-0.0), "-0.0");
  EXPECT_EQ(formatJSONNumber(5e-324), "5e-324");
  EXPECT_EQ(formatJSONNumber(notANumber), "\"NaN\"");
  EXPECT_EQ(formatJSONNumber(infinity), "\"Inf\"");
  EXPECT_EQ(formatJSONNumber(-infinity), "\"-Inf\"");
  EXPECT_EQ(formatCSVNumber(1.0 / 3.0), "0.3333333333333333");
  EXPECT_EQ(formatCSVNumber(-notANumber), "nan");
  EXPECT_EQ(formatCSVNumber(-infinity), "-inf");
}

TEST_F(OutputTest, ParametersRoundTrip) {
  // All kinds of doubles, by their bits.
  std::mt19937_64 bits(1);
  std::vector<double> values = {0.0,
                                -0.0,
                                5e-324,
                                1e22,
                                9007199254740993.0,
                                1e23,
                                1.0,
                                1.7976931348623157e308};
  while (values.size() < 3000) {
    uint64_t word = bits();
    double value;
    std::memcpy(&value, &word, sizeof(value));
    if (std::isfinite(value))
      values.push_back(value);
  }
  // Integers of all magnitudes, which are written without a point.
  while (values.size() < 6000)
    values.push_back(std::floor(std::ldexp(static_cast<double>(bits()),
                                           -static_cast<int>(bits() % 64))));
  std::vector<NamedArray> written = {{"mu.location", {}, {1.0 / 3.0}},
                                     {"x", {20, 300}, values},
                                     {"empty", {0}, {}},
                                     {"quote\"\n\xC3\xA4", {1, 1, 1}, {-0.0}}};
  std::string path = getPath("parameters.json");
  ASSERT_EQ(getMessage(writeParameters(path, written)), "ok");
  std::vector<NamedArray> read = written;
  for (NamedArray &array : read)
    llvm::fill(array.values, 7.0);
  ASSERT_EQ(getMessage(readParameters(path, read)), "ok");
  for (size_t i = 0; i < written.size(); ++i) {
    ASSERT_EQ(written[i].values.size(), read[i].values.size());
    if (!written[i].values.empty())
      EXPECT_EQ(std::memcmp(written[i].values.data(), read[i].values.data(),
                            written[i].values.size() * sizeof(double)),
                0)
          << written[i].name;
  }
}

TEST_F(OutputTest, ParametersAreChecked) {
  std::vector<NamedArray> parameters = {{"a", {}, {0}}, {"b", {2}, {0, 0}}};
  auto read = [&](llvm::StringRef text) {
    return getMessage(readParameters(writeFile("p.json", text), parameters));
  };
  EXPECT_EQ(read("{\"a\": 1, \"b\": [2, 3.5]}"), "ok");
  EXPECT_EQ(parameters[1].values, (std::vector<double>{2, 3.5}));
  EXPECT_EQ(read("{\"a\": 1}"), "p.json: parameter `b` is missing");
  EXPECT_EQ(read("{\"a\": 1, \"b\": [1, 2], \"c\": 1}"),
            "p.json: `c` is not a parameter of this fit");
  EXPECT_EQ(read("{\"a\": 1, \"b\": [1, 2, 3]}"),
            "p.json: `b` is a vector of 3: expected a vector of 2");
  EXPECT_EQ(read("{\"a\": 1, \"b\": [1, \"NaN\"]}"),
            "p.json: `b[2]` is NaN: expected a finite number");
}

TEST_F(OutputTest, Draws) {
  std::string path = getPath("draws.csv");
  auto writer = DrawsWriter::create(
      path, {"m", 1, 7, {"two\nlines"}},
      {{"mu", {}}, {"x", {2, 3}}, {"none", {0}}, {"od,d", {1}}});
  ASSERT_TRUE(static_cast<bool>(writer));
  std::vector<double> mu = {0.5}, none, odd = {notANumber};
  // Element [i, j] is 10 i + j.
  std::vector<double> x = {11, 12, 13, 21, 22, 23};
  ASSERT_EQ(getMessage((*writer)->write(-1.5, -infinity, {mu, x, none, odd})),
            "ok");
  ASSERT_EQ(getMessage((*writer)->commit()), "ok");
  EXPECT_EQ(readFile(path),
            "# vi-fit: independent draws of a variational fit, a draw in each "
            "row\n# two\n# lines\n"
            "# model = m\n# method = sample\n#   sample\n"
            "#     num_samples = 1\n#     num_warmup = 1000 (Default)\n"
            "#     save_warmup = false (Default)\n#     thin = 1 (Default)\n"
            "#     algorithm = fixed_param\n# id = 1 (Default)\n"
            "# random\n#   seed = 7\n"
            "lp__,log_p__,log_g__,mu,x.1.1,x.2.1,x.1.2,x.2.2,x.1.3,x.2.3,"
            "\"od,d.1\"\n"
            "-1.5,-1.5,-inf,0.5,11,21,12,22,13,23,nan\n"
            "#\n#  Elapsed Time: 0 seconds (Warm-up)\n"
            "#                0 seconds (Sampling)\n"
            "#                0 seconds (Total)\n#\n");
}

TEST_F(OutputTest, Trace) {
  std::string path = getPath("elbo.csv");
  ASSERT_EQ(getMessage(writeTrace(
                path, {{0, 1, -10.5, 3, 0.25}, {1, 3, -9, notANumber, 0.5}})),
            "ok");
  EXPECT_EQ(readFile(path),
            "iteration,gradient_evaluations,elbo,gradient_norm,seconds\n"
            "0,1,-10.5,3,0.25\n1,3,-9,nan,0.5\n");
}

TEST_F(OutputTest, Summary) {
  FitSummary summary;
  summary.elbo = -31.25;
  summary.elboMCSE = infinity;
  summary.converged = true;
  summary.iterations = 12;
  summary.gradientEvaluations = 15;
  summary.compileSeconds = 0.25;
  summary.fitSeconds = 1.5;
  summary.warnings = {"a \"quoted\" warning"};
  SiteSummary mu{"mu", {}, {1}, {2}, {1.5}, {3}, {4}, {notANumber}, {}};
  SiteSummary x{"x",          {2, 2},       {1, 2, 3, 4}, {1, 1, 1, 1},  {},
                {0, 0, 0, 0}, {1, 2, 3, 4}, {5, 5, 5, 5}, {"", "county"}};
  summary.sites = {mu, x};
  summary.levels = {{"county", {"AITKIN", "B\xC3\x84R"}}};
  std::string path = getPath("summary.json");
  ASSERT_EQ(getMessage(writeSummary(path, summary)), "ok");
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(readFile(path));
  ASSERT_TRUE(static_cast<bool>(value));
  llvm::Expected<llvm::json::Value> expected = llvm::json::parse(
      "{\"elbo\": -31.25, \"elbo_mcse\": \"Inf\", "
      "\"elbo_error_bound\": 0, \"converged\": true,"
      " \"iterations\": 12, \"gradient_evaluations\": 15,"
      " \"seconds\": {\"compile\": 0.25, \"fit\": 1.5},"
      " \"warnings\": [\"a \\\"quoted\\\" warning\"],"
      " \"sites\": {\"mu\": {\"shape\": [], \"mean\": 1, \"sd\": 2,"
      " \"sd_q\": 1.5, \"q05\": 3, \"q50\": 4, \"q95\": \"NaN\"},"
      " \"x\": {\"shape\": [2, 2], \"mean\": [[1, 2], [3, 4]],"
      " \"sd\": [[1, 1], [1, 1]], \"sd_q\": null, \"q05\": [[0, 0], [0, 0]],"
      " \"q50\": [[1, 2], [3, 4]], \"q95\": [[5, 5], [5, 5]],"
      " \"levels_of\": [null, \"county\"]}},"
      " \"levels\": {\"county\": [\"AITKIN\", \"B\xC3\x84R\"]}}");
  ASSERT_TRUE(static_cast<bool>(expected));
  EXPECT_EQ(*value, *expected);
}

TEST_F(OutputTest, Verdict) {
  FitSummary summary;
  summary.elbo = -3;
  summary.elboMCSE = 0.5;
  summary.elboErrorBound = 1e-9;
  summary.elboErrorIsEstimated = true;
  summary.heldDraws = 64;
  summary.heldShift = 0.25;
  summary.verdict.emplace();
  VerdictSummary &verdict = *summary.verdict;
  verdict.means = {"good", "a reason"};
  verdict.sds = {"corrected", ""};
  verdict.tails = {"suspect", "another"};
  std::string path = getPath("summary.json");
  std::string head =
      "{\"elbo\": -3, \"elbo_mcse\": 0.5, "
      "\"elbo_error_bound\": 1e-9, \"elbo_error_is_estimated\": true, "
      "\"held_draws\": 64, "
      "\"held_draws_shift\": 0.25, \"converged\": false, \"iterations\": 0, "
      "\"gradient_evaluations\": 0, \"seconds\": {\"compile\": 0, \"fit\": "
      "0}, \"warnings\": [], ";
  std::string words =
      "\"verdict\": {\"means\": \"good\", \"sds\": \"corrected\", \"tails\": "
      "\"suspect\", \"reasons\": [\"means: a reason\", \"sds: \", \"tails: "
      "another\"]";
  auto check = [&](const std::string &expected) {
    ASSERT_EQ(getMessage(writeSummary(path, summary)), "ok");
    llvm::Expected<llvm::json::Value> got = llvm::json::parse(readFile(path));
    ASSERT_TRUE(static_cast<bool>(got));
    llvm::Expected<llvm::json::Value> wanted = llvm::json::parse(expected);
    ASSERT_TRUE(static_cast<bool>(wanted));
    EXPECT_EQ(*got, *wanted);
  };
  // Nothing was sampled.
  check(head +
        "\"khat\": null, \"khat_error\": null, \"effective_sample_size\": "
        "null, \"log_evidence\": null, \"log_evidence_error\": null, " +
        words + "}, \"sites\": {}}");
  verdict.starts = "4 starts, one optimum";
  verdict.draws = 4000;
  verdict.proposals = {{"guide", infinity, 0.25, 1},
                       {"linear response", 0.5, 0.125, 3000}};
  verdict.best = 1;
  verdict.logEvidence = -2.5;
  verdict.logEvidenceError = 0.0625;
  SiteSummary mu{"mu", {}, {1}, {2}, {1.5}, {3}, {4}, {5}, {}};
  mu.correctedMean = {1.25};
  mu.correctedSD = {2.25};
  summary.sites = {mu};
  check(head +
        "\"khat\": 0.5, \"khat_error\": 0.125, \"effective_sample_size\": "
        "3000, \"log_evidence\": -2.5, \"log_evidence_error\": 0.0625, " +
        words +
        ", \"starts\": \"4 starts, one optimum\", \"draws\": 4000, "
        "\"proposals\": [{\"name\": \"guide\", \"khat\": \"Inf\", "
        "\"khat_error\": 0.25, \"effective_sample_size\": 1}, {\"name\": "
        "\"linear response\", \"khat\": 0.5, \"khat_error\": 0.125, "
        "\"effective_sample_size\": 3000}]}, \"sites\": {\"mu\": {\"shape\": "
        "[], \"mean\": 1, \"sd\": 2, \"sd_q\": 1.5, \"q05\": 3, \"q50\": 4, "
        "\"q95\": 5, \"mean_corrected\": 1.25, \"sd_corrected\": 2.25}}}");
}

TEST_F(OutputTest, Evaluation) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printEvaluation(os, -1.5, {{"a", {}, {0.25}}, {"b", {2}, {1, -2}}});
  EXPECT_EQ(text, "{\n  \"elbo\": -1.5,\n  \"gradient\": {\n    \"a\": 0.25,\n"
                  "    \"b\": [1, -2]\n  }\n}\n");
}
