#include "dcache/report/keys.h"

#include <algorithm>

#include <fmt/format.h>

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
  const auto starts_there = [&](const plan::Step& step) {
    return step.instruction->start_line == options.files;
  };
  if (options.files != 0 && std::ranges::none_of(build->graph().steps, starts_there)) {
    complain(fmt::format("--files {}: no step starts in this line of {}", options.files,
                         build->options().dockerfile));
    return kError;
  }
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

void add_format(Command& command, Options& options) {
  command.text("--format", "", options.format, "Output format").choices = {"text", "json"};
}

}  // namespace

Command keys_command() {
  auto options = std::make_shared<Options>();
  Command command("keys", "Print the cache key of every step, and the files it is made of");
  command.number("--files", "LINE", options->files, "List the files of the step that starts in this line");
  add_build_options(command, options->build);
  add_store_option(command, options->build);
  add_format(command, *options);
  add_builder_options(command, options->build);
  command.notes = "Compare keys with each other; they are not the keys of a builder.";
  command.examples = "  dcache keys -f Dockerfile --files 6";
  command.run = [options] { return run_keys(*options); };
  return command;
}

Command context_command() {
  auto options = std::make_shared<Options>();
  Command command("context", "Show what is in the build context, and what no step reads");
  add_build_options(command, options->build);
  add_format(command, *options);
  command.examples = "  dcache context --target build";
  command.run = [options] { return run_context(*options); };
  return command;
}

}  // namespace dcache::cli
