#include "dcache/report/explain.h"

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/text/file_io.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> changed;
  std::string since;
  std::string format = "text";
};

// "when a.go and b.go change"
std::string occasion_of(const std::vector<std::string>& changed) {
  if (changed.size() == 1) return "when " + changed[0] + " changes";
  if (changed.size() == 2) return "when " + changed[0] + " and " + changed[1] + " change";
  return fmt::format("when {} and {} other files change", changed[0], changed.size() - 1);
}

void print(const Options& options, const cache::Build& build, const cache::Report& report,
           const std::vector<cache::ChangedPath>& paths, const std::string& occasion) {
  std::string out;
  if (options.format == "json") {
    report::append_explanation_json(build, report, paths, out);
  } else {
    report::append_explanation(build, report, paths, report::printable(occasion), report::Style(use_colour()),
                               out);
  }
  print_and_clear(out);
}

int explain_since(const Options& options, cache::Build& build) {
  const auto text = text::read_file(options.since);
  if (!text) {
    complain(text.error());
    return kError;
  }
  const auto before = cache::read_state(*text);
  if (!before) {
    complain(fmt::format("{}: {}", options.since, before.error()));
    return kError;
  }
  build.hash_files();
  print(options, build, cache::compare(before->state(), build.state()), {}, "since " + options.since);
  return kOk;
}

int run(const Options& options) {
  if (options.changed.empty() == options.since.empty()) {
    complain("say what changed: --changed FILE… or --since SNAPSHOT");
    return kError;
  }
  auto build = load_build(options.build);
  if (!build) return kError;
  warn_of(*build);
  if (!options.since.empty()) return explain_since(options, *build);
  const cache::WhatIf what_if =
      cache::what_if_changed(*build, cache::locate(*build, options.changed, current_folder()));
  print(options, *build, what_if.report, what_if.paths, occasion_of(options.changed));
  return kOk;
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explain", "Say which steps rebuild, and why");
  command->add_option("--changed", options->changed,
                      "Files that change, from the current folder or the context; a folder means all in it");
  command->add_option("--since", options->since, "Compare with a state that `dcache snapshot` recorded");
  add_build_options(*command, options->build);
  command->add_option("--format", options->format, "Output format")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Marks: ✓ reused, ✗ rebuilt, ~ reused only if a rebuilt step gives the same output,\n"
      "       ? known only on the network, - not needed for the target\n\n"
      "Examples:\n"
      "  dcache explain --changed cmd/app1/main.go\n"
      "  dcache explain -f build/Dockerfile --context . --changed go.mod pkg/\n"
      "  dcache snapshot -o before.json && vi Dockerfile && dcache explain --since before.json\n\n"
      "Exit status: 0, or 2 where the Dockerfile or its context can't be read.");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace dcache::cli
