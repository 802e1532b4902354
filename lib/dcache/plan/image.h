// References of images.
// Source: https://github.com/distribution/reference, the grammar at its top.
#pragma once

#include <string>
#include <string_view>

namespace dcache::plan {

// `registry/name:tag@digest`; parts that are not there are empty.
struct ImageReference {
  std::string_view name;
  std::string_view tag;
  std::string_view digest;
};

// Takes any text apart, valid or not.
ImageReference read_reference(std::string_view text);

// Whether a builder accepts the text as the name of an image.
bool is_valid_reference(std::string_view text);

// The reference as Docker shows it, with a tag: "alpine:latest" for "docker.io/library/alpine".
std::string normal_reference(std::string_view text);

}  // namespace dcache::plan
