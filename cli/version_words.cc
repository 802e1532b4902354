#include "cli/version_words.h"

#include <string_view>

#include <fmt/format.h>

#include "cli/commit.h"
#include "cli/libraries.h"
#include "dcache/version.h"

namespace dcache::cli {

std::string version_words() {
  constexpr std::string_view kCommit = DCACHE_COMMIT;
  const std::string commit = kCommit.empty() ? "" : fmt::format(", commit {}", kCommit);
  return fmt::format("dcache {} ({}{})\n{}", DCACHE_VERSION, DCACHE_RELEASE ? "release" : "not a release",
                     commit, DCACHE_LIBRARIES);
}

}  // namespace dcache::cli
