#include "dcache/report/affected.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "cli/unknown_names.h"
#include "dcache/cache/revision.h"
#include "dcache/context/disk.h"
#include "dcache/context/git.h"
#include "dcache/project/affected.h"
#include "dcache/project/definitions.h"
#include "dcache/project/needs.h"
#include "dcache/project/snapshots.h"
#include "dcache/text/failure.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> git;
  std::vector<std::string> changed;
  std::vector<std::string> since;
  std::vector<std::string> only;
  std::string format = "text";
  std::string left_out = "fail";
  bool exit_code = false;
};

// What a branch is compared with if nobody says: where it left the main branch.
constexpr std::array<std::string_view, 5> kMainBranches = {"origin/HEAD", "origin/main", "origin/master",
                                                           "main", "master"};

// A commit, and the branch that was left there.
struct BranchPoint {
  std::string commit;
  std::string_view branch;
};

std::optional<BranchPoint> default_revision() {
  const auto repository = context::GitRepository::open(".");
  if (!repository) {
    complain(repository.error() + "; name what changed: --changed FILE");
    return std::nullopt;
  }
  if (const auto head = repository->parse_range("HEAD"); !head) {
    complain(head.error());
    return std::nullopt;
  }
  for (const std::string_view branch : kMainBranches) {
    const auto base = repository->parse_range(fmt::format("{}...HEAD", branch));
    if (base) return BranchPoint{base->from, branch};
  }
  complain(
      "can't tell where this branch left the main branch: there is no origin/HEAD, origin/main, "
      "origin/master, main or "
      "master with a commit in common; name a revision with --git, and in CI fetch the history (fetch-depth: "
      "0)");
  return std::nullopt;
}

// The commits that have what a list of changes names as deleted: such lists mostly compare with the commit
// before, or with the one where the branch left the main branch.
std::vector<std::string> commits_before() {
  std::vector<std::string> commits = {"HEAD"};
  const auto repository = context::GitRepository::open(".");
  if (!repository) return commits;
  if (const auto before = repository->parse_range("HEAD~1..HEAD")) commits.push_back(before->from);
  for (const std::string_view branch : kMainBranches) {
    if (const auto base = repository->parse_range(fmt::format("{}...HEAD", branch)))
      commits.push_back(base->from);
  }
  return commits;
}

// The formats that have every image.
constexpr std::array<std::string_view, 3> kComplete = {"text", "json", "names"};

// What becomes of affected images that a format can't have.
const std::vector<std::string> kLeftOut = {"fail", "bake", "warn"};

// Whether a definition says something of an image that is not in its steps, and not in snapshots.
bool has_more_than_steps(const project::Image& image) {
  const project::Target& target = image.target;
  return !target.tags.empty() || !target.labels.empty() || !target.annotations.empty() ||
         !target.other_inputs.empty();
}

class Question {
 public:
  Question(const Options& options, bool& failed)
      : options_(options), failed_(failed), durations_(known_durations(options.build)) {}

  // About the images that are asked about.
  std::optional<report::AffectedAnswer> answer() {
    auto answer = answer_of_all();
    if (!answer) return std::nullopt;
    std::vector<project::ImageEffect>& images = answer->affected.images;
    for (const project::ImageEffect& effect : images) {
      if (report::is_affected(effect)) answer->rebuilt.insert(effect.image->target.name);
    }
    // It parses all Dockerfiles once more: only for the formats that may leave images out.
    if (std::ranges::find(kComplete, options_.format) == kComplete.end()) project::add_needs(project_.images);
    std::vector<project::ImageEffect> asked;
    for (size_t i = 0; i < images.size(); ++i) {
      if (is_asked(i)) asked.push_back(std::move(images[i]));
    }
    images = std::move(asked);
    for (const project::ImageEffect& effect : images) {
      if (effect.all_steps == nullptr || !report::is_affected(effect)) continue;
      const auto time = report::rebuild_time(effect.all_steps->build, effect.all_steps->report, durations_);
      if (time) answer->times.emplace(effect.image, *time);
    }
    answer->definitions = definitions_of_command();
    answer->is_complete = project_.failures.empty();
    return answer;
  }

 private:
  // The files that the command of the format is given. Bake does not know COMPOSE_FILE.
  std::vector<std::string> definitions_of_command() const {
    const std::vector<std::string>& named = options_.build.definitions;
    if (!named.empty() || options_.format != "compose-services") return named;
    const auto options = project_options_of(options_.build);
    return options ? project::files_of_compose_variable(".", options->read) : named;
  }

  std::optional<report::AffectedAnswer> answer_of_all() {
    if (!options_.changed.empty()) return answer_changed();
    if (!options_.since.empty()) return answer_since();
    if (!options_.git.empty()) return answer_git(options_.git, words_of(options_.git));
    const auto base = default_revision();
    if (!base) return std::nullopt;
    constexpr size_t kShortCommit = 12;
    return answer_git({base->commit}, fmt::format("the changes since {}, where this branch left {}",
                                                  base->commit.substr(0, kShortCommit), base->branch));
  }

  bool is_asked(size_t image) const {
    return only_.empty() || std::ranges::find(only_, image) != only_.end();
  }

  std::optional<report::AffectedAnswer> answer_changed() {
    const auto changed = read_names(options_.changed);
    if (!changed || !read()) return std::nullopt;
    const std::vector<std::string> names = add_names_of_root(*changed, project_);
    const bool has_list = std::ranges::find(options_.changed, "-") != options_.changed.end();
    if (has_list && !names.empty() && std::ranges::all_of(names, is_gone)) {
      complain("warning: none of the changed files exists, so all of them count as deleted");
    } else {
      warn_of_unknown(unknown_among(*changed));
    }
    return report::AffectedAnswer{project::affected_by(project_, names, current_folder(), judging()),
                                  text::counted(changed->size(), "changed file")};
  }

  std::vector<std::string> unknown_among(const std::vector<std::string>& changed) const {
    std::vector<std::string> unknown = unknown_names(options_.changed, {"HEAD"}, project_);
    // In a subfolder, a name of the list may be there twice: from that folder, and from the root.
    const std::string here = current_folder() + "/", root = context::disk()->real_path(project_.root) + "/";
    std::vector<std::string> listed;
    for (const std::string& name : changed) {
      const bool is_typed = std::ranges::find(options_.changed, name) != options_.changed.end();
      if (is_typed || !is_gone(name)) continue;
      const size_t above = name.starts_with(here) ? here.size() : name.starts_with(root) ? root.size() : 0;
      std::string shown = name.substr(above);
      if (std::ranges::find(listed, shown) == listed.end()) listed.push_back(std::move(shown));
    }
    if (!listed.empty())
      std::ranges::move(unknown_names(listed, commits_before(), project_), std::back_inserter(unknown));
    return unknown;
  }

  std::optional<report::AffectedAnswer> answer_since() {
    if (!read()) return std::nullopt;
    const auto states = project::read_snapshots(options_.since, project_);
    if (!states) {
      complain(text::words_of(states.error()));
      return std::nullopt;
    }
    report::AffectedAnswer answer{project::affected_since(project_, *states, judging()),
                                  "the changes since " + text::list_words(options_.since)};
    if (std::ranges::any_of(project_.images, has_more_than_steps))
      answer.note =
          "Tags, labels, annotations and outputs that definitions give are not compared: snapshots do not "
          "contain them.";
    return answer;
  }

  std::optional<report::AffectedAnswer> answer_git(const std::vector<std::string>& ranges,
                                                   std::string words) {
    const auto revisions = cache::Revisions::open(".", ranges, disk_of(options_.build));
    if (!revisions) {
      complain(text::words_of(revisions.error()));
      return std::nullopt;
    }
    if (!read(revisions->after(), revisions->changed_paths())) return std::nullopt;
    const auto read_then = [&](const std::shared_ptr<const context::FileSystem>& files) {
      return read_images(options_.build, failed_, files, revisions->changed_paths(), false)
          .value_or(project::Project());
    };
    return report::AffectedAnswer{project::affected_since(project_, *revisions, read_then, judging()),
                                  std::move(words)};
  }

  bool read(const std::shared_ptr<const context::FileSystem>& files = nullptr,
            const std::vector<std::string>& changed = {}) {
    auto project = read_images(options_.build, failed_, files, changed);
    if (!project) return false;
    project_ = std::move(*project);
    if (options_.only.empty()) return true;
    auto only = images_named(project_, options_.only, "--only");
    if (!only) return false;
    only_ = std::move(*only);
    return true;
  }

  project::AffectedOptions judging() {
    return {.only = only_,
            .keep_steps = !durations_.is_empty(),
            .platform_is_given = !options_.build.platform.empty(),
            .progress = std::ref(line_)};
  }

  static std::string words_of(const std::vector<std::string>& ranges) {
    if (ranges.front().find("..") != std::string::npos) return ranges.front();
    return "the changes since " + text::list_words(ranges);
  }

  const Options& options_;
  bool& failed_;
  observe::Durations durations_;
  project::Project project_;
  std::vector<size_t> only_;
  HashingLine line_;
};

// Whether the format has all images that it has to have.
bool complain_of_left_out(const report::AffectedAnswer& answer, report::AffectedFormat format,
                          const Options& options) {
  for (const std::string& warning : report::warnings_of(answer, format))
    complain("warning: " + warning);
  const std::vector<report::LeftOut> left_out = report::left_out_of(answer, format);
  std::vector<report::LeftOut> fatal;
  if (options.left_out == "fail") fatal = left_out;
  if (options.left_out == "bake") fatal = report::left_out_of_bake(answer, left_out);
  for (const report::LeftOut& image : left_out) {
    const bool error = std::ranges::find(fatal, image.image, &report::LeftOut::image) != fatal.end();
    complain(fmt::format("{}{} is affected and left out of {}: {}", error ? "" : "warning: ", image.image,
                         options.format, image.reason));
  }
  if (fatal.empty()) return true;
  complain(
      "build the images that are left out in another way and use --left-out warn, or ask only about other "
      "images (--only, --definition)");
  return false;
}

int run(const Options& options) {
  if (!is_one_question(options.changed, options.since, options.git)) return kError;
  bool failed = false;
  Question question(options, failed);
  auto answer = question.answer();
  if (!answer) return kError;
  answer->is_complete = answer->is_complete && !failed;
  const project::AffectedImages& affected = answer->affected;
  warn_of_outside(affected.outside, false);
  for (const std::string& warning : affected.warnings)
    complain("warning: " + warning);
  complain_of(affected.failures);
  failed = failed || !affected.failures.empty();
  for (const project::ImageEffect& effect : affected.images) {
    const bool is_defined = effect.image->origin().kind != project::DefinitionKind::kDockerfile;
    if (!report::is_affected(effect) || !is_defined) continue;
    complain_of(effect.failures);
    failed = failed || !effect.failures.empty();
  }
  std::string out;
  const auto& formats = report::affected_formats();
  const auto format =
      static_cast<report::AffectedFormat>(std::ranges::find(formats, options.format) - formats.begin());
  report::append_affected(*answer, format, report::Style(use_colour()), out);
  print_and_clear(out);
  failed = !complain_of_left_out(*answer, format, options) || failed;
  if (failed) return kError;
  return options.exit_code && std::ranges::any_of(affected.images, report::is_affected) ? kFindings : kOk;
}

}  // namespace

Command affected_command() {
  auto options = std::make_shared<Options>();
  options->build.with_left_out = true;
  Command command("affected", "List the images that a change rebuilds, and why");
  command.texts(
      "--git", "REVISION", options->git,
      "Compare the work tree with a revision, or two revisions: A..B, or A...B to start at their merge "
      "base (default: where the branch left origin/HEAD or the main branch)");
  Option& changed =
      command.texts("--changed", "FILE...", options->changed,
                    "Files that change, relative to the current folder; - for a list on standard input");
  changed.takes_rest = true;
  changed.if_none = std::string(kListMayBeEmpty);
  command.texts(
      "--since", "FOLDER", options->since,
      "Compare with the states that dcache snapshot recorded in this folder; give several, the last "
      "build last, if the builder has built several");
  Option& only =
      command.texts("--only", "NAME", options->only, "Only this image, or the images of this group");
  only.separator = ',';
  only.names_of = Option::Names::kImages;
  add_project_options(command, options->build);
  add_builder(command, options->build);
  add_store_option(command, options->build);
  command.text("--format", "", options->format, "Output format").choices = report::affected_formats();
  command
      .text(
          "--left-out", "", options->left_out,
          "What to do with affected images that github-matrix, bake-targets or compose-services can't list: "
          "exit with status 2 (fail), the same unless bake can build them (bake), or print a warning (warn)")
      .choices = kLeftOut;
  command.flag("--exit-code", options->exit_code, "Exit with status 1 if an image is affected");
  command.notes =
      "An image is left out only if none of its steps and nothing in its configuration can change. If dcache "
      "can't tell (a context that is downloaded, an argument that only CI knows, ADD of a URL without a "
      "checksum), the image is listed with the reason. An image that starts from an affected image, or "
      "copies "
      "from it, is affected too.";
  command.examples =
      "  dcache affected\n"
      "  dcache affected --git origin/main...HEAD\n"
      "  dcache affected --changed go.mod pkg/log/log.go\n"
      "  dcache affected --git origin/main...HEAD --format github-matrix >> matrix.json\n"
      "  docker buildx bake $(dcache affected --format bake-targets)";
  command.exit_status =
      "0, or 1 with --exit-code if an image is affected, or 2 if a definition can't be read or the format "
      "leaves out an affected image (see --left-out).";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
