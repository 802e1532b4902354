#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/final_image.h"
#include "rules/known_facts.h"

namespace dcache::rules::DC4012 {
namespace {

using Words = std::span<const std::string_view>;

// Programs that run what they are given until they are stopped.
bool keeps_running(std::span<const shell::Word> words) {
  constexpr std::string_view kPrograms[] = {
      "node",     "nodejs", "deno",    "java",  "python", "python3",   "ruby",   "dotnet",       "gunicorn",
      "uvicorn",  "puma",   "uwsgi",   "nginx", "httpd",  "php-fpm",   "caddy",  "redis-server", "mysqld",
      "postgres", "mongod", "haproxy", "nohup", "celery", "hypercorn", "daphne", "traefik"};
  if (std::ranges::find(kPrograms, shell::program_of(words)) == std::end(kPrograms)) return false;
  // `python -c`, `node --version`: what ends soon.
  constexpr std::string_view kEndSoon[] = {"-c", "-e", "-v", "-V", "-t", "--version", "--help", "-h"};
  return words.size() > 1 && std::ranges::none_of(kEndSoon, [&](std::string_view option) {
           return shell::has_word(words, option);
         });
}

// Whether the last command of a script starts the program of the container: it is, or is given, the words
// that the script was given, or is a program that keeps running.
bool starts_program(const shell::Command& last, std::string_view script) {
  const auto is_given = [](const shell::Word& word) {
    return word.text == "$@" || word.text == "$*" || word.text.starts_with("${@");
  };
  const auto words = shell::invocation(last);
  const std::string_view program = shell::program_of(words);
  if (program.empty()) return false;
  const auto defines = [&](std::string_view function) {
    return script.find(function) != std::string_view::npos;
  };
  if (defines(fmt::format("{}()", program)) || defines(fmt::format("{} ()", program)) ||
      defines(fmt::format("function {}", program)))
    return false;
  if (keeps_running(words)) return true;
  const auto is_among = [&](Words programs) {
    return std::ranges::find(programs, program) != programs.end();
  };
  return !is_among(shell_commands()) && !is_among(plain_programs()) && std::ranges::any_of(words, is_given);
}

// Whether a script starts the program of the container with its last command, without exec.
bool ends_without_exec(std::string_view script) {
  text::Arena texts;
  const std::vector<shell::Command> commands = shell::split(script, texts);
  if (commands.empty()) return false;
  for (const shell::Command& command : commands) {
    // Without a program exec only redirects.
    if (command.program() == "trap" || (command.program() == "exec" && command.words.size() > 1))
      return false;
  }
  const shell::Command& last = commands.back();
  const bool plain = last.depth == 0 && last.connector != shell::Connector::kPipe &&
                     last.connector != shell::Connector::kOr && last.redirections.empty();
  return plain && starts_program(last, script);
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
      "write exec before the last command of the script");
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
              "context, or in a heredoc of COPY, and looks for one that ends with `\"$@\"`, with a program "
              "that is given "
              "these words, or with a server or an interpreter such as `node`.",
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
