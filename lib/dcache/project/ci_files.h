// The YAML files of a CI definition: each is read once, and all together within limits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/target.h"
#include "dcache/project/yaml.h"

namespace dcache::project {

class CiFiles {
 public:
  // What can't be read is added to `failures`.
  CiFiles(const ReadOptions& options, std::vector<text::Failure>& failures)
      : options_(options), failures_(failures) {}

  // The documents of a file; null if it can't be read, which fails at `from`, or at the file itself. They
  // stay where they are.
  const std::vector<yaml::Value>* read(const std::string& path, const yaml::Place* from);

  // The text of a script that is run at `from`; nothing if there is none of this path, if it can't start a
  // build, or if too many are read. With `builds` there is no answer, and definitions rest on it.
  std::optional<std::string> script(const std::string& path, bool builds, yaml::Place from);

  const std::string& path_of(yaml::Place place) const { return paths_[place.file]; }
  void fail(yaml::Place place, std::string message, std::string remedy = {});

  // Counts what is read again and again: for each job of a matrix, and each call. False, with a failure, if
  // it is too much.
  bool spend(size_t characters, yaml::Place place);
  // Whether that was too much already.
  bool is_spent() const;

 private:
  const ReadOptions& options_;
  std::vector<text::Failure>& failures_;
  std::vector<std::string> paths_;
  std::map<std::string, std::vector<yaml::Value>> read_;
  std::map<std::string, std::optional<std::string>> scripts_;  // nothing for those that don't matter
  size_t spent_ = 0;
};

// The scalar that a member of a map is, as text; empty if there is none.
std::string text_of(const yaml::Value& map, std::string_view name);

}  // namespace dcache::project
