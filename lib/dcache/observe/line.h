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
};

// Removes colors, the times that GitHub Actions, GitLab and others put before each line, the names of the job
// and the step (`gh run view --log`), and markers such as `##[group]`. The text is valid until `raw` or
// `scratch` changes.
Line clean_line(std::string_view raw, std::string& scratch);

}  // namespace dcache::observe
