#include "rules/plain_programs.h"

#include <algorithm>
#include <array>
#include <set>

#include <re2/re2.h>

#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::rules {
namespace {

struct Token {
  enum class Kind : uint8_t { kName, kText, kSign, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;  // of a text what is between the quotes
  bool starts_line = false;
};

bool is_name_character(char c) {
  return text::is_name_start(c) || text::is_ascii_digit(c);
}

// Where the text ends that begins with a quote: at the same one, outside of `#{…}`.
size_t end_of_text(std::string_view program) {
  const char quote = program.front();
  size_t at = 1;
  while (at < program.size() && program[at] != quote) {
    const bool is_code = quote == '"' && program.substr(at).starts_with("#{");
    at = is_code ? program.find('}', at) : at + (program[at] == '\\' ? 2 : 1);
  }
  return std::min(at, program.size());
}

// How long the list of words is that the text begins with: `%w[a b]` and `%i[a b]` of Ruby, `~w(a b)` of
// Elixir. 0 for none.
size_t size_of_word_list(std::string_view program) {
  if (program.front() != '%' && program.front() != '~') return 0;
  static const RE2 kList(R"((?:%[wi]|~w)(?:\[[^\[\]]*\]|\([^()]*\)|\{[^{}]*\}|<[^<>]*>))");
  re2::StringPiece rest = text::piece(program);
  return RE2::Consume(&rest, kList) ? program.size() - rest.size() : 0;
}

// The tokens of Ruby and Elixir, as far as manifests have them. Comments are left out, and numbers are names.
std::vector<Token> tokens_of(std::string_view program) {
  std::vector<Token> tokens;
  bool starts_line = true;
  while (!program.empty()) {
    const char c = program.front();
    if (c == '\n') starts_line = true;
    if (text::is_ascii_space(c)) {
      program.remove_prefix(1);
      continue;
    }
    if (c == '#') {
      program.remove_prefix(std::min(program.find('\n'), program.size()));
      continue;
    }
    Token token{.kind = Token::Kind::kSign, .text = program.substr(0, 1), .starts_line = starts_line};
    starts_line = false;
    size_t size = 1;
    if (c == '"' || c == '\'') {
      token.kind = Token::Kind::kText;
      size = end_of_text(program);
      token.text = program.substr(1, size - 1);
      ++size;
    } else if (const size_t list = size_of_word_list(program); list > 0) {
      token.kind = Token::Kind::kText;
      token.text = {};
      size = list;
    } else if (is_name_character(c)) {
      token.kind = Token::Kind::kName;
      while (size < program.size() && is_name_character(program[size]))
        ++size;
      // `start_with?` and `fetch!` are names, `a != b` is not one.
      if (size < program.size() && (program[size] == '?' || program[size] == '!') &&
          program.substr(size + 1, 1) != "=")
        ++size;
      token.text = program.substr(0, size);
    }
    tokens.push_back(token);
    program.remove_prefix(std::min(size, program.size()));
  }
  tokens.push_back({});
  return tokens;
}

bool is_constant(std::string_view name) {
  return !name.empty() && name.front() >= 'A' && name.front() <= 'Z';
}

bool is_number(std::string_view name) {
  return !name.empty() && text::is_ascii_digit(name.front());
}

// What `#{…}` in a text contains. One that does not end counts as a call of another program.
std::vector<std::string_view> interpolated(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find("#{"); at != std::string_view::npos; at = text.find("#{", at)) {
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) return {"`"};
    parts.push_back(text.substr(at + 2, end - at - 2));
    at = end;
  }
  return parts;
}

// Where a repository or a server of packages is, if that is not a folder.
bool is_remote(std::string_view address) {
  static const RE2 kRemote(R"(\w[\w+.-]*://.*|[\w.-]+@[\w.-]+:\S*)");
  return address == "rubygems" ||
         (!text::to_lower(address).starts_with("file:") && RE2::FullMatch(text::piece(address), kRemote));
}

class Gemfile {
 public:
  explicit Gemfile(std::string_view text) : tokens_(tokens_of(text)) { find_names(); }

  bool is_plain() {
    for (size_t at = 0; tokens_[at].kind != Token::Kind::kEnd; ++at) {
      if (!is_plain(at)) return false;
    }
    return true;
  }

 private:
  using Kind = Token::Kind;

  const Token& next(size_t at) const { return tokens_[std::min(at + 1, tokens_.size() - 1)]; }
  bool is_sign(const Token& token, std::string_view sign) const {
    return token.kind == Kind::kSign && token.text == sign;
  }

  // Variables that it sets, and the names that blocks give what they are handed.
  void find_names() {
    bool in_block_names = false;
    for (size_t at = 0; at < tokens_.size(); ++at) {
      const Token& token = tokens_[at];
      if (is_sign(token, "|")) in_block_names = !in_block_names && at > 0 && opens_block(tokens_[at - 1]);
      if (token.kind != Kind::kName) continue;
      const bool is_set = token.starts_line && is_sign(next(at), "=") && !is_sign(next(at + 1), "=");
      if (in_block_names || is_set) names_.insert(token.text);
    }
  }
  bool opens_block(const Token& token) const { return is_sign(token, "{") || token.text == "do"; }

  bool is_plain(size_t at) const {
    const Token& token = tokens_[at];
    if (token.kind == Kind::kText) return is_plain_text(at);
    if (token.kind == Kind::kSign) return is_plain_sign(at);
    const std::string_view name = token.text;
    const bool is_key = is_sign(next(at), ":") && next(at).text.data() == name.data() + name.size();
    const bool is_symbol = at > 0 && is_sign(tokens_[at - 1], ":");
    if (is_key || (is_symbol && is_sign(next(at), "="))) return is_plain_key(name);
    if (is_symbol || is_number(name) || names_.contains(name)) return true;
    if (name == "require")
      return text::is_one_of(next(at).text, std::to_array<std::string_view>({"rubygems", "bundler"}));
    return text::is_one_of(name, kWords);
  }

  bool is_plain_key(std::string_view key) const { return text::is_one_of(key, kKeys); }

  bool is_plain_sign(size_t at) const {
    return std::string_view("`$@%\\/").find(tokens_[at].text) == std::string_view::npos;
  }

  bool is_plain_text(size_t at) const {
    const std::string_view text = tokens_[at].text;
    for (const std::string_view part : interpolated(text)) {
      Gemfile inner(part);
      inner.names_.insert(names_.begin(), names_.end());
      if (!inner.is_plain()) return false;
    }
    // `git: "https://…"`, `:git => "https://…"`, `source "https://…"`, `source("https://…")`
    size_t before = at;
    while (before > 0 && tokens_[before - 1].kind == Kind::kSign &&
           std::string_view(":=>(").find(tokens_[before - 1].text) != std::string_view::npos)
      --before;
    const std::string_view of = before > 0 ? tokens_[before - 1].text : std::string_view();
    const bool names_place = tokens_[at].kind == Kind::kText && (of == "git" || of == "source");
    return !names_place || is_remote(text);
  }

  static constexpr auto kKeys = std::to_array<std::string_view>({"require",
                                                                 "group",
                                                                 "groups",
                                                                 "platform",
                                                                 "platforms",
                                                                 "git",
                                                                 "github",
                                                                 "gitlab",
                                                                 "bitbucket",
                                                                 "gist",
                                                                 "branch",
                                                                 "tag",
                                                                 "ref",
                                                                 "source",
                                                                 "submodules",
                                                                 "engine",
                                                                 "engine_version",
                                                                 "patchlevel",
                                                                 "force_ruby_platform",
                                                                 "optional",
                                                                 "install_if",
                                                                 "type"});
  static constexpr auto kWords = std::to_array<std::string_view>({"source",
                                                                  "ruby",
                                                                  "gem",
                                                                  "group",
                                                                  "groups",
                                                                  "platform",
                                                                  "platforms",
                                                                  "git",
                                                                  "github",
                                                                  "git_source",
                                                                  "do",
                                                                  "end",
                                                                  "if",
                                                                  "unless",
                                                                  "else",
                                                                  "elsif",
                                                                  "and",
                                                                  "or",
                                                                  "not",
                                                                  "true",
                                                                  "false",
                                                                  "nil",
                                                                  "then",
                                                                  "case",
                                                                  "when",
                                                                  "ENV",
                                                                  "fetch",
                                                                  "RUBY_VERSION",
                                                                  "RUBY_ENGINE",
                                                                  "RUBY_PLATFORM",
                                                                  "RUBY_PATCHLEVEL",
                                                                  "Gem",
                                                                  "Version",
                                                                  "Requirement",
                                                                  "new",
                                                                  "to_s",
                                                                  "to_i",
                                                                  "to_f",
                                                                  "to_sym",
                                                                  "strip",
                                                                  "empty?",
                                                                  "nil?",
                                                                  "start_with?",
                                                                  "end_with?",
                                                                  "include?",
                                                                  "match?",
                                                                  "key?",
                                                                  "has_key?",
                                                                  "satisfied_by?",
                                                                  "install_if",
                                                                  "lambda",
                                                                  "each",
                                                                  "freeze",
                                                                  "split",
                                                                  "downcase",
                                                                  "upcase",
                                                                  "win_platform?",
                                                                  "any?",
                                                                  "none?",
                                                                  "env",
                                                                  "frozen_string_literal",
                                                                  "version",
                                                                  "puts",
                                                                  "warn",
                                                                  "defined?",
                                                                  "is_a?",
                                                                  "first",
                                                                  "last"});

  std::vector<Token> tokens_;
  std::set<std::string_view> names_;
};

class MixFile {
 public:
  explicit MixFile(std::string_view text) : tokens_(tokens_of(text)) {
    for (size_t at = 0; at + 1 < tokens_.size(); ++at) {
      const std::string_view word = tokens_[at].text;
      if (word == "def" || word == "defp") functions_.insert(tokens_[at + 1].text);
    }
  }

  bool is_plain() const {
    for (size_t at = 0; tokens_[at].kind != Token::Kind::kEnd; ++at) {
      if (!is_plain(at)) return false;
    }
    return true;
  }

 private:
  using Kind = Token::Kind;

  bool is_sign(size_t at, std::string_view sign) const {
    return at < tokens_.size() && tokens_[at].kind == Kind::kSign && tokens_[at].text == sign;
  }
  // Whether the token is right after the one before it, without a space.
  bool is_joined(size_t at) const {
    return at > 0 && tokens_[at - 1].text.data() + tokens_[at - 1].text.size() == tokens_[at].text.data();
  }

  bool is_plain(size_t at) const {
    const Token& token = tokens_[at];
    if (token.kind == Kind::kText) {
      // An alias for the install itself: `"deps.get": ["cmd ./x.sh"]`.
      if (token.text == "deps.get" && (is_sign(at + 1, ":") || is_sign(at - 1, ":"))) return false;
      const auto parts = interpolated(token.text);
      return std::ranges::all_of(parts, [&](std::string_view part) {
        MixFile inner(part);
        inner.functions_.insert(functions_.begin(), functions_.end());
        return inner.is_plain();
      });
    }
    // A sigil may be anything, and so may a function that is captured.
    if (token.kind == Kind::kSign)
      return token.text != "`" && token.text != "~" &&
             (token.text != "&" || is_sign(at + 1, "&") || is_sign(at - 1, "&"));
    const std::string_view name = token.text;
    const bool is_symbol = is_sign(at - 1, ":") && is_joined(at);
    // `:file.read(…)`
    if (is_symbol) return !(is_sign(at + 1, ".") && is_joined(at + 1));
    const bool is_key = is_sign(at + 1, ":") && is_joined(at + 1);
    if (is_key || is_number(name)) return true;
    const bool is_member = is_sign(at - 1, ".") && is_joined(at);
    if (is_constant(name) || (is_member && at >= 2 && is_constant(tokens_[at - 2].text)))
      return is_plain_module(at, is_member);
    if (name == "use")
      return at + 3 < tokens_.size() && tokens_[at + 1].text == "Mix" && tokens_[at + 3].text == "Project";
    if (text::is_one_of(name, kOther)) return false;
    const bool is_call = is_sign(at + 1, "(") && is_joined(at + 1);
    return !is_call || functions_.contains(name) || text::is_one_of(name, kCalls);
  }

  // A name of a module alone does nothing; of its functions those that work on values alone are known.
  bool is_plain_module(size_t at, bool is_member) const {
    const std::string_view name = tokens_[at].text;
    if (is_constant(name)) return true;
    const std::string_view module = is_member ? tokens_[at - 2].text : std::string_view();
    if (module == "Mix") return name == "env" || name == "target" || name == "compilers";
    if (module == "System")
      return text::is_one_of(name, std::to_array<std::string_view>(
                                       {"get_env", "fetch_env", "fetch_env!", "otp_release", "version"}));
    return text::is_one_of(module, kModules);
  }

  static constexpr auto kModules = std::to_array<std::string_view>(
      {"Enum", "String", "Keyword", "List", "Map", "Version", "Integer", "Atom", "MapSet", "Date", "Access"});
  static constexpr auto kCalls = std::to_array<std::string_view>(
      {"if", "unless", "case", "cond", "is_nil", "to_string", "length", "elem", "not", "in", "is_binary",
       "is_list", "hd", "tl", "max", "min", "do"});
  static constexpr auto kOther = std::to_array<std::string_view>(
      {"import", "require", "apply", "spawn", "alias", "__DIR__", "__ENV__", "quote", "defmacro", "receive",
       "import_deps", "in_umbrella", "path", "__dir__"});

  std::vector<Token> tokens_;
  std::set<std::string_view> functions_;
};

}  // namespace

bool is_plain_gemfile(std::string_view text) {
  return Gemfile(text).is_plain();
}

bool is_plain_mix_file(std::string_view text) {
  return MixFile(text).is_plain();
}

bool reads_files(std::string_view program) {
  static const RE2 kReads(
      R"re(\b(?:File|IO|Dir|Pathname|Code|Path|open|load\w*|require_relative|eval\w*|instance_eval)\b)re"
      R"re(|\bread(?:lines?|_file)?\b|\b(?:system|exec|spawn|popen)\b|\bSystem\.(?:cmd|shell)\b)re"
      R"re(|`[^`\n]*`|%x|\brequire\b[\s(]*["'][./])re");
  return RE2::PartialMatch(text::piece(program), kReads);
}

std::vector<std::string> quoted_words(std::string_view program) {
  std::vector<std::string> words;
  while (!program.empty()) {
    std::string_view line = program.substr(0, program.find('\n'));
    program.remove_prefix(std::min(line.size() + 1, program.size()));
    line = text::trim(line);
    if (line.starts_with('#') || line.starts_with("//") || line.starts_with('*')) continue;
    for (size_t at = line.find_first_of("\"'`"); at != std::string_view::npos;
         at = line.find_first_of("\"'`", at)) {
      const size_t end = line.find(line[at], at + 1);
      if (end == std::string_view::npos) break;
      const std::string_view text = line.substr(at + 1, end - at - 1);
      words.emplace_back(text);
      if (text.find(' ') != std::string_view::npos) {
        for (size_t begin = 0; begin < text.size();) {
          const size_t space = std::min(text.find(' ', begin), text.size());
          if (space > begin) words.emplace_back(text.substr(begin, space - begin));
          begin = space + 1;
        }
      }
      at = end + 1;
    }
  }
  return words;
}

}  // namespace dcache::rules
