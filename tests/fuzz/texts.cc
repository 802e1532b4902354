// Small languages: words with variables, shell, ignore files, patterns of file names.
#include <algorithm>
#include <map>
#include <string>

#include "dcache/dockerfile/expand.h"
#include "dcache/ignore/matcher.h"
#include "dcache/shell/script.h"
#include "dcache/text/arena.h"
#include "dcache/text/glob.h"
#include "dcache/text/unicode.h"
#include "tests/fuzz/targets.h"

namespace dcache::fuzz {
namespace {

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

// Options, the text, then NAME=VALUE for each variable.
void run_expand(std::string_view input) {
  if (input.empty()) return;
  const auto flags = static_cast<unsigned char>(input.front());
  const auto all = parts(input.substr(1));
  std::map<std::string_view, std::string_view> variables;
  for (const std::string_view pair : all) {
    const size_t equals = pair.find('=');
    if (pair.data() != all.front().data() && equals != std::string_view::npos)
      variables.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  std::vector<std::string> missing;
  const dockerfile::ExpandOptions options{.escape = (flags & 1U) != 0 ? '`' : '\\',
                                          .keep_quotes = (flags & 2U) != 0,
                                          .keep_escapes = (flags & 4U) != 0,
                                          .plain_quotes = (flags & 8U) != 0,
                                          .keep_unset = (flags & 16U) != 0,
                                          .missing = &missing};
  const auto lookup = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const std::string_view text = all.front();
  const auto word = dockerfile::expand(text, lookup, options);
  if (!word) expect(word.error().offset <= text.size(), "an error of expansion has a place in the text");
  if (word && text::is_ascii(text) && text.find_first_of("$'\"\\`") == std::string_view::npos)
    expect(*word == text, "text without variables and quotes stays as it is", text);
  const auto words = dockerfile::expand_words(text, lookup, options);
  expect(word.has_value() == words.has_value(), "a text is expanded as one word and as several", text);
  if (!words) return;
  uint32_t last = 0;
  for (const dockerfile::ExpandedWord& each : *words) {
    expect(each.begin <= each.end && each.end <= text.size(), "a word is made from a part of the text", text);
    expect(each.begin >= last, "words are in their order", text);
    last = each.begin;
  }
}

void run_shell(std::string_view input) {
  text::Arena texts;
  for (const shell::Command& command : shell::split(input, texts)) {
    if (!command.quoted)
      expect(is_inside(command.spelling, input), "a command is a part of the script", input);
    for (const shell::Word& word : command.words) {
      if (!command.quoted) expect(is_inside(word.spelling, input), "a word is a part of the script", input);
      shell::inner_script({&word, 1});
    }
    const auto really = shell::invocation(command);
    expect(really.size() <= command.words.size(), "a program is a part of its command", input);
    shell::program_of(really);
    shell::inner_script(really);
  }
}

// The ignore file, then paths.
void run_ignore(std::string_view input) {
  const auto all = parts(input);
  for (const auto dialect : {ignore::Matcher::Dialect::kBuildkit, ignore::Matcher::Dialect::kClassic}) {
    const auto matcher = ignore::Matcher::parse(all.front(), dialect);
    if (!matcher) {
      expect(matcher.error().line > 0 && !matcher.error().message.empty(), "an error names its line");
      continue;
    }
    for (size_t i = 1; i < all.size() && i < 20; ++i) {
      const std::string_view path = all[i];
      if (path.empty() || path.starts_with('/') || path.ends_with('/') ||
          path.find("//") != std::string_view::npos)
        continue;
      // As a walk of the tree asks.
      ignore::Matcher::Folder folder;
      ignore::Decision walked;
      for (size_t slash = path.find('/'); slash != std::string_view::npos;
           slash = path.find('/', slash + 1)) {
        ignore::Matcher::Folder below;
        matcher->decide(path.substr(0, slash), folder, &below);
        folder = std::move(below);
      }
      walked = matcher->decide(path, folder);
      const ignore::Decision asked = matcher->decide(path);
      expect(walked.ignored == asked.ignored, "a walk decides as a question for one path does", path);
    }
  }
}

// The pattern, then names.
void run_glob(std::string_view input) {
  const auto all = parts(input);
  const std::string_view pattern = all.front();
  const bool valid = text::is_valid_glob(pattern);
  for (size_t i = 1; i < all.size() && i < 20; ++i)
    expect(valid || !text::glob_match(pattern, all[i]), "a malformed pattern matches nothing", pattern);
  if (pattern.find_first_of("*?[\\") == std::string_view::npos)
    expect(text::glob_match(pattern, pattern), "a name matches itself", pattern);
}

}  // namespace dcache::fuzz
