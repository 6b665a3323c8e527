# datatable.R - data.table: the same work as build/bench/h2o, the same lines out.
#
#   Rscript bench/peers/datatable.R groupby FILE | join X SMALL MEDIUM BIG | work FILE | csv FILE
#   flags: --threads N (1)  --runs N (3)  --query N
#
# But for csv everything is loaded first. A result is always stored. The package is Debian's
# r-cran-data.table. It reads whole columns: a query of the file selects what it needs by hand.
suppressMessages(library(data.table))

words <- commandArgs(trailingOnly = TRUE)
flags <- list(threads = 1, runs = 3, query = 0)
files <- character()
while (length(words) > 0) {
  if (substr(words[1], 1, 2) == "--") {
    flags[[substring(words[1], 3)]] <- as.numeric(words[2])
    words <- words[-1]
  } else files <- c(files, words[1])
  words <- words[-1]
}
what <- files[1]
files <- files[-1]
setDTthreads(flags$threads)

queries <- list(
  groupby = list(
    q1 = quote(x[, .(v1 = sum(v1)), by = id1]),
    q2 = quote(x[, .(v1 = sum(v1)), by = .(id1, id2)]),
    q3 = quote(x[, .(v1 = sum(v1), v3 = mean(v3)), by = id3]),
    q4 = quote(x[, lapply(.SD, mean), by = id4, .SDcols = v1:v3]),
    q5 = quote(x[, lapply(.SD, sum), by = id6, .SDcols = v1:v3]),
    q6 = quote(x[, .(median_v3 = median(v3), sd_v3 = sd(v3)), by = .(id4, id5)]),
    q7 = quote(x[, .(range_v1_v2 = max(v1) - min(v2)), by = id3]),
    q8 = quote(x[order(-v3), .(v3 = head(v3, 2L)), by = id6]),
    q9 = quote(x[, .(r2 = cor(v1, v2)^2), by = .(id2, id4)]),
    q10 = quote(x[, .(v3 = sum(v3), count = .N), by = id1:id6])),
  join = list(
    j1 = quote(x[small, on = "id1", nomatch = NULL]),
    j2 = quote(x[medium, on = "id2", nomatch = NULL]),
    j3 = quote(medium[x, on = "id2"]),
    j4 = quote(x[medium, on = "id5", nomatch = NULL]),
    j5 = quote(x[big, on = "id3", nomatch = NULL])),
  work = list(
    s1 = quote(x[order(v3), .(v3, id6)]),
    f1 = quote(x[v3 > 50, .(v3 = sum(v3))]),
    t1 = quote(head(x[order(-v3), .(v3, id6)], 100L))),
  csv = list(
    c1 = quote(fread(files[1])),
    c2 = quote(fread(files[1], select = c("id1", "v1"))[, .(v1 = sum(v1)), by = id1]),
    c3 = quote(data.table(v1 = nrow(fread(files[1], select = "v1")))),
    c4 = quote(fread(files[1])[id4 == 42L])))
keys <- c(q1 = 1, q2 = 2, q3 = 1, q4 = 1, q5 = 1, q6 = 2, q7 = 1, q8 = 1, q9 = 2, q10 = 6, c2 = 1)

checksum <- function(name, answer) {
  columns <- names(answer)
  counted <- if (name %in% names(keys)) columns[-seq_len(keys[[name]])]
             else grep("^v[123]$", columns, value = TRUE)
  if (what == "join") counted <- c("v1", "v2")
  sums <- vapply(counted, function(c) sum(as.numeric(answer[[c]]), na.rm = what == "join"), 0)
  sums[is.na(sums)] <- NaN
  sprintf("rows=%d chk=%s", nrow(answer), paste(sprintf("%.10g", sums), collapse = ";"))
}

tables <- c("x", "small", "medium", "big")
if (what != "csv") for (i in seq_along(files)) assign(tables[i], fread(files[i]))
for (n in seq_along(queries[[what]])) {
  name <- names(queries[[what]])[n]
  if (flags$query != 0 && flags$query != n) next
  least <- Inf
  line <- NULL
  for (run in seq_len(flags$runs)) {
    started <- Sys.time()
    answer <- eval(queries[[what]][[n]])
    least <- min(least, as.numeric(Sys.time() - started, units = "secs") * 1e3)
    if (is.null(line)) line <- checksum(name, answer)
    rm(answer)
  }
  cat(sprintf("%s %.1f ms %s\n", name, least, line))
}
