// Finding one's way in a Dockerfile: outline, definitions, references. All give the protocol's JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lsp/positions.h"

namespace dcache::lsp {

// A place that names a stage or a variable. Variables of one name are one variable, in whatever stage.
struct Occurrence {
  enum class Kind : uint8_t { kStage, kVariable };
  Kind kind = Kind::kStage;
  std::string name;  // of a stage in lower case; of one without a name its number
  text::Span span;
  bool defines = false;
  bool has_value = true;  // false for `ARG name`, which may take its value from the ARG above the first FROM
  size_t stage = 0;       // that it is in
  bool above_stages = false;
};
// In the order of the file.
std::vector<Occurrence> occurrences(const editor::Workspace::Parsed& parsed);

// The one that a cursor is in, or right after.
std::optional<Occurrence> occurrence_at(const editor::Workspace::Parsed& parsed, uint32_t offset);
// Those that mean the same as that one, itself too; empty if there is none.
std::vector<Occurrence> same_occurrences(const editor::Workspace::Parsed& parsed, uint32_t offset);
// The name, as those of variables are spelled, that an offset is in or right after; empty for none.
text::Span name_at(std::string_view source, uint32_t offset);

nlohmann::json document_symbols(const editor::Workspace::Parsed& parsed, const Positions& positions);
nlohmann::json folding_ranges(const editor::Workspace::Parsed& parsed, const Positions& positions);

// The ranges of what defines the stage or the variable at `offset`, and of all that names it.
std::vector<text::Span> definitions(const editor::Workspace::Parsed& parsed, uint32_t offset);
std::vector<text::Span> references(const editor::Workspace::Parsed& parsed, uint32_t offset,
                                   bool with_definitions);

// The stage that an offset is in: the number of FROMs above, less one; nothing above the first.
std::optional<size_t> stage_at(const editor::Workspace::Parsed& parsed, uint32_t offset);

}  // namespace dcache::lsp
