// What the words of a compose or bake file mean: images, their Dockerfiles, stages and build arguments,
// variables, and keys that there is documentation of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/text/span.h"

namespace dcache::lsp {

struct Mention {
  enum class Kind : uint8_t {
    kImage,  // a service, or a target or group of bake
    kContext,
    kDockerfile,
    kStage,
    kArgument,
    kVariable,   // of bake
    kBound,      // a name of a loop or a matrix, which hides a variable of bake
    kReference,  // of an image in a registry
    kKey,        // `name` is that of its documentation: "compose build.target"
  };
  Kind kind = Kind::kKey;
  std::string name;
  std::string image;  // that it is about, as the file calls it; empty for none
  text::Span span;
  bool defines = false;
};

// In the order of the file, keys after what else begins there. What can't be parsed has none.
std::vector<Mention> compose_mentions(std::string_view source);
std::vector<Mention> bake_mentions(std::string_view source);  // of HCL

// Of the file at `path`; empty for bake files in JSON.
std::vector<Mention> mentions_of(const std::string& path, std::string_view source);

}  // namespace dcache::lsp
