#include "dcache/project/build_script.h"

#include <algorithm>
#include <array>

#include "dcache/text/arena.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr size_t kMostNested = 100;  // subshells

// Spellings of the root of the workspace, and of the current folder.
constexpr std::array<std::string_view, 4> kRoots = {"$GITHUB_WORKSPACE", "${GITHUB_WORKSPACE}",
                                                    "$CI_PROJECT_DIR", "${CI_PROJECT_DIR}"};
constexpr std::array<std::string_view, 4> kHere = {"$PWD", "${PWD}", "$(pwd)", "`pwd`"};

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

// Commands that set the variables which their words name.
constexpr std::array<std::string_view, 4> kReaders = {"read", "mapfile", "readarray", "getopts"};

// Whether a command may set variables that the script does not name: those of another file, or of a text that
// only the run makes.
bool sets_any_variable(std::span<const shell::Word> words) {
  const std::string_view program = words.front().text;
  if (program == "source" || program == "." || program == "eval") return true;
  return program == "export" && std::ranges::any_of(words.subspan(1), [](const shell::Word& word) {
           const bool is_substitution = word.text.starts_with("$(") || word.text.starts_with('`');
           return is_substitution && !word.literal;
         });
}

// Variables of the CI service, which no file of a repository sets.
bool is_of_service(std::string_view name) {
  return name.starts_with("GITHUB_") || name.starts_with("RUNNER_") || name.starts_with("CI_") ||
         name == "HOME" || name == "PWD";
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

}  // namespace

bool take_workspace_root(CiText& path) {
  const size_t size = root_size(path.text);
  if (size > 0) drop_prefix(path, size);
  return size > 0;
}

CiText join_ci_path(const CiText& folder, const CiText& path) {
  CiText below = path;
  if (take_workspace_root(below) || below.text.starts_with('/')) return below;
  if (const size_t here = spelling_size(below.text, kHere); here > 0) drop_prefix(below, here);
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

std::optional<CiText> BuildScript::find(std::string_view name) const {
  const auto own = variables_.find(name);
  if (own != variables_.end()) return own->second;
  if (!is_open_ || is_of_service(name)) return environment_(name);
  CiText unknown;
  unknown.append_unknown(std::string("$").append(name));
  return unknown;
}

CiText BuildScript::expand(const shell::Word& word) {
  constexpr size_t kMostExpanded = 16U << 20U;
  if (word.literal || expanded_ > kMostExpanded) return text_with_expressions(std::string(word.text));
  CiText text = expand_shell(word.text, [this](std::string_view name) { return find(name); });
  expanded_ += text.text.size();
  if (word.text.find("${{") != std::string_view::npos) {
    CiText whole = text_with_expressions(std::move(text.text));
    whole.append({{}, text.unknown});
    return whole;
  }
  return text;
}

std::vector<CiText> BuildScript::expand(std::span<const shell::Word> words) {
  std::vector<CiText> expanded;
  for (const shell::Word& word : words) {
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

std::vector<CiBuild> BuildScript::read(std::string_view script) {
  std::vector<CiBuild> builds;
  text::Arena texts;
  size_t end = 0;
  writes_exports_ = script.find("GITHUB_ENV") != std::string_view::npos;
  for (const shell::Command& command : shell::split(script, texts)) {
    const auto stretch = stretch_of(command.spelling, script);
    // Commands in substitutions follow the one that contains them.
    const bool nested = !stretch || stretch->begin < end;
    if (!nested) {
      follow_keywords(script.substr(end, stretch->begin - end));
      end = stretch->end;
    }
    read_command(command, nested, builds);
  }
  folders_.resize(1);
  return builds;
}

// A subshell's folder is its own, and the variable of a loop has many values.
void BuildScript::follow_keywords(std::string_view between) {
  bool comment = false;
  std::string_view word_before;
  for (size_t i = 0; i < between.size(); ++i) {
    const char c = between[i];
    const size_t end = std::min(between.find_first_of(kWordEnds, i), between.size());
    if (!comment && c != '#' && end > i) {
      const std::string_view word = between.substr(i, end - i);
      if (word_before == "for" || word_before == "select") set_unknown(word);
      word_before = word;
      i = end - 1;
      continue;
    }
    if (c == '#') comment = true;
    if (c == '\n') comment = false;
    if (comment) continue;
    if (c == '(' && folders_.size() < kMostNested) folders_.push_back(Folder(folders_.back()));
    if (c == ')' && folders_.size() > 1) folders_.pop_back();
  }
}

void BuildScript::read_command(const shell::Command& command, bool nested, std::vector<CiBuild>& builds) {
  const bool sure = command.depth == 0 && !nested;
  if (command.words.empty()) set_all(command.assignments, sure);
  const auto called = shell::invocation(command);
  if (called.empty()) return;
  if (sets_any_variable(called)) {
    variables_.clear();
    is_open_ = true;
  }
  if (called.front().text == "export" || called.front().text == "readonly" ||
      called.front().text == "local" || called.front().text == "declare")
    return set_all(called.subspan(1), sure);
  const std::vector<CiText> words = expand(called);
  if (words.empty() || reads_values(words)) return;
  const std::string& program = words.front().text;
  if (!nested && (program == "cd" || program == "pushd" || program == "popd")) return change_folder(words);
  if (writes_exports_) note_exports(command, words);
  std::optional<CiText> input;
  for (const shell::Redirection& redirection : command.redirections) {
    if (redirection.op == "<") input = expand(redirection.target);
  }
  auto build = read_build_command(words, input);
  if (!build) return;
  build->folder = folders_.back().now;
  builds.push_back(*std::move(build));
}

// Variables that get their values from a file or from options: `read -r A B`.
bool BuildScript::reads_values(const std::vector<CiText>& words) {
  const std::string& program = words.front().text;
  if (program == "printf" && words.size() > 2 && words[1].text == "-v") set_unknown(words[2].text);
  const bool reads = std::ranges::find(kReaders, program) != kReaders.end();
  for (size_t i = 1; reads && i < words.size(); ++i)
    set_unknown(words[i].text);
  return reads;
}

void BuildScript::set_unknown(std::string_view name) {
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
  const std::string name(assignment.text.substr(0, equals - (appends ? 1 : 0)));
  shell::Word word = assignment;
  word.text = assignment.text.substr(equals + 1);
  CiText value = expand(word);
  const bool array = assignment.spelling.ends_with('=') && word.text.empty();
  CiText unknown;
  unknown.append_unknown("$" + name);
  if (appends) {
    CiText whole = find(name).value_or(unknown);
    whole.append(value);
    value = std::move(whole);
  }
  // In a branch or a loop, or an array, whose words are not read.
  const bool known = sure && !(array && appends) && value.text.size() <= kLongestCiText;
  variables_.insert_or_assign(name, known ? std::move(value) : std::move(unknown));
}

// `cd -` and `popd` go back.
void BuildScript::change_folder(const std::vector<CiText>& words) {
  Folder& folder = folders_.back();
  const auto target = std::ranges::find_if(words.begin() + 1, words.end(),
                                           [](const CiText& word) { return !word.text.starts_with("--"); });
  const bool back = words.front().text == "popd" || (target != words.end() && target->text == "-");
  if (back) {
    std::swap(folder.now, folder.before);
    return;
  }
  folder.before = folder.now;
  folder.now = target == words.end() ? CiText{"~", {"~"}} : join_ci_path(folder.now, *target);
}

void BuildScript::note_exports(const shell::Command& command, const std::vector<CiText>& words) {
  if (words.front().text != "echo" && words.front().text != "printf") return;
  constexpr std::string_view kNameCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& text = words[i].text;
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || text.find_first_not_of(kNameCharacters) != equals)
      continue;
    const std::string name = text.substr(0, equals);
    CiText value = *split_pair(words[i]).value;
    for (size_t more = i + 1; more < words.size(); ++more) {
      value.text += ' ';
      value.append(words[more]);
    }
    const bool known = command.depth == 0 && words.front().text == "echo" && !exported_.contains(name) &&
                       value.text.size() <= kLongestCiText;
    CiText unknown;
    unknown.append_unknown("$" + name);
    exported_.insert_or_assign(name, known ? std::move(value) : std::move(unknown));
    return;
  }
}

}  // namespace dcache::project
