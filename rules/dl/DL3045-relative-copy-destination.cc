#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL3045 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// `scratch` is empty, so that its working directory is known.
bool is_from_scratch(const WrittenStage& stage) {
  return stage.from != nullptr && !stage.from->arguments.empty() &&
         stage.from->arguments.front().text == "scratch";
}

// Whether each stage that this one may start from sets WORKDIR: its name can contain a variable.
bool inherits_workdir(lint::Dockerfile& dockerfile, size_t stage, const std::vector<bool>& has_workdir) {
  const std::vector<size_t> bases = possible_bases(dockerfile, stage);
  return !bases.empty() && std::ranges::all_of(bases, [&](size_t base) { return has_workdir[base]; });
}

// Whether the image that the stage starts from is built in the repository, by a Dockerfile with a WORKDIR.
bool is_from_own_image(lint::Dockerfile& dockerfile, const WrittenStage& stage) {
  return stage.from != nullptr && !stage.from->arguments.empty() &&
         dockerfile.has_defined_workdir(dockerfile.graph().text_of(stage.from->arguments.front()));
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3045");
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<bool> has_workdir(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    has_workdir[i] = stages[i].base ? has_workdir[*stages[i].base]
                                    : !as_hadolint && (is_from_scratch(stages[i]) ||
                                                       is_from_own_image(dockerfile, stages[i]) ||
                                                       inherits_workdir(dockerfile, i, has_workdir));
    for (const Instruction& written : stages[i].body) {
      const Instruction& instruction = carried(written);
      if (instruction.keyword == Keyword::kWorkdir) has_workdir[i] = true;
      if (instruction.keyword != Keyword::kCopy || instruction.arguments.empty() || has_workdir[i]) continue;
      const dockerfile::Word& destination = instruction.arguments.back();
      if (may_be_absolute(unquoted(destination.text))) continue;
      reporter
          .report(
              written.span,
              fmt::format("the destination {} depends on the WORKDIR of the base image", destination.text),
              "write an absolute path, or set WORKDIR above")
          .focus = destination.span;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3045",
          .name = "relative-copy-destination",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "COPY has a relative destination, and no WORKDIR is set",
          .rationale =
              "Without WORKDIR the destination starts at the working directory of the base image, which "
              "its publisher may change. With `FROM scratch` it starts at `/`, and an image of the same "
              "repository has the WORKDIR of its Dockerfile: the profile `hadolint` reports these too, the "
              "default profile does not.",
          .bad = {"FROM debian:12\n"
                  "COPY app bin/app\n"},
          .good = {"FROM debian:12\n"
                   "WORKDIR /usr/local\n"
                   "COPY app bin/app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3045
