// The files of a project that may build its images or start containers of them: definitions, CI files,
// scripts, READMEs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"
#include "dcache/project/yaml.h"
#include "rules/started_containers.h"

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
  bool is_beside_dockerfile = false;
  std::string text;
  std::vector<size_t> targets;  // where the word "target" is: looked for once for all stages and Dockerfiles
  std::vector<Line> starts;     // lines that may start something in a container, those they continue as one
  std::vector<Line> tags;       // those that may give an image a name
  // What a file in YAML says, read when it is first asked for, for all Dockerfiles of the repository.
  const project::yaml::Documents& documents() const;
  // What it starts in containers, found when it is first asked for.
  const std::vector<StartedContainer>& containers() const;
  // What `make` gives, called once for all who ask: one value for each type. `make` must not call this.
  template <typename T, typename Make>
  const T& shared(const Make& make) const {
    return parsed_->shared.get<T>(make);
  }

 private:
  struct Contents {
    std::once_flag once;
    project::yaml::Documents documents;
    std::once_flag containers_once;
    std::vector<StartedContainer> containers;
    lint::SharedValues shared;
  };
  std::shared_ptr<Contents> parsed_ = std::make_shared<Contents>();
};
inline constexpr std::string_view kTarget = "target";

struct ProjectFiles {
  std::vector<std::shared_ptr<const ProjectFile>> all;
  std::vector<std::string> dockerfiles;  // their paths
  std::vector<std::string> folders;      // from that of the context up to the root of the repository
};

// Each is read once in a run, and they are put together once for all Dockerfiles of a context: in its folder
// and those around it up to the root of the repository, each with the folders below it, as far as a person
// would look.
const ProjectFiles& project_files(const lint::BuildContext& context);

// Whether a text names a program that builds images or starts containers.
bool says_docker(std::string_view text);

// The line at a place of a text, with the lines that a backslash continues.
std::string_view line_at(std::string_view text, size_t at);

}  // namespace dcache::rules
