//===- OutputFile.cpp - files that appear whole or not at all -*- C++ -*-===//
//
// Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "vi/Data/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace vi::data;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static std::error_code getErrno() {
  return std::error_code(errno, std::generic_category());
}

static llvm::Error makeError(llvm::StringRef file, llvm::StringRef what,
                             std::error_code code) {
  return llvm::createStringError(code,
                                 file + ": " + what + ": " + code.message());
}

/// Makes a rename in the directory of `file` last. A file system that cannot
/// synchronize a directory is none of the caller's concern.
static void synchronizeDirectory(llvm::StringRef file) {
  llvm::StringRef parent = path::parent_path(file);
  int directory = ::open(parent.empty() ? "." : parent.str().c_str(),
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return;
  (void)::fsync(directory);
  ::close(directory);
}

llvm::Expected<std::unique_ptr<OutputFile>>
OutputFile::create(llvm::StringRef path) {
  if (fs::is_directory(path))
    return makeError(path, "cannot write the file",
                     std::make_error_code(std::errc::is_a_directory));
  llvm::SmallString<128> temporary;
  int descriptor = -1;
  // The temporary file has the permissions that the user's mask leaves.
  if (std::error_code code =
          fs::createUniqueFile(path + ".%%%%%%%%.tmp", descriptor, temporary,
                               fs::OF_None, fs::all_read | fs::all_write))
    return makeError(path, "cannot create the file", code);
  std::unique_ptr<OutputFile> file(new OutputFile);
  file->path = path.str();
  file->temporaryPath = temporary.str().str();
  file->descriptor = descriptor;
  file->stream = std::make_unique<llvm::raw_fd_ostream>(descriptor,
                                                        /*shouldClose=*/false);
  file->stream->SetBufferSize(1 << 16);
  return std::move(file);
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::discard() {
  if (stream) {
    stream->flush();
    stream->clear_error();
    stream.reset();
  }
  if (descriptor >= 0) {
    ::close(descriptor);
    descriptor = -1;
  }
  if (!temporaryPath.empty()) {
    (void)fs::remove(temporaryPath);
    temporaryPath.clear();
  }
}

llvm::Error OutputFile::check() {
  if (!stream)
    return llvm::createStringError(path + ": the file is closed already");
  std::error_code code = stream->error();
  if (!code)
    return llvm::Error::success();
  discard();
  return makeError(path, "cannot write the file", code);
}

llvm::Error OutputFile::commit() {
  if (stream)
    stream->flush();
  if (llvm::Error error = check())
    return error;
  stream.reset();
  // A file system may report a full disk only here.
  if (::fsync(descriptor) != 0) {
    std::error_code code = getErrno();
    discard();
    return makeError(path, "cannot write the file", code);
  }
  int closed = ::close(descriptor);
  descriptor = -1;
  if (closed != 0) {
    std::error_code code = getErrno();
    discard();
    return makeError(path, "cannot write the file", code);
  }
  if (std::error_code code = fs::rename(temporaryPath, path)) {
    discard();
    return makeError(path, "cannot write the file", code);
  }
  temporaryPath.clear();
  synchronizeDirectory(path);
  return llvm::Error::success();
}

llvm::Error vi::data::createOutputDirectory(llvm::StringRef directory) {
  if (directory.empty())
    return llvm::createStringError("the name of the output directory is empty");
  if (std::error_code code = fs::create_directories(directory))
    return makeError(directory, "cannot create the output directory", code);
  if (!fs::is_directory(directory))
    return makeError(directory, "cannot create the output directory",
                     std::make_error_code(std::errc::not_a_directory));
  // Permissions alone do not tell: the file system may be read-only.
  llvm::SmallString<128> probe(directory);
  path::append(probe, ".probe-%%%%%%%%");
  llvm::SmallString<128> name;
  int descriptor = -1;
  if (std::error_code code = fs::createUniqueFile(probe, descriptor, name))
    return makeError(directory, "cannot write to the output directory", code);
  ::close(descriptor);
  (void)fs::remove(name);
  return llvm::Error::success();
}
