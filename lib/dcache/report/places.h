// Where findings are, for the formats that other programs read.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dcache/context/hash.h"
#include "dcache/lint/diagnostic.h"
#include "dcache/text/document.h"

namespace dcache::report {

// The folder of the repository, and the one that relative paths start from; both absolute.
struct Folders {
  std::string root;
  std::string current;

  std::string absolute(const std::string& path) const;
  // Relative to the root; nothing for a path outside of it.
  std::optional<std::string> in_repository(const std::string& path) const;
  // The same, or the path as it is.
  std::string shown(const std::string& path) const;
};

// Tells findings apart, and stays when lines are inserted above: it is made of the rule and the text that the
// finding is about, and of how many such there were before in the file.
class Fingerprints {
 public:
  std::string next(const text::Document& file, const lint::Diagnostic& diagnostic);

 private:
  std::map<context::Hash, int> seen_;
};

}  // namespace dcache::report
