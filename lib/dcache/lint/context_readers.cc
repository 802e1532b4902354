#include "dcache/lint/context_readers.h"

#include <mutex>
#include <utility>

namespace dcache::lint {

struct ContextReaders::State {
  Find find;
  std::once_flag asked;
  std::vector<std::string> dockerfiles;
};

ContextReaders::ContextReaders(Find find) : state_(std::make_shared<State>()) {
  state_->find = std::move(find);
}

const std::vector<std::string>& ContextReaders::dockerfiles() const {
  std::call_once(state_->asked, [&] {
    if (state_->find) state_->dockerfiles = state_->find();
  });
  return state_->dockerfiles;
}

}  // namespace dcache::lint
