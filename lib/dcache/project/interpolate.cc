#include "dcache/project/interpolate.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dcache/text/unicode.h"

namespace dcache::project {
namespace {

// Defaults within defaults.
constexpr int kDeepestDefault = 50;
// Names of variables that are kept for a message.
constexpr size_t kMostUnsetNames = 20;

// How many characters at the start are the name of a variable.
size_t name_length(std::string_view text) {
  if (text.empty() || !text::is_name_start(text.front())) return 0;
  const auto* const end =
      std::ranges::find_if_not(text, [](char c) { return text::is_name_start(c) || (c >= '0' && c <= '9'); });
  return static_cast<size_t>(end - text.begin());
}

// Where the brace that begins a text is closed. If it is not, a brace inside is, and the last one counts.
size_t closing_brace(std::string_view text) {
  int open = 0;
  size_t last = std::string_view::npos;
  for (size_t i = 0; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '{') {
      ++open;
      if (++i < text.size() && text[i] == '}') last = i;
    } else if (text[i] == '}') {
      last = i;
      if (--open == 0) return i;
    }
  }
  return last;
}

// What is between the braces of `${…}`.
struct Reference {
  std::string_view name;
  bool colon = false;  // an empty value counts as none
  char op = 0;         // '-', '?' or '+'; 0 for none
  std::string_view rest = {};
};

class Interpolation {
 public:
  Interpolation(const Lookup& lookup, size_t longest) : lookup_(lookup), longest_(longest) {}

  // Appends to `to`. False after an error.
  bool run(std::string_view text, std::string& to, int depth) {
    if (depth > kDeepestDefault) return fail("variables are nested too deep");
    while (!text.empty()) {
      const size_t dollar = std::min(text.find('$'), text.size());
      to += text.substr(0, dollar);
      if (to.size() > longest_) return fail("the value of the variables is too long");
      text.remove_prefix(dollar);
      if (!text.empty() && !replace(text, to, depth)) return false;
    }
    return true;
  }

  std::string error;
  std::vector<std::string> unset;

 private:
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }

  // The text begins with a dollar sign; removes what it replaces.
  bool replace(std::string_view& text, std::string& to, int depth) {
    const std::string_view after = text.substr(1);
    if (after.starts_with('{')) return replace_braced(text, to, depth);
    const size_t name = name_length(after);
    if (name == 0) {
      to += '$';
      text.remove_prefix(after.starts_with('$') ? 2 : 1);
      return true;
    }
    to += value_of(after.substr(0, name));
    text.remove_prefix(1 + name);
    return true;
  }

  bool replace_braced(std::string_view& text, std::string& to, int depth) {
    const size_t end = closing_brace(text.substr(1));
    const auto wrong = [&] {
      const std::string_view shown = text.substr(0, std::min<size_t>(text.find('\n'), 40));
      return fail(fmt::format("'{}' is not a variable", shown));
    };
    if (end == std::string_view::npos) return wrong();
    const auto reference = parse(text.substr(2, end - 1));
    if (!reference) return wrong();
    text.remove_prefix(end + 2);
    return apply(*reference, to, depth);
  }

  static std::optional<Reference> parse(std::string_view inside) {
    Reference reference;
    reference.name = inside.substr(0, name_length(inside));
    if (reference.name.empty()) return std::nullopt;
    inside.remove_prefix(reference.name.size());
    if (inside.empty()) return reference;
    reference.colon = inside.front() == ':';
    if (reference.colon) inside.remove_prefix(1);
    if (inside.empty() || std::string_view("-?+").find(inside.front()) == std::string_view::npos)
      return std::nullopt;
    reference.op = inside.front();
    reference.rest = inside.substr(1);
    return reference;
  }

  bool apply(const Reference& reference, std::string& to, int depth) {
    if (reference.op == 0) {
      to += value_of(reference.name);
      return true;
    }
    const auto value = lookup_(reference.name);
    const bool is_set = value && !(reference.colon && value->empty());
    std::string rest;
    // What is not used does not count as read; but it has to be right.
    const size_t unset_before = unset.size();
    if (!run(reference.rest, rest, depth + 1)) return false;
    const bool uses_rest = is_set == (reference.op == '+');
    if (!uses_rest || reference.op == '?') unset.resize(unset_before);
    if (reference.op == '?' && !is_set)
      return fail(
          fmt::format("the variable {} has to be set{}{}", reference.name, rest.empty() ? "" : ": ", rest));
    to += uses_rest ? rest : value.value_or("");
    return true;
  }

  std::string value_of(std::string_view name) {
    auto value = lookup_(name);
    if (value) return *std::move(value);
    if (unset.size() < kMostUnsetNames && std::ranges::find(unset, name) == unset.end())
      unset.emplace_back(name);
    return {};
  }

  const Lookup& lookup_;
  size_t longest_;
};

}  // namespace

tl::expected<InterpolatedText, std::string> interpolate(std::string_view text, const Lookup& lookup,
                                                        size_t longest) {
  Interpolation interpolation(lookup, longest);
  InterpolatedText result;
  if (!interpolation.run(text, result.text, 0)) return tl::unexpected(std::move(interpolation.error));
  result.unset = std::move(interpolation.unset);
  return result;
}

}  // namespace dcache::project
