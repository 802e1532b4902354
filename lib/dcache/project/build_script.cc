#include "dcache/project/build_script.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

#include "dcache/project/script_effects.h"
#include "dcache/text/arena.h"
#include "dcache/text/booleans.h"
#include "dcache/text/path.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr size_t kMostNested = 100;  // subshells

// Spellings of the root of the workspace, and of the current folder.
constexpr std::array<std::string_view, 4> kRoots = {"$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}",
                                                    "$CI_PROJECT_DIR", "${CI_PROJECT_DIR}"};
constexpr std::array<std::string_view, 4> kHereSpellings = {"$PWD", "${PWD}", "$(pwd)", "`pwd`"};

// The length of the spelling that a path starts with, up to its end or a slash; 0 for none.
template <size_t N>
size_t spelling_size(std::string_view path, const std::array<std::string_view, N>& spellings) {
  for (const std::string_view one : spellings) {
    if (path.starts_with(one) && (path.size() == one.size() || path[one.size()] == '/')) return one.size();
  }
  return 0;
}

size_t root_size(std::string_view path) {
  if (const size_t size = spelling_size(path, kRoots); size > 0) return size;
  const size_t size = expression_size(path);
  if (size == 0 || (size < path.size() && path[size] != '/')) return 0;
  const std::string_view inside = text::trim(path.substr(3, size - 5));
  return text::equals_ignoring_case(inside, "github.workspace") ? size : 0;
}

void drop_prefix(CiText& path, size_t size) {
  path.text.erase(0, size);
  path.text.erase(0, std::min(path.text.find_first_not_of('/'), path.text.size()));
  if (path.text.empty()) path.text = ".";
  path.update();
}

bool has_quotes(std::string_view spelling) {
  return spelling.find_first_of("'\"\\") != std::string_view::npos;
}

// The words of a variable's value, which a shell splits where it is not in quotes.
void append_words(std::vector<CiText>& to, const CiText& value) {
  std::string_view rest = value.text;
  while (!(rest = text::trim_left(rest)).empty()) {
    size_t end = 0;
    while (end < rest.size() && !text::is_ascii_space(rest[end])) {
      // A part that is not known is a part of one word.
      const std::string_view from = rest.substr(end);
      const auto part =
          std::ranges::find_if(value.unknown, [&](const std::string& one) { return from.starts_with(one); });
      end += part == value.unknown.end() ? 1 : part->size();
    }
    CiText word{std::string(rest.substr(0, end))};
    for (const std::string& part : value.unknown) {
      if (word.text.find(part) != std::string::npos) word.unknown.push_back(part);
    }
    to.push_back(std::move(word));
    rest.remove_prefix(end);
  }
}

constexpr std::string_view kWordEnds = " \t\r\n;&|()";
constexpr size_t kMostArrayWords = 1000;
constexpr size_t kMostReferences = 10;  // of references to references

// Flags of `declare` that make the value another one than is written.
constexpr std::string_view kChangingFlags = "inulcA";
constexpr size_t kMostFunctions = 100, kMostFunctionNames = 1000;
constexpr size_t kMostPushed = 100;
constexpr uint32_t kMostScripts = 3;  // around another one
constexpr size_t kMostLoopValues = 100, kMostLoopBuilds = 1000;

// Whether a text has the variable, "$x", and no other one whose name starts so.
bool has_variable(const CiText& text, std::string_view variable) {
  return std::ranges::count_if(text.unknown,
                               [&](const std::string& one) { return one.starts_with(variable); }) == 1 &&
         std::ranges::find(text.unknown, variable) != text.unknown.end();
}

bool uses_variable(const CiBuild& build, std::string_view variable) {
  return has_variable(build.folder, variable) || std::ranges::any_of(build.values, [&](const auto& field) {
           return has_variable(field.second, variable);
         });
}

void put_value(CiText& text, std::string_view variable, const std::string& value) {
  if (!has_variable(text, variable)) return;
  for (size_t at = text.text.find(variable); at != std::string::npos;
       at = text.text.find(variable, at + value.size()))
    text.text.replace(at, variable.size(), value);
  std::erase(text.unknown, variable);
}

// The build that the value of a variable makes of it.
CiBuild with_value(CiBuild build, std::string_view variable, const std::string& value) {
  for (auto& [field, text] : build.values)
    put_value(text, variable, value);
  put_value(build.folder, variable, value);
  if (build.folder.is_known()) build.folder.text = text::clean_path(build.folder.text);
  std::erase(build.more_options, variable);
  return build;
}

// The commands in the braces that follow the name of a function; empty if where they end is not plain.
std::string_view body_of(std::string_view after) {
  after = text::trim_left(after);
  if (after.starts_with('('))
    after = text::trim_left(after.substr(std::min(after.find(')'), after.size() - 1) + 1));
  if (after.size() < 2 || after.front() != '{' || !text::is_ascii_space(after[1])) return {};
  char quote = 0;
  for (size_t i = 1, open = 1; i < after.size(); ++i) {
    const char c = after[i];
    const bool starts_word = text::is_ascii_space(after[i - 1]) || after[i - 1] == ';';
    const bool ends_word = i + 1 == after.size() || kWordEnds.find(after[i + 1]) != std::string_view::npos;
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && starts_word) {
      i = std::min(after.find('\n', i), after.size());
    } else if (c == '{' && starts_word && ends_word) {
      ++open;
    } else if (c == '}' && starts_word && ends_word && --open == 0) {
      const std::string_view body = after.substr(1, i - 1);
      return body.find("\n}") == std::string_view::npos ? body : std::string_view();
    }
  }
  return {};
}

// What `$1` and the like are of a command; nothing for what is not read, such as `${10}`.
std::optional<CiText> argument_named(std::string_view name, std::span<const CiText> words) {
  if (name.size() > 1) return std::nullopt;
  const auto at = static_cast<size_t>(name.front() - '0');
  return at < words.size() ? words[at] : CiText();
}

// How often a name is a word of a text.
size_t times_named(std::string_view text, std::string_view name) {
  size_t times = 0;
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const auto is_name = [&](size_t place) {
      return place < text.size() &&
             (text[place] == '-' || text::kNameCharacters.find(text[place]) != std::string_view::npos);
    };
    if ((at == 0 || !is_name(at - 1)) && !is_name(at + name.size())) ++times;
  }
  return times;
}

// A folder that may be one or another.
CiText unknown_folder() {
  return {"$PWD", {"$PWD"}};
}

bool is_declaration(std::string_view program) {
  return program == "export" || program == "readonly" || program == "local" || program == "declare" ||
         program == "typeset";
}

// `set -a`
bool exports_all(const std::vector<CiText>& words) {
  if (words.front().text != "set") return false;
  return std::ranges::any_of(words, [](const CiText& word) {
    const bool is_flags = word.text.starts_with('-') && !word.text.starts_with("--");
    return word.text == "allexport" || (is_flags && word.text.find('a') != std::string::npos);
  });
}

bool is_loop(std::string_view word) {
  return word == "for" || word == "while" || word == "until" || word == "select";
}

// Keywords that add one to the depth of the commands after them.
bool opens_block(std::string_view word) {
  return is_loop(word) || word == "if" || word == "{" || word == "case";
}

// Variables of the CI service, which no file of a repository sets.
bool is_of_service(std::string_view name) {
  return name.starts_with("GITHUB_") || name.starts_with("RUNNER_") || name.starts_with("CI_") ||
         name == "HOME" || name == "PWD";
}

// Where a character is first, outside of comments that go to the ends of lines; the size for nowhere.
size_t find_outside_comments(std::string_view text, char wanted) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == wanted) return i;
    if (text[i] == '#') i = std::min(text.find('\n', i), text.size());
  }
  return text.size();
}

bool is_blank_or_comment(std::string_view text) {
  while (!(text = text::trim_left(text)).empty()) {
    if (text.front() != '#') return false;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  return true;
}

// The name in "${NAME[@]}" or "${NAME[*]}"; empty for another text.
std::string_view array_name(std::string_view text) {
  if (!text.starts_with("${") || !(text.ends_with("[@]}") || text.ends_with("[*]}"))) return {};
  constexpr size_t kBefore = 2, kAfter = 4;
  const std::string_view name = text.substr(kBefore, text.size() - kBefore - kAfter);
  return name.find_first_not_of(text::kNameCharacters) == std::string_view::npos ? name : std::string_view();
}

// The name of the variable that a word is; empty for another text.
std::string_view variable_name(std::string_view text) {
  if (const std::string_view name = array_name(text); !name.empty()) return name;
  if (!text.starts_with('$')) return {};
  text.remove_prefix(1);
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  return text.find_first_not_of(text::kNameCharacters) == std::string_view::npos ? text : std::string_view();
}

// Whether a shell makes file names or several words of it, or a key and a value of an array.
bool has_pattern(const shell::Word& word) {
  if (has_quotes(word.spelling)) return false;
  for (size_t i = 0; i < word.text.size(); ++i) {
    if (word.text.substr(i).starts_with("${")) i = std::min(word.text.find('}', i), word.text.size() - 1);
    if (std::string_view("*?[{").find(word.text[i]) != std::string_view::npos) return true;
  }
  return false;
}

// Where a command is in a script: its offsets; nothing if it is in a copy of a part.
struct Stretch {
  size_t begin = 0;
  size_t end = 0;
};
std::optional<Stretch> stretch_of(std::string_view command, std::string_view script) {
  const auto in = [&](const char* at) {
    return std::greater_equal<>()(at, script.data()) &&
           std::less_equal<>()(at, script.data() + script.size());
  };
  if (command.data() == nullptr || !in(command.data()) || !in(command.data() + command.size()))
    return std::nullopt;
  const auto begin = static_cast<size_t>(command.data() - script.data());
  return Stretch{begin, begin + command.size()};
}

// What a command runs: the words from the script on, its arguments after it. Empty if it runs none.
std::span<const CiText> script_in(std::span<const CiText> words) {
  const std::string& program = words.front().text;
  const bool is_source = program == "source" || program == ".";
  if (!is_source && !shell::is_posix_shell(program))
    return program.find('/') == std::string::npos ? std::span<const CiText>() : words;
  size_t at = 1;
  while (at < words.size() && (words[at].text.starts_with('-') || words[at].text.starts_with('+'))) {
    if (words[at].text.find('c') != std::string::npos) return {};  // -c: the text itself
    ++at;
  }
  return words.subspan(std::min(at, words.size()));
}

}  // namespace

bool may_run_script(std::string_view script) {
  return script.find(".sh") != std::string_view::npos || script.find("./") != std::string_view::npos;
}

bool is_shell_script(const std::string& path, std::string_view text) {
  if (!text.starts_with("#!")) return path.ends_with(".sh") || path.ends_with(".bash");
  const std::string_view first = text.substr(0, text.find('\n'));
  static const RE2 kShell(R"(^#!.*[/ ](?:sh|bash|dash|ash)(?: |$))");
  return RE2::PartialMatch(text::piece(text::trim_right(first)), kShell);
}

std::string with_own_folder(std::string text, const std::string& path) {
  static const RE2 kOwn(
      R"re(\$\(dirname (?:-- )?"?\$(?:0|BASH_SOURCE|\{(?:0|BASH_SOURCE)(?:\[0\])?(?::-\$0)?\})"?\)|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\})re");
  static const RE2 kEntered(
      R"re(\$\(\s*cd (?:-P )?(?:-- )?"?(\$GITHUB_WORKSPACE[^"\s]*)"?(?: >\s*/dev/null(?: 2>&1)?)?\s*&&\s*pwd(?: -P)?\s*\))re");
  std::string replacement = "$GITHUB_WORKSPACE/";  // in which a backslash would be special
  for (const char c : text::parent_path(path))
    replacement += c == '\\' ? std::string("\\\\") : std::string(1, c);
  static const RE2 kTop(R"re(\$\(git rev-parse --show-toplevel\))re");
  RE2::GlobalReplace(&text, kTop, "$GITHUB_WORKSPACE");
  RE2::GlobalReplace(&text, kOwn, replacement);
  RE2::GlobalReplace(&text, kEntered, "\\1");
  return text;
}

bool take_workspace_root(CiText& path) {
  const size_t size = root_size(path.text);
  if (size > 0) drop_prefix(path, size);
  return size > 0;
}

CiText join_ci_path(const CiText& folder, const CiText& path) {
  CiText below = path;
  if (take_workspace_root(below)) {
    if (below.is_known()) below.text = text::clean_path(below.text);
    return below;
  }
  if (below.text.starts_with('/')) return below;
  if (const size_t here = spelling_size(below.text, kHereSpellings); here > 0) drop_prefix(below, here);
  if (!below.is_known() || !folder.is_known()) {
    // The path is not cleaned: slashes may be a part of what is not known.
    if (folder.text == ".") return below;
    CiText joined = folder;
    if (below.text == ".") return joined;
    joined.text += '/';
    joined.append(below);
    return joined;
  }
  return {text::join_path(folder.text, below.text)};
}

// The variable that a name means, which may be a reference; empty if that is not known.
std::string_view BuildScript::meant_by(std::string_view name) const {
  for (size_t i = 0; i < kMostReferences; ++i) {
    const auto reference = references_.find(name);
    if (reference == references_.end()) return name;
    name = reference->second;
  }
  return {};
}

std::optional<CiText> BuildScript::find(std::string_view given) const {
  const std::string_view name = meant_by(given);
  const auto own = variables_.find(name);
  if (own != variables_.end()) return own->second;
  const bool is_argument = !name.empty() && text::is_ascii_digit(name.front());
  const bool is_known =
      is_argument ? scripts_around_ > 0 && !function_ && !moves_arguments_ : !is_open_ || is_of_service(name);
  if (!name.empty() && is_known) return environment_(name);
  CiText unknown;
  unknown.append_unknown(std::string("$").append(given));
  return unknown;
}

std::optional<CiText> BuildScript::find_exported(std::string_view name) const {
  const bool is_own = variables_.contains(name);
  if (!is_own || exports_all_ || is_open_ || exported_names_.contains(name) || environment_(name))
    return find(name);
  return std::nullopt;
}

// A variable of the environment, as it is for this command.
std::optional<CiText> BuildScript::environment_of(const shell::Command& command, std::string_view name) {
  std::optional<CiText> value = find_exported(name);
  for (const shell::Word& assignment : command.assignments) {
    CiPair own = split_pair(expand(assignment));
    if (own.name == name) value = std::move(own.value);
  }
  return value;
}

// What the build takes from the environment: values of build arguments, and the builder.
void BuildScript::take_exported(const shell::Command& command, CiBuild& build) {
  if (build.asks_environment) {
    const auto value = environment_of(command, "DOCKER_BUILDKIT");
    if (value && value->is_known() && text::parse_bool(value->text) == false)
      build.builder = plan::Builder::kClassic;
  }
  for (auto& [field, text] : build.values) {
    if (field != BuildField::kArg || !text.is_known() || text.text.find('=') != std::string::npos) continue;
    const std::optional<CiText> value = environment_of(command, text.text);
    if (!value) continue;
    text.text += '=';
    text.append(*value);
  }
}

void BuildScript::note_definition_build(const shell::Command& command, std::span<const CiText> words) {
  std::vector<std::string> texts;
  for (const CiText& word : words)
    texts.push_back(as_expressions(word));
  auto build = read_definition_command(texts);
  if (!build) return;
  CiDefinitionBuild made;
  made.build = *std::move(build);
  made.folder = folders_.back().now;
  std::set<std::string, std::less<>> names = exported_names_;
  for (const shell::Word& assignment : command.assignments)
    names.emplace(assignment.text.substr(0, assignment.text.find('=')));
  for (const std::string& name : names) {
    if (const auto value = environment_of(command, name)) made.environment[name] = as_expressions(*value);
  }
  if (function_) {
    function_definition_builds_.emplace_back(function_->name, std::move(made));
  } else {
    definition_builds_.push_back(std::move(made));
  }
}

CiText BuildScript::expand(const shell::Word& word) {
  constexpr size_t kMostExpanded = 16U << 20U;
  if (word.literal || expanded_ > kMostExpanded) return from_expressions(std::string(word.text));
  CiText text = expand_shell(word.text, [this](std::string_view name) { return find(name); });
  expanded_ += text.text.size();
  if (word.text.find("${{") != std::string_view::npos) {
    CiText whole = text_with_expressions(std::move(text.text));
    whole.append({{}, text.unknown});
    undo_as_expressions(whole);
    return whole;
  }
  return text;
}

std::vector<CiText> BuildScript::expand(std::span<const shell::Word> words) {
  std::vector<CiText> expanded;
  for (const shell::Word& word : words) {
    if (splice_array(word, expanded)) continue;
    CiText text = expand(word);
    const bool splits = !word.literal && !has_quotes(word.spelling) && text.text != word.text;
    if (splits) {
      append_words(expanded, text);
    } else {
      expanded.push_back(std::move(text));
    }
  }
  return expanded;
}

// The words of an array that is known, in place of `"${NAME[@]}"`.
bool BuildScript::splice_array(const shell::Word& word, std::vector<CiText>& to) {
  const std::string_view name = word.literal ? std::string_view() : array_name(word.text);
  const auto array = arrays_.find(meant_by(name));
  if (name.empty() || array == arrays_.end()) return false;
  if (to.empty()) std::erase_if(array_builds_, [&](const auto& one) { return one.first == array->first; });
  const bool is_quoted = has_quotes(word.spelling);
  CiText joined;
  for (const CiText& one : array->second) {
    if (!is_quoted) {
      append_words(to, one);
    } else if (word.text.ends_with("[@]}")) {
      to.push_back(one);
    } else {
      if (!joined.text.empty()) joined.text += ' ';
      joined.append(one);
    }
  }
  if (is_quoted && word.text.ends_with("[*]}")) to.push_back(std::move(joined));
  return true;
}

BuildScript::Commands BuildScript::split(std::string_view script, text::Arena& texts) {
  Commands commands{shell::split(script, texts), {}, {}, {}};
  size_t end = 0;
  for (const shell::Command& command : commands.all) {
    const auto stretch = stretch_of(command.spelling, script);
    const bool nested = !stretch || stretch->begin < end;
    commands.nested.push_back(nested);
    commands.before.push_back(nested ? std::string_view() : script.substr(end, stretch->begin - end));
    if (!nested) end = stretch->end;
  }
  commands.rest = script.substr(end);
  return commands;
}

std::vector<CiBuild> BuildScript::read(std::string_view script) {
  std::vector<CiBuild> builds;
  definition_builds_.clear();
  text::Arena texts;
  script_ = script;
  texts_.append(script).append("\n");
  writes_exports_ = script.find("GITHUB_ENV") != std::string_view::npos;
  Commands commands = split(script, texts);
  const auto& [all, nested, before, rest] = commands;
  note_effects(all);
  const shell::Command* previous = nullptr;
  for (size_t i = 0; i < all.size();) {
    if (nested[i]) {
      read_command(all[i++], {.nested = true}, builds);
      continue;
    }
    const bool is_after =
        function_ && function_->end > 0 && all[i].spelling.data() > script.data() + function_->end;
    if (is_after) leave_function();
    follow_keywords(before[i], builds);
    if (std::exchange(enters_loop_, false)) enter_loop(std::span(all).subspan(i), builds.size());
    size_t next = i + 1;
    while (next < all.size() && nested[next])
      ++next;
    const shell::Command* const following = next < all.size() ? &all[next] : nullptr;
    start_command(all[i], builds);
    const size_t after = take_array(commands, i);
    read_command(all[i], {.apart = is_apart(all[i], following), .previous = previous}, builds);
    previous = &all[i];
    if (function_) note_effects_of_function(all[i]);
    is_expected_ = is_expected_to_succeed(all[i]);
    i = after;
  }
  end_list(builds);
  leave_blocks(0, builds);
  while (!loops_.empty())
    end_loop(builds);
  add_builds_of_arrays(builds);
  add_builds_of_functions(builds);
  loop_start_.reset();
  folders_.resize(1);
  return builds;
}

// Those of arrays that are run where it can't be seen: `retry "${BUILD[@]}"`.
void BuildScript::add_builds_of_arrays(std::vector<CiBuild>& builds) {
  for (auto& [name, build] : std::exchange(array_builds_, {}))
    builds.push_back(std::move(build));
}

// Whether something runs a function that was not seen to: `trap clean EXIT`, `"$@"`. What follows in the same
// shell may, too.
bool BuildScript::may_be_called(const std::string& function) const {
  const auto defined = defined_.find(function);
  return role_ == Role::kTop || calls_any_ || defined == defined_.end() ||
         times_named(texts_, function) > defined->second;
}

void BuildScript::add_builds_of_functions(std::vector<CiBuild>& builds) {
  if (role_ == Role::kSourced) return;  // those are known where it is sourced
  const auto counts = [&](const std::string& function) {
    return !followed_.contains(function) && may_be_called(function);
  };
  for (auto& [function, build] : std::exchange(function_builds_, {})) {
    if (counts(function)) builds.push_back(std::move(build));
  }
  for (auto& [function, build] : std::exchange(function_definition_builds_, {})) {
    if (counts(function)) definition_builds_.push_back(std::move(build));
  }
}

// The words of `NAME=(…)` are split as the commands of a subshell. Reads them into `array_`, which is nothing
// if they are not plain words. Returns the first command after those at `at`.
size_t BuildScript::take_array(Commands& commands, size_t at) {
  const auto& all = commands.all;
  const auto& own = all[at].words.empty() ? all[at].assignments : all[at].words;
  array_.reset();
  if (own.empty() || !is_array(own.back())) return at + 1;
  array_.emplace();
  std::vector<CiBuild> builds;
  bool plain = true;
  size_t next = at + 1;
  for (bool first = true;; first = false) {
    for (; next < all.size() && commands.nested[next]; ++next)
      read_command(all[next], {.nested = true}, builds);
    std::string_view& between = next < all.size() ? commands.before[next] : commands.rest;
    const size_t open = first && between.starts_with('(') ? 1 : 0;
    const size_t close = find_outside_comments(between, ')');
    plain = plain && is_blank_or_comment(between.substr(open, std::max(close, open) - open));
    if (close < between.size()) {
      between.remove_prefix(close + 1);
      break;
    }
    if (next == all.size() || all[next].depth <= all[at].depth) {
      plain = false;
      break;
    }
    plain = plain && add_to_array(all[next]);
    read_command(all[next++], {.nested = true}, builds);
  }
  const std::string name(own.back().text.substr(0, own.back().text.find_first_of("+=")));
  for (CiBuild& build : builds)
    array_builds_.emplace_back(meant_by(name), std::move(build));
  if (!plain) array_.reset();
  return next;
}

// False if it is more than words.
bool BuildScript::add_to_array(const shell::Command& command) {
  if (!command.redirections.empty() || array_->size() > kMostArrayWords) return false;
  std::vector<shell::Word> words = command.assignments;
  words.insert(words.end(), command.words.begin(), command.words.end());
  std::vector<CiText> expanded = expand(std::span<const shell::Word>(words));
  std::ranges::move(expanded, std::back_inserter(*array_));
  return std::ranges::none_of(words, has_pattern);
}

void BuildScript::set_array(const std::string& name, bool appends, bool sure) {
  auto words = std::exchange(array_, std::nullopt);
  if (words) {
    for (const CiText& word : *words)
      note_options(name, word.text);
  }
  if (is_uncertain_) conditional_.push_back(name);
  std::vector<CiText> whole;
  if (appends && arrays_.contains(name)) {
    whole = arrays_.find(name)->second;
  } else if (const auto scalar = appends ? find(name) : std::nullopt) {
    sure = sure && scalar->is_known();
    whole.push_back(*scalar);
  }
  set_unknown(name);
  if (!sure || !words || whole.size() + words->size() > kMostArrayWords) return;
  std::ranges::move(*words, std::back_inserter(whole));
  variables_.insert_or_assign(name, whole.empty() ? CiText() : whole.front());
  arrays_.insert_or_assign(name, std::move(whole));
}

// Which options a variable may have that is not known in the end.
void BuildScript::note_options(std::string_view name, std::string_view value) {
  for (std::string_view rest = text::trim_left(value); !rest.empty();) {
    const size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
    const auto field = rest.starts_with('-') ? field_of_option(rest.substr(0, end)) : std::nullopt;
    if (field && options_in_.size() < kMostFunctionNames) options_in_[std::string(name)].insert(*field);
    rest = text::trim_left(rest.substr(end));
  }
}

void BuildScript::add_possible_options(std::span<const shell::Word> words, CiBuild& build) {
  for (const shell::Word& word : words) {
    const std::string_view name = word.literal ? std::string_view() : meant_by(variable_name(word.text));
    const auto options = options_in_.find(name);
    const auto value = name.empty() || options == options_in_.end() ? std::nullopt : find(name);
    if (!value || value->is_known()) continue;
    for (const BuildField field : options->second)
      build.possible.emplace_back(field, word.text);
  }
}

// Whether a command runs in a shell of its own: in a pipeline or in the background.
bool BuildScript::is_apart(const shell::Command& command, const shell::Command* following) {
  using shell::Connector;
  return command.connector == Connector::kPipe ||
         (following != nullptr &&
          (following->connector == Connector::kPipe || following->connector == Connector::kBackground));
}

// The variables that the commands of a script set: what a function reads is known when it is called.
void BuildScript::note_effects(const std::vector<shell::Command>& commands) {
  names_.clear();
  has_folder_change_ = false;
  for (const shell::Command& command : commands) {
    for (const std::string_view name : names_set_by(command))
      names_.emplace(name);
    has_folder_change_ = has_folder_change_ || changes_folder(command);
  }
}

// A subshell's folder is its own, and the variable of a loop has many values.
void BuildScript::follow_keywords(std::string_view between, std::vector<CiBuild>& builds) {
  bool comment = false;
  size_t arithmetic_end = 0;
  std::string_view word_before;
  for (size_t i = 0; i < between.size(); ++i) {
    const char c = between[i];
    if (!comment && i >= arithmetic_end && between.substr(i).starts_with("((")) {
      arithmetic_end = std::min(between.find("))", i), between.size());
      for (const std::string_view name : names_set_in_arithmetic(between.substr(i, arithmetic_end - i)))
        set_unknown(name);
    }
    const size_t end = std::min(between.find_first_of(kWordEnds, i), between.size());
    if (!comment && c != '#' && end > i) {
      const std::string_view word = between.substr(i, end - i);
      follow_keyword(word, std::exchange(word_before, word));
      if (is_loop(word)) begin_loop(word, between.substr(end), builds.size());
      if (word == "done" && !loops_.empty()) end_loop(builds);
      i = end - 1;
      continue;
    }
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (comment) continue;
    if (c == '(' && !word_before.empty() && text::trim_left(between.substr(i + 1)).starts_with(')')) {
      i = between.find(')', i);
      enter_function(word_before);
    } else if (c == '(') {
      if (folders_.size() < kMostNested) folders_.push_back(Folder(folders_.back()));
      if (function_ && !function_->is_open) ++function_->openers;
    }
    if (c == ')' && folders_.size() > 1) folders_.pop_back();
    if (c == ';' && i > 0 && between[i - 1] == ';') starts_branch_ = true;
    word_before = text::is_ascii_space(c) ? word_before : std::string_view();
  }
}

void BuildScript::follow_keyword(std::string_view word, std::string_view word_before) {
  if (word_before == "for" || word_before == "select") set_unknown(word);
  if (word_before == "function") enter_function(word);
  if (word == "else" || word == "elif") starts_branch_ = true;
  if (is_loop(word)) enters_loop_ = true;
  if (function_ && !function_->is_open && opens_block(word)) ++function_->openers;
}

// `after` is what follows the keyword. A list is left alone if something else may set its variable.
void BuildScript::begin_loop(std::string_view keyword, std::string_view after, size_t first_build) {
  Loop& loop = loops_.emplace_back(Loop{first_build});
  static const RE2 kList(R"(^\s+([A-Za-z_]\w*)\s+in\s+([^\n;]*?)\s*[\n;])");
  std::string name, list;
  if (keyword != "for" || !RE2::PartialMatch(text::piece(after), kList, &name, &list)) return;
  const auto uses_it = [&](const auto& variable) {
    return variable.first != name &&
           std::ranges::find(variable.second.unknown, "$" + name) != variable.second.unknown.end();
  };
  if (names_.contains(name) || set_by_functions_.contains(name) || std::ranges::any_of(variables_, uses_it))
    return;
  loop.values = values_of_list(list);
  loop.name = std::move(name);
}

// The words of a list; none if one of them is not known, or may be an option.
std::vector<CiText> BuildScript::values_of_list(std::string_view list) {
  const std::string command = fmt::format(": {}", list);
  text::Arena texts;
  const std::vector<shell::Command> commands = shell::split(command, texts);
  if (commands.size() != 1 || !commands[0].redirections.empty()) return {};
  const auto words = std::span(commands[0].words).subspan(1);
  if (std::ranges::any_of(words, has_pattern)) return {};
  std::vector<CiText> values = expand(words);
  const bool are_plain = std::ranges::all_of(values, [](const CiText& value) {
    return value.is_known() && !value.text.empty() && !value.text.starts_with('-');
  });
  return are_plain && values.size() <= kMostLoopValues ? values : std::vector<CiText>();
}

// What is built with the variable of the loop is built with each of its values.
void BuildScript::end_loop(std::vector<CiBuild>& builds) {
  const Loop loop = std::move(loops_.back());
  loops_.pop_back();
  const std::string variable = "$" + loop.name;
  const size_t end = builds.size();
  if (loop.values.empty() || (end - loop.first_build) * loop.values.size() > kMostLoopBuilds) return;
  std::vector<CiBuild> repeated;
  for (size_t i = loop.first_build; i < end; ++i) {
    if (!uses_variable(builds[i], variable)) {
      repeated.push_back(std::move(builds[i]));
      continue;
    }
    for (const CiText& value : loop.values)
      repeated.push_back(with_value(builds[i], variable, value.text));
  }
  builds.resize(loop.first_build);
  std::ranges::move(repeated, std::back_inserter(builds));
}

// What the end of a loop sets is there when it starts again. `rest` are the commands from its first one on.
void BuildScript::enter_loop(std::span<const shell::Command> rest, size_t build) {
  if (!loop_start_) loop_start_ = build;
  const auto end = std::ranges::find(rest, 0U, &shell::Command::depth);
  for (const shell::Command& command : rest.first(static_cast<size_t>(end - rest.begin()))) {
    for (const std::string_view name : names_set_by(command))
      set_unknown(name);
    if (sets_any_variable(command) || makes_reference(command)) forget_variables();
    const auto called = shell::invocation(command);
    if (!called.empty() && functions_.contains(called.front().text)) call_function();
  }
}

// Its body runs when it is called, with the variables and in the folder of then.
void BuildScript::enter_function(std::string_view name) {
  functions_.emplace(name);
  ++defined_[std::string(name)];
  const auto place = stretch_of(name, script_);
  const std::string_view body = place ? body_of(script_.substr(place->end)) : std::string_view();
  bodies_.insert_or_assign(std::string(name), bodies_.contains(name) ? std::string_view() : body);
  if (function_) return;
  if (functions_.size() > kMostFunctions) return forget_variables();
  function_ = Function{std::string(name), variables_, arrays_, folders_};
  if (!body.empty()) function_->end = static_cast<size_t>(body.data() + body.size() - script_.data());
  for (const std::string& set : names_)
    set_unknown(set);
  if (has_folder_change_) folders_.back() = {unknown_folder(), unknown_folder()};
}

void BuildScript::leave_function() {
  const Function left = *std::exchange(function_, std::nullopt);
  variables_ = left.variables;
  arrays_ = left.arrays;
  folders_ = left.folders;
  // Should the end of the body not be the one that a shell sees.
  for (const std::string& name : left.names)
    set_unknown(name);
}

void BuildScript::note_effects_of_function(const shell::Command& command) {
  for (const std::string_view name : names_set_by(command)) {
    if (function_) function_->names.emplace(name);
    set_by_functions_.emplace(name);
  }
  functions_change_folder_ = functions_change_folder_ || changes_folder(command);
  functions_set_any_ = functions_set_any_ || sets_any_variable(command) || makes_reference(command);
}

void BuildScript::call_function() {
  functions_set_any_ = functions_set_any_ || set_by_functions_.size() > kMostFunctionNames;
  for (const std::string& name : set_by_functions_)
    set_unknown(name);
  if (functions_change_folder_) folders_.back() = {unknown_folder(), unknown_folder()};
  if (functions_set_any_) forget_variables();
}

void BuildScript::forget_variables() {
  variables_.clear();
  arrays_.clear();
  is_open_ = true;
}

// The shells that take aliases in scripts (dash, BusyBox) run the text, bash does not.
void BuildScript::note_aliases(std::span<const CiText> words) {
  for (const CiText& word : words) {
    const size_t equals = word.text.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    const std::string name = word.text.substr(0, equals);
    functions_.insert(name);
    if (functions_.size() > kMostFunctions) return forget_variables();
    text::Arena texts;
    const std::string body = word.text.substr(equals + 1);
    for (const shell::Command& command : shell::split(body, texts))
      note_effects_of_function(command);
    CiText value = word;
    value.text = body;
    value.update();
    aliases_.insert_or_assign(name, std::move(value));
  }
}

// The words that a shell runs which takes aliases.
std::vector<CiText> BuildScript::without_alias(std::vector<CiText> words) const {
  const auto alias = aliases_.find(words.front().text);
  if (alias == aliases_.end()) return words;
  std::vector<CiText> all;
  append_words(all, alias->second);
  all.insert(all.end(), std::make_move_iterator(words.begin() + 1), std::make_move_iterator(words.end()));
  return all;
}

// What may not have run is over at the end of its list or of its block.
void BuildScript::start_command(const shell::Command& command, std::vector<CiBuild>& builds) {
  using shell::Connector;
  const uint32_t depth_before = std::exchange(depth_, command.depth);
  const bool starts_block = command.connector == Connector::kAnd && command.depth > depth_before;
  if (command.connector == Connector::kAnd && !starts_block) {
    if (has_or_) settle_list(builds);
    is_uncertain_ = is_uncertain_ || !is_expected_ || command.depth < depth_before;
  } else if (command.connector == Connector::kOr) {
    settle_list(builds);
    has_or_ = is_uncertain_ = true;
  } else if (command.connector != Connector::kPipe) {
    end_list(builds);  // of a block all is uncertain
  }
  if (function_ && !function_->is_open) {
    function_->is_open = true;
    function_->depth = command.depth - std::min(command.depth, function_->openers);
    if (function_->depth > 0) bodies_[function_->name].clear();  // it may not be defined
  }
  leave_blocks(command.depth, builds);
  if (command.depth == 0) loop_start_.reset();
  start_branch(command.depth);
}

// Another branch starts in the folder in which the block did.
void BuildScript::start_branch(uint32_t depth) {
  Folder& folder = folders_.back();
  if (!std::exchange(starts_branch_, false) || !folder.uncertain) return;
  UncertainFolder& uncertain = *folder.uncertain;
  uncertain.differs = uncertain.differs || folder.now.text != uncertain.before.text;
  const bool is_of_block = uncertain.depth == depth && uncertain.least_depth == depth;
  folder.now = is_of_block ? uncertain.before : unknown_folder();
}

void BuildScript::leave_blocks(uint32_t depth, std::vector<CiBuild>& builds) {
  if (function_ && function_->is_open && depth <= function_->depth) leave_function();
  const auto& uncertain = folders_.back().uncertain;
  if (uncertain && uncertain->depth > depth) settle_folder(builds);
}

void BuildScript::end_list(std::vector<CiBuild>& builds) {
  settle_list(builds);
  has_or_ = is_uncertain_ = false;
}

void BuildScript::settle_list(std::vector<CiBuild>& builds) {
  for (const std::string& name : std::exchange(conditional_, {}))
    set_unknown(name);
  const auto& uncertain = folders_.back().uncertain;
  if (uncertain && uncertain->in_list) settle_folder(builds);
}

void BuildScript::settle_folder(std::vector<CiBuild>& builds) {
  Folder& folder = folders_.back();
  if (folder.uncertain->differs || folder.now.text != folder.uncertain->before.text) {
    folder.now = unknown_folder();
    // The next round of a loop starts there.
    for (size_t i = loop_start_.value_or(builds.size()); i < builds.size(); ++i) {
      if (builds[i].folder.is_known()) builds[i].folder = unknown_folder();
    }
  }
  folder.uncertain.reset();
}

void BuildScript::read_command(const shell::Command& command, Place place, std::vector<CiBuild>& builds) {
  const bool known = command.depth == 0 && !place.nested && !place.apart;
  if (command.words.empty()) set_all(command.assignments, known);
  const auto called = shell::invocation(command);
  if (called.empty()) return set_arithmetic(command);
  if (sets_any_variable(command)) forget_variables();
  if (is_declaration(called.front().text)) return declare(called, known);
  const std::vector<CiText> words = expand(called);
  for (const std::string_view name : names_set_by(command))
    set_unknown(name);
  if (words.empty()) return;
  const std::string& program = words.front().text;
  const bool is_function = functions_.contains(program);
  calls_any_ = calls_any_ || !called.front().literal;
  const bool is_followed = is_function && !changes_folder(command) && run_function(words, builds);
  if (is_function) call_function();
  if (is_followed) return;
  exports_all_ = exports_all_ || exports_all(words);
  moves_arguments_ = moves_arguments_ || program == "shift" || program == "set";
  if (program == "alias") return note_aliases(std::span(words).subspan(1));
  if (changes_folder(command)) {
    if (is_function) folders_.back() = {unknown_folder(), unknown_folder()};
    if (!is_function && !place.nested && !place.apart) change_folder(words, command.depth);
    return;
  }
  if (writes_exports_) note_exports(command, words);
  const CiInput input = input_of(command, place);
  const std::vector<CiText> run = without_alias(words);
  auto build = run.empty() ? std::nullopt : reader_(run, input);
  if (!build) {
    note_definition_build(command, run);
    return run_script(command, words, builds);
  }
  take_exported(command, *build);
  add_possible_options(called, *build);
  build->folder = folders_.back().now;
  if (function_) {
    function_builds_.emplace_back(function_->name, *std::move(build));
  } else {
    builds.push_back(*std::move(build));
  }
}

// Reads the body of a function with the arguments of a call. False if it can't be.
bool BuildScript::run_function(std::span<const CiText> words, std::vector<CiBuild>& builds) {
  const std::string& name = words.front().text;
  const auto body = bodies_.find(name);
  if (function_ || body == bodies_.end() || body->second.empty() || scripts_around_ == kMostScripts)
    return false;
  const auto environment = [&](std::string_view variable) -> std::optional<CiText> {
    if (!text::is_ascii_digit(variable.front()) || variable == "0") return find(variable);
    return argument_named(variable, words);
  };
  BuildScript inner(environment, folders_.back().now, scripts_, reader_);
  inner.role_ = Role::kBody;
  inner.scripts_around_ = scripts_around_ + 1;
  inner.functions_ = functions_;
  inner.bodies_ = bodies_;
  inner.set_by_functions_ = set_by_functions_;
  inner.functions_change_folder_ = functions_change_folder_;
  inner.functions_set_any_ = functions_set_any_;
  std::vector<CiBuild> found = inner.read(body->second);
  followed_.insert(name);
  followed_.merge(inner.followed_);
  calls_any_ = calls_any_ || inner.calls_any_;
  std::ranges::move(found, std::back_inserter(builds));
  std::ranges::move(inner.definition_builds_, std::back_inserter(definition_builds_));
  return true;
}

// The functions of a script that is sourced are there after it.
void BuildScript::take_functions(BuildScript& sourced) {
  functions_.merge(sourced.functions_);
  for (auto& [name, body] : sourced.bodies_)
    bodies_.insert_or_assign(name, bodies_.contains(name) ? "" : std::move(body));
  for (const auto& [name, times] : sourced.defined_)
    defined_[name] += times;
  followed_.merge(sourced.followed_);
  set_by_functions_.merge(sourced.set_by_functions_);
  functions_change_folder_ = functions_change_folder_ || sourced.functions_change_folder_;
  functions_set_any_ = functions_set_any_ || sourced.functions_set_any_;
  calls_any_ = calls_any_ || sourced.calls_any_;
  texts_ += sourced.texts_;
  std::ranges::move(sourced.function_builds_, std::back_inserter(function_builds_));
  std::ranges::move(sourced.function_definition_builds_, std::back_inserter(function_definition_builds_));
}

// A script of the repository is run by a shell of its own, which has what this one exports and its arguments.
void BuildScript::run_script(const shell::Command& command, std::span<const CiText> words,
                             std::vector<CiBuild>& builds) {
  if (!scripts_ || scripts_around_ == kMostScripts) return;
  const std::span<const CiText> script = script_in(words);
  if (script.empty()) return;
  const CiText place = join_ci_path(folders_.back().now, script.front());
  if (!place.is_known() || place.text.starts_with('/') || place.text.starts_with("..")) return;
  const std::string path = text::clean_path(place.text);
  const std::optional<std::string> text = scripts_(path, false);
  if (!text || !is_shell_script(path, *text)) return;
  const bool is_sourced = words.front().text == "source" || words.front().text == ".";
  const auto environment = [&](std::string_view name) -> std::optional<CiText> {
    // A file that is sourced without arguments has those of the script around it.
    if (text::is_ascii_digit(name.front()) && !(is_sourced && script.size() == 1))
      return argument_named(name, script);
    return is_sourced ? find(name) : environment_of(command, name);
  };
  BuildScript inner(environment, folders_.back().now, scripts_, reader_);
  inner.role_ = is_sourced ? Role::kSourced : Role::kScript;
  inner.scripts_around_ = scripts_around_ + 1;
  std::vector<CiBuild> found = inner.read(with_own_folder(*text, path));
  const bool builds_none = found.empty() && inner.definition_builds_.empty() &&
                           inner.function_builds_.empty() && inner.function_definition_builds_.empty();
  if (is_sourced) {
    for (auto& [name, value] : inner.variables_)
      variables_.insert_or_assign(name, std::move(value));
    take_functions(inner);
  }
  if (builds_none) return;
  scripts_(path, true);
  std::ranges::move(found, std::back_inserter(builds));
  std::ranges::move(inner.definition_builds_, std::back_inserter(definition_builds_));
}

CiInput BuildScript::input_of(const shell::Command& command, Place place) {
  CiInput input;
  if (command.connector == shell::Connector::kPipe && place.previous != nullptr)
    input = input_from_command(expand(shell::invocation(*place.previous)));
  for (const shell::Redirection& redirection : command.redirections) {
    if (redirection.op == "<") input = input_from_file(expand(redirection.target));
    if (redirection.op.starts_with("<<")) input = {.kind = CiInput::Kind::kText};
  }
  return input;
}

// `A=$((B++))` sets both.
void BuildScript::set_arithmetic(const shell::Command& command) {
  for (const std::string_view name : names_set_by(command)) {
    const auto is_own = [&](const shell::Word& word) { return word.text.starts_with(name); };
    if (std::ranges::none_of(command.assignments, is_own)) set_unknown(name);
  }
}

// `declare -i` evaluates, and others change the value, too.
void BuildScript::declare(std::span<const shell::Word> words, bool known) {
  const bool changes = std::ranges::any_of(kChangingFlags, [&](char flag) { return has_flag(words, flag); });
  const bool exports = words.front().text == "export";  // -n is not to export it
  if (!exports && words.front().text != "readonly" && has_flag(words, 'n'))
    return declare_references(words.subspan(1), known);
  for (const shell::Word& word : words.subspan(1)) {
    std::string name(word.text.substr(0, word.text.find('=')));
    if (!name.starts_with('-') && (exports || has_flag(words, 'x'))) exported_names_.insert(std::move(name));
  }
  set_all(words.subspan(1), known && (exports || !changes));
}

// `declare -n NAME=OTHER`. What another kind of it means is known when it runs.
void BuildScript::declare_references(std::span<const shell::Word> words, bool known) {
  for (const shell::Word& word : words) {
    if (word.text.starts_with('-')) continue;
    const size_t equals = std::min(word.text.find('='), word.text.size());
    const std::string_view other = word.text.substr(std::min(equals + 1, word.text.size()));
    const bool plain = known && !is_uncertain_ && word.literal && !other.empty() &&
                       other.find_first_not_of(text::kNameCharacters) == std::string_view::npos;
    references_.insert_or_assign(std::string(word.text.substr(0, equals)), plain ? other : "");
    if (!plain) forget_variables();
  }
}

void BuildScript::set_unknown(std::string_view given) {
  const std::string_view name = meant_by(given);
  if (name.empty()) return forget_variables();
  if (const auto array = arrays_.find(name); array != arrays_.end()) arrays_.erase(array);
  CiText unknown;
  unknown.append_unknown(std::string("$").append(name));
  variables_.insert_or_assign(std::string(name), std::move(unknown));
}

void BuildScript::set_all(std::span<const shell::Word> words, bool sure) {
  for (const shell::Word& word : words)
    set(word, sure);
}

void BuildScript::set(const shell::Word& assignment, bool sure) {
  const size_t equals = assignment.text.find('=');
  if (equals == std::string_view::npos) return;
  const bool appends = equals > 0 && assignment.text[equals - 1] == '+';
  const std::string name(meant_by(assignment.text.substr(0, equals - (appends ? 1 : 0))));
  if (name.empty()) return forget_variables();
  if (is_array(assignment)) return set_array(name, appends, sure);
  shell::Word word = assignment;
  word.text = assignment.text.substr(equals + 1);
  CiText value = entered_folder(word).value_or(expand(word));
  CiText unknown;
  unknown.append_unknown("$" + name);
  note_options(name, value.text);
  if (appends) {
    CiText whole = find(name).value_or(unknown);
    whole.append(value);
    value = std::move(whole);
  }
  const bool known = sure && value.text.size() <= kLongestCiText;  // not in a branch or a loop
  if (is_uncertain_) conditional_.push_back(name);
  set_unknown(name);  // if it was an array, its words are gone
  variables_.insert_or_assign(name, known ? std::move(value) : std::move(unknown));
}

// `$(cd FOLDER && pwd)`, if the folder is known.
std::optional<CiText> BuildScript::entered_folder(const shell::Word& word) {
  static const RE2 kEntered(
      R"re(^\$\(\s*cd (?:-P )?(?:-- )?"?([^"\s()`;&|]+)"?(?: >\s*/dev/null(?: 2>&1)?)?\s*&&\s*pwd(?: -P)?\s*\)$)re");
  shell::Word folder = word;
  std::string path;
  if (!RE2::FullMatch(text::piece(word.text), kEntered, &path)) return std::nullopt;
  folder.text = path;
  const CiText place = join_ci_path(folders_.back().now, expand(folder));
  if (!place.is_known() || place.text.starts_with('/') || place.text.starts_with("..")) return std::nullopt;
  return CiText{"$GITHUB_WORKSPACE/" + text::clean_path(place.text)};
}

// Whether a list of words in parentheses follows.
bool BuildScript::is_array(const shell::Word& assignment) const {
  const auto stretch = stretch_of(assignment.spelling, script_);
  return stretch && stretch->end < script_.size() && assignment.spelling.ends_with('=') &&
         script_[stretch->end] == '(';
}

// `cd -` and `popd` go back.
void BuildScript::change_folder(const std::vector<CiText>& words, uint32_t depth) {
  Folder& folder = folders_.back();
  if (depth > 0 || is_uncertain_) {
    if (!folder.uncertain) folder.uncertain = UncertainFolder{folder.now, depth, depth};
    folder.uncertain->least_depth = std::min(folder.uncertain->least_depth, depth);
    folder.uncertain->depth = std::max(folder.uncertain->depth, depth);
    folder.uncertain->in_list = folder.uncertain->in_list || is_uncertain_;
  }
  CiText from = folder.now;
  const auto target = std::ranges::find_if(words.begin() + 1, words.end(), [](const CiText& word) {
    return word.text == "-" || !word.text.starts_with('-');
  });
  const std::string& program = words.front().text;
  if (program == "popd") {
    folder.now = folder.pushed.empty() ? unknown_folder() : folder.pushed.back();
    if (!folder.pushed.empty()) folder.pushed.pop_back();
  } else if (target == words.end()) {
    folder.now = program == "cd" ? CiText{"~", {"~"}} : unknown_folder();
  } else {
    folder.now = target->text == "-" ? folder.before : join_ci_path(folder.now, *target);
    if (program == "pushd" && folder.pushed.size() < kMostPushed) folder.pushed.push_back(from);
  }
  folder.before = std::move(from);
}

void BuildScript::note_exports(const shell::Command& command, const std::vector<CiText>& words) {
  if (words.front().text != "echo" && words.front().text != "printf") return;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& text = words[i].text;
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || text.find_first_not_of(text::kNameCharacters) != equals)
      continue;
    const std::string name = text.substr(0, equals);
    CiText value = *split_pair(words[i]).value;
    for (size_t more = i + 1; more < words.size(); ++more) {
      value.text += ' ';
      value.append(words[more]);
    }
    const bool known = command.depth == 0 && !is_uncertain_ && words.front().text == "echo" &&
                       !exported_.contains(name) && value.text.size() <= kLongestCiText;
    CiText unknown;
    unknown.append_unknown("$" + name);
    exported_.insert_or_assign(name, known ? std::move(value) : std::move(unknown));
    return;
  }
}

}  // namespace dcache::project
