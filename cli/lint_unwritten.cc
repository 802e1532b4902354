#include "cli/lint_unwritten.h"

#include <utility>

#include "dcache/context/boundary.h"

namespace dcache::cli {

void UnwrittenFiles::write(const std::string& path, std::string text) {
  std::string real = context::resolved_path(path);
  const std::scoped_lock lock(mutex_);
  texts_[std::move(real)] = std::move(text);
}

const std::string* UnwrittenFiles::find(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  if (texts_.empty()) return nullptr;
  const auto found = texts_.find(context::resolved_path(path));
  return found == texts_.end() ? nullptr : &found->second;
}

tl::expected<std::string, std::string> UnwrittenFiles::read(const std::string& path) const {
  const std::string* const text = find(path);
  if (text != nullptr) return *text;
  return behind().read(path);
}

bool UnwrittenFiles::exists(const std::string& path) const {
  return find(path) != nullptr || behind().exists(path);
}

}  // namespace dcache::cli
