#include "dcache/report/images.h"

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/project/needs.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> only;
  std::string format = "text";
};

int run(const Options& options) {
  bool failed = false;
  auto project = read_images(options.build, failed);
  if (!project) return kError;
  project::add_needs(project->images);
  if (!options.only.empty() && !keep_images(*project, options.only, "--only")) return kError;
  std::string out;
  if (options.format == "json") {
    report::append_images_json(*project, out);
  } else {
    report::append_images(*project, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return failed ? kError : kOk;
}

}  // namespace

Command images_command() {
  auto options = std::make_shared<Options>();
  Command command("images", "List the images that the repository builds, and where each is defined");
  Option& only =
      command.texts("--only", "NAME", options->only, "Show only this image, or the images of this group");
  only.separator = ',';
  only.names_of = Option::Names::kImages;
  add_project_options(command, options->build);
  command.text("--format", "", options->format, "Output format").choices = {"text", "json"};
  command.notes =
      "Images are defined by Compose, docker buildx bake, Skaffold, GitHub Actions, GitLab CI and [[images]] "
      "in .dcache.toml. A Dockerfile that no definition names is an image too; its context is the nearest "
      "folder that contains what it copies.";
  command.examples =
      "  dcache images\n"
      "  dcache images --format json --only api\n"
      "  dcache images --definition docker-bake.hcl --set '*.args.VERSION=1.2'";
  command.exit_status =
      "0, or 2 if a definition can't be read; images of other definitions are still listed.";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
