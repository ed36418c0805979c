#===- stan.R - what stan.py starts --------------------------------------===#
#
# Part of vi-mlir, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#

# stan.R ACTION MODEL FOLDER COMPILED SECONDS: reads FOLDER/data.txt, writes
# FOLDER/result.json. ACTION is gradient (at FOLDER/point.bin, to
# FOLDER/gradient.bin), meanfield, fullrank, or compile, which needs no data.
suppressMessages(library(rstan))
# Debian's BH has no headers of its own.
if (!file.exists(rstan_options("boost_lib"))) {
  rstan_options(boost_lib = "/usr/include")
}
arguments <- commandArgs(trailingOnly = TRUE)
action <- arguments[1]
folder <- arguments[3]
compiled <- arguments[4]
seconds <- as.numeric(arguments[5])

if (file.exists(compiled) &&
    file.mtime(compiled) > file.mtime(arguments[2])) {
  kept <- readRDS(compiled)
} else {
  begin <- proc.time()[["elapsed"]]
  model <- stan_model(arguments[2], save_dso = TRUE, auto_write = FALSE)
  kept <- list(model = model,
               seconds = proc.time()[["elapsed"]] - begin)
  saveRDS(kept, compiled)
}
model <- kept$model
if (action == "compile") quit()

data <- list()
for (line in readLines(file.path(folder, "data.txt"))) {
  words <- strsplit(line, " ")[[1]]
  sizes <- as.integer(words[-(1:2)])
  values <- readBin(file.path(folder, paste0(words[1], ".bin")), words[2],
                    prod(sizes), size = if (words[2] == "integer") 4 else 8)
  data[[words[1]]] <- if (length(sizes) == 0) values else
    array(values, dim = sizes)
}

number <- function(x) format(x, digits = 17, scientific = TRUE)
fields <- c(sprintf('"compile_s": %s', number(kept$seconds)))

if (action == "gradient") {
  fit <- sampling(model, data = data, chains = 0)
  instance <- fit@.MISC$stan_fit_instance
  point <- readBin(file.path(folder, "point.bin"), "double", 1e8)
  gradient <- instance$grad_log_prob(point, TRUE)
  writeBin(as.numeric(gradient), file.path(folder, "gradient.bin"))
  now <- function() as.numeric(Sys.time())
  begin <- now()
  instance$grad_log_prob(point, TRUE)
  block <- max(1, min(1e5, floor(2e-3 / max(now() - begin, 1e-7))))
  times <- c()
  start <- now()
  while (length(times) < 11 || (now() - start < seconds &&
                                length(times) < 1000)) {
    if (length(times) >= 5 && now() - start > 10 * seconds) break
    begin <- now()
    for (i in seq_len(block)) instance$grad_log_prob(point, TRUE)
    times <- c(times, 1e6 * (now() - begin) / block)
  }
  status <- readLines("/proc/self/status")
  peak <- as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE)))
  fields <- c(fields,
              sprintf('"value": %s', number(attr(gradient, "log_prob"))),
              sprintf('"times_us": [%s]', paste(number(times), collapse = ", ")),
              sprintf('"peak_mib": %s', number(peak / 1024)))
} else {
  begin <- proc.time()[["elapsed"]]
  log <- capture.output(fit <- vb(model, data = data, algorithm = action,
                                  seed = 1, init = 0, importance_resampling = FALSE))
  elapsed <- proc.time()[["elapsed"]] - begin
  # The last line of the table of iterations: iteration, ELBO, ...
  rows <- grep("^Chain 1: +[0-9]+ +-?[0-9.]+ ", log, value = TRUE)
  elbo <- if (length(rows))
    strsplit(trimws(sub("^Chain 1: +", "", tail(rows, 1))), " +")[[1]][2] else "null"
  fields <- c(fields, sprintf('"fit_s": %s', number(elapsed)),
              sprintf('"elbo": %s', elbo))
}
writeLines(paste0("{", paste(fields, collapse = ", "), "}"),
           file.path(folder, "result.json"))
