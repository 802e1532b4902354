#include "dcache/cache/what_if.h"

#include <optional>
#include <utility>

#include "dcache/context/file_system.h"
#include "dcache/text/path.h"

namespace dcache::cache {

using context::Record;
using context::Snapshot;

namespace {

// The path in the context that the user means by `given`; nothing if it is outside.
std::optional<std::string> path_in_context(const Build& build, const std::string& given,
                                           const std::string& current) {
  const context::FileSystem& files = *build.options().files;
  const std::string root = files.real_path(build.options().context);
  const std::string absolute = text::clean_path(given.starts_with('/') ? given : current + "/" + given);
  // Only the folder is made canonical: the file itself may be a link, and may be gone.
  const std::string from_current =
      text::clean_path(files.real_path(std::string(text::parent_path(absolute))) + "/" +
                       std::string(text::base_name(absolute)));
  const std::string from_root = text::clean_path(root + "/" + given);
  const bool inside = text::is_within(from_current, root);
  const bool take_root = !given.starts_with('/') && !files.exists(from_current) && files.exists(from_root);
  if ((!inside || take_root) && given.starts_with('/')) return std::nullopt;
  if (!inside && !files.exists(from_root)) return std::nullopt;
  const std::string& chosen = inside && !take_root ? from_current : from_root;
  if (!text::is_within(chosen, root)) return std::nullopt;
  return chosen == root ? std::string() : chosen.substr(root == "/" ? 1 : root.size() + 1);
}

// The context after the files changed.
class Edit {
 public:
  explicit Edit(const Build& build) : build_(build) {}

  void change(ChangedPath& changed) {
    const std::string& path = changed.path;
    const Record* record = build_.context().find(path);
    if (path.empty() || (record != nullptr && record->type == context::Type::kFolder)) {
      for (const Record& below : build_.context().below(path))
        touch(below);
      return;
    }
    const ignore::Decision decision = build_.ignore().matcher.decide(path);
    if (record == nullptr && decision.ignored) {
      changed.fate = ChangedPath::Fate::kIgnored;
      changed.pattern = decision.pattern->written;
      changed.pattern_line = decision.pattern->line;
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

  // The files as they were, and as they are now.
  const Edits& before() const { return before_; }
  Edits after() const {
    Edits after;
    for (const Record& record : changes_)
      after.emplace(record.path, &record);
    return after;
  }
  // Whether other files may be taken now than before: there is a new one, or a link leads elsewhere.
  bool moves() const { return moves_; }
  const std::vector<Record>& changes() const { return changes_; }

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

  const Build& build_;
  std::vector<Record> changes_;
  Edits before_;
  bool moves_ = false;
};

// Whether a needed step takes one of the touched files at or below `path`.
bool is_read(const Build& build, const std::vector<StepKeys>& keys, std::string_view path,
             const Edits& touched) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!build.graph().steps[i].needed) continue;
    for (const ReadFiles& read : keys[i].reads) {
      for (const SelectedFile& file : read.selection.files) {
        const std::string_view taken = file.record->path;
        if ((path.empty() || text::is_within(taken, path)) && touched.contains(taken)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<ChangedPath> locate(const Build& build, const std::vector<std::string>& given,
                                const std::string& current) {
  std::vector<ChangedPath> paths;
  for (const std::string& name : given) {
    ChangedPath& path = paths.emplace_back(ChangedPath{.given = name});
    if (auto found = path_in_context(build, name, current)) {
      path.path = std::move(*found);
      const context::FileSystem& files = *build.options().files;
      path.exists = files.exists(files.real_path(build.options().context) + "/" + path.path);
    } else {
      path.fate = ChangedPath::Fate::kOutside;
    }
  }
  return paths;
}

WhatIf what_if_changed(const Build& build, std::vector<ChangedPath> paths) {
  WhatIf result;
  Edit edit(build);
  for (ChangedPath& path : paths) {
    if (path.fate != ChangedPath::Fate::kOutside) edit.change(path);
  }
  const std::vector<StepKeys> keys_before = build.keys_over(build.context(), &edit.before());
  // Mostly the files are the same except for what they contain, and the large context need not be copied.
  const Edits edited = edit.after();
  const Snapshot moved = edit.moves() ? build.context().with(edit.changes()) : Snapshot();
  const std::vector<StepKeys> keys_after =
      edit.moves() ? build.keys_over(moved, &edit.before()) : build.keys_over(build.context(), &edited);
  result.report = compare({&build.graph(), &keys_before}, {&build.graph(), &keys_after});
  for (ChangedPath& path : paths) {
    if (path.fate == ChangedPath::Fate::kRead && !is_read(build, keys_after, path.path, edit.before())) {
      path.fate = ChangedPath::Fate::kNotRead;
    }
  }
  result.paths = std::move(paths);
  return result;
}

}  // namespace dcache::cache
