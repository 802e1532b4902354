#include "dcache/history/era.h"

#include <algorithm>
#include <set>
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

std::optional<size_t> Era::find(const std::string& name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

void Eras::name_as_in(const Era& newest) {
  newest_.clear();
  for (const project::Image& image : newest.project.images)
    newest_.push_back({image.target.name, image.build.dockerfile, image.build.plan.target});
}

std::vector<std::string> Eras::names_of(const project::Project& project) const {
  std::vector<std::string> names;
  for (const project::Image& image : project.images)
    names.push_back(image.target.name);
  const auto is_newest = [&](const std::string& name) {
    return std::ranges::find(newest_, name, &ImageIdentity::name) != newest_.end();
  };
  for (const ImageIdentity& known : newest_) {
    if (std::ranges::find(names, known.name) != names.end()) continue;
    std::vector<size_t> others;
    for (size_t i = 0; i < names.size(); ++i) {
      const cache::BuildOptions& build = project.images[i].build;
      const bool is_alike = build.dockerfile == known.dockerfile && build.plan.target == known.target;
      if (is_alike && !is_newest(names[i])) others.push_back(i);
    }
    if (others.size() == 1) names[others.front()] = known.name;
  }
  return names;
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
  era->names = names_of(era->project);
  for (size_t i = 0; i < era->names.size(); ++i)
    era->setups.push_back(setup_of(era->names[i], era->project.images[i], *seen));
  return era;
}

namespace {

// See Setup::varying.
std::map<std::string, project::ValueOfRun, std::less<>> varying_of(const project::Image& image,
                                                                   const std::string& text) {
  auto varying = project::new_each_run(image);
  // What an option of dcache gives stays.
  std::erase_if(varying,
                [&](const auto& argument) { return image.build.plan.build_args.contains(argument.first); });
  if (varying.empty()) return varying;
  std::set<std::string, std::less<>> declared;
  const dockerfile::File file = dockerfile::parse(text);
  for (const dockerfile::Instruction& instruction : file.instructions()) {
    if (instruction.keyword != dockerfile::Keyword::kArg) continue;
    for (const auto& argument : instruction.arguments)
      declared.emplace(argument.text.substr(0, argument.text.find('=')));
  }
  std::erase_if(varying, [&](const auto& argument) { return !declared.contains(argument.first); });
  return varying;
}

// What an image is made of, without its plan.
Setup parts_of(const project::Image& image, const context::FileSystem& files) {
  const cache::BuildOptions& build = image.build;
  Setup setup{
      .dockerfile = build.dockerfile, .text = {}, .options = build.plan, .cache_from = build.cache_from};
  setup.problem = image.remote;
  if (!setup.problem.empty()) return setup;
  auto text = cache::read_dockerfile(build, files);
  if (!text) {
    setup.problem = std::move(text.error());
    return setup;
  }
  setup.text = std::move(*text);
  setup.varying = varying_of(image, setup.text);
  const auto add = [&](const std::string& name, const std::string& folder, const std::string& dockerfile) {
    ContextFolder context{name, folder, files.real_path(folder)};
    auto ignore = cache::load_ignore_file(dockerfile, folder, build.plan.builder, files);
    if (!ignore) {
      if (setup.problem.empty()) setup.problem = text::words_of(ignore.error());
      return;
    }
    context.ignore_path = ignore->path;
    if (!ignore->path.empty()) context.ignore_text = files.read(ignore->path).value_or("");
    context.ignore = std::make_shared<const cache::IgnoreFile>(std::move(*ignore));
    setup.contexts.push_back(std::move(context));
  };
  add("", build.context.empty() ? std::string(text::parent_path(build.dockerfile)) : build.context,
      build.dockerfile);
  for (const auto& [name, source] : build.plan.named_contexts) {
    if (!source.starts_with(plan::kImageScheme)) add(name, source, "");
  }
  return setup;
}

}  // namespace

std::shared_ptr<const Setup> Eras::setup_of(const std::string& name, const project::Image& image,
                                            const context::FileSystem& files) const {
  Setup setup = parts_of(image, files);
  for (const RecentEra& recent : recent_) {
    const auto known = recent.era->find(name);
    if (known && recent.era->setups[*known]->is_made_as(setup)) return recent.era->setups[*known];
  }
  setup.failure = setup.problem;
  if (setup.text.empty() && !setup.problem.empty()) return std::make_shared<const Setup>(std::move(setup));
  setup.plan = std::make_shared<const Plan>(cache::plan_file(setup.dockerfile, setup.text, setup.options));
  if (!setup.plan->failures.empty()) setup.failure = text::words_of(setup.plan->failures.front());
  return std::make_shared<const Setup>(std::move(setup));
}

}  // namespace dcache::history
