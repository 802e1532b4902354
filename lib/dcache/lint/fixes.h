// Applies the fixes of findings to the text that they are about.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dcache/context/file_system.h"
#include "dcache/lint/engine.h"
#include "dcache/lint/related_file.h"

namespace dcache::lint {

struct FixedText {
  std::string text;
  size_t fixed = 0;                    // findings that are gone
  size_t silenced = 0;                 // findings that comments silence
  std::vector<Fix> new_files = {};     // those of the applied fixes that write a file next to the Dockerfile
  std::vector<BadFix> bad_fixes = {};  // that were left out
};

// Applies fixes until none is left, each round to the text that the last one gave. Fixes that touch the same
// bytes wait for the next round. Unsafe ones are applied where `unsafe` says so. A text that does not parse
// is left as it is.
//
// A fix is applied only if the new text has the instructions that the fix says (fix_check.h), if it plans
// wherever the old one did, if its finding is gone, and if no finding of a higher level came.
//
// `wants`, where it is given, is asked for each fix of a finding in `file`, which is the text of a round.
using WantsFix = std::function<bool(const dockerfile::File& file, const Diagnostic& diagnostic)>;
FixedText apply_fixes(const Linter& linter, std::string text, const BuildFacts& facts, bool unsafe,
                      const WantsFix& wants = {});

// The same for a file next to a Dockerfile; `kind`, `path`, `facts` and `files` as of RelatedFile.
FixedText apply_fixes(const Linter& linter, RelatedFileKind kind, const std::string& path, std::string text,
                      const BuildFacts& facts, bool unsafe,
                      const context::FileSystem& files = *context::disk());

// Adds comments that silence what is found in the text, above each instruction or line that has findings
// (ignore_comment.h), and counts the findings that are silenced. A comment is added under the same conditions
// as a fix is applied.
void add_ignores(const Linter& linter, const BuildFacts& facts, std::string_view reason, FixedText& fixed);
void add_ignores(const Linter& linter, RelatedFileKind kind, const std::string& path, const BuildFacts& facts,
                 std::string_view reason, FixedText& fixed,
                 const context::FileSystem& files = *context::disk());

// Takes the fixes away from findings of `file` that, made alone, would do something else to its instructions
// than they say.
void withdraw_bad_fixes(const dockerfile::File& file, Findings& findings);

}  // namespace dcache::lint
