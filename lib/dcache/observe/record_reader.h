// What `--progress=rawjson` and `docker buildx history logs --progress=rawjson` print: a JSON object in each
// line, with vertices that are new or changed, and what they transfer. Internal to observe/.
//
// Source: https://github.com/moby/buildkit, client/graph.go, and how progressui/display.go sums it up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <nlohmann/json_fwd.hpp>

#include "dcache/observe/collector.h"

namespace dcache::observe {

class RecordReader {
 public:
  explicit RecordReader(Collector& collector) : collector_(collector) {}

  static bool is_record(std::string_view line);
  // False for a line that can't be read.
  bool read(std::string_view line);
  // Tells the collector what is known of the run. Called once nothing more follows.
  void finish();

 private:
  // What was said of one vertex when it ended last: while a reused one is unpacked, events say that it is
  // not.
  struct Member {
    bool cached = false;
    bool is_merge = false;  // of `COPY --link`: what puts its layer on the others
    std::optional<int64_t> completed = {};
  };
  // A vertex or a group of them that is shown as one: `COPY --link` is two.
  struct VertexGroup {
    size_t vertex = 0;
    std::map<int64_t, std::optional<int64_t>> intervals = {};  // by their start
    std::map<std::string, Member> members = {};                // by digest
    std::map<std::string, uint64_t, std::less<>> bytes = {};   // by what was transferred
    std::optional<int64_t> last_said = {};                     // when the last thing was said of it
  };

  void read_vertex(const nlohmann::json& json);
  void read_status(const nlohmann::json& json);
  void read_warning(const nlohmann::json& json);
  bool begins_run(const nlohmann::json& vertices) const;
  VertexGroup* track(const std::string& digest, const nlohmann::json& json);
  VertexGroup* find(const std::string& digest);
  void sum_up(const VertexGroup& tracked);
  void note_moment(const nlohmann::json& said);
  void start_over();

  Collector& collector_;
  size_t run_ = 0;                                        // of the collector, that the rest is about
  std::unordered_map<std::string, VertexGroup> tracked_;  // by digest, or the group's ID
  std::unordered_map<std::string, std::string> groups_;   // by the digest of a member: the key in tracked_
};

}  // namespace dcache::observe
