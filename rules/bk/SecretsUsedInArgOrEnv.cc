#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/secrets.h"

namespace dcache::rules {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const Dispatched& one : dispatched(subject)) {
    for (const NamedVariable& variable : variables_set_by(*one.instruction, subject.graph())) {
      if (!names_secret(variable.name)) continue;
      reporter
          .report(one.place->span, fmt::format("{} can be read by whoever has the image", variable.name),
                  "use RUN --mount=type=secret")
          .focus = variable.span;
    }
  }
}

constexpr std::string_view kCovers[] = {"DL3064"};

}  // namespace

lint::Rule SecretsUsedInArgOrEnv() {
  return {.code = "SecretsUsedInArgOrEnv",
          .name = "SecretsUsedInArgOrEnv",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "An ARG or ENV seems to hold a secret",
          .rationale =
              "What ENV sets is in the configuration of the image, and what ARG is given in its history: "
              "whoever can pull the image can read them. A secret mount shows a secret to one RUN and leaves "
              "nothing behind. A name counts by its words between underscores: `KEY`, `TOKEN`, `PASSWORD` "
              "and the like, unless one of them is `PUBLIC`.",
          .bad = {"FROM debian:12\n"
                  "ARG API_TOKEN\n"},
          .good = {"FROM debian:12\n"
                   "RUN --mount=type=secret,id=api_token fetch\n"},
          .covers = kCovers,
          .security_severity = "7.0",
          .check = check};
}

}  // namespace dcache::rules
