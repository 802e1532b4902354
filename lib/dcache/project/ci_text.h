// Texts of CI definitions, which are known in part: what is decided when a pipeline runs stays as written.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dcache::project {

// No value is longer; what would be stays as it is written.
inline constexpr size_t kLongestCiText = size_t{64} << 10U;

struct CiText {
  std::string text = {};
  std::vector<std::string> unknown = {};  // parts of `text`: "${{ github.sha }}", "$TAG"

  bool is_known() const { return unknown.empty(); }
  void append(const CiText& more);
  // Adds a part that is not known.
  void append_unknown(std::string_view part);
  // Forgets parts that are no longer in the text.
  void update();
};

// Values that are others in each run, of GitHub Actions and GitLab CI (rules/data/new-each-run.json).
std::span<const std::string_view> values_of_each_run();

// Whether a text, such as "${{ github.sha }}", contains one of them.
bool is_new_each_run(std::string_view text);

// The value of a variable; nothing if that is not known.
using CiVariables = std::function<std::optional<CiText>(std::string_view name)>;

// The length of the expression of GitHub Actions, `${{ … }}`, that a text starts with; 0 if there is none.
size_t expression_size(std::string_view text);

// Where a character is first, outside of expressions; the size of the text if it is not there.
size_t find_outside_expressions(std::string_view text, char wanted);

// A text whose expressions are what is not known of it.
CiText text_with_expressions(std::string text);

// A text with all that is not known of it in expressions: "${{ $TAG }}".
std::string as_expressions(const CiText& text);
// The text that as_expressions() was given: "$TAG" for "${{ $TAG }}".
CiText from_expressions(std::string text);
void undo_as_expressions(CiText& text);

// Replaces `$V`, `${V}`, `${V:-default}` and `${V-default}` as a shell does. Commands and other expansions
// are not known. A default is taken only if the variable is known to be empty.
CiText expand_shell(std::string_view text, const CiVariables& variables);

// The name and the value of NAME=VALUE; the value is nothing if there is no `=`.
struct CiPair {
  std::string name;
  std::optional<CiText> value;
};
CiPair split_pair(const CiText& text);

}  // namespace dcache::project
