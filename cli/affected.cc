#include "dcache/report/affected.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/cache/revision.h"
#include "dcache/context/git.h"
#include "dcache/project/affected.h"
#include "dcache/text/failure.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> git;
  std::vector<std::string> changed;
  std::vector<std::string> only;
  std::string format = "text";
  bool exit_code = false;
};

// What a branch is compared with if nobody says: where it left the main branch.
constexpr std::array<std::string_view, 5> kMainBranches = {"origin/HEAD", "origin/main", "origin/master",
                                                           "main", "master"};

std::optional<std::string> default_revision() {
  const auto repository = context::GitRepository::open(".");
  if (!repository) {
    complain(repository.error() + "; name what changed: --changed FILE");
    return std::nullopt;
  }
  for (const std::string_view branch : kMainBranches) {
    const auto base = repository->parse_range(fmt::format("{}...HEAD", branch));
    if (base) return base->from;
  }
  complain(
      "can't tell where this branch left the main branch: there is no origin/HEAD, origin/main, "
      "origin/master, main or "
      "master with a commit in common; name a revision with --git, and in CI fetch the history (fetch-depth: "
      "0)");
  return std::nullopt;
}

std::optional<project::Affected> compare_revisions(const Options& options, const project::Project& project,
                                                   const cache::Revisions& revisions, bool& failed) {
  std::vector<project::Project> before;
  for (size_t i = 0; i < revisions.size(); ++i) {
    auto then = read_images(options.build, failed, revisions.before(i), revisions.changed_paths(), false);
    if (!then) return std::nullopt;
    before.push_back(std::move(*then));
  }
  HashingLine line;
  return project::affected_since(project, before, revisions, std::ref(line));
}

int run(Options options) {
  if (!options.git.empty() && !options.changed.empty()) {
    complain("--git and --changed can't be combined: give one of them");
    return kError;
  }
  const auto changed = read_names(options.changed);
  if (!changed) return kError;
  std::string compared_with = options.changed.empty() ? "" : text::counted(changed->size(), "changed file");
  if (options.changed.empty() && options.git.empty()) {
    const auto revision = default_revision();
    if (!revision) return kError;
    options.git = {*revision};
    compared_with = "the changes since " + revision->substr(0, 12);
  } else if (options.changed.empty()) {
    compared_with = "the changes since " + text::list_words(options.git);
    if (options.git.front().find("..") != std::string::npos) compared_with = options.git.front();
  }
  bool failed = false;
  std::optional<cache::Revisions> revisions;
  if (!options.git.empty()) {
    auto opened = cache::Revisions::open(".", options.git, context::disk());
    if (!opened) {
      complain(text::words_of(opened.error()));
      return kError;
    }
    revisions = std::move(*opened);
  }
  auto project = revisions
                     ? read_images(options.build, failed, revisions->after(), revisions->changed_paths())
                     : read_images(options.build, failed);
  if (!project) return kError;
  auto affected = revisions ? compare_revisions(options, *project, *revisions, failed)
                            : std::optional(project::affected_by(*project, *changed, current_folder()));
  if (!affected) return kError;
  complain_of(affected->failures);
  for (const project::ImageEffect& effect : affected->images)
    complain_of(effect.failures);
  if (!options.only.empty()) {
    auto kept = *project;
    if (!keep_images(kept, options.only, "--only")) return kError;
    std::erase_if(affected->images, [&](const project::ImageEffect& effect) {
      return std::ranges::none_of(kept.images, [&](const project::Image& image) {
        return image.target.name == effect.image->target.name;
      });
    });
  }
  std::string out;
  const auto& formats = report::affected_formats();
  const auto format = std::ranges::find(formats, options.format) - formats.begin();
  report::append_affected(*affected, compared_with, static_cast<report::AffectedFormat>(format),
                          report::Style(use_colour()), out);
  print_and_clear(out);
  failed = failed || !affected->failures.empty() ||
           std::ranges::any_of(affected->images,
                               [](const project::ImageEffect& e) { return !e.failures.empty(); });
  if (failed) return kError;
  return options.exit_code && std::ranges::any_of(affected->images, report::is_affected) ? kFindings : kOk;
}

}  // namespace

Command affected_command() {
  auto options = std::make_shared<Options>();
  Command command("affected", "List the images that a change rebuilds, and why");
  command.texts(
      "--git", "REVISION", options->git,
      "Compare the work tree with a revision, or two revisions: A..B, or A...B to start at their merge "
      "base (default: where the branch left origin/HEAD or the main branch)");
  command
      .texts("--changed", "FILE...", options->changed,
             "Files that change, relative to the current folder; - for a list on standard input")
      .takes_rest = true;
  command.texts("--only", "NAME", options->only, "Only this image, or the images of this group").separator =
      ',';
  add_project_options(command, options->build);
  add_builder(command, [options](plan::Builder builder) { options->build.builder = builder; });
  add_store_option(command, options->build);
  command.text("--format", "", options->format, "Output format").choices = report::affected_formats();
  command.flag("--exit-code", options->exit_code, "Exit with status 1 if an image is affected");
  command.notes =
      "An image is left out only if no step of it can change and its configuration does not. What can't be\n"
      "known (contexts that are downloaded, arguments that only CI knows, ADD of a URL without a checksum) "
      "is\n"
      "listed, with the reason. An image that starts or copies from an affected one is affected too.";
  command.examples =
      "  dcache affected\n"
      "  dcache affected --git origin/main...HEAD\n"
      "  dcache affected --changed go.mod pkg/log/log.go\n"
      "  dcache affected --git origin/main...HEAD --format github-matrix >> matrix.json\n"
      "  docker buildx bake $(dcache affected --format bake-targets)";
  command.exit_status =
      "0, or 1 with --exit-code if an image is affected, or 2 if a definition can't be read.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
