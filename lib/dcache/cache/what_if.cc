#include "dcache/cache/what_if.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "dcache/context/file_system.h"
#include "dcache/context/git.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::cache {

using context::Record;
using context::Snapshot;

namespace {

// A path whose folders are made canonical: the file itself may be a link, and may be gone.
std::string real_place(const context::FileSystem& files, const std::string& path) {
  return text::clean_path(files.real_path(std::string(text::parent_path(path))) + "/" +
                          std::string(text::base_name(path)));
}

// The path in a context's folder, `root` after all links, that the user means by `given`; nothing if it is
// outside.
std::optional<std::string> path_in_context(const context::FileSystem& files, const std::string& root,
                                           const std::string& given, const std::string& current) {
  const std::string absolute = text::clean_path(text::is_absolute(given) ? given : current + "/" + given);
  const std::string from_current = real_place(files, absolute);
  const std::string from_root = text::join_path(root, given);
  const bool inside = text::is_within(from_current, root);
  // A folder above the context, or a link on the way to it, means all of it.
  if (!inside && text::is_within(root, files.real_path(absolute))) return std::string();
  const bool take_root = !text::is_absolute(given) && !files.exists(from_current) && files.exists(from_root);
  if ((!inside || take_root) && text::is_absolute(given)) return std::nullopt;
  if (!inside && (files.exists(from_current) || !files.exists(from_root))) return std::nullopt;
  const std::string& chosen = inside && !take_root ? from_current : from_root;
  if (!text::is_within(chosen, root)) return std::nullopt;
  return chosen == root ? std::string() : chosen.substr(root.size() + (text::is_root(root) ? 0 : 1));
}

// One context after its files changed.
class Edit {
 public:
  Edit(const ContextFiles& context, const IgnoreFile& ignore) : files_(*context.files), ignore_(ignore) {}

  void change(ChangedPath& changed) {
    const std::string& path = changed.path;
    const Record* record = files_.find(path);
    if (path.empty() || (record != nullptr && record->type == context::Type::kFolder)) {
      for (const Record& below : files_.below(path))
        touch(below);
      return;
    }
    const ignore::Decision decision = ignore_.matcher.decide(path);
    if (record == nullptr && decision.ignored) {
      changed.fate = ChangedPath::Fate::kIgnored;
      changed.pattern = decision.pattern->written;
      changed.pattern_line = decision.pattern->line;
      changed.ignore_file = ignore_.path;
    } else if (record == nullptr) {
      Record added;
      added.path = path;
      added.mode = 0644;
      moves_ = true;
      touch(added);
    } else {
      touch(*record);
    }
  }

  // Called once all changes are made.
  void finish() {
    for (const Record& record : changes_)
      after_.emplace(record.path, &record);
    // Mostly the files are the same except for what they contain, and the large context need not be copied.
    if (moves_) moved_ = files_.with(changes_);
  }
  // The files as they were, and as they are now: where a file is new or a link leads elsewhere, other files
  // may be taken.
  ContextFiles before() const { return {&files_, &before_}; }
  ContextFiles after() const {
    return moves_ ? ContextFiles{&moved_, &before_} : ContextFiles{&files_, &after_};
  }
  const Edits& touched() const { return before_; }

 private:
  static constexpr std::string_view kNewContent = "what the file will hold";

  void touch(const Record& record) {
    if (record.type == context::Type::kFolder || !before_.emplace(record.path, nullptr).second) return;
    Record& edited = changes_.emplace_back(record);
    if (record.type == context::Type::kSymlink) {
      edited.target += "\n";  // leads elsewhere
      moves_ = true;
    } else {
      edited.content = context::hash_bytes(kNewContent);
    }
  }

  const Snapshot& files_;
  const IgnoreFile& ignore_;
  std::vector<Record> changes_;
  Edits before_, after_;
  Snapshot moved_;
  bool moves_ = false;
};

// The ignore files of a build's contexts. Those of named ones that no path is in are not read.
class IgnoreFiles {
 public:
  IgnoreFiles(const Build& build, const std::vector<ChangedPath>& paths) : main_(build.ignore()) {
    const BuildOptions& options = build.options();
    for (const auto& [name, snapshot] : build.named_contexts()) {
      IgnoreFile& ignore = named_[name];
      if (std::ranges::find(paths, name, &ChangedPath::context) == paths.end()) continue;
      const std::string& folder = options.plan.named_contexts.at(name);
      if (auto read = load_ignore_file("", folder, options.plan.builder, *options.files))
        ignore = std::move(*read);
    }
  }

  const IgnoreFile& of(const std::string& context) const {
    return context.empty() ? main_ : named_.at(context);
  }

 private:
  const IgnoreFile& main_;
  std::map<std::string, IgnoreFile> named_;
};

// All contexts of a build after files changed, by name.
using AllEdits = std::map<std::string, Edit, std::less<>>;

// The touched files that needed steps take, gathered once: as many paths may change as there are files.
class TakenFiles {
 public:
  TakenFiles(const Build& build, const std::vector<StepKeys>& keys, const AllEdits& edits) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (!build.graph().steps[i].needed) continue;
      for (const ReadFiles& read : keys[i].reads) {
        const std::string& context = build.graph().steps[i].reads[read.read].name;
        const auto edit = edits.find(context);
        if (edit == edits.end()) continue;
        for (const SelectedFile& file : read.selection.files) {
          const std::string_view path = file.record->path;
          if (edit->second.touched().contains(path)) taken_[context].insert(path);
        }
      }
    }
  }

  // Whether there is one at or below a path.
  bool contains(const ChangedPath& path) const {
    const auto known = taken_.find(path.context);
    if (known == taken_.end()) return false;
    if (path.path.empty() || known->second.contains(path.path)) return true;
    const std::string inside = path.path + '/';
    const auto at = known->second.lower_bound(inside);
    return at != known->second.end() && at->starts_with(inside);
  }

 private:
  std::map<std::string, std::set<std::string_view>, std::less<>> taken_;  // by context
};

// Where the files really are that say how to build, looked up once for all paths that change.
class Places {
 public:
  explicit Places(const context::FileSystem& files) : files_(files) {}

  struct Place {
    bool exists = false;
    std::string real;
  };
  const Place& of(const std::string& file) {
    const auto [place, is_new] = places_.try_emplace(file);
    if (is_new) {
      place->second.exists = files_.exists(file);
      place->second.real = place->second.exists ? files_.real_path(file) : real_place(files_, file);
    }
    return place->second;
  }

 private:
  const context::FileSystem& files_;
  std::map<std::string, Place, std::less<>> places_;
};

// Whether a path that is said to change is that file, or a folder that contains it. The file may be gone. A
// pattern is not a path.
bool holds(Places& places, const ChangedPath& path, const std::string& file) {
  if (path.absolute.empty()) return false;
  const Places::Place& place = places.of(file);
  return path.absolute == place.real || (place.exists && text::is_within(place.real, path.absolute));
}

// Whether the path is an ignore file of the context that counts, or would count if it existed: `used` is the
// one that is read, empty for none.
bool decides_what_is_ignored(Places& places, const ChangedPath& path,
                             const std::vector<std::string>& candidates, const std::string& used) {
  for (const std::string& candidate : candidates) {
    if (holds(places, path, candidate)) return true;
    if (candidate == used) break;
  }
  return false;
}

// Whether the path is a Dockerfile that is gone, in the place of which a builder reads the one in lower case:
// it counted when it was there.
bool is_default_before(const context::FileSystem& files, const ChangedPath& path, const std::string& used) {
  if (text::base_name(used) != "dockerfile" || text::base_name(path.absolute) != "Dockerfile") return false;
  return !files.exists(path.absolute) &&
         text::parent_path(path.absolute) == text::parent_path(files.real_path(used));
}

// Makes steps depend on what changes in a file that says how to build.
class BuildFileEffect {
 public:
  BuildFileEffect(const plan::Graph& graph, Report& report) : graph_(graph), report_(report) {}

  template <typename IsOpen>
  void open(const ChangedPath& path, const IsOpen& is_open) const {
    for (StepReport& step : report_.steps) {
      if (step.verdict != Verdict::kHit) continue;
      const plan::Step& planned = graph_.steps[step.step];
      if (is_open(planned)) {
        step.verdict = Verdict::kDepends;
        step.cause.kind = Cause::Kind::kFile;
        step.cause.path = path.given;
        step.cause.change = "build";
        step.cause.line = planned.instruction->start_line;
      } else if (const auto other = changed_input(planned)) {
        step.verdict = Verdict::kDepends;
        step.cause = report_.steps[*other].cause;
        step.follows = other;
      }
    }
  }

 private:
  // A step that this one follows or takes files of, and that may rebuild.
  std::optional<size_t> changed_input(const plan::Step& step) const {
    const auto changes = [&](const std::optional<size_t>& other) {
      return other && report_.steps[*other].verdict != Verdict::kHit &&
             report_.steps[*other].verdict != Verdict::kUnknown;
    };
    if (!step.independent && changes(step.below)) return step.below;
    for (const plan::Read& read : step.reads) {
      if (read.origin != plan::Read::Origin::kStage) continue;
      const std::optional<size_t>& last = graph_.stages[read.stage].last_step;
      if (changes(last)) return last;
    }
    return std::nullopt;
  }

  const plan::Graph& graph_;
  Report& report_;
};

// Whether a step takes files of a context at or below a path in it.
bool may_take_below(const plan::Step& step, const std::string& context, const std::string& path) {
  const auto is_below = [&](const plan::Selector& selector) {
    if (selector.wildcard || !selector.include.empty() || path.empty()) return true;
    const std::string_view taken = std::string_view(selector.path).substr(1);
    return taken.empty() || text::is_within(taken, path) || text::is_within(path, taken);
  };
  return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
    const bool is_of_context = context.empty()
                                   ? read.origin == plan::Read::Origin::kContext
                                   : read.origin == plan::Read::Origin::kNamedContext && read.name == context;
    return is_of_context && (read.selectors.empty() || std::ranges::any_of(read.selectors, is_below));
  });
}

// With other attributes git may write all files below them in another way: their line ends, and what filters
// make.
// Source: https://git-scm.com/docs/gitattributes
void open_attributes(const Build& build, const ChangedPath& path, const BuildFileEffect& effect) {
  const BuildOptions& options = build.options();
  const std::string folder(text::parent_path(path.absolute));
  const auto open_context = [&](const std::string& name, const std::string& place) {
    const std::string root = options.files->real_path(place);
    if (!text::is_within(root, folder) && !text::is_within(folder, root)) return;
    const std::string inside =
        text::is_within(root, folder) ? "" : folder.substr(root.size() + (text::is_root(root) ? 0 : 1));
    effect.open(path, [&](const plan::Step& step) { return may_take_below(step, name, inside); });
  };
  open_context("", options.context);
  for (const auto& [name, snapshot] : build.named_contexts())
    open_context(name, options.plan.named_contexts.at(name));
}

// Opens the steps that change with a file which says how to build, if the path is one.
void open_build(const Build& build, ChangedPath& path, const BuildFileEffect& effect, Places& places) {
  using Fate = ChangedPath::Fate;
  const BuildOptions& options = build.options();
  const context::FileSystem& files = *options.files;
  if (text::base_name(path.absolute) == context::kAttributesName) open_attributes(build, path, effect);
  // A folder that holds the file stays what it is.
  const auto set_fate = [&](Fate fate) {
    if (path.fate == Fate::kOutside || files.list(path.absolute).empty()) path.fate = fate;
  };
  if (!options.dockerfile_text &&
      (holds(places, path, options.dockerfile) || is_default_before(files, path, options.dockerfile))) {
    set_fate(Fate::kDockerfile);
    effect.open(path, [](const plan::Step& step) { return step.kind != plan::Step::Kind::kImage; });
    return;
  }
  const plan::Builder builder = options.plan.builder;
  if (decides_what_is_ignored(places, path,
                              ignore_file_candidates(options.dockerfile, options.context, builder),
                              build.ignore().path)) {
    set_fate(Fate::kIgnoreFile);
    effect.open(path, [](const plan::Step& step) { return step.reads_context(); });
  }
  for (const auto& [name, snapshot] : build.named_contexts()) {
    const std::string& folder = options.plan.named_contexts.at(name);
    if (!decides_what_is_ignored(places, path, ignore_file_candidates("", folder, builder), {})) continue;
    set_fate(Fate::kIgnoreFile);
    effect.open(path, [&wanted = name](const plan::Step& step) {
      return std::ranges::any_of(step.reads, [&](const plan::Read& read) {
        return read.origin == plan::Read::Origin::kNamedContext && read.name == wanted;
      });
    });
  }
}

// A file may be called "[id].ts".
bool is_pattern(const std::string& name, const Build& build, const std::string& current) {
  const context::FileSystem& files = *build.options().files;
  return text::has_wildcard(name) && !text::is_absolute(name) &&
         !files.exists(text::join_path(current, name)) &&
         !files.exists(text::join_path(build.options().context, name));
}

void add_matches(const std::string& pattern, const Build& build, std::vector<ChangedPath>& paths) {
  const auto matcher = ignore::Matcher::compile(std::vector{pattern});
  const auto add = [&](const std::string& name, const std::string& folder, const Snapshot& files) {
    if (!matcher) return;
    for (const Record& record : files.records()) {
      if (!matcher->decide(record.path).ignored) continue;
      paths.push_back({.given = record.path,
                       .path = record.path,
                       .context = name,
                       .absolute = build.options().files->real_path(text::join_path(folder, record.path))});
    }
  };
  add("", build.options().context, build.context());
  for (const auto& [name, snapshot] : build.named_contexts())
    add(name, build.options().plan.named_contexts.at(name), snapshot);
}

// A file may be in several contexts: what is said of it is what counts most. In a context that no step takes
// it from, it does not matter whether it is ignored.
void keep_one_of_each(const plan::Graph& graph, std::vector<ChangedPath>& paths) {
  const auto rank = [&](const ChangedPath& path) {
    using Fate = ChangedPath::Fate;
    if (path.fate == Fate::kRead) return 3;
    if (path.fate != Fate::kIgnored && path.fate != Fate::kNotRead) return 2;
    const auto is_taken = [&](std::string_view below) {
      return std::ranges::any_of(graph.steps, [&](const plan::Step& step) {
        return step.needed && may_take_below(step, path.context, std::string(below));
      });
    };
    return is_taken(path.path) ? 2 : is_taken("") ? 1 : 0;
  };
  std::vector<ChangedPath> kept;
  std::map<std::string, size_t, std::less<>> places;
  for (ChangedPath& path : paths) {
    const auto [place, is_new] = places.try_emplace(path.given, kept.size());
    if (is_new) {
      kept.push_back(std::move(path));
    } else if (rank(path) > rank(kept[place->second])) {
      kept[place->second] = std::move(path);
    }
  }
  paths = std::move(kept);
}

// What is said to change and is not there was deleted. To see who reads it, it is compared as if it were new.
void tell_deleted(Report& report) {
  for (StepReport& step : report.steps) {
    Cause& cause = step.cause;
    if (cause.change == "added") cause.change = "deleted";
    if (cause.files == nullptr) continue;
    auto files = std::make_shared<std::vector<FileChange>>(*cause.files);
    for (FileChange& file : *files) {
      if (file.change != "added") continue;
      file.change = "deleted";
      file.mode_after = 0;
    }
    cause.files = std::move(files);
  }
}

}  // namespace

std::vector<ChangedPath> locate(const Build& build, const std::vector<std::string>& given,
                                const std::string& current) {
  const context::FileSystem& files = *build.options().files;
  std::map<std::string, std::string, std::less<>> roots;  // of contexts, after all links
  roots.emplace("", files.real_path(build.options().context));
  for (const auto& [context, snapshot] : build.named_contexts())
    roots.emplace(context, files.real_path(build.options().plan.named_contexts.at(context)));
  std::vector<ChangedPath> paths;
  for (const std::string& name : given) {
    const size_t before = paths.size();
    if (is_pattern(name, build, current)) {
      add_matches(name, build, paths);
      if (paths.size() > before) continue;
      // "[id].ts" may be a file that was deleted.
      if (name.find_first_of("*?") != std::string::npos) {
        paths.push_back({.given = name, .fate = ChangedPath::Fate::kOutside, .exists = false});
        continue;
      }
    }
    for (const auto& [context, root] : roots) {
      auto found = path_in_context(files, root, name, current);
      if (!found) continue;
      const std::string place = text::join_path(root, *found);
      paths.push_back({.given = name,
                       .path = std::move(*found),
                       .context = context,
                       .absolute = files.real_path(place),
                       .exists = files.exists(place)});
    }
    if (paths.size() > before) continue;
    const std::string absolute = text::is_absolute(name) ? name : text::join_path(current, name);
    paths.push_back(
        {.given = name,
         .absolute = files.exists(absolute) ? files.real_path(absolute) : real_place(files, absolute),
         .fate = ChangedPath::Fate::kOutside});
  }
  return paths;
}

WhatIf what_if_changed(const Build& build, std::vector<ChangedPath> paths) {
  return what_if_changed(build, build, std::move(paths));
}

WhatIf what_if_changed(const Build& before, const Build& build, std::vector<ChangedPath> paths) {
  WhatIf result;
  Contexts contexts_before = build.contexts(), contexts_after = build.contexts();
  const IgnoreFiles ignores(build, paths);
  AllEdits edits;
  edits.try_emplace("", contexts_before.main, ignores.of(""));
  for (const auto& [name, context] : contexts_before.named)
    edits.try_emplace(name, context, ignores.of(name));
  for (ChangedPath& path : paths) {
    if (path.fate != ChangedPath::Fate::kOutside) edits.at(path.context).change(path);
  }
  for (auto& [name, edit] : edits) {
    edit.finish();
    (name.empty() ? contexts_before.main : contexts_before.named.at(name)) = edit.before();
    (name.empty() ? contexts_after.main : contexts_after.named.at(name)) = edit.after();
  }
  const std::vector<StepKeys> keys_before = compute_keys(before.graph(), contexts_before);
  const std::vector<StepKeys> keys_after = compute_keys(build.graph(), contexts_after);
  const State was{&before.graph(), &keys_before, &contexts_before};
  result.report =
      compare({&was, 1}, {&build.graph(), &keys_after, &contexts_after}, build.options().cache_from);
  tell_deleted(result.report);
  const BuildFileEffect effect(build.graph(), result.report);
  const TakenFiles taken(build, keys_after, edits);
  Places places(*build.options().files);
  for (ChangedPath& path : paths) {
    open_build(build, path, effect, places);
    if (path.fate == ChangedPath::Fate::kRead && !taken.contains(path))
      path.fate = ChangedPath::Fate::kNotRead;
  }
  keep_one_of_each(build.graph(), paths);
  result.paths = std::move(paths);
  return result;
}

}  // namespace dcache::cache
