#include "cli/lint_options.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/build_options.h"
#include "cli/lint_reports.h"
#include "dcache/lint/ignore_comment.h"
#include "dcache/text/suggest.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kRules = "Which rules run";
constexpr const char* kReports = "Reports";
constexpr const char* kFixes = "Fixes";
constexpr const char* kBaseline = "Baseline";
constexpr const char* kProject = "About the project";

// An option NAME=VALUE whose value is one of a few.
Option& add_pairs(Command& command, std::string_view name, std::string value, Pairs& pairs,
                  std::vector<std::string> values, std::string help) {
  const auto take = [&pairs, value, values = std::move(values)](const std::string& given) -> std::string {
    const size_t equals = given.find('=');
    if (equals == std::string::npos || std::ranges::find(values, given.substr(equals + 1)) == values.end())
      return fmt::format("expected {}, where {} is one of {}", value, value.substr(value.find('=') + 1),
                         fmt::join(values, ", "));
    pairs.emplace_back(given.substr(0, equals), given.substr(equals + 1));
    return "";
  };
  Option& option = command.choice(name, std::move(value), {}, take, std::move(help));
  option.repeats = true;
  return option;
}

void add_config_file(Command& command, LintOptions& options) {
  command.text(
      "--config", "FILE", options.config,
      "Configuration file (default: the nearest .dcache.toml, or else .hadolint.yaml, in the folder of the "
      "Dockerfile or above)");
}

void add_rule_options(Command& command, LintOptions& options) {
  Option& profile = command.text("--profile", "", options.rules.profile, "Set of rules to start from");
  profile.choices = {"default", "cache", "buildkit", "hadolint", "all"};
  profile.group = kRules;
  for (auto [name, target, help] :
       {std::tuple("--select", &options.rules.select,
                   "Run only these rules, by code or name; separated by commas"),
        std::tuple("--extend-select", &options.rules.extend_select,
                   "Also run these rules, which the profile leaves out; separated by commas"),
        std::tuple("--ignore", &options.rules.ignore,
                   "Do not run these rules; a prefix such as DC4 means all codes that start with it; "
                   "separated by commas")}) {
    Option& option = command.texts(name, "RULE", *target, help);
    option.separator = ',';
    option.names_of = Option::Names::kRules;
    option.group = kRules;
  }
  Option& level = add_pairs(command, "--level", "RULE=LEVEL", options.rules.levels,
                            {"error", "warning", "info", "style"}, "Report a rule at another level");
  level.names_of = Option::Names::kRules;
  level.group = kRules;
  Option& fail_on = command.text("--fail-on", "", options.rules.fail_on,
                                 "Exit with status 1 from this level on (default: warning)");
  fail_on.choices = {"error", "warning", "info", "style", "none"};
  fail_on.group = kRules;
  command.flag("--no-shellcheck", options.no_shellcheck, "Do not run ShellCheck on RUN scripts").group =
      kRules;
  command
      .flag("--report-unused-suppressions", options.rules.report_unused,
            "Report comments that do not silence any finding")
      .group = kRules;
}

void add_report_options(Command& command, LintOptions& options) {
  Option& format = command.texts(
      "--format", "FORMAT[=FILE]", options.formats,
      fmt::format("Output format: {}; FORMAT=FILE writes it to a file", fmt::join(format_names(), ", ")));
  for (const std::string_view name : format_names())
    format.choices.emplace_back(name);
  format.open_choices = true;
  format.take = [&options](const std::string& word) {
    std::string wrong = wrong_format(word);
    if (wrong.empty()) options.formats.push_back(word);
    return wrong;
  };
  format.group = kReports;
  command.text("--output", "FILE", options.output, "Write the report to a file, and text to standard output")
      .group = kReports;
  command
      .flag("-v,--verbose", options.verbose,
            "Show each of several equal findings, and which files were left out and why")
      .group = kReports;
  const auto sort = [&options](const std::string& order) {
    options.by_impact = order == "impact";
    return std::string();
  };
  command
      .choice("--sort", "", {"file", "impact"}, sort,
              "Order of findings: by file, or those first whose fix saves the most rebuilds (default: file)")
      .group = kReports;
  command.flag("--statistics", options.statistics, "Print how many findings each rule has, and no findings")
      .group = kReports;
  command
      .text("--sarif-category", "NAME", options.sarif_category,
            "Name of this SARIF report, if a commit has several")
      .group = kReports;
  command
      .flag("--sarif-suppressed", options.sarif_suppressed,
            "Include findings in SARIF that a comment or the baseline silences, marked as suppressed")
      .group = kReports;
}

void add_project_options(Command& command, LintOptions& options) {
  command
      .text("--context", "DIR", options.build.context,
            "Build context (default: as a definition says, or the nearest folder that has what the "
            "Dockerfile copies)")
      .group = kProject;
  add_image_options(command, options.build, {.profile = "--definition-profile", .group = kProject});
  add_builder(command, [&options](plan::Builder builder) { options.rules.builder = builder; }).group =
      kProject;
  command
      .text("--minimum-engine", "VERSION", options.rules.minimum_engine,
            "Oldest Docker Engine to support, such as 20.10")
      .group = kProject;
  Option& registries = command.texts("--trusted-registry", "HOST", options.rules.trusted_registries,
                                     "Registry that base images may come from (DL3026)");
  registries.separator = ',';
  registries.group = kProject;
  add_pairs(command, "--label-schema", "LABEL=TYPE", options.rules.labels,
            {"text", "rawtext", "url", "rfc3339", "spdx", "hash", "semver", "email"},
            "Label that images need, and its type (DL3049 and following)")
      .group = kProject;
  command.flag("--strict-labels", options.rules.strict_labels, "Report labels that are not in the schema")
      .group = kProject;
}

}  // namespace

void add_lint_options(Command& command, LintOptions& options) {
  command.arguments(
      "PATH", options.paths,
      "Dockerfiles, ignore files, GitHub workflows, .gitlab-ci.yml, folders to search for them, patterns "
      "such as 'services/**/Dockerfile', or - for a Dockerfile on standard input (default: the current "
      "folder)");
  add_config_file(command, options);
  command.flag("--show-config", options.show_config, "Print the configuration for the path, and exit");
  command.flag("--no-gitignore", options.no_gitignore, "Search folders for files that git ignores, too");
  Option& exclude = command.texts(
      "--exclude", "PATTERN", options.exclude,
      "Leave out files and folders of a search, with patterns as in .dockerignore; separated by commas");
  exclude.separator = ',';
  command.flag("--fix", options.fix, "Apply safe fixes").group = kFixes;
  command
      .flag("--unsafe-fixes", options.unsafe_fixes,
            "With --fix or --diff: also fixes that may change the image")
      .group = kFixes;
  Option& add_ignores = command.text("--add-ignores", "REASON", options.add_ignores,
                                     "Silence the findings (with --fix, those that are left) with comments "
                                     "'# dcache ignore=CODE REASON' in the files");
  add_ignores.take = [&options](const std::string& reason) {
    options.add_ignores = reason;
    return lint::wrong_reason(reason);
  };
  add_ignores.group = kFixes;
  command
      .flag("--diff", options.diff, "Show the changes of --fix, or of --add-ignores, and do not change files")
      .group = kFixes;
  command.flag("--watch", options.watch, "Keep running, and lint again when a file changes");
  add_rule_options(command, options);
  add_report_options(command, options);
  command.text("--baseline", "FILE", options.baseline, "Leave out the findings that this file lists").group =
      kBaseline;
  command
      .text("--make-baseline", "FILE", options.new_baseline,
            "Write all findings to a file for --baseline; exit status 0 unless a Dockerfile can't be built")
      .group = kBaseline;
  add_project_options(command, options);
}

namespace {

// Variables of other programs may start in the same way, so that only what is nearly one of ours is a
// mistake.
void warn_of_misspelt_variables() {
  constexpr std::array<std::string_view, 6> kNames = {"DCACHE_CONFIG",        "DCACHE_PROFILE",
                                                      "DCACHE_FAIL_ON",       "DCACHE_SELECT",
                                                      "DCACHE_EXTEND_SELECT", "DCACHE_IGNORE"};
  for (const auto& [name, value] : environment()) {
    if (!name.starts_with("DCACHE_") || text::is_one_of(name, kNames)) continue;
    if (const std::string_view meant = text::closest(name, kNames); !meant.empty())
      complain(
          fmt::format("warning: the environment variable {} is not known; did you mean {}?", name, meant));
  }
}

}  // namespace

void add_environment(LintOptions& options) {
  warn_of_misspelt_variables();
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text == nullptr ? "" : text);
  };
  const auto list = [&](const char* name) {
    std::vector<std::string> words;
    const std::string text = value(name);
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(',', at), text.size());
      if (end > at) words.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return words;
  };
  const auto add = [&](const char* name, auto member, auto given) {
    if (given.empty()) return;
    lint::Overrides one;
    one.*member = std::move(given);
    options.of_environment.emplace_back(name, std::move(one));
  };
  const lint::Overrides& rules = options.rules;
  if (options.config.empty()) options.config = value("DCACHE_CONFIG");
  if (rules.profile.empty()) add("DCACHE_PROFILE", &lint::Overrides::profile, value("DCACHE_PROFILE"));
  if (rules.fail_on.empty()) add("DCACHE_FAIL_ON", &lint::Overrides::fail_on, value("DCACHE_FAIL_ON"));
  if (rules.select.empty()) add("DCACHE_SELECT", &lint::Overrides::select, list("DCACHE_SELECT"));
  add("DCACHE_EXTEND_SELECT", &lint::Overrides::extend_select, list("DCACHE_EXTEND_SELECT"));
  add("DCACHE_IGNORE", &lint::Overrides::ignore, list("DCACHE_IGNORE"));
}

bool LintOptions::selects() const {
  const auto has = [](const auto& one) { return !one.second.select.empty(); };
  return !rules.select.empty() || std::ranges::any_of(of_environment, has);
}

void add_config_options(Command& command, LintOptions& options) {
  command.arguments("PATH", options.paths, "A Dockerfile, or a folder (default: the current one)");
  add_config_file(command, options);
  add_rule_options(command, options);
}

}  // namespace dcache::cli
