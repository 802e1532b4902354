#include "dcache/project/definitions.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "dcache/project/compose.h"
#include "dcache/project/dotenv.h"
#include "dcache/project/file_kinds.h"
#include "dcache/project/once.h"
#include "dcache/project/readers.h"
#include "dcache/project/sources.h"
#include "dcache/text/booleans.h"
#include "dcache/text/path.h"

namespace dcache::project {
namespace {

using Paths = std::vector<std::string>;

// The names that Docker Compose looks for, in its order.
constexpr std::array<std::string_view, 4> kComposeNames = {"compose.yaml", "compose.yml",
                                                           "docker-compose.yml", "docker-compose.yaml"};
// The names that bake reads without -f, in its order.
constexpr std::array<std::string_view, 4> kBakeNames = {
    "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"};

// Whether both say the same of the build itself.
bool is_same_target(const Target& a, const Target& b) {
  return a.name == b.name && a.folder == b.folder && a.context == b.context && a.dockerfile == b.dockerfile &&
         a.dockerfile_inline == b.dockerfile_inline && a.target == b.target && a.args == b.args &&
         a.contexts == b.contexts && a.platforms == b.platforms;
}

// The names of files that the folder's main definition is made of, if they are there.
Paths compose_names(const std::string& folder) {
  Paths paths;
  for (const std::string_view name : kComposeNames) {
    paths.push_back(text::join_path(folder, name));
    const size_t ending = name.rfind('.');
    paths.push_back(
        text::join_path(folder, fmt::format("{}.override{}", name.substr(0, ending), name.substr(ending))));
  }
  return paths;
}

Paths bake_names(const std::string& folder) {
  Paths paths;
  for (const std::string_view name : kBakeNames)
    paths.push_back(text::join_path(folder, name));
  return paths;
}

// Adds failures that were not told yet.
void add_new_failures(std::vector<text::Failure> from, std::vector<text::Failure>& to) {
  for (text::Failure& failure : from) {
    const bool is_told = std::ranges::any_of(to, [&](const text::Failure& known) {
      return known.path == failure.path || known.message.find(failure.message) != std::string::npos;
    });
    if (!is_told) to.push_back(std::move(failure));
  }
}

// Reads definitions, and notes for each target which files they rest on: those that are read, and `more`.
// What is there and can't be read is a failure, even of a file that need not be there.
template <typename Read>
Definitions with_sources(const ReadOptions& options, const Paths& more, const Read& read) {
  const auto files = std::make_shared<const SourceFiles>(options.files);
  ReadOptions noting = options;
  noting.files = files;
  noting.unnoted_files = options.files;
  Definitions definitions = read(noting);
  Paths sources = files->sources();
  std::ranges::copy(more, std::back_inserter(sources));
  const SharedPaths shared(sources);
  for (Target& target : definitions.targets)
    target.sources = shared;
  add_new_failures(files->failures(), definitions.failures);
  return definitions;
}

// Notes that a file has to be given to reach what is in others.
void set_read_with(Definitions& definitions, const std::string& path) {
  for (Target& target : definitions.targets) {
    for (Origin& origin : target.defined) {
      if (origin.path != path) origin.read_with = path;
    }
  }
}

void append(Definitions from, Definitions& to) {
  std::ranges::move(from.targets, std::back_inserter(to.targets));
  std::ranges::move(from.groups, std::back_inserter(to.groups));
  std::ranges::move(from.skipped, std::back_inserter(to.skipped));
  to.lacked_profiles.merge(from.lacked_profiles);
  std::ranges::move(from.failures, std::back_inserter(to.failures));
  std::ranges::move(from.missing_needs, std::back_inserter(to.missing_needs));
}

// Reads the definitions of one folder.
class FolderReader {
 public:
  FolderReader(const std::string& root, const ReadOptions& options, Definitions& result)
      : root_(root), options_(options), result_(result) {}

  void read(const std::string& folder, const std::map<DefinitionKind, Paths>& by_kind) {
    const auto found = by_kind.find(DefinitionKind::kCompose);
    const Paths composes = found == by_kind.end() ? Paths() : found->second;
    if (read_as_one_bake(folder, by_kind, composes)) return;
    for (const auto& [kind, paths] : by_kind) {
      switch (kind) {
        case DefinitionKind::kCompose:
          read_composes(folder, paths);
          break;
        case DefinitionKind::kBake:
          read_bakes(folder, paths, composes);
          break;
        default:
          for (const std::string& path : paths)
            append(with_sources(options_, {},
                                [&](const ReadOptions& options) { return read_one(kind, path, options); }),
                   result_);
      }
    }
  }

 private:
  Definitions read_one(DefinitionKind kind, const std::string& path, const ReadOptions& options) const {
    switch (kind) {
      case DefinitionKind::kSkaffold:
        return read_skaffold(path, options);
      case DefinitionKind::kWorkflow:
        return read_workflow(path, root_, options);
      case DefinitionKind::kGitlabCi:
        return read_gitlab_ci(path, root_, options);
      default:
        return read_settings(path, options);
    }
  }

  // The main file with what overrides it. Other files next to it are mostly given after it (`-f compose.yaml
  // -f compose.prod.yaml`), and some by themselves: what they build otherwise are targets as well.
  void read_composes(const std::string& folder, const Paths& paths) {
    const Paths names = compose_names(folder);
    const auto read = [&](const Paths& files) { return read_composes_somewhere(folder, files, names); };
    Paths main = are_read_together(paths) ? paths : files_of_compose_variable(folder, options_);
    const bool is_given = !main.empty();
    for (const std::string_view name : kComposeNames) {
      if (is_given) break;
      const auto found = std::ranges::find(paths, name, text::base_name);
      if (found == paths.end()) continue;
      main.push_back(*found);
      break;
    }
    if (!main.empty()) {
      for (const std::string& path : paths) {
        if (!is_given && is_override(path)) main.push_back(path);
      }
      Definitions definitions = read(main);
      set_read_with(definitions, main.front());
      append(std::move(definitions), result_);
    }
    for (const std::string& path : paths) {
      if (std::ranges::find(main, path) != main.end()) continue;
      if (!main.empty() && is_separate(path)) {
        Definitions alone = read({path});
        if (alone.failures.empty() && count_found(alone) == std::ssize(alone.targets))
          add_variant(std::move(alone), path);
      }
      Paths all = main;
      all.push_back(path);
      Definitions variant = read(all);
      if (!main.empty() && !variant.failures.empty()) variant = read({path});
      add_variant(std::move(variant), path);
    }
  }

  // Whether a file is called as those are that people give to Compose without another one:
  // docker-compose-dev.yml, while docker-compose.dev.yml adds to docker-compose.yml.
  static bool is_separate(const std::string& path) {
    return text::base_name(path).find("compose-") != std::string_view::npos;
  }

  // Adds what a file builds otherwise than those that were read before.
  void add_variant(Definitions variant, const std::string& path) {
    for (Target& target : variant.targets) {
      if (target.defined.front().path != path)
        target.defined.insert(target.defined.begin(),
                              {DefinitionKind::kCompose, path, 0, target.defined.front().name});
    }
    std::erase_if(variant.targets, [&](const Target& target) {
      return std::ranges::any_of(result_.targets,
                                 [&](const Target& known) { return is_same_target(known, target); });
    });
    set_read_with(variant, path);
    append(std::move(variant), result_);
  }

  // As read in their folder, or if no Dockerfile is found from there, in the one above it that has most: such
  // files are given after a file that is there, which is where Compose starts.
  Definitions read_composes_somewhere(const std::string& folder, const Paths& paths,
                                      const Paths& names) const {
    const auto read = [&](const std::string& place) {
      return with_sources(options_, names,
                          [&](const ReadOptions& options) { return read_compose_in(paths, place, options); });
    };
    Definitions best = read(folder);
    std::ptrdiff_t most = count_found(best);
    if (most > 0 || best.targets.empty()) return best;
    const std::string top = options_.files->real_path(root_);
    std::string place = folder;
    for (std::string real = options_.files->real_path(folder); text::is_within(real, top) && real != top;) {
      place = folder_above(place);
      real = text::parent_path(real);
      Definitions other = read(place);
      const std::ptrdiff_t found = count_found(other);
      if (found > most) best = std::move(other);
      most = std::max(found, most);
    }
    return best;
  }

  // The targets whose Dockerfiles are there.
  std::ptrdiff_t count_found(const Definitions& definitions) const {
    return std::ranges::count_if(definitions.targets, [&](const Target& target) {
      return target.dockerfile_inline ||
             options_.files->exists(
                 text::join_path(target.folder, text::join_path(target.context, target.dockerfile)));
    });
  }

  // Whether somebody named several files of a kind, as with -f of Compose and bake: the later ones override.
  bool are_read_together(const Paths& paths) const { return options_.is_named && paths.size() > 1; }

  // Files of Compose and of bake that somebody named together, as for `docker buildx bake -f`. False if they
  // are not all that was named in the folder.
  bool read_as_one_bake(const std::string& folder, const std::map<DefinitionKind, Paths>& by_kind,
                        const Paths& composes) {
    const auto bakes = by_kind.find(DefinitionKind::kBake);
    if (!options_.is_named || composes.empty() || bakes == by_kind.end() || by_kind.size() != 2) return false;
    Paths all = composes;
    std::ranges::copy(bakes->second, std::back_inserter(all));
    append(read_bake_somewhere(folder, all, {}), result_);
    return true;
  }

  // The files that bake reads without -f, with those of compose before them, and each other one for itself.
  void read_bakes(const std::string& folder, const Paths& paths, const Paths& composes) {
    if (are_read_together(paths)) return append(read_bake_somewhere(folder, paths, {}), result_);
    const Paths main = those_named(kBakeNames, paths);
    if (!main.empty()) {
      Definitions alone = read_bake_somewhere(folder, main, bake_names(folder));
      append(with_composes(folder, main, those_named(kComposeNames, composes), std::move(alone)), result_);
    }
    for (const std::string& path : paths) {
      if (std::ranges::find(main, path) == main.end())
        append(read_bake_somewhere(folder, {path}, {}), result_);
    }
  }

  template <size_t kCount>
  static Paths those_named(const std::array<std::string_view, kCount>& names, const Paths& paths) {
    Paths found;
    for (const std::string_view name : names) {
      const auto path = std::ranges::find(paths, name, text::base_name);
      if (path != paths.end()) found.push_back(*path);
    }
    return found;
  }

  // What bake makes of its files if there are files of compose next to them: its targets may add to services.
  // Services that bake's files do not name are read with compose. `alone` is what bake's files say without
  // them.
  Definitions with_composes(const std::string& folder, const Paths& paths, const Paths& composes,
                            Definitions alone) const {
    const bool is_run_elsewhere =
        std::ranges::any_of(alone.targets, [&](const Target& target) { return target.folder != folder; });
    if (composes.empty() || is_run_elsewhere) return alone;
    Paths names = bake_names(folder), all = composes;
    std::ranges::move(compose_names(folder), std::back_inserter(names));
    std::ranges::copy(paths, std::back_inserter(all));
    Definitions together = with_sources(
        options_, names, [&](const ReadOptions& options) { return read_bake(all, folder, options); });
    if (!together.failures.empty() && alone.failures.empty()) return alone;
    const auto is_of_bake = [](const Origin& origin) { return origin.kind == DefinitionKind::kBake; };
    std::erase_if(together.targets,
                  [&](const Target& target) { return std::ranges::none_of(target.defined, is_of_bake); });
    for (Target& target : together.targets)
      std::ranges::stable_partition(target.defined, is_of_bake);
    // They are those of compose's own reading.
    together.skipped.clear();
    std::erase_if(together.failures, [&](const text::Failure& failure) {
      return std::ranges::find(composes, failure.path) != composes.end();
    });
    return together;
  }

  // Where bake may be run, and so where its paths start, the likeliest first.
  // Source: https://docs.docker.com/reference/cli/docker/buildx/bake/#file
  Paths places_of_bake(const std::string& folder) const {
    const auto relative = options_.environment.find("BUILDX_BAKE_FILE_RELATIVE_PATHS");
    if (relative != options_.environment.end() && text::parse_bool(relative->second) == true) return {folder};
    Paths places;
    if (options_.is_named) places.emplace_back(".");
    add_once(places, {folder, root_});
    return places;
  }

  // As read in the place that has most of the Dockerfiles, the first of such places.
  Definitions read_bake_somewhere(const std::string& folder, const Paths& paths, const Paths& names) const {
    Definitions best;
    std::ptrdiff_t most = -1;
    for (const std::string& place : places_of_bake(folder)) {
      Definitions read = with_sources(
          options_, names, [&](const ReadOptions& options) { return read_bake(paths, place, options); });
      const std::ptrdiff_t found = count_found(read);
      const bool is_all = found == std::ssize(read.targets);
      if (found > most) {
        best = std::move(read);
        most = found;
      }
      if (is_all) break;
    }
    return best;
  }

  const std::string& root_;
  const ReadOptions& options_;
  Definitions& result_;
};

// The kind of a file that the user named, whatever it is called.
DefinitionKind kind_of(const std::string& path, const ReadOptions& options) {
  if (text::base_name(path) == kSettingsName || path.ends_with(".toml")) return DefinitionKind::kSettings;
  if (const auto kind = definition_kind(path)) return *kind;
  if (path.ends_with(".hcl") || path.ends_with(".json")) return DefinitionKind::kBake;
  const auto text = options.files->read(path);
  if (text && text->find("apiVersion: skaffold/") != std::string::npos) return DefinitionKind::kSkaffold;
  return DefinitionKind::kCompose;
}

// The job that builds a target; null for one that people build.
const Origin* job_of(const Target& target) {
  const auto job =
      std::ranges::find_if(target.defined, [](const Origin& one) { return is_built_by_ci(one.kind); });
  return job == target.defined.end() ? nullptr : &*job;
}

// What targets are read as from files that include, require or call the ones of others. A file that others
// include says less: those give it values and profiles. What a job builds is built as its commands say, also
// if people build it in another way.
class WholeTargets {
 public:
  explicit WholeTargets(const std::vector<Target>& targets) {
    for (const Target& target : targets)
      add(target);
  }

  // Whether one of them says what a target is built as.
  bool has_whole_of(const Target& target) const {
    const Origin& origin = target.defined.front();
    if (const Origin* const job = job_of(target))
      return target.purpose == Purpose::kCalled && of_jobs_.contains({place_of(origin), place_of(*job)});
    if (origin.kind == DefinitionKind::kSkaffold) return is_read_with_more(target, name_of(target));
    return origin.kind == DefinitionKind::kCompose &&
           (is_override_of_included(target) ||
            (origin.line != 0 && is_read_with_more(target, name_of(target))));
  }

 private:
  using Place = std::tuple<DefinitionKind, std::string, uint32_t>;
  using PlaceName = std::pair<Place, std::string>;

  static Place place_of(const Origin& origin) { return {origin.kind, origin.path, origin.line}; }
  // What is the same of a target in all readings: where it is, or of Skaffold its own name.
  static PlaceName name_of(const Target& target) {
    const Origin& origin = target.defined.front();
    if (origin.kind == DefinitionKind::kSkaffold) return {{origin.kind, origin.path, 0}, target.name};
    return {place_of(origin), origin.name};
  }

  void add(const Target& target) {
    const Origin& origin = target.defined.front();
    if (const Origin* const job = job_of(target)) {
      if (target.purpose != Purpose::kCalled && origin.line != 0 && job->line != 0)
        of_jobs_.insert({place_of(origin), place_of(*job)});
      return;
    }
    std::vector<SharedPaths>& readings = readings_[name_of(target)];
    size_t& most = most_sources_[name_of(target)];
    most = std::max(most, target.sources.size());
    const auto is_known = [&](const SharedPaths& known) { return known.is_same_list(target.sources); };
    if (std::ranges::none_of(readings, is_known)) readings.push_back(target.sources);
  }

  bool is_read_with_more(const Target& target, const PlaceName& name) const {
    const auto most = most_sources_.find(name);
    return most != most_sources_.end() && target.sources.size() < most->second;
  }

  // Whether a file that only overrides services is read, for one of them, with the file that another target
  // is from: both are included together.
  bool is_override_of_included(const Target& target) const {
    const Origin& origin = target.defined.front();
    if (origin.line != 0) return false;
    return std::ranges::any_of(target.defined, [&](const Origin& one) {
      const auto readings = readings_.find({place_of(one), one.name});
      return one.line != 0 && readings != readings_.end() &&
             std::ranges::any_of(readings->second,
                                 [&](const SharedPaths& sources) { return sources.contains(origin.path); });
    });
  }

  std::set<std::pair<Place, Place>> of_jobs_;
  std::map<PlaceName, std::vector<SharedPaths>> readings_;  // the files of each
  std::map<PlaceName, size_t> most_sources_;
};

// The Skaffold files above a folder that may require others.
Paths requiring_files_above(std::string folder, const std::string& root, const context::FileSystem& files) {
  Paths found;
  const std::string top = files.real_path(root);
  for (std::string real = files.real_path(folder); text::is_within(real, top) && real != top;) {
    folder = folder_above(folder);
    real = text::parent_path(real);
    for (const context::FolderEntry& entry : files.list(folder)) {
      std::string path = text::join_path(folder, entry.name);
      if (definition_kind(path) != DefinitionKind::kSkaffold) continue;
      const auto text = files.read(path);
      if (text && text->find("requires") != std::string::npos) found.push_back(std::move(path));
    }
  }
  return found;
}

bool is_same_missing(const text::Failure& a, const text::Failure& b) {
  return a.path == b.path && a.line == b.line && a.column == b.column && a.message == b.message;
}

// Whether a target was read with all that it needs: of its file alone, or of one that requires it.
bool is_complete_somewhere(const MissingNeed& need, const Definitions& read) {
  const auto is_target = [&](const Target& target) {
    return target.name == need.target && target.defined.front().path == need.failure.path;
  };
  const auto is_need = [&](const MissingNeed& other) {
    return other.target == need.target && is_same_missing(other.failure, need.failure);
  };
  return std::ranges::count_if(read.missing_needs, is_need) < std::ranges::count_if(read.targets, is_target);
}

// Skaffold collects the artifacts of all files before it looks for what they need: what a file lacks by
// itself is not missing if one that requires it has it. That one was read too, or is in a folder above.
// Source: https://skaffold.dev/docs/design/config/#configuration-dependencies
void tell_missing_needs(const Paths& paths, const std::string& root, const ReadOptions& options,
                        Definitions& result) {
  if (result.missing_needs.empty()) return;
  Definitions read{.targets = result.targets, .missing_needs = result.missing_needs};
  Paths known = paths;
  for (const MissingNeed& need : result.missing_needs) {
    if (options.is_named) break;
    const std::string folder(text::parent_path(need.failure.path));
    for (std::string& path : requiring_files_above(folder, root, *options.files)) {
      if (std::ranges::find(known, path) != known.end()) continue;
      append(read_skaffold(path, options), read);
      known.push_back(std::move(path));
    }
  }
  for (MissingNeed& need : std::exchange(result.missing_needs, {})) {
    const auto is_told = [&](const text::Failure& known_one) {
      return is_same_missing(known_one, need.failure);
    };
    if (!is_complete_somewhere(need, read) && std::ranges::none_of(result.failures, is_told))
      result.failures.push_back(std::move(need.failure));
  }
}

// What a file that others include says alone is not what is built.
void keep_included(std::vector<Target>& targets) {
  const WholeTargets whole(targets);
  std::erase_if(targets, [&](const Target& target) { return whole.has_whole_of(target); });
}

}  // namespace

Definitions read_definitions(const std::vector<std::string>& paths, const std::string& root,
                             const ReadOptions& options) {
  // By folder, in the order of the kinds.
  std::map<std::string, std::map<DefinitionKind, Paths>, std::less<>> by_folder;
  for (const std::string& path : paths)
    by_folder[std::string(text::parent_path(path))][kind_of(path, options)].push_back(path);
  Definitions result;
  FolderReader reader(root, options, result);
  for (const auto& [folder, by_kind] : by_folder)
    reader.read(folder, by_kind);
  tell_missing_needs(paths, root, options, result);
  keep_included(result.targets);
  return result;
}

std::vector<text::Failure> profile_failures(const LackedProfiles& lacked) {
  std::vector<text::Failure> failures;
  if (lacked.empty()) return failures;
  const auto& [first, names] = *lacked.begin();
  for (const std::string& name : names) {
    if (!std::ranges::all_of(lacked, [&](const auto& file) { return file.second.contains(name); })) continue;
    const bool is_only = lacked.size() == 1;
    failures.push_back({first, 0, 0,
                        is_only ? fmt::format("{} has no profile '{}'", first, name)
                                : fmt::format("no skaffold.yaml has a profile '{}'", name),
                        is_only ? "name one that it has" : "name one that they have"});
  }
  return failures;
}

bool may_define(const std::string& path, const context::FileSystem& files) {
  const auto text = files.read(path);
  if (!text) return true;
  const auto has = [&](std::string_view word) { return text->find(word) != std::string::npos; };
  switch (definition_kind(path).value_or(DefinitionKind::kSettings)) {
    case DefinitionKind::kCompose:
      return is_override(path) || has("build") || has("include") || has("extends");
    case DefinitionKind::kSkaffold:
      return has("skaffold/v");
    case DefinitionKind::kWorkflow:
    case DefinitionKind::kGitlabCi:
      return has("./.github/") || has("docker") || has("build") || has("kaniko") || has("buildah") ||
             has("include") || has(".sh");
    default:
      return true;
  }
}

std::vector<std::string> read_by_itself(DefinitionKind kind, const context::FileSystem& files) {
  const auto named_in = [&](const std::string& folder, std::span<const std::string_view> names) {
    Paths found;
    for (const std::string_view name : names) {
      if (std::string path = text::join_path(folder, name); files.exists(path))
        found.push_back(std::move(path));
    }
    return found;
  };
  Paths found;
  if (kind == DefinitionKind::kBake) {
    found = named_in(".", kComposeNames);
    std::ranges::move(named_in(".", kBakeNames), std::back_inserter(found));
  } else if (kind == DefinitionKind::kCompose) {
    for (std::string place = ".";; place = folder_above(place)) {
      found = named_in(place, kComposeNames);
      if (!found.empty() || text::is_root(files.real_path(place))) break;
    }
    found.resize(std::min<size_t>(found.size(), 1));
  }
  return found;
}

std::vector<std::string> split_file_list(std::string_view list, std::string_view separator) {
  std::vector<std::string> files;
  while (!list.empty()) {
    const size_t end = separator.empty() ? list.size() : std::min(list.find(separator), list.size());
    if (end > 0) files.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + separator.size(), list.size()));
  }
  return files;
}

std::vector<std::string> files_of_compose_variable(const std::string& folder, const ReadOptions& options) {
  Variables variables;
  const Lookup none = [](std::string_view) { return std::nullopt; };
  const std::string path = text::join_path(folder, ".env");
  std::vector<text::Failure> failures;  // told where the file is read for its services
  const auto text =
      options.files->exists(path) ? options.files->read(path) : tl::expected<std::string, std::string>();
  if (text) read_dotenv(*text, path, none, variables, failures);
  if (folder == "." || folder.empty()) {
    for (const char* const name : {"COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR"}) {
      const auto given = options.environment.find(name);
      if (given != options.environment.end()) variables.insert_or_assign(name, given->second);
    }
  }
  const auto value_of = [&](const char* name, std::string_view fallback) -> std::string_view {
    const auto found = variables.find(name);
    return found == variables.end() ? fallback : std::string_view(found->second);
  };
  Paths named;
  for (const std::string& one :
       split_file_list(value_of("COMPOSE_FILE", ""), value_of("COMPOSE_PATH_SEPARATOR", ":"))) {
    named.push_back(text::is_absolute(one) ? text::clean_path(one) : text::join_path(folder, one));
    if (!options.files->exists(named.back())) return {};
  }
  return named;
}

std::string folder_above(const std::string& folder) {
  const bool is_spelled_out = folder == "." || text::base_name(folder) == "..";
  return is_spelled_out ? text::join_path(folder, "..") : std::string(text::parent_path(folder));
}

std::vector<std::string> definitions_above(const std::string& folder, const std::string& root,
                                           const context::FileSystem& files) {
  std::vector<std::string> found;
  const auto look_in = [&](const std::string& place) {
    for (const context::FolderEntry& entry : files.list(place)) {
      const std::string path = text::join_path(place, entry.name);
      if (!entry.is_folder && (entry.name == kSettingsName || definition_kind(path))) found.push_back(path);
    }
  };
  const std::string top = files.real_path(root);
  std::string place = folder;
  for (std::string real = files.real_path(folder);; real = text::parent_path(real)) {
    look_in(place);
    if (real == top || !text::is_within(real, top)) break;
    place = folder_above(place);
  }
  look_in(text::join_path(place, ".github/workflows"));
  return found;
}

}  // namespace dcache::project
