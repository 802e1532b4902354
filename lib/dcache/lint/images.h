// What is known of images by their names alone (rules/data/images.json).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dcache::lint {

// The kinds of images.json, which says what each is.
enum class ImageKind : uint8_t {
  kWindows,
  kWithWindowsVariants,
  kLinuxVariants,
  kMusl,
  kBashAsSh,
  kBusyboxTools,
  kDistribution,
  kWithoutLanguages,
  kSystem,
  kOfficial,
  kRootAtBuild,
  kWithoutRoot,
  kDropsRootAtStart,
  kToolchain,
  kCCompiler,
  kWithoutLibc,
  kUsualModes,
  kOtherModes,
};

// How the images of a kind are told: each list is enough.
struct ImageNames {
  std::span<const std::string_view> names = {};          // whole names, as image_name() gives them
  std::span<const std::string_view> base_names = {};     // what is after the last slash of the name
  std::span<const std::string_view> prefixes = {};       // of the name
  std::span<const std::string_view> base_prefixes = {};  // of what is after the last slash
  std::span<const std::string_view> parts = {};          // of the reference, in any place
  std::span<const std::string_view> tag_parts = {};      // of the tag
};
const ImageNames& names_of(ImageKind kind);

// Whether a reference, such as docker.io/library/golang:1.22, is likely that of an image of the kind.
bool is_image(ImageKind kind, std::string_view reference);

// The name of an image without tag, digest and Docker Hub's own parts: "golang" for
// docker.io/library/golang:1.22.
std::string_view image_name(std::string_view reference);

}  // namespace dcache::lint
