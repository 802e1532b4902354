#include "rules/installs.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/words.h"
#include "rules/hadolint.h"
#include "rules/patterns.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

constexpr size_t kMostNamed = 4;

// How often an option is given; `-qq` is `-q` twice.
bool is_option_given(const Call& call, std::string_view option) {
  const size_t dashes = option.find_first_not_of('-');
  const std::string_view name = option.substr(dashes);
  const bool repeated = dashes == 1 && name.find_first_not_of(name.front()) == std::string_view::npos;
  return repeated ? call.count(name.substr(0, 1)) >= static_cast<int>(name.size()) : call.count(name) > 0;
}

bool are_any_given(const Call& call, Words options) {
  return std::ranges::any_of(options, [&](std::string_view option) { return is_option_given(call, option); });
}

// Whether one of the options is given twice, as in `-qq`, or with level 2, as in `-q=2`.
bool is_very_quiet(const Call& call, Words options) {
  int level = 0;
  for (const std::string_view option : options) {
    level += call.count(option.substr(option.find_first_not_of('-')));
    if (call.has(std::string(option) + "=2")) level = 2;
  }
  return level > 1;
}

// The calls that the pin is about; pip has many names.
std::vector<Call> calls_about(lint::Dockerfile& dockerfile, const Pin& pin) {
  std::vector<Call> calls;
  for (const std::string_view program : pin.programs) {
    if (program == "pip") {
      std::ranges::copy(pip_calls(dockerfile), std::back_inserter(calls));
    } else {
      std::ranges::copy(calls_of(dockerfile, program), std::back_inserter(calls));
    }
  }
  return calls;
}

bool applies(const Pin& pin, const Call& call) {
  if (!call.has_any(pin.commands) || call.has_any(pin.unless)) return false;
  return pin.only_with.empty() || call.has(pin.only_with);
}

// What is named after the command.
std::vector<const shell::Word*> packages_in(const Pin& pin, const Call& call) {
  const auto is_command = [&](const shell::Word* word) { return text::is_one_of(word->text, pin.commands); };
  std::vector<const shell::Word*> packages = call.operands(pin.options_with_value);
  const auto command = std::ranges::find_if(packages, is_command);
  const bool only_one = command != packages.end() && text::is_one_of((*command)->text, pin.starts_program);
  packages.erase(packages.begin(), command);
  if (only_one) packages.resize(std::min<size_t>(packages.size(), 2));
  if (pin.ends_at.empty()) return packages;
  const auto end = std::ranges::find(call.arguments(), pin.ends_at, &shell::Word::text);
  std::erase_if(packages,
                [&](const shell::Word* word) { return end != call.arguments().end() && word > &*end; });
  return packages;
}

std::vector<const shell::Word*> unpinned_in(const Pin& pin, const Call& call) {
  const auto is_command = [&](const shell::Word* word) { return text::is_one_of(word->text, pin.commands); };
  std::vector<const shell::Word*> packages = packages_in(pin, call);
  const RE2& pinned = known_pattern(pin.pinned);
  const RE2* const loose = pin.loose.empty() ? nullptr : &known_pattern(pin.loose);
  std::erase_if(packages, [&](const shell::Word* word) {
    const re2::StringPiece package = text::piece(word->text);
    const bool moves = loose != nullptr && RE2::PartialMatch(package, *loose);
    return is_command(word) || (RE2::PartialMatch(package, pinned) && !moves);
  });
  return packages;
}

// "curl has no version", "curl, git and 3 more have no version".
std::string say_unpinned(const std::vector<const shell::Word*>& packages) {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string_view> names;  // each once
  for (const shell::Word* package : packages) {
    if (seen.insert(package->text).second) names.push_back(package->text);
  }
  const size_t shown = std::min(names.size(), kMostNamed);
  std::string text = fmt::format("{}", fmt::join(std::span(names).first(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text + (names.size() == 1 ? " has" : " have") + " no version";
}

// The redirections right after a package that were meant to be its versions: `a>=1.0,<2`.
std::vector<const shell::Redirection*> versions_for_shell(const shell::Command& command,
                                                          const shell::Word& package) {
  static const RE2 kVersion(R"re(=?\d[\w.*+,-]*)re");
  std::vector<const shell::Redirection*> taken;
  const char* end = package.spelling.data() + package.spelling.size();
  for (const shell::Redirection& redirection : command.redirections) {
    const std::string_view target = redirection.target.spelling;
    if (redirection.op.data() != end || (redirection.op != ">" && redirection.op != "<") ||
        !RE2::FullMatch(text::piece(target), kVersion))
      continue;
    end = target.data() + target.size();
    taken.push_back(&redirection);
  }
  return taken;
}

// What is wrong where the shell takes the version; nothing where it takes none of them.
std::optional<Complaint> complain_of_shell(const lint::Run& run,
                                           std::span<const shell::Word* const> packages) {
  // There may be thousands of both.
  std::set<const char*> redirected;  // where a word ends and a redirection begins
  for (const shell::Command& command : run.commands) {
    for (const shell::Redirection& redirection : command.redirections)
      redirected.insert(redirection.op.data());
  }
  for (const shell::Word* package : packages) {
    if (!redirected.contains(package->spelling.data() + package->spelling.size())) continue;
    for (const shell::Command& command : run.commands) {
      const auto taken = versions_for_shell(command, *package);
      if (taken.empty()) continue;
      std::string versions;
      for (const shell::Redirection* one : taken)
        versions.append(one->op).append(one->target.text);
      return Complaint{
          fmt::format("the shell takes {} for a redirection, {} the file '{}': {} has no version", versions,
                      taken.front()->op == ">" ? "to" : "from", taken.front()->target.text, package->text),
          fmt::format("write '{}{}', in quotes", package->text, versions)};
    }
  }
  return std::nullopt;
}

// What to write instead of a package without a version.
std::string remedy_for(const Pin& pin, std::string_view package) {
  constexpr std::string_view kLatest = "@latest";
  const bool is_git = package.starts_with("git+") || package.starts_with("git://");
  if (!is_git && (package.starts_with("https://") || package.starts_with("http://")))
    return "use the address of a tag or a commit";
  const bool is_npm = text::is_one_of("npm", pin.programs) || text::is_one_of("pnpm", pin.programs);
  const bool is_repository =
      is_npm && !package.starts_with('@') && package.find('/') != std::string_view::npos;
  if (is_npm && (is_git || is_repository))
    return fmt::format("write {}#TAG", package.substr(0, package.find('#')));
  if (is_git) {
    const size_t end = std::min(package.find('#'), package.size());
    return fmt::format("write {}@TAG{}", package.substr(0, end), package.substr(end));
  }
  if (package.ends_with(kLatest)) package.remove_suffix(kLatest.size());
  return fmt::format("write {}", fmt::format(fmt::runtime(pin.example), package));
}

// The command that takes away what a program downloads.
Words cleaner_of(const Cleanup& cleanup, std::string_view program) {
  const auto own = std::ranges::find_if(cleanup.cleaners, [&](Words words) { return words[0] == program; });
  return own == cleanup.cleaners.end() ? cleanup.cleaners.front() : *own;
}

// The place of the last command that takes away what an install of the program left; -1 for none.
std::ptrdiff_t last_cleaner(const Cleanup& cleanup, const lint::Run& run, std::string_view program) {
  const auto cleans = [&](const shell::Command& command) {
    const auto has_words_of = [&](Words cleaner) {
      return command.program() == program && cleaner.front() == program &&
             std::ranges::all_of(cleaner.subspan(1),
                                 [&](std::string_view word) { return shell::has_word(command.words, word); });
    };
    const auto removes = [&](const shell::Word& word) {
      return std::ranges::any_of(cleanup.folders,
                                 [&](std::string_view folder) { return word.text.starts_with(folder); });
    };
    if (command.program() == "rm") return std::ranges::any_of(command.words, removes);
    return std::ranges::any_of(cleanup.cleaners, has_words_of);
  };
  std::ptrdiff_t last = std::ssize(run.commands) - 1;
  while (last >= 0 && !cleans(run.commands[static_cast<size_t>(last)]))
    --last;
  return last;
}

// Where a call leaves its downloads; nothing if that can't be known.
std::optional<std::string> downloads_of(lint::Dockerfile& dockerfile, const Call& call) {
  const Use* use = use_by(dockerfile, *call.run, *call.command);
  if (use == nullptr || use->action->caches.empty()) return std::nullopt;
  return cache_path(dockerfile, *call.run, *use->manager, use->manager->cache(use->action->caches.front()),
                    call.command);
}

}  // namespace

bool removes_around(const lint::Run& run, Words folders) {
  const auto is_around = [&](const shell::Word& word) {
    std::string path(word.text);
    if (path.ends_with("/*")) path.resize(path.size() - 2);
    if (path == "~" || path.starts_with("~/")) path.replace(0, 1, "/root");
    return path.starts_with('/') && path != "/" && std::ranges::any_of(folders, [&](std::string_view folder) {
             return text::is_within(folder, text::clean_path(path));
           });
  };
  return std::ranges::any_of(run.commands, [&](const shell::Command& command) {
    return command.program() == "rm" && std::ranges::any_of(command.words, is_around);
  });
}

void report_unpinned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::span<const Pin> pins,
                     const NeedsNoVersion& needs_none, const OtherComplaint& other) {
  struct UnpinnedPackages {
    std::vector<const shell::Word*> packages;
    const Pin* pin = nullptr;  // of the first of them
  };
  std::map<const lint::Run*, UnpinnedPackages> by_run;
  for (const Pin& pin : pins) {
    for (const Call& call : calls_about(dockerfile, pin)) {
      if (!applies(pin, call) || are_any_given(call, pin.exempt_options)) continue;
      auto packages = unpinned_in(pin, call);
      std::erase_if(packages,
                    [&](const shell::Word* word) { return needs_none && needs_none(*call.run, *word); });
      if (packages.empty()) continue;
      UnpinnedPackages& all = by_run[call.run];
      if (all.pin == nullptr) all.pin = &pin;
      all.packages.insert(all.packages.end(), packages.begin(), packages.end());
    }
  }
  for (const auto& [run, unpinned] : by_run) {
    const shell::Word& first = *unpinned.packages.front();
    auto complaint = other ? other(unpinned.packages) : std::nullopt;
    if (!complaint) complaint = complain_of_shell(*run, unpinned.packages);
    if (!complaint) {
      complaint = {say_unpinned(unpinned.packages) + ": each rebuild of this step may install another one",
                   remedy_for(*unpinned.pin, first.text)};
    }
    report_part(*run, first.spelling, reporter, std::move(*complaint));
  }
}

void report_unpinned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager,
                     const NeedsNoVersion& needs_none) {
  report_unpinned(dockerfile, reporter, package_manager(manager).pins, needs_none);
}

void report_unconfirmed(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager) {
  report_unconfirmed(dockerfile, reporter, package_manager(manager).confirms);
}

void report_unconfirmed(lint::Dockerfile& dockerfile, lint::Reporter& reporter,
                        const Confirmation& confirms) {
  report_first(
      calls_of(dockerfile, confirms.programs), reporter, [&](const Call& call) -> std::optional<Complaint> {
        if (!call.has_any(confirms.commands) || are_any_given(call, confirms.options) ||
            is_very_quiet(call, confirms.quiet))
          return std::nullopt;
        return Complaint{
            fmt::format("{} asks for confirmation, and nobody can answer during a build", call.program()),
            fmt::format("write {} {}", call.program(), confirms.options.front())};
      });
}

void report_uncleaned(lint::Dockerfile& dockerfile, lint::Reporter& reporter, std::string_view manager) {
  const PackageManager& of = package_manager(manager);
  const Cleanup& cleanup = of.cleanup;
  const bool as_hadolint = answers_as_hadolint(dockerfile, of.cleaning_rules.front());
  const std::vector<Call> calls = calls_of(dockerfile, cleanup.programs);
  if (calls.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<bool> ships = stages_that_ship(stages);
  report_first(calls, reporter, [&](const Call& call) -> std::optional<Complaint> {
    if (!call.has_any(cleanup.commands) || call.has_any(cleanup.unless)) return std::nullopt;
    const std::ptrdiff_t cleaner = last_cleaner(cleanup, *call.run, call.program());
    const bool cleaned = cleaner > call.command - call.run->commands.data();
    if (cleaned || keeps_out_of_layer(*call.run, cleanup.folders)) return std::nullopt;
    const Use* use = use_by(dockerfile, *call.run, *call.command);
    const PackageManager& own = use == nullptr ? of : *use->manager;  // microdnf has folders of its own
    if (!as_hadolint &&
        (is_any_mounted(dockerfile, *call.run, own, nullptr) || removes_around(*call.run, cleanup.folders)))
      return std::nullopt;
    if (cleanup.shipped_only && !call.run->onbuild && !ships[stage_of(stages, *call.run)])
      return std::nullopt;
    const std::optional<std::string> folder = downloads_of(dockerfile, call);
    return Complaint{
        fmt::format("the files that {} downloaded stay in the layer", call.program()),
        fmt::format("end the RUN with '{}'{}", fmt::join(cleaner_of(cleanup, call.program()), " "),
                    folder ? fmt::format(", or write RUN --mount=type=cache,target={}", *folder)
                           : std::string(", or mount a cache (DC1003)"))};
  });
}

}  // namespace dcache::rules
