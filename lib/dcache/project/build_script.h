// The builds that the shell script of a CI job starts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/project/ci_text.h"
#include "dcache/project/definition_build.h"
#include "dcache/project/docker_command.h"
#include "dcache/shell/script.h"

namespace dcache::project {

// A command that builds what bake or Compose files define: `docker buildx bake`, `docker compose build`.
struct CiDefinitionBuild {
  DefinitionBuild build;  // what is not known of its words is in `${{ … }}`
  CiText folder;          // from the root of the workspace
  // What the script gives it in its environment, marked as above.
  std::map<std::string, std::string, std::less<>> environment = {};
};

// Reads scripts one after the other, as one shell that runs them: variables that they set and the folder that
// they change to stay. Nothing is run: a variable whose value is not written is not known.
class BuildScript {
 public:
  using Variables = std::map<std::string, CiText, std::less<>>;
  // Gives the text of a script of the repository, by its path from the root of the workspace; nothing for
  // other files. Once a build was found in a script it is asked again, with true.
  using Scripts = std::function<std::optional<std::string>(const std::string& path, bool builds)>;
  // Reads the build that a command starts, as read_build_command() does.
  using Reader =
      std::function<std::optional<CiBuild>(const std::vector<CiText>& words, const CiInput& input)>;

  // `environment` are the variables that are set outside; `folder` is where it starts, from the root of the
  // workspace. Scripts that commands run are read too, if `scripts` gives them.
  BuildScript(CiVariables environment, CiText folder, Scripts scripts = {},
              Reader reader = read_build_command)
      : environment_(std::move(environment)),
        scripts_(std::move(scripts)),
        reader_(std::move(reader)),
        folders_{{folder, folder}} {}

  std::vector<CiBuild> read(std::string_view script);
  // The other builds of the last script.
  const std::vector<CiDefinitionBuild>& definition_builds() const { return definition_builds_; }

  // Variables that `echo NAME=VALUE` gives to later steps: the script writes to the file that such a variable
  // names ("GITHUB_ENV").
  const Variables& exported() const { return exported_; }

 private:
  // A change of the folder in a block, or in a list after a command that may fail.
  struct UncertainFolder {
    CiText before;
    uint32_t depth = 0, least_depth = 0;
    bool in_list = false;
    bool differs = false;  // another branch ended in another folder
  };
  struct Folder {
    CiText now, before;
    std::vector<CiText> pushed = {};
    std::optional<UncertainFolder> uncertain = {};
  };
  using Arrays = std::map<std::string, std::vector<CiText>, std::less<>>;
  // A function whose body is read, and what was there before it.
  struct Function {
    std::string name;
    Variables variables;
    Arrays arrays;
    std::vector<Folder> folders;
    size_t end = 0;        // of its body in the script; 0 if that is not known
    uint32_t openers = 0;  // blocks between its name and its first command
    uint32_t depth = 0;    // of the commands around it
    bool is_open = false;
    std::set<std::string, std::less<>> names = {};
  };
  // A loop that is open. What it builds is read once, and is one build for each value if they are known.
  struct Loop {
    size_t first_build = 0;
    std::string name = {};
    std::vector<CiText> values = {};
  };
  struct Place {
    bool nested = false;  // in a substitution
    bool apart = false;   // in a pipeline or in the background
    const shell::Command* previous = nullptr;
  };
  // The commands of a script, with the text before each; those in substitutions follow the one that contains
  // them.
  struct Commands {
    std::vector<shell::Command> all;
    std::vector<bool> nested;
    std::vector<std::string_view> before;  // nothing for nested ones
    std::string_view rest;
  };

  Commands split(std::string_view script, text::Arena& texts);
  size_t take_array(Commands& commands, size_t at);
  bool add_to_array(const shell::Command& command);
  void set_array(const std::string& name, bool appends, bool sure);
  bool splice_array(const shell::Word& word, std::vector<CiText>& to);
  void add_builds_of_arrays(std::vector<CiBuild>& builds);
  std::string_view meant_by(std::string_view name) const;
  void declare_references(std::span<const shell::Word> words, bool known);
  void note_options(std::string_view name, std::string_view value);
  void add_possible_options(std::span<const shell::Word> words, CiBuild& build);
  std::optional<CiText> find(std::string_view name) const;
  // The value that commands see in their environment.
  std::optional<CiText> find_exported(std::string_view name) const;
  std::optional<CiText> environment_of(const shell::Command& command, std::string_view name);
  void take_exported(const shell::Command& command, CiBuild& build);
  void note_definition_build(const shell::Command& command, std::span<const CiText> words);
  void run_script(const shell::Command& command, std::span<const CiText> words, std::vector<CiBuild>& builds);
  void take_functions(BuildScript& sourced);
  bool run_function(std::span<const CiText> words, std::vector<CiBuild>& builds);
  bool may_be_called(const std::string& function) const;
  void add_builds_of_functions(std::vector<CiBuild>& builds);
  static bool is_apart(const shell::Command& command, const shell::Command* following);
  void note_effects(const std::vector<shell::Command>& commands);
  void follow_keywords(std::string_view between, std::vector<CiBuild>& builds);
  void follow_keyword(std::string_view word, std::string_view word_before);
  void start_branch(uint32_t depth);
  void begin_loop(std::string_view keyword, std::string_view after, size_t first_build);
  std::vector<CiText> values_of_list(std::string_view list);
  void end_loop(std::vector<CiBuild>& builds);
  void enter_loop(std::span<const shell::Command> rest, size_t build);
  void enter_function(std::string_view name);
  void leave_function();
  void note_effects_of_function(const shell::Command& command);
  void call_function();
  void forget_variables();
  void note_aliases(std::span<const CiText> words);
  std::vector<CiText> without_alias(std::vector<CiText> words) const;
  void start_command(const shell::Command& command, std::vector<CiBuild>& builds);
  void leave_blocks(uint32_t depth, std::vector<CiBuild>& builds);
  void end_list(std::vector<CiBuild>& builds);
  void settle_list(std::vector<CiBuild>& builds);
  void settle_folder(std::vector<CiBuild>& builds);
  void read_command(const shell::Command& command, Place place, std::vector<CiBuild>& builds);
  CiInput input_of(const shell::Command& command, Place place);
  void set_arithmetic(const shell::Command& command);
  void declare(std::span<const shell::Word> words, bool known);
  void set(const shell::Word& assignment, bool sure);
  std::optional<CiText> entered_folder(const shell::Word& word);
  bool is_array(const shell::Word& assignment) const;
  void set_unknown(std::string_view name);
  void set_all(std::span<const shell::Word> words, bool sure);
  void change_folder(const std::vector<CiText>& words, uint32_t depth);
  void note_exports(const shell::Command& command, const std::vector<CiText>& words);
  std::vector<CiText> expand(std::span<const shell::Word> words);
  CiText expand(const shell::Word& word);

  CiVariables environment_;
  Scripts scripts_;
  Reader reader_;
  uint32_t scripts_around_ = 0;   // how many scripts started this one
  bool moves_arguments_ = false;  // $1 is another argument
  std::vector<CiDefinitionBuild> definition_builds_;
  Variables variables_;
  Variables exported_;
  bool writes_exports_ = false;
  std::string_view script_;                            // that is read
  std::set<std::string, std::less<>> exported_names_;  // to the environment of commands
  bool exports_all_ = false;
  std::map<std::string, std::string, std::less<>>
      references_;  // of `declare -n`: the variable that one means
  Arrays arrays_;
  std::optional<std::vector<CiText>> array_;                   // that is read, if its words are known
  std::vector<std::pair<std::string, CiBuild>> array_builds_;  // of words of arrays that were not seen to run
  std::map<std::string, std::set<BuildField>, std::less<>> options_in_;  // that values of a variable had
  bool is_open_ = false;         // another file or text may have set any variable that is not set since
  size_t expanded_ = 0;          // characters
  std::vector<Folder> folders_;  // of the shell, and of the subshells that are open
  // Of the list that is read.
  bool is_expected_ = true;  // the command before is
  uint32_t depth_ = 0;       // of the command before
  bool is_uncertain_ = false, has_or_ = false;
  bool starts_branch_ = false, enters_loop_ = false;
  std::vector<Loop> loops_;
  std::optional<size_t> loop_start_;      // of the outermost loop that is open: the first build in it
  std::vector<std::string> conditional_;  // variables that it sets if all goes well
  // Of the script: the variables that it sets anywhere, and whether it changes the folder.
  std::set<std::string, std::less<>> names_;
  bool has_folder_change_ = false;
  // Of the functions of all scripts, and the one that is read.
  std::set<std::string, std::less<>> functions_, set_by_functions_;
  bool functions_change_folder_ = false, functions_set_any_ = false;
  Variables aliases_;  // which are functions too
  // What the bodies of functions build with any arguments, by function. Where a call is seen, and its body
  // can be read with the arguments, that counts.
  std::vector<std::pair<std::string, CiBuild>> function_builds_;
  std::vector<std::pair<std::string, CiDefinitionBuild>> function_definition_builds_;
  std::map<std::string, std::string, std::less<>> bodies_;  // empty if it is not known
  std::map<std::string, size_t, std::less<>> defined_;      // how often the texts define a function
  std::set<std::string, std::less<>> followed_;             // functions whose calls were read
  std::string texts_;                                       // of the script, and of those that it sources
  bool calls_any_ = false;                                  // the program of a command is not known
  enum class Role : uint8_t { kTop, kScript, kSourced, kBody };
  Role role_ = Role::kTop;
  std::optional<Function> function_;
};

// Whether a script may run another one that builds. Cheap.
bool may_run_script(std::string_view script);

// Whether a text is one that a POSIX shell runs, by its first line or the ending of its path.
bool is_shell_script(const std::string& path, std::string_view text);

// The text of a script of the repository with the folders that its commands print written out, from the root
// of the workspace: `dirname "$0"`, `git rev-parse --show-toplevel`.
std::string with_own_folder(std::string text, const std::string& path);

// A folder below another. It replaces that if it is absolute.
CiText join_ci_path(const CiText& folder, const CiText& path);

// Whether a path starts at the root of the workspace; if so, `path` is made relative to that.
bool take_workspace_root(CiText& path);

}  // namespace dcache::project
