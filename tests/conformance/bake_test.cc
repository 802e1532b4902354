// The builds that `docker buildx bake --print` gave for published bake and compose files.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/readers.h"
#include "tests/conformance/oracle.h"

namespace dcache::project {
namespace {

using nlohmann::json;

// What is compared of a target, by attribute.
using Attributes = std::map<std::string, json>;
using Targets = std::map<std::string, Attributes>;
using Groups = std::map<std::string, std::set<std::string>>;

// A field of a list that is separated by commas.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text)
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// {"type": "gha", "scope": "a"} as "type=gha,scope=a".
std::string cache_text(const json& entry) {
  std::string text = csv_field("type=" + entry.at("type").get<std::string>());
  for (const auto& [name, value] : entry.items()) {
    if (name != "type") text += "," + csv_field(name + "=" + value.get<std::string>());
  }
  return text;
}

void replace_all(std::string& text, const std::string& old, const std::string& by) {
  for (size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size()))
    text.replace(at, old.size(), by);
}

// Templates are escaped in what bake prints.
std::string unescaped_template(std::string text) {
  replace_all(text, "$${", "${");
  replace_all(text, "%%{", "%{");
  return text;
}

json texts_of(const json& map) {
  json texts = json::object();
  for (const auto& [name, value] : map.items()) {
    if (value.is_string()) texts[name] = unescaped_template(value.get<std::string>());
  }
  return texts;
}

Attributes recorded_target(const json& printed) {
  Attributes attributes;
  for (const char* name : {"context", "dockerfile", "target", "contexts", "platforms", "tags"}) {
    if (printed.contains(name) && !printed.at(name).empty() && printed.at(name) != "")
      attributes[name] = printed.at(name);
  }
  if (printed.contains("dockerfile-inline"))
    attributes["dockerfile-inline"] = unescaped_template(printed.at("dockerfile-inline").get<std::string>());
  if (printed.contains("args") && !texts_of(printed.at("args")).empty())
    attributes["args"] = texts_of(printed.at("args"));
  for (const char* name : {"cache-from", "cache-to"}) {
    if (!printed.contains(name)) continue;
    for (const json& entry : printed.at(name))
      attributes[name].push_back(cache_text(entry));
  }
  return attributes;
}

Attributes attributes_of(const Target& target) {
  Attributes attributes;
  attributes["context"] = target.context;
  attributes["dockerfile"] = target.dockerfile;
  if (!target.target.empty()) attributes["target"] = target.target;
  if (target.dockerfile_inline) attributes["dockerfile-inline"] = *target.dockerfile_inline;
  if (!target.args.empty()) attributes["args"] = target.args;
  if (!target.contexts.empty()) attributes["contexts"] = target.contexts;
  if (!target.platforms.empty()) attributes["platforms"] = target.platforms;
  if (!target.tags.empty()) attributes["tags"] = target.tags;
  if (!target.cache_from.empty()) attributes["cache-from"] = target.cache_from;
  if (!target.cache_to.empty()) attributes["cache-to"] = target.cache_to;
  return attributes;
}

// What depends on the time or on chance is not compared: "args.DATE uses timestamp()". A variable that is not
// set has a value for bake all the same.
void remove_unknown(const Target& target, Attributes& recorded, Attributes& found) {
  for (const UnknownAttribute& unknown : target.unknown) {
    const std::string& name = unknown.attribute;
    const size_t dot = name.find('.');
    if (dot == std::string::npos) {
      recorded.erase(name);
      found.erase(name);
    } else if (recorded.contains(name.substr(0, dot))) {
      const auto own = found.find(name.substr(0, dot));
      const bool has_value = own != found.end() && own->second.contains(name.substr(dot + 1));
      if (!has_value) recorded[name.substr(0, dot)].erase(name.substr(dot + 1));
    }
  }
}

Definitions read_record(const json& record) {
  auto files = std::make_shared<context::MemoryFiles>();
  for (const auto& [path, text] : record.at("files").items())
    files->write(path, text.get<std::string>());
  ReadOptions options;
  options.files = files;
  options.buildx = 29;  // which the answers were recorded from
  return read_bake({record.at("name").get<std::string>()}, ".", options);
}

std::set<std::string> names_of(const Definitions& definitions) {
  std::set<std::string> names;
  for (const Target& target : definitions.targets)
    names.insert(target.name);
  for (const Group& group : definitions.groups)
    names.insert(group.name);
  return names;
}

void compare_targets(const json& printed, const Definitions& definitions) {
  Targets recorded;
  for (const auto& [name, target] : printed.at("target").items())
    recorded[name] = recorded_target(target);
  Targets found;
  for (const Target& target : definitions.targets) {
    found[target.name] = attributes_of(target);
    if (recorded.contains(target.name)) remove_unknown(target, recorded[target.name], found[target.name]);
  }
  EXPECT_EQ(json(found).dump(1), json(recorded).dump(1));
}

// The group "default" of a print holds what was asked for.
void compare_groups(const json& printed, const Definitions& definitions) {
  Groups recorded;
  const json groups = printed.value("group", json::object());
  for (const auto& [name, group] : groups.items()) {
    if (name != "default") recorded[name] = group.at("targets").get<std::set<std::string>>();
  }
  Groups found;
  for (const Group& group : definitions.groups) {
    if (group.name != "default") found[group.name] = {group.members.begin(), group.members.end()};
  }
  EXPECT_EQ(json(found).dump(1), json(recorded).dump(1));
}

void compare_record(const json& record) {
  SCOPED_TRACE(record.at("id").get<std::string>());
  const Definitions definitions = read_record(record);
  // The error of a record with an answer is about what was asked for: there is no target "default".
  const bool answered = record.contains("all") || record.contains("print");
  EXPECT_EQ(definitions.failures.empty(), answered)
      << (definitions.failures.empty() ? record.value("error", "") : text::words_of(definitions.failures[0]));
  if (!answered) return;
  const json& printed = record.contains("all") ? record.at("all") : record.at("print");
  compare_targets(printed, definitions);
  compare_groups(printed, definitions);
  if (!record.contains("list")) return;
  EXPECT_EQ(names_of(definitions), record.at("list").get<std::set<std::string>>());
}

// Compares the records of a kind, and gives their number.
int compare_records(const std::string& kind) {
  int count = 0;
  EXPECT_TRUE(conformance::for_each_record("bake.jsonl.xz", [&](const json& record) {
    if (record.at("kind") != kind) return;
    compare_record(record);
    ++count;
  }));
  return count;
}

TEST(RecordedBakeFiles, DefineTheSameBuilds) {
  DCACHE_NEEDS_ORACLE();
  const int count = compare_records("bake");
  std::printf("%d bake files compared\n", count);
  RecordProperty("files", count);
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace dcache::project
