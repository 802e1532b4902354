#include "dcache/lint/surroundings.h"

#include <algorithm>

#include "dcache/text/path.h"

namespace dcache::lint {

std::span<const context::Record* const> Surroundings::called(std::string_view name) const {
  const auto name_of = [](const context::Record* record) { return text::base_name(record->path); };
  const std::scoped_lock lock(mutex_);
  if (by_name_.empty()) {
    for (const context::Record& record : files.records())
      by_name_.push_back(&record);
    std::ranges::stable_sort(by_name_, {}, name_of);
  }
  return std::ranges::equal_range(by_name_, name, {}, name_of);
}

tl::expected<std::string, std::string> Surroundings::read(std::string_view path) const {
  return file_system->read(text::join_path(folder, path));
}

std::shared_ptr<const Surroundings> read_surroundings(const std::string& folder, cache::IgnoreFile ignore,
                                                      std::shared_ptr<const context::FileSystem> files) {
  auto walk = files->walk(folder, ignore.matcher, {});
  if (!walk) return nullptr;
  auto around = std::make_shared<Surroundings>();
  around->folder = folder;
  around->file_system = std::move(files);
  around->suggested_ignore_file = text::join_path(folder, ".dockerignore");
  around->ignore_file = std::move(ignore.path);
  around->ignore = std::move(ignore.matcher);
  around->files = std::move(walk->snapshot);
  return around;
}

LoadSurroundings AllSurroundings::of(const std::string& dockerfile, const std::string& context) {
  // Found by the first who asks.
  struct Answer {
    std::once_flag asked;
    std::shared_ptr<const project::Image> image;
  };
  const auto known = std::make_shared<Answer>();
  const auto image = [this, dockerfile, context, known]() {
    std::call_once(known->asked, [&] {
      if (images_ == nullptr || !context.empty()) return;
      std::vector<project::Image> defined = images_->defined(dockerfile);
      if (!defined.empty()) known->image = std::make_shared<const project::Image>(std::move(defined.front()));
    });
    return known->image;
  };
  const auto files = [this, dockerfile, context, image](const plan::Graph* graph) {
    std::string folder = context;
    if (const auto meant = image()) folder = meant->build.context;
    if (folder.empty() && images_ != nullptr && graph != nullptr)
      folder = images_->context_of(dockerfile, *graph);
    if (folder.empty()) folder = text::parent_path(dockerfile);
    return load(folder, cache::load_ignore_file(dockerfile, folder, plan::Builder::kBuildkit, *files_));
  };
  return {LoadSurroundings::Files(files), image};
}

LoadSurroundings AllSurroundings::within(const std::string& ignore_file, const std::string& text,
                                         const std::string& context) {
  const std::string folder = context.empty() ? std::string(text::parent_path(ignore_file)) : context;
  return LoadSurroundings([this, ignore_file, text, folder] {
    return load(folder, cache::parse_ignore_file(ignore_file, text, plan::Builder::kBuildkit));
  });
}

std::shared_ptr<const Surroundings> AllSurroundings::load(
    const std::string& folder, tl::expected<cache::IgnoreFile, cache::Failure> ignore) {
  if (!ignore) return nullptr;
  Known* known = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    known = &known_[{folder, ignore->path}];
  }
  std::call_once(known->walked,
                 [&] { known->surroundings = read_surroundings(folder, std::move(*ignore), files_); });
  return known->surroundings;
}

}  // namespace dcache::lint
