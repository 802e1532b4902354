#include "rules/mount_risks.h"

#include <algorithm>
#include <optional>

namespace dcache::rules {
namespace {

using lint::Run;
using plan::Step;

template <size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
  return std::ranges::find(words, word) != std::end(words);
}

// Build tools and shells may call any package manager, and so may a program that is named by its path.
bool may_call_any(std::span<const shell::Word> words) {
  constexpr std::string_view kNames[] = {"make", "bash", "sh", "task", "just", "mage"};
  return is_one_of(shell::program_of(words), kNames) ||
         words.front().text.find('/') != std::string_view::npos;
}

bool installs_headers(const shell::Command& command) {
  constexpr std::string_view kManagers[] = {"apk", "apt-get", "apt", "dnf", "yum", "microdnf", "zypper"};
  const auto words = shell::invocation(command);
  return is_one_of(shell::program_of(words), kManagers) &&
         std::ranges::any_of(words, [](const shell::Word& word) {
           return word.text.ends_with("-dev") || word.text.ends_with("-devel");
         });
}

// Whether the word is before a command of the RUN or among its words.
bool says(const Run& run, std::string_view wanted) {
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return shell::has_word(command.assignments, wanted) || shell::has_word(command.words, wanted);
  });
}

}  // namespace

bool has_credentials(const Run& run) {
  const bool mounts = std::ranges::any_of(run.mounts, [](const dockerfile::Mount& mount) {
    return mount.type == dockerfile::Mount::Type::kSecret || mount.type == dockerfile::Mount::Type::kSsh;
  });
  const auto leads_elsewhere = [](const shell::Word& word) {
    constexpr std::string_view kParts[] = {"PROXY", "TOKEN", "AUTH",   "PRIVATE", "PAT",   "KEY",
                                           "PASS",  "CRED",  "SECRET", "NETRC",   "SUMDB", "URL"};
    const std::string_view name = word.text.substr(0, word.text.find('='));
    return name.size() < word.text.size() && std::ranges::any_of(kParts, [&](std::string_view part) {
             return name.find(part) != std::string_view::npos;
           });
  };
  return mounts || std::ranges::any_of(run.commands, [&](const shell::Command& command) {
           return std::ranges::any_of(command.assignments, leads_elsewhere) ||
                  std::ranges::any_of(command.words, leads_elsewhere);
         });
}

bool keeps_own_packages(const Use& use) {
  constexpr std::string_view kManagers[] = {"maven", "gradle", "sbt"};
  constexpr std::string_view kWords[] = {"install",    "deploy", "publishToMavenLocal", "publishLocal", "-s",
                                         "--settings", "-gs"};
  return is_one_of(use.manager->name, kManagers) &&
         std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return is_one_of(word.text, kWords) || word.text.starts_with("install:");
         });
}

bool may_keep_old(const Use& use) {
  return std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
    if (use.manager->name == "uv")
      return word.text == "--no-editable" || word.text == "." || word.text.starts_with("./") ||
             word.text.starts_with('/');
    constexpr std::string_view kOptions[] = {"-s", "--source", "--configfile"};
    return use.manager->name == "dotnet" && is_one_of(word.text.substr(0, word.text.find('=')), kOptions);
  });
}

bool links_into_store(const Use& use) {
  constexpr std::string_view kWords[] = {"-g", "--global", "dlx"};
  return use.manager->name == "pnpm" && std::ranges::any_of(use.command->words, [&](const shell::Word& word) {
           return is_one_of(word.text, kWords);
         });
}

bool MountRisks::may_be_filled(const Run& run, const PackageManager& manager) {
  auto known = filled_.find(&manager);
  if (known == filled_.end()) {
    const plan::Graph& graph = dockerfile_.graph();
    const auto fills = [&](size_t step) {
      return graph.steps[step].kind == Step::Kind::kRun && may_fill(dockerfile_.run_of(step), manager);
    };
    known = filled_.emplace(&manager, holds_up_to(graph, fills)).first;
  }
  const std::optional<size_t> below = dockerfile_.graph().steps[*run.step].below;
  return below && known->second[*below];
}

bool MountRisks::may_fill(const Run& run, const PackageManager& manager) {
  if (is_any_mounted(dockerfile_, run, manager, nullptr)) return false;
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    const auto words = shell::invocation(command);
    if (words.empty() || use_by(dockerfile_, run, command) != nullptr) return false;
    if (!calls(manager, command)) return may_call_any(words);
    // NuGet's own feeds of the project, and what else fetches.
    constexpr std::string_view kFetching[] = {"mod",   "get",     "tidy", "restore",
                                              "fetch", "resolve", "pack", "source"};
    return std::ranges::any_of(words,
                               [&](const shell::Word& word) { return is_one_of(word.text, kFetching); });
  });
}

bool MountRisks::may_compile_c(const Run& run) {
  constexpr std::string_view kOn[] = {"CGO_ENABLED=1"}, kOff[] = {"CGO_ENABLED=0"};
  const Step& step = dockerfile_.graph().steps[*run.step];
  if (says(run, kOff[0]) || sets_any(step, kOff)) return false;
  if (says(run, kOn[0]) || sets_any(step, kOn)) return true;
  if (headers_.empty()) {
    const plan::Graph& graph = dockerfile_.graph();
    headers_ = holds_up_to(graph, [&](size_t index) {
      return graph.steps[index].kind == Step::Kind::kRun &&
             std::ranges::any_of(dockerfile_.run_of(index).commands, installs_headers);
    });
  }
  return headers_[*run.step];
}

}  // namespace dcache::rules
