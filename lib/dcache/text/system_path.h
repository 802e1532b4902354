// Paths for std::filesystem.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace dcache::text {

// On Windows a path that is made of a string takes that for another encoding than UTF-8, with GCC.
inline std::filesystem::path system_path(std::string_view path) {
#ifdef _WIN32
  return std::u8string(path.begin(), path.end());
#else
  return path;
#endif
}

// `path` from a folder, "../a"; both are absolute, or both relative.
inline std::string relative_path(std::string_view path, std::string_view folder) {
  return system_path(path).lexically_relative(system_path(folder)).generic_string();
}

}  // namespace dcache::text
