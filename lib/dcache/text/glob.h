// Shell patterns of file names: `*` and `?` (which stop at a slash), classes such as `[a-z]` and `[^a-z]`,
// and
// `\` before a character that is meant literally. The rules are those of Go's `path.Match`, which the
// builder selects files of COPY and ADD with; `**` means the same as `*`.
#pragma once

#include <string_view>

namespace dcache::text {

// Whether the pattern is well formed: its classes are closed and its last backslash has something after it.
bool is_valid_glob(std::string_view pattern);

// Whether the pattern describes the whole of `name`. An ill-formed pattern matches nothing.
bool glob_match(std::string_view pattern, std::string_view name);

// Whether the text contains a character that makes it a pattern.
bool has_wildcard(std::string_view text);

}  // namespace dcache::text
