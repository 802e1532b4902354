#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/edits.h"
#include "rules/syntax_version.h"

namespace dcache::rules::DC4016 {
namespace {

using shell::Command;
using shell::Connector;

constexpr size_t kLongChain = 6;  // commands
constexpr int kSyntaxOfHeredocs = 4;
constexpr std::string_view kBlanks = " \t\\\r\n";

// The commands that && ties together; nothing if the script has something else than such a chain, with pipes
// in its parts.
std::optional<std::vector<const Command*>> chain_of(const lint::Run& run) {
  std::vector<const Command*> starts;
  for (const Command& command : run.commands) {
    if (command.depth > 0 || command.quoted) continue;
    if (command.connector == Connector::kPipe) continue;
    if (command.connector != Connector::kAnd && command.connector != Connector::kFirst) return std::nullopt;
    starts.push_back(&command);
  }
  return starts;
}

// Where the `&&` before a command is in the script; nothing if that is not plain.
std::optional<size_t> connector_before(std::string_view script, const Command& command) {
  const auto at = static_cast<size_t>(command.spelling.data() - script.data());
  const size_t last = script.rfind("&&", at);
  if (last == std::string_view::npos) return std::nullopt;
  const std::string_view gap = script.substr(last + 2, at - last - 2);
  return gap.find_first_not_of(kBlanks) == std::string_view::npos ? std::optional(last) : std::nullopt;
}

// The lines of a script that does the same; nothing if that can't be told from the text.
std::optional<std::vector<std::string>> lines_of(const lint::Run& run,
                                                 const std::vector<const Command*>& chain,
                                                 std::string_view source) {
  const bool nested = std::ranges::any_of(run.commands, [](const Command& one) { return one.depth > 0; });
  if (nested) return std::nullopt;
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    size_t end = run.script.size();
    if (i + 1 < chain.size()) {
      const auto connector = connector_before(run.script, *chain[i + 1]);
      if (!connector) return std::nullopt;
      end = *connector;
    }
    std::string_view line = run.span_of(run.script.substr(begin, end - begin)).of(source);
    begin = end + 2;
    const size_t first = std::min(line.find_first_not_of(kBlanks), line.size());
    line = line.substr(first, line.find_last_not_of(kBlanks) + 1 - first);
    // `!` turns a status round. A shell keeps `\\` at the end of a line in single quotes, and a builder does
    // not.
    const bool is_quoted =
        line.find('\'') != std::string_view::npos && line.find('\n') != std::string_view::npos;
    if (line.empty() || line.front() == '!' || is_quoted) return std::nullopt;
    lines.emplace_back(line);
  }
  return lines;
}

// Whether a command reads other commands, which `set -e` stops too, or changes when the shell stops.
bool changes_the_shell(const Command& command) {
  constexpr std::string_view kReaders[] = {".", "source", "eval", "trap"};
  const auto words = std::span(command.words);
  if (words.empty()) return false;
  if (words.front().text == "set")
    return std::ranges::any_of(words, [](const shell::Word& word) { return word.text.starts_with('+'); });
  return std::ranges::find(kReaders, words.front().text) != std::end(kReaders);
}

std::optional<lint::Fix> make_heredoc(const lint::Run& run, const std::vector<const Command*>& chain,
                                      const dockerfile::File& file) {
  const auto lines = lines_of(run, chain, file.source());
  const text::Span script = run.span_of(run.script);
  const std::string_view written = script.of(file.source());
  const std::string_view end = line_end(file);
  // Comments between the lines of a RUN are not part of its script.
  // The shell is given a heredoc with the returns at the ends of its lines.
  const bool is_plain = lines && end == "\n" && std::ranges::none_of(run.commands, changes_the_shell) &&
                        file.escape() == '\\' && written.find('#') == std::string_view::npos &&
                        written.find("EOF") == std::string_view::npos;
  if (!is_plain) return std::nullopt;
  std::string text = fmt::format("<<EOF{}set -e{}", end, end);
  for (const std::string& line : *lines)
    text += fmt::format("{}{}", line, end);
  // A \ after the last command goes too.
  lint::Fix fix = replace({script.begin, run.instruction->span.end}, text + "EOF", "write it as a heredoc");
  fix.unsafe_because = "the step is built once more, and an unusual shell may read the script in another way";
  return fix;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (has_syntax_below(dockerfile.file(), kSyntaxOfHeredocs)) return;
  for (const lint::Run& run : dockerfile.runs()) {
    if (!run.shell_form || !run.posix_shell || run.onbuild || run.instruction->json) continue;
    const auto chain = chain_of(run);
    if (!chain) continue;
    if (run.in_heredoc) {
      const bool is_one = chain->size() == 1 && run.commands.size() == 1 && !run.script.starts_with("#!");
      if (is_one)
        reporter.report(run.instruction->span, "a heredoc with one command is longer than the command",
                        "write RUN and the command");
      continue;
    }
    const bool is_long = chain->size() >= kLongChain && run.instruction->heredocs.empty() &&
                         run.instruction->start_line != run.instruction->end_line;
    if (!is_long) continue;
    auto& finding = reporter.report(
        run.instruction->span,
        fmt::format("{} commands with && and \\ at the ends of lines are easier to read as a heredoc",
                    chain->size()),
        "write RUN <<EOF, set -e, one command in each line, and EOF");
    finding.fix = make_heredoc(run, *chain, dockerfile.file());
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#here-documents"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4016",
      .name = "heredoc-style",
      .level = lint::Level::kStyle,
      .fix = lint::FixKind::kUnsafe,
      .on_by_default = false,
      .summary = "A long chain of commands is not a heredoc, or a heredoc has one command",
      .rationale =
          "A heredoc needs neither `&&` nor `\\`: a line can be added, moved or commented out without "
          "looking at the lines around it. It has to begin with `set -e`, so that it stops at a command "
          "that "
          "fails. For one command it is only longer. The rule reports chains of six commands and more that "
          "take several lines. Heredocs need Dockerfile syntax 1.4, so files with an older one in `# "
          "syntax=` are "
          "left alone. The rule is about style, and is off by default.",
      .fix_note =
          "Turns a chain of simple commands into a heredoc. There is no fix for chains with comments, `||`, "
          "subshells, or commands that read others, such as `source`, and none for files whose lines end in "
          "CRLF. The fix is unsafe: the step is built once more, and a shell that is not the usual one may "
          "read a "
          "script in another way.",
      .bad = {"FROM debian:12\n"
              "RUN apt-get update && \\\n"
              "    apt-get install -y gcc make && \\\n"
              "    ./configure && \\\n"
              "    make && \\\n"
              "    make install && \\\n"
              "    make clean\n"},
      .good = {"FROM debian:12\n"
               "RUN <<EOF\n"
               "set -e\n"
               "apt-get update\n"
               "apt-get install -y gcc make\n"
               "./configure\n"
               "make\n"
               "make install\n"
               "make clean\n"
               "EOF\n"},
      .references = kReferences,
      .needs_buildkit = true,
      .check = check};
}

}  // namespace dcache::rules::DC4016
