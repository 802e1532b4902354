#include "dcache/lsp/shell_names.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "dcache/shell/script.h"
#include "dcache/text/path.h"

namespace dcache::lsp {
namespace {

constexpr size_t kMostPairs = 10'000'000;  // of quoted text and commands that are looked at
constexpr int kDeepest = 64;               // scripts and substitutions within each other

template <size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

// Commands whose arguments are names: those that set them, and those that may only mark or forget them.
constexpr std::array<std::string_view, 4> kReaders = {"read", "getopts", "mapfile", "readarray"};
constexpr std::array<std::string_view, 9> kDeclarations = {
    "export", "readonly", "declare", "typeset", "local", "unset", "let", "env", "printenv"};
// What programs call the environment. They get names as any other text.
constexpr std::array<std::string_view, 9> kLookups = {
    "environ", "getenv", "printenv", "process.env", "ENV[", "ENV{", "ENV.fetch", "envsubst", "Getenv"};
// Programs to which `$name` in quotes is text.
constexpr std::array<std::string_view, 11> kTakeText = {"echo", "printf", "grep", "egrep", "fgrep", "sed",
                                                        "awk",  "gawk",   "tr",   "test",  "["};

std::string_view trimmed_left(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// Calls `visit` with each name of a text that is not a part of another word.
template <typename Visit>
void each_name(std::string_view text, const Visit& visit) {
  for (size_t at = 0; at < text.size();) {
    if (!is_name_part(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < text.size() && is_name_part(text[end]))
      ++end;
    if (is_name_start(text[at])) visit(text.substr(at, end - at));
    at = end;
  }
}

class Scanner {
 public:
  Scanner(std::string_view script, ShellNames& names, int depth)
      : script_(script), names_(names), depth_(depth) {}

  void run() {
    if (depth_ > kDeepest) return add_all(script_);
    text::Arena texts;
    commands_ = shell::split(script_, texts);
    scan('\0');
    add_settings();
    add_loops();
    const bool few = quoted_.size() <= kMostPairs / std::max<size_t>(commands_.size(), 1);
    for (const std::string_view quoted : quoted_)
      few ? add_quoted(quoted) : add_references(quoted);
    const bool looks_up = std::ranges::any_of(
        kLookups, [&](std::string_view word) { return script_.find(word) != std::string_view::npos; });
    if (looks_up) add_bare_names();
  }

  // The body of a heredoc whose delimiter is not quoted.
  void run_heredoc(bool script) {
    for (at_ = 0; at_ < script_.size();) {
      if (script_[at_] == '\\') {
        escaped_dollar(script);
      } else if (script_[at_] == '$') {
        dollar(true);
      } else {
        ++at_;
      }
    }
  }

  static void add_heredoc(bool script, std::string_view body, bool quoted, ShellNames& names, int depth) {
    if (!script) add_foreign_names(body, names);
    if (!quoted) return Scanner(body, names, depth).run_heredoc(script);
    if (script) Scanner(body, names, depth).run();
  }

 private:
  void add_lookup(std::string_view name) { names_.lookups.emplace(name); }
  void add_all(std::string_view text) {
    each_name(text, [&](std::string_view name) { add_lookup(name); });
  }

  char at(size_t offset) const { return offset < script_.size() ? script_[offset] : '\0'; }

  // To the character that ends it, which is not in quotes.
  void scan(char stop) {
    if (++nested_ > kDeepest) {
      add_all(script_);
      at_ = script_.size();
    }
    while (at_ < script_.size() && (stop == '\0' || script_[at_] != stop))
      step();
    --nested_;
  }

  void step() {
    switch (script_[at_]) {
      case '\\':
        at_ += 2;
        return;
      case '\'':
        return single_quoted();
      case '"':
        return double_quoted();
      case '$':
        return dollar(false);
      case '(':
        if (at(at_ + 1) == '(') return arithmetic(at_ + 2);
        ++at_;
        scan(')');
        ++at_;
        return;
      case '#':
        if (at_ == 0 || std::string_view(" \t\n;&|(").find(script_[at_ - 1]) != std::string_view::npos) {
          at_ = std::min(script_.find('\n', at_), script_.size());
        } else {
          ++at_;
        }
        return;
      case '<':
        return less();
      case '\n':
        ++at_;
        return heredocs();
      default:
        ++at_;
    }
  }

  void single_quoted() {
    const size_t begin = at_ + 1;
    const size_t end = std::min(script_.find('\'', begin), script_.size());
    quoted_.push_back(script_.substr(std::min(begin, script_.size()), end - std::min(begin, end)));
    at_ = end + 1;
  }

  void double_quoted() {
    for (++at_; at_ < script_.size() && script_[at_] != '"';) {
      if (script_[at_] == '\\') {
        escaped_dollar(std::ranges::any_of(commands_, &shell::Command::quoted));
      } else if (script_[at_] == '$') {
        dollar(true);
      } else {
        ++at_;
      }
    }
    ++at_;
  }

  // `\$name` is text, unless another shell gets it.
  void escaped_dollar(bool script) {
    const std::string_view rest = script_.substr(std::min(at_ + 1, script_.size()));
    if (script && rest.starts_with('$')) add_references(rest.substr(0, rest.find('\n')));
    at_ += 2;
  }

  void dollar(bool in_quotes) {
    const char next = at(at_ + 1);
    if (next == '(' && at(at_ + 2) == '(') return arithmetic(at_ + 3);
    if (next == '(') {
      at_ += 2;
      scan(')');
      ++at_;
    } else if (next == '{') {
      braced(in_quotes);
    } else if (next == '\'' && !in_quotes) {
      for (at_ += 2; at_ < script_.size() && script_[at_] != '\'';)
        at_ += script_[at_] == '\\' ? 2 : 1;
      ++at_;
    } else if (const auto name = variable_name(script_.substr(std::min(at_ + 1, script_.size())));
               !name.empty()) {
      names_.uses.push_back(name);
      at_ += 1 + name.size();
    } else {
      at_ += next == '"' || next == '\'' || next == '\\' || next == '\0' ? 1 : 2;
    }
  }

  void braced(bool in_quotes) {
    at_ += 2;
    const bool indirect = at(at_) == '!';
    if (indirect || (at(at_) == '#' && is_name_start(at(at_ + 1)))) ++at_;
    const std::string_view name = variable_name(script_.substr(std::min(at_, script_.size())));
    at_ += name.size();
    if (indirect) {
      add_lookup(name);
      add_all(script_);  // the value is a name, which may be written anywhere
    } else if (!name.empty()) {
      names_.uses.push_back(name);
      if (at(at_) == '=' || (at(at_) == ':' && at(at_ + 1) == '=')) names_.sets.emplace(name);
    }
    while (at_ < script_.size() && script_[at_] != '}') {
      if (script_[at_] == '\\') {
        at_ += 2;
      } else if (script_[at_] == '$') {
        if (++nested_ > kDeepest) at_ = script_.size();
        dollar(in_quotes);
        --nested_;
      } else if (script_[at_] == '"' && !in_quotes) {
        double_quoted();
      } else if (script_[at_] == '\'' && !in_quotes) {
        single_quoted();
      } else {
        ++at_;
      }
    }
    ++at_;
  }

  // A name in arithmetic needs no `$`, and may be changed.
  void arithmetic(size_t begin) {
    begin = std::min(begin, script_.size());
    const size_t end = std::min(script_.find("))", begin), script_.size());
    add_all(script_.substr(begin, end - begin));
    at_ = end + 2;
  }

  struct Heredoc {
    std::string name;
    bool quoted = false;
    bool tabs = false;  // `<<-`
    std::string_view command;
  };

  void less() {
    if (at(at_ + 1) != '<' || at(at_ + 2) == '<') {
      at_ += at(at_ + 1) == '<' ? 3 : 1;
      return;
    }
    const size_t line = at_ == 0 ? 0 : script_.rfind('\n', at_ - 1) + 1;
    const size_t line_end = std::min(script_.find('\n', at_), script_.size());
    Heredoc heredoc{{}, false, false, script_.substr(line, line_end - line)};
    at_ += 2;
    if (at(at_) == '-') {
      heredoc.tabs = true;
      ++at_;
    }
    while (at(at_) == ' ' || at(at_) == '\t')
      ++at_;
    for (; at_ < line_end && std::string_view(" \t;&|()<>").find(script_[at_]) == std::string_view::npos;
         ++at_) {
      if (std::string_view("'\"\\").find(script_[at_]) != std::string_view::npos) {
        heredoc.quoted = true;
      } else {
        heredoc.name += script_[at_];
      }
    }
    if (!heredoc.name.empty()) heredocs_.push_back(std::move(heredoc));
  }

  // Their bodies, after the end of the line.
  void heredocs() {
    if (heredocs_.empty()) return;
    const bool script = reads_script(heredocs_.front().command);
    for (const Heredoc& heredoc : std::exchange(heredocs_, {})) {
      const size_t begin = std::min(at_, script_.size());
      size_t end = begin;
      while (at_ < script_.size()) {
        end = at_;
        const size_t newline = std::min(script_.find('\n', at_), script_.size());
        std::string_view line = script_.substr(at_, newline - at_);
        at_ = std::min(newline + 1, script_.size());
        while (heredoc.tabs && line.starts_with('\t'))
          line.remove_prefix(1);
        if (line == heredoc.name) break;
        end = at_;
      }
      add_heredoc(script, script_.substr(begin, end - begin), heredoc.quoted, names_, depth_ + 1);
    }
  }

  void add_settings() {
    for (const shell::Command& command : commands_) {
      for (const shell::Word& word : command.assignments)
        names_.sets.emplace(variable_name(word.text));
      for (size_t i = 0; i < command.words.size(); ++i) {
        const std::string_view word = command.words[i].text;
        const bool reads = is_one_of(word, kReaders);
        if (word == "eval" || word == "trap" || word == "source") {
          for (size_t k = i + 1; k < command.words.size(); ++k)
            add_all(command.words[k].text);
        } else if (reads || is_one_of(word, kDeclarations) || (word == "printf" && has_v(command, i))) {
          add_declared(command, i, reads || word == "printf");
        }
      }
    }
  }

  static bool has_v(const shell::Command& command, size_t program) {
    return program + 1 < command.words.size() && command.words[program + 1].text == "-v";
  }

  void add_declared(const shell::Command& command, size_t program, bool reads) {
    for (size_t i = program + 1; i < command.words.size(); ++i) {
      const std::string_view word = command.words[i].text;
      const std::string_view name = variable_name(word);
      if (name.empty() || word.find_first_of("/.", name.size()) == name.size()) continue;
      const bool sets = reads || word.substr(name.size()).find('=') != std::string_view::npos;
      (sets ? names_.sets : names_.lookups).emplace(name);
    }
  }

  void add_loops() {
    std::string_view before;
    each_name(script_, [&](std::string_view name) {
      const bool loop =
          (before == "for" || before == "select") &&
          trimmed_left(std::string_view(before.data() + before.size(),
                                        static_cast<size_t>(name.data() - before.data()) - before.size()))
              .empty();
      if (loop) names_.sets.emplace(name);
      before = name;
    });
  }

  // Text in single quotes: another shell may run it.
  void add_quoted(std::string_view quoted) {
    if (quoted.find('$') == std::string_view::npos) return;
    const shell::Command* of = nullptr;
    for (const shell::Command& command : commands_) {
      const std::string_view whole = command.spelling;
      const bool contains = !command.quoted && whole.data() <= quoted.data() &&
                            quoted.data() + quoted.size() <= whole.data() + whole.size();
      if (contains && (of == nullptr || whole.size() < of->spelling.size())) of = &command;
    }
    if (of == nullptr) {  // a command without words: an assignment
      return;
    }
    const auto words = shell::invocation(*of);
    if (const auto inner = shell::inner_script(words)) {
      if (inner->data() == quoted.data() && inner->size() == quoted.size())
        return Scanner(quoted, names_, depth_ + 1).run();
    } else if (is_one_of(shell::program_of(words), kTakeText)) {
      return;
    }
    add_references(quoted);
  }

  // `$name` and `${name`, which may mean a variable.
  void add_references(std::string_view text) {
    for (size_t dollar = text.find('$'); dollar != std::string_view::npos;
         dollar = text.find('$', dollar + 1)) {
      std::string_view rest = text.substr(dollar + 1);
      if (rest.starts_with('{')) rest.remove_prefix(1);
      if (const auto name = variable_name(rest); !name.empty()) add_lookup(name);
    }
  }

  // Names other than those after `$`.
  void add_bare_names() {
    std::vector<const char*> used;
    for (const std::string_view name : names_.uses)
      used.push_back(name.data());
    std::ranges::sort(used, std::less<>());
    each_name(script_, [&](std::string_view name) {
      if (!std::ranges::binary_search(used, name.data(), std::less<>())) add_lookup(name);
    });
  }

  std::string_view script_;
  ShellNames& names_;
  int depth_;
  int nested_ = 0;
  size_t at_ = 0;
  std::vector<shell::Command> commands_;
  std::vector<std::string_view> quoted_;
  std::vector<Heredoc> heredocs_;
};

}  // namespace

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

std::string_view variable_name(std::string_view text) {
  if (text.empty() || !is_name_start(text.front())) return {};
  size_t end = 1;
  while (end < text.size() && is_name_part(text[end]))
    ++end;
  return text.substr(0, end);
}

void add_shell_names(std::string_view script, ShellNames& names) {
  Scanner(script, names, 0).run();
}

bool reads_script(std::string_view command) {
  text::Arena texts;
  for (const shell::Command& one : shell::split(command, texts)) {
    const auto words = shell::invocation(one);
    if (shell::is_posix_shell(shell::program_of(words)) && !shell::inner_script(words)) return true;
  }
  return false;
}

void add_heredoc_names(bool script, std::string_view body, bool quoted, ShellNames& names) {
  Scanner::add_heredoc(script, body, quoted, names, 0);
}

void add_foreign_names(std::string_view text, ShellNames& names) {
  const bool looks_up = std::ranges::any_of(
      kLookups, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
  if (!looks_up) return;
  each_name(text, [&](std::string_view name) { names.lookups.emplace(name); });
}

std::vector<std::string_view> expanded_names(std::string_view text, char escape, bool plain_quotes) {
  std::vector<std::string_view> names;
  char quote = '\0';
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == escape && quote != '\'') {
      ++at;
    } else if (!plain_quotes && (c == '\'' || c == '"')) {
      if (quote == '\0') {
        quote = c;
      } else if (quote == c) {
        quote = '\0';
      }
    } else if (c == '$' && quote != '\'') {
      const size_t begin = at + (at + 1 < text.size() && text[at + 1] == '{' ? 2 : 1);
      const std::string_view name = variable_name(text.substr(std::min(begin, text.size())));
      if (!name.empty()) {
        names.push_back(name);
        at = begin + name.size() - 1;
      }
    }
  }
  return names;
}

}  // namespace dcache::lsp
