// The flags that instructions take: `--name` or `--name=value`.
// Source: https://docs.docker.com/reference/dockerfile/
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dcache/dockerfile/keyword.h"

namespace dcache::dockerfile {

// kText: has a value. kList: may be given several times, each with a value. kSwitch: needs none.
enum class FlagKind : uint8_t { kText, kList, kSwitch };

struct KnownFlag {
  std::string_view name;
  FlagKind kind;
};

// Empty for an instruction without flags.
std::span<const KnownFlag> flags_of(Keyword keyword);

}  // namespace dcache::dockerfile
