// Recorded edits, built by workers that start empty and import a cache, against the verdicts of the model.
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/conformance/oracle.h"
#include "tests/conformance/trials.h"

namespace dcache {
namespace {

using cache::CacheImport;
using conformance::build_of;
using conformance::Tallies;
using conformance::Tally;
using nlohmann::json;

// What was imported after an export of one of the recorded ways.
std::vector<CacheImport> imports_of(const std::string& way, const cache::Build& exported) {
  if (way == "none") return {{.mode = CacheImport::Mode::kNone}};
  if (way == "local/min") return {{.mode = CacheImport::Mode::kMin}};
  if (way == "local/max") return {{.mode = CacheImport::Mode::kMax}};
  if (way == "inline") return {{.mode = CacheImport::Mode::kInline}};
  std::vector<CacheImport> imports;
  for (const plan::Stage& stage : exported.graph().stages)
    imports.push_back({.mode = CacheImport::Mode::kInline, .stage = stage.label()});
  if (way.ends_with("/last-first")) std::ranges::reverse(imports);
  return imports;
}

TEST(CiTrials, VerdictsAgreeWithWorkersThatStartEmpty) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, Tallies> by_way;
  ASSERT_TRUE(conformance::for_each_record("ci-trials.jsonl.xz", [&](const json& trial) {
    const std::string way = trial.at("export");
    const cache::Build before = build_of(trial.at("before"));
    const cache::Build after = build_of(trial.at("after"), plan::Builder::kBuildkit, imports_of(way, before));
    const cache::Build* const earlier = &before;
    Tallies& tallies = by_way[way];
    tallies.strict = !way.starts_with("inline+");
    tallies.add(trial, after, after.compare_with({&earlier, 1}));
  }));
  for (const auto& [way, tallies] : by_way) {
    std::printf("== %s\n", way.c_str());
    tallies.show();
    const Tally& all = tallies.total.at("all");
    const int count = all.agree + all.imprecise + all.wrong;
    const bool several = !tallies.strict;
    EXPECT_LE(all.wrong * 100, several ? count : 0) << way;
    EXPECT_LE(all.imprecise * 100, several ? count * 3 : count) << way;
  }
}

}  // namespace
}  // namespace dcache
