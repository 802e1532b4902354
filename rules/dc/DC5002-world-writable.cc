#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/invocations.h"
#include "rules/stages.h"

namespace dcache::rules::DC5002 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// Whether a mode lets everybody write: 777, 0666, a+w, o+rwx, ugo=rwx. With the sticky bit, as /tmp has it,
// nobody can remove files of others.
bool lets_all_write(std::string_view mode) {
  if (mode.empty()) return false;
  if (mode.find_first_not_of("01234567") == std::string_view::npos) {
    const bool sticky = mode.size() == 4 && (mode[0] - '0') % 2 == 1;
    return mode.size() >= 3 && mode.size() <= 4 && !sticky && ((mode.back() - '0') & 2) != 0;
  }
  bool writes = false;
  while (!mode.empty()) {
    const std::string_view part = mode.substr(0, mode.find(','));
    mode.remove_prefix(std::min(part.size() + 1, mode.size()));
    const size_t op = part.find_first_of("+=");
    if (op == std::string_view::npos || part.find_first_not_of("ugoa+=rwxXst") != std::string_view::npos)
      continue;
    const std::string_view rights = part.substr(op + 1);
    // The sticky bit: see above.
    if (rights.find('t') != std::string_view::npos) return false;
    const bool all = part.substr(0, op).find_first_of("oa") != std::string_view::npos;
    writes = writes || (all && rights.find('w') != std::string_view::npos);
  }
  return writes;
}

// What only one user has, or everybody is meant to write to.
bool may_be_open(std::string_view path) {
  return path == "/tmp" || path.starts_with("/tmp/") || path == "/var/tmp" || path.starts_with("/dev/") ||
         path == "/run" || path == "/var/run" || path.starts_with("/var/run/") || path.starts_with("/run/");
}

// The mode, if a chmod gives it to something that is not meant for all.
const shell::Word* open_mode(const Invocation& call) {
  const shell::Word* mode = nullptr;
  for (const shell::Word& word : call.arguments()) {
    if (mode == nullptr && word.text.starts_with('-')) continue;
    if (mode == nullptr) {
      if (!word.literal || !lets_all_write(word.text)) return nullptr;
      mode = &word;
      continue;
    }
    if (!may_be_open(word.text)) return mode;
  }
  return nullptr;
}

// The mode that mkdir or install gives to something that is not meant for all: `-m 777`, `-dm777`,
// `--mode=777`.
const shell::Word* open_mode_option(const Invocation& call, std::string& mode) {
  const std::string_view with_value = call.program == "install" ? "gotS" : "";
  const auto words = call.arguments();
  const bool copies = call.program == "install" && !call.has_option({"d", "directory"});
  const shell::Word* found = nullptr;
  bool is_for_all = true;  // everything that it makes may be open
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view text = words[i].text;
    const bool next = i + 1 < words.size();
    std::string_view value;
    if (text == "--mode" && next) {
      value = words[i + 1].text;
      found = &words[++i];
    } else if (text.starts_with("--mode=")) {
      value = text.substr(7);
      found = &words[i];
    } else if (text.starts_with("--")) {
      continue;
    } else if (text.size() > 1 && text[0] == '-') {
      const size_t letter = text.find_first_of(std::string(with_value) + "m", 1);
      if (letter == std::string_view::npos) continue;
      const bool joined = letter + 1 < text.size();
      if (!joined && !next) continue;
      if (!joined) ++i;
      if (text[letter] != 'm') continue;
      value = joined ? text.substr(letter + 1) : words[i].text;
      found = &words[i];
    } else {
      // What install copies has the mode only where it is copied to.
      is_for_all = (is_for_all || copies) && may_be_open(text);
      continue;
    }
    mode = value;
  }
  return found != nullptr && found->literal && !is_for_all && lets_all_write(mode) ? found : nullptr;
}

void report(text::Span span, std::string_view mode, text::Span focus, lint::Reporter& reporter) {
  auto& finding = reporter.report(
      span,
      fmt::format("with the mode {} every user and program in the container can change these files", mode),
      "give them to the user that needs them with --chown or chown, or give write access to a group");
  finding.focus = focus;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> ships = stages_that_ship(stages);
  const lint::Run* reported = nullptr;
  for (const Invocation& call : invocations_of(dockerfile, "chmod")) {
    const shell::Word* mode = call.run == reported ? nullptr : open_mode(call);
    if (mode == nullptr || !ships[stage_of(stages, *call.run)]) continue;
    reported = call.run;
    report(call.run->instruction->span, mode->text, call.run->span_of(call.command->spelling), reporter);
  }
  for (const std::string_view program : {"mkdir", "install"}) {
    for (const Invocation& call : invocations_of(dockerfile, program)) {
      std::string mode;
      if (open_mode_option(call, mode) == nullptr || !ships[stage_of(stages, *call.run)]) continue;
      report(call.run->instruction->span, mode, call.run->span_of(call.command->spelling), reporter);
    }
  }
  for (const Instruction& instruction : dockerfile.file().instructions()) {
    const bool copies = instruction.keyword == Keyword::kCopy || instruction.keyword == Keyword::kAdd;
    const dockerfile::Flag* mode = copies ? instruction.find_flag("chmod") : nullptr;
    if (mode != nullptr && lets_all_write(mode->value))
      report(instruction.span, mode->value, mode->span, reporter);
  }
}

constexpr std::string_view kReferences[] = {"https://cwe.mitre.org/data/definitions/732.html"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC5002",
      .name = "world-writable",
      .level = lint::Level::kWarning,
      .summary = "Files are made writable for everybody",
      .rationale =
          "`chmod 777`, `mkdir -m 777` or `install -m 777` lets every program in the container, also one "
          "that was broken into, replace the "
          "files: scripts and programs that others run. It usually hides that the files belong to another "
          "user than the one that the container runs as. The sticky bit (1777), `/tmp` and `/run` are "
          "exceptions. Stages whose layers do not reach the image are not reported.",
      .bad = {"FROM debian:12\n"
              "COPY app /app\n"
              "RUN chmod -R 777 /app\n"},
      .good = {"FROM debian:12\n"
               "COPY --chown=www-data app /app\n"
               "RUN chmod -R u+w /app\n"},
      .references = kReferences,
      .security_severity = "5.0",
      .check = check};
}

}  // namespace dcache::rules::DC5002
