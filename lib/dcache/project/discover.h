// Which Dockerfiles there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dcache::project {

struct FindOptions {
  // Also the other files that rules are about: ignore files, workflows, .gitlab-ci.yml.
  bool related_files = false;
  bool definitions = false;  // also those that define builds: see DiscoveredFiles::definitions
  bool gitignore = true;     // what git ignores is not searched
};

struct DiscoveredFiles {
  std::vector<std::string> files;
  std::vector<std::string> definitions;  // files that define builds; empty if they are not asked for
  std::vector<std::string> without;      // folders that were given and contain none
  // What a search of folders left out: files that have the name of a Dockerfile with another ending, such
  // as Dockerfile.j2, programs such as Dockerfile.py, and folders of vendored files, with a `/` at the end.
  // What git ignores is not named.
  std::vector<std::string> left_out;
  // Sentences about folders and files that should have been searched, and could not be read.
  std::vector<std::string> problems;
  // Sentences about searches that took files which git ignores, because git's own files can't be read.
  std::vector<std::string> warnings;
};

// The paths, with each folder replaced by the Dockerfiles below it, and each pattern
// ("services/**/Dockerfile", as in an ignore file) by the files that match it, sorted. A path that exists is
// not a pattern, and a pattern that matches nothing stays as it is. Reads folders, git's own files, and those
// that have the name of a Dockerfile and the ending of a program: Dockerfile.py.
//
// A folder or file that can't be read is a problem, and the search continues. So is a symbolic link that
// leads out of the repository, or, without one, out of the folder that is searched. A link to nothing is
// ignored.
DiscoveredFiles find_dockerfiles(const std::vector<std::string>& paths, const FindOptions& options = {});

// Whether a file is a Dockerfile: "Dockerfile", "Dockerfile.dev", "api.dockerfile", "Containerfile". A
// template of one (Dockerfile.j2), or a copy that a tool left (Dockerfile.orig), is not.
bool is_dockerfile_name(std::string_view path);

}  // namespace dcache::project
