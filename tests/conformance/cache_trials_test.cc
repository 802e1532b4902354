// Recorded edits of real builds against the verdicts of the model.
#include <gtest/gtest.h>

#include "dcache/cache/what_if.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/trials.h"

namespace dcache {
namespace {

using conformance::build_of;
using conformance::Tallies;
using conformance::Tally;
using nlohmann::json;

// Replays recorded edits.
Tally replay_recorded(const char* file, const char* title) {
  Tallies tallies;
  EXPECT_TRUE(conformance::for_each_record(file, [&](const json& trial) {
    const cache::Build before = build_of(trial.at("before"));
    const cache::Build after = build_of(trial.at("after"));
    const cache::Build* const earlier = &before;
    tallies.add(trial, after, after.compare_with({&earlier, 1}));
  }));
  tallies.show();
  tallies.show_accuracy(title);
  return tallies.total["all"];
}

TEST(CacheTrials, VerdictsAgreeWithRecordedBuilds) {
  DCACHE_NEEDS_ORACLE();
  const Tally all = replay_recorded("cache-trials.jsonl.xz", "recorded BuildKit builds");
  EXPECT_EQ(all.wrong, 0);
  EXPECT_LE(all.imprecise * 100, all.agree + all.imprecise);
}

TEST(CacheTrials, VerdictsAgreeWithBuildsOfAWiderKind) {
  DCACHE_NEEDS_ORACLE();
  const Tally all = replay_recorded("wide-trials.jsonl.xz", "recorded BuildKit builds of a wider kind");
  EXPECT_EQ(all.wrong, 0);
  EXPECT_LE(all.imprecise * 100, all.agree + all.imprecise);
}

// Builds of tests/conformance/random_builds.py, with another builder each.
Tally replay_trials(const std::string& file, plan::Builder builder, const char* title) {
  Tallies tallies;
  tallies.strict = builder != plan::Builder::kBuildah;
  EXPECT_TRUE(conformance::for_each_own_record(file, [&](const json& trial) {
    const cache::Build before = build_of(trial.at("before"), builder);
    const cache::Build after = build_of(trial.at("after"), builder);
    const cache::Build* const earlier = &before;
    tallies.add(trial, after, after.compare_with({&earlier, 1}));
  }));
  tallies.show();
  tallies.show_accuracy(title);
  return tallies.total["all"];
}

TEST(OwnTrials, AgreeWithBuildkit) {
  const Tally all = replay_trials("buildkit.jsonl.xz", plan::Builder::kBuildkit, "random projects, BuildKit");
  EXPECT_GT(all.agree, 5000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

// Of the generator since it writes destinations of every form, other spellings, mount options, attributes,
// times that files keep, and equal steps.
TEST(OwnTrials, AgreeWithBuildkitOnWiderProjects) {
  const Tally all = replay_trials("buildkit-wide.jsonl.xz", plan::Builder::kBuildkit,
                                  "random projects of a wider kind, BuildKit");
  EXPECT_GT(all.agree, 2000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

TEST(OwnTrials, AgreeWithTheClassicBuilder) {
  const Tally all =
      replay_trials("classic.jsonl.xz", plan::Builder::kClassic, "random projects, classic builder");
  EXPECT_GT(all.agree, 2000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

// Which of its peculiarities are not modelled, docs/cache-model.md tells.
TEST(OwnTrials, AgreeWithBuildahExceptInFewSteps) {
  const Tally all = replay_trials("buildah.jsonl.xz", plan::Builder::kBuildah, "random projects, buildah");
  EXPECT_GT(all.agree, 100);
  EXPECT_LE((all.wrong + all.imprecise) * 20, all.agree);
}

// Where a file was modified, its name alone gives the same verdicts as a snapshot of before.
TEST(CacheTrials, ModifiedFilesNeedNoSnapshot) {
  DCACHE_NEEDS_ORACLE();
  Tallies tallies;
  ASSERT_TRUE(conformance::for_each_record("cache-trials.jsonl.xz", [&](const json& trial) {
    if (trial.at("edit") != "modify") return;
    const cache::Build before = build_of(trial.at("before"));
    const cache::Build after = build_of(trial.at("after"));
    std::vector<cache::ChangedPath> paths;
    for (const std::string path : trial.at("changed"))
      paths.push_back({.given = path, .path = path});
    const cache::Report report = cache::what_if_changed(before, std::move(paths)).report;
    tallies.add(trial, before, report);
    const cache::Report with_snapshot = cache::compare(before.state(), after.state());
    for (size_t i = 0; i < report.steps.size(); ++i) {
      EXPECT_EQ(report.steps[i].verdict, with_snapshot.steps[i].verdict) << trial.at("id") << " step " << i;
    }
  }));
  tallies.show();
  EXPECT_EQ(tallies.total["all"].wrong, 0);
}

}  // namespace
}  // namespace dcache
