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

std::shared_ptr<const Surroundings> read_surroundings(const std::string& folder, cache::IgnoreFile ignore) {
  auto walk = context::walk(folder, ignore.matcher);
  if (!walk) return nullptr;
  auto around = std::make_shared<Surroundings>();
  around->folder = folder;
  around->suggested_ignore_file = text::join_path(folder, ".dockerignore");
  around->ignore_file = std::move(ignore.path);
  around->ignore = std::move(ignore.matcher);
  around->files = std::move(walk->snapshot);
  return around;
}

}  // namespace dcache::lint
