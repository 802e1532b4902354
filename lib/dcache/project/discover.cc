#include "dcache/project/discover.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/context/tracked_paths.h"
#include "dcache/ignore/matcher.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/descriptor.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/system.h"
#include "dcache/text/system_path.h"

namespace dcache::project {
namespace {

namespace fs = std::filesystem;

// What git leaves out below a folder; nothing where the folder is in no repository, or is left out itself.
//
// Most of what a search finds is tracked, and is told so from git's index alone: libgit2, which takes longer
// to load than a small search, is for the rest.
class LeftOut {
 public:
  explicit LeftOut(const std::string& folder) : folder_(folder), real_(text::real_path(folder)) {
    root_ = context::repository_root(real_);
    if (root_.empty()) return;
    place_ = place_in(root_);
    // The index is elsewhere in a linked work tree and in a submodule.
    tracked_ = context::TrackedPaths::read(root_ + "/.git/index");
    const bool is_tracked = tracked_ && (place_.empty() || tracked_->contains_below(place_));
    if (!is_tracked) ask_git();
  }

  // Why git can't be asked; empty if it is, if there was no need to, or if there is no repository.
  std::string problem() const {
    if (!repository_ || repository_->unread_ignore_file().empty()) return problem_;
    return repository_->unread_ignore_file() + " is not a regular file";
  }

  bool operator()(const std::string& path, bool is_folder) {
    if (root_.empty()) return false;
    if (tracked_ && is_tracked(in_repository(path), is_folder)) return false;
    if (!is_asked_) ask_git();
    if (!repository_) return false;
    const std::string asked = in_repository(path);
    return tracked_ ? repository_->ignores_untracked(asked, is_folder)
                    : repository_->ignores(asked, is_folder);
  }

  // Whether a folder with a .git of its own is another repository, or another work tree of this one. A
  // submodule is a part of this one.
  bool is_other_repository(const std::string& path) {
    if (root_.empty() || (tracked_ && tracked_->contains(in_repository(path)))) return false;
    if (!is_asked_) ask_git();
    return repository_ && !repository_->tracks(in_repository(path));
  }

 private:
  bool is_tracked(const std::string& path, bool is_folder) const {
    return is_folder ? tracked_->contains_below(path) : tracked_->contains(path);
  }

  std::string in_repository(const std::string& path) const {
    const size_t start = path.find_first_not_of('/', folder_.size());
    return text::join_path(place_, path.substr(std::min(start, path.size())));
  }

  std::string place_in(const std::string& root) const {
    return real_.substr(std::min(root.size() + 1, real_.size()));
  }

  void ask_git() {
    is_asked_ = true;
    auto repository = context::GitRepository::open(real_);
    if (!repository) problem_ = repository.error();
    if (!repository || !text::is_within(real_, repository->root())) return;
    if (repository->root() != root_) tracked_.reset();
    place_ = place_in(repository->root());
    if (place_.empty() || !repository->ignores(place_, true)) repository_ = std::move(*repository);
  }

  std::string problem_;
  std::string folder_;                            // as it is walked
  std::string real_;                              // the same after all links
  std::string root_;                              // of the repository; empty for none
  std::string place_;                             // of the folder in it
  std::optional<context::TrackedPaths> tracked_;  // where the index is read without libgit2
  bool is_asked_ = false;
  std::optional<context::GitRepository> repository_;
};

// What a walk does with an entry.
enum class WalkStep : uint8_t { kPass, kTake, kEnter };

std::string shown(const std::string& path) {
  return path.starts_with("./") ? path.substr(2) : path;
}

// Whether a file that has the name of a Dockerfile and the ending of a program is a program. One that can't
// be read is not: reading it again says why.
bool is_program(const std::string& path) {
  if (!may_be_program(path)) return false;
  constexpr uint64_t kLargest = 1U << 20U;
  const auto text = text::read_regular_file(path, {.bytes = kLargest});
  return text && !starts_like_dockerfile(*text);
}

// What is in a folder.
struct Entry {
  std::string name;
  text::EntryType type = text::EntryType::kUnknown;

  bool is_folder() const { return type == text::EntryType::kFolder; }
};

// Searches folders one after the other: none is open while another is read, so that nesting costs no
// descriptors.
class Search {
 public:
  Search(const FindOptions& options, DiscoveredFiles& result) : options_(options), result_(result) {}

  // All Dockerfiles below a folder, sorted.
  std::vector<std::string> below(const std::string& folder) {
    const auto judge = [&](const std::string& path, const Entry& entry) {
      if (entry.is_folder()) return WalkStep::kEnter;
      const bool wanted = (is_dockerfile_name(path) && !is_program(path)) ||
                          (options_.related_files && related_file_kind(path)) ||
                          (options_.definitions && definition_kind(path).has_value());
      return wanted ? WalkStep::kTake : WalkStep::kPass;
    };
    return walk(folder, judge, &result_.left_out);
  }

  // What a pattern describes: files, and the Dockerfiles in folders. Nothing for one that is malformed.
  std::vector<std::string> expand(const std::string& pattern);

 private:
  // Calls `judge` with each path and entry, and gives the paths to take, sorted. Adds what is passed over
  // though it may contain Dockerfiles to `left_out`.
  template <typename Judge>
  std::vector<std::string> walk(const std::string& top, const Judge& judge,
                                std::vector<std::string>* left_out);

  // Sorted by name. Nothing for a folder that is gone since its name was read.
  std::vector<Entry> list(const std::string& folder, bool is_top);
  // Whether that is a regular file, or a link to one that may be read.
  bool can_take(const std::string& path, const Entry& entry);

  void complain(const std::string& path, std::string_view reason) {
    result_.problems.push_back(fmt::format("can't read {}: {}", shown(path), reason));
  }
  void warn_without_git(const std::string& problem) {
    std::string warning = fmt::format("files that git ignores are searched too: {}", problem);
    if (std::ranges::find(result_.warnings, warning) == result_.warnings.end())
      result_.warnings.push_back(std::move(warning));
  }

  const FindOptions& options_;
  DiscoveredFiles& result_;
  context::Boundary boundary_;
};

std::vector<Entry> Search::list(const std::string& folder, bool is_top) {
  const auto fail = [&](const std::string& path) {
    if (is_top || errno != ENOENT) complain(path, std::strerror(errno));
  };
  std::vector<Entry> entries;
  const text::Descriptor open(text::open_folder(folder.c_str()));
  if (open.get() < 0) {
    fail(folder);
    return entries;
  }
  const auto add = [](void* to, const char* name, text::EntryType type) {
    static_cast<std::vector<Entry>*>(to)->push_back({name, type});
  };
  if (!text::list_folder(open.get(), add, &entries)) fail(folder);
  text::FileStatus status{};
  for (Entry& entry : entries) {
    if (entry.type != text::EntryType::kUnknown) continue;  // which some file systems always say
    if (text::status_in(open.get(), entry.name.c_str(), status)) {
      entry.type = text::type_of(status);
    } else {
      fail(text::join_path(folder, entry.name));
    }
  }
  if (is_top && text::status_of_open(open.get(), status) && text::is_removed(status))
    complain(folder, "the folder was removed");
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

bool Search::can_take(const std::string& path, const Entry& entry) {
  constexpr std::string_view kSpecial = "it is not a regular file";
  if (entry.type != text::EntryType::kLink) {
    if (entry.type != text::EntryType::kFile) complain(path, kSpecial);
    return entry.type == text::EntryType::kFile;
  }
  text::FileStatus status{};
  if (!text::status_of(path.c_str(), status)) {
    if (errno != ENOENT) complain(path, std::strerror(errno));
    return false;
  }
  if (const text::EntryType type = text::type_of(status); type != text::EntryType::kFile) {
    if (type != text::EntryType::kFolder) complain(path, kSpecial);
    return false;
  }
  const std::string reason = boundary_.refusal(path, text::real_path(path));
  if (!reason.empty()) complain(path, reason);
  return reason.empty();
}

template <typename Judge>
std::vector<std::string> Search::walk(const std::string& top, const Judge& judge,
                                      std::vector<std::string>* left_out) {
  std::vector<std::string> found;
  std::optional<LeftOut> ignored_by_git;
  if (options_.gitignore) ignored_by_git.emplace(top);
  boundary_ = context::Boundary({top});
  std::vector<std::string> todo = {top};
  while (!todo.empty()) {
    const std::string folder = std::move(todo.back());
    todo.pop_back();
    const std::vector<Entry> entries = list(folder, folder == top);
    const bool has_git = folder != top && std::ranges::find(entries, ".git", &Entry::name) != entries.end();
    if (has_git && ignored_by_git && ignored_by_git->is_other_repository(folder)) continue;
    // BuildKit reads one in lower case only where there is no other.
    const bool has_default = std::ranges::find(entries, "Dockerfile", &Entry::name) != entries.end();
    for (const Entry& entry : entries) {
      if (has_default && entry.name == "dockerfile") continue;
      std::string path = folder.ends_with('/') ? folder + entry.name : folder + '/' + entry.name;
      const bool vendored = entry.is_folder() && is_vendored_folder(entry.name);
      const auto is_variant = [&] {
        return !entry.is_folder() && (is_dockerfile_variant(entry.name) ||
                                      (is_dockerfile_name(entry.name) && may_be_program(entry.name)));
      };
      const WalkStep step = entry.name == ".git" || vendored ? WalkStep::kPass : judge(path, entry);
      if (step == WalkStep::kPass && !vendored && !is_variant()) continue;
      if (ignored_by_git && (*ignored_by_git)(path, entry.is_folder())) continue;
      if (step == WalkStep::kEnter) {
        todo.push_back(std::move(path));
      } else if (step == WalkStep::kPass && left_out != nullptr) {
        left_out->push_back(shown(path) + (vendored ? "/" : ""));
      } else if (step == WalkStep::kTake && (entry.is_folder() || can_take(path, entry))) {
        found.push_back(shown(path));
      }
    }
  }
  if (ignored_by_git && !ignored_by_git->problem().empty()) warn_without_git(ignored_by_git->problem());
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> Search::expand(const std::string& pattern) {
  // The walk starts in the folder before the first part with a wildcard.
  const size_t slash = pattern.rfind('/', pattern.find_first_of("*?[\\"));
  const std::string folder = slash == std::string::npos ? "." : pattern.substr(0, std::max<size_t>(slash, 1));
  const size_t start = slash == std::string::npos ? 0 : slash + 1;
  const auto matcher = ignore::Matcher::compile(std::vector{pattern.substr(start)});
  std::vector<std::string> all;
  std::error_code failure;
  if (!matcher || !fs::is_directory(text::system_path(folder), failure)) return all;
  const auto judge = [&](const std::string& path, const Entry& entry) {
    const std::string inside = text::relative_path(path, folder);
    if (!matcher->decide(inside).ignored) return entry.is_folder() ? WalkStep::kEnter : WalkStep::kPass;
    return WalkStep::kTake;
  };
  for (std::string& path : walk(folder, judge, nullptr)) {
    if (!fs::is_directory(text::system_path(path), failure)) {
      all.push_back(std::move(path));
      continue;
    }
    std::ranges::move(below(path), std::back_inserter(all));
  }
  return all;
}

}  // namespace

DiscoveredFiles find_dockerfiles(const std::vector<std::string>& paths, const FindOptions& options) {
  DiscoveredFiles result;
  for (const std::string& path : paths) {
    std::error_code failure;
    const fs::file_status status = fs::status(text::system_path(path), failure);
    const bool pattern = !fs::exists(status) && text::has_wildcard(path);
    if (path == "-" || !(pattern || fs::is_directory(status))) {
      result.files.push_back(path);
      continue;
    }
    Search search(options, result);
    std::vector<std::string> found = pattern ? search.expand(path) : search.below(path);
    if (found.empty() && pattern) {
      result.files.push_back(path);  // which can't be read
    } else if (found.empty()) {
      result.without.push_back(path);
    }
    for (std::string& file : found) {
      if (options.definitions && definition_kind(file)) result.definitions.push_back(file);
      const bool defines_only =
          !pattern && !is_dockerfile_name(file) && !(options.related_files && related_file_kind(file));
      if (!defines_only) result.files.push_back(std::move(file));
    }
  }
  return result;
}

}  // namespace dcache::project
