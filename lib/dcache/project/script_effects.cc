#include "dcache/project/script_effects.h"

#include <algorithm>
#include <array>
#include <span>

#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::project {
namespace {

// Commands whose words are names, with or without a value.
constexpr std::array<std::string_view, 10> kTakeNames = {
    "export", "readonly", "local", "declare", "typeset", "unset", "read", "mapfile", "readarray", "getopts"};
// Those whose words are nothing else.
constexpr std::array<std::string_view, 6> kSetNames = {"export",  "readonly", "local",
                                                       "declare", "typeset",  "unset"};
constexpr std::array<std::string_view, 3> kFolderCommands = {"cd", "pushd", "popd"};
constexpr std::array<std::string_view, 13> kSucceed = {
    "cd", "pushd", "popd", "mkdir", "echo", "printf", "export", "set", "cp", "mv", "rm", "readonly", ":"};
constexpr std::array<std::string_view, 6> kDockerSucceeds = {"build", "buildx", "login",
                                                             "push",  "tag",    "compose"};

std::string_view name_at_start(std::string_view text) {
  const std::string_view name = text.substr(0, text.find_first_not_of(text::kNameCharacters));
  return name.empty() || text::is_ascii_digit(name[0]) ? std::string_view() : name;
}

std::string_view name_at_end(std::string_view text) {
  while (!text.empty() && text::is_ascii_space(text.back()))
    text.remove_suffix(1);
  const size_t before = text.find_last_not_of(text::kNameCharacters);
  return name_at_start(text.substr(before == std::string_view::npos ? 0 : before + 1));
}

void add(std::vector<std::string_view>& names, std::string_view name) {
  if (!name.empty()) names.push_back(name);
}

// `${V:=x}`, `${V=x}` and `$((V++))`.
void add_of_expansions(std::string_view text, std::vector<std::string_view>& names) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with("((")) {
      const std::vector<std::string_view> more = names_set_in_arithmetic(rest.substr(2, rest.find("))") - 2));
      names.insert(names.end(), more.begin(), more.end());
    } else if (rest.starts_with('{')) {
      const std::string_view name = name_at_start(rest.substr(1));
      const std::string_view after = rest.substr(1 + name.size());
      if (after.starts_with(":=") || after.starts_with('=')) add(names, name);
    }
  }
}

}  // namespace

bool has_flag(std::span<const shell::Word> words, char flag) {
  return std::ranges::any_of(words.subspan(1), [&](const shell::Word& word) {
    return word.text.starts_with('-') && word.text.find(flag) != std::string_view::npos;
  });
}

std::vector<std::string_view> names_set_in_arithmetic(std::string_view text) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '+' || c == '-') && i + 1 < text.size() && text[i + 1] == c) {
      add(names, name_at_end(text.substr(0, i)));
      add(names, name_at_start(text::trim_left(text.substr(i + 2))));
      ++i;
    }
    if (c != '=') continue;
    if (i + 1 < text.size() && text[i + 1] == '=') {
      ++i;  // a comparison
      continue;
    }
    // The operator before: "<<=" assigns, and "<=" compares.
    size_t end = i;
    while (end > 0 && std::string_view("+-*/%&|^<>").find(text[end - 1]) != std::string_view::npos)
      --end;
    const std::string_view op = text.substr(end, i - end);
    if (op == "<" || op == ">" || (end > 0 && text[end - 1] == '!')) continue;
    add(names, name_at_end(text.substr(0, end)));
  }
  return names;
}

std::vector<std::string_view> names_set_by(const shell::Command& command) {
  std::vector<std::string_view> names;
  const bool is_own = command.words.empty();
  for (const shell::Word& word : command.assignments) {
    if (is_own) add(names, name_at_start(word.text));
    add_of_expansions(word.text, names);
  }
  for (const shell::Word& word : command.words)
    add_of_expansions(word.text, names);
  const std::span<const shell::Word> called = shell::invocation(command);
  if (called.empty()) return names;
  const std::string_view program = called.front().text;
  const size_t bracket = program.find('[');  // of an array: A[0]=x
  if (bracket != 0 && bracket != std::string_view::npos && program.find('=') != std::string_view::npos)
    add(names, name_at_start(program));
  if (program == "printf" && called.size() > 2 && called[1].text == "-v")
    add(names, name_at_start(called[2].text));
  for (const shell::Word& word : called.subspan(1)) {
    if (text::is_one_of(program, kTakeNames)) add(names, name_at_start(word.text));
    if (program != "let") continue;
    const std::vector<std::string_view> more = names_set_in_arithmetic(word.text);
    names.insert(names.end(), more.begin(), more.end());
  }
  return names;
}

bool sets_any_variable(const shell::Command& command) {
  const std::span<const shell::Word> words = shell::invocation(command);
  if (words.empty()) return false;
  const std::string_view program = words.front().text;
  if (program == "source" || program == "." || program == "eval") return true;
  if (program == "trap")
    return std::ranges::any_of(words.subspan(1), [](const shell::Word& word) {
      return word.text == "DEBUG" || word.text == "ERR" || word.text == "RETURN";
    });
  return text::is_one_of(program, kSetNames) &&
         std::ranges::any_of(words.subspan(1), [](const shell::Word& word) {
           // A name that only the run makes.
           return !word.literal && !word.text.starts_with('-') && name_at_start(word.text).empty();
         });
}

bool makes_reference(const shell::Command& command) {
  const std::span<const shell::Word> words = shell::invocation(command);
  if (words.empty()) return false;
  const std::string_view program = words.front().text;
  return (program == "declare" || program == "local" || program == "typeset") && has_flag(words, 'n');
}

bool changes_folder(const shell::Command& command) {
  const std::span<const shell::Word> words = shell::invocation(command);
  return !words.empty() && text::is_one_of(words.front().text, kFolderCommands);
}

bool is_expected_to_succeed(const shell::Command& command) {
  const std::span<const shell::Word> words = shell::invocation(command);
  if (words.empty())  // an assignment, whose value may come from a command that fails
    return std::ranges::all_of(command.assignments, [](const shell::Word& word) {
      return word.text.find("$(") == std::string_view::npos && word.text.find('`') == std::string_view::npos;
    });
  if (text::is_one_of(words.front().text, kSucceed)) return true;
  return words.front().text == "docker" && words.size() > 1 &&
         text::is_one_of(words[1].text, kDockerSucceeds);
}

}  // namespace dcache::project
