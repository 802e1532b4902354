// Lines of scripts, CI files and programs that run something: not comments, and not texts for people.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace dcache::rules {

// Whether what is at a place of a text runs: it is neither in a comment nor only printed, as by `@echo "…"`
// or `cat <<EOF`, however many lines that has.
bool is_run(std::string_view text, size_t at);

// The places of `part` that run where `holds` is true of the line, with all lines that a backslash continues,
// or with the next one.
std::vector<size_t> line_places(std::string_view text, std::string_view part,
                                const std::function<bool(std::string_view lines)>& holds);

// Whether the end of a part of a line is in a comment.
bool ends_in_comment(std::string_view part);

// The command at a place of a text, with the lines that a backslash continues.
std::string_view command_at(std::string_view text, size_t at);

}  // namespace dcache::rules
