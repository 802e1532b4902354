#include <algorithm>
#include <string>
#include <vector>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/secrets.h"
#include "rules/stages.h"
#include "rules/twins.h"
#include "rules/variables.h"

namespace dcache::rules::SecretsUsedInArgOrEnv {
namespace {

using dockerfile::Keyword;

// Whether the stage is part of an image: of the last stage, or one of its own. A stage that no other uses may
// be built by its name.
bool ships(lint::Dockerfile& dockerfile, size_t stage) {
  const plan::Graph& graph = dockerfile.graph();
  if (graph.stages.empty() || graph.starts_from(graph.stages.size() - 1, stage)) return true;
  const bool copied_from = std::ranges::any_of(graph.steps, [&](const plan::Step& step) {
    return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
      return read.origin == plan::Read::Origin::kStage && graph.starts_from(read.stage, stage);
    });
  });
  return !copied_from;
}

// Whether the value is that of one variable which no ARG or ENV above sets, and so empty, if the base image
// does not set it; then the value is in that image already.
bool is_unset_variable(lint::Dockerfile& dockerfile, const NamedVariable& variable) {
  const std::string_view value = unquoted(variable.value);
  const std::string_view name = leading_variable(value);
  if (name.empty()) return false;
  const bool alone = value == "$" + std::string(name) || value == "${" + std::string(name) + "}" ||
                     value == "${" + std::string(name) + ":-}";
  if (!alone) return false;
  bool in_stage = false;
  for (const dockerfile::Instruction& instruction : dockerfile.file().instructions()) {
    if (instruction.span.end >= variable.span.begin) break;
    in_stage = in_stage || instruction.keyword == Keyword::kFrom;
    const std::vector<NamedVariable> set = variables_set_by(carried(instruction), dockerfile.graph());
    if (in_stage && std::ranges::find(set, name, &NamedVariable::name) != set.end()) return false;
  }
  return true;
}

// Reports the variables that come no later than `end` in the file.
void check_variables(lint::Dockerfile& dockerfile, const DispatchedInstruction& one, uint32_t end,
                     lint::Reporter& reporter) {
  const bool as_buildkit = answers_as_buildkit(dockerfile);
  const Keyword keyword = one.instruction->keyword;
  for (const NamedVariable& variable : variables_set_by(*one.instruction, dockerfile.graph())) {
    if (variable.span.begin > end || !names_secret(variable.name)) continue;
    if (!as_buildkit && (is_harmless(variable, keyword) ||
                         (keyword == Keyword::kEnv && is_unset_variable(dockerfile, variable))))
      continue;
    at_place(one,
             report_secret_variable(reporter, *one.place, keyword, variable, ships(dockerfile, one.stage)));
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const DispatchedInstruction& one : dispatched(dockerfile))
    check_variables(dockerfile, one, one.instruction->span.end, reporter);
  // An ARG is looked at name by name, up to the default that can't be read.
  const FailingInstruction* const failing = failing_instruction(dockerfile);
  if (failing != nullptr && failing->at.instruction->keyword == dockerfile::Keyword::kArg)
    check_variables(dockerfile, failing->at, failing->error->span.begin, reporter);
}

constexpr std::string_view kCovers[] = {"DL3064"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "SecretsUsedInArgOrEnv",
      .name = "SecretsUsedInArgOrEnv",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kBuildkit,
      .summary = "An ARG or ENV seems to contain a secret",
      .rationale =
          "The value of an ENV is in the configuration of the image, and the value of an ARG in its history: "
          "anyone who can pull the image can read them. The value that an earlier stage gets stays in the "
          "build cache, and can be in the provenance of the image. A secret mount gives a secret to one RUN "
          "and leaves nothing behind. A name counts if one of its words between underscores is `KEY`, "
          "`TOKEN`, `PASSWORD` or similar, unless another is `PUBLIC`, `FILE` or `VERSION`. Pass what only "
          "the running program needs when the container starts, with `docker run --env-file` or the "
          "secrets of the orchestrator.\n\n"
          "Some of these contain no secret: an ENV with an empty value or with the value of a variable that "
          "nothing sets, a value that is a path, a switch such as `true`, or the fingerprint of a GPG key, "
          "and a name that ends with `_URL`, `_ENABLED`, `_TTL` or similar. Only the profiles `buildkit` and "
          "`all` report them.",
      .bad = {"FROM debian:12\n"
              "ARG API_TOKEN\n"},
      .good = {"FROM debian:12\n"
               "RUN --mount=type=secret,id=api_token fetch\n"},
      .covers = kCovers,
      .security_severity = "7.0",
      .check = check};
}

}  // namespace dcache::rules::SecretsUsedInArgOrEnv
