// The Dockerfiles of a repository that are built with one context and read one ignore file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dcache::lint {

// Kept by a BuildContext (see its shared()): BuildFactsFinder puts it there. Safe to use from many threads.
class ContextReaders {
 public:
  using Find = std::function<std::vector<std::string>()>;

  // Without `find` nothing is known.
  explicit ContextReaders(Find find = {});

  // Their texts, each once. The first who asks walks the repository.
  const std::vector<std::string>& dockerfiles() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dcache::lint
