// Findings of the linter, and the changes that fix them, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dcache/text/failure.h"

namespace dcache {

using text::Failure;

// A place in a text, counted in every way that programs count: each number starts at 0.
struct Position {
  uint32_t offset = 0;  // in bytes from the start of the text
  uint32_t line = 0;    // lines end at "\n", "\r\n" or "\r"
  uint32_t byte = 0;    // in bytes from the start of the line
  uint32_t utf16 =
      0;  // in UTF-16 code units from the start of the line, as the Language Server Protocol counts

  friend bool operator==(const Position&, const Position&) = default;
};

// The text from `begin` up to `end`, which is not part of it.
struct Range {
  Position begin;
  Position end;

  friend bool operator==(const Range&, const Range&) = default;
};

// Replaces a range; an empty range inserts.
struct Edit {
  Range range;
  std::string text;
};

// A file that a fix writes next to the one that it is for.
struct NewFile {
  std::string path;
  std::string content;
};

// A change that makes a finding go away.
struct Fix {
  std::string description;
  bool safe = true;                 // it can't break a build, and the image stays as it is
  std::string unsafe_because = {};  // why it is not safe, as a clause; empty if it is
  std::vector<Edit> edits;
  std::vector<NewFile> new_files;
};

enum class Level : uint8_t { kStyle, kInfo, kWarning, kError };

struct Finding {
  std::string id;    // names it among the findings of the same text: see Workspace::fix()
  std::string rule;  // its code: "DC1001", "DL3008", "StageNameCasing", "SC2086"
  std::string name;  // of the rule: "copy-before-deps"
  Level level = Level::kWarning;
  Range range;
  std::string message;               // what is wrong
  std::string remedy;                // what to do about it; may be empty
  std::vector<std::string> aliases;  // codes of other catalogues for the same finding
  std::optional<Fix> fix;
};

struct Findings {
  std::vector<Finding> findings;  // in the order of the text
  bool parses = true;             // false: builders refuse the file
  // What rules need and can't be read, such as an ignore file: their findings are missing.
  std::vector<Failure> failures;
};

}  // namespace dcache
