// Where a Dockerfile names its stages, variables and heredocs, and which of these a name means.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/editor/workspace.h"
#include "dcache/text/span.h"

namespace dcache::lsp {

// A place that names a stage, a variable or a heredoc: `<<EOF`, and the line that ends it.
struct Occurrence {
  enum class Kind : uint8_t { kStage, kVariable, kHeredoc };
  Kind kind = Kind::kStage;
  std::string name;  // of a stage in lower case; of one without a name its number
  text::Span span;
  bool defines = false;
  size_t stage = 0;  // that it is in
  bool above_stages = false;
  // What it means: occurrences with one number mean the same. Of stages their index, of heredocs where their
  // text begins. A variable is the same
  // in its stage, in those that start from it, and above the first FROM if an ARG without a value takes it
  // from there.
  size_t meaning = 0;
  // What sets it: several places for an ARG that takes its value from above the first FROM.
  std::vector<text::Span> definitions = {};
};

// A name that means something else, or that may: that another one must not become.
struct OtherName {
  Occurrence::Kind kind = Occurrence::Kind::kVariable;
  std::string name;  // of a stage or an image in lower case
  uint32_t line = 0;
  size_t stage = 0;
  bool above_stages = false;
};

// A use of a stage or variable that can't be told from something else.
struct Doubt {
  static constexpr size_t kAll = SIZE_MAX;  // as `meaning`: of whatever there is

  Occurrence::Kind kind = Occurrence::Kind::kVariable;
  size_t meaning = 0;
  uint32_t line = 0;
  std::string reason;  // "sets X itself, or …"
};

struct Names {
  std::vector<Occurrence> occurrences;  // in the order of the file
  std::vector<OtherName> others;
  std::vector<Doubt> doubts;
  std::map<size_t, std::set<size_t>> stages_of;  // of the meaning of a variable, where it is visible
};

Names names_of(const editor::Workspace::ParsedDockerfile& parsed);

// The occurrences alone.
std::vector<Occurrence> occurrences(const editor::Workspace::ParsedDockerfile& parsed);
// The one that a cursor is in, or right after.
std::optional<Occurrence> occurrence_at(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);
// Those that mean the same as that one, itself too; empty if there is none.
std::vector<Occurrence> same_occurrences(const editor::Workspace::ParsedDockerfile& parsed, uint32_t offset);

}  // namespace dcache::lsp
