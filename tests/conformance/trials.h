// Recorded edits of builds, and how the model's verdicts on them are counted.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "dcache/cache/build.h"
#include "dcache/cache/report.h"
#include "dcache/plan/builder.h"

namespace dcache::conformance {

// The build of a recorded state (`tree`, `ignore`, `args`, `dockerfile`). Throws for one that does not plan.
cache::Build build_of(const nlohmann::json& state, plan::Builder builder = plan::Builder::kBuildkit,
                      std::vector<cache::CacheImport> cache_from = {});

struct Tally {
  int agree = 0, imprecise = 0, wrong = 0;
  void add(const std::string& said, const std::string& truth) {
    if (said == truth) {
      ++agree;
    } else if (said == "depends" || truth == "depends") {
      ++imprecise;
    } else {
      ++wrong;
    }
  }
};

struct Tallies {
  bool strict = true;  // an opposite verdict is a failure by itself
  int edits = 0;       // trials that were added
  std::map<std::string, Tally> by_edit, by_step, total;

  // Compares the verdicts on the second build of a trial with what it did. Steps whose truth nobody knows
  // ("odd", "varies") are left out.
  void add(const nlohmann::json& trial, const cache::Build& build, const cache::Report& report);
  void show() const;
  // Prints the line that scripts/test ends with.
  void show_accuracy(const char* compared_with) const;
};

}  // namespace dcache::conformance
