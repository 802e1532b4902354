#include "dcache/project/definition_build.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/ci_text.h"
#include "dcache/project/compose.h"
#include "dcache/project/definitions.h"
#include "dcache/project/readers.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

using CommandWords = std::span<const std::string>;

constexpr std::array<std::string_view, 8> kBakeFiles = {
    "compose.yaml",     "compose.yml",     "docker-compose.yml",        "docker-compose.yaml",
    "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"};
constexpr std::array<std::string_view, 4> kComposeFiles = {"compose.yaml", "compose.yml",
                                                           "docker-compose.yml", "docker-compose.yaml"};
constexpr std::array<std::string_view, 4> kComposeOverrides = {
    "compose.override.yaml", "compose.override.yml", "docker-compose.override.yml",
    "docker-compose.override.yaml"};

// Options that take a value of their own. All others take none.
constexpr std::array<std::string_view, 11> kDockerOptionsWithValue = {
    "--builder", "--config", "--context", "--host", "--log-level", "--tlscacert",
    "--tlscert", "--tlskey", "-H",        "-c",     "-l"};
constexpr std::array<std::string_view, 13> kBakeOptions = {
    "--allow", "--builder",    "--call", "--file", "--list", "--metadata-file", "--progress",
    "--sbom",  "--provenance", "--set",  "--var",  "-f",     "--annotation"};
constexpr std::array<std::string_view, 9> kComposeOptions = {
    "--ansi", "--env-file", "--file", "--parallel", "--profile", "--progress", "-f", "-p", "--project-name"};
constexpr std::array<std::string_view, 2> kProjectFolder = {"--project-directory", "--workdir"};
constexpr std::array<std::string_view, 16> kBuildOptions = {
    "--build-arg",      "--builder",     "--memory",    "-m",     "--progress", "--ssh",     "--provenance",
    "--sbom",           "--attach",      "--no-attach", "--pull", "--scale",    "--timeout", "-t",
    "--exit-code-from", "--wait-timeout"};
constexpr std::array<std::string_view, 5> kNoBuild = {"--print", "--check", "--help", "-h", "--dry-run"};

// Takes the words of a command one after the other.
class WordReader {
 public:
  explicit WordReader(CommandWords words) : words_(words) {}

  bool is_done() const { return words_.empty(); }
  const std::string& front() const { return words_.front(); }

  struct Option {
    std::string name;  // empty for an argument
    std::string value;
  };
  // The next option or argument. Those of `valued` take a value.
  Option next(std::span<const std::string_view> valued) {
    std::string word = take();
    if (!word.starts_with('-')) return {{}, std::move(word)};
    const size_t equals = word.find('=');
    if (equals != std::string::npos) return {word.substr(0, equals), word.substr(equals + 1)};
    const bool has_value = text::is_one_of(word, valued) && !is_done();
    return {std::move(word), has_value ? take() : std::string()};
  }

  // Passes the options before a subcommand.
  void pass_options(std::span<const std::string_view> valued) {
    while (!is_done() && front().starts_with('-'))
      next(valued);
  }

  // Passes the word if it is the next one.
  bool pass(std::string_view word) {
    if (is_done() || front() != word) return false;
    take();
    return true;
  }

  std::string take() {
    std::string word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

 private:
  CommandWords words_;
};

bool is_switched_on(const WordReader::Option& option) {
  return option.value.empty() || option.value == "true" || option.value == "1";
}

std::optional<DefinitionBuild> read_bake_command(WordReader words) {
  DefinitionBuild build;
  while (!words.is_done()) {
    WordReader::Option option = words.next(kBakeOptions);
    if (text::is_one_of(option.name, kNoBuild) && is_switched_on(option)) return std::nullopt;
    if (option.name == "--list" || (option.name == "--call" && option.value != "build")) return std::nullopt;
    if (option.name.empty()) {
      build.names.push_back(std::move(option.value));
    } else if (option.name == "-f" || option.name == "--file") {
      build.files.push_back(std::move(option.value));
    } else if (option.name == "--set") {
      if (auto set = parse_override(option.value)) build.set.push_back(*std::move(set));
    } else if (option.name == "--no-cache" && is_switched_on(option)) {
      build.set.push_back({"*", "no-cache", "true"});
    }
  }
  return build;
}

// What is before the subcommand of Compose.
void read_compose_options(WordReader& words, DefinitionBuild& build) {
  std::vector<std::string_view> valued(kComposeOptions.begin(), kComposeOptions.end());
  valued.insert(valued.end(), kProjectFolder.begin(), kProjectFolder.end());
  while (!words.is_done() && words.front().starts_with('-')) {
    WordReader::Option option = words.next(valued);
    if (option.name == "-f" || option.name == "--file") build.files.push_back(std::move(option.value));
    if (option.name == "--env-file") build.env_files.insert(build.env_files.begin(), std::move(option.value));
    if (option.name == "-p" || option.name == "--project-name") build.project_name = std::move(option.value);
    if (option.name == "--profile") build.profiles.push_back(std::move(option.value));
    if (text::is_one_of(option.name, kProjectFolder)) build.project_folder = std::move(option.value);
  }
}

// NAME=VALUE; a name alone takes the value from the environment.
void add_argument(std::string_view argument, DefinitionBuild& build) {
  const size_t equals = std::min(argument.find('='), argument.size());
  const std::string name(argument.substr(0, equals));
  const std::string value =
      equals < argument.size() ? std::string(argument.substr(equals + 1)) : "${" + name + "}";
  build.set.push_back({"*", "args." + name, value});
}

std::optional<DefinitionBuild> read_compose_command(WordReader words) {
  DefinitionBuild build{.kind = DefinitionKind::kCompose};
  read_compose_options(words, build);
  bool builds = words.pass("build");
  const bool starts = !builds && (words.pass("up") || words.pass("create"));
  if (!builds && !starts) return std::nullopt;
  while (!words.is_done()) {
    WordReader::Option option = words.next(kBuildOptions);
    if (text::is_one_of(option.name, kNoBuild) && is_switched_on(option)) return std::nullopt;
    if (option.name == "--build") builds = is_switched_on(option);
    if (option.name == "--build-arg") add_argument(option.value, build);
    if (option.name == "--no-cache" && is_switched_on(option)) build.set.push_back({"*", "no-cache", "true"});
    if (option.name.empty()) build.names.push_back(std::move(option.value));
  }
  return builds ? std::optional(build) : std::nullopt;
}

std::vector<std::string> first_that_exists(std::span<const std::string_view> names, const std::string& folder,
                                           const context::FileSystem& files) {
  for (const std::string_view name : names) {
    if (std::string path = text::join_path(folder, name); files.exists(path)) return {std::move(path)};
  }
  return {};
}

bool is_known(std::string_view name) {
  return name.find('$') == std::string_view::npos;
}

// What is in a variable of the command, at separators.
std::vector<std::string> files_in(const std::string& variable, const std::string& separator_variable,
                                  const ReadOptions& options) {
  const auto value_of = [&](const std::string& name, std::string fallback) {
    const auto found = options.environment.find(name);
    return found == options.environment.end() ? std::move(fallback) : found->second;
  };
  return split_file_list(value_of(variable, ""), value_of(separator_variable, ":"));
}

std::string not_in_repository(std::string_view name) {
  return fmt::format("what {} defines, which is not in the repository", name);
}

// The files of a build from the current folder. Of those that are not known or not there `found` says so.
std::vector<std::string> paths_of(const DefinitionBuild& build, const ReadOptions& options,
                                  DefinedTargets& found) {
  const bool is_compose = build.kind == DefinitionKind::kCompose;
  std::vector<std::string> names = build.files;
  if (names.empty() && is_compose) names = files_in("COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", options);
  if (names.empty() && !is_compose)
    names = files_in("BUILDX_BAKE_FILE", "BUILDX_BAKE_FILE_SEPARATOR", options);
  if (names.empty()) {
    const std::string& folder = build.project_folder ? *build.project_folder : build.folder;
    std::vector<std::string> paths = files_by_default(build.kind, folder, *options.files);
    if (paths.empty())
      found.missing = not_in_repository(fmt::format("a {} file in {}", is_compose ? "Compose" : "bake",
                                                    folder == "." ? "the root" : folder));
    return paths;
  }
  std::vector<std::string> paths;
  for (const std::string& file : names) {
    const std::string path = text::is_absolute(file) ? file : text::join_path(build.folder, file);
    if (!is_known(file)) {
      found.missing = fmt::format("what {} defines", file);
    } else if (!options.files->exists(path)) {
      found.missing = file == "-" ? "what standard input defines" : not_in_repository(file);
    } else {
      paths.push_back(path);
    }
  }
  return paths;
}

// The files that Compose reads variables from, in place of .env, if it is given some.
// Source: https://docs.docker.com/compose/how-tos/environment-variables/envvars/#compose_env_files
std::optional<std::vector<std::string>> env_files_of(const DefinitionBuild& build, const ReadOptions& options,
                                                     DefinedTargets& found) {
  std::vector<std::string> names = build.env_files;
  if (names.empty()) {
    if (const auto listed = options.environment.find("COMPOSE_ENV_FILES");
        listed != options.environment.end())
      names = split_file_list(listed->second, ",");
    std::ranges::reverse(names);
  }
  if (names.empty()) return std::nullopt;
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    std::string path = text::is_absolute(name) ? name : text::join_path(build.folder, name);
    if (!is_known(name) || !options.files->exists(path))
      found.missing_variables =
          is_known(name) ? fmt::format("{}, which is not in the repository", name) : name;
    paths.push_back(std::move(path));
  }
  return paths;
}

// Values that Compose is given for build arguments. A name alone takes the value of the environment.
void set_argument(const Override& one, const ReadOptions& options, Target& target) {
  constexpr std::string_view kArguments = "args.";
  const std::string name = one.attribute.substr(kArguments.size());
  if (one.value != "${" + name + "}") {
    target.args.insert_or_assign(name, one.value);
  } else if (const auto value = options.environment.find(name); value != options.environment.end()) {
    target.args.insert_or_assign(name, value->second);
  }
}

// What Compose builds: services by their names, with those that they need.
void select_services(const DefinitionBuild& build, const ReadOptions& options, Definitions& services) {
  for (const Override& one : build.set) {
    for (Target& target : services.targets) {
      if (one.attribute == "no-cache") target.no_cache = true;
      if (one.attribute.starts_with("args.")) set_argument(one, options, target);
    }
  }
  if (build.names.empty() || !std::ranges::all_of(build.names, is_known)) return;
  const std::set<std::string> names = selected_targets(services, build.names);
  std::erase_if(services.targets, [&](const Target& target) { return !names.contains(target.name); });
}

// The value of a variable that only CI knows.
std::string value_in_job(const std::string& name) {
  return fmt::format("${{{{ env.{} }}}}", name);
}

// TARGET.args.NAME, whose value is that of the variable.
std::optional<Override> parse_inherited_argument(const std::string& text) {
  const size_t dot = find_outside_expressions(text, '.');
  constexpr std::string_view kArguments = ".args.";
  if (dot >= text.size() || !std::string_view(text).substr(dot).starts_with(kArguments)) return std::nullopt;
  const std::string name = text.substr(dot + kArguments.size());
  return Override{text.substr(0, dot), text.substr(dot + 1), value_in_job(name)};
}

}  // namespace

void take_known_variables(const ReadOptions& options, std::vector<Override>& overrides) {
  for (Override& one : overrides) {
    const std::string name =
        one.attribute.substr(std::min(one.attribute.find('.') + 1, one.attribute.size()));
    const auto known = options.environment.find(name);
    if (known != options.environment.end() && one.value == value_in_job(name)) one.value = known->second;
  }
}

std::optional<Override> parse_override(const std::string& text) {
  const size_t equals = find_outside_expressions(text, '=');
  if (equals >= text.size()) return parse_inherited_argument(text);
  const bool append = equals > 0 && text[equals - 1] == '+';
  const std::string name = text.substr(0, equals - (append ? 1 : 0));
  const size_t dot = find_outside_expressions(name, '.');
  if (dot >= name.size()) return std::nullopt;
  return Override{name.substr(0, dot), name.substr(dot + 1), text.substr(equals + 1), append};
}

std::set<std::string> selected_targets(const Definitions& bake, std::vector<std::string> wanted) {
  std::set<std::string> names;
  std::set<std::string> seen;
  while (!wanted.empty()) {
    const std::string name = std::move(wanted.back());
    wanted.pop_back();
    if (!seen.insert(name).second) continue;
    const auto is_meant = [&](const std::string& one) {
      return one == name || (text::has_wildcard(name) && text::glob_match(name, one));
    };
    for (const Group& group : bake.groups) {
      if (is_meant(group.name)) wanted.insert(wanted.end(), group.members.begin(), group.members.end());
    }
    for (const Target& target : bake.targets) {
      if (!is_meant(target.name)) continue;
      names.insert(target.name);
      wanted.insert(wanted.end(), target.needs.begin(), target.needs.end());
    }
  }
  return names;
}

void select_targets(std::vector<std::string> names, Definitions& bake) {
  if (names.empty()) names.emplace_back("default");
  const bool is_complete = std::ranges::all_of(names, is_known);
  const std::set<std::string> selected = selected_targets(bake, std::move(names));
  std::erase_if(bake.targets, [&](const Target& target) {
    return is_complete ? !selected.contains(target.name) : target.purpose == Purpose::kInherited;
  });
}

std::vector<std::string> files_by_default(DefinitionKind kind, const std::string& folder,
                                          const context::FileSystem& files) {
  if (kind == DefinitionKind::kCompose) {
    std::vector<std::string> paths = first_that_exists(kComposeFiles, folder, files);
    if (paths.empty()) return paths;
    std::ranges::move(first_that_exists(kComposeOverrides, folder, files), std::back_inserter(paths));
    return paths;
  }
  std::vector<std::string> paths;
  for (const std::string_view name : kBakeFiles) {
    if (std::string path = text::join_path(folder, name); files.exists(path))
      paths.push_back(std::move(path));
  }
  return paths;
}

std::optional<DefinitionBuild> read_definition_command(CommandWords all) {
  if (all.empty()) return std::nullopt;
  WordReader words(all);
  const std::string program = words.take();
  const std::string_view name = text::base_name(program);
  if (name == "docker-compose") return read_compose_command(words);
  words.pass_options(kDockerOptionsWithValue);
  if (name == "docker" && words.pass("compose")) return read_compose_command(words);
  if (name != "docker-buildx" && (name != "docker" || !words.pass("buildx"))) return std::nullopt;
  words.pass_options(kDockerOptionsWithValue);
  return words.pass("bake") ? read_bake_command(words) : std::nullopt;
}

DefinedTargets targets_of(const DefinitionBuild& build, ReadOptions options) {
  DefinedTargets found;
  const auto is_address = [](const std::string& name) {
    return name.find("://") != std::string::npos || name.starts_with("git@");
  };
  if (build.kind == DefinitionKind::kBake && !build.names.empty() && is_address(build.names.front())) {
    found.remote = build.names.front();
    return found;
  }
  const std::vector<std::string> paths = paths_of(build, options, found);
  if (paths.empty()) return found;
  options.profiles = build.profiles;
  if (build.kind == DefinitionKind::kCompose) {
    options.env_files = env_files_of(build, options, found);
    if (build.project_name && is_known(*build.project_name))
      options.environment.insert_or_assign("COMPOSE_PROJECT_NAME", *build.project_name);
    const auto profiles = options.environment.find("COMPOSE_PROFILES");
    if (options.profiles.empty() && profiles != options.environment.end() && is_known(profiles->second))
      options.profiles = split_file_list(profiles->second, ",");
  }
  Definitions defined;
  std::set<std::string> known;
  const auto note_names = [&] {
    for (const Target& target : defined.targets)
      known.insert(target.name);
    for (const Group& group : defined.groups)
      known.insert(group.name);
  };
  if (build.kind == DefinitionKind::kCompose) {
    defined = build.project_folder ? read_compose_in(paths, *build.project_folder, options)
                                   : read_compose(paths, options);
    note_names();
    select_services(build, options, defined);
  } else {
    options.set = build.set;
    take_known_variables(options, options.set);
    defined = read_bake(paths, build.folder, options);
    note_names();
    select_targets(build.names, defined);
    // Compose is also given the names of services without a build.
    const auto lost = std::ranges::find_if(build.names, [&](const std::string& name) {
      return is_known(name) && !text::has_wildcard(name) && !known.contains(name);
    });
    if (lost != build.names.end() && found.missing.empty())
      found.missing = fmt::format("the target {}, which {} does not define", *lost, paths.front());
  }
  found.targets = std::move(defined.targets);
  found.failures = std::move(defined.failures);
  return found;
}

}  // namespace dcache::project
