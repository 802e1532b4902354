#include "rules/package_managers.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "dcache/lint/images.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/base_system.h"
#include "rules/command_user.h"
#include "rules/final_image.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

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

// The index after the sub-command's words, options between them skipped; nothing if they are others.
std::optional<size_t> match_action(const PackageManager& manager, const Action& action,
                                   std::span<const shell::Word> words, size_t at) {
  for (const std::string_view wanted : action.words) {
    const bool wants_option = wanted.starts_with('-');
    while (at < words.size() && !wants_option && words[at].text.starts_with('-')) {
      at += text::is_one_of(words[at].text, manager.options_with_value) ? 2 : 1;
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
    const bool takes_file = text::is_one_of(word, manager.file_options);
    if (takes_file && i + 1 < use.arguments.size()) {
      use.files.emplace_back(use.arguments[++i].text);
    } else if (word.starts_with("-r") && word.size() > 2 && text::is_one_of("-r", manager.file_options)) {
      use.files.emplace_back(word.substr(2));
    } else if (word.starts_with("--requirement=")) {
      use.files.emplace_back(word.substr(word.find('=') + 1));
    } else if (text::is_one_of(word, manager.options_with_value)) {
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
        std::any_of(use.arguments.begin(), use.arguments.end(),
                    [](const shell::Word& word) {
                      return word.text == "--help" || word.text == "--version" || word.text == "-version";
                    }) ||
        // `yarn -v`; after the name of an action it means that more is printed.
        (action.words.empty() && !use.arguments.empty() && use.arguments.front().text == "-v");
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

// The home of the user who runs a step; nothing where only the image's passwd tells.
std::optional<std::string> home_of(const plan::Step& step) {
  if (const auto home = variable(step, "HOME")) {
    if (!home->starts_with('/')) return std::nullopt;
    return std::string(*home);
  }
  const Owner owner = owner_of(step);
  if (owner.is_root()) return "/root";
  const bool named = !owner.user.empty() && owner.user.find('$') == std::string::npos &&
                     owner.user.find_first_not_of("0123456789") != std::string::npos;
  if (!named || text::is_one_of(owner.user, system_users())) return std::nullopt;
  return "/home/" + owner.user;
}

std::optional<std::string> with_home(std::string_view path, const plan::Step& step) {
  if (!path.starts_with("~/")) return std::string(path);
  const auto home = home_of(step);
  if (!home) return std::nullopt;
  return *home + std::string(path.substr(1));
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
      caches.push_back({.name = path, .path = path, .sharing = one.sharing});
    std::vector<Pair>& env = pairs_.emplace_back();
    for (const std::string& name : one.cache_env)
      env.push_back({name, ""});
    caches.front().env = env;
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
  std::deque<std::vector<Pair>> pairs_;
  std::deque<std::vector<Action>> actions_;
};

std::vector<Use> find_uses(const lint::Run& run, const OwnManagers& own) {
  // Most commands are not those of a package manager: their names are looked up first.
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

std::span<const Use> uses_of(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const std::vector<lint::Run>& runs = dockerfile.runs();
  const AllUses& all = dockerfile.shared<AllUses>([&] {
    AllUses made(dockerfile.config().package_managers);
    made.by_run.reserve(runs.size());
    for (const lint::Run& one : runs) {
      std::vector<Use>& uses = made.by_run.emplace_back(find_uses(one, *made.own));
      for (Use& use : uses)
        use.step = one.step ? &dockerfile.graph().steps[*one.step] : nullptr;
    }
    return made;
  });
  return all.by_run[static_cast<size_t>(&run - runs.data())];
}

const Use* use_by(lint::Dockerfile& dockerfile, const lint::Run& run, const shell::Command& command) {
  const auto uses = uses_of(dockerfile, run);
  const auto at = std::ranges::lower_bound(uses, &command, std::less<>(), &Use::command);
  return at != uses.end() && at->command == &command ? &*at : nullptr;
}

std::string_view setting_named(std::span<const shell::Word> words) {
  const auto config = std::ranges::find(words, std::string_view("config"), &shell::Word::text);
  if (config == words.end()) return {};
  constexpr std::string_view kActions[] = {"set", "get", "unset", "list"};
  const auto named = std::find_if(config + 1, words.end(), [&](const shell::Word& word) {
    return !word.text.starts_with('-') && !text::is_one_of(word.text, kActions);
  });
  return named == words.end() ? std::string_view() : named->text.substr(0, named->text.find('='));
}

std::optional<std::string> path_in(std::string_view word, const plan::Step& step) {
  if (!may_be_path(word) || word.find('$', 1) != std::string_view::npos) return std::nullopt;
  std::string path(word);
  if (path == "~" || path.starts_with("~/")) {
    const auto home = home_of(step);
    if (!home) return std::nullopt;
    path.replace(0, 1, *home);
  } else if (path.starts_with('$')) {
    const bool braces = path.starts_with("${");
    const size_t begin = braces ? 2 : 1;
    const size_t end = std::min(path.find_first_of(braces ? "}" : "/", begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    const auto value = name == "HOME" ? home_of(step) : [&]() -> std::optional<std::string> {
      const auto known = variable(step, name);
      return known ? std::optional(std::string(*known)) : std::nullopt;
    }();
    if (!value) return std::nullopt;
    path.replace(0, std::min(braces ? end + 1 : end, path.size()), *value);
  }
  if (!path.starts_with('/') || path.find('$') != std::string::npos) return std::nullopt;
  return text::clean_path(path);
}

namespace {

// What is known of a cache's place by one source of it.
struct Place {
  bool decided = false;             // nothing else counts
  std::optional<std::string> path;  // nothing if it is not known
};

Place place_at(std::string_view value, std::string_view below, const plan::Step& step) {
  Place place{true, std::nullopt};
  if (below.starts_with('?')) {
    place.decided = value.find(below.substr(1)) != std::string_view::npos;
    return place;
  }
  // Of several folders in a variable like GOPATH the first counts.
  value = value.substr(0, value.find(':'));
  if (auto path = path_in(value, step)) place.path = text::clean_path(*path + std::string(below));
  return place;
}

// The value that a word gives the option, or the next word does; nothing if it is another word.
std::optional<std::string_view> value_of_option(const shell::Command& command, size_t index,
                                                std::string_view option) {
  const std::string_view word = command.words[index].text;
  if (!word.starts_with(option)) return std::nullopt;
  if (word.size() == option.size())
    return index + 1 < command.words.size() ? command.words[index + 1].text : std::string_view();
  if (word[option.size()] != '=') return std::nullopt;
  return word.substr(option.size() + 1);
}

// The commands of a RUN that set variables for those below, `export NAME=value` and `NAME=value`.
struct Setters {
  std::map<const lint::Run*, std::vector<const shell::Command*>> by_run;
};

const std::vector<const shell::Command*>& setters_of(lint::Dockerfile& dockerfile, const lint::Run& run) {
  const auto [known, fresh] = dockerfile.memory<Setters>().by_run.try_emplace(&run);
  if (!fresh) return known->second;
  for (const shell::Command& command : run.commands) {
    if (command.words.empty() || command.program() == "export") known->second.push_back(&command);
  }
  return known->second;
}

// The texts `NAME=value` that count for a command of a RUN, the nearest first: before it, after `env`,
// and of the commands above it.
std::vector<std::string_view> variables_for(std::span<const shell::Command* const> setters,
                                            const shell::Command& command) {
  std::vector<std::string_view> all;
  const auto add = [&](const std::vector<shell::Word>& words) {
    for (const shell::Word& word : words)
      all.push_back(word.text);
  };
  add(command.assignments);
  add(command.words);
  for (const shell::Command* earlier : setters) {
    if (earlier >= &command) break;
    add(earlier->words.empty() ? earlier->assignments : earlier->words);
  }
  return all;
}

// Whether a text `NAME=value` is about that variable.
bool sets(std::string_view assignment, std::string_view name) {
  return assignment.starts_with(name) && assignment.substr(name.size()).starts_with('=');
}

Place place_by_command(std::span<const shell::Command* const> setters, const Cache& cache,
                       const shell::Command& command, const plan::Step& step) {
  for (const Pair& option : cache.options) {
    for (size_t i = 0; i < command.words.size(); ++i) {
      if (const auto value = value_of_option(command, i, option.name))
        return place_at(*value, option.value, step);
    }
  }
  for (const std::string_view word : variables_for(setters, command)) {
    for (const Pair& mover : cache.env) {
      if (!sets(word, mover.name)) continue;
      if (const Place place = place_at(word.substr(mover.name.size() + 1), mover.value, step); place.decided)
        return place;
    }
    if (cache.path.starts_with('~') && sets(word, "HOME")) return {true, std::nullopt};
  }
  return {};
}

bool configures(const PackageManager& manager, const shell::Command& command) {
  const auto words = shell::invocation(command);
  const std::string_view setting = setting_named(words);
  if (text::is_one_of(setting.substr(0, setting.find('.')), manager.configured_unless)) return false;
  return std::ranges::any_of(manager.configured_by, [&](Words wanted) {
    return words.size() >= wanted.size() && shell::program_of(words) == wanted.front() &&
           std::ranges::all_of(wanted.subspan(1),
                               [&](std::string_view word) { return shell::has_word(words, word); });
  });
}

// Whether a COPY names a file that moves the caches whatever it holds.
bool brings_configuration(const PackageManager& manager, const plan::Step& copy) {
  return std::ranges::any_of(copy.reads, [&](const plan::Read& read) {
    return std::ranges::any_of(read.selectors, [&](const plan::Selector& selector) {
      return std::ranges::any_of(manager.configured_in, [&](const Pair& file) {
        return file.value.empty() && text::base_name(selector.path) == file.name;
      });
    });
  });
}

// For each package manager that was asked about: after which steps its caches may be elsewhere, and whether
// the project's files may have moved them.
struct ConfiguredManagers {
  struct OfOne {
    std::vector<bool> after_step;
    bool by_files = false;
  };
  std::map<const PackageManager*, OfOne> managers;
};

ConfiguredManagers::OfOne find_configured(lint::Dockerfile& dockerfile, const PackageManager& manager) {
  ConfiguredManagers::OfOne found;
  const plan::Graph& graph = dockerfile.graph();
  found.after_step = holds_up_to(graph, [&](size_t index) {
    const plan::Step& step = graph.steps[index];
    if (step.kind == plan::Step::Kind::kCopy) return brings_configuration(manager, step);
    return step.kind == plan::Step::Kind::kRun &&
           std::ranges::any_of(dockerfile.run_of(index).commands,
                               [&](const shell::Command& command) { return configures(manager, command); });
  });
  const lint::BuildContext* context = manager.configured_in.empty() ? nullptr : dockerfile.build_context();
  found.by_files =
      context != nullptr && std::ranges::any_of(manager.configured_in, [&](const Pair& file) {
        return std::ranges::any_of(context->called(file.name), [&](const context::Record* record) {
          if (file.value.empty()) return true;
          const auto text = context->read(record->path);
          return text && text->find(file.value) != std::string::npos;
        });
      });
  return found;
}

// Whether the RUN, a command of the stage above it or a file of the project may have moved the caches.
bool is_configured(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager) {
  std::map<const PackageManager*, ConfiguredManagers::OfOne>& managers =
      dockerfile.memory<ConfiguredManagers>().managers;
  auto known = managers.find(&manager);
  if (known == managers.end()) known = managers.emplace(&manager, find_configured(dockerfile, manager)).first;
  return known->second.by_files || known->second.after_step[*run.step];
}

// The first number of a tag. For a tag without one, which is that of the newest version, a high one; nothing
// if the tag is not known.
std::optional<long> version_in_tag(std::string_view reference) {
  constexpr long kNewest = 1'000'000;
  const plan::ImageReference image = plan::read_reference(reference);
  if (reference.find('$') != std::string_view::npos || (image.tag.empty() && !image.digest.empty()))
    return std::nullopt;
  const std::string_view tag = image.tag;
  const size_t digit = tag.find_first_of("0123456789");
  long number = kNewest;
  if (digit != std::string_view::npos) std::from_chars(tag.data() + digit, tag.data() + tag.size(), number);
  return number;
}

enum class ImageMatch : uint8_t { kNo, kYes, kUnknown };

ImageMatch match_image(std::string_view pattern, std::string_view reference) {
  const std::string_view name = lint::image_name(reference);
  if (pattern.ends_with('/')) {
    const size_t at = name.find(pattern);
    const bool is_folder = at != std::string_view::npos && (at == 0 || name[at - 1] == '/');
    return is_folder ? ImageMatch::kYes : ImageMatch::kNo;
  }
  const size_t less = std::min(pattern.find('<'), pattern.size());
  if (text::base_name(name) != pattern.substr(0, less)) return ImageMatch::kNo;
  if (less == pattern.size()) return ImageMatch::kYes;
  const std::optional<long> version = version_in_tag(reference);
  if (!version) return ImageMatch::kUnknown;
  long limit = 0;
  std::from_chars(pattern.data() + less + 1, pattern.data() + pattern.size(), limit);
  return *version < limit ? ImageMatch::kYes : ImageMatch::kNo;
}

// Where it is if nothing moves it; empty if that can't be known.
std::string_view usual_path(const Cache& cache, std::string_view image, const plan::Step& step) {
  for (const ImagePath& one : cache.on_images) {
    for (const std::string_view pattern : one.images) {
      const ImageMatch match = match_image(pattern, image);
      if (match == ImageMatch::kYes) return one.path;
      if (match == ImageMatch::kUnknown) return {};
    }
  }
  if (!cache.on_distributions.empty() &&
      lint::is_image(lint::ImageKind::kWithoutLanguages, text::base_name(lint::image_name(image))))
    return cache.on_distributions;
  return !cache.of_root.empty() && owner_of(step).is_root() ? cache.of_root : cache.path;
}

}  // namespace

std::optional<std::string> cache_path(lint::Dockerfile& dockerfile, const lint::Run& run,
                                      const PackageManager& manager, const Cache& cache,
                                      const shell::Command* command) {
  if (!run.step) return std::nullopt;
  const plan::Step& step = dockerfile.graph().steps[*run.step];
  if (command != nullptr) {
    if (const Place place = place_by_command(setters_of(dockerfile, run), cache, *command, step);
        place.decided)
      return place.path;
  }
  const auto other = command == nullptr ? std::nullopt : other_user(step, run, *command);
  for (const Pair& mover : cache.env) {
    if (other && !other->keeps_variables) break;
    const auto value = variable(step, mover.name);
    if (!value) continue;
    if (const Place place = place_at(*value, mover.value, step); place.decided) return place.path;
  }
  const std::string_view usual =
      other ? cache.path : usual_path(cache, base_image_in(dockerfile.graph(), step.stage), step);
  if (usual.empty() || is_configured(dockerfile, run, manager) || may_run_windows(dockerfile, step.stage))
    return std::nullopt;
  if (other && usual.starts_with('~')) return std::nullopt;  // only the image knows another user's home
  return with_home(usual, step);
}

bool calls(const PackageManager& manager, const shell::Command& command) {
  return program_words(manager, shell::invocation(command)) > 0;
}

bool opts_out(const Use& use) {
  return std::ranges::any_of(use.manager->opt_out, [&](std::string_view option) {
    return shell::has_word(use.command->words, option);
  });
}

bool opts_out_by_variable(lint::Dockerfile& dockerfile, const lint::Run& run, const Use& use) {
  const plan::Step& step = dockerfile.graph().steps[*run.step];
  const auto given = variables_for(setters_of(dockerfile, run), *use.command);
  return std::ranges::any_of(use.manager->opt_out_env, [&](std::string_view name) {
    return variable(step, name).has_value() ||
           std::ranges::any_of(given, [&](std::string_view word) { return sets(word, name); });
  });
}

namespace {

// Whether a value is, or has as one of its words, that of a pair "NAME=VALUE".
bool holds_word(std::string_view value, std::string_view wanted) {
  for (size_t at = value.find(wanted); at != std::string_view::npos; at = value.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    if ((at == 0 || value[at - 1] == ' ') && (end == value.size() || value[end] == ' ')) return true;
  }
  return false;
}

// An option of one letter may be among others (`-Bo`); those before a value do not.
bool gives_option(std::string_view word, std::string_view option) {
  if (word == option) return true;
  constexpr size_t kMostLetters = 4;
  const bool short_option = option.size() == 2 && option[0] == '-';
  return short_option && word.size() > 2 && word.size() <= kMostLetters + 1 && word[0] == '-' &&
         word.find_first_not_of("BeoqUVXcCN", 1) == std::string_view::npos &&
         word.find(option[1]) != std::string_view::npos;
}

}  // namespace

bool sets_any(const plan::Step& step, Words pairs) {
  return std::ranges::any_of(pairs, [&](std::string_view pair) {
    const size_t equals = pair.find('=');
    const auto value = variable(step, pair.substr(0, equals));
    return value && holds_word(*value, pair.substr(equals + 1));
  });
}

std::vector<bool> holds_up_to(const plan::Graph& graph, const std::function<bool(size_t step)>& holds) {
  std::vector<bool> all;
  for (const plan::Step& step : graph.steps)
    all.push_back((step.below && all[*step.below]) || holds(all.size()));
  return all;
}

bool is_offline(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                const shell::Command& command) {
  // `bundle config set --local without test` says where the setting goes.
  if (!setting_named(shell::invocation(command)).empty()) return false;
  const bool by_option = std::ranges::any_of(manager.offline, [&](std::string_view option) {
    return std::ranges::any_of(command.words,
                               [&](const shell::Word& word) { return gives_option(word.text, option); });
  });
  if (by_option) return true;
  if (manager.offline_env.empty()) return false;
  const auto given = variables_for(setters_of(dockerfile, run), command);
  const bool by_variable = std::ranges::any_of(manager.offline_env, [&](std::string_view pair) {
    const size_t equals = pair.find('=');
    return std::ranges::any_of(given, [&](std::string_view word) {
      return sets(word, pair.substr(0, equals)) &&
             holds_word(word.substr(equals + 1), pair.substr(equals + 1));
    });
  });
  return by_variable || (run.step && sets_any(dockerfile.graph().steps[*run.step], manager.offline_env));
}

namespace {

// What `cargo vendor` leaves, and the configuration without which cargo does not look at it.
// Source: https://doc.rust-lang.org/cargo/reference/source-replacement.html
bool has_vendored_crates(lint::Dockerfile& dockerfile) {
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr || context->called(".cargo-checksum.json").empty()) return false;
  const auto is_for_cargo = [](const context::Record* record) {
    return text::base_name(text::parent_path(record->path)) == ".cargo";
  };
  return std::ranges::any_of(context->called("config.toml"), is_for_cargo) ||
         std::ranges::any_of(context->called("config"), is_for_cargo);
}

}  // namespace

bool is_vendored(lint::Dockerfile& dockerfile, const Use& use, const plan::Step& step) {
  if (use.manager->name == "cargo") return has_vendored_crates(dockerfile);
  if (use.manager->name != "go" || use.action->words.front() == "mod") return false;
  const auto flags = variable(step, "GOFLAGS");
  if (flags && flags->find("-mod=") != std::string_view::npos)
    return flags->find("-mod=vendor") != std::string_view::npos;
  for (const shell::Word& word : use.command->words) {
    if (word.text.starts_with("-mod=") || word.text.starts_with("--mod="))
      return word.text.ends_with("=vendor");
  }
  const auto brings_vendor = [](const plan::Selector& selector) {
    return text::base_name(selector.path) == "vendor";
  };
  const plan::Graph& graph = dockerfile.graph();
  for (const plan::Step* at = &step;; at = &graph.steps[*at->below]) {
    for (const plan::Read& read : at->reads) {
      if (read.origin == plan::Read::Origin::kContext && std::ranges::any_of(read.selectors, brings_vendor))
        return true;
    }
    if (!at->below) break;
  }
  const lint::BuildContext* context = dockerfile.build_context();
  if (context == nullptr) return false;
  // A folder that is vendored belongs to the module next to it.
  if (context->files.find("go.mod") != nullptr) return context->files.find("vendor/modules.txt") != nullptr;
  return std::ranges::any_of(context->called("modules.txt"), [](const context::Record* record) {
    return text::base_name(text::parent_path(record->path)) == "vendor";
  });
}

bool empties_caches(const PackageManager& manager, const shell::Command& command) {
  const auto words = shell::invocation(command);
  const std::string_view program = shell::program_of(words);
  return std::ranges::any_of(manager.empties, [&](Words wanted) {
    return program == wanted.front() && std::ranges::all_of(wanted.subspan(1), [&](std::string_view word) {
             return shell::has_word(words, word);
           });
  });
}

namespace {

// Whether a word of `rm` means one of the places, or all that is in it.
bool names_place(std::string_view word, const std::vector<std::string>& places) {
  if (word.ends_with("/*")) word.remove_suffix(2);
  while (word.size() > 1 && word.ends_with('/'))
    word.remove_suffix(1);
  return std::ranges::find(places, word) != places.end();
}

std::vector<std::string> places_of(lint::Dockerfile& dockerfile, const lint::Run& run,
                                   const PackageManager& manager) {
  const plan::Step& step = dockerfile.graph().steps[*run.step];
  std::vector<std::string> places;
  for (const Cache& cache : manager.caches) {
    if (auto path = cache_path(dockerfile, run, manager, cache, nullptr)) places.push_back(std::move(*path));
    places.emplace_back(cache.path);
    for (const std::string_view other : cache.also) {
      if (auto path = with_home(other, step)) places.push_back(std::move(*path));
      places.emplace_back(other);
    }
  }
  std::erase(places, "");
  return places;
}

}  // namespace

bool remove_clean_ups(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                      Removal& removal) {
  const std::vector<std::string> places = places_of(dockerfile, run, manager);
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
    if (whole && !removal.command(i)) return false;
    if (whole || named.empty()) continue;
    if (!run.shell_form) return false;
    for (const shell::Word* word : named)
      removal.word(*word);
  }
  return true;
}

namespace {

// Whether a mount is at the folder of a cache, or at its end of the path: the home of a user that the base
// image defines can't be known.
bool is_place_of(std::string_view target, std::string_view place, const plan::Step& step) {
  if (place.empty()) return false;
  if (place.starts_with("~/") && target.ends_with(place.substr(1))) return true;
  const auto folder = with_home(place, step);
  return folder && text::is_within(target, *folder);
}

bool is_place_of(std::string_view target, const Cache& cache, const plan::Step& step) {
  const auto is_there = [&](std::string_view place) { return is_place_of(target, place, step); };
  return is_there(cache.path) || is_there(cache.of_root) || is_there(cache.on_distributions) ||
         std::ranges::any_of(cache.also, is_there) ||
         std::ranges::any_of(cache.on_images, [&](const ImagePath& one) { return is_there(one.path); });
}

// Whether a mount is where another package manager keeps its files, and this one does not.
bool is_place_of_another(std::string_view target, const PackageManager& manager, const plan::Step& step) {
  const auto keeps_there = [&](const PackageManager& one) {
    return std::ranges::any_of(one.caches,
                               [&](const Cache& cache) { return is_place_of(target, cache, step); });
  };
  return !keeps_there(manager) && std::ranges::any_of(package_managers(), keeps_there);
}

// `for_sure`: a mount whose target or cache can't be known does not count.
bool has_mount_of(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                  const Cache& cache, const shell::Command* command, bool for_sure) {
  if (!run.step || run.mounts.empty()) return false;
  const plan::Step& step = dockerfile.graph().steps[*run.step];
  const auto path = cache_path(dockerfile, run, manager, cache, command);
  std::vector<std::string> places;
  if (path) places.push_back(*path);
  for (const std::string_view other : cache.also) {
    if (auto place = with_home(other, step)) places.push_back(std::move(*place));
  }
  return std::ranges::any_of(run.mounts, [&](const dockerfile::Mount& mount) {
    using Type = dockerfile::Mount::Type;
    if (mount.type == Type::kBind) {
      const std::string target = text::clean_path(mount.target);
      return path && target != "/" && text::is_within(*path, target);
    }
    if (mount.type != Type::kCache && mount.type != Type::kTmpfs) return false;
    if (mount.target.find('$') != std::string::npos) return !for_sure;
    const std::string target = text::clean_path(mount.target);
    // Where the cache is can't be known, and the author of the mount knew.
    if (!path) return !for_sure && !is_place_of_another(target, manager, step);
    // The home of a user that the base image defines can't be known: the end of the path tells.
    const bool elsewhere_for_root = !cache.of_root.empty() && *path == cache.of_root;
    const bool same_end = cache.path.starts_with("~/") && target.ends_with(cache.path.substr(1)) &&
                          !(elsewhere_for_root && target.starts_with("/root/"));
    return same_end || std::ranges::any_of(places, [&](const std::string& place) {
             return text::is_within(place, target) || text::is_within(target, place);
           });
  });
}

}  // namespace

bool is_mounted(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                const Cache& cache, const shell::Command* command) {
  return has_mount_of(dockerfile, run, manager, cache, command, false);
}

bool is_mounted_for_sure(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                         const Cache& cache, const shell::Command* command) {
  return has_mount_of(dockerfile, run, manager, cache, command, true);
}

bool is_any_mounted(lint::Dockerfile& dockerfile, const lint::Run& run, const PackageManager& manager,
                    const shell::Command* command) {
  return std::ranges::any_of(manager.caches, [&](const Cache& cache) {
    return is_mounted(dockerfile, run, manager, cache, command);
  });
}

}  // namespace dcache::rules
