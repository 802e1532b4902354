#include "cli/lint_options.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/build_options.h"
#include "cli/lint_reports.h"

namespace dcache::cli {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// An option of the form NAME=VALUE that may be given again, whose value is one of a few.
CLI::Option* add_pairs(CLI::App& command, const std::string& option, Pairs& pairs, const std::string& what,
                       std::vector<std::string> values) {
  const auto take = [&pairs](const std::vector<std::string>& given) {
    for (const std::string& one : given) {
      const size_t equals = one.find('=');
      pairs.emplace_back(one.substr(0, equals), one.substr(equals + 1));
    }
  };
  const auto check = [values = std::move(values)](const std::string& given) -> std::string {
    const size_t equals = given.find('=');
    const bool known =
        equals != std::string::npos && std::ranges::find(values, given.substr(equals + 1)) != values.end();
    return known ? "" : fmt::format("'{}' does not end with = and one of {}", given, fmt::join(values, ", "));
  };
  return command.add_option_function<std::vector<std::string>>(option, take, what)
      ->allow_extra_args(false)
      ->check(CLI::Validator(check, ""));
}

}  // namespace

void add_lint_options(CLI::App& command, LintOptions& options) {
  command
      .add_option("paths", options.paths,
                  "Dockerfiles, ignore files, GitHub workflows, .gitlab-ci.yml, folders to search "
                  "for\nthem, patterns such as 'services/**/Dockerfile', or - for a Dockerfile on standard\n"
                  "input")
      ->capture_default_str();
  command
      .add_option(
          "--format", options.formats,
          fmt::format("Output format: {};\nFORMAT=FILE writes it to a file. Can be given several times",
                      fmt::join(format_names(), ", ")))
      ->check(wrong_format)
      ->allow_extra_args(false)
      ->type_name(fmt::format("FORMAT:{{{}}}", fmt::join(format_names(), ",")))
      ->option_text("FORMAT[=FILE]");
  command.add_option("--output", options.output, "Write the report to a file, and text to standard output");
  command
      .add_option("--sarif-category", options.sarif_category,
                  "Tell this SARIF report from others of the same commit")
      ->type_name("NAME");
  command.add_flag("--sarif-suppressed", options.sarif_suppressed,
                   "List in SARIF also what comments and the baseline silence, as suppressed");
  command.add_flag("--no-gitignore", options.no_gitignore, "Search folders for what git ignores, too");
  command.add_option("--profile", options.profile, "Which rules run")
      ->check(CLI::IsMember({"default", "cache", "buildkit", "hadolint", "all"}));
  command.add_option("--select", options.select, "Run exactly these rules, by code or name")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--ignore", options.ignore, "Leave out these rules")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--fail-on", options.fail_on, "Exit with 1 from this level on (default: warning)")
      ->check(CLI::IsMember({"error", "warning", "info", "style", "none"}));
  command.add_flag("--fix", options.fix, "Mend what can be mended safely");
  command.add_flag("--unsafe-fixes", options.unsafe_fixes,
                   "With --fix or --diff: also fixes that may change the image");
  command.add_flag("--diff", options.diff, "Print what --fix would change, and change nothing");
  command.add_option(
      "--config", options.config,
      "Configuration file (default: the nearest .dcache.toml, or else .hadolint.yaml, above the\n"
      "Dockerfile)");
  command.add_flag("--show-config", options.show_config,
                   "Print the configuration that holds for the path, and stop");
  add_pairs(command, "--level", options.levels, "Report a rule at another level; can be given several times",
            {"error", "warning", "info", "style"})
      ->type_name("CODE=LEVEL");
  command.add_option("--minimum-engine", options.minimum_engine, "No builder is older than this Docker")
      ->type_name("MAJOR.MINOR");
  command.add_option("--builder", options.builder, "Who builds: buildkit (default), classic or buildah")
      ->transform(CLI::CheckedTransformer(builders_by_name()))
      ->type_name("NAME")
      ->option_text("NAME");
  command
      .add_option("--trusted-registry", options.trusted_registries,
                  "Where base images may come from (DL3026)")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_pairs(command, "--label-schema", options.labels,
            "A label that images have, and its type (DL3049 and following)",
            {"text", "rawtext", "url", "rfc3339", "spdx", "hash", "semver", "email"})
      ->type_name("LABEL=TYPE");
  command.add_option("--baseline", options.baseline, "Leave out the findings that this file lists")
      ->type_name("FILE");
  command
      .add_option("--make-baseline", options.new_baseline,
                  "List all findings in a file, for --baseline, and succeed")
      ->type_name("FILE");
  command.add_flag("--report-unused-suppressions", options.report_unused,
                   "Comments that silence nothing are findings too");
  command.add_flag("--no-shellcheck", options.no_shellcheck,
                   "Don't ask ShellCheck about the text of RUN, though it is installed");
  command.add_flag("-v,--verbose", options.verbose,
                   "Show equal findings one by one, and say what was left out, and why");
  command.add_flag("--strict-labels", options.strict_labels, "Images have no other labels than those");
  command.add_option("--context", options.context, "The build context (default: the Dockerfile's folder)");
}

}  // namespace dcache::cli
