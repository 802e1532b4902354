#include <algorithm>
#include <string>

#include "dcache/lint/rule.h"
#include "rules/shell_form.h"

namespace dcache::rules::DC4007 {
namespace {

using dockerfile::Instruction;

// Whether the words call curl for a page, and it answers success whatever the status of the page is.
bool ignores_status(std::span<const shell::Word> words) {
  if (shell::program_of(words) != "curl") return false;
  bool address = false;
  for (const shell::Word& word : words.subspan(1)) {
    const std::string_view text = word.text;
    if (text == "--fail" || text == "--fail-with-body") return false;
    // Other protocols have no status; what is written out or configured may be looked at.
    if (text.starts_with("telnet:") || text.starts_with("--write-out") || text.starts_with("--config"))
      return false;
    const bool letters = text.size() > 1 && text[0] == '-' && text[1] != '-';
    if (letters && text.find_first_of("fwK") != std::string_view::npos) return false;
    address = address || text.starts_with("http") || text.starts_with("localhost") ||
              text.starts_with("127.") || text.starts_with("0.0.0.0") || text.starts_with('$');
  }
  return address;
}

bool ignores_status(const Instruction& check) {
  if (check.json) {
    shell::Command command;
    for (const dockerfile::Word& word : check.arguments.subspan(1))
      command.words.push_back({.text = word.text, .spelling = {}});
    if (const auto script = shell::inner_script(command.words)) {
      text::Arena texts;
      const auto commands = shell::split(*script, texts);
      return commands.size() == 1 && ignores_status(shell::invocation(commands.front()));
    }
    return ignores_status(command.words);
  }
  text::Arena texts;
  const std::vector<shell::Command> commands = shell::split(check.arguments[1].text, texts);
  for (size_t i = 0; i < commands.size(); ++i) {
    const bool piped = i + 1 < commands.size() && commands[i + 1].connector == shell::Connector::kPipe;
    if (!piped && commands[i].depth == 0 && ignores_status(shell::invocation(commands[i]))) return true;
  }
  return false;
}

// Whether the check can only succeed: it is `true`, `:` or `exit 0`, and nothing else.
bool always_succeeds(const Instruction& check) {
  std::string script;
  for (const dockerfile::Word& word : check.arguments.subspan(1))
    script += (script.empty() ? "" : " ") + std::string(word.text);
  return script == "true" || script == "/bin/true" || script == "/usr/bin/true" || script == ":" ||
         script == "exit 0";
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    if (health_check_command(instruction) == nullptr) continue;
    if (always_succeeds(instruction)) {
      reporter.report(instruction.span, "this health check always succeeds, so it notices nothing",
                      "check that the server answers, or write HEALTHCHECK NONE");
      continue;
    }
    if (!ignores_status(instruction)) continue;
    reporter.report(instruction.span,
                    "curl succeeds for every answer, so the container is healthy also while the server "
                    "answers with errors",
                    "write curl --fail");
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#healthcheck",
                                            "https://curl.se/docs/manpage.html#-f"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4007",
      .name = "healthcheck-ignores-status",
      .level = lint::Level::kWarning,
      .summary = "The health check can't fail: it calls `curl` without `--fail`, or only `true`",
      .rationale =
          "`curl` exits with status 0 if it gets any answer, also if that is *500 Internal Server Error*. A "
          "health check without `--fail` (`-f`) notices only that nothing listens at the port. If that is "
          "what you want to know, a program such as `nc -z` says it more clearly. `true` and `exit 0` notice "
          "nothing at all.",
      .bad = {"FROM nginx:1.27\n"
              "HEALTHCHECK CMD curl http://localhost/health || exit 1\n"},
      .good = {"FROM nginx:1.27\n"
               "HEALTHCHECK CMD curl --fail http://localhost/health || exit 1\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4007
