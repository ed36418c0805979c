//===- Results.cpp - the files of a fit -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/Results.h"

#include "ReaderSupport.h"
#include "vi/Data/Binding.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <charconv>
#include <cmath>

// Invalid states of the writer are programming errors of this file.
#include <cassert>
#define RAPIDJSON_ASSERT(x) assert(x)
#include <rapidjson/prettywriter.h>

using namespace vi::data;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// The shortest decimal form that reads back as the same double.
static llvm::StringRef formatShortest(double value, char (&buffer)[32]) {
  std::to_chars_result result =
      std::to_chars(buffer, buffer + sizeof(buffer), value);
  return llvm::StringRef(buffer, result.ptr - buffer);
}

std::string vi::data::formatJSONNumber(double value) {
  if (std::isnan(value))
    return "\"NaN\"";
  if (std::isinf(value))
    return value > 0 ? "\"Inf\"" : "\"-Inf\"";
  // As an integer, zero would lose its sign.
  if (value == 0 && std::signbit(value))
    return "-0.0";
  char buffer[32];
  return formatShortest(value, buffer).str();
}

std::string vi::data::formatCSVNumber(double value) {
  if (std::isnan(value))
    return "nan";
  char buffer[32];
  return formatShortest(value, buffer).str();
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

namespace {
/// RapidJSON's output stream over LLVM's.
struct OutputStream {
  using Ch = char;
  llvm::raw_ostream &os;
  // NOLINTBEGIN(readability-identifier-naming)
  void Put(char c) { os << c; }
  void Flush() {}
  // NOLINTEND(readability-identifier-naming)
};

/// RapidJSON's writer with the number format of this project.
class Writer {
public:
  explicit Writer(llvm::raw_ostream &os) : stream{os}, writer(stream) {
    writer.SetIndent(' ', 2);
    writer.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  }

  void beginObject() { writer.StartObject(); }
  void endObject() { writer.EndObject(); }
  void beginArray() { writer.StartArray(); }
  void endArray() { writer.EndArray(); }
  void key(llvm::StringRef name) {
    std::string text = llvm::json::fixUTF8(name);
    writer.Key(text.data(), text.size());
  }
  void string(llvm::StringRef value) {
    std::string text = llvm::json::fixUTF8(value);
    writer.String(text.data(), text.size());
  }
  void integer(int64_t value) { writer.Int64(value); }
  void boolean(bool value) { writer.Bool(value); }
  void null() { writer.Null(); }
  void number(double value) {
    std::string text = formatJSONNumber(value);
    writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  }

  /// The values as nested lists.
  void array(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
    if (shape.empty())
      return number(values.empty() ? std::nan("") : values.front());
    writer.StartArray();
    if (shape.size() == 1) {
      for (double value : values)
        number(value);
    } else if (shape.front() > 0) {
      size_t stride = values.size() / shape.front();
      for (int64_t i = 0; i < shape.front(); ++i)
        array(shape.drop_front(), values.slice(i * stride, stride));
    }
    writer.EndArray();
  }

  void strings(llvm::ArrayRef<std::string> values) {
    writer.StartArray();
    for (const std::string &value : values)
      string(value);
    writer.EndArray();
  }

private:
  OutputStream stream;
  rapidjson::PrettyWriter<OutputStream> writer;
};
} // namespace

/// Writes a file of which `print` prints the contents.
static llvm::Error
writeFile(llvm::StringRef path,
          llvm::function_ref<void(llvm::raw_ostream &)> print) {
  llvm::Expected<std::unique_ptr<OutputFile>> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  print((*file)->os());
  return (*file)->commit();
}

static void printSite(Writer &writer, const SiteSummary &site) {
  writer.beginObject();
  writer.key("shape");
  writer.beginArray();
  for (int64_t size : site.shape)
    writer.integer(size);
  writer.endArray();
  auto entry = [&](llvm::StringRef key, llvm::ArrayRef<double> values) {
    writer.key(key);
    writer.array(site.shape, values);
  };
  entry("mean", site.mean);
  entry("sd", site.sd);
  if (site.guideSD.empty() && !site.sd.empty()) {
    writer.key("sd_q");
    writer.null();
  } else {
    entry("sd_q", site.guideSD);
  }
  entry("q05", site.q05);
  entry("q50", site.q50);
  entry("q95", site.q95);
  if (!site.correctedMean.empty()) {
    entry("mean_corrected", site.correctedMean);
    entry("sd_corrected", site.correctedSD);
  }
  if (llvm::any_of(site.levelsOf,
                   [](const std::string &name) { return !name.empty(); })) {
    writer.key("levels_of");
    writer.beginArray();
    for (const std::string &name : site.levelsOf) {
      if (name.empty())
        writer.null();
      else
        writer.string(name);
    }
    writer.endArray();
  }
  writer.endObject();
}

static void printVerdict(Writer &writer, const VerdictSummary &verdict) {
  using Proposal = VerdictSummary::Proposal;
  auto printWeights = [&](const Proposal *proposal) {
    std::pair<const char *, double> entries[] = {
        {"khat", proposal ? proposal->khat : 0},
        {"khat_error", proposal ? proposal->khatError : 0},
        {"effective_sample_size", proposal ? proposal->effectiveSize : 0}};
    for (auto [key, value] : entries) {
      writer.key(key);
      if (proposal)
        writer.number(value);
      else
        writer.null();
    }
  };
  bool hasWeights = !verdict.proposals.empty();
  printWeights(hasWeights ? &verdict.proposals[verdict.best] : nullptr);
  for (auto [key, value] :
       {std::pair<const char *, double>{"log_evidence", verdict.logEvidence},
        {"log_evidence_error", verdict.logEvidenceError}}) {
    writer.key(key);
    if (hasWeights)
      writer.number(value);
    else
      writer.null();
  }
  writer.key("verdict");
  writer.beginObject();
  const std::pair<const char *, const VerdictSummary::Part *> parts[] = {
      {"means", &verdict.means},
      {"sds", &verdict.sds},
      {"tails", &verdict.tails}};
  for (auto [key, part] : parts) {
    writer.key(key);
    writer.string(part->judgement);
  }
  writer.key("reasons");
  writer.beginArray();
  for (auto [key, part] : parts)
    writer.string(key + (": " + part->reason));
  writer.endArray();
  if (!verdict.starts.empty()) {
    writer.key("starts");
    writer.string(verdict.starts);
  }
  if (hasWeights) {
    writer.key("draws");
    writer.integer(verdict.draws);
    writer.key("proposals");
    writer.beginArray();
    for (const Proposal &proposal : verdict.proposals) {
      writer.beginObject();
      writer.key("name");
      writer.string(proposal.name);
      printWeights(&proposal);
      writer.endObject();
    }
    writer.endArray();
  }
  writer.endObject();
}

llvm::Error vi::data::writeSummary(llvm::StringRef path,
                                   const FitSummary &summary) {
  return writeFile(path, [&](llvm::raw_ostream &os) {
    Writer writer(os);
    writer.beginObject();
    writer.key("elbo");
    writer.number(summary.elbo);
    writer.key("elbo_mcse");
    writer.number(summary.elboMCSE);
    writer.key("elbo_error_bound");
    writer.number(summary.elboErrorBound);
    if (summary.elboErrorIsEstimated) {
      writer.key("elbo_error_is_estimated");
      writer.boolean(true);
    }
    if (summary.elboUpToConstant) {
      writer.key("elbo_up_to_constant");
      writer.boolean(true);
    }
    if (summary.heldDraws > 0) {
      writer.key("held_draws");
      writer.integer(summary.heldDraws);
    }
    if (summary.heldShift) {
      writer.key("held_draws_shift");
      writer.number(*summary.heldShift);
    }
    writer.key("converged");
    writer.boolean(summary.converged);
    writer.key("iterations");
    writer.integer(summary.iterations);
    writer.key("gradient_evaluations");
    writer.integer(summary.gradientEvaluations);
    if (!summary.method.empty()) {
      writer.key("hessian_vector_products");
      writer.integer(summary.hessianVectorProducts);
      writer.key("method");
      writer.string(summary.method);
      writer.key("method_reason");
      writer.string(summary.methodReason);
      bool hasHessian = !std::isnan(summary.newtonDecrement);
      writer.key(hasHessian ? "newton_decrement" : "natural_gradient_norm");
      writer.number(hasHessian ? summary.newtonDecrement
                               : summary.naturalGradientNorm);
    }
    writer.key("seconds");
    writer.beginObject();
    writer.key("compile");
    writer.number(summary.compileSeconds);
    writer.key("fit");
    writer.number(summary.fitSeconds);
    writer.endObject();
    writer.key("warnings");
    writer.strings(summary.warnings);
    if (summary.verdict)
      printVerdict(writer, *summary.verdict);
    writer.key("sites");
    writer.beginObject();
    for (const SiteSummary &site : summary.sites) {
      writer.key(site.name);
      printSite(writer, site);
    }
    writer.endObject();
    if (!summary.levels.empty()) {
      writer.key("levels");
      writer.beginObject();
      for (const LevelNames &levels : summary.levels) {
        writer.key(levels.name);
        writer.strings(levels.levels);
      }
      writer.endObject();
    }
    writer.endObject();
    os << '\n';
  });
}

static void printParameters(Writer &writer,
                            llvm::ArrayRef<NamedArray> parameters) {
  writer.beginObject();
  for (const NamedArray &parameter : parameters) {
    writer.key(parameter.name);
    writer.array(parameter.shape, parameter.values);
  }
  writer.endObject();
}

llvm::Error vi::data::writeParameters(llvm::StringRef path,
                                      llvm::ArrayRef<NamedArray> parameters) {
  return writeFile(path, [&](llvm::raw_ostream &os) {
    Writer writer(os);
    printParameters(writer, parameters);
    os << '\n';
  });
}

void vi::data::printEvaluation(llvm::raw_ostream &os, double elbo,
                               llvm::ArrayRef<NamedArray> gradient) {
  Writer writer(os);
  writer.beginObject();
  writer.key("elbo");
  writer.number(elbo);
  writer.key("gradient");
  printParameters(writer, gradient);
  writer.endObject();
  os << '\n';
}

llvm::Error
vi::data::readParameters(llvm::StringRef path,
                         llvm::MutableArrayRef<NamedArray> parameters) {
  DataSet set;
  if (llvm::Error error = readJSON(path, set))
    return error;
  std::vector<ArgumentDescription> arguments;
  llvm::StringSet<> names;
  for (const NamedArray &parameter : parameters) {
    ArgumentDescription argument;
    argument.name = parameter.name;
    argument.sizes = parameter.shape;
    arguments.push_back(std::move(argument));
    names.insert(parameter.name);
  }
  for (const DataArray &entry : set.getEntries())
    if (!names.contains(entry.name))
      return llvm::createStringError(path + ": `" +
                                     shortenForMessage(entry.name) +
                                     "` is not a parameter of this fit");
  for (const NamedArray &parameter : parameters)
    if (!set.lookup(parameter.name))
      return llvm::createStringError(path + ": parameter `" + parameter.name +
                                     "` is missing");
  llvm::Expected<std::vector<BoundArgument>> bound =
      bindArguments(arguments, set);
  if (!bound)
    return bound.takeError();
  for (auto [parameter, values] : llvm::zip_equal(parameters, *bound)) {
    const double *begin = static_cast<const double *>(values.data);
    parameter.values.assign(begin, begin + values.getElementCount());
  }
  return llvm::Error::success();
}

llvm::Error
vi::data::readParameterArrays(llvm::ArrayRef<std::string> files,
                              llvm::MutableArrayRef<NamedArray> parameters) {
  DataSet set;
  for (const std::string &file : files)
    if (llvm::Error error = readDataFile(file, set))
      return error;
  for (const DataArray &entry : set.getEntries()) {
    NamedArray *parameter =
        llvm::find_if(parameters, [&](const NamedArray &candidate) {
          return candidate.name == entry.name;
        });
    if (parameter == parameters.end())
      return llvm::createStringError(entry.file + ": `" +
                                     shortenForMessage(entry.name) +
                                     "` is not a parameter of this fit");
    ArgumentDescription argument;
    argument.name = parameter->name;
    argument.sizes = parameter->shape;
    llvm::Expected<std::vector<BoundArgument>> bound =
        bindArguments(argument, set);
    if (!bound)
      return bound.takeError();
    const double *begin = static_cast<const double *>(bound->front().data);
    parameter->values.assign(begin, begin + bound->front().getElementCount());
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// CSV
//===----------------------------------------------------------------------===//

llvm::Error vi::data::writeTrace(llvm::StringRef path,
                                 llvm::ArrayRef<TraceEntry> trace) {
  return writeFile(path, [&](llvm::raw_ostream &os) {
    os << "iteration,gradient_evaluations,elbo,gradient_norm,seconds\n";
    for (const TraceEntry &entry : trace)
      os << entry.iteration << ',' << entry.gradientEvaluations << ','
         << formatCSVNumber(entry.elbo) << ','
         << formatCSVNumber(entry.gradientNorm) << ','
         << formatCSVNumber(entry.seconds) << '\n';
  });
}

/// Prints a cell, in quotation marks where RFC 4180 asks for them.
static void printCell(llvm::raw_ostream &os, llvm::StringRef text) {
  if (text.find_first_of(",\"\r\n") == llvm::StringRef::npos) {
    os << text;
    return;
  }
  os << '"';
  for (char c : text) {
    if (c == '"')
      os << '"';
    os << c;
  }
  os << '"';
}

static int64_t countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

/// Calls `visit` with the 0-based index of each element, the last dimension
/// fastest (row-major) or the first (column-major).
static void
forEachIndex(llvm::ArrayRef<int64_t> shape, bool rowMajor,
             llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit) {
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t n = countElements(shape); n > 0; --n) {
    visit(index);
    for (size_t d = 0; d < shape.size(); ++d) {
      size_t dimension = rowMajor ? shape.size() - 1 - d : d;
      if (++index[dimension] < shape[dimension])
        break;
      index[dimension] = 0;
    }
  }
}

std::vector<std::string>
vi::data::getElementNames(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) {
  std::vector<std::string> names;
  forEachIndex(shape, /*rowMajor=*/true, [&](llvm::ArrayRef<int64_t> index) {
    std::string element = name.str();
    for (auto [dimension, i] : llvm::enumerate(index))
      element += (dimension == 0 ? "[" : ",") + std::to_string(i + 1);
    if (!index.empty())
      element += ']';
    names.push_back(std::move(element));
  });
  return names;
}

llvm::Expected<std::unique_ptr<DrawsWriter>>
DrawsWriter::create(llvm::StringRef path, const DrawsDescription &description,
                    llvm::ArrayRef<Column> columns) {
  llvm::Expected<std::unique_ptr<OutputFile>> file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::unique_ptr<DrawsWriter> writer(new DrawsWriter);
  writer->file = std::move(*file);
  writer->columns = columns.vec();
  llvm::raw_ostream &os = writer->file->os();
  os << "# vi-fit: independent draws of a variational fit, a draw in each "
        "row\n";
  for (llvm::StringRef comment : description.comments)
    for (llvm::StringRef line : llvm::split(comment, '\n'))
      os << "# " << line << '\n';
  // CmdStan's configuration of a sampler that has nothing to adapt.
  os << "# model = " << description.model << '\n'
     << "# method = sample\n"
        "#   sample\n"
        "#     num_samples = "
     << description.draws
     << "\n"
        "#     num_warmup = 1000 (Default)\n"
        "#     save_warmup = false (Default)\n"
        "#     thin = 1 (Default)\n"
        "#     algorithm = fixed_param\n"
        "# id = 1 (Default)\n"
        "# random\n"
        "#   seed = "
     << description.seed << '\n';
  os << "lp__,log_p__,log_g__";
  for (const Column &column : columns) {
    std::vector<int64_t> &order = writer->order.emplace_back();
    forEachIndex(column.shape, /*rowMajor=*/false,
                 [&](llvm::ArrayRef<int64_t> index) {
                   std::string name = column.name;
                   int64_t position = 0;
                   for (auto [i, size] : llvm::zip_equal(index, column.shape)) {
                     name += "." + std::to_string(i + 1);
                     position = position * size + i;
                   }
                   order.push_back(position);
                   os << ',';
                   printCell(os, name);
                 });
  }
  os << '\n';
  if (llvm::Error error = writer->file->check())
    return std::move(error);
  return std::move(writer);
}

llvm::Error DrawsWriter::write(double logP, double logG,
                               llvm::ArrayRef<llvm::ArrayRef<double>> values) {
  assert(values.size() == columns.size() && "a value for each column");
  llvm::raw_ostream &os = file->os();
  auto print = [&](double value) {
    char buffer[32];
    if (std::isnan(value))
      os << "nan";
    else
      os << formatShortest(value, buffer);
  };
  print(logP);
  os << ',';
  print(logP);
  os << ',';
  print(logG);
  for (auto [positions, elements] : llvm::zip_equal(order, values)) {
    assert(positions.size() == elements.size() && "a value of another shape");
    for (int64_t position : positions) {
      os << ',';
      print(elements[position]);
    }
  }
  os << '\n';
  return file->check();
}

llvm::Error DrawsWriter::commit() {
  // Readers expect it. Times would make the bytes differ from run to run.
  file->os() << "#\n"
                "#  Elapsed Time: 0 seconds (Warm-up)\n"
                "#                0 seconds (Sampling)\n"
                "#                0 seconds (Total)\n"
                "#\n";
  return file->commit();
}
