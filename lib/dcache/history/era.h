// The commits at which the images of a repository, their Dockerfiles and their ignore files are the same.
// Internal to history/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/context/commit_files.h"
#include "dcache/dockerfile/file.h"
#include "dcache/history/history.h"
#include "dcache/history/seen_files.h"
#include "dcache/plan/graph.h"
#include "dcache/project/needs.h"

namespace dcache::history {

// A Dockerfile, planned.
struct Plan {
  std::unique_ptr<dockerfile::File> file;
  plan::Graph graph;
  std::string failure = {};  // why it can't be built; empty for most
};
std::shared_ptr<const Plan> make_plan(const std::string& path, const std::string& text,
                                      const plan::Options& options);

// A context of a build.
struct ContextFolder {
  std::string name;    // empty for the main one
  std::string folder;  // as the build names it
  std::string real;    // absolute
  std::string ignore_text = {};
  std::shared_ptr<const cache::IgnoreFile> ignore = {};
};

// How an image is built.
struct Setup {
  std::string dockerfile;  // its path
  std::string text;
  plan::Options options;
  // What a worker that starts empty imports of the last build; without any, the builder keeps all it built.
  std::vector<cache::CacheImport> cache_from = {};
  std::shared_ptr<const Plan> plan = {};
  std::vector<ContextFolder> contexts = {};
  std::string failure = {};  // why it can't be; empty for most
};

struct Era {
  std::shared_ptr<const SeenFiles> seen;
  project::Project project;
  std::vector<size_t> meant;
  std::unique_ptr<const project::ImageNeeds> needs;
  std::vector<std::shared_ptr<const Setup>> setups;  // by image

  std::optional<size_t> find(const std::string& name) const;
};

// Finds the eras of commits, one after the other.
class Eras {
 public:
  Eras(std::shared_ptr<const context::GitObjects> objects, const ReadImages& read)
      : objects_(std::move(objects)), read_(read) {}

  // The era of a commit, given how its files differ from those of the one before.
  std::shared_ptr<const Era> of(const std::shared_ptr<const context::CommitFiles>& files,
                                const std::vector<context::TreeChange>& changes);
  // That of a commit by itself.
  std::shared_ptr<const Era> read(const std::shared_ptr<const context::CommitFiles>& files) const;

 private:
  bool holds(const Era& era, const context::CommitFiles& files,
             const std::vector<context::TreeChange>& changes) const;
  std::shared_ptr<const Setup> setup_of(const project::Image& image, const context::FileSystem& files) const;

  std::shared_ptr<const context::GitObjects> objects_;
  const ReadImages& read_;
  // The last one first, each with the last commit of it.
  struct Recent {
    context::ObjectId tree;
    std::shared_ptr<const Era> era;
  };
  static constexpr size_t kMostRecent = 8;
  std::vector<Recent> recent_;
};

}  // namespace dcache::history
