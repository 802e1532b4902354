#include "dcache/lint/ignore_use.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dcache/dockerfile/parser.h"
#include "dcache/plan/planner.h"
#include "dcache/project/context_choice.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::lint {
namespace {

constexpr std::string_view kEnding = ".dockerignore";

// Files of programs that build images of their folder in their own way, most of them with its .dockerignore.
constexpr std::array<std::string_view, 13> kOtherBuilders = {
    "fly.toml",       "railway.json",   "railway.toml", "cog.yaml",   "Tiltfile",
    "serverless.yml", "cdk.json",       "okteto.yml",   "garden.yml", "captain-definition",
    "template.yaml",  "wrangler.jsonc", "wrangler.toml"};

// Whether a definition leaves open where the build looks for its ignore file.
bool is_open(const project::Image& image) {
  return std::ranges::any_of(image.target.unknown, [](const project::UnknownAttribute& unknown) {
    return unknown.attribute == "context" || unknown.attribute == "dockerfile" ||
           unknown.attribute == "contexts" || unknown.attribute.starts_with("contexts.");
  });
}

}  // namespace

IgnoreFileUse::IgnoreFileUse(const project::Project& project,
                             std::shared_ptr<const context::FileSystem> files)
    : files_(std::move(files)), root_(files_->real_path(project.root)), is_known_(project.failures.empty()) {
  for (const project::Image& image : project.images) {
    is_known_ = is_known_ && !is_open(image);
    for (const auto& [name, folder] : image.build.plan.named_contexts)
      named_contexts_.insert(files_->real_path(folder));
    if (!image.remote.empty()) continue;
    Build& build = builds_.emplace_back();
    build.shown = image.build.context;
    build.context = files_->real_path(build.shown);
    build.chosen = project::context_words(image);
    build.is_defined = image.origin().kind != project::DefinitionKind::kDockerfile;
    build.is_sure = !image.choice || project::is_certain(*image.choice);
    if (image.build.dockerfile_text) continue;
    build.dockerfile = files_->real_path(image.build.dockerfile);
    build.has_own = files_->exists(image.build.dockerfile + std::string(kEnding));
  }
}

std::optional<UnreadIgnoreFile> IgnoreFileUse::why_unread(const std::string& path) const {
  if (!is_known_) return std::nullopt;
  const std::string folder = files_->real_path(std::string(text::parent_path(path)));
  const std::string name(text::base_name(path));
  if (!name.ends_with(kEnding)) return std::nullopt;
  if (name != kEnding) return look_for_dockerfile(folder, name);
  if (named_contexts_.contains(folder)) return std::nullopt;
  const bool is_context = std::ranges::find(builds_, folder, &Build::context) != builds_.end();
  return is_context ? look_in_context(folder) : look_inside_context(folder);
}

std::optional<UnreadIgnoreFile> IgnoreFileUse::look_in_context(const std::string& folder) const {
  const Build* one = nullptr;
  for (const Build& build : builds_) {
    if (build.context != folder) {
      if (!build.is_sure && text::is_within(build.dockerfile, folder)) return std::nullopt;
      continue;
    }
    if (!build.has_own || !build.is_sure) return std::nullopt;
    one = &build;
  }
  if (one == nullptr || has_other_reader(folder)) return std::nullopt;
  return UnreadIgnoreFile{UnreadIgnoreFile::Reason::kShadowed, one->shown, one->chosen,
                          std::string(text::base_name(one->dockerfile)) + std::string(kEnding)};
}

std::optional<UnreadIgnoreFile> IgnoreFileUse::look_inside_context(const std::string& folder) const {
  const Build* around = nullptr;  // the nearest
  for (const Build& build : builds_) {
    if (may_be_context(folder, build)) return std::nullopt;
    const bool nearer = around == nullptr || build.context.size() > around->context.size();
    if (build.is_sure && text::is_within(folder, build.context) && nearer) around = &build;
  }
  if (around == nullptr || has_other_reader(folder)) return std::nullopt;
  return UnreadIgnoreFile{UnreadIgnoreFile::Reason::kInsideContext, around->shown, around->chosen,
                          around->has_own
                              ? std::string(text::base_name(around->dockerfile)) + std::string(kEnding)
                              : text::join_path(around->shown, kEnding)};
}

// Whether the folder may be the context of a build. What no definition says is a guess, and somebody may
// build it in another way.
bool IgnoreFileUse::may_be_context(const std::string& folder, const Build& build) const {
  if (build.is_defined) return build.context == folder;
  if (build.dockerfile.empty() || !text::is_within(build.dockerfile, folder))
    return !build.is_sure && build.context == folder;
  const auto source = files_->read(build.dockerfile);
  if (!source) return true;
  const dockerfile::File file = dockerfile::parse(*source);
  const project::ContextChoice choice =
      project::choose_context(plan::build_graph(file, {}), build.dockerfile, root_, *files_);
  if (choice.reason == project::ContextChoice::Reason::kNone) return true;
  return text::is_within(files_->real_path(choice.folder), folder) ||
         (!choice.may_be_above.empty() && text::is_within(folder, files_->real_path(choice.may_be_above)));
}

bool IgnoreFileUse::has_other_reader(const std::string& folder) const {
  return std::ranges::any_of(files_->list(folder), [&](const context::FolderEntry& entry) {
    if (std::ranges::find(kOtherBuilders, entry.name) != kOtherBuilders.end()) return true;
    // A Dockerfile under a name that is not known for one, or what one is made from.
    const std::string name = text::to_lower(entry.name);
    const bool about_images =
        name.find("docker") != std::string::npos || name.find("container") != std::string::npos;
    return about_images && !name.ends_with("ignore") && !project::is_dockerfile_name(entry.name) &&
           !project::definition_kind(entry.name);
  });
}

std::optional<UnreadIgnoreFile> IgnoreFileUse::look_for_dockerfile(const std::string& folder,
                                                                   const std::string& name) const {
  const std::string wanted = name.substr(0, name.size() - kEnding.size());
  UnreadIgnoreFile unread{UnreadIgnoreFile::Reason::kNoDockerfile, {}, {}, {}};
  bool has_dockerfile = false;
  for (const context::FolderEntry& entry : files_->list(folder)) {
    const bool is_template = project::is_dockerfile_variant(entry.name) && entry.name.starts_with(wanted);
    if (entry.name == wanted || is_template) return std::nullopt;
    if (!project::is_dockerfile_name(entry.name)) continue;
    has_dockerfile = true;
    const bool meant = entry.name == "Dockerfile." + wanted || entry.name == wanted + ".Dockerfile" ||
                       entry.name == wanted + ".dockerfile";
    if (meant) unread.other = entry.name + std::string(kEnding);
  }
  // Without one it may be a part of something else, such as a template that a script copies.
  if (!has_dockerfile) return std::nullopt;
  return unread;
}

}  // namespace dcache::lint
