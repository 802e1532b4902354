#include "dcache/history/era.h"

#include <algorithm>
#include <utility>

#include "dcache/dockerfile/parser.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/text/failure.h"
#include "dcache/text/path.h"

namespace dcache::history {
namespace {

using context::TreeChange;

// Whether a change of a file may change what the images are, by its name alone.
bool may_define_images(const TreeChange& change) {
  return project::definition_kind(change.path) || project::is_dockerfile_name(change.path) ||
         change.path.ends_with("ignore") || text::base_name(change.path) == ".env";
}

}  // namespace

std::shared_ptr<const Plan> make_plan(const std::string& path, const std::string& text,
                                      const plan::Options& options) {
  auto plan = std::make_shared<Plan>();
  plan->file = std::make_unique<dockerfile::File>(dockerfile::parse(text));
  const auto fail = [&](uint32_t line, const std::string& message) {
    if (plan->failure.empty()) plan->failure = text::words_of(text::Failure{path, line, 0, message, {}});
  };
  for (const dockerfile::Error& error : plan->file->errors())
    fail(error.line, error.message);
  plan->graph = plan::build_graph(*plan->file, options);
  for (const plan::Error& error : plan->graph.errors) {
    if (plan->graph.is_reached(error)) fail(error.line, error.message);
  }
  return plan;
}

std::optional<size_t> Era::find(const std::string& name) const {
  const auto found =
      std::ranges::find(project.images, name, [](const project::Image& image) { return image.target.name; });
  if (found == project.images.end()) return std::nullopt;
  return static_cast<size_t>(found - project.images.begin());
}

bool Eras::holds(const Era& era, const context::CommitFiles& files,
                 const std::vector<TreeChange>& changes) const {
  return std::ranges::none_of(changes, may_define_images) &&
         !era.seen->may_differ(files, changes, objects_->repository().root());
}

std::shared_ptr<const Era> Eras::of(const std::shared_ptr<const context::CommitFiles>& files,
                                    const std::vector<TreeChange>& changes) {
  if (!recent_.empty() && holds(*recent_.front().era, *files, changes)) {
    recent_.front().tree = files->tree();
    return recent_.front().era;
  }
  // Commits of several branches come by turns.
  for (size_t i = 1; i < recent_.size(); ++i) {
    const auto since = objects_->changes(recent_[i].tree, files->tree());
    if (!since || !holds(*recent_[i].era, *files, *since)) continue;
    std::rotate(recent_.begin(), recent_.begin() + static_cast<ptrdiff_t>(i),
                recent_.begin() + static_cast<ptrdiff_t>(i) + 1);
    recent_.front().tree = files->tree();
    return recent_.front().era;
  }
  recent_.insert(recent_.begin(), {files->tree(), read(files)});
  if (recent_.size() > kMostRecent) recent_.pop_back();
  return recent_.front().era;
}

std::shared_ptr<const Era> Eras::read(const std::shared_ptr<const context::CommitFiles>& files) const {
  auto era = std::make_shared<Era>();
  const auto seen = std::make_shared<const SeenFiles>(files);
  ImagesAtCommit images = read_(files, seen);
  era->seen = seen;
  era->project = std::move(images.project);
  era->meant = std::move(images.meant);
  era->needs = std::make_unique<const project::ImageNeeds>(era->project.images);
  for (const project::Image& image : era->project.images)
    era->setups.push_back(setup_of(image, *seen));
  return era;
}

std::shared_ptr<const Setup> Eras::setup_of(const project::Image& image,
                                            const context::FileSystem& files) const {
  const cache::BuildOptions& build = image.build;
  auto setup = std::make_shared<Setup>();
  setup->dockerfile = build.dockerfile;
  setup->options = build.plan;
  setup->cache_from = build.cache_from;
  setup->failure = image.remote;
  if (!setup->failure.empty()) return setup;
  auto text = build.dockerfile_text ? tl::expected<std::string, std::string>(*build.dockerfile_text)
                                    : files.read(build.dockerfile);
  if (!text) {
    setup->failure = std::move(text.error());
    return setup;
  }
  setup->text = std::move(*text);
  setup->plan = make_plan(setup->dockerfile, setup->text, setup->options);
  setup->failure = setup->plan->failure;
  const auto add = [&](const std::string& name, const std::string& folder, const std::string& dockerfile) {
    ContextFolder context{name, folder, files.real_path(folder)};
    auto ignore = cache::load_ignore_file(dockerfile, folder, build.plan.builder, files);
    if (!ignore) {
      if (setup->failure.empty()) setup->failure = text::words_of(ignore.error());
      return;
    }
    if (!ignore->path.empty()) context.ignore_text = files.read(ignore->path).value_or("");
    context.ignore = std::make_shared<const cache::IgnoreFile>(std::move(*ignore));
    setup->contexts.push_back(std::move(context));
  };
  add("", build.context.empty() ? std::string(text::parent_path(build.dockerfile)) : build.context,
      build.dockerfile);
  for (const auto& [name, source] : build.plan.named_contexts) {
    if (!source.starts_with(plan::kImageScheme)) add(name, source, source + "/Dockerfile");
  }
  return setup;
}

}  // namespace dcache::history
