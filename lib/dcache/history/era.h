// The commits at which the images of a repository, their Dockerfiles and their ignore files are the same.
// Internal to history/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "dcache/cache/build.h"
#include "dcache/cache/planned_file.h"
#include "dcache/context/commit_files.h"
#include "dcache/history/history.h"
#include "dcache/history/seen_files.h"
#include "dcache/plan/graph.h"
#include "dcache/project/needs.h"
#include "dcache/project/unknown.h"

namespace dcache::history {

using Plan = cache::PlannedFile;

// A context of a build.
struct ContextFolder {
  std::string name;    // empty for the main one
  std::string folder;  // as the build names it
  std::string real;    // absolute
  std::string ignore_path = {}, ignore_text = {};
  std::shared_ptr<const cache::IgnoreFile> ignore = {};

  friend bool operator==(const ContextFolder& a, const ContextFolder& b) {
    const auto read = [](const ContextFolder& context) {
      return std::tie(context.name, context.folder, context.real, context.ignore_path, context.ignore_text);
    };
    return read(a) == read(b);
  }
};

// How an image is built.
struct Setup {
  std::string dockerfile;  // its path
  std::string text;
  plan::Options options;
  // What a worker that starts empty imports of the last build; without any, the builder keeps all it built.
  std::vector<cache::CacheImport> cache_from = {};
  std::vector<ContextFolder> contexts = {};
  // Build arguments that CI gives another value in each run, and the Dockerfile declares, with what CI gives
  // them. At each commit they have a value of their own.
  std::map<std::string, project::ValueOfRun, std::less<>> varying = {};
  std::string problem = {};  // why it can't be read; empty for most
  std::shared_ptr<const Plan> plan = {};
  std::string failure = {};  // why it can't be; empty for most

  // Whether it is made of the same: then its plan is the same.
  bool is_made_as(const Setup& other) const {
    const auto made_of = [](const Setup& setup) {
      return std::tie(setup.dockerfile, setup.text, setup.options, setup.cache_from, setup.contexts,
                      setup.varying, setup.problem);
    };
    return made_of(*this) == made_of(other);
  }
};

struct Era {
  std::shared_ptr<const SeenFiles> seen;
  project::Project project;
  std::vector<size_t> meant;
  std::unique_ptr<const project::ImageNeeds> needs;
  // By image.
  std::vector<std::shared_ptr<const Setup>> setups;
  std::vector<std::string> names;  // as the newest commit names them

  std::optional<size_t> find(const std::string& name) const;
};

// Finds the eras of commits, one after the other.
class Eras {
 public:
  Eras(std::shared_ptr<const context::GitObjects> objects, const ReadImages& read)
      : objects_(std::move(objects)), read_(read) {}

  // From now on, an image that has another name than in the newest era, and the only one there was of its
  // Dockerfile and target, has the name of that one. A name often comes from a file of a CI service, which
  // was added later than the image.
  void name_as_in(const Era& newest);
  // The era of a commit, given how its files differ from those of the one before.
  std::shared_ptr<const Era> of(const std::shared_ptr<const context::CommitFiles>& files,
                                const std::vector<context::TreeChange>& changes);
  // That of a commit by itself.
  std::shared_ptr<const Era> read(const std::shared_ptr<const context::CommitFiles>& files) const;

 private:
  bool holds(const Era& era, const context::CommitFiles& files,
             const std::vector<context::TreeChange>& changes) const;
  // One that an image of the last eras has already, if it is the same.
  std::shared_ptr<const Setup> setup_of(const std::string& name, const project::Image& image,
                                        const context::FileSystem& files) const;

  std::shared_ptr<const context::GitObjects> objects_;
  std::vector<std::string> names_of(const project::Project& project) const;

  const ReadImages& read_;
  struct ImageIdentity {
    std::string name, dockerfile, target;
  };
  std::vector<ImageIdentity> newest_;
  // The last one first, each with the last commit of it.
  struct RecentEra {
    context::ObjectId tree;
    std::shared_ptr<const Era> era;
  };
  static constexpr size_t kMostRecent = 8;
  std::vector<RecentEra> recent_;
};

}  // namespace dcache::history
