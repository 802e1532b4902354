// The programs that build images, as far as they differ in what they reuse.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace dcache::plan {

// Who builds. The others than BuildKit make a layer of every instruction, and each layer is known by the one
// below it.
enum class Builder : uint8_t {
  kBuildkit,
  kClassic,  // Docker's own of before BuildKit
  kBuildah,  // `buildah build --layers`, `podman build`
};

// The names that options and files have for them, in the order of the enumeration.
std::span<const std::string_view> builder_names();
std::string_view name_of(Builder builder);
std::optional<Builder> builder_of(std::string_view name);

}  // namespace dcache::plan
