// One finding of a rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/lint/impact.h"
#include "dcache/text/edit.h"
#include "dcache/text/span.h"

namespace dcache::lint {

enum class Level : uint8_t { kStyle, kInfo, kWarning, kError };
std::string_view name_of(Level level);
std::optional<Level> level_of(std::string_view name);

// A change that makes the finding go away.
//
// Its edits may change the text of the instructions that they touch. All else that they do to the
// instructions of a Dockerfile is in `removed` and `added`; a fix that does something else is not offered
// (fix_check.h). An instruction that moves is one of each.
struct Fix {
  std::string description;
  std::vector<text::Edit> edits;   // of the file
  std::vector<uint32_t> removed;   // where the instructions begin that the edits take out
  std::vector<std::string> added;  // the whole text of each instruction that they bring
  std::string new_file;            // a file to write in addition to the edits
  std::string new_file_content;
  // Absolute folders that an added RUN fills, if it does nothing else: with a cache mount over them it leaves
  // nothing in its layer.
  std::vector<std::string> fills = {};
  // Why it is not safe, as a clause without a full stop. Empty for a safe fix: that can't break a build, with
  // an empty cache or a full one, and leaves the image as it is.
  std::string unsafe_because;
  bool is_safe() const { return unsafe_because.empty(); }
};

struct Diagnostic {
  std::string_view rule;  // its code
  std::string_view name;
  Level level = Level::kWarning;
  text::Span span;                  // in the Dockerfile
  std::optional<text::Span> focus;  // the part of it that matters, where that is narrower
  // The instruction whose `# check=` comment counts, where that is not the one that it is at; empty for none.
  std::optional<text::Span> decided_by;
  std::string message;                    // what is wrong
  std::string remedy;                     // what to do about it
  std::vector<std::string_view> aliases;  // codes of other catalogues that mean this finding
  std::optional<Fix> fix;
  std::optional<Impact> impact;  // if the context is known

  // What is wrong, with what it costs.
  std::string complaint() const { return impact ? message + "; " + impact->words : message; }
  // What is wrong and what to do about it, as one sentence without a full stop.
  std::string sentence() const { return remedy.empty() ? complaint() : complaint() + ": " + remedy; }
  // What to show of the file.
  text::Span shown() const { return focus.value_or(span); }
};

}  // namespace dcache::lint
