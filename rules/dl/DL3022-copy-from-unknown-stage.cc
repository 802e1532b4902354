#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"
#include "rules/hadolint.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL3022 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool has_variable(std::string_view name) {
  return name.find('$') != std::string_view::npos;
}

// What a builder makes of a name that is not a stage above.
std::string consequence_of(std::string_view name) {
  if (has_variable(name)) return fmt::format("COPY --from={} is refused: it can't contain variables", name);
  return fmt::format("there is no stage {} above, so this means a named context or an image", name);
}

// The stage that a name seems to mean; empty for none.
std::string_view meant_stage(const std::vector<WrittenStage>& stages, std::string_view name) {
  std::vector<std::string_view> names;
  for (const WrittenStage& stage : stages) {
    if (!stage.name.empty()) names.push_back(stage.name);
  }
  // Names of one pattern, such as src-a and src-b, are not misspellings of each other.
  constexpr size_t kMostMistakes = 2;
  const std::string_view closest = text::closest(name, names);
  return text::edit_distance(name, closest) <= kMostMistakes ? closest : std::string_view();
}

std::string remedy_for(const std::vector<WrittenStage>& stages, size_t current, std::string_view name) {
  if (has_variable(name))
    return fmt::format("give the image its own stage, FROM {} AS NAME, with an ARG above the first FROM",
                       name);
  const std::string_view meant = meant_stage(stages, name);
  if (!meant.empty()) {
    return find_stage(stages, current, meant)
               ? fmt::format("did you mean {}?", meant)
               : fmt::format("move the stage {} above this one, if you mean that stage", meant);
  }
  return fmt::format("name a stage above, or the image with its tag: {}:VERSION", name);
}

// Whether an image is the likely meaning of a name: other names are as likely those of contexts, which
// compose files, bake files and `--build-context` give.
bool is_likely_image(std::string_view name) {
  return name.find('/') != std::string_view::npos || lint::is_image(lint::ImageKind::kOfficial, name);
}

bool is_number(std::string_view name) {
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

// Whether DC0001 says already that no builder accepts the flag.
bool is_refused(lint::Dockerfile& dockerfile, const dockerfile::Flag& from) {
  return std::ranges::any_of(dockerfile.graph().errors, [&](const plan::Error& error) {
    return error.span == from.span && dockerfile.graph().is_certain(error);
  });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3022");
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (size_t current = 0; current < stages.size(); ++current) {
    for (const Instruction& instruction : stages[current].body) {
      if (instruction.keyword != Keyword::kCopy) continue;
      const dockerfile::Flag* from = instruction.find_flag("from");
      if (from == nullptr || from->value.find(':') != std::string_view::npos ||
          find_stage(stages, current, from->value) ||
          text::equals_ignoring_case(from->value, stages[current].name) || dockerfile.is_defined(from->value))
        continue;
      const std::string_view name = from->value;
      const bool is_suspect = has_variable(name) || is_number(name) || is_likely_image(name) ||
                              !meant_stage(stages, name).empty();
      if (!as_hadolint && (!is_suspect || is_refused(dockerfile, *from))) continue;
      reporter.report(instruction.span, consequence_of(name), remedy_for(stages, current, name)).focus =
          from->span;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3022",
          .name = "copy-from-unknown-stage",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`COPY --from` names a stage that is not above",
          .rationale =
              "If no stage above has the name, the builder looks for a named context, and otherwise "
              "downloads an image with this name: a misspelt stage becomes somebody else's image. Give an "
              "image its own stage, or write its tag.\n\nThe rule reports a name if it is similar to that "
              "of a stage, or if it is the name of "
              "a well-known image or contains a `/`. What builders refuse, such as a variable, which they do "
              "not replace there, is an error by itself (DC0001). Other names are usually contexts from a "
              "compose file, a "
              "bake file or `--build-context`: only the profile `hadolint` reports them. A name that such a "
              "file is "
              "known to give is never reported.",
          .bad = {"FROM golang:1.22 AS builder\n"
                  "RUN make\n"
                  "FROM debian:12\n"
                  "COPY --from=biulder /app /app\n"},
          .good = {"FROM golang:1.22 AS build\n"
                   "RUN make\n"
                   "FROM debian:12\n"
                   "COPY --from=build /app /app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3022
