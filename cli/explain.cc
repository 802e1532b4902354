#include "dcache/report/explain.h"

#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "dcache/cache/state_file.h"
#include "dcache/cache/what_if.h"
#include "dcache/text/file_io.h"
#include "dcache/text/glob.h"

namespace dcache::cli {
namespace {

struct Options {
  BuildFlags build;
  std::vector<std::string> changed;
  std::string since;
  std::string only;
  uint32_t why = 0;
  std::string format = "text";
};

const std::map<std::string, cache::Verdict> kVerdicts = {{"hit", cache::Verdict::kHit},
                                                         {"miss", cache::Verdict::kMiss},
                                                         {"depends", cache::Verdict::kDepends},
                                                         {"unused", cache::Verdict::kUnused},
                                                         {"unknown", cache::Verdict::kUnknown}};

// "when a.go and b.go change"
std::string occasion_of(const std::vector<std::string>& changed) {
  if (changed.empty()) return "when nothing changes";
  if (changed.size() == 1) return "when " + changed[0] + " changes";
  if (changed.size() == 2) return "when " + changed[0] + " and " + changed[1] + " change";
  return fmt::format("when {} and {} other files change", changed[0], changed.size() - 1);
}

// The names given, with `-` replaced by the lines of standard input, and patterns by what they match in the
// context.
std::optional<std::vector<std::string>> expand_names(const std::vector<std::string>& given,
                                                     const cache::Build& build) {
  std::vector<std::string> names;
  for (const std::string& name : given) {
    if (name == "-") {
      const auto list = text::read_file("-");
      if (!list) {
        complain(list.error());
        return std::nullopt;
      }
      std::istringstream lines(*list);
      for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) names.push_back(line);
      }
    } else if (text::has_wildcard(name) && build.context().find(name) == nullptr) {
      const size_t before = names.size();
      for (const context::Record& record : build.context().records()) {
        if (text::glob_match(name, record.path)) names.push_back(record.path);
      }
      if (names.size() == before) names.push_back(name);
    } else {
      names.push_back(name);
    }
  }
  return names;
}

int print(const Options& options, const cache::Build& build, const cache::Report& report,
          const std::vector<cache::ChangedPath>& paths, const std::string& occasion) {
  std::string out;
  const report::Style style(use_colour());
  if (options.format == "json") {
    report::append_explanation_json(build, report, paths, out);
  } else if (options.why != 0) {
    if (!report::append_why(build, report, options.why, style, out)) {
      complain(fmt::format("--why {}: no step starts in this line of {}", options.why,
                           build.options().dockerfile));
      return kError;
    }
  } else {
    report::ExplainOptions what{occasion};
    if (!options.only.empty()) what.only = kVerdicts.at(options.only);
    report::append_explanation(build, report, paths, what, style, out);
  }
  print_and_clear(out);
  return kOk;
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
  hash_files(build);
  return print(options, build, cache::compare(before->state(), build.state()), {}, "since " + options.since);
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
  const auto names = expand_names(options.changed, *build);
  if (!names) return kError;
  const cache::WhatIf what_if =
      cache::what_if_changed(*build, cache::locate(*build, *names, current_folder()));
  return print(options, *build, what_if.report, what_if.paths, occasion_of(*names));
}

}  // namespace

void add_explain(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explain", "Say which steps rebuild, and why");
  command->add_option(
      "--changed", options->changed,
      "Files that change, from the current folder or the context; a folder means all in it, a pattern "
      "what it matches in the context, and - a list on standard input");
  command->add_option("--since", options->since, "Compare with a state that `dcache snapshot` recorded");
  add_build_options(*command, options->build);
  add_store_option(*command, options->build);
  command->add_option("--only", options->only, "Show the steps with this verdict alone")
      ->check(CLI::IsMember({"hit", "miss", "depends", "unused", "unknown"}));
  command
      ->add_option("--why", options->why, "Show what makes the step in this line rebuild, and nothing else")
      ->type_name("LINE");
  command->add_option("--format", options->format, "Output format")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(
      "Marks: ✓ reused, ✗ rebuilt, ~ reused only if a rebuilt step gives the same output,\n"
      "       ? known only on the network, - not needed for the target\n\n"
      "Examples:\n"
      "  dcache explain --changed cmd/app1/main.go\n"
      "  dcache explain -f build/Dockerfile --context . --changed go.mod pkg/\n"
      "  git diff --name-only HEAD~1 | dcache explain --only miss --changed -\n"
      "  dcache explain --why 12 --changed '*.go'\n"
      "  dcache snapshot -o before.json && vi Dockerfile && dcache explain --since before.json\n\n"
      "Exit status: 0, or 2 where the Dockerfile or its context can't be read.");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace dcache::cli
