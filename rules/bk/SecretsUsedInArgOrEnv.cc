#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/secrets.h"

namespace dcache::rules::SecretsUsedInArgOrEnv {
namespace {

// Reports the variables that come no later than `end` in the file.
void check_variables(lint::Subject& subject, const Dispatched& one, uint32_t end, lint::Reporter& reporter) {
  const bool as_buildkit = answers_as_buildkit(subject);
  const dockerfile::Keyword keyword = one.instruction->keyword;
  for (const NamedVariable& variable : variables_set_by(*one.instruction, subject.graph())) {
    if (variable.span.begin > end || !names_secret(variable.name)) continue;
    if (!as_buildkit && is_harmless(variable, keyword)) continue;
    report_at(
        reporter, one, fmt::format("{} can be read by whoever has the image", variable.name),
        keyword == dockerfile::Keyword::kEnv
            ? "pass it when the container starts, or use RUN --mount=type=secret for a step that needs it"
            : "use RUN --mount=type=secret")
        .focus = variable.span;
  }
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Dispatched& one : dispatched(subject))
    check_variables(subject, one, one.instruction->span.end, reporter);
  // An ARG is looked at name by name, up to the default that can't be read.
  const Failing* const failing = failing_instruction(subject);
  if (failing != nullptr && failing->at.instruction->keyword == dockerfile::Keyword::kArg)
    check_variables(subject, failing->at, failing->error->span.begin, reporter);
}

constexpr std::string_view kCovers[] = {"DL3064"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "SecretsUsedInArgOrEnv",
      .name = "SecretsUsedInArgOrEnv",
      .level = lint::Level::kWarning,
      .origin = lint::Origin::kBuildkit,
      .summary = "An ARG or ENV seems to hold a secret",
      .rationale =
          "What ENV sets is in the configuration of the image, and what ARG is given in its history: "
          "whoever can pull the image can read them. A secret mount shows a secret to one RUN and leaves "
          "nothing behind. A name counts by its words between underscores: `KEY`, `TOKEN`, `PASSWORD` "
          "and the like, unless one of them is `PUBLIC`, `FILE` or `VERSION`. What only the running program "
          "needs is passed when the container starts, by `docker run --env-file` or the orchestrator's "
          "secrets.\n\n"
          "Some of those hold no secret: an ENV with an empty value, a value that is a path, a switch such "
          "as `true`, or the fingerprint of a GPG key, and a name that ends with `_URL`, `_ENABLED`, "
          "`_TTL` or the like. Only the profiles `buildkit` and `all` report them.",
      .bad = {"FROM debian:12\n"
              "ARG API_TOKEN\n"},
      .good = {"FROM debian:12\n"
               "RUN --mount=type=secret,id=api_token fetch\n"},
      .covers = kCovers,
      .security_severity = "7.0",
      .check = check};
}

}  // namespace dcache::rules::SecretsUsedInArgOrEnv
