#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/cache/state_file.h"
#include "dcache/text/file_io.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::string output = "-";
};

int run(const Options& options) {
  auto build = load_build(options.build);
  if (!build) return kError;
  constexpr bool kMakeKeys = false;
  hash_files(*build, kMakeKeys);
  warn_of(*build);
  std::string text = cache::write_state(*build);
  if (options.output == "-") {
    print_and_clear(text);
    return kOk;
  }
  // A snapshot can be recorded again, and one that a power cut emptied is refused: there is no need to wait.
  const std::string failure = text::write_file_atomically(options.output, text, text::Durability::kLazy);
  if (failure.empty()) return kOk;
  complain(failure);
  return kError;
}

}  // namespace

Command snapshot_command() {
  auto options = std::make_shared<Options>();
  Command command("snapshot", "Record the state of a build, to compare with it later");
  command.text("-o,--output", "FILE", options->output, "File to write; - for standard output");
  add_build_options(command, options->build);
  add_store_option(command, options->build);
  add_builder_options(command, options->build);
  command.notes =
      "The file contains the Dockerfile, the build arguments and hashes of the files that steps read.\n"
      "Write it outside the build context, or ignore it: COPY . . would copy it too.";
  command.examples =
      "  dcache snapshot -o /tmp/before.json\n"
      "  dcache explain --since /tmp/before.json";
  command.run = [options] { return run(*options); };
  return command;
}

}  // namespace dcache::cli
