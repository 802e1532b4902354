// Which steps of a build rebuild, and why, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dcache {

// Whether a step is taken from the cache.
enum class Verdict : uint8_t {
  kHit,      // reused
  kMiss,     // rebuilt
  kDepends,  // reused only if a rebuilt earlier step gives the same output
  kUnused,   // not needed for the target
  kUnknown,  // only the registry knows; verdicts of later steps assume that it did not change
};

struct Step {
  std::string stage;        // name or number
  uint32_t line = 0;        // of its instruction, from 1
  std::string instruction;  // on one line
  Verdict verdict = Verdict::kHit;
  // Why it is not a hit: a word that stays the same between versions ("file", "instruction", "variable", …;
  // docs/cli.md lists them), and words for people. Empty for a hit.
  std::string cause;
  std::string reason;
  std::string path;  // of the file that the cause names; empty for none
  // The line of the earlier step that makes this one rebuild; nothing if the cause is in the step itself.
  std::optional<uint32_t> follows;
};

// The effect of a file in Workspace::Question::changed.
struct ChangedFile {
  enum class Effect : uint8_t {
    kRead,     // a step of the target reads it
    kNotRead,  // no such step does
    kIgnored,  // the ignore file leaves it out
    kOutside,  // it is not in the build context
  };
  std::string given;  // as it was named
  std::string path;   // in the context
  Effect effect = Effect::kRead;
  bool exists = true;  // false: it counts as deleted
};

struct Explanation {
  std::string dockerfile;
  std::string target;
  std::vector<Step> steps;  // in the order of the Dockerfile
  std::vector<ChangedFile> changed;
};

}  // namespace dcache
