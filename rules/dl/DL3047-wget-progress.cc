#include <algorithm>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/sources.h"

namespace dcache::rules::DL3047 {
namespace {

// Whether wget is that of busybox, which has no --progress and no -nv.
bool is_of_busybox(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  return lint::is_image(lint::ImageKind::kBusyboxTools, base_image_of(dockerfile, stage_of(stages, run))) &&
         std::ranges::none_of(calls_of(dockerfile, "apk"),
                              [](const Call& call) { return call.has("add") && call.has("wget"); });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  report_first(calls_of(dockerfile, "wget"), reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (call.has_option(
            {"progress", "q", "quiet", "o", "output-file", "nv", "no-verbose", "a", "append-output"}))
      return std::nullopt;
    if (call.has("-nv")) return std::nullopt;
    return Complaint{"the download progress fills the build log",
                     is_of_busybox(dockerfile, *call.run) ? "write wget -q"
                                                          : "write wget --progress=dot:giga, or wget -nv"};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3047",
          .name = "wget-progress",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "it is only about the length of logs",
          .summary = "`wget` prints its progress line by line",
          .rationale =
              "Without a terminal, `wget` prints a line for every few kilobytes: a large download fills the "
              "build log with thousands of lines. `--progress=dot:giga` prints few, `-q` and `-nv` print "
              "none. The `wget` of busybox, on Alpine, only knows `-q`.",
          .bad = {"FROM debian:12\n"
                  "RUN wget https://example.com/large.tar.gz\n"},
          .good = {"FROM debian:12\n"
                   "RUN wget --progress=dot:giga https://example.com/large.tar.gz\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3047
