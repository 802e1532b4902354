// One configuration of a skaffold.yaml: a document, in the form of the newest schema.
// Source: https://skaffold.dev/docs/references/yaml/, and the older schemas that it links to
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/dotenv.h"
#include "dcache/project/target.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

// What is read of all files.
struct SkaffoldModel {
  Variables variables;             // the environment, and skaffold.env
  std::vector<std::string> files;  // by Place::file
  std::vector<text::Failure> failures;

  const std::string& path_of(yaml::Place place) const { return files[place.file]; }
  void fail(yaml::Place place, std::string message, std::string remedy = {});
};

struct SkaffoldConfig {
  std::string name;  // may be empty
  yaml::Value root;
};

// The configurations of a file. Documents that are not of Skaffold are failures.
std::vector<SkaffoldConfig> read_skaffold_file(const std::string& path, const ReadOptions& options,
                                               SkaffoldModel& model);

// The profiles that are chosen by name, or activated by the environment or by the command, which is
// `skaffold build`. "-NAME" is one that is not.
std::vector<std::string> active_skaffold_profiles(const SkaffoldConfig& config,
                                                  const std::vector<std::string>& chosen,
                                                  SkaffoldModel& model);

void apply_skaffold_profiles(SkaffoldConfig& config, const std::vector<std::string>& active,
                             SkaffoldModel& model);

// A member that is a scalar, as text; empty without it.
std::string skaffold_text(const yaml::Value& map, std::string_view name);

// Texts of a list; empty if it is not one.
std::vector<std::string> skaffold_texts(const yaml::Value* list);

}  // namespace dcache::project
