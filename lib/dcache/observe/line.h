// Lines of the logs of CI services, without what the service adds to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dcache::observe {

// "2024-05-01T10:00:00.1234567Z" at the start of a text, in nanoseconds since 1970, and how long it is.
struct Moment {
  int64_t nanoseconds = 0;
  size_t length = 0;
};
std::optional<Moment> read_moment(std::string_view text);

struct Line {
  std::string_view text;  // without white space at its end
  std::optional<int64_t> time;
  // GitLab names the stream that a line was written to, as "01O", and writes a line in parts: a part with a
  // plus goes on with the line before it of the same stream. Empty for other logs.
  std::string_view stream = {};
  bool continues = false;
  std::string_view part = {};  // of a line with a stream: with all white space
};

// Removes colors, the times that GitHub Actions, GitLab and others put before each line, the names of the job
// and the step (`gh run view --log`), and markers such as `##[group]`. The text is valid until `raw` or
// `scratch` changes.
Line clean_line(std::string_view raw, std::string& scratch);

// A whole line that has none of the rest: without a marker, and white space around it.
std::string_view clean_text(std::string_view text);

}  // namespace dcache::observe
