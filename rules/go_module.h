// What the packages of a Go module in the context need of each other, as far as the text of their files
// tells.
//
// Source: https://go.dev/ref/mod, https://go.dev/ref/spec#Import_declarations, https://pkg.go.dev/embed
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/build_facts.h"

namespace dcache::rules {

// A path in go.mod or go.work, without the quotes that it may have.
std::string_view without_go_quotes(std::string_view path);

// The folders that a go.mod or a go.work takes modules from instead of downloading them, as they are written.
// Source: https://go.dev/ref/mod#go-mod-file-replace
std::vector<std::string> replaced_by_folders(std::string_view go_mod);

class GoModule {
 public:
  // Of the module at the root of the context, read once for all Dockerfiles of it. Null if there is none, if
  // it takes modules from other folders, or if it is too large to look at in passing.
  static const GoModule* of(const lint::BuildContext& context);

  // The folders that are read to build a package: of itself, of the packages it imports and theirs, and what
  // these embed; "" is the root. `folder` is the package's, or with `below` all packages in it count. Nothing
  // if there is no such package.
  std::optional<std::set<std::string>> needed_by(const std::string& folder, bool below) const;

  const std::string& path() const { return path_; }

 private:
  static std::optional<GoModule> read(const lint::BuildContext& context);
  void read_file(std::string_view folder, std::string_view text);

  std::string path_;                                                 // "example.com/app"
  std::map<std::string, std::set<std::string>, std::less<>> needs_;  // folders, by that of a package
};

}  // namespace dcache::rules
