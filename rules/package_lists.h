// The lists of packages that a RUN fetches and leaves in its layer, for installs of later RUNs.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "dcache/lint/dockerfile.h"

namespace dcache::rules {

// What a RUN calls, through sudo and the like.
using Invocations = std::vector<std::span<const shell::Word>>;
Invocations invocations_of(const lint::Run& run);
bool calls_any(const Invocations& all, std::initializer_list<std::string_view> programs);

// Whether a test in the same `if` or loop decides about the command.
bool is_conditional(const lint::Run& run, const shell::Command& command);

struct LeftLists {
  std::string_view manager;            // "apt"
  std::string_view program;            // "apt-get"
  const lint::Run* used_by = nullptr;  // the first install that works with them; null if the file has none
  bool is_used = true;                 // false if surely nothing installs by them
  std::string_view remedy;
};
// Of each package manager whose lists a RUN fetches without installing anything.
std::vector<LeftLists> lists_left_for_later(lint::Dockerfile& dockerfile, const lint::Run& run);

// Whether apt's lists have to be in the layer and not in a mount: a RUN uses those of a layer below, or a
// later RUN uses what it leaves.
bool needs_apt_lists_in_layer(lint::Dockerfile& dockerfile, const lint::Run& run);

}  // namespace dcache::rules
