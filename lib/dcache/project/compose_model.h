// The model of a Compose project: its files, with what they include, extend and override put together.
// Source: https://github.com/compose-spec/compose-spec
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dcache/project/dotenv.h"
#include "dcache/project/target.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

struct ComposeModel {
  // A map. Services have `build` in its long form, and paths from the project's folder. What can't be read is
  // not in it.
  yaml::Value services;
  std::string name;  // of the project, for Compose
  bool is_compose =
      false;  // whether some file has nothing that Compose does not know, be it without services
  std::set<std::string, std::less<>> secrets;  // their names
  // The project's: the environment, and .env.
  Variables variables;
  std::vector<std::string> files;  // by Place::file
  // Of texts that use variables without a value and without a default: their names.
  std::map<yaml::Place, std::vector<std::string>> unset;
  std::set<yaml::Place> failed;  // texts whose variables can't be replaced
  // Texts with a variable that has to be set and is not, and the message: of no interest if no build reads
  // them.
  std::map<yaml::Place, std::string> required;
  std::vector<text::Failure> failures;

  const std::string& path_of(yaml::Place place) const { return files[place.file]; }
  // Whether a text that can't be replaced is in a value that is read; those that are required are told then.
  bool has_failed(const yaml::Value& value);
  void fail(yaml::Place place, std::string message, std::string remedy = {});
};

// `folder` is the project's: where .env is, and where paths start.
ComposeModel read_compose_model(const std::vector<std::string>& paths, const std::string& folder,
                                const ReadOptions& options);

}  // namespace dcache::project
