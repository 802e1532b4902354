#include "dcache/lint/build_facts.h"

#include <algorithm>

#include "dcache/dockerfile/parser.h"
#include "dcache/lint/context_readers.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/image.h"
#include "dcache/text/path.h"

namespace dcache::lint {

std::span<const context::Record* const> BuildContext::called(std::string_view name) const {
  const auto name_of = [](const context::Record* record) { return text::base_name(record->path); };
  const std::scoped_lock lock(mutex_);
  if (by_name_.empty()) {
    for (const context::Record& record : files.records())
      by_name_.push_back(&record);
    std::ranges::stable_sort(by_name_, {}, name_of);
  }
  return std::ranges::equal_range(by_name_, name, {}, name_of);
}

tl::expected<std::string, std::string> BuildContext::read(std::string_view path) const {
  return file_system->read(text::join_path(folder, path));
}

std::shared_ptr<const BuildContext> read_build_context(const std::string& folder, cache::IgnoreFile ignore,
                                                       std::shared_ptr<const context::FileSystem> files,
                                                       std::shared_ptr<const SharedValues> of_run) {
  auto walk = files->walk(folder, ignore.matcher, {});
  if (!walk) return nullptr;
  auto context = std::make_shared<BuildContext>();
  context->folder = folder;
  context->file_system = std::move(files);
  context->suggested_ignore_file = text::join_path(folder, ".dockerignore");
  context->ignore_file = std::move(ignore.path);
  context->ignore = std::move(ignore.matcher);
  context->files = std::move(walk->snapshot);
  context->of_run = std::move(of_run);
  return context;
}

namespace {

using ImageSource = project::ImageFinder::Source;

// What a named context is built from: one that is another target, or an image that has been named.
ImageSource source_of_context(const project::ImageFinder::References& all, std::string_view meaning) {
  if (!meaning.starts_with(plan::kImageScheme)) return {};
  meaning.remove_prefix(plan::kImageScheme.size());
  auto found = all.find(meaning);
  if (found == all.end()) found = all.find(plan::normal_reference(meaning));
  return found == all.end() ? ImageSource() : found->second;
}

// What the image's Dockerfile says of it; nothing where it can't be read.
std::optional<BuildFacts::BuiltImage> read_built_image(const context::FileSystem& files,
                                                       const ImageSource& source) {
  const auto text = files.read(source.dockerfile);
  if (!text) return std::nullopt;
  const dockerfile::File file = dockerfile::parse(*text);
  const plan::Graph graph = plan::build_graph(file, {.target = source.target});
  if (!graph.target) return std::nullopt;
  BuildFacts::BuiltImage image{.shell = graph.stages[*graph.target].shell, .base = {}};
  for (std::optional<size_t> at = *graph.target; at; at = graph.stages[*at].base_stage) {
    const std::vector<size_t>& steps = graph.stages[*at].steps;
    image.sets_workdir = image.sets_workdir || std::ranges::any_of(steps, [&](size_t step) {
                           return graph.steps[step].kind == plan::Step::Kind::kWorkdir;
                         });
    image.base = steps.empty() ? std::string() : graph.steps[steps.front()].image;
  }
  return image;
}

}  // namespace

BuildFacts BuildFactsFinder::of(const std::string& dockerfile, const std::string& context,
                                std::shared_ptr<const project::Image> given) {
  // Found by the first who asks.
  struct Answer {
    std::once_flag asked;
    std::vector<project::Image> images;
    std::once_flag asked_names;
    BuildFacts::Names names;
    std::mutex mutex;
    std::optional<text::Failure> failure;
  };
  const auto known = std::make_shared<Answer>();
  const auto defined = [this, dockerfile, given, known]() -> const std::vector<project::Image>& {
    std::call_once(known->asked, [&] {
      if (given != nullptr) {
        known->images = {*given};
      } else if (images_ != nullptr) {
        known->images = images_->defined(dockerfile);
      }
    });
    return known->images;
  };
  const auto image = [context, known, defined]() -> std::shared_ptr<const project::Image> {
    if (!context.empty() || defined().empty()) return nullptr;
    return {known, &known->images.front()};
  };
  const auto images = [context, defined]() -> std::span<const project::Image> {
    if (!context.empty()) return {};
    return defined();
  };
  const auto builder = [this, dockerfile, defined]() -> std::optional<plan::Builder> {
    const std::vector<project::Image>& all = defined();
    const auto chosen = images_ == nullptr ? std::nullopt : images_->builder_of(dockerfile);
    const bool is_known = chosen || std::ranges::any_of(all, [](const project::Image& one) {
                            return one.target.builder.has_value();
                          });
    if (all.empty() || !is_known) return chosen;
    const bool has_classic = std::ranges::any_of(
        all, [](const project::Image& one) { return one.build.plan.builder == plan::Builder::kClassic; });
    return has_classic ? plan::Builder::kClassic : all.front().build.plan.builder;
  };
  const auto names = [this, dockerfile, known, defined] {
    std::call_once(known->asked_names, [&] {
      if (images_ == nullptr) return;
      project::ImageFinder::References all = images_->references(dockerfile);
      for (const project::Image& one : defined()) {
        for (const auto& [name, meaning] : one.build.plan.named_contexts)
          all.insert_or_assign(plan::normal_reference(name), source_of_context(all, meaning));
      }
      known->names = std::make_shared<const project::ImageFinder::References>(std::move(all));
    });
    return known->names;
  };
  const auto files = [this, dockerfile, context, image,
                      known](const plan::Graph* graph) -> std::shared_ptr<const BuildContext> {
    std::string folder = context;
    if (const auto meant = image()) folder = meant->build.context;
    if (folder.empty() && images_ != nullptr && graph != nullptr)
      folder = images_->context_of(dockerfile, *graph);
    if (folder.empty()) folder = text::parent_path(dockerfile);
    if (folder == cache::kNoContext) return nullptr;
    auto ignore = cache::load_ignore_file(dockerfile, folder, plan::Builder::kBuildkit, *files_);
    if (ignore) return load(folder, std::move(*ignore));
    keep(ignore.error());
    const std::scoped_lock lock(known->mutex);
    known->failure = std::move(ignore.error());
    return nullptr;
  };
  const auto built_on = [this, dockerfile] {
    return images_ == nullptr ? std::string() : images_->built_on(dockerfile);
  };
  const auto built_image = [this,
                            names](std::string_view reference) -> std::optional<BuildFacts::BuiltImage> {
    const BuildFacts::Names found = names();
    if (found == nullptr) return std::nullopt;
    const auto source = found->find(reference);
    if (source == found->end() || source->second.dockerfile.empty()) return std::nullopt;
    return read_built_image(*files_, source->second);
  };
  BuildFacts::Parts parts{.files = files,
                          .image = image,
                          .images = images,
                          .builder = builder,
                          .names = names,
                          .built_on = built_on,
                          .built_image = built_image,
                          .failure =
                              [known] {
                                const std::scoped_lock lock(known->mutex);
                                return known->failure;
                              },
                          .context_is_given = !context.empty(),
                          .dockerfile = dockerfile};
  if (seconds_) {
    parts.seconds = [this, dockerfile](const plan::Graph& graph, size_t step) {
      return seconds_(dockerfile, graph, step);
    };
  }
  return BuildFacts(std::move(parts));
}

BuildFacts BuildFactsFinder::within(const std::string& ignore_file, const std::string& text,
                                    const std::string& context) {
  const std::string folder = context.empty() ? context_of_ignore_file(ignore_file) : context;
  const auto files = [this, ignore_file, text,
                      folder](const plan::Graph*) -> std::shared_ptr<const BuildContext> {
    auto ignore = cache::parse_ignore_file(ignore_file, text, plan::Builder::kBuildkit);
    if (ignore) return load(folder, std::move(*ignore));
    keep(ignore.error());
    return nullptr;
  };
  // Anyone who names a context knows better than definitions.
  if (!context.empty()) return BuildFacts({.files = files});
  const std::string own_folder(text::parent_path(ignore_file));
  return BuildFacts({.files = files, .ignore_use = [this, own_folder] { return ignore_use(own_folder); }});
}

// The ignore file of one Dockerfile counts from the context that this is built with.
std::string BuildFactsFinder::context_of_ignore_file(const std::string& path) const {
  constexpr std::string_view kEnding = ".dockerignore";
  const std::string dockerfile = path.substr(0, path.size() - std::min(kEnding.size(), path.size()));
  const bool is_of_one = path.ends_with(kEnding) && !dockerfile.empty() && !dockerfile.ends_with('/') &&
                         images_ != nullptr && files_->exists(dockerfile);
  if (!is_of_one) return std::string(text::parent_path(path));
  const std::string context = images_->of(dockerfile).front().build.context;
  return context == cache::kNoContext ? std::string(text::parent_path(path)) : context;
}

std::shared_ptr<const IgnoreFileUse> BuildFactsFinder::ignore_use(const std::string& folder) {
  const auto project = images_ == nullptr ? nullptr : images_->project(folder);
  if (project == nullptr) return nullptr;
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<const IgnoreFileUse>& use = ignore_uses_[project.get()];
  if (use == nullptr) use = std::make_shared<const IgnoreFileUse>(*project, files_);
  return use;
}

void BuildFactsFinder::keep(const text::Failure& failure) {
  const std::scoped_lock lock(mutex_);
  const auto is_same = [&](const text::Failure& known) { return known.path == failure.path; };
  if (std::ranges::none_of(failures_, is_same)) failures_.push_back(failure);
}

namespace {

// The Dockerfiles of a project that are built with the folder and read that ignore file, or would if it were
// there. Paths may be links.
std::vector<std::string> readers_of(const project::Project& project, const std::string& folder,
                                    const std::string& ignore_file, const context::FileSystem& files) {
  std::vector<std::string> texts;
  const std::string context = files.real_path(folder);
  for (const project::Image& image : project.images) {
    const cache::BuildOptions& build = image.build;
    if (!image.remote.empty() || files.real_path(build.context) != context) continue;
    const std::string own = build.dockerfile + ".dockerignore";
    const bool has_own = !build.dockerfile_text && files.exists(own);
    if (has_own && (ignore_file.empty() || files.real_path(own) != files.real_path(ignore_file))) continue;
    const auto text = build.dockerfile_text ? tl::expected<std::string, std::string>(*build.dockerfile_text)
                                            : files.read(build.dockerfile);
    if (text && std::ranges::find(texts, *text) == texts.end()) texts.push_back(*text);
  }
  return texts;
}

}  // namespace

std::shared_ptr<const BuildContext> BuildFactsFinder::load(const std::string& folder,
                                                           cache::IgnoreFile ignore) {
  CachedContext* known = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    known = &known_[{folder, ignore.path}];
  }
  std::call_once(known->walked, [&] {
    known->build_context = read_build_context(folder, std::move(ignore), files_, of_run_);
    if (known->build_context == nullptr || images_ == nullptr) return;
    known->build_context->shared<ContextReaders>([&] {
      return ContextReaders([this, folder, ignore_file = known->build_context->ignore_file] {
        const auto project = images_->project(folder);
        return project == nullptr ? std::vector<std::string>()
                                  : readers_of(*project, folder, ignore_file, *files_);
      });
    });
  });
  return known->build_context;
}

std::vector<text::Failure> BuildFactsFinder::failures() const {
  const std::scoped_lock lock(mutex_);
  return failures_;
}

}  // namespace dcache::lint
