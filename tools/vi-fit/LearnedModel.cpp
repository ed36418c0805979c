//===- LearnedModel.cpp - vi-fit sample, reconstruct, loglik --------------===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LearnedModel.h"

#include "JITModel.h"
#include "ModelSource.h"
#include "Picture.h"
#include "vi/Data/OutputFile.h"
#include "vi/Fit/Fit.h"
#include "vi/Fit/Random.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace vi;
namespace cl = llvm::cl;

static cl::OptionCategory category("vi-fit options of learned models");

static cl::SubCommand sampleCommand("sample", "draw data from a learned model");
static cl::SubCommand
    reconstructCommand("reconstruct",
                       "what a learned model makes of data: encode, decode");
static cl::SubCommand
    logLikCommand("loglik", "bound and importance-sampled log-density of each "
                            "datum under a learned model");

static const auto &allCommands() {
  static const std::array<cl::SubCommand *, 3> commands = {
      &sampleCommand, &reconstructCommand, &logLikCommand};
  return commands;
}

static cl::opt<std::string> modelFile(cl::Positional, cl::Required,
                                      cl::desc("MODEL.mlir"), cl::cat(category),
                                      cl::sub(sampleCommand),
                                      cl::sub(reconstructCommand),
                                      cl::sub(logLikCommand));
static cl::opt<std::string>
    parametersFile("parameters", cl::desc("the parameters.json of a fit"),
                   cl::value_desc("file"), cl::Required, cl::cat(category),
                   cl::sub(sampleCommand), cl::sub(reconstructCommand),
                   cl::sub(logLikCommand));
static cl::list<std::string>
    dataFiles("data",
              cl::desc("data: .json, .csv, or NAME=FILE.npy; several combine. "
                       "For sample, what the model conditions on alone"),
              cl::value_desc("file"), cl::cat(category), cl::sub(sampleCommand),
              cl::sub(reconstructCommand), cl::sub(logLikCommand));
static cl::list<std::string>
    includes("include",
             cl::desc("files with functions that the model calls (vi.call)"),
             cl::value_desc("file"), cl::cat(category), cl::sub(sampleCommand),
             cl::sub(reconstructCommand), cl::sub(logLikCommand));
static cl::opt<std::string>
    modelName("model", cl::desc("the model, where the file has several"),
              cl::value_desc("name"), cl::cat(category), cl::sub(sampleCommand),
              cl::sub(reconstructCommand), cl::sub(logLikCommand));
static cl::opt<std::string> guideName("guide",
                                      cl::desc("the guide that was fitted"),
                                      cl::value_desc("family"),
                                      cl::cat(category), cl::sub(sampleCommand),
                                      cl::sub(reconstructCommand),
                                      cl::sub(logLikCommand));
static cl::opt<unsigned long long>
    seed("seed", cl::desc("seed of all random numbers"), cl::value_desc("n"),
         cl::init(1), cl::cat(category), cl::sub(sampleCommand),
         cl::sub(reconstructCommand), cl::sub(logLikCommand));
static cl::opt<std::string>
    outputDirectory("output",
                    cl::desc("write SITE.npy for each observed site (sample, "
                             "reconstruct) or log_p.csv (loglik)"),
                    cl::value_desc("directory"), cl::cat(category),
                    cl::sub(sampleCommand), cl::sub(reconstructCommand),
                    cl::sub(logLikCommand));
static cl::opt<long long>
    count("count",
          cl::desc("members to draw, where the data do not say (default: 100)"),
          cl::value_desc("n"), cl::init(100), cl::cat(category),
          cl::sub(sampleCommand));
static cl::opt<long long>
    samples("samples", cl::desc("draws for each datum (default: 1000)"),
            cl::value_desc("n"), cl::init(1000), cl::cat(category),
            cl::sub(logLikCommand));
static cl::opt<bool>
    randomDraw("random",
               cl::desc("reconstruct from a draw of the guide, not from its "
                        "center"),
               cl::cat(category), cl::sub(reconstructCommand));
static cl::opt<std::string>
    picture("picture",
            cl::desc("write the data as pictures into one PNG; reconstructions "
                     "stand below their data"),
            cl::value_desc("file"), cl::cat(category), cl::sub(sampleCommand),
            cl::sub(reconstructCommand));
static cl::opt<std::string>
    pictureShape("picture-shape",
                 cl::desc("rows and columns of a picture (default: a square)"),
                 cl::value_desc("HxW"), cl::cat(category),
                 cl::sub(sampleCommand), cl::sub(reconstructCommand));
static cl::opt<long long>
    pictureCount("picture-count",
                 cl::desc("the most data in a picture (default: 100)"),
                 cl::value_desc("n"), cl::init(100), cl::cat(category),
                 cl::sub(sampleCommand), cl::sub(reconstructCommand));

bool vi::isLearnedModelCommand() {
  return llvm::any_of(allCommands(),
                      [](cl::SubCommand *c) { return bool(*c); });
}

void vi::hideUnrelatedOptionsOfCommands() {
  for (cl::SubCommand *command : allCommands())
    cl::HideUnrelatedOptions(category, *command);
}

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// Rows and columns of the pictures, as the option has them.
static std::optional<std::pair<int64_t, int64_t>> parsePictureShape() {
  auto [rows, columns] = llvm::StringRef(pictureShape).split('x');
  int64_t height = 0, width = 0;
  if (rows.getAsInteger(10, height) || columns.getAsInteger(10, width) ||
      height < 1 || width < 1)
    return std::nullopt;
  return std::make_pair(height, width);
}

std::optional<std::string> vi::checkCommandOptions() {
  if (count < 1 || samples < 1 || pictureCount < 1)
    return "--count, --samples and --picture-count must be positive";
  if (!pictureShape.empty() && !parsePictureShape())
    return "--picture-shape=" + pictureShape +
           ": rows and columns are two numbers with an x between, as 28x28";
  return std::nullopt;
}

static std::string getPath(llvm::StringRef file) {
  llvm::SmallString<128> path(outputDirectory);
  llvm::sys::path::append(path, file);
  return path.str().str();
}

/// The parts of `values` that belong to the arrays that a function writes.
static std::vector<llvm::ArrayRef<double>>
takeApart(const JITModel &model, llvm::ArrayRef<double> values) {
  std::vector<llvm::ArrayRef<double>> parts;
  for (const fit::ReportedArray &array : model.getUsedArrays()) {
    parts.push_back(values.take_front(array.getElementCount()));
    values = values.drop_front(array.getElementCount());
  }
  return parts;
}

static int64_t getUsedCount(const JITModel &model) {
  int64_t size = 0;
  for (const fit::ReportedArray &array : model.getUsedArrays())
    size += array.getElementCount();
  return size;
}

/// Writes the arrays, and those of the first site as a picture; `originals`
/// stand above them where there are any.
static llvm::Error writeArrays(const JITModel &model,
                               llvm::ArrayRef<double> values,
                               llvm::ArrayRef<double> originals) {
  std::vector<llvm::ArrayRef<double>> parts = takeApart(model, values);
  llvm::ArrayRef<fit::ReportedArray> arrays = model.getUsedArrays();
  if (!outputDirectory.empty())
    for (auto [i, array] : llvm::enumerate(arrays)) {
      std::string path = getPath(array.name + ".npy");
      if (llvm::Error error =
              data::writeNPY(path, model.getUsedKind(i), array.shape, parts[i]))
        return error;
    }
  if (picture.empty())
    return llvm::Error::success();
  const fit::ReportedArray &array = arrays.front();
  if (array.shape.empty())
    return makeError("site '" + array.name + "' is a number, not a picture");
  int64_t members = array.shape.front();
  int64_t size = members ? array.getElementCount() / members : 0;
  int64_t height = std::llround(std::sqrt(double(size))), width = height;
  if (!pictureShape.empty())
    std::tie(height, width) = *parsePictureShape();
  if (height * width != size || size == 0)
    return makeError(llvm::formatv(
        "a member of site '{0}' has {1} numbers, which make no {2}", array.name,
        size,
        pictureShape.empty() ? std::string("square; give --picture-shape")
                             : "picture of " + pictureShape));
  members = std::min<int64_t>(members, pictureCount);
  bool hasOriginals =
      originals.size() == size_t(array.getElementCount()) && !originals.empty();
  const int64_t columns = 10;
  std::vector<llvm::ArrayRef<double>> images;
  for (int64_t begin = 0; begin < members; begin += columns) {
    int64_t end = std::min(members, begin + columns);
    for (llvm::ArrayRef<double> from :
         {hasOriginals ? originals : llvm::ArrayRef<double>(), parts[0]}) {
      if (from.empty())
        continue;
      for (int64_t i = begin; i < end; ++i)
        images.push_back(from.slice(i * size, size));
      // Keep the rows of data and of reconstructions apart.
      if (hasOriginals)
        while (images.size() % columns != 0 && end == members)
          images.push_back(from.slice((end - 1) * size, size));
    }
  }
  double low = INFINITY, high = -INFINITY;
  for (llvm::ArrayRef<double> image : images)
    for (double value : image) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  return writePicture(picture, height, width, columns, low, high, images);
}

static llvm::Error runSample(JITModel &model,
                             llvm::ArrayRef<double> parameters) {
  std::vector<double> values(getUsedCount(model));
  model.sample(parameters, fit::getStreamKey(seed, fit::Stream::Posterior, 10),
               0, values);
  return writeArrays(model, values, {});
}

static llvm::Error runReconstruct(JITModel &model,
                                  llvm::ArrayRef<double> parameters) {
  std::vector<double> values(getUsedCount(model));
  std::vector<double> noise(model.getNoiseCount());
  uint64_t key = fit::getStreamKey(seed, fit::Stream::Posterior, 11);
  if (randomDraw)
    for (size_t i = 0; i < noise.size(); ++i)
      noise[i] = fit::getNormal(key, i);
  model.use(parameters, noise, values);
  if (llvm::Error error = writeArrays(
          model, values,
          model.getObservedData(model.getUsedArrays().front().name)))
    return error;
  for (auto [array, part] :
       llvm::zip_equal(model.getUsedArrays(), takeApart(model, values))) {
    std::vector<double> observed = model.getObservedData(array.name);
    if (observed.size() != part.size() || part.empty())
      continue;
    double squares = 0;
    for (auto [x, mean] : llvm::zip_equal(observed, part))
      squares += (x - mean) * (x - mean);
    llvm::outs() << llvm::formatv(
        "{0}: root mean squared error of the reconstruction {1:f4}\n",
        array.name, std::sqrt(squares / double(part.size())));
  }
  return llvm::Error::success();
}

static llvm::Error runLogLik(JITModel &model,
                             llvm::ArrayRef<double> parameters) {
  llvm::ArrayRef<fit::DataPlate> plates = model.getDataPlates();
  size_t plate = 0;
  while (plate < plates.size() &&
         plates[plate].name != model.getWeightedPlate())
    ++plate;
  if (plate == plates.size())
    return makeError("plate '" + model.getWeightedPlate() + "' has no data");
  int64_t members = plates[plate].count;
  if (members == 0)
    return makeError("plate '" + plates[plate].name + "' has no members");
  // The noise of a member depends on its number alone, not on the chunk.
  int64_t width = model.getNoiseCount() / members;
  uint64_t key = fit::getStreamKey(seed, fit::Stream::Posterior, 12);
  bool canSelect = model.canSelectMembers(plate);
  int64_t chunkSize = canSelect ? 1024 : members;
  std::vector<double> bounds(members), logDensities(members), errors(members);
  for (int64_t begin = 0; begin < members; begin += chunkSize) {
    int64_t size = std::min(chunkSize, members - begin);
    if (canSelect) {
      std::vector<int64_t> chunk(size);
      std::iota(chunk.begin(), chunk.end(), begin);
      model.selectMembers(plate, chunk);
    }
    std::vector<double> noise(width * size), weights(size);
    // Streaming log-sum-exp of the weights and of their squares.
    std::vector<double> largest(size, -INFINITY), sum(size), squares(size),
        mean(size);
    for (int64_t draw = 0; draw < samples; ++draw) {
      uint64_t drawKey = fit::foldIn(key, draw);
      for (size_t i = 0; i < noise.size(); ++i)
        noise[i] = fit::getNormal(drawKey, begin * width + i);
      model.use(parameters, noise, weights);
      for (int64_t i = 0; i < size; ++i) {
        double weight = weights[i];
        mean[i] += (weight - mean[i]) / double(draw + 1);
        if (weight > largest[i]) {
          double shrink = std::exp(largest[i] - weight);
          sum[i] *= shrink;
          squares[i] *= shrink * shrink;
          largest[i] = weight;
        }
        double share = std::exp(weight - largest[i]);
        sum[i] += share;
        squares[i] += share * share;
      }
    }
    for (int64_t i = 0; i < size; ++i) {
      double draws = double(samples);
      bounds[begin + i] = mean[i];
      logDensities[begin + i] = largest[i] + std::log(sum[i] / draws);
      // Delta method: the relative error of the mean weight.
      double variance =
          std::max(0.0, squares[i] / (sum[i] * sum[i]) - 1 / draws);
      errors[begin + i] = std::sqrt(variance);
    }
  }
  double bound = 0, logDensity = 0, variance = 0;
  int64_t nonFinite = 0;
  for (int64_t i = 0; i < members; ++i) {
    bound += bounds[i] / double(members);
    logDensity += logDensities[i] / double(members);
    variance += errors[i] * errors[i] / double(members * members);
    nonFinite += !std::isfinite(logDensities[i]);
  }
  if (nonFinite > 0)
    llvm::outs() << "warning: the log-densities of " << nonFinite
                 << " data are not finite\n\n";
  llvm::outs() << llvm::formatv(
      "{0} data\nbound     {1:f4} nats a datum\nlog p(x)  {2:f4} nats a datum "
      "by {3} importance samples (Monte Carlo error {4:e1})\n",
      members, bound, logDensity, samples, std::sqrt(variance));
  if (outputDirectory.empty())
    return llvm::Error::success();
  auto file = data::OutputFile::create(getPath("log_p.csv"));
  if (!file)
    return file.takeError();
  llvm::raw_ostream &os = (*file)->os();
  os << "bound,log_p,log_p_mcse\n";
  for (int64_t i = 0; i < members; ++i)
    os << data::formatCSVNumber(bounds[i]) << ','
       << data::formatCSVNumber(logDensities[i]) << ','
       << data::formatCSVNumber(errors[i]) << '\n';
  return (*file)->commit();
}

llvm::Error vi::runLearnedModelCommand() {
  if (!outputDirectory.empty())
    if (llvm::Error error = data::createOutputDirectory(outputDirectory))
      return error;
  llvm::Expected<std::unique_ptr<ModelSource>> source = ModelSource::open(
      modelFile, std::vector<std::string>(includes.begin(), includes.end()));
  if (!source)
    return source.takeError();
  data::DataSet data;
  for (const std::string &file : dataFiles)
    if (llvm::Error error = data::readDataFile(file, data))
      return error;
  JITModelOptions options;
  options.model = modelName;
  options.guide = guideName;
  if (sampleCommand) {
    options.use = ModelUse::Sample;
    options.placeholders = count;
  } else {
    options.use =
        reconstructCommand ? ModelUse::Reconstruct : ModelUse::LogWeights;
  }
  llvm::Expected<std::unique_ptr<JITModel>> created =
      JITModel::create((*source)->getModule(), data, options);
  if (!created)
    return created.takeError();
  JITModel &model = **created;
  std::vector<data::NamedArray> arrays = model.getParameters();
  if (llvm::Error error = data::readParameters(parametersFile, arrays))
    return error;
  std::vector<double> parameters;
  for (const data::NamedArray &array : arrays)
    parameters.insert(parameters.end(), array.values.begin(),
                      array.values.end());
  if (sampleCommand)
    return runSample(model, parameters);
  if (reconstructCommand)
    return runReconstruct(model, parameters);
  return runLogLik(model, parameters);
}
