#include "cli/lint_inputs.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "cli/selection.h"
#include "cli/terminal.h"
#include "dcache/context/boundary.h"
#include "dcache/context/git.h"
#include "dcache/context/sparse_checkout.h"
#include "dcache/ignore/matcher.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"
#include "dcache/text/system_path.h"
#include "dcache/text/words.h"

namespace dcache::cli {
namespace {

namespace fs = std::filesystem;

// Why a search passes a path over: see project::DiscoveredFiles::left_out.
std::string_view reason_of(std::string_view path) {
  if (path.ends_with('/')) return "it contains vendored files; name it, or a Dockerfile in it, to lint it";
  return project::is_dockerfile_name(path) ? "it does not start like a Dockerfile; name it to lint it"
                                           : "its name is not that of a Dockerfile; name it to lint it";
}

// Whether it is a workflow that never runs: GitHub looks for workflows at the root of a repository alone.
bool is_idle_workflow(const std::string& path) {
  if (project::related_file_kind(path) != project::RelatedFileKind::kWorkflow) return false;
  const fs::path folder = text::system_path(context::resolved_path(path)).parent_path();
  const std::string root = context::repository_root(text::portable_path(folder.string()));
  return !root.empty() && folder.parent_path().parent_path() != text::system_path(root);
}

// Says what of the folders git has, and is not here.
void warn_of_left_out(const std::vector<std::string>& folders) {
  std::vector<std::string> left_out;
  for (const std::string& folder : folders) {
    if (!fs::is_directory(text::system_path(folder))) continue;
    for (std::string& path : context::SparseCheckout(folder).left_out_of(folder)) {
      if (project::is_dockerfile_name(path)) left_out.push_back(std::move(path));
    }
  }
  if (left_out.empty()) return;
  const bool is_one = left_out.size() == 1;
  complain(fmt::format("warning: the sparse checkout leaves out {}{}: add {} with git sparse-checkout add",
                       is_one ? "" : text::counted(left_out.size(), "Dockerfile") + ", for example ",
                       left_out.front(), is_one ? "its folder" : "their folders"));
}

std::vector<std::string> names_of(const project::DiscoveredFiles& found) {
  std::vector<std::string> names = found.files;
  names.insert(names.end(), found.definitions.begin(), found.definitions.end());
  return names;
}

}  // namespace

std::optional<std::vector<LintInput>> LintInputs::find(bool& failed) {
  const std::string& context = options_.build.context;
  const bool is_there = fs::is_directory(text::system_path(context)) || context == cache::kNoContext;
  const bool searches = options_.build.images.empty() && (context.empty() || is_there);
  if (!searches && options_.watch) found_ = names();
  if (!context.empty() && !is_there) {
    complain(fmt::format("--context {}: there is no such folder", context));
    return std::nullopt;
  }
  if (!options_.build.images.empty()) return find_images(failed);
  const project::DiscoveredFiles found = find_files(paths(), find_options(), failed);
  if (options_.watch) found_ = names_of(found);
  for (const std::string& path : found.left_out) {
    if (options_.verbose) complain(fmt::format("{} is left out: {}", path, reason_of(path)));
  }
  if (options_.build.definitions.empty()) definitions_ = found.definitions;
  images_->add(definitions_);
  const auto excluded = ignore::Matcher::compile(options_.exclude);
  if (!excluded) {
    complain(fmt::format("--exclude: {}", excluded.error().message));
    return std::nullopt;
  }
  std::vector<LintInput> inputs;
  for (const std::string& path : found.files) {
    if (!is_named(path) && is_idle_workflow(path)) {
      if (options_.verbose)
        complain(fmt::format(
            "{} is left out: GitHub runs the workflows at the root of a repository alone; name it "
            "to lint it",
            path));
      continue;
    }
    const auto is_excluded = [&] {
      const std::string relative =
          text::relative_path(context::absolute_path(path), context::current_folder());
      return excluded->decide(relative).ignored;
    };
    if (options_.exclude.empty() || is_named(path) || !is_excluded()) inputs.push_back({path});
  }
  if (options_.build.definitions.empty() && !found.definitions.empty()) add_defined(inputs);
  const auto is_related = [](const LintInput& input) {
    return !input.image && project::related_file_kind(input.path).has_value();
  };
  if (std::ranges::all_of(inputs, is_related)) warn_of_left_out(paths());
  return inputs;
}

// What definitions in the folders build next to the Dockerfiles that a search finds by their names: those of
// other names, and texts in definitions.
void LintInputs::add_defined(std::vector<LintInput>& inputs) const {
  std::set<std::string> known;
  for (const LintInput& input : inputs)
    known.insert(files_.real_path(input.path));
  for (project::Image& image : images_->defined_so_far().images) {
    const std::string path = image.build.dockerfile;
    if (!image.remote.empty()) continue;
    if (image.build.dockerfile_text) {
      inputs.push_back({path, std::make_shared<const project::Image>(std::move(image))});
    } else if (files_.exists(path) && is_searched(path) && known.insert(files_.real_path(path)).second) {
      inputs.push_back({path});
    }
  }
}

// Whether a file is in a folder that is searched, and in none that a search passes over.
bool LintInputs::is_searched(const std::string& path) const {
  for (std::string_view rest = text::parent_path(path); !rest.empty() && !text::is_root(rest) && rest != ".";
       rest = text::parent_path(rest)) {
    if (project::is_vendored_folder(text::base_name(rest))) return false;
  }
  if (options_.paths.empty()) return !path.starts_with("../") && !text::is_absolute(path);
  return std::ranges::any_of(options_.paths, [&](const std::string& folder) {
    const std::string clean = text::clean_path(folder);
    return clean == "." ? !path.starts_with("../") && !text::is_absolute(path) : text::is_within(path, clean);
  });
}

// The Dockerfiles of --image, each once: as the first image that is named is built from it.
std::optional<std::vector<LintInput>> LintInputs::find_images(bool& failed) {
  if (!options_.paths.empty()) {
    complain("name files or images, but not both: --image says which Dockerfile is linted");
    return std::nullopt;
  }
  std::vector<LintInput> inputs;
  Selection selection = select_images(options_.build, failed);
  for (const size_t index : selection.meant) {
    project::Image& image = selection.project.images[index];
    const std::string path = image.build.dockerfile;
    if (!image.remote.empty()) {
      complain_of_unknown(image, image.remote);
      failed = true;
      continue;
    }
    if (std::ranges::find(inputs, path, &LintInput::path) != inputs.end()) continue;
    const bool is_defined = image.origin().kind != project::DefinitionKind::kDockerfile;
    inputs.push_back({path, is_defined ? std::make_shared<const project::Image>(std::move(image)) : nullptr});
  }
  if (inputs.empty()) return std::nullopt;
  return inputs;
}

std::vector<std::string> LintInputs::names() const {
  return names_of(project::find_dockerfiles(paths(), find_options()));
}

std::vector<std::string> LintInputs::paths() const {
  return options_.paths.empty() ? std::vector<std::string>{"."} : options_.paths;
}

project::FindOptions LintInputs::find_options() const {
  return {.related_files = true, .definitions = true, .gitignore = !options_.no_gitignore};
}

bool LintInputs::is_named(const std::string& path) const {
  return std::ranges::find(options_.paths, path) != options_.paths.end();
}

}  // namespace dcache::cli
