#include "tests/conformance/builds.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace dcache::conformance {
namespace {

using nlohmann::json;

// Bake prints HCL's `${` as `$${`, and `%{` as `%%{`.
std::string unescaped(std::string text) {
  for (const std::string from : {"$${", "%%{"}) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 2))
      text.erase(at, 1);
  }
  return text;
}

json unescaped(const json& value) {
  if (value.is_string()) return unescaped(value.get<std::string>());
  json copy = value;
  for (auto& part : copy) {
    if (part.is_string()) part = unescaped(part.get<std::string>());
  }
  return copy;
}

// "type=gha,scope=a" as the pairs that bake prints, in any order.
std::set<std::string> caches_of(const std::vector<std::string>& entries) {
  std::set<std::string> caches;
  for (const std::string& entry : entries) {
    json pairs = json::object();
    std::string_view rest = entry;
    while (!rest.empty()) {
      const bool quoted = rest.starts_with('"');
      const size_t end = std::min(quoted ? rest.find('"', 1) + 1 : rest.find(','), rest.size());
      std::string_view field = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (quoted) field = field.substr(1, field.size() - 2);
      std::string key(field.substr(0, field.find('=')));
      std::ranges::transform(key, key.begin(), [](unsigned char c) { return std::tolower(c); });
      pairs[key] = std::string(field.substr(std::min(field.find('=') + 1, field.size())));
    }
    caches.insert(pairs.dump());
  }
  return caches;
}

std::set<std::string> caches_of(const json& entries) {
  std::set<std::string> caches;
  for (const json& entry : entries)
    caches.insert(unescaped(entry).dump());
  return caches;
}

class BuildComparison {
 public:
  BuildComparison(const json& printed, const project::Target& target, std::vector<std::string>& differences)
      : printed_(printed), target_(target), differences_(differences) {}

  void run() {
    compare("context", target_.context, ".");
    compare("dockerfile", target_.dockerfile, "Dockerfile");
    compare("dockerfile-inline", target_.dockerfile_inline.value_or(""), "");
    compare("target", target_.target, "");
    compare("args", target_.args, json::object());
    compare("contexts", target_.contexts, json::object());
    compare("platforms", target_.platforms, json::array());
    compare("tags", target_.tags, json::array());
    compare("no-cache", target_.no_cache, false);
    compare("no-cache-filter", target_.no_cache_filter, json::array());
    compare("network", target_.run.network, "");
    add("cache-from", caches_of(target_.cache_from), caches_of(printed_.value("cache-from", json::array())));
    add("cache-to", caches_of(target_.cache_to), caches_of(printed_.value("cache-to", json::array())));
  }

 private:
  void compare(const std::string& key, const json& ours, const json& otherwise) {
    add(key, ours, unescaped(printed_.value(key, otherwise)));
  }

  void add(const std::string& key, const json& ours, const json& theirs) {
    if (ours != theirs)
      differences_.push_back(
          fmt::format("{}.{}: {} and not {}", target_.name, key, ours.dump(), theirs.dump()));
  }

  const json& printed_;
  const project::Target& target_;
  std::vector<std::string>& differences_;
};

}  // namespace

std::vector<std::string> differences_of_builds(const json& printed, const project::Definitions& read) {
  std::vector<std::string> differences;
  const json targets = printed.value("target", json::object());
  std::set<std::string> names;
  for (const project::Target& target : read.targets) {
    names.insert(target.name);
    if (!targets.contains(target.name)) {
      differences.push_back(target.name + " is not built");
    } else {
      BuildComparison(targets.at(target.name), target, differences).run();
    }
  }
  for (const auto& [name, printed_target] : targets.items()) {
    if (!names.contains(name)) differences.push_back(name + " is missing");
  }
  return differences;
}

}  // namespace dcache::conformance
