#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/final_image.h"

namespace dcache::rules::DC4012 {
namespace {

// Whether a script ends with the words that it was given as a command, without exec.
bool ends_without_exec(std::string_view script) {
  text::Arena texts;
  const std::vector<shell::Command> commands = shell::split(script, texts);
  if (commands.empty()) return false;
  for (const shell::Command& command : commands) {
    if (command.program() == "trap" || command.program() == "exec") return false;
  }
  const shell::Command& last = commands.back();
  const bool plain = last.depth == 0 && last.connector != shell::Connector::kPipe &&
                     last.connector != shell::Connector::kOr && last.redirections.empty();
  return plain && last.words.size() == 1 && (last.words[0].text == "$@" || last.words[0].text == "$*");
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const FinalImage& image = final_image(dockerfile);
  if (image.entrypoint == nullptr || !image.entrypoint->json || image.entrypoint->arguments.empty()) return;
  const std::string_view program = image.entrypoint->arguments.front().text;
  const auto script = copied_program(dockerfile, image, program);
  if (!script || !script->starts_with("#!") || !ends_without_exec(*script)) return;
  reporter.report(
      image.entrypoint->span,
      fmt::format("{} starts the program without exec, so docker stop does not reach it", program),
      "end the script with exec \"$@\"");
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/building/best-practices/#entrypoint"};
constexpr lint::ExampleFile kBadScript[] = {{"entrypoint.sh", "#!/bin/sh\nset -e\n./migrate\n\"$@\"\n"}};
constexpr lint::ExampleFile kGoodScript[] = {
    {"entrypoint.sh", "#!/bin/sh\nset -e\n./migrate\nexec \"$@\"\n"}};

}  // namespace

lint::Rule rule() {
  return {.code = "DC4012",
          .name = "entrypoint-without-exec",
          .level = lint::Level::kWarning,
          .summary = "The script of ENTRYPOINT starts the program without `exec`",
          .rationale =
              "The script is process 1 and gets the signals. A shell that waits for a program does not pass "
              "them on: `docker stop` waits ten seconds and then kills the container, so the program can't "
              "finish its work. `exec` replaces the shell with the program. The rule reads the script in the "
              "context, and looks for one that ends with `\"$@\"`.",
          .bad = {"FROM debian:12\n"
                  "COPY --chmod=755 entrypoint.sh /entrypoint.sh\n"
                  "ENTRYPOINT [\"/entrypoint.sh\"]\n",
                  kBadScript},
          .good = {"FROM debian:12\n"
                   "COPY --chmod=755 entrypoint.sh /entrypoint.sh\n"
                   "ENTRYPOINT [\"/entrypoint.sh\"]\n",
                   kGoodScript},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC4012
