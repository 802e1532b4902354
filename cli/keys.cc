#include "dcache/report/keys.h"

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/report/context.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  uint32_t files = 0;
  std::string format = "text";
};

int run_keys(const Options& options) {
  auto build = load_build(options.build);
  if (!build) return kError;
  hash_files(*build);
  warn_of(*build);
  std::string out;
  if (options.format == "json") {
    report::append_keys_json(*build, out);
  } else {
    report::append_keys(*build, options.files, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return kOk;
}

int run_context(const Options& options) {
  const auto build = load_build(options.build, Ignored::kMeasured);
  if (!build) return kError;
  warn_of(*build);
  std::string out;
  if (options.format == "json") {
    report::append_context_json(*build, out);
  } else {
    report::append_context(*build, report::Style(use_colour()), out);
  }
  print_and_clear(out);
  return kOk;
}

void add_format(CLI::App& command, Options& options) {
  command.add_option("--format", options.format, "Output format")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace

void add_keys(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("keys", "Print the cache key of every step, with the files behind it");
  command->add_option("--files", options->files, "List the files of the step that starts on this line");
  add_build_options(*command, options->build);
  add_builder_options(*command, options->build);
  add_store_option(*command, options->build);
  add_format(*command, *options);
  command->footer(
      "Keys can be compared with each other, not with those of a builder.\n\n"
      "Example:\n  dcache keys -f Dockerfile --files 6");
  command->callback([options, &action] { action = [options] { return run_keys(*options); }; });
}

void add_context(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("context", "Show what the build context holds and what no step reads");
  add_build_options(*command, options->build);
  add_format(*command, *options);
  command->footer("Example:\n  dcache context --target build");
  command->callback([options, &action] { action = [options] { return run_context(*options); }; });
}

}  // namespace dcache::cli
