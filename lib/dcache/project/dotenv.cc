#include "dcache/project/dotenv.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

// What all variables of one file may add up to: each can repeat those before it.
constexpr size_t kLongestExpansion = size_t{4} << 20U;

// White space that does not end a line.
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  return text;
}

// The character that `\nnn` means, up to three digits after a `0`; nothing if it is not one.
std::optional<char32_t> octal_of(std::string_view digits) {
  if (digits.size() != 3) return std::nullopt;
  char32_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<char32_t>(c - '0');
  }
  return value > 0xFF ? std::nullopt : std::optional(value);
}

// The escapes of a text in double quotes. `\$` becomes `$$`, which is a dollar sign afterwards.
std::string without_escapes(std::string_view text) {
  constexpr std::string_view kLetters = "abfnrtv\"\\";
  constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\"\\";
  std::string plain;
  while (!text.empty()) {
    const size_t slash = std::min(text.find('\\'), text.size());
    plain += text.substr(0, slash);
    text.remove_prefix(slash);
    if (text.empty()) break;
    const char letter = text.size() > 1 ? text[1] : '\0';
    if (const size_t index = kLetters.find(letter); text.size() > 1 && index != std::string_view::npos) {
      plain += kMeant[index];
      text.remove_prefix(2);
    } else if (letter == '$') {
      plain += "$$";
      text.remove_prefix(2);
    } else if (letter == '0') {
      const std::string_view after = text.substr(2, 3);
      const std::string_view digits =
          after.substr(0, std::min(after.find_first_not_of("0123456789"), after.size()));
      if (const auto rune = octal_of(digits)) {
        text::append_rune(plain, *rune);
      } else {
        plain += text.substr(0, 2 + digits.size());
      }
      text.remove_prefix(2 + digits.size());
    } else {
      plain += '\\';
      text.remove_prefix(1);
    }
  }
  return plain;
}

class DotenvReader {
 public:
  DotenvReader(std::string_view text, const Lookup& outer, Variables& variables)
      : text_(text), outer_(outer), variables_(variables) {}

  void run() {
    while (skip_to_statement() && read_statement()) {
    }
  }

  uint32_t line() const { return line_; }

  std::string error;

 private:
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }

  void remove(size_t count) {
    line_ += static_cast<uint32_t>(std::ranges::count(text_.substr(0, count), '\n'));
    text_.remove_prefix(count);
  }

  // Skips white space and comments; false at the end.
  bool skip_to_statement() {
    while (!text_.empty()) {
      const std::string_view rest = text::trim_left(text_);
      remove(text_.size() - rest.size());
      if (!text_.starts_with('#')) return !text_.empty();
      remove(std::min(text_.find('\n'), text_.size()));
    }
    return false;
  }

  bool read_statement() {
    constexpr std::string_view kExport = "export";
    if (text_.starts_with(kExport) && text_.size() > kExport.size() &&
        text::is_ascii_space(text_[kExport.size()]))
      remove(text_.size() - skip_blanks(text_.substr(kExport.size())).size());
    const size_t end = name_end();
    if (!error.empty()) return false;
    if (end == std::string_view::npos) {  // a last line without a value
      text_ = {};
      return true;
    }
    const char separator = text_[end];
    const std::string name(text::trim_right(text_.substr(0, end)));
    if (name.find(' ') != std::string::npos) return fail("the name of a variable contains a space");
    remove(end + 1);
    text_ = skip_blanks(text_);
    if (separator == '\n') {
      if (auto value = outer_(name)) variables_[name] = *std::move(value);
      return true;
    }
    auto value = read_value();
    if (!value) return false;
    size_ += value->size();
    if (size_ > kLongestExpansion) return fail("the variables of the file are too long");
    variables_[name] = *std::move(value);
    return true;
  }

  // Where the name ends: at `=`, `:` or the end of the line. npos if the file ends first.
  size_t name_end() {
    for (size_t i = 0; i < text_.size();) {
      const char c = text_[i];
      if (c == '=' || c == ':' || c == '\n') return i;
      const text::Rune rune = text::decode_rune(text_.substr(i));
      const bool known = is_blank(c) || std::string_view("_.-[]").find(c) != std::string_view::npos ||
                         text::is_letter(rune.value) || text::is_digit(rune.value) || rune.value == 0x85 ||
                         rune.value == 0xA0;
      if (!known) {
        fail(fmt::format("the name of a variable contains '{}'", text_.substr(i, rune.width)));
        return i;
      }
      i += rune.width;
    }
    return std::string_view::npos;
  }

  std::optional<std::string> read_value() {
    if (text_.starts_with('"') || text_.starts_with('\'')) return read_quoted();
    const size_t end = std::min(text_.find('\n'), text_.size());
    std::string_view value = text_.substr(0, end);
    value = text::trim_right(value.substr(0, value.find(" #")));
    auto expanded = expand(value);
    remove(std::min(end + 1, text_.size()));
    return expanded;
  }

  std::optional<std::string> read_quoted() {
    const char quote = text_.front();
    std::string value;
    for (size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        auto expanded = quote == '"' ? expand(without_escapes(value)) : std::optional(std::move(value));
        remove(i + 1);
        return expanded;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        if (text_[++i] != quote) value += '\\';
      }
      value += text_[i];
    }
    fail("the quote is not closed");
    return std::nullopt;
  }

  std::optional<std::string> expand(std::string_view value) {
    const Lookup lookup = [this](std::string_view name) -> std::optional<std::string> {
      if (auto found = outer_(name)) return found;
      const auto own = variables_.find(name);
      return own == variables_.end() ? std::nullopt : std::optional(own->second);
    };
    auto expanded = interpolate(value, lookup, kLongestExpansion);
    if (expanded) return std::move(expanded->text);
    fail(expanded.error());
    return std::nullopt;
  }

  std::string_view text_;
  const Lookup& outer_;
  Variables& variables_;
  uint32_t line_ = 1;
  size_t size_ = 0;
};

}  // namespace

void read_dotenv(std::string_view text, const std::string& path, const Lookup& outer, Variables& variables,
                 std::vector<text::Failure>& failures) {
  if (text.starts_with(text::kByteOrderMark)) text.remove_prefix(text::kByteOrderMark.size());
  DotenvReader reader(text, outer, variables);
  reader.run();
  if (!reader.error.empty()) failures.push_back({path, reader.line(), 1, reader.error, "write NAME=value"});
}

void read_raw_env(std::string_view text, Variables& variables) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
}

}  // namespace dcache::project
