// The files of a project that may build its images or start containers of them: definitions, CI files,
// scripts, READMEs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"

namespace dcache::rules {

// A file of the project that may build images or start containers.
struct ProjectFile {
  enum class Kind : uint8_t {
    kCompose,
    kDefinition,    // bake, Skaffold, CI
    kDevcontainer,  // of an editor
    kManifest,      // of something that may start containers: Kubernetes, Terraform, Quadlet
    kScript,        // programs and texts with command lines
  };
  struct Line {
    size_t begin = 0;
    size_t size = 0;
  };
  std::string name;    // from the root of the repository
  std::string folder;  // that it is in
  Kind kind = Kind::kScript;
  bool is_yaml = false;
  std::string text = {};
  std::vector<size_t> targets =
      {};  // where the word "target" is: looked for once for all stages and Dockerfiles
  std::vector<Line> starts = {};  // lines that may start something in a container, those they continue as one
};
inline constexpr std::string_view kTarget = "target";

struct ProjectFiles {
  std::vector<ProjectFile> all;
  std::vector<std::string> folders;  // from that of the context up to the root of the repository
};

// Found once for all Dockerfiles of the context: in its folder and those around it up to the root of the
// repository, each with the folders below it, as far as a person would look.
const ProjectFiles& project_files(const lint::BuildContext& context);

// Whether a text names a program that builds images or starts containers.
bool says_docker(std::string_view text);

// The line at a place of a text, with the lines that a backslash continues.
std::string_view line_at(std::string_view text, size_t at);

}  // namespace dcache::rules
