#include "cli/lint_settings.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/lint/hadolint_config.h"
#include "dcache/process/program.h"
#include "dcache/text/failure.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Something that is said about an option, which the text names without dashes first, or about the variable
// that took its place.
std::string with_place(const std::string& variable_name, const std::string& said) {
  return variable_name.empty() ? "--" + said : variable_name + said.substr(said.find(':'));
}

}  // namespace

context::DiskOptions disk_of(const LintOptions& options) {
  context::DiskOptions disk;
  if (!options.build.context.empty()) disk.folders.push_back(options.build.context);
  disk.within = readable_folders(options.build, options.paths);
  std::error_code unknown;
  for (const std::string& path : options.paths)
    (fs::is_directory(text::system_path(path), unknown) ? disk.folders : disk.named).push_back(path);
  disk.named.insert(disk.named.end(), options.build.definitions.begin(), options.build.definitions.end());
  // A configuration above the repository is the user's own.
  std::string above = lint::find_config(".", *context::disk());
  if (text::is_within(above, disk.within.front())) above.clear();
  for (const std::string& config :
       {options.config, above, lint::find_hadolint_home(variable, *context::disk())}) {
    if (!config.empty()) disk.named.push_back(config);
  }
  return disk;
}

LintSettings::LintSettings(const LintOptions& options, const context::FileSystem& files)
    : options_(options), files_(files) {
  if (options.no_shellcheck) return;
  const std::string program = process::find_program("shellcheck");
  if (!program.empty()) {
    shellcheck_ = std::make_shared<const lint::ShellCheck>(
        lint::ShellCheck::Options{.program = program, .cache_folder = shellcheck_folder()});
  } else if (!options.selects()) {
    note_ = "ShellCheck is not installed, so mistakes in the scripts of RUN are not reported (SC codes)";
  }
}

bool LintSettings::check() const {
  const auto is_well = [](const std::string& name, const lint::Overrides& overrides) {
    std::vector<std::string> notes;
    const auto failure = lint::check(overrides, notes);
    for (const std::string& note : notes)
      complain("note: " + with_place(name, note));
    if (failure) complain(with_place(name, failure->path + ": " + text::words_of(*failure)));
    return !failure;
  };
  return std::ranges::all_of(options_.of_environment,
                             [&](const auto& one) { return is_well(one.first, one.second); }) &&
         is_well("", options_.rules);
}

void LintSettings::adjust(lint::Config& config) const {
  for (const auto& [name, overrides] : options_.of_environment)
    lint::apply(overrides, config);
  lint::apply(options_.rules, config);
  if (options_.no_shellcheck) config.shellcheck = false;
}

void LintSettings::add_layers(std::vector<lint::ConfigLayer>& layers) const {
  const auto add = [&](const std::string& origin, const lint::Overrides& overrides) {
    layers.push_back({origin, layers.back().config});
    lint::apply(overrides, layers.back().config);
  };
  for (const auto& [name, overrides] : options_.of_environment)
    add(name, overrides);
  for (const auto& [member, overrides] : lint::members_of(options_.rules))
    add("--" + member, overrides);
  if (!options_.no_shellcheck) return;
  layers.push_back({"--no-shellcheck", layers.back().config});
  layers.back().config.shellcheck = false;
}

lint::Linters::Options LintSettings::linters() const {
  return {.config = options_.config,
          .variables = variable,
          .adjust = [this](lint::Config& config) { adjust(config); },
          .shellcheck = shellcheck_,
          .files = &files_};
}

}  // namespace dcache::cli
