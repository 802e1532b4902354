// What a builder prints at the end of a build that failed, after all progress: the step, the last lines that
// it printed, its place in the Dockerfile, and the error. It is what people show others. Internal to
// observe/.
//
// Source: printErrorLogs() in
// https://github.com/moby/buildkit/blob/master/util/progress/progressui/display.go,
// https://github.com/moby/buildkit/blob/master/solver/errdefs/source.go
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "dcache/observe/log.h"

namespace dcache::observe {

// The error of the step: one at least.
std::string error_of(const Excerpt& excerpt);

class ExcerptReader {
 public:
  // A line that is of no vertex, without white space around it. `run` is that of the log which is read.
  void read(std::string_view line, size_t run);
  // What was read of that run; nothing if it does not name a step or a line of a Dockerfile, and an error.
  std::optional<Excerpt> excerpt(size_t run) const;

 private:
  enum class Part : uint8_t { kNone, kHeading, kOutput, kFrame };

  void read_output(std::string_view line);
  bool read_place(std::string_view line);
  void read_frame(std::string_view line);
  void read_error(std::string_view line);

  Excerpt read_;
  size_t run_ = 0;
  Part part_ = Part::kNone;
};

}  // namespace dcache::observe
