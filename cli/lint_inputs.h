// Which files `dcache lint` reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/lint_options.h"
#include "dcache/context/file_system.h"
#include "dcache/project/discover.h"
#include "dcache/project/images.h"

namespace dcache::cli {

// A file to lint, and the image that is built from it if --image names that.
struct LintInput {
  std::string path;
  std::shared_ptr<const project::Image> image = nullptr;
};

class LintInputs {
 public:
  // `options` and `files` have to outlive the object. What a search finds of definitions is added to
  // `images`.
  LintInputs(const LintOptions& options, const context::FileSystem& files,
             std::shared_ptr<project::ImageFinder> images)
      : options_(options), files_(files), images_(std::move(images)) {}

  // Nothing, with a word on standard error, if there is none. Sets `failed` if an image that --image names
  // can't be linted, or a folder can't be read.
  std::optional<std::vector<LintInput>> find(bool& failed);

  // What a search of the paths finds now, Dockerfiles and files next to them; says nothing of what it can't
  // read.
  std::vector<std::string> names() const;
  // The same when find() looked, and the definitions that it added to the images.
  const std::vector<std::string>& found() const { return found_; }
  const std::vector<std::string>& definitions() const { return definitions_; }

  // Whether the user named the file, and did not leave it to a search.
  bool is_named(const std::string& path) const;

 private:
  std::vector<std::string> paths() const;
  project::FindOptions find_options() const;
  std::optional<std::vector<LintInput>> find_images(bool& failed);
  void add_defined(std::vector<LintInput>& inputs) const;
  bool is_searched(const std::string& path) const;

  const LintOptions& options_;
  const context::FileSystem& files_;
  std::shared_ptr<project::ImageFinder> images_;
  std::vector<std::string> found_;
  std::vector<std::string> definitions_;
};

}  // namespace dcache::cli
