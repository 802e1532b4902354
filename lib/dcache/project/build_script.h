// The builds that the shell script of a CI job starts.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/ci_text.h"
#include "dcache/project/docker_command.h"
#include "dcache/shell/script.h"

namespace dcache::project {

// Reads scripts one after the other, as one shell that runs them: variables that they set and the folder that
// they change to stay. Nothing is run: a variable whose value is not written is not known.
class BuildScript {
 public:
  using Variables = std::map<std::string, CiText, std::less<>>;

  // `environment` are the variables that are set outside; `folder` is where it starts, from the root of the
  // workspace.
  BuildScript(CiVariables environment, CiText folder)
      : environment_(std::move(environment)), folders_{{folder, folder}} {}

  std::vector<CiBuild> read(std::string_view script);

  // Variables that `echo NAME=VALUE` gives to later steps: the script writes to the file that such a variable
  // names ("GITHUB_ENV").
  const Variables& exported() const { return exported_; }
  std::optional<CiText> find(std::string_view name) const;

 private:
  struct Folder {
    CiText now, before;
  };

  void follow_keywords(std::string_view between);
  void read_command(const shell::Command& command, bool nested, std::vector<CiBuild>& builds);
  void set(const shell::Word& assignment, bool sure);
  void set_unknown(std::string_view name);
  bool reads_values(const std::vector<CiText>& words);
  void set_all(std::span<const shell::Word> words, bool sure);
  void change_folder(const std::vector<CiText>& words);
  void note_exports(const shell::Command& command, const std::vector<CiText>& words);
  std::vector<CiText> expand(std::span<const shell::Word> words);
  CiText expand(const shell::Word& word);

  CiVariables environment_;
  Variables variables_;
  Variables exported_;
  bool writes_exports_ = false;
  bool is_open_ = false;         // another file or text may have set any variable that is not set since
  size_t expanded_ = 0;          // characters
  std::vector<Folder> folders_;  // of the shell, and of the subshells that are open
};

// A folder below another. It replaces that if it is absolute.
CiText join_ci_path(const CiText& folder, const CiText& path);

// Whether a path starts at the root of the workspace; if so, `path` is made relative to that.
bool take_workspace_root(CiText& path);

}  // namespace dcache::project
