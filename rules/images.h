// References of images.
#pragma once

#include <string_view>

namespace dcache::rules {

// `registry/name:tag@digest`; parts that are not there are empty.
struct ImageReference {
  std::string_view name;
  std::string_view tag;
  std::string_view digest;
};

ImageReference read_reference(std::string_view text);

}  // namespace dcache::rules
