#include "dcache/shell/script.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::shell {
namespace {

constexpr uint32_t kDeepest = 64;  // substitutions within substitutions

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

bool is_assignment(std::string_view word) {
  if (word.empty() || !is_name_start(word[0])) return false;
  const auto end = std::find_if_not(word.begin(), word.end(), is_name_char);
  return end != word.end() && (*end == '=' || (*end == '+' && end + 1 != word.end() && end[1] == '='));
}

template <size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 6> kOpening = {"if", "while", "until", "{", "for", "select"};
constexpr std::array<std::string_view, 5> kMiddle = {"then", "do", "else", "elif", "!"};
constexpr std::array<std::string_view, 3> kClosing = {"fi", "done", "}"};

// What a character does to the word that it is in.
enum class CharacterKind : uint8_t { kPlain, kPattern, kQuote, kEnd };
constexpr std::array<CharacterKind, 256> kCharacters = [] {
  std::array<CharacterKind, 256> kinds{};
  for (const char c : {' ', '\t', '\n', '\v', '\f', '\r', ';', '&', '|', '(', ')', '<', '>'})
    kinds[static_cast<unsigned char>(c)] = CharacterKind::kEnd;
  for (const char c : {'\\', '\'', '"', '$', '`'})
    kinds[static_cast<unsigned char>(c)] = CharacterKind::kQuote;
  for (const char c : {'*', '?', '['})
    kinds[static_cast<unsigned char>(c)] = CharacterKind::kPattern;
  return kinds;
}();

class Splitter {
 public:
  Splitter(std::string_view script, uint32_t depth, uint32_t nesting, text::Arena& texts,
           std::vector<Command>& out, bool quoted = false)
      : script_(script), depth_(depth), nesting_(nesting), texts_(texts), out_(out), quoted_(quoted) {}

  void run() {
    while (at_ < script_.size())
      step();
    finish(Connector::kThen);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0'; }

  void step() {
    const char c = peek();
    if (c == '\n') {
      ++at_;
      finish(Connector::kThen);
      skip_heredocs();
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '\\' && peek(1) == '\n') {
      at_ += 2;
    } else if (c == '#') {
      at_ = std::min(script_.find('\n', at_), script_.size());
    } else if (c == ';' || c == '&' || c == '|') {
      separator(c);
    } else if (c == '(' && is_empty() && skip_arithmetic()) {
      return;
    } else if (c == '(') {
      ++at_;
      if (current_.words.size() == 1 && peek() == ')') {
        current_ = {};  // a function's name; its body follows
        ++at_;
      } else {
        finish(next_connector_);
        ++depth_;
      }
    } else if (c == ')') {
      ++at_;
      close_parenthesis();
    } else if (c == '<' || c == '>' || is_descriptor()) {
      redirection();
    } else {
      word();
    }
  }

  void separator(char c) {
    const bool twice = peek(1) == c;
    if (c == '&' && peek(1) == '>') return redirection();
    at_ += twice || (c == '|' && peek(1) == '&') ? 2 : 1;
    if (c == ';') {
      finish(Connector::kThen);
      if (twice && in_case_ > 0) case_pattern_ = true;
    } else if (c == '&') {
      finish(twice ? Connector::kAnd : Connector::kBackground);
    } else if (case_pattern_) {
      current_ = {};
    } else {
      finish(twice ? Connector::kOr : Connector::kPipe);
    }
  }

  void close_parenthesis() {
    if (case_pattern_) {
      case_pattern_ = false;
      current_ = {};
      return;
    }
    finish(Connector::kThen);
    if (depth_ > 0) --depth_;
  }

  bool is_empty() const {
    return current_.words.empty() && current_.assignments.empty() && current_.redirections.empty();
  }

  // Whether blanks and then a word follow.
  bool is_before_word(size_t at) const {
    constexpr size_t kMostBlanks = 100;
    const size_t begin = at;
    while (at < script_.size() && at < begin + kMostBlanks && (script_[at] == ' ' || script_[at] == '\t'))
      ++at;
    return at > begin && at < script_.size() && is_name_char(script_[at]);
  }

  // `((A += 1))` has no commands. False, with nothing done, for two subshells: `((a b) | c)`. No operator is
  // between the words of a command.
  bool skip_arithmetic() {
    // Unclosed ones would be looked through from each parenthesis.
    constexpr size_t kLongest = 1000, kNotAgain = 100;
    if (peek() != '(' || peek(1) != '(' || at_ < no_arithmetic_before_) return false;
    size_t end = at_ + 2;
    int level = 1;
    for (; end < script_.size() && end < at_ + kLongest; ++end) {
      if (script_[end] == '(') ++level;
      if (script_[end] == ')' && --level == 0) break;
      if (is_name_char(script_[end]) && is_before_word(end + 1)) break;
    }
    const bool is_arithmetic = level == 0 && script_.substr(end).starts_with("))");
    if (!is_arithmetic) no_arithmetic_before_ = at_ + kNotAgain;
    if (is_arithmetic) at_ = end + 2;
    return is_arithmetic;
  }

  // Digits directly before a redirection.
  bool is_descriptor() const {
    size_t digits = 0;
    while (peek(digits) >= '0' && peek(digits) <= '9')
      ++digits;
    return digits > 0 && (peek(digits) == '<' || peek(digits) == '>');
  }

  void redirection() {
    Redirection redirection;
    const size_t begin = at_;
    const auto take = [&] { ++at_; };
    while (peek() >= '0' && peek() <= '9')
      take();
    if (peek() == '&') take();
    const char kind = peek();
    take();
    if (kind == '<' && peek() == '(')
      return;  // process substitution: its commands are those in the parentheses
    while (peek() == kind || peek() == '&' || peek() == '|' || (kind == '<' && peek() == '-'))
      take();
    redirection.op = script_.substr(begin, at_ - begin);
    while (peek() == ' ' || peek() == '\t')
      ++at_;
    redirection.target = read_word();
    const bool heredoc = redirection.op.ends_with("<<") || redirection.op.ends_with("<<-");
    if (heredoc && !redirection.op.ends_with("<<<")) {
      heredocs_.push_back({redirection.target.text, redirection.op.ends_with('-')});
    }
    current_.redirections.push_back(std::move(redirection));
  }

  struct Heredoc {
    std::string_view delimiter;
    bool strip_tabs;
  };

  void skip_heredocs() {
    for (const Heredoc& heredoc : std::exchange(heredocs_, {})) {
      while (at_ < script_.size()) {
        const size_t end = std::min(script_.find('\n', at_), script_.size());
        std::string_view line = script_.substr(at_, end - at_);
        at_ = std::min(end + 1, script_.size());
        if (heredoc.strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
        if (line == heredoc.delimiter) break;
      }
    }
  }

  void word() {
    Word word = read_word();
    if (word.spelling.empty()) {
      ++at_;  // nothing a word starts with
      return;
    }
    if (case_pattern_ && word.text != "esac") return;
    const bool first = current_.words.empty() && current_.assignments.empty();
    if (first && word.spelling == word.text && keyword(word.text)) return;
    if (current_.words.empty() && is_assignment(word.spelling)) {
      current_.assignments.push_back(std::move(word));
    } else {
      current_.words.push_back(std::move(word));
    }
  }

  // Reserved words part commands like separators do.
  bool keyword(std::string_view text) {
    if (text == "case") {
      ++in_case_;
      ++depth_;
      skip_to_word("in");
      case_pattern_ = true;
      return true;
    }
    if (text == "esac" && in_case_ > 0) {
      --in_case_;
      case_pattern_ = in_case_ > 0 && case_pattern_;
      close_block();
      return true;
    }
    if (text == "for" || text == "select") skip_loop_head();
    if (text == "function") skip_to_word("");
    if (one_of(text, kOpening)) {
      ++depth_;
      return true;
    }
    if (one_of(text, kClosing)) {
      close_block();
      return true;
    }
    return one_of(text, kMiddle) || text == "function";
  }

  void close_block() {
    if (depth_ > 0) --depth_;
    next_connector_ = Connector::kThen;
  }

  // After the next word that reads so; after any one word for "".
  void skip_to_word(std::string_view wanted) {
    while (at_ < script_.size()) {
      while (text::is_ascii_space(peek()) || (peek() == '\\' && peek(1) == '\n'))
        ++at_;
      const Word word = read_word();
      if (word.spelling.empty() || word.text == wanted || wanted.empty()) return;
    }
  }

  // `NAME in WORDS` up to the end of the line or `;`: no commands, except those in substitutions.
  void skip_loop_head() {
    while (peek() == ' ' || peek() == '\t')
      ++at_;
    if (skip_arithmetic()) return;
    while (at_ < script_.size() && peek() != ';' && peek() != '\n') {
      if (peek() == '(' || peek() == ')') ++at_;
      while (peek() == ' ' || peek() == '\t')
        ++at_;
      if (peek() == '\\' && peek(1) == '\n') at_ += 2;
      if (peek() == ';' || peek() == '\n' || at_ >= script_.size()) return;
      if (read_word().spelling.empty()) ++at_;
    }
  }

  // Quotes, escapes, variables and substitutions up to the end of the word.
  Word read_word() {
    Word word;
    const size_t begin = at_;
    text_.clear();
    bool as_written = true;
    while (at_ < script_.size()) {
      const CharacterKind kind = kCharacters[static_cast<unsigned char>(peek())];
      if (kind == CharacterKind::kPlain || kind == CharacterKind::kPattern) {
        text_ += script_[at_++];
        if (kind == CharacterKind::kPattern) word.literal = false;
        continue;
      }
      if (kind == CharacterKind::kEnd) break;
      const char c = peek();
      if (c == '$' || c == '`') {
        word.literal = false;
        as_written = expansion() && as_written;
        continue;
      }
      as_written = false;
      if (c == '\\') {
        escape();
      } else if (c == '\'') {
        single_quoted();
      } else {
        double_quoted(word);
      }
    }
    word.spelling = script_.substr(begin, at_ - begin);
    word.text = as_written ? word.spelling : quoted_text(word.spelling);
    return word;
  }

  // What a word that is not as it is written reads as: a part of the script if that is all quotes take away.
  std::string_view quoted_text(std::string_view spelling) {
    const bool in_quotes =
        spelling.size() == text_.size() + 2 && (spelling.front() == '\'' || spelling.front() == '"');
    const std::string_view inside = in_quotes ? spelling.substr(1, text_.size()) : std::string_view();
    return in_quotes && inside == text_ ? inside : texts_.copy(text_);
  }

  void escape() {
    ++at_;
    if (at_ >= script_.size()) return;
    if (peek() != '\n') text_ += peek();
    ++at_;
  }

  void single_quoted() {
    const size_t end = std::min(script_.find('\'', at_ + 1), script_.size());
    text_ += script_.substr(at_ + 1, end - at_ - 1);
    at_ = std::min(end + 1, script_.size());
  }

  void double_quoted(Word& word) {
    ++at_;
    while (at_ < script_.size() && peek() != '"') {
      if (peek() == '\\' && std::string_view("\"\\$`\n").find(peek(1)) != std::string_view::npos) {
        escape();
      } else if (peek() == '$' || peek() == '`') {
        word.literal = false;
        expansion();
      } else {
        text_ += script_[at_++];
      }
    }
    if (at_ < script_.size()) ++at_;
  }

  // False if it does not read as it is written.
  bool expansion() {
    const size_t begin = at_;
    if (peek() == '`') {
      const size_t end = closing_backtick();
      substitution(script_.substr(at_ + 1, end - at_ - 1));
      at_ = std::min(end + 1, script_.size());
    } else if (peek(1) == '(') {
      at_ += 2;
      const size_t end = closing(')', '(');
      const std::string_view inside = script_.substr(at_, end - at_);
      if (!inside.starts_with('(')) substitution(inside);
      at_ = std::min(end + 1, script_.size());
    } else if (peek(1) == '{') {
      at_ += 2;
      at_ = std::min(closing('}', '{') + 1, script_.size());
    } else if (peek(1) == '\'') {
      ++at_;
      single_quoted();  // $'…'
      return false;
    } else {
      ++at_;
      while (is_name_char(peek()))
        ++at_;
    }
    text_ += script_.substr(begin, at_ - begin);
    return true;
  }

  size_t closing_backtick() const {
    for (size_t i = at_ + 1; i < script_.size(); ++i) {
      if (script_[i] == '\\') {
        ++i;
      } else if (script_[i] == '`') {
        return i;
      }
    }
    return script_.size();
  }

  // The place of the bracket that closes one opened before `at_`.
  size_t closing(char close, char open) const {
    int level = 1;
    char quote = 0;
    for (size_t i = at_; i < script_.size(); ++i) {
      const char c = script_[i];
      if (c == '\\' && quote != '\'') {
        ++i;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == open) {
        ++level;
      } else if (c == close && --level == 0) {
        return i;
      }
    }
    return script_.size();
  }

  void substitution(std::string_view inside) {
    if (nesting_ >= kDeepest) return;
    Splitter(inside, depth_ + 1, nesting_ + 1, texts_, inner_, quoted_).run();
  }

  // Ends the current command; `next` ties the one that follows.
  void finish(Connector next) {
    if (!is_empty()) {
      current_.connector = std::exchange(next_connector_, next);
      current_.depth = depth_;
      current_.quoted = quoted_;
      current_.wrappers = count_wrappers(current_.words);
      set_spelling();
      quoted_script();
      out_.push_back(std::move(current_));
    } else if (next_connector_ != Connector::kFirst) {
      next_connector_ = next;
    }
    current_ = {};
    std::move(inner_.begin(), inner_.end(), std::back_inserter(out_));
    inner_.clear();
  }

  // The commands of `sh -c TEXT` come after it.
  void quoted_script() {
    if (nesting_ >= kDeepest || current_.words.size() < 3) return;
    const auto script = inner_script(invocation(current_));
    if (script) Splitter(*script, depth_ + 1, nesting_ + 1, texts_, inner_, true).run();
  }

  void set_spelling() {
    const char* begin = nullptr;
    const char* end = nullptr;
    const auto include = [&](const Word& word) {
      if (word.spelling.empty()) return;
      const char* const last = word.spelling.data() + word.spelling.size();
      if (begin == nullptr || word.spelling.data() < begin) begin = word.spelling.data();
      if (end == nullptr || last > end) end = last;
    };
    for (const Word& word : current_.assignments)
      include(word);
    for (const Word& word : current_.words)
      include(word);
    for (const Redirection& redirection : current_.redirections)
      include(redirection.target);
    if (begin != nullptr) current_.spelling = {begin, static_cast<size_t>(end - begin)};
  }

  size_t no_arithmetic_before_ = 0;
  std::string_view script_;
  uint32_t depth_;
  uint32_t nesting_;
  text::Arena& texts_;
  std::string text_;  // of the word that is being read
  std::vector<Command>& out_;
  std::vector<Command> inner_;  // of substitutions in the current command
  Command current_;
  Connector next_connector_ = Connector::kFirst;
  std::vector<Heredoc> heredocs_;
  int in_case_ = 0;
  bool case_pattern_ = false;
  size_t at_ = 0;
  bool quoted_;
};

// A program that runs the command after it, and its options that take a value of their own.
struct Wrapper {
  std::string_view name;
  std::string_view options_with_value;  // single letters
};
constexpr std::array<Wrapper, 15> kWrappers = {{{"sudo", "ugpCDRTh"},
                                                {"env", "uCS"},
                                                {"exec", "a"},
                                                {"command", ""},
                                                {"builtin", ""},
                                                {"nohup", ""},
                                                {"time", "fo"},
                                                {"nice", "n"},
                                                {"ionice", "cn"},
                                                {"stdbuf", "ioe"},
                                                {"timeout", "sk"},
                                                {"gosu", ""},
                                                {"su-exec", ""},
                                                {"eatmydata", ""},
                                                {"xargs", "IdEnPLsa"}}};

}  // namespace

std::string_view program_of(std::span<const Word> words) {
  if (words.empty()) return {};
  const std::string_view name = words.front().text;
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string_view Command::program() const {
  return program_of(words);
}

std::vector<Command> split(std::string_view script, text::Arena& texts) {
  std::vector<Command> commands;
  Splitter(script, 0, 0, texts, commands).run();
  return commands;
}

uint32_t count_wrappers(std::span<const Word> all) {
  std::span<const Word> words = all;
  while (true) {
    const std::string_view program = program_of(words);
    const auto wrapper =
        std::find_if(kWrappers.begin(), kWrappers.end(), [&](const Wrapper& w) { return w.name == program; });
    if (wrapper == kWrappers.end()) return static_cast<uint32_t>(all.size() - words.size());
    size_t at = 1;
    for (; at < words.size(); ++at) {
      const std::string_view word = words[at].text;
      if (word == "--") {
        ++at;
        break;
      }
      if (word.size() > 1 && word[0] == '-') {
        // Of several letters the first that takes a value takes the rest of the word, or else the next one.
        const size_t valued = word.find_first_of(wrapper->options_with_value, 1);
        if (valued == word.size() - 1 && word[1] != '-') ++at;
      } else if (!is_assignment(word)) {
        // `env $FLAGS program`: the variable contains assignments.
        const bool unquoted = wrapper->name == "env" && word.starts_with('$') && words[at].spelling == word;
        if (!unquoted || at + 1 == words.size()) break;
      }
    }
    // A duration or a user name is between these and the command.
    if (wrapper->name == "timeout" || wrapper->name == "gosu" || wrapper->name == "su-exec") ++at;
    if (at >= words.size()) return 0;
    words = words.subspan(at);
  }
}

bool has_word(std::span<const Word> words, std::string_view text) {
  return std::ranges::find(words, text, &Word::text) != words.end();
}

std::span<const std::string_view> posix_shells() {
  static constexpr std::array<std::string_view, 7> kShells = {"sh",  "bash", "ash",    "dash",
                                                              "zsh", "ksh",  "busybox"};
  return kShells;
}

bool is_posix_shell(std::string_view program) {
  return std::ranges::find(posix_shells(), text::base_name(program)) != posix_shells().end();
}

std::optional<std::string_view> inner_script(std::span<const Word> words) {
  if (!is_posix_shell(program_of(words))) return std::nullopt;
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string_view word = words[i].text;
    if (word.size() > 1 && word[0] == '-' && word[1] != '-' && word.back() == 'c') return words[i + 1].text;
  }
  return std::nullopt;
}

}  // namespace dcache::shell
