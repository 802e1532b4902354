// The targets of a CI definition: its builds, with paths from the root of the repository, each once, and each
// under a name of its own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dcache/project/ci_text.h"
#include "dcache/project/docker_command.h"
#include "dcache/project/target.h"

namespace dcache::project {

// What a job checks out.
struct Checkout {
  std::string folder = ".";  // where, from the root of the workspace
  std::string remote = {};   // the URL of another repository; empty for this one
};

// Where the files of a job are.
class Workspace {
 public:
  void add(Checkout checkout);

  // A path of the workspace as one from the root of its repository.
  struct Place {
    std::string remote;  // the URL of that repository; empty for this one
    CiText path;
  };
  Place locate(const CiText& path) const;

 private:
  std::vector<Checkout> checkouts_;
};

// Where a build comes from.
struct CiSource {
  std::vector<Origin> defined;                              // the first one is the build's own
  std::string job;                                          // its name
  std::vector<std::string> images;                          // names for the image, if its tags are not known
  std::vector<std::pair<std::string, std::string>> matrix;  // values that make this job
  CiVariables environment;                                  // of build arguments without a value
  Purpose purpose = Purpose::kBuild;
};

class CiTargets {
 public:
  // `root` is the root of the repository.
  CiTargets(std::string root, const ReadOptions& options) : root_(std::move(root)), options_(options) {}

  // What can't be read of it is added to `failures`. False if there are too many targets already.
  bool add(const CiBuild& build, const Workspace& workspace, const CiSource& source,
           std::vector<text::Failure>& failures);
  // A target that has a name already, which stays as it is if it can.
  bool add(Target target, const CiSource& source);

  // All of them, in the order in which they were added.
  std::vector<Target> take();

 private:
  struct Entry {
    Target target;
    std::string job;
    std::vector<std::pair<std::string, std::string>> matrix;
    bool is_named = false;
  };

  bool add(Target target, const CiSource& source, bool is_named);
  void merge(Target& into, const Target& more) const;
  void separate_names();
  void separate_by_matrix(const std::vector<size_t>& same);
  void separate(const std::vector<size_t>& same, const std::vector<std::string>& values);

  std::string root_;
  const ReadOptions& options_;
  std::vector<Entry> entries_;
  std::map<std::string, size_t> known_;  // by what they build
  size_t characters_ = 0;
};

// The name of an image without its tag, "ghcr.io/acme/api" of "ghcr.io/acme/api:1.2"; empty if that is not
// known.
std::string repository_of_reference(const CiText& reference);

// The last part of it, "api" of "ghcr.io/acme/api:1.2"; empty if that is not known.
std::string name_of_reference(const CiText& reference);

}  // namespace dcache::project
