// Finding one's way in a Dockerfile: outline, definitions, references, links. All give the protocol's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/context/file_system.h"
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

nlohmann::json document_symbols(const editor::Workspace::Parsed& parsed, const Positions& positions);
nlohmann::json folding_ranges(const editor::Workspace::Parsed& parsed, const Positions& positions);

// The ranges of what defines the stage or the variable at `offset`, and of all that names it.
std::vector<text::Span> definitions(const editor::Workspace::Parsed& parsed, uint32_t offset);
std::vector<text::Span> references(const editor::Workspace::Parsed& parsed, uint32_t offset,
                                   bool with_definitions);

// From sources of COPY and ADD to the files of the context in `folder`.
nlohmann::json document_links(const editor::Workspace::Parsed& parsed, const Positions& positions,
                              const std::string& folder, const context::FileSystem& files);

// The stage that an offset is in: the number of FROMs above, less one; nothing above the first.
std::optional<size_t> stage_at(const editor::Workspace::Parsed& parsed, uint32_t offset);

}  // namespace dcache::lsp
