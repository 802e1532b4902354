#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/cache/state_file.h"
#include "dcache/project/effects.h"
#include "dcache/project/snapshots.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::string output = "-";
};

// The builds of one image, the first one being that for its first platform. Says on standard error what went
// wrong.
bool record(std::vector<cache::Build> builds, const std::string& output) {
  if (builds.empty()) return false;
  constexpr bool kMakeKeys = false;
  for (cache::Build& build : builds)
    hash_files(build, kMakeKeys);
  if (!complain_of_problems(builds.front())) return false;
  std::string text = cache::write_state(builds.front(), std::span(builds).subspan(1));
  if (output == "-") {
    print_and_clear(text);
    return true;
  }
  // A snapshot can be recorded again, and one that a power cut emptied is refused: there is no need to wait.
  return write_output(output, text, text::Durability::kLazy);
}

bool has_choice(const BuildFlags& flags) {
  return !flags.files.empty() || !flags.images.empty() || !flags.context.empty();
}

Selection all_images(const BuildFlags& flags, bool& failed) {
  Selection selection;
  if (auto project = read_images(flags, failed)) selection.project = std::move(*project);
  for (size_t i = 0; i < selection.project.images.size(); ++i)
    selection.meant.push_back(i);
  return selection;
}

// One file in the folder for each image.
int record_all(const Options& options) {
  bool failed = false;
  const Selection selection =
      has_choice(options.build) ? select_images(options.build, failed) : all_images(options.build, failed);
  if (!may_write(options.output)) return kError;
  std::error_code failure;
  std::filesystem::create_directories(text::system_path(options.output), failure);
  if (failure) {
    complain(fmt::format("{}: {}", options.output, failure.message()));
    return kError;
  }
  for (const size_t index : selection.meant) {
    const project::Image& image = selection.project.images[index];
    if (!image.remote.empty()) {
      complain(fmt::format("warning: {}: {}, so it is left out", image.target.name, image.remote));
      continue;
    }
    if (const std::string reason = project::made_before(image); !reason.empty()) {
      const project::Origin& origin = image.origin();
      complain(fmt::format("warning: {}:{}: {}: {}, so it is left out", origin.path, origin.line,
                           image.target.name, reason));
      continue;
    }
    const std::string path = text::join_path(options.output, project::snapshot_name(image));
    if (!record(load_platforms(image), path)) failed = true;
  }
  return failed ? kError : kOk;
}

int run(const Options& options) {
  std::error_code unknown;
  if (options.output.ends_with('/') ||
      std::filesystem::is_directory(text::system_path(options.output), unknown))
    return record_all(options);
  return record(load_platforms(options.build), options.output) ? kOk : kError;
}

}  // namespace

Command snapshot_command() {
  auto options = std::make_shared<Options>();
  Command command("snapshot", "Record the state of a build, to compare with it later");
  command.text("-o,--output", "FILE", options->output,
               "File to write; - for standard output; a folder (FOLDER/) gets one "
               "file for each image");
  add_build_options(command, options->build);
  add_store_option(command, options->build);
  add_builder_options(command, options->build);
  command.notes =
      "The file contains the Dockerfile, the build arguments and hashes of the files that steps read. Write "
      "it outside the build context, or list it in the ignore file: COPY . . would copy it too.";
  command.examples =
      "  dcache snapshot -o /tmp/before.json\n"
      "  dcache explain --since /tmp/before.json\n"
      "  dcache snapshot -o /tmp/before/            # all images of the repository\n"
      "  dcache affected --since /tmp/before";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
