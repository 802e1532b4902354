#include "tests/conformance/trials.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include <gtest/gtest.h>

namespace dcache::conformance {
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

void print(const char* title, const std::map<std::string, Tally>& tallies) {
  std::printf("%-14s %8s %10s %6s\n", title, "agree", "imprecise", "wrong");
  for (const auto& [name, tally] : tallies) {
    std::printf("%-14s %8d %10d %6d\n", name.c_str(), tally.agree, tally.imprecise, tally.wrong);
  }
}

}  // namespace

cache::Build build_of(const json& state, plan::Builder builder, std::vector<cache::CacheImport> cache_from) {
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
  auto build = cache::Build::make(
      {.dockerfile = "Dockerfile", .plan = options_of(state, builder), .cache_from = std::move(cache_from)},
      std::move(parts));
  if (!build) throw std::runtime_error(build.error().front().message);
  return std::move(*build);
}

void Tallies::add(const json& trial, const cache::Build& build, const cache::Report& report) {
  ++edits;
  auto next = report.steps.begin();  // an instruction that ONBUILD put off makes several steps of one line
  for (const json& step : trial.at("steps")) {
    const auto found = std::find_if(next, report.steps.end(), [&](const cache::StepReport& r) {
      return build.graph().steps[r.step].instruction->start_line == step.at("line") &&
             r.verdict != cache::Verdict::kUnused;
    });
    ASSERT_NE(found, report.steps.end()) << trial.at("id") << " line " << step.at("line");
    next = found + 1;
    if (step.at("truth") == "odd" || step.at("truth") == "varies") continue;
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
    EXPECT_FALSE(opposite && strict) << trial.at("id") << " " << trial.at("edit") << ": line "
                                     << step.at("line") << " " << words << ": said " << said << ", was "
                                     << truth;
  }
}

void Tallies::show() const {
  print("kind of edit", by_edit);
  print("kind of step", by_step);
  print("all steps", total);
}

void Tallies::show_accuracy(const char* compared_with) const {
  const auto all = total.find("all");
  if (all == total.end()) return;
  const auto [agree, imprecise, wrong] = all->second;
  std::printf("accuracy: %s: %d edits, %d of %d steps agree\n", compared_with, edits, agree,
              agree + imprecise + wrong);
}

}  // namespace dcache::conformance
