#include "dcache/observe/durations.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "dcache/text/file_io.h"
#include "dcache/text/json.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/system_path.h"
#include "dcache/text/write_file.h"

namespace dcache::observe {
namespace {

constexpr size_t kMostDurations = 50'000;
constexpr int kVersion = 1;
constexpr uint64_t kMostBytes = 16'000'000;

std::string path_in(const std::string& folder) {
  return folder + "/durations.json";
}

}  // namespace

Durations Durations::open(const std::string& folder) {
  Durations durations;
  durations.folder_ = folder;
  if (folder.empty()) return durations;
  const auto text = text::read_regular_file(path_in(folder), {.bytes = kMostBytes, .refusal = {}});
  if (!text) return durations;
  const nlohmann::json read = text::parse_json(*text);
  if (!read.is_object() || !read.contains("version") || read.at("version") != kVersion) return durations;
  const auto steps = read.find("steps");
  if (steps == read.end() || !steps->is_array()) return durations;
  for (const nlohmann::json& step : *steps) {
    if (!step.is_array() || step.size() != 2 || !step[0].is_string() || !step[1].is_number()) continue;
    const auto key = context::hash_from_hex(step[0].get_ref<const std::string&>());
    if (key) durations.set(*key, step[1].get<double>());
  }
  return durations;
}

context::Hash Durations::key_of(const plan::Graph& graph, size_t step, const std::string& dockerfile) {
  const plan::Step& planned = graph.steps[step];
  context::Hasher hasher;
  hasher.add(dockerfile).add(graph.stages[planned.stage].label());
  for (const plan::Part& part : planned.definition)
    hasher.add(static_cast<uint64_t>(part.kind)).add(part.name).add(part.value);
  if (planned.environment) {
    for (const plan::Variable* variable : planned.environment->variables())
      hasher.add(variable->name).add(variable->value);
  }
  return hasher.finish();
}

std::optional<double> Durations::find(const context::Hash& key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? std::nullopt : std::optional(entry->second.seconds);
}

void Durations::set(const context::Hash& key, double seconds) {
  entries_[key] = {seconds, next_++};
}

std::string Durations::save() {
  if (folder_.empty()) return "there is no folder to keep durations in: set HOME or XDG_CACHE_HOME";
  std::vector<std::pair<uint64_t, context::Hash>> order;
  for (const auto& [key, entry] : entries_)
    order.emplace_back(entry.number, key);
  std::ranges::sort(order);
  if (order.size() > kMostDurations) order.erase(order.begin(), order.end() - kMostDurations);
  std::string out;
  text::JsonWriter json(out);
  json.begin_object().member("version", kVersion).key("steps").begin_array();
  for (const auto& [number, key] : order)
    json.begin_array().value(context::to_hex(key)).value(entries_.at(key).seconds).end_array();
  json.end_array().end_object();
  out += '\n';
  namespace fs = std::filesystem;
  std::error_code failure;
  const fs::path place = text::system_path(folder_);
  if (fs::create_directories(place, failure)) fs::permissions(place, fs::perms::owner_all, failure);
  return text::write_file(path_in(folder_), out, text::Durability::kLazy);
}

}  // namespace dcache::observe
