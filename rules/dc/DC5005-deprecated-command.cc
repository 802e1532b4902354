#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/invocations.h"
#include "rules/known_facts.h"

namespace dcache::rules::DC5005 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::vector<const shell::Command*> reported;
  for (const DeprecatedCommand& known : deprecated_commands()) {
    for (const Invocation& call : invocations_of(dockerfile, known.program)) {
      const auto is_given = [&](std::string_view word) { return call.has(word); };
      if (!std::ranges::all_of(known.words, is_given) || std::ranges::count(reported, call.command) > 0)
        continue;
      reported.push_back(call.command);
      const std::string what = known.words.empty()
                                   ? std::string(known.program)
                                   : fmt::format("{} {}", known.program, fmt::join(known.words, " "));
      auto& finding = reporter.report(call.run->instruction->span, fmt::format("{} is deprecated", what),
                                      std::string(known.instead));
      finding.focus = call.run->span_of(call.command->spelling);
    }
  }
}

constexpr std::string_view kReferences[] = {"https://manpages.debian.org/bookworm/apt/apt-key.8.en.html",
                                            "https://docs.npmjs.com/cli/commands/npm-install"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC5005",
          .name = "deprecated-command",
          .level = lint::Level::kInfo,
          .summary = "A command or an option is deprecated",
          .rationale =
              "The build works today, and fails when a newer base image has a version of the program without "
              "it: Debian 13 has no `apt-key`, RubyGems 3 refuses `--no-ri`, Bundler 4 `--without`. The "
              "commands and what to use instead are in `rules/data/deprecated-commands.json`.",
          .bad = {"FROM debian:12\n"
                  "RUN curl -fsSL https://example.com/key.asc | apt-key add -\n"},
          .good = {"FROM debian:12\n"
                   "RUN curl -fsSL https://example.com/key.asc -o /etc/apt/keyrings/example.asc\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC5005
