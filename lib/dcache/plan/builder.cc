#include "dcache/plan/builder.h"

#include <algorithm>
#include <array>

namespace dcache::plan {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"buildkit", "classic", "buildah"};

}  // namespace

std::span<const std::string_view> builder_names() {
  return kNames;
}

std::string_view name_of(Builder builder) {
  return kNames[static_cast<size_t>(builder)];
}

std::optional<Builder> builder_of(std::string_view name) {
  const auto* const known = std::ranges::find(kNames, name);
  if (known == kNames.end()) return std::nullopt;
  return static_cast<Builder>(known - kNames.begin());
}

}  // namespace dcache::plan
