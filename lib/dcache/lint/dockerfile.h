// What rules look at: one Dockerfile with everything that is known of it. Parts that cost are made when a
// rule first asks for them. A Dockerfile belongs to one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "dcache/dockerfile/file.h"
#include "dcache/dockerfile/mount.h"
#include "dcache/lint/build_facts.h"
#include "dcache/lint/config.h"
#include "dcache/plan/graph.h"
#include "dcache/plan/image.h"
#include "dcache/shell/script.h"

namespace dcache::lint {

// A RUN with its text taken apart.
struct Run {
  std::optional<size_t> step;  // in the graph; the first of them if ONBUILD runs it in several stages
  const dockerfile::Instruction* instruction = nullptr;
  bool onbuild = false;                            // a trigger: what ONBUILD carries
  const dockerfile::Instruction* shell = nullptr;  // the SHELL in force; null for the default
  // The program that runs the text: that of SHELL, of a heredoc's `#!` line, or what a comment
  // `# hadolint shell=bash` says of shells that nothing else names; "sh" for the default, and "cmd" on images
  // of Windows.
  std::string_view shell_program = "sh";
  std::string_view script;               // the shell text
  std::vector<shell::Command> commands;  // in shell form; of a JSON form the one, or those of `sh -c`
  std::vector<dockerfile::Mount> mounts;
  std::vector<const dockerfile::Flag*> mount_flags;  // that of each of them
  bool shell_form = true;
  bool posix_shell = true;  // false under SHELL ["powershell", …] and the like: no commands
  bool in_heredoc = false;  // the script is the body of a heredoc

  // Where a part of the script is in the file. Of a command that was made from a JSON form the whole
  // instruction.
  text::Span span_of(std::string_view part) const;
  std::string_view source;  // of the file
};

// The builder that a Dockerfile is checked for: the one of its builds, or of a text without a file the one
// that the configuration names.
plan::Builder builder_for(const Config& config, const BuildFacts& facts);

class Dockerfile {
 public:
  // `facts` gives the files around the Dockerfile, or null where there are none (standard input). Dockerfiles
  // of one folder may share them.
  Dockerfile(const dockerfile::File& file, const Config& config, BuildFacts facts);

  const dockerfile::File& file() const { return file_; }
  const Config& config() const { return config_; }
  // Where it is; empty where that is not known.
  const std::string& path() const { return facts_.dockerfile(); }
  // The build that the file is meant for; null where that is not known.
  const project::Image* image();
  // All builds that it is meant for, with that first; none where they are not known.
  std::span<const project::Image> images() const { return facts_.images(); }
  // The builder that the file is checked for.
  plan::Builder builder();
  // Whether definitions decide what a name means that FROM, COPY --from or a mount has: it is that of a named
  // context, or of an image that the repository builds. Nobody can pin or correct it in the Dockerfile.
  bool is_defined(std::string_view name);
  // Whether such a name is that of an image whose Dockerfile sets WORKDIR.
  bool has_defined_workdir(std::string_view name);
  // The name of another image that definitions build on one of this Dockerfile: it starts or copies from it.
  // Empty for none.
  std::string built_on() const { return facts_.built_on(); }
  // What is known of the image of such a name, if the repository builds it.
  std::optional<BuildFacts::BuiltImage> built_image(std::string_view name) {
    return is_defined(name) ? facts_.built_image(plan::normal_reference(name)) : std::nullopt;
  }
  // The plan of that build, up to the last stage whatever its target is.
  const plan::Graph& graph();
  // All RUNs of the file in its order, those that ONBUILD carries too.
  const std::vector<Run>& runs();
  // The run of a step that is a RUN.
  const Run& run_of(size_t step);
  // The run of a RUN of the file, or of what ONBUILD carries.
  const Run& run_at(const dockerfile::Instruction& instruction);
  // Whether a definition or the user says which folder is the context; otherwise it is a guess.
  bool context_is_known() { return facts_.context_is_given() || image() != nullptr; }
  // Null where nothing is known of the context.
  const BuildContext* build_context();
  // How long a step took when it was built last, by a plan of this file or of what a fix makes of it. Nothing
  // where that is not known.
  std::optional<double> seconds_of(const plan::Graph& graph, size_t step) const {
    return facts_.seconds_of(graph, step);
  }
  // What several rules work out of the file, made by the first that asks: one value for each type.
  template <typename T, typename Make>
  const T& shared(const Make& make) {
    std::shared_ptr<void>& value = shared_[std::type_index(typeid(T))];
    if (!value) value = std::make_shared<T>(make());
    return *static_cast<const T*>(value.get());
  }
  // What rules find out bit by bit and keep for each other: one value for each type, empty at first.
  template <typename T>
  T& memory() {
    std::shared_ptr<void>& value = shared_[std::type_index(typeid(T))];
    if (!value) value = std::make_shared<T>();
    return *static_cast<T*>(value.get());
  }

 private:
  const dockerfile::File& file_;
  const Config& config_;
  BuildFacts facts_;
  bool image_asked_ = false;
  std::shared_ptr<const project::Image> image_;
  std::optional<plan::Builder> builder_;
  bool names_asked_ = false;
  BuildFacts::Names names_;
  text::Arena texts_;  // of words in runs
  std::unique_ptr<plan::Graph> graph_;
  std::unique_ptr<std::vector<Run>> runs_;
  std::map<std::type_index, std::shared_ptr<void>> shared_;
  bool build_context_asked_ = false;
  std::shared_ptr<const BuildContext> build_context_;
};

}  // namespace dcache::lint
