// What BuildKit prints with --progress=plain, line by line. Internal to observe/.
//
// "#7 [build 2/5] RUN make" begins what is said of the vertex 7, "#7 ..." interrupts it, "#7 0.651 text" is
// output of a command, "#7 sha256:… 1.2MB / 3.4MB" a status, and "#7 DONE 1.2s", "#7 CACHED",
// "#7 ERROR: …" and "#7 CANCELED" end it. Until 2019 it was "#7     duration: 1.2s", and words such as "#7
// cached: true" with as many spaces.
//
// Source: https://github.com/moby/buildkit, util/progress/progressui/printer.go.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dcache/observe/collector.h"
#include "dcache/observe/line.h"

namespace dcache::observe {

class PlainReader {
 public:
  explicit PlainReader(Collector& collector) : collector_(collector) {}

  // False for a line that is not about a vertex.
  bool read(const Line& line);
  // Whether the current run has a vertex with the number of a line.
  bool knows(std::string_view line);
  // Tells that a command follows: what was read so far may be a whole build.
  void expect_run();
  // Tells that the current run has ended, whatever it did.
  void end_run() { has_result_ = true; }

 private:
  struct NumberedVertex {
    size_t vertex = 0;
    bool is_of_other = false;  // what is said now is said of it as a vertex of another image
    std::map<std::string, uint64_t, std::less<>> bytes = {};  // by what was transferred
  };

  void begin_run(std::string_view builder);
  void start_over();
  // The vertex that a line is about; null where it names none.
  NumberedVertex* find(uint64_t number, std::string_view text);
  NumberedVertex* add(uint64_t number, std::string_view name);
  bool read_end(NumberedVertex& numbered, std::string_view text, const Line& line);
  bool read_old_event(NumberedVertex& numbered, std::string_view text, const Line& line);
  void read_event(NumberedVertex& numbered, std::string_view text);
  void note_time(Vertex& vertex, const Line& line);

  Collector& collector_;
  size_t run_ = 0;  // of the collector, that the rest is about
  std::unordered_map<uint64_t, NumberedVertex> numbered_;
  std::optional<uint64_t> current_;
  std::optional<uint64_t> announced_;  // "#7 ..." of a number that is not known; old ones then name it
  bool has_result_ = false;            // the run exported something, or failed
};

// Whether a line is surely of plain progress: the name of a step or of internal work, or the end of one. A
// line that only begins with a number may be anything.
bool is_of_plain_progress(std::string_view line);
// Whether a line begins with "#7 ".
bool is_numbered(std::string_view line);
// Whether a line begins a build: "#0 building with …", "#1 [internal] load …".
bool begins_build(std::string_view line);

// Whether what a status of that ID counts was transferred: a context, a layer that was pulled or pushed.
bool is_transfer(std::string_view status);

}  // namespace dcache::observe
