#include "rules/secrets.h"

#include <algorithm>
#include <array>

#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

using dockerfile::Keyword;

constexpr std::array<std::string_view, 10> kSecretWords = {
    "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"};
// A name with one of them is that of something public, of a file, or of a version.
constexpr std::array<std::string_view, 3> kHarmlessWords = {"public", "file", "version"};

}  // namespace

std::vector<NamedVariable> variables_set_by(const dockerfile::Instruction& instruction,
                                            const plan::Graph& graph) {
  std::vector<NamedVariable> variables;
  const auto words = instruction.arguments;
  if (instruction.keyword == Keyword::kEnv) {
    for (size_t i = 0; i + 1 < words.size(); i += 2)
      variables.push_back({graph.text_of(words[i]), words[i + 1].text, words[i].span});
  } else if (instruction.keyword == Keyword::kArg) {
    for (const dockerfile::Word& word : words) {
      const size_t equals = std::min(word.text.find('='), word.text.size());
      variables.push_back(
          {word.text.substr(0, equals), word.text.substr(std::min(equals + 1, word.text.size())), word.span});
    }
  }
  return variables;
}

bool names_secret(std::string_view name) {
  bool secret = false;
  for (std::string_view rest = name; !rest.empty();) {
    const size_t end = std::min(rest.find('_'), rest.size());
    const auto is_part = [part = rest.substr(0, end)](std::string_view word) {
      return text::equals_ignoring_case(part, word);
    };
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (std::ranges::any_of(kHarmlessWords, is_part)) return false;
    secret = secret || std::ranges::any_of(kSecretWords, is_part);
  }
  return secret;
}

}  // namespace dcache::rules
