// What a builder does with each step of a build, by what it has already. Internal to cache/.
#pragma once

#include <cstdint>
#include <vector>

#include "dcache/cache/known_keys.h"
#include "dcache/cache/report.h"

namespace dcache::cache {

// A verdict on one step, before anybody asks what made the difference.
struct Judgement {
  enum class Reason : uint8_t {
    kKey,          // it is known, or it is not
    kNoResult,     // it is known, and nobody has its result
    kNotImported,  // it is what it was, and no import knows it
    kRunAgain,     // what it reads is built again for that reason, and may be something else then
    kNotReliable   // it is known to several imports, and BuildKit does not find it every time
  };
  Verdict verdict = Verdict::kHit;
  Reason reason = Reason::kKey;
  bool runs_after_all = false;  // as in StepReport
  bool is_not_reliable = false;
};

// Judges a build for a builder that has `known`. A builder that goes step by step learns on the way.
std::vector<Judgement> judge(const KnownKeys& known, const State& now);

}  // namespace dcache::cache
