#include <charconv>
#include <set>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// By name, in lower case, or by number.
bool is_stage_above(std::string_view name, const std::set<std::string>& names, size_t current) {
  size_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure == std::errc() && end == name.data() + name.size()) return number < current;
  return names.contains(text::to_lower(name));
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(subject);
  std::set<std::string> names;
  for (size_t current = 0; current < stages.size(); ++current) {
    names.insert(text::to_lower(stages[current].name));
    for (const Instruction& instruction : stages[current].body) {
      if (instruction.keyword != Keyword::kCopy) continue;
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (from == nullptr || from->value.find(':') != std::string_view::npos ||
          is_stage_above(from->value, names, current))
        continue;
      reporter
          .report(
              instruction.span,
              fmt::format("there is no stage {} above, so an image of that name is downloaded", from->value),
              fmt::format("name a stage above, or the image with its tag: {}:VERSION", from->value))
          .focus = from->span;
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
