// What BuildKit accepts as the value of a flag or an argument once its variables are replaced. Internal to
// plan/.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dcache::plan {

// `[[ADDRESS:]PORTS:]PORTS[/PROTOCOL]` of EXPOSE, where PORTS is a number or a range of them.
bool is_exposable(std::string_view text);

// STOPSIGNAL: a number other than 0, or a name with or without SIG.
bool is_signal(std::string_view text);
// The names, with SIG.
std::span<const std::string_view> signal_names();

// A whole number as Go's Atoi reads it, with a sign or without.
std::optional<int64_t> read_whole(std::string_view text);

// --checksum of a file: sha256, sha384 or sha512, a colon and as many hexadecimal digits as it has.
bool is_checksum(std::string_view text);

// --platform: OS, ARCHITECTURE, OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT.
// Source: https://github.com/containerd/platforms
bool is_platform(std::string_view text);
// The systems and architectures that are known, with other names for them.
std::span<const std::string_view> platform_names();
// The platform as BuildKit compares it: in lower case, with the usual names, and without what is the default.
std::string normal_platform(std::string_view text);

struct Platform {
  std::string os, architecture, variant;
};
Platform split_platform(std::string_view platform);

}  // namespace dcache::plan
