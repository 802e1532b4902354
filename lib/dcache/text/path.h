// Slash-separated paths as text: nothing here looks at a file system.
// The rules are those of Go's `path` package, which the builder takes its paths apart with. On Windows, `C:/`
// is a root too.
#pragma once

#include <string>
#include <string_view>

namespace dcache::text {

// Whether a path does not depend on the current folder.
bool is_absolute(std::string_view path);

// What is before its first slash if that is a drive, `C:`; empty on other systems than Windows.
std::string_view drive_of(std::string_view path);

// Whether no folder is above it.
bool is_root(std::string_view path);

// A path of the system with `/` where the system has another separator.
std::string portable_path(std::string path);

// The shortest spelling: without doubled and trailing slashes, `.` and resolvable `..`; a drive in upper
// case. "" becomes ".".
std::string clean_path(std::string_view path);

// `a/b` cleaned; an empty part is left out.
std::string join_path(std::string_view a, std::string_view b);

// What follows the last slash, "a" of "/x/a"; "." for an empty path and "/" for the root.
std::string_view base_name(std::string_view path);

// What is before the last slash, "." or "/" if there is nothing. Not cleaned.
std::string_view parent_path(std::string_view path);

// Whether `path` is `folder` or is below it; both cleaned. "." and "/" hold everything.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace dcache::text
