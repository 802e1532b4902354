// Recorded edits of real builds against the verdicts of the model.
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "dcache/cache/what_if.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/trials.h"

namespace dcache {
namespace {

using conformance::build_of;
using nlohmann::json;

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

void print(const char* title, const std::map<std::string, Tally>& tallies) {
  std::printf("%-14s %8s %10s %6s\n", title, "agree", "imprecise", "wrong");
  for (const auto& [name, tally] : tallies) {
    std::printf("%-14s %8d %10d %6d\n", name.c_str(), tally.agree, tally.imprecise, tally.wrong);
  }
}

struct Tallies {
  bool strict = true;  // an opposite verdict is a failure by itself
  std::map<std::string, Tally> by_edit, by_step, total;

  // Compares the verdicts on the second build with what it did.
  void add(const json& trial, const cache::Build& build, const cache::Report& report) {
    auto next = report.steps.begin();  // an instruction that ONBUILD put off makes several steps of one line
    for (const json& step : trial.at("steps")) {
      const auto found = std::find_if(next, report.steps.end(), [&](const cache::StepReport& r) {
        return build.graph().steps[r.step].instruction->start_line == step.at("line") &&
               r.verdict != cache::Verdict::kUnused;
      });
      ASSERT_NE(found, report.steps.end()) << trial.at("id") << " line " << step.at("line");
      next = found + 1;
      if (step.at("truth") == "odd") continue;
      // Whether a builder notices the new mode of a folder, or a file that looks the same, depends on what it
      // remembers.
      const std::string& change = found->cause.change;
      const bool unnoticed = change == "folder-mode" || change == "same-time";
      if (found->verdict == cache::Verdict::kDepends && unnoticed) continue;
      const std::string said(cache::name_of(found->verdict));
      const std::string truth = step.at("truth");
      const std::string words = step.at("step");
      total["all"].add(said, truth);
      by_edit[trial.at("edit")].add(said, truth);
      by_step[words.substr(0, words.find(' '))].add(said, truth);
      if (said != truth) {
        std::printf("%s %s: line %s: said %s, was %s\n", trial.at("id").dump().c_str(),
                    trial.at("edit").dump().c_str(), step.at("line").dump().c_str(), said.c_str(),
                    truth.c_str());
      }
      const bool opposite = said != truth && said != "depends" && truth != "depends";
      EXPECT_FALSE(opposite && strict)
          << trial.at("id") << " " << trial.at("edit") << ": line " << step.at("line") << " " << words
          << ": said " << said << ", was " << truth;
    }
  }

  void show() {
    print("kind of edit", by_edit);
    print("kind of step", by_step);
    print("all steps", total);
  }
};

// Replays recorded edits. What the builds with changing output reused though those with constant output did
// not
// ("odd") is left out.
Tally replay_recorded(const char* file) {
  Tallies tallies;
  EXPECT_TRUE(conformance::for_each_record(file, [&](const json& trial) {
    const cache::Build before = build_of(trial.at("before"));
    const cache::Build after = build_of(trial.at("after"));
    const cache::Build* const earlier = &before;
    tallies.add(trial, after, after.compare_with({&earlier, 1}));
  }));
  tallies.show();
  return tallies.total["all"];
}

TEST(CacheTrials, VerdictsAgreeWithRecordedBuilds) {
  DCACHE_NEEDS_ORACLE();
  const Tally all = replay_recorded("cache-trials.jsonl.xz");
  EXPECT_EQ(all.wrong, 0);
  EXPECT_LE(all.imprecise * 100, all.agree + all.imprecise);
}

TEST(CacheTrials, VerdictsAgreeWithBuildsOfAWiderKind) {
  DCACHE_NEEDS_ORACLE();
  const Tally all = replay_recorded("wide-trials.jsonl.xz");
  EXPECT_EQ(all.wrong, 0);
  EXPECT_LE(all.imprecise * 100, all.agree + all.imprecise);
}

// Builds of tests/conformance/random_builds.py, with another builder each.
Tally replay(const std::string& file, plan::Builder builder) {
  Tallies tallies;
  tallies.strict = builder != plan::Builder::kBuildah;
  EXPECT_TRUE(conformance::for_each_own_record(file, [&](const json& trial) {
    const cache::Build before = build_of(trial.at("before"), builder);
    const cache::Build after = build_of(trial.at("after"), builder);
    const cache::Build* const earlier = &before;
    tallies.add(trial, after, after.compare_with({&earlier, 1}));
  }));
  tallies.show();
  return tallies.total["all"];
}

TEST(OwnTrials, AgreeWithBuildkit) {
  const Tally all = replay("buildkit.jsonl.xz", plan::Builder::kBuildkit);
  EXPECT_GT(all.agree, 5000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

// Of the generator since it writes destinations of every form, other spellings, mount options, attributes,
// times that files keep, and equal steps.
TEST(OwnTrials, AgreeWithBuildkitOnWiderProjects) {
  const Tally all = replay("buildkit-wide.jsonl.xz", plan::Builder::kBuildkit);
  EXPECT_GT(all.agree, 2000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

TEST(OwnTrials, AgreeWithTheClassicBuilder) {
  const Tally all = replay("classic.jsonl.xz", plan::Builder::kClassic);
  EXPECT_GT(all.agree, 2000);
  EXPECT_EQ(all.wrong + all.imprecise, 0);
}

// Which of its peculiarities are not modelled, docs/cache-model.md tells.
TEST(OwnTrials, AgreeWithBuildahButForFewSteps) {
  const Tally all = replay("buildah.jsonl.xz", plan::Builder::kBuildah);
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
