#include "cli/replaying.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "cli/states.h"
#include "dcache/context/commit_files.h"
#include "dcache/dockerfile/parser.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/failure.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/times.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

// The Dockerfiles and definitions of a commit, with paths from the current folder.
project::DiscoveredFiles find_at(const context::CommitFiles& files, const std::string& root) {
  const std::string here = current_folder();
  project::DiscoveredFiles found;
  const auto is_wanted = [](const std::string& path, bool is_folder) {
    if (is_folder) return !project::is_vendored_folder(text::base_name(path));
    return project::is_dockerfile_name(path) || project::definition_kind(path).has_value();
  };
  const auto is_hidden = [&](const std::string& path) {
    // BuildKit reads one in lower case only where there is no other.
    return text::base_name(path) == "dockerfile" &&
           files.exists(root + '/' + text::join_path(text::parent_path(path), "Dockerfile"));
  };
  for (const std::string& path : files.find(is_wanted)) {
    if (is_hidden(path)) continue;
    std::string shown = text::relative_path(text::join_path(root, path), here);
    if (project::is_dockerfile_name(path)) found.files.push_back(shown);
    if (project::definition_kind(path)) found.definitions.push_back(std::move(shown));
  }
  return found;
}

// Whether the Dockerfiles have the stages whose caches are imported; says on standard error which one has
// not.
bool have_imported_stages(const Selection& selection, const context::FileSystem& files) {
  for (const size_t index : selection.meant) {
    const cache::BuildOptions& build = selection.project.images[index].build;
    const auto text = cache::read_dockerfile(build, files);
    if (!text) continue;
    const dockerfile::File file = dockerfile::parse(*text);
    const auto wrong = project::wrong_import(build, plan::build_graph(file, build.plan));
    if (!wrong) continue;
    complain("--cache-from: " + text::words_of(*wrong));
    return false;
  }
  return true;
}

}  // namespace

void add_history_words(Command& command, HistoryFlags& flags) {
  command.arguments("RANGE", flags.words,
                    "The commits: A..B, A...B to start at the merge base, or a revision and its ancestors "
                    "(default: HEAD); or the path of a Dockerfile");
  command.texts("--git", "RANGE", flags.git, "The same as the argument");
}

void add_history_options(Command& command, HistoryFlags& flags) {
  command.number("-n,--max-count", "COUNT", flags.most, "Only the newest COUNT commits");
  command.text("--since", "TIME", flags.since,
               "Only commits since TIME: a date such as 2026-05-07, or '2 weeks ago'");
  command.flag("--first-parent", flags.first_parent, "Follow only the first parent of merges");
  command.texts(
      "--cache-from", "MODE[:STAGE]", flags.cache_from,
      "Assume that each commit is built by a worker that starts empty and imports what the earlier build "
      "exported: none, inline, min or max; type=TYPE,mode=MODE as for docker buildx build; or defined, for "
      "what the definition of the image imports (default: one builder that keeps its cache)");
}

const history::ImageHistory* find_history(const history::History& history, const project::Image& image) {
  const auto found = std::ranges::find(history.images, image.target.name, &history::ImageHistory::name);
  if (found != history.images.end()) return &*found;
  const std::string dockerfile = text::real_path(image.build.dockerfile);
  const history::ImageHistory* same = nullptr;
  for (const history::ImageHistory& other : history.images) {
    if (text::real_path(other.dockerfile) != dockerfile) continue;
    if (same != nullptr) return nullptr;
    same = &other;
  }
  return same;
}

bool Replayer::has_work_tree(std::string_view command) const {
  if (!repository_->is_bare()) return true;
  complain(fmt::format(
      "this is a bare repository: dcache {} looks at the files of a work tree; dcache history does not",
      command));
  return false;
}

bool Replayer::open() {
  auto opened = context::GitRepository::open(".", context::GitRepository::Bare::kAllowed);
  if (const std::string folder = named_folder(); !opened && !folder.empty())
    opened = context::GitRepository::open(folder, context::GitRepository::Bare::kAllowed);
  if (!opened) {
    complain(opened.error());
    return false;
  }
  repository_ = std::make_shared<const context::GitRepository>(std::move(*opened));
  if (!read_words()) return false;
  auto objects = context::GitObjects::open(repository_);
  if (!objects) {
    complain(objects.error());
    return false;
  }
  objects_ = std::make_shared<const context::GitObjects>(std::move(*objects));
  const auto log = log_options();
  if (!log) return false;
  auto commits = objects_->log(*log);
  if (!commits) {
    complain(repository_->has_no_commit() ? "this repository has no commit yet; commit something first"
                                          : commits.error());
    return false;
  }
  commits_ = std::move(*commits);
  if (!commits_.empty()) return true;
  complain(fmt::format("there is no commit in {}{}", log->from,
                       history_.since.empty() ? "" : " since " + history_.since));
  return false;
}

std::string Replayer::named_folder() const {
  const std::vector<std::string> contexts = {flags_.context};
  for (const auto* const paths : {&flags_.files, &history_.words, &contexts, &flags_.definitions}) {
    for (const std::string& path : *paths) {
      std::error_code failure;
      if (std::filesystem::is_directory(text::system_path(path), failure)) return path;
      if (context::disk()->exists(path)) return std::string(text::parent_path(path));
    }
  }
  return {};
}

// A word is a Dockerfile if there is such a file, and otherwise a range of commits.
bool Replayer::read_words() {
  ranges_ = history_.git;
  for (const std::string& word : history_.words) {
    std::error_code failure;
    const bool is_folder = std::filesystem::is_directory(text::system_path(word), failure);
    if (context::disk()->exists(word) && !repository_->parse_range(word)) {
      flags_.files.push_back(is_folder ? text::join_path(word, "Dockerfile") : word);
    } else {
      ranges_.push_back(word);
    }
  }
  if (ranges_.size() <= 1) return true;
  complain(fmt::format(
      "one range of commits at a time, and these are {}: {}; write A..B for the commits between two",
      ranges_.size(), text::list_words(ranges_)));
  return false;
}

std::optional<context::GitObjects::LogOptions> Replayer::log_options() const {
  context::GitObjects::LogOptions log{.most = history_.most, .first_parent = history_.first_parent};
  if (!ranges_.empty()) log.from = ranges_.front();
  if (history_.since.empty()) return log;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  log.since = text::parse_time(history_.since, std::chrono::duration_cast<std::chrono::seconds>(now).count());
  if (log.since) return log;
  complain(fmt::format("--since {}: write a date such as 2026-05-07, or a time such as '2 weeks ago'",
                       history_.since));
  return std::nullopt;
}

bool Replayer::lacks_definitions(const context::CommitFiles& files,
                                 const project::DiscoveredFiles& found) const {
  std::vector<std::string> needed = flags_.files;
  if (needed.empty()) {
    needed = found.files;
    needed.insert(needed.end(), found.definitions.begin(), found.definitions.end());
  }
  std::erase_if(needed, [&](const std::string& path) {
    const auto object = files.object_of(path);
    return !object || objects_->has(*object);
  });
  if (needed.empty()) return false;
  const std::string others = needed.size() == 1 ? ""
                                                : fmt::format(" and {}, which say what is built",
                                                              text::counted(needed.size() - 1, "other file"));
  complain(fmt::format("git has no content for {}{}{}", needed.front(), others, context::kFetchContent));
  return true;
}

history::ImagesAtCommit Replayer::read_images(const context::CommitFiles& files,
                                              const std::shared_ptr<const context::FileSystem>& seen) {
  // What there is to say of it is said once, though the newest commit is read again for its history.
  const bool is_newest = files.tree() == commits_.back().tree && !std::exchange(has_told_, true);
  bool ignored = false;
  const project::DiscoveredFiles found = find_at(files, repository_->root());
  if (is_newest && lacks_definitions(files, found)) failed_ = true;
  if (failed_) return {};
  Selection selection = select_images_at(flags_, seen, found, is_newest, is_newest ? failed_ : ignored);
  if (is_newest && !failed_) {
    failed_ =
        !import_caches(flags_, history_.cache_from, selection) || !have_imported_stages(selection, *seen);
  } else if (!failed_) {
    static_cast<void>(project::import_caches(selection.project, selection.meant, history_.cache_from));
  }
  if (failed_) return {};  // there is nothing to replay
  return {std::move(selection.project), std::move(selection.meant)};
}

bool Replayer::read_kept(history::Options& options) const {
  options.keeps = !history_.keep.empty();
  if (!options.keeps || !text::may_exist(history_.keep)) return true;
  const auto text = text::read_regular_file(history_.keep);
  if (!text) {
    complain(text.error());
    return false;
  }
  if (text->empty()) return true;
  auto kept = history::read_kept(*text);
  if (!kept) {
    complain(fmt::format("--keep: {} {}; delete it, or name another file", history_.keep, kept.error()));
    return false;
  }
  options.kept = std::move(*kept);
  return true;
}

bool Replayer::write_kept(const history::History& history) const {
  return history_.keep.empty() || write_output(history_.keep, history.kept);
}

std::optional<history::History> Replayer::replay() {
  const auto read = [&](const std::shared_ptr<const context::CommitFiles>& files,
                        const std::shared_ptr<const context::FileSystem>& seen) {
    return read_images(*files, seen);
  };
  history::Options options{.here = current_folder()};
  if (!read_kept(options)) return std::nullopt;
  options.progress = [this](size_t done, size_t all) {
    constexpr size_t kOften = 64;
    if (done % kOften == 0) line_.show(fmt::format("replaying commit {} of {}", done, all));
  };
  auto history = history::replay(objects_, commits_, read, options);
  if (!history) complain(history.error());
  if (!history || failed_) return std::nullopt;
  for (const std::string& note : history->notes)
    complain("note: " + note);
  if (repository_->is_shallow())
    complain("note: this clone is shallow: only the commits that it has are counted");
  return std::move(*history);
}

}  // namespace dcache::cli
