// Recorded edits of real builds against the verdicts of the model.
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "dcache/cache/report.h"
#include "dcache/dockerfile/parser.h"
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
  }
  return record;
}

context::Record text_record(const std::string& path, const std::string& content) {
  return record_of(path, {{"type", "file"}, {"mode", 0644}, {"content", content}});
}

// One side of a trial, with all that the verdicts need kept alive.
struct Side {
  explicit Side(const json& state)
      : file(dockerfile::parse(state.at("dockerfile"))),
        context(context_of(state)),
        graph(plan::build_graph(file, options_of(state))),
        keys(cache::compute_keys(graph, {&context, {}})) {}

  static plan::Options options_of(const json& state) {
    plan::Options options;
    for (const auto& [name, value] : state.at("args").items())
      options.build_args[name] = value;
    return options;
  }

  static context::Snapshot context_of(const json& state) {
    const bool has_ignore = !state.at("ignore").is_null();
    const std::string ignore_text = has_ignore ? state.at("ignore").get<std::string>() : "";
    auto matcher = ignore::Matcher::parse(ignore_text);
    if (!matcher) throw std::runtime_error(matcher.error().message);
    std::vector<context::Record> all;
    for (const auto& [path, entry] : state.at("tree").items())
      all.push_back(record_of(path, entry));
    all.push_back(text_record("Dockerfile", state.at("dockerfile")));
    if (has_ignore) all.push_back(text_record(".dockerignore", ignore_text));
    const context::Snapshot whole(std::move(all));
    std::vector<context::Record> kept;
    for (const context::Record& record : whole.records()) {
      if (!matcher->decide(record.path).ignored) kept.push_back(record);
    }
    return context::Snapshot(std::move(kept));
  }

  dockerfile::File file;
  context::Snapshot context;
  plan::Graph graph;
  std::vector<cache::StepKeys> keys;
};

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

TEST(CacheTrials, VerdictsAgreeWithRecordedBuilds) {
  DCACHE_NEEDS_ORACLE();
  std::map<std::string, Tally> by_edit, by_step, total;
  const bool read = conformance::for_each_record("cache-trials.jsonl.xz", [&](const json& trial) {
    const Side before(trial.at("before"));
    const Side after(trial.at("after"));
    const cache::Report report = cache::compare({&before.graph, &before.keys}, {&after.graph, &after.keys});
    for (const json& step : trial.at("steps")) {
      const auto found =
          std::find_if(report.steps.begin(), report.steps.end(), [&](const cache::StepReport& r) {
            return after.graph.steps[r.step].instruction->start_line == step.at("line");
          });
      ASSERT_NE(found, report.steps.end()) << trial.at("id") << " line " << step.at("line");
      const std::string said(cache::name_of(found->verdict));
      const std::string truth = step.at("truth");
      const std::string words = step.at("step");
      total["all"].add(said, truth);
      by_edit[trial.at("edit")].add(said, truth);
      by_step[words.substr(0, words.find(' '))].add(said, truth);
      if (said != truth && std::getenv("DCACHE_SHOW") != nullptr) {
        std::printf("%s %s: line %d %s: said %s, was %s\n", trial.at("id").get<std::string>().c_str(),
                    trial.at("edit").get<std::string>().c_str(), step.at("line").get<int>(), words.c_str(),
                    said.c_str(), truth.c_str());
      }
    }
  });
  ASSERT_TRUE(read);
  print("kind of edit", by_edit);
  print("kind of step", by_step);
  print("all steps", total);
  EXPECT_EQ(total["all"].wrong, 0);
}

}  // namespace
}  // namespace dcache
