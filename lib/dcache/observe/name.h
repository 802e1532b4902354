// The names of vertices, taken apart.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace dcache::observe {

// "[api linux/amd64 build 2/5] RUN make". The views are into the name.
struct Name {
  std::string_view image;     // what bake or Compose calls it
  std::string_view platform;  // "linux/amd64"; "linux/amd64->arm64" for a step that compiles for another one
  std::string_view stage;     // empty in a build of one stage
  size_t number = 0;          // 0 for what is not a step of the Dockerfile
  size_t total = 0;
  std::string_view kind;  // "internal", "auth" or "context" in place of a number
  std::string_view text;  // "RUN make"

  bool is_step() const { return number != 0; }
  // A base image that belongs to no stage, since COPY --from or a mount names it too: "FROM alpine".
  bool is_image() const { return number == 0 && kind.empty() && text.starts_with("FROM "); }
};

using ImageNames = std::set<std::string, std::less<>>;

// `images` are those that the run builds; empty for a run of one image, whose names don't say it.
Name read_name(std::string_view name, const ImageNames& images);

// The image that the name of a vertex shows its run to have; empty for none: "api" for "[api internal] load
// build context" and for "[api] exporting to image".
std::string_view image_shown_by(std::string_view name);

// Whether the text of a vertex says that it is about the result: "exporting to image".
bool is_export(std::string_view text);

// Whether a vertex reads or writes a cache: "importing cache manifest from ghcr.io/acme/app".
bool is_cache_work(std::string_view name);

// Whether a vertex starts a builder, which then has an empty cache.
bool is_boot(std::string_view name);

}  // namespace dcache::observe
