// A log as a few lines of text.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dcache/observe/log_reader.h"

namespace dcache::observe {

inline tl::expected<Log, text::Failure> read_text(std::string_view text,
                                                  size_t piece = std::string_view::npos) {
  LogReader reader;
  for (size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    reader.feed(text.substr(at, piece));
  return reader.finish("build.log");
}

// "one: [1/2] RUN make: 1.5 s" for each vertex; CACHED, an error, or "open" in place of the time.
inline std::string shown(const Log& log) {
  std::string lines;
  for (const Build& build : log.builds) {
    for (const Vertex& vertex : build.vertices) {
      const std::string end = vertex.canceled         ? "canceled"
                              : !vertex.error.empty() ? "error " + vertex.error
                              : vertex.cached         ? "cached"
                              : !vertex.ended         ? "open"
                                                      : fmt::format("{:.1f} s", vertex.seconds);
      const std::string bytes = vertex.bytes == 0 ? "" : fmt::format(", {} bytes", vertex.bytes);
      lines += fmt::format("{}{}{}: {}{}\n", build.run == 0 ? "" : fmt::format("run {}: ", build.run),
                           build.name.empty() ? "" : build.name + ": ", vertex.name, end, bytes);
    }
  }
  return lines;
}

inline std::string shown(std::string_view text) {
  const auto log = read_text(text);
  return log ? shown(*log) : text::words_of(log.error());
}

}  // namespace dcache::observe
