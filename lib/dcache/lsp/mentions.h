// What the words of a compose or bake file mean: images, their Dockerfiles, stages and build arguments,
// variables, functions, other things that have names, and keys that there is documentation of.
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
    kVariable,  // of bake
    kFunction,  // of bake: one that is called, or that the file defines
    kBound,     // a name of a loop, a matrix or a function, which hides a variable of bake
    kNetwork,   // of compose, as those that follow
    kVolume,
    kConfig,
    kSecret,
    kModel,
    kAnchor,
    kFile,       // relative to the folder of the compose file
    kReference,  // of an image in a registry
    kKey,        // `name` is that of its documentation: "compose build.target"
  };
  Kind kind = Kind::kKey;
  std::string name;
  std::string image;  // that it is about, as the file calls it; empty for none
  text::Span span;
  bool defines = false;
  // All of what it defines, and of an argument its value too.
  text::Span whole = {};
};

// Whether it is the name of something that the file may define.
constexpr bool is_name(Mention::Kind kind) {
  using Kind = Mention::Kind;
  return kind == Kind::kImage || kind == Kind::kVariable || kind == Kind::kFunction ||
         (kind >= Kind::kNetwork && kind <= Kind::kAnchor);
}

// In the order of the file, keys after what else begins there. What can't be parsed has none.
std::vector<Mention> compose_mentions(std::string_view source);
std::vector<Mention> bake_mentions(std::string_view source);  // of HCL

// Of the file at `path`; empty for bake files in JSON.
std::vector<Mention> mentions_of(const std::string& path, std::string_view source);

}  // namespace dcache::lsp
