#include "dcache/project/ci_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";

// More are not of use to anyone.
constexpr size_t kMostUnknownOfText = 20;

void add_unknown(std::vector<std::string>& to, std::string_view part) {
  if (to.size() < kMostUnknownOfText && std::ranges::find(to, part) == to.end()) to.emplace_back(part);
}

// The length of what brackets enclose at the start of a text, with them; all of it if they are not closed.
size_t enclosed_size(std::string_view text, char open, char close) {
  size_t level = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == open) {
      ++level;
    } else if (c == close && --level == 0) {
      return i + 1;
    }
  }
  return text.size();
}

// The length of the expansion at the start of a text, which is `$` or a backtick; 1 if it is none.
size_t expansion_size(std::string_view text) {
  if (const size_t size = expression_size(text); size > 0) return size;
  if (text[0] == '`') return std::min(text.find('`', 1), text.size() - 1) + 1;
  if (text.size() < 2) return 1;
  if (text[1] == '(') return 1 + enclosed_size(text.substr(1), '(', ')');
  if (text[1] == '{') return 1 + enclosed_size(text.substr(1), '{', '}');
  if (text::is_ascii_digit(text[1]) || std::string_view("@*#?$!-").find(text[1]) != std::string_view::npos)
    return 2;
  return std::min(text.find_first_not_of(text::kNameCharacters, 1), text.size());
}

// `NAME`, or `NAME:-default`.
struct Expansion {
  std::string_view name;
  std::optional<std::string_view> otherwise = {};
  bool understood = false;
};

Expansion parse_expansion(std::string_view text) {
  if (text.size() < 2 || text[0] != '$' || text[1] == '(') return {};
  std::string_view inside = text.substr(1);
  if (text[1] == '{') {
    if (!text.ends_with('}')) return {};
    inside = text.substr(2, text.size() - 3);
  }
  const size_t end = std::min(inside.find_first_not_of(text::kNameCharacters), inside.size());
  Expansion expansion{inside.substr(0, end)};
  if (end == 0) return {};
  std::string_view rest = inside.substr(end);
  if (rest.starts_with(":-")) rest.remove_prefix(1);
  if (rest.starts_with('-')) expansion.otherwise = rest.substr(1);
  expansion.understood = rest.empty() || expansion.otherwise;
  return expansion;
}

void append_expansion(CiText& to, std::string_view written, const CiVariables& variables) {
  const Expansion expansion = parse_expansion(written);
  const auto value = expansion.understood ? variables(expansion.name) : std::nullopt;
  if (!value || to.text.size() + value->text.size() > kLongestCiText) {
    to.append_unknown(written);
  } else if (!value->text.empty() || !expansion.otherwise) {
    to.append(*value);
  } else if (expansion.otherwise->find_first_of("$`'\"") != std::string_view::npos) {
    to.append_unknown(written);
  } else {
    to.text += *expansion.otherwise;
  }
}

}  // namespace

void CiText::append(const CiText& more) {
  text += more.text;
  for (const std::string& part : more.unknown)
    add_unknown(unknown, part);
}

void CiText::append_unknown(std::string_view part) {
  append({std::string(part), {std::string(part)}});
}

void CiText::update() {
  std::erase_if(unknown, [&](const std::string& part) { return text.find(part) == std::string::npos; });
}

bool is_new_each_run(std::string_view text) {
  return std::ranges::any_of(values_of_each_run(), [&](std::string_view value) {
    return text.find(value) != std::string_view::npos;
  });
}

size_t expression_size(std::string_view text) {
  if (!text.starts_with(kOpen)) return 0;
  bool quoted = false;
  for (size_t i = kOpen.size(); i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (!quoted && text.substr(i).starts_with(kClose)) return i + kClose.size();
  }
  return 0;
}

size_t find_outside_expressions(std::string_view text, char wanted) {
  bool closed = true;  // the next expression may be
  size_t at = 0;
  while (at < text.size() && text[at] != wanted) {
    const bool opens = closed && text.substr(at).starts_with(kOpen);
    const size_t size = opens ? expression_size(text.substr(at)) : 1;
    closed = closed && size > 0;
    at += std::max<size_t>(size, 1);
  }
  return at;
}

CiText text_with_expressions(std::string text) {
  CiText result;
  const std::string_view all = text;
  for (size_t at = all.find(kOpen); at != std::string_view::npos; at = all.find(kOpen, at)) {
    const size_t size = expression_size(all.substr(at));
    if (size == 0) break;
    add_unknown(result.unknown, all.substr(at, size));
    at += size;
  }
  result.text = std::move(text);
  return result;
}

std::string as_expressions(const CiText& text) {
  std::string marked = text.text;
  for (const std::string& part : text.unknown) {
    if (part.empty() || part.starts_with(kOpen)) continue;
    const std::string mark = fmt::format("{} {} }}}}", kOpen, part);
    for (size_t at = marked.find(part); at != std::string::npos; at = marked.find(part, at + mark.size()))
      marked.replace(at, part.size(), mark);
  }
  return marked;
}

CiText from_expressions(std::string text) {
  CiText result = text_with_expressions(std::move(text));
  undo_as_expressions(result);
  return result;
}

void undo_as_expressions(CiText& text) {
  for (std::string& part : text.unknown) {
    if (expression_size(part) != part.size()) continue;
    const std::string mark = part;
    const std::string_view inside =
        text::trim(std::string_view(mark).substr(kOpen.size(), mark.size() - kOpen.size() - kClose.size()));
    if (!inside.starts_with('$') && !inside.starts_with('`')) continue;
    part = inside;
    for (size_t at = text.text.find(mark); at != std::string::npos;
         at = text.text.find(mark, at + part.size()))
      text.text.replace(at, mark.size(), part);
  }
}

CiText expand_shell(std::string_view text, const CiVariables& variables) {
  CiText result;
  while (!text.empty()) {
    const size_t plain = std::min(text.find_first_of("$`"), text.size());
    result.text += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t size = expansion_size(text);
    if (size == 1) {
      result.text += text[0];
    } else {
      append_expansion(result, text.substr(0, size), variables);
    }
    text.remove_prefix(size);
  }
  return result;
}

CiPair split_pair(const CiText& text) {
  const size_t equals = find_outside_expressions(text.text, '=');
  CiPair pair{text.text.substr(0, equals), std::nullopt};
  if (equals >= text.text.size()) return pair;
  pair.value = CiText{text.text.substr(equals + 1), text.unknown};
  pair.value->update();
  return pair;
}

}  // namespace dcache::project
