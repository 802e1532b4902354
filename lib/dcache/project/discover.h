// Which Dockerfiles there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcache::project {

struct FindOptions {
  // Also the other files that rules are about: ignore files, workflows, .gitlab-ci.yml.
  bool related_files = false;
  bool definitions = false;  // also those that define builds: see Found::definitions
  bool gitignore = true;     // what git ignores is not searched
};

struct Found {
  std::vector<std::string> files;
  std::vector<std::string> definitions;  // files that define builds; empty if they are not asked for
  std::vector<std::string> without;      // folders that were given and contain none
  // What a search of folders passed over: files that have the name of a Dockerfile with another ending, such
  // as Dockerfile.j2, and folders of vendored files, with a `/` at the end. What git ignores is not named.
  std::vector<std::string> left_out;
  // Sentences about folders and files that should have been searched, and could not be read.
  std::vector<std::string> problems;
  // Sentences about what the search did without, and searched all the same: git, for what it ignores.
  std::vector<std::string> warnings;
};

// The paths, with each folder replaced by the Dockerfiles below it, and each pattern that no file is called
// like ("services/**/Dockerfile", as in an ignore file) by the files that match it, sorted. A pattern that
// matches nothing stays as it is. Reads folders, and no file but those of git.
//
// A folder or file that can't be read is a problem, and the search goes on after it. So is a symbolic link
// that leads out of context::Boundary; one that leads nowhere is passed over.
Found find_dockerfiles(const std::vector<std::string>& paths, const FindOptions& options = {});

// Whether a file is a Dockerfile: "Dockerfile", "Dockerfile.dev", "api.dockerfile", "Containerfile". A
// template of one (Dockerfile.j2), or a copy that a tool left (Dockerfile.orig), is not.
bool is_dockerfile_name(std::string_view path);

}  // namespace dcache::project
