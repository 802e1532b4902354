// Logs of real builds against their records, and the reasons that are given with the state before at hand.
#include "dcache/report/log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <regex>

#include <gtest/gtest.h>

#include "dcache/observe/log_reader.h"
#include "dcache/observe/name.h"
#include "tests/conformance/oracle.h"
#include "tests/conformance/trials.h"

namespace dcache {
namespace {

using nlohmann::json;
using observe::Vertex;

observe::Log read(const std::string& text) {
  observe::LogReader reader;
  reader.feed(text);
  auto log = reader.finish("log");
  if (!log) throw std::runtime_error(log.error().message);
  return std::move(*log);
}

// The target stage of each image of a recorded bake file.
std::map<std::string, std::string> targets_of(const json& trial) {
  std::map<std::string, std::string> targets;
  if (!trial.contains("bake")) return targets;
  const std::string text = trial.at("bake");
  static const std::regex kTarget(R"re(target "(\w+)" \{\s*target\s*=\s*"(\w+)")re");
  for (std::sregex_iterator found(text.begin(), text.end(), kTarget), end; found != end; ++found)
    targets[(*found)[1]] = (*found)[2];
  return targets;
}

cache::Build build_of_image(const json& trial, const char* which, const std::string& image) {
  json state = trial.at(which);
  const auto targets = targets_of(trial);
  if (!image.empty()) state["target"] = targets.at(image);
  return conformance::build_of(state);
}

// A log with the model of each of its builds.
struct ExplainedTrial {
  explicit ExplainedTrial(const json& trial) : log(read(trial.at("plain"))) {
    for (const observe::Build& build : log.builds) {
      before.push_back(build_of_image(trial, "before", build.name));
      after.push_back(build_of_image(trial, "after", build.name));
    }
    for (size_t i = 0; i < after.size(); ++i) {
      const cache::Build* const earlier = &before[i];
      reports.push_back(after[i].compare_with({&earlier, 1}));
    }
    std::vector<report::LogModel> models;
    for (size_t i = 0; i < after.size(); ++i)
      models.push_back({"Dockerfile", "", &after[i].file(), &after[i].graph(), &after[i], &reports[i]});
    view = report::view_of(log, models);
  }

  observe::Log log;
  std::vector<cache::Build> before, after;
  std::vector<cache::Report> reports;
  report::LogView view;
};

// Without the image: records don't have it.
std::string recorded_name(const observe::Log& log, const observe::Build& build, const Vertex& vertex) {
  const observe::Name name = observe::read_name(vertex.name, observe::images_of(log, build.run));
  if (name.image.empty()) return vertex.name;
  const std::string rest = vertex.name.substr(1 + name.image.size());
  return rest.starts_with(' ') ? "[" + rest.substr(1) : rest.substr(2);
}

// Whether a cause is what was edited.
bool names_edit(const cache::Cause& cause, const json& trial) {
  const std::string edit = trial.at("edit");
  const auto is_changed = [&](const json& path) {
    const auto text = path.get<std::string>();
    return cause.path == text || cause.path.starts_with(text + "/") || text.starts_with(cause.path + "/");
  };
  const bool is_file = cause.kind == cache::Cause::Kind::kFile;
  if (is_file && std::ranges::any_of(trial.at("changed"), is_changed)) return true;
  // What is ignored now may be what a COPY needs.
  if (edit == "ignore")
    return cause.kind == cache::Cause::Kind::kMissing || cause.change == "ignored" ||
           cause.change == "unignored";
  return !is_file && trial.at("changed") == json::array({"Dockerfile"});
}

struct Counts {
  int vertices = 0, steps = 0, unmatched = 0, other_cached = 0, other_seconds = 0, no_record = 0;
  int ran = 0, named = 0, follows = 0, disagree = 0;
};

void count_vertices(const json& trial, const observe::Log& log, Counts& counts) {
  std::map<std::string, const Vertex*> recorded;
  std::vector<observe::Log> records;
  for (const json& record : trial.at("rawjson"))
    records.push_back(read(record));
  for (const observe::Log& record : records) {
    for (const Vertex& vertex : record.builds.front().vertices)
      recorded[vertex.name] = &vertex;
  }
  for (const observe::Build& build : log.builds) {
    for (const Vertex& vertex : build.vertices) {
      const std::string name = recorded_name(log, build, vertex);
      ++counts.vertices;
      const auto found = recorded.find(name);
      if (found == recorded.end()) {
        ++counts.no_record;
        continue;
      }
      if (found->second->cached != vertex.cached) ++counts.other_cached;
      // An error has no time in a plain log.
      if (vertex.error.empty() && std::abs(found->second->seconds - vertex.seconds) > 0.1)
        ++counts.other_seconds;
    }
  }
}

void count_reasons(const json& trial, const report::LogBuild& build, Counts& counts) {
  counts.steps += static_cast<int>(build.steps.size());
  counts.unmatched += static_cast<int>(build.unmatched.size());
  for (size_t i = 0; i < build.steps.size(); ++i) {
    const report::LogStep& step = build.steps[i];
    EXPECT_GT(step.line, 0U) << trial.at("id") << step.vertex->name;
    counts.disagree += step.disagrees ? 1 : 0;
    if (step.disagrees)
      std::printf("%s: %s\n", trial.at("id").get<std::string>().c_str(), step.vertex->name.c_str());
    if (!step.ran() || step.is_image() || step.disagrees) continue;
    ++counts.ran;
    const report::LogStep& root = build.steps[build.root_of(i)];
    const bool is_named = root.predicted != nullptr && names_edit(root.predicted->cause, trial);
    counts.named += is_named ? 1 : 0;
    counts.follows += step.follows ? 1 : 0;
    if (!is_named) {
      std::printf("%s: %s because of %s\n", trial.at("id").get<std::string>().c_str(),
                  step.vertex->name.c_str(), root.vertex->name.c_str());
    }
  }
}

TEST(Logs, AreMatchedWithTheDockerfileAndTheirRecord) {
  DCACHE_NEEDS_ORACLE();
  Counts counts;
  int logs = 0;
  EXPECT_TRUE(conformance::for_each_record("logs.jsonl.xz", [&](const json& trial) {
    ++logs;
    const ExplainedTrial explained(trial);
    EXPECT_FALSE(explained.log.is_cut) << trial.at("id");
    count_vertices(trial, explained.log, counts);
    for (const report::LogBuild& build : explained.view.builds)
      count_reasons(trial, build, counts);
  }));
  std::printf(
      "%d logs, %d vertices: %d without a record, %d with another cached flag, %d with another time\n", logs,
      counts.vertices, counts.no_record, counts.other_cached, counts.other_seconds);
  std::printf(
      "%d steps: %d not matched; %d ran, %d of these for a reason that names the edit (%d follow another "
      "step), %d disagree with the model\n",
      counts.steps, counts.unmatched, counts.ran, counts.named, counts.follows, counts.disagree);
  EXPECT_GE(logs, 36);
  EXPECT_EQ(counts.unmatched + counts.no_record + counts.other_cached + counts.other_seconds, 0);
  EXPECT_EQ(counts.named, counts.ran);
}

}  // namespace
}  // namespace dcache
