// Images whose shell is busybox's.
#pragma once

#include <string_view>

namespace dcache::lint {

// Whether the tools of an image, its shell among them, are likely to be those of busybox, as on Alpine.
bool has_busybox_shell(std::string_view image);

}  // namespace dcache::lint
