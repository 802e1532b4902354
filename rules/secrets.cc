#include "rules/secrets.h"

#include <algorithm>

#include "dcache/text/unicode.h"
#include "rules/known_facts.h"
#include "rules/stages.h"

namespace dcache::rules {
namespace {

using dockerfile::Keyword;

using NameList = std::span<const std::string_view>;

bool is_one_of_ignoring_case(std::string_view word, NameList words) {
  return std::ranges::any_of(words,
                             [&](std::string_view other) { return text::equals_ignoring_case(word, other); });
}

// Whether the last part of a name says that it is about a secret, and not the secret itself.
bool ends_harmlessly(std::string_view name) {
  const size_t last = name.rfind('_');
  return last != std::string_view::npos && is_one_of_ignoring_case(name.substr(last + 1), harmless_endings());
}

bool is_switch(std::string_view value) {
  constexpr std::string_view kSwitches[] = {"true", "false", "yes",     "no",       "on",
                                            "off",  "none",  "enabled", "disabled", "optional"};
  return is_one_of_ignoring_case(value, kSwitches);
}

// `/run/x/key.json`, `tls/server.pem`: a name that ends as that of a file, or a path from the root.
bool is_path(std::string_view value) {
  constexpr std::string_view kEndings[] = {"asc", "cer", "cfg",  "conf", "crt", "der",  "env",
                                           "gpg", "ini", "jks",  "json", "key", "p12",  "pem",
                                           "pfx", "pub", "toml", "txt",  "xml", "yaml", "yml"};
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/~${}:@";
  if (value.find_first_not_of(kLetters) != std::string_view::npos) return false;
  if (value.starts_with("~/") || value.starts_with("./") || value.starts_with("../")) return true;
  if (value.starts_with('/')) return true;
  const size_t dot = value.rfind('.');
  return dot != std::string_view::npos && dot > 0 && is_one_of_ignoring_case(value.substr(dot + 1), kEndings);
}

// Of keys in GPG_KEY and the like: hexadecimal digits, blanks between several of them.
bool is_fingerprint(std::string_view name, std::string_view value) {
  constexpr size_t kShortest = 8, kDigits = 40;
  const std::string lower = text::to_lower(name);
  if (lower.find("gpg") == std::string::npos && lower.find("pgp") == std::string::npos) return false;
  for (std::string_view rest = text::trim(value); !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    std::string_view one = rest.substr(0, end);
    if (one.starts_with("0x")) one.remove_prefix(2);
    if (one.size() < kShortest || one.size() > kDigits ||
        one.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return false;
    rest = text::trim_left(rest.substr(end));
  }
  return !text::trim(value).empty();
}

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

bool is_harmless(const NamedVariable& variable, Keyword keyword) {
  const std::string_view value = text::trim(unquoted(text::trim(variable.value)));
  if (ends_harmlessly(variable.name)) return true;
  if (value.empty()) return keyword == Keyword::kEnv;
  constexpr size_t kShortestFiller = 4;
  // The name of a property, and what replaces a value.
  if (value.starts_with('.') || variable.name.ends_with("__Key") ||
      (value.size() >= kShortestFiller && value.find_first_not_of(value.front()) == std::string_view::npos))
    return true;
  return is_switch(value) || is_path(value) || is_fingerprint(variable.name, value);
}

bool names_secret(std::string_view name) {
  bool secret = false;
  for (std::string_view rest = name; !rest.empty();) {
    const size_t end = std::min(rest.find('_'), rest.size());
    const auto is_part = [part = rest.substr(0, end)](std::string_view word) {
      return text::equals_ignoring_case(part, word);
    };
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (std::ranges::any_of(harmless_words(), is_part)) return false;
    secret = secret || std::ranges::any_of(secret_words(), is_part);
  }
  return secret;
}

bool may_hold_private_key(const lint::BuildContext& context, const context::Record& record) {
  constexpr uint64_t kMostBytes = 4'000'000;
  if (record.size > kMostBytes) return false;  // a key is short
  const auto text = context.read(record.path);
  if (!text || text->find("PRIVATE KEY") != std::string::npos) return true;
  return text->find("-----BEGIN ") == std::string::npos && !record.path.ends_with(".pem");
}

}  // namespace dcache::rules
