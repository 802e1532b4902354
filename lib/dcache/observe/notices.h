// What logs say about the cache in addition to the steps: the words are those of BuildKit, buildx and their
// exporters.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dcache/observe/log.h"

namespace dcache::observe {

// Of a line that belongs to no vertex: a command that the CI service printed, a warning, an error.
std::vector<Notice> notices_of_line(std::string_view line);

// Of a line after which a run that came to no step has ended: an error of whatever words, or what a check
// found.
std::optional<Notice> ending_of_line(std::string_view line);

// Whether a vertex writes a cache.
bool is_cache_export(std::string_view name);

// Of a vertex by its name, once it ended.
std::optional<Notice> notice_of(const Vertex& vertex);

}  // namespace dcache::observe
