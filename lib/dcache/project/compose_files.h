// One file of a Compose project, read and with its variables replaced.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/compose_merge.h"
#include "dcache/project/compose_model.h"

namespace dcache::project {

// Where the paths of a file start, and what its variables are: the project, or what `include` names.
struct ComposeScope {
  size_t number;       // each has its own
  std::string folder;  // from where files are read
  std::string home;    // for "~"; empty if it is not known
  Variables variables;
  std::vector<std::string> chain;  // the files that include each other down to here

  // Where a path of the file leads.
  std::string path_of(std::string_view path) const;
};

// The text of a member; null if it is not there, empty, or not a text.
const yaml::Value* compose_text(const yaml::Value& map, std::string_view name);

// A document of a file. It is a map.
struct ComposeDocument {
  yaml::Value root;
  ResetPaths resets;
};

// Reads files into a model's failures, and limits what all of them grow to.
class ComposeFiles {
 public:
  ComposeFiles(ComposeModel& model, const ReadOptions& options);

  // The documents of a file, as they are written; nothing after a failure. `from` is where it is asked for.
  std::vector<ComposeDocument> read(const std::string& path, const yaml::Place* from);

  // Adds the variables of an env file; those that are set already stay. Returns whether it is there.
  bool read_env(const std::string& path, Variables& variables);

  bool is_folder(const std::string& path) const;

  // Replaces variables in all texts, and removes members whose names are not texts. Texts that can't be
  // replaced are failures.
  void replace_variables(yaml::Value& value, const Variables& variables);

  // Adds a failure.
  const Complain& complain() const { return complain_; }

  // Counts what a copy adds; false, with a failure, if it is too much.
  bool count_copy(const yaml::Value& value);

 private:
  void replace(yaml::Value& text, const Lookup& lookup);

  ComposeModel& model_;
  const ReadOptions& options_;
  Complain complain_;
  size_t files_read_ = 0;
  size_t copied_ = 0;
  size_t replaced_ = 0;
};

}  // namespace dcache::project
