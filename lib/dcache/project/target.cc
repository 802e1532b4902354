#include "dcache/project/target.h"

#include <algorithm>

namespace dcache::project {

SharedPaths::SharedPaths(const std::vector<std::string>& paths)
    : paths_(std::make_shared<Paths>(paths.begin(), paths.end())) {}

const SharedPaths::Paths& SharedPaths::all() const {
  static const Paths none;
  return paths_ == nullptr ? none : *paths_;
}

bool SharedPaths::includes(const SharedPaths& others) const {
  const auto is_here = [&](const std::string& path) { return contains(path); };
  return paths_ == others.paths_ || std::ranges::all_of(others.all(), is_here);
}

void SharedPaths::add(const SharedPaths& others) {
  if (includes(others)) return;
  if (paths_.use_count() != 1) paths_ = std::make_shared<Paths>(all());
  paths_->insert(others.begin(), others.end());
}

}  // namespace dcache::project
