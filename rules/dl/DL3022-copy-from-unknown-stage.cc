#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// What a builder makes of a name that is no stage above.
std::string consequence_of(std::string_view name) {
  if (name.find('$') != std::string_view::npos)
    return fmt::format("COPY --from={} is refused: it takes no variables", name);
  return fmt::format("there is no stage {} above, so an image of that name is downloaded", name);
}

std::string remedy_for(std::string_view name) {
  if (name.find('$') != std::string_view::npos)
    return fmt::format("give the image a stage of its own, FROM {} AS NAME, with an ARG above the first FROM",
                       name);
  return fmt::format("name a stage above, or the image with its tag: {}:VERSION", name);
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(subject);
  for (size_t current = 0; current < stages.size(); ++current) {
    for (const Instruction& instruction : stages[current].body) {
      if (instruction.keyword != Keyword::kCopy) continue;
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (from == nullptr || from->value.find(':') != std::string_view::npos ||
          find_stage(stages, current, from->value) ||
          text::equals_ignoring_case(from->value, stages[current].name))
        continue;
      reporter.report(instruction.span, consequence_of(from->value), remedy_for(from->value)).focus =
          from->span;
    }
  }
}

}  // namespace

lint::Rule DL3022() {
  return {.code = "DL3022",
          .name = "copy-from-unknown-stage",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`COPY --from` names no stage above",
          .rationale =
              "A name that is no stage above is taken for an image and downloaded: a misspelt stage becomes "
              "somebody else's image. Give an image a stage of its own, or name its tag.",
          .bad = {"FROM debian:12\n"
                  "COPY --from=build /app /app\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "RUN make\n"
                   "FROM debian:12\n"
                   "COPY --from=build /app /app\n"},
          .check = check};
}

}  // namespace dcache::rules
