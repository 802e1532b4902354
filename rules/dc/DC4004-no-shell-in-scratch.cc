#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/empty_image.h"
#include "rules/shell_form.h"

namespace dcache::rules::DC4004 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// Where a shell, or what it needs to start, can come from.
constexpr std::string_view kFolders[] = {"/bin/sh", "/usr/bin", "/lib"};

// What fails if the instruction has no shell; empty for one that needs none.
std::string_view what_fails(const Instruction& instruction) {
  if (instruction.json) return {};
  switch (instruction.keyword) {
    case Keyword::kRun:
      return "the build fails";
    case Keyword::kCmd:
    case Keyword::kEntrypoint:
      return "the container can't start";
    case Keyword::kHealthcheck:
      return health_check_command(instruction) != nullptr ? "the health check always fails" : "";
    default:
      return {};
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (const Instruction& instruction : stages[stage].body) {
      const std::string_view failure = what_fails(instruction);
      if (failure.empty() || instruction.find_flag("mount") != nullptr) continue;
      if (!is_surely_missing(dockerfile, stage, instruction, kFolders)) continue;
      reporter.report(
          instruction.span, fmt::format("an image from scratch has no shell, so {}", failure),
          instruction.keyword == Keyword::kRun
              ? "do this in a stage with a shell and COPY --from it, or write the program in JSON form"
              : "write the program in JSON form: [\"/program\", \"argument\"]");
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/base-images/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4004",
          .name = "no-shell-in-scratch",
          .level = lint::Level::kError,
          .summary = "An instruction needs a shell in an image that has none",
          .rationale =
              "`FROM scratch` starts with an empty image. RUN, CMD, ENTRYPOINT and HEALTHCHECK in shell form "
              "start `/bin/sh`, which is not there unless a COPY or ADD brought it. The rule reports only "
              "instructions before which nothing was copied to a place where a shell could be.",
          .bad = {"FROM golang:1.22 AS build\n"
                  "RUN go build -o /out/app .\n"
                  "FROM scratch\n"
                  "COPY --from=build /out/app /app\n"
                  "CMD /app\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "RUN go build -o /out/app .\n"
                   "FROM scratch\n"
                   "COPY --from=build /out/app /app\n"
                   "CMD [\"/app\"]\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4004
