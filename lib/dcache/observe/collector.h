// Takes what the readers of logs find, run by run. Internal to observe/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dcache/observe/log.h"
#include "dcache/observe/name.h"

namespace dcache::observe {

// However long a log is, no more than this is kept of it; what is beyond counts as cut.
struct Limits {
  size_t vertices = 100'000;
  size_t name_bytes = 64'000'000;  // of all names and errors together
  size_t longest_text = 64'000;    // of one of them
  size_t warnings = 20;            // of a vertex
  size_t notices = 50;             // of a run
};

class Collector {
 public:
  // Begins another run. Without anything in the current one, that goes on; so it does where a builder was
  // started and nothing else, since it was started for what follows. The pause between does not count.
  void start_run(std::string_view builder);
  // Leaves out what was found of the current run.
  void forget_run();
  // Rises with each run that is begun, ended or left out: the vertices of the one before are gone then.
  size_t run_number() const { return run_number_; }
  // Whether the current run has started a builder, and nothing else.
  bool has_only_boot() const;
  // The index of the vertex in vertices(); nothing where there is no more room.
  std::optional<size_t> add_vertex(std::string_view name);
  // Tells the digest of a vertex; one that is shown for several has several.
  void add_digest(const std::string& digest, size_t vertex) { digests_.try_emplace(digest, vertex); }
  // What is kept of a text that a vertex is to have.
  std::string kept(std::string_view text);
  // What the end of a log says of the current run, if none of its vertices is known to have failed.
  void add_failed_step(const Excerpt& excerpt);
  void add_warning(Vertex& vertex, std::string_view text);
  void add_notice(Notice notice);
  // What may be the end of the current run: it is, if that comes to no step. The first counts.
  void add_ending(Notice notice);
  void mark_merging() { run().merges_layers = true; }
  void mark_cut() { log_.is_cut = true; }

  // Of the current run.
  std::vector<Vertex>& vertices() { return vertices_; }
  // A moment of the current run, in nanoseconds since 1970, as seconds since the first one.
  double since_start(int64_t moment);

  // Ends the last run, and gives all that was found. The collector is empty then.
  Log finish();

 private:
  Run& run();
  void end_run();
  void resolve_inputs();
  void add_vertex_notice(const Vertex& vertex);
  bool has_failed() const;
  bool is_checked() const;
  void take_ending(const ImageNames& images);

  Limits limits_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  Log log_;
  bool open_ = false;  // log_.runs.back() is the current one
  size_t run_number_ = 0;
  std::vector<Vertex> vertices_;
  std::unordered_map<std::string, size_t> digests_;  // the vertex of each
  std::optional<int64_t> start_;
  std::optional<Notice> ending_;
  double boot_end_ = 0;  // when a builder that the run needed was started, in seconds since the run began
};

}  // namespace dcache::observe
