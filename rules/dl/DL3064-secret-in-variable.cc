#include <algorithm>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/known_facts.h"
#include "rules/secrets.h"
#include "rules/stages.h"
#include "rules/twins.h"

namespace dcache::rules::DL3064 {
namespace {

using dockerfile::Instruction;

bool sounds_secret(std::string_view name) {
  const std::string lower = text::to_lower(name);
  return std::ranges::any_of(secret_parts(),
                             [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> ships = stages_that_ship(stages);
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (const Instruction& instruction : stages[stage].body) {
      const auto variables = variables_set_by(instruction, dockerfile.graph());
      const auto first = std::ranges::find_if(variables, sounds_secret, &NamedVariable::name);
      if (first != variables.end())
        report_secret_variable(reporter, instruction, instruction.keyword, *first, ships[stage]);
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3064",
          .name = "secret-in-variable",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "An ARG or ENV seems to contain a secret",
          .rationale =
              "The values of ENV are in the configuration of the image, and the values of ARG in its "
              "history: anyone who can pull the image can read them. A secret mount shows a secret to one "
              "RUN and leaves nothing in the image. This rule compares names as hadolint does; "
              "SecretsUsedInArgOrEnv compares whole words.",
          .bad = {"FROM debian:12\n"
                  "ENV API_TOKEN=abc\n"},
          .good = {"FROM debian:12\n"
                   "RUN --mount=type=secret,id=api_token fetch\n"},
          .security_severity = "7.0",
          .check = check};
}

}  // namespace dcache::rules::DL3064
