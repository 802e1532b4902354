// What git says of the files of a context.
#pragma once

#include <optional>
#include <string>

#include "dcache/context/git.h"
#include "dcache/lint/build_facts.h"

namespace dcache::rules {

// Knows nothing outside of a work tree.
class ContextGit {
 public:
  explicit ContextGit(const lint::BuildContext& context);

  bool is_in_work_tree() const { return repository_.has_value(); }
  bool ignores(const std::string& path, bool is_folder) const;
  // Whether the newest commit has the file.
  bool tracks(const std::string& file) const;
  // The same of a record of the context; of a folder whether it has one of the first files there.
  bool tracks_any(const lint::BuildContext& context, const context::Record& record) const;
  // Whether a clone will have it: it is in a commit or staged.
  bool will_be_cloned(const std::string& file) const;

 private:
  std::optional<context::GitRepository> repository_;
  std::string prefix_;  // of the context in the work tree
};

}  // namespace dcache::rules
