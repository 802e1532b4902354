#include "dcache/lint/companion.h"

#include <utility>

namespace dcache::lint {

Companion::Companion(CompanionKind kind, std::string path, std::string source, LoadSurroundings load,
                     const context::FileSystem& files)
    : kind_(kind),
      path_(std::move(path)),
      source_(std::move(source)),
      lines_(source_),
      load_(std::move(load)),
      files_(&files) {}

const Surroundings* Companion::surroundings() {
  if (!asked_) {
    asked_ = true;
    surroundings_ = load_();
  }
  return surroundings_.get();
}

}  // namespace dcache::lint
