#include <algorithm>

#include "dcache/lint/rule.h"

namespace dcache::rules {
namespace {

constexpr std::string_view kPrograms[] = {"date", "uuidgen", "pwgen"};

bool writes(const shell::Command& command) {
  return std::ranges::any_of(command.redirections, [](const shell::Redirection& redirection) {
    return redirection.op.find('>') != std::string_view::npos &&
           redirection.op.find('&') == std::string_view::npos && redirection.target.text != "/dev/null" &&
           !redirection.op.starts_with('2');
  });
}

// Whether the value of `word` is made when the step runs.
bool is_made_anew(std::string_view word) {
  constexpr std::string_view kParts[] = {"$(date",    "`date",    "$RANDOM",        "${RANDOM}",
                                         "$(uuidgen", "`uuidgen", "$(openssl rand", "`openssl rand"};
  return std::ranges::any_of(
      kParts, [&](std::string_view part) { return word.find(part) != std::string_view::npos; });
}

// The part of a RUN that does it; empty for none.
std::string_view volatile_part(const lint::Run& run) {
  for (size_t i = 0; i < run.commands.size(); ++i) {
    const shell::Command& command = run.commands[i];
    if (command.words.empty()) continue;
    const bool into_tee = i + 1 < run.commands.size() &&
                          run.commands[i + 1].connector == shell::Connector::kPipe &&
                          run.commands[i + 1].program() == "tee";
    const bool stays = writes(command) || into_tee;
    const bool maker = std::ranges::find(kPrograms, command.program()) != std::end(kPrograms);
    const bool key = command.program() == "ssh-keygen" && shell::has_word(command.words, "-f") &&
                     std::ranges::none_of(command.words, [](const shell::Word& word) {
                       return word.text == "-R" || word.text == "-l" || word.text == "-y";
                     });
    if ((maker && stays) || key) return command.spelling;
    const auto made = std::ranges::find_if(
        command.words, [](const shell::Word& word) { return is_made_anew(word.spelling); });
    if (stays && made != command.words.end()) return made->spelling;
  }
  return {};
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  for (const lint::Run& run : subject.runs()) {
    const std::string_view part = volatile_part(run);
    if (part.empty()) continue;
    reporter.report(run.span_of(part), "this writes something else into the layer each time it runs",
                    "pass the value as a build argument, or make it when the container starts");
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/ci/github-actions/reproducible-builds/"};

}  // namespace

lint::Rule DC1013() {
  return {.code = "DC1013",
          .name = "volatile-run",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "A RUN writes something into its layer that is different each time",
          .rationale =
              "With the time, a random number or a new key in it, the layer differs from build to build: no "
              "two machines have the same image, a registry stores it again each time, and steps that copy "
              "from the stage rebuild with it. Give such a value from outside as a late build argument, or "
              "make it when the container starts.",
          .bad = {"FROM debian:12\n"
                  "RUN date > /build-time\n"},
          .good = {"FROM debian:12\n"
                   "ARG BUILD_TIME\n"
                   "RUN echo \"$BUILD_TIME\" > /build-time\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
