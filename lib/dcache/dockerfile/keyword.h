// The instruction names of a Dockerfile.
#pragma once

#include <cstdint>
#include <string_view>

namespace dcache::dockerfile {

enum class Keyword : uint8_t {
  kUnknown,
  kAdd,
  kArg,
  kCmd,
  kCopy,
  kEntrypoint,
  kEnv,
  kExpose,
  kFrom,
  kHealthcheck,
  kLabel,
  kMaintainer,
  kOnbuild,
  kRun,
  kShell,
  kStopsignal,
  kUser,
  kVolume,
  kWorkdir,
};

// The keyword that `name` spells in any letter case, kUnknown for none.
Keyword keyword_of(std::string_view name);
// The name in capitals; empty for kUnknown.
std::string_view name_of(Keyword keyword);

}  // namespace dcache::dockerfile
