#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "rules/edits.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DC4006 {
namespace {

// Whether an option of a shell, `-e` or `-ex` or `-o errexit`, makes it stop at the first failure.
bool is_errexit(std::string_view word) {
  if (word == "errexit" || word == "--errexit") return true;
  return word.size() > 1 && word[0] == '-' && word[1] != '-' && word.find('e', 1) != std::string_view::npos &&
         word.find_first_of("./=") == std::string_view::npos;
}

bool is_set_e(const shell::Command& command) {
  return command.program() == "set" &&
         std::ranges::any_of(std::span(command.words).subspan(1),
                             [](const shell::Word& word) { return is_errexit(word.text); });
}

// Whether the shell is started so that it stops: by SHELL or by the `#!` line.
bool shell_stops(const lint::Run& run) {
  if (run.script.starts_with("#!")) {
    const std::string_view line = run.script.substr(0, run.script.find('\n'));
    const size_t blank = line.find_last_of(" \t");
    return blank != std::string_view::npos && is_errexit(line.substr(blank + 1));
  }
  return run.shell != nullptr && std::ranges::any_of(run.shell->arguments, [](const dockerfile::Word& word) {
           return word.text != "-c" && is_errexit(word.text);
         });
}

// Whether a shell that the base image sets with SHELL does not stop either. One that nobody knows may.
bool goes_on_after_failures(lint::Dockerfile& dockerfile, const lint::Run& run) {
  using lint::ImageKind;
  // BuildKit starts a script with a `#!` line by itself.
  if (run.shell != nullptr || run.script.starts_with("#!")) return true;
  constexpr ImageKind kKnown[] = {ImageKind::kOfficial, ImageKind::kDistribution, ImageKind::kRootAtBuild,
                                  ImageKind::kDropsRootAtStart, ImageKind::kBashAsSh};
  constexpr int kMostImages = 8;
  std::string image(base_image_of(dockerfile, stage_of(written_stages(dockerfile), run)));
  for (int i = 0; i < kMostImages && !image.empty(); ++i) {
    const auto built = dockerfile.built_image(image);
    if (!built)
      return !dockerfile.is_defined(image) &&
             std::ranges::any_of(kKnown, [&](ImageKind kind) { return lint::is_image(kind, image); });
    if (built->shell != plan::Stage().shell) return std::ranges::none_of(built->shell, is_errexit);
    image = built->base;
  }
  return false;
}

// Commands that do not fail in practice, or whose failure does no harm.
bool is_harmless(const shell::Command& command) {
  constexpr std::array<std::string_view, 10> kPrograms = {"echo", "printf", "export", "set",   "umask",
                                                          "true", ":",      "unset",  "shopt", "alias"};
  const bool copies_input = command.program() == "cat" && command.words.size() == 1;
  return command.words.empty() || copies_input ||
         std::ranges::find(kPrograms, command.program()) != kPrograms.end();
}

// Whether a command is a part of the other, as in `$( )`.
bool is_inside(const shell::Command& command, const shell::Command& other) {
  return command.spelling.data() >= other.spelling.data() &&
         command.spelling.data() < other.spelling.data() + other.spelling.size();
}

// A command of the list, with those that && and | tie to it.
struct Item {
  const shell::Command* first = nullptr;
  const shell::Command* last = nullptr;
  bool harmless = true;
  bool handled = false;  // by ||
};

std::vector<Item> items_of(const lint::Run& run) {
  std::vector<Item> items;
  for (const shell::Command& command : run.commands) {
    if (command.depth > 0 || command.quoted) continue;
    const bool starts = command.connector == shell::Connector::kFirst ||
                        command.connector == shell::Connector::kThen ||
                        command.connector == shell::Connector::kBackground;
    if (starts || items.empty()) items.push_back({.first = &command});
    Item& item = items.back();
    item.last = &command;
    item.harmless = item.harmless && is_harmless(command);
    item.handled = item.handled || command.connector == shell::Connector::kOr;
  }
  return items;
}

// The first command whose failure the ones after it hide; null for none.
const shell::Command* hidden_failure(const lint::Run& run) {
  if (std::ranges::any_of(run.commands, is_set_e)) return nullptr;
  for (const Item& item : items_of(run)) {
    if (item.harmless || item.handled) continue;
    const bool is_last = is_inside(run.commands.back(), *item.last);
    return is_last ? nullptr : item.first;
  }
  return nullptr;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const lint::Run& run : dockerfile.runs()) {
    if (!run.in_heredoc || !run.shell_form || !run.posix_shell || shell_stops(run)) continue;
    const shell::Command* hidden = hidden_failure(run);
    if (hidden == nullptr || !goes_on_after_failures(dockerfile, run)) continue;
    auto& finding =
        reporter.report(run.instruction->span,
                        "the script goes on after a command that fails, so the build does not notice it",
                        "write set -e in the first line of the script");
    finding.focus = run.span_of(hidden->spelling);
    const dockerfile::Heredoc& heredoc = run.instruction->heredocs.front();
    const bool shebang = run.script.starts_with("#!");
    const auto skipped = shebang ? static_cast<uint32_t>(run.script.find('\n') + 1) : 0;
    const uint32_t at = heredoc.body.begin + skipped;
    finding.fix = replace({at, at}, fmt::format("set -e{}", line_end(dockerfile.file())), "insert set -e");
    finding.fix->unsafe_because = "a build that ignored a failure then stops";
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/reference/dockerfile/#here-documents"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4006",
      .name = "heredoc-without-set-e",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kUnsafe,
      .summary = "A heredoc script does not stop at the first command that fails",
      .rationale =
          "BuildKit gives a heredoc to the shell as a script, and a shell goes on after a command that "
          "failed. Only the status of the last one counts: the build succeeds, and the image lacks what "
          "the failed command should have made. `set -e` stops the script, as `&&` does in other RUNs.\n\n"
          "A base image can set SHELL with `-e`, and then its RUNs stop. The rule does not report a script "
          "on an image that is neither a well-known one nor built in the repository.",
      .fix_note = "Inserts `set -e`. The fix is unsafe: a build that ignored a failure then stops.",
      .bad = {"FROM debian:12\n"
              "RUN <<EOF\n"
              "apt-get update\n"
              "apt-get install -y curl\n"
              "echo done\n"
              "EOF\n"},
      .good = {"FROM debian:12\n"
               "RUN <<EOF\n"
               "set -e\n"
               "apt-get update\n"
               "apt-get install -y curl\n"
               "echo done\n"
               "EOF\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4006
