#include "rules/script_builds.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"
#include "rules/known_facts.h"

namespace dcache::rules {
namespace {

using project::BuildField;
using project::BuildScript;
using project::CiBuild;
using project::CiText;
using project::yaml::Value;
using Variables = std::map<std::string, CiText, std::less<>>;

project::CiVariables lookup_in(const Variables& variables) {
  return [&](std::string_view name) -> std::optional<CiText> {
    const auto known = variables.find(name);
    return known == variables.end() ? std::nullopt : std::optional(known->second);
  };
}

// The builds that a script starts in a folder.
std::vector<CiBuild> builds_of(std::string_view script, const CiText& folder, const Variables& variables,
                               const WantedBuilds& wanted) {
  std::vector<CiBuild> builds = BuildScript(lookup_in(variables), folder, {}, wanted.reader).read(script);
  std::erase_if(builds, [&](const CiBuild& build) { return !wanted.is_wanted(build); });
  return builds;
}

// A value of YAML as a text that is not known in full if it has variables.
CiText text_of_scalar(const Value& value) {
  CiText text = project::text_with_expressions(value.text);
  if (text.is_known() && text.text.find('$') != std::string::npos) text.unknown.push_back(text.text);
  return text;
}

// What the maps around a script say of it.
struct ScriptScope {
  CiText folder = {"."};
  Variables variables = {};
  std::string before = {};  // commands that run first
};

// The scripts in a YAML file: its texts, and its lists of texts, which one shell runs.
class YamlScripts {
 public:
  YamlScripts(const WantedBuilds& wanted, std::vector<CiBuild>& builds) : wanted_(wanted), builds_(builds) {}

  void visit(const Value& value, const ScriptScope& around) {
    if (value.is_map()) return visit_map(value, around);
    if (value.is_list()) {
      read(script_of(value), around);
      for (const Value& item : value.items) {
        if (!item.is_scalar()) visit(item, around);
      }
    } else if (value.is_scalar()) {
      read(value.text, around);
    }
  }

 private:
  void visit_map(const Value& map, const ScriptScope& around) {
    const ScriptScope scope = scope_in(map, around);
    for (const project::yaml::Member& member : map.members) {
      if (member.name == "script" && member.value.is_list()) {
        read(scope.before + script_of(member.value), scope);
      } else {
        visit(member.value, scope);
      }
    }
  }

  static std::string script_of(const Value& list) {
    std::string script;
    for (const Value& item : list.items) {
      if (item.is_scalar()) script += item.text + "\n";
    }
    return script;
  }

  void read(std::string_view script, const ScriptScope& scope) {
    if (script.find(wanted_.part) == std::string_view::npos) return;
    std::vector<CiBuild> found = builds_of(script, scope.folder, scope.variables, wanted_);
    std::ranges::move(found, std::back_inserter(builds_));
  }

  static ScriptScope scope_in(const Value& map, const ScriptScope& around) {
    ScriptScope scope = around;
    if (const Value* const defaults = map.find("defaults")) {
      if (const Value* const run = defaults->find("run")) set_folder(*run, scope);
    }
    set_folder(map, scope);
    for (const std::string_view key : script_variable_keys()) {
      if (const Value* const variables = map.find(key)) add_variables(*variables, scope);
    }
    const Value* const defaults = map.find("default");
    for (const Value* const from : {defaults, &map}) {
      const Value* const before = from == nullptr ? nullptr : from->find("before_script");
      if (before != nullptr) scope.before = script_of(*before);
    }
    return scope;
  }

  static void set_folder(const Value& map, ScriptScope& scope) {
    for (const std::string_view key : script_folder_keys()) {
      const Value* const folder = map.find(key);
      if (folder != nullptr && folder->is_scalar())
        scope.folder = project::join_ci_path({"."}, text_of_scalar(*folder));
    }
  }

  // A map of names and values, or a list of maps that have both.
  static void add_variables(const Value& variables, ScriptScope& scope) {
    for (const project::yaml::Member& member : variables.members) {
      if (member.value.is_scalar())
        scope.variables.insert_or_assign(member.name, text_of_scalar(member.value));
    }
    for (const Value& item : variables.items) {
      const Value* const name = item.find("name");
      const Value* const value = item.find("value");
      if (name != nullptr && value != nullptr && value->is_scalar())
        scope.variables.insert_or_assign(name->text, text_of_scalar(*value));
    }
  }

  const WantedBuilds& wanted_;
  std::vector<CiBuild>& builds_;
};

bool is_makefile(std::string_view name) {
  constexpr std::string_view kNames[] = {"Makefile", "makefile", "GNUmakefile"};
  return text::is_one_of(name, kNames) || name.ends_with(".mk");
}

// What Make gives to a shell: `$(NAME)` is the variable, and `$$` a dollar.
std::string as_shell(std::string recipe) {
  static const RE2 kDollars(R"(\$\$)"), kVariable(R"(\$\((\w+)\))");
  RE2::GlobalReplace(&recipe, kVariable, R"(${\1})");
  RE2::GlobalReplace(&recipe, kDollars, "$");
  return recipe;
}

// Variables of a Makefile that are set once, to a text. What `?=` sets is often given by those who call it.
Variables make_variables(std::string_view text) {
  static const RE2 kAssignment(R"((?m)^(?:export[ \t]+)?(\w+)[ \t]*([?+!:]*=)[ \t]*([^\n]*)$)");
  Variables variables;
  re2::StringPiece rest = text::piece(text);
  for (std::string name, op, value; RE2::FindAndConsume(&rest, kAssignment, &name, &op, &value);) {
    value = std::string(text::trim(value));
    const bool is_text = op.find_first_of("?+!") == std::string::npos && value.find('$') == std::string::npos;
    const auto [known, is_new] = variables.try_emplace(name, CiText{value});
    if (!is_new || !is_text) known->second.unknown = {"$" + name};
  }
  std::erase_if(variables, [](const auto& one) { return !one.second.is_known(); });
  return variables;
}

// The text in the quotes that a place of a line is in: a command that a program or a file of settings has as
// a text. Nothing if the folder was changed before it.
std::optional<std::string> quoted_around(std::string_view line, size_t at) {
  char quote = 0;
  size_t begin = 0;
  for (size_t i = 0; i < at; ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (quote != 0) {
      if (line[i] == quote) quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
      begin = i + 1;
    }
  }
  static const RE2 kChangesFolder(R"(\b(?:cd|pushd|dir)\b)");
  if (quote == 0 || RE2::PartialMatch(text::piece(line.substr(0, begin)), kChangesFolder))
    return std::nullopt;
  return std::string(line.substr(begin, std::min(line.find(quote, at), line.size()) - begin));
}

// The builds that the line at a place of a text starts.
std::vector<CiBuild> builds_at(const ProjectFile& file, size_t at, const WantedBuilds& wanted) {
  const std::string_view line = line_at(file.text, at);
  const auto place = static_cast<size_t>(at - static_cast<size_t>(line.data() - file.text.data()));
  std::string script(line);
  Variables variables;
  if (is_makefile(text::base_name(file.name))) {
    static const RE2 kPrefix(R"(^[\s@+\-]+)");
    RE2::Replace(&script, kPrefix, "");
    script = as_shell(std::move(script));
    variables = make_variables(file.text);
  }
  std::vector<CiBuild> builds = builds_of(script, {"."}, variables, wanted);
  if (!builds.empty()) return builds;
  const auto quoted = quoted_around(line, place);
  return quoted ? builds_of(*quoted, {"."}, variables, wanted) : std::vector<CiBuild>();
}

// The builds that all scripts of a file start; none if it is not one that has scripts.
std::vector<CiBuild> builds_in(const ProjectFile& file, const WantedBuilds& wanted) {
  if (project::is_shell_script(file.name, file.text))
    return builds_of(project::with_own_folder(file.text, file.name), {"."}, {}, wanted);
  std::vector<CiBuild> builds;
  if (!file.is_yaml) return builds;
  for (const Value& root : file.documents().values)
    YamlScripts(wanted, builds).visit(root, {});
  return builds;
}

}  // namespace

std::vector<std::string> paths_of(const CiBuild& build) {
  const CiText* const context = build.find(BuildField::kContext);
  const CiText* const part = build.find(BuildField::kContextPart);
  const CiText* const file = build.find(BuildField::kFile);
  if (context == nullptr || !build.more_options.empty() || !build.possible.empty()) return {};
  CiText folder = *context;
  constexpr std::string_view kFolder = "dir://";
  if (folder.text.starts_with(kFolder)) folder.text.erase(0, kFolder.size());
  folder = project::join_ci_path(build.folder, folder);
  if (part != nullptr) folder = project::join_ci_path(folder, *part);
  const auto is_elsewhere = [](const CiText& path) {
    return !path.is_known() || path.text.starts_with('/') || path.text.starts_with('~') ||
           path.text.find("://") != std::string::npos;
  };
  if (is_elsewhere(folder)) return {};
  if (file != nullptr) {
    // A file counts from the context for some.
    const CiText own = project::join_ci_path(build.folder, *file);
    const CiText in_context = project::join_ci_path(folder, *file);
    if (is_elsewhere(own) || is_elsewhere(in_context)) return {};
    return {own.text, in_context.text};
  }
  return folder.text == "." ? std::vector<std::string>() : std::vector{folder.text};
}

std::vector<std::vector<std::string>> built_paths(const ProjectFile& file, std::span<const size_t> places,
                                                  const WantedBuilds& wanted) {
  std::vector<std::vector<std::string>> all;
  if (places.empty()) return all;
  std::vector<CiBuild> builds = builds_in(file, wanted);
  // What is not seen to run may build any.
  if (builds.size() < places.size()) {
    builds.clear();
    for (const size_t at : places) {
      std::vector<CiBuild> found = builds_at(file, at, wanted);
      if (found.empty()) all.emplace_back();
      std::ranges::move(found, std::back_inserter(builds));
    }
  }
  for (const CiBuild& build : builds)
    all.push_back(paths_of(build));
  return all;
}

}  // namespace dcache::rules
