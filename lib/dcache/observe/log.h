// Builds that happened, as their logs tell of them.
//
// BuildKit calls what it works on a vertex: a step of the Dockerfile, loading the context, exporting the
// image. Plain values; nothing here is checked, since a log may contain anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dcache::observe {

struct Vertex {
  std::string name;                      // as the log has it: "[build 2/5] RUN make"
  std::string digest = {};               // of a record; empty in a plain log
  std::vector<std::string> inputs = {};  // digests of what it was made from, of a record
  // Seconds since the first moment that the log of its run tells. A plain log without the times of a CI
  // service has none.
  std::optional<double> started = {};
  std::optional<double> completed = {};
  double seconds = 0;     // that it took
  bool ended = false;     // a log that was cut lacks the end of the last ones
  bool cached = false;    // it was reused
  bool canceled = false;  // another step failed meanwhile
  std::string error = {};
  uint64_t bytes = 0;  // transferred: of the context, of layers that were pulled
  std::vector<std::string> warnings = {};
};

// What else a log says about why steps ran.
struct Notice {
  enum class Kind : uint8_t {
    kCacheImport,    // a cache could not be imported
    kCacheImported,  // a cache was imported
    kCacheExport,    // a cache could not be exported
    kNewBuilder,     // the builder was started by this build, so it was empty
    kNoCache,        // the build was told not to use the cache
    kPull,           // the build was told to look for newer base images
    kFailed,         // the build failed; the words are the error
    kChecked,        // the Dockerfile was only checked (--check); the words are what that found
  };
  Kind kind = Kind::kCacheImport;
  std::string words;       // of the log
  std::string image = {};  // of a run of several: the one that it is about, if the log says so
};

// One build of one image.
struct Build {
  std::string name = {};              // what bake or Compose calls it; empty for the only image of a run
  size_t run = 0;                     // index in Log::runs
  std::vector<Vertex> vertices = {};  // in the order in which the log names them
};

// One call of docker build, buildx bake, docker compose build or buildctl.
struct Run {
  std::string builder = {};  // "\"default\" instance using docker driver"; empty if the log does not say
  // It was seen to keep images as BuildKit does alone, and not as Docker's classic store: that one can't put
  // the layer of a `COPY --link` on others.
  bool merges_layers = false;
  std::vector<Notice> notices = {};
  std::vector<Vertex> shared = {};  // what was done for several images: reading a bake file
};

// What a builder prints at the end of a build that failed.
struct Excerpt {
  std::string step = {};                 // the name of the vertex that failed: "[build 3/4] RUN make"
  std::vector<std::string> output = {};  // the last lines that it printed
  double seconds = 0;                    // when it printed the last one, since it began
  std::string dockerfile = {};           // its name; empty if the place is not told
  uint32_t line = 0;                     // that the instruction starts in
  std::string instruction = {};
  std::string error = {};
  std::string image = {};  // of a run of several: the one that failed, if that is told
};

struct Log {
  std::vector<Run> runs;
  std::vector<Build> builds;  // in the order of their runs
  bool is_cut = false;        // something is missing: lines, or the end of vertices
  // This is all that there is; of the steps the only build has the one that failed, if that is told.
  std::optional<Excerpt> excerpt = {};

  // The index of the first build of a run, and the index after its last one.
  std::pair<size_t, size_t> builds_of(size_t run) const;
};

}  // namespace dcache::observe
