// The files that an install of a project's dependencies reads, and where it finds them: its manifests, and
// what these refer to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"
#include "dcache/lint/dockerfile.h"
#include "rules/package_managers.h"

namespace dcache::rules {

// A COPY of everything, or of a folder with sources, that nothing but files of the context goes into.
struct BroadCopy {
  const plan::Step* step = nullptr;
  const plan::Selector* source = nullptr;
};

// What has to be copied for the install to work; paths are those of the context.
struct InstallManifests {
  std::vector<std::string> paths;    // of files in the folder that it works in
  std::vector<std::string> folders;  // there, that the package manager reads too
  std::vector<std::string>
      others;                // files elsewhere that the manifests refer to, members of a workspace first
  bool has_members = false;  // it is the root of a workspace
  bool separable = true;     // false if it is not all there, or if the manifests refer to sources
  bool runs_scripts = false;
  bool refers = false;          // to files that are not among the others
  bool open_workspace = false;  // whose members are not known
  bool needs_sources = false;   // nothing is gained by copying the manifests first
};

// Of texts; valid as long as the list is.
template <typename List>
std::vector<std::string_view> views_of(const List& list) {
  return {list.begin(), list.end()};
}

// The manifests of the package manager, or the files that the options of the install name.
std::vector<std::string_view> needed_files(const Use& use);

// Whether one of the copies takes the file; false for null.
bool is_taken(const lint::BuildContext& context, const std::vector<const plan::Step*>& copies,
              const context::Record* record);

// A name in a folder of the context, which is rooted: "a/b" for "/a" and "b".
std::string in_folder(std::string_view folder, std::string_view name);

// Where a RUN works. Without a WORKDIR the base image says so: an install finds its manifests where the COPY
// brings them.
std::string work_folder(const plan::Graph& graph, const BroadCopy& copy, const lint::Run& run);

// The folder that a command of a RUN works in, which starts in `folder`; nothing where `cd` goes to one that
// is not written there.
std::optional<std::string> folder_at(std::string folder, const lint::Run& run, const shell::Command& command);

// The folder of the context that the install works in, as a rooted path; nothing where it can't be told.
std::optional<std::string> install_folder(const plan::Graph& graph, const BroadCopy& copy,
                                          const lint::Run& run, const Use& use);

// `folder` is that of the install, and `copies` are those above it.
InstallManifests find_manifests(const lint::BuildContext& context,
                                const std::vector<const plan::Step*>& copies, std::string_view folder,
                                const BroadCopy& copy, const Use& use);

}  // namespace dcache::rules
