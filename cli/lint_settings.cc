#include "cli/lint_settings.h"

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
  } else if (options.rules.select.empty()) {
    note_ = "ShellCheck is not installed, so mistakes in the scripts of RUN are not reported (SC codes)";
  }
}

bool LintSettings::check() const {
  std::vector<std::string> notes;
  const auto failure = lint::check(options_.rules, notes);
  for (const std::string& note : notes)
    complain("note: --" + note);
  if (failure) complain(fmt::format("--{}: {}", failure->path, text::words_of(*failure)));
  return !failure;
}

lint::Linters::Options LintSettings::linters() const {
  return {.config = options_.config,
          .variables = variable,
          .adjust = [this](lint::Config& config) { lint::apply(options_.rules, config); },
          .shellcheck = shellcheck_,
          .files = &files_};
}

}  // namespace dcache::cli
