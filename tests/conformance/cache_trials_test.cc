// Recorded edits of real builds against the verdicts of the model.
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "dcache/cache/what_if.h"
#include "tests/conformance/oracle.h"

namespace dcache {
namespace {

using nlohmann::json;

context::Record record_of(const std::string& path, const json& entry) {
  context::Record record;
  record.path = path;
  const std::string type = entry.at("type");
  if (type == "dir") {
    record.type = context::Type::kFolder;
    record.mode = entry.at("mode");
  } else if (type == "symlink") {
    record.type = context::Type::kSymlink;
    record.mode = 0777;
    record.target = entry.at("target");
  } else {
    const std::string content = entry.at("content");
    record.mode = entry.at("mode");
    record.size = content.size();
    record.content = context::hash_bytes(content);
    if (entry.contains("xattr")) record.attributes = context::hash_bytes(entry.at("xattr").dump());
    if (entry.contains("mtime")) {
      record.stamp.size = record.size;
      record.stamp.modified = entry.at("mtime");
    }
  }
  return record;
}

context::Record text_record(const std::string& path, const std::string& content) {
  return record_of(path, {{"type", "file"}, {"mode", 0644}, {"content", content}});
}

const json& named_contexts_of(const json& state) {
  static const json kNone = json::object();
  return state.contains("named") ? state.at("named") : kNone;
}

plan::Options options_of(const json& state, plan::Builder builder) {
  plan::Options options;
  options.builder = builder;
  for (const auto& [name, value] : state.at("args").items())
    options.build_args[name] = value;
  options.target = state.value("target", "");
  for (const auto& [name, tree] : named_contexts_of(state).items())
    options.named_contexts[name] = "../" + name;
  return options;
}

// The archives that tests/conformance/random_builds.py makes of a.txt, as far as they can differ.
void add_archives(const json& tree, std::vector<context::Record>& records) {
  if (!tree.contains("a.txt")) return;
  json packed = tree.at("a.txt");
  packed.erase("mtime");
  packed.erase("xattr");
  for (const char* name : {"archive.tar", "packed.tar.gz"})
    records.push_back(text_record(name, name + packed.dump()));
}

cache::Build build_of(const json& state, plan::Builder builder = plan::Builder::kBuildkit) {
  const bool has_ignore = !state.at("ignore").is_null();
  const std::string ignore_text = has_ignore ? state.at("ignore").get<std::string>() : "";
  auto ignore = cache::parse_ignore_file(".dockerignore", ignore_text, builder);
  if (!ignore) throw std::runtime_error(ignore.error().message);
  std::vector<context::Record> all;
  for (const auto& [path, entry] : state.at("tree").items())
    all.push_back(record_of(path, entry));
  if (state.contains("named")) add_archives(state.at("tree"), all);
  all.push_back(text_record("Dockerfile", state.at("dockerfile")));
  if (has_ignore) all.push_back(text_record(".dockerignore", ignore_text));
  const context::Snapshot whole(std::move(all));
  std::vector<context::Record> kept;
  for (const context::Record& record : whole.records()) {
    if (!ignore->matcher.decide(record.path).ignored) kept.push_back(record);
  }
  cache::Build::Parts parts{state.at("dockerfile"), context::Snapshot(std::move(kept))};
  parts.ignore = std::move(*ignore);
  for (const auto& [name, tree] : named_contexts_of(state).items()) {
    std::vector<context::Record> records;
    for (const auto& [path, entry] : tree.items())
      records.push_back(record_of(path, entry));
    parts.named_contexts[name] = context::Snapshot(std::move(records));
  }
  auto build =
      cache::Build::make({.dockerfile = "Dockerfile", .plan = options_of(state, builder)}, std::move(parts));
  if (!build) throw std::runtime_error(build.error().front().message);
  return std::move(*build);
}

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
