#include <algorithm>

#include "dcache/lint/rule.h"

namespace dcache::rules::DC1013 {
namespace {

constexpr std::string_view kPrograms[] = {"date", "uuidgen", "pwgen"};

// What a RUN writes that is different each time.
enum class Kind : uint8_t { kNone, kTime, kRandom, kKey };
struct VolatileOutput {
  Kind kind = Kind::kNone;
  std::string_view part;  // of the script
};

bool writes(const shell::Command& command) {
  return std::ranges::any_of(command.redirections, [](const shell::Redirection& redirection) {
    return redirection.op.find('>') != std::string_view::npos &&
           redirection.op.find('&') == std::string_view::npos && redirection.target.text != "/dev/null" &&
           !redirection.op.starts_with('2');
  });
}

// What the value of `word` is, if it is made when the step runs.
Kind kind_of(std::string_view word) {
  constexpr std::string_view kTimes[] = {"$(date", "`date"};
  constexpr std::string_view kRandom[] = {"$RANDOM",  "${RANDOM}",      "$(uuidgen",
                                          "`uuidgen", "$(openssl rand", "`openssl rand"};
  const auto holds = [&](std::string_view part) { return word.find(part) != std::string_view::npos; };
  if (std::ranges::any_of(kTimes, holds)) return Kind::kTime;
  return std::ranges::any_of(kRandom, holds) ? Kind::kRandom : Kind::kNone;
}

// Whether the command makes a key, and does not read, check or remove one.
bool makes_key(const shell::Command& command) {
  constexpr std::string_view kOthers[] = {"-R", "-l", "-y", "-F", "-H", "-e", "-i", "-p", "-s", "-B"};
  const auto is_other = [&](const shell::Word& word) {
    return std::ranges::find(kOthers, word.text) != std::end(kOthers);
  };
  return command.program() == "ssh-keygen" &&
         (shell::has_word(command.words, "-f") || shell::has_word(command.words, "-A")) &&
         std::ranges::none_of(command.words, is_other);
}

VolatileOutput find_volatile(const lint::Run& run) {
  for (size_t i = 0; i < run.commands.size(); ++i) {
    const shell::Command& command = run.commands[i];
    if (command.words.empty()) continue;
    const bool into_tee = i + 1 < run.commands.size() &&
                          run.commands[i + 1].connector == shell::Connector::kPipe &&
                          run.commands[i + 1].program() == "tee";
    const bool stays = writes(command) || into_tee;
    const bool maker = std::ranges::find(kPrograms, command.program()) != std::end(kPrograms);
    if (makes_key(command)) return {Kind::kKey, command.spelling};
    if (!stays) continue;
    if (maker) return {command.program() == "date" ? Kind::kTime : Kind::kRandom, command.spelling};
    for (const shell::Word& word : command.words) {
      if (const Kind kind = kind_of(word.spelling); kind != Kind::kNone) return {kind, word.spelling};
    }
  }
  return {};
}

void report(const lint::Run& run, const VolatileOutput& found, lint::Reporter& reporter) {
  const text::Span span = run.span_of(found.part);
  switch (found.kind) {
    case Kind::kNone:
      return;
    case Kind::kTime:
      reporter.report(span, "the build time is written into the layer, so each build makes a different layer",
                      "pass the time as a build argument, or read it when the container starts");
      return;
    case Kind::kRandom:
      reporter.report(span,
                      "a random value is written into the layer: each build makes a different one, and "
                      "all containers of the image share it",
                      "create the value when the container starts");
      return;
    case Kind::kKey:
      reporter.report(span,
                      "this key is stored in the image: anyone who has the image has the key, and all "
                      "containers share it",
                      "create the key when the container starts, or mount one with RUN "
                      "--mount=type=secret");
      return;
  }
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const lint::Run& run : dockerfile.runs()) {
    report(run, find_volatile(run), reporter);
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/ci/github-actions/reproducible-builds/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1013",
          .name = "volatile-run",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .summary = "A RUN writes something into its layer that is different each time",
          .rationale =
              "If a layer contains the time, a random number or a new key, it is different in every build: "
              "no two machines have the same image, a registry stores it again each time, and steps that "
              "copy from the stage rebuild too. Pass the time as a build argument that is declared late. "
              "Create random values and keys when the container starts: everyone can read a build argument "
              "in the image's history, and a value in the image is the same for all containers.",
          .bad = {"FROM debian:12\n"
                  "RUN date > /build-time\n"},
          .good = {"FROM debian:12\n"
                   "ARG BUILD_TIME\n"
                   "RUN echo \"$BUILD_TIME\" > /build-time\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1013
