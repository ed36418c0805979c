//===- LearningCurves.cpp - the course of a training -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LearningCurves.h"

#include "vi/Data/OutputFile.h"
#include "vi/Data/Results.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>

using namespace vi;

llvm::Error vi::writeTrainingTable(llvm::StringRef path,
                                   llvm::ArrayRef<fit::EpochRecord> records) {
  auto file = data::OutputFile::create(path);
  if (!file)
    return file.takeError();
  llvm::raw_ostream &os = (*file)->os();
  os << "epoch,steps,learning_rate,kl_weight,objective,held_out,gradient_norm"
        "\n";
  for (const fit::EpochRecord &record : records) {
    os << record.epoch << ',' << record.steps;
    for (double value : {record.learningRate, record.klWeight, record.objective,
                         record.heldOut, record.gradientNorm})
      os << ',' << data::formatCSVNumber(value);
    os << '\n';
  }
  return (*file)->commit();
}

/// A step of 1, 2 or 5 times a power of ten, of which about five fit into
/// `range`.
static double getTickStep(double range) {
  double step = std::pow(10, std::floor(std::log10(range / 5)));
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (range / (factor * step) <= 6)
      return factor * step;
  return 10 * step;
}

/// Text in XML.
static std::string escape(llvm::StringRef text) {
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  }
  return result;
}

llvm::Error vi::writeLearningCurves(llvm::StringRef path, llvm::StringRef title,
                                    llvm::ArrayRef<fit::EpochRecord> records) {
  auto file = data::OutputFile::create(path);
  if (!file)
    return file.takeError();
  const double width = 640, height = 400, left = 70, right = 20, top = 40,
               bottom = 45;
  // The first epochs would take most of the height: what lies below the tenth
  // part of all is cut off.
  std::vector<double> values;
  bool hasHeldOut = false;
  for (const fit::EpochRecord &record : records) {
    if (std::isfinite(record.objective))
      values.push_back(record.objective);
    if (std::isfinite(record.heldOut)) {
      values.push_back(record.heldOut);
      hasHeldOut = true;
    }
  }
  std::sort(values.begin(), values.end());
  double low = values.empty() ? 0 : values[values.size() / 10];
  double high = values.empty() ? 1 : values.back();
  if (!(high > low))
    high = low + 1;
  double margin = 0.05 * (high - low);
  low -= margin;
  high += margin;
  double last = records.empty() ? 1 : double(records.back().epoch);
  auto getX = [&](double epoch) {
    return left +
           (width - left - right) * (last > 1 ? (epoch - 1) / (last - 1) : 0.5);
  };
  auto getY = [&](double value) {
    return top + (height - top - bottom) * (high - value) / (high - low);
  };
  llvm::raw_ostream &os = (*file)->os();
  os << llvm::formatv(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<clipPath id=\"plot\"><rect x=\"{2}\" y=\"{3}\" width=\"{4}\" "
      "height=\"{5}\"/></clipPath>\n",
      int(width), int(height), int(left), int(top), int(width - left - right),
      int(height - top - bottom));
  auto write = [&](double x, double y, llvm::StringRef anchor,
                   llvm::StringRef text, llvm::StringRef color = "black") {
    os << llvm::formatv("<text x=\"{0:f1}\" y=\"{1:f1}\" text-anchor=\"{2}\" "
                        "fill=\"{3}\">{4}</text>\n",
                        x, y, anchor, color, escape(text));
  };
  auto draw = [&](double x0, double y0, double x1, double y1) {
    os << llvm::formatv("<line x1=\"{0:f1}\" y1=\"{1:f1}\" x2=\"{2:f1}\" "
                        "y2=\"{3:f1}\" stroke=\"#ccc\"/>\n",
                        x0, y0, x1, y1);
  };
  double step = getTickStep(high - low);
  for (double value = std::ceil(low / step) * step; value <= high;
       value += step) {
    draw(left, getY(value), width - right, getY(value));
    write(left - 6, getY(value) + 4, "end",
          llvm::formatv("{0}", data::formatCSVNumber(
                                   std::round(value / step * 1e6) * step / 1e6))
              .str());
  }
  step = std::max(1.0, getTickStep(std::max(last - 1, 1.0)));
  for (double epoch = step; epoch <= last; epoch += step) {
    draw(getX(epoch), top, getX(epoch), height - bottom);
    write(getX(epoch), height - bottom + 16, "middle",
          std::to_string(int64_t(epoch)));
  }
  auto plot = [&](llvm::StringRef color,
                  llvm::function_ref<double(const fit::EpochRecord &)> get) {
    os << "<polyline clip-path=\"url(#plot)\" fill=\"none\" stroke=\"" << color
       << "\" stroke-width=\"1.5\" points=\"";
    for (const fit::EpochRecord &record : records)
      if (double value = get(record); std::isfinite(value))
        os << llvm::formatv("{0:f1},{1:f1} ", getX(double(record.epoch)),
                            getY(value));
    os << "\"/>\n";
  };
  plot("#1f77b4",
       [](const fit::EpochRecord &record) { return record.objective; });
  plot("#d62728",
       [](const fit::EpochRecord &record) { return record.heldOut; });
  write(left, 16, "start", title);
  write(left, 32, "start", "training, nats a datum", "#1f77b4");
  if (hasHeldOut)
    write(left + 170, 32, "start", "held out", "#d62728");
  write((left + width - right) / 2, height - 8, "middle", "epoch");
  os << "</svg>\n";
  return (*file)->commit();
}
