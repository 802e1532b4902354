#include "rules/package_managers.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"

namespace dcache::rules {
namespace {

bool contains(Words list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// How many words the program takes, 0 if it is another one.
size_t program_words(const PackageManager& manager, std::span<const shell::Word> words) {
  for (const Words program : manager.programs) {
    if (words.size() < program.size() || shell::program_of(words) != program.front()) continue;
    bool same = true;
    for (size_t i = 1; i < program.size(); ++i)
      same = same && words[i].text == program[i];
    if (same) return program.size();
  }
  return 0;
}

bool word_matches(std::string_view pattern, std::string_view word) {
  if (!pattern.ends_with('*')) return pattern == word;
  return word.starts_with(pattern.substr(0, pattern.size() - 1));
}

// The index behind the sub-command's words, options between them skipped; nothing if they are others.
std::optional<size_t> match_action(const PackageManager& manager, const Action& action,
                                   std::span<const shell::Word> words, size_t at) {
  for (const std::string_view wanted : action.words) {
    const bool wants_option = wanted.starts_with('-');
    while (at < words.size() && !wants_option && words[at].text.starts_with('-')) {
      at += contains(manager.options_with_value, words[at].text) ? 2 : 1;
    }
    if (at >= words.size() || !word_matches(wanted, words[at].text)) return std::nullopt;
    ++at;
  }
  return at;
}

// The values of the options that name files, and whether a package is named.
void read_arguments(const PackageManager& manager, Use& use, bool& names_package) {
  for (size_t i = 0; i < use.arguments.size(); ++i) {
    const std::string_view word = use.arguments[i].text;
    const bool takes_file = contains(manager.file_options, word);
    if (takes_file && i + 1 < use.arguments.size()) {
      use.files.emplace_back(use.arguments[++i].text);
    } else if (word.starts_with("-r") && word.size() > 2 && contains(manager.file_options, "-r")) {
      use.files.emplace_back(word.substr(2));
    } else if (word.starts_with("--requirement=")) {
      use.files.emplace_back(word.substr(word.find('=') + 1));
    } else if (contains(manager.options_with_value, word)) {
      ++i;
    } else if (!word.starts_with('-')) {
      names_package = true;
    }
  }
}

std::optional<Use> use_of(const PackageManager& manager, const shell::Command& command,
                          std::span<const shell::Word> words) {
  const size_t program = program_words(manager, words);
  if (program == 0) return std::nullopt;
  for (const Action& action : manager.actions) {
    const auto behind = match_action(manager, action, words, program);
    if (!behind) continue;
    Use use;
    use.manager = &manager;
    use.action = &action;
    use.command = &command;
    use.arguments = words.subspan(*behind);
    bool names_package = false;
    read_arguments(manager, use, names_package);
    const bool only_help =
        std::any_of(use.arguments.begin(), use.arguments.end(), [](const shell::Word& word) {
          return word.text == "--help" || word.text == "--version" || word.text == "-v" ||
                 word.text == "-version";
        });
    const bool bare = action.installs == Action::Installs::kBare && !names_package;
    if (only_help || (action.words.empty() && action.installs == Action::Installs::kBare && names_package))
      continue;
    const bool globally =
        std::any_of(use.arguments.begin(), use.arguments.end(),
                    [](const shell::Word& word) { return word.text == "-g" || word.text == "--global"; });
    use.installs_dependencies =
        !globally && (bare || action.installs == Action::Installs::kManifest ||
                      action.installs == Action::Installs::kImplied ||
                      (action.installs == Action::Installs::kFiles && !use.files.empty()));
    return use;
  }
  return std::nullopt;
}

std::optional<std::string_view> variable(const plan::Step& step, std::string_view name) {
  return step.environment ? step.environment->get(name) : std::nullopt;
}

std::string home_of(const plan::Step& step) {
  if (const auto home = variable(step, "HOME")) return std::string(*home);
  const Owner owner = owner_of(step);
  return owner.is_root() ? "/root" : "/home/" + owner.user;
}

std::string with_home(std::string_view path, const plan::Step& step) {
  return path.starts_with("~/") ? home_of(step).append(path.substr(1)) : std::string(path);
}

}  // namespace

Owner owner_of(const plan::Step& step) {
  const plan::Part* part = step.find(plan::Part::Kind::kUser);
  return read_owner(part == nullptr ? std::string_view("root") : part->value);
}

Owner read_owner(std::string_view given) {
  const size_t colon = std::min(given.find(':'), given.size());
  Owner owner{std::string(given.substr(0, colon)),
              std::string(given.substr(std::min(colon + 1, given.size())))};
  if (owner.group.empty()) owner.group = owner.user;
  return owner;
}

const PackageManager& package_manager(std::string_view name) {
  return *std::ranges::find(package_managers(), name, &PackageManager::name);
}

const Cache& PackageManager::cache(std::string_view wanted) const {
  return *std::find_if(caches.begin(), caches.end(), [&](const Cache& c) { return c.name == wanted; });
}

namespace {

// Those of the configuration, and the memory of their tables.
class OwnManagers {
 public:
  explicit OwnManagers(const std::vector<lint::OwnPackageManager>& given) {
    for (const lint::OwnPackageManager& one : given)
      add(one);
  }

  const std::deque<PackageManager>& managers() const { return managers_; }

 private:
  void add(const lint::OwnPackageManager& one) {
    PackageManager& manager = managers_.emplace_back();
    manager.name = one.name;
    std::vector<Words>& programs = programs_.emplace_back();
    for (const std::string& program : one.programs)
      programs.push_back(words_of(program));
    manager.programs = programs;
    manager.manifests = list(one.manifests);
    manager.opt_out = list(one.opt_out);
    std::vector<Cache>& caches = caches_.emplace_back();
    for (const std::string& path : one.caches)
      caches.push_back({.name = path, .path = path, .env = {}, .also = {}, .sharing = one.sharing});
    caches.front().env = list(one.cache_env);
    manager.caches = caches;
    const Words filled = list(one.caches);
    const auto installs = one.manifests.empty() ? Action::Installs::kNothing : Action::Installs::kManifest;
    std::vector<Action>& actions = actions_.emplace_back();
    for (const std::string& command : one.commands)
      actions.push_back({.words = words_of(command), .caches = filled, .installs = installs});
    if (actions.empty()) actions.push_back({.words = {}, .caches = filled, .installs = installs});
    manager.actions = actions;
  }

  Words list(const std::vector<std::string>& texts) {
    return words_.emplace_back(texts.begin(), texts.end());
  }

  Words words_of(std::string_view text) {
    std::vector<std::string_view>& words = words_.emplace_back();
    while (!(text = text::trim_left(text)).empty()) {
      words.push_back(text.substr(0, text.find(' ')));
      text.remove_prefix(words.back().size());
    }
    return words;
  }

  std::deque<PackageManager> managers_;
  std::deque<std::vector<std::string_view>> words_;
  std::deque<std::vector<Words>> programs_;
  std::deque<std::vector<Cache>> caches_;
  std::deque<std::vector<Action>> actions_;
};

std::vector<Use> find_uses(const lint::Run& run, const OwnManagers& own) {
  // Most commands are no package manager's: their names are looked up first.
  static const std::unordered_map<std::string_view, std::vector<const PackageManager*>> kByProgram = [] {
    std::unordered_map<std::string_view, std::vector<const PackageManager*>> by_program;
    for (const PackageManager& manager : package_managers()) {
      for (const Words program : manager.programs)
        by_program[program.front()].push_back(&manager);
    }
    return by_program;
  }();
  std::vector<Use> uses;
  for (const shell::Command& command : run.commands) {
    const std::span<const shell::Word> words = shell::invocation(command);
    std::optional<Use> of_own;
    for (const PackageManager& manager : own.managers()) {
      if (!of_own) of_own = use_of(manager, command, words);
    }
    if (of_own) {
      uses.push_back(std::move(*of_own));
      continue;
    }
    const auto managers = kByProgram.find(shell::program_of(words));
    if (managers == kByProgram.end()) continue;
    for (const PackageManager* manager : managers->second) {
      auto use = use_of(*manager, command, words);
      if (!use) continue;
      uses.push_back(std::move(*use));
      break;
    }
  }
  return uses;
}

// Of all RUNs, in their order.
struct AllUses {
  explicit AllUses(const std::vector<lint::OwnPackageManager>& given)
      : own(std::make_unique<OwnManagers>(given)) {}

  std::unique_ptr<OwnManagers> own;  // what uses point to
  std::vector<std::vector<Use>> by_run;
};

}  // namespace

std::span<const Use> uses_of(lint::Subject& subject, const lint::Run& run) {
  const std::vector<lint::Run>& runs = subject.runs();
  const AllUses& all = subject.shared<AllUses>([&] {
    AllUses made(subject.config().package_managers);
    made.by_run.reserve(runs.size());
    for (const lint::Run& one : runs)
      made.by_run.push_back(find_uses(one, *made.own));
    return made;
  });
  return all.by_run[static_cast<size_t>(&run - runs.data())];
}

std::string cache_path(const Cache& cache, const plan::Step& step) {
  for (const std::string_view name : cache.env) {
    if (const auto moved = variable(step, name); moved && moved->starts_with('/'))
      return text::clean_path(*moved);
  }
  return with_home(cache.path, step);
}

bool empties_caches(const PackageManager& manager, const shell::Command& command) {
  const auto words = shell::invocation(command);
  return std::ranges::any_of(manager.empties, [&](Words wanted) {
    return !words.empty() && shell::program_of(words) == wanted.front() &&
           std::ranges::all_of(wanted.subspan(1),
                               [&](std::string_view word) { return shell::has_word(words, word); });
  });
}

namespace {

// Whether a word of `rm` stands for one of the places, or for all that is in it.
bool names_place(std::string_view word, const std::vector<std::string>& places) {
  if (word.ends_with("/*")) word.remove_suffix(2);
  while (word.size() > 1 && word.ends_with('/'))
    word.remove_suffix(1);
  return std::ranges::find(places, word) != places.end();
}

std::vector<std::string> places_of(const PackageManager& manager, const plan::Step& step) {
  std::vector<std::string> places;
  for (const Cache& cache : manager.caches) {
    places.push_back(cache_path(cache, step));
    places.emplace_back(cache.path);
    for (const std::string_view other : cache.also) {
      places.push_back(with_home(other, step));
      places.emplace_back(other);
    }
  }
  return places;
}

}  // namespace

bool remove_clean_ups(const lint::Run& run, const PackageManager& manager, const plan::Step& step,
                      std::vector<text::Edit>& edits) {
  const std::vector<std::string> places = places_of(manager, step);
  for (size_t i = 0; i < run.commands.size(); ++i) {
    const shell::Command& command = run.commands[i];
    std::vector<const shell::Word*> named, others;
    if (command.program() == "rm") {
      for (const shell::Word& word : command.words) {
        if (word.text.starts_with('-') || &word == &command.words.front()) continue;
        (names_place(word.text, places) ? named : others).push_back(&word);
      }
    }
    const bool whole = empties_caches(manager, command) || (!named.empty() && others.empty());
    if (whole && !remove_command(run, i, edits)) return false;
    if (whole || named.empty()) continue;
    if (!run.shell_form) return false;
    for (const shell::Word* word : named)
      remove_word(run, *word, edits);
  }
  return true;
}

bool is_mounted(const Cache& cache, const plan::Step& step, std::span<const dockerfile::Mount> mounts) {
  std::vector<std::string> places = {cache_path(cache, step)};
  for (const std::string_view other : cache.also)
    places.push_back(with_home(other, step));
  return std::any_of(mounts.begin(), mounts.end(), [&](const dockerfile::Mount& mount) {
    if (mount.type != dockerfile::Mount::Type::kCache) return false;
    const std::string target = text::clean_path(mount.target);
    // The home of a user that the base image defines can't be known: the end of the path tells.
    const bool same_end = cache.path.starts_with("~/") && target.ends_with(cache.path.substr(1));
    return same_end || target.find('$') != std::string::npos ||
           std::any_of(places.begin(), places.end(), [&](const std::string& place) {
             return text::is_within(place, target) || text::is_within(target, place);
           });
  });
}

}  // namespace dcache::rules
