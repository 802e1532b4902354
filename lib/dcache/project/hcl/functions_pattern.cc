// regex(), regexall() and regex_replace(), whose patterns are those of RE2.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include <re2/re2.h>

#include "dcache/project/hcl/functions.h"
#include "dcache/text/piece.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

class Pattern {
 public:
  explicit Pattern(const std::string& pattern) : regex_(pattern, options()) {
    if (!regex_.ok()) fail("the pattern is not valid: " + regex_.error());
    groups_.resize(static_cast<size_t>(regex_.NumberOfCapturingGroups()) + 1);
  }

  // The next match from `at`, which is not the same empty one as before.
  bool next(std::string_view text, size_t& at, Budget& budget) {
    while (at <= text.size()) {
      budget.spend(1 + (text.size() - at) / 64);
      if (!regex_.Match(text::piece(text), at, text.size(), re2::RE2::UNANCHORED, groups_.data(),
                        static_cast<int>(groups_.size())))
        return false;
      const auto start = static_cast<size_t>(groups_[0].data() - text.data());
      const bool again = groups_[0].empty() && last_end_ == start;
      last_end_ = start + groups_[0].size();
      at = *last_end_;
      // After an empty match the next one starts a character later.
      if (groups_[0].empty()) at += at < text.size() ? text::decode_rune(text.substr(at)).width : 1;
      if (!again) return true;
    }
    return false;
  }

  std::string_view whole() const { return {groups_[0].data(), groups_[0].size()}; }
  // Null for a group that did not take part.
  std::optional<std::string> group(size_t index) const {
    if (index >= groups_.size() || groups_[index].data() == nullptr) return std::nullopt;
    return std::string(groups_[index]);
  }
  size_t group_count() const { return groups_.size() - 1; }
  const std::map<std::string, int>& names() const { return regex_.NamedCapturingGroups(); }

  // What a match gives: the text, a tuple of the groups, or an object of the named ones.
  Value result() const;
  Type type() const;
  void check_names() const {
    if (!names().empty() && names().size() != group_count())
      fail("the pattern must not have both named and unnamed groups");
  }

 private:
  static re2::RE2::Options options() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(int64_t{8} << 20);
    return options;
  }
  Value value_of_group(size_t index) const {
    std::optional<std::string> text = group(index);
    return text ? Value::string(*std::move(text)) : Value::null(Type::string());
  }

  re2::RE2 regex_;
  std::vector<re2::StringPiece> groups_;
  std::optional<size_t> last_end_;
};

Value Pattern::result() const {
  if (group_count() == 0) return Value::string(std::string(whole()));
  if (names().empty()) {
    Value::Items items;
    for (size_t i = 1; i <= group_count(); ++i)
      items.push_back(value_of_group(i));
    return Value::tuple(std::move(items));
  }
  Value::Members members;
  for (const auto& [name, index] : names())
    members.emplace(name, value_of_group(static_cast<size_t>(index)));
  return Value::object(std::move(members));
}

Type Pattern::type() const {
  if (group_count() == 0) return Type::string();
  if (names().empty()) return Type::tuple(std::vector<Type>(group_count(), Type::string()));
  Type::Attributes attributes;
  for (const auto& [name, index] : names())
    attributes.emplace(name, Type::string());
  return Type::object(std::move(attributes));
}

Value regex(const Call& call) {
  Pattern pattern(call.text(0));
  pattern.check_names();
  size_t at = 0;
  if (!pattern.next(call.text(1), at, call.budget)) fail("the pattern matches no part of the text");
  return pattern.result();
}

Value regexall(const Call& call) {
  Pattern pattern(call.text(0));
  pattern.check_names();
  Value::Items matches;
  for (size_t at = 0; pattern.next(call.text(1), at, call.budget);)
    matches.push_back(pattern.result());
  return Value::list(pattern.type(), std::move(matches));
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string group_text(const Pattern& pattern, const std::string& name) {
  const bool number = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  if (number) {
    constexpr size_t kLongest = 6;
    return name.size() > kLongest ? "" : pattern.group(std::stoul(name)).value_or("");
  }
  const auto found = pattern.names().find(name);
  return found == pattern.names().end() ? "" : pattern.group(static_cast<size_t>(found->second)).value_or("");
}

// `$1`, `${name}` and `$$`, as Go's regexp expands them.
void expand(const Pattern& pattern, std::string_view replacement, std::string& to) {
  for (size_t at = 0; at < replacement.size();) {
    if (replacement[at] != '$') {
      to += replacement[at++];
      continue;
    }
    const std::string_view rest = replacement.substr(at + 1);
    const bool braces = rest.starts_with('{');
    size_t end = braces ? 1 : 0;
    while (end < rest.size() && is_word(rest[end]))
      ++end;
    const std::string name(rest.substr(braces ? 1 : 0, end - (braces ? 1 : 0)));
    const bool closed = !braces || (end < rest.size() && rest[end] == '}');
    if (rest.starts_with('$')) {
      to += '$';
      at += 2;
    } else if (name.empty() || !closed) {
      to += '$';
      ++at;
    } else {
      to += group_text(pattern, name);
      at += 1 + end + (braces ? 1 : 0);
    }
  }
}

Value regex_replace(const Call& call) {
  Pattern pattern(call.text(1));
  const std::string_view text = call.text(0);
  std::string result;
  size_t copied = 0;
  for (size_t at = 0; pattern.next(text, at, call.budget);) {
    const auto start = static_cast<size_t>(pattern.whole().data() - text.data());
    result += text.substr(copied, start - copied);
    expand(pattern, call.text(2), result);
    copied = start + pattern.whole().size();
    if (result.size() > Value::kLargest) Budget::stop("the text is too long");
  }
  result += text.substr(copied);
  return call.result(std::move(result));
}

}  // namespace

std::span<const Function> pattern_functions() {
  const Type text = Type::string();
  static const std::array kFunctions = {
      Function{"regex", {{text}, {text}}, false, Type::any(), regex},
      Function{"regex_replace", {{text}, {text}, {text}}, false, text, regex_replace},
      Function{"regexall", {{text}, {text}}, false, Type::any(), regexall},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
