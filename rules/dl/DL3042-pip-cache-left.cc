#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/calls.h"
#include "rules/hadolint.h"
#include "rules/installs.h"
#include "rules/other_bases.h"
#include "rules/stages.h"

namespace dcache::rules::DL3042 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr std::string_view kVariable = "PIP_NO_CACHE_DIR";
constexpr std::string_view kFolders[] = {"/root/.cache/pip"};

bool is_true(std::string_view value) {
  const std::string lower = text::to_lower(unquoted(value));
  return lower == "1" || lower == "true" || lower == "on" || lower == "yes";
}

bool switches_off(std::string_view assignment) {
  return assignment.starts_with(kVariable) && assignment.substr(kVariable.size()).starts_with('=') &&
         is_true(assignment.substr(kVariable.size() + 1));
}

bool is_off(const shell::Word& word) {
  return switches_off(word.text);
}

// Exported by the script.
bool exports_it(const lint::Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return command.program() == "export" && std::ranges::any_of(command.words, is_off);
  });
}

// What an ENV or ARG makes of the variable: whether its value switches the cache off; nothing if it sets
// another one. `above` is what an ARG above the first FROM says, whose value an ARG without one takes.
std::optional<bool> setting_of(const Instruction& instruction, bool above) {
  std::optional<bool> off;
  const std::span<const dockerfile::Word> words = instruction.arguments;
  if (instruction.keyword == Keyword::kEnv) {
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
      if (words[i].text == kVariable) off = is_true(words[i + 1].text);
    }
  }
  if (instruction.keyword == Keyword::kArg) {
    for (const dockerfile::Word& word : words) {
      const std::string_view text = unquoted(word.text);
      if (text == kVariable) off = above;
      if (text.starts_with(kVariable) && text.substr(kVariable.size()).starts_with('='))
        off = switches_off(text);
    }
  }
  return off;
}

// Whether a command of the RUN empties pip's cache itself.
bool purges(const lint::Run& run) {
  return std::ranges::any_of(run.commands, [](const shell::Command& command) {
    return shell::has_word(command.words, "cache") && shell::has_word(command.words, "purge");
  });
}

// For each stage whether ENV or ARG has switched it off, in the stage or in one that it starts from.
std::vector<bool> stages_that_are_off(const std::vector<WrittenStage>& stages) {
  std::vector<bool> off(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    const bool above = stages.front().from == nullptr && i > 0 && off.front();
    if (stages[i].base) off[i] = off[*stages[i].base];
    for (const Instruction& instruction : stages[i].body) {
      if (const auto setting = setting_of(instruction, above)) off[i] = *setting;
    }
  }
  return off;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const std::vector<Call> calls = pip_calls(dockerfile);
  if (calls.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> off = stages_that_are_off(stages);
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3042");
  const PackageManager& pip = package_manager("pip");
  PerRunCache<bool> exported;
  report_first(calls, reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (!call.has("install") || call.has_option({"no-cache-dir"}) ||
        std::ranges::any_of(call.command->assignments, is_off) || exported.get(*call.run, exports_it))
      return std::nullopt;
    const bool mounted = std::ranges::any_of(call.run->mounts, [](const dockerfile::Mount& mount) {
      const bool passing =
          mount.type == dockerfile::Mount::Type::kCache || mount.type == dockerfile::Mount::Type::kTmpfs;
      return passing && mount.target.find(".cache") != std::string::npos;
    });
    if (mounted || off[stage_of(stages, *call.run)]) return std::nullopt;
    if (!as_hadolint && (is_any_mounted(dockerfile, *call.run, pip, call.command) ||
                         removes_around(*call.run, kFolders) || purges(*call.run)))
      return std::nullopt;
    constexpr std::string_view kFolder = "/root/.cache/pip";
    const plan::Graph& graph = dockerfile.graph();
    std::string id;
    if (call.run->step)
      id = mount_id(dockerfile, graph.steps[*call.run->step], pip, pip.caches.front(), std::string(kFolder));
    return Complaint{"the files that pip downloaded stay in the layer",
                     fmt::format("write pip install --no-cache-dir, or RUN --mount=type=cache,{}target={}",
                                 id.empty() ? id : fmt::format("id={},", id), kFolder)};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3042",
          .name = "pip-cache-left",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`pip install` keeps its downloads in the layer",
          .rationale =
              "pip stores what it downloads and builds in the user's cache folder. There it makes the layer "
              "larger, and nothing in the image needs it. `--no-cache-dir` or `PIP_NO_CACHE_DIR=1` disables "
              "the cache; a cache mount on that folder keeps it for the next build, and out of the layer.",
          .bad = {"FROM python:3.12\n"
                  "RUN pip install flask==3.0.3\n"},
          .good = {"FROM python:3.12\n"
                   "RUN pip install --no-cache-dir flask==3.0.3\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3042
