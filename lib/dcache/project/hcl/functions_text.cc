#include <algorithm>
#include <array>
#include <utility>

#include "dcache/project/hcl/functions.h"
#include "dcache/project/hcl/letters.h"
#include "dcache/text/path.h"
#include "dcache/text/unicode.h"

namespace dcache::project::hcl {
namespace {

Value strings(Value::Items items) {
  return Value::list(Type::string(), std::move(items));
}

template <char32_t (*change)(char32_t)>
Value changed(const Call& call) {
  std::string result;
  for (std::string_view text = call.text(0); !text.empty();) {
    const text::Rune rune = text::decode_rune(text);
    text::append_rune(result, change(rune.value));
    text.remove_prefix(rune.width);
  }
  return call.result(std::move(result));
}

bool separates_words(char32_t rune) {
  const bool word = rune == '_' || text::is_letter(rune) || text::is_digit(rune);
  return !word && (rune < 0x80 || text::is_space(rune));
}

Value title(const Call& call) {
  std::string result;
  char32_t before = ' ';
  for (std::string_view text = call.text(0); !text.empty();) {
    const text::Rune rune = text::decode_rune(text);
    text::append_rune(result, separates_words(before) ? upper(rune.value) : rune.value);
    before = rune.value;
    text.remove_prefix(rune.width);
  }
  return call.result(std::move(result));
}

Value reverse(const Call& call) {
  std::string_view text = call.text(0);
  std::string result(text.size(), ' ');
  for (size_t end = text.size(); !text.empty();) {
    const uint32_t width = character_width(text);
    end -= width;
    text.copy(&result[end], width);
    text.remove_prefix(width);
  }
  return call.result(std::move(result));
}

Value strlen(const Call& call) {
  return Value::integer(static_cast<int64_t>(character_count(call.text(0))));
}

// A negative offset counts from the end; a negative length means up to the end.
Value substr(const Call& call) {
  std::string_view text = call.text(0);
  int64_t offset = call.integer(1);
  const int64_t length = call.integer(2);
  if (offset < 0) {
    offset += static_cast<int64_t>(character_count(text));
  } else if (length == 0) {
    return Value::string("");
  }
  for (; offset > 0 && !text.empty(); --offset)
    text.remove_prefix(character_width(text));
  if (length < 0) return call.result(std::string(text));
  size_t end = 0;
  // A length of 0 after a negative offset takes all, as Go's loop does.
  for (int64_t count = 0; end < text.size() && (count < length || length == 0); ++count)
    end += character_width(text.substr(end));
  return call.result(std::string(text.substr(0, end)));
}

Value join(const Call& call) {
  if (call.size() < 2) fail("join() needs at least one list");
  std::string result;
  bool first = true;
  for (size_t i = 1; i < call.size(); ++i) {
    for (const Value& item : call[i].items()) {
      if (item.is_null()) fail("an element of the list is null and can't be joined");
      if (!first) result += call.text(0);
      first = false;
      result += item.as_string();
      if (result.size() > Value::kLargest) Budget::stop("the text is too long");
    }
  }
  return call.result(std::move(result));
}

Value sort(const Call& call) {
  Value::Items items = call[0].items();
  if (std::ranges::any_of(items, [](const Value& item) { return item.is_null(); }))
    fail("an element of the list is null and can't be sorted");
  std::ranges::stable_sort(items, {},
                           [](const Value& item) -> const std::string& { return item.as_string(); });
  return strings(std::move(items));
}

Value split(const Call& call) {
  const std::string& separator = call.text(0);
  std::string_view text = call.text(1);
  Value::Items items;
  if (separator.empty()) {
    for (; !text.empty(); text.remove_prefix(text::decode_rune(text).width)) {
      call.budget.spend(1);
      items.push_back(Value::string(std::string(text.substr(0, text::decode_rune(text).width))));
    }
    return strings(std::move(items));
  }
  for (size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    call.budget.spend(1);
    items.push_back(Value::string(std::string(text.substr(0, end))));
    text.remove_prefix(end + separator.size());
  }
  items.push_back(Value::string(std::string(text)));
  return strings(std::move(items));
}

Value chomp(const Call& call) {
  const std::string& text = call.text(0);
  const size_t last = text.find_last_not_of("\r\n");
  return call.result(text.substr(0, last == std::string::npos ? 0 : last + 1));
}

std::string replaced(const Call& call, std::string_view text, std::string_view old, std::string_view by) {
  std::string result;
  const auto append = [&](std::string_view piece) {
    result += piece;
    if (result.size() > Value::kLargest) Budget::stop("the text is too long");
  };
  if (old.empty()) {
    append(by);
    while (!text.empty()) {
      const uint32_t width = text::decode_rune(text).width;
      append(text.substr(0, width));
      append(by);
      text.remove_prefix(width);
    }
    return result;
  }
  for (size_t at = text.find(old); at != std::string_view::npos; at = text.find(old)) {
    call.budget.spend(1);
    append(text.substr(0, at));
    append(by);
    text.remove_prefix(at + old.size());
  }
  append(text);
  return result;
}

Value indent(const Call& call) {
  const int64_t spaces = call.integer(0);
  if (spaces < 0) fail("the number of spaces must not be negative");
  if (spaces > static_cast<int64_t>(Value::kLargest)) Budget::stop("the text is too long");
  const std::string newline = "\n" + std::string(static_cast<size_t>(spaces), ' ');
  return call.result(replaced(call, call.text(1), "\n", newline));
}

Value replace(const Call& call) {
  return call.result(replaced(call, call.text(0), call.text(1), call.text(2)));
}

Value trimspace(const Call& call) {
  return call.result(std::string(text::trim(call.text(0))));
}

Value trim(const Call& call) {
  std::string_view text = call.text(0);
  std::vector<std::string_view> cut;
  for (std::string_view set = call.text(1); !set.empty(); set.remove_prefix(text::decode_rune(set).width))
    cut.push_back(set.substr(0, text::decode_rune(set).width));
  const auto cuts_start = [&](std::string_view part) { return text.starts_with(part); };
  const auto cuts_end = [&](std::string_view part) { return text.ends_with(part); };
  for (auto part = std::ranges::find_if(cut, cuts_start); part != cut.end();
       part = std::ranges::find_if(cut, cuts_start)) {
    call.budget.spend(1 + cut.size() / 16);
    text.remove_prefix(part->size());
  }
  for (auto part = std::ranges::find_if(cut, cuts_end); part != cut.end();
       part = std::ranges::find_if(cut, cuts_end)) {
    call.budget.spend(1 + cut.size() / 16);
    text.remove_suffix(part->size());
  }
  return call.result(std::string(text));
}

Value trimprefix(const Call& call) {
  const bool there = call.text(0).starts_with(call.text(1));
  return call.result(call.text(0).substr(there ? call.text(1).size() : 0));
}

Value trimsuffix(const Call& call) {
  const bool there = call.text(0).ends_with(call.text(1));
  return call.result(call.text(0).substr(0, call.text(0).size() - (there ? call.text(1).size() : 0)));
}

Value basename(const Call& call) {
  return call.result(std::string(text::base_name(call.text(0))));
}

// As Go's path.Dir: what is before the last slash, cleaned.
Value dirname(const Call& call) {
  const std::string& path = call.text(0);
  const size_t slash = path.rfind('/');
  return call.result(text::clean_path(slash == std::string::npos ? "" : path.substr(0, slash + 1)));
}

Value sanitize(const Call& call) {
  std::string result;
  for (std::string_view text = call.text(0); !text.empty();) {
    const text::Rune rune = text::decode_rune(text);
    const char c = rune.value < 0x80 ? static_cast<char>(rune.value) : ' ';
    const char small = text::ascii_lower(c);
    const bool allowed = (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    result.push_back(allowed ? c : '_');
    text.remove_prefix(rune.width);
  }
  return call.result(std::move(result));
}

Value homedir(const Call& call) {
  if (call.home.empty()) return Value::unknown(Type::string(), "homedir()");
  return Value::string(std::string(call.home));
}

}  // namespace

std::span<const Function> text_functions() {
  const Type text = Type::string();
  const Type number = Type::number();
  const Type list = Type::list(Type::string());
  static const std::array kFunctions = {
      Function{"basename", {{text}}, false, text, basename},
      Function{"chomp", {{text}}, false, text, chomp},
      Function{"dirname", {{text}}, false, text, dirname},
      Function{"homedir", {}, false, text, homedir},
      Function{"indent", {{number}, {text}}, false, text, indent},
      Function{"join", {{text}, {list}}, true, text, join},
      Function{"lower", {{text}}, false, text, changed<lower>},
      Function{"replace", {{text}, {text}, {text}}, false, text, replace},
      Function{"reverse", {{text}}, false, text, reverse},
      Function{"sanitize", {{text}}, false, text, sanitize},
      Function{"sort", {{list}}, false, list, sort},
      Function{"split", {{text}, {text}}, false, list, split},
      Function{"strlen", {{text}}, false, number, strlen},
      Function{"substr", {{text}, {number}, {number}}, false, text, substr},
      Function{"title", {{text}}, false, text, title},
      Function{"trim", {{text}, {text}}, false, text, trim},
      Function{"trimprefix", {{text}, {text}}, false, text, trimprefix},
      Function{"trimspace", {{text}}, false, text, trimspace},
      Function{"trimsuffix", {{text}, {text}}, false, text, trimsuffix},
      Function{"upper", {{text}}, false, text, changed<upper>},
  };
  return kFunctions;
}

}  // namespace dcache::project::hcl
