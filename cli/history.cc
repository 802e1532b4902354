#include "dcache/report/history.h"

#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/commit_files.h"
#include "dcache/history/history.h"
#include "dcache/project/cache_option.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/failure.h"
#include "dcache/text/path.h"
#include "dcache/text/times.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> words;  // a range of commits, or Dockerfiles
  std::vector<std::string> git;
  uint32_t most = 300;
  std::string since;
  bool first_parent = false;
  std::vector<std::string> cache_from;
  std::string format = "text";
  bool steps = false;
};

// The Dockerfiles and definitions of a commit, with paths from the current folder.
project::Found find_at(const context::CommitFiles& files, const std::string& root) {
  const std::filesystem::path here = current_folder();
  project::Found found;
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
    std::string shown = std::filesystem::path(root + '/' + path).lexically_relative(here).generic_string();
    if (project::is_dockerfile_name(path)) found.files.push_back(shown);
    if (project::definition_kind(path)) found.definitions.push_back(std::move(shown));
  }
  return found;
}

class Question {
 public:
  explicit Question(const Options& options) : options_(options), flags_(options.build) {}

  int run() {
    auto opened = context::GitRepository::open(".", context::GitRepository::Bare::kAllowed);
    if (!opened) return fail(opened.error());
    const auto repository = std::make_shared<const context::GitRepository>(std::move(*opened));
    if (!read_words(*repository)) return kError;
    auto objects = context::GitObjects::open(repository);
    if (!objects) return fail(objects.error());
    const auto shared = std::make_shared<const context::GitObjects>(std::move(*objects));
    const auto log = log_options();
    if (!log) return kError;
    auto commits = shared->log(*log);
    if (!commits) return fail(commits.error());
    if (commits->empty())
      return fail(fmt::format("there is no commit in {}{}", log->from,
                              options_.since.empty() ? "" : " since " + options_.since));
    auto replaying = replay_options();
    if (!replaying) return kError;
    auto history = replay(shared, std::move(*commits), repository->root(), *replaying);
    if (!history) return fail(history.error());
    if (failed_) return kError;
    complain_of_gaps(*history, *repository);
    std::string out;
    if (options_.format == "json") {
      report::append_history_json(*history, options_.steps, out);
    } else {
      report::append_history(*history, report::Style(use_colour()), out);
    }
    print_and_clear(out);
    return kOk;
  }

 private:
  static int fail(const std::string& message) {
    complain(message);
    return kError;
  }

  // A word is a Dockerfile if there is such a file, and otherwise a range of commits.
  bool read_words(const context::GitRepository& repository) {
    ranges_ = options_.git;
    for (const std::string& word : options_.words) {
      std::error_code failure;
      const bool is_folder = std::filesystem::is_directory(word, failure);
      if (context::disk()->exists(word) && !repository.parse_range(word)) {
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

  std::optional<context::GitObjects::LogOptions> log_options() const {
    context::GitObjects::LogOptions log{.most = options_.most, .first_parent = options_.first_parent};
    if (!ranges_.empty()) log.from = ranges_.front();
    if (options_.since.empty()) return log;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    log.since =
        text::parse_time(options_.since, std::chrono::duration_cast<std::chrono::seconds>(now).count());
    if (log.since) return log;
    complain(fmt::format("--since {}: write a date such as 2026-05-07, or a time such as '2 weeks ago'",
                         options_.since));
    return std::nullopt;
  }

  std::optional<history::Options> replay_options() {
    history::Options options{.here = current_folder()};
    options.progress = [this](size_t done, size_t all) {
      constexpr size_t kOften = 64;
      if (done % kOften == 0) line_.show(fmt::format("replaying commit {} of {}", done, all));
    };
    for (const std::string& text : options_.cache_from) {
      if (text == "defined") {
        complain("--cache-from defined: history takes a mode: none, inline, min or max");
        return std::nullopt;
      }
      const auto import = project::parse_cache_import(text);
      if (!import) {
        complain("--cache-from: " + text::words_of(import.error()));
        return std::nullopt;
      }
      if (import->mode_is_assumed)
        complain(fmt::format("note: --cache-from {} has no mode; min is assumed, the default", text));
      options.cache_from.push_back(import->import);
    }
    return options;
  }

  tl::expected<history::History, std::string> replay(std::shared_ptr<const context::GitObjects> objects,
                                                     std::vector<context::Commit> commits,
                                                     const std::string& root,
                                                     const history::Options& options) {
    const context::ObjectId newest = commits.back().tree;
    const auto read = [&](const std::shared_ptr<const context::CommitFiles>& files,
                          const std::shared_ptr<const context::FileSystem>& seen) {
      const bool is_newest = files->tree() == newest;
      bool ignored = false;
      Selection selection =
          select_images_at(flags_, seen, find_at(*files, root), is_newest, is_newest ? failed_ : ignored);
      return history::ImagesAtCommit{std::move(selection.project), std::move(selection.meant)};
    };
    return history::replay(std::move(objects), std::move(commits), read, options);
  }

  void complain_of_gaps(const history::History& history, const context::GitRepository& repository) const {
    for (const std::string& note : history.notes)
      complain("note: " + note);
    if (repository.is_shallow())
      complain("note: this clone is shallow: only the commits that it has are counted");
  }

  const Options& options_;
  BuildFlags flags_;
  std::vector<std::string> ranges_;
  bool failed_ = false;
  ProgressLine line_;
};

}  // namespace

Command history_command() {
  auto options = std::make_shared<Options>();
  Command command("history", "Show how often each step would have been rebuilt over the last commits");
  command.arguments("RANGE", options->words,
                    "The commits: A..B, A...B to start where both parted, or a revision with all that it is "
                    "based on (default: HEAD); or the path of "
                    "a Dockerfile");
  command.number("-n,--max-count", "COUNT", options->most, "At most that many commits, the newest ones");
  command.text("--since", "TIME", options->since,
               "Only commits since then: a date such as 2026-05-07, or '2 weeks ago'");
  command.flag("--first-parent", options->first_parent, "Follow only the first parent of merges");
  command.texts("--git", "RANGE", options->git, "The same as the argument");
  command.texts(
      "--cache-from", "MODE[:STAGE]", options->cache_from,
      "Each commit is built by a worker that starts empty and imports what the build before exported: none, "
      "inline, "
      "min or max, or an option of docker buildx build (default: the builder keeps all that it built)");
  add_build_options(command, options->build, Dockerfiles::kSeveral);
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  command.flag("--steps", options->steps, "In JSON, also what each step did at each commit");
  command.notes =
      "Reads commits from git, without a checkout; also in a bare repository. Dockerfiles, ignore files and\n"
      "definitions of images are those of each commit. Files that git does not track are not counted.";
  command.examples =
      "  dcache history\n"
      "  dcache history -f build/Dockerfile -n 1000 --first-parent\n"
      "  dcache history --image api v1.0..v2.0\n"
      "  dcache history --since '3 months ago' --cache-from min   # CI workers that start empty\n"
      "  dcache history --format json --steps";
  command.exit_status = "0, or 2 if the commits or the images of the newest one can't be read.";
  command.run = [options] { return Question(*options).run(); };
  return command;
}

}  // namespace dcache::cli
