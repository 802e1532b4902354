// The names that `RUN --mount` knows, for suggestions and for checks of what is said about them.
#pragma once

#include <span>
#include <string_view>

namespace dcache::dockerfile {

// All options, with their other spellings ("src", "readonly").
std::span<const std::string_view> mount_option_names();
std::span<const std::string_view> mount_type_names();
// The values of the option "sharing".
std::span<const std::string_view> mount_sharing_names();

}  // namespace dcache::dockerfile
