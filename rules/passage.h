// What is between a COPY of sources and a later RUN that installs: whether one of them can go where the other
// is, for fixes that put the install above the sources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dcache/lint/dockerfile.h"
#include "rules/install_manifests.h"
#include "rules/package_managers.h"

namespace dcache::rules {

enum class Passage : uint8_t {
  kFree,     // nothing is between them that runs or copies, except what changes settings
  kOutside,  // only what needs none of the files, and writes elsewhere: tools and settings for the install
  kNone,     // what may need the files, or it is not known
};
// Whether the COPY can move down to the RUN and mean the same there.
Passage passage_down(lint::Dockerfile& dockerfile, const BroadCopy& copy, const lint::Run& run);

// The files of the context that are copied for an install.
struct CopiedFiles {
  std::string_view folder;  // that the install works in, rooted
  std::vector<std::string> paths;
};

// Commands that have to come before an install that is made above the sources too, such as `chmod +x mvnw`
// for a wrapper that is copied. Nothing if more of what is before it may be needed, such as a tool that is
// installed there. The first looks at the commands of the same RUN.
std::optional<std::vector<std::string>> preparations_in(const lint::Run& run, const Use& use,
                                                        const CopiedFiles& copied);
// The second looks at the steps between the COPY and the RUN.
std::optional<std::vector<std::string>> preparations_between(lint::Dockerfile& dockerfile,
                                                             const BroadCopy& copy, const lint::Run& run,
                                                             const Use& use, const CopiedFiles& copied);

}  // namespace dcache::rules
