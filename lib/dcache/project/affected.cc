#include "dcache/project/affected.h"

#include <array>

namespace dcache::project {

std::string_view name_of(Effect effect) {
  constexpr std::array<std::string_view, 6> kNames = {"unaffected",    "rebuilt", "may-rebuild",
                                                      "configuration", "new",     "unknown"};
  return kNames[static_cast<size_t>(effect)];
}

}  // namespace dcache::project
