// What BuildKit prints with --progress=plain, line by line. Internal to observe/.
//
// "#7 [build 2/5] RUN make" begins what is said of the vertex 7, "#7 ..." interrupts it, "#7 0.651 text" is
// output of a command, "#7 sha256:… 1.2MB / 3.4MB" a status, and "#7 DONE 1.2s", "#7 CACHED",
// "#7 ERROR: …" and "#7 CANCELED" end it.
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
  // Tells that a command follows: what was read so far may be a whole build.
  void expect_run();

 private:
  struct Numbered {
    size_t vertex = 0;
    bool is_of_other = false;  // what is said now is said of it as a vertex of another image
    std::map<std::string, uint64_t, std::less<>> bytes = {};  // by what was transferred
  };

  void begin_run(std::string_view builder);
  // The vertex that a line is about; null where it names none.
  Numbered* find(uint64_t number, std::string_view text);
  Numbered* add(uint64_t number, std::string_view name);
  bool read_end(Numbered& numbered, std::string_view text, const Line& line);
  void read_event(Numbered& numbered, std::string_view text);
  void note_time(Vertex& vertex, const Line& line);

  Collector& collector_;
  std::unordered_map<uint64_t, Numbered> numbered_;
  std::optional<uint64_t> current_;
  bool has_result_ = false;  // the run exported something, or failed
};

// Whether what a status of that ID counts was transferred: a context, a layer that was pulled or pushed.
bool is_transfer(std::string_view status);

}  // namespace dcache::observe
