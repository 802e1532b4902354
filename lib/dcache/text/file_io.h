// Reading and writing whole files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace dcache::text {

// The content of a regular file, or of standard input for "-". The error is a sentence that names the path.
tl::expected<std::string, std::string> read_file(const std::string& path);

// The absolute path that a path leads to after all symbolic links; the path itself where nothing is there.
std::string real_path(const std::string& path);

// Whether a write waits until the content is on the disk. Without it a power cut can leave an empty file.
enum class Durability : uint8_t { kSynced, kLazy };

// Replaces a file as a whole: either the old or the new content is there, never a part. Its permission bits
// stay as they were, and a symbolic link stays a link to the replaced file. Returns an empty string, or what
// went wrong.
std::string write_file_atomically(const std::string& path, std::string_view content,
                                  Durability durability = Durability::kSynced);

}  // namespace dcache::text
