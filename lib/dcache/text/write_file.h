// Writing whole files. What is written next to a file on the way has a name like `.dcache-1f3a….tmp`, which
// no search takes for anything, and is gone when a function returns or SIGINT, SIGTERM or SIGHUP ends the
// program.
//
// Functions return an empty string, or a sentence that names the path and says what went wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dcache::text {

// Whether a write waits until the content is on the disk. Without it a power cut can leave an empty file.
enum class Durability : uint8_t { kSynced, kLazy };

// Writes what a user asked for to a path that the user named.
//
// A regular file is replaced as a whole: either the old or the new content is there, never a part. Its
// permission bits, its extended attributes and, if the system allows it, its owner stay as they were, and a
// symbolic link stays a link to the replaced file. Other names of the file (hard links) keep the old content.
//
// A device, a FIFO or an open descriptor (/dev/null, /dev/stdout, /dev/fd/3) is written to and stays what it
// is. A symbolic link that leads nowhere is an error.
std::string write_file(const std::string& path, std::string_view content,
                       Durability durability = Durability::kSynced);

// Replaces a regular file, as write_file() does, if it still contains `before`; without `before` makes a new
// file, if there is none. A file that somebody else saved meanwhile is left alone, and that is an error.
std::string replace_file(const std::string& path, const std::optional<std::string>& before,
                         std::string_view content);

// Whether that is the name of a file that a write left behind when the power failed or SIGKILL came.
bool is_temporary_name(std::string_view name);

}  // namespace dcache::text
